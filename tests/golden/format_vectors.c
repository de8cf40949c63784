/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * format_vectors - the test vectors of docs/format.md.
 *
 *   format_vectors describe DIR    print what libvft makes of every .vft in DIR, by name
 *   format_vectors write DIR       make the vectors of this version again (only ever for new ones:
 *                                  what was released stays as it is)
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "trace.h"
#include "vectors.h"
#include <vft/verify.h>

static void print_str(const struct vft_str *str)
{
	if (!str) {
		(void)printf("-");
		return;
	}
	(void)putchar('"');
	for (uint32_t i = 0; i < str->size; i++) {
		unsigned char c = (unsigned char)str->data[i];

		if (c < 0x20 || c > 0x7e || c == '"' || c == '\\')
			(void)printf("\\x%02x", c);
		else
			(void)putchar(c);
	}
	(void)putchar('"');
}

static void print_task(const struct vft_task *t)
{
	(void)printf(
		"{tgid %u tid %u start %" PRIu64 " ns %u/%u uid %u pidns %u cgroup %" PRIu64 "}",
		t->tgid, t->tid, t->start_ns, t->ns_tgid, t->ns_tid, t->uid, t->pidns, t->cgroup);
}

/* What the first files could not say is left out of what they say. */
static bool is_later(const struct vft_field *field, const void *member)
{
	return field->column > VFT_COL_CGROUP && field->type == VFT_TYPE_STR &&
	       !*(const struct vft_str *const *)member;
}

static void print_event(const struct vft_event *event)
{
	size_t n;
	const struct vft_field *fields = vft_event_fields(event->kind, &n);

	(void)printf("  %" PRIu64 " cpu %u %s", event->time_ns, event->cpu,
		     vft_kind_name(event->kind));
	for (size_t i = 0; i < n; i++) {
		const void *member = (const char *)event + fields[i].offset;

		if (is_later(&fields[i], member))
			continue;
		(void)printf(" %s=", vft_column_name(fields[i].column));
		switch ((enum vft_type)fields[i].type) {
		case VFT_TYPE_U32:
			(void)printf("%" PRIu32, *(const uint32_t *)member);
			break;
		case VFT_TYPE_I32:
			(void)printf("%" PRId32, *(const int32_t *)member);
			break;
		case VFT_TYPE_U64:
			(void)printf("%" PRIu64, *(const uint64_t *)member);
			break;
		case VFT_TYPE_STR:
			print_str(*(const struct vft_str *const *)member);
			break;
		case VFT_TYPE_TASK:
			print_task(*(const struct vft_task *const *)member);
			break;
		}
	}
	(void)putchar('\n');
}

static void print_item(const struct vft_item *item)
{
	static const char *const kinds[] = {"?",   "section", "meta",    "batch",
					    "end", "gap",     "skipped", "index"};
	static const char *const gaps[] = {"?", "damage", "cut", "not_closed", "refused"};

	(void)printf("%" PRIu64 "+%" PRIu64 " %s", item->offset, item->size_bytes,
		     kinds[item->kind]);
	if (item->block_type)
		(void)printf(" type %#x", item->block_type);
	if (item->kind == VFT_ITEM_GAP)
		(void)printf(" %s: %s; %" PRIu64 " missing, %" PRIu64 "..%" PRIu64,
			     gaps[item->gap.kind], item->gap.what, item->gap.n_missing_blocks,
			     item->gap.from_ns, item->gap.to_ns);
	(void)putchar('\n');
	if (item->kind != VFT_ITEM_BATCH)
		return;
	for (size_t i = 0; i < item->batch->n_events; i++)
		print_event(&item->batch->events[i]);
	if (item->batch->n_skipped)
		(void)printf("  and %" PRIu64 " of unknown kinds\n", item->batch->n_skipped);
}

static int print_damage(void *context, const struct vft_damage *damage)
{
	(void)context;
	(void)printf("%s at %" PRIu64 "+%" PRIu64 ": %s\n", damage->is_notice ? "notice" : "damage",
		     damage->offset, damage->length, damage->what);
	return 0;
}

static struct vft_source *open_source(const char *path)
{
	struct vft_source *source;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || vft_source_open_fd(fd, &source, NULL) < 0) {
		perror(path);
		exit(1);
	}
	return source;
}

static void describe(const char *dir, const char *name)
{
	char path[4096];
	struct vft_reader *reader;
	struct vft_verify result = {.size = sizeof(result)};
	struct vft_err err = {0};
	struct vft_item item;
	int r;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	(void)printf("== %s\n", name);
	r = vft_reader_open(open_source(path), NULL, &reader, &err);
	if (r < 0) {
		(void)printf("error: %s\n", err.message);
		return;
	}
	while ((r = vft_reader_next(reader, &item, &err)) > 0)
		print_item(&item);
	vft_reader_close(reader);
	if (r == 0)
		r = vft_verify(open_source(path), NULL, print_damage, NULL, &result, &err);
	if (r < 0)
		(void)printf("error: %s\n", err.message);
	else
		(void)printf("verify: %s, %" PRIu64 " blocks, %" PRIu64 " events, %" PRIu64
			     " behind the first damage\n",
			     result.ok ? "ok" : "damaged", result.n_blocks, result.n_events,
			     result.n_recovered_events);
}

static int is_vector(const struct dirent *entry)
{
	size_t size = strlen(entry->d_name);

	return size > 4 && !strcmp(entry->d_name + size - 4, ".vft");
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

int main(int argc, char **argv)
{
	struct dirent **entries;
	int n;

	if (argc != 3 || (strcmp(argv[1], "write") && strcmp(argv[1], "describe"))) {
		(void)fputs("usage: format_vectors write|describe DIR\n", stderr);
		return 2;
	}
	if (!strcmp(argv[1], "write")) {
		vectors_write(argv[2]);
		vectors_write_more();
		return 0;
	}
	n = scandir(argv[2], &entries, is_vector, by_name);
	if (n < 0) {
		perror(argv[2]);
		return 1;
	}
	for (int i = 0; i < n; i++) {
		describe(argv[2], entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	return ferror(stdout) || fflush(stdout);
}

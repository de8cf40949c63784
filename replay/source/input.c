/* SPDX-License-Identifier: BSD-2-Clause */
#include "replay/source/input.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "format/base/pause.h"
#include "replay/print/message.h"
#include "replay/source/join.h"
#include "replay/source/span.h"
#include "replay/source/view.h"

/* A look at the end pays where it is no more than this part of the file. */
#define END_SHARE 4u

/* What one file's replay passes through on its way to the command. */
struct pass {
	const struct rep_trace_ops *ops;
	void *context;
	struct rep_facts *facts;
	struct rep_join *join; /* NULL: there is only one recording of each boot */
	uint32_t input;
	uint64_t n_gaps, gap_bytes, first_gap;
	const char *first_what;
	enum vft_gap_kind first_kind;
	uint64_t n_events;
	bool has_failed; /* a callback has: none is called again, whatever is still to be told */
};

/* A group is kept only where others have as much: the output's may be another one. */
static mode_t mode_from(mode_t mode)
{
	mode_t others = mode & 06;

	return 0600 | (mode & (others << 3)) | others;
}

/* What a callback returned. */
static int note(struct pass *pass, int r)
{
	pass->has_failed |= r < 0;
	return r;
}

static int open_one(struct rep_input *input, struct rep_input_file *file)
{
	bool is_stdin = strcmp(file->name, "-") == 0;
	int fd = is_stdin ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
			  : open(file->name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	struct vft_err err = {0};
	struct stat st;

	if (fd < 0 || fstat(fd, &st)) {
		rep_message(file->name, "cannot be opened: %s; check the name and its permissions",
			    strerror(errno));
		if (fd >= 0)
			close(fd);
		input->damaged = true;
		return 0;
	}
	if (S_ISDIR(st.st_mode) || isatty(fd)) {
		rep_message(file->name, "is a %s, not a trace; give a .vft file",
			    S_ISDIR(st.st_mode) ? "directory" : "terminal");
		close(fd);
		input->damaged = true;
		return 0;
	}
	file->device = st.st_dev;
	file->inode = st.st_ino;
	input->output_mode &= mode_from(st.st_mode);
	if (S_ISREG(st.st_mode))
		file->size_bytes = (uint64_t)st.st_size;
	input->size_bytes += file->size_bytes;
	input->has_pipe |= S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode);
	return vft_source_open_fd(fd, &file->source, &err);
}

int rep_input_open(struct rep_input *input, const char *const *names, size_t n,
		   const struct rep_period *period, bool quiet)
{
	*input = (struct rep_input){.quiet = quiet, .period = period, .output_mode = 0666};
	input->files = calloc(n ? n : 1, sizeof(*input->files));
	if (!input->files)
		return -ENOMEM;
	input->n_files = n;
	for (size_t i = 0; i < input->n_files; i++) {
		int err;

		input->files[i].name = names[i];
		err = open_one(input, &input->files[i]);
		if (err)
			return err;
	}
	return 0;
}

int rep_input_resolve(struct rep_input *input, struct rep_period *period)
{
	struct rep_span span = {0};
	int err = 0;

	if (period->from.needs == REP_MOMENT_NEEDS_NOTHING &&
	    period->to.needs == REP_MOMENT_NEEDS_NOTHING)
		return 0;
	for (size_t i = 0; i < input->n_files && !err; i++) {
		struct vft_source *source = input->files[i].source;

		if (source && source->seekable)
			err = rep_span_find(source, &span);
	}
	if (err || !span.is_known)
		return err;
	rep_moment_resolve(&period->from, span.start_epoch_ns, span.end_epoch_ns);
	rep_moment_resolve(&period->to, span.start_epoch_ns, span.end_epoch_ns);
	return 0;
}

bool rep_input_is_file(const struct rep_input *input, int fd)
{
	struct stat st;

	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		return false;
	for (size_t i = 0; i < input->n_files; i++) {
		if (input->files[i].inode == st.st_ino && input->files[i].device == st.st_dev)
			return true;
	}
	return false;
}

static int on_episode(void *context, const struct rep_episode *episode)
{
	struct pass *pass = context;

	if (pass->has_failed)
		return 0;
	return note(pass, pass->join ? rep_join_episode(pass->join, episode)
				     : pass->ops->model.on_episode(pass->context, episode));
}

static int on_process(void *context, const struct rep_process *process)
{
	struct pass *pass = context;

	if (pass->has_failed)
		return 0;
	return note(pass, pass->join ? rep_join_process(pass->join, process)
				     : pass->ops->model.on_process(pass->context, process));
}

static int on_section(void *context, const struct rep_section_info *info)
{
	struct pass *pass = context;

	if (pass->join)
		rep_join_begin(pass->join, info, pass->input);
	if (pass->has_failed || !pass->ops->on_section)
		return 0;
	return note(pass, pass->ops->on_section(pass->context, info));
}

static int on_block(void *context, const struct rep_section_info *info, struct rep_block *block,
		    uint64_t kinds)
{
	struct pass *pass = context;

	return pass->has_failed
		       ? 0
		       : note(pass, pass->ops->on_block(pass->context, info, block, kinds));
}

static int make(void *context, uint64_t start_ns, struct rep_block *block)
{
	const struct pass *pass = context;

	return pass->ops->make(pass->context, start_ns, block);
}

static int on_gap(void *context, const struct rep_section_info *info, uint64_t offset,
		  uint64_t size_bytes, const struct vft_gap *gap)
{
	struct pass *pass = context;

	if (!pass->n_gaps++) {
		pass->first_gap = offset;
		pass->first_what = gap->what;
		pass->first_kind = gap->kind;
	}
	pass->gap_bytes += size_bytes;
	if (pass->has_failed || !pass->ops->on_gap)
		return 0;
	return note(pass, pass->ops->on_gap(pass->context, info, offset, size_bytes, gap));
}

static int on_section_end(void *context, const struct rep_section_info *info)
{
	struct pass *pass = context;
	int err = pass->facts ? rep_facts_append(pass->facts, info) : 0;

	if (pass->join)
		rep_join_end(pass->join);
	pass->n_events += info->n_events;
	if (err || pass->has_failed || !pass->ops->on_section_end)
		return err;
	return note(pass, pass->ops->on_section_end(pass->context, info));
}

/* A gap may have no length: what is missing there was never in the file, or is in it no more. */
static void tell_gaps(const char *name, const struct pass *pass)
{
	char left_out[40] = "";

	if (pass->gap_bytes)
		(void)snprintf(left_out, sizeof(left_out), "%" PRIu64 " byte%s left out",
			       pass->gap_bytes, pass->gap_bytes > 1 ? "s" : "");
	if (pass->n_gaps == 1 && pass->gap_bytes && pass->first_kind == VFT_GAP_CUT)
		rep_message(name,
			    "ends inside a block: cut at byte %" PRIu64 ", %s; what stands before"
			    " is shown",
			    pass->first_gap, left_out);
	else
		rep_message(name,
			    "damaged at byte %" PRIu64 " (%s)%s: %s%sthe rest is shown;"
			    " 'vfork-report verify' lists all damage",
			    pass->first_gap, pass->first_what ? pass->first_what : "unreadable",
			    pass->n_gaps > 1 ? " and elsewhere" : "", left_out,
			    left_out[0] ? ", " : "");
}

/* At most one line for each file: the worst that is to be said of it. */
static void tell(const struct rep_input *input, const char *name, const struct pass *pass,
		 const struct rep_trace_total *total)
{
	if (total->err.code == -ENOMEM) {
		rep_message(name,
			    "reading stopped: it takes more than %" PRIu64
			    " MiB of memory; what was read is shown; raise it with --max-memory",
			    input->max_memory >> 20);
	} else if (total->err.code == -E2BIG) {
		rep_message(name, "reading stopped: %s; what was read is shown",
			    *total->err.message
				    ? total->err.message
				    : "recordings that overlap have more processes in common than "
				      "the analyzer keeps; give it one file at a time");
	} else if (total->err.code && !total->n_sections) {
		rep_message(name, "%s; give a file that vfork-record has written",
			    total->err.message);
	} else if (total->err.code) {
		rep_message(name,
			    "reading stopped at byte %" PRIu64 ": %s; what stands before it is"
			    " shown",
			    total->err.offset, total->err.message);
	} else if (pass->n_gaps) {
		tell_gaps(name, pass);
	} else if (total->damaged) {
		rep_message(name, "damaged; 'vfork-report verify' says where");
	} else if (total->n_unknown_blocks && !input->quiet) {
		rep_message(name,
			    "notice: %" PRIu64 " block%s of a later version of the format left out;"
			    " a newer vfork-report reads %s",
			    total->n_unknown_blocks, total->n_unknown_blocks > 1 ? "s" : "",
			    total->n_unknown_blocks > 1 ? "them" : "it");
	} else if (!total->clean_end && !input->quiet) {
		rep_message(name,
			    "notice: recording was not closed cleanly; every complete block was"
			    " read");
	} else if (total->n_lost && !input->quiet) {
		rep_message(name,
			    "notice: %" PRIu64 " events were lost while recording;"
			    " 'vfork-report info' says when",
			    total->n_lost);
	} else if (total->n_losses && !input->quiet) {
		rep_message(name, "notice: events were lost while recording, it is not known how"
				  " many; 'vfork-report info' says when");
	}
}

static const struct packer {
	const char *name, *command;
	char magic[6];
	uint8_t size;
} packers[] = {
	{"gzip", "gzip -dc", "\x1f\x8b", 2},
	{"zstd", "zstd -dc", "\x28\xb5\x2f\xfd", 4},
	{"xz", "xz -dc",
	 "\xfd"
	 "7zXZ",
	 6},
	{"bzip2", "bzip2 -dc", "BZh", 3},
	{"lz4", "lz4 -dc", "\x04\x22\x4d\x18", 4},
};

/* True, and said, when it is a trace that somebody packed, to all appearance. */
static bool is_packed(struct rep_input *input, const struct rep_input_file *file)
{
	char head[sizeof(packers[0].magic)];
	int64_t n = file->source->read_at(file->source, 0, head, sizeof(head));

	for (size_t i = 0; i < sizeof(packers) / sizeof(packers[0]); i++) {
		const struct packer *packer = &packers[i];

		if (n < packer->size || memcmp(head, packer->magic, packer->size) != 0)
			continue;
		rep_message(file->name, "is packed with %s; unpack it: %s FILE | vfork-report -",
			    packer->name, packer->command);
		input->damaged = true;
		return true;
	}
	return false;
}

static int find_index(struct vft_source *of)
{
	struct vft_reader *reader;
	int result = of->seekable ? rep_view_open(of, 0, &reader) : -ESPIPE;

	if (result)
		return result;
	result = vft_reader_has_index(reader, NULL);
	vft_reader_close(reader);
	return result;
}

/* That it is not known whether there is an index must not pass for an answer. */
static int look_for_index(struct rep_input *input, const struct rep_input_file *file,
			  struct vft_err *err)
{
	int result = input->wants_index ? find_index(file->source) : -EAGAIN;

	input->current_index = result;
	switch (result) {
	case -ENOMEM:
		return vft_fail(err, result, 0, "out of memory");
	case -EIO:
		rep_message(file->name, "its index cannot be read: %s", strerror(EIO));
		input->damaged = true;
		return 0;
	default:
		return 0;
	}
}

static int look_for_part(const struct rep_input *input, const struct rep_input_file *file,
			 const struct rep_timeline *timeline, struct rep_part *ret,
			 struct vft_err *err)
{
	int result = rep_part_find(file->source, input->period, input->need, timeline, ret);

	return result < 0 ? vft_fail(err, result, 0, "out of memory") : result;
}

const char *rep_input_current(const struct rep_input *input)
{
	return input->current;
}

const char *rep_input_current_of_many(const struct rep_input *input)
{
	return input->n_files > 1 ? input->current : NULL;
}

int rep_input_current_index(const struct rep_input *input)
{
	return input->current_index;
}

void rep_input_say(const char *name, const char *what)
{
	rep_message(name, "%s", what);
}

/* ---- several recordings ---- */

static int survey(struct rep_input *input)
{
	int r = 0;

	for (size_t i = 0; i < input->n_files && r == 0; i++) {
		struct rep_input_file *file = &input->files[i];

		if (file->source && !file->sections)
			r = rep_survey(file->source, &file->sections, &file->n_sections);
	}
	return r;
}

static bool is_copy(const struct rep_input_file *a, const struct rep_input_file *b)
{
	if (!a->n_sections || a->n_sections != b->n_sections || a->size_bytes != b->size_bytes)
		return false;
	for (size_t i = 0; i < a->n_sections; i++)
		if (a->sections[i].section_id != b->sections[i].section_id)
			return false;
	return true;
}

static void drop_copies(struct rep_input *input)
{
	for (size_t i = 1; i < input->n_files; i++) {
		struct rep_input_file *file = &input->files[i];
		size_t k = 0;

		while (k < i && !(input->files[k].source && is_copy(&input->files[k], file)))
			k++;
		if (k == i || !file->source)
			continue;
		if (!input->quiet)
			rep_message(file->name, "notice: the same recording as %s; it counts once",
				    input->files[k].name);
		vft_source_close(file->source);
		file->source = NULL;
	}
}

static bool is_later(const struct rep_input_file *a, const struct rep_input_file *b)
{
	return a->n_sections && b->n_sections &&
	       rep_boot_id_equal(&a->sections[0].boot, &b->sections[0].boot) &&
	       a->sections[0].begin_ns > b->sections[0].begin_ns;
}

/* Those of one boot by their beginning: what happens later is told later. */
static void sort_files(struct rep_input *input)
{
	for (size_t i = 1; i < input->n_files; i++) {
		struct rep_input_file file = input->files[i];
		size_t first = i;

		for (size_t k = 0; k < i && first == i; k++)
			if (is_later(&input->files[k], &file))
				first = k;
		memmove(&input->files[first + 1], &input->files[first],
			(i - first) * sizeof(*input->files));
		input->files[first] = file;
	}
}

static int expect_all(const struct rep_input *input, struct rep_join *join)
{
	int r = 0;

	for (size_t i = 0; i < input->n_files; i++) {
		const struct rep_input_file *file = &input->files[i];

		for (size_t k = 0; file->source && k < file->n_sections && r == 0; k++)
			r = rep_join_expect(join, &file->sections[k].boot,
					    file->sections[k].begin_ns);
	}
	return r;
}

static bool has_joined(const struct rep_input_file *file, const struct rep_join *join)
{
	for (size_t i = 0; join && i < file->n_sections; i++)
		if (rep_join_count(join, &file->sections[i].boot) > 1)
			return true;
	return false;
}

/* *ret stays NULL where each boot has one recording, as nearly always. */
static int prepare_join(struct rep_input *input, const struct rep_trace_ops *ops, void *context,
			struct rep_join **ret)
{
	struct rep_join *join;
	bool any = false;
	int r = survey(input);

	if (r < 0)
		return r;
	drop_copies(input);
	sort_files(input);
	join = rep_join_new(ops, context, 0);
	r = join ? expect_all(input, join) : -ENOMEM;
	for (size_t i = 0; i < input->n_files && r == 0; i++)
		any |= has_joined(&input->files[i], join);
	if (any && r == 0)
		*ret = join;
	else
		rep_join_free(join);
	return r;
}

static int join_failed(int result, struct vft_err *err)
{
	return result == -E2BIG ? vft_fail(err, result, 0,
					   "recordings that overlap have more processes in common "
					   "than the analyzer keeps; give it one file at a time")
				: result;
}

/* ---- replay ---- */

static int replay_file(struct rep_input *input, struct rep_input_file *file, struct pass *pass,
		       struct rep_timeline *timeline, struct vft_err *err)
{
	const struct rep_trace_ops *ops = pass->ops;
	struct rep_trace_ops own = {
		.model = {ops->model.on_episode ? on_episode : NULL,
			  ops->model.on_process ? on_process : NULL, ops->model.without_argv},
		.on_section = on_section,
		.on_block = ops->on_block ? on_block : NULL,
		.without_events = ops->without_events,
		.make = ops->make ? make : NULL,
		.free = ops->free,
		.on_gap = on_gap,
		.on_section_end = on_section_end,
	};
	struct rep_trace_options options = {.timeline = timeline, .ends_at_limits = true};
	struct rep_trace_total total = {0};
	struct vft_source *source = file->source;
	struct rep_part part;
	int result;

	input->current = file->name;
	result = look_for_index(input, file, err);
	/* What another recording tells of the same must find all of it. */
	if (!result && !has_joined(file, pass->join))
		result = look_for_part(input, file, timeline, &part, err);
	if (result < 0)
		return result;
	options.part = result ? &part : NULL;
	/* A pipe is read here: whoever waits for it has rows to show first. */
	options.flow = file->source->seekable ? input->flow : NULL;
	if (input->on_pause)
		vft_source_set_pause(file->source, input->on_pause, pass->context);
	if (input->keeps_open)
		source = rep_view_new(source, 0);
	else
		file->source = NULL; /* closed by the replay */
	if (!source)
		return vft_fail(err, -ENOMEM, 0, "out of memory");
	result = rep_trace_replay(&source, 1, &options, &own, pass, &total, err);
	input->damaged |= total.damaged;
	input->incomplete |= total.incomplete;
	input->n_read += total.n_sections > 0;
	if (!result && !file->is_told)
		tell(input, file->name, pass, &total);
	file->is_told |= !result;
	return result;
}

static void on_input(void *context, uint32_t i)
{
	struct rep_input *input = context;

	input->current = i == REP_JOIN_SEVERAL ? NULL : input->files[i].name;
}

int rep_input_replay(struct rep_input *input, const struct rep_trace_ops *ops, void *context,
		     struct rep_facts *facts, struct vft_err *err)
{
	struct rep_timeline timeline = {0};
	struct rep_join *join = NULL;
	int result = prepare_join(input, ops, context, &join);

	input->has_failed = false;
	if (result < 0)
		return vft_fail(err, result, 0, "out of memory");
	for (size_t i = 0; i < input->n_files && !result; i++) {
		struct rep_input_file *file = &input->files[i];
		struct pass pass = {.ops = ops,
				    .context = context,
				    .facts = facts,
				    .join = join,
				    .input = (uint32_t)i};

		if (file->source && is_packed(input, file)) {
			vft_source_close(file->source);
			file->source = NULL;
		}
		if (input->has_failed || !file->source)
			continue;
		result = replay_file(input, file, &pass, &timeline, err);
		input->has_failed = pass.has_failed;
	}
	if (!result && join)
		result = rep_join_flush(join, on_input, input);
	rep_join_free(join);
	return join_failed(result, err);
}

bool rep_input_is_seekable(const struct rep_input *input)
{
	for (size_t i = 0; i < input->n_files; i++)
		if (input->files[i].source && !input->files[i].source->seekable)
			return false;
	return true;
}

bool rep_input_replay_end(const struct rep_input *input, const struct rep_trace_ops *ops,
			  void *context)
{
	static const struct rep_period end = {.from = {.is_given = true, .relative_ns = INT64_MAX}};
	struct vft_source *source = input->n_files == 1 ? input->files[0].source : NULL, *view;
	struct rep_part part;
	struct rep_trace_options options = {.part = &part};
	struct rep_trace_total total;

	if (!source || rep_part_find(source, &end, REP_NEED_LISTS, NULL, &part) != 1 ||
	    part.resume_off < source->size_bytes - source->size_bytes / END_SHARE)
		return false;
	view = rep_view_new(source, 0);
	return view && rep_trace_replay(&view, 1, &options, ops, context, &total, NULL) == 0 &&
	       !total.damaged && !total.incomplete;
}

struct vft_source *rep_input_next(struct rep_input *input, size_t *at, const char **ret_name)
{
	while (*at < input->n_files) {
		struct rep_input_file *file = &input->files[(*at)++];
		struct vft_source *source = file->source;

		if (!source)
			continue;
		input->is_packed = is_packed(input, file);
		file->source = NULL;
		*ret_name = file->name;
		return source;
	}
	return NULL;
}

void rep_input_close(struct rep_input *input)
{
	for (size_t i = 0; i < input->n_files; i++) {
		vft_source_close(input->files[i].source);
		free(input->files[i].sections);
	}
	free(input->files);
	*input = (struct rep_input){0};
}

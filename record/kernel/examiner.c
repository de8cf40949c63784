/* SPDX-License-Identifier: BSD-2-Clause */
#include "record/kernel/examiner.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bpf/autopsy.h"
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wcast-qual" /* bpftool's code */
#include "autopsy.skel.h"
#pragma GCC diagnostic pop

enum part { LOOK, FILES, MEMORY, N_PARTS };
_Static_assert(N_PARTS == REC_N_EXAMINER_FACTS, "REC_N_EXAMINER_FACTS");

static const struct {
	const char *name, *does, *without;
} parts[N_PARTS] = {
	[LOOK] = {"stall: tasks", "a stall says the system call and the kernel stack",
		  "none needed: stalls are recorded without an explanation"},
	[FILES] = {"stall: files", "a stall says which file, and who else has it open",
		   "none needed: stalls are explained without the files behind descriptors"},
	[MEMORY] = {"stall: memory", "a stall says paths, and owners of mutexes",
		    "use Linux 5.18 or newer to see paths and owners of mutexes"},
};

struct rec_examiner {
	struct autopsy_bpf *skel;
	struct bpf_link *links[N_PARTS]; /* NULL where the kernel has no such iterator */
	struct vfa_wanted *wanted;
	uint8_t *memory;
};

/* ---- beginning and end ---- */

static bool has_function(const struct btf *btf, const char *name)
{
	int id = btf__find_by_name_kind(btf, "bpf_func_id", BTF_KIND_ENUM);
	const struct btf_type *type = id < 0 ? NULL : btf__type_by_id(btf, (uint32_t)id);

	for (unsigned int i = 0; type && i < btf_vlen(type); i++)
		if (strcmp(btf__name_by_offset(btf, btf_enum(type)[i].name_off), name) == 0)
			return true;
	return false;
}

static bool has_type(const struct btf *btf, const char *name)
{
	return btf__find_by_name_kind(btf, name, BTF_KIND_STRUCT) >= 0;
}

/* That iterators may sleep came with the helper that needs it. */
static bool kernel_has(const struct btf *btf, enum part part)
{
	switch (part) {
	case LOOK:
		return has_type(btf, "bpf_iter__task") &&
		       has_function(btf, "BPF_FUNC_get_task_stack");
	case FILES:
		return has_type(btf, "bpf_iter__task_file") && has_function(btf, "BPF_FUNC_d_path");
	case MEMORY:
		return has_function(btf, "BPF_FUNC_copy_from_user_task");
	case N_PARTS:
		break;
	}
	return false;
}

static struct bpf_program *program_of(const struct autopsy_bpf *skel, enum part part)
{
	switch (part) {
	case LOOK:
		return skel->progs.look;
	case FILES:
		return skel->progs.list_files;
	case MEMORY:
		return skel->progs.peek;
	case N_PARTS:
		break;
	}
	return NULL;
}

static int map_array(const struct bpf_map *map, size_t size, void **ret)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	void *at = mmap(NULL, (size + page - 1) / page * page, PROT_READ | PROT_WRITE, MAP_SHARED,
			bpf_map__fd(map), 0);

	if (at == MAP_FAILED)
		return -errno;
	*ret = at;
	return 0;
}

static void unmap(void *at, size_t size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	if (at)
		munmap(at, (size + page - 1) / page * page);
}

/* @wanted: a bit for each part; those that this kernel lacks are left out. */
static int choose(struct autopsy_bpf *skel, unsigned int wanted, struct vft_err *err)
{
	struct btf *btf = btf__load_vmlinux_btf();
	bool is_any = false;

	if (!btf)
		return vft_fail(err, -EOPNOTSUPP, 0, "this kernel has no type information");
	for (enum part part = 0; part < N_PARTS; part++) {
		bool is_wanted = (wanted & 1u << part) && kernel_has(btf, part);

		bpf_program__set_autoload(program_of(skel, part), is_wanted);
		is_any = is_any || is_wanted;
	}
	btf__free(btf);
	return is_any ? 0 : vft_fail(err, -EOPNOTSUPP, 0, "this kernel does not have it");
}

static int attach(struct rec_examiner *examiner, struct vft_err *err)
{
	for (enum part part = 0; part < N_PARTS; part++) {
		struct bpf_program *program = program_of(examiner->skel, part);

		if (!bpf_program__autoload(program))
			continue;
		examiner->links[part] = bpf_program__attach(program);
		if (!examiner->links[part])
			return vft_fail(err, -errno, 0, "the kernel refused to attach %s: %s",
					bpf_program__name(program), strerror(errno));
	}
	return 0;
}

static int map_all(struct rec_examiner *examiner)
{
	const struct autopsy_bpf *skel = examiner->skel;
	void *at = NULL;
	int r = map_array(skel->maps.wanted, sizeof(struct vfa_wanted), &at);

	if (r)
		return r;
	examiner->wanted = at;
	r = map_array(skel->maps.memories, VFA_MEMORY_SIZE, &at);
	if (!r)
		examiner->memory = at;
	return r;
}

static int open_parts(struct rec_examiner *examiner, unsigned int wanted, struct vft_err *err)
{
	int r;

	examiner->skel = autopsy_bpf__open();
	if (!examiner->skel)
		return vft_fail(err, -errno, 0, "cannot open its BPF object: %s", strerror(errno));
	r = choose(examiner->skel, wanted, err);
	if (r)
		return r;
	r = autopsy_bpf__load(examiner->skel);
	if (r)
		return vft_fail(err, r, 0, "the kernel refused to load it: %s", strerror(-r));
	r = map_all(examiner);
	if (r)
		return vft_fail(err, r, 0, "cannot map its memory: %s", strerror(-r));
	return attach(examiner, err);
}

static int new_examiner(unsigned int wanted, struct rec_examiner **ret, struct vft_err *err)
{
	struct rec_examiner *examiner = calloc(1, sizeof(*examiner));
	int r;

	if (!examiner)
		return vft_fail(err, -ENOMEM, 0, "out of memory");
	r = open_parts(examiner, wanted, err);
	if (r) {
		rec_examiner_close(examiner);
		return r;
	}
	*ret = examiner;
	return 0;
}

int rec_examiner_open(struct rec_examiner **ret, struct vft_err *err)
{
	/* Some kernels have a part, but refuse it to this user. */
	static const unsigned int wanted[] = {1u << LOOK | 1u << FILES | 1u << MEMORY,
					      1u << LOOK | 1u << FILES, 1u << LOOK | 1u << MEMORY,
					      1u << LOOK};
	int r = -EOPNOTSUPP;

	for (size_t i = 0; r && r != -ENOMEM && i < sizeof(wanted) / sizeof(wanted[0]); i++)
		r = new_examiner(wanted[i], ret, err);
	return r;
}

void rec_examiner_close(struct rec_examiner *examiner)
{
	if (!examiner)
		return;
	for (enum part part = 0; part < N_PARTS; part++)
		bpf_link__destroy(examiner->links[part]);
	unmap(examiner->wanted, sizeof(struct vfa_wanted));
	unmap(examiner->memory, VFA_MEMORY_SIZE);
	autopsy_bpf__destroy(examiner->skel);
	free(examiner);
}

int rec_examiner_is_usable(const struct rec_examiner *examiner)
{
	for (enum part part = 0; part < N_PARTS; part++) {
		int fd;

		if (!examiner->links[part])
			continue;
		fd = bpf_iter_create(bpf_link__fd(examiner->links[part]));
		if (fd < 0)
			return fd;
		close(fd);
	}
	return 0;
}

int rec_examiner_list(bool try, struct rec_fact ret[REC_N_EXAMINER_FACTS], struct vft_err *err)
{
	struct btf *btf = btf__load_vmlinux_btf();

	if (!btf)
		return vft_fail(err, -EOPNOTSUPP, 0, "this kernel has no type information");
	for (enum part part = 0; part < N_PARTS; part++) {
		struct rec_examiner *examiner = NULL;
		struct vft_err why = {0};
		bool has = kernel_has(btf, part);
		int r = 0;

		if (!has)
			r = vft_fail(&why, -EOPNOTSUPP, 0, "this kernel does not have it");
		else if (try)
			r = new_examiner(1u << part, &examiner, &why);
		rec_examiner_close(examiner);
		ret[part] = (struct rec_fact){
			.name = parts[part].name,
			.state = r     ? REC_FACT_MISSING
				 : try ? REC_FACT_OK
				       : REC_FACT_UNTRIED,
			.code = r,
			.advice = r ? parts[part].without : NULL,
		};
		snprintf(ret[part].detail, sizeof(ret[part].detail), "%s",
			 r ? why.message : parts[part].does);
	}
	btf__free(btf);
	return 0;
}

/* ---- what an iterator writes ---- */

struct stream {
	int fd;
	bool is_ended;
	size_t n, at; /* bytes in the buffer, and those of them that are used up */
	uint8_t bytes[16384];
};

static int open_stream(const struct rec_examiner *examiner, enum part part, struct stream *ret)
{
	if (!examiner->links[part])
		return -EOPNOTSUPP;
	ret->fd = bpf_iter_create(bpf_link__fd(examiner->links[part]));
	ret->is_ended = false;
	ret->n = ret->at = 0;
	return ret->fd < 0 ? ret->fd : 0;
}

/* Have @size bytes together in the buffer. 1, 0 when the stream ends before them, or -errno. */
static int fill(struct stream *stream, size_t size)
{
	if (size > sizeof(stream->bytes))
		return -EBADMSG;
	while (stream->n - stream->at < size && !stream->is_ended) {
		ssize_t n;

		memmove(stream->bytes, stream->bytes + stream->at, stream->n - stream->at);
		stream->n -= stream->at;
		stream->at = 0;
		n = read(stream->fd, stream->bytes + stream->n, sizeof(stream->bytes) - stream->n);
		if (n < 0 && errno != EINTR)
			return -errno;
		stream->is_ended = n == 0;
		stream->n += n > 0 ? (size_t)n : 0;
	}
	return stream->n - stream->at >= size;
}

static int take(struct stream *stream, void *to, size_t size)
{
	int r = fill(stream, size);

	if (r <= 0)
		return r;
	memcpy(to, stream->bytes + stream->at, size);
	stream->at += size;
	return 1;
}

/* ---- looking ---- */

static int take_kstack(struct stream *stream, char to[REC_KSTACK_TEXT])
{
	size_t n;
	int r;

	/* One thread was asked for: all that follows is its stack. */
	for (n = 0; n < REC_KSTACK_TEXT - 1; n++) {
		r = take(stream, to + n, 1);
		if (r < 0)
			return r;
		if (r == 0)
			break;
	}
	to[n] = '\0';
	return 0;
}

int rec_examiner_look(struct rec_examiner *examiner, uint32_t tid, struct vfa_task *ret,
		      char kstack[REC_KSTACK_TEXT])
{
	struct stream stream;
	int r;

	examiner->wanted->tid = tid;
	r = open_stream(examiner, LOOK, &stream);
	if (r)
		return r;
	r = take(&stream, ret, sizeof(*ret));
	if (r > 0)
		r = ret->size == sizeof(*ret) ? take_kstack(&stream, kstack) : -EBADMSG;
	else if (r == 0)
		r = -ESRCH;
	close(stream.fd);
	return r;
}

int rec_examiner_peek(struct rec_examiner *examiner, uint32_t tid, uint64_t address, void *to,
		      size_t size)
{
	struct vfa_wanted *wanted = examiner->wanted;
	struct stream stream;
	uint8_t nothing;
	int r;

	if (size > VFA_MEMORY_SIZE)
		return -EINVAL;
	wanted->tid = tid;
	wanted->memory_address = address;
	wanted->memory_size = (uint32_t)size;
	wanted->memory_result = 1;
	r = open_stream(examiner, MEMORY, &stream);
	if (r)
		return r;
	r = take(&stream, &nothing, 1); /* it answers in mapped memory */
	close(stream.fd);
	if (r < 0)
		return r;
	r = wanted->memory_result == 1 ? -ESRCH : wanted->memory_result;
	if (!r)
		memcpy(to, examiner->memory, size);
	explicit_bzero(examiner->memory, size);
	return r;
}

static int list_files(struct rec_examiner *examiner, rec_file_fn on_file, void *context)
{
	char path[VFA_PATH_MAX];
	struct stream stream;
	struct vfa_file file;
	int r = open_stream(examiner, FILES, &stream);

	if (r)
		return r;
	while ((r = take(&stream, &file, sizeof(file))) > 0) {
		if (file.size != sizeof(file) || file.path_size >= sizeof(path)) {
			r = -EBADMSG;
			break;
		}
		r = file.path_size ? take(&stream, path, file.path_size) : 1;
		if (r <= 0) {
			r = r ? r : -EBADMSG;
			break;
		}
		path[file.path_size] = '\0';
		r = on_file(context, &file, path);
		if (r)
			break;
	}
	close(stream.fd);
	return r;
}

int rec_examiner_list_fds(struct rec_examiner *examiner, uint32_t tgid, const uint32_t *fds,
			  size_t n, rec_file_fn on_file, void *context, size_t *ret_n_open)
{
	struct vfa_wanted *wanted = examiner->wanted;
	int r;

	wanted->tid = tgid;
	wanted->files = VFA_FILES_OF_TASK;
	wanted->n_files = 0;
	wanted->n_fds = n < VFA_MAX_FDS ? (uint32_t)n : VFA_MAX_FDS;
	memcpy(wanted->fds, fds, wanted->n_fds * sizeof(fds[0]));
	r = list_files(examiner, on_file, context);
	if (!r)
		*ret_n_open = wanted->n_files;
	return r;
}

int rec_examiner_list_holders(struct rec_examiner *examiner, uint64_t ino, uint64_t dev,
			      rec_file_fn on_file, void *context)
{
	examiner->wanted->files = VFA_FILES_OF_INODE;
	examiner->wanted->ino = ino;
	examiner->wanted->dev = dev;
	return list_files(examiner, on_file, context);
}

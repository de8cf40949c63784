/* SPDX-License-Identifier: BSD-2-Clause */
#include "record/store/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "format/block/layout.h"
#include "record/start/output.h"

#define SYNC_PERIOD_S 5

struct rec_sink {
	struct vft_sink *bytes;
	struct vft_writer *writer;
	struct rec_output output; /* its descriptor belongs to bytes, once that is there */
	uint64_t n_events;
	int level;
	bool pressure;
	/* The sync thread: fdatasync may take a second, and the ring does not wait that long. */
	int sync_fd; /* a duplicate, -1 where there is nothing to sync */
	bool has_thread, stop;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	int sync_error;
};

static void *sync_periodically(void *context)
{
	struct rec_sink *sink = context;
	struct timespec until;

	pthread_mutex_lock(&sink->lock);
	while (!sink->stop) {
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_sec += SYNC_PERIOD_S;
		pthread_cond_timedwait(&sink->wake, &sink->lock, &until);
		if (sink->stop || sink->sync_error)
			continue;
		pthread_mutex_unlock(&sink->lock);
		int r = fdatasync(sink->sync_fd) ? -errno : 0;

		pthread_mutex_lock(&sink->lock);
		sink->sync_error = r;
	}
	pthread_mutex_unlock(&sink->lock);
	return NULL;
}

static int duplicate_for_sync(struct rec_sink *sink, int fd, struct vft_err *err)
{
	struct stat st;

	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		return 0;
	sink->sync_fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	return sink->sync_fd < 0 ? vft_fail(err, -errno, 0, "%s", strerror(errno)) : 0;
}

int rec_sink_start_sync(struct rec_sink *sink, struct vft_err *err)
{
	int r;

	if (sink->sync_fd < 0)
		return 0;
	r = pthread_create(&sink->thread, NULL, sync_periodically, sink);
	if (r)
		return vft_fail(err, -r, 0, "cannot start a thread: %s", strerror(r));
	sink->has_thread = true;
	return 0;
}

static void stop_sync(struct rec_sink *sink)
{
	if (!sink->has_thread)
		return;
	pthread_mutex_lock(&sink->lock);
	sink->stop = true;
	pthread_cond_signal(&sink->wake);
	pthread_mutex_unlock(&sink->lock);
	pthread_join(sink->thread, NULL);
	sink->has_thread = false;
}

static int draw_random(struct vft_section *section, struct vft_err *err)
{
	if (getrandom(section->uuid, sizeof(section->uuid), 0) != sizeof(section->uuid) ||
	    getrandom(&section->section_id, sizeof(section->section_id), 0) !=
		    sizeof(section->section_id))
		return vft_fail(err, -EIO, 0, "no random numbers from the kernel");
	section->uuid[6] = (section->uuid[6] & 0x0f) | 0x40; /* RFC 4122: version 4 */
	section->uuid[8] = (section->uuid[8] & 0x3f) | 0x80;
	return 0;
}

static int open_writer(struct rec_sink *sink, const struct vft_meta *meta, struct vft_err *err)
{
	struct vft_writer_options options = {.level = sink->level};
	int r = duplicate_for_sync(sink, sink->output.fd, err);

	if (r) {
		rec_output_remove(&sink->output);
		close(sink->output.fd);
		return r;
	}
	r = vft_sink_open_fd(sink->output.fd, &sink->bytes, err);
	if (!r)
		r = draw_random(&options.section, err);
	if (!r)
		r = vft_writer_open(sink->bytes, &options, meta, &sink->writer, err);
	return r;
}

int rec_sink_open(const char *path, bool force, int level, const struct vft_meta *meta,
		  struct rec_sink **ret, struct vft_err *err)
{
	struct rec_sink *sink = calloc(1, sizeof(*sink));
	int r;

	if (!sink)
		return vft_fail(err, -ENOMEM, 0, "out of memory");
	sink->sync_fd = -1;
	sink->output = (struct rec_output){.fd = -1, .directory_fd = -1};
	sink->level = level;
	pthread_mutex_init(&sink->lock, NULL);
	pthread_cond_init(&sink->wake, NULL);
	r = rec_output_open(path, force, &sink->output, err);
	if (!r)
		r = open_writer(sink, meta, err);
	if (r) {
		rec_sink_discard(sink);
		return r;
	}
	*ret = sink;
	return 0;
}

int rec_sink_append(struct rec_sink *sink, const struct vft_event *event, struct vft_err *err)
{
	int r = vft_writer_append(sink->writer, event, err);

	if (!r)
		sink->n_events++;
	return r;
}

int rec_sink_flush(struct rec_sink *sink, struct vft_err *err)
{
	return vft_writer_flush(sink->writer, err);
}

bool rec_sink_is_due(const struct rec_sink *sink, uint64_t time_ns)
{
	return vft_writer_is_due(sink->writer, time_ns);
}

void rec_sink_set_pressure(struct rec_sink *sink, bool pressure)
{
	if (pressure == sink->pressure)
		return;
	sink->pressure = pressure;
	vft_writer_set_level(sink->writer, pressure ? 1 : sink->level);
}

int rec_sink_finish(struct rec_sink *sink, const struct vft_end *end, struct vft_err *err)
{
	int r = vft_writer_finish(sink->writer, end, err);

	stop_sync(sink);
	if (!r && sink->sync_fd >= 0 && fdatasync(sink->sync_fd) && !sink->sync_error)
		sink->sync_error = -errno;
	if (!r && sink->sync_error)
		r = vft_fail(
			err, sink->sync_error, 0,
			"the disk did not confirm what was written: %s; treat the file as suspect",
			strerror(-sink->sync_error));
	return r;
}

uint64_t rec_sink_get_size(const struct rec_sink *sink)
{
	return vft_writer_get_size(sink->writer);
}

uint64_t rec_sink_get_n_events(const struct rec_sink *sink)
{
	return sink->n_events;
}

void rec_sink_discard(struct rec_sink *sink)
{
	if (sink)
		rec_output_remove(&sink->output);
	rec_sink_close(sink);
}

void rec_sink_close(struct rec_sink *sink)
{
	if (!sink)
		return;
	stop_sync(sink);
	vft_writer_close(sink->writer);
	vft_sink_close(sink->bytes);
	if (sink->sync_fd >= 0)
		close(sink->sync_fd);
	rec_output_release(&sink->output);
	pthread_cond_destroy(&sink->wake);
	pthread_mutex_destroy(&sink->lock);
	free(sink);
}

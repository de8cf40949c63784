/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * input.h - the files of the command line, opened and replayed one after the other.
 *
 * Owns: the sources until they are read, and what to tell the user of each: one line at most per
 * file. Never does: write to stdout. Called by: main (open, messages), commands (replay).
 */
#ifndef REP_INPUT_H
#define REP_INPUT_H

#include <sys/types.h>

#include "replay/source/facts.h"
#include "replay/source/moment.h"
#include "replay/source/part.h"
#include "replay/source/survey.h"
#include "replay/source/trace.h"

struct rep_input_file {
	const char *name;          /* as given; "-" is stdin */
	struct vft_source *source; /* NULL: could not be opened, or has been read */
	uint64_t device, inode, size_bytes;
	struct rep_survey_section *sections; /* while replaying several; NULL: not known */
	size_t n_sections;
	bool is_told; /* what is to be said of it */
};

struct rep_input {
	struct rep_input_file *files;
	size_t n_files;
	bool quiet;
	uint64_t size_bytes; /* of those that have a size */
	mode_t output_mode;  /* that of a new output, which nobody may read who may not read all */
	uint64_t max_memory; /* the limit that holds, to be told */
	bool has_pipe;       /* one of them is what another program writes meanwhile */
	bool damaged, incomplete;
	bool has_failed; /* a callback has, for want of memory: a row may be half there */
	size_t n_read; /* files in which anything was found */
	const char *current;
	bool wants_index;                /* set by who will ask for it */
	const struct rep_period *period; /* borrowed; what the user wants to see */
	enum rep_need need;              /* set by the command, REP_NEED_ALL if not */
	struct rep_flow *flow;           /* borrowed; NULL = no threads */
	bool is_packed;                  /* what rep_input_next gave last; it has been said */
	int current_index;
	/* Set by the command before a replay after which there may be another: files stay open. */
	bool keeps_open;
	/* Set by the command: called on its thread when an input that is still being written has
	 * nothing more for now. NULL = nothing to do then. */
	void (*on_pause)(void *context);
};

/* Open all; one that cannot be is said at once and makes input damaged. -ENOMEM. */
VFT_MUST_CHECK int rep_input_open(struct rep_input *input, const char *const *names, size_t n,
				  const struct rep_period *period, bool quiet);
/* Of the moments in @period what counts from a trace's start or end becomes a time of the world,
 * by those inputs that can be read at any place. -ENOMEM. */
VFT_MUST_CHECK int rep_input_resolve(struct rep_input *input, struct rep_period *period);
/* Whether @fd is one of the inputs: writing to it would destroy it. */
bool rep_input_is_file(const struct rep_input *input, int fd);
/*
 * Read every file with @ops, those of one boot in the order of their beginning. What several
 * recordings tell of one process or wait comes as one row, and a copy of a file is not read again:
 * see join.h. At each section's end @facts (may be NULL) has taken it in before
 * ops->on_section_end is called. Errors as rep_trace_replay.
 */
VFT_MUST_CHECK int rep_input_replay(struct rep_input *input, const struct rep_trace_ops *ops,
				    void *context, struct rep_facts *facts, struct vft_err *err);
/* Whether all can be read more than once. */
bool rep_input_is_seekable(const struct rep_input *input);
/*
 * Read as much of the only file as tells of all that is open when it ends what the whole file
 * tells. False when that is much of it, or something fails; then what @ops was told is worth
 * nothing. The file stays open.
 */
VFT_MUST_CHECK bool rep_input_replay_end(const struct rep_input *input,
					 const struct rep_trace_ops *ops, void *context);
/* During a replay: the name of the file being read; 1 or 0 whether it has a usable index, negative
 * when that cannot be told (a pipe, or -errno). */
const char *rep_input_current(const struct rep_input *input);
/* The same where several files are read, else NULL. */
const char *rep_input_current_of_many(const struct rep_input *input);
int rep_input_current_index(const struct rep_input *input);
/* "FILE: what" to stderr; @what is our own text. */
void rep_input_say(const char *name, const char *what);
/* The next file's source, which the caller must close or hand on; NULL at the end. */
struct vft_source *rep_input_next(struct rep_input *input, size_t *at, const char **ret_name);
void rep_input_close(struct rep_input *input);

#endif

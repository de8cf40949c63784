/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <inttypes.h>

#include "replay/commands/cmd.h"
#include "replay/commands/cmd_events.h"
#include "replay/tree/tree.h"

static const char help[] =
	"Usage: vfork-report tree [OPTIONS] FILE...   who made whom\n"
	"  vfork-report tree t.vft\n"
	"  vfork-report tree --pid 4242 t.vft         one process and all below it\n"
	"  vfork-report tree --comm cc1 t.vft         those, and the way to them\n"
	"  vfork-report tree --json t.vft | jq '.rows[] | select(.depth < 2)'\n"
	"\n"
	"Parents are the original ones: what the kernel reparents is not moved. Siblings\n"
	"that look the same, with all that is below them, are folded: xN. A child that\n"
	"holds its parent is marked. Behind 40 levels the depth is written, not drawn.\n"
	"  --json, --ndjson, --csv   a row per process, not folded, parents first\n"
	"  --from, --to, --pid, --ns, --comm, --exe, --container, --uid: see --help\n"
	"  --exit-code               status 1 when a vfork is open or its end unknown\n";

#define DRAWN_LEVELS 40u

#define TREE_LIST(X)                                                                               \
	X(DEPTH, depth, UINT)                                                                      \
	X(KEY, key, BYTES)                                                                         \
	X(PID, pid, UINT)                                                                          \
	X(NS_PID, ns_pid, UINT)                                                                    \
	X(PPID, ppid, UINT)                                                                        \
	X(PARENT_KEY, parent_key, BYTES)                                                           \
	X(COMM, comm, BYTES)                                                                       \
	X(EXE, exe, BYTES)                                                                         \
	X(SPAWN, spawn, WORD)                                                                      \
	X(START_NS, start_ns, OFFSET)                                                              \
	X(END_NS, end_ns, OFFSET)                                                                  \
	X(EXIT_CODE, exit_code, UINT)                                                              \
	X(EXIT_SIGNAL, exit_signal, WORD)                                                          \
	X(HOLDS_PARENT, holds_parent, BOOL)                                                        \
	X(BLOCKED_NS, blocked_ns, DURATION)

enum {
#define X(ID, name, TYPE) T_##ID,
	TREE_LIST(X)
#undef X
		N_TREE
};

static const struct rep_column columns[N_TREE] = {
#define X(ID, n, TYPE) {.name = #n, .type = REP_CELL_##TYPE},
	TREE_LIST(X)
#undef X
};

struct tree {
	struct rep_run *run;
	const struct rep_section_info *info;
	struct rep_origins origins;
	struct rep_tree tree;
	struct rep_select select; /* without the pids, which say where to start */
	struct rep_select tops;
};

static void hold(void *context, struct rep_key key)
{
	rep_tree_hold(context, key);
}

static void hold_keys(void *context, struct rep_tree *tree)
{
	const struct tree *self = context;

	rep_model_name_held(self->info->model, rep_tree_takes_ended(tree), hold, tree);
}

static int on_section(void *context, const struct rep_section_info *info)
{
	struct tree *self = context;
	const struct rep_origin *origin;

	self->info = info;
	/* What the model holds says nothing of the rows that are given now. */
	if (info->is_joined)
		self->tree.hold_keys = NULL;
	origin = rep_origins_append(&self->origins, info);
	return origin ? rep_tree_begin(&self->tree, origin) : -ENOMEM;
}

static int on_process(void *context, const struct rep_process *process)
{
	struct tree *self = context;
	bool is_top = self->tops.pids.n && rep_select_process(&self->tops, self->info, process);
	bool matches = rep_select_process(&self->select, self->info, process);

	rep_seen_process(&self->run->seen, &self->run->options->select, self->info, process,
			 matches && (is_top || !self->tops.pids.n));
	return rep_tree_add_process(&self->tree, process, matches, is_top);
}

static int on_episode(void *context, const struct rep_episode *episode)
{
	struct tree *self = context;

	rep_run_count_finding(self->run, episode);
	return rep_tree_add_episode(&self->tree, episode);
}

static void draw_prefix(struct rep_out *out, const bool *more, uint32_t depth)
{
	bool utf8 = out->options.utf8;

	if (!depth)
		return;
	/* Not one line more than it takes: a hostile chain of a million must stay readable. */
	if (depth > DRAWN_LEVELS) {
		rep_line_word(out, REP_DIM, "depth ");
		rep_line_cell(out, REP_DIM, REP_CELL_UINT, REP_UINT(depth));
		rep_line_word(out, REP_DIM, ": ");
		return;
	}
	for (uint32_t i = 1; i < depth; i++)
		rep_line_word(out, REP_DIM, !more[i] ? "   " : utf8 ? "\xe2\x94\x82  " : "|  ");
	if (more[depth])
		rep_line_word(out, REP_DIM, utf8 ? "\xe2\x94\x9c\xe2\x94\x80 " : "|- ");
	else
		rep_line_word(out, REP_DIM, utf8 ? "\xe2\x94\x94\xe2\x94\x80 " : "`- ");
}

static void draw_line(struct rep_out *out, const struct rep_line *line)
{
	const struct rep_look *look = line->look;
	struct vft_str comm = rep_str_get(look->comm);
	enum rep_style style = look->holds ? REP_BAD : REP_PLAIN;
	char name[REP_NAME_SIZE];

	rep_line_bytes(out, style, comm.data ? comm : (struct vft_str){"?", 1}, 32);
	if (line->n_equal > 1) {
		rep_line_word(out, REP_BOLD, out->options.utf8 ? " \xc3\x97" : " x");
		rep_line_cell(out, REP_BOLD, REP_CELL_UINT, REP_UINT(line->n_equal));
	} else {
		rep_line_word(out, style, "[");
		rep_line_cell(out, style, REP_CELL_UINT, REP_UINT(line->tgid));
		rep_line_word(out, style, "]");
	}
	if (look->ended && look->exit_signal) {
		rep_line_word(out, REP_WARN, " ");
		rep_line_word(out, REP_WARN, rep_signal_name(look->exit_signal, name));
	} else if (look->ended && look->exit_code) {
		rep_line_word(out, REP_WARN, " exit ");
		rep_line_cell(out, REP_WARN, REP_CELL_UINT, REP_UINT(look->exit_code));
	}
	if (look->holds) {
		rep_line_word(out, REP_BAD, " holds its parent for ");
		rep_line_cell(out, REP_BAD, REP_CELL_DURATION, REP_UINT(look->blocked_ns));
		if (vft_state_name(look->state)) {
			rep_line_word(out, REP_BAD, ", ");
			rep_line_word(out, REP_BAD, vft_state_name(look->state));
		}
	}
	if (line->in_cycle)
		rep_line_word(out, REP_WARN, " (its ancestors form a cycle)");
	rep_line_end(out);
}

static struct rep_cell key_cell(const struct rep_origin *origin, struct rep_key key,
				struct rep_buf *buf)
{
	size_t from = buf->size;

	if (!key.tgid)
		return REP_NULL;
	rep_buf_bytes(buf, origin->boot_id, origin->boot_id_size);
	rep_buf_char(buf, ':');
	rep_buf_u64(buf, key.tgid);
	rep_buf_char(buf, ':');
	rep_buf_u64(buf, key.start_ns);
	return buf->failed ? REP_NULL
			   : REP_BYTES(((struct vft_str){buf->data + from,
							 (uint32_t)(buf->size - from)}));
}

static int fill_node(struct rep_table *table, const struct rep_tree *tree, uint32_t index,
		     uint32_t depth, struct rep_buf *keys)
{
	const struct rep_node *node = &tree->nodes[index];
	const struct rep_look *look = &tree->looks[node->look];
	const struct rep_origin *origin = tree->origins[node->origin];
	struct rep_key parent = rep_tree_parent_key(tree, index);
	uint64_t end_ns = tree->ends[index];
	struct rep_cell cells[N_TREE];
	bool killed = look->ended && look->exit_signal;
	char name[REP_NAME_SIZE];

	keys->size = 0;
	if (!rep_buf_reserve(keys, 512))
		return -ENOMEM;
	cells[T_DEPTH] = REP_UINT(depth);
	cells[T_KEY] = key_cell(origin, rep_tree_key(tree, index), keys);
	cells[T_PID] = REP_UINT(node->tgid);
	cells[T_NS_PID] = node->ns_tgid ? REP_UINT(node->ns_tgid) : REP_NULL;
	cells[T_PPID] = parent.tgid ? REP_UINT(parent.tgid) : REP_NULL;
	cells[T_PARENT_KEY] = key_cell(origin, parent, keys);
	cells[T_COMM] = REP_BYTES(rep_str_get(look->comm));
	cells[T_EXE] = REP_BYTES(rep_str_get(look->exe));
	cells[T_SPAWN] = REP_WORD(rep_spawn_name((enum rep_spawn)look->spawn));
	cells[T_START_NS] = REP_INT((int64_t)(node->start_ns - origin->start_ns));
	cells[T_END_NS] = end_ns ? REP_INT((int64_t)(end_ns - origin->start_ns)) : REP_NULL;
	cells[T_EXIT_CODE] = look->ended && !killed ? REP_UINT(look->exit_code) : REP_NULL;
	cells[T_EXIT_SIGNAL] =
		killed ? REP_WORD(rep_signal_name(look->exit_signal, name)) : REP_NULL;
	cells[T_HOLDS_PARENT] = REP_BOOL(look->holds);
	cells[T_BLOCKED_NS] = look->holds ? REP_UINT(look->blocked_ns) : REP_NULL;
	return rep_table_row(table, cells);
}

/* One root and all below it, depth first, without recursion. */
static int walk(struct tree *self, struct rep_table *table, uint32_t root, struct rep_buf *keys)
{
	struct rep_tree *tree = &self->tree;
	struct rep_out *out = self->run->out;
	bool more[DRAWN_LEVELS + 1] = {0};
	uint32_t at = root, depth = 0, child;

	for (;;) {
		int err;

		if (depth && depth <= DRAWN_LEVELS)
			more[depth] = rep_tree_next(tree, at) != REP_NO_NODE;
		if (tree->with_rows) {
			err = fill_node(table, tree, at, depth, keys);
		} else {
			struct rep_line line = rep_tree_line(tree, at);

			draw_prefix(out, more, depth);
			draw_line(out, &line);
			err = rep_out_drain(out);
		}
		if (!err)
			err = rep_tree_first(tree, at, &child);
		if (err)
			return err;
		if (child != REP_NO_NODE) {
			at = child;
			depth++;
			continue;
		}
		while (at != root && (child = rep_tree_next(tree, at)) == REP_NO_NODE) {
			at = rep_tree_parent(tree, at);
			depth--;
		}
		if (at == root)
			return 0;
		at = child;
	}
}

/* The roots, or --pid's own that are not below another of them. */
static int walk_all(struct tree *self, struct rep_table *table)
{
	struct rep_tree *tree = &self->tree;
	struct rep_buf keys = {0};
	uint32_t root;
	int err = rep_tree_first(tree, REP_NO_NODE, &root);

	for (; !err && root != REP_NO_NODE; root = rep_tree_next(tree, root))
		err = walk(self, table, root, &keys);
	rep_buf_release(&keys);
	return err;
}

static int fill(struct tree *self)
{
	struct rep_out *out = self->run->out;
	bool json = out->options.format == REP_JSON;
	struct rep_table *table = NULL;
	int err;

	if (json) {
		rep_envelope_open(out, "tree");
		rep_envelope_facts(out, &self->run->facts);
		rep_json_open(out, "rows", '[');
	}
	err = out->options.format == REP_TEXT ? 0 : rep_table_begin(out, columns, N_TREE, &table);
	if (err)
		return err;
	err = walk_all(self, table);
	rep_table_free(table);
	if (json) {
		rep_json_close(out, ']');
		rep_envelope_close(out);
	}
	return err ? err : rep_out_drain(out);
}

static int read_tree(struct tree *self, bool can_fold, struct vft_err *err)
{
	static const struct rep_trace_ops ops = {
		.model = {.on_episode = on_episode, .on_process = on_process, .without_argv = true},
		.on_section = on_section};
	struct rep_run *run = self->run;
	int result;

	self->tree = (struct rep_tree){.with_rows = run->out->options.format != REP_TEXT,
				       .from_tops = self->tops.pids.n,
				       .hold_keys = can_fold ? hold_keys : NULL,
				       .context = self};
	run->input->keeps_open = can_fold;
	result = rep_input_replay(run->input, &ops, self, &run->facts, err);
	return result ? result : rep_tree_link(&self->tree);
}

/* As if nothing had been read. */
static void forget(struct tree *self)
{
	rep_tree_release(&self->tree);
	rep_origins_release(&self->origins);
	rep_facts_release(&self->run->facts);
	self->run->seen = (struct rep_seen){0};
	self->run->n_findings = 0;
}

static int run_tree(struct rep_run *run, struct vft_err *err)
{
	const struct rep_select *select = &run->options->select;
	struct tree self = {.run = run, .select = *select};
	/* What was folded too early cannot be taken apart again, but read again. */
	bool can_fold = run->out->options.format == REP_TEXT && rep_input_is_seekable(run->input);
	int result;

	self.select.pids.n = 0;
	self.tops = (struct rep_select){.pids = select->pids, .ns = select->ns};
	result = read_tree(&self, can_fold, err);
	if (result == -EAGAIN && can_fold) {
		forget(&self);
		result = read_tree(&self, false, err);
	}
	if (!result && run->input->n_read)
		result = fill(&self);
	if (result == -ENOMEM)
		(void)vft_fail(err, result, 0,
			       "not enough memory for the tree at %" PRIu64
			       " processes; cut the trace by time or filter it",
			       self.tree.n_finished + self.tree.n_nodes);
	rep_tree_release(&self.tree);
	rep_origins_release(&self.origins);
	return result;
}

const struct rep_command rep_cmd_tree = {
	.name = "tree",
	.title = "process tree",
	.help = help,
	.traits = REP_CMD_CSV | REP_CMD_SELECT,
	.run = run_tree,
};

# SPDX-License-Identifier: BSD-2-Clause
"""Small changes of meaning, each of which a test must notice: see mutate.py.

A mutation says where its text stands, once, in whatever layout; what stands there instead; and
which tests are likely to notice, to be run first. One that no input can tell from the original says
why.
"""

from typing import NamedTuple


class Mutation(NamedTuple):
    path: str
    name: str
    tests: tuple  # as meson names them, those of unit/ without it
    old: str
    new: str
    equivalent: str = ''


def of(path, *tests):
    """Mutations of one file, which have their first tests in common."""
    def mutation(name, old, new, equivalent=''):
        return Mutation(path, name, tests, old, new, equivalent)
    return mutation


verdict = of('replay/model/verdict.c', 'verdict', 'verdict_bounds', 'verdict_property', 'model')
losses = of('replay/model/losses.c', 'losses')
model = of('replay/model/model.c', 'model', 'model_limits', 'verdict', 'verdict_bounds',
           'replay_trace')
lists = of('replay/model/model_list.c', 'model', 'model_lists', 'verdict')
episode = of('replay/model/model_episode.c', 'model', 'model_limits', 'model_lists', 'verdict',
             'verdict_property')
process = of('replay/model/model_process.c', 'model', 'model_child', 'model_lists')
ended = of('replay/model/model_ended.c', 'model', 'model_lists')
model_rows = of('replay/model/model_rows.c', 'replay_trace', 'golden/cli')
pids = of('replay/model/pids.c', 'pids')
trace = of('replay/source/trace.c', 'replay_trace', 'part')
part = of('replay/source/part.c', 'part', 'replay_trace')
tree = of('replay/tree/tree.c', 'tree', 'tree_property')
tree_fold = of('replay/tree/tree_fold.c', 'tree_property', 'tree')
tree_link = of('replay/tree/tree_link.c', 'tree_property', 'tree')
rows_filter = of('replay/rows/filter.c', 'filter', 'part', 'golden/cli')
top = of('replay/rows/top.c', 'golden/cli')
escape = of('replay/print/escape.c', 'escape', 'golden/cli')
csv = of('replay/print/csv.c', 'table', 'golden/cli')
json = of('replay/print/json.c', 'table', 'golden/cli')
event_text = of('replay/rows/event_text.c', 'event_text', 'golden/cli')
order = of('replay/source/order.c', 'order')
json = of('replay/print/json.c', 'table', 'golden/cli')
block = of('format/block/block.c', 'block', 'reader', 'verify', 'fuzz/roundtrip')
decode = of('format/block/decode.c', 'rows', 'columns', 'reader', 'golden/format', 'fuzz/roundtrip')
index = of('format/block/index.c', 'index', 'reader_index', 'verify', 'part')
crc = of('format/base/crc32c.c', 'crc32c')
reader = of('format/read/reader.c', 'reader', 'recovery', 'verify')
follow = of('format/read/follow.c', 'reader_index', 'part')
blocks = of('format/read/blocks.c', 'recovery', 'splice', 'reader')

MUTATIONS = (
    # --- what a verdict rests on ------------------------------------------------------------------
    verdict('times may step back twice as far',
            '#define CLAMP_NS 1000000u', '#define CLAMP_NS 2000000u'),
    verdict('a gap hides nothing by its place',
            'if (!loss && from->n_gaps < to->n_gaps)', 'if (0)'),
    verdict('a gap at the same place hides',
            'from->n_gaps < to->n_gaps', 'from->n_gaps <= to->n_gaps'),
    verdict('hooks need not have been attached',
            'if (from->time_ns < context->attached_ns) {', 'if (0) {'),
    verdict('attached at that very moment is too late',
            'if (from->time_ns < context->attached_ns) {',
            'if (from->time_ns <= context->attached_ns) {'),
    verdict('exec: the parent that went on before does not bound it',
            'if (e->is_parent_went_on && e->parent_went_on.time_ns < end_ns)', 'if (0)'),
    verdict('exec: certain under loss',
            'if (is_hidden(context, e, &e->pending, &e->execed, episode)) '
            'episode->certain = false;', ''),
    verdict('exit: the parent went on before, without slack',
            'e->parent_went_on.time_ns <= e->exited.time_ns + REP_LOSS_SLACK_NS',
            'e->parent_went_on.time_ns <= e->exited.time_ns'),
    verdict('exit: released by exec, and yet by exit',
            '(e->is_released && e->release_by == VFT_BY_EXIT)', 'e->is_released'),
    verdict('exit: a leader that exits is the end',
            'if (e->is_leader_only) {', 'if (0) {'),
    verdict('exec_died: the exec may be lost',
            'if (is_hidden(context, e, &e->released, &e->exited, episode)) '
            'set_unknown(episode, REP_REASON_NONE, 0); return true;', 'return true;'),
    verdict('exit: what came before may be lost',
            'if (!had_not_execed && is_hidden(context, e, &e->pending, &e->exited, episode)) {',
            'if (0) {'),
    verdict('exit: of one killed the exec that failed is told',
            'if (episode->exit_signal) {', 'if (episode->exit_signal && !episode->exec_error) {'),
    verdict('exit: failed execs count from the last look only',
            'if (!is_hidden(context, e, &e->known, &e->exited, episode))',
            'if (!is_hidden(context, e, &e->pending, &e->exited, episode))'),
    verdict('exit: failed execs are taken for recorded',
            'if (context->has & VFT_HAS_EXEC_FAIL) {', 'if (1) {'),
    verdict('parent_killed: what came before may be lost',
            'if (is_hidden(context, e, &e->pending, &e->parent_died, episode)) {', 'if (0) {'),
    verdict('at the end: from the last look, though released',
            'const struct rep_point *from = e->is_released ? &e->released : &e->pending; '
            'if (is_hidden(context, e, from, &context->end, episode)) {',
            'const struct rep_point *from = &e->pending;\n'
            'if (is_hidden(context, e, from, &context->end, episode)) {'),
    verdict('at the end: from the release, though there is none',
            'const struct rep_point *from = e->is_released ? &e->released : &e->pending; '
            'if (is_hidden(context, e, from, &context->end, episode)) {',
            'const struct rep_point *from = &e->released;\n'
            'if (is_hidden(context, e, from, &context->end, episode)) {'),
    verdict('at the end: one whose parent went on may be open',
            'episode->may_be_open = !e->is_released && !e->is_parent_went_on;',
            'episode->may_be_open = !e->is_released;'),
    verdict('at the end: open though the parent went on',
            'if (e->is_parent_went_on) { set_unknown(episode, REP_REASON_PARENT_WENT_ON',
            'if (0) { set_unknown(episode, REP_REASON_PARENT_WENT_ON'),
    verdict('at the end: open by an old row',
            'if (e->is_doubtful) { set_unknown(', 'if (0) { set_unknown('),
    verdict('at the end: certain without END',
            'if (!context->is_closed) { episode->certain = false;', 'if (0) {'),
    verdict('given up: from the last look, though released',
            'const struct rep_point *from = e->is_released ? &e->released : &e->pending; '
            '/* Set before',
            'const struct rep_point *from = &e->pending; /* Set before'),
    verdict('certain though the spawn was not seen',
            'if (evidence->is_spawn_unseen && episode->certain) {', 'if (0) {'),
    verdict('certain by an old row',
            'if (evidence->is_doubtful && episode->certain) {', 'if (0) {'),
    verdict('a thread found by a list has a start',
            'return episode->child_tid == episode->child.tgid || !episode->from_snapshot;',
            'return true;'),
    verdict('bounds: the latest limit counts',
            'if (is_seen && length_ns < *most_ns)', 'if (is_seen)'),
    verdict('bounds: what is not exact is the least',
            '(is_exact || (episode->outcome == REP_OUTCOME_OPEN && episode->certain))', 'true'),
    verdict('bounds: a gap does not stop the least',
            'if (e->pending.n_gaps < context->end.n_gaps || '
            'e->pending.time_ns < context->attached_ns ||',
            'if (e->pending.time_ns < context->attached_ns ||'),

    # --- windows of losses ------------------------------------------------------------------------
    losses('no slack before',
           'sub_sat(from_ns < to_ns ? from_ns : to_ns, REP_LOSS_SLACK_NS)',
           'sub_sat(from_ns < to_ns ? from_ns : to_ns, 0)'),
    losses('no slack behind',
           'rep_add(from_ns < to_ns ? to_ns : from_ns, REP_LOSS_SLACK_NS)',
           'rep_add(from_ns < to_ns ? to_ns : from_ns, 0)'),
    losses('window off by one at its low end',
           'return best && best->to_ns >= first ? best : NULL;',
           'return best && best->to_ns > first ? best : NULL;'),
    losses('window off by one at its high end',
           'if (losses->items[middle].from_ns <= last)',
           'if (losses->items[middle].from_ns < last)'),
    losses('the last to begin is taken for the last to end',
           'losses->latest[i] = losses->items[i].to_ns > losses->items[before].to_ns ? '
           '(uint32_t)i : before;', 'losses->latest[i] = (uint32_t)i;\n(void)before;'),
    losses('no merge of one source at the cap',
           'if (losses->n >= REP_MAX_LOSSES / 2) merge(losses, true); /*', '/*'),
    losses('merging shortens a window',
           'if (later->to_ns > loss->to_ns) loss->to_ns = later->to_ns;',
           'loss->to_ns = later->to_ns;'),
    losses('neighbours of two CPUs merge',
           'return a->cause == b->cause && a->cpu == b->cpu;',
           'return a->cause == b->cause;'),
    losses('a count that is not known adds nothing',
           'loss->count && later->count ? rep_add(loss->count, later->count) : 0;',
           'rep_add(loss->count, later->count);'),
    losses('runs of like length stay apart',
           'while (is_too_long(losses)) join_runs(losses);', ''),
    losses('only the last run is searched',
           'for (uint32_t run = 0; run < losses->n_runs; run++) {\n'
           'const struct rep_loss *loss',
           'for (uint32_t run = losses->n_runs - 1; run < losses->n_runs; run++) {\n'
           'const struct rep_loss *loss'),
    losses('what the end counts twice is added twice',
           'for (next = i; next < n && compare_total(&totals[next], total) == 0; next++) {',
           'for (next = i; next == i; next++) {'),
    losses('END counts as many as were told, and yet one more',
           'if (most > told || (is_unknown && !is_told))',
           'if (most >= told || (is_unknown && !is_told))'),
    losses('a window that runs backwards is empty',
           'if (item.from_ns > item.to_ns) {', 'if (0) {'),
    losses('the first loss: of those that end later',
           'if (losses->items[losses->latest[middle]].to_ns < first)',
           'if (losses->items[losses->latest[middle]].to_ns <= first)'),
    losses('the first loss: without slack',
           '*ret_ns = sub_sat(least_ns, REP_LOSS_SLACK_NS);', '*ret_ns = least_ns;'),

    # --- the model --------------------------------------------------------------------------------
    model('refused blocks are no gap',
          'gap->kind == VFT_GAP_NOT_CLOSED || gap->kind == VFT_GAP_CUT)',
          'gap->kind == VFT_GAP_NOT_CLOSED || gap->kind == VFT_GAP_CUT || '
          'gap->kind == VFT_GAP_REFUSED)'),
    model('a list with a gap is complete',
          'model->list.is_running = model->list.is_done = false; return rep_losses_add(',
          'return rep_losses_add('),
    model('the last START counts',
          'if (event->mark.what == VFT_MARK_START && !model->attached_ns)',
          'if (event->mark.what == VFT_MARK_START)'),
    model('events behind STOP are watched for',
          'end_ns = model->stop_ns ? model->stop_ns : end->end_ns;', 'end_ns = end->end_ns;'),
    model('sweep without delay',
          'event->time_ns - model->list.last_ns > MODEL_LIST_DELAY_NS) {',
          'event->time_ns - model->list.last_ns > 0) {'),
    model('END: seen, not delivered and not dropped is nothing',
          'end->n_seen - end->n_delivered > end->n_dropped &&', 'false &&'),
    model('a release may come twice',
          'if (episode->evidence.is_released) return 0; episode->evidence.is_doubtful = false;',
          'episode->evidence.is_doubtful = false;'),
    model('an exec that failed before is told of one that worked',
          'episode->pub.exec_error = 0; /* Its leader', '/* Its leader'),
    model('an exec lets the threads live that wait',
          'return end_waiters(model, process, event->time_ns, true);', 'return 0;'),
    model('a thread is let go by its own exit',
          'if ((event->flags & VFT_EXIT_WAITER) || event->exit.signal) {', 'if (1) {'),
    model('an exit says nothing of the wait',
          'if (event->task->tid == episode->pub.child_tid && '
          '(event->flags & VFT_EXIT_VFORK_PENDING) &&', 'if (0 &&'),
    model('who dies behind the child\'s end has died before it',
          'if (!episode->evidence.is_exited) { episode->evidence.is_parent_died = true;',
          'if (1) { episode->evidence.is_parent_died = true;',
          'the exit is looked at first, and the wait was no longer than up to the exit'),

    lists('a row behind the release shows it pending',
          'if (episode->evidence.is_released || episode->evidence.is_exited)',
          'if (episode->evidence.is_exited)'),
    lists('sweep under a filter',
          '(model->has & (VFT_HAS_FILTER | VFT_HAS_VFORK_ONLY)))', 'false)'),
    lists('sweep by a list of some',
          '|| model->is_list_partial || (model->has', '|| (model->has'),
    lists('what began after the list is missing in it',
          'list != model->list.number && start_ns < model->list.first_ns &&',
          'list != model->list.number &&',
          'what was last seen of it is no older than its start'),
    lists('what acted during the list is missing in it',
          'last_ns < model->list.first_ns;', 'true;'),
    lists('a list of some is whole',
          'if (!model->is_list_partial && !model->has_whole_list) {',
          'if (!model->has_whole_list) {'),

    episode('early verdict certain',
            'oldest->pub.certain = false; oldest->pub.reason = REP_REASON_EARLY;', ''),
    episode('spawn after snapshot resets pending',
            'if (event->time_ns > episode->evidence.pending.time_ns) '
            'episode->evidence.pending = episode->evidence.known;',
            'episode->evidence.pending = episode->evidence.known;'),
    episode('an older row takes back what a newer one showed',
            'if (row->time_ns < pending->time_ns) return;', ''),
    episode('a row tells of every gap before it',
            'is_behind ? model->n_gaps : n_known_gaps}', 'model->n_gaps}'),
    episode('what acted before a wait ends it',
            'return episode->is_row_pending && time_ns < episode->evidence.pending.time_ns;',
            'return false;'),
    episode('rows of before name the dead',
            'if (model_is_ended(model, (struct rep_key){task->tid, task->start_ns})) return 0;',
            ''),
    episode('a second look finds a second episode',
            'if (child && child->had_episode && task->tid == task->tgid) return 0;', ''),
    episode('no doubt about a row of before',
            'model_is_row(event) && may_be_over(model, event, child, waiter);', 'false;'),
    episode('another one sent the signal',
            'episode->pub.exit_signal == episode->sent_signal) {', 'episode->sent_signal) {'),

    model_rows('which thread exec\'d is forgotten',
               'event->exec.old_tid = take_u32(rows, VFT_COL_OLD_TID);',
               'event->exec.old_tid = take_u32(rows, VFT_COL_OLD_TID) * 0;'),
    model_rows('flags of an exec are left to the next row',
               'event->flags = take_u32(rows, VFT_COL_FLAGS); event->exec.exe',
               'event->exec.exe'),
    pids('a page stays when nothing stands in it', 'if (--(*page)->n_used) return;',
         '(*page)->n_used--; return;'),

    ended('what may be forgotten, without slack',
          'time_ns - ended->forgotten_ns <= REP_LOSS_SLACK_NS', 'false'),
    ended('nothing is ever forgotten',
          'return ended->has_forgotten &&', 'return false &&'),

    process('the parent of CLONE_PARENT is the caller',
            'if (!(flags & FLAG_CLONE_PARENT) || event->flags & VFT_SPAWN_KERNEL)', 'if (1)'),
    process('a thread names its process',
            'if (task->tid != task->tgid && process->pub.comm) return 0;', ''),

    # --- reading a part, and selection ------------------------------------------------------------
    trace('a block that is passed over may have losses',
          'if (!entry->kinds || entry->n_lost)', 'if (!entry->kinds)',
          'its kinds say that it has rows of losses, for which it is read'),
    trace('passes over without slack',
          'entry->first_ns > part->to_ns + REP_LOSS_SLACK_NS &&',
          'entry->first_ns > part->to_ns &&',
          'it is settled only when rows of behind the slack have been read, and all rows of the '
          'block are behind the window'),
    trace('passes over while a vfork is open',
          '&& __atomic_load_n(&replay->is_settled, __ATOMIC_ACQUIRE);', ';'),
    trace('a gap behind END counts',
          'if (!info->clean_end) { r = rep_model_gap(replay->model, &item->gap);',
          'if (1) { r = rep_model_gap(replay->model, &item->gap);'),
    trace('blocks that END counts need not be there',
          'if (end->seen_blocks < end->n_blocks) missing.gap.what', 'if (0) missing.gap.what'),
    trace('rows that END counts need not be there',
          'else if (end->seen_rows < end->n_events)', 'else if (0)'),
    trace('one bad input hides the next',
          'set_bad_input(replay, number, &err); } return finish_source(replay);',
          'return r;\n}\nreturn finish_source(replay);'),

    part('a part of what is damaged', '&& !info->n_gaps &&', '&&',
         'an input with gaps is damaged, which is asked, too'),
    part('a part of what has losses', '&& !info->n_losses && !info->n_lost &&', '&&'),
    part('a list that ends behind the window', 'if (list.last_ns <= time_ns) {', 'if (1) {'),
    part('lists of some are lists of all', 'if (from && look.lists_are_all)', 'if (from)'),
    part('from the window on, though a vfork reaches into it',
         'if (r == 1 && oldest_ns != UINT64_MAX)', 'if (0)'),

    rows_filter('what ends at the start of the window is outside',
                'latest_ns < window.from_ns)', 'latest_ns <= window.from_ns)'),
    rows_filter('what begins at the end of the window is outside',
                'if (start_ns > window.to_ns ||', 'if (start_ns >= window.to_ns ||'),
    rows_filter('what may have ended before is inside',
                'return end_ns >= window.from_ns ? REP_MATCH_YES : REP_MATCH_MAYBE;',
                'return REP_MATCH_YES;'),
    rows_filter('the better of two sides is not enough',
                'return a > b ? a : b;', 'return a < b ? a : b;'),
    rows_filter('what is not known does not match',
                'if (!is_known) return REP_MATCH_MAYBE;', 'if (!is_known) return REP_MATCH_NO;'),
    rows_filter('a long name means all that begin as it does',
                'comm.size == COMM_MAX && memcmp', 'memcmp'),
    rows_filter('a star takes one byte at least', 'retry = at;', 'retry = at + 1;'),
    rows_filter('no container matches every one', 'if (n && n <= id.size &&',
                'if (n <= id.size &&'),
    rows_filter('held for exactly the least is too short',
                'if (e->blocked_min_ns >= min_ns)', 'if (e->blocked_min_ns > min_ns)'),
    rows_filter('an event at the end of the window is outside',
                'event->time_ns > window->to_ns)', 'event->time_ns >= window->to_ns)'),
    rows_filter('a child does not run its parent\'s file',
                'err = exe_set(events, child->tgid, child->start_ns, before);', ''),

    top('the shortest first', 'return s > t ? -1 : 1;', 'return s < t ? -1 : 1;'),

    # --- bytes of a process on a terminal ---------------------------------------------------------
    escape('U+2069 raw', '{0x2060, 0x206f}', '{0x2060, 0x2068}, {0x206a, 0x206f}'),
    escape('C1 raw', '{0x7f, 0x9f}', '{0x7f, 0x7f}'),
    escape('overlong forms are UTF-8', 'if (p[0] == 0xe0) low = 0xa0;', 'if (0) low = 0xa0;'),
    escape('surrogates are UTF-8', 'else if (p[0] == 0xed) high = 0x9f;',
           'else if (0) high = 0x9f;'),
    escape('a backslash stays as it is',
           'escape_bytes(buf, bytes, \'\\\\\', \'\\\\\');',
           'escape_bytes(buf, bytes, \'"\', \'"\');'),
    escape('CSV: no guard before a tab', '\'@\', \'\\t\', \'\\r\',', '\'@\', \'\\r\', \'\\r\','),
    escape('CSV: no guard before CR', '\'@\', \'\\t\', \'\\r\',', '\'@\', \'\\t\', \'\\t\','),
    escape('CSV: no guard behind blanks', 'size && is_blank(code);', 'size && at == 0;'),
    json('a number past 2^53 has no text', 'if (cell->u > MAX_EXACT)', 'if (0)'),
    csv('an assignment in front of a command is plain', "if (!*p || *p == '=')", 'if (!*p)'),
    csv('blanks at the end need no quotes', "bytes.data[bytes.size - 1] == ' ' ||", ''),
    event_text('what was written for one column stands in another',
               'said->size && said->column == step->to', 'said->size'),
    event_text('a code beside a signal',
               'return signal ? put_null(w, p) : rep_digits(p, code);',
               '(void)signal; return rep_digits(p, code);'),
    event_text('ids of a namespace are those of the host', 'id == known ? copy', 'true ? copy'),
    event_text('tasks of one user are in one namespace',
               'tail->pidns == task->pidns &&', ''),
    event_text('a place in the columns without what stands before',
               'pass(format, cursor, text->counts[row / CHECKPOINT]);', ''),
    event_text('a comma before the first row',
               'size_t skip = out->json_first ? separator_size : 0;', 'size_t skip = 0;'),
    order('of one time, the later row first',
          'time_ns[rows[b]] < time_ns[spare[a]]', 'time_ns[rows[b]] <= time_ns[spare[a]]'),
    order('rows that are overtaken stay in front',
          'if (time_at(order, run->slot, run->to - 1) <= time_ns) break;', 'break;'),

    # --- the file ---------------------------------------------------------------------------------
    crc('bytes behind the last eight are left out',
        'for (; size; size--, p++) narrow = _mm_crc32_u8(narrow, *p);', ''),
    crc('the portable one has another polynomial', '0x82f63b78, 0x92a8fc17',
        '0x82f63b79, 0x92a8fc17'),
    block('a header whose sum is wrong is believed',
          'if (vft_cursor_u32(&c) != vft_crc32c(0, bytes, VFT_HDR_CRC)) return -EBADMSG;',
          '(void)vft_cursor_u32(&c);'),
    block('contents whose sum is wrong are believed',
          'if (vft_crc32c(0, payload, header->payload_len) != header->payload_crc) '
          'return -EBADMSG;', ''),
    block('more events than the block has bytes',
          '|| header->n_events > header->raw_len)', ')'),
    block('a payload of exactly the limit is too large',
          'header->payload_len > VFT_MAX_PAYLOAD', 'header->payload_len >= VFT_MAX_PAYLOAD'),
    block('a payload with a sync mark is not masked', 'while (memmem(', 'while (0 && memmem('),

    decode('strings need not fill their table',
           'return left ? "strings do not fill the table" : NULL;', 'return NULL;'),
    decode('no limit of references to known tasks',
           'if (distance > rows->n_refs || rows->n_refs == VFT_MAX_REFS) {',
           'if (distance > rows->n_refs) {'),
    decode('no limit of references to new tasks',
           'if (rows->next_task == rows->n_tasks || rows->n_refs == VFT_MAX_REFS) {',
           'if (rows->next_task == rows->n_tasks) {'),
    decode('a reference may reach before the first',
           'if (distance > rows->n_refs || rows->n_refs == VFT_MAX_REFS) {',
           'if (distance > rows->n_refs + 1 || rows->n_refs == VFT_MAX_REFS) {'),
    decode('times may leave the block', 'rows->bad |= cpu >> 32 | (late > span);',
           'rows->bad |= cpu >> 32;', 'the latest is held against the end of the block, too'),
    decode('the block may end later than it says', 'if (min || max != span)', 'if (min)'),
    decode('kinds may be others than the block says',
           'if (info->has_kinds && (info->kinds & ~VFT_KINDS_SNAPSHOT_BEGINS) != kinds)', 'if (0)'),
    decode('columns may have values left over',
           'return ok ? NULL : "columns and events do not match";', '(void)ok;\nreturn NULL;'),
    decode('a pid past its limit', 'return bad ? "task with an impossible pid" : NULL;',
           '(void)bad;\nreturn NULL;'),

    index('an entry of another block agrees',
          'header->self_off == entry->self_off && header->n_events', 'header->n_events'),
    index('an entry of another time agrees',
          '(!entry->n_events || header->first_ts == entry->first_ns);', 'true;'),
    index('a trailer whose sum is wrong is believed',
          'return vft_cursor_u32(&c) == vft_crc32c(0, bytes, VFT_TRL_CRC) ? 0 : -EBADMSG;',
          'return 0;'),
    follow('the end of a run is not looked at',
                 'r = check_entry(reader, &index, entry + n_passed);', 'r = 1;'),
    follow('the beginning of a run is not looked at',
                 'int r = check_entry(reader, &index, entry); '
                 'if (r == 1 && reader->follow.next_entry',
                 'int r = 1;\nif (r == 1 && reader->follow.next_entry'),
    follow('entries need not be in their order', '|| e->seq != i)', ')'),
    follow('an index of another section is believed',
                 '(uint32_t)header.section_id == index->section && vft_index_entry_agrees',
                 'vft_index_entry_agrees'),

    blocks('numbers of blocks may fall',
         'header->self_off == offset - where->start && header->seq >= where->next_seq &&',
         'header->self_off == offset - where->start &&'),
    blocks('blocks behind END belong to it',
         '!where->has_ended && header->section_id == where->id && header->self_off ==',
         'header->section_id == where->id && header->self_off =='),
    blocks('a block may stand elsewhere than it says',
         'header->self_off == offset - where->start && header->seq', 'header->seq'),
    blocks('what resumes may be behind in its number',
         'header->type != VFT_BLOCK_SECTION && header->seq >= where->next_seq &&',
         'header->type != VFT_BLOCK_SECTION &&'),
    blocks('what resumes may be behind in its place',
         'header->self_off >= gap - where->start;', 'true;'),
    blocks('adopts any block',
         'if (vft_scan_is_section(header) || header->self_off <= offset - search->gap)', 'if (1)'),
    blocks('a copy inside a damaged block goes on', 'if (goes_on && !is_copy)', 'if (goes_on)'),
    blocks('no limit of what is checked in vain',
         'if (blocks->n_wasted > MAX_WASTED) return 0; blocks->header = header;',
         'blocks->header = header;'),
    blocks('another section wins at once',
         'if (continues || !where->is_active || where->has_ended) return 1;', 'return 1;'),

    reader('sections of a later version are read',
           'return section->version == VFT_FORMAT_VERSION && !section->incompat;',
           'return section->version == VFT_FORMAT_VERSION;'),
    reader('blocks missing by their numbers are not told',
           'if (n_missing && !reader->n_queued && !where->is_refused) {', 'if (0) {'),
    reader('bombs are read to their end',
           'if (reader->raw_total > reader->max_raw_total &&', 'if (0 &&'),

    tree_fold('who was folded is forgotten', 'return page && key.start_ns <= page',
              'return 0 && key.start_ns <= page'),
    tree_fold('only the latest that was folded is known', 'return page && key.start_ns <= page',
              'return page && key.start_ns == page'),
    tree_fold('nodes of former sections fold', 'return index >= tree->n_pinned && node->is_over &&',
              'return node->is_over &&'),
    tree_fold('those fold who have not ended',
              'return index >= tree->n_pinned && node->is_over &&',
              'return index >= tree->n_pinned &&'),
    tree_fold('those fold who have a child that lives', '!tree->links[index].n_children &&', ''),
    tree_fold('those above --pid\'s own fold', '!node->is_top &&', ''),
    tree_fold('the youngest stands for all', 'if (is_before(from, to)) {',
              'if (is_before(to, from)) {'),
    tree_fold('of those folded before none count', 'to->n_equal += from->n_equal;',
              'to->n_equal++;'),
    tree_fold('what lies below is nothing to be told apart by',
              'fold->family ? tree->families[fold->family].sum : 0', '0'),
    tree_link('a cycle is cut where the rest is folded',
              'err = tree->n_finished || tree->n_passed ? -EAGAIN : unlink_node(tree, at);',
              'err = unlink_node(tree, at);'),
    tree_link('roots whose parent never came are not drawn',
              'if (tree->refs[i].tgid) err = rep_tree_adopt',
              'if (0) err = rep_tree_adopt'),
    tree('a wait that is over still holds',
         'return !tree->hold_keys || tree->from_tops || tree->has_open;',
         'return !tree->hold_keys || tree->from_tops;'),
    tree('a parent that may be folded is a new one', 'int err = rep_tree_may_be_folded(tree, key)',
         'int err = 0'),
)

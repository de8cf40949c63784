/* SPDX-License-Identifier: BSD-2-Clause */
/* What a stack means, what a number is called, and text that is cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <vft/event.h>

#include "record/stall/cause.h"
#include "record/stall/chain.h"
#include "record/stall/show.h"
#include "record/stall/syscalls.h"
#include "record/stall/text.h"

#define MAX_FRAMES 12

/* Stacks as kernels from 5.10 to 6.18 print them. */
static const struct {
	enum rec_cause cause;
	const char *frames[MAX_FRAMES];
} stacks[] = {
	{REC_CAUSE_NETWORK_FS,
	 {"nfs_wait_bit_killable+0x21", "out_of_line_wait_on_bit_lock+0x95",
	  "nfs4_proc_getattr+0x71", "vfs_statx+0x8f"}},
	{REC_CAUSE_NETWORK_FS, {"rpc_wait_bit_killable+0x1e", "__rpc_execute+0xe5"}},
	{REC_CAUSE_NETWORK_FS, {"wait_for_response+0x13", "cifs_send_recv+0x1f"}},
	{REC_CAUSE_FUSE,
	 {"request_wait_answer+0x131", "fuse_simple_request+0x1ba", "fuse_do_open+0xa1"}},
	{REC_CAUSE_FANOTIFY,
	 {"fanotify_handle_event+0xabc", "fsnotify+0x2b1", "do_open_execat+0x10c"}},
	{REC_CAUSE_SECCOMP,
	 {"seccomp_do_user_notification.isra.0+0x1c1", "__seccomp_filter+0x2f0",
	  "syscall_trace_enter.constprop.0+0xb2"}},
	{REC_CAUSE_PIPE, {"pipe_read+0x2f0", "vfs_read+0x2a2", "ksys_read+0x5f"}},
	{REC_CAUSE_PIPE, {"anon_pipe_read+0x366", "vfs_read+0x32c"}},
	{REC_CAUSE_FIFO, {"wait_for_partner+0x47", "fifo_open+0x299"}},
	{REC_CAUSE_FUTEX, {"futex_wait_queue+0x5e", "__futex_wait+0x127"}},
	{REC_CAUSE_FUTEX, {"futex_wait_queue_me+0xa2", "futex_wait+0x10b", "do_futex+0x16f"}},
	{REC_CAUSE_FUTEX, {"rt_mutex_slowlock_block.constprop.0+0x36", "futex_lock_pi+0x2e9"}},
	{REC_CAUSE_LOCK, {"locks_lock_inode_wait+0xd4", "__do_sys_flock+0x10d"}},
	{REC_CAUSE_LOCK, {"fcntl_setlk+0x1b8", "do_fcntl+0x384"}},
	{REC_CAUSE_SLEEP, {"do_nanosleep+0x67", "hrtimer_nanosleep+0x9f"}},
	{REC_CAUSE_CHILD, {"do_wait+0x169", "kernel_wait4+0xaf"}},
	{REC_CAUSE_CHILD, {"wait_for_vfork_done+0x24", "kernel_clone+0x1af"}},
	{REC_CAUSE_POLL, {"ep_poll+0x37c", "do_epoll_wait+0xb5"}},
	{REC_CAUSE_POLL,
	 {"schedule_hrtimeout_range+0x13", "poll_schedule_timeout.constprop.0+0x46",
	  "do_sys_poll+0x4cb"}},
	{REC_CAUSE_PAGE_FAULT, {"handle_userfault+0x37d", "do_anonymous_page+0x2c7"}},
	{REC_CAUSE_SOCKET, {"unix_stream_read_generic+0x6de", "unix_stream_recvmsg+0x8b"}},
	{REC_CAUSE_TERMINAL, {"wait_woken+0x60", "n_tty_read+0x5b7", "tty_read+0x13a"}},
	{REC_CAUSE_KERNEL_LOCK, {"rwsem_down_write_slowpath+0x2b9", "mmap_write_lock+0x1"}},
	{REC_CAUSE_MEMORY_RECLAIM, {"shrink_inactive_list+0x1f2", "try_to_free_pages+0xe4"}},
	{REC_CAUSE_UNKNOWN, {"a_function_of_tomorrow+0x1"}},
	/* No prefix where none was meant. */
	{REC_CAUSE_UNKNOWN, {"do_waiting_for_godot+0x1"}},
	{REC_CAUSE_UNKNOWN, {"pipe_readable_is_not+0x1"}},
};

static enum rec_cause cause_of(const char *const *frames, uint32_t state, const char *name)
{
	struct rec_signs signs = {.state = state, .syscall = name, .frames = frames};
	size_t frame;

	while (frames && signs.n_frames < MAX_FRAMES && frames[signs.n_frames])
		signs.n_frames++;
	return rec_cause_find(&signs, &frame);
}

static void test_cause__stacks(void **state)
{
	for (size_t i = 0; i < sizeof(stacks) / sizeof(stacks[0]); i++)
		assert_string_equal(
			rec_cause_word(cause_of(stacks[i].frames, VFT_STATE_SLEEPING, "read")),
			rec_cause_word(stacks[i].cause));
}

static void test_cause__the_state_comes_first(void **state)
{
	const char *const *frames = stacks[0].frames;

	assert_int_equal(cause_of(frames, VFT_STATE_TRACED, NULL), REC_CAUSE_PTRACE);
	assert_int_equal(cause_of(frames, VFT_STATE_STOPPED, NULL), REC_CAUSE_STOPPED);
	assert_int_equal(cause_of(frames, VFT_STATE_FROZEN, NULL), REC_CAUSE_FROZEN);
	assert_int_equal(cause_of(frames, VFT_STATE_RUNNING, NULL), REC_CAUSE_CPU);
	assert_int_equal(cause_of(frames, VFT_STATE_DEAD, NULL), REC_CAUSE_GONE);
}

static void test_cause__without_a_stack_by_the_call(void **state)
{
	assert_int_equal(cause_of(NULL, VFT_STATE_SLEEPING, "clock_nanosleep"), REC_CAUSE_SLEEP);
	assert_int_equal(cause_of(NULL, VFT_STATE_SLEEPING, "wait4"), REC_CAUSE_CHILD);
	assert_int_equal(cause_of(NULL, VFT_STATE_SLEEPING, "read"), REC_CAUSE_UNKNOWN);
	assert_int_equal(cause_of(NULL, VFT_STATE_SLEEPING, NULL), REC_CAUSE_UNKNOWN);
}

static const struct {
	enum rec_abi abi;
	int64_t number;
	const char *name;
} names[] = {
	{REC_ABI_X86_64, 0, "read"},
	{REC_ABI_X86_64, 58, "vfork"},
	{REC_ABI_X86_64, 334, "rseq"},
	{REC_ABI_X86_64, 335, NULL},
	{REC_ABI_X86_64, 435, "clone3"},
	{REC_ABI_X86_64, 469, "file_setattr"},
	{REC_ABI_X86_64, 470, NULL},
	{REC_ABI_X86_64, 0x40000000 + 1, "write"}, /* x32 */
	{REC_ABI_X86_64, -1, NULL},
	{REC_ABI_X86_64, INT64_MAX, NULL},
	{REC_ABI_I386, 29, "pause"},
	{REC_ABI_I386, 190, "vfork"},
	{REC_ABI_I386, 407, "clock_nanosleep_time64"},
	{REC_ABI_I386, 435, "clone3"},
	{REC_ABI_ARM64, 56, "openat"},
	{REC_ABI_ARM64, 63, "read"},
	{REC_ABI_ARM64, 79, "newfstatat"},
	{REC_ABI_ARM64, 98, "futex"},
	{REC_ABI_ARM64, 220, "clone"},
	{REC_ABI_ARM64, 300, NULL},
	{REC_ABI_ARM64, 435, "clone3"},
	{REC_ABI_UNKNOWN, 435, NULL},
};

static void test_syscalls__names(void **state)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *name = rec_syscall_name(names[i].abi, names[i].number);

		if (names[i].name && name)
			assert_string_equal(name, names[i].name);
		else
			assert_ptr_equal(name, names[i].name);
	}
}

static void test_syscalls__no_call_has_more_than_six_arguments(void **state)
{
	for (int64_t number = 0; number < 470; number++) {
		const char *name = rec_syscall_name(REC_ABI_X86_64, number);
		const char *letters = name ? rec_syscall_arguments(name) : NULL;

		if (letters)
			assert_true(strlen(letters) <= REC_MAX_ARGS &&
				    strspn(letters, "duxoPfFps") == strlen(letters));
	}
}

static void test_text__is_cut_and_says_so(void **state)
{
	char bytes[8];
	struct rec_text text = REC_TEXT(bytes);

	rec_text_add(&text, "%s", "abc");
	assert_string_equal(bytes, "abc");
	rec_text_add(&text, "%s", "defghij");
	assert_string_equal(bytes, "abcd...");
	rec_text_add(&text, "%s", "more");
	rec_text_escape(&text, "more", 4);
	assert_string_equal(bytes, "abcd...");
}

static void test_text__escapes(void **state)
{
	char bytes[64];
	struct rec_text text = REC_TEXT(bytes);

	rec_text_escape(&text, "a\x1b\\\n\"\0z", 7);
	assert_string_equal(bytes, "a\\x1b\\\\\\x0a\"\\x00z");
}

static void test_chain__in_words(void **state)
{
	static struct rec_chain chain = {
		.links = {{.tgid = 1,
			   .tid = 1,
			   .comm = "a",
			   .waits_for = "waits for a mutex",
			   .is_guess = true},
			  {.tgid = 2, .tid = 3, .comm = "b", .waits_for = "waits in vfork"}},
		.n = 2,
		.end = REC_CHAIN_CYCLE,
	};
	char words[REC_LINE_TEXT];

	rec_chain_describe(&chain, words, sizeof(words));
	assert_string_equal(words, "probably a deadlock: a[1] -> (guess) b[2] thread 3 "
				   "-> a[1]");
	chain.links[0].is_guess = false;
	rec_chain_describe(&chain, words, sizeof(words));
	assert_string_equal(words, "deadlock: a[1] -> b[2] thread 3 -> a[1]");
	chain.end = REC_CHAIN_OUTSIDE;
	rec_chain_describe(&chain, words, sizeof(words));
	assert_string_equal(words, "a[1] -> b[2] thread 3, which waits in vfork");
	chain.end = REC_CHAIN_RUNS;
	rec_chain_describe(&chain, words, sizeof(words));
	assert_string_equal(words, "a[1] -> b[2] thread 3, which runs");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cause__stacks),
		cmocka_unit_test(test_cause__the_state_comes_first),
		cmocka_unit_test(test_cause__without_a_stack_by_the_call),
		cmocka_unit_test(test_syscalls__names),
		cmocka_unit_test(test_syscalls__no_call_has_more_than_six_arguments),
		cmocka_unit_test(test_text__is_cut_and_says_so),
		cmocka_unit_test(test_text__escapes),
		cmocka_unit_test(test_chain__in_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

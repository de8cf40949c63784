/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * main.c - vfork-report: options in, exit status out. The commands are in cmd_*.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <langinfo.h>
#include <locale.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "replay/base/zone.h"
#include "replay/commands/cmd.h"
#include "replay/print/exporter.h"
#include "replay/options.h"
#include "replay/print/message.h"
#include "replay/sandbox.h"
#include "replay/rows/schema.h"

/* A smaller input is read before a thread would be worth it. */
#define THREADS_PAY_BYTES (1u << 20)

enum { EXIT_OK = 0, EXIT_FINDINGS = 1, EXIT_USAGE = 2, EXIT_INPUT = 3, EXIT_INCOMPLETE = 4 };

static const char help_usage[] =
	"Usage: vfork-report [COMMAND] [OPTIONS] FILE...\n"
	"  vfork-report t.vft                        what is stuck, and what was lost\n"
	"  vfork-report vforks --outcome open t.vft  every vfork that never ended\n"
	"  vfork-report tree --pid 4242 t.vft        the processes below pid 4242\n"
	"  vfork-report export --format csv --table processes -o p.csv t.vft\n"
	"Commands:\n";
static const char help_options[] =
	"Select:  --from, --to TIME   1.5s, 14:05, '10m ago', or 2024-05-01T12:00:00Z\n"
	"         --pid N [--ns]      host pid, or with --ns the container's\n"
	"         --comm, --exe NAME (* and ? match)   --container ID   --uid N\n"
	"Output:  --json  --ndjson  --csv  --csv-safe  --color=auto|always|never  -q\n"
	"         --utc   --threads N   --max-output SIZE   --max-cpu DUR\n"
	"         --max-memory SIZE   --json-schema\n"
	"Status:  0 done, 2 usage, 3 damaged or unreadable input, or output not written\n"
	"         --exit-code: 1 when a vfork is open or unknown\n"
	"         --strict: 4 when events were lost or the trace was not closed\n"
	"FILE - is stdin; -i FILE works too. Options may stand anywhere.\n";

static bool wants_color(const struct rep_options *options, int fd)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

	if (options->color != REP_COLOR_AUTO)
		return options->color == REP_COLOR_ALWAYS;
	return isatty(fd) && !(no_color && *no_color) && term && strcmp(term, "dumb") != 0;
}

/* The most an output may grow to: one long string can stand in a million rows. */
static uint64_t output_limit(const struct rep_options *options, uint64_t input_size)
{
	const uint64_t least = 1ull << 30, factor = 1000;

	if (options->max_output)
		return options->max_output;
	return input_size > least / factor ? input_size * factor : least;
}

/*
 * The most seconds of CPU time that reading may take: a hostile file of a few bytes can be made to
 * take hours. Twenty times what a slow machine takes for the worst honest one.
 */
static uint64_t cpu_limit(const struct rep_options *options, const struct rep_input *input)
{
	const uint64_t least = 60, bytes_per_second = 64u << 10, of_a_pipe = 86400;

	if (options->max_cpu_ns)
		return (options->max_cpu_ns + 999999999) / 1000000000;
	return least + input->size_bytes / bytes_per_second + (input->has_pipe ? of_a_pipe : 0);
}

/*
 * The most memory that reading may take. A hostile file of a few KB can ask for gigabytes; of an
 * honest one, a tree takes the most: some bytes for each byte of the file.
 */
static uint64_t memory_limit(const struct rep_options *options, const struct rep_input *input)
{
	const uint64_t least = 512u << 20, most = REP_SANDBOX_ADDRESS_SPACE, factor = 16;

	if (options->max_memory)
		return options->max_memory;
	if (input->size_bytes >= most / factor)
		return most;
	return input->size_bytes * factor > least ? input->size_bytes * factor : least;
}

static int open_output(const struct rep_options *options, const struct rep_input *input, bool utf8,
		       struct rep_out *out)
{
	struct rep_out_options how = {.format = options->format, .csv_safe = options->csv_safe};
	bool to_file = options->output && strcmp(options->output, "-") != 0;
	/* Who asks for the status and for silence gets just that; an export is its output. */
	bool is_silent = options->exit_code && options->quiet &&
			 !(options->command->traits & REP_CMD_EXPORT);
	struct winsize size;
	int fd = STDOUT_FILENO;

	if (to_file)
		fd = open(options->output, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY,
			  input->output_mode);
	else if (is_silent)
		fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	if (fd < 0) {
		rep_message(to_file ? options->output : "/dev/null",
			    "cannot be written: %s; choose another -o FILE", strerror(errno));
		return EXIT_INPUT;
	}
	if (to_file && rep_input_is_file(input, fd)) {
		rep_message(options->output, "is the input itself; choose another -o FILE");
		close(fd);
		return EXIT_USAGE;
	}
	if (rep_exporter_get(options->format)->needs_seek && lseek(fd, 0, SEEK_CUR) < 0) {
		rep_message(to_file ? options->output : NULL,
			    "is no file, which this format needs; choose another -o FILE");
		close(fd);
		return EXIT_USAGE;
	}
	/* Devices and pipes cannot be truncated and need not be. */
	if (to_file && ftruncate(fd, 0) && errno != EINVAL) {
		rep_message(options->output, "cannot be emptied: %s", strerror(errno));
		close(fd);
		return EXIT_INPUT;
	}
	how.color = wants_color(options, fd);
	how.utf8 = utf8;
	/* What goes to a program goes as it is, whatever the locale. */
	how.ascii_only = !utf8 && (how.format == REP_TEXT || isatty(fd));
	if (isatty(fd) && ioctl(fd, TIOCGWINSZ, &size) == 0)
		how.width = size.ws_col;
	how.max_bytes = output_limit(options, input->size_bytes);
	rep_out_init(out, fd, &how);
	return 0;
}

static int exit_status(const struct rep_run *run, int result, int written)
{
	if (written || result || run->input->damaged || run->damaged)
		return EXIT_INPUT;
	if (run->options->strict && run->input->incomplete)
		return EXIT_INCOMPLETE;
	if (run->options->exit_code && run->n_findings)
		return EXIT_FINDINGS;
	return EXIT_OK;
}

static void say_failure(const struct rep_run *run, int result, int written,
			const struct vft_err *err)
{
	if (run->out->is_full)
		rep_message(NULL, "output stopped at %" PRIu64 " bytes; raise it with --max-output",
			    run->out->options.max_bytes);
	else if (written == -EFBIG)
		rep_message(NULL,
			    "output could not be written: %s; raise the limit of a file's"
			    " size (ulimit -f)",
			    strerror(-written));
	else if (written)
		rep_message(NULL, "output could not be written: %s", strerror(-written));
	else if (result == -ENOMEM && !err->code)
		rep_message(NULL, "stopped: out of memory; raise the limit with --max-memory");
	else if (result)
		rep_message(NULL, "stopped: %s", err->code ? err->message : strerror(-result));
}

/* That it may run on. Not sysconf(), which reads files that are out of reach by then. */
static int n_cpus(void)
{
	cpu_set_t cpus;

	return sched_getaffinity(0, sizeof(cpus), &cpus) ? 1 : CPU_COUNT(&cpus);
}

/* One thread for each CPU, the caller's own included, where it pays; or as many as were asked for.
 */
static struct rep_flow *start_flow(struct rep_input *input, unsigned int n_threads)
{
	unsigned int n_cpu = (unsigned int)n_cpus();

	if (!n_threads)
		n_threads = input->size_bytes < THREADS_PAY_BYTES ? 1
			    : n_cpu < REP_MAX_THREADS             ? n_cpu
								  : REP_MAX_THREADS;
	/* Without them it takes longer, and that is all. */
	if (n_threads < 2 || rep_flow_new(n_threads - 1, &input->flow))
		input->flow = NULL;
	return input->flow;
}

/* Once: the next one ends us. */
static void hear_first(int number)
{
	(void)number;
}

/* What was found so far is not told: it may stand in the middle of anything. */
static void stop_for_cpu(int number)
{
	static const char line[] =
		"vfork-report: stopped: reading takes far more CPU time than an input of this size"
		" should, as a hostile one does; raise the limit with --max-cpu\n";

	(void)number;
	if (write(STDERR_FILENO, line, sizeof(line) - 1) < 0)
		_exit(EXIT_INPUT);
	_exit(EXIT_INPUT);
}

/*
 * Ctrl-C reaches all of a pipeline: the recorder before us ends its recording then, and what it
 * still writes is to be read. So one SIGINT is passed over while the input comes from another
 * program, and the second ends. An exceeded limit of a file's size is an error like a full disk.
 */
static void set_signals(const struct rep_input *input)
{
	struct sigaction action = {.sa_handler = SIG_IGN}, before;

	(void)sigaction(SIGXFSZ, &action, NULL); /* none of these can fail */
	action.sa_handler = stop_for_cpu;
	(void)sigaction(SIGXCPU, &action, NULL);
	if (!input->has_pipe)
		return;
	action = (struct sigaction){.sa_handler = hear_first,
				    .sa_flags = (int)(SA_RESETHAND | SA_RESTART)};
	if (sigaction(SIGINT, NULL, &before) == 0 && before.sa_handler == SIG_DFL)
		(void)sigaction(SIGINT, &action, NULL);
}

/* "2024-05-01 12:00:00" */
static void say_second(struct rep_buf *buf, uint64_t epoch_ns)
{
	struct rep_civil civil;
	char text[96];

	rep_zone_split(epoch_ns, &civil);
	snprintf(text, sizeof(text), "%04d-%02d-%02d %02d:%02d:%02d", civil.year, civil.month,
		 civil.day, civil.hour, civil.minute, civil.second);
	rep_buf_text(buf, text);
}

static void say_zone(struct rep_buf *buf, uint64_t epoch_ns)
{
	char name[REP_ZONE_NAME];
	struct rep_civil civil;

	rep_zone_split(epoch_ns, &civil);
	rep_zone_name(civil.offset_s, name);
	rep_buf_char(buf, ' ');
	rep_buf_text(buf, name);
}

/* On which side of the trace @moment lies; NULL: inside, or not known. */
static const char *outside(const struct rep_moment *moment, const struct rep_facts *facts)
{
	uint64_t end_ns = facts->start_epoch_ns + facts->duration_ns;

	if (!moment->is_given || (moment->is_absolute && !facts->has_start))
		return NULL;
	if (moment->is_absolute)
		return moment->epoch_ns > end_ns                  ? "after the trace"
		       : moment->epoch_ns < facts->start_epoch_ns ? "before the trace"
								  : NULL;
	return moment->relative_ns < 0                              ? "before the trace"
	       : (uint64_t)moment->relative_ns > facts->duration_ns ? "after the trace"
								    : NULL;
}

/* A window that lies outside, and a selection that nothing matches, with what there is. */
static void say_what_there_is(const struct rep_run *run)
{
	const struct rep_select *select = &run->options->select;
	const struct rep_facts *facts = &run->facts;
	const char *from = outside(&select->period.from, facts),
		   *to = outside(&select->period.to, facts);
	bool is_behind = from && *from == 'a', is_before = to && *to == 'b';
	struct rep_buf what = {0};

	if (is_behind || is_before) {
		rep_buf_text(&what, is_behind ? "--from is after the trace, which lasts "
					      : "--to is before the trace, which lasts ");
		rep_buf_duration(&what, facts->duration_ns);
		if (facts->has_start) {
			rep_buf_text(&what, ": from ");
			say_second(&what, facts->start_epoch_ns);
			rep_buf_text(&what, " to ");
			say_second(&what, facts->start_epoch_ns + facts->duration_ns);
			say_zone(&what, facts->start_epoch_ns);
		}
	} else if (run->seen.n_matched) {
		return;
	} else {
		rep_buf_text(&what, "nothing matches; looked at ");
		rep_buf_u64(&what, run->seen.n_rows);
		rep_buf_text(&what, run->seen.n_rows == 1 ? " row" : " rows");
		rep_seen_describe(&run->seen, select, &what);
	}
	rep_buf_char(&what, '\0');
	if (!what.failed)
		rep_message(NULL, "notice: %s", what.data);
	rep_buf_release(&what);
}

static bool is_narrowed(const struct rep_options *options)
{
	return !rep_select_is_empty(&options->select) || options->has_min || options->outcomes;
}

static void say_of_selection(const struct rep_run *run, int result)
{
	const struct rep_options *options = run->options;

	if (!options->quiet && !result && run->input->n_read && is_narrowed(options) &&
	    options->command->traits & REP_CMD_SELECT)
		say_what_there_is(run);
}

/* True, and said: a moment that cannot be told of what is being written. */
static bool lacks_end(const struct rep_options *options, const struct rep_input *input)
{
	bool needs = options->select.period.from.needs == REP_MOMENT_NEEDS_END ||
		     options->select.period.to.needs == REP_MOMENT_NEEDS_END;

	if (!needs || !input->has_pipe)
		return false;
	rep_message(NULL,
		    "'ago' counts from a trace's end, which a pipe does not tell; give a file");
	return true;
}

static int run_command(struct rep_options *options, bool utf8)
{
	struct rep_input input;
	struct rep_out out;
	struct rep_run run = {.options = options, .input = &input, .out = &out};
	struct rep_sandbox_limits limits;
	struct rep_sandbox sandbox;
	struct rep_flow *flow;
	struct vft_err err = {0};
	int result = rep_input_open(&input, options->files, options->n_files,
				    &options->select.period, options->quiet),
	    written, status;

	limits.cpu_seconds = cpu_limit(options, &input);
	limits.memory_bytes = input.max_memory = memory_limit(options, &input);
	if (result) {
		rep_message(NULL, "%s", strerror(-result));
		rep_input_close(&input);
		return EXIT_INPUT;
	}
	status = lacks_end(options, &input) ? EXIT_USAGE : open_output(options, &input, utf8, &out);
	if (status) {
		rep_input_close(&input);
		return status;
	}
	if (!options->quiet && !rep_select_is_empty(&options->select) &&
	    !(options->command->traits & REP_CMD_SELECT))
		rep_message(NULL, "notice: %s is of the whole file: the selection changes nothing",
			    options->command->name);
	set_signals(&input);
	/* All is open, and of the inputs not a byte has been read. Landlock holds for the thread
	 * that enters and those it makes later, the filter for all that there are. */
	rep_sandbox_enter(REP_SANDBOX_LANDLOCK, NULL, &sandbox);
	flow = start_flow(&input, options->n_threads);
	rep_sandbox_enter(REP_SANDBOX_LIMITS | REP_SANDBOX_SECCOMP, &limits, &sandbox);
	result = rep_input_resolve(&input, &options->select.period);
	if (!result)
		result = options->command->run(&run, &err);
	written = rep_out_close(&out);
	say_failure(&run, result, written, &err);
	say_of_selection(&run, result);
	status = exit_status(&run, result, written);
	rep_facts_release(&run.facts);
	rep_out_release(&out);
	rep_input_close(&input);
	rep_flow_free(flow);
	return status;
}

/* With the level that an input would be read at here, found by taking it. */
static void fill_version(struct rep_out *out)
{
	struct rep_sandbox sandbox;

	rep_buf_text(&out->buf, "vfork-report " VFT_TOOL_VERSION "\n");
	rep_sandbox_enter(REP_SANDBOX_ALL, NULL, &sandbox);
	rep_sandbox_describe(&sandbox, &out->buf);
}

/* The command of that number, or behind the last where there is more. */
static void describe_command(size_t i, size_t n, int width, char ret[80])
{
	if (i < n)
		snprintf(ret, 80, "%-*s  %s", width, rep_commands[i]->name, rep_commands[i]->title);
	else
		snprintf(ret, 80, "%s", i == n ? "'COMMAND --help' says more" : "");
}

/* Two commands to a line, from top to bottom. */
static void fill_help(struct rep_buf *buf)
{
	char left[80], right[80], line[192];
	size_t n = 0, n_lines;

	while (rep_commands[n])
		n++;
	n_lines = n / 2 + 1;
	rep_buf_text(buf, help_usage);
	for (size_t i = 0; i < n_lines; i++) {
		describe_command(i, n, 7, left);
		describe_command(i + n_lines, n, 6, right);
		snprintf(line, sizeof(line), "  %-37s  %s", left, right);
		rep_buf_text(buf, line);
		while (buf->size && buf->data[buf->size - 1] == ' ')
			buf->size--;
		rep_buf_char(buf, '\n');
	}
	rep_buf_text(buf, help_options);
}

static void fill_schema(struct rep_out *out)
{
	const char *names[32];
	size_t n = 0;

	for (size_t i = 0; rep_commands[i] && n < sizeof(names) / sizeof(names[0]); i++) {
		if (rep_commands[i]->traits & REP_CMD_TABLES)
			names[n++] = rep_commands[i]->name;
	}
	rep_schema_fill(out, names, n);
}

/* Text of our own to stdout. */
static int print_own(const struct rep_options *options)
{
	struct rep_out out;
	int err;

	rep_out_init(&out, STDOUT_FILENO, &(struct rep_out_options){.format = REP_JSON});
	if (options->version)
		fill_version(&out);
	else if (options->json_schema)
		fill_schema(&out);
	else if (options->command)
		rep_buf_text(&out.buf, options->command->help);
	else
		fill_help(&out.buf);
	err = rep_out_close(&out);
	if (err)
		rep_message(NULL, "output could not be written: %s", strerror(-err));
	rep_out_release(&out);
	return err ? EXIT_INPUT : EXIT_OK;
}

/*
 * What is opened later must not become 0, 1 or 2 because the caller closed those: a notice would
 * land in the output. What stands in for them fails as a closed one does.
 */
static bool reserve_standard(void)
{
	for (int fd = 0; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) >= 0)
			continue;
		if (open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
			return false;
	}
	return true;
}

int main(int argc, char **argv)
{
	struct rep_options options;
	struct rep_buf fault = {0};
	int err, status;
	bool utf8;

	if (!reserve_standard())
		return EXIT_INPUT;
	/* The locale chooses line drawing. Widths are those of UTF-8 in any case. */
	utf8 = setlocale(LC_CTYPE, "") && strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	if (!utf8)
		setlocale(LC_CTYPE, "C.UTF-8");
	rep_message_set_utf8(utf8);
	fault.ascii_only = !utf8;
	err = rep_options_parse(argc, argv, &options, &fault);
	rep_buf_char(&fault, '\0');
	if (err) {
		rep_message(NULL, "%s",
			    err == -EINVAL && !fault.failed ? fault.data : strerror(-err));
		status = EXIT_USAGE;
	} else if (options.help || options.version || options.json_schema) {
		status = print_own(&options);
	} else {
		status = run_command(&options, utf8);
	}
	rep_options_release(&options);
	rep_buf_release(&fault);
	return status;
}

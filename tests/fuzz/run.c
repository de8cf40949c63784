/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * run - vfork-report's commands in the fuzzer's own process, as replay/main.c runs them.
 *
 * What is said of the input would flood the log: rep_message is wrapped (see meson.build) by one
 * that formats the text and drops it.
 */
#include "fuzz.h"

#include <stdarg.h>
#include <stdio.h>

#include "replay/commands/cmd.h"
#include "replay/options.h"
#include "replay/print/escape.h"

#define MAX_OUTPUT (8u << 20)

void __wrap_rep_message(const char *file, const char *fmt, ...);

__attribute__((format(printf, 2, 3))) void __wrap_rep_message(const char *file, const char *fmt,
							      ...)
{
	struct rep_buf line = {0};
	char text[512];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (file)
		rep_escape_text(&line, (struct vft_str){file, (uint32_t)strlen(file)});
	rep_buf_release(&line);
}

/* Text must reach a terminal without a control byte but our own colours. */
static void check_output(const struct rep_out *out)
{
	for (size_t i = 0; i < out->buf.size; i++) {
		unsigned char c = (unsigned char)out->buf.data[i];

		if (c == 0x7f || (c < 0x20 && c != '\n' && c != '\r' && c != '\t' &&
				  !(c == 0x1b && out->options.color)))
			abort();
	}
}

static void run_command(const struct rep_options *options, const void *data, size_t size,
			bool color, bool utf8)
{
	struct rep_out_options how = {.format = options->format,
				      .csv_safe = options->csv_safe,
				      .color = color && options->format == REP_TEXT,
				      .utf8 = utf8,
				      .max_bytes = MAX_OUTPUT};
	struct rep_input input = {
		.quiet = options->quiet, .size_bytes = size, .period = &options->select.period};
	struct rep_out out;
	struct rep_run run = {.options = options, .input = &input, .out = &out};
	struct vft_err err = {0};

	input.files = calloc(1, sizeof(*input.files));
	if (!input.files)
		return;
	input.n_files = 1;
	input.files[0].name = "fuzz.vft";
	rep_out_init(&out, -1, &how);
	if (vft_source_open_memory(data, size, &input.files[0].source, NULL) == 0 &&
	    options->command->run(&run, &err) == 0 && rep_out_close(&out) == 0)
		check_output(&out);
	rep_facts_release(&run.facts);
	rep_out_release(&out);
	rep_input_close(&input);
}

void fuzz_run(int argc, char **argv, const void *data, size_t size, bool color, bool utf8)
{
	struct rep_options options;
	struct rep_buf fault = {0};

	if (rep_options_parse(argc, argv, &options, &fault) == 0) {
		if (fault.size)
			abort(); /* a fault was said, and then not */
		if (options.command && !options.help && !options.version && !options.json_schema)
			run_command(&options, data, size, color, utf8);
	} else if (!fault.size) {
		abort();
	}
	rep_options_release(&options);
	rep_buf_release(&fault);
}

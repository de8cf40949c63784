/* SPDX-License-Identifier: BSD-2-Clause */
/* count_events FILE - how many events of each kind a trace has. The two-call way to read one. */
#include <stdio.h>

#include <vft/trace.h>

int main(int argc, char **argv)
{
	unsigned long n[VFT_KIND_MAX + 1] = {0};
	const struct vft_event *event;
	struct vft_trace *trace;
	struct vft_err err;
	int r;

	if (argc != 2) {
		fprintf(stderr, "usage: count_events FILE\n");
		return 2;
	}
	if (vft_open_path(argv[1], &trace, &err) < 0) {
		fprintf(stderr, "%s: %s\n", argv[1], err.message);
		return 3;
	}
	while ((r = vft_next_event(trace, &event, &err)) == 1)
		n[event->kind]++;
	if (r < 0)
		fprintf(stderr, "%s: %s\n", argv[1], err.message);
	for (unsigned int kind = 0; kind <= VFT_KIND_MAX; kind++)
		if (n[kind])
			printf("%s %lu\n", vft_kind_name(kind), n[kind]);
	if (vft_trace_get_n_gaps(trace))
		printf("damaged in %lu places\n", (unsigned long)vft_trace_get_n_gaps(trace));
	vft_trace_close(trace);
	return r < 0 ? 3 : 0;
}

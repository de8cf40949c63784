/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * replay - runs a fuzz target over files and folders of inputs, each also cut short, with bits
 * flipped and as the target's mutator changes it, so that the corpus is replayed in every ordinary
 * test run, without libFuzzer.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"

#define MAX_FILE_SIZE (16u << 20)
#define N_FLIPS       64

#define N_MUTATIONS 32
#define MAX_GROWTH  4096u

/* Of the targets that take a whole file: mutate.c. */
__attribute__((weak)) size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size,
						     unsigned int seed);

static unsigned int n_inputs;
static uint64_t random_state = 88172645463325252ull;

static uint64_t draw(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size)
{
	if (size < max_size && draw() % 4 == 0)
		data[size++] = (uint8_t)draw();
	for (unsigned int i = 0; size && i < 2; i++)
		data[draw() % size] ^= (uint8_t)(1u << draw() % 8);
	return size && draw() % 8 == 0 ? size - 1 : size;
}

/* Mutations that reach inside the blocks, each of the file as it is. */
static void run_mutations(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size + MAX_GROWTH);

	for (unsigned int i = 0; copy && LLVMFuzzerCustomMutator && i < N_MUTATIONS; i++) {
		memcpy(copy, data, size);
		LLVMFuzzerTestOneInput(copy, LLVMFuzzerCustomMutator(copy, size, size + MAX_GROWTH,
								     (unsigned int)draw()));
	}
	free(copy);
}

static void run(uint8_t *data, size_t size)
{
	random_state = 88172645463325252ull; /* so that no file depends on those before it */
	LLVMFuzzerTestOneInput(data, size);
	n_inputs++;
	run_mutations(data, size);
	for (unsigned int i = 0; size && i < N_FLIPS; i++) {
		size_t bit = draw() % (size * 8);

		data[bit / 8] ^= (uint8_t)(1u << (bit % 8));
		LLVMFuzzerTestOneInput(data, size - (i % 4 ? 0 : draw() % size));
		if (i % 8 == 7) /* else let damage gather */
			data[bit / 8] ^= (uint8_t)(1u << (bit % 8));
	}
}

static int run_file(const char *path)
{
	FILE *file = fopen(path, "rbe");
	uint8_t *data = malloc(MAX_FILE_SIZE);
	int r = -1;

	if (file && data) {
		size_t size = fread(data, 1, MAX_FILE_SIZE, file);

		if (!ferror(file)) {
			run(data, size);
			r = 0;
		}
	}
	if (file)
		(void)fclose(file);
	free(data);
	if (r < 0)
		(void)fprintf(stderr, "cannot read %s\n", path);
	return r;
}

/* Folders come and go with their inputs: git keeps no empty one, and a target may have no crash. */
static int run_path(const char *path)
{
	char entry_path[4096];
	struct dirent *entry;
	struct stat st;
	DIR *dir;
	int r = 0;

	if (stat(path, &st) < 0)
		return errno == ENOENT ? 0 : -1;
	if (!S_ISDIR(st.st_mode))
		return run_file(path);
	dir = opendir(path);
	if (!dir)
		return -1;
	while (r == 0 && (entry = readdir(dir))) {
		/* "expected" is what golden tests expect of the other files. */
		if (entry->d_name[0] == '.' || !strcmp(entry->d_name, "expected"))
			continue;
		(void)snprintf(entry_path, sizeof(entry_path), "%s/%s", path, entry->d_name);
		r = run_path(entry_path);
	}
	(void)closedir(dir);
	return r;
}

int main(int argc, char **argv)
{
	int r = 0;

	for (int i = 1; r == 0 && i < argc; i++)
		r = run_path(argv[i]);
	(void)printf("%u inputs\n", n_inputs);
	return r < 0 || !n_inputs;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* docs/format.md and the lists in the headers say the same. */
#include <stdio.h>

#include "trace.h"

static char *document;

static int load(void **state)
{
	const char *root = getenv("SOURCE_ROOT");
	char path[4096];
	FILE *file;
	size_t n;

	(void)snprintf(path, sizeof(path), "%s/docs/format.md", root ? root : ".");
	file = fopen(path, "rbe");
	document = calloc(1, 1 << 20);
	if (!file || !document)
		return -1;
	n = fread(document, 1, (1 << 20) - 1, file);
	(void)fclose(file);
	return n ? 0 : -1;
}

static int unload(void **state)
{
	free(document);
	return 0;
}

/* The rows of the table behind "<!-- registry: NAME -->", one by one. */
struct table {
	char *at;
};

static struct table find_table(const char *name)
{
	char marker[64];
	struct table table;

	(void)snprintf(marker, sizeof(marker), "<!-- registry: %s -->\n", name);
	table.at = strstr(document, marker);
	if (!table.at)
		fail_msg("docs/format.md has no table of %s", name);
	table.at += strlen(marker);
	for (unsigned int i = 0; i < 2; i++) /* head and rule */
		table.at = strchr(table.at, '\n') + 1;
	return table;
}

/* The next row has to be @id, @name, and @third unless that is NULL. */
static void expect(struct table *table, unsigned int id, const char *name, const char *third)
{
	unsigned int got_id = 0;
	char got_name[32] = "", got_third[256] = "";
	char *end = strchr(table->at, '\n');

	assert_non_null(end);
	*end = '\0';
	if (sscanf(table->at, "| %i | %31[a-zA-Z_0-9`] | %255[^|]", (int *)&got_id, got_name,
		   got_third) < 2)
		fail_msg("no row for %u %s: %s", id, name, table->at);
	if (got_id != id || strcmp(got_name, name))
		fail_msg("expected %u %s: %s", id, name, table->at);
	if (third && strncmp(got_third, third, strlen(third)))
		fail_msg("expected %s: %s", third, table->at);
	*end = '\n';
	table->at = end + 1;
}

static void expect_end(const struct table *table)
{
	if (*table->at == '|')
		fail_msg("a row too many: %.60s", table->at);
}

static void test_registry__columns(void **state)
{
	struct table table = find_table("columns");

#define X(id, NAME, name, ENC) expect(&table, id, "`" #name "`", #ENC " ");
	VFT_COLUMN_LIST(X)
#undef X
	expect_end(&table);
}

static void test_registry__kinds(void **state)
{
	struct table table = find_table("kinds");

	for (unsigned int kind = 1; kind <= VFT_KIND_MAX; kind++) {
		size_t n, size = 0;
		const struct vft_field *fields = vft_event_fields(kind, &n);
		char name[32], list[256] = "";

		if (!n)
			continue;
		for (size_t i = 0; i < n; i++)
			size += (size_t)snprintf(list + size, sizeof(list) - size, "%s`%s`",
						 i ? ", " : "", vft_column_name(fields[i].column));
		assert_true(size < sizeof(list));
		(void)snprintf(name, sizeof(name), "`%s`", vft_kind_name(kind));
		expect(&table, kind, name, list);
	}
	expect_end(&table);
}

#define EXPECT_NAME(id, NAME, name) expect(&table, id, "`" #name "`", NULL);

static void test_registry__states(void **state)
{
	struct table table = find_table("states");

	VFT_STATE_LIST(EXPECT_NAME)
	expect_end(&table);
}

static void test_registry__causes(void **state)
{
	struct table table = find_table("causes");

	VFT_CAUSE_LIST(EXPECT_NAME)
	expect_end(&table);
}

static void test_registry__marks(void **state)
{
	struct table table = find_table("marks");

	VFT_MARK_LIST(EXPECT_NAME)
	expect_end(&table);
}

static void test_registry__removed(void **state)
{
	struct table table = find_table("removed");

	VFT_REMOVED_LIST(EXPECT_NAME)
	expect_end(&table);
}

static void test_registry__meta(void **state)
{
	struct table table = find_table("meta");

#define X(id, NAME, member) expect(&table, id, "`" #member "`", NULL);
	VFT_META_TEXT_LIST(X)
	VFT_META_INT_LIST(X)
#undef X
	expect_end(&table);
}

static void test_registry__blocks(void **state)
{
	struct table table = find_table("blocks");

	expect(&table, VFT_BLOCK_SECTION, "SECTION", NULL);
	expect(&table, VFT_BLOCK_META, "META", NULL);
	expect(&table, VFT_BLOCK_SCHEMA, "SCHEMA", NULL);
	expect(&table, VFT_BLOCK_CLOCK, "CLOCK", NULL);
	expect(&table, VFT_BLOCK_SNAPSHOT, "SNAPSHOT", NULL);
	expect(&table, VFT_BLOCK_EVENTS, "EVENTS", NULL);
	expect(&table, VFT_BLOCK_STACKS, "STACKS", NULL);
	expect(&table, VFT_BLOCK_INDEX, "INDEX", NULL);
	expect(&table, VFT_BLOCK_END, "END", NULL);
	expect(&table, VFT_BLOCK_SEAL, "SEAL", NULL);
	expect_end(&table);
}

static void test_registry__encodings(void **state)
{
	struct table table = find_table("encodings");

	expect(&table, VFT_ENC_UINT, "UINT", NULL);
	expect(&table, VFT_ENC_SINT, "SINT", NULL);
	expect(&table, VFT_ENC_DELTA, "DELTA", NULL);
	expect(&table, VFT_ENC_TIME, "TIME", NULL);
	expect(&table, VFT_ENC_TASK, "TASK", NULL);
	expect(&table, VFT_ENC_STRING, "STRING", NULL);
	expect(&table, VFT_ENC_BYTES, "BYTES", NULL);
	expect_end(&table);
}

/* Every number has the name of its list, and no other has one. */
static void check_names(const char *(*name_of)(unsigned int id), const char *const *names, size_t n)
{
	for (unsigned int id = 0; id < n; id++) {
		const char *name = name_of(id);

		assert_int_equal(name != NULL, names[id] != NULL);
		if (name)
			assert_string_equal(name, names[id]);
	}
}

static void test_registry__names(void **state)
{
#define X(id, NAME, name) [id] = #name,
	static const char *const kinds[300] = {VFT_KIND_LIST(X)};
	static const char *const states[300] = {VFT_STATE_LIST(X)};
	static const char *const causes[300] = {VFT_CAUSE_LIST(X)};
	static const char *const marks[300] = {VFT_MARK_LIST(X)};
#undef X
#define X(id, NAME, name, ENC) [id] = #name,
	static const char *const columns[300] = {VFT_COLUMN_LIST(X)};
#undef X

	check_names(vft_kind_name, kinds, N_OF(kinds));
	check_names(vft_state_name, states, N_OF(states));
	check_names(vft_cause_name, causes, N_OF(causes));
	check_names(vft_mark_name, marks, N_OF(marks));
	check_names(vft_column_name, columns, N_OF(columns));
	for (unsigned int id = 0; id < N_OF(columns); id++)
		assert_int_equal(vft_column_encoding(id) != 0, columns[id] != NULL);
}

/* Ids are for ever: lists rise, and columns below 16 are the tables'. */
static void test_registry__ids_rise(void **state)
{
	unsigned int last = 0;

#define X(id, NAME, name, ENC)                                                                     \
	assert_true(id > last);                                                                    \
	last = id;
	VFT_COLUMN_LIST(X)
#undef X
	last = 0;
#define X(id, NAME, name)                                                                          \
	assert_true(id > last && id <= VFT_KIND_MAX);                                              \
	last = id;
	VFT_KIND_LIST(X)
#undef X
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_registry__columns),
		cmocka_unit_test(test_registry__kinds),
		cmocka_unit_test(test_registry__states),
		cmocka_unit_test(test_registry__causes),
		cmocka_unit_test(test_registry__marks),
		cmocka_unit_test(test_registry__removed),
		cmocka_unit_test(test_registry__meta),
		cmocka_unit_test(test_registry__blocks),
		cmocka_unit_test(test_registry__encodings),
		cmocka_unit_test(test_registry__names),
		cmocka_unit_test(test_registry__ids_rise),
	};

	return cmocka_run_group_tests_name("registry", tests, load, unload);
}

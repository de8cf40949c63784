/* SPDX-License-Identifier: BSD-2-Clause */
#include "format/block/schema.h"

#include <errno.h>
#include <string.h>

/* The last column that the first recorders knew. */
#define LAST_FIRST_COLUMN VFT_COL_CGROUP
#define N_FIRST_EXEC_FAIL 4u

static const uint8_t own_columns[] = {
#define X(id, NAME, name, ENC) id,
	VFT_COLUMN_LIST(X)
#undef X
};

static const uint8_t own_kinds[] = {
#define X(id, NAME, name) id,
	VFT_KIND_LIST(X)
#undef X
};

#define N_OF(array) (sizeof(array) / sizeof((array)[0]))

_Static_assert(sizeof(struct vft_event) <= 256, "a member's offset fits struct vft_step");

static int append_name(struct vft_buffer *payload, const char *name)
{
	size_t size = strlen(name);
	int r = vft_buffer_append_varint(payload, size);

	return r < 0 ? r : vft_buffer_append_bytes(payload, name, size);
}

static int append_kind(struct vft_buffer *payload, unsigned int kind)
{
	size_t n;
	const struct vft_field *fields = vft_event_fields(kind, &n);
	int r = vft_buffer_append_varint(payload, kind);

	if (r == 0)
		r = append_name(payload, vft_kind_name(kind));
	if (r == 0)
		r = vft_buffer_append_varint(payload, n);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = vft_buffer_append_varint(payload, fields[i].column);
	return r;
}

int vft_schema_encode(struct vft_buffer *payload)
{
	int r = vft_buffer_append_varint(payload, N_OF(own_columns));

	for (size_t i = 0; r == 0 && i < N_OF(own_columns); i++) {
		unsigned int column = own_columns[i];

		r = vft_buffer_append_varint(payload, column);
		if (r == 0)
			r = append_name(payload, vft_column_name(column));
		if (r == 0)
			r = vft_buffer_append_varint(payload, vft_column_encoding(column));
	}
	if (r == 0)
		r = vft_buffer_append_varint(payload, N_OF(own_kinds));
	for (size_t i = 0; r == 0 && i < N_OF(own_kinds); i++)
		r = append_kind(payload, own_kinds[i]);
	return r;
}

static bool fits(unsigned int encoding, unsigned int type)
{
	switch (encoding) {
	case VFT_ENC_UINT:
	case VFT_ENC_SINT:
	case VFT_ENC_DELTA:
	case VFT_ENC_TIME:
		return type == VFT_TYPE_U32 || type == VFT_TYPE_I32 || type == VFT_TYPE_U64;
	case VFT_ENC_TASK:
		return type == VFT_TYPE_TASK;
	case VFT_ENC_STRING:
		return type == VFT_TYPE_STR;
	default:
		return false;
	}
}

static int find_slot(const struct vft_schema *schema, uint64_t id)
{
	uint32_t low = 0, high = schema->n_columns;

	while (low < high) {
		uint32_t middle = (low + high) / 2;

		if (schema->column_ids[middle] == id)
			return (int)middle;
		if (schema->column_ids[middle] < id)
			low = middle + 1;
		else
			high = middle;
	}
	return -1;
}

/* Plan for column @id of @kind, appended to the plan being made. */
static int add_step(struct vft_schema *schema, unsigned int kind, uint64_t id)
{
	struct vft_step *step = &schema->steps[schema->n_steps];
	int slot = find_slot(schema, id);
	size_t n_fields;
	const struct vft_field *fields = vft_event_fields(kind, &n_fields);

	if (slot < 0 || id < VFT_FIRST_OWN_COLUMN)
		return -EBADMSG;
	*step = (struct vft_step){.slot = (uint8_t)slot,
				  .encoding = schema->encodings[slot],
				  .dest = VFT_DEST_NONE,
				  .bits = (uint8_t)vft_column_bits(id)};
	if (step->encoding == VFT_ENC_BYTES)
		return -EBADMSG;
	/* An encoding of a later version keeps to its own column, so leaving that one alone keeps
	 * everything else aligned. */
	if (step->encoding < VFT_ENC_UINT || step->encoding > VFT_ENC_BYTES)
		return 0;
	for (size_t i = 0; i < n_fields; i++) {
		if (fields[i].column != id || !fits(step->encoding, fields[i].type))
			continue;
		step->dest = fields[i].type;
		step->offset = (uint8_t)fields[i].offset;
	}
	schema->n_steps++;
	schema->plans[kind].n_steps++;
	return 0;
}

static int add_kind(struct vft_schema *schema, uint64_t kind)
{
	struct vft_plan *plan;

	if (kind < 1 || kind > VFT_KIND_MAX || schema->plans[kind].is_present)
		return -EBADMSG;
	plan = &schema->plans[kind];
	plan->is_present = true;
	plan->is_known = vft_kind_name((unsigned int)kind) != NULL;
	plan->first_step = (uint16_t)schema->n_steps;
	return 0;
}

/* An event without the task it is about says nothing, and readers may rely on having it: such a
 * kind is passed over like an unknown one. */
static void check_tasks(struct vft_schema *schema, unsigned int kind)
{
	struct vft_plan *plan = &schema->plans[kind];
	const struct vft_step *steps = &schema->steps[plan->first_step];
	size_t n_fields;
	const struct vft_field *fields = vft_event_fields(kind, &n_fields);

	for (size_t i = 0; i < n_fields; i++) {
		bool is_found = fields[i].type != VFT_TYPE_TASK;

		for (unsigned int j = 0; j < plan->n_steps; j++)
			is_found |= steps[j].dest == VFT_TYPE_TASK &&
				    steps[j].offset == fields[i].offset;
		plan->is_known &= is_found;
	}
}

/* Whether the rows of @kind are laid out as this version's, but for columns that came later. */
static bool is_own(struct vft_schema *schema, unsigned int kind)
{
	struct vft_plan *plan = &schema->plans[kind];
	const struct vft_step *step = &schema->steps[plan->first_step], *end = step + plan->n_steps;
	size_t n_fields;
	const struct vft_field *fields = vft_event_fields(kind, &n_fields);

	plan->lacks = 0;
	if (!plan->is_known)
		return false;
	for (size_t i = 0; i < n_fields; i++) {
		unsigned int column = fields[i].column;

		if (step < end && schema->column_ids[step->slot] == column &&
		    step->encoding == vft_column_encoding(column))
			step++;
		else
			plan->lacks |= 1ull << column;
	}
	return step == end;
}

static void find_own_kinds(struct vft_schema *schema)
{
	schema->own_kinds = 0;
	for (unsigned int kind = 1; kind <= VFT_KIND_MAX; kind++)
		if (is_own(schema, kind))
			schema->own_kinds |= 1ull << kind;
}

unsigned int vft_schema_max_absent(const struct vft_schema *schema)
{
	uint64_t lacks = 0;
	unsigned int n;

	for (unsigned int kind = 1; kind <= VFT_KIND_MAX; kind++)
		if (schema->own_kinds >> kind & 1)
			lacks |= schema->plans[kind].lacks;
	n = (unsigned int)__builtin_popcountll(lacks);
	return n < VFT_MAX_ABSENT ? n : VFT_MAX_ABSENT;
}

static uint64_t columns_of(unsigned int kind)
{
	size_t n;
	const struct vft_field *fields = vft_event_fields(kind, &n);
	uint64_t columns = 0;

	for (size_t i = 0; i < n; i++)
		columns |= 1ull << fields[i].column;
	return columns;
}

bool vft_schema_find_absent(const struct vft_schema *schema, uint64_t kinds, uint64_t *ret)
{
	uint64_t there = 0, absent = 0;

	if (kinds & ~schema->own_kinds)
		return false;
	for (; kinds; kinds &= kinds - 1) {
		unsigned int kind = (unsigned int)__builtin_ctzll(kinds);

		absent |= schema->plans[kind].lacks;
		there |= columns_of(kind) & ~schema->plans[kind].lacks;
	}
	*ret = absent;
	return !(absent & there) && (unsigned int)__builtin_popcountll(absent) <= VFT_MAX_ABSENT;
}

static int add_column(struct vft_schema *schema, uint64_t id, uint64_t encoding)
{
	uint32_t n = schema->n_columns;

	if (n == VFT_MAX_COLUMNS || id < 1 || id > UINT16_MAX || encoding < 1 ||
	    encoding > UINT8_MAX || (n && schema->column_ids[n - 1] >= id))
		return -EBADMSG;
	schema->column_ids[n] = (uint16_t)id;
	schema->encodings[n] = (uint8_t)encoding;
	schema->n_columns++;
	return 0;
}

static void reset(struct vft_schema *schema)
{
	schema->n_columns = 0;
	schema->n_steps = 0;
	schema->is_guess = false;
	memset(schema->plans, 0, sizeof(schema->plans));
}

/* exec_fail had less before anybody recorded it; the other kinds' new columns have new ids. */
static bool is_first_field(unsigned int kind, size_t n)
{
	return kind != VFT_KIND_EXEC_FAIL || n < N_FIRST_EXEC_FAIL;
}

/* Of what this version has, the columns up to @last and the kinds that have some. */
static void init(struct vft_schema *ret, unsigned int last)
{
	reset(ret);
	ret->is_guess = true;
	/* Cannot fail: a unit test reads back what vft_schema_encode writes from the same lists. */
	for (size_t i = 0; i < N_OF(own_columns); i++)
		if (own_columns[i] <= last)
			(void)add_column(ret, own_columns[i], vft_column_encoding(own_columns[i]));
	for (size_t i = 0; i < N_OF(own_kinds); i++) {
		size_t n;
		const struct vft_field *fields = vft_event_fields(own_kinds[i], &n);

		(void)add_kind(ret, own_kinds[i]);
		for (size_t j = 0; j < n; j++)
			if (fields[j].column <= last &&
			    (last == UINT8_MAX || is_first_field(own_kinds[i], j)))
				(void)add_step(ret, own_kinds[i], fields[j].column);
	}
	find_own_kinds(ret);
}

void vft_schema_init(struct vft_schema *ret)
{
	init(ret, UINT8_MAX);
}

void vft_schema_init_first(struct vft_schema *ret)
{
	init(ret, LAST_FIRST_COLUMN);
}

static void skip_name(struct vft_cursor *c)
{
	(void)vft_cursor_bytes(c, vft_cursor_varint(c));
}

int vft_schema_decode(struct vft_cursor c, struct vft_schema *ret)
{
	uint64_t n = vft_cursor_varint(&c);

	reset(ret);
	for (; n && !c.failed; n--) {
		uint64_t id = vft_cursor_varint(&c), encoding;

		skip_name(&c);
		encoding = vft_cursor_varint(&c);
		if (c.failed || add_column(ret, id, encoding) < 0)
			return -EBADMSG;
	}
	for (n = vft_cursor_varint(&c); n && !c.failed; n--) {
		uint64_t kind = vft_cursor_varint(&c), n_fields;

		skip_name(&c);
		n_fields = vft_cursor_varint(&c);
		if (c.failed || n_fields > VFT_MAX_FIELDS || add_kind(ret, kind) < 0)
			return -EBADMSG;
		for (; n_fields; n_fields--)
			if (add_step(ret, (unsigned int)kind, vft_cursor_varint(&c)) < 0)
				return -EBADMSG;
		check_tasks(ret, (unsigned int)kind);
	}
	if (c.failed)
		return -EBADMSG;
	find_own_kinds(ret); /* a later version may append more than was read */
	return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include <vft/event.h>

#include "format/block/layout.h"

#define TYPE_OF(member)                                                                            \
	_Generic(((struct vft_event *)0)->member, uint32_t: VFT_TYPE_U32, int32_t: VFT_TYPE_I32,   \
		 uint64_t: VFT_TYPE_U64, const struct vft_str *: VFT_TYPE_STR,                     \
		 const struct vft_task *: VFT_TYPE_TASK)

#define FIELD(KIND, COLUMN, member)                                                                \
	{VFT_KIND_##KIND, VFT_COL_##COLUMN, TYPE_OF(member), offsetof(struct vft_event, member)},

static const struct vft_field fields[] = {VFT_FIELD_LIST(FIELD)};

/* Where each kind's fields begin in the list above, and how many there are. */
#define ONE(KIND, COLUMN, member) +1
enum {
#define X(id, NAME, name) N_##NAME = 0 VFT_FIELDS_##NAME(ONE),
	VFT_KIND_LIST(X)
#undef X
};
#define X(id, NAME, name) FIRST_##NAME, LAST_##NAME = FIRST_##NAME + N_##NAME - 1,
enum { VFT_KIND_LIST(X) };
#undef X

static const struct {
	uint8_t first, n;
} kinds[] = {
#define X(id, NAME, name) [id] = {FIRST_##NAME, N_##NAME},
	VFT_KIND_LIST(X)
#undef X
};

#define X(id, NAME, name)                                                                          \
	_Static_assert((id) > 0 && (id) < VFT_N_KINDS, #name " fits a set of kinds");              \
	_Static_assert(N_##NAME > 0 && N_##NAME <= VFT_MAX_FIELDS, #name " has too many columns");
VFT_KIND_LIST(X)
#undef X
_Static_assert(sizeof(struct vft_event) <= 128, "an event fits two cache lines");

const struct vft_field *vft_event_fields(unsigned int kind, size_t *ret_n)
{
	if (kind >= sizeof(kinds) / sizeof(kinds[0]) || !kinds[kind].n) {
		*ret_n = 0;
		return NULL;
	}
	*ret_n = kinds[kind].n;
	return &fields[kinds[kind].first];
}

/* Each name table is a switch, so that a gap in the ids needs no thought. */
#define NAME_CASE(id, NAME, name)                                                                  \
	case id:                                                                                   \
		return #name;
#define NAME_FUNCTION(function, LIST)                                                              \
	const char *function(unsigned int id)                                                      \
	{                                                                                          \
		switch (id) {                                                                      \
			LIST(NAME_CASE)                                                            \
		default:                                                                           \
			return NULL;                                                               \
		}                                                                                  \
	}

NAME_FUNCTION(vft_kind_name, VFT_KIND_LIST)
NAME_FUNCTION(vft_state_name, VFT_STATE_LIST)
NAME_FUNCTION(vft_cause_name, VFT_CAUSE_LIST)
NAME_FUNCTION(vft_mark_name, VFT_MARK_LIST)

const char *vft_column_name(unsigned int column)
{
	switch (column) {
#define X(id, NAME, name, ENC)                                                                     \
	case id:                                                                                   \
		return #name;
		VFT_COLUMN_LIST(X)
#undef X
	default:
		return NULL;
	}
}

enum vft_encoding vft_column_encoding(unsigned int column)
{
	switch (column) {
#define X(id, NAME, name, ENC)                                                                     \
	case id:                                                                                   \
		return VFT_ENC_##ENC;
		VFT_COLUMN_LIST(X)
#undef X
	default:
		return 0;
	}
}

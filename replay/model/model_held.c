/* SPDX-License-Identifier: BSD-2-Clause */
/* What the model holds of whom rows are still to come. */
#include "replay/model/model_internal.h"

void rep_model_name_held(const struct rep_model *model, bool with_ended,
			 void (*name)(void *context, struct rep_key key), void *context)
{
	for (const struct process *at = model->first_process; at; at = at->next) {
		name(context, at->pub.key);
		name(context, at->pub.parent);
	}
	for (const struct episode *at = model->first_episode; at; at = at->next) {
		name(context, at->pub.child);
		name(context, at->pub.parent);
	}
	for (size_t i = 0; i < model->n_waiting; i++) {
		size_t place = (model->first_waiting + i) % model->waiting_capacity;
		const struct rep_episode *episode = &model->waiting[place].pub;

		if (episode->has_child_row && !with_ended)
			continue;
		name(context, episode->child);
		name(context, episode->parent);
	}
}

/* SPDX-License-Identifier: BSD-2-Clause */
#include "replay/model/pids.h"

#include <stdbool.h>
#include <string.h>

static struct pids_page *page_new(struct pids *pids)
{
	struct pids_page *page = pids->spare;

	pids->spare = NULL;
	return page ? page : calloc(1, sizeof(*page));
}

int pids_set(struct pids *pids, uint32_t pid, enum pid_role role, void *value)
{
	struct pids_page **page;
	void **slot;
	int r;

	if (pid >= PIDS_MAX) {
		bool is_new = !map_find(&pids->beyond[role], pid);

		r = map_set(&pids->beyond[role], pid, value);
		pids->n[role] += r == 0 && is_new;
		return r;
	}
	page = &pids->pages[pid / PIDS_PER_PAGE];
	if (!*page)
		*page = page_new(pids);
	if (!*page)
		return -ENOMEM;
	slot = &(*page)->slots[pid % PIDS_PER_PAGE][role];
	if (!*slot) {
		(*page)->n_used++;
		pids->n[role]++;
	}
	*slot = value;
	return 0;
}

void pids_replace(struct pids *pids, uint32_t pid, enum pid_role role, void *value)
{
	if (pid >= PIDS_MAX)
		map_place(&pids->beyond[role], pid, value);
	else
		pids->pages[pid / PIDS_PER_PAGE]->slots[pid % PIDS_PER_PAGE][role] = value;
}

void pids_remove(struct pids *pids, uint32_t pid, enum pid_role role, const void *value)
{
	struct pids_page **page;

	if (!value || pids_find(pids, pid, role) != value)
		return;
	pids->n[role]--;
	if (pid >= PIDS_MAX) {
		map_remove(&pids->beyond[role], pid, value);
		return;
	}
	page = &pids->pages[pid / PIDS_PER_PAGE];
	(*page)->slots[pid % PIDS_PER_PAGE][role] = NULL;
	if (--(*page)->n_used)
		return;
	/* One is kept: a pid that comes and goes alone would ask for it each time. */
	free(pids->spare);
	pids->spare = *page;
	*page = NULL;
}

void pids_release(struct pids *pids)
{
	for (size_t i = 0; i < PIDS_N_PAGES; i++)
		free(pids->pages[i]);
	free(pids->spare);
	for (unsigned int role = 0; role < N_PID_ROLES; role++)
		map_release(&pids->beyond[role]);
	memset(pids, 0, sizeof(*pids));
}

/*
 * A stack of pairs to visit and a hash set of pairs that were noted.
 * Called by pdf_changes.c.
 */
#include "signer/verify/pdf_walk.h"

#include <stdlib.h>
#include <string.h>

struct key {
    int id[2], generation[2];
    int role; /* + 1: 0 marks a free slot */
};

struct walk {
    struct walk_pair *todo;
    size_t todo_n, todo_cap;
    struct key *seen;
    size_t seen_n, seen_cap; /* a power of two */
};

err_t walk_new(struct walk **out)
{
    struct walk *w = calloc(1, sizeof *w);
    if (w == NULL)
        return ERR_NOMEM;
    w->seen_cap = 256;
    w->seen = calloc(w->seen_cap, sizeof *w->seen);
    if (w->seen == NULL) {
        free(w);
        return ERR_NOMEM;
    }
    *out = w;
    return OK;
}

void walk_free(struct walk **w)
{
    if (*w == NULL)
        return;
    free((*w)->todo);
    free((*w)->seen);
    free(*w);
    *w = NULL;
}

static size_t slot_of(const struct key *table, size_t cap, const struct key *k)
{
    uint64_t h = 0;
    const int parts[] = {k->id[0], k->id[1], k->generation[0], k->generation[1], k->role};
    for (size_t i = 0; i < 5; i++)
        h = (h ^ (uint32_t)parts[i]) * 0x9e3779b97f4a7c15u;
    size_t i = (size_t)(h >> 20) & (cap - 1);
    while (table[i].role != 0 && memcmp(&table[i], k, sizeof *k) != 0)
        i = (i + 1) & (cap - 1);
    return i;
}

static err_t grow_seen(struct walk *w)
{
    size_t cap = w->seen_cap * 2;
    struct key *larger = calloc(cap, sizeof *larger);
    if (larger == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < w->seen_cap; i++) {
        if (w->seen[i].role != 0)
            larger[slot_of(larger, cap, &w->seen[i])] = w->seen[i];
    }
    free(w->seen);
    w->seen = larger;
    w->seen_cap = cap;
    return OK;
}

static err_t push(struct walk *w, const struct walk_pair *p)
{
    if (w->todo_n == w->todo_cap) {
        size_t cap = w->todo_cap == 0 ? 64 : w->todo_cap * 2;
        struct walk_pair *larger = realloc(w->todo, cap * sizeof *larger);
        if (larger == NULL)
            return ERR_NOMEM;
        w->todo = larger;
        w->todo_cap = cap;
    }
    w->todo[w->todo_n++] = *p;
    return OK;
}

err_t walk_add(struct walk *w, const struct walk_pair *p)
{
    struct key k = {{p->id[0], p->id[1]}, {p->generation[0], p->generation[1]}, (int)p->role + 1};
    size_t i = slot_of(w->seen, w->seen_cap, &k);
    if (w->seen[i].role != 0)
        return OK;
    if (w->seen_n == WALK_PAIRS_MAX)
        return ERR_TOO_LARGE;
    w->seen[i] = k;
    w->seen_n++;
    if (w->seen_n * 2 > w->seen_cap)
        TRY(grow_seen(w));
    return push(w, p);
}

bool walk_next(struct walk *w, struct walk_pair *out)
{
    if (w->todo_n == 0)
        return false;
    *out = w->todo[--w->todo_n];
    return true;
}

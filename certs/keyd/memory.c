/*
 * What keyd remembers of citizens: activation nonces that were used, and wrong PINs. In memory only, bounded, each entry with an end.
 * Called by citizen.c and activate.c from several threads. A restart forgets both; PROTOCOL.md says why that is safe.
 */
#include "certs/keyd/keyd.h"

#include <stdlib.h>
#include <string.h>

#define ID_LEN 40
#define NONE UINT32_MAX

struct node {
    uint8_t id[ID_LEN];
    int64_t until;
    long tries;
    uint32_t next;
};
/* A hash table of at most max entries: buckets of linked nodes out of one array. */
struct table {
    pthread_mutex_t lock;
    struct node *nodes;
    uint32_t *buckets;
    size_t max;
    uint32_t free;
};

static err_t table_init(struct table *t, size_t max)
{
    t->nodes = calloc(max, sizeof *t->nodes);
    t->buckets = malloc(max * sizeof *t->buckets);
    if (!t->nodes || !t->buckets)
        return ERR_NOMEM;
    t->max = max;
    t->free = 0;
    for (size_t i = 0; i < max; i++) {
        t->buckets[i] = NONE;
        t->nodes[i].next = i + 1 < max ? (uint32_t)(i + 1) : NONE;
    }
    pthread_mutex_init(&t->lock, NULL);
    return OK;
}

static void table_free(struct table *t)
{
    if (t->max)
        pthread_mutex_destroy(&t->lock);
    free(t->nodes);
    free(t->buckets);
}

/* Ids are hashes or random UUIDs: mixing their bytes is enough. */
static uint32_t *bucket(struct table *t, const uint8_t id[ID_LEN])
{
    uint32_t h = 2166136261u;
    for (size_t i = 0; i < ID_LEN; i++)
        h = (h ^ id[i]) * 16777619u;
    return &t->buckets[h % t->max];
}

static void drop(struct table *t, uint32_t *link)
{
    uint32_t i = *link;
    *link = t->nodes[i].next;
    t->nodes[i].next = t->free;
    t->free = i;
}

/* Finds an entry, and clears out of its bucket what has ended. */
static struct node *find(struct table *t, const uint8_t id[ID_LEN], int64_t now)
{
    struct node *found = NULL;
    for (uint32_t *link = bucket(t, id); *link != NONE;) {
        struct node *n = &t->nodes[*link];
        if (n->until <= now) {
            drop(t, link);
            continue;
        }
        if (!memcmp(n->id, id, ID_LEN))
            found = n;
        link = &n->next;
    }
    return found;
}

static void sweep(struct table *t, int64_t now)
{
    for (size_t b = 0; b < t->max; b++)
        for (uint32_t *link = &t->buckets[b]; *link != NONE;)
            if (t->nodes[*link].until <= now)
                drop(t, link);
            else
                link = &t->nodes[*link].next;
}

/* NULL: full of what has not ended. */
static struct node *insert(struct table *t, const uint8_t id[ID_LEN], int64_t until, int64_t now)
{
    if (t->free == NONE)
        sweep(t, now);
    if (t->free == NONE)
        return NULL;
    uint32_t i = t->free, *link = bucket(t, id);
    struct node *n = &t->nodes[i];
    t->free = n->next;
    memcpy(n->id, id, ID_LEN);
    n->until = until;
    n->tries = 0;
    n->next = *link;
    *link = i;
    return n;
}

/* --- used nonces --- */

struct nonces {
    struct table t;
};

err_t nonces_new(size_t max, struct nonces **out)
{
    *out = calloc(1, sizeof **out);
    err_t e = *out ? table_init(&(*out)->t, max) : ERR_NOMEM;
    if (e != OK)
        nonces_free(out);
    return e;
}

void nonces_free(struct nonces **n)
{
    if (*n)
        table_free(&(*n)->t);
    free(*n);
    *n = NULL;
}

static void nonce_id(const uint8_t nonce[32], uint8_t id[ID_LEN])
{
    memset(id, 0, ID_LEN);
    memcpy(id, nonce, 32);
}

bool nonces_seen(struct nonces *n, const uint8_t nonce[32], int64_t now)
{
    uint8_t id[ID_LEN];
    nonce_id(nonce, id);
    pthread_mutex_lock(&n->t.lock);
    bool seen = find(&n->t, id, now) != NULL;
    pthread_mutex_unlock(&n->t.lock);
    return seen;
}

err_t nonces_use(struct nonces *n, const uint8_t nonce[32], int64_t expires, int64_t now)
{
    uint8_t id[ID_LEN];
    nonce_id(nonce, id);
    pthread_mutex_lock(&n->t.lock);
    err_t e = find(&n->t, id, now) ? ERR_KEY_ACTIVATION : insert(&n->t, id, expires, now) ? OK : ERR_BUSY;
    pthread_mutex_unlock(&n->t.lock);
    return e;
}

/* --- wrong PINs --- */

struct pins {
    struct table t;
    long tries, lock_s;
};

err_t pins_new(size_t max, long tries, long lock_s, struct pins **out)
{
    *out = calloc(1, sizeof **out);
    err_t e = *out ? table_init(&(*out)->t, max) : ERR_NOMEM;
    if (e != OK) {
        pins_free(out);
        return e;
    }
    (*out)->tries = tries;
    (*out)->lock_s = lock_s;
    return OK;
}

void pins_free(struct pins **p)
{
    if (*p)
        table_free(&(*p)->t);
    free(*p);
    *p = NULL;
}

static void pin_id(const char *credential, uint8_t id[ID_LEN])
{
    memset(id, 0, ID_LEN);
    memcpy(id, credential, strnlen(credential, ID_LEN));
}

err_t pins_try(struct pins *p, const char *credential, int64_t now)
{
    uint8_t id[ID_LEN];
    pin_id(credential, id);
    pthread_mutex_lock(&p->t.lock);
    struct node *n = find(&p->t, id, now);
    if (!n)
        n = insert(&p->t, id, now + p->lock_s, now);
    err_t e = !n ? ERR_BUSY : n->tries >= p->tries ? ERR_KEY_LOCKED : OK;
    if (e == OK) {
        n->tries++;
        n->until = now + p->lock_s; /* from the last try on: knocking on a locked door does not lengthen it */
    }
    pthread_mutex_unlock(&p->t.lock);
    return e;
}

void pins_right(struct pins *p, const char *credential)
{
    uint8_t id[ID_LEN];
    pin_id(credential, id);
    pthread_mutex_lock(&p->t.lock);
    for (uint32_t *link = bucket(&p->t, id); *link != NONE; link = &p->t.nodes[*link].next)
        if (!memcmp(p->t.nodes[*link].id, id, ID_LEN)) {
            drop(&p->t, link);
            break;
        }
    pthread_mutex_unlock(&p->t.lock);
}

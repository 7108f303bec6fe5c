/*
 * A set of identifiers with an end: buckets of eight, chosen by a keyed hash so that nobody can aim at one.
 * Called by signerd for DPoP proofs. RFC 9449 §11.1.
 */
#include "common/replay.h"
#include "common/clock.h"
#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define WAYS 8

struct entry {
    uint8_t id[SHA256_LEN];
    int64_t until; /* 0: free */
};
struct replay {
    pthread_mutex_t lock;
    uint8_t key[crypto_shorthash_KEYBYTES];
    int64_t since;
    size_t buckets;
    struct entry entry[]; /* buckets * WAYS */
};

err_t replay_open(size_t max, struct replay **out)
{
    size_t buckets = max / (WAYS / 2) + 1; /* half full at most: a bucket that overflows is rare then */
    struct replay *r = calloc(1, sizeof *r + buckets * WAYS * sizeof r->entry[0]);
    if (r == NULL)
        return ERR_NOMEM;
    pthread_mutex_init(&r->lock, NULL);
    crypto_shorthash_keygen(r->key);
    r->since = clock_now();
    r->buckets = buckets;
    *out = r;
    return OK;
}

void replay_close(struct replay **r)
{
    if (*r != NULL)
        pthread_mutex_destroy(&(*r)->lock);
    free(*r);
    *r = NULL;
}

int64_t replay_since(const struct replay *r)
{
    return r->since;
}

static err_t put(struct entry *bucket, const uint8_t id[SHA256_LEN], int64_t until, int64_t now)
{
    struct entry *room = NULL;
    for (size_t i = 0; i < WAYS; i++) {
        if (bucket[i].until <= now)
            room = &bucket[i];
        else if (memcmp(bucket[i].id, id, SHA256_LEN) == 0)
            return ERR_CONFLICT;
    }
    if (room == NULL)
        return ERR_BUSY;
    memcpy(room->id, id, SHA256_LEN);
    room->until = until;
    return OK;
}

err_t replay_once(struct replay *r, const uint8_t id[SHA256_LEN], int64_t until, int64_t now)
{
    uint64_t h;
    crypto_shorthash((uint8_t *)&h, id, SHA256_LEN, r->key);
    pthread_mutex_lock(&r->lock);
    err_t e = put(&r->entry[(size_t)(h % r->buckets) * WAYS], id, until, now);
    pthread_mutex_unlock(&r->lock);
    return e;
}

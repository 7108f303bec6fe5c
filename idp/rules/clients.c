/*
 * The cache of clients: some rows a set, what was not used for longest goes first.
 * Called through clients.h.
 *
 * A look-up that began before a change must not be kept after it was heard of: each change raises a number, and what was read under an older
 * number serves its one request and is dropped.
 */
#include "idp/rules/clients.h"
#include "common/db_listen.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define SETS 512 /* a power of two */
#define WAYS 4
#define CHANNEL "idp_client"

/* Never changed once it is in the cache; freed by the last who holds it. */
struct known {
    atomic_uint holders;
    struct client client;
    struct client_keys keys;
    struct db_rows *uris; /* kind, uri: as client_uris gives them */
};

struct clients {
    struct db_pool *db;
    struct db_listener *listener;
    pthread_mutex_t lock;            /* what follows */
    uint64_t changes;                /* how often something changed */
    struct known *place[SETS][WAYS]; /* most recently used first; NULLs last */
};

static void known_drop(struct known **kp)
{
    struct known *k = *kp;

    *kp = NULL;
    if (!k || atomic_fetch_sub(&k->holders, 1) != 1)
        return;
    client_keys_free(&k->keys);
    db_rows_free(&k->uris);
    free(k);
}

/* --- the places --- */

static struct known **set_of(struct clients *c, const char *id)
{
    uint32_t h = 2166136261u; /* FNV-1a: whoever chose ids to collide would only make itself slower */

    for (; *id; id++)
        h = (h ^ (unsigned char)*id) * 16777619u;
    return c->place[(h ^ h >> 16) % SETS];
}

/* Moves the way to the front of its set. */
static void to_front(struct known **set, size_t way)
{
    struct known *k = set[way];

    memmove(set + 1, set, way * sizeof *set);
    set[0] = k;
}

static struct known *find(struct clients *c, const char *id, uint64_t *changes)
{
    struct known *found = NULL, **set = set_of(c, id);

    pthread_mutex_lock(&c->lock);
    *changes = c->changes;
    for (size_t i = 0; i < WAYS && set[i] && !found; i++)
        if (strcmp(set[i]->client.id, id) == 0) {
            found = set[i];
            atomic_fetch_add(&found->holders, 1);
            to_front(set, i);
        }
    pthread_mutex_unlock(&c->lock);
    return found;
}

/* Keeps what was read when only so many changes had been heard of. */
static void keep(struct clients *c, struct known *k, uint64_t changes)
{
    struct known *out = k, **set = set_of(c, k->client.id);

    atomic_fetch_add(&k->holders, 1);
    pthread_mutex_lock(&c->lock);
    bool known_already = false;
    for (size_t i = 0; i < WAYS && set[i]; i++)
        known_already |= strcmp(set[i]->client.id, k->client.id) == 0;
    if (c->changes == changes && !known_already) {
        out = set[WAYS - 1];
        set[WAYS - 1] = k;
        to_front(set, WAYS - 1);
    }
    pthread_mutex_unlock(&c->lock);
    known_drop(&out);
}

static void forget(struct known **set, const char *id)
{
    for (size_t i = 0; i < WAYS && set[i]; i++)
        if (!id || strcmp(set[i]->client.id, id) == 0) {
            known_drop(&set[i]);
            memmove(set + i, set + i + 1, (WAYS - 1 - i) * sizeof *set);
            set[WAYS - 1] = NULL;
            i--;
        }
}

/* id NULL or "": all of them. */
static void on_change(void *arg, const char *id)
{
    struct clients *c = arg;

    pthread_mutex_lock(&c->lock);
    c->changes++;
    if (id && *id)
        forget(set_of(c, id), id);
    else
        for (size_t i = 0; i < SETS; i++)
            forget(c->place[i], NULL);
    pthread_mutex_unlock(&c->lock);
}

void clients_forget(struct clients *c, const char *id)
{
    on_change(c, id);
}

err_t clients_open(struct db_pool *p, const char *listen, struct clients **out)
{
    struct clients *c = calloc(1, sizeof *c);

    if (!c)
        return ERR_NOMEM;
    c->db = p;
    pthread_mutex_init(&c->lock, NULL);
    *out = c;
    return listen ? db_listener_open(listen, CHANNEL, on_change, c, &c->listener) : OK;
}

void clients_close(struct clients **cp)
{
    struct clients *c = *cp;

    *cp = NULL;
    if (!c)
        return;
    db_listener_close(&c->listener);
    on_change(c, NULL);
    pthread_mutex_destroy(&c->lock);
    free(c);
}

/* --- reading --- */

static err_t read_all(struct clients *c, const char *id, struct known **out)
{
    AUTO(known_drop) struct known *k = calloc(1, sizeof *k);

    if (!k)
        return ERR_NOMEM;
    atomic_init(&k->holders, 1);
    TRY(client_get(c->db, id, NULL, &k->client));
    TRY(client_keys_get(c->db, id, &k->keys));
    TRY(client_uris(c->db, id, &k->uris));
    *out = take(&k);
    return OK;
}

/* The client, held: known_drop when done. NULL: nothing may be kept at this moment, ask the database. */
static err_t hold(struct clients *c, const char *id, struct known **out)
{
    uint64_t changes = 0;

    *out = NULL;
    if (!c->listener || !db_listener_current(c->listener))
        return OK;
    *out = find(c, id, &changes);
    if (*out)
        return OK;
    TRY(read_all(c, id, out));
    keep(c, *out, changes);
    return OK;
}

/* Equality of bytes and nothing cleverer: a parser in this decision is where others were broken (RFC 9700 §4.1.3). */
static bool has_uri(const struct known *k, const char *kind, const char *uri)
{
    for (int i = 0; uri && i < db_count(k->uris); i++)
        if (strcmp(db_str(k->uris, i, 0), kind) == 0 && strcmp(db_str(k->uris, i, 1), uri) == 0)
            return true;
    return false;
}

err_t clients_get(struct clients *c, const char *id, const char *redirect_uri, struct client *out)
{
    AUTO(known_drop) struct known *k = NULL;

    TRY(hold(c, id, &k));
    if (!k)
        return client_get(c->db, id, redirect_uri, out);
    *out = k->client;
    out->uri_registered = has_uri(k, "redirect", redirect_uri);
    return OK;
}

err_t clients_at_hand(struct clients *c, const char *id, struct client *out)
{
    uint64_t changes;
    AUTO(known_drop) struct known *k = c->listener && db_listener_current(c->listener) ? find(c, id, &changes) : NULL;

    if (!k)
        return ERR_WAITS;
    *out = k->client;
    return OK;
}

err_t clients_keys(struct clients *c, const char *id, struct client_keys *out)
{
    AUTO(known_drop) struct known *k = NULL;

    TRY(hold(c, id, &k));
    if (!k)
        return client_keys_get(c->db, id, out);
    memcpy(out->tls_match, k->keys.tls_match, sizeof out->tls_match);
    TRY(buf_add_bytes(&out->jwks, buf_bytes(&k->keys.jwks)));
    return buf_add_bytes(&out->secret_sealed, buf_bytes(&k->keys.secret_sealed));
}

err_t clients_logout_uri(struct clients *c, const char *id, const char *uri, bool *out)
{
    AUTO(known_drop) struct known *k = NULL;

    *out = false;
    err_t e = hold(c, id, &k);
    if (e != OK)
        return e == ERR_DB_NONE ? OK : e;
    if (!k)
        return client_logout_uri_registered(c->db, id, uri, out);
    *out = k->client.active && has_uri(k, "logout", uri);
    return OK;
}

/*
 * Timestamps with their rows. Those that are asked for at the same time are committed together: while one transaction reaches the disk, the next fills.
 * Called by endpoints/tsa, rules/signing and rules/sealing. RFC 3161 §2.3: the serial number is unique, and we can show every one.
 */
#include "signer/rules/timestamping.h"

#include "signer/formats/cades.h"
#include "signer/store/timestamp.h"
#include <pthread.h>

#define GROUP_MAX 64

static const char *const purposes[] = {"tsa", "signature", "seal", "archive"};

struct job {
    struct timestamp_kind kind;
    const struct timestamp_row *rows[GROUP_MAX];
    size_t n;
};

static err_t insert_all(struct db *db, void *arg)
{
    const struct job *j = arg;
    return timestamp_insert(db, &j->kind, j->rows, j->n);
}

static void row_of(const struct key_ts_request *q, const struct key_ts_reply *r, struct timestamp_row *out)
{
    size_t len = cms_hash_len(q->alg);
    *out = (struct timestamp_row){
        .serial = BYTES(r->serial, r->serial_len),
        .gen_time = r->gen_time_us / 1000000,
        .hash = (int)(8 * len),
        .imprint = BYTES(q->imprint, len),
    };
}

/* --- group commit of the public service --- */

struct waiter {
    struct timestamp_row row;
    bool done;
    err_t e;
    struct waiter *next;
};
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t progress = PTHREAD_COND_INITIALIZER;
static struct waiter *queue; /* newest first: nobody waits longer than two transactions */
static bool committing;

/* Takes what waits and commits it. With the lock held; released meanwhile. */
static void lead(struct app *a)
{
    struct waiter *taken = NULL;
    struct job j = {.kind = {.policy = a->conf.tsa_policy, .purpose = purposes[TIMESTAMP_TSA]}};
    while (queue != NULL && j.n < GROUP_MAX) {
        struct waiter *w = queue;
        queue = w->next;
        w->next = taken;
        taken = w;
        j.rows[j.n++] = &w->row;
    }
    committing = true;
    pthread_mutex_unlock(&lock);
    err_t e = db_do(a->db, DB_AUTOCOMMIT, insert_all, &j);
    pthread_mutex_lock(&lock);
    committing = false;
    for (struct waiter *w = taken; w != NULL; w = w->next) {
        w->e = e;
        w->done = true;
    }
    pthread_cond_broadcast(&progress);
}

static err_t commit_with_others(struct app *a, struct waiter *w)
{
    pthread_mutex_lock(&lock);
    w->next = queue;
    queue = w;
    while (!w->done) {
        if (committing)
            pthread_cond_wait(&progress, &lock);
        else
            lead(a);
    }
    pthread_mutex_unlock(&lock);
    return w->e;
}

/* --- what others call --- */

err_t timestamp_public(struct app *a, const struct key_ts_request *q, struct key_ts_reply *out)
{
    TRY(key_timestamp(a->keys, q, out));
    struct waiter w = {0};
    row_of(q, out, &w.row);
    err_t e = commit_with_others(a, &w);
    if (e != ERR_DB_CONFLICT && e != ERR_DB)
        return e;
    /* One row of the group spoilt it for all: each for itself. */
    struct job own = {.kind = {.policy = a->conf.tsa_policy, .purpose = purposes[TIMESTAMP_TSA]}, .rows = {&w.row}, .n = 1};
    return db_do(a->db, DB_AUTOCOMMIT, insert_all, &own);
}

err_t timestamp_all(struct app *a, enum timestamp_use use, const struct key_ts_request *q, struct key_ts_reply *out, size_t n)
{
    struct timestamp_row rows[GROUP_MAX];
    struct job j = {.kind = {.policy = a->conf.tsa_policy, .purpose = purposes[use]}, .n = n};
    if (n == 0 || n > GROUP_MAX)
        return ERR_INTERNAL;
    for (size_t i = 0; i < n; i++) {
        TRY(key_timestamp(a->keys, &q[i], &out[i]));
        row_of(&q[i], &out[i], &rows[i]);
        j.rows[i] = &rows[i];
    }
    return db_do(a->db, DB_AUTOCOMMIT, insert_all, &j);
}

void timestamp_request_for(struct bytes signature, struct key_ts_request *out)
{
    *out = (struct key_ts_request){.alg = CMS_SHA256, .cert_req = true};
    cades_signature_digest(signature, out->imprint);
}

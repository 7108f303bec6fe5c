/*
 * Idempotency keys.
 * Called by endpoints/dossiers, submit and credentials.
 */
#include "signer/rules/idempotency.h"

#include "signer/errors.h"
#include "signer/store/idempotency.h"
#include <string.h>

#define KEY_MAX 255

struct job {
    const struct idempotent *i;
    struct idempotency_id id;
    int status;
    struct buf *answer;
};

/* ERR_DB_NONE: never seen. */
static err_t replay(struct db *db, void *arg)
{
    struct job *j = arg;
    struct idempotency_row row = {0};
    err_t e = idempotency_get(db, &j->id, &row);
    if (e == OK && memcmp(row.request, j->i->request, sizeof row.request) != 0)
        e = ERR_IDEMPOTENCY_REUSED;
    if (e == OK) {
        j->status = row.status;
        buf_free(j->answer);
        *j->answer = take(&row.answer);
    }
    buf_free(&row.answer);
    return e;
}

static err_t first_time(struct db *db, void *arg)
{
    struct job *j = arg;
    AUTO_JSON answer = NULL;
    TRY(j->i->fn(db, j->i->arg, &answer));
    struct idempotency_row row = {.status = j->i->status};
    memcpy(row.request, j->i->request, sizeof row.request);
    err_t e = json_text(answer, &row.answer);
    if (e == OK)
        e = idempotency_insert(db, &j->id, &row);
    if (e == OK) {
        j->status = row.status;
        buf_free(j->answer);
        *j->answer = take(&row.answer);
    }
    buf_free(&row.answer);
    return e;
}

static bool key_ok(const char *key)
{
    size_t n = strlen(key);
    for (size_t k = 0; k < n; k++)
        if (key[k] < 0x21 || key[k] > 0x7e)
            return false;
    return n >= 1 && n <= KEY_MAX;
}

err_t idempotent_do(struct db_pool *db, const struct idempotent *i, int *status, struct buf *answer)
{
    if (i->key == NULL || !key_ok(i->key))
        return ERR_IDEMPOTENCY_MISSING;
    struct job j = {
        .i = i,
        .id = {.client_id = i->caller->client_id, .subject = i->caller->sub, .key = i->key},
        .answer = answer,
    };
    err_t e = db_do(db, DB_AUTOCOMMIT, replay, &j);
    if (e == ERR_DB_NONE)
        e = db_do(db, DB_TX, first_time, &j);
    if (e == ERR_DB_CONFLICT || e == ERR_DOSSIER_STATE) { /* the same request was faster, perhaps */
        err_t again = db_do(db, DB_AUTOCOMMIT, replay, &j);
        e = again != ERR_DB_NONE ? again : e == ERR_DB_CONFLICT ? ERR_IDEMPOTENCY_RACE : e;
    }
    *status = j.status;
    return e;
}

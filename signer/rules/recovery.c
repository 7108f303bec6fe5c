/*
 * Recovery and housekeeping.
 * Called by main(), rules/signing and endpoints/sign.
 */
#include "signer/rules/recovery.h"

#include "common/log.h"
#include "common/ticker.h"
#include "signer/rules/content.h"
#include "signer/store/component.h"
#include "signer/store/credential.h"
#include "signer/store/dossier.h"
#include "signer/store/idempotency.h"
#include "signer/store/signing.h"
#include "signer/store/web_session.h"
#include <inttypes.h>
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static bool done;

struct job {
    const char *instance;
    int64_t dossiers;
};

static err_t recover(struct db *db, void *arg)
{
    struct job *j = arg;
    TRY(dossier_recover(db, j->instance, &j->dossiers));
    return credential_abandon_pending(db, j->instance);
}

static err_t run(struct app *a, const char *instance)
{
    struct job j = {.instance = instance};
    TRY(db_do(a->db, DB_TX, recover, &j));
    if (j.dossiers > 0)
        log_event(LOG_WARNING, "recovery", "%" PRId64 " half-signed dossiers wait for their signature again", j.dossiers);
    return OK;
}

err_t recovery_ensure(struct app *a)
{
    pthread_mutex_lock(&lock);
    err_t e = done ? OK : run(a, a->conf.instance);
    done = done || e == OK;
    pthread_mutex_unlock(&lock);
    return e;
}

err_t recovery_touch(struct app *a)
{
    return run(a, NULL);
}

/* --- what is owed --- */

#define OWED_MAX 64 /* more are left to their leases */

struct owed {
    char dossier[UUID_LEN + 1], session[UUID_LEN + 1];
};
static struct owed owed[OWED_MAX];
static size_t owed_n;

void recovery_owe(const char *dossier, const char *session)
{
    pthread_mutex_lock(&lock);
    if (owed_n < OWED_MAX) {
        snprintf(owed[owed_n].dossier, sizeof owed[owed_n].dossier, "%s", dossier);
        snprintf(owed[owed_n].session, sizeof owed[owed_n].session, "%s", session);
        owed_n++;
    }
    pthread_mutex_unlock(&lock);
}

static err_t give_back(struct db *db, void *arg)
{
    const struct owed *o = arg;
    err_t e = dossier_end_signing(db, o->dossier, o->session);
    return e == ERR_DB_NONE ? OK : e; /* sealed after all, or recovered by somebody */
}

static bool pay(struct app *a)
{
    for (;;) {
        struct owed o = {0};
        pthread_mutex_lock(&lock);
        bool any = owed_n > 0;
        if (any)
            o = owed[owed_n - 1];
        pthread_mutex_unlock(&lock);
        if (!any)
            return true;
        if (db_do(a->db, DB_AUTOCOMMIT, give_back, &o) != OK)
            return false;
        pthread_mutex_lock(&lock); /* others may have been added behind it meanwhile */
        for (size_t i = 0; i < owed_n; i++)
            if (strcmp(owed[i].session, o.session) == 0)
                owed[i--] = owed[--owed_n];
        pthread_mutex_unlock(&lock);
    }
}

/* --- the housekeeper --- */

struct housekeeper {
    struct app *app;
    struct ticker *ticker;
    bool recovered;
    unsigned second;
};

#define SWEEP_SECONDS 60

static err_t sweep(struct db *db, void *arg)
{
    (void)arg;
    TRY(web_session_expire(db));
    TRY(signing_session_expire(db));
    return idempotency_expire(db);
}

/* --- the content store, one shard after the other --- */

#define SHARD_SECONDS 15 /* all of them in a good hour */

struct question {
    uint8_t sha256[SHA256_LEN];
    bool used;
};

static err_t ask_used(struct db *db, void *arg)
{
    struct question *q = arg;
    return component_uses(db, q->sha256, &q->used);
}

static err_t is_used(void *arg, const uint8_t sha256[SHA256_LEN], bool *used)
{
    struct app *a = arg;
    struct question q = {.used = true};
    memcpy(q.sha256, sha256, sizeof q.sha256);
    TRY(db_do(a->db, DB_AUTOCOMMIT, ask_used, &q));
    *used = q.used;
    return OK;
}

/* Every second, once recovery is through. */
static int64_t keep_house(void *arg)
{
    struct housekeeper *h = arg;

    if (!h->recovered) {
        h->recovered = recovery_ensure(h->app) == OK;
        return h->recovered ? 1000 : 2000;
    }
    unsigned second = ++h->second;
    (void)pay(h->app); /* tried again in a second */
    if (second % SHARD_SECONDS == 0 &&
        content_sweep(h->app->content, second / SHARD_SECONDS, h->app->conf.unused_days * 86400, is_used, h->app) != OK)
        log_event(LOG_WARNING, "content_store", "a shard could not be swept; the next round will");
    if (second % SWEEP_SECONDS == 0)
        (void)malloc_trim(0); /* what a large dossier took goes back to the system */
    if (second % SWEEP_SECONDS == 0 && (recovery_touch(h->app) != OK || db_do(h->app->db, DB_AUTOCOMMIT, sweep, NULL) != OK))
        log_event(LOG_WARNING, "recovery", "could not clean up; the next round will");
    return 1000;
}

err_t housekeeper_start(struct app *a, struct housekeeper **out)
{
    struct housekeeper *h = calloc(1, sizeof *h);

    if (h == NULL)
        return ERR_NOMEM;
    h->app = a;
    err_t e = ticker_open(keep_house, h, 0, &h->ticker);
    if (e != OK) {
        free(h);
        return e;
    }
    *out = h;
    return OK;
}

void housekeeper_stop(struct housekeeper **h)
{
    if (*h == NULL)
        return;
    ticker_close(&(*h)->ticker);
    free(*h);
    *h = NULL;
}

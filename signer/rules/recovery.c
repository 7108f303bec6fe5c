/*
 * Recovery and housekeeping.
 * Called by main(), rules/signing and endpoints/sign.
 */
#include "signer/rules/recovery.h"

#include "common/log.h"
#include "signer/store/credential.h"
#include "signer/store/dossier.h"
#include "signer/store/idempotency.h"
#include "signer/store/signing.h"
#include "signer/store/web_session.h"
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

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

/* --- the housekeeper --- */

struct housekeeper {
    struct app *app;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool stop;
};

static err_t sweep(struct db *db, void *arg)
{
    (void)arg;
    TRY(web_session_expire(db));
    TRY(signing_session_expire(db));
    return idempotency_expire(db);
}

/* False when it is time to stop. */
static bool wait_for(struct housekeeper *h, int seconds)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += seconds;
    pthread_mutex_lock(&h->lock);
    while (!h->stop && pthread_cond_timedwait(&h->wake, &h->lock, &until) == 0)
        continue;
    bool go_on = !h->stop;
    pthread_mutex_unlock(&h->lock);
    return go_on;
}

static void *keep_house(void *arg)
{
    struct housekeeper *h = arg;
    while (recovery_ensure(h->app) != OK)
        if (!wait_for(h, 2))
            return NULL;
    while (wait_for(h, 60))
        if (recovery_touch(h->app) != OK || db_do(h->app->db, DB_AUTOCOMMIT, sweep, NULL) != OK)
            log_event(LOG_WARNING, "recovery", "could not clean up; the next round will");
    return NULL;
}

err_t housekeeper_start(struct app *a, struct housekeeper **out)
{
    struct housekeeper *h = calloc(1, sizeof *h);
    if (h == NULL)
        return ERR_NOMEM;
    h->app = a;
    pthread_mutex_init(&h->lock, NULL);
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&h->wake, &attr);
    pthread_condattr_destroy(&attr);
    if (pthread_create(&h->thread, NULL, keep_house, h) != 0) {
        free(h);
        return ERR_NOMEM;
    }
    *out = h;
    return OK;
}

void housekeeper_stop(struct housekeeper **h)
{
    if (*h == NULL)
        return;
    pthread_mutex_lock(&(*h)->lock);
    (*h)->stop = true;
    pthread_cond_signal(&(*h)->wake);
    pthread_mutex_unlock(&(*h)->lock);
    pthread_join((*h)->thread, NULL);
    pthread_cond_destroy(&(*h)->wake);
    pthread_mutex_destroy(&(*h)->lock);
    free(*h);
    *h = NULL;
}

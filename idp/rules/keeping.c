/*
 * Partitions by time, kept by a thread that wakes every hour.
 * Called by app.c, endpoints/site.c and antin-idpctl.
 */
#include "idp/rules/keeping.h"
#include "common/clock.h"
#include "common/log.h"
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#define EVERY_S 3600
#define AGAIN_S 5 /* after a failure */
#define DROPS_MAX 1000

struct keeper {
    struct db_pool *db;
    struct partition_lives lives;
    pthread_t thread;
    pthread_mutex_t lock; /* what follows */
    pthread_cond_t wake;
    bool stop, ready;
};

err_t keep_once(struct db_pool *db, const struct partition_lives *lives, struct kept *out)
{
    char name[64];
    err_t e = OK;

    *out = (struct kept){0};
    TRY(partitions_make(db, lives, &out->made));
    for (int i = 0; i < DROPS_MAX && e == OK; i++) {
        e = partition_drop(db, name);
        if (e == OK) {
            out->dropped++;
            log_event(LOG_INFO, "partition.dropped", "%s", name);
        }
    }
    if (e != OK && e != ERR_DB_NONE && e != ERR_BUSY)
        return e;
    return consents_expire(db, &out->consents);
}

static bool work(struct keeper *k)
{
    struct kept kept;

    err_t e = keep_once(k->db, &k->lives, &kept);
    if (e != OK)
        log_event(LOG_WARNING, "partitions", "%s", err_info(e)->name);
    else if (kept.made > 0)
        log_event(LOG_INFO, "partitions", "%lld made", (long long)kept.made);
    return e == OK;
}

static void *run(void *arg)
{
    struct keeper *k = arg;

    pthread_mutex_lock(&k->lock);
    while (!k->stop) {
        pthread_mutex_unlock(&k->lock);
        bool done = work(k);
        pthread_mutex_lock(&k->lock);
        k->ready = k->ready || done;
        int64_t end = clock_mono_us() + (done ? EVERY_S : AGAIN_S) * 1000000LL;
        struct timespec until = {.tv_sec = end / 1000000, .tv_nsec = end % 1000000 * 1000};
        while (!k->stop && pthread_cond_timedwait(&k->wake, &k->lock, &until) != ETIMEDOUT)
            continue;
    }
    pthread_mutex_unlock(&k->lock);
    return NULL;
}

err_t keeper_open(struct db_pool *db, const struct partition_lives *lives, struct keeper **out)
{
    struct keeper *k = calloc(1, sizeof *k);
    pthread_condattr_t attr;

    if (!k)
        return ERR_NOMEM;
    k->db = db;
    k->lives = *lives;
    pthread_mutex_init(&k->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&k->wake, &attr);
    pthread_condattr_destroy(&attr);
    if (pthread_create(&k->thread, NULL, run, k) != 0) {
        free(k);
        return ERR_NOMEM;
    }
    *out = k;
    return OK;
}

void keeper_close(struct keeper **k)
{
    if (!*k)
        return;
    pthread_mutex_lock(&(*k)->lock);
    (*k)->stop = true;
    pthread_cond_signal(&(*k)->wake);
    pthread_mutex_unlock(&(*k)->lock);
    pthread_join((*k)->thread, NULL);
    pthread_mutex_destroy(&(*k)->lock);
    pthread_cond_destroy(&(*k)->wake);
    free(*k);
    *k = NULL;
}

bool keeper_ready(struct keeper *k)
{
    pthread_mutex_lock(&k->lock);
    bool ready = k->ready;
    pthread_mutex_unlock(&k->lock);
    return ready;
}

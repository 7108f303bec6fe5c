/*
 * The pool of connections, and db_do: the one place where work is retried.
 * Called by endpoints and rules through db_do; connections are db_conn.c's.
 */
#include "common/db.h"

#include "common/clock.h"
#include "common/db_conn.h"
#include "common/log.h"
#include "common/secret.h"
#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define RETRIES 3
#define STATEMENT_MS_DEFAULT 10000
/* After a failed connect the others need not each wait for theirs to fail. */
#define DOWN_PAUSE_US 100000

struct db_pool {
    char *conninfo;
    const struct db_stmt *const *stmts;
    unsigned size;
    unsigned wait_ms;
    pthread_mutex_t lock;
    pthread_cond_t returned;
    int64_t down_until; /* clock_mono_us; under lock */
    unsigned nfree;     /* under lock */
    struct db **free;   /* a stack: the connection used last goes out first, the others may idle */
    struct db *all;
};

/* Condition variables wait on the monotonic clock: a step of wall time must not end or prolong a wait. */
static bool init_sync(struct db_pool *p)
{
    pthread_condattr_t attr;
    if (pthread_condattr_init(&attr) != 0)
        return false;
    bool ok = pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) == 0 && pthread_cond_init(&p->returned, &attr) == 0;
    pthread_condattr_destroy(&attr);
    if (ok && pthread_mutex_init(&p->lock, NULL) != 0) {
        pthread_cond_destroy(&p->returned);
        ok = false;
    }
    return ok;
}

static void pool_memory_free(struct db_pool *p)
{
    free(p->conninfo);
    free(p->free);
    free(p->all);
    free(p);
}

err_t db_pool_open(const struct db_pool_conf *conf, struct db_pool **out)
{
    assert(conf->size > 0);
    struct db_pool *p = calloc(1, sizeof *p);
    if (p == NULL)
        return ERR_NOMEM;
    p->conninfo = strdup(conf->conninfo);
    p->all = calloc(conf->size, sizeof *p->all);
    p->free = calloc(conf->size, sizeof(struct db *));
    if (p->conninfo == NULL || p->all == NULL || p->free == NULL || !init_sync(p)) {
        pool_memory_free(p);
        return ERR_NOMEM;
    }
    p->stmts = conf->stmts;
    p->size = conf->size;
    p->wait_ms = conf->wait_ms;
    for (unsigned i = 0; i < p->size; i++) {
        p->all[i].statement_ms = conf->statement_ms != 0 ? conf->statement_ms : STATEMENT_MS_DEFAULT;
        p->free[p->nfree++] = &p->all[i];
    }
    *out = p;
    return OK;
}

void db_pool_close(struct db_pool **pp)
{
    struct db_pool *p = *pp;
    if (p == NULL)
        return;
    assert(p->nfree == p->size); /* nobody may still work */
    for (unsigned i = 0; i < p->size; i++)
        db_conn_close(&p->all[i]);
    pthread_cond_destroy(&p->returned);
    pthread_mutex_destroy(&p->lock);
    pool_memory_free(p);
    *pp = NULL;
}

static struct timespec mono_after_ms(unsigned ms)
{
    int64_t us = clock_mono_us() + (int64_t)ms * 1000;
    return (struct timespec){.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};
}

/* Takes a slot; it may hold no connection yet. */
static err_t take_slot(struct db_pool *p, struct db **out)
{
    struct timespec until = mono_after_ms(p->wait_ms);
    int rc = 0;
    pthread_mutex_lock(&p->lock);
    while (p->nfree == 0 && rc == 0)
        rc = pthread_cond_timedwait(&p->returned, &p->lock, &until);
    bool got = p->nfree > 0;
    if (got)
        *out = p->free[--p->nfree];
    pthread_mutex_unlock(&p->lock);
    return got ? OK : ERR_BUSY;
}

static void give_back(struct db_pool *p, struct db *db)
{
    if (db->pg != NULL && (db->broken || PQtransactionStatus(db->pg) != PQTRANS_IDLE))
        db_conn_close(db);
    pthread_mutex_lock(&p->lock);
    p->free[p->nfree++] = db;
    pthread_cond_signal(&p->returned);
    pthread_mutex_unlock(&p->lock);
}

static err_t connect_slot(struct db_pool *p, struct db *db)
{
    pthread_mutex_lock(&p->lock);
    bool down = clock_mono_us() < p->down_until;
    pthread_mutex_unlock(&p->lock);
    if (down)
        return ERR_DB_DOWN;
    err_t e = db_conn_open(db, p->conninfo, p->stmts);
    pthread_mutex_lock(&p->lock);
    p->down_until = e == OK ? 0 : clock_mono_us() + DOWN_PAUSE_US;
    pthread_mutex_unlock(&p->lock);
    return e;
}

static err_t lend(struct db_pool *p, struct db **out)
{
    struct db *db = NULL;
    TRY(take_slot(p, &db));
    if (!db_conn_usable(db)) {
        err_t e = connect_slot(p, db);
        if (e != OK) {
            give_back(p, db);
            return e;
        }
    }
    *out = db;
    return OK;
}

static err_t commit(struct db *db)
{
    char tag[DB_TAG_CAP];
    TRY(db_conn_command(db, "COMMIT", tag));
    /* The server answers COMMIT of a failed transaction with ROLLBACK: fn went on after an error and called it success. */
    if (strcmp(tag, "COMMIT") != 0) {
        log_event(LOG_ERROR, "db_fault", "a failed transaction was to be committed");
        return ERR_DB;
    }
    return OK;
}

static err_t run_once(struct db *db, enum db_mode mode, db_fn *fn, void *arg)
{
    db->sent = false;
    if (mode == DB_AUTOCOMMIT)
        return fn(db, arg);
    TRY(db_conn_command(db, "BEGIN", NULL));
    err_t e = fn(db, arg);
    if (e == OK && db->broken)
        e = ERR_DB_DOWN;
    if (e == OK)
        return commit(db);
    if (!db->broken && db_conn_command(db, "ROLLBACK", NULL) != OK)
        db->broken = true;
    return e;
}

/* Two that met in a deadlock should not meet again: a short wait of random length, longer each time. */
static void pause_before(int attempt)
{
    uint8_t r;
    random_bytes(&r, sizeof r);
    struct timespec t = {.tv_nsec = (1 + r % 8) * 1000000L * (1L << attempt)};
    nanosleep(&t, NULL);
}

err_t db_do(struct db_pool *p, enum db_mode mode, db_fn *fn, void *arg)
{
    struct db *db = NULL;
    TRY(lend(p, &db));
    err_t e;
    bool replaced = false;
    for (int attempt = 0;;) {
        e = run_once(db, mode, fn, arg);
        if (e == ERR_DB_RETRY && !db->broken && attempt < RETRIES) {
            pause_before(attempt++);
            continue;
        }
        if (db->broken && !db->sent && !replaced) { /* it broke before anything of fn went out */
            replaced = true;
            e = connect_slot(p, db);
            if (e == OK)
                continue;
        }
        break;
    }
    give_back(p, db);
    return e;
}

static err_t select_one(struct db *db, void *arg)
{
    (void)arg;
    return db_conn_command(db, "SELECT 1", NULL);
}

bool db_pool_alive(struct db_pool *p)
{
    err_t e = db_do(p, DB_AUTOCOMMIT, select_one, NULL);
    return e == OK || e == ERR_BUSY; /* all connections at work: the database lives */
}

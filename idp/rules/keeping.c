/*
 * Partitions by time, kept by a thread that wakes every hour.
 * Called by app.c, endpoints/site.c and antin-idpctl.
 */
#include "idp/rules/keeping.h"
#include "common/log.h"
#include "common/ticker.h"
#include <stdatomic.h>
#include <stdlib.h>

#define EVERY_MS (3600 * 1000)
#define AGAIN_MS 5000 /* after a failure */
#define DROPS_MAX 1000

struct keeper {
    struct db_pool *db;
    struct partition_lives lives;
    struct ticker *ticker;
    atomic_bool ready;
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

static int64_t work(void *arg)
{
    struct keeper *k = arg;
    struct kept kept;

    err_t e = keep_once(k->db, &k->lives, &kept);
    if (e != OK) {
        log_event(LOG_WARNING, "partitions", "%s", err_info(e)->name);
        return AGAIN_MS;
    }
    if (kept.made > 0)
        log_event(LOG_INFO, "partitions", "%lld made", (long long)kept.made);
    k->ready = true;
    return EVERY_MS;
}

err_t keeper_open(struct db_pool *db, const struct partition_lives *lives, struct keeper **out)
{
    struct keeper *k = calloc(1, sizeof *k);

    if (!k)
        return ERR_NOMEM;
    k->db = db;
    k->lives = *lives;
    err_t e = ticker_open(work, k, 0, &k->ticker);
    if (e != OK) {
        free(k);
        return e;
    }
    *out = k;
    return OK;
}

void keeper_close(struct keeper **k)
{
    if (!*k)
        return;
    ticker_close(&(*k)->ticker);
    free(*k);
    *k = NULL;
}

bool keeper_ready(struct keeper *k)
{
    return k->ready;
}

/*
 * Keeping the tables that are cut by time: partitions are made before they are needed and dropped when they are over. In the daemon by a thread of its own,
 * by hand with antin-idpctl maintain.
 * Opened by app.c.
 */
#ifndef ANTIN_IDP_RULES_KEEPING_H
#define ANTIN_IDP_RULES_KEEPING_H

#include "idp/store/partition.h"

struct kept {
    int64_t made, dropped, consents;
};
/* Once, now. Several processes may do it at the same time: one after the other. What somebody reads just now stays until the next time. */
err_t keep_once(struct db_pool *db, const struct partition_lives *lives, struct kept *out) MUST_USE;

struct keeper;
/* Starts the thread: at once, then every hour; after a failure (the database is away) every few seconds. */
err_t keeper_open(struct db_pool *db, const struct partition_lives *lives, struct keeper **out) MUST_USE;
void keeper_close(struct keeper **k);
/* Whether it has succeeded since the start: before that, a new row might have no place. */
bool keeper_ready(struct keeper *k);

#endif

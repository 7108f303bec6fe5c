/*
 * Partitions by time: making them ahead, dropping what is over. The functions are the owner's (schema/idp/0007): the daemon's own role makes and drops nothing.
 * Called by rules/keeping.c.
 */
#ifndef ANTIN_IDP_STORE_PARTITION_H
#define ANTIN_IDP_STORE_PARTITION_H

#include "idp/store/store.h"

/* How long rows live at most, in seconds; the database adds a step. */
struct partition_lives {
    int64_t grant, session, request;
};
err_t partitions_make(struct db_pool *p, const struct partition_lives *lives, int64_t *made) MUST_USE;
/* One of those whose time is over. ERR_DB_NONE: there is none (any more). ERR_BUSY: somebody reads it just now; later. */
err_t partition_drop(struct db_pool *p, char name[64]) MUST_USE;
/* Consents that ended: one row a person and client, written over by the next, so there is no table of them to drop. */
err_t consents_expire(struct db_pool *p, int64_t *n) MUST_USE;

#endif

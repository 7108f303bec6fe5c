/*
 * What all stores share: one statement in its own transaction (several changes go together in CTEs), and copying text into fixed fields.
 * Called by store/ files only.
 */
#ifndef ANTIN_IDP_STORE_H
#define ANTIN_IDP_STORE_H

#include "common/db.h"
#include "idp/errors.h"

#define HASH_LEN 32 /* SHA-256 of a cookie or code, or a keyed hash */
/* How a table that is cut by time knows a name: 48 bits of time, which the name carries in front, and its SHA-256. */
#define TIME_PREFIX_LEN 6
#define TIMED_KEY_LEN (TIME_PREFIX_LEN + HASH_LEN)

/* As db_query and db_one, on a connection of the pool. */
err_t store_query(struct db_pool *p, const struct db_stmt *s, const struct db_param *params, struct db_rows **rows) MUST_USE;
err_t store_one(struct db_pool *p, const struct db_stmt *s, const struct db_param *params, struct db_rows **rows) MUST_USE;

/* Copies a column into a fixed field; ERR_DB when it does not fit (the schema should have seen to it). */
err_t store_text(const struct db_rows *r, int row, int col, char *out, size_t cap) MUST_USE;

/* The same of bytes; *n: how many, 0 for NULL. */
err_t store_bytes(const struct db_rows *r, int row, int col, uint8_t *out, size_t cap, size_t *n) MUST_USE;

#define HASH_PARAM(h) DB_BYTES(BYTES((h), HASH_LEN))
#define TIMED_PARAM(k) DB_BYTES(BYTES((k), TIMED_KEY_LEN))

#endif

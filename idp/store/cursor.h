/*
 * Where a long list goes on: the last row's time and id. Such a page costs the same wherever it is, and rows that come meanwhile shift nothing.
 * Called by store/ files whose lists have pages, and by their rules.
 */
#ifndef ANTIN_IDP_STORE_CURSOR_H
#define ANTIN_IDP_STORE_CURSOR_H

#include "common/secret.h"
#include "idp/store/store.h"

struct cursor {
    int64_t us; /* microseconds since 1970 */
    char id[UUID_LEN + 1];
};
#define CURSOR_CAP (20 + 1 + UUID_LEN + 1)

/* "<microseconds>.<uuid>"; ERR_SYNTAX for anything else. */
err_t cursor_read(const char *text, struct cursor *out) MUST_USE;
void cursor_write(const struct cursor *c, char out[CURSOR_CAP]);
/* A UUID as the database writes it. */
bool uuid_ok(const char *text);

/* Two parameters; NULL when the list begins. */
#define CURSOR_PARAMS(c) (c) ? DB_INT((c)->us) : DB_NULL, DB_TEXT((c) ? (c)->id : NULL)
/* For SQL: a time column in microseconds, and back. */
#define SQL_US(column) "(extract(epoch FROM " column ") * 1000000)::bigint"
#define SQL_AT(us) "timestamptz 'epoch' + " us "::bigint * interval '1 microsecond'"

#endif

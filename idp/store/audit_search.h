/*
 * Reading the audit log.
 * Called by rules/audit_search.c.
 */
#ifndef ANTIN_IDP_STORE_AUDIT_SEARCH_H
#define ANTIN_IDP_STORE_AUDIT_SEARCH_H

#include "idp/store/cursor.h"

/* What to look for; NULL and 0: whatever. */
struct audit_query {
    const char *event, *family; /* one name, or how names begin ("login.") */
    const char *account, *by, *client;
    int64_t from, to;           /* seconds; from is in, to is not */
    const struct cursor *after; /* older than this row */
    int64_t limit;
};
/*
 * id, at, event, account_id, client_id, detail, by_account, by_client, by_operator, request_id, at in microseconds; the newest first. ERR_BUSY: the
 * database needed too long.
 */
err_t audit_search_rows(struct db_pool *p, const struct audit_query *q, struct db_rows **rows) MUST_USE;

#endif

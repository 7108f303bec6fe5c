/*
 * Questions to the audit log, as people put them, and the answers as JSON, CSV or lines.
 * Called by endpoints/admin_audit.c and antin-idpctl. RFC 4180 (CSV).
 */
#ifndef ANTIN_IDP_RULES_AUDIT_SEARCH_H
#define ANTIN_IDP_RULES_AUDIT_SEARCH_H

#include "common/json.h"
#include "idp/store/audit_search.h"

/* As typed; each may be NULL. event: a name, or a family of names ("login.*"). from, to: RFC 3339. after: where a page ended. */
struct audit_words {
    const char *event, *account, *by, *client, *from, *to, *after;
};
struct audit_wish {
    struct audit_query query;
    char family[65];
    struct cursor after;
};
/* ERR_SYNTAX: *fault names the word that will not do. out->query borrows from in and out. */
err_t audit_wish_read(const struct audit_words *in, int64_t limit, struct audit_wish *out, const char **fault) MUST_USE;

/* *out: an array of events. next: where the following page begins; "" at the end. */
err_t audit_search(struct db_pool *p, const struct audit_query *q, json_t **out, char next[CURSOR_CAP]) MUST_USE;

/* The same for machines: one JSON object a line, or CSV with a line of names. */
err_t audit_lines(const json_t *events, struct buf *out) MUST_USE;
err_t audit_csv(const json_t *events, struct buf *out) MUST_USE;

#endif

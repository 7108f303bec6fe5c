/*
 * Table seen: client assertions and DPoP proofs that were used. A request brings two at most.
 * Called by rules/proofs.c and rules/upstream_flow.c, and by the statements of store/grant.c and store/refresh.c, which use them up in the same breath.
 */
#ifndef ANTIN_IDP_STORE_SEEN_H
#define ANTIN_IDP_STORE_SEEN_H

#include "idp/store/store.h"

struct proof {
    bool there;
    uint8_t id[HASH_LEN];
    int64_t until; /* then it would be refused for its age */
};
/* What a request proves itself with: checked, not used up yet. Who uses them up empties this. */
struct proofs {
    struct proof assertion, dpop;
};
enum proofs_outcome { PROOFS_FRESH, PROOFS_ASSERTION_USED, PROOFS_DPOP_USED };

/*
 * The first CTEs of a statement that takes proofs, as PROOFS_PARAMS gives them from $1 to $4: p (what was brought), s (what is new), bad (what was used before,
 * by a number of proofs_outcome). Everything else in the statement happens only WHERE PROOFS_GOOD. A jti counts whatever time stands beside it.
 */
#define PROOFS_CTES                                                                                                          \
    "p AS (SELECT * FROM (VALUES ($1::bytea, $2::timestamptz, 1::bigint), ($3::bytea, $4::timestamptz, 2)) v (id, at, what)" \
    "  WHERE id IS NOT NULL),"                                                                                               \
    " s AS (INSERT INTO idp.seen (id, expires_at) SELECT id, at FROM p"                                                      \
    "  WHERE NOT EXISTS (SELECT 1 FROM idp.seen o WHERE o.id = p.id) ON CONFLICT DO NOTHING RETURNING id),"                  \
    " bad AS (SELECT what FROM p WHERE id NOT IN (SELECT id FROM s))"
#define PROOFS_GOOD "NOT EXISTS (SELECT 1 FROM bad)"
#define PROOFS_EVENTS "SELECT CASE what WHEN 1 THEN 'client.assertion_replayed' ELSE 'dpop.replayed' END"
#define PROOFS_OUTCOME "coalesce((SELECT min(what) FROM bad), 0)"
#define PROOFS_NPARAMS 4
#define PROOFS_PARAMS(p)                                                                           \
    (p)->assertion.there ? HASH_PARAM((p)->assertion.id) : DB_NULL, DB_TIME((p)->assertion.until), \
        (p)->dpop.there ? HASH_PARAM((p)->dpop.id) : DB_NULL, DB_TIME((p)->dpop.until)

/* Uses them up, with an audit row for one that was used before (client_id may be NULL). */
err_t seen_use(struct db_pool *p, const struct proofs *proofs, const char *client_id, const char *request_id,
               enum proofs_outcome *out) MUST_USE;

/* Anything else that is good once, until then (two hours at most). ERR_DB_NONE: it was used before. */
err_t seen_add(struct db_pool *p, const uint8_t id[HASH_LEN], int64_t until) MUST_USE;

#endif

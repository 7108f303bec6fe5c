/*
 * Tables access_grant, consent, and the making of codes: statements, typed parameters and results.
 * Called by rules/code.c, rules/consent.c and rules/token.c.
 */
#include "idp/store/grant.h"
#include "idp/store/statements.h"
#include <string.h>

const struct db_stmt st_consent_get = {
    "consent_get",
    "SELECT scope, claims FROM idp.consent WHERE account_id = $1 AND client_id = $2 AND expires_at > now()",
    2,
};
/* Words agreed to now, and those agreed to before that are good still. */
#define STILL(column)                                                                                                        \
    "CASE WHEN consent.expires_at <= now() THEN excluded." #column " ELSE (SELECT coalesce(string_agg(DISTINCT w, ' '), '')" \
    " FROM unnest(string_to_array(consent." #column ", ' ') || string_to_array(excluded." #column ", ' ')) w WHERE w <> '') END"
/*
 * One statement: the pending request is answered (once), the grant and its code are there, the consent is remembered, the event
 * is written.
 */
const struct db_stmt st_code_issue = {
    "code_issue",
    "WITH q AS (UPDATE idp.auth_request SET done_at = now() WHERE id_hash = $1 AND done_at IS NULL AND expires_at > now() RETURNING 1),"
    " g AS (INSERT INTO idp.access_grant (id, account_id, client_id, scope, sub, sid, auth_time, expires_at, resource, amr, level_max, acr,"
    "   terms)"
    "  SELECT $2, s.account_id, $4, $5, $6, s.sid, s.auth_time, now() + make_interval(secs => $7::bigint), $17, s.amr, s.level_max, $18, "
    "$19"
    "  FROM idp.session s"
    "  WHERE s.id_hash = $3 AND s.ended_at IS NULL AND ($1::bytea IS NULL OR EXISTS (SELECT 1 FROM q)) RETURNING id, account_id),"
    " c AS (INSERT INTO idp.code (code_hash, grant_id, redirect_uri, challenge, nonce, expires_at, dpop_jkt)"
    "  SELECT $8, id, $9, $10, $11, now() + make_interval(secs => $12::bigint), $16 FROM g),"
    " k AS (INSERT INTO idp.consent (account_id, client_id, scope, expires_at, claims)"
    "  SELECT account_id, $4, $13::text, now() + make_interval(days => $14::int), $20 FROM g WHERE $13::text IS NOT NULL"
    "  ON CONFLICT (account_id, client_id) DO UPDATE SET scope = " STILL(scope) ", claims = " STILL(
        claims) ","
                "   given_at = now(), expires_at = excluded.expires_at)"
                " INSERT INTO idp.audit (event, account_id, client_id, request_id)"
                "  SELECT CASE WHEN $21::boolean THEN 'details.allowed' WHEN $13::text IS NULL THEN 'code.issued' ELSE 'consent.given' END,"
                "  account_id, $4, $15 FROM g",
    21,
};
const struct db_stmt st_grant_get = {
    "grant_get",
    "SELECT " GRANT_COLUMNS " FROM idp.access_grant g JOIN idp.account a ON a.id = g.account_id WHERE g.id = $1",
    1,
};
/* A row for each that is there, found through its partition's index one by one (OFFSET 0: as written, whatever the planner knows by then). */
#define EACH_OF(columns, condition)                                                                             \
    "SELECT g.*, q.n FROM unnest($1::uuid[]) WITH ORDINALITY AS q (id, n)"                                      \
    " CROSS JOIN LATERAL (SELECT " columns " FROM idp.access_grant g JOIN idp.account a ON a.id = g.account_id" \
    "  WHERE g.id = q.id" condition " OFFSET 0) g"
const struct db_stmt st_grants_alive = {"grants_alive", EACH_OF("g.client_id", " AND " GRANT_LIVE), 1};
const struct db_stmt st_grants_get = {"grants_get", EACH_OF(GRANT_COLUMNS ", a.data_key, a.data", ""), 1};
const struct db_stmt st_grant_revoke = {
    "grant_revoke",
    "WITH g AS (UPDATE idp.access_grant SET revoked_at = now(), revoked_why = $2 WHERE id = $1 AND revoked_at IS NULL"
    "  RETURNING account_id, client_id)"
    " INSERT INTO idp.audit (event, account_id, client_id, request_id) SELECT 'grant.revoked.' || $2, account_id, client_id, $3 FROM g",
    3,
};

err_t consent_get(struct db_pool *p, const char *account_id, const char *client_id, struct consent *out)
{
    AUTO_ROWS r = NULL;

    memset(out, 0, sizeof *out);
    TRY(store_query(p, &st_consent_get, (struct db_param[]){DB_TEXT(account_id), DB_TEXT(client_id)}, &r));
    if (db_count(r) != 1)
        return OK;
    TRY(store_text(r, 0, 0, out->scope, sizeof out->scope));
    return store_text(r, 0, 1, out->claims, sizeof out->claims);
}

err_t code_issue_row(struct db_pool *p, const struct code_new *c)
{
    const struct auth_request *q = c->request;
    const struct db_param v[] = {
        q->stored ? TIMED_PARAM(q->id_hash) : DB_NULL,
        DB_TEXT(c->grant_id),
        TIMED_PARAM(c->session->id_hash),
        DB_TEXT(q->client_id),
        DB_TEXT(c->scope),
        DB_TEXT(c->sub),
        DB_INT(c->grant_life),
        TIMED_PARAM(c->code_hash),
        DB_TEXT(q->redirect_uri),
        DB_TEXT(q->challenge),
        q->nonce[0] ? DB_TEXT(q->nonce) : DB_NULL,
        DB_INT(c->code_life),
        DB_TEXT(c->consent_scope),
        DB_INT(c->consent_days),
        DB_TEXT(c->request_id),
        q->dpop_jkt[0] ? DB_TEXT(q->dpop_jkt) : DB_NULL,
        q->resource[0] ? DB_TEXT(q->resource) : DB_NULL,
        DB_TEXT(c->acr),
        q->terms_len ? DB_BYTES(BYTES(q->terms, q->terms_len)) : DB_NULL,
        DB_TEXT(q->claims),
        DB_BOOL(q->has_details),
    };

    return store_one(p, &st_code_issue, v, NULL);
}

err_t grant_read(const struct db_rows *r, int row, struct grant *g)
{
    TRY(store_text(r, row, 0, g->id, sizeof g->id));
    TRY(store_text(r, row, 1, g->account_id, sizeof g->account_id));
    TRY(store_text(r, row, 2, g->client_id, sizeof g->client_id));
    TRY(store_text(r, row, 3, g->scope, sizeof g->scope));
    TRY(store_text(r, row, 4, g->sub, sizeof g->sub));
    TRY(store_text(r, row, 5, g->sid, sizeof g->sid));
    g->auth_time = db_time(r, row, 6);
    g->level = (int)db_int(r, row, 7);
    g->live = db_bool(r, row, 8);
    g->registrar = db_bool(r, row, 9);
    TRY(store_text(r, row, 10, g->dpop_jkt, sizeof g->dpop_jkt));
    g->dpop_nonce = db_bool(r, row, 12);
    g->admin = db_bool(r, row, 16);
    TRY(store_text(r, row, 11, g->resource, sizeof g->resource));
    TRY(store_text(r, row, 13, g->amr, sizeof g->amr));
    TRY(store_text(r, row, 14, g->acr, sizeof g->acr));
    return store_bytes(r, row, 15, g->terms, sizeof g->terms, &g->terms_len);
}

err_t grant_get(struct db_pool *p, const char *id, struct grant *out)
{
    AUTO_ROWS r = NULL;

    memset(out, 0, sizeof *out);
    TRY(store_one(p, &st_grant_get, (struct db_param[]){DB_TEXT(id)}, &r));
    return grant_read(r, 0, out);
}

err_t grant_revoke(struct db_pool *p, const char *id, const char *why, const char *request_id)
{
    return store_one(p, &st_grant_revoke, (struct db_param[]){DB_TEXT(id), DB_TEXT(why), DB_TEXT(request_id)}, NULL);
}

/* --- several --- */

bool grant_id_ok(const char *id)
{
    size_t n = strspn(id, "0123456789abcdef-");

    for (size_t i = 0; i < n; i++)
        if ((id[i] == '-') != (i == 8 || i == 13 || i == 18 || i == 23))
            return false;
    return n == UUID_LEN && id[n] == '\0';
}

static err_t query(struct db_pool *p, const struct db_stmt *s, const char *const *ids, size_t n, struct db_rows **out)
{
    char list[GRANTS_MAX * (UUID_LEN + 1) + 2], *at = list;

    if (n > GRANTS_MAX)
        return ERR_INTERNAL;
    for (size_t i = 0; i < n; i++) {
        *at++ = i == 0 ? '{' : ',';
        memcpy(at, ids[i], UUID_LEN);
        at += UUID_LEN;
    }
    memcpy(at, "}", 2);
    return store_query(p, s, (struct db_param[]){DB_TEXT(list)}, out);
}

/* Which of the ids a row belongs to. */
static err_t row_of(const struct db_rows *r, int row, int column, size_t n, size_t *i)
{
    int64_t at = db_int(r, row, column);

    if (at < 1 || (size_t)at > n)
        return ERR_INTERNAL;
    *i = (size_t)at - 1;
    return OK;
}

err_t grants_alive(struct db_pool *p, const char *const *ids, size_t n, char alive[][CLIENT_ID_MAX + 1])
{
    AUTO_ROWS r = NULL;
    size_t i;

    memset(alive, 0, n * sizeof *alive);
    TRY(query(p, &st_grants_alive, ids, n, &r));
    for (int row = 0; row < db_count(r); row++) {
        TRY(row_of(r, row, 1, n, &i));
        TRY(store_text(r, row, 0, alive[i], sizeof *alive));
    }
    return OK;
}

err_t grants_get(struct db_pool *p, const char *const *ids, size_t n, struct db_rows **out)
{
    return query(p, &st_grants_get, ids, n, out);
}

err_t grants_read(const struct db_rows *r, int row, size_t *i, struct grant *g)
{
    TRY(row_of(r, row, GRANT_NCOLUMNS + 2, GRANTS_MAX, i));
    return grant_read(r, row, g);
}

err_t grants_person(const struct db_rows *r, int row, struct account_sealed *out)
{
    return account_sealed_read(r, row, GRANT_NCOLUMNS, out);
}

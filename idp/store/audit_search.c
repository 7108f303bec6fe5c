/*
 * Table audit, read: one statement for every kind of question.
 * Called by rules/audit_search.c.
 */
#include "idp/store/audit_search.h"
#include "idp/store/statements.h"

/* One plan for all questions would be bad for each: this one is planned anew for the values that it gets. */
const struct db_stmt st_audit_plan = {"audit_plan", "SELECT set_config('plan_cache_mode', 'force_custom_plan', true)", 0};
const struct db_stmt st_audit_search = {
    "audit_search",
    "SELECT id, at, event, account_id, client_id, detail, by_account, by_client, by_operator, request_id, " SQL_US(
        "at") " FROM idp.audit"
              " WHERE ($1::text IS NULL OR event = $1) AND ($2::text IS NULL OR starts_with(event, $2)) AND ($3::uuid IS NULL OR "
              "account_id = $3)"
              " AND ($4::uuid IS NULL OR by_account = $4) AND ($5::text IS NULL OR client_id = $5) AND ($6::timestamptz IS NULL OR at >= "
              "$6)"
              " AND ($7::timestamptz IS NULL OR at < $7) AND ($8::bigint IS NULL OR (at, id) < (" SQL_AT(
                  "$8") ", $9::uuid))"
                        " ORDER BY at DESC, id DESC LIMIT $10::bigint",
    10,
};

struct search {
    const struct audit_query *q;
    struct db_rows **rows;
};

static err_t search(struct db *db, void *arg)
{
    const struct search *s = arg;
    const struct audit_query *q = s->q;

    TRY(db_query(db, &st_audit_plan, NULL, NULL));
    return db_query(db, &st_audit_search,
                    DB_PARAMS(DB_TEXT(q->event), DB_TEXT(q->family), DB_TEXT(q->account), DB_TEXT(q->by), DB_TEXT(q->client),
                              q->from ? DB_TIME(q->from) : DB_NULL, q->to ? DB_TIME(q->to) : DB_NULL, CURSOR_PARAMS(q->after),
                              DB_INT(q->limit)),
                    s->rows);
}

err_t audit_search_rows(struct db_pool *p, const struct audit_query *q, struct db_rows **rows)
{
    struct search s = {q, rows};

    return db_do(p, DB_TX, search, &s);
}

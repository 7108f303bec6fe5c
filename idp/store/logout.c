/*
 * Table logout_notice: statements, typed parameters and results.
 * Called by rules/notify.c and endpoints/logout.c.
 */
#include "idp/store/logout.h"
#include "idp/store/statements.h"
#include <string.h>

/* 30 s, 1, 2, 4 … minutes. */
const struct db_stmt st_logout_take = {
    "logout_take",
    "UPDATE idp.logout_notice n SET tries = tries + 1, due_at = now() + interval '30 seconds' * power(2, least(tries, 10))"
    " WHERE id IN (SELECT id FROM idp.logout_notice WHERE due_at <= now() ORDER BY due_at LIMIT 8 FOR UPDATE SKIP LOCKED)"
    " RETURNING id, client_id, sub, sid, tries,"
    "  coalesce((SELECT k.backchannel_uri FROM idp.client k WHERE k.id = n.client_id AND k.state = 'active'), '')",
    0,
};
const struct db_stmt st_logout_done = {
    "logout_done",
    "WITH n AS (DELETE FROM idp.logout_notice WHERE id = $1 RETURNING client_id)"
    " INSERT INTO idp.audit (event, client_id) SELECT CASE WHEN $2 THEN 'logout.told' ELSE 'logout.untold' END, client_id FROM n",
    2,
};
const struct db_stmt st_logout_frames = {
    "logout_frames",
    "SELECT DISTINCT k.frontchannel_uri FROM idp.access_grant g JOIN idp.client k ON k.id = g.client_id"
    " WHERE g.sid = $1 AND k.frontchannel_uri IS NOT NULL AND k.state = 'active' LIMIT 16",
    1,
};

err_t logout_take(struct db_pool *p, struct logout_notice out[LOGOUT_BATCH], size_t *n)
{
    AUTO_ROWS r = NULL;

    *n = 0;
    TRY(store_query(p, &st_logout_take, NULL, &r));
    for (int i = 0; i < db_count(r) && i < LOGOUT_BATCH; i++) {
        TRY(store_text(r, i, 0, out[i].id, sizeof out[i].id));
        TRY(store_text(r, i, 1, out[i].client_id, sizeof out[i].client_id));
        TRY(store_text(r, i, 2, out[i].sub, sizeof out[i].sub));
        TRY(store_text(r, i, 3, out[i].sid, sizeof out[i].sid));
        out[i].tries = (int)db_int(r, i, 4);
        TRY(store_text(r, i, 5, out[i].uri, sizeof out[i].uri));
        *n = (size_t)i + 1;
    }
    return OK;
}

err_t logout_done(struct db_pool *p, const struct logout_notice *n, bool told)
{
    return store_query(p, &st_logout_done, (struct db_param[]){DB_TEXT(n->id), DB_BOOL(told)}, NULL);
}

err_t logout_frames(struct db_pool *p, const char *sid, struct db_rows **rows)
{
    return store_query(p, &st_logout_frames, (struct db_param[]){DB_TEXT(sid)}, rows);
}

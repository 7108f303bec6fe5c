/*
 * All live sessions, and ending one session or one grant wherever it is.
 * GET /admin/v1/sessions, DELETE /admin/v1/sessions/{id}, DELETE /admin/v1/grants/{id}.
 */
#include "idp/endpoints/admin.h"
#include "idp/endpoints/endpoints.h"
#include "idp/endpoints/page.h"
#include "idp/rules/notify.h"
#include "idp/rules/overview.h"

err_t get_admin_sessions(struct http_req *r)
{
    const char *after = http_query(r, "after");
    struct app *a = app_of(r);
    struct cursor from;
    char next[CURSOR_CAP];
    int64_t limit;
    AUTO_JSON rows = NULL;

    if (http_dup_params(r))
        return ERR_REQUEST_DOUBLED;
    TRY(admin_limit(r, 100, 1000, &limit));
    if (after && cursor_read(after, &from) != OK)
        return ERR_REQUEST;
    TRY(overview_all_sessions(a->db, after ? &from : NULL, a->conf.session_idle, limit, &rows, next));
    TRY(admin_note(r, "account.viewed", NULL, NULL, "sessions"));
    return admin_reply(r, json_pack("{s:O, s:s*}", "sessions", rows, "next", next[0] ? next : NULL));
}

static err_t answer_ended(struct http_req *r, const char *name, const char *id, err_t e)
{
    if (e != OK)
        return e == ERR_DB_NONE ? ERR_NOT_FOUND : e;
    notifier_wake(app_of(r)->notifier);
    return admin_reply(r, json_pack("{s:s, s:b}", name, id, "ended", 1));
}

err_t delete_admin_session(struct http_req *r)
{
    const char *sid;

    TRY(admin_id(r, &sid));
    return answer_ended(r, "sid", sid, overview_session_end(app_of(r)->db, sid, NULL, admin_actor(r)));
}

err_t delete_admin_grant(struct http_req *r)
{
    const char *id;

    TRY(admin_id(r, &id));
    return answer_ended(r, "grant_id", id, overview_grant_end(app_of(r)->db, id, admin_actor(r)));
}

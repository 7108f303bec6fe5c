/*
 * One account, for administrators: its state and what it has open; locking it, and ending each thing.
 * GET /admin/v1/accounts/{id}, …/sessions, …/consents, …/grants; POST …/lock, …/unlock; DELETE …/sessions, …/consents/{client};
 * POST /admin/v1/accounts/find. Each verb may be repeated: what is ended stays ended.
 */
#include "idp/endpoints/admin.h"
#include "idp/endpoints/endpoints.h"
#include "idp/endpoints/page.h"
#include "idp/rules/login.h"
#include "idp/rules/notify.h"
#include "idp/rules/overview.h"
#include "idp/store/client.h"
#include "idp/store/session.h"
#include <string.h>

static err_t show_account(struct http_req *r, const char *id)
{
    AUTO_JSON account = NULL;

    err_t e = overview_account(app_of(r)->db, id, &account);
    if (e != OK)
        return e == ERR_DB_NONE ? ERR_NOT_FOUND : e;
    return admin_reply(r, take(&account));
}

err_t get_admin_account(struct http_req *r)
{
    const char *id;

    TRY(admin_id(r, &id));
    TRY(show_account(r, id));
    return admin_note(r, "account.viewed", id, NULL, NULL);
}

/* By personal number or officer's login; in the body, for addresses end in logs. */
err_t post_admin_account_find(struct http_req *r)
{
    static const char *const names[] = {"login", NULL};
    const char *typed = NULL;
    char login[LOGIN_MAX + 1];
    uint8_t hash[HASH_LEN];
    struct app *a = app_of(r);
    struct account found;

    if (json_only(http_json(r), names) != OK || json_need_str(http_json(r), "login", LOGIN_MAX, &typed) != OK)
        return ERR_REQUEST;
    if (!login_normalise(typed, login))
        return ERR_NOT_FOUND;
    lookup_hash(a->keys.lookup, "login", login, hash);
    err_t e = account_by_login(a->db, hash, &found);
    secret_wipe(found.password, sizeof found.password);
    /* An unsuccessful look-up is told as well: a list of numbers tried one by one shows. */
    TRY(admin_note(r, "account.sought", e == OK ? found.id : NULL, NULL, NULL));
    if (e != OK)
        return e == ERR_DB_NONE ? ERR_NOT_FOUND : e;
    return show_account(r, found.id);
}

static err_t set_state(struct http_req *r, const char *state)
{
    const char *id;
    struct app *a = app_of(r);

    TRY(admin_id(r, &id));
    err_t e = account_set_state(a->db, id, state, admin_actor(r));
    if (e != OK)
        return e == ERR_DB_NONE ? ERR_NOT_FOUND : e;
    notifier_wake(a->notifier);
    return show_account(r, id);
}

err_t post_admin_account_lock(struct http_req *r)
{
    return set_state(r, "locked");
}

err_t post_admin_account_unlock(struct http_req *r)
{
    return set_state(r, "active");
}

/* The account, which must be there: an empty list of nobody's would be a lie. */
static err_t find(struct http_req *r, const char **id)
{
    AUTO_JSON account = NULL;

    TRY(admin_id(r, id));
    err_t e = overview_account(app_of(r)->db, *id, &account);
    return e == ERR_DB_NONE ? ERR_NOT_FOUND : e;
}

/* Takes the rows. */
static err_t show_list(struct http_req *r, const char *id, const char *name, json_t *rows)
{
    AUTO_JSON mine = rows;

    TRY(admin_note(r, "account.viewed", id, NULL, name));
    return admin_reply(r, json_pack("{s:O}", name, mine));
}

err_t get_admin_account_sessions(struct http_req *r)
{
    const char *id;
    json_t *rows = NULL;

    TRY(find(r, &id));
    TRY(overview_sessions(app_of(r)->db, id, app_of(r)->conf.session_idle, &rows));
    return show_list(r, id, "sessions", rows);
}

err_t get_admin_account_consents(struct http_req *r)
{
    const char *id;
    json_t *rows = NULL;

    TRY(find(r, &id));
    TRY(overview_consents(app_of(r)->db, id, &rows));
    return show_list(r, id, "consents", rows);
}

err_t get_admin_account_grants(struct http_req *r)
{
    const char *id;
    json_t *rows = NULL;

    TRY(find(r, &id));
    TRY(overview_grants(app_of(r)->db, id, &rows));
    return show_list(r, id, "grants", rows);
}

err_t delete_admin_account_sessions(struct http_req *r)
{
    const char *id;
    int64_t n = 0;
    struct app *a = app_of(r);

    TRY(find(r, &id));
    TRY(session_revoke_all(a->db, id, admin_actor(r), &n));
    notifier_wake(a->notifier);
    return admin_reply(r, json_pack("{s:s, s:I}", "account_id", id, "sessions_ended", (json_int_t)n));
}

err_t delete_admin_account_consent(struct http_req *r)
{
    const char *id, *client = http_path(r, "client");

    TRY(admin_id(r, &id));
    if (!client || !*client || strlen(client) > CLIENT_ID_MAX)
        return ERR_NOT_FOUND;
    err_t e = overview_consent_remove(app_of(r)->db, id, client, admin_actor(r));
    if (e != OK)
        return e == ERR_DB_NONE ? ERR_NOT_FOUND : e;
    return admin_reply(r, json_pack("{s:s, s:s}", "account_id", id, "client_id", client));
}

/*
 * Signing out, by a client's wish or by hand.
 * GET and POST /logout, GET /signed-out. OpenID Connect RP-Initiated Logout 1.0, Front-Channel Logout 1.0, Back-Channel Logout 1.0.
 */
#include "idp/endpoints/browser.h"
#include "idp/endpoints/endpoints.h"
#include "idp/endpoints/tokens.h"
#include "idp/rules/clients.h"
#include "idp/rules/notify.h"
#include "idp/store/logout.h"
#include <string.h>

struct wish {
    const char *hint, *uri, *state, *client_id;
    bool hinted;     /* the hint is ours, and names the session that this browser has */
    struct buf back; /* where to go afterwards; empty: our own page */
};

static void wish_free(struct wish *w)
{
    buf_free(&w->back);
}

/* post_logout_redirect_uri counts only for a client that is known, registered exactly; never on the caller's word alone. */
static err_t read_back(struct http_req *r, struct wish *w, const char *client_id)
{
    bool registered = false;

    if (!w->uri)
        return OK;
    if (!client_id || strlen(w->uri) > URI_MAX || strlen(client_id) > CLIENT_ID_MAX)
        return ERR_REDIRECT_URI;
    TRY(clients_logout_uri(app_of(r)->clients, client_id, w->uri, &registered));
    if (!registered)
        return ERR_REDIRECT_URI;
    TRY(buf_add_str(&w->back, w->uri));
    return url_add_param(&w->back, "state", w->state);
}

/* get reads the query or the form. */
static err_t read_wish(struct http_req *r, const char *(*get)(const struct http_req *, const char *), const struct session *s,
                       struct wish *w)
{
    const struct token_conf conf = token_conf_of(app_of(r));
    struct hint_claims h = {0};
    const char *client_id = get(r, "client_id");

    w->hint = get(r, "id_token_hint");
    w->uri = get(r, "post_logout_redirect_uri");
    w->state = get(r, "state");
    w->client_id = client_id;
    if (w->hint) {
        err_t e = token_hint(&conf, w->hint, &h);
        if (e != OK)
            return e == ERR_TOKEN ? ERR_REQUEST : e;
        if (client_id && strcmp(client_id, h.client_id) != 0) /* §2: they must match */
            return ERR_REQUEST;
        client_id = h.client_id;
        w->hinted = s && h.sid[0] && strcmp(h.sid, s->sid) == 0;
    }
    return read_back(r, w, client_id);
}

/* Where a frame's URI begins and its path starts, as CSP wants it. */
static err_t add_origin(struct buf *list, const char *uri)
{
    const char *host = strstr(uri, "://");
    size_t n = host ? (size_t)(host - uri) + 3 + strcspn(host + 3, "/?#") : 0;

    TRY(buf_add_str(list, list->len ? " " : ""));
    return buf_add(list, uri, n);
}

/* Front-Channel Logout 1.0 §3: each client's page in a frame of ours, with iss and sid. */
static err_t frames(struct http_req *r, const char *sid, json_t *list)
{
    struct app *a = app_of(r);
    AUTO_ROWS rows = NULL;
    AUTO_BUF origins = {0};

    TRY(logout_frames(a->db, sid, &rows));
    for (int i = 0; i < db_count(rows); i++) {
        AUTO_BUF url = {0};
        TRY(buf_add_str(&url, db_str(rows, i, 0)));
        TRY(url_add_param(&url, "iss", a->conf.issuer));
        TRY(url_add_param(&url, "sid", sid));
        TRY(add_origin(&origins, db_str(rows, i, 0)));
        if (json_array_append_new(list, json_string(buf_str(&url))) != 0)
            return ERR_NOMEM;
    }
    if (origins.len)
        http_reply_policy(r, "frame-src", buf_str(&origins));
    return OK;
}

/* The page that holds the frames; it leads on by itself when they had their time, and by a link. */
static err_t show_frames(struct http_req *r, const struct wish *w, json_t *list)
{
    AUTO_BUF refresh = {0};
    json_t *v = page_values(r, "signed_out.title", NULL);

    if (v) {
        json_object_set(v, "frames", list);
        json_object_set_new(v, "back", w->back.len ? json_string(buf_str(&w->back)) : json_null());
    }
    if (w->back.len) {
        TRY(buf_addf(&refresh, "3;url=%s", buf_str(&w->back)));
        http_reply_header(r, "Refresh", buf_str(&refresh));
    }
    return page_reply(r, 200, "signed_out", v);
}

static err_t finish(struct http_req *r, const struct session *s, const struct wish *w)
{
    AUTO_JSON list = json_array();

    if (s) {
        err_t e = session_end(app_of(r)->db, s->id_hash, http_request_id(r));
        if (e != OK && e != ERR_DB_NONE)
            return e;
        browser_set_session(r, NULL);
        notifier_wake(app_of(r)->notifier);
        TRY(frames(r, s->sid, list));
    }
    if (json_array_size(list) > 0)
        return show_frames(r, w, list);
    http_reply_no_store(r);
    http_reply_redirect(r, 303, w->back.len ? buf_str(&w->back) : "/signed-out");
    return OK;
}

/* Anybody can send a browser here: without a hint that names this very session the person is asked. */
static err_t ask(struct http_req *r, const struct wish *w)
{
    char origin[URI_MAX + 1];
    json_t *v = page_values(r, "logout.title", NULL);
    const char *host = w->uri ? strstr(w->uri, "://") : NULL;

    if (v) {
        json_object_set_new(v, "uri", w->uri ? json_string(w->uri) : json_null());
        json_object_set_new(v, "state", w->uri && w->state ? json_string(w->state) : json_null());
        json_object_set_new(v, "client_id", w->uri && w->client_id ? json_string(w->client_id) : json_null());
        json_object_set_new(v, "hint", w->uri && w->hint ? json_string(w->hint) : json_null());
    }
    TRY(browser_form(r, v, "logout", NULL, true));
    if (host) {
        size_t n = (size_t)(host - w->uri) + 3 + strcspn(host + 3, "/?#");
        memcpy(origin, w->uri, n);
        origin[n] = '\0';
        http_reply_form_action(r, origin);
    }
    return page_reply(r, 200, "logout", v);
}

static err_t current(struct http_req *r, struct session *s, bool *signed_in)
{
    err_t e = browser_session(r, s);

    *signed_in = e == OK;
    return e == ERR_DB_NONE ? OK : e;
}

static err_t begin(struct http_req *r, const char *(*get)(const struct http_req *, const char *))
{
    AUTO(wish_free) struct wish w = {0};
    struct session s;
    bool signed_in;

    if (http_dup_params(r))
        return ERR_REQUEST_DOUBLED;
    TRY(current(r, &s, &signed_in));
    TRY(read_wish(r, get, signed_in ? &s : NULL, &w));
    if (!signed_in || w.hinted)
        return finish(r, signed_in ? &s : NULL, &w);
    return ask(r, &w);
}

err_t get_logout(struct http_req *r)
{
    return begin(r, http_query);
}

/* The answer to our own question carries "confirm"; a client's form does not, and is treated like its GET (§2). */
err_t post_logout(struct http_req *r)
{
    AUTO(wish_free) struct wish w = {0};
    struct session s;
    bool signed_in;

    if (!http_field(r, "confirm"))
        return begin(r, http_field);
    TRY(browser_guard(r, "logout", NULL, true));
    TRY(current(r, &s, &signed_in));
    TRY(read_wish(r, http_field, signed_in ? &s : NULL, &w));
    return finish(r, signed_in ? &s : NULL, &w);
}

err_t get_signed_out(struct http_req *r)
{
    return page_reply(r, 200, "signed_out", page_values(r, "signed_out.title", NULL));
}

/*
 * The sign-in page.
 * GET and POST /login. OpenID Connect Core §3.1.2.3; WCAG 2.2.
 */
#include "idp/endpoints/login.h"
#include "idp/endpoints/endpoints.h"
#include "idp/endpoints/own.h"
#include "idp/rules/upstream.h"
#include <string.h>

/* A button for each provider elsewhere that may vouch for people. Links, no form: the way there leads over other people's addresses. */
static err_t add_upstreams(struct http_req *r, const struct flow *f, json_t *v)
{
    struct app *a = app_of(r);
    json_t *list = json_array();

    if (json_object_set_new(v, "upstreams", list) != 0)
        return ERR_NOMEM;
    for (size_t i = 0; upstreams_at(a->upstreams, i); i++) {
        const struct upstream_conf *c = upstream_conf_of(upstreams_at(a->upstreams, i));
        json_t *one = json_object();
        if (json_array_append_new(list, one) != 0 ||
            json_object_set_new(one, "label", json_string(http_lang(r) == LANG_VI ? c->label_vi : c->label_en)) != 0 ||
            json_object_set_new(one, "href", json_sprintf("/login/with/%s?%s=%s", c->name, f->own ? "page" : "request", f->name)) != 0)
            return ERR_NOMEM;
    }
    json_object_set_new(v, "has_upstreams", json_boolean(json_array_size(list) > 0));
    return OK;
}

static err_t show(struct http_req *r, const struct flow *f, int status, const char *login, err_t fault, int64_t wait)
{
    AUTO_BUF self = {0};
    char hint[LOGIN_MAX + 1];
    const char *error = fault == OK ? NULL : page_text(r, err_info(fault)->text);

    TRY(buf_addf(&self, "/login?%s=%s", f->own ? "page" : "request", f->name));
    AUTO_JSON v = page_values(r, "login.title", buf_str(&self));
    TRY(browser_form(r, v, "login", f->name, false));
    TRY(add_upstreams(r, f, v));
    if (!login) {
        authz_hint(&f->request, app_of(r)->keys.seal, hint, sizeof hint);
        login = hint;
    }
    json_object_set_new(v, "request", f->own ? json_null() : json_string(f->name));
    json_object_set_new(v, "page", f->own ? json_string(f->name) : json_null());
    json_object_set_new(v, "own_page", json_boolean(f->own));
    json_object_set_new(v, "client", json_string(client_name(&f->client, http_lang(r))));
    json_object_set_new(v, "first_party", json_boolean(f->client.first_party));
    json_object_set_new(v, "again", json_boolean(f->request.prompt_login || f->request.max_age >= 0));
    json_object_set_new(v, "login", json_string(login));
    json_object_set_new(v, "error", error ? json_string(error) : json_null());
    json_object_set_new(v, "wait_minutes", wait > 0 ? json_integer((wait + 59) / 60) : json_null());
    flow_allow_redirect(r, f);
    return page_reply(r, status, "login", take(&v));
}

err_t login_wanted(struct http_req *r, const char *request, const char *page, struct flow *f)
{
    return page && !request ? own_flow(r, page, f) : flow_load(r, request, f);
}

err_t get_login(struct http_req *r)
{
    struct flow f;

    TRY(login_wanted(r, http_query(r, "request"), http_query(r, "page"), &f));
    return show(r, &f, 200, NULL, OK, 0);
}

static err_t refused(struct http_req *r, const struct flow *f, const char *login, err_t e, int64_t wait)
{
    page_retry_after(r, e == ERR_THROTTLED ? wait : 0);
    return show(r, f, err_info(e)->status, login, e, wait);
}

struct login_deps login_deps(struct http_req *r)
{
    struct app *a = app_of(r);

    return (struct login_deps){
        .db = a->db,
        .argon = a->argon,
        .keys = &a->keys,
        .throttle = {a->conf.throttle_account, a->conf.throttle_address, a->conf.throttle_window},
        .session_max = a->conf.session_max,
    };
}

struct login_in login_in(const struct http_req *r, const struct flow *f)
{
    struct login_in in = {
        .login = "",
        .password = "",
        .client_id = f->own ? NULL : f->client.id,
        .request_id = http_request_id(r),
        .old_cookie = browser_session_cookie(r),
        .request_hash = f->own ? NULL : f->request.id_hash,
    };

    browser_kind(http_header(r, "User-Agent"), in.browser);
    return in;
}

err_t login_done(struct http_req *r, struct flow *f, const char *cookie)
{
    struct app *a = app_of(r);
    uint8_t hash[TIMED_KEY_LEN];
    struct session s;

    browser_set_session(r, cookie);
    if (f->own) {
        http_reply_no_store(r);
        http_reply_redirect(r, 303, f->own);
        return OK;
    }
    if (!timed_key(cookie, hash))
        return ERR_INTERNAL;
    TRY(session_use(a->db, hash, a->conf.session_idle, &s));
    f->request.logged_in = true;
    return flow_go_on(r, f, &s);
}

err_t post_login(struct http_req *r)
{
    const char *request = http_field(r, "request"), *page = http_field(r, "page");
    const char *login = http_field(r, "login"), *password = http_field(r, "password");
    const struct login_deps d = login_deps(r);
    struct flow f;
    char cookie[TIMED_CHARS + 1], address[NETWORK_CAP];
    int64_t wait = 0;

    TRY(browser_guard(r, "login", request ? request : page, false));
    TRY(login_wanted(r, request, page, &f));
    struct login_in in = login_in(r, &f);
    in.login = login ? login : "";
    in.password = password ? password : "";
    in.address = browser_address(r, address);
    err_t e = login_password(&d, &in, cookie, &wait);
    if (e == ERR_PASSWORD || e == ERR_THROTTLED || e == ERR_ACCOUNT_LOCKED)
        return refused(r, &f, in.login, e, wait);
    TRY(e);
    return login_done(r, &f, cookie);
}

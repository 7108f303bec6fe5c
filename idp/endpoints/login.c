/*
 * The sign-in page.
 * GET and POST /login. OpenID Connect Core §3.1.2.3; WCAG 2.2.
 */
#include "idp/endpoints/endpoints.h"
#include "idp/endpoints/flow.h"
#include "idp/endpoints/own.h"
#include "idp/rules/login.h"
#include <stdio.h>
#include <string.h>

static err_t show(struct http_req *r, const struct flow *f, int status, const char *login, err_t fault, int64_t wait)
{
    AUTO_BUF self = {0};
    char hint[LOGIN_MAX + 1];
    const char *error = fault == OK ? NULL : page_text(r, err_info(fault)->text);

    TRY(buf_addf(&self, "/login?%s=%s", f->own ? "page" : "request", f->name));
    AUTO_JSON v = page_values(r, "login.title", buf_str(&self));
    TRY(browser_form(r, v, "login", f->name, false));
    if (!login) {
        authz_hint(&f->request, app_of(r)->keys.seal, hint, sizeof hint);
        login = hint;
    }
    json_object_set_new(v, "request", f->own ? json_null() : json_string(f->name));
    json_object_set_new(v, "page", f->own ? json_string(f->name) : json_null());
    json_object_set_new(v, "own_page", json_boolean(f->own));
    json_object_set_new(v, "client", json_string(f->client.name));
    json_object_set_new(v, "first_party", json_boolean(f->client.first_party));
    json_object_set_new(v, "again", json_boolean(f->request.prompt_login || f->request.max_age >= 0));
    json_object_set_new(v, "login", json_string(login));
    json_object_set_new(v, "error", error ? json_string(error) : json_null());
    json_object_set_new(v, "wait_minutes", wait > 0 ? json_integer((wait + 59) / 60) : json_null());
    flow_allow_redirect(r, f);
    return page_reply(r, status, "login", take(&v));
}

/* What the person signs in for: a client's request, or a page of our own. */
static err_t load(struct http_req *r, const char *request, const char *page, struct flow *f)
{
    return page && !request ? own_flow(r, page, f) : flow_load(r, request, f);
}

err_t get_login(struct http_req *r)
{
    struct flow f;

    TRY(load(r, http_query(r, "request"), http_query(r, "page"), &f));
    return show(r, &f, 200, NULL, OK, 0);
}

static err_t refused(struct http_req *r, const struct flow *f, const char *login, err_t e, int64_t wait)
{
    char seconds[24];

    if (e == ERR_THROTTLED) {
        snprintf(seconds, sizeof seconds, "%lld", (long long)wait);
        http_reply_header(r, "Retry-After", seconds);
    }
    return show(r, f, err_info(e)->status, login, e, wait);
}

err_t post_login(struct http_req *r)
{
    struct app *a = app_of(r);
    const char *request = http_field(r, "request"), *page = http_field(r, "page");
    const char *login = http_field(r, "login"), *password = http_field(r, "password");
    struct flow f;
    struct session s;
    uint8_t hash[SHA256_LEN];
    char cookie[TOKEN_CHARS + 1], address[64];
    int64_t wait = 0;

    TRY(browser_guard(r, "login", request ? request : page, false));
    TRY(load(r, request, page, &f));
    const struct login_deps d = {
        .db = a->db,
        .argon = a->argon,
        .keys = &a->keys,
        .throttle = {a->conf.throttle_account, a->conf.throttle_address, a->conf.throttle_window},
        .session_max = a->conf.session_max,
    };
    const struct login_in in = {
        .login = login ? login : "",
        .password = password ? password : "",
        .address = browser_address(r, address, sizeof address),
        .client_id = f.own ? NULL : f.client.id,
        .request_id = http_request_id(r),
        .old_cookie = browser_session_cookie(r),
        .request_hash = f.own ? NULL : f.request.id_hash,
    };
    err_t e = login_password(&d, &in, cookie, &wait);
    if (e == ERR_PASSWORD || e == ERR_THROTTLED || e == ERR_ACCOUNT_LOCKED)
        return refused(r, &f, in.login, e, wait);
    TRY(e);
    browser_set_session(r, cookie);
    if (f.own) {
        http_reply_no_store(r);
        http_reply_redirect(r, 303, f.own);
        return OK;
    }
    sha256(BYTES(cookie, TOKEN_CHARS), hash);
    TRY(session_use(a->db, hash, a->conf.session_idle, &s));
    f.request.logged_in = true;
    return flow_go_on(r, &f, &s);
}

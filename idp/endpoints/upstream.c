/*
 * Signing in at another provider, which vouches for the person.
 * GET /login/with/{provider}: the way there; GET /login/from/{provider}: the way back. OpenID Connect Core §3.1.2, RFC 9700 §4.
 */
#include "idp/endpoints/endpoints.h"
#include "idp/endpoints/login.h"
#include "idp/rules/scope.h"
#include "idp/rules/upstream_login.h"
#include <stdio.h>
#include <string.h>

/* What state carries: the parameter with which the sign-in page was asked for. */
static bool waits_for(const char *waits, const char *param, const char **name)
{
    size_t n = strlen(param);

    *name = strncmp(waits, param, n) == 0 && waits[n] == '=' ? waits + n + 1 : NULL;
    return *name != NULL;
}

/* Failures that the person can do something about get a page with the way back to the other ways of signing in. */
static const struct {
    err_t e;
    bool counter; /* only the counter can help */
} told[] = {
    {ERR_UPSTREAM_DOWN, false}, {ERR_BUSY, false},           {ERR_UPSTREAM_REFUSED, false}, {ERR_UPSTREAM_ANSWER, false},
    {ERR_UPSTREAM_OLD, false},  {ERR_UPSTREAM_LEVEL, false}, {ERR_UPSTREAM_STATE, false},   {ERR_UPSTREAM_UNKNOWN, true},
    {ERR_ACCOUNT_LOCKED, true},
};

static err_t stop(struct http_req *r, const struct upstream *u, const char *waits, err_t e)
{
    const struct upstream_conf *c = upstream_conf_of(u);
    size_t i = 0, n = sizeof told / sizeof *told;

    while (i < n && told[i].e != e)
        i++;
    if (i == n)
        return e;
    json_t *v = page_values(r, "upstream.title", waits[0] ? NULL : "/");
    if (v) {
        json_object_set_new(v, "provider", json_string(http_lang(r) == LANG_VI ? c->label_vi : c->label_en));
        json_object_set_new(v, "message", json_string(page_text(r, err_info(e)->text)));
        json_object_set_new(v, "counter", json_boolean(told[i].counter));
        json_object_set_new(v, "back", waits[0] ? json_sprintf("/login?%s", waits) : json_null());
        json_object_set_new(v, "request_id", json_string(http_request_id(r)));
        json_object_del(v, "lang_switch"); /* the same address a second time would be a used state */
    }
    if (err_info(e)->status == 503)
        http_reply_header(r, "Retry-After", "5");
    return page_reply(r, err_info(e)->status, "upstream", v);
}

static err_t provider_of(struct http_req *r, struct upstream **u)
{
    *u = upstreams_find(app_of(r)->upstreams, http_path(r, "provider"));
    if (!*u)
        return ERR_NOT_FOUND;
    return http_dup_params(r) ? ERR_REQUEST_DOUBLED : OK;
}

/*
 * A plain link leads here. Nothing changes by it, and only the browser whose request waits can follow it: its name is known to no other site.
 */
err_t get_upstream_start(struct http_req *r)
{
    struct upstream *u = NULL;
    struct flow f;
    char browser[TOKEN_CHARS + 1], waits[UPSTREAM_WAITS_MAX + 1];
    AUTO_BUF url = {0};

    TRY(provider_of(r, &u));
    TRY(login_wanted(r, http_query(r, "request"), http_query(r, "page"), &f));
    snprintf(waits, sizeof waits, "%s=%s", f.own ? "page" : "request", f.name);
    browser_name(r, browser);
    const struct upstream_start s = {
        .browser = browser,
        .waits = waits,
        .fresh = f.request.prompt_login || f.request.max_age >= 0,
        .level_2 = scope_has(f.request.acr_values, "urn:antin:loa:2"),
        .lang = http_lang(r),
    };
    err_t e = upstream_begin(u, &app_of(r)->keys, &s, &url);
    if (e != OK)
        return stop(r, u, waits, e);
    http_reply_no_store(r);
    http_reply_redirect(r, 303, buf_str(&url));
    return OK;
}

static err_t sign_in(struct http_req *r, struct upstream *u, struct flow *f, const struct upstream_came *came, err_t e)
{
    struct app *a = app_of(r);
    const struct login_deps d = login_deps(r);
    const struct login_in in = login_in(r, f);
    char cookie[TIMED_CHARS + 1];

    e = e == OK ? upstream_login(&d, a->keyd, &in, u, came, cookie) : upstream_login_failed(a->db, &in, e);
    return e == OK ? login_done(r, f, cookie) : stop(r, u, came->waits, e);
}

err_t get_upstream_back(struct http_req *r)
{
    struct app *a = app_of(r);
    struct upstream *u = NULL;
    struct upstream_came came;
    struct flow f;
    char browser[TOKEN_CHARS + 1];
    const char *request, *page;

    TRY(provider_of(r, &u));
    browser_name(r, browser);
    const struct upstream_back b = {
        .browser = browser,
        .state = http_query(r, "state"),
        .code = http_query(r, "code"),
        .iss = http_query(r, "iss"),
        .error = http_query(r, "error"),
    };
    err_t e = upstream_return(u, a->db, &a->keys, &b, &came);
    if (!came.waits[0]) /* nobody knows what for, and nothing is written down: anybody can come with such a thing */
        return stop(r, u, "", e);
    waits_for(came.waits, "request", &request);
    waits_for(came.waits, "page", &page);
    TRY(login_wanted(r, request, page, &f)); /* it may have ended meanwhile */
    return sign_in(r, u, &f, &came, e);
}

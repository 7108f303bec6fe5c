/*
 * The way of an authorization request through the pages.
 * Called by authorize.c, login.c and consent.c. RFC 6749 §4.1, OpenID Connect Core §3.1.2, RFC 9207.
 */
#include "idp/endpoints/flow.h"
#include "idp/endpoints/respond.h"
#include "common/clock.h"
#include "idp/rules/clients.h"
#include "idp/rules/code.h"
#include "idp/rules/device.h"
#include "idp/rules/subject.h"
#include "idp/rules/refresh.h"
#include "idp/store/grant.h"
#include <string.h>

/* The device learns it when it asks again; the browser gets a page that says so. */
static err_t tell_device(struct http_req *r, const struct flow *f, err_t why)
{
    if (why != OK) {
        err_t e = device_refuse(app_of(r)->db, f->request.device_hash);
        if (e != OK && e != ERR_DB_NONE)
            return e;
    }
    http_reply_no_store(r);
    http_reply_redirect(r, 303, why == OK ? "/device/done" : "/device/done?how=refused");
    return OK;
}

static err_t answer(struct http_req *r, const struct flow *f, const char *code, err_t why)
{
    return f->request.is_device ? tell_device(r, f, why) : respond(r, &f->request, code, why);
}

err_t flow_refuse(struct http_req *r, const struct flow *f, err_t why)
{
    if (why < ERR_APP_BASE || why == ERR_REQUEST_GONE)
        return why;
    return answer(r, f, NULL, why);
}

static err_t issue(struct http_req *r, const struct flow *f, const struct session *s)
{
    struct app *a = app_of(r);
    char code[TIMED_CHARS + 1];
    int64_t refresh_life = refresh_due(&f->client, f->request.scope) ? a->conf.refresh_life : 0;

    if (f->request.is_device) {
        int64_t life = a->conf.device_life + (refresh_life ? refresh_life : a->conf.token_life);
        const struct device_agreed d = {f->request.device_hash, &f->client, s, &f->request, life, http_request_id(r), NULL};
        TRY(device_agree(a->db, &a->keys, &d));
        return tell_device(r, f, OK);
    }
    const struct code_make m = {
        .keys = &a->keys,
        .client = &f->client,
        .session = s,
        .request = &f->request,
        .consent_scope = f->consent_given && f->request.scope[0] ? f->request.scope : NULL,
        .code_life = a->conf.code_life,
        .token_life = a->conf.token_life,
        .refresh_life = refresh_life,
        .consent_days = a->conf.consent_days,
        .request_id = http_request_id(r),
    };

    TRY(code_issue(a->db, &m, code));
    return answer(r, f, code, OK);
}

static err_t show(struct http_req *r, struct flow *f, const char *path)
{
    struct app *a = app_of(r);
    char browser[TOKEN_CHARS + 1], name[TIMED_CHARS + 1];
    AUTO_BUF url = {0};

    if (!f->name) {
        browser_name(r, browser);
        TRY(authz_keep(a->db, &f->request, browser, a->conf.request_life, name));
    }
    TRY(buf_addf(&url, "%s?request=%s", path, f->name ? f->name : name));
    return page_go(r, &url);
}

/* The client means one person (OpenID Connect Core §5.5.1), and this is another. */
static bool somebody_else(const struct app *a, const struct flow *f, const struct session *s)
{
    char sub[SUB_LEN + 1];

    if (!s || !f->request.want_sub[0])
        return false;
    subject_make(a->keys.pairwise, f->client.sector, s->account_id, sub);
    return strcmp(sub, f->request.want_sub) != 0;
}

err_t flow_go_on(struct http_req *r, struct flow *f, const struct session *s)
{
    struct consent consented = {0};
    enum authz_step step = AUTHZ_LOGIN;

    if (somebody_else(app_of(r), f, s)) {
        if (f->request.logged_in)
            return flow_refuse(r, f, ERR_LOGIN_REQUIRED);
        s = NULL;
    }

    if (s && !f->client.first_party && !f->consent_given)
        TRY(consent_get(app_of(r)->db, s->account_id, f->client.id, &consented));
    err_t e = authz_next(&f->request, &f->client, s, &consented, clock_now(), &step);
    if (e != OK)
        return flow_refuse(r, f, e);
    if (step == AUTHZ_CONSENT && f->consent_given)
        step = AUTHZ_ANSWER;
    if (step == AUTHZ_ANSWER)
        return issue(r, f, s);
    return show(r, f, f->request.prompt_create ? "/activate" : step == AUTHZ_LOGIN ? "/login" : "/consent");
}

err_t flow_load(struct http_req *r, const char *name, struct flow *f)
{
    struct app *a = app_of(r);
    char browser[TOKEN_CHARS + 1];

    memset(f, 0, sizeof *f);
    browser_name(r, browser);
    TRY(authz_find(a->db, name, browser, &f->request));
    f->name = name;
    err_t e = clients_get(a->clients, f->request.client_id, f->request.is_device ? NULL : f->request.redirect_uri, &f->client);
    if (e != OK)
        return e == ERR_DB_NONE ? ERR_REQUEST_GONE : e;
    /* Disabled, or the address taken away, since the request came. */
    return f->client.active && (f->client.uri_registered || f->request.is_device) ? OK : ERR_REQUEST_GONE;
}

void flow_allow_redirect(struct http_req *r, const struct flow *f)
{
    char origin[URI_MAX + 1];
    const char *host = strstr(f->request.redirect_uri, "://");
    size_t n = host ? (size_t)(host - f->request.redirect_uri) + 3 + strcspn(host + 3, "/?#") : 0;

    if (n == 0)
        return;
    memcpy(origin, f->request.redirect_uri, n);
    origin[n] = '\0';
    http_reply_form_action(r, origin);
}

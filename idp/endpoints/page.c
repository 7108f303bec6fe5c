/*
 * Pages and failures.
 * Called by every endpoint and by routes.c. RFC 6749 §5.2, RFC 6750 §3, RFC 9457.
 */
#include "idp/endpoints/page.h"
#include "common/dpop.h"
#include "common/log.h"
#include "idp/errors.h"
#include <stdio.h>
#include <string.h>
#include <strings.h>

struct app *app_of(const struct http_req *r)
{
    return http_app(r);
}

const char *page_text(const struct http_req *r, const char *key)
{
    return text_get(app_of(r)->texts, http_lang(r), key);
}

err_t page_url_with(const char *self, const char *name, const char *value, struct buf *out)
{
    size_t name_len = strlen(name);
    const char *query = strchr(self, '?');
    size_t path = query ? (size_t)(query - self) : strlen(self);
    char sep = '?';

    TRY(buf_add(out, self, path));
    for (const char *p = query ? query + 1 : ""; *p;) {
        size_t n = strcspn(p, "&");
        if (n > 0 && !(strncmp(p, name, name_len) == 0 && p[name_len] == '=')) {
            TRY(buf_add(out, &sep, 1));
            TRY(buf_add(out, p, n));
            sep = '&';
        }
        p += n;
        p += *p == '&';
    }
    return buf_addf(out, "%c%s=%s", sep, name, value);
}

err_t page_go(struct http_req *r, struct buf *url)
{
    const char *lang = http_query(r, "lang");

    if (lang && (strcmp(lang, "vi") == 0 || strcmp(lang, "en") == 0))
        TRY(url_add_param(url, "lang", lang));
    http_reply_no_store(r);
    http_reply_redirect(r, 303, buf_str(url));
    return OK;
}

json_t *page_values(struct http_req *r, const char *title_key, const char *self)
{
    enum lang lang = http_lang(r), other = lang == LANG_VI ? LANG_EN : LANG_VI;
    AUTO_BUF url = {0};
    AUTO_JSON v = json_pack("{s:s, s:s, s:s, s:s}", "title", page_text(r, title_key), "lang", lang_code(lang), "lang_other",
                            lang_code(other), "lang_other_name", other == LANG_EN ? "English" : "Tiếng Việt");

    if (!self && strcmp(http_method(r), "GET") == 0)
        self = http_target(r);
    if (self && (self[0] != '/' || self[1] == '/' || self[1] == '\\')) /* "//host/" would lead away */
        self = NULL;
    if (v && self && page_url_with(self, "lang", lang_code(other), &url) == OK)
        json_object_set_new(v, "lang_switch", json_string(buf_str(&url)));
    if (http_query(r, "lang")) /* chosen by hand: kept */
        http_reply_cookie(r, "lang", lang_code(lang), 365 * 86400L);
    return take(&v);
}

err_t page_reply(struct http_req *r, int status, const char *name, json_t *values)
{
    AUTO_JSON mine = values;
    AUTO_BUF html = {0};

    if (!mine)
        return ERR_NOMEM;
    TRY(template_render(app_of(r)->pages, name, http_lang(r), mine, &html));
    http_reply_header(r, "Content-Language", lang_code(http_lang(r)));
    http_reply_no_store(r);
    http_reply(r, status, "text/html; charset=utf-8", &html);
    return OK;
}

void page_retry_after(struct http_req *r, int64_t seconds)
{
    char text[24];

    if (seconds <= 0)
        return;
    snprintf(text, sizeof text, "%lld", (long long)seconds);
    http_reply_header(r, "Retry-After", text);
}

void fail_page(struct http_req *r, err_t e)
{
    const struct err_row *row = err_info(e);
    json_t *v = page_values(r, "error.title", NULL);

    if (v) {
        json_object_set_new(v, "message", json_string(page_text(r, row->text)));
        json_object_set_new(v, "request_id", json_string(http_request_id(r)));
        json_object_set_new(v, "busy", json_boolean(row->status == 503));
    }
    if (page_reply(r, row->status, "error", v) != OK)
        http_fail_problem(r, e);
}

/* Codes that RFC 6749 and OpenID Connect know stand in errors.def; the HTTP glue's own failures are invalid requests to an OAuth client. */
static const char *oauth_code(err_t e, const struct err_row *row)
{
    return e < ERR_APP_BASE && e != ERR_RATE && row->status < 500 ? "invalid_request" : row->code;
}

static void oauth_failure(struct http_req *r, err_t e, int status)
{
    const struct err_row *row = err_info(e);

    /* RFC 6749 §5.2: a client that tried the header gets the scheme named */
    if (e == ERR_CLIENT_AUTH && http_header(r, "Authorization"))
        http_reply_header(r, "WWW-Authenticate", "Basic realm=\"antin\", charset=\"UTF-8\"");
    http_reply_no_store(r);
    http_reply_header(r, "Pragma", "no-cache");
    const char *detail = http_problem_detail_get(r); /* in place of the general words, where somebody found more exact ones */
    const char *words = detail && *detail ? detail : text_get(app_of(r)->texts, LANG_EN, row->text);
    http_reply_json(r, status, json_pack("{s:s, s:s}", "error", oauth_code(e, row), "error_description", words));
}

void fail_oauth(struct http_req *r, err_t e)
{
    oauth_failure(r, e, err_info(e)->status);
}

/* The scheme that the caller tried, or Bearer. RFC 6750 §3, RFC 9449 §7.1. */
static void challenge(struct http_req *r, err_t e)
{
    const struct err_row *row = err_info(e);
    const char *tried = http_header(r, "Authorization");
    bool dpop = e == ERR_DPOP || e == ERR_DPOP_NONCE || (tried && strncasecmp(tried, "DPoP ", 5) == 0);
    AUTO_BUF v = {0};
    bool ok = buf_addf(&v, "%s realm=\"antin\"", dpop ? "DPoP" : "Bearer") == OK;

    /* RFC 6750 §3.1: no error code for a request that brought no token at all */
    if (ok && e != ERR_TOKEN_MISSING)
        ok = buf_addf(&v, ", error=\"%s\"", oauth_code(e, row)) == OK;
    if (ok && (e == ERR_TOKEN_OLD || e == ERR_ADMIN_OLD)) { /* RFC 9470 §3: what would be enough */
        const struct idp_conf *c = &app_of(r)->conf;
        ok = buf_addf(&v, ", max_age=\"%ld\"", e == ERR_TOKEN_OLD ? c->officer_max_age : c->admin_max_age) == OK;
    }
    if (ok && dpop)
        ok = buf_addf(&v, ", algs=\"%s\"", DPOP_ALGS) == OK;
    if (ok && (dpop || row->status == 401 || row->status == 403))
        http_reply_header(r, "WWW-Authenticate", buf_str(&v));
}

/* A proof that is wrong is 400 at the token endpoint (RFC 9449 §5) and 401 at a resource (§7.1). */
static int status_at_resource(err_t e)
{
    return e == ERR_DPOP || e == ERR_DPOP_NONCE ? 401 : err_info(e)->status;
}

void fail_bearer(struct http_req *r, err_t e)
{
    challenge(r, e);
    oauth_failure(r, e, status_at_resource(e));
}

void fail_api(struct http_req *r, err_t e)
{
    challenge(r, e);
    http_reply_no_store(r);
    http_fail_problem(r, e);
}

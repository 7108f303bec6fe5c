/*
 * The frame of a person's pages, sign-in and its protection.
 * Called by the endpoints of pages.
 */
#include "signer/endpoints/page.h"

#include "signer/endpoints/api.h"
#include "signer/errors.h"
#include <string.h>

const char *spage_text(const struct http_req *r, const char *key)
{
    return text_get(signer_app(r)->texts, http_lang(r), key);
}

/* --- the frame --- */

/* This page's address in the other language; only what was asked for by GET can be asked for again. */
static err_t lang_switch(const struct http_req *r, const char *other, struct buf *out)
{
    const char *target = http_target(r), *query = strchr(target, '?');
    char sep = '?';
    TRY(buf_add(out, target, query != NULL ? (size_t)(query - target) : strlen(target)));
    for (const char *p = query != NULL ? query + 1 : ""; *p != '\0';) {
        size_t n = strcspn(p, "&");
        if (n > 0 && strncmp(p, "lang=", 5) != 0) {
            TRY(buf_add(out, &sep, 1));
            TRY(buf_add(out, p, n));
            sep = '&';
        }
        p += n;
        p += *p == '&';
    }
    return buf_addf(out, "%clang=%s", sep, other);
}

json_t *spage_values(struct http_req *r, const char *title_key, const struct websession *s)
{
    enum lang lang = http_lang(r), other = lang == LANG_VI ? LANG_EN : LANG_VI;
    AUTO_JSON v = json_pack("{ssssssss}", "title", spage_text(r, title_key), "lang", lang_code(lang), "lang_other", lang_code(other),
                            "lang_other_name", other == LANG_EN ? "English" : "Tiếng Việt");
    AUTO_BUF url = {0};
    if (v == NULL)
        return NULL;
    if (strcmp(http_method(r), "GET") == 0 && lang_switch(r, lang_code(other), &url) == OK)
        json_object_set_new(v, "lang_switch", json_string(buf_str(&url)));
    if (http_query(r, "lang") != NULL) /* chosen by hand: kept */
        http_reply_cookie(r, "lang", lang_code(lang), 365 * 86400L);
    if (s != NULL) {
        json_object_set_new(v, "csrf", json_string(s->csrf));
        json_object_set_new(v, "person", json_string(s->person.name));
    }
    return take(&v);
}

err_t spage_reply(struct http_req *r, int status, const char *name, json_t *values)
{
    AUTO_JSON v = values;
    AUTO_BUF html = {0};
    if (v == NULL)
        return ERR_NOMEM;
    TRY(template_render(signer_app(r)->pages, name, http_lang(r), v, &html));
    http_reply_header(r, "Content-Language", lang_code(http_lang(r)));
    http_reply_no_store(r);
    http_reply(r, status, "text/html; charset=utf-8", &html);
    return OK;
}

void signer_fail_page(struct http_req *r, err_t e)
{
    const struct err_row *row = err_info(e);
    json_t *v = spage_values(r, "error.title", NULL);
    if (v != NULL) {
        json_object_set_new(v, "message", json_string(spage_text(r, row->text)));
        json_object_set_new(v, "request_id", json_string(http_request_id(r)));
        json_object_set_new(v, "busy", json_boolean(row->status == 503));
        json_object_set_new(v, "not_owner", json_boolean(e == ERR_NOT_OWNER));
    }
    if (spage_reply(r, row->status, "error", v) != OK)
        http_fail_problem(r, e);
}

/* --- who is signed in --- */

err_t spage_session(struct http_req *r, struct websession *s)
{
    struct app *a = signer_app(r);
    return websession_load(a->db, http_cookie(r, COOKIE_SESSION), a->conf.session_idle, s);
}

/* A form of ours comes from our origin; browsers that say otherwise are believed. */
static bool origin_ok(const struct http_req *r)
{
    const char *origin = http_header(r, "Origin"), *site = http_header(r, "Sec-Fetch-Site");
    if (origin != NULL && strcmp(origin, signer_app(r)->conf.url) != 0)
        return false;
    return site == NULL || strcmp(site, "same-origin") == 0 || strcmp(site, "none") == 0;
}

err_t spage_form_session(struct http_req *r, struct websession *s)
{
    TRY(spage_session(r, s));
    if (!origin_ok(r) || http_dup_params(r) || !websession_csrf_ok(s, http_field(r, "csrf")))
        return ERR_CSRF;
    return OK;
}

/* --- to the identity provider --- */

struct oidc_conf spage_oidc(const struct app *a)
{
    return (struct oidc_conf){
        .db = a->db,
        .provider = a->provider,
        .issuer = a->conf.issuer,
        .client_id = a->conf.client_id,
        .redirect_uri = buf_str(&a->redirect_uri),
    };
}

/* max_age: seconds since the person last showed who they are; 0: any. */
static err_t to_provider(struct http_req *r, const char *return_to, const char *signing_session, const char *nonce, int64_t max_age)
{
    const struct oidc_conf conf = spage_oidc(signer_app(r));
    const struct oidc_start start = {
        .return_to = return_to,
        .browser = http_cookie(r, COOKIE_LOGIN),
        .signing_session = signing_session,
        .nonce = nonce,
        .max_age = max_age,
        .lang = http_lang(r),
    };
    AUTO_BUF url = {0};
    char browser[OIDC_BROWSER_LEN + 1];
    TRY(oidc_start(&conf, &start, &url, browser));
    http_reply_cookie(r, COOKIE_LOGIN, browser, 3600);
    http_reply_no_store(r);
    http_reply_redirect(r, 303, buf_str(&url));
    return OK;
}

err_t spage_login(struct http_req *r, const char *return_to, const char *signing_session, const char *nonce)
{
    return to_provider(r, return_to, signing_session, nonce, signing_session != NULL ? SPAGE_RECENT_LOGIN : 0);
}

err_t spage_login_again(struct http_req *r, const char *return_to)
{
    return to_provider(r, return_to, NULL, NULL, SPAGE_RECENT_LOGIN);
}

const char *spage_own_path(const char *path, const char *fallback)
{
    if (path == NULL || path[0] != '/' || path[1] == '/' || path[1] == '\\' || strlen(path) > RETURN_TO_MAX)
        return fallback;
    for (const char *p = path; *p != '\0'; p++)
        if (*p <= 0x20 || *p >= 0x7f || *p == '\\')
            return fallback;
    return path;
}

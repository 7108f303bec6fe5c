/*
 * What ties a browser to its pending requests and its session.
 * Called by endpoints that serve pages. RFC 6265; OWASP ASVS V3, V4.
 */
#include "idp/endpoints/browser.h"
#include "idp/rules/audit_bound.h"
#include <string.h>

#define COOKIE_BROWSER "antin_idp_browser"
#define COOKIE_SESSION "antin_idp_session"

void browser_name(struct http_req *r, char out[TOKEN_CHARS + 1])
{
    const char *have = http_cookie(r, COOKIE_BROWSER);
    uint8_t hash[SHA256_LEN];

    if (token_hash(have, hash)) {
        memcpy(out, have, TOKEN_CHARS + 1);
        return;
    }
    random_token(out, TOKEN_BYTES);
    http_reply_cookie(r, COOKIE_BROWSER, out, 0);
}

const char *browser_session_cookie(const struct http_req *r)
{
    return http_cookie(r, COOKIE_SESSION);
}

void browser_set_session(struct http_req *r, const char *cookie)
{
    http_reply_cookie(r, COOKIE_SESSION, cookie ? cookie : "", cookie ? 0 : -1);
}

err_t browser_session(struct http_req *r, struct session *out)
{
    struct app *a = app_of(r);
    uint8_t hash[TIMED_KEY_LEN];

    if (!timed_key(browser_session_cookie(r), hash))
        return ERR_DB_NONE;
    return session_use(a->db, hash, a->conf.session_idle, out);
}

/* Whoever is connected, where nothing stands between. From this machine it is a proxy of ours, which says nothing about the caller. */
static const char *peer_address(const struct http_req *r, char out[NETWORK_CAP])
{
    const char *peer = http_peer(r);

    if (*peer == '\0' || strncmp(peer, "127.", 4) == 0 || strcmp(peer, "::1") == 0 || strncmp(peer, "::ffff:127.", 11) == 0)
        return NULL;
    return throttle_network(peer, out) ? out : NULL;
}

const char *browser_address(const struct http_req *r, char out[NETWORK_CAP])
{
    const char *name = app_of(r)->conf.proxy_header;
    const char *v = name && *name ? http_header(r, name) : NULL;

    if (!v)
        return peer_address(r, out);
    const char *comma = strrchr(v, ','); /* what stands before the last comma was said by the caller */
    v = comma ? comma + 1 : v;
    v += strspn(v, " ");
    return *v && throttle_network(v, out) ? out : NULL;
}

err_t browser_form(struct http_req *r, json_t *values, const char *form, const char *request, bool with_session)
{
    char browser[TOKEN_CHARS + 1], token[CSRF_LEN + 1];

    if (!values)
        return ERR_NOMEM;
    browser_name(r, browser);
    const struct csrf_scope s = {form, browser, with_session ? browser_session_cookie(r) : NULL, request};
    idp_csrf_token(app_of(r)->keys.csrf, &s, token);
    return json_object_set_new(values, "csrf", json_string(token)) == 0 ? OK : ERR_NOMEM;
}

err_t browser_guard(struct http_req *r, const char *form, const char *request, bool with_session)
{
    struct app *a = app_of(r);
    const struct csrf_scope s = {form, http_cookie(r, COOKIE_BROWSER), with_session ? browser_session_cookie(r) : NULL, request};

    err_t e = idp_origin_check(a->conf.issuer, http_header(r, "Origin"), http_header(r, "Referer"), http_header(r, "Sec-Fetch-Site"));
    if (e == OK && http_dup_params(r))
        return ERR_REQUEST_DOUBLED;
    if (e == OK)
        e = idp_csrf_check(a->keys.csrf, &s, http_field(r, "csrf"));
    if (e == OK)
        return OK;
    /* Another page tried to answer a form of ours, in somebody's name. */
    const struct audit row = {.event = "form.refused", .detail = form, .request_id = http_request_id(r)};
    return audit_refusal(a->db, &row, e);
}

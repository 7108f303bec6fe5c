/*
 * Form tokens and the Origin check.
 * Called by endpoints that take a POST from a browser. RFC 6454 §7.
 */
#include "idp/rules/csrf.h"
#include <sodium.h>
#include <string.h>

static void add(crypto_auth_hmacsha256_state *st, const char *s)
{
    const char *v = s ? s : "";

    crypto_auth_hmacsha256_update(st, (const uint8_t *)v, strlen(v) + 1); /* the NUL keeps the parts apart */
}

void idp_csrf_token(const uint8_t key[32], const struct csrf_scope *s, char out[CSRF_LEN + 1])
{
    crypto_auth_hmacsha256_state st;
    uint8_t mac[SHA256_LEN];

    crypto_auth_hmacsha256_init(&st, key, 32);
    add(&st, s->form);
    add(&st, s->browser);
    add(&st, s->session);
    add(&st, s->request);
    crypto_auth_hmacsha256_final(&st, mac);
    b64url_encode(BYTES(mac, sizeof mac), out);
    secret_wipe(&st, sizeof st);
}

err_t idp_csrf_check(const uint8_t key[32], const struct csrf_scope *s, const char *token)
{
    char want[CSRF_LEN + 1];

    if (!token || !s->browser)
        return ERR_CSRF;
    idp_csrf_token(key, s, want);
    return secret_eq(bytes_str(want), bytes_str(token)) ? OK : ERR_CSRF;
}

err_t idp_origin_check(const char *issuer, const char *origin, const char *referer, const char *sec_fetch_site)
{
    size_t n = strlen(issuer);
    bool same = sec_fetch_site && strcmp(sec_fetch_site, "same-origin") == 0;

    if (sec_fetch_site && !same && strcmp(sec_fetch_site, "none") != 0)
        return ERR_ORIGIN;
    /* A form on a page without referrer sends "null" (Fetch §3.1); the browser itself then says where it came from. */
    if (origin && strcmp(origin, "null") == 0)
        return same ? OK : ERR_ORIGIN;
    if (origin)
        return strcmp(origin, issuer) == 0 ? OK : ERR_ORIGIN;
    if (referer)
        return strncmp(referer, issuer, n) == 0 && (referer[n] == '/' || referer[n] == '\0') ? OK : ERR_ORIGIN;
    return OK;
}

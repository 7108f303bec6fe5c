/*
 * Form tokens and the Origin check: a form of ours is answered by the browser that got it, from a page of ours.
 * Called by endpoints that take a POST from a browser.
 */
#ifndef ANTIN_IDP_RULES_CSRF_H
#define ANTIN_IDP_RULES_CSRF_H

#include "common/secret.h"
#include "idp/errors.h"

#define CSRF_LEN 43

/*
 * HMAC over what the form belongs to: the form's name, the browser's cookie, the session's cookie (NULL: none), the pending
 * request (NULL: none).
 * Nothing is stored; whoever lacks the cookie cannot make one.
 */
struct csrf_scope {
    const char *form, *browser, *session, *request;
};
void idp_csrf_token(const uint8_t key[32], const struct csrf_scope *s, char out[CSRF_LEN + 1]);
err_t idp_csrf_check(const uint8_t key[32], const struct csrf_scope *s, const char *token) MUST_USE; /* ERR_CSRF */
/*
 * Browsers send Origin with every POST; what says another origin is refused, and "null" unless Sec-Fetch-Site
 * (which no page can set) says same-origin. Without Origin, Referer decides; without both (no
 * browser of today), Sec-Fetch-Site must not say otherwise and the form token alone decides. ERR_ORIGIN.
 */
err_t idp_origin_check(const char *issuer, const char *origin, const char *referer, const char *sec_fetch_site) MUST_USE;

#endif

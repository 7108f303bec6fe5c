/*
 * What a person's pages share: values of the frame, who is signed in, sign-in redirects, error pages.
 * Called by login.c, callback.c, credential.c, sign.c and files.c.
 */
#ifndef ANTIN_SIGNER_ENDPOINTS_PAGE_H
#define ANTIN_SIGNER_ENDPOINTS_PAGE_H

#include "common/http.h"
#include "signer/rules/context.h"
#include "signer/rules/oidc.h"
#include "signer/rules/websession.h"

#define COOKIE_SESSION "antin_signer"
#define COOKIE_LOGIN "antin_signer_login" /* binds a sign-in to this browser */

#define SPAGE_RECENT_LOGIN 900 /* seconds: an approval or a new key needs a sign-in not older than this */

const char *spage_text(const struct http_req *r, const char *key);
/* A new object with the frame's values (common/pages/README.md), and csrf and person when s is not NULL. self: as in the address bar, or NULL. */
json_t *spage_values(struct http_req *r, const char *title_key, const struct websession *s);
/* Renders and replies; takes the values. Stays an error when rendering fails. */
err_t spage_reply(struct http_req *r, int status, const char *name, json_t *values) MUST_USE;
http_fail signer_fail_page;

/* Who is signed in. ERR_UNAUTHENTICATED: nobody. */
err_t spage_session(struct http_req *r, struct websession *s) MUST_USE;
/* The same for a POST: also checks the form's CSRF token and the request's origin. ERR_CSRF. */
err_t spage_form_session(struct http_req *r, struct websession *s) MUST_USE;

/* Sends the browser to the identity provider; nonce and signing_session NULL for a plain sign-in. */
err_t spage_login(struct http_req *r, const char *return_to, const char *signing_session, const char *nonce) MUST_USE;
/* The same for somebody signed in, whose password or the like was asked for too long ago. */
err_t spage_login_again(struct http_req *r, const char *return_to) MUST_USE;
struct oidc_conf spage_oidc(const struct app *a);
/* A path of ours to come back to, or fallback. Never another origin. */
const char *spage_own_path(const char *path, const char *fallback);

#endif

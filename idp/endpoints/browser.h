/*
 * What ties a browser to its pending requests and its session: two cookies, form tokens, the caller's address.
 * Called by endpoints that serve pages.
 */
#ifndef ANTIN_IDP_ENDPOINTS_BROWSER_H
#define ANTIN_IDP_ENDPOINTS_BROWSER_H

#include "idp/endpoints/page.h"
#include "idp/rules/csrf.h"
#include "idp/rules/secrets.h"
#include "idp/rules/throttle.h"
#include "idp/store/session.h"

/* The browser's name; given one when it has none. */
void browser_name(struct http_req *r, char out[TOKEN_CHARS + 1]);
/* The session's cookie; NULL when there is none. Not the signer's: browsers keep one jar for all ports of a host. */
const char *browser_session_cookie(const struct http_req *r);
void browser_set_session(struct http_req *r, const char *cookie); /* NULL: forget it */
/* The live session. ERR_DB_NONE: nobody is signed in. */
err_t browser_session(struct http_req *r, struct session *out) MUST_USE;
/* The network whose attempts are counted together: of the address that our own proxy tells, or of who is connected from elsewhere; NULL: not known. */
const char *browser_address(const struct http_req *r, char out[NETWORK_CAP]);

/* Puts "csrf" into a page's values. request: the pending request's name, or NULL. with_session: the form belongs to the session too. */
err_t browser_form(struct http_req *r, json_t *values, const char *form, const char *request, bool with_session) MUST_USE;
/* The first thing a POST handler does: Origin, form token, no doubled field. ERR_ORIGIN, ERR_CSRF, ERR_REQUEST_DOUBLED. */
err_t browser_guard(struct http_req *r, const char *form, const char *request, bool with_session) MUST_USE;

#endif

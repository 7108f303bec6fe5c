/*
 * What every way of signing in shares: what the person signs in for, and how it goes on after.
 * Called by login.c, activate.c and upstream.c.
 */
#ifndef ANTIN_IDP_ENDPOINTS_LOGIN_H
#define ANTIN_IDP_ENDPOINTS_LOGIN_H

#include "idp/endpoints/flow.h"
#include "idp/endpoints/own.h"
#include "idp/rules/login.h"

/* A client's pending request, or a page of our own. ERR_REQUEST_GONE. */
err_t login_wanted(struct http_req *r, const char *request, const char *page, struct flow *f) MUST_USE;
struct login_deps login_deps(struct http_req *r);
/* Without login, password and address. Borrows from r and f. */
struct login_in login_in(const struct http_req *r, const struct flow *f);
/* Somebody has a session: gives the browser its cookie and goes on with what waited. */
err_t login_done(struct http_req *r, struct flow *f, const char *cookie) MUST_USE;

#endif

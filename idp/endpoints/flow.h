/*
 * The way of an authorization request through the pages: sign in, consent, answer.
 * Called by authorize.c, login.c and consent.c.
 */
#ifndef ANTIN_IDP_ENDPOINTS_FLOW_H
#define ANTIN_IDP_ENDPOINTS_FLOW_H

#include "idp/endpoints/browser.h"
#include "idp/rules/authz.h"

struct flow {
    struct auth_request request;
    struct client client;
    const char *name;   /* the pending request's name when it is kept already, else NULL */
    bool consent_given; /* the person just agreed */
    const char *own;    /* a page of our own waits, no client: its path; the request is empty then (own.h) */
};

/* Goes on with the next page or the answer; s NULL: nobody is signed in. */
err_t flow_go_on(struct http_req *r, struct flow *f, const struct session *s) MUST_USE;
/* Answers with an error at the redirect URI (RFC 6749 §4.1.2.1); failures of ours (503, 500) get a page instead: err is returned. */
err_t flow_refuse(struct http_req *r, const struct flow *f, err_t why) MUST_USE;
/* Loads the pending request named in the form or query, and its client. ERR_REQUEST_GONE. */
err_t flow_load(struct http_req *r, const char *name, struct flow *f) MUST_USE;
/* Allows this page's form to end at the redirect URI's origin (CSP form-action covers redirects after a POST). */
void flow_allow_redirect(struct http_req *r, const struct flow *f);

#endif

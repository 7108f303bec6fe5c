/*
 * Sends an authorization response to the client, by the browser, in the way that the request named.
 * Called by flow.c.
 */
#ifndef ANTIN_IDP_ENDPOINTS_RESPOND_H
#define ANTIN_IDP_ENDPOINTS_RESPOND_H

#include "common/http.h"
#include "idp/store/auth_request.h"

/* code NULL: refused, why says it. */
err_t respond(struct http_req *r, const struct auth_request *q, const char *code, err_t why) MUST_USE;

#endif

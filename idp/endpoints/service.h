/*
 * The client_credentials grant: tokens for services in their own name, made for many requests together.
 * Called by token.c; routes.c has service_together. RFC 6749 §4.4.
 */
#ifndef ANTIN_IDP_ENDPOINTS_SERVICE_H
#define ANTIN_IDP_ENDPOINTS_SERVICE_H

#include "common/http.h"
#include "idp/rules/token.h"

#define GRANT_SERVICE "client_credentials"

/* Whether a token request can be judged without waiting, as far as its fields tell: the HTTP thread tries those alone. */
bool service_quick(const struct http_req *r);
/* Judges the request; ERR_TOGETHER: all is well, service_together does the rest. ERR_CLIENT_FORBIDDEN, ERR_SCOPE, ERR_DETAILS, ERR_TARGET. */
err_t service_answer(struct http_req *r, const struct token_conf *conf) MUST_USE;
http_together service_together;

#endif

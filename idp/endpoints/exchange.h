/*
 * The token-exchange grant of the token endpoint.
 * Called by token.c. RFC 8693.
 */
#ifndef ANTIN_IDP_ENDPOINTS_EXCHANGE_H
#define ANTIN_IDP_ENDPOINTS_EXCHANGE_H

#include "idp/endpoints/caller.h"

#define GRANT_EXCHANGE "urn:ietf:params:oauth:grant-type:token-exchange"

err_t exchange_answer(struct http_req *r, const struct client *client, const struct token_conf *conf) MUST_USE;

#endif

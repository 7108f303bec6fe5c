/*
 * What a token is worth at this moment, and ending it before its time.
 * Called by endpoints/introspect.c and endpoints/revoke.c. RFC 7662, RFC 7009.
 */
#ifndef ANTIN_IDP_RULES_INTROSPECT_H
#define ANTIN_IDP_RULES_INTROSPECT_H

#include "common/json.h"
#include "idp/rules/token.h"
#include "idp/store/refresh.h"

/*
 * {"active": true, …} or {"active": false}, without a word why (RFC 7662 §2.2). A resource server learns of every access token; a refresh
 * token is the business of its own client alone. ERR_CLIENT_FORBIDDEN: the client has no right to ask. ERR_WAITS: c->at_hand, and the
 * database or keyd would have to be asked.
 * ERR_TOGETHER: *out are the claims of an access token, good if its grant is: introspect_told says what to answer then.
 */
err_t introspect(struct db_pool *p, const struct token_conf *c, const struct client *asker, const char *token, json_t **out) MUST_USE;
const char *introspect_grant(const json_t *claims); /* its id */
/* alive: the client whose living grant it is, "" for none (grants_alive). */
err_t introspect_told(const json_t *claims, const char *alive, json_t **out) MUST_USE;

/* An access token of ours, for whatever audience, in its time. ERR_TOKEN. */
err_t access_open(const struct token_conf *c, const char *token, json_t **claims) MUST_USE;
/* Its grant still lives, and is its client's. A service's token has none: then *out is empty. ERR_TOKEN. */
err_t access_grant(struct db_pool *p, const json_t *claims, struct grant *out) MUST_USE;

/*
 * Ends the grant that the token stands for, with all its tokens (RFC 7009 §2.1). What is unknown or dead is done already: OK.
 * ERR_CLIENT_FORBIDDEN: another client's. ERR_TOKEN_TYPE: a service's token, which has no grant and lives its few minutes.
 */
err_t revoke(struct db_pool *p, const struct token_conf *c, const struct client *who, const char *token, const char *request_id) MUST_USE;

#endif

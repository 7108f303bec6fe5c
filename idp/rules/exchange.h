/*
 * Token exchange: a portal turns a citizen's token into one for another service's API, which it then calls in the citizen's name.
 * Called by endpoints/exchange.c. RFC 8693.
 */
#ifndef ANTIN_IDP_RULES_EXCHANGE_H
#define ANTIN_IDP_RULES_EXCHANGE_H

#include "idp/rules/token.h"

#define TOKEN_TYPE_ACCESS "urn:ietf:params:oauth:token-type:access_token"

/* The form's fields, each may be NULL. */
struct exchange_in {
    const char *subject_token, *subject_token_type, *requested_token_type, *actor_token, *audience, *resource, *scope;
    const struct client *client;
    const char *request_id;
};
struct exchanged {
    struct buf token;
    char scope[SCOPE_MAX + 1];
    int64_t life; /* no longer than the token that it was made of */
};
void exchanged_free(struct exchanged *e);
/*
 * Only of the client's own token for a person, alive, never exchanged before; only for audiences (client ids of services) that it is registered for; never
 * for more scopes. A bound token only with its key. ERR_REQUEST, ERR_TARGET, ERR_SCOPE, ERR_CLIENT_FORBIDDEN (public clients).
 */
err_t exchange(struct db_pool *p, const struct token_conf *c, const struct exchange_in *in, struct exchanged *out) MUST_USE;

#endif

/*
 * Terms: what is asked and agreed beyond scopes. The database keeps them sealed, since they may name people and documents.
 * Called by rules/authz.c, rules/token.c and endpoints/. OpenID Connect Core §5.5, RFC 9396.
 */
#ifndef ANTIN_IDP_RULES_TERMS_H
#define ANTIN_IDP_RULES_TERMS_H

#include "common/json.h"
#include "idp/rules/secrets.h"
#include "idp/store/auth_request.h"

struct terms {
    json_t *userinfo, *id_token; /* objects: the single claims that go there, each with what was said of it; NULL: none (rules/claims.h) */
    json_t *details;             /* array (rules/details.h); NULL: none */
};
void terms_free(struct terms *t);
#define AUTO_TERMS AUTO(terms_free) struct terms

/* *len 0 when there is nothing to keep. ERR_REQUEST: more than can be kept. */
err_t terms_seal(const uint8_t seal[IDP_KEY_LEN], const char *client_id, const struct terms *t, uint8_t out[TERMS_SEALED_MAX],
                 size_t *len) MUST_USE;
/* Nothing sealed: all NULL. Caller frees. */
err_t terms_open(const uint8_t seal[IDP_KEY_LEN], const char *client_id, struct bytes sealed, struct terms *out) MUST_USE;

#endif

/*
 * What must fit together in a client's metadata, and what follows of it (its sector, its scopes in order).
 * Called by rules/client_registry.c. RFC 7591 §2.1, OpenID Connect Core §8.1, FAPI 2.0 Security Profile §5.
 */
#ifndef ANTIN_IDP_RULES_CLIENT_RULES_H
#define ANTIN_IDP_RULES_CLIENT_RULES_H

#include "idp/rules/client_metadata.h"

/* How a method's proof is kept: as a hash, sealed (needed in the clear for an HMAC), or not at all. */
enum secret_kind { SECRET_NONE, SECRET_HASHED, SECRET_SEALED };
enum secret_kind client_secret_kind(const char *auth_method);

/* ERR_CLIENT_METADATA, ERR_CLIENT_REDIRECT: it could not work, or not safely. Fills in name, sector and the order of scopes. */
err_t client_rules_check(struct client_record *c, struct client_fault *f) MUST_USE;

#endif

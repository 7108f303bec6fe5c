/*
 * Registering, changing and removing clients: the one way for antin-idpctl, the administration's API and clients that register themselves.
 * Called by endpoints/admin_clients.c, endpoints/register.c and antin-idpctl. RFC 7591, RFC 7592.
 */
#ifndef ANTIN_IDP_RULES_CLIENT_REGISTRY_H
#define ANTIN_IDP_RULES_CLIENT_REGISTRY_H

#include "idp/rules/client_rules.h"
#include "idp/rules/jwks.h"
#include "idp/rules/secrets.h"

struct registry {
    struct db_pool *db;
    const uint8_t *seal;     /* secrets that are needed in the clear */
    struct jwks_cache *jwks; /* tells which algorithms there are keys for; NULL: nobody asks */
    const struct actor *by;
};

/*
 * Checks the record and makes the client; without an id it gets one. secret: the new client's, told this once; "" when it has none.
 * ERR_CLIENT_METADATA, ERR_CLIENT_REDIRECT, ERR_DB_CONFLICT (the id is or was somebody's), ERR_DB_NONE (the registration token, see client_birth),
 * ERR_KEYD_DOWN (it names an algorithm, and nobody knows whether there is a key for it).
 */
err_t registry_add(const struct registry *r, struct client_record *c, const struct client_birth *b, char secret[TOKEN_CHARS + 1],
                   struct client_fault *f) MUST_USE;
/*
 * Puts a record in the place of old. secret: a new one, when the way it proves itself now needs another; else "". state, registration_token:
 * see client_record_put. event: "client.changed" or a nearer word. ERR_VERSION: somebody changed it meanwhile; and the faults above.
 */
err_t registry_put(const struct registry *r, const struct client_record *old, struct client_record *c, const char *state,
                   const uint8_t *registration_token, const char *event, char secret[TOKEN_CHARS + 1], struct client_fault *f) MUST_USE;
/* A new secret; the old one ends at once. ERR_DB_NONE: no such client, or one without a secret. */
err_t registry_secret(const struct registry *r, const char *id, char secret[TOKEN_CHARS + 1]) MUST_USE;

#endif

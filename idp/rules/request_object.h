/*
 * Signed request objects: an authorization request as a JWT by the client's own key.
 * Called by endpoints/authorize.c and endpoints/par.c. RFC 9101.
 */
#ifndef ANTIN_IDP_RULES_REQUEST_OBJECT_H
#define ANTIN_IDP_RULES_REQUEST_OBJECT_H

#include "common/json.h"
#include "idp/rules/clients.h"

/*
 * Checks signature (by the keys that the client registered), typ, iss, aud (this issuer), exp, nbf; *params are then its parameters and nothing
 * else (§6.3). ERR_REQUEST_OBJECT_BAD; ERR_REQUEST_OBJECT: the client has no keys, so it cannot send any.
 */
err_t request_object_read(struct clients *known, const struct client *c, const char *issuer, const char *object, json_t **params) MUST_USE;
/* The claims alone, of an object of this type (NULL: of any). *claims may hold what was read on failure too: free it. */
err_t request_object_claims(struct clients *known, const struct client *c, const char *issuer, const char *object, const char *typ,
                            json_t **claims) MUST_USE;

#endif

/*
 * The parameters of an authorization request by name, wherever they came from: the address, a pushed request (RFC 9126), a signed request object
 * (RFC 9101). A JSON object whose members are strings.
 * Called by endpoints/authorize.c and endpoints/par.c.
 */
#ifndef ANTIN_IDP_RULES_PARAMS_H
#define ANTIN_IDP_RULES_PARAMS_H

#include "common/json.h"
#include "idp/errors.h"

extern const char *const authz_param_names[]; /* every parameter that this provider looks at; ends with NULL */

/* The value, or NULL. Borrowed. */
const char *authz_param(const json_t *params, const char *name);

/*
 * The parameters that a request object's claims are (RFC 9101 §4): strings as they are, numbers in decimal, objects and arrays as compact JSON. request and
 * request_uri among them: ERR_REQUEST_OBJECT_BAD (§4).
 */
err_t params_of_claims(const json_t *claims, const char *const *names, json_t **out) MUST_USE;

#endif

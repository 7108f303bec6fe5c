/*
 * The token keys, as people who look after them see them.
 * Called by endpoints/admin_keys.c and antin-idpctl.
 */
#ifndef ANTIN_IDP_RULES_KEYS_H
#define ANTIN_IDP_RULES_KEYS_H

#include "common/json.h"
#include "common/keyclient.h"

/* {"keys": [{kid, active, not_before, not_after}, …]}; public names and times alone. keyd's failures come through. */
err_t keys_tell(struct keyclient *k, json_t **out) MUST_USE;

#endif

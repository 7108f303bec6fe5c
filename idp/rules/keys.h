/*
 * The token keys, as people who look after them see them.
 * Called by endpoints/admin_keys.c and antin-idpctl.
 */
#ifndef ANTIN_IDP_RULES_KEYS_H
#define ANTIN_IDP_RULES_KEYS_H

#include "common/json.h"
#include "common/keyclient.h"
#include "idp/store/audit.h"

/* {"keys": [{kid, alg, active, default, not_before, not_after}, …]}; public names and times alone. keyd's failures come through. */
err_t keys_tell(struct keyclient *k, json_t **out) MUST_USE;
/* Asks keyd for a successor of each; written down before. ERR_CONFLICT: it is not configured to. */
err_t keys_rotate(struct keyclient *k, struct db_pool *db, const struct actor *by) MUST_USE;
/* *waits: each algorithm that signs has a key that will. */
err_t keys_wait(struct keyclient *k, bool *waits) MUST_USE;

#endif

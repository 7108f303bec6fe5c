/*
 * Initial access tokens: made and listed; by the administration's API and antin-idpctl alike.
 * Called by endpoints/admin_registration.c and antin-idpctl. RFC 7591 §3.
 */
#ifndef ANTIN_IDP_RULES_REGISTRATION_TOKEN_H
#define ANTIN_IDP_RULES_REGISTRATION_TOKEN_H

#include "idp/rules/software_policy.h"
#include "idp/store/registration.h"

/*
 * asked: {"name", "uses" (1), "days" (7), "policy": {…}}. *made: id, the token (told this once), name, uses, expires_at. ERR_CLIENT_METADATA with the
 * words in f.
 */
err_t registration_token_make(struct db_pool *p, const json_t *asked, const struct actor *by, json_t **made,
                              struct client_fault *f) MUST_USE;
/* {"registration_tokens": […]}; no token among them. */
err_t registration_tokens_tell(struct db_pool *p, json_t **out) MUST_USE;

#endif

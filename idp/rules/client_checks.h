/*
 * Single members of client metadata: what each may say.
 * Called by rules/client_metadata.c alone: client_fields.def names these functions. Each gives NULL when the value will do, else why not.
 */
#ifndef ANTIN_IDP_RULES_CLIENT_CHECKS_H
#define ANTIN_IDP_RULES_CLIENT_CHECKS_H

#include "common/json.h"
#include "idp/rules/client_cert.h"

typedef const char *client_check(const char *value);
client_check check_label, check_uri, check_contact, check_auth_method, check_assertion_alg, check_object_alg, check_grant, check_scope,
    check_sector, check_profile, check_client_id, check_statement, check_tls_match, check_keys, check_encryption_alg, check_encryption_enc,
    check_details_type, check_acr, check_ciba_mode, check_nothing;

/* A key set: public keys alone, of which somebody can say what they are for. */
const char *jwks_fault(const json_t *set);

#endif

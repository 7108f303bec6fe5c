/*
 * Personal data of an account: JSON under the account's own data key, which only keyd can unwrap.
 * Called by endpoints/ (userinfo, consent, citizens) and antin-idpctl.
 */
#ifndef ANTIN_IDP_RULES_PERSON_H
#define ANTIN_IDP_RULES_PERSON_H

#include "common/json.h"
#include "common/keyclient.h"
#include "idp/store/account.h"

/* Makes a data key, wraps it for this account and seals the data. Caller frees sealed. keyd's failures come through. */
err_t person_seal(struct keyclient *k, const char *account_id, const json_t *person, uint8_t wrapped[KEY_WRAPPED_LEN],
                  struct buf *sealed) MUST_USE;
err_t person_open(struct keyclient *k, struct db_pool *p, const char *account_id,
                  json_t **person) MUST_USE; /* ERR_DB_NONE, ERR_CRYPTO: altered */
/* The same of a row that is here already. */
err_t person_unseal(struct keyclient *k, const char *account_id, const struct account_sealed *row, json_t **person) MUST_USE;

/* Claims that these scopes give (OpenID Connect Core §5.1, §5.4); sub is the caller's to add. */
err_t person_claims(const json_t *person, const char *scope, json_t *claims) MUST_USE;

#endif

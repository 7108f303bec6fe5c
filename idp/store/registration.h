/*
 * Table registration_token, and the tokens by which clients manage themselves.
 * Called by endpoints/register.c, endpoints/admin_registration.c and antin-idpctl. RFC 7591 §3, RFC 7592 §2.
 */
#ifndef ANTIN_IDP_STORE_REGISTRATION_H
#define ANTIN_IDP_STORE_REGISTRATION_H

#include "common/secret.h"
#include "idp/store/audit.h"

struct registration_new {
    const char *id, *name, *policy; /* policy: JSON that rules/software_policy.c has read */
    const uint8_t *token_hash;
    int64_t uses, days;
};
err_t registration_token_add(struct db_pool *p, const struct registration_new *t, const struct actor *by) MUST_USE;
/* id, name, policy, uses, used, created_at, expires_at, state (live, used, expired, revoked); the youngest first. */
err_t registration_token_list(struct db_pool *p, struct db_rows **rows) MUST_USE;
/* Nobody registers with it any more; its clients stay, and stay bound to its policy. ERR_DB_NONE: no such one, or revoked before. */
err_t registration_token_revoke(struct db_pool *p, const char *id, const struct actor *by) MUST_USE;

/* The policy of a token that still has uses. ERR_DB_NONE. */
err_t registration_policy_live(struct db_pool *p, const uint8_t token_hash[HASH_LEN], struct buf *policy) MUST_USE;
/* The policy that a client came by. ERR_DB_NONE. */
err_t registration_policy_of(struct db_pool *p, const char *client_id, struct buf *policy) MUST_USE;
/*
 * Whether a registration access token is this client's: its present one, or the one before as long as the present one was not used (its first
 * use ends the other). ERR_DB_NONE.
 */
err_t registration_access(struct db_pool *p, const char *client_id, const uint8_t token_hash[HASH_LEN]) MUST_USE;

#endif

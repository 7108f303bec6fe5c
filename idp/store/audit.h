/*
 * Table audit, and answers kept for Idempotency-Key.
 * Called by rules/, endpoints/citizens.c and antin-idpctl.
 */
#ifndef ANTIN_IDP_STORE_AUDIT_H
#define ANTIN_IDP_STORE_AUDIT_H

#include "idp/store/store.h"

/* Who does something to somebody else: an officer (by a client), a service in its own name, or the operator at the command line. */
struct actor {
    const char *account, *client, *operator, * request_id; /* each may be NULL */
};
/* How statements take an actor: four parameters in this order. */
#define ACTOR_PARAMS(a) DB_TEXT((a)->account), DB_TEXT((a)->client), DB_TEXT((a)->operator), DB_TEXT((a)->request_id)

struct audit {
    const char *event;                                        /* "login.failed" and the like: ids alone, no personal data */
    const char *account_id, *client_id, *request_id, *detail; /* each may be NULL */
    const struct actor *by;                                   /* NULL: the person or client itself */
};
err_t idp_audit(struct db_pool *p, const struct audit *a) MUST_USE;

/* A service's token: whose, its jti, in answer to which request. */
struct audit_token {
    const char *client_id, *jti, *request_id;
};
/* Rows 'token.client' for n tokens (HTTP_TOGETHER_MAX at most), all in one commit or none. */
err_t idp_audit_tokens(struct db_pool *p, const struct audit_token *t, size_t n) MUST_USE;

struct kept_answer {
    uint8_t request_hash[HASH_LEN];
    int status;
    struct buf sealed; /* caller frees */
};
err_t idp_idempotency_get(struct db_pool *p, const char *principal, const char *key, struct kept_answer *out) MUST_USE; /* ERR_DB_NONE */

#endif

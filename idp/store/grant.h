/*
 * Tables access_grant, consent: what a person allowed a client; and the making of the code that brings it (its use: store/code.h).
 * Called by rules/code.c, rules/consent.c and rules/token.c.
 */
#ifndef ANTIN_IDP_STORE_GRANT_H
#define ANTIN_IDP_STORE_GRANT_H

#include "idp/store/account.h"
#include "idp/store/auth_request.h"
#include "idp/store/session.h"

#define SUB_LEN 43
#define ACR_MAX 127

/* What a person agreed to share with a client: scopes, and single claims beyond them; "" when none. */
struct consent {
    char scope[SCOPE_MAX + 1];
    char claims[CLAIM_NAMES_MAX + 1];
};
err_t consent_get(struct db_pool *p, const char *account_id, const char *client_id, struct consent *out) MUST_USE;

struct code_new {
    const uint8_t *code_hash;
    const char *grant_id;
    const struct session *session;
    const struct auth_request *request; /* when stored, it is marked answered; a second answer is ERR_DB_NONE */
    const char *scope;                  /* granted */
    const char *sub;
    int64_t code_life, grant_life; /* seconds */
    const char *consent_scope;     /* remembered from now on, with the request's claims; NULL: nothing was asked */
    const char *acr;               /* NULL: by level */
    int64_t consent_days;
    const char *request_id;
};
err_t code_issue_row(struct db_pool *p, const struct code_new *c) MUST_USE;

/* A code with its grant, as token endpoint and userinfo need them. */
struct grant {
    char id[UUID_LEN + 1];
    char account_id[UUID_LEN + 1];
    char client_id[CLIENT_ID_MAX + 1];
    char scope[SCOPE_MAX + 1];
    char sub[SUB_LEN + 1];
    char sid[UUID_LEN + 1];
    int64_t auth_time;
    int level;
    bool live;                         /* not revoked, not expired, the account active */
    bool registrar, admin;             /* the account holds the role now */
    char dpop_jkt[THUMBPRINT_LEN + 1]; /* a public client refreshes with this key alone; "" when none */
    char resource[RESOURCE_MAX + 1];   /* what its tokens are for; "": by scope */
    bool dpop_nonce;                   /* its client's proofs carry nonces */
    char amr[AMR_MAX + 1];             /* how the person signed in */
    char acr[ACR_MAX + 1];             /* the class that the client wanted and got; "": by level */
    uint8_t terms[TERMS_SEALED_MAX];   /* sealed: claims parameter and authorization details (rules/terms.h) */
    size_t terms_len;                  /* 0: neither */
};
/* Columns of "access_grant g JOIN account a", as grant_read takes them from the first on. */
#define GRANT_LIVE                                                         \
    "g.revoked_at IS NULL AND g.expires_at > now() AND a.state = 'active'" \
    " AND EXISTS (SELECT 1 FROM idp.client k WHERE k.id = g.client_id AND k.state = 'active')"
#define GRANT_COLUMNS                                                                                         \
    "g.id, g.account_id, g.client_id, g.scope, g.sub, g.sid, g.auth_time, least(a.level, g.level_max),"       \
    " " GRANT_LIVE ","                                                                                        \
    " EXISTS (SELECT 1 FROM idp.role r WHERE r.account_id = a.id AND r.role = 'registrar')"                   \
    ", g.dpop_jkt, g.resource, EXISTS (SELECT 1 FROM idp.client k WHERE k.id = g.client_id AND k.dpop_nonce)" \
    ", g.amr, g.acr, g.terms"                                                                                 \
    ", EXISTS (SELECT 1 FROM idp.role r WHERE r.account_id = a.id AND r.role = 'admin')"
#define GRANT_NCOLUMNS 17
err_t grant_read(const struct db_rows *r, int row, struct grant *g) MUST_USE;
err_t grant_get(struct db_pool *p, const char *id, struct grant *out) MUST_USE;                          /* ERR_DB_NONE */
err_t grant_revoke(struct db_pool *p, const char *id, const char *why, const char *request_id) MUST_USE; /* ERR_DB_NONE: was revoked */

/* --- several in one statement --- */
#define GRANTS_MAX 32
bool grant_id_ok(const char *id); /* the form that every id of a grant has; the following take no other */
/* Which of them are alive: alive[i] is the client whose grant ids[i] is, "" for all others. */
err_t grants_alive(struct db_pool *p, const char *const *ids, size_t n, char alive[][CLIENT_ID_MAX + 1]) MUST_USE;
/* Grants that exist, with their people's sealed data. */
err_t grants_get(struct db_pool *p, const char *const *ids, size_t n, struct db_rows **out) MUST_USE;
/* One of those rows; *i: of which id, set whenever that is known. */
err_t grants_read(const struct db_rows *r, int row, size_t *i, struct grant *g) MUST_USE;
err_t grants_person(const struct db_rows *r, int row, struct account_sealed *out) MUST_USE; /* the caller frees out->data */

#endif

/*
 * Table session: single sign-on sessions, by the hash of their cookie.
 * Called by rules/session.c.
 */
#ifndef ANTIN_IDP_STORE_SESSION_H
#define ANTIN_IDP_STORE_SESSION_H

#include "idp/store/audit.h"
#include "common/secret.h"

#define AMR_MAX 127

struct session {
    uint8_t id_hash[TIMED_KEY_LEN];
    char sid[UUID_LEN + 1];
    char account_id[UUID_LEN + 1];
    int level; /* what this sign-in proves: never above the account's */
    bool registrar, admin; /* roles of the account now */
    int64_t auth_time;
    int account_level;
    char amr[AMR_MAX + 1]; /* how the person signed in (RFC 8176), separated by spaces */
};

struct session_new {
    const uint8_t *id_hash;
    const uint8_t *old_id_hash; /* ended in the same breath; NULL: none */
    const char *sid, *account_id;
    int64_t max_age;                    /* seconds */
    const uint8_t *request_hash;        /* the pending request that the person signed in for; NULL: none */
    const uint8_t *throttle;            /* bucket to forget */
    const char *client_id, *browser;    /* where the person came from, with what (browser_kind.h); each may be NULL */
    const char *request_id;             /* for the audit row */
    const char *amr;                    /* NULL: "pwd" */
    bool limited;                       /* the sign-in proves level_max at most */
    int level_max;
    int64_t auth_time;                  /* when the person really signed in, elsewhere; 0: now */
    const char *upstream;               /* the provider where that was; NULL: here */
};
/* ERR_DB_NONE: the account is not active (any more). */
err_t session_start(struct db_pool *p, const struct session_new *s) MUST_USE;
/* The session, if it lives and its account is active; marks it as used now. ERR_DB_NONE. */
err_t session_use(struct db_pool *p, const uint8_t id_hash[TIMED_KEY_LEN], int64_t idle, struct session *out) MUST_USE;
err_t session_end(struct db_pool *p, const uint8_t id_hash[TIMED_KEY_LEN], const char *request_id) MUST_USE; /* ERR_DB_NONE */
/* Ends all sessions of an account and kills its grants. *n: how many sessions. */
err_t session_revoke_all(struct db_pool *p, const char *account_id, const struct actor *by, int64_t *n) MUST_USE;

#endif

/*
 * Tables account, password, role, activation: who can sign in and with what.
 * Called by rules/account.c, rules/login.c, endpoints/citizens.c and antin-idpctl.
 */
#ifndef ANTIN_IDP_STORE_ACCOUNT_H
#define ANTIN_IDP_STORE_ACCOUNT_H

#include "common/keyclient.h"
#include "idp/store/audit.h"
#include "idp/store/store.h"

#define PASSWORD_HASH_CAP 128 /* crypto_pwhash_STRBYTES */
#define PERSON_SEALED_MAX 16384

struct account {
    char id[UUID_LEN + 1];
    char kind[16];  /* citizen, officer */
    char state[16]; /* pending, active, locked */
    int level;
    bool registrar;
    char password[PASSWORD_HASH_CAP]; /* "" when none was chosen yet */
    int64_t created_at;
};

/* An answer to be repeated when the same request comes again under its Idempotency-Key. */
struct once_new {
    const char *key;
    const uint8_t *request_hash;
    int status;
    struct bytes answer; /* sealed */
};

/* A new account, with what its makers keep. All of it becomes visible at once, with an audit row. */
struct account_new {
    const char *id;
    int level;
    const uint8_t *login_hash, *phone_hash; /* phone_hash may be NULL */
    struct bytes data_key, data;
    const char *created_by; /* officer's account, or NULL */
    const struct actor *by; /* officers' accounts: who made it */
    const char *request_id;
    /* citizens */
    const uint8_t *code_hash;
    int64_t activation_days;
    struct once_new once;
    /* officers */
    const char *password, *role; /* password NULL: chosen by activation (none for officers yet) */
};
err_t account_create_citizen(struct db_pool *p,
                             const struct account_new *a) MUST_USE; /* ERR_DB_CONFLICT: number or idempotency key is there */
err_t account_create_officer(struct db_pool *p, const struct account_new *a) MUST_USE; /* ERR_DB_CONFLICT */

err_t account_by_login(struct db_pool *p, const uint8_t login_hash[HASH_LEN], struct account *out) MUST_USE; /* ERR_DB_NONE */
err_t account_by_id(struct db_pool *p, const char *id, struct account *out) MUST_USE;                        /* ERR_DB_NONE */
/* Gives or takes a role. ERR_DB_NONE: it was (not) there already, or no officer has that id. */
err_t account_role_give(struct db_pool *p, const char *id, const char *role, const struct actor *by) MUST_USE;
err_t account_role_take(struct db_pool *p, const char *id, const char *role, const struct actor *by) MUST_USE;

/* A new password for an account that has one: its sessions end, its grants die. ERR_DB_NONE. */
err_t account_set_password(struct db_pool *p, const char *id, const char *hash, const struct actor *by) MUST_USE;
/* The same password hashed at today's cost: nothing else changes. */
err_t account_rehash(struct db_pool *p, const char *id, const char *hash) MUST_USE;

/* state: from one to another, with an audit row; ERR_DB_NONE when it was in neither. Sessions end and grants die when it is locked. */
err_t account_set_state(struct db_pool *p, const char *id, const char *state, const struct actor *by) MUST_USE;

/* The sealed personal data. */
struct account_sealed {
    uint8_t key[KEY_WRAPPED_LEN];
    struct buf data; /* caller frees */
};
err_t account_sealed_get(struct db_pool *p, const char *id, struct account_sealed *out) MUST_USE; /* ERR_DB_NONE */
/* Columns data_key and data, which stand side by side from this one on. */
err_t account_sealed_read(const struct db_rows *r, int row, int column, struct account_sealed *out) MUST_USE;

/* --- activation --- */
struct activation_new {
    const char *account_id;
    const uint8_t *code_hash;
    int64_t days;
    const char *by;
    struct once_new once;
    const char *request_id;
};
/* In place of the old code. ERR_DB_NONE: no such citizen, or locked; ERR_DB_CONFLICT: the idempotency key is there. */
err_t activation_renew(struct db_pool *p, const struct activation_new *n) MUST_USE;
/* Counts one attempt. ERR_DB_NONE: no usable code at all. *code_hash is what a right code hashes to. */
err_t activation_try(struct db_pool *p, const uint8_t login_hash[HASH_LEN], char account_id[UUID_LEN + 1],
                     uint8_t code_hash[HASH_LEN]) MUST_USE;
/* Consumes the code, sets the password, makes the account active, ends its sessions. ERR_DB_NONE: somebody was faster. */
err_t activation_use(struct db_pool *p, const char *account_id, const uint8_t code_hash[HASH_LEN], const char *password,
                     const char *request_id) MUST_USE;

#endif

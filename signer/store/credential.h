/*
 * Table signer.credential: citizens' sealed signing keys.
 * Called by rules/credential and rules/signing.
 */
#ifndef ANTIN_SIGNER_STORE_CREDENTIAL_H
#define ANTIN_SIGNER_STORE_CREDENTIAL_H

#include "common/db.h"
#include "common/keyclient.h"
#include "signer/store/web_session.h"

#define CREDENTIAL_PINS_MAX 5 /* wrong ones before the credential is locked */

enum credential_state { CREDENTIAL_PENDING, CREDENTIAL_ACTIVE, CREDENTIAL_LOCKED, CREDENTIAL_REVOKED, CREDENTIAL_ABANDONED };
const char *credential_state_name(enum credential_state s);

struct credential {
    char id[UUID_LEN + 1];
    char owner[SUBJECT_MAX + 1];
    char subject_number[SUBJECT_MAX + 1];
    enum credential_state state;
    uint8_t blob[KEY_BLOB_MAX];
    size_t blob_len;
    int wrong_pins;
    int64_t locked_at; /* 0: not */
    int64_t created_at;
};

/* A new one in state pending. ERR_DB_CONFLICT: the owner has a live one. */
err_t credential_insert(struct db *db, const struct credential *c, struct bytes spki, const char *instance) MUST_USE;
err_t credential_get(struct db *db, const char *id, struct credential *out) MUST_USE; /* ERR_DB_NONE */
err_t credential_lock(struct db *db, const char *id,
                      struct credential *out) MUST_USE; /* the same, with the row locked to the end of the transaction */
/* The owner's pending, active or locked one. ERR_DB_NONE. */
err_t credential_of(struct db *db, const char *owner, struct credential *out) MUST_USE;
/* All of an owner, newest first; *n at most max. */
err_t credential_list(struct db *db, const char *owner, struct credential *out, size_t max, size_t *n) MUST_USE;
/* The subject number that an owner's certificates carry. ERR_DB_NONE: none yet. */
err_t credential_number_of(struct db *db, const char *owner, char out[SUBJECT_MAX + 1]) MUST_USE;

err_t credential_activate(struct db *db, const char *id) MUST_USE;                    /* pending → active; ERR_DB_NONE */
err_t credential_set_revoked(struct db *db, const char *id) MUST_USE;                 /* active or locked → revoked; ERR_DB_NONE */
err_t credential_set_blob(struct db *db, const char *id, struct bytes blob) MUST_USE; /* another PIN */
/* Takes one attempt before a PIN is tried. ERR_DB_NONE: locked, revoked, or none left. */
err_t credential_take_attempt(struct db *db, const char *id) MUST_USE;
/* Gives it back: the PIN was not tried (all = false), or was right and clears the count (all = true). */
err_t credential_give_back(struct db *db, const char *id, bool all) MUST_USE;
/* After a wrong PIN: locks when none is left. *left is what remains. */
err_t credential_wrong_pin(struct db *db, const char *id, int *left) MUST_USE;
err_t credential_unlock(struct db *db, const char *id) MUST_USE; /* ERR_DB_NONE: not locked */
/* Gives up a pending one that could not be finished; its serial number goes onto the CRL, for keyd may have signed it. */
err_t credential_abandon(struct db *db, const char *id) MUST_USE;
/* Marks pending ones of a crashed maker abandoned: those of this instance (may be NULL), and any older than a minute. */
err_t credential_abandon_pending(struct db *db, const char *instance) MUST_USE;

extern const struct db_stmt credential_insert_stmt, credential_get_stmt, credential_lock_stmt, credential_of_stmt, credential_list_stmt,
    credential_number_of_stmt, credential_activate_stmt, credential_set_revoked_stmt, credential_set_blob_stmt,
    credential_take_attempt_stmt, credential_give_back_stmt, credential_wrong_pin_stmt, credential_unlock_stmt, credential_abandon_stmt,
    credential_abandon_pending_stmt;

#endif

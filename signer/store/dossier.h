/*
 * Table signer.dossier: dossiers and the state they are in.
 * Called by rules/dossier, rules/activation, rules/signing and rules/recovery.
 */
#ifndef ANTIN_SIGNER_STORE_DOSSIER_H
#define ANTIN_SIGNER_STORE_DOSSIER_H

#include "common/db.h"
#include "signer/store/web_session.h"

#define DOSSIER_CODE_MAX 128
#define DOSSIER_TEXT_MAX 255
#define CLIENT_ID_MAX 128
#define RETURN_URI_MAX 2048

enum dossier_state { DOSSIER_DRAFT, DOSSIER_AWAITING, DOSSIER_SIGNING, DOSSIER_SEALED };
const char *dossier_state_name(enum dossier_state s);

struct dossier {
    char id[UUID_LEN + 1];
    char code[DOSSIER_CODE_MAX + 1];
    char procedure[DOSSIER_TEXT_MAX + 1];
    char agency[DOSSIER_TEXT_MAX + 1];
    char client_id[CLIENT_ID_MAX + 1];
    char owner[SUBJECT_MAX + 1];
    char return_uri[RETURN_URI_MAX + 1]; /* "" for none */
    char level[6];                       /* asked for of the container's signatures: "B-B" to "B-LTA" */
    char level_reached[6];               /* "": not sealed, or sealed without a container */
    enum dossier_state state;
    int64_t created_at;
    int64_t submitted_at;  /* 0: not yet */
    int64_t sealed_at;     /* 0: not yet */
    int64_t signing_until; /* 0: nobody signs */
};

err_t dossier_insert(struct db *db, const struct dossier *d) MUST_USE;           /* id … level; state draft */
err_t dossier_get(struct db *db, const char *id, struct dossier *out) MUST_USE;  /* ERR_DB_NONE */
err_t dossier_lock(struct db *db, const char *id, struct dossier *out) MUST_USE; /* the same, locked to the end of the transaction */

#define DOSSIER_LIST_MAX 50
/* Newest first. Each of client and owner narrows the list unless NULL. Caller frees *out with free(). */
err_t dossier_list(struct db *db, const char *code, const char *client_id, const char *owner, struct dossier **out, size_t *n) MUST_USE;

err_t dossier_set_submitted(struct db *db, const char *id) MUST_USE; /* draft → awaiting_signature; ERR_DB_NONE */
/* awaiting_signature → signing, under a lease: one caller wins, the others get ERR_DB_NONE. */
err_t dossier_begin_signing(struct db *db, const char *id, const char *session, const char *instance, int64_t lease) MUST_USE;
err_t dossier_end_signing(struct db *db, const char *id,
                          const char *session) MUST_USE; /* signing → awaiting_signature; ERR_DB_NONE: no longer ours */
err_t dossier_set_sealed(struct db *db, const char *id, const char *session) MUST_USE; /* signing → sealed; ERR_DB_NONE: no longer ours */
/*
 * Returns half-signed dossiers to awaiting_signature and marks their intents abandoned: those of a crashed instance (NULL: none), and those whose
 * lease has run out. *n is how many.
 */
err_t dossier_recover(struct db *db, const char *instance, int64_t *n) MUST_USE;

extern const struct db_stmt dossier_insert_stmt, dossier_get_stmt, dossier_lock_stmt, dossier_list_stmt, dossier_set_submitted_stmt,
    dossier_begin_signing_stmt, dossier_end_signing_stmt, dossier_set_sealed_stmt, dossier_recover_stmt;

#endif

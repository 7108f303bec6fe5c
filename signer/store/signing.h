/*
 * Tables signer.signing_session, signing_item, signature and seal: what a citizen is asked to sign, the intents, and the results.
 * Called by rules/activation, rules/signing and rules/sealing.
 */
#ifndef ANTIN_SIGNER_STORE_SIGNING_H
#define ANTIN_SIGNER_STORE_SIGNING_H

#include "common/db.h"
#include "signer/store/certificate.h"
#include "signer/store/component.h"

struct signing_session_row {
    char id[UUID_LEN + 1];
    char dossier[UUID_LEN + 1];
    char credential[UUID_LEN + 1];
    uint8_t web_session[SHA256_LEN];
    uint8_t random[16];
    int64_t signing_time;
    int64_t expires;
    struct buf id_token; /* sealed; empty until the citizen came back from the identity provider; caller frees */
};
/* In place of earlier ones of this browser for this dossier: one is kept. */
err_t signing_session_insert(struct db *db, const struct signing_session_row *s) MUST_USE;
err_t signing_session_get(struct db *db, const char *id, struct signing_session_row *out) MUST_USE; /* ERR_DB_NONE */
/* The newest session of this browser for this dossier that still lives for at least margin seconds. ERR_DB_NONE. */
err_t signing_session_of(struct db *db, const char *dossier, const uint8_t web_session[SHA256_LEN], int64_t margin,
                         struct signing_session_row *out) MUST_USE;
err_t signing_session_set_token(struct db *db, const char *id, struct bytes sealed) MUST_USE;
err_t signing_session_delete(struct db *db, const char *id) MUST_USE;
err_t signing_session_expire(struct db *db) MUST_USE;

struct signing_item_row {
    char component[COMPONENT_NAME_MAX + 1]; /* "": the container of them all */
    enum component_format format;
    uint8_t digest[SHA256_LEN];
    /* PAdES: without the placeholder's zeros (rules/activation puts them back). XAdES: the signature's text without its value. Caller frees. */
    struct buf increment;
    uint64_t base_size, contents_at, contents_len; /* base_size and contents_len: PAdES alone */
};
err_t signing_item_insert(struct db *db, const char *session, int position, const struct signing_item_row *i) MUST_USE;
/* In order; *n at most max. with_increments false leaves increments empty. */
err_t signing_item_list(struct db *db, const char *session, bool with_increments, struct signing_item_row *out, size_t max,
                        size_t *n) MUST_USE;

struct signature_row {
    const char *dossier, *session;
    int position;
    const char *component, *credential;
    const uint8_t *certificate; /* serial, SERIAL_LEN bytes */
    const uint8_t *digest;      /* SHA256_LEN bytes */
};
err_t signature_intend(struct db *db, const struct signature_row *s) MUST_USE;
err_t signature_done(struct db *db, const char *session, int position,
                     struct bytes timestamp_serial) MUST_USE; /* empty: none; ERR_DB_NONE: no longer intended */

struct seal_row {
    struct buf manifest, signature;
    struct buf citizen, service; /* the container's XML signatures; empty: sealed without a container */
    char level_reached[LEVEL_CAP];
    uint8_t timestamp_serial[20], citizen_serial[20]; /* of the seal's timestamp, and of the citizen's over the container: not in this table */
    size_t timestamp_serial_len, citizen_serial_len;
    int64_t sealed_at;
};
void seal_row_free(struct seal_row *s);
err_t seal_insert(struct db *db, const char *dossier, const struct seal_row *s) MUST_USE;
err_t seal_get(struct db *db, const char *dossier, struct seal_row *out) MUST_USE; /* without serial numbers; ERR_DB_NONE */

extern const struct db_stmt signing_session_insert_stmt, signing_session_get_stmt, signing_session_of_stmt, signing_session_set_token_stmt,
    signing_session_delete_stmt, signing_session_expire_stmt, signing_item_insert_stmt, signing_item_list_stmt, signature_intend_stmt,
    signature_done_stmt, seal_insert_stmt, seal_get_stmt;

#endif

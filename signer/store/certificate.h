/*
 * Tables signer.certificate and signer.crl: serial numbers from intent to revocation, and the CRLs that tell of them.
 * Called by rules/credential, rules/signing and rules/crl.
 */
#ifndef ANTIN_SIGNER_STORE_CERTIFICATE_H
#define ANTIN_SIGNER_STORE_CERTIFICATE_H

#include "common/db.h"
#include "common/keyclient.h"

#define SERIAL_LEN 20

struct certificate {
    uint8_t serial[SERIAL_LEN];
    int64_t not_before, not_after;
    int64_t issued_at;
    int64_t revoked_at;    /* 0: not */
    int64_t invalid_since; /* 0: none */
    int reason;
    struct buf der; /* caller frees; empty while intended */
};
void certificate_free(struct certificate *c);

/* The intent, before the key daemon signs it. */
err_t certificate_intend(struct db *db, const uint8_t serial[SERIAL_LEN], const char *credential, int64_t not_before,
                         int64_t not_after) MUST_USE;
err_t certificate_issued(struct db *db, const uint8_t serial[SERIAL_LEN], struct bytes der) MUST_USE; /* ERR_DB_NONE: no longer intended */
/* The credential's newest issued or revoked certificate. ERR_DB_NONE. */
err_t certificate_of(struct db *db, const char *credential, struct certificate *out) MUST_USE;
struct certificate_status {
    int64_t revoked_at;    /* 0: issued and not revoked */
    int64_t invalid_since; /* 0: none */
    int reason;
};
/* ERR_DB_NONE: no such serial number, or only intended: it may never come to exist. One that was abandoned counts as revoked. */
err_t certificate_status(struct db *db, const uint8_t serial[SERIAL_LEN], struct certificate_status *out) MUST_USE;
/* All issued certificates of a credential become revoked. invalid_since 0: none. */
err_t certificate_revoke(struct db *db, const char *credential, int64_t invalid_since, int reason) MUST_USE;

/* Is there a revocation that no CRL tells of yet? */
err_t certificate_crl_waits(struct db *db, bool *waits) MUST_USE;
/* First mark what waits with the coming CRL's number, then list all that is marked: so nothing is marked and not listed. */
err_t certificate_mark_on_crl(struct db *db, int64_t number) MUST_USE;
err_t certificate_revoked_list(struct db *db, struct key_crl_entry **out,
                               size_t *n) MUST_USE; /* caller frees *out with free(), on failure too */

struct crl_row {
    int64_t number, this_update, next_update;
    int64_t entries;
    struct buf der; /* caller frees */
};
err_t crl_latest(struct db *db, struct crl_row *out) MUST_USE;     /* ERR_DB_NONE */
err_t crl_insert(struct db *db, const struct crl_row *c) MUST_USE; /* ERR_DB_CONFLICT: that number exists */
err_t crl_serialise(struct db *db) MUST_USE;                       /* one maker at a time, to the end of the transaction */

extern const struct db_stmt certificate_intend_stmt, certificate_issued_stmt, certificate_of_stmt, certificate_status_stmt, certificate_revoke_stmt,
    certificate_crl_waits_stmt, certificate_revoked_list_stmt, certificate_mark_on_crl_stmt, crl_latest_stmt, crl_insert_stmt,
    crl_serialise_stmt;

#endif

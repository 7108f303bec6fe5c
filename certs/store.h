/*
 * The folder of a ceremony: settings, CA certificates and keys, and the index of every certificate that was ever begun.
 * Used by antin-ca alone. The index is replaced whole (temporary file, fsync, rename, fsync of the folder), so it is never half-written.
 */
#ifndef ANTIN_CERTS_STORE_H
#define ANTIN_CERTS_STORE_H

#include "common/bytes.h"
#include "common/secret.h"
#include "common/x509.h"

enum row_state { ROW_INTENT, ROW_VALID, ROW_REVOKED };
struct row {
    char serial[2 * X509_SERIAL_MAX + 1]; /* upper-case hex */
    enum row_state state;
    char ca[16]; /* issuer: root, services, citizens */
    char profile[32];
    int64_t not_before, not_after;
    int64_t created, revoked_at, invalid_since; /* 0: none */
    int reason;
    char *subject;
};

struct store {
    char *dir;
    struct row *rows;
    size_t n, cap;
    int lock; /* descriptor of the locked file: one antin-ca at a time changes a folder */
    char *organization, *country, *crl_base, *aia_base, *ocsp_url;
    long crl_days;
};

/* Makes the folder with ca.conf and an empty index; ERR_CONFLICT when there is one already. ERR_IO. */
err_t store_create(const char *dir, const struct store *settings) MUST_USE;
/* Locks and reads; prints what is wrong to stderr. ERR_NOT_FOUND, ERR_CONFIG, ERR_IO. */
err_t store_open(const char *dir, struct store *out) MUST_USE;
void store_close(struct store *s);
#define AUTO_STORE AUTO(store_close) struct store

/* Adds a row and commits the index to the disk before it returns. The subject is copied. */
err_t store_add(struct store *s, const struct row *r) MUST_USE;
err_t store_commit(struct store *s) MUST_USE;
struct row *store_find(struct store *s, const char *serial); /* hex in either case, leading zeros allowed; NULL */
const char *row_state_name(enum row_state st);

/* DIR/<name>: the path, and whole files. Mode 0600 for what holds a key. ERR_IO, ERR_NOMEM. */
err_t store_path(const struct store *s, struct buf *out, const char *fmt, ...) MUST_USE __attribute__((format(printf, 3, 4)));
err_t ca_file_write(const char *path, struct bytes content, unsigned mode) MUST_USE; /* atomic and fsynced */
err_t ca_file_read(const char *path, size_t max, struct buf *out) MUST_USE;          /* ERR_NOT_FOUND, ERR_IO, ERR_TOO_LARGE */
/* The next CRL number of a CA, committed before it is used (RFC 5280 §5.2.3: never reused). */
err_t store_crl_number(struct store *s, const char *ca, uint64_t *number) MUST_USE;

#endif

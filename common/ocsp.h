/*
 * How OCSP names a certificate: its issuer by hashes, and its serial number.
 * Used by the responder (signer/formats/ocsp_server.c, signer/rules/responder.c), keyclient and keyd. RFC 6960 §4.1.1.
 */
#ifndef ANTIN_OCSP_H
#define ANTIN_OCSP_H

#include "common/bytes.h"
#include <openssl/x509.h>

/* Stable numbers: they cross keyd's socket. SHA-1 is what most clients name with (RFC 5019 §2.1.1); it protects nothing here. */
enum ocsp_hash { OCSP_SHA1 = 1, OCSP_SHA256, OCSP_SHA384, OCSP_SHA512, OCSP_HASH_END };
#define OCSP_HASH_MAX 64
#define OCSP_IDS_MAX 16           /* certificates asked about at once */
#define OCSP_SERIAL_MAX 20        /* RFC 5280 §4.1.2.2 */
#define OCSP_NONCE_MAX 128        /* RFC 9654 §2.1; at least 1 */
size_t ocsp_hash_len(unsigned h); /* 0: no such hash */
const char *ocsp_hash_oid(unsigned h);

/* CertID */
struct ocsp_cert_id {
    enum ocsp_hash hash;
    uint8_t issuer_name[OCSP_HASH_MAX], issuer_key[OCSP_HASH_MAX]; /* zero after the hash */
    uint8_t serial[OCSP_SERIAL_MAX];                               /* big-endian, not negative; zero after serial_len */
    size_t serial_len;                                             /* at least 1 */
};

/* A CA as each of the hashes names it. */
struct ocsp_issuer {
    uint8_t name[OCSP_HASH_END][OCSP_HASH_MAX], key[OCSP_HASH_END][OCSP_HASH_MAX];
};
err_t ocsp_issuer_of(const X509 *ca, struct ocsp_issuer *out) MUST_USE;
/* Whether the certificate that is named would be one of this CA's. */
bool ocsp_issuer_is(const struct ocsp_issuer *i, unsigned hash, const uint8_t name[OCSP_HASH_MAX], const uint8_t key[OCSP_HASH_MAX]);

#endif

/*
 * Certificates, CRLs and public keys over OpenSSL: strict loading, names as text, serials, validity, and AUTO free functions.
 * Called by keyd, antin-ca, signerd and antin-verify. RFC 5280.
 */
#ifndef ANTIN_X509_H
#define ANTIN_X509_H

#include "common/bytes.h"
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdio.h>

void x509_free(X509 **c);
#define AUTO_X509 AUTO(x509_free) X509 *
void x509_crl_free(X509_CRL **c);
#define AUTO_X509_CRL AUTO(x509_crl_free) X509_CRL *
void x509_req_free(X509_REQ **r);
#define AUTO_X509_REQ AUTO(x509_req_free) X509_REQ *
void x509_stack_free(STACK_OF(X509) **s); /* and the certificates in it */
#define AUTO_X509_STACK AUTO(x509_stack_free) STACK_OF(X509) *
void x509_crl_stack_free(STACK_OF(X509_CRL) **s);
#define AUTO_X509_CRL_STACK AUTO(x509_crl_stack_free) STACK_OF(X509_CRL) *
void evpkey_free(EVP_PKEY **k);
#define AUTO_PKEY AUTO(evpkey_free) EVP_PKEY *

#define X509_DER_MAX 16384           /* a certificate larger than this is refused */
#define X509_CRL_DER_MAX (64u << 20) /* a CRL likewise */
#define X509_BUNDLE_MAX 256          /* objects in one PEM file */

/* The whole input must be one object: trailing bytes are ERR_SYNTAX; ERR_TOO_LARGE; ERR_NOMEM. Caller frees. */
err_t x509_from_der(struct bytes der, X509 **out) MUST_USE;
err_t x509_crl_from_der(struct bytes der, X509_CRL **out) MUST_USE;
err_t x509_to_der(const X509 *c, struct buf *out) MUST_USE;
err_t x509_to_pem(const X509 *c, struct buf *out) MUST_USE; /* appends */
err_t x509_crl_to_der(const X509_CRL *c, struct buf *out) MUST_USE;

/*
 * A PEM text with certificates and CRLs in any order (other blocks: ERR_SYNTAX), or one DER certificate, or one DER CRL.
 * Appends to the stacks, which are made when NULL; crls may be NULL: then a CRL is ERR_SYNTAX. An empty text is ERR_SYNTAX.
 */
err_t x509_bundle_parse(struct bytes text, STACK_OF(X509) **certs, STACK_OF(X509_CRL) **crls) MUST_USE;
err_t x509_bundle_load(const char *path, STACK_OF(X509) **certs, STACK_OF(X509_CRL) **crls) MUST_USE; /* and ERR_IO */
/* One certificate, PEM or DER; a file with more than one is ERR_SYNTAX. */
err_t x509_load(const char *path, X509 **out) MUST_USE;

/* "CN=Nguyễn Văn An, O=…, C=VN": UTF-8, most specific first, control characters and separators escaped (RFC 4514). Appends. */
err_t x509_name_text(const X509_NAME *n, struct buf *out) MUST_USE;
/* The last value of one attribute (NID_commonName …) in UTF-8; ERR_NOT_FOUND when there is none. Replaces the contents. */
err_t x509_name_attr(const X509_NAME *n, int nid, struct buf *out) MUST_USE;

#define X509_SERIAL_MAX 20
/* Upper-case hex of the positive serial number without leading zero octets (as `openssl x509 -serial`); ERR_SYNTAX: negative or over 20 octets. */
err_t x509_serial_hex(const X509 *c, char out[2 * X509_SERIAL_MAX + 1]) MUST_USE;
err_t x509_integer_hex(const ASN1_INTEGER *i, char out[2 * X509_SERIAL_MAX + 1]) MUST_USE;
/* Big-endian, right-aligned in 20 octets: comparable with memcmp. */
err_t x509_serial_octets(const X509 *c, uint8_t out[X509_SERIAL_MAX]) MUST_USE;

err_t x509_time(const ASN1_TIME *t, int64_t *out) MUST_USE; /* seconds since 1970; ERR_SYNTAX */
err_t x509_validity(const X509 *c, int64_t *not_before, int64_t *not_after) MUST_USE;
/* RFC 5280 §4.2.1.4 of old (RFC 3280): when the private key signs. Falls back to the certificate's validity. ERR_SYNTAX. */
err_t x509_key_usage_period(const X509 *c, int64_t *not_before, int64_t *not_after) MUST_USE;

/* SubjectPublicKeyInfo, DER. */
err_t pkey_spki(const EVP_PKEY *k, struct buf *out) MUST_USE;
err_t pkey_from_spki(struct bytes spki, EVP_PKEY **out) MUST_USE;
err_t x509_spki(const X509 *c, struct buf *out) MUST_USE;
/* RFC 7638 thumbprint of its key: 43 characters and NUL (as key_info.id). */
err_t x509_key_id(const X509 *c, char out[44]) MUST_USE;
/* subjectKeyIdentifier by method 1 of RFC 7093 §2: the leftmost 160 bits of SHA-256 of the subjectPublicKey bits. */
err_t pkey_ski(const EVP_PKEY *k, uint8_t out[20]) MUST_USE;

#endif

/*
 * Certificate profiles: what a kind of certificate contains, from certs/profiles/NAME.conf. Strict: an unknown key is an error.
 * Read by antin-ca at each issuance and by keyd at start (the citizens' profile). RFC 5280, ETSI EN 319 412.
 */
#ifndef ANTIN_CERTS_PROFILE_H
#define ANTIN_CERTS_PROFILE_H

#include "common/err.h"
#include <openssl/x509.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct profile {
    char *name;
    char *issuer;  /* root, services, citizens or self */
    char *key;     /* P-256 or P-384 */
    char *purpose; /* keyd's purpose, "store" (kept in the ceremony folder under the passphrase), or none */
    long days, max_days;
    long signing_days;         /* privateKeyUsagePeriod; 0: none */
    char *required, *optional; /* subject attributes, separated by spaces */
    char *basic_constraints, *key_usage, *extended_key_usage, *policies;
    bool crl, aia, ocsp, no_check;
};
void profile_free(struct profile *p);

/* Reads DIR/NAME.conf; the mistakes go to errs. ERR_CONFIG, ERR_NOT_FOUND (no such profile), ERR_SYNTAX (no name of a profile). */
err_t profile_load(const char *dir, const char *name, struct profile *out, FILE *errs) MUST_USE;
err_t profile_load_file(const char *path, struct profile *out, FILE *errs) MUST_USE;

/*
 * A distinguished name from "/C=VN/O=Sở Tư pháp/CN=…" in that order; '\' keeps the next character. UTF8String, but PrintableString for C
 * and serialNumber (RFC 5280 appendix A). ERR_SYNTAX: unknown attribute, empty or overlong value, bad UTF-8.
 */
err_t name_parse(const char *text, X509_NAME **out) MUST_USE;
err_t name_add(X509_NAME *n, int nid, const char *value) MUST_USE;
/* The subject has every required attribute once and no other than those listed. *what: the attribute at fault. ERR_SYNTAX. */
err_t profile_check_subject(const struct profile *p, const X509_NAME *n, const char **what) MUST_USE;

#endif

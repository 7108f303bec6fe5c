/*
 * What the verifier trusts and knows beforehand: trust anchors with a name each, further CA certificates, CRLs.
 * Made by main() from --trust and --crl; used by path.c and revocation.c. RFC 5280 §6.1.1 (d).
 */
#ifndef ANTIN_VERIFY_TRUST_H
#define ANTIN_VERIFY_TRUST_H

#include "common/x509.h"
#include <stdio.h>

#define TRUST_ANCHORS_MAX 64
#define TRUST_FILE_MAX (64u << 20) /* bytes of one PEM file */

struct trust {
    struct {
        X509 *cert;
        char name[200];
    } anchor[TRUST_ANCHORS_MAX];
    size_t anchor_n;
    STACK_OF(X509) *certs; /* CA certificates that are no anchors: not self-signed */
    STACK_OF(X509_CRL) *crls;
};

err_t trust_new(struct trust *t) MUST_USE;
/*
 * Reads a PEM file: self-signed certificates become anchors, others help to build paths, CRLs are kept. A line "# name: …" before a
 * certificate names the anchor; without one its common name does. ERR_IO, ERR_SYNTAX, ERR_TOO_LARGE.
 */
err_t trust_load(struct trust *t, const char *path) MUST_USE;
/* Reads a file of CRLs alone, PEM or one in DER. */
err_t trust_load_crls(struct trust *t, const char *path) MUST_USE;
const char *trust_name(const struct trust *t, const X509 *anchor);
void trust_free(struct trust *t);

#endif

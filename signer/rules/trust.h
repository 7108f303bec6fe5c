/*
 * The CAs' certificates and the CRLs that the ceremonies publish as files; read again when a file changes.
 * Called by rules/signing and rules/sealing (they travel inside signatures) and by the endpoints that publish them.
 */
#ifndef ANTIN_SIGNER_TRUST_H
#define ANTIN_SIGNER_TRUST_H

#include "common/bytes.h"

enum trust_file { TRUST_ROOT_CRT, TRUST_CITIZENS_CRT, TRUST_SERVICES_CRT, TRUST_ROOT_CRL, TRUST_SERVICES_CRL, TRUST_FILES };
struct trust;

/* folder: where root.crt, citizens.crt, services.crt, root.crl and services.crl are, PEM or DER. */
err_t trust_open(const char *folder, struct trust **out) MUST_USE;
void trust_close(struct trust **t);
/* The object in DER; caller frees. ERR_NOT_FOUND: the ceremony has not published it (logged). */
err_t trust_get(struct trust *t, enum trust_file f, struct buf *der) MUST_USE;

#endif

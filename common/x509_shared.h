/*
 * Certificates parsed once and shared: the same few (a signer's, a service's, those above them) stand in every signature of a batch.
 * Called by cms.c, signer/formats and signer/verify. OpenSSL decodes the public key each time it parses a certificate, which costs more than a signature.
 */
#ifndef ANTIN_X509_SHARED_H
#define ANTIN_X509_SHARED_H

#include "common/x509.h"

#define X509_SHARED_SLOTS 64      /* certificates remembered; a new one takes the place of another */
#define X509_SHARED_DER_MAX 4096u /* larger ones are parsed each time */

/*
 * As x509_from_der, errors too, but what comes back may be held by others at the same time: it is to be read, never changed. Found by all its
 * bytes, so that nothing stands in for anything else. From any thread. Caller frees.
 */
err_t x509_shared(struct bytes der, X509 **out) MUST_USE;
/* Forgets them all (tests). */
void x509_shared_forget(void);

#endif

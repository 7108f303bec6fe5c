/*
 * One signer of a SignedData: digest, attributes, certificate and signature value, before any question of trust or time.
 * Called by signature.c and stamp.c. RFC 5652 §5.4, §5.6, §11; RFC 5035; ETSI EN 319 102-1 §5.2.2, §5.2.3, §5.2.7.
 */
#ifndef ANTIN_VERIFY_SIGNER_H
#define ANTIN_VERIFY_SIGNER_H

#include "signer/verify/context.h"
#include "signer/formats/algorithm.h"
#include "signer/verify/result.h"
#include "signer/formats/signed_data.h"

/* What came with the document around a message, and what the message itself brought along. */
struct evidence signer_evidence(const struct signed_data *sd, const struct evidence *around);

struct signer_check {
    X509 *cert; /* borrowed; NULL: not found */
    bool integrity, mathematics;
    struct algorithm_end end; /* the first of its algorithms to end: weighed when it is known what proves its age */
    char digest_alg[ALGORITHM_NAME_CAP], signature_alg[ALGORITHM_NAME_CAP];
};

/*
 * content: what the message digest is taken of. content_type: what it must be declared as; NULL: a counter-signature, which declares none. old_ess: the SHA-1 signing-certificate attribute
 * of RFC 3161 will do as well (a second pre-image, not a collision, would be needed to cheat with it).
 */
void signer_check(const struct signed_data *sd, const struct signer_info *si, const struct evidence *ev, const struct covered *content,
                  const char *content_type, bool old_ess, struct signer_check *out, struct findings *f);

/* A finding when what these algorithms made need not be older than t, the latest time by which it was there; proven: not just now. */
void signer_weigh_algorithms(const struct algorithm_end *end, int64_t t, bool proven, struct findings *f);

#endif

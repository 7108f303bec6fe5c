/*
 * Archive timestamps of CAdES: what archive-time-stamp-v3 covers, for whoever makes it and whoever verifies it.
 * Called by cades_raise.c and signer/verify. ETSI EN 319 122-1 §5.5.
 */
#ifndef ANTIN_FORMATS_CADES_ARCHIVE_H
#define ANTIN_FORMATS_CADES_ARCHIVE_H

#include "signer/formats/covered.h"
#include "signer/formats/signed_data.h"

/* ATSHashIndexV3 over every certificate, revocation item and unsigned attribute value of this signer as they are now (§5.5.2). DER. */
err_t archive_hash_index(const struct signed_data *sd, const struct signer_info *si, enum cms_hash alg, struct buf *index) MUST_USE;

/*
 * The bytes whose digest is an archive-time-stamp-v3's imprint (§5.5.3): content type, the content's digest, the signer's fields, the index.
 * digest: by the imprint's algorithm, of what is signed (inside of an enveloping message, or the detached file).
 */
err_t archive_imprint_input(const struct signed_data *sd, const struct signer_info *si, struct bytes digest, struct bytes index,
                            struct buf *out) MUST_USE;

#endif

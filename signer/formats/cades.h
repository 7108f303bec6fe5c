/*
 * CAdES baseline signatures beside their file, and the sizes and digests that go with them.
 * Called by signerd (components that are no PDF, the sealed manifest, and the CMS inside a PAdES). ETSI EN 319 122-1.
 */
#ifndef ANTIN_FORMATS_CADES_H
#define ANTIN_FORMATS_CADES_H

#include "common/bytes.h"
#include "common/cms.h"
#include "signer/formats/errors.h"

/* SHA-256 of a SignerInfo's signature value: what its signature timestamp covers (EN 319 122-1 §5.3). */
void cades_signature_digest(struct bytes signature, uint8_t sha256[32]);

/*
 * A detached CMS (DER) for a .p7s file or a PDF's /Contents: cms_signed_data after checks that a caller must not get wrong: no content
 * inside, a signature and a certificate present, the timestamp over this very signature value (ERR_CRYPTO otherwise).
 */
err_t cades_detached(const struct cms_signed *s, struct buf *out) MUST_USE;

/*
 * Bytes that a B-T signature with these parts needs at most: for pades_opts.contents_room, before signature and timestamp exist.
 * timestamp_len: the size of a token as seen lately, 0: an estimate with a generous chain.
 */
size_t cades_room(struct bytes cert, const struct bytes *chain, size_t chain_n, const struct bytes *crls, size_t crls_n,
                  size_t timestamp_len);

#endif

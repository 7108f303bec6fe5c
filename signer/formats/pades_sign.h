/*
 * Whole PAdES signatures with a key at hand, and raising the level of a PDF's signatures, in a working copy that grows by incremental updates.
 * Called by antin-sign. ETSI EN 319 142-1 §5, §6.3.
 *
 * fd: a private copy of the PDF, open for reading and writing. Each step appends a whole update or leaves the file as it was.
 */
#ifndef ANTIN_FORMATS_PADES_SIGN_H
#define ANTIN_FORMATS_PADES_SIGN_H

#include "signer/formats/cades.h"
#include "signer/formats/pades.h"

/*
 * B-B, or B-T with a time-stamping service. The placeholder is sized from the chain and grown when it turns out too small (then the key signs twice).
 * Fails as pades_prepare, cades_sign_digest and ts->stamp do: a signature that was to have a timestamp is not written without one.
 */
err_t pades_sign(int fd, const struct pades_opts *o, const struct signing_key *key, const struct stamping *ts) MUST_USE;

/*
 * Raises every signature of the file, ours or not: T by a document timestamp where one has none, LT by the security store, LTA by a document timestamp
 * over it; LTA asked for again renews. On failure *reached is the level that all signatures truly have; the updates until then stay. ERR_NOT_FOUND:
 * the file has no signature.
 */
err_t pades_raise(int fd, enum sig_level level, const struct cades_means *m, enum sig_level *reached) MUST_USE;
/* The level that the file's structure claims, of its weakest signature. ERR_NOT_FOUND: none. */
err_t pades_level(int fd, enum sig_level *level) MUST_USE;

#endif

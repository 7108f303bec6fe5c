/*
 * CAdES baseline signatures: B-B, B-T, B-LT and B-LTA; detached or around their content; several signers; counter-signatures; raising levels.
 * Called by antin-sign (whole signatures), signerd (parts, with keyd signing) and pades.c (the CMS inside a PDF). ETSI EN 319 122-1.
 */
#ifndef ANTIN_FORMATS_CADES_H
#define ANTIN_FORMATS_CADES_H

#include "signer/formats/covered.h"
#include "signer/formats/signing.h"
#include "signer/formats/validation_data.h"

/* --- with a key at hand --- */

struct cades_opts {
    bool enveloping;       /* the content travels inside (one part, SIGNED_DATA_MAX with everything around it) */
    bool pades;            /* for a PDF's /Contents: no signing-time (EN 319 142-1 §6.3) */
    int64_t signing_time;  /* claimed by the signer; ignored with pades */
    const char *mime_type; /* NULL: none */
};

/*
 * B-B over the content. ERR_ALGORITHM: key, scheme and digest do not go together. Also what key->sign fails with.
 */
err_t cades_sign(const struct covered *content, const struct cades_opts *o, const struct signing_key *key, struct buf *cms) MUST_USE;
/* The same over a digest (by key->hash) of content that is elsewhere: detached. */
err_t cades_sign_digest(struct bytes digest, const struct cades_opts *o, const struct signing_key *key, struct buf *cms) MUST_USE;
/* One more signer, independent of those there are (RFC 5652 §5.1: parallel), B-B. Enveloping messages are signed as what is inside. */
err_t cades_add_signer(struct bytes cms, const struct covered *content, const struct cades_opts *o, const struct signing_key *key,
                       struct buf *out) MUST_USE;
/* A signature over another's signature value, in its unsigned attributes (RFC 5652 §11.4). Its own timestamp is added when ts is not NULL. */
err_t cades_countersign(struct bytes cms, size_t signer, int64_t signing_time, const struct signing_key *key, const struct stamping *ts,
                        struct buf *out) MUST_USE;

/* What raising a level needs. */
struct cades_means {
    const struct stamping *ts;         /* for T and LTA */
    const struct vdata_source *source; /* for LT and LTA */
};
/*
 * Raises every signer of a message, ours or not, to this level; nothing that is signed changes. Signers that have the level keep it, with one
 * exception: LTA asked for again adds a further archive timestamp (renewal). On failure *out holds the message at *reached, the level that all of
 * its signers truly have, and the reason is returned: ERR_STAMP and what ts->stamp gives, ERR_CERT_*.
 */
err_t cades_raise(struct bytes cms, const struct covered *content, enum sig_level level, const struct cades_means *m, struct buf *out,
                  enum sig_level *reached) MUST_USE;
/* The same of a detached message whose content is elsewhere and known by its digest (by m->ts->alg). ERR_UNSUPPORTED: by another. */
err_t cades_raise_digest(struct bytes cms, struct bytes digest, enum sig_level level, const struct cades_means *m, struct buf *out,
                         enum sig_level *reached) MUST_USE;
/* The level that a message's structure claims, of its weakest signer: what is missing, not what is wrong, decides. */
err_t cades_level(struct bytes cms, enum sig_level *level) MUST_USE;

/* Everything that a verifier of this message will need, its timestamps' own included: for a PDF's DSS. ERR_CERT_*: what was found stays in out. */
err_t cades_validation_data(struct bytes cms, const struct vdata_source *source, struct validation_data *out) MUST_USE;

/* The same for a timestamp token alone. */
err_t cades_token_data(struct bytes token, const struct vdata_source *source, struct validation_data *out) MUST_USE;
/*
 * The token with all of that in its SignedData, so that it can be verified with nothing else at hand; nothing that it signs changes. ERR_CERT_STATUS without a
 * source. Replaces the contents of out.
 */
err_t cades_token_complete(struct bytes token, const struct vdata_source *source, struct buf *out) MUST_USE;
/* A token over a digest (by ts->alg) by this service, looked at once more: ERR_STAMP when there is no service or it stamped something else. */
err_t cades_stamp(const struct stamping *ts, struct bytes digest, struct buf *token) MUST_USE;

/* --- from parts, when keyd signs --- */

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

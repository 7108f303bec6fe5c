/*
 * Who signs and who stamps, as the formats see them: functions behind which a key file, a PKCS#11 token or a time-stamping service stands.
 * Filled by antin-sign and signerd; used by cades, pades, xades, asic and jades. ETSI EN 319 122-1, EN 319 142-1, EN 319 132-1.
 */
#ifndef ANTIN_FORMATS_SIGNING_H
#define ANTIN_FORMATS_SIGNING_H

#include "common/cms.h"
#include "signer/formats/errors.h"

/* Baseline levels; each holds the one before it. */
enum sig_level { LEVEL_B, LEVEL_T, LEVEL_LT, LEVEL_LTA };
const char *level_name(enum sig_level level); /* "B-B", "B-T", "B-LT", "B-LTA" */
err_t level_read(const char *name, enum sig_level *out) MUST_USE; /* ERR_NOT_FOUND */

/* How the key signs; which it may follows from the certificate's key and the table of algorithms. */
enum sign_scheme { SIGN_ECDSA, SIGN_RSA_PKCS1, SIGN_RSA_PSS, SIGN_ED25519 };

struct signing_key {
    struct bytes cert;         /* the signer's certificate, DER */
    const struct bytes *chain; /* those above it, without the anchor or with it, DER */
    size_t chain_n;
    enum cms_hash hash; /* of content and signature; with Ed25519 the content's: SHA-512 (RFC 8419 §3.1) */
    enum sign_scheme scheme;
    /* Signs tbs (hashing included). ECDSA in DER. The format's own errors pass through: a token that is away is ERR_IO, a wrong PIN ERR_FORBIDDEN. */
    err_t (*sign)(void *arg, struct bytes tbs, struct buf *signature);
    void *arg;
};

/*
 * A time-stamping service. The token has been checked when it returns OK: granted, over this digest, with the nonce that was sent, by a certificate
 * with the critical purpose. Anything else is an error of its own, and the signature stays at the level it truly has.
 */
struct stamping {
    err_t (*stamp)(void *arg, enum cms_hash alg, struct bytes digest, struct buf *token);
    void *arg;
    enum cms_hash alg;
    size_t room; /* bytes of a token at most, as seen lately; 0: unknown */
};

#endif

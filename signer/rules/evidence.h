/*
 * A signature as keyd makes it, and the certificates above it: what both become in CMS and in XML. What a later verifier needs besides is rules/means's.
 * Called by rules/activation (how much room?), rules/results, rules/sealing and rules/container. EN 319 122-1 §5, RFC 5652 §5.1.
 */
#ifndef ANTIN_SIGNER_EVIDENCE_H
#define ANTIN_SIGNER_EVIDENCE_H

#include "signer/formats/signing.h"
#include "signer/rules/context.h"

#define EVIDENCE_MAX 6

/* A signer: the certificate and those above it. */
struct evidence {
    struct buf cert, chain[EVIDENCE_MAX];
    size_t chain_n;
    struct bytes view[EVIDENCE_MAX]; /* of the chain; private */
};
void evidence_free(struct evidence *e);

/* A citizen's certificate, and the citizens' CA. */
err_t evidence_for_citizen(struct app *a, struct bytes cert, struct evidence *out) MUST_USE;
/* The seal that keyd uses now, and the chain that it holds. */
err_t evidence_for_seal(struct app *a, struct evidence *out) MUST_USE;

/* Bytes that a signature of this level needs inside a PDF. */
size_t evidence_room(const struct evidence *e, enum sig_level level);
/* The signer as the formats see it; the key is keyd's, so there is nothing to sign with. *e must stay where it is. */
void evidence_key(struct evidence *e, struct signing_key *out);

/* A detached CAdES signature, B-T or (timestamp empty) B-B. ERR_CRYPTO when the parts do not belong together. */
err_t evidence_assemble(struct evidence *e, const struct key_signature *signature, struct bytes timestamp, struct buf *cms) MUST_USE;

#endif

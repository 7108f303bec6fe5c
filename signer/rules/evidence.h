/*
 * What travels inside a signature so that it can be verified without us: the chain above the signer and the CRLs that cover it.
 * Called by rules/activation (how much room?), rules/signing and rules/sealing. EN 319 122-1 §5.5, RFC 5652 §5.1 (SignedData.certificates, crls).
 */
#ifndef ANTIN_SIGNER_EVIDENCE_H
#define ANTIN_SIGNER_EVIDENCE_H

#include "signer/rules/context.h"

#define EVIDENCE_MAX 6

struct evidence {
    struct buf chain[EVIDENCE_MAX], crl[EVIDENCE_MAX];
    size_t chain_n, crl_n;
};
void evidence_free(struct evidence *e);

/* For a citizen's signature: the citizens' CA; CRLs of the citizens' CA, of the root (for the CAs) and of the services' CA (for the timestamp). */
err_t evidence_for_citizen(struct app *a, struct evidence *out) MUST_USE;
/* For the seal: the chain that keyd holds; CRLs of the services' CA and of the root. */
err_t evidence_for_seal(struct app *a, struct evidence *out) MUST_USE;
/* Bytes for a signature with it; CRLs may have grown a little until then. */
size_t evidence_room(const struct evidence *e, struct bytes cert);

/* Assembles a CAdES-B-T signature (for a file or for a PDF's /Contents). ERR_CRYPTO when the parts do not belong together. */
struct assembly {
    struct bytes cert;
    const struct evidence *evidence;
    const struct key_signature *signature;
    struct bytes timestamp;
};
err_t evidence_assemble(const struct assembly *s, struct buf *cms) MUST_USE;

#endif

/*
 * What the service adds to a signed dossier: the manifest (canonical JSON) with the service's seal, and the signatures of its container.
 * Called by rules/signing as the last step before everything becomes visible. RFC 8785, EN 319 122-1, EN 319 132-1, EN 319 162-1.
 */
#ifndef ANTIN_SIGNER_SEALING_H
#define ANTIN_SIGNER_SEALING_H

#include "signer/rules/evidence.h"
#include "signer/rules/means.h"
#include "signer/store/dossier.h"
#include "signer/store/signing.h"

struct sealing {
    struct means *means;
    const struct dossier *d;
    const struct component *comp;  /* as they will be: of PDFs signed_size and their digests are set */
    const struct bytes *signature; /* beside each; empty: signed inside */
    size_t n;
    struct evidence *citizen;
    const struct signing_item_row *container; /* as prepared */
    struct bytes container_signature;         /* the citizen's, ECDSA, DER */
};
/* Timestamps' rows are committed when it returns OK. The caller frees out (seal_row_free), also after a failure. ERR_EXPIRED as xmlsign_finish. */
err_t sealing_make(const struct sealing *s, struct seal_row *out) MUST_USE;

#endif

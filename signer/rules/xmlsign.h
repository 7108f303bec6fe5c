/*
 * XML signatures with a key in keyd: prepared before the citizen approves, finished and raised when keyd has signed.
 * Called by rules/activation and rules/sealing (prepare), rules/results and rules/sealing (finish). ETSI EN 319 132-1.
 */
#ifndef ANTIN_SIGNER_XMLSIGN_H
#define ANTIN_SIGNER_XMLSIGN_H

#include "signer/formats/xades.h"
#include "signer/rules/evidence.h"
#include "signer/rules/means.h"
#include "signer/store/signing.h"

/* A signature over these files, whose digests are known. container: it will lie in one. */
struct xmlsign_over {
    const struct xades_data *data;
    size_t n;
    bool container;
    int64_t time;
};
err_t xmlsign_prepare(const struct xmlsign_over *o, struct evidence *signer, struct xades_prepared *out) MUST_USE;
/* The same as an item of an activation: its digest is SignedInfo's. The item's component stays the caller's. */
err_t xmlsign_prepare_item(const struct xmlsign_over *o, struct evidence *signer, struct signing_item_row *item) MUST_USE;
/* Does the prepared text name this digest? Nothing can have changed since submission, and this proves it. */
bool xmlsign_names(const struct signing_item_row *item, const uint8_t sha256[SHA256_LEN]);

struct xmlsign {
    struct bytes text; /* as prepared */
    size_t value_at;
    struct evidence *signer;
    struct bytes signature;          /* ECDSA, DER */
    const struct xades_files *files; /* what it is over, for LTA */
    enum sig_level want;
};
/*
 * Filled in and raised. *reached is lower than wanted only for what level_lowers knows. With a timestamp, m->serial is its serial number, and its purpose
 * m->use. ERR_EXPIRED: what was prepared is not what keyd signed.
 */
err_t xmlsign_finish(struct means *m, const struct xmlsign *x, struct buf *xml, enum sig_level *reached) MUST_USE;

#endif

/*
 * What becomes of a dossier's components once keyd has signed: timestamps, levels, signed PDFs in the content store, signatures beside everything else.
 * Called by rules/signing. ETSI EN 319 122-1, 319 132-1, 319 142-1.
 */
#ifndef ANTIN_SIGNER_RESULTS_H
#define ANTIN_SIGNER_RESULTS_H

#include "signer/rules/evidence.h"
#include "signer/rules/means.h"
#include "signer/store/signing.h"

/* Of one component. */
struct result {
    struct buf signature; /* beside it: CMS or XML; empty: signed inside */
    uint8_t serial[20];   /* of the signature's timestamp */
    size_t serial_len;    /* 0: B-B */
};
void result_free(struct result *r);

struct results_job {
    struct means *means;
    struct evidence *evidence;     /* the citizen's */
    struct signing_item_row *item; /* of each component, as prepared; PDFs are filled in */
    const struct key_signature *signature;
    struct component *comp; /* level_reached is set; of PDFs signed_size and their digests */
    size_t n;
};
/* out has room for n. The timestamps' rows are committed when it returns OK. ERR_EXPIRED: what was prepared is not what keyd signed. */
err_t results_make(const struct results_job *j, struct result *out) MUST_USE;

/* A detached CMS, B-B or B-T, raised as far as it can be; sha256: of what it is over. */
err_t results_cms(struct means *m, struct bytes cms, const uint8_t sha256[SHA256_LEN], enum sig_level want, struct buf *out,
                  enum sig_level *reached) MUST_USE;

#endif

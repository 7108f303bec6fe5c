/*
 * What raising a signature's level needs, from this house alone: the CAs' certificates and CRLs, OCSP answers about citizens' certificates, and
 * timestamps by keyd. Nothing is fetched over a network.
 * Called by rules/signing; used by rules/results, signed_pdf, sealing and container. ETSI EN 319 102-1 §5.2.6.
 */
#ifndef ANTIN_SIGNER_MEANS_H
#define ANTIN_SIGNER_MEANS_H

#include "signer/formats/cades.h"
#include "signer/rules/context.h"
#include "signer/rules/timestamping.h"

#define MEANS_SET 3

struct means {
    struct app *app;
    enum timestamp_use use; /* of the timestamps to come */
    int64_t since;          /* OCSP answers from before are not taken: they could not tell of a revocation until then */
    uint8_t serial[20];     /* of the last timestamp */
    size_t serial_len;
    /* private: */
    struct buf own_cert[MEANS_SET], own_crl[MEANS_SET];
    struct bytes cert[MEANS_SET], crl[MEANS_SET];
    /* for cades_raise, xades_raise and the like: */
    struct vdata_source source;
    struct stamping ts;
    struct cades_means cades;
};

/* m must stay where it is. A CRL that is missing or too large to travel is left out: the level that is reached tells. */
err_t means_open(struct app *a, struct means *m) MUST_USE;
void means_close(struct means *m);

#endif

/*
 * Certificates, CRLs and OCSP answers from the addresses that certificates name: one way out, with limits, and a memory on disk.
 * Used by antin-sign as a vdata_source's get. RFC 5280 §4.2.2.1; RFC 6960 appendix A.
 */
#ifndef ANTIN_SIGN_WEB_H
#define ANTIN_SIGN_WEB_H

#include "common/fetch.h"
#include "signer/formats/validation_data.h"

/* One thread's; the fetch and the folder may be many's. */
struct web {
    struct fetch *fetch; /* any_origin; whatever a certificate says may be an attack on whoever follows it */
    const char *cache;   /* folder; NULL: nothing is kept */
    int64_t now;
    bool fresh;        /* what is kept is passed over, and replaced: it is not known to be true before somebody has checked it */
    unsigned recalled; /* how often the folder answered */
};
/* As vdata_source.get; arg: a struct web. CRLs and OCSP answers are taken from the folder until their nextUpdate. */
err_t web_get(void *arg, enum vdata_kind kind, const char *url, struct bytes body, struct buf *out) MUST_USE;

#endif

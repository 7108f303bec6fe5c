/*
 * The document security store: what verifiers of a PDF's signatures will need, put into the PDF itself.
 * Called by pades_raise.c. ETSI EN 319 142-1 §5.4.2; ISO 32000-2 §12.8.4.3.
 */
#ifndef ANTIN_FORMATS_PADES_DSS_H
#define ANTIN_FORMATS_PADES_DSS_H

#include "signer/formats/pdf.h"
#include "signer/formats/validation_data.h"

/* Validation data of one signature (VRI): whose, by the whole string of its /Contents, padding and all. */
struct pades_vri {
    struct bytes contents;
    const struct validation_data *data;
};

/*
 * An incremental update that adds all of this to the store; what is there already, byte for byte, stays where it is and is referred to. *increment
 * is empty when nothing is new.
 */
err_t pades_dss_update(struct pdf *p, const struct pades_vri *vri, size_t vri_n, struct buf *increment) MUST_USE;
/* Does the store hold any CRL or OCSP response? Also of a file without a store: no. */
bool pades_dss_tells(struct pdf *p);

#endif

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
 * An incremental update that adds all of this to the store, and an entry for each of these signatures; what is there already, byte for byte, stays
 * where it is and is referred to. *increment is empty when none is given.
 */
err_t pades_dss_update(struct pdf *p, const struct pades_vri *vri, size_t vri_n, struct buf *increment) MUST_USE;
/* CRLs and OCSP responses in the store. Also of a file without a store: 0. */
size_t pades_dss_count(struct pdf *p);
/* Has the store an entry for the signature with this /Contents? */
bool pades_dss_names(struct pdf *p, struct bytes contents);

#endif

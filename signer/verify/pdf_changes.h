/*
 * What differs between two revisions of a PDF, object by object from the trailer on, and whether a signature lets it pass.
 * Called by pdf_signatures.c. ISO 32000-1 §12.8.2.2; the allow-list answers the shadow, incremental-saving and certification attacks.
 */
#ifndef ANTIN_VERIFY_PDF_CHANGES_H
#define ANTIN_VERIFY_PDF_CHANGES_H

#include "signer/formats/pdf.h"

struct pdf_changes {
    char fault[200];     /* the first change that is not allowed: where; "" when there is none */
    char visible[128];   /* name of an added signature field that shows something; "" */
    char locked[128];    /* name of an existing field that was filled though an earlier signature locks it; "" */
    unsigned fields;     /* signature fields added or filled */
    unsigned signatures; /* of these, signed by persons (no document timestamps) */
    bool dss;            /* validation data added (ETSI EN 319 142-1 §5.4.2) */
};

/*
 * Allowed are only: new signature fields with their widgets, empty ones filled, the document security store, the
 * time of the last change in the metadata. ERR_PDF_DAMAGED: a revision cannot be read; ERR_TOO_LARGE: too many objects to compare; ERR_NOMEM.
 */
err_t pdf_changes_find(struct pdf *before, struct pdf *after, struct pdf_changes *out) MUST_USE;

#endif

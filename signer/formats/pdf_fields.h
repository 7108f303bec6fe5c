/*
 * The signature fields of a PDF that hold a signature, with the bytes that each one stands for.
 * Called by pades_raise.c and signer/verify. ISO 32000-1 §12.7.4.5, §12.8.1.
 */
#ifndef ANTIN_FORMATS_PDF_FIELDS_H
#define ANTIN_FORMATS_PDF_FIELDS_H

#include "signer/formats/pdf.h"

#define PDF_SIGNATURES_MAX 64

struct pdf_signature {
    char name[128]; /* fully qualified */
    char sub_filter[48];
    uint64_t range[4];    /* /ByteRange */
    uint64_t end;         /* where the signed revision ends */
    struct buf contents;  /* the CMS or token: decoded, without the padding */
    size_t padded;        /* bytes behind contents.ptr with the padding */
    int64_t claimed_time; /* /M; 0: none or unreadable */
    bool certifies;       /* has a DocMDP transform */
    int permission;       /* its /P: 1, 2 or 3 */
    const char *wrong;    /* NULL; else what is wrong with its ranges or contents */
};

struct pdf_signatures {
    struct pdf_signature *item;
    size_t n;
};

/* In the order of the revisions. ERR_TOO_LARGE: too many fields; ERR_PDF_DAMAGED; ERR_NOMEM. */
err_t pdf_signatures_find(struct pdf *p, struct bytes file, struct pdf_signatures *out) MUST_USE;
void pdf_signatures_free(struct pdf_signatures *s);

#endif

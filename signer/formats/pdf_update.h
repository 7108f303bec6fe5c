/*
 * An incremental update: objects appended behind a PDF, and the cross-reference section that makes them count.
 * Called by pades.c. ISO 32000-1 §7.5.6.
 */
#ifndef ANTIN_FORMATS_PDF_UPDATE_H
#define ANTIN_FORMATS_PDF_UPDATE_H

#include "signer/formats/pdf.h"

#define PDF_UPDATE_OBJECTS_MAX 16

struct pdf_update {
    struct buf out;
    uint64_t base; /* size of the file that out is appended to */
    int next_id;   /* the first object number that is not in use */
    struct {
        int id, generation;
        uint64_t at; /* absolute offset */
    } object[PDF_UPDATE_OBJECTS_MAX];
    size_t n;
};

/* Starts behind p; ERR_PDF_DAMAGED when its trailer has no usable /Size. */
err_t pdf_update_begin(struct pdf *p, struct pdf_update *u) MUST_USE;
int pdf_update_new_id(struct pdf_update *u);
/* "id generation obj\n"; the caller appends the object to u->out, then pdf_update_object_end. */
err_t pdf_update_object_begin(struct pdf_update *u, int id, int generation) MUST_USE;
err_t pdf_update_object_end(struct pdf_update *u) MUST_USE;
/* The cross-reference section in the file's own kind, trailer, startxref, %%EOF. */
err_t pdf_update_finish(struct pdf *p, struct pdf_update *u) MUST_USE;
void pdf_update_free(struct pdf_update *u);

#endif

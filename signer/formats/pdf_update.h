/*
 * An incremental update: objects appended behind a PDF, and the cross-reference section that makes them count.
 * Called by pades.c and pades_dss.c. ISO 32000-1 §7.5.6.
 */
#ifndef ANTIN_FORMATS_PDF_UPDATE_H
#define ANTIN_FORMATS_PDF_UPDATE_H

#include "signer/formats/pdf.h"

#define PDF_UPDATE_OBJECTS_MAX 1024

struct pdf_update_object {
    int id, generation;
    uint64_t at; /* absolute offset */
};

struct pdf_update {
    struct buf out;
    uint64_t base; /* size of the file that out is appended to */
    int next_id;   /* the first object number that is not in use */
    struct pdf_update_object *object;
    size_t n, cap;
};

/* Starts behind p; ERR_PDF_DAMAGED when its trailer has no usable /Size. */
err_t pdf_update_begin(struct pdf *p, struct pdf_update *u) MUST_USE;
int pdf_update_new_id(struct pdf_update *u);
/* "id generation obj\n"; the caller appends the object to u->out, then pdf_update_object_end. */
err_t pdf_update_object_begin(struct pdf_update *u, int id, int generation) MUST_USE;
err_t pdf_update_object_end(struct pdf_update *u) MUST_USE;
/*
 * An object of the file once more, as it is in qpdf's memory. entry: one more for a dictionary, "/Key value", or NULL: qpdf leaves out what refers to an
 * object that it does not know yet.
 */
err_t pdf_update_rewrite(struct pdf *p, struct pdf_update *u, qpdf_oh oh, const char *entry) MUST_USE;
/* The cross-reference section in the file's own kind, trailer, startxref, %%EOF. */
err_t pdf_update_finish(struct pdf *p, struct pdf_update *u) MUST_USE;
void pdf_update_free(struct pdf_update *u);

#endif

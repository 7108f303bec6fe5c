/*
 * The visible side of a signature: a form XObject, and the entries of the widget that shows it.
 * Called by pades.c. ISO 32000-1 §12.5.5 (appearance streams), §12.7.4.5; alternative text: table 220 (/TU).
 */
#ifndef ANTIN_FORMATS_PDF_APPEARANCE_H
#define ANTIN_FORMATS_PDF_APPEARANCE_H

#include "signer/formats/pdf_place.h"
#include "signer/formats/pdf_update.h"

/* What is to be seen, drawn before (look.h), and where. */
struct pdf_appearance {
    struct bytes drawn;   /* a page of its own */
    double width, height; /* its size in points */
    const char *spoken;   /* UTF-8: the same in words, for a new field */
    struct pdf_place place;
};

/* That, in an update. */
struct pdf_worn {
    int id; /* of the form XObject; 0: nothing is to be seen */
    struct pdf_spot spot;
};

/* Writes the form. It keeps its size, or is made smaller to fit the area; never larger, never out of shape. As pdf_place_find and pdf_import_form. */
err_t pdf_appearance_write(struct pdf *p, struct pdf_update *u, const struct pdf_appearance *a, const struct pdf_target *target,
                           struct pdf_worn *out) MUST_USE;
/* /Rect, and with something to see /AP and /MK: for a new widget. */
err_t pdf_appearance_entries(const struct pdf_worn *w, struct buf *out) MUST_USE;

#endif

/*
 * Where on a page a visible signature stands: told as people see the page, answered as the file counts.
 * Called by pdf_appearance.c. ISO 32000-1 §7.7.3.4, §8.3.2.3, §12.5.2.
 */
#ifndef ANTIN_FORMATS_PDF_PLACE_H
#define ANTIN_FORMATS_PDF_PLACE_H

#include "signer/formats/pdf_form.h"

enum pdf_where {
    PDF_AT_USUAL,     /* in the field that is there, or else at the top right of the first page */
    PDF_AT_FIELD,     /* in the field that is there */
    PDF_AT_RECT,      /* so far from the upper left corner */
    PDF_AT_TOP_RIGHT, /* below what other signatures show there */
};
#define PDF_LAST_PAGE (-1)

/* Of the page as a reader shows it: turned, cut to its crop box, in points of 1/72 inch from its upper left corner. */
struct pdf_place {
    enum pdf_where where;
    int page;          /* from 1 on; PDF_LAST_PAGE; of PDF_AT_RECT and PDF_AT_TOP_RIGHT */
    double x, y, w, h; /* of PDF_AT_RECT; w and h 0: as large as what is shown */
};

/* "field", "top-right", "2:top-right", "last:30,200" or "1:30,200,60x25": page, then millimetres from its upper left corner. False: none of these. */
bool pdf_place_parse(const char *text, struct pdf_place *out);

struct pdf_spot {
    qpdf_oh page;
    double rect[4]; /* in the page's own units: left, bottom, right, top */
    int turn;       /* 0, 90, 180, 270: how far readers turn the page, clockwise */
    double w, h;    /* points, as shown */
};

/*
 * w, h: points that are wanted. ERR_PDF_PLACE: there is no such page, the area is not wholly on it, or the field has none. ERR_PDF_DAMAGED: a page without usable boxes.
 */
err_t pdf_place_find(struct pdf *p, const struct pdf_place *place, const struct pdf_target *target, double w, double h,
                     struct pdf_spot *out) MUST_USE;

/* Will something of a common size find its place? field as pdf_form_target takes it; as that and pdf_place_find. */
err_t pdf_place_check(int fd, const char *field, const struct pdf_place *place) MUST_USE;

#endif

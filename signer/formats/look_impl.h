/*
 * A look when its words are chosen and its picture is read: what is left is to paint it.
 * Included by look.c and look_paint.c alone.
 */
#ifndef ANTIN_FORMATS_LOOK_IMPL_H
#define ANTIN_FORMATS_LOOK_IMPL_H

#include "signer/formats/look.h"
#include "signer/formats/picture.h"

struct look_sheet {
    const char *text;            /* lines; "": none */
    struct bytes png;            /* as picture_read cleaned it, or empty */
    double picture_w, picture_h; /* points */
    double text_width;           /* points */
    bool frame;
};

/* One page in PDF, as large as what is on it. */
err_t look_paint(const struct look_sheet *sheet, struct drawn *out) MUST_USE;

#endif

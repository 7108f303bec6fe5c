/*
 * Visible signatures as the command line asks for them: look, texts, picture and place.
 * Used by options.c, main.c and job_pdf.c.
 */
#ifndef ANTIN_SIGN_VISIBLE_H
#define ANTIN_SIGN_VISIBLE_H

#include "signer/formats/look.h"
#include "signer/formats/pades.h"

struct visible {
    bool wanted;
    enum look_kind kind;
    const char *agency, *number, *copy; /* NULL: the certificate's organisation; none; "Sao y" */
    struct bytes picture;               /* PNG, or empty */
    unsigned picture_mm;
    struct pdf_place place;
};

/* Draws it for one signature. name: NULL: the certificate's. As look_draw. */
err_t visible_draw(const struct visible *v, const char *name, struct bytes cert, int64_t time, struct drawn *out) MUST_USE;

#endif

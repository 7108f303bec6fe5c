/*
 * What a visible signature looks like: drawn once, as a page of its own that pdf_appearance.c copies into the document.
 * Called by antin-sign and signerd. Decree 30/2020/NĐ-CP, annex I (signatures of officials and agencies, annexes, copies).
 *
 * Reads font files, and a PNG that passed picture_read; knows nothing of the document, so it runs outside of the process that reads that one.
 */
#ifndef ANTIN_FORMATS_LOOK_H
#define ANTIN_FORMATS_LOOK_H

#include "common/bytes.h"
#include "signer/formats/errors.h"

enum look_kind {
    LOOK_CITIZEN,  /* neutral: name, time, agency; a picture when there is one */
    LOOK_OFFICIAL, /* the signature as written by hand, nothing else */
    LOOK_AGENCY,   /* the seal in its size, agency and time */
    LOOK_ANNEX,    /* document number and time, no picture */
    LOOK_COPY,     /* kind of copy, agency and time, no picture */
    LOOK_N
};

#define LOOK_TEXT_MAX 256 /* bytes of each text */

struct look {
    enum look_kind kind;
    const char *name, *agency, *number, *copy; /* UTF-8 or NULL; what the kind does not show is not looked at */
    int64_t time;                              /* seconds since 1970; shown in Vietnam's time with +07:00 */
    struct bytes picture;                      /* PNG or empty */
    double picture_mm;                         /* its width; 0: as the PNG says, else the kind's own */
    double width_mm;                           /* lines are broken to fit; 0: the kind's own */
};

struct drawn {
    struct buf pdf;       /* one page */
    double width, height; /* points */
    struct buf spoken;    /* the same in words, UTF-8: for those who cannot see it */
};

/*
 * ERR_SYNTAX: a text or the picture that the kind needs is missing; a text is too long, not UTF-8, or has characters that steer (controls, direction
 * marks). ERR_PICTURE, ERR_TOO_LARGE: as picture_read; ERR_FONT: no font here has all the letters. ERR_NOMEM.
 */
err_t look_draw(const struct look *look, struct drawn *out) MUST_USE;
void drawn_free(struct drawn *d);
#define AUTO_DRAWN AUTO(drawn_free) struct drawn

#endif

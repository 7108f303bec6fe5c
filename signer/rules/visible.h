/*
 * What a citizen's signature shows in a PDF, when the portal asks for it: the neutral look, where it was asked for.
 * Called by rules/component (may it be?) and rules/activation (drawn for the document). No picture: what others drew is not read here.
 */
#ifndef ANTIN_SIGNER_VISIBLE_H
#define ANTIN_SIGNER_VISIBLE_H

#include "signer/formats/look.h"
#include "signer/formats/pades.h"

#define VISIBLE_CAP 201 /* of a wish */

struct visible {
    bool wanted;
    char field[PDF_FIELD_NAME_MAX]; /* "": a new one */
    struct pdf_place place;
};
/*
 * "field:NAME", "top-right", "PAGE:top-right" or "PAGE:X,Y,WxH" in millimetres (pdf_place_parse; an area has its size, so that a long name finds room). NULL or
 * "": nothing is to be seen. ERR_SYNTAX.
 */
err_t visible_read(const char *wish, struct visible *out) MUST_USE;

/* name: as the certificate has it. An agency that no look can show is left out. As look_draw. */
err_t visible_citizen(const char *name, const char *agency, int64_t time, struct drawn *out) MUST_USE;

#endif

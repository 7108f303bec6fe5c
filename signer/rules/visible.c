/*
 * Reads the wish for a visible signature, and has it drawn.
 * Called by rules/component and rules/activation.
 */
#include "signer/rules/visible.h"

#include <stdio.h>
#include <string.h>

#define FIELD "field:"

static err_t read_field(const char *name, struct visible *out)
{
    struct bytes b = bytes_str(name);
    if (b.len == 0 || b.len >= sizeof out->field || !utf8_valid(b))
        return ERR_SYNTAX;
    snprintf(out->field, sizeof out->field, "%s", name);
    out->place.where = PDF_AT_FIELD;
    return OK;
}

err_t visible_read(const char *wish, struct visible *out)
{
    *out = (struct visible){0};
    if (wish == NULL || wish[0] == '\0')
        return OK;
    out->wanted = true;
    if (strlen(wish) >= VISIBLE_CAP)
        return ERR_SYNTAX;
    if (strncmp(wish, FIELD, strlen(FIELD)) == 0)
        return read_field(wish + strlen(FIELD), out);
    if (!pdf_place_parse(wish, &out->place) || out->place.where == PDF_AT_FIELD)
        return ERR_SYNTAX;
    return out->place.where != PDF_AT_RECT || out->place.w > 0 ? OK : ERR_SYNTAX;
}

err_t visible_citizen(const char *name, const char *agency, int64_t time, struct drawn *out)
{
    struct look look = {.kind = LOOK_CITIZEN, .name = name, .agency = agency, .time = time};
    if (agency == NULL || agency[0] == '\0')
        look.agency = NULL;
    err_t e = look_draw(&look, out);
    if (e != ERR_SYNTAX || look.agency == NULL)
        return e;
    look.agency = NULL; /* a portal's text, and longer than one shows: no reason not to sign */
    return look_draw(&look, out);
}

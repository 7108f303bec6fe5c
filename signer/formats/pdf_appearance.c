/*
 * Puts a drawn page into a widget: upright on turned pages, in the middle of its area.
 * Called by pades.c. ISO 32000-1 §8.10.2, §12.5.5 algorithm 8.1.
 */
#include "signer/formats/pdf_appearance.h"

#include "signer/formats/pdf_import.h"
#include <math.h>
#include <stdio.h>

#define ENTRIES_CAP 256

/* A real number as PDF has it (§7.3.3): with a point, whatever the locale's sign is, and three digits behind it. */
struct real {
    char text[32];
};

static struct real real(double v)
{
    struct real r;
    long long n = llround(v * 1000);
    unsigned long long m = (unsigned long long)(n < 0 ? -n : n);
    snprintf(r.text, sizeof r.text, "%s%llu.%03llu", n < 0 ? "-" : "", m / 1000, m % 1000);
    return r;
}

/* Readers map the BBox, turned by the matrix, onto /Rect: so its sides need the area's proportions, with what is drawn in the middle. */
static void form_entries(const struct pdf_appearance *a, const struct pdf_spot *spot, char out[ENTRIES_CAP])
{
    static const char *const MATRIX[] = {"1 0 0 1", "0 1 -1 0", "-1 0 0 -1", "0 -1 1 0"};
    double smaller = fmin(1, fmin(spot->w / a->width, spot->h / a->height));
    double beside = (spot->w / smaller - a->width) / 2, above = (spot->h / smaller - a->height) / 2;
    snprintf(out, ENTRIES_CAP, "/BBox [ %s %s %s %s ] /Matrix [ %s 0 0 ]", real(-beside).text, real(-above).text,
             real(a->width + beside).text, real(a->height + above).text, MATRIX[spot->turn / 90]);
}

err_t pdf_appearance_write(struct pdf *p, struct pdf_update *u, const struct pdf_appearance *a, const struct pdf_target *target,
                           struct pdf_worn *out)
{
    char entries[ENTRIES_CAP];
    if (!(a->width > 0 && a->height > 0))
        return ERR_SYNTAX;
    TRY(pdf_place_find(p, &a->place, target, a->width, a->height, &out->spot));
    form_entries(a, &out->spot, entries);
    return pdf_import_form(a->drawn, u, entries, &out->id);
}

err_t pdf_appearance_entries(const struct pdf_worn *w, struct buf *out)
{
    const double *r = w->spot.rect;
    TRY(buf_addf(out, "/Rect [ %s %s %s %s ]", real(r[0]).text, real(r[1]).text, real(r[2]).text, real(r[3]).text));
    if (w->id == 0)
        return OK;
    TRY(buf_addf(out, " /AP << /N %d 0 R >>", w->id));
    return w->spot.turn != 0 ? buf_addf(out, " /MK << /R %d >>", w->spot.turn) : OK;
}

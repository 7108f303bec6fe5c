/*
 * Reads places, and draws looks with what the certificate says of the signer.
 * Called by options.c, main.c and job_pdf.c.
 */
#include "signer/sign/visible.h"

#include "common/x509_shared.h"
#include <openssl/objects.h>
#include <stdlib.h>
#include <string.h>

#define MM (72 / 25.4) /* in points */
#define MM_MAX 10000.0
#define PAGE_MAX 1000000

/* --- places --- */

static bool read_mm(const char **text, char end, double *points)
{
    char *after;
    double mm = strtod(*text, &after);
    if (after == *text || !(mm >= 0 && mm <= MM_MAX) || *after != end)
        return false;
    *points = mm * MM;
    *text = after + (end != '\0');
    return true;
}

/* "X,Y" or "X,Y,WxH" */
static bool read_area(const char *text, struct pdf_place *out)
{
    bool sized = strchr(text, 'x') != NULL;
    out->where = PDF_AT_RECT;
    if (!read_mm(&text, ',', &out->x) || !read_mm(&text, sized ? ',' : '\0', &out->y))
        return false;
    return !sized || (read_mm(&text, 'x', &out->w) && read_mm(&text, '\0', &out->h) && out->w > 0 && out->h > 0);
}

static bool read_page(const char *text, size_t n, int *page)
{
    char *end;
    if (n == 4 && strncmp(text, "last", n) == 0) {
        *page = PDF_LAST_PAGE;
        return true;
    }
    long number = strtol(text, &end, 10);
    *page = (int)number;
    return end == text + n && n > 0 && number >= 1 && number <= PAGE_MAX;
}

bool visible_place(const char *text, struct pdf_place *out)
{
    const char *colon = strchr(text, ':'), *rest = colon != NULL ? colon + 1 : text;
    *out = (struct pdf_place){.page = 1};
    if (strcmp(text, "field") == 0) {
        out->where = PDF_AT_FIELD;
        return true;
    }
    if (colon != NULL && !read_page(text, (size_t)(colon - text), &out->page))
        return false;
    if (strcmp(rest, "top-right") == 0) {
        out->where = PDF_AT_TOP_RIGHT;
        return true;
    }
    return colon != NULL && read_area(rest, out);
}

/* --- looks --- */

static err_t of_certificate(struct bytes cert, int nid, struct buf *out)
{
    AUTO_X509 x = NULL;
    TRY(x509_shared(cert, &x));
    err_t e = x509_name_attr(X509_get_subject_name(x), nid, out);
    return e == ERR_NOT_FOUND ? OK : e;
}

static const char *or_null(const struct buf *b)
{
    return b->len > 0 ? buf_str(b) : NULL;
}

err_t visible_draw(const struct visible *v, const char *name, struct bytes cert, int64_t time, struct drawn *out)
{
    AUTO_BUF person = {0};
    AUTO_BUF organisation = {0};
    TRY(of_certificate(cert, NID_commonName, &person));
    TRY(of_certificate(cert, NID_organizationName, &organisation));
    const struct look look = {
        .kind = v->kind,
        .name = name != NULL ? name : or_null(&person),
        .agency = v->agency != NULL ? v->agency : or_null(&organisation),
        .number = v->number,
        .copy = v->copy != NULL ? v->copy : "Sao y",
        .time = time,
        .picture = v->picture,
        .picture_mm = v->picture_mm,
        .width_mm = v->place.where == PDF_AT_RECT ? v->place.w / MM : 0,
    };
    return look_draw(&look, out);
}

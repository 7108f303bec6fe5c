/*
 * Reads places as people write them.
 * Called by antin-sign and signerd.
 */
#include "signer/formats/pdf_place.h"

#include <stdlib.h>
#include <string.h>

#define MM (72 / 25.4) /* in points */
#define MM_MAX 10000.0
#define PAGE_MAX 1000000

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

bool pdf_place_parse(const char *text, struct pdf_place *out)
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

/*
 * Reads a page's boxes and turn, and finds the rectangle in its own units.
 * Called by pdf_appearance.c. ISO 32000-1 §7.7.3.3 (table 30), §7.7.3.4 (inherited), §14.11.2 (boxes).
 */
#include "signer/formats/pdf_place.h"

#include <math.h>
#include <string.h>

#define TREE_DEPTH_MAX 64
#define PAGES_SEARCHED_MAX 10000
#define ANNOTS_SEARCHED_MAX 10000
#define MARGIN 28.35 /* 10 mm */
#define BETWEEN 5.67 /* 2 mm */
#define SIDE_MIN 3.0 /* points; smaller is as good as hidden */
#define COORDINATE_MAX 1e6
#define USER_UNIT_MAX 75000.0
#define COMMON_W 200.0 /* points: a name, a time, an agency */
#define COMMON_H 50.0

/* A page as readers show it. */
struct sheet {
    qpdf_oh page;
    double box[4]; /* its own units */
    int turn;
    double unit; /* points in one of them */
    double w, h; /* points, as shown */
};

static qpdf_oh key(struct pdf *p, qpdf_oh dict, const char *name)
{
    return qpdf_oh_get_key_if_dict(pdf_handle(p), dict, name);
}

/* §7.7.3.4 */
static qpdf_oh inherited(struct pdf *p, qpdf_oh page, const char *name)
{
    qpdf_oh v = key(p, page, name);
    for (unsigned depth = 0; depth < TREE_DEPTH_MAX && qpdf_oh_is_null(pdf_handle(p), v); depth++) {
        page = key(p, page, "/Parent");
        if (!qpdf_oh_is_dictionary(pdf_handle(p), page))
            break;
        v = key(p, page, name);
    }
    return v;
}

/* Any two opposite corners (§7.9.5). */
static bool read_box(struct pdf *p, qpdf_oh v, double box[4])
{
    qpdf_data q = pdf_handle(p);
    if (!qpdf_oh_is_array(q, v) || qpdf_oh_get_array_n_items(q, v) != 4)
        return false;
    double c[4];
    for (int i = 0; i < 4; i++) {
        qpdf_oh n = qpdf_oh_get_array_item(q, v, i);
        if (!qpdf_oh_is_number(q, n))
            return false;
        c[i] = qpdf_oh_get_numeric_value(q, n);
        if (!isfinite(c[i]) || fabs(c[i]) > COORDINATE_MAX)
            return false;
    }
    box[0] = fmin(c[0], c[2]);
    box[1] = fmin(c[1], c[3]);
    box[2] = fmax(c[0], c[2]);
    box[3] = fmax(c[1], c[3]);
    return true;
}

static err_t read_turn(struct pdf *p, qpdf_oh page, int *turn)
{
    qpdf_data q = pdf_handle(p);
    qpdf_oh v = inherited(p, page, "/Rotate");
    long long n = qpdf_oh_is_integer(q, v) ? qpdf_oh_get_int_value(q, v) : 0;
    if ((!qpdf_oh_is_null(q, v) && !qpdf_oh_is_integer(q, v)) || n % 90 != 0)
        return ERR_PDF_DAMAGED;
    *turn = (int)((n % 360 + 360) % 360);
    return OK;
}

static err_t read_unit(struct pdf *p, qpdf_oh page, double *unit)
{
    qpdf_data q = pdf_handle(p);
    qpdf_oh v = key(p, page, "/UserUnit");
    *unit = qpdf_oh_is_number(q, v) ? qpdf_oh_get_numeric_value(q, v) : 1;
    return *unit > 0 && *unit <= USER_UNIT_MAX ? OK : ERR_PDF_DAMAGED;
}

static err_t read_sheet(struct pdf *p, qpdf_oh page, struct sheet *out)
{
    double crop[4];
    *out = (struct sheet){.page = page};
    if (!qpdf_oh_is_dictionary(pdf_handle(p), page) || !qpdf_oh_is_indirect(pdf_handle(p), page))
        return ERR_PDF_DAMAGED;
    if (!read_box(p, inherited(p, page, "/MediaBox"), out->box))
        return ERR_PDF_DAMAGED;
    if (read_box(p, inherited(p, page, "/CropBox"), crop)) { /* only what is on the medium */
        for (int i = 0; i < 4; i++)
            out->box[i] = i < 2 ? fmax(out->box[i], crop[i]) : fmin(out->box[i], crop[i]);
    }
    TRY(read_turn(p, page, &out->turn));
    TRY(read_unit(p, page, &out->unit));
    double w = (out->box[2] - out->box[0]) * out->unit, h = (out->box[3] - out->box[1]) * out->unit;
    if (w <= 0 || h <= 0)
        return ERR_PDF_DAMAGED;
    out->w = out->turn % 180 == 0 ? w : h;
    out->h = out->turn % 180 == 0 ? h : w;
    return pdf_faults(p);
}

static err_t page_by_number(struct pdf *p, int number, qpdf_oh *out)
{
    if (number == 1) /* known already; for any other qpdf reads and keeps all */
        return pdf_form_first_page(p, out);
    int n = qpdf_get_num_pages(pdf_handle(p));
    TRY(pdf_faults(p));
    if (number == PDF_LAST_PAGE)
        number = n;
    if (number < 1 || number > n)
        return ERR_PDF_PLACE;
    *out = qpdf_get_page_n(pdf_handle(p), (size_t)number - 1);
    return pdf_faults(p);
}

/* --- from what is shown to the page's units, and back --- */

static void to_units(const struct sheet *s, double x, double y, double *ux, double *uy)
{
    double right = x / s->unit, down = y / s->unit;
    switch (s->turn) {
    case 90:
        *ux = s->box[0] + down;
        *uy = s->box[1] + right;
        break;
    case 180:
        *ux = s->box[2] - right;
        *uy = s->box[1] + down;
        break;
    case 270:
        *ux = s->box[2] - down;
        *uy = s->box[3] - right;
        break;
    default: *ux = s->box[0] + right; *uy = s->box[3] - down;
    }
}

static void to_shown(const struct sheet *s, const double rect[4], double *x, double *y, double *w, double *h)
{
    double left = rect[0] - s->box[0], below = rect[1] - s->box[1], beyond = s->box[2] - rect[2], above = s->box[3] - rect[3];
    *x = (s->turn == 0 ? left : s->turn == 90 ? below : s->turn == 180 ? beyond : above) * s->unit;
    *y = (s->turn == 0 ? above : s->turn == 90 ? left : s->turn == 180 ? below : beyond) * s->unit;
    double across = (rect[2] - rect[0]) * s->unit, up = (rect[3] - rect[1]) * s->unit;
    *w = s->turn % 180 == 0 ? across : up;
    *h = s->turn % 180 == 0 ? up : across;
}

static err_t settle(const struct sheet *s, double x, double y, double w, double h, struct pdf_spot *out)
{
    double ax, ay, bx, by;
    bool inside = x >= 0 && y >= 0 && w >= SIDE_MIN && h >= SIDE_MIN && x + w <= s->w + 0.01 && y + h <= s->h + 0.01;
    if (!inside)
        return ERR_PDF_PLACE;
    to_units(s, x, y, &ax, &ay);
    to_units(s, x + w, y + h, &bx, &by);
    *out = (struct pdf_spot){s->page, {fmin(ax, bx), fmin(ay, by), fmax(ax, bx), fmax(ay, by)}, s->turn, w, h};
    return OK;
}

/* --- the top right corner --- */

static bool is_signature_widget(struct pdf *p, qpdf_oh annot)
{
    qpdf_data q = pdf_handle(p);
    return qpdf_oh_is_name_and_equals(q, key(p, annot, "/FT"), "/Sig") ||
           qpdf_oh_is_name_and_equals(q, key(p, key(p, annot, "/Parent"), "/FT"), "/Sig");
}

/* The lower edge of a signature that is shown where this one would be; or y. */
static double below_others(struct pdf *p, const struct sheet *s, double x, double y, double w, double h)
{
    qpdf_data q = pdf_handle(p);
    qpdf_oh annots = key(p, s->page, "/Annots");
    int n = qpdf_oh_is_array(q, annots) ? qpdf_oh_get_array_n_items(q, annots) : 0;
    double lowest = y;
    for (int i = 0; i < n && i < ANNOTS_SEARCHED_MAX; i++) {
        qpdf_oh annot = qpdf_oh_get_array_item(q, annots, i);
        double rect[4], ox, oy, ow, oh;
        if (!is_signature_widget(p, annot) || !read_box(p, key(p, annot, "/Rect"), rect))
            continue;
        to_shown(s, rect, &ox, &oy, &ow, &oh);
        bool overlaps = ow > 0 && oh > 0 && ox < x + w && x < ox + ow && oy < y + h && y < oy + oh;
        if (overlaps && oy + oh + BETWEEN > lowest)
            lowest = oy + oh + BETWEEN;
    }
    return lowest;
}

static err_t top_right(struct pdf *p, const struct sheet *s, double w, double h, struct pdf_spot *out)
{
    double x = s->w - MARGIN - w, y = MARGIN;
    if (x < 0) /* a narrow page: as far to the left as it goes */
        x = fmax(0, s->w - w);
    for (unsigned i = 0; i < 64; i++) {
        double lower = below_others(p, s, x, y, w, h);
        if (lower <= y)
            break;
        y = lower;
    }
    return settle(s, x, y, w, h, out);
}

/* --- a field that is there --- */

static bool holds(struct pdf *p, qpdf_oh page, qpdf_oh widget)
{
    qpdf_data q = pdf_handle(p);
    qpdf_oh annots = key(p, page, "/Annots");
    int n = qpdf_oh_is_array(q, annots) ? qpdf_oh_get_array_n_items(q, annots) : 0;
    for (int i = 0; i < n && i < ANNOTS_SEARCHED_MAX; i++) {
        qpdf_oh annot = qpdf_oh_get_array_item(q, annots, i);
        if (qpdf_oh_get_object_id(q, annot) == qpdf_oh_get_object_id(q, widget))
            return true;
    }
    return false;
}

/* §12.5.2: its /P tells the page, if it is there; else the page that lists it. */
static err_t page_of(struct pdf *p, qpdf_oh widget, qpdf_oh *out)
{
    qpdf_data q = pdf_handle(p);
    *out = key(p, widget, "/P");
    if (qpdf_oh_is_dictionary(q, *out) && holds(p, *out, widget))
        return OK;
    int n = qpdf_get_num_pages(q);
    for (int i = 0; i < n && i < PAGES_SEARCHED_MAX; i++) {
        *out = qpdf_get_page_n(q, (size_t)i);
        if (holds(p, *out, widget))
            return pdf_faults(p);
        qpdf_oh_release(q, *out);
    }
    return ERR_PDF_PLACE;
}

static err_t at_field(struct pdf *p, const struct pdf_target *t, struct pdf_spot *out)
{
    qpdf_oh page;
    struct sheet s;
    double rect[4], x, y, w, h;
    if (!t->exists || !read_box(p, key(p, t->widget, "/Rect"), rect))
        return ERR_PDF_PLACE;
    TRY(page_of(p, t->widget, &page));
    TRY(read_sheet(p, page, &s));
    to_shown(&s, rect, &x, &y, &w, &h);
    if (w < SIDE_MIN || h < SIDE_MIN)
        return ERR_PDF_PLACE;
    *out = (struct pdf_spot){.page = page, .turn = s.turn, .w = w, .h = h};
    memcpy(out->rect, rect, sizeof rect);
    return OK;
}

err_t pdf_place_find(struct pdf *p, const struct pdf_place *place, const struct pdf_target *target, double w, double h,
                     struct pdf_spot *out)
{
    qpdf_oh page;
    struct sheet s;
    bool usual = place->where == PDF_AT_USUAL;
    if (target->exists) /* it stands where its maker put it */
        return usual || place->where == PDF_AT_FIELD ? at_field(p, target, out) : ERR_PDF_PLACE;
    if (place->where == PDF_AT_FIELD)
        return ERR_PDF_PLACE;
    TRY(page_by_number(p, usual ? 1 : place->page, &page));
    TRY(read_sheet(p, page, &s));
    if (place->where != PDF_AT_RECT)
        return top_right(p, &s, fmin(w, s.w), fmin(h, s.h), out);
    return settle(&s, place->x, place->y, place->w > 0 ? place->w : w, place->h > 0 ? place->h : h, out);
}

err_t pdf_place_check(int fd, const char *field, const struct pdf_place *place)
{
    AUTO(pdf_close) struct pdf *p = NULL;
    struct pdf_target target;
    struct pdf_spot spot;
    TRY(pdf_open(fd, &p));
    TRY(pdf_form_target(p, field, &target));
    return pdf_place_find(p, place, &target, COMMON_W, COMMON_H, &spot);
}

/*
 * Paints a visible signature: text in fonts that go into the PDF, and the picture.
 * Called by look.c. Cairo makes the PDF, Pango sets the text (TCVN 6909:2001 is Unicode).
 */
#include "signer/formats/look_impl.h"

#include <cairo-pdf.h>
#include <pango/pangocairo.h>
#include <string.h>

#define TEXT_POINTS 10 /* Decree 30/2020: Times New Roman, upright, 10, black */
#define PAD 5.0        /* between frame and contents */
#define GAP 6.0        /* between picture and text */
#define FRAME_WIDTH 0.5
#define FRAME_GREY 0.45
#define DRAWN_MAX (8u << 20) /* bytes of the page */

/* Times New Roman where it is; Liberation Serif has the same measures and, from version 2 on, the Vietnamese letters. */
static const char *const FAMILY[] = {"Times New Roman", "Liberation Serif", "Noto Serif", "DejaVu Serif"};
#define FAMILY_N (sizeof FAMILY / sizeof *FAMILY)

struct rest {
    struct bytes data;
};

static void surface_free(cairo_surface_t **s)
{
    cairo_surface_destroy(*s);
}

static void context_free(cairo_t **c)
{
    cairo_destroy(*c);
}

static void layout_free(PangoLayout **l)
{
    if (*l != NULL)
        g_object_unref(*l);
}

static void utf8_free(char **s)
{
    g_free(*s);
}

static err_t reason(cairo_status_t s)
{
    switch (s) {
    case CAIRO_STATUS_SUCCESS: return OK;
    case CAIRO_STATUS_WRITE_ERROR: return ERR_TOO_LARGE;
    case CAIRO_STATUS_NO_MEMORY: return ERR_NOMEM;
    default: return ERR_INTERNAL;
    }
}

/* --- text --- */

/* Are all letters of one family, so that they look alike? */
static bool all_of(PangoLayout *l, const char *family)
{
    bool all = pango_layout_get_unknown_glyphs_count(l) == 0;
    PangoLayoutIter *i = pango_layout_get_iter(l);
    do {
        PangoLayoutRun *run = pango_layout_iter_get_run_readonly(i);
        if (run == NULL)
            continue;
        PangoFontDescription *d = pango_font_describe(run->item->analysis.font);
        all = all && g_ascii_strcasecmp(pango_font_description_get_family(d), family) == 0;
        pango_font_description_free(d);
    } while (pango_layout_iter_next_run(i));
    pango_layout_iter_free(i);
    return all;
}

static void set_font(PangoLayout *l, const char *families)
{
    PangoFontDescription *d = pango_font_description_new();
    pango_font_description_set_family(d, families);
    pango_font_description_set_size(d, TEXT_POINTS * PANGO_SCALE);
    pango_layout_set_font_description(l, d);
    pango_font_description_free(d);
}

/* One family that has all the letters; or else several, if no letter is left out. */
static err_t choose_font(PangoLayout *l)
{
    for (size_t i = 0; i < FAMILY_N; i++) {
        set_font(l, FAMILY[i]);
        if (all_of(l, FAMILY[i]))
            return OK;
    }
    set_font(l, "Liberation Serif, serif");
    return pango_layout_get_unknown_glyphs_count(l) == 0 ? OK : ERR_FONT;
}

static err_t set_text(cairo_t *c, const struct look_sheet *sheet, PangoLayout **out)
{
    AUTO(layout_free) PangoLayout *l = pango_cairo_create_layout(c);
    AUTO(utf8_free) char *composed = g_utf8_normalize(sheet->text, -1, G_NORMALIZE_NFC); /* fonts have ế, not always e with two marks */
    if (l == NULL || composed == NULL)
        return ERR_NOMEM;
    PangoContext *context = pango_layout_get_context(l);
    pango_cairo_context_set_resolution(context, 72); /* a point is a point */
    pango_context_set_language(context, pango_language_from_string("vi"));
    pango_context_set_round_glyph_positions(context, FALSE);
    pango_layout_context_changed(l);
    pango_layout_set_wrap(l, PANGO_WRAP_WORD_CHAR);
    pango_layout_set_width(l, (int)(sheet->text_width * PANGO_SCALE));
    pango_layout_set_text(l, composed, -1);
    TRY(choose_font(l));
    *out = take(&l);
    return OK;
}

/* --- picture --- */

static cairo_status_t read_some(void *closure, unsigned char *to, unsigned n)
{
    struct rest *r = closure;
    if (n > r->data.len)
        return CAIRO_STATUS_READ_ERROR;
    memcpy(to, r->data.ptr, n);
    r->data = BYTES(r->data.ptr + n, r->data.len - n);
    return CAIRO_STATUS_SUCCESS;
}

static err_t draw_picture(cairo_t *c, const struct look_sheet *sheet, double x, double y)
{
    struct rest rest = {sheet->png};
    AUTO(surface_free) cairo_surface_t *s = cairo_image_surface_create_from_png_stream(read_some, &rest);
    if (cairo_surface_status(s) != CAIRO_STATUS_SUCCESS)
        return ERR_PICTURE; /* cairo 1.16 says "no memory" of damaged ones, too; a sound one of these sizes has enough */
    cairo_save(c);
    cairo_translate(c, x, y);
    cairo_scale(c, sheet->picture_w / cairo_image_surface_get_width(s), sheet->picture_h / cairo_image_surface_get_height(s));
    cairo_set_source_surface(c, s, 0, 0);
    cairo_paint(c);
    cairo_restore(c);
    return reason(cairo_status(c));
}

/* --- together --- */

static cairo_status_t write_some(void *closure, const unsigned char *data, unsigned n)
{
    struct buf *out = closure;
    if (n > DRAWN_MAX - out->len)
        return CAIRO_STATUS_WRITE_ERROR;
    return buf_add(out, data, n) == OK ? CAIRO_STATUS_SUCCESS : CAIRO_STATUS_NO_MEMORY;
}

/* Where the text's box begins and how large it is: marks may stand above the line. */
struct area {
    double x, y, w, h;
};

static struct area measure(PangoLayout *l)
{
    PangoRectangle ink, line;
    pango_layout_get_extents(l, &ink, &line);
    int left = MIN(ink.x, line.x), top = MIN(ink.y, line.y);
    int right = MAX(ink.x + ink.width, line.x + line.width), bottom = MAX(ink.y + ink.height, line.y + line.height);
    return (struct area){left / (double)PANGO_SCALE, top / (double)PANGO_SCALE, (right - left) / (double)PANGO_SCALE,
                         (bottom - top) / (double)PANGO_SCALE};
}

static void draw_frame(cairo_t *c, double w, double h)
{
    cairo_set_source_rgb(c, FRAME_GREY, FRAME_GREY, FRAME_GREY);
    cairo_set_line_width(c, FRAME_WIDTH);
    cairo_rectangle(c, FRAME_WIDTH, FRAME_WIDTH, w - 2 * FRAME_WIDTH, h - 2 * FRAME_WIDTH); /* wholly inside: renderers cut at the edge */
    cairo_stroke(c);
}

static err_t draw(cairo_surface_t *surface, cairo_t *c, const struct look_sheet *sheet, struct drawn *out)
{
    AUTO(layout_free) PangoLayout *l = NULL;
    struct area text = {0};
    if (sheet->text[0] != '\0') {
        TRY(set_text(c, sheet, &l));
        text = measure(l);
    }
    double pad = sheet->frame ? PAD : 0, gap = sheet->png.len > 0 && l != NULL ? GAP : 0;
    double w = sheet->picture_w + gap + text.w, h = MAX(sheet->picture_h, text.h);
    out->width = w + 2 * pad;
    out->height = h + 2 * pad;
    cairo_pdf_surface_set_size(surface, out->width, out->height);
    if (sheet->frame)
        draw_frame(c, out->width, out->height);
    if (sheet->png.len > 0)
        TRY(draw_picture(c, sheet, pad, pad + (h - sheet->picture_h) / 2));
    if (l != NULL) {
        cairo_set_source_rgb(c, 0, 0, 0);
        cairo_move_to(c, pad + sheet->picture_w + gap - text.x, pad + (h - text.h) / 2 - text.y);
        pango_cairo_show_layout(c, l);
    }
    cairo_show_page(c);
    return reason(cairo_status(c));
}

err_t look_paint(const struct look_sheet *sheet, struct drawn *out)
{
    AUTO(surface_free) cairo_surface_t *surface = cairo_pdf_surface_create_for_stream(write_some, &out->pdf, 1, 1);
    AUTO(context_free) cairo_t *c = cairo_create(surface);
    cairo_pdf_surface_restrict_to_version(surface, CAIRO_PDF_VERSION_1_4); /* with a plain table of objects */
    TRY(draw(surface, c, sheet, out));
    cairo_surface_finish(surface);
    return reason(cairo_surface_status(surface));
}

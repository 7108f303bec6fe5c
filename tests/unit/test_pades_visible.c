/*
 * Visible signatures in documents: where they stand on pages of every kind, which way up, what foreign programs see and say of them.
 * ISO 32000-1 §7.7.3, §12.5.5; EN 319 142-1. Pixels are looked at as two renderers that are not ours paint them.
 */
#include "tests/unit/testpades.h"
#include "tests/unit/testpicture.h"
#include "signer/formats/look.h"

#define MM (72 / 25.4)

/* --- documents --- */

struct paper {
    const char *page, *pages, *catalog; /* further entries; the page's boxes are among them */
    const char *more[6];                /* objects 4… */
};

static int open_paper(const struct paper *paper)
{
    struct testpdf t;
    char text[512];
    char *path = tp_path("work.pdf");
    testpdf_begin(&t);
    snprintf(text, sizeof text, "<< /Type /Catalog /Pages 2 0 R %s >>", paper->catalog != NULL ? paper->catalog : "");
    testpdf_object(&t, 1, text);
    snprintf(text, sizeof text, "<< /Type /Pages /Kids [ 3 0 R ] /Count 1 %s >>", paper->pages != NULL ? paper->pages : "");
    testpdf_object(&t, 2, text);
    snprintf(text, sizeof text, "<< /Type /Page /Parent 2 0 R %s >>", paper->page != NULL ? paper->page : "");
    testpdf_object(&t, 3, text);
    for (int i = 0; i < 6 && paper->more[i] != NULL; i++)
        testpdf_object(&t, 4 + i, paper->more[i]);
    testpdf_end(&t, TESTPDF_ID);
    tp_write(path, buf_bytes(&t.out));
    buf_free(&t.out);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    free(path);
    assert_true(fd >= 0);
    return fd;
}

static err_t sign_seen(int fd, const struct tp_id *who, const struct look *look, const struct pdf_place *place, const char *field)
{
    struct hall m;
    AUTO_DRAWN d = {0};
    assert_ok(look_draw(look, &d));
    const struct pdf_appearance a = {
        .drawn = buf_bytes(&d.pdf), .width = d.width, .height = d.height, .spoken = buf_str(&d.spoken), .place = *place};
    const struct pades_opts o = {.signing_time = clock_now(), .appearance = &a, .field_name = field};
    return pades_sign(fd, &o, key_of(&m, who, CMS_SHA256, SIGN_ECDSA), &tsa);
}

/* --- pixels --- */

/* Where there is ink, in points from the upper left corner of the page as shown. */
struct ink {
    double left, top, right, bottom, page_w, page_h;
};

#define DPI 144

static void find_ink(const char *renderer, struct ink *out)
{
    AUTO_BUF text = {0}, image = {0};
    unsigned w, h, n = 0;
    char *path = tp_path("shown.pgm");
    unlink(path);
    assert_int_equal(tp_run(&text, "%s", renderer), 0);
    tp_read(path, &image);
    assert_int_equal(sscanf(buf_str(&image), "P5 %u %u 255%n", &w, &h, (int *)&n), 2);
    const uint8_t *pixel = image.ptr + image.len - (size_t)w * h;
    *out = (struct ink){1e9, 1e9, -1, -1, w * 72.0 / DPI, h * 72.0 / DPI};
    for (unsigned y = 0; y < h; y++) {
        for (unsigned x = 0; x < w; x++) {
            if (pixel[(size_t)y * w + x] > 128)
                continue;
            out->left = fmin(out->left, x * 72.0 / DPI);
            out->right = fmax(out->right, (x + 1) * 72.0 / DPI);
            out->top = fmin(out->top, y * 72.0 / DPI);
            out->bottom = fmax(out->bottom, (y + 1) * 72.0 / DPI);
        }
    }
    free(path);
}

static const char *const RENDERERS[] = {"pdftoppm -cropbox -gray -r 144 -singlefile work.pdf shown",
                                        "mutool draw -q -c gray -F pgm -r 144 -o shown.pgm work.pdf 1"};

/* Both renderers show ink there, within a point. */
static void assert_ink(const char *what, double left, double top, double w, double h)
{
    for (size_t i = 0; i < 2; i++) {
        struct ink ink;
        find_ink(RENDERERS[i], &ink);
        if (fabs(ink.left - left) > 1 || fabs(ink.top - top) > 1 || fabs(ink.right - left - w) > 1 || fabs(ink.bottom - top - h) > 1)
            fail_msg("%s, %s: ink at %.1f %.1f to %.1f %.1f, not at %.1f %.1f to %.1f %.1f", what, RENDERERS[i], ink.left, ink.top,
                     ink.right, ink.bottom, left, top, left + w, top + h);
    }
}

/* A picture whose upper left quarter is black, the rest of it clear: shows place and direction at once. */
static void picture_corner(struct buf *out)
{
    AUTO_BUF rows = {0};
    for (unsigned y = 0; y < 64; y++) {
        assert_ok(buf_add(&rows, "\0", 1));
        for (unsigned x = 0; x < 64; x++)
            assert_ok(buf_add(&rows, x < 32 && y < 32 ? "\0\0\0\xff" : "\0\0\0\0", 4));
    }
    put_header(out, 64, 64);
    put_pixels(out, buf_bytes(&rows));
    put_chunk(out, "IEND", BYTES(NULL, 0));
}

static struct look corner_look(struct buf *picture, double mm)
{
    picture_corner(picture);
    return (struct look){.kind = LOOK_OFFICIAL, .time = clock_now(), .picture = buf_bytes(picture), .picture_mm = mm};
}

/* --- pages --- */

static const struct page_kind {
    const char *what;
    struct paper paper;
} PAGES[] = {
    {"plain", {.page = "/MediaBox [ 0 0 500 700 ]"}},
    {"turned by 90", {.page = "/MediaBox [ 0 0 500 700 ] /Rotate 90"}},
    {"turned by 180", {.page = "/MediaBox [ 0 0 500 700 ] /Rotate 180"}},
    {"turned by 270", {.page = "/MediaBox [ 0 0 500 700 ] /Rotate 270"}},
    {"turned by -90", {.page = "/MediaBox [ 0 0 500 700 ] /Rotate -90"}},
    {"turned by 450", {.page = "/MediaBox [ 0 0 500 700 ] /Rotate 450"}},
    {"origin elsewhere", {.page = "/MediaBox [ -100 200 400 900 ]"}},
    {"origin elsewhere, turned", {.page = "/MediaBox [ -100 200 400 900 ] /Rotate 90"}},
    {"corners the other way round", {.page = "/MediaBox [ 500 700 0 0 ] /Rotate 180"}},
    {"cropped", {.page = "/MediaBox [ 0 0 600 800 ] /CropBox [ 40 60 540 760 ]"}},
    {"cropped and turned", {.page = "/MediaBox [ 0 0 600 800 ] /CropBox [ 40 60 540 760 ] /Rotate 270"}},
    {"crop box beyond the medium", {.page = "/MediaBox [ 0 0 500 700 ] /CropBox [ -50 -50 900 900 ]"}},
    {"all inherited", {.pages = "/MediaBox [ 0 0 600 800 ] /CropBox [ 40 60 540 760 ] /Rotate 90"}},
    {"fractions", {.page = "/MediaBox [ 0.25 0.5 500.25 700.5 ] /Rotate 90"}},
};
#define PAGES_N (sizeof PAGES / sizeof *PAGES)

static void a_rectangle_is_found_on_every_kind_of_page(void **state)
{
    (void)state;
    AUTO_BUF picture = {0};
    const struct look look = corner_look(&picture, 30);
    for (size_t i = 0; i < PAGES_N; i++) {
        AUTO_FD fd = open_paper(&PAGES[i].paper);
        assert_ok(sign_seen(fd, &pki.citizen, &look, &(struct pdf_place){.where = PDF_AT_RECT, .page = 1, .x = 60, .y = 90}, NULL));
        assert_ink(PAGES[i].what, 60, 90, 15 * MM, 15 * MM);
        others_accept(1);
    }
}

static void the_top_right_corner_is_found_on_every_kind_of_page(void **state)
{
    (void)state;
    AUTO_BUF picture = {0};
    const struct look look = corner_look(&picture, 30);
    for (size_t i = 0; i < PAGES_N; i++) {
        struct ink blank;
        AUTO_FD fd = open_paper(&PAGES[i].paper);
        find_ink(RENDERERS[0], &blank);
        assert_ok(sign_seen(fd, &pki.citizen, &look, &(struct pdf_place){.where = PDF_AT_TOP_RIGHT, .page = PDF_LAST_PAGE}, NULL));
        assert_ink(PAGES[i].what, blank.page_w - 40 * MM, 10 * MM, 15 * MM, 15 * MM);
    }
}

/* §8.3.2.3: a page in units of two points is as large on paper as its double in plain ones. */
static void user_units_are_no_points(void **state)
{
    (void)state;
    AUTO_BUF picture = {0}, file = {0};
    const struct look look = corner_look(&picture, 30);
    AUTO_FD fd = open_paper(&(struct paper){.page = "/MediaBox [ 0 0 250 350 ] /UserUnit 2 /Rotate 90"});
    assert_ok(sign_seen(fd, &pki.citizen, &look, &(struct pdf_place){.where = PDF_AT_RECT, .page = 1, .x = 60, .y = 90}, NULL));
    char *path = tp_path("work.pdf");
    tp_read(path, &file);
    assert_int_equal(count(&file, "/Rect [ 45.000 30.000 87.520 72.520 ]"), 1); /* 30 mm are 85.039 points, 42.520 units */
    free(path);
}

/* --- areas --- */

static void a_look_shrinks_to_its_area_and_is_never_stretched(void **state)
{
    (void)state;
    AUTO_BUF picture = {0};
    const struct look look = corner_look(&picture, 30);
    const double side = 30 * MM;
    const struct {
        double w, h, drawn; /* area; side of what is drawn in its middle */
    } rows[] = {{200, 100, side}, {200, 40, 40}, {30, 200, 30}, {side, side, side}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        AUTO_FD fd = open_paper(&(struct paper){.page = "/MediaBox [ 0 0 500 700 ] /Rotate 90"});
        const struct pdf_place place = {PDF_AT_RECT, 1, 50, 60, rows[i].w, rows[i].h};
        assert_ok(sign_seen(fd, &pki.citizen, &look, &place, NULL));
        assert_ink("area", 50 + (rows[i].w - rows[i].drawn) / 2, 60 + (rows[i].h - rows[i].drawn) / 2, rows[i].drawn / 2,
                   rows[i].drawn / 2);
    }
}

static void places_off_the_page_are_refused(void **state)
{
    (void)state;
    AUTO_BUF picture = {0};
    const struct look look = corner_look(&picture, 30);
    AUTO_FD fd = open_paper(&(struct paper){.page = "/MediaBox [ 0 0 500 700 ]"});
    const struct pdf_place rows[] = {
        {PDF_AT_RECT, 2, 10, 10, 0, 0},       {PDF_AT_RECT, 0, 10, 10, 0, 0},    {PDF_AT_RECT, -2, 10, 10, 0, 0},
        {PDF_AT_RECT, 1, -1, 10, 0, 0},       {PDF_AT_RECT, 1, 430, 10, 0, 0},   {PDF_AT_RECT, 1, 10, 690, 0, 0},
        {PDF_AT_RECT, 1, 10, 10, 500, 20},    {PDF_AT_RECT, 1, 10, 10, 20, 2},   {PDF_AT_RECT, 1, NAN, 10, 20, 20},
        {PDF_AT_RECT, 1, 10, INFINITY, 0, 0}, {PDF_AT_TOP_RIGHT, 2, 0, 0, 0, 0}, {PDF_AT_FIELD, 0, 0, 0, 0, 0}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_err(sign_seen(fd, &pki.citizen, &look, &rows[i], NULL), ERR_PDF_PLACE);
}

static void pages_without_usable_boxes_are_refused(void **state)
{
    (void)state;
    AUTO_BUF picture = {0};
    const struct look look = corner_look(&picture, 30);
    static const char *const PAGES_OF[] = {"/Rotate 90",
                                           "/MediaBox [ 0 0 500 ]",
                                           "/MediaBox [ 0 0 0 700 ]",
                                           "/MediaBox [ 0 0 (a) 700 ]",
                                           "/MediaBox [ 0 0 500 99999999 ]",
                                           "/MediaBox [ 0 0 500 700 ] /Rotate 45",
                                           "/MediaBox [ 0 0 500 700 ] /Rotate /North",
                                           "/MediaBox [ 0 0 500 700 ] /UserUnit 0",
                                           "/MediaBox [ 0 0 500 700 ] /UserUnit -1",
                                           "/MediaBox [ 0 0 500 700 ] /CropBox [ 600 0 700 700 ]"};
    for (size_t i = 0; i < sizeof PAGES_OF / sizeof *PAGES_OF; i++) {
        AUTO_FD fd = open_paper(&(struct paper){.page = PAGES_OF[i]});
        assert_err(sign_seen(fd, &pki.citizen, &look, &(struct pdf_place){.where = PDF_AT_USUAL}, NULL), ERR_PDF_DAMAGED);
    }
}

/* --- fields --- */

#define FORM "/AcroForm << /Fields [ 4 0 R ] >>"

static void a_field_that_is_there_shows_it_in_its_area(void **state)
{
    (void)state;
    AUTO_BUF picture = {0};
    const struct look look = corner_look(&picture, 30);
    static const struct paper PAPERS[] = {
        /* field and widget in one, with a page, hidden, with an old look */
        {.page = "/MediaBox [ 0 0 500 700 ] /Annots [ 4 0 R ]",
         .catalog = FORM,
         .more = {"<< /Type /Annot /Subtype /Widget /FT /Sig /T <FEFF004B00FD> /TU (The applicant) /Rect [ 100 500 140 540 ] /F 2 /P 3 0 R "
                  "/AP << /N 5 0 "
                  "R >> >>",
                  "<< /Type /XObject /Subtype /Form /BBox [ 0 0 1 1 ] /Length 0 >>\nstream\n\nendstream"}},
        /* the widget is the field's kid, and does not tell its page; the lists are objects of their own */
        {.page = "/MediaBox [ 0 0 500 700 ] /Annots 6 0 R",
         .catalog = FORM,
         .more = {"<< /FT /Sig /T <FEFF004B00FD> /Kids [ 5 0 R ] >>",
                  "<< /Type /Annot /Subtype /Widget /Parent 4 0 R /Rect [ 100 500 140 540 ] /F 4 >>", "[ 5 0 R ]"}},
        /* its page is turned */
        {.page = "/MediaBox [ -100 0 600 500 ] /Rotate 90 /Annots [ 4 0 R ]",
         .catalog = FORM,
         .more = {"<< /Type /Annot /Subtype /Widget /FT /Sig /T <FEFF004B00FD> /Rect [ 60 100 100 140 ] /F 4 >>"}},
    };
    for (size_t i = 0; i < sizeof PAPERS / sizeof *PAPERS; i++) {
        struct hall m;
        AUTO_FD fd = open_paper(&PAPERS[i]);
        const struct signing_key *first = key_of(&m, &pki.other, CMS_SHA256, SIGN_ECDSA);
        assert_ok(pades_sign(fd, &(struct pades_opts){.signing_time = clock_now()}, first, &tsa)); /* it must stay valid */
        assert_err(sign_seen(fd, &pki.citizen, &look, &(struct pdf_place){PDF_AT_RECT, 1, 5, 5, 0, 0}, "Ký"), ERR_PDF_PLACE);
        assert_ok(sign_seen(fd, &pki.citizen, &look, &(struct pdf_place){.where = i == 0 ? PDF_AT_USUAL : PDF_AT_FIELD}, "Ký"));
        assert_ink("field", 100, 160, 20, 20);
        if (i != 1) /* poppler and mutool look for the signature in the widget, not in the field above it */
            others_accept(2);
        raise_to(fd, LEVEL_LT);
        verifier_says(TOTAL_PASSED, 2);
    }
}

static void a_field_without_an_area_shows_nothing(void **state)
{
    (void)state;
    AUTO_BUF picture = {0};
    const struct look look = corner_look(&picture, 30);
    static const char *const FIELDS[] = {"<< /Subtype /Widget /FT /Sig /T (S) /Rect [ 0 0 0 0 ] /P 3 0 R >>",
                                         "<< /Subtype /Widget /FT /Sig /T (S) /P 3 0 R >>", "<< /FT /Sig /T (S) >>",
                                         "<< /Subtype /Widget /FT /Sig /T (S) /Rect [ 0 0 90 90 ] /Elsewhere true >>"};
    for (size_t i = 0; i < sizeof FIELDS / sizeof *FIELDS; i++) {
        const char *annots = i < 3 ? "/MediaBox [ 0 0 500 700 ] /Annots [ 4 0 R ]" : "/MediaBox [ 0 0 500 700 ]";
        AUTO_FD fd = open_paper(&(struct paper){.page = annots, .catalog = FORM, .more = {FIELDS[i]}});
        assert_err(sign_seen(fd, &pki.citizen, &look, &(struct pdf_place){.where = PDF_AT_USUAL}, "S"), ERR_PDF_PLACE);
        assert_err(sign_seen(fd, &pki.citizen, &look, &(struct pdf_place){.where = PDF_AT_FIELD}, "S"), ERR_PDF_PLACE);
    }
}

/* --- several, and what they say --- */

static void the_second_at_the_top_right_stands_below_the_first(void **state)
{
    (void)state;
    AUTO_FD fd = open_paper(&(struct paper){.page = "/MediaBox [ 0 0 500 700 ] /Rotate 270"});
    const struct pdf_place corner = {.where = PDF_AT_USUAL};
    struct look look = {.kind = LOOK_ANNEX, .number = "15/QĐ-UBND", .time = clock_now()};
    AUTO_BUF file = {0}, text = {0};
    assert_ok(sign_seen(fd, &pki.citizen, &look, &corner, NULL));
    others_accept(1);
    look.number = "16/QĐ-UBND";
    assert_ok(sign_seen(fd, &pki.other, &look, &corner, NULL));
    others_accept(2);
    raise_to(fd, LEVEL_LTA);
    verifier_says(TOTAL_PASSED, 3);
    struct ink ink;
    find_ink(RENDERERS[0], &ink);
    double h = (ink.bottom - ink.top) / 2;
    assert_true(h > 22 && h < 32 && fabs(ink.top - 10 * MM) < 6); /* four lines of ten points and two millimetres, none over another */
    assert_int_equal(tp_run(&text, "pdftotext -layout work.pdf - | grep -c -e '1[56]/Q'"), 0);
    assert_string_equal(buf_str(&text), "2\n");
}

static void screen_readers_are_told_the_same(void **state)
{
    (void)state;
    AUTO_BUF text = {0};
    AUTO_FD fd = open_paper(&(struct paper){.page = "/MediaBox [ 0 0 500 700 ]"});
    const struct look look = {.kind = LOOK_CITIZEN, .name = "Nguyễn Văn Ánh", .time = 1795496400};
    assert_ok(sign_seen(fd, &pki.citizen, &look, &(struct pdf_place){.where = PDF_AT_USUAL}, NULL));
    assert_int_equal(tp_run(&text, "qpdf --json --json-key=acroform work.pdf"), 0);
    assert_int_equal(count(&text, "\"alternativename\": \"Chữ ký số của Nguyễn Văn Ánh, ký lúc 24-11-2026 12:00:00 +07:00\""), 1);
}

static void a_look_does_not_keep_a_certified_document_from_being_filled(void **state)
{
    (void)state;
    struct hall m;
    AUTO_BUF picture = {0};
    const struct look look = corner_look(&picture, 30);
    AUTO_FD fd = open_paper(
        &(struct paper){.page = "/MediaBox [ 0 0 500 700 ] /Annots [ 4 0 R ]",
                        .catalog = FORM,
                        .more = {"<< /Type /Annot /Subtype /Widget /FT /Sig /T (S) /Rect [ 100 500 140 540 ] /F 4 /P 3 0 R >>"}});
    assert_ok(pades_sign(fd, &(struct pades_opts){.signing_time = clock_now(), .certify = 2},
                         key_of(&m, &pki.other, CMS_SHA256, SIGN_ECDSA), &tsa));
    assert_ok(sign_seen(fd, &pki.citizen, &look, &(struct pdf_place){.where = PDF_AT_FIELD}, "S"));
    others_accept(2);
    raise_to(fd, LEVEL_LTA);
    verifier_says(TOTAL_PASSED, 3);
}

static void every_shape_of_file_takes_every_look(void **state)
{
    static const char *const OPTIONS[] = {"--qdf", "--object-streams=generate", "--linearize", "--linearize --object-streams=generate"};
    (void)state;
    AUTO_BUF seal = {0};
    picture_seal(300, 0, &seal);
    struct look look = {.name = "Nguyễn Văn Ánh",
                        .agency = "Ủy ban nhân dân phường Bến Nghé",
                        .number = "15/QĐ-UBND",
                        .copy = "Sao y",
                        .time = clock_now(),
                        .picture = buf_bytes(&seal)};
    for (enum look_kind k = 0; k < LOOK_N; k++) {
        AUTO_BUF text = {0};
        look.kind = k;
        AUTO_FD plain = open_paper(&(struct paper){.page = "/MediaBox [ 0 0 595 842 ]"});
        assert_int_equal(tp_run(&text, "qpdf %s work.pdf shaped.pdf && mv shaped.pdf work.pdf", OPTIONS[k % 4]), 0);
        char *path = tp_path("work.pdf");
        AUTO_FD fd = open(path, O_RDWR | O_CLOEXEC);
        free(path);
        assert_ok(sign_seen(fd, &pki.citizen, &look, &(struct pdf_place){.where = PDF_AT_USUAL}, NULL));
        assert_ok(sign_seen(fd, &pki.other, &look, &(struct pdf_place){PDF_AT_RECT, 1, 100, 400, 0, 0}, NULL));
        others_accept(2);
        raise_to(fd, LEVEL_LTA);
        verifier_says(TOTAL_PASSED, 3);
    }
}

/* A word processor that is not ours takes it in, and finds what the page says and what the signature shows. */
static void libreoffice_opens_the_signed_document(void **state)
{
    (void)state;
    AUTO_BUF pdf = {0}, text = {0};
    char *path = tp_path("work.pdf");
    testpdf_make(&(struct testpdf_spec){0}, &pdf);
    tp_write(path, buf_bytes(&pdf));
    AUTO_FD fd = open(path, O_RDWR | O_CLOEXEC);
    free(path);
    const struct look look = {.kind = LOOK_CITIZEN, .name = "Nguyễn Văn Ánh", .time = clock_now()};
    assert_ok(sign_seen(fd, &pki.citizen, &look, &(struct pdf_place){.where = PDF_AT_USUAL}, NULL));
    raise_to(fd, LEVEL_LTA);
    int code = tp_run(&text, "HOME=$PWD timeout 120 soffice --headless --infilter=writer_pdf_import --convert-to pdf:writer_pdf_Export "
                             "--outdir out work.pdf >/dev/null 2>&1 && pdftotext out/work.pdf -");
    if (code != 0 || count(&text, "Hello") != 1 || count(&text, "Người ký: Nguyễn Văn Ánh") != 1)
        fail_msg("LibreOffice, %d: %s", code, buf_str(&text));
}

static void a_drawn_page_that_is_none_is_refused(void **state)
{
    (void)state;
    struct hall m;
    AUTO_BUF plain = {0};
    testpdf_make(&(struct testpdf_spec){.page = "/Contents [ 4 0 R ]"}, &plain);
    AUTO_FD fd = open_paper(&(struct paper){.page = "/MediaBox [ 0 0 500 700 ]"});
    const struct bytes DRAWN[] = {bytes_str(""), bytes_str("%PDF-1.4"), buf_bytes(&plain)};
    for (size_t i = 0; i < sizeof DRAWN / sizeof *DRAWN; i++) {
        const struct pdf_appearance a = {.drawn = DRAWN[i], .width = 50, .height = 50};
        assert_int_not_equal(pades_sign(fd, &(struct pades_opts){.signing_time = 1, .appearance = &a},
                                        key_of(&m, &pki.citizen, CMS_SHA256, SIGN_ECDSA), NULL),
                             OK);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rectangle_is_found_on_every_kind_of_page),
        cmocka_unit_test(the_top_right_corner_is_found_on_every_kind_of_page),
        cmocka_unit_test(user_units_are_no_points),
        cmocka_unit_test(a_look_shrinks_to_its_area_and_is_never_stretched),
        cmocka_unit_test(places_off_the_page_are_refused),
        cmocka_unit_test(pages_without_usable_boxes_are_refused),
        cmocka_unit_test(a_field_that_is_there_shows_it_in_its_area),
        cmocka_unit_test(a_field_without_an_area_shows_nothing),
        cmocka_unit_test(the_second_at_the_top_right_stands_below_the_first),
        cmocka_unit_test(screen_readers_are_told_the_same),
        cmocka_unit_test(a_look_does_not_keep_a_certified_document_from_being_filled),
        cmocka_unit_test(every_shape_of_file_takes_every_look),
        cmocka_unit_test(libreoffice_opens_the_signed_document),
        cmocka_unit_test(a_drawn_page_that_is_none_is_refused),
    };
    return cmocka_run_group_tests(tests, trust_setup, trust_teardown);
}

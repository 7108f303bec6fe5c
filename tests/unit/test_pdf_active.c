/*
 * Scripts, programs, other files and XML forms in PDFs: found wherever a reader would find them, and no signature until somebody accepts each kind.
 * ISO 32000-1 §7.11.4, §12.6, §12.7.8.
 */
#include "tests/unit/testpdf.h"
#include "tests/unit/unit.h"
#include "signer/formats/pades.h"
#include "signer/formats/pdf_active.h"

static int setup(void **state)
{
    (void)state;
    formats_errors_register();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    tp_cleanup();
    return 0;
}

static int open_made(const struct testpdf_spec *spec)
{
    AUTO_BUF pdf = {0};
    char *path = tp_path("active.pdf");
    testpdf_make(spec, &pdf);
    tp_write(path, buf_bytes(&pdf));
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    free(path);
    assert_true(fd >= 0);
    return fd;
}

static unsigned found_in(const struct testpdf_spec *spec)
{
    unsigned found = 0;
    AUTO_FD fd = open_made(spec);
    assert_ok(pdf_active_of(fd, &found));
    return found;
}

#define SCRIPT "<< /S /JavaScript /JS (app.alert\\(1\\)) >>"
#define PROGRAM "<< /S /Launch /F (calc.exe) >>"
#define FILESPEC "<< /Type /Filespec /F (a.zip) /EF << /F 7 0 R >> >>"
#define FILE7 "<< /Type /EmbeddedFile /Length 3 >>\nstream\nabc\nendstream"

static const struct {
    const char *where;
    unsigned kind;
    struct testpdf_spec spec;
} HOLDERS[] = {
    {"opened with the document", PDF_JAVASCRIPT, {.catalog = "/OpenAction " SCRIPT}},
    {"closed with it", PDF_JAVASCRIPT, {.catalog = "/AA << /WC " SCRIPT " >>"}},
    {"in the names", PDF_JAVASCRIPT, {.catalog = "/Names << /JavaScript << /Names [ (a) 6 0 R ] >> >>", .more = {SCRIPT}}},
    {"in a page's life", PDF_JAVASCRIPT, {.page = "/AA << /O 6 0 R >>", .more = {SCRIPT}}},
    {"under a link", PDF_JAVASCRIPT, {.page = "/Annots [ << /Subtype /Link /Rect [ 0 0 9 9 ] /A " SCRIPT " >> ]"}},
    {"behind another action",
     PDF_JAVASCRIPT,
     {.catalog = "/OpenAction << /S /GoTo /D [ 3 0 R /Fit ] /Next [ 6 0 R ] >>", .more = {SCRIPT}}},
    {"in an outline",
     PDF_JAVASCRIPT,
     {.catalog = "/Outlines 6 0 R", .more = {"<< /First 7 0 R >>", "<< /Title (x) /Next 8 0 R >>", "<< /Title (y) /A " SCRIPT " >>"}}},
    {"in a field that computes",
     PDF_JAVASCRIPT,
     {.catalog = "/AcroForm << /Fields [ 6 0 R ] >>",
      .more = {"<< /T (a) /Kids [ 7 0 R ] >>", "<< /FT /Tx /T (b) /AA << /C " SCRIPT " >> >>"}}},
    {"as a rendition's script", PDF_JAVASCRIPT, {.catalog = "/OpenAction << /S /Rendition /JS (x) >>"}},
    {"with escaped letters", PDF_JAVASCRIPT, {.catalog = "/OpenAction << /#53 /Java#53cript /J#53 (x) >>"}},
    {"its code a stream", PDF_JAVASCRIPT, {.catalog = "/OpenAction << /JS 6 0 R >>", .more = {"<< /Length 1 >>\nstream\nx\nendstream"}}},
    {"in a model's stream",
     PDF_JAVASCRIPT,
     {.page = "/Annots [ << /Subtype /3D /3DD 6 0 R >> ]", .more = {"<< /OnInstantiate 7 0 R /Length 0 >>\nstream\n\nendstream", FILE7}}},
    {"started when opened", PDF_LAUNCH, {.catalog = "/OpenAction " PROGRAM}},
    {"started by a button",
     PDF_LAUNCH,
     {.page = "/Annots [ 6 0 R ]", .more = {"<< /Subtype /Widget /FT /Btn /T (b) /A 7 0 R >>", PROGRAM}}},
    {"attached to the document",
     PDF_EMBEDDED,
     {.catalog = "/Names << /EmbeddedFiles << /Kids [ 8 0 R ] >> >>", .more = {FILESPEC, FILE7, "<< /Names [ (a) 6 0 R ] >>"}}},
    {"pinned to a page", PDF_EMBEDDED, {.page = "/Annots [ << /Subtype /FileAttachment /FS 6 0 R >> ]", .more = {FILESPEC, FILE7}}},
    {"associated with it", PDF_EMBEDDED, {.catalog = "/AF [ 6 0 R ]", .more = {FILESPEC, FILE7}}},
    {"an XML form", PDF_XFA, {.catalog = "/AcroForm << /Fields [ ] /XFA 6 0 R >>", .more = {"<< /Length 6 >>\nstream\n<xdp/>\nendstream"}}},
    {"an XML form in packets",
     PDF_XFA,
     {.catalog = "/AcroForm << /Fields [ ] /XFA [ (template) 6 0 R ] >>", .more = {"<< /Length 6 >>\nstream\n<xdp/>\nendstream"}}},
};
#define HOLDERS_N (sizeof HOLDERS / sizeof *HOLDERS)

static void each_is_found_where_readers_find_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < HOLDERS_N; i++) {
        unsigned found = found_in(&HOLDERS[i].spec);
        if (found != HOLDERS[i].kind)
            fail_msg("%s: %u, not %u", HOLDERS[i].where, found, HOLDERS[i].kind);
    }
}

static void and_in_object_streams(void **state)
{
    (void)state;
    for (size_t i = 0; i < HOLDERS_N; i++) {
        AUTO_BUF text = {0};
        AUTO_FD fd = open_made(&HOLDERS[i].spec);
        unsigned found = 0;
        if (tp_run(&text, "qpdf --object-streams=generate --linearize active.pdf packed.pdf") != 0)
            fail_msg("%s: %s", HOLDERS[i].where, buf_str(&text));
        char *path = tp_path("packed.pdf");
        AUTO_FD packed = open(path, O_RDONLY | O_CLOEXEC);
        free(path);
        assert_ok(pdf_active_of(packed, &found));
        assert_int_equal(found, HOLDERS[i].kind);
    }
}

static void paper_alone_needs_nobodys_leave(void **state)
{
    (void)state;
    assert_int_equal(found_in(&(struct testpdf_spec){0}), 0);
    assert_int_equal(found_in(&(struct testpdf_spec){
                         .catalog = "/OpenAction [ 3 0 R /Fit ] /AcroForm << /Fields [ 6 0 R ] >>",
                         .page = "/Annots [ 6 0 R << /Subtype /Link /A << /S /URI /URI (https://example.org/JavaScript) >> >> ]",
                         .more = {"<< /Subtype /Widget /FT /Tx /T (JavaScript) /V (/S /Launch) >>"}}),
                     0);
}

/* A reference with a generation that is not there must not hide the one that is. */
static void generations_hide_nothing(void **state)
{
    (void)state;
    assert_int_equal(found_in(&(struct testpdf_spec){.catalog = "/OpenAction 6 0 R /Wrong [ 6 3 R 6 1 R ]", .more = {SCRIPT}}),
                     PDF_JAVASCRIPT);
    assert_int_equal(found_in(&(struct testpdf_spec){.catalog = "/AA << /WC 6 1 R >> /OpenAction 6 0 R", .more = {SCRIPT}}),
                     PDF_JAVASCRIPT);
}

static void loops_end(void **state)
{
    (void)state;
    assert_int_equal(found_in(&(struct testpdf_spec){.catalog = "/OpenAction 6 0 R",
                                                     .more = {"<< /S /GoTo /Next [ 7 0 R 6 0 R ] >>", "<< /S /GoTo /Next 6 0 R >>"}}),
                     0);
}

static err_t prepare(int fd, unsigned accept)
{
    AUTO_PADES p = {0};
    return pades_prepare(fd, &(struct pades_opts){.signing_time = 1, .accept = accept}, &p);
}

static void nothing_is_signed_until_each_kind_is_accepted(void **state)
{
    (void)state;
    for (size_t i = 0; i < HOLDERS_N; i++) {
        AUTO_FD fd = open_made(&HOLDERS[i].spec);
        assert_err(prepare(fd, 0), ERR_PDF_ACTIVE);
        assert_err(prepare(fd, PDF_ACTIVE_ALL & ~HOLDERS[i].kind), ERR_PDF_ACTIVE);
        assert_ok(prepare(fd, HOLDERS[i].kind));
    }
    AUTO_FD both = open_made(&(struct testpdf_spec){.catalog = "/OpenAction " SCRIPT " /AF [ 6 0 R ]", .more = {FILESPEC, FILE7}});
    assert_err(prepare(both, PDF_JAVASCRIPT), ERR_PDF_ACTIVE);
    assert_err(prepare(both, PDF_EMBEDDED), ERR_PDF_ACTIVE);
    assert_ok(prepare(both, PDF_JAVASCRIPT | PDF_EMBEDDED));
}

/* It claims nothing of what the document says. */
static void a_document_timestamp_goes_over_anything(void **state)
{
    (void)state;
    AUTO_PADES p = {0};
    AUTO_FD fd = open_made(&HOLDERS[0].spec);
    assert_ok(pades_prepare(fd, &(struct pades_opts){.document_timestamp = true}, &p));
}

static void names_of_kinds_are_read_and_written(void **state)
{
    (void)state;
    unsigned set = 99;
    char text[PDF_ACTIVE_TEXT];
    assert_ok(pdf_active_parse("", &set));
    assert_int_equal(set, 0);
    assert_ok(pdf_active_parse("embedded-files,xfa", &set));
    assert_int_equal(set, PDF_EMBEDDED | PDF_XFA);
    pdf_active_text(PDF_ACTIVE_ALL, text);
    assert_string_equal(text, "xfa,javascript,launch,embedded-files");
    assert_ok(pdf_active_parse(text, &set));
    assert_int_equal(set, PDF_ACTIVE_ALL);
    static const char *const WRONG[] = {"all", "xfa,", ",xfa", "xfa,xfa", "XFA", "xfa, launch", "xf", "xfaa", ","};
    for (size_t i = 0; i < sizeof WRONG / sizeof *WRONG; i++)
        assert_err(pdf_active_parse(WRONG[i], &set), ERR_SYNTAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_is_found_where_readers_find_it),
        cmocka_unit_test(and_in_object_streams),
        cmocka_unit_test(paper_alone_needs_nobodys_leave),
        cmocka_unit_test(generations_hide_nothing),
        cmocka_unit_test(loops_end),
        cmocka_unit_test(nothing_is_signed_until_each_kind_is_accepted),
        cmocka_unit_test(a_document_timestamp_goes_over_anything),
        cmocka_unit_test(names_of_kinds_are_read_and_written),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}

/*
 * The antin-sign program and what can be seen of a signature in a PDF: looks, places, pictures. docs/man/antin-sign.1.
 */
#include "tests/unit/testcli.h"
#include "tests/unit/testpicture.h"

static int with_pictures(void **state)
{
    AUTO_BUF seal = {0};
    AUTO_BUF hand = {0};
    int failed = fresh(state);
    picture_seal(200, 0, &seal);
    picture_hand(&hand);
    write_in("seal.png", buf_bytes(&seal));
    write_in("hand.png", buf_bytes(&hand));
    crls_for_the_verifier();
    return failed;
}

/* Poppler reads the words in the signed file, qpdf finds no fault, and the verifier accepts it. */
static void shown(const char *file, const char *words)
{
    AUTO_BUF text = {0};
    if (tp_run(&text, "qpdf --check %s >/dev/null && pdftotext -layout %s - | tr -s ' \\n\\f' ' '", file, file) != 0 ||
        strstr(buf_str(&text), words) == NULL)
        fail_msg("%s shows: %s", file, buf_str(&text));
    verifier_says(0, file);
}

static void each_look_is_made_at_the_highest_level(void **state)
{
    (void)state;
    static const struct {
        const char *options, *shows;
    } LOOKS[] = {
        {"citizen", "Người ký: Trần Thị Bưởi Thời gian ký: "},
        {"citizen --name 'Bưởi' --agency 'Ủy ban nhân dân phường' --picture seal.png", "Người ký: Bưởi Thời gian ký: "},
        {"official --picture hand.png --place 1:110,200", "Hello"},
        {"agency --picture seal.png --agency 'Sở Tư pháp'", "Sở Tư pháp "},
        {"annex --number 15/QĐ-UBND", "15/QĐ-UBND "},
        {"copy --agency 'Sở Tư pháp'", "Sao y Sở Tư pháp "},
        {"copy --agency 'Sở Tư pháp' --copy 'Trích sao' --place last:top-right", "Trích sao Sở Tư pháp "},
    };
    for (size_t i = 0; i < sizeof LOOKS / sizeof *LOOKS; i++) {
        ASSERT_EXIT(0, "B-LTA", KEY REACH "--overwrite --level B-LTA --tsa %s --visible %s a.pdf", services_url("/tsa"), LOOKS[i].options);
        shown("a.signed.pdf", LOOKS[i].shows);
        if (i != 2)
            shown("a.signed.pdf", "+07:00");
    }
}

static void one_without_a_timestamp_still_shows_itself(void **state)
{
    (void)state;
    ASSERT_EXIT(2, "only B-B was reached", KEY "--visible citizen --tsa %s a.pdf", services_url("/garbage"));
    AUTO_BUF text = {0};
    assert_int_equal(
        tp_run(&text, "pdftotext a.signed.pdf - | grep -q 'Người ký' && test $(strings a.signed.pdf | grep -c '/Subtype /Form') = 1"), 0);
}

static void a_field_is_filled_by_its_name(void **state)
{
    (void)state;
    AUTO_BUF pdf = {0};
    testpdf_make(&(struct testpdf_spec){.catalog = "/AcroForm << /Fields [ 6 0 R 7 0 R ] >>",
                                        .page = "/Annots [ 6 0 R 7 0 R ]",
                                        .more = {"<< /Subtype /Widget /FT /Sig /T (Applicant) /Rect [ 300 60 500 120 ] /F 4 /P 3 0 R >>",
                                                 "<< /Subtype /Widget /FT /Sig /T (Nowhere) /Rect [ 0 0 0 0 ] /F 4 /P 3 0 R >>"}},
                 &pdf);
    write_in("form.pdf", buf_bytes(&pdf));
    ASSERT_EXIT(0, "B-T", KEY "--tsa %s --visible citizen --field Applicant form.pdf", services_url("/tsa"));
    shown("form.signed.pdf", "Người ký: Trần Thị Bưởi");
    ASSERT_EXIT(1, "the field has no area", KEY "--overwrite --visible citizen --field Nowhere form.pdf");
    ASSERT_EXIT(1, "the field has no area", KEY "--overwrite --visible citizen --field Other --place field form.pdf");
    ASSERT_EXIT(1, "not wholly on a page", KEY "--overwrite --visible citizen --place 2:10,10 form.pdf");
    ASSERT_EXIT(1, "not wholly on a page", KEY "--overwrite --visible citizen --place 1:200,10 form.pdf");
}

static void what_does_not_fit_together_is_a_usage_error(void **state)
{
    (void)state;
    static const char *const WRONG[] = {
        "--visible rainbow a.pdf",
        "--place top-right a.pdf",
        "--agency X a.pdf",
        "--picture seal.png a.pdf",
        "--visible official a.pdf",
        "--visible agency a.pdf",
        "--visible annex a.pdf",
        "--visible citizen --format cades a.pdf",
        "--visible citizen --format asic-e -o x.asice a.pdf",
        "--visible citizen --place somewhere a.pdf",
        "--visible citizen --place 0:top-right a.pdf",
        "--visible citizen --place -1:top-right a.pdf",
        "--visible citizen --place 1:5 a.pdf",
        "--visible citizen --place 1:5,-5 a.pdf",
        "--visible citizen --place 1:5,5,10 a.pdf",
        "--visible citizen --place 1:5,5,0x10 a.pdf",
        "--visible citizen --place 1:5,5,10x10x10 a.pdf",
        "--visible citizen --place 1:nan,5 a.pdf",
        "--visible citizen --place 5,5 a.pdf",
        "--visible citizen --picture seal.png --picture-width 500 a.pdf",
        "--visible citizen --picture note.txt a.pdf",
        "--visible citizen --picture absent.png a.pdf",
        "--visible citizen --name \"$(printf 'a\\nb')\" a.pdf",
        "--visible citizen --name \"$(printf 'a\\342\\200\\256b')\" a.pdf",
    };
    for (size_t i = 0; i < sizeof WRONG / sizeof *WRONG; i++)
        ASSERT_EXIT(3, "antin-sign: ", KEY "%s", WRONG[i]);
    ASSERT_EXIT(3, "antin-sign: ", "extend --offline --visible citizen --level B-LT a.pdf");
    assert_false(there("a.signed.pdf"));
}

static void other_files_of_a_batch_are_signed_unseen(void **state)
{
    (void)state;
    ASSERT_EXIT(0, "note.txt.p7s: CAdES B-B", KEY "-j 2 --visible citizen a.pdf note.txt");
    AUTO_BUF text = {0};
    assert_int_equal(tp_run(&text, "pdftotext a.signed.pdf - | grep -q 'Người ký'"), 0);
}

/* --- what is not to be seen --- */

static void a_pdf_with_scripts_or_files_is_signed_when_they_are_accepted(void **state)
{
    (void)state;
    AUTO_BUF pdf = {0};
    AUTO_BUF text = {0};
    testpdf_make(
        &(struct testpdf_spec){.catalog = "/OpenAction << /S /JavaScript /JS (x) >> /AF [ 6 0 R ]",
                               .more = {"<< /Type /Filespec /F (a) /EF << /F 7 0 R >> >>", "<< /Length 1 >>\nstream\na\nendstream"}},
        &pdf);
    write_in("active.pdf", buf_bytes(&pdf));
    ASSERT_EXIT(1, "must be accepted first (--accept) (javascript,embedded-files)", KEY "active.pdf");
    ASSERT_EXIT(1, "(embedded-files)", KEY "--accept javascript,launch active.pdf");
    ASSERT_EXIT(3, "--accept is a list", KEY "--accept everything active.pdf");
    assert_false(there("active.signed.pdf"));
    assert_int_equal(run(&text, KEY "--json active.pdf"), 1);
    assert_non_null(strstr(buf_str(&text), "\"error\":\"pdf_active_content\""));
    assert_non_null(strstr(buf_str(&text), "\"detail\":\"javascript,embedded-files\""));
    ASSERT_EXIT(0, "B-LTA", KEY REACH "--accept javascript,embedded-files --level B-LTA --tsa %s active.pdf", services_url("/tsa"));
    verifier_says(0, "active.signed.pdf");
    ASSERT_EXIT(0, "B-LTA", "extend " REACH "--tsa %s active.signed.pdf", services_url("/tsa")); /* asks nobody again */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(each_look_is_made_at_the_highest_level, with_pictures),
        cmocka_unit_test_setup(one_without_a_timestamp_still_shows_itself, with_pictures),
        cmocka_unit_test_setup(a_field_is_filled_by_its_name, with_pictures),
        cmocka_unit_test_setup(what_does_not_fit_together_is_a_usage_error, with_pictures),
        cmocka_unit_test_setup(other_files_of_a_batch_are_signed_unseen, with_pictures),
        cmocka_unit_test_setup(a_pdf_with_scripts_or_files_is_signed_when_they_are_accepted, with_pictures),
    };
    return cmocka_run_group_tests_name("sign_visible", tests, setup, teardown);
}

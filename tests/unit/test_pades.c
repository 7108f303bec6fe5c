/*
 * PAdES by incremental update: every shape of PDF is signed so that foreign programs accept it, and what cannot be signed is refused by name.
 * ETSI EN 319 142-1, ISO 32000-1 §12.8.
 */
#include "tests/unit/testpdf.h"
#include "tests/unit/testsign.h"

#include "signer/formats/pdf.h"
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <sys/resource.h>
#include <unistd.h>

static struct ts_pki pki;

static int setup(void **state)
{
    (void)state;
    formats_errors_register();
    ts_pki_make(&pki);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    ts_pki_free(&pki);
    tp_cleanup();
    return 0;
}

static unsigned count(const struct buf *text, const char *word)
{
    unsigned n = 0;
    for (const char *p = buf_str(text); (p = strstr(p, word)) != NULL; p += strlen(word))
        n++;
    return n;
}

/* pdfsig and qpdf, neither ours, accept the file with so many valid signatures, the last over all of it. */
static void assert_foreign_programs_accept(const char *path, unsigned signatures)
{
    AUTO_BUF text = {0};
    int code = tp_run(&text, "pdfsig -nocert '%s'", path);
    if (code != 0 || count(&text, "Signature is Valid.") != signatures || count(&text, "Total document signed") < 1)
        fail_msg("pdfsig: %s", buf_str(&text));
    code = tp_run(&text, "qpdf --check '%s'", path);
    if (code != 0 || strstr(buf_str(&text), "No syntax or stream encoding errors found") == NULL)
        fail_msg("qpdf: %s", buf_str(&text));
}

/* Signs a file twice, by two people, and lets foreign programs look each time. */
static void assert_signs_twice(const char *name)
{
    char *path = tp_path(name);
    ts_sign_pdf(path, &pki, &pki.citizen, NULL);
    assert_foreign_programs_accept(path, 1);
    ts_sign_pdf(path, &pki, &pki.other, NULL);
    assert_foreign_programs_accept(path, 2);
    free(path);
}

static void make(const char *name, const struct testpdf_spec *spec)
{
    AUTO_BUF pdf = {0};
    char *path = tp_path(name);
    testpdf_make(spec, &pdf);
    tp_write(path, buf_bytes(&pdf));
    free(path);
}

static void convert(const char *from, const char *options, const char *to)
{
    AUTO_BUF text = {0};
    if (tp_run(&text, "qpdf %s '%s' '%s'", options, from, to) != 0)
        fail_msg("qpdf: %s", buf_str(&text));
}

/* --- shapes --- */

static void classic_table_is_signed_twice(void **state)
{
    (void)state;
    make("classic.pdf", &(struct testpdf_spec){0});
    assert_signs_twice("classic.pdf");
}

static void file_without_final_newline_is_signed(void **state)
{
    (void)state;
    AUTO_BUF pdf = {0};
    testpdf_make(&(struct testpdf_spec){0}, &pdf);
    char *path = tp_path("nonl.pdf");
    tp_write(path, BYTES(pdf.ptr, pdf.len - 1));
    assert_signs_twice("nonl.pdf");
    free(path);
}

static void xref_stream_is_signed_twice(void **state)
{
    (void)state;
    make("a.pdf", &(struct testpdf_spec){0});
    convert("a.pdf", "--object-streams=generate", "stream.pdf");
    assert_signs_twice("stream.pdf");
}

static void linearized_file_is_signed_twice(void **state)
{
    (void)state;
    make("a.pdf", &(struct testpdf_spec){0});
    convert("a.pdf", "--linearize", "lin.pdf");
    assert_signs_twice("lin.pdf");
}

static void linearized_xref_stream_is_signed_twice(void **state)
{
    (void)state;
    make("a.pdf", &(struct testpdf_spec){0});
    convert("a.pdf", "--linearize --object-streams=generate", "linstream.pdf");
    assert_signs_twice("linstream.pdf");
}

static void hybrid_reference_file_is_signed_twice(void **state)
{
    (void)state;
    AUTO_BUF pdf = {0}, text = {0};
    testpdf_hybrid(&pdf);
    char *path = tp_path("hybrid.pdf");
    tp_write(path, buf_bytes(&pdf));
    assert_signs_twice("hybrid.pdf");
    assert_int_equal(tp_run(&text, "qpdf --show-object=6 hybrid.pdf"), 0); /* what the hidden section holds is still there */
    assert_non_null(strstr(buf_str(&text), "(hidden)"));
    free(path);
}

static void indirect_annots_are_kept(void **state)
{
    (void)state;
    AUTO_BUF text = {0};
    make("annots.pdf",
         &(struct testpdf_spec){.page = "/Annots 6 0 R",
                                .more = {"[ 7 0 R ]", "<< /Type /Annot /Subtype /Text /Rect [ 1 1 9 9 ] /Contents (note) >>"}});
    assert_signs_twice("annots.pdf");
    tp_run(&text, "qpdf --show-object=6 annots.pdf");
    assert_non_null(strstr(buf_str(&text), "[ 7 0 R 9 0 R 11 0 R ]"));
}

static void direct_annots_are_kept(void **state)
{
    (void)state;
    make("annots2.pdf", &(struct testpdf_spec){.page = "/Annots [ 6 0 R ]",
                                               .more = {"<< /Type /Annot /Subtype /Text /Rect [ 1 1 9 9 ] /Contents (note) >>"}});
    assert_signs_twice("annots2.pdf");
}

#define TEXT_FIELD "<< /Type /Annot /Subtype /Widget /FT /Tx /T (Signature1) /V (taken) /Rect [ 1 1 9 9 ] /P 3 0 R >>"

static void indirect_form_and_fields_are_kept(void **state)
{
    (void)state;
    AUTO_BUF text = {0};
    make("form.pdf", &(struct testpdf_spec){.catalog = "/AcroForm 6 0 R",
                                            .page = "/Annots [ 8 0 R ]",
                                            .more = {"<< /Fields 7 0 R /DA (/Helv 0 Tf 0 g) >>", "[ 8 0 R ]", TEXT_FIELD}});
    assert_signs_twice("form.pdf");
    tp_run(&text, "qpdf --show-object=6 form.pdf");
    assert_non_null(strstr(buf_str(&text), "/DA (/Helv 0 Tf 0 g)"));
    assert_non_null(strstr(buf_str(&text), "/SigFlags 3"));
    tp_run(&text, "pdfsig -nocert form.pdf");
    assert_non_null(strstr(buf_str(&text), "Signature2")); /* the first free name */
    assert_non_null(strstr(buf_str(&text), "Signature3"));
}

static void direct_form_is_kept(void **state)
{
    (void)state;
    make("form2.pdf",
         &(struct testpdf_spec){.catalog = "/AcroForm << /Fields [ 6 0 R ] >>", .page = "/Annots [ 6 0 R ]", .more = {TEXT_FIELD}});
    assert_signs_twice("form2.pdf");
}

static void file_without_id_is_signed(void **state)
{
    (void)state;
    make("noid.pdf", &(struct testpdf_spec){.trailer = " "});
    assert_signs_twice("noid.pdf");
}

static void vietnamese_texts_reach_the_reader(void **state)
{
    (void)state;
    AUTO_BUF text = {0};
    make("viet.pdf", &(struct testpdf_spec){0});
    char *path = tp_path("viet.pdf");
    ts_sign_pdf(path, &pki, &pki.citizen,
                &(struct pades_opts){.field_name = "Chữ ký",
                                     .reason = "Nộp hồ sơ (đăng ký)",
                                     .location = "Quận 1",
                                     .name = "Nguyễn Văn Ánh",
                                     .signing_time = 1795593600,
                                     .contents_room = 20000});
    assert_foreign_programs_accept(path, 1);
    tp_run(&text, "pdfsig -nocert viet.pdf; qpdf --json --json-key=acroform viet.pdf; qpdf --qdf viet.pdf - | grep -a '/M '");
    assert_non_null(strstr(buf_str(&text), "ETSI.CAdES.detached"));
    assert_non_null(strstr(buf_str(&text), "Chữ ký"));
    assert_non_null(strstr(buf_str(&text), "(D:20261125"));
    free(path);
}

static void signed_file_begins_with_the_original(void **state)
{
    (void)state;
    AUTO_BUF before = {0}, after = {0};
    make("prefix.pdf", &(struct testpdf_spec){0});
    char *path = tp_path("prefix.pdf");
    tp_read(path, &before);
    ts_sign_pdf(path, &pki, &pki.citizen, NULL);
    tp_read(path, &after);
    assert_true(after.len > before.len && memcmp(after.ptr, before.ptr, before.len) == 0);
    free(path);
}

static void dictionary_is_that_of_en_319_142(void **state)
{
    (void)state;
    AUTO_BUF text = {0};
    make("dict.pdf", &(struct testpdf_spec){0});
    char *path = tp_path("dict.pdf");
    ts_sign_pdf(path, &pki, &pki.citizen, NULL);
    tp_run(&text, "qpdf --show-object=6 dict.pdf | tr -d '\\n'; qpdf --show-object=7 dict.pdf");
    assert_non_null(strstr(buf_str(&text), "/Type /Sig"));
    assert_non_null(strstr(buf_str(&text), "/Filter /Adobe.PPKLite"));
    assert_non_null(strstr(buf_str(&text), "/SubFilter /ETSI.CAdES.detached"));
    assert_non_null(strstr(buf_str(&text), "/F 132"));
    assert_non_null(strstr(buf_str(&text), "/P 3 0 R"));
    assert_null(strstr(buf_str(&text), "/Cert"));
    free(path);
}

/* --- room --- */

static void signature_that_outgrows_its_room_is_refused_and_another_fits(void **state)
{
    (void)state;
    AUTO_PADES p = {0};
    uint8_t big[101] = {1};
    make("room.pdf", &(struct testpdf_spec){0});
    char *path = tp_path("room.pdf");
    AUTO_FD fd = open(path, O_RDONLY);
    assert_int_equal(pades_prepare(fd, &(struct pades_opts){.signing_time = 1, .contents_room = 100}, &p), OK);
    assert_int_equal(pades_fill(&p, BYTES(big, 101)), ERR_PDF_ROOM);
    assert_int_equal(pades_fill(&p, BYTES(big, 100)), OK);
    assert_int_equal(pades_fill(&p, BYTES(big, 50)), OK);
    assert_memory_equal(p.increment.ptr + (p.contents_at - p.base_size) + 101, "0000", 4); /* nothing of the longer one is left */
    free(path);
}

/* --- refusals --- */

static err_t prepare_bytes(struct bytes pdf, const struct pades_opts *opts)
{
    AUTO_PADES p = {0};
    char *path = tp_path("refused.pdf");
    tp_write(path, pdf);
    AUTO_FD fd = open(path, O_RDONLY);
    free(path);
    err_t e = pades_prepare(fd, opts != NULL ? opts : &(struct pades_opts){.signing_time = 1}, &p);
    unsigned active;
    err_t check = pdf_check(fd, &active);
    if (opts == NULL)
        assert_int_equal(check, e); /* the upload is refused for the same reason as the signature would be */
    return e;
}

static err_t prepare_spec(const struct testpdf_spec *spec)
{
    AUTO_BUF pdf = {0};
    testpdf_make(spec, &pdf);
    return prepare_bytes(buf_bytes(&pdf), NULL);
}

static void not_a_pdf_is_refused(void **state)
{
    (void)state;
    static const char *const OTHERS[] = {
        "", "%", "%PDF", "PK\003\004 a zip", "<html></html>", "%!PS-Adobe-3.0 but not PDF at all, and long enough"};
    for (size_t i = 0; i < sizeof OTHERS / sizeof *OTHERS; i++)
        assert_int_equal(prepare_bytes(bytes_str(OTHERS[i]), NULL), ERR_PDF_NOT_PDF);
}

static void junk_before_the_header_is_refused(void **state)
{
    (void)state;
    AUTO_BUF pdf = {0}, junk = {0};
    testpdf_make(&(struct testpdf_spec){0}, &pdf);
    assert_int_equal(buf_add_str(&junk, "\xef\xbb\xbf"), OK);
    assert_int_equal(buf_add_bytes(&junk, buf_bytes(&pdf)), OK);
    assert_int_equal(prepare_bytes(buf_bytes(&junk), NULL), ERR_PDF_JUNK);
}

static void every_truncation_is_refused(void **state)
{
    (void)state;
    AUTO_BUF pdf = {0};
    testpdf_make(&(struct testpdf_spec){0}, &pdf);
    for (size_t n = 8; n + 1 < pdf.len; n++) {
        err_t e = prepare_bytes(BYTES(pdf.ptr, n), NULL);
        assert_int_equal(e, ERR_PDF_TRUNCATED);
    }
}

static void update_that_was_cut_off_is_refused(void **state)
{
    (void)state;
    AUTO_BUF pdf = {0};
    make("cut.pdf", &(struct testpdf_spec){0});
    char *path = tp_path("cut.pdf");
    ts_sign_pdf(path, &pki, &pki.citizen, NULL);
    tp_read(path, &pdf);
    assert_int_equal(prepare_bytes(BYTES(pdf.ptr, pdf.len - 100), NULL), ERR_PDF_TRUNCATED);
    assert_int_equal(prepare_bytes(BYTES(pdf.ptr, pdf.len / 2), NULL), ERR_PDF_TRUNCATED);
    free(path);
}

static void encrypted_files_are_refused(void **state)
{
    (void)state;
    static const char *const KINDS[] = {"--encrypt '' owner 256 --", "--encrypt user owner 256 --",
                                        "--allow-weak-crypto --encrypt '' owner 128 --use-aes=y --",
                                        "--allow-weak-crypto --encrypt user owner 40 --"};
    make("plain.pdf", &(struct testpdf_spec){0});
    for (size_t i = 0; i < sizeof KINDS / sizeof *KINDS; i++) {
        AUTO_BUF pdf = {0};
        convert("plain.pdf", KINDS[i], "enc.pdf");
        char *path = tp_path("enc.pdf");
        tp_read(path, &pdf);
        assert_int_equal(prepare_bytes(buf_bytes(&pdf), NULL), ERR_PDF_ENCRYPTED);
        free(path);
    }
}

static void certified_without_changes_is_refused(void **state)
{
    (void)state;
    static const char SIGNATURE[] = "<< /Type /Sig /Filter /Adobe.PPKLite /Reference [ << /Type /SigRef /TransformMethod /DocMDP "
                                    "/TransformParams << /Type /TransformParams /P %d /V /1.2 >> >> ] >>";
    char text[256];
    snprintf(text, sizeof text, SIGNATURE, 1);
    struct testpdf_spec spec = {.catalog = "/Perms << /DocMDP 6 0 R >>", .more = {text}};
    assert_int_equal(prepare_spec(&spec), ERR_PDF_CERTIFIED);
    spec.catalog = "/AcroForm << /SigFlags 3 /Fields [ 7 0 R ] >>"; /* found by its field when /Perms does not tell */
    spec.more[1] = "<< /FT /Sig /T (c) /V 6 0 R >>";
    assert_int_equal(prepare_spec(&spec), ERR_PDF_CERTIFIED);
    snprintf(text, sizeof text, SIGNATURE, 2); /* forms and signatures allowed */
    assert_int_equal(prepare_spec(&spec), OK);
}

static void field_lock_without_changes_is_refused(void **state)
{
    (void)state;
    struct testpdf_spec spec = {
        .catalog = "/AcroForm << /SigFlags 3 /Fields [ 7 0 R ] >>",
        .more = {"<< /Type /Sig /Filter /Adobe.PPKLite >>", "<< /FT /Sig /T (c) /V 6 0 R /Lock << /Action /All /P 1 >> >>"}};
    assert_int_equal(prepare_spec(&spec), ERR_PDF_CERTIFIED);
}

static void loop_of_prev_is_refused(void **state)
{
    (void)state;
    AUTO_BUF pdf = {0};
    testpdf_make(&(struct testpdf_spec){.trailer = "/Prev 0000000000"}, &pdf);
    char *xref = strstr((char *)pdf.ptr, "startxref\n"), *prev = strstr((char *)pdf.ptr, "/Prev ");
    char digits[11];
    snprintf(digits, sizeof digits, "%010d", atoi(xref + 10));
    memcpy(prev + 6, digits, 10);
    assert_int_equal(prepare_bytes(buf_bytes(&pdf), NULL), ERR_PDF_DAMAGED);
}

static void deep_nesting_is_refused(void **state)
{
    (void)state;
    AUTO_BUF pdf = {0}, deep = {0};
    for (int i = 0; i < 20000; i++)
        assert_int_equal(buf_add_str(&deep, "["), OK);
    struct testpdf t;
    testpdf_begin(&t);
    assert_int_equal(buf_add_str(&deep, " "), OK);
    testpdf_object(&t, 1, "<< /Type /Catalog /Pages 2 0 R /AcroForm 4 0 R >>");
    testpdf_object(&t, 2, "<< /Type /Pages /Kids [ 3 0 R ] /Count 1 >>");
    testpdf_object(&t, 3, "<< /Type /Page /Parent 2 0 R /MediaBox [ 0 0 9 9 ] >>");
    testpdf_object(&t, 4, buf_str(&deep));
    testpdf_end(&t, "");
    pdf = take(&t.out);
    assert_int_equal(prepare_bytes(buf_bytes(&pdf), NULL), ERR_PDF_DAMAGED);
}

static void damaged_structures_are_refused(void **state)
{
    (void)state;
    assert_int_equal(prepare_spec(&(struct testpdf_spec){.page = "/Annots (no list)"}), ERR_PDF_DAMAGED);
    assert_int_equal(prepare_spec(&(struct testpdf_spec){.catalog = "/AcroForm (no form)"}), ERR_PDF_DAMAGED);
    assert_int_equal(prepare_spec(&(struct testpdf_spec){.catalog = "/AcroForm << /Fields 1 >>"}), ERR_PDF_DAMAGED);
    assert_int_equal(prepare_spec(&(struct testpdf_spec){.catalog = "/Pages 99 0 R"}), ERR_PDF_DAMAGED);
}

static void bad_options_are_refused(void **state)
{
    (void)state;
    AUTO_BUF pdf = {0}, longer = {0};
    testpdf_make(&(struct testpdf_spec){.catalog = "/AcroForm << /Fields [ 6 0 R ] >>", .more = {TEXT_FIELD}}, &pdf);
    for (int i = 0; i < 600; i++)
        assert_int_equal(buf_add_str(&longer, "x"), OK);
    struct bytes b = buf_bytes(&pdf);
    assert_int_equal(prepare_bytes(b, &(struct pades_opts){.field_name = "Signature1", .signing_time = 1}), ERR_CONFLICT);
    assert_int_equal(prepare_bytes(b, &(struct pades_opts){.field_name = "a.b", .signing_time = 1}), ERR_SYNTAX);
    assert_int_equal(prepare_bytes(b, &(struct pades_opts){.field_name = "", .signing_time = 1}), ERR_SYNTAX);
    assert_int_equal(prepare_bytes(b, &(struct pades_opts){.reason = "\xff", .signing_time = 1}), ERR_SYNTAX);
    assert_int_equal(prepare_bytes(b, &(struct pades_opts){.reason = buf_str(&longer), .signing_time = 1}), ERR_SYNTAX);
    assert_int_equal(prepare_bytes(b, &(struct pades_opts){.signing_time = 1, .contents_room = PADES_ROOM_MAX + 1}), ERR_TOO_LARGE);
}

static void every_changed_byte_is_answered_without_a_crash(void **state)
{
    (void)state;
    AUTO_BUF pdf = {0};
    testpdf_make(&(struct testpdf_spec){.catalog = "/AcroForm << /Fields [ ] >>", .page = "/Annots [ ]"}, &pdf);
    for (size_t i = 0; i < pdf.len; i++) {
        uint8_t old = pdf.ptr[i];
        pdf.ptr[i] = (uint8_t)(old ^ 0x15);
        AUTO_PADES p = {0};
        AUTO(pdf_close) struct pdf *parsed = NULL;
        (void)!pdf_open_memory(buf_bytes(&pdf), &parsed);
        pdf.ptr[i] = old;
    }
}

static void large_file_is_signed_in_little_memory(void **state)
{
    (void)state;
#if defined(__SANITIZE_ADDRESS__)
    skip(); /* the sanitizer's own memory is past any such limit */
#endif
    struct testpdf t;
    char *path = tp_path("large.pdf");
    AUTO_BUF filler = {0};
    assert_int_equal(buf_reserve(&filler, 20u << 20), OK);
    memset(filler.ptr, 'x', 20u << 20);
    filler.len = 20u << 20;
    testpdf_begin(&t);
    testpdf_object(&t, 1, "<< /Type /Catalog /Pages 2 0 R >>");
    testpdf_object(&t, 2, "<< /Type /Pages /Kids [ 3 0 R ] /Count 1 >>");
    testpdf_object(&t, 3, "<< /Type /Page /Parent 2 0 R /MediaBox [ 0 0 9 9 ] >>");
    t.at[4] = t.out.len;
    t.n = 4;
    TP_MUST(buf_addf(&t.out, "4 0 obj\n<< /Length %zu >>\nstream\n", filler.len) == OK && buf_add_bytes(&t.out, buf_bytes(&filler)) == OK &&
            buf_add_str(&t.out, "\nendstream\nendobj\n") == OK);
    testpdf_end(&t, TESTPDF_ID);
    tp_write(path, buf_bytes(&t.out));
    buf_free(&t.out);
    buf_free(&filler);

    pid_t child = fork(); /* ru_maxrss counts a process's highest: a fresh one */
    if (child == 0) {
        struct rlimit limit = {24u << 20, 24u << 20}; /* heap beyond what the parent had */
        setrlimit(RLIMIT_DATA, &limit);
        struct pades_prepared p = {0};
        int fd = open(path, O_RDONLY);
        _exit(pades_prepare(fd, &(struct pades_opts){.signing_time = 1}, &p) == OK ? 0 : 1);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(classic_table_is_signed_twice),
        cmocka_unit_test(file_without_final_newline_is_signed),
        cmocka_unit_test(xref_stream_is_signed_twice),
        cmocka_unit_test(linearized_file_is_signed_twice),
        cmocka_unit_test(linearized_xref_stream_is_signed_twice),
        cmocka_unit_test(hybrid_reference_file_is_signed_twice),
        cmocka_unit_test(indirect_annots_are_kept),
        cmocka_unit_test(direct_annots_are_kept),
        cmocka_unit_test(indirect_form_and_fields_are_kept),
        cmocka_unit_test(direct_form_is_kept),
        cmocka_unit_test(file_without_id_is_signed),
        cmocka_unit_test(vietnamese_texts_reach_the_reader),
        cmocka_unit_test(signed_file_begins_with_the_original),
        cmocka_unit_test(dictionary_is_that_of_en_319_142),
        cmocka_unit_test(signature_that_outgrows_its_room_is_refused_and_another_fits),
        cmocka_unit_test(not_a_pdf_is_refused),
        cmocka_unit_test(junk_before_the_header_is_refused),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(update_that_was_cut_off_is_refused),
        cmocka_unit_test(encrypted_files_are_refused),
        cmocka_unit_test(certified_without_changes_is_refused),
        cmocka_unit_test(field_lock_without_changes_is_refused),
        cmocka_unit_test(loop_of_prev_is_refused),
        cmocka_unit_test(deep_nesting_is_refused),
        cmocka_unit_test(damaged_structures_are_refused),
        cmocka_unit_test(bad_options_are_refused),
        cmocka_unit_test(every_changed_byte_is_answered_without_a_crash),
        cmocka_unit_test(large_file_is_signed_in_little_memory),
    };
    return cmocka_run_group_tests_name("pades", tests, setup, teardown);
}

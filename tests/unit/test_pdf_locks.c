/*
 * What earlier signatures lock stays as it is: no signature is made in a locked field, and one that was made is found out.
 * ISO 32000-1 §12.8.2.2 (DocMDP), §12.8.2.4 (FieldMDP).
 */
#include "tests/unit/testpdf.h"
#include "tests/unit/testtrust.h"
#include "tests/unit/unit.h"
#include "signer/formats/pdf.h"
#include "signer/formats/pdf_locks.h"
#include "signer/verify/verify.h"

/* A form with the fields First (which has this lock), Second and Group.Third; First is signed. */
static void make(const char *name, const char *lock)
{
    AUTO_BUF pdf = {0};
    char *path = tp_path(name), first[300];
    snprintf(first, sizeof first,
             "<< /Type /Annot /Subtype /Widget /FT /Sig /T (First) /Rect [ 0 0 0 0 ] /F 132 /P 3 0 R /Lock << %s >> >>", lock);
    testpdf_make(
        &(struct testpdf_spec){.catalog = "/AcroForm << /Fields [ 6 0 R 7 0 R 8 0 R ] >>",
                               .page = "/Annots [ 6 0 R 7 0 R 9 0 R ]",
                               .more = {first, "<< /Type /Annot /Subtype /Widget /FT /Sig /T (Second) /Rect [ 0 0 0 0 ] /F 132 /P 3 0 R >>",
                                        "<< /T (Group) /FT /Sig /Kids [ 9 0 R ] >>",
                                        "<< /Type /Annot /Subtype /Widget /FT /Sig /T (Third) /Rect [ 0 0 0 0 ] /F 132 /P 3 0 R "
                                        "/Parent 8 0 R >>"}},
        &pdf);
    tp_write(path, buf_bytes(&pdf));
    ts_sign_pdf(path, &pki, &pki.citizen, &(struct pades_opts){.field_name = "First", .signing_time = clock_now()});
    free(path);
}

static err_t sign_in(const char *name, const char *field)
{
    AUTO_PADES prepared = {0};
    char *path = tp_path(name);
    AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC);
    free(path);
    return pades_prepare(fd, &(struct pades_opts){.field_name = field, .signing_time = clock_now()}, &prepared);
}

static const struct {
    const char *lock;
    bool second, third; /* are they locked? */
} CASES[] = {
    {"/Action /All", true, true},
    {"/Action /Include /Fields [ (Second) ]", true, false},
    {"/Action /Include /Fields [ (Group) ]", false, true},
    {"/Action /Include /Fields [ (Group.Third) (Amount) ]", false, true},
    {"/Action /Include /Fields [ (Sec) (Group.Thi) (Seconds) ]", false, false},
    {"/Action /Include /Fields [ ]", false, false},
    {"/Action /Exclude /Fields [ (Second) ]", false, true},
    {"/Action /Exclude /Fields [ (Group) ]", true, false},
    {"/Action /Nothing /Fields [ (Group) ]", true, true}, /* what cannot be read locks */
};

static void no_signature_is_made_in_a_locked_field(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        make("locked.pdf", CASES[i].lock);
        assert_err(sign_in("locked.pdf", "Second"), CASES[i].second ? ERR_PDF_LOCKED : OK);
        assert_err(sign_in("locked.pdf", "Group.Third"), CASES[i].third ? ERR_PDF_LOCKED : OK);
        assert_ok(sign_in("locked.pdf", NULL)); /* a field of one's own */
    }
}

static bool verdict(const char *name, enum verdict want, enum note note, const char *detail)
{
    struct file_result f;
    struct context ctx = {.trust = &trust, .at = clock_now()};
    char *path = tp_path(name);
    bool found = false;
    assert_ok(verify_file(&ctx, path, NULL, &f));
    for (size_t k = 0; k < f.signature_n; k++)
        for (size_t i = 0; i < f.signature[k].findings.n; i++) {
            const struct finding *x = &f.signature[k].findings.item[i];
            found = found || (x->note == note && strcmp(x->detail, detail) == 0);
            if (f.findings.verdict != want)
                print_message("%zu: %s: %s\n", k, note_text(x->note, LANG_EN), x->detail);
        }
    assert_int_equal(f.findings.verdict, want);
    assert_int_equal(f.signature_n, 2);
    file_result_free(&f);
    free(path);
    return found;
}

static void one_in_a_field_that_is_not_locked_is_valid(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        for (int third = 0; third < 2; third++) {
            char *path = tp_path("open.pdf");
            make("open.pdf", CASES[i].lock);
            if (!(third ? CASES[i].third : CASES[i].second)) {
                ts_sign_pdf(path, &pki, &pki.other,
                            &(struct pades_opts){.field_name = third ? "Group.Third" : "Second", .signing_time = clock_now()});
                assert_false(verdict("open.pdf", TOTAL_PASSED, NOTE_LOCKED, ""));
            }
            free(path);
        }
    }
}

/*
 * Another program does not ask. Its signature is laid over a twin of the file, of the same length, whose lock names another field, and is then
 * computed over the locked one: valid but for the lock.
 */
static void forge(const char *lock, const char *twin_lock, const char *field)
{
    AUTO_BUF twin = {0}, file = {0}, cms = {0}, covered = {0};
    AUTO_PADES p = {0};
    uint8_t digest[32];
    char *twin_path = tp_path("twin.pdf"), *path = tp_path("forged.pdf");
    clock_set_for_test(clock_now());
    make("twin.pdf", twin_lock);
    make("forged.pdf", lock);
    tp_read(twin_path, &twin);
    tp_read(path, &file);
    assert_int_equal(twin.len, file.len);
    AUTO_FD fd = open(twin_path, O_RDONLY | O_CLOEXEC);
    assert_ok(pades_prepare(fd, &(struct pades_opts){.field_name = field, .signing_time = clock_now()}, &p));
    assert_ok(buf_add_bytes(&file, buf_bytes(&p.increment)));
    assert_ok(buf_add(&covered, file.ptr, p.byte_range[1]));
    assert_ok(buf_add(&covered, file.ptr + p.byte_range[2], p.byte_range[3]));
    sha256(buf_bytes(&covered), digest);
    ts_cms(&pki, &(struct ts_how){.signer = &pki.other}, BYTES(digest, 32), &cms);
    assert_ok(pades_fill(&p, buf_bytes(&cms)));
    file.len = twin.len;
    assert_ok(buf_add_bytes(&file, buf_bytes(&p.increment)));
    tp_write(path, buf_bytes(&file));
    clock_set_for_test(0);
    free(twin_path);
    free(path);
}

static void one_in_a_locked_field_is_found_out_and_named(void **state)
{
    (void)state;
    forge("/Action /Include /Fields [ (Second) ]", "/Action /Include /Fields [ (Sxcond) ]", "Second");
    assert_true(verdict("forged.pdf", TOTAL_FAILED, NOTE_LOCKED, "Second"));
    forge("/Action /Include /Fields [ (Group) ]", "/Action /Include /Fields [ (Gxoup) ]", "Group.Third");
    assert_true(verdict("forged.pdf", TOTAL_FAILED, NOTE_LOCKED, "Group.Third"));
    forge("/Action /Exclude /Fields [ (Amount) ]", "/Action /Exclude /Fields [ (Second) ]", "Second");
    assert_true(verdict("forged.pdf", TOTAL_FAILED, NOTE_LOCKED, "Second"));
    forge("/Action /Include /Fields [ (Sxcond) ]", "/Action /Include /Fields [ (Sycond) ]", "Second"); /* the method itself is sound */
    (void)verdict("forged.pdf", TOTAL_PASSED, NOTE_LOCKED, "");
}

/* Certified "no changes" by a signature that is not at the top of the form, or in /Perms alone. */
static void certification_counts_wherever_it_stands(void **state)
{
    (void)state;
    static const char *const CATALOGS[] = {
        "/AcroForm << /Fields [ 6 0 R ] >>",
        "/Perms << /DocMDP 8 0 R >>",
        "/AcroForm << /Fields [ 9 0 R ] >>",
    };
    for (size_t i = 0; i < sizeof CATALOGS / sizeof *CATALOGS; i++) {
        AUTO_BUF pdf = {0};
        struct pdf *p = NULL;
        testpdf_make(
            &(struct testpdf_spec){.catalog = CATALOGS[i],
                                   .more = {"<< /T (Group) /FT /Sig /Kids [ 7 0 R ] >>", "<< /T (Author) /Parent 6 0 R /V 8 0 R >>",
                                            "<< /Type /Sig /Reference [ << /Type /SigRef /TransformMethod /DocMDP /TransformParams "
                                            "<< /Type /TransformParams /P 1 /V /1.2 >> >> ] >>",
                                            "<< /T (Locked) /FT /Sig /V << /Type /Sig >> /Lock << /Type /SigFieldLock /Action /All "
                                            "/P 1 >> >>"}},
            &pdf);
        assert_ok(pdf_open_memory(buf_bytes(&pdf), &p));
        assert_err(pdf_locks_document(p), ERR_PDF_CERTIFIED);
        pdf_close(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_signature_is_made_in_a_locked_field),
        cmocka_unit_test(one_in_a_field_that_is_not_locked_is_valid),
        cmocka_unit_test(one_in_a_locked_field_is_found_out_and_named),
        cmocka_unit_test(certification_counts_wherever_it_stands),
    };
    return cmocka_run_group_tests(tests, trust_setup, trust_teardown);
}

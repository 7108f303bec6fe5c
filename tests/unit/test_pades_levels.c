/*
 * PAdES levels: B-B to B-LTA by incremental updates, several signers, existing fields, certification; what pdfsig, qpdf and our verifier say of each.
 * ETSI EN 319 142-1 §5.4, §6.3; ISO 32000-1 §12.8.
 */
#include "tests/unit/testpades.h"
#include "signer/formats/pades_dss.h"
#include <sys/stat.h>

/* A fresh PDF, open for reading and writing. */
static int open_pdf(const struct testpdf_spec *spec)
{
    AUTO_BUF pdf = {0};
    char *path = tp_path("work.pdf");
    testpdf_make(spec, &pdf);
    tp_write(path, buf_bytes(&pdf));
    int fd = open(path, O_RDWR | O_CLOEXEC);
    free(path);
    assert_true(fd >= 0);
    return fd;
}

static uint64_t size_of(int fd)
{
    struct stat st;
    assert_int_equal(fstat(fd, &st), 0);
    return (uint64_t)st.st_size;
}

static void sign_as(int fd, const struct tp_id *who, const struct pades_opts *o, bool stamped)
{
    struct hall m;
    struct pades_opts opts = o != NULL ? *o : (struct pades_opts){0};
    opts.signing_time = clock_now();
    assert_ok(pades_sign(fd, &opts, key_of(&m, who, CMS_SHA256, SIGN_ECDSA), stamped ? &tsa : NULL));
}

/* --- levels --- */

static void each_level_is_reached_and_accepted(void **state)
{
    (void)state;
    AUTO_FD fd = open_pdf(&(struct testpdf_spec){0});
    enum sig_level level;
    sign_as(fd, &pki.citizen, NULL, false);
    assert_ok(pades_level(fd, &level));
    assert_int_equal(level, LEVEL_B);
    others_accept(1);
    raise_to(fd, LEVEL_T); /* by a document timestamp: the signature itself stays as it is */
    raise_to(fd, LEVEL_LT);
    others_accept(1);
    verifier_says(TOTAL_PASSED, 2);
    raise_to(fd, LEVEL_LTA);
    raise_to(fd, LEVEL_LTA); /* renewed */
    others_accept(1);
    verifier_says(TOTAL_PASSED, 4);
}

static void a_signature_with_its_own_timestamp_needs_no_other(void **state)
{
    (void)state;
    AUTO_FD fd = open_pdf(&(struct testpdf_spec){0});
    sign_as(fd, &pki.citizen, NULL, true);
    raise_to(fd, LEVEL_LTA);
    verifier_says(TOTAL_PASSED, 2);
    others_accept(1);
}

static void what_was_there_keeps_its_bytes(void **state)
{
    (void)state;
    AUTO_FD fd = open_pdf(&(struct testpdf_spec){0});
    char *path = tp_path("work.pdf");
    AUTO_BUF before = {0};
    sign_as(fd, &pki.citizen, NULL, true);
    tp_read(path, &before);
    for (enum sig_level level = LEVEL_T; level <= LEVEL_LTA; level++) {
        AUTO_BUF after = {0};
        raise_to(fd, level);
        tp_read(path, &after);
        assert_true(after.len >= before.len);
        assert_memory_equal(after.ptr, before.ptr, before.len);
    }
    free(path);
}

/* Five persons sign the file as it is, each signature raised at once, and at the end all are archived. */
static void five_sign(int fd)
{
    const struct tp_id *who[] = {&pki.citizen, &pki.other};
    struct tp_id more[3] = {{0}};
    for (size_t i = 0; i < 3; i++)
        tp_issue(&more[i], &(struct tp_spec){.cn = "Another", .profile = TP_CITIZEN, .issuer = &pki.ca});
    for (size_t i = 0; i < 5; i++) {
        sign_as(fd, i < 2 ? who[i] : &more[i - 2], NULL, true);
        raise_to(fd, LEVEL_LT);
        others_accept((unsigned)i + 1);
        verifier_says(TOTAL_PASSED, i + 1);
    }
    raise_to(fd, LEVEL_LTA);
    verifier_says(TOTAL_PASSED, 6);
    for (size_t i = 0; i < 3; i++)
        tp_free(&more[i]);
}

static void five_signers_one_after_another_stay_valid(void **state)
{
    (void)state;
    AUTO_FD fd = open_pdf(&(struct testpdf_spec){0});
    five_sign(fd);
}

/* /Annots, /AcroForm and /Fields direct or indirect; tables, streams, object streams, linearized, and both kinds at once. */
static void five_signers_stay_valid_in_every_shape_of_file(void **state)
{
    (void)state;
    static const struct testpdf_spec FORMS[] = {
        {.catalog = "/AcroForm << /Fields [ ] >>", .page = "/Annots [ ]"},
        {.catalog = "/AcroForm 6 0 R", .page = "/Annots 8 0 R", .more = {"<< /Fields 7 0 R >>", "[ ]", "[ ]"}},
    };
    static const char *const OPTIONS[] = {"--qdf", "--object-streams=generate", "--linearize", "--linearize --object-streams=generate"};
    char *path = tp_path("work.pdf");
    for (size_t i = 0; i < sizeof OPTIONS / sizeof *OPTIONS; i++) {
        AUTO_BUF text = {0};
        AUTO_FD plain = open_pdf(&FORMS[i % 2]);
        assert_int_equal(tp_run(&text, "qpdf %s work.pdf shaped.pdf && mv shaped.pdf work.pdf", OPTIONS[i]), 0);
        AUTO_FD fd = open(path, O_RDWR | O_CLOEXEC);
        five_sign(fd);
    }
    AUTO_BUF hybrid = {0};
    testpdf_hybrid(&hybrid);
    tp_write(path, buf_bytes(&hybrid));
    AUTO_FD fd = open(path, O_RDWR | O_CLOEXEC);
    five_sign(fd);
    free(path);
}

static void a_signature_after_the_archive_lowers_the_level(void **state)
{
    (void)state;
    AUTO_FD fd = open_pdf(&(struct testpdf_spec){0});
    enum sig_level level;
    sign_as(fd, &pki.citizen, NULL, true);
    raise_to(fd, LEVEL_LTA);
    sign_as(fd, &pki.other, NULL, false);
    assert_ok(pades_level(fd, &level));
    assert_int_equal(level, LEVEL_B);
    raise_to(fd, LEVEL_LTA);
    verifier_says(TOTAL_PASSED, 5);
}

static void every_shape_of_file_is_raised(void **state)
{
    static const char *const options[] = {"--object-streams=generate", "--linearize", "--qdf"};
    (void)state;
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        AUTO_BUF text = {0};
        AUTO_FD plain = open_pdf(&(struct testpdf_spec){0});
        assert_int_equal(tp_run(&text, "qpdf %s work.pdf shaped.pdf && mv shaped.pdf work.pdf", options[i]), 0);
        char *path = tp_path("work.pdf");
        AUTO_FD fd = open(path, O_RDWR | O_CLOEXEC);
        free(path);
        sign_as(fd, &pki.citizen, NULL, true);
        raise_to(fd, LEVEL_LTA);
        others_accept(1);
        verifier_says(TOTAL_PASSED, 2);
    }
}

/* --- not reached --- */

static void a_level_that_is_not_reached_is_not_claimed(void **state)
{
    (void)state;
    AUTO_FD fd = open_pdf(&(struct testpdf_spec){0});
    struct hall m;
    enum sig_level reached;
    const struct stamping gone = {.stamp = away, .alg = CMS_SHA256}, liar = {.stamp = lying, .alg = CMS_SHA256};
    uint64_t size = size_of(fd);
    key_of(&m, &pki.citizen, CMS_SHA256, SIGN_ECDSA);
    assert_err(pades_sign(fd, &(struct pades_opts){.signing_time = 1}, &m.key, &gone), ERR_TIMEOUT);
    assert_err(pades_sign(fd, &(struct pades_opts){.signing_time = 1}, &m.key, &liar), ERR_STAMP);
    assert_int_equal(size_of(fd), size);
    sign_as(fd, &pki.citizen, NULL, false);
    size = size_of(fd);
    assert_err(pades_raise(fd, LEVEL_LTA, &(struct cades_means){&gone, crls_at_hand()}, &reached), ERR_TIMEOUT);
    assert_int_equal(reached, LEVEL_B);
    assert_err(pades_raise(fd, LEVEL_LTA, &(struct cades_means){&liar, crls_at_hand()}, &reached), ERR_STAMP);
    assert_int_equal(reached, LEVEL_B);
    assert_int_equal(size_of(fd), size);
    struct vdata_source *less = crls_at_hand();
    less->crl_n = 1;
    assert_err(pades_raise(fd, LEVEL_LTA, &(struct cades_means){&tsa, less}, &reached), ERR_CERT_STATUS);
    assert_int_equal(reached, LEVEL_T);
    assert_ok(pades_level(fd, &reached));
    assert_int_equal(reached, LEVEL_T);
}

static void a_file_without_a_signature_has_no_level(void **state)
{
    (void)state;
    AUTO_FD fd = open_pdf(&(struct testpdf_spec){0});
    enum sig_level level;
    assert_err(pades_level(fd, &level), ERR_NOT_FOUND);
    assert_err(pades_raise(fd, LEVEL_LTA, &(struct cades_means){&tsa, crls_at_hand()}, &level), ERR_NOT_FOUND);
}

/* --- fields --- */

static const struct testpdf_spec with_field = {
    .catalog = "/AcroForm << /Fields [ 6 0 R 8 0 R ] >>",
    .page = "/Annots [ 6 0 R ]",
    .more = {"<< /Type /Annot /Subtype /Widget /FT /Sig /T (Citizen) /Rect [ 50 50 200 100 ] /F 4 /P 3 0 R /Lock 7 0 R >>",
             "<< /Type /SigFieldLock /Action /Include /Fields [ (Amount) ] >>", "<< /FT /Tx /T (Amount) /V (1) >>"},
};

static void an_empty_field_is_filled_and_its_lock_repeated(void **state)
{
    (void)state;
    AUTO_FD fd = open_pdf(&with_field);
    AUTO_BUF file = {0};
    char *path = tp_path("work.pdf");
    sign_as(fd, &pki.citizen, &(struct pades_opts){.field_name = "Citizen"}, true);
    others_accept(1);
    raise_to(fd, LEVEL_LT);
    verifier_says(TOTAL_PASSED, 1);
    tp_read(path, &file);
    assert_true(count(&file, "/FieldMDP") == 1 && count(&file, "/Action /Include") == 2);
    struct hall m;
    key_of(&m, &pki.other, CMS_SHA256, SIGN_ECDSA);
    assert_err(pades_sign(fd, &(struct pades_opts){.field_name = "Citizen", .signing_time = 1}, &m.key, NULL), ERR_CONFLICT);
    assert_err(pades_sign(fd, &(struct pades_opts){.field_name = "Amount", .signing_time = 1}, &m.key, NULL), ERR_CONFLICT);
    free(path);
}

/* A form with two empty signature fields and a text field. */
static const struct testpdf_spec two_fields = {
    .catalog = "/AcroForm << /Fields [ 6 0 R 7 0 R 8 0 R ] >>",
    .page = "/Annots [ 6 0 R 7 0 R ]",
    .more = {"<< /Type /Annot /Subtype /Widget /FT /Sig /T (Citizen) /Rect [ 50 50 200 100 ] /F 4 /P 3 0 R >>",
             "<< /Type /Annot /Subtype /Widget /FT /Sig /T (Officer) /Rect [ 250 50 400 100 ] /F 4 /P 3 0 R >>",
             "<< /FT /Tx /T (Amount) /V (1) >>"},
};

static void fields_are_locked_as_the_signer_wishes(void **state)
{
    (void)state;
    static const char *const AMOUNT[] = {"Amount", NULL}, *const OFFICER[] = {"Officer", NULL}, *const WRONG[] = {"\xff", NULL};
    static const struct {
        enum pades_lock lock;
        const char *const *field;
        const char *text;
        err_t officer; /* may still sign? */
    } CASES[] = {{PADES_LOCK_ALL, NULL, "/Action /All", ERR_PDF_LOCKED},
                 {PADES_LOCK_LISTED, AMOUNT, "/Action /Include /Fields [ (Amount) ]", OK},
                 {PADES_LOCK_LISTED, OFFICER, "/Action /Include /Fields [ (Officer) ]", ERR_PDF_LOCKED},
                 {PADES_LOCK_OTHERS, OFFICER, "/Action /Exclude /Fields [ (Officer) ]", OK}};
    struct hall m;
    key_of(&m, &pki.other, CMS_SHA256, SIGN_ECDSA);
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        AUTO_FD fd = open_pdf(&two_fields);
        AUTO_BUF file = {0};
        AUTO_STR path = tp_path("work.pdf");
        sign_as(fd, &pki.citizen, &(struct pades_opts){.field_name = "Citizen", .lock = CASES[i].lock, .lock_field = CASES[i].field}, true);
        raise_to(fd, LEVEL_LT);
        verifier_says(TOTAL_PASSED, 1);
        tp_read(path, &file);
        assert_true(count(&file, "/FieldMDP") == 1 && count(&file, CASES[i].text) == 1);
        assert_err(pades_sign(fd, &(struct pades_opts){.field_name = "Officer", .signing_time = 1}, &m.key, NULL), CASES[i].officer);
    }
    AUTO_FD fd = open_pdf(&with_field);
    assert_err(pades_sign(fd, &(struct pades_opts){.field_name = "Citizen", .signing_time = 1, .lock = PADES_LOCK_ALL}, &m.key, NULL),
               ERR_CONFLICT); /* it has a lock of its own */
    assert_err(pades_sign(fd, &(struct pades_opts){.signing_time = 1, .lock = PADES_LOCK_LISTED, .lock_field = WRONG}, &m.key, NULL),
               ERR_SYNTAX);
}

static void an_author_certifies_first_or_not_at_all(void **state)
{
    (void)state;
    struct hall m;
    for (int permission = 1; permission <= 3; permission++) {
        AUTO_FD fd = open_pdf(&(struct testpdf_spec){0});
        sign_as(fd, &pki.citizen, &(struct pades_opts){.certify = permission}, true);
        others_accept(1);
        key_of(&m, &pki.other, CMS_SHA256, SIGN_ECDSA);
        assert_err(pades_sign(fd, &(struct pades_opts){.certify = 2, .signing_time = 1}, &m.key, NULL),
                   permission == 1 ? ERR_PDF_CERTIFIED : ERR_CONFLICT);
        if (permission == 1) {
            assert_err(pades_sign(fd, &(struct pades_opts){.signing_time = 1}, &m.key, NULL), ERR_PDF_CERTIFIED);
            continue;
        }
        sign_as(fd, &pki.other, NULL, true);
        others_accept(2);
        raise_to(fd, LEVEL_LT);
        verifier_says(TOTAL_PASSED, 2);
    }
    AUTO_FD fd = open_pdf(&(struct testpdf_spec){0});
    assert_err(pades_sign(fd, &(struct pades_opts){.certify = 4}, &m.key, NULL), ERR_SYNTAX);
}

static void a_placeholder_too_small_is_grown(void **state)
{
    (void)state;
    AUTO_FD fd = open_pdf(&(struct testpdf_spec){0});
    sign_as(fd, &pki.citizen, &(struct pades_opts){.contents_room = 100}, true);
    others_accept(1);
}

/* --- the store --- */

/* A store is not enough: it must speak of each signature, or the level would be told too high. */
static void a_second_signature_gets_its_own_data(void **state)
{
    (void)state;
    for (enum sig_level level = LEVEL_LT; level <= LEVEL_LTA; level++) {
        AUTO_FD fd = open_pdf(&(struct testpdf_spec){0});
        AUTO_BUF file = {0};
        char *path = tp_path("work.pdf");
        enum sig_level have;
        sign_as(fd, &pki.citizen, NULL, true);
        raise_to(fd, level);
        tp_read(path, &file);
        size_t entries = count(&file, "/Type /VRI");
        sign_as(fd, &pki.other, NULL, true);
        assert_ok(pades_level(fd, &have));
        assert_int_equal(have, LEVEL_T);
        raise_to(fd, level);
        assert_ok(pades_level(fd, &have));
        assert_int_equal(have, level);
        verifier_says(TOTAL_PASSED, level == LEVEL_LT ? 2 : 4);
        tp_read(path, &file);
        assert_true(count(&file, "/Type /VRI") > entries * 2); /* the first one's stands in the new store as in the old */
        free(path);
    }
}

static void nothing_is_stored_twice(void **state)
{
    (void)state;
    AUTO_FD fd = open_pdf(&(struct testpdf_spec){0});
    AUTO_BUF file = {0};
    char *path = tp_path("work.pdf");
    sign_as(fd, &pki.citizen, NULL, true);
    raise_to(fd, LEVEL_LTA);
    tp_read(path, &file);
    size_t streams = count(&file, "endstream");
    raise_to(fd, LEVEL_LTA);
    tp_read(path, &file);
    assert_int_equal(count(&file, "endstream"), streams); /* the first archive timestamp's data were there already */
    free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_level_is_reached_and_accepted),
        cmocka_unit_test(a_signature_with_its_own_timestamp_needs_no_other),
        cmocka_unit_test(what_was_there_keeps_its_bytes),
        cmocka_unit_test(five_signers_one_after_another_stay_valid),
        cmocka_unit_test(five_signers_stay_valid_in_every_shape_of_file),
        cmocka_unit_test(a_signature_after_the_archive_lowers_the_level),
        cmocka_unit_test(every_shape_of_file_is_raised),
        cmocka_unit_test(a_level_that_is_not_reached_is_not_claimed),
        cmocka_unit_test(a_file_without_a_signature_has_no_level),
        cmocka_unit_test(an_empty_field_is_filled_and_its_lock_repeated),
        cmocka_unit_test(fields_are_locked_as_the_signer_wishes),
        cmocka_unit_test(an_author_certifies_first_or_not_at_all),
        cmocka_unit_test(a_placeholder_too_small_is_grown),
        cmocka_unit_test(a_second_signature_gets_its_own_data),
        cmocka_unit_test(nothing_is_stored_twice),
    };
    return cmocka_run_group_tests(tests, trust_setup, trust_teardown);
}

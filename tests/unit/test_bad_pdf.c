/*
 * PDFs made to break their readers: deep, endless, huge, or one thing to this reader and another to that. Each is answered, in bounded time and memory.
 * ISO 32000-1 §7.3, §7.5.4 to §7.5.8, §7.7.3.
 */
#include "tests/unit/testpdf.h"
#include "tests/unit/testsign.h"
#include "tests/unit/unit.h"
#include "signer/verify/verify.h"
#include <sys/resource.h>

#define DEEP 10000

static struct trust trust;

static int setup(void **state)
{
    (void)state;
    secret_init();
    formats_errors_register();
    assert_ok(trust_new(&trust));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    trust_free(&trust);
    tp_cleanup();
    return 0;
}

/* What a signer says; the verifier finds no valid signature in any of these. */
static err_t answer(struct bytes pdf)
{
    AUTO_PADES prepared = {0};
    struct file_result f;
    char *path = tp_path("bad.pdf");
    tp_write(path, pdf);
    AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC);
    err_t e = pades_prepare(fd, &(struct pades_opts){.signing_time = 1795593600}, &prepared);
    assert_ok(verify_file(&(struct context){.trust = &trust, .at = 1795593600}, path, NULL, &f));
    assert_int_not_equal(f.findings.verdict, TOTAL_PASSED);
    file_result_free(&f);
    free(path);
    return e;
}

static void put_times(struct buf *b, const char *text, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        assert_ok(buf_add_str(b, text));
}

/* A page, and these objects behind it (6 and more). */
static void with(const char *catalog, const char *page, const char *object, struct buf *out)
{
    struct testpdf t;
    AUTO_BUF text = {0};
    testpdf_begin(&t);
    assert_ok(buf_addf(&text, "<< /Type /Catalog /Pages 2 0 R %s >>", catalog));
    testpdf_object(&t, 1, buf_str(&text));
    testpdf_object(&t, 2, "<< /Type /Pages /Kids [ 3 0 R ] /Count 1 >>");
    text.len = 0;
    assert_ok(buf_addf(&text, "<< /Type /Page /Parent 2 0 R /MediaBox [ 0 0 595 842 ] %s >>", page));
    testpdf_object(&t, 3, buf_str(&text));
    testpdf_object(&t, 4, object);
    testpdf_end(&t, TESTPDF_ID);
    *out = take(&t.out);
}

/* --- deep --- */

static void nesting_ten_thousand_deep_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *open, *inside, *close;
    } SHAPES[] = {{"[ ", "1", " ]"}, {"<< /A ", "1", " >>"}, {"[ << /A ", "1", " >> ]"}};
    static const struct {
        const char *catalog, *page;
    } PLACES[] = {{"/AcroForm 4 0 R", ""}, {"", "/Annots 4 0 R"}, {"/Perms 4 0 R", ""}};
    for (size_t i = 0; i < sizeof SHAPES / sizeof *SHAPES; i++) {
        for (size_t k = 0; k < sizeof PLACES / sizeof *PLACES; k++) {
            AUTO_BUF deep = {0}, pdf = {0};
            put_times(&deep, SHAPES[i].open, DEEP);
            assert_ok(buf_add_str(&deep, SHAPES[i].inside));
            put_times(&deep, SHAPES[i].close, DEEP);
            with(PLACES[k].catalog, PLACES[k].page, buf_str(&deep), &pdf);
            assert_err(answer(buf_bytes(&pdf)), ERR_PDF_DAMAGED);
        }
    }
}

/* Each object leads to the next one. key: under which name; from: the catalog's way in. */
static void chain(const char *entry, const char *open, const char *close, struct buf *out)
{
    static const char TABLE[] = "%010zu 00000 n \n";
    AUTO_BUF b = {0};
    size_t *at = calloc(DEEP + 8, sizeof *at);
    assert_non_null(at);
    assert_ok(buf_add_str(&b, "%PDF-1.7\n"));
    at[1] = b.len;
    assert_ok(buf_addf(&b, "1 0 obj\n<< /Type /Catalog /Pages 2 0 R %s >>\nendobj\n", entry));
    at[2] = b.len;
    assert_ok(buf_add_str(&b, "2 0 obj\n<< /Type /Pages /Kids [ 3 0 R ] /Count 1 >>\nendobj\n"));
    at[3] = b.len;
    assert_ok(buf_add_str(&b, "3 0 obj\n<< /Type /Page /Parent 2 0 R /MediaBox [ 0 0 9 9 ] >>\nendobj\n"));
    for (size_t i = 4; i < DEEP + 4; i++) {
        at[i] = b.len;
        assert_ok(buf_addf(&b, "%zu 0 obj\n%s %zu 0 R %s\nendobj\n", i, open, i + 1, close));
    }
    at[DEEP + 4] = b.len;
    assert_ok(buf_addf(&b, "%d 0 obj\nnull\nendobj\n", DEEP + 4));
    size_t xref = b.len;
    assert_ok(buf_addf(&b, "xref\n0 %d\n0000000000 65535 f \n", DEEP + 5));
    for (size_t i = 1; i < DEEP + 5; i++)
        assert_ok(buf_addf(&b, TABLE, at[i]));
    assert_ok(buf_addf(&b, "trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%zu\n%%%%EOF\n", DEEP + 5, xref));
    free(at);
    *out = take(&b);
}

static void a_tree_of_fields_ten_thousand_deep_is_refused(void **state)
{
    (void)state;
    AUTO_BUF pdf = {0};
    chain("/AcroForm << /Fields [ 4 0 R ] >>", "<< /FT /Sig /T (a) /Kids [", "] >>", &pdf);
    assert_err(answer(buf_bytes(&pdf)), ERR_TOO_LARGE);
}

static void a_tree_of_pages_ten_thousand_deep_is_answered(void **state)
{
    (void)state;
    AUTO_BUF pdf = {0};
    chain("/Pages 4 0 R", "<< /Type /Pages /Count 1 /Kids [", "] >>", &pdf);
    assert_err(answer(buf_bytes(&pdf)), ERR_PDF_DAMAGED); /* /Pages twice, and no page at its end */
}

/* --- endless --- */

static void page_tree_loops_are_refused(void **state)
{
    (void)state;
    static const char *const PAGES[] = {
        "<< /Type /Pages /Kids [ 2 0 R ] /Count 1 >>",                  /* itself */
        "<< /Type /Pages /Kids [ 4 0 R ] /Count 1 >>",                  /* 4 leads back */
        "<< /Type /Pages /Kids [ 4 0 R 4 0 R 4 0 R ] /Count 999999 >>", /* a tree that doubles at each turn */
        "<< /Type /Pages /Kids [ 1 0 R ] /Count 1 >>",                  /* the catalog as a page */
    };
    for (size_t i = 0; i < sizeof PAGES / sizeof *PAGES; i++) {
        struct testpdf t;
        testpdf_begin(&t);
        testpdf_object(&t, 1, "<< /Type /Catalog /Pages 2 0 R >>");
        testpdf_object(&t, 2, PAGES[i]);
        testpdf_object(&t, 3, "<< /Type /Page /Parent 2 0 R /MediaBox [ 0 0 9 9 ] >>");
        testpdf_object(&t, 4, "<< /Type /Pages /Parent 2 0 R /Kids [ 2 0 R 2 0 R ] /Count 1 >>");
        testpdf_end(&t, TESTPDF_ID);
        assert_err(answer(buf_bytes(&t.out)), ERR_PDF_DAMAGED);
        buf_free(&t.out);
    }
}

static void loops_of_fields_are_refused(void **state)
{
    (void)state;
    AUTO_BUF own = {0}, parent = {0};
    with("/AcroForm << /Fields [ 4 0 R ] >>", "", "<< /FT /Sig /T (a) /Kids [ 4 0 R ] >>", &own);
    assert_err(answer(buf_bytes(&own)), ERR_TOO_LARGE);
    with("/AcroForm << /Fields [ 4 0 R ] >>", "", "<< /FT /Sig /T (a) /Parent 4 0 R >>", &parent);
    assert_ok(answer(buf_bytes(&parent)));
}

/* Objects that lead only to themselves. */
static void references_that_lead_to_themselves_are_answered(void **state)
{
    (void)state;
    static const char *const CATALOGS[] = {"/AcroForm 4 0 R", "/Perms 4 0 R", "/AcroForm << /Fields 4 0 R >>"};
    for (size_t i = 0; i < sizeof CATALOGS / sizeof *CATALOGS; i++) {
        AUTO_BUF pdf = {0};
        with(CATALOGS[i], "", "4 0 R", &pdf);
        err_t e = answer(buf_bytes(&pdf)); /* null to qpdf: as if it were not there */
        assert_true(e == OK || e == ERR_PDF_DAMAGED);
    }
}

/* A file whose objects 1 to 3 stand in the object stream 5; 6 is the cross-reference stream. dict: further entries of the object stream. */
static void object_stream(const char *dict, const char *length, const char *row_of_length, struct buf *out)
{
    static const char OBJECTS[] = "1 0 2 34 3 78 << /Type /Catalog /Pages 2 0 R >> << /Type /Pages /Kids [ 3 0 R ] /Count 1 >> "
                                  "<< /Type /Page /Parent 2 0 R /MediaBox [ 0 0 9 9 ] >> ";
    uint8_t rows[7 * 4] = {0};
    AUTO_BUF b = {0};
    assert_ok(buf_add_str(&b, "%PDF-1.7\n"));
    size_t stream = b.len;
    assert_ok(buf_addf(&b, "5 0 obj\n<< /Type /ObjStm /N 3 /First 14 /Length %s %s >>\nstream\n%s\nendstream\nendobj\n",
                       length != NULL ? length : "146", dict, OBJECTS));
    size_t xref = b.len;
    for (uint8_t i = 1; i <= 3; i++)
        memcpy(rows + 4 * i, (uint8_t[]){2, 0, 5, (uint8_t)(i - 1)}, 4);
    if (row_of_length != NULL)
        memcpy(rows + 16, row_of_length, 4);
    memcpy(rows + 20, (uint8_t[]){1, (uint8_t)(stream >> 8), (uint8_t)stream, 0}, 4);
    memcpy(rows + 24, (uint8_t[]){1, (uint8_t)(xref >> 8), (uint8_t)xref, 0}, 4);
    assert_ok(buf_add_str(&b, "6 0 obj\n<< /Type /XRef /Size 7 /W [ 1 2 1 ] /Length 28 /Root 1 0 R " TESTPDF_ID " >>\nstream\n"));
    assert_ok(buf_add(&b, rows, sizeof rows));
    assert_ok(buf_addf(&b, "\nendstream\nendobj\nstartxref\n%zu\n%%%%EOF\n", xref));
    *out = take(&b);
}

static void object_stream_loops_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *dict, *length, *row;
        err_t want;
    } CASES[] = {
        {"", NULL, NULL, OK},                                    /* sound */
        {"/Extends 5 0 R", NULL, NULL, OK},                      /* extends itself: nobody has to follow that (§7.5.7) */
        {"", "4 0 R", "\x02\x00\x05\x00", ERR_PDF_DAMAGED},      /* its length stands inside of it */
        {"/Filter 4 0 R", NULL, "\x02\x00\x05\x00", OK},         /* its filter is said to be there too; it is not, and so none */
        {"/N 4 0 R", NULL, "\x02\x00\x05\x00", ERR_PDF_DAMAGED}, /* or how many objects there are */
        {"", "5 0 R", NULL, ERR_PDF_DAMAGED},                    /* its length is itself */
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        AUTO_BUF pdf = {0};
        object_stream(CASES[i].dict, CASES[i].length, CASES[i].row, &pdf);
        err_t e = answer(buf_bytes(&pdf));
        if (e != CASES[i].want)
            print_message("%s %s: %s\n", CASES[i].dict, CASES[i].length != NULL ? CASES[i].length : "", err_info(e)->name);
        assert_int_equal(e, CASES[i].want);
    }
}

/* An object stream said to stand in an object stream: in itself, or two in each other. */
static void object_streams_inside_of_each_other_are_refused(void **state)
{
    (void)state;
    for (uint8_t other = 4; other <= 5; other++) {
        AUTO_BUF pdf = {0};
        object_stream("", NULL, "\x02\x00\x05\x00", &pdf); /* 4 in 5 */
        uint8_t *rows = memmem(pdf.ptr, pdf.len, "/Type /XRef", 11);
        assert_non_null(rows);
        rows = memmem(rows, (size_t)(pdf.ptr + pdf.len - rows), "stream\n", 7);
        memcpy(rows + 7 + 20, (uint8_t[]){2, 0, other, 0}, 4); /* and 5 in the other one */
        assert_err(answer(buf_bytes(&pdf)), ERR_PDF_DAMAGED);
    }
}

static void loops_of_cross_reference_streams_are_refused(void **state)
{
    (void)state;
    static const char *const KEYS[] = {"/Prev %zu", "/XRefStm %zu"};
    for (size_t i = 0; i < 2; i++) {
        AUTO_BUF base = {0}, b = {0};
        char key[64];
        object_stream("", NULL, NULL, &base);
        const char *at = strstr(memmem(base.ptr, base.len, "6 0 obj", 7), "6 0 obj");
        size_t xref = (size_t)(at - (const char *)base.ptr), cut = xref + strlen("6 0 obj\n<< ");
        snprintf(key, sizeof key, i == 0 ? KEYS[0] : KEYS[1], xref);
        assert_ok(buf_add(&b, base.ptr, cut));
        assert_ok(buf_addf(&b, "%s ", key));
        assert_ok(buf_add(&b, base.ptr + cut, base.len - cut));
        err_t e = answer(buf_bytes(&b));
        assert_true(e == ERR_PDF_DAMAGED || (i == 1 && e == OK)); /* /XRefStm means something in tables alone (§7.5.8.4) */
    }
}

/* --- huge --- */

static long peak_kb(void)
{
    struct rusage u;
    assert_int_equal(getrusage(RUSAGE_CHILDREN, &u), 0);
    return u.ru_maxrss;
}

/* In a process of its own, as signerd has it: what it costs is looked at there. */
static err_t answer_apart(struct bytes pdf, long *kb)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        err_t e = answer(pdf);
        _exit(e == OK ? 0 : e == ERR_PDF_DAMAGED ? 1 : e == ERR_TOO_LARGE ? 2 : e == ERR_NOMEM ? 3 : 9);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    static const err_t ANSWERS[] = {OK, ERR_PDF_DAMAGED, ERR_TOO_LARGE, ERR_NOMEM};
    assert_true(WEXITSTATUS(status) < 4);
    *kb = peak_kb();
    return ANSWERS[WEXITSTATUS(status)];
}

#define MANY 1000000

/* Sound, if odd: it is signed, like any other, in memory that grows with the table alone. */
static void a_million_objects_are_signed(void **state)
{
    (void)state;
    AUTO_BUF b = {0};
    long kb;
    assert_ok(buf_add_str(&b, "%PDF-1.7\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n"));
    size_t second = b.len;
    assert_ok(buf_add_str(&b, "2 0 obj\n<< /Type /Pages /Kids [ 3 0 R ] /Count 1 >>\nendobj\n"));
    size_t third = b.len;
    assert_ok(buf_add_str(&b, "3 0 obj\n<< /Type /Page /Parent 2 0 R /MediaBox [ 0 0 9 9 ] >>\nendobj\n"));
    size_t first_many = b.len;
    for (unsigned i = 4; i < MANY; i++)
        assert_ok(buf_addf(&b, "%07u 0 obj\nnull\nendobj\n", i)); /* each of one length */
    size_t each = strlen("0000000 0 obj\nnull\nendobj\n"), xref = b.len;
    assert_ok(buf_addf(&b, "xref\n0 %d\n0000000000 65535 f \n%010d 00000 n \n%010zu 00000 n \n%010zu 00000 n \n", MANY, 9, second, third));
    for (unsigned i = 4; i < MANY; i++)
        assert_ok(buf_addf(&b, "%010zu 00000 n \n", first_many + (i - 4) * each));
    assert_ok(buf_addf(&b, "trailer\n<< /Size %d /Root 1 0 R " TESTPDF_ID " >>\nstartxref\n%zu\n%%%%EOF\n", MANY, xref));
    assert_err(answer_apart(buf_bytes(&b), &kb), OK);
#ifndef __SANITIZE_ADDRESS__ /* which has a memory of its own */
    assert_true(kb < 512 << 10);
#endif
}

/* A table that claims a million rows, or more than there can be, and has none. */
static void tables_that_only_claim_to_be_large_are_refused(void **state)
{
    (void)state;
    static const char *const HEADS[] = {"0 1000000", "0 2147483647", "0 4294967296", "4294967290 10", "999999999 1", "0 -1"};
    for (size_t i = 0; i < sizeof HEADS / sizeof *HEADS; i++) {
        AUTO_BUF b = {0};
        long kb;
        assert_ok(buf_add_str(&b, "%PDF-1.7\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n"));
        size_t xref = b.len;
        assert_ok(buf_addf(
            &b, "xref\n%s\n0000000000 65535 f \n0000000009 00000 n \ntrailer\n<< /Size 2 /Root 1 0 R >>\nstartxref\n%zu\n%%%%EOF\n",
            HEADS[i], xref));
        assert_err(answer_apart(buf_bytes(&b), &kb), ERR_PDF_DAMAGED);
    }
}

/* --- damaged, but other programs open it by guessing --- */

static void what_others_repair_is_refused(void **state)
{
    (void)state;
    AUTO_BUF sound = {0}, text = {0};
    testpdf_make(&(struct testpdf_spec){0}, &sound);
    static const struct {
        const char *from, *to;
        err_t want;
    } DAMAGE[] = {
        {"xref\n0 6", "xref\n0 5", ERR_PDF_DAMAGED},                   /* a row too many */
        {"xref\n0 6", "xref\n1 6", ERR_PDF_DAMAGED},                   /* all rows one further */
        {"0000000009 00000 n", "0000000010 00000 n", ERR_PDF_DAMAGED}, /* an offset that is wrong by one */
        {"0000000015 00000 n", "0000000019 00000 n", ERR_PDF_DAMAGED},
        {"/Root 1 0 R", "/Root 4 0 R", ERR_PDF_DAMAGED},
        {"/Root 1 0 R", "/Root 9 0 R", ERR_PDF_DAMAGED},
        {"trailer\n<<", "trailer\n< ", ERR_PDF_DAMAGED},
        {"endobj\n2 0 obj", "endobj\n7 0 obj", ERR_PDF_DAMAGED}, /* the object there has another number */
        {"%%EOF", "%%EOR", ERR_PDF_TRUNCATED},
        {"startxref", "startxrof", ERR_PDF_TRUNCATED},
        {"%PDF-1.7", "%PDX-1.7", ERR_PDF_NOT_PDF},
    };
    for (size_t i = 0; i < sizeof DAMAGE / sizeof *DAMAGE; i++) {
        AUTO_BUF b = {0};
        assert_ok(buf_copy(&b, buf_bytes(&sound)));
        uint8_t *at = memmem(b.ptr, b.len, DAMAGE[i].from, strlen(DAMAGE[i].from));
        if (at == NULL)
            continue;
        memcpy(at, DAMAGE[i].to, strlen(DAMAGE[i].to));
        err_t e = answer(buf_bytes(&b));
        if (e != DAMAGE[i].want)
            print_message("%s -> %s: %s\n", DAMAGE[i].from, DAMAGE[i].to, err_info(e)->name);
        assert_int_equal(e, DAMAGE[i].want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nesting_ten_thousand_deep_is_refused),
        cmocka_unit_test(a_tree_of_fields_ten_thousand_deep_is_refused),
        cmocka_unit_test(a_tree_of_pages_ten_thousand_deep_is_answered),
        cmocka_unit_test(page_tree_loops_are_refused),
        cmocka_unit_test(loops_of_fields_are_refused),
        cmocka_unit_test(references_that_lead_to_themselves_are_answered),
        cmocka_unit_test(object_stream_loops_are_refused),
        cmocka_unit_test(object_streams_inside_of_each_other_are_refused),
        cmocka_unit_test(loops_of_cross_reference_streams_are_refused),
        cmocka_unit_test(a_million_objects_are_signed),
        cmocka_unit_test(tables_that_only_claim_to_be_large_are_refused),
        cmocka_unit_test(what_others_repair_is_refused),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}

/*
 * Page trees: which page is the first, what is no tree, and what is recognised in passing without qpdf. ISO 32000-1 §7.5.4, §7.7.3.
 */
#include "tests/unit/testpdf.h"
#include "tests/unit/unit.h"

#include "signer/formats/pdf_lex.h"
#include "signer/formats/pdf_pages.h"
#include "signer/formats/pdf_peek.h"

#define PAGE "<< /Type /Page /Parent 2 0 R /MediaBox [ 0 0 595 842 ] >>"

static int setup(void **state)
{
    (void)state;
    secret_init();
    formats_errors_register();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    tp_cleanup();
    return 0;
}

/* Object 1 is the catalog, object 2 the tree's root; the others as given, from object 3 on. */
static void make(const char *root, const char *const *objects, struct buf *out)
{
    struct testpdf t;
    testpdf_begin(&t);
    testpdf_object(&t, 1, "<< /Type /Catalog /Pages 2 0 R >>");
    testpdf_object(&t, 2, root);
    for (int i = 0; objects[i] != NULL; i++)
        testpdf_object(&t, 3 + i, objects[i]);
    testpdf_end(&t, TESTPDF_ID);
    *out = take(&t.out);
}

/* The first page's number in *id. */
static err_t first_of(struct bytes file, int *id)
{
    AUTO(pdf_close) struct pdf *p = NULL;
    qpdf_oh page;
    TRY(pdf_open_memory(file, &p));
    TRY(pdf_pages_first(p, &page));
    *id = qpdf_oh_get_object_id(pdf_handle(p), page);
    return OK;
}

static err_t first(const char *root, const char *const *objects, int *id)
{
    AUTO_BUF pdf = {0};
    make(root, objects, &pdf);
    return first_of(buf_bytes(&pdf), id);
}
#define OBJECTS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* --- the first page --- */

static void the_first_leaf_of_the_tree_is_the_first_page(void **state)
{
    (void)state;
    int id;
    assert_ok(first("<< /Type /Pages /Kids [ 4 0 R 3 0 R ] /Count 2 >>", OBJECTS(PAGE, PAGE), &id));
    assert_int_equal(id, 4);
    assert_ok(first("<< /Type /Pages /Kids [ 3 0 R 5 0 R 4 0 R ] /Count 2 >>",
                    OBJECTS("<< /Type /Pages /Parent 2 0 R /Kids [ ] /Count 0 >>", PAGE,
                            "<< /Type /Pages /Parent 2 0 R /Kids [ 6 0 R ] /Count 1 >>", "<< /Type /Page /Parent 5 0 R >>"),
                    &id));
    assert_int_equal(id, 6);
    assert_err(first("<< /Type /Pages /Kids [ ] /Count 0 >>", OBJECTS(PAGE), &id), ERR_PDF_DAMAGED);
}

static void other_kinds_of_cross_references_say_the_same(void **state)
{
    (void)state;
    AUTO_BUF pdf = {0};
    AUTO_BUF text = {0};
    AUTO_BUF made = {0};
    AUTO_STR from = tp_path("tree.pdf");
    AUTO_STR to = tp_path("made.pdf");
    int id;
    make("<< /Type /Pages /Kids [ 4 0 R 3 0 R ] /Count 2 >>", OBJECTS(PAGE, PAGE), &pdf);
    tp_write(from, buf_bytes(&pdf));
    static const char *const WAYS[] = {"--object-streams=generate --preserve-unreferenced", "--linearize", "--qdf"};
    for (size_t i = 0; i < sizeof WAYS / sizeof *WAYS; i++) {
        assert_int_equal(tp_run(&text, "qpdf %s tree.pdf made.pdf", WAYS[i]), 0);
        tp_read(to, &made);
        assert_ok(first_of(buf_bytes(&made), &id));
    }
}

/* --- what is no tree --- */

static void loops_and_shared_nodes_are_refused(void **state)
{
    (void)state;
    int id;
    assert_err(first("<< /Type /Pages /Kids [ 3 0 R 2 0 R ] /Count 2 >>", OBJECTS(PAGE), &id), ERR_PDF_DAMAGED);
    assert_err(first("<< /Type /Pages /Kids [ 3 0 R ] /Count 1 >>", OBJECTS("<< /Type /Pages /Kids [ 2 0 R ] /Count 1 >>"), &id),
               ERR_PDF_DAMAGED);
    assert_err(
        first("<< /Type /Pages /Kids [ 3 0 R 4 0 R ] /Count 2 >>", OBJECTS(PAGE, "<< /Type /Pages /Kids [ 4 0 R ] /Count 1 >>"), &id),
        ERR_PDF_DAMAGED);
    /* each node twice: 2^n leaves for who walks it */
    assert_err(
        first("<< /Type /Pages /Kids [ 3 0 R 3 0 R ] /Count 2 >>", OBJECTS("<< /Type /Pages /Kids [ 4 0 R ] /Count 1 >>", PAGE), &id),
        ERR_PDF_DAMAGED);
}

static void what_is_no_node_or_page_is_refused(void **state)
{
    (void)state;
    static const char *const ROOTS[] = {
        "<< /Type /Pages /Kids [ << /Type /Page >> ] /Count 1 >>",   /* a page inside of its node */
        "<< /Type /Pages /Kids [ 9 0 R ] /Count 1 >>",               /* none there */
        "<< /Type /Pages /Kids [ 3 0 R 4 0 R ] /Count 2 >>",         /* an array for a page */
        "<< /Type /Pages /Kids [ 3 0 R 5 0 R ] /Count 2 >>",         /* of another type */
        "<< /Type /Pages /Kids [ 3 0 R 6 0 R ] /Count 2 >>",         /* of no type */
        "<< /Type /Pages /Kids 3 0 R /Count 1 >>",                   /* no list */
        "<< /Type /Page /Kids [ 3 0 R ] >>",                         /* a page with kids */
        "<< /Type /Pages /Parent 3 0 R /Kids [ 3 0 R ] /Count 1 >>", /* not the root */
        "<< /Type /Page /MediaBox [ 0 0 595 842 ] >>",               /* a page alone */
        "[ 3 0 R ]",
    };
    for (size_t i = 0; i < sizeof ROOTS / sizeof *ROOTS; i++) {
        int id;
        err_t e = first(ROOTS[i], OBJECTS(PAGE, "[ 1 2 3 ]", "<< /Type /Font >>", "<< /MediaBox [ 0 0 1 1 ] >>"), &id);
        if (e != ERR_PDF_DAMAGED)
            fail_msg("%s: %s", ROOTS[i], err_info(e)->name);
    }
}

static void a_tree_too_deep_is_refused(void **state)
{
    (void)state;
    AUTO_BUF pdf = {0};
    AUTO_BUF table = {0};
    int id, last = PDF_PAGES_DEPTH_MAX + 10;
    assert_ok(buf_add_str(&pdf, "%PDF-1.7\n"));
    for (int i = 1; i <= last; i++) {
        assert_ok(buf_addf(&table, "%010zu 00000 n \n", pdf.len));
        if (i == 1)
            assert_ok(buf_add_str(&pdf, "1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n"));
        else if (i < last)
            assert_ok(buf_addf(&pdf, "%d 0 obj\n<< /Type /Pages /Kids [ %d 0 R ] /Count 1 >>\nendobj\n", i, i + 1));
        else
            assert_ok(buf_addf(&pdf, "%d 0 obj\n" PAGE "\nendobj\n", i));
    }
    size_t xref = pdf.len;
    assert_ok(buf_addf(&pdf, "xref\n0 %d\n0000000000 65535 f \n%strailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%zu\n%%%%EOF\n", last + 1,
                       buf_str(&table), last + 1, xref));
    assert_err(first_of(buf_bytes(&pdf), &id), ERR_TOO_LARGE);
}

/* --- in passing --- */

static bool peeked(const char *object, int id, int generation)
{
    AUTO_BUF pdf = {0};
    AUTO(pdf_close) struct pdf *p = NULL;
    struct pdf_peek *k = malloc(sizeof *k);
    make("<< /Type /Pages /Kids [ 3 0 R ] /Count 1 >>", OBJECTS(PAGE, object), &pdf);
    assert_ok(pdf_open_memory(buf_bytes(&pdf), &p));
    pdf_peek_open(p, k);
    assert_int_equal(k->run_n, 1);
    bool yes = pdf_peek_is_page(k, id, generation);
    free(k);
    return yes;
}

static void pages_are_recognised_in_passing(void **state)
{
    (void)state;
    static const char *const PAGES[] = {
        PAGE,
        "<</Type/Page/Parent 2 0 R>>",
        "<</Parent 2 0 R/X(a (nested) \\) string >>)/Y<3e3e>/Z[<</Kids[1 0 R]>>]/Type/Page/N null/R -1.5>>",
        "% a comment >>\n<< /Type % another\r /Page /Kid 5 /A 1 /B 2 /C 0 0 R >>",
    };
    for (size_t i = 0; i < sizeof PAGES / sizeof *PAGES; i++) {
        if (!peeked(PAGES[i], 4, 0))
            fail_msg("%s", PAGES[i]);
    }
}

static void whatever_is_not_surely_a_page_is_left_to_qpdf(void **state)
{
    (void)state;
    static const char *const OTHERS[] = {
        "<< /Type /Pages /Kids [ 3 0 R ] >>",
        "<< /Type /Page /Kids [ 3 0 R ] >>",
        "<< /Type /Page /K#69ds [ 3 0 R ] >>", /* the same name, written otherwise */
        "<< /Type /P#61ge >>",
        "<< /Type /Page /Type /Pages >>",
        "<< /Type (Page) >>",
        "<< /X << /Type /Page >> >>",
        "<< /Parent 2 0 R >>",
        "[ /Type /Page ]",
        "<< /Length 0 /Type /Page >>\nstream\n\nendstream",
    };
    for (size_t i = 0; i < sizeof OTHERS / sizeof *OTHERS; i++) {
        if (peeked(OTHERS[i], 4, 0))
            fail_msg("%s", OTHERS[i]);
    }
    assert_false(peeked(PAGE, 4, 1));
    assert_false(peeked(PAGE, 0, 0));
    assert_false(peeked(PAGE, 5, 0));
    assert_false(peeked(PAGE, -1, 0));
}

static void pages_in_which_something_may_act_are_left_to_qpdf(void **state)
{
    (void)state;
    static const struct {
        const char *object;
        bool still;
    } CASES[] = {
        {PAGE, true},
        {"<< /Type /Page /Parent 2 0 R /Contents [ 5 0 R 6 0 R ] /Resources 7 0 R /Group << /S /Transparency /CS /DeviceRGB >> >>", true},
        {"<< /Type /Page /Annots [ ] /Rotate 90 >>", true},
        {"<< /Type /Page /Annots [ 5 0 R ] >>", false},
        {"<< /Type /Page /Annots 5 0 R >>", false},
        {"<< /Type /Page /Annots [ 5 0% comment\nR ] >>", false},
        {"<< /Type /Page /AA << /O << /S /URI >> >> >>", false},
        {"<< /Type /Page /X << /S /JavaScript >> >>", false},
        {"<< /Type /Page /X << /S /J#61vaScript >> >>", false},
        {"<< /Type /Page /X << /S/Launch >> >>", false},
        {"<< /Type /Page /X << /EF << >> >> >>", false},
        {"<< /Type /Page /JS (app.alert(1)) >>", false},
        {"<< /Type /Page /Parent << /X 5 0 R >> >>", false},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        AUTO_BUF pdf = {0};
        AUTO(pdf_close) struct pdf *p = NULL;
        struct pdf_peek *k = malloc(sizeof *k);
        int parent = -1, generation = -1;
        make("<< /Type /Pages /Kids [ 3 0 R ] /Count 1 >>", OBJECTS(PAGE, CASES[i].object), &pdf);
        assert_ok(pdf_open_memory(buf_bytes(&pdf), &p));
        pdf_peek_open(p, k);
        if (pdf_peek_is_still_page(k, 4, 0, &parent, &generation) != CASES[i].still)
            fail_msg("%s", CASES[i].object);
        if (i < 2)
            assert_int_equal(parent, 2);
        free(k);
    }
}

/* An entry that leads to another object, and one that is free. */
static void the_number_at_the_place_must_be_the_one_asked_for(void **state)
{
    (void)state;
    AUTO_BUF pdf = {0};
    AUTO(pdf_close) struct pdf *p = NULL;
    struct pdf_peek *k = malloc(sizeof *k);
    make("<< /Type /Pages /Kids [ 3 0 R ] /Count 1 >>", OBJECTS(PAGE, PAGE, PAGE), &pdf);
    uint8_t *entries = memmem(pdf.ptr, pdf.len, "xref\n0 6\n", 9);
    assert_non_null(entries);
    entries += 9;
    memcpy(entries + 4 * (size_t)20, entries + 3 * (size_t)20, 20);
    entries[5 * 20 + 17] = 'f';
    assert_ok(pdf_open_memory(buf_bytes(&pdf), &p));
    pdf_peek_open(p, k);
    assert_true(pdf_peek_is_page(k, 3, 0));
    assert_false(pdf_peek_is_page(k, 4, 0));
    assert_false(pdf_peek_is_page(k, 5, 0));
    free(k);
}

static void the_newest_definition_counts(void **state)
{
    (void)state;
    AUTO_BUF pdf = {0};
    int id;
    make("<< /Type /Pages /Kids [ 3 0 R 4 0 R ] /Count 2 >>", OBJECTS(PAGE, PAGE), &pdf);
    const char *start = strstr((char *)pdf.ptr, "startxref\n");
    unsigned long before = strtoul(start + 10, NULL, 10);
    size_t at = pdf.len;
    assert_ok(buf_add_str(&pdf, "4 0 obj\n<< /Type /Pages /Kids [ 2 0 R ] /Count 1 >>\nendobj\n"));
    size_t xref = pdf.len;
    assert_ok(buf_addf(&pdf, "xref\n4 1\n%010zu 00000 n \ntrailer\n<< /Size 5 /Root 1 0 R /Prev %lu >>\nstartxref\n%zu\n%%%%EOF\n", at,
                       before, xref));
    assert_err(first_of(buf_bytes(&pdf), &id), ERR_PDF_DAMAGED); /* a loop now */
}

static void hybrid_files_are_not_looked_at_in_passing(void **state)
{
    (void)state;
    AUTO_BUF pdf = {0};
    AUTO(pdf_close) struct pdf *p = NULL;
    struct pdf_peek *k = malloc(sizeof *k);
    int id;
    testpdf_hybrid(&pdf);
    assert_ok(pdf_open_memory(buf_bytes(&pdf), &p));
    pdf_peek_open(p, k);
    assert_int_equal(k->run_n, 0);
    assert_false(pdf_peek_is_page(k, 3, 0));
    assert_ok(first_of(buf_bytes(&pdf), &id));
    assert_int_equal(id, 3);
    free(k);
}

/* Every cut of a text ends inside of something, or takes what is whole; memory beyond is not touched (AddressSanitizer sees). */
static void tokens_end_where_the_text_ends(void **state)
{
    (void)state;
    static const char TEXT[] = " % c\n<</A(s\\)(x))/B<41>/C[1 0 R -2 .5 null]/D/E>>endobj ";
    for (size_t n = 0; n <= sizeof TEXT - 1; n++) {
        uint8_t *copy = malloc(n + 1);
        uint8_t *text = copy + 1;
        memcpy(text, TEXT, n);
        struct pdf_lex l = {text, text + n};
        bool whole = pdf_lex_skip(&l) && pdf_lex_word(&l, "endobj");
        assert_int_equal(whole, n == sizeof TEXT - 1);
        free(copy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_leaf_of_the_tree_is_the_first_page),
        cmocka_unit_test(other_kinds_of_cross_references_say_the_same),
        cmocka_unit_test(loops_and_shared_nodes_are_refused),
        cmocka_unit_test(what_is_no_node_or_page_is_refused),
        cmocka_unit_test(a_tree_too_deep_is_refused),
        cmocka_unit_test(pages_are_recognised_in_passing),
        cmocka_unit_test(whatever_is_not_surely_a_page_is_left_to_qpdf),
        cmocka_unit_test(pages_in_which_something_may_act_are_left_to_qpdf),
        cmocka_unit_test(the_number_at_the_place_must_be_the_one_asked_for),
        cmocka_unit_test(the_newest_definition_counts),
        cmocka_unit_test(hybrid_files_are_not_looked_at_in_passing),
        cmocka_unit_test(tokens_end_where_the_text_ends),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}

/*
 * Large streams of two revisions: told by their place where every reader would find them there, read where not. ISO 32000-1 §7.5.4, §7.5.6.
 */
#include "tests/unit/testpdf.h"
#include "tests/unit/unit.h"

#include "signer/formats/pdf_peek.h"
#include "signer/verify/pdf_changes.h"
#include "signer/verify/pdf_same.h"

#define LARGE ((size_t)PDF_SAME_LARGE + 1)

static int setup(void **state)
{
    (void)state;
    secret_init();
    formats_errors_register();
    return 0;
}

/* One page that shows a large stream, object 4; its length in object 5 when indirect. */
static void make(bool indirect, size_t length, struct buf *out)
{
    struct testpdf t;
    testpdf_begin(&t);
    testpdf_object(&t, 1, "<< /Type /Catalog /Pages 2 0 R >>");
    testpdf_object(&t, 2, "<< /Type /Pages /Kids [ 3 0 R ] /Count 1 >>");
    testpdf_object(&t, 3, "<< /Type /Page /Parent 2 0 R /MediaBox [ 0 0 595 842 ] /Contents 4 0 R >>");
    AUTO_BUF number = {0};
    assert_ok(buf_addf(&number, "%zu", length));
    testpdf_object(&t, 5, buf_str(&number));
    t.at[4] = t.out.len;
    assert_ok(buf_addf(&t.out, "4 0 obj\n<< /Length %s >>\nstream\n", indirect ? "5 0 R" : buf_str(&number)));
    assert_ok(buf_reserve(&t.out, length));
    memset(t.out.ptr + t.out.len, '%', length);
    t.out.len += length;
    assert_ok(buf_add_str(&t.out, "\nendstream\nendobj\n"));
    testpdf_end(&t, TESTPDF_ID);
    *out = take(&t.out);
}

static unsigned long startxref_of(const struct buf *pdf)
{
    const char *at = (const char *)pdf->ptr + pdf->len - 40, *word = strstr(at, "startxref\n");
    assert_non_null(word);
    return strtoul(word + 10, NULL, 10);
}

/* An update with one object; table: what stands between "xref" and "trailer", NULL for the right entry. */
static void update(struct buf *pdf, int id, const char *object, const char *table)
{
    unsigned long before = startxref_of(pdf);
    size_t at = pdf->len;
    assert_ok(buf_addf(pdf, "%d 0 obj\n%s\nendobj\n", id, object));
    size_t xref = pdf->len;
    assert_ok(buf_add_str(pdf, "xref\n"));
    if (table != NULL)
        assert_ok(buf_add_str(pdf, table));
    else
        assert_ok(buf_addf(pdf, "%d 1\n%010zu 00000 n \n", id, at));
    assert_ok(buf_addf(pdf, "trailer\n<< /Size %d /Root 1 0 R /Prev %lu >>\nstartxref\n%zu\n%%%%EOF\n", id > 5 ? 7 : 6, before, xref));
}

/* Of the revision that ends at end, and the whole. */
static err_t changes(const struct buf *pdf, size_t end, struct pdf_changes *out, bool *by_place)
{
    AUTO(pdf_close) struct pdf *before = NULL;
    AUTO(pdf_close) struct pdf *after = NULL;
    AUTO(pdf_same_free) struct pdf_same *same = NULL;
    TRY(pdf_open_memory(BYTES(pdf->ptr, end), &before));
    TRY(pdf_open_memory(buf_bytes(pdf), &after));
    assert_ok(pdf_same_new(before, after, &same));
    *by_place = same != NULL && pdf_same_place(same, 4, 0);
    return pdf_changes_find(before, after, out);
}

static void an_untouched_large_stream_is_told_by_its_place(void **state)
{
    (void)state;
    for (int indirect = 0; indirect < 2; indirect++) {
        AUTO_BUF pdf = {0};
        struct pdf_changes c;
        bool by_place;
        make(indirect == 1, LARGE, &pdf);
        size_t end = pdf.len;
        update(&pdf, 6, "<< >>", NULL);
        assert_ok(changes(&pdf, end, &c, &by_place));
        assert_true(by_place);
        assert_string_equal(c.fault, "");
    }
}

static void another_stream_or_another_length_is_found(void **state)
{
    (void)state;
    AUTO_BUF pdf = {0};
    AUTO_BUF other = {0};
    AUTO_BUF shorter = {0};
    struct pdf_changes c;
    bool by_place;
    make(false, LARGE, &pdf);
    size_t end = pdf.len;
    assert_ok(buf_addf(&other, "<< /Length %zu >>\nstream\n%*s\nendstream", LARGE, (int)LARGE, ""));
    update(&pdf, 4, buf_str(&other), NULL);
    assert_ok(changes(&pdf, end, &c, &by_place));
    assert_false(by_place);
    assert_string_not_equal(c.fault, "");

    buf_free(&pdf);
    make(true, LARGE + 100, &pdf); /* shown shorter than it was signed: the stream's object is where it was */
    end = pdf.len;
    assert_ok(buf_addf(&shorter, "%zu", LARGE));
    update(&pdf, 5, buf_str(&shorter), NULL);
    err_t e = changes(&pdf, end, &c, &by_place);
    assert_true(e == ERR_PDF_DAMAGED || (e == OK && by_place && c.fault[0] != '\0'));
}

/* Lines of nineteen bytes shift what is counted by twenty: who counts lines finds another entry than who counts bytes. */
static void tables_that_can_be_counted_in_two_ways_tell_nothing(void **state)
{
    (void)state;
    static const char *const TABLES[] = {
        "6 1\n0000000017 00000 n\n\n", "6 1\n0000000017 00000 n  \n", "6 1\n0000000017 00000 n\t\n",
        "6 1\n0000000017 0000x n \n",  "6 1\n0000000017 00000 m \n",
    };
    for (size_t i = 0; i < sizeof TABLES / sizeof *TABLES; i++) {
        AUTO_BUF pdf = {0};
        AUTO(pdf_close) struct pdf *before = NULL;
        AUTO(pdf_close) struct pdf *after = NULL;
        AUTO(pdf_same_free) struct pdf_same *same = NULL;
        make(false, 100, &pdf);
        size_t end = pdf.len;
        update(&pdf, 6, "<< >>", TABLES[i]);
        assert_ok(pdf_open_memory(BYTES(pdf.ptr, end), &before));
        if (pdf_open_memory(buf_bytes(&pdf), &after) != OK)
            continue; /* refused altogether */
        assert_ok(pdf_same_new(before, after, &same));
        if (same != NULL)
            fail_msg("%s", TABLES[i]);
    }
}

static void two_files_that_look_alike_are_no_revisions_of_each_other(void **state)
{
    (void)state;
    AUTO_BUF a = {0};
    AUTO_BUF b = {0};
    AUTO(pdf_close) struct pdf *before = NULL;
    AUTO(pdf_close) struct pdf *after = NULL;
    AUTO(pdf_same_free) struct pdf_same *same = NULL;
    struct pdf_changes c;
    make(false, LARGE, &a);
    make(false, LARGE, &b);
    b.ptr[LARGE / 2] = '#';
    assert_ok(pdf_open_memory(buf_bytes(&a), &before));
    assert_ok(pdf_open_memory(buf_bytes(&b), &after));
    assert_ok(pdf_same_new(before, after, &same));
    assert_null(same);
    assert_ok(pdf_changes_find(before, after, &c));
    assert_string_not_equal(c.fault, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_untouched_large_stream_is_told_by_its_place),
        cmocka_unit_test(another_stream_or_another_length_is_found),
        cmocka_unit_test(tables_that_can_be_counted_in_two_ways_tell_nothing),
        cmocka_unit_test(two_files_that_look_alike_are_no_revisions_of_each_other),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}

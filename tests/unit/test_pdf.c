/*
 * Opening PDFs: what is looked at before qpdf is trusted, and each reason for a refusal. ISO 32000-1 §7.5.
 */
#include "tests/unit/testpdf.h"

#include "signer/formats/pdf_active.h"
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <unistd.h>

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

static err_t open_bytes(struct bytes b)
{
    AUTO(pdf_close) struct pdf *p = NULL;
    return pdf_open_memory(b, &p);
}

static void place_and_kind_of_the_newest_xref_are_found(void **state)
{
    (void)state;
    AUTO_BUF pdf = {0}, text = {0}, stream = {0};
    AUTO(pdf_close) struct pdf *p = NULL;
    AUTO(pdf_close) struct pdf *s = NULL;
    testpdf_make(&(struct testpdf_spec){0}, &pdf);
    assert_int_equal(pdf_open_memory(buf_bytes(&pdf), &p), OK);
    assert_int_equal(pdf_xref(p), PDF_XREF_TABLE);
    assert_memory_equal(pdf.ptr + pdf_startxref(p), "xref", 4);
    assert_int_equal(pdf_size(p), pdf.len);

    char *path = tp_path("a.pdf"), *to = tp_path("s.pdf");
    tp_write(path, buf_bytes(&pdf));
    assert_int_equal(tp_run(&text, "qpdf --object-streams=generate a.pdf s.pdf"), 0);
    tp_read(to, &stream);
    assert_int_equal(pdf_open_memory(buf_bytes(&stream), &s), OK);
    assert_int_equal(pdf_xref(s), PDF_XREF_STREAM);
    free(path);
    free(to);
}

static void descriptor_is_read_whatever_its_offset(void **state)
{
    (void)state;
    AUTO_BUF pdf = {0};
    AUTO(pdf_close) struct pdf *p = NULL;
    testpdf_make(&(struct testpdf_spec){0}, &pdf);
    char *path = tp_path("fd.pdf");
    tp_write(path, buf_bytes(&pdf));
    AUTO_FD fd = open(path, O_RDONLY);
    assert_int_equal(unlink(path), 0); /* a spool file without a name */
    assert_true(lseek(fd, 100, SEEK_SET) == 100);
    assert_int_equal(pdf_open(fd, &p), OK);
    unsigned active = PDF_ACTIVE_ALL;
    assert_int_equal(pdf_check(fd, &active), OK);
    assert_int_equal(active, 0);
    assert_true(lseek(fd, 0, SEEK_CUR) == 100);
    free(path);
}

static void other_than_regular_files_are_refused(void **state)
{
    (void)state;
    AUTO(pdf_close) struct pdf *p = NULL;
    AUTO_FD null = open("/dev/null", O_RDONLY);
    assert_int_equal(pdf_open(null, &p), ERR_IO);
    assert_int_equal(pdf_open(-1, &p), ERR_IO);
}

static void header_is_checked(void **state)
{
    (void)state;
    AUTO_BUF pdf = {0};
    testpdf_make(&(struct testpdf_spec){0}, &pdf);
    pdf.ptr[5] = 'x';
    assert_int_equal(open_bytes(buf_bytes(&pdf)), ERR_PDF_JUNK); /* "%PDF-x": no version where one belongs */
    memcpy(pdf.ptr, "%PDX-1.7", 8);
    assert_int_equal(open_bytes(buf_bytes(&pdf)), ERR_PDF_NOT_PDF);
    memcpy(pdf.ptr, " %PDF-1.", 8);
    assert_int_equal(open_bytes(buf_bytes(&pdf)), ERR_PDF_JUNK);
}

static void white_space_behind_the_end_is_no_fault(void **state)
{
    (void)state;
    AUTO_BUF pdf = {0};
    testpdf_make(&(struct testpdf_spec){0}, &pdf);
    assert_int_equal(buf_add(&pdf, "\r\n\0\0 \n", 6), OK);
    assert_int_equal(open_bytes(buf_bytes(&pdf)), OK);
    assert_int_equal(buf_add(&pdf, "x", 1), OK);
    assert_int_equal(open_bytes(buf_bytes(&pdf)), ERR_PDF_TRUNCATED);
}

static void startxref_that_leads_nowhere_is_damage(void **state)
{
    (void)state;
    static const char *const VALUES[] = {"99999", "0", "-1", "", "abc", "99999999999999999999", "10 5"};
    for (size_t i = 0; i < sizeof VALUES / sizeof *VALUES; i++) {
        AUTO_BUF pdf = {0}, cut = {0};
        testpdf_make(&(struct testpdf_spec){0}, &pdf);
        const char *word = strstr((char *)pdf.ptr, "startxref");
        assert_int_equal(buf_add(&cut, pdf.ptr, (size_t)(word - (char *)pdf.ptr)), OK);
        assert_int_equal(buf_addf(&cut, "startxref\n%s\n%%%%EOF\n", VALUES[i]), OK);
        assert_int_equal(open_bytes(buf_bytes(&cut)), ERR_PDF_DAMAGED);
    }
}

static void wrong_offsets_are_not_repaired(void **state)
{
    (void)state;
    AUTO_BUF pdf = {0};
    testpdf_make(&(struct testpdf_spec){0}, &pdf);
    char *entry = strstr((char *)pdf.ptr, "xref\n0 6\n") + 9 + 20;
    entry[9] = entry[9] == '9' ? '8' : '9'; /* object 1, the catalog */
    assert_int_equal(open_bytes(buf_bytes(&pdf)), ERR_PDF_DAMAGED);
}

static void size_that_lies_is_damage(void **state)
{
    (void)state;
    AUTO_BUF pdf = {0};
    testpdf_make(&(struct testpdf_spec){0}, &pdf);
    char *size = strstr((char *)pdf.ptr, "/Size 6");
    size[6] = '3'; /* a new object would get a number in use */
    assert_int_equal(open_bytes(buf_bytes(&pdf)), ERR_PDF_DAMAGED);
}

static void loop_of_two_xref_sections_is_damage(void **state)
{
    (void)state;
    AUTO_BUF pdf = {0};
    testpdf_make(&(struct testpdf_spec){.trailer = "/Prev 0000000000"}, &pdf);
    size_t first = (size_t)atol(strstr((char *)pdf.ptr, "startxref\n") + 10), second = pdf.len;
    assert_int_equal(buf_addf(&pdf, "xref\n0 0\ntrailer\n<< /Size 6 /Root 1 0 R /Prev %zu >>\nstartxref\n%zu\n%%%%EOF\n", first, second),
                     OK);
    char digits[11], *prev = strstr((char *)pdf.ptr, "/Prev ");
    snprintf(digits, sizeof digits, "%010zu", second);
    memcpy(prev + 6, digits, 10);
    assert_int_equal(open_bytes(buf_bytes(&pdf)), ERR_PDF_DAMAGED);
}

static void every_prefix_and_every_changed_byte_is_answered(void **state)
{
    (void)state;
    AUTO_BUF pdf = {0};
    testpdf_hybrid(&pdf);
    for (size_t n = 0; n < pdf.len; n++) {
        uint8_t *copy = malloc(n + 1);
        memcpy(copy, pdf.ptr, n);
        err_t e = open_bytes(BYTES(copy, n));
        assert_true(e != OK || n + 1 >= pdf.len);
        free(copy);
    }
    for (size_t i = 0; i < pdf.len; i++) {
        for (unsigned bit = 0; bit < 8; bit += 3) {
            pdf.ptr[i] ^= (uint8_t)(1 << bit);
            (void)!open_bytes(buf_bytes(&pdf));
            pdf.ptr[i] ^= (uint8_t)(1 << bit);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(place_and_kind_of_the_newest_xref_are_found),
        cmocka_unit_test(descriptor_is_read_whatever_its_offset),
        cmocka_unit_test(other_than_regular_files_are_refused),
        cmocka_unit_test(header_is_checked),
        cmocka_unit_test(white_space_behind_the_end_is_no_fault),
        cmocka_unit_test(startxref_that_leads_nowhere_is_damage),
        cmocka_unit_test(wrong_offsets_are_not_repaired),
        cmocka_unit_test(size_that_lies_is_damage),
        cmocka_unit_test(loop_of_two_xref_sections_is_damage),
        cmocka_unit_test(every_prefix_and_every_changed_byte_is_answered),
    };
    return cmocka_run_group_tests_name("pdf", tests, setup, teardown);
}

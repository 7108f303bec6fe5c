/*
 * The antin-verify program: exit statuses, options, folders, both languages, JSON, limits. docs/man/antin-verify.1.
 */
#include "tests/unit/testpdf.h"
#include "tests/unit/testsign.h"

#include "common/json.h"
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <sys/stat.h>

static struct ts_pki pki;
static char program[4096];

static void write_pem_crl(FILE *f, const struct buf *der)
{
    const uint8_t *p = der->ptr;
    X509_CRL *crl = d2i_X509_CRL(NULL, &p, (long)der->len);
    assert_int_equal(PEM_write_X509_CRL(f, crl), 1);
    X509_CRL_free(crl);
}

static void write_in(const char *name, struct bytes v)
{
    char *path = tp_path(name);
    tp_write(path, v);
    free(path);
}

/* root.pem, crls.pem, signed.pdf, note.txt with note.txt.p7s (no CRLs inside), changed.txt with changed.txt.p7s. */
static int setup(void **state)
{
    (void)state;
    const char *build = getenv("ANTIN_BUILD");
    char relative[512];
    snprintf(relative, sizeof relative, "%s/bin/antin-verify", build != NULL ? build : "build");
    if (realpath(relative, program) == NULL)
        return 0; /* every test skips */
    secret_init();
    formats_errors_register();
    ts_pki_make(&pki);
    char *root = tp_path("root.pem"), *crls = tp_path("crls.pem"), *pdf = tp_path("signed.pdf");
    tp_write_pem(root, (X509 *const[]){pki.root.cert}, 1);
    FILE *f = fopen(crls, "w");
    write_pem_crl(f, &pki.root_crl);
    write_pem_crl(f, &pki.ca_crl);
    write_pem_crl(f, &pki.services_crl);
    fclose(f);
    AUTO_BUF bytes = {0}, with = {0}, without = {0};
    testpdf_make(&(struct testpdf_spec){0}, &bytes);
    tp_write(pdf, buf_bytes(&bytes));
    ts_sign_pdf(pdf, &pki, &pki.citizen, NULL);
    ts_cms_over(&pki, &(struct ts_how){.signer = &pki.citizen, .no_crls = true}, bytes_str("note"), &without);
    ts_cms_over(&pki, &(struct ts_how){.signer = &pki.citizen}, bytes_str("note"), &with);
    write_in("note.txt", bytes_str("note"));
    write_in("note.txt.p7s", buf_bytes(&without));
    write_in("changed.txt", bytes_str("Note"));
    write_in("changed.txt.p7s", buf_bytes(&with));
    free(root);
    free(crls);
    free(pdf);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    ts_pki_free(&pki);
    tp_cleanup();
    return 0;
}

static int run(struct buf *out, const char *arguments)
{
    if (program[0] == '\0')
        skip();
    return tp_run(out, "ANTIN_TRUST= LC_ALL= LC_MESSAGES= LANG= '%s' %s", program, arguments);
}

#define ASSERT_EXIT(code, arguments)                                  \
    do {                                                              \
        AUTO_BUF t_ = {0};                                            \
        int c_ = run(&t_, arguments);                                 \
        if (c_ != (code))                                             \
            fail_msg("%s: exit %d: %s", arguments, c_, buf_str(&t_)); \
    } while (0)

static void exit_status_tells_the_worst(void **state)
{
    (void)state;
    ASSERT_EXIT(0, "--trust root.pem signed.pdf");
    ASSERT_EXIT(0, "--trust root.pem --crl crls.pem signed.pdf note.txt.p7s");
    ASSERT_EXIT(0, "--trust root.pem --crl crls.pem note.txt"); /* the content leads to its signature */
    ASSERT_EXIT(2, "--trust root.pem note.txt.p7s");            /* no revocation list */
    ASSERT_EXIT(1, "--trust root.pem changed.txt.p7s");
    ASSERT_EXIT(1, "--trust root.pem signed.pdf note.txt.p7s changed.txt.p7s");
    ASSERT_EXIT(2, "signed.pdf"); /* nothing is trusted */
}

static void usage_errors_are_3(void **state)
{
    (void)state;
    static const char *const WRONG[] = {"",
                                        "--trust root.pem",
                                        "--nonsense signed.pdf",
                                        "--trust absent.pem signed.pdf",
                                        "--trust note.txt signed.pdf",
                                        "--trust root.pem --crl root.pem signed.pdf",
                                        "--trust root.pem --at yesterday signed.pdf",
                                        "--trust root.pem --lang fr signed.pdf",
                                        "--trust root.pem absent.pdf",
                                        "--trust root.pem --content absent.txt note.txt.p7s"};
    for (size_t i = 0; i < sizeof WRONG / sizeof *WRONG; i++)
        ASSERT_EXIT(3, WRONG[i]);
    ASSERT_EXIT(0, "--help");
    ASSERT_EXIT(0, "--version");
}

static void crls_may_stand_in_the_trust_file(void **state)
{
    (void)state;
    AUTO_BUF text = {0};
    tp_run(&text, "cat root.pem crls.pem > both.pem");
    ASSERT_EXIT(0, "--trust both.pem note.txt.p7s");
}

static void anchor_is_called_by_its_name_in_the_file(void **state)
{
    (void)state;
    AUTO_BUF text = {0};
    tp_run(&text, "{ echo '# name: Cơ quan gốc'; cat root.pem; } > named.pem");
    run(&text, "--trust named.pem signed.pdf");
    assert_non_null(strstr(buf_str(&text), "Cơ quan gốc"));
}

static void content_can_be_named(void **state)
{
    (void)state;
    AUTO_BUF text = {0};
    tp_run(&text, "cp note.txt.p7s signature.bin");
    ASSERT_EXIT(2, "--trust root.pem --crl crls.pem signature.bin");
    ASSERT_EXIT(0, "--trust root.pem --crl crls.pem --content note.txt signature.bin");
    ASSERT_EXIT(1, "--trust root.pem --crl crls.pem --content changed.txt signature.bin");
}

static void at_another_time_the_answer_is_another(void **state)
{
    (void)state;
    ASSERT_EXIT(2, "--trust root.pem --at 2020-01-01T00:00:00Z signed.pdf"); /* the timestamp is from the future */
    ASSERT_EXIT(0, "--trust root.pem --at 2030-01-01T00:00:00Z signed.pdf"); /* proven time, so the old CRL still answers */
}

static void report_is_vietnamese_unless_told_otherwise(void **state)
{
    (void)state;
    AUTO_BUF text = {0};
    run(&text, "--trust root.pem signed.pdf");
    static const char *const SHOWN[] = {
        "HỢP LỆ",   "Người ký:", "Nguyễn Văn Ánh", "Tổ chức cấp chứng thư:", "Cơ quan quản lý chứng thư:", "Thời điểm ký:",
        "(+07:00)", "Test TSA",  "Tính toàn vẹn:", "Hiệu lực khi ký:",       "Thời hạn chứng thư:",        "Test Root"};
    for (size_t i = 0; i < sizeof SHOWN / sizeof *SHOWN; i++)
        assert_non_null(strstr(buf_str(&text), SHOWN[i]));
    run(&text, "--trust root.pem --lang en signed.pdf");
    assert_non_null(strstr(buf_str(&text), "VALID"));
    run(&text, "--trust root.pem changed.txt.p7s");
    for (size_t i = 1; i < 6; i++) /* shown, valid or not: Circular 15/2025 */
        assert_non_null(strstr(buf_str(&text), SHOWN[i]));
}

static void json_is_one_document(void **state)
{
    (void)state;
    AUTO_BUF text = {0};
    assert_int_equal(run(&text, "--json --trust root.pem signed.pdf changed.txt.p7s"), 1);
    AUTO_JSON j = NULL;
    assert_int_equal(json_parse(buf_bytes(&text), 1 << 20, &j), OK);
    const json_t *files = json_object_get(j, "files");
    assert_int_equal(json_array_size(files), 2);
    assert_string_equal(json_string_value(json_object_get(json_array_get(files, 0), "verdict")), "TOTAL-PASSED");
    assert_string_equal(json_string_value(json_object_get(json_array_get(files, 1), "sub_indication")), "HASH_FAILURE");
}

static void folders_are_searched_and_unsigned_files_found(void **state)
{
    (void)state;
    AUTO_BUF text = {0};
    tp_run(&text,
           "mkdir -p folder/deep; cp signed.pdf folder/deep; cp note.txt note.txt.p7s folder; ln -sf ../changed.txt folder/link.txt");
    ASSERT_EXIT(0, "--trust root.pem --crl crls.pem folder");
    tp_run(&text, "echo x > folder/stranger.txt");
    ASSERT_EXIT(1, "--trust root.pem --crl crls.pem folder");
    tp_run(&text, "mkdir -p empty");
    ASSERT_EXIT(3, "--trust root.pem empty");
}

static void names_cannot_write_to_the_terminal(void **state)
{
    (void)state;
    AUTO_BUF text = {0};
    tp_run(&text, "cp note.txt \"$(printf 'a\\033[31mb.txt')\"");
    run(&text, "--trust root.pem a*b.txt");
    assert_null(strchr(buf_str(&text), '\033'));
}

static void memory_is_bounded(void **state)
{
    (void)state;
    AUTO_BUF text = {0};
#if defined(__SANITIZE_ADDRESS__)
    skip(); /* the sanitizer's own memory is past any such limit */
#endif
    /* an object stream of 400 MB of blanks in 400 kB: more than the verifier may have */
    if (tp_run(&text, "/usr/bin/python3 - <<'P'\n"
                      "import zlib\n"
                      "o=b'%%PDF-1.7\\n'; at={}\n"
                      "def add(i,b):\n"
                      "  global o\n"
                      "  at[i]=len(o); o+=b'%%d 0 obj\\n'%%i+b+b'\\nendobj\\n'\n"
                      "z=zlib.compress(b'1 0 << /Type /Catalog /Pages 2 0 R >>'+b' '*(400<<20),9)\n"
                      "add(2,b'<< /Type /Pages /Kids [ ] /Count 0 >>')\n"
                      "add(4,b'<< /Type /ObjStm /N 1 /First 4 /Filter /FlateDecode /Length %%d >>\\nstream\\n'%%len(z)+z+b'\\nendstream')\n"
                      "x=len(o)\n"
                      "e=b'\\0\\0\\0\\0\\0\\0'+b'\\x02\\0\\0\\0\\x04\\0'+b'\\x01'+at[2].to_bytes(4,'big')+b'\\0'+b'\\0'*6+b'\\x01'+at[4]."
                      "to_bytes(4,'big')+b'\\0'+b'\\x01'+x.to_bytes(4,'big')+b'\\0'\n"
                      "o+=b'5 0 obj\\n<< /Type /XRef /Size 6 /W [ 1 4 1 ] /Root 1 0 R /Length %%d "
                      ">>\\nstream\\n'%%len(e)+e+b'\\nendstream\\nendobj\\nstartxref\\n%%d\\n%%%%%%%%EOF\\n'%%x\n"
                      "open('bomb.pdf','wb').write(o)\n"
                      "P\n"
                      ":") != 0)
        fail_msg("%s", buf_str(&text));
    int code = run(&text, "--trust root.pem bomb.pdf");
    if (code != 1 && code != 2)
        fail_msg("exit %d: %s", code, buf_str(&text));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exit_status_tells_the_worst),
        cmocka_unit_test(usage_errors_are_3),
        cmocka_unit_test(crls_may_stand_in_the_trust_file),
        cmocka_unit_test(anchor_is_called_by_its_name_in_the_file),
        cmocka_unit_test(content_can_be_named),
        cmocka_unit_test(at_another_time_the_answer_is_another),
        cmocka_unit_test(report_is_vietnamese_unless_told_otherwise),
        cmocka_unit_test(json_is_one_document),
        cmocka_unit_test(folders_are_searched_and_unsigned_files_found),
        cmocka_unit_test(names_cannot_write_to_the_terminal),
        cmocka_unit_test(memory_is_bounded),
    };
    return cmocka_run_group_tests_name("verify_cli", tests, setup, teardown);
}

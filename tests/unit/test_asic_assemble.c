/*
 * Containers put together from files where they lie and signatures made elsewhere, as signerd does: read by our verifier and by unzip.
 * ETSI EN 319 162-1 §4.4.3; PKWARE APPNOTE 6.3.10 §4.3.7.
 */
#include "tests/unit/testtrust.h"
#include "tests/unit/unit.h"
#include "signer/formats/asic.h"
#include "signer/verify/verify.h"
#include <fcntl.h>

static struct buf large; /* the file that is read in pieces */

static int setup(void **state)
{
    (void)trust_setup(state);
    trust_crls();
    for (int i = 0; i < 40000; i++)
        assert_ok(buf_addf(&large, "dòng %d\n", i));
    char *path = tp_path("large.txt");
    tp_write(path, buf_bytes(&large));
    free(path);
    return 0;
}

static int teardown(void **state)
{
    buf_free(&large);
    return trust_teardown(state);
}

static err_t open_large(void *arg, const struct asic_part *p, int *fd)
{
    char *path = tp_path(arg != NULL ? arg : p->name);
    *fd = open(path, O_RDONLY | O_CLOEXEC);
    free(path);
    return *fd >= 0 ? OK : ERR_IO;
}

/* Two files; the second lies on the disk. */
static void two_parts(struct asic_part out[2])
{
    out[0] = (struct asic_part){.name = "Đơn.xml", .media_type = "application/xml", .content = BYTES_STR("<a/>")};
    out[1] = (struct asic_part){.name = "large.txt", .media_type = "text/plain", .open = open_large, .size = large.len};
}

static void sign_parts(size_t n, const struct tp_id *who, struct buf *xml)
{
    struct hall m;
    uint8_t digest[2][32];
    sha256(BYTES_STR("<a/>"), digest[0]);
    sha256(buf_bytes(&large), digest[1]);
    const struct xades_data data[] = {{"Đơn.xml", "application/xml", BYTES(digest[0], 32)},
                                      {"large.txt", "text/plain", BYTES(digest[1], 32)}};
    const struct xades_opts o = {.signing_time = clock_now(), .container = true};
    assert_ok(xades_sign_detached(data, n, NULL, &o, key_of(&m, who, CMS_SHA256, SIGN_ECDSA), xml));
}

static enum verdict verdict_of(const struct buf *b, size_t *signatures)
{
    struct context ctx = {.trust = &trust, .at = clock_now()};
    struct file_result f;
    verify_bytes(&ctx, buf_bytes(b), BYTES(NULL, 0), &f);
    enum verdict v = f.findings.verdict;
    *signatures = f.signature_n;
    file_result_free(&f);
    return v;
}

static void files_and_signatures_become_a_container(void **state)
{
    (void)state;
    struct asic_part part[2];
    struct buf xml[2] = {{0}};
    AUTO_BUF out = {0};
    AUTO_BUF said = {0};
    size_t n = 0;
    two_parts(part);
    sign_parts(1, &pki.citizen, &xml[0]); /* of the first file alone; the other signature covers both */
    sign_parts(2, &pki.citizen, &xml[1]);
    const struct bytes signatures[] = {buf_bytes(&xml[0]), buf_bytes(&xml[1])};
    assert_ok(asic_assemble(part, 2, signatures, 2, clock_now(), &(struct zip_sink){zip_to_buf, &out}));
    assert_int_equal(verdict_of(&out, &n), TOTAL_PASSED);
    assert_int_equal(n, 2);
    char *path = tp_path("c.asice");
    tp_write(path, buf_bytes(&out));
    free(path);
    assert_int_equal(tp_run(&said, "unzip -tq c.asice && unzip -p c.asice large.txt | cmp - large.txt && unzip -p c.asice mimetype"), 0);
    assert_non_null(strstr(buf_str(&said), ASIC_E_MIME));
    out.len = 0;
    assert_ok(asic_assemble(part, 2, signatures, 1, clock_now(), &(struct zip_sink){zip_to_buf, &out}));
    assert_int_equal(verdict_of(&out, &n), INDETERMINATE); /* a file that nobody signed */
    buf_free(&xml[0]);
    buf_free(&xml[1]);
}

/* Who signs one of two files twice has not signed the whole. */
static void a_file_that_is_named_twice_counts_once(void **state)
{
    (void)state;
    struct asic_part part[2];
    struct hall m;
    struct file_result f;
    struct buf xml[2] = {{0}};
    AUTO_BUF out = {0};
    uint8_t digest[32];
    sha256(BYTES_STR("<a/>"), digest);
    const struct xades_data data[] = {{"Đơn.xml", NULL, BYTES(digest, 32)}, {"Đơn.xml", NULL, BYTES(digest, 32)}};
    const struct xades_opts o = {.signing_time = clock_now(), .container = true};
    two_parts(part);
    assert_ok(xades_sign_detached(data, 2, NULL, &o, key_of(&m, &pki.citizen, CMS_SHA256, SIGN_ECDSA), &xml[0]));
    sign_parts(2, &pki.citizen, &xml[1]);
    const struct bytes signatures[] = {buf_bytes(&xml[0]), buf_bytes(&xml[1])};
    assert_ok(asic_assemble(part, 2, signatures, 2, clock_now(), &(struct zip_sink){zip_to_buf, &out}));
    verify_bytes(&(struct context){.trust = &trust, .at = clock_now()}, buf_bytes(&out), BYTES(NULL, 0), &f);
    assert_int_equal(f.signature_n, 2);
    assert_false(f.signature[0].whole);
    assert_true(f.signature[1].whole);
    file_result_free(&f);
    buf_free(&xml[0]);
    buf_free(&xml[1]);
}

static void a_file_that_is_shorter_than_said_makes_no_container(void **state)
{
    (void)state;
    struct asic_part part[2];
    AUTO_BUF out = {0};
    two_parts(part);
    part[1].size++;
    assert_err(asic_assemble(part, 2, NULL, 0, 0, &(struct zip_sink){zip_to_buf, &out}), ERR_IO);
    part[1].size = (uint64_t)ZIP_FILE_MAX + 1;
    assert_err(asic_assemble(part, 2, NULL, 0, 0, &(struct zip_sink){zip_to_buf, &out}), ERR_TOO_LARGE);
    part[1].size = large.len;
    part[1].arg = (void *)(uintptr_t) "nothing-there";
    assert_err(asic_assemble(part, 2, NULL, 0, 0, &(struct zip_sink){zip_to_buf, &out}), ERR_IO);
}

static void names_of_the_containers_own_are_refused(void **state)
{
    (void)state;
    static const char *const NO[] = {"mimetype", "MimeType", "META-INF", "meta-inf/x", "large.txt"};
    for (size_t i = 0; i < sizeof NO / sizeof *NO; i++) {
        struct asic_part part[2];
        AUTO_BUF out = {0};
        two_parts(part);
        part[0].name = NO[i];
        assert_err(asic_assemble(part, 2, NULL, 0, 0, &(struct zip_sink){zip_to_buf, &out}), ERR_ASIC);
        assert_int_equal(out.len, 0);
    }
    AUTO_BUF out = {0};
    assert_err(asic_assemble(NULL, 0, NULL, 0, 0, &(struct zip_sink){zip_to_buf, &out}), ERR_ASIC);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_and_signatures_become_a_container),
        cmocka_unit_test(a_file_that_is_named_twice_counts_once),
        cmocka_unit_test(a_file_that_is_shorter_than_said_makes_no_container),
        cmocka_unit_test(names_of_the_containers_own_are_refused),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}

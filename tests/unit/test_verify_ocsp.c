/*
 * OCSP responses that came with a signature: believed from whom they may come, for the time that they speak of.
 * RFC 6960 §4.2.2; ETSI EN 319 102-1 §5.2.5.
 */
#include "tests/unit/testtrust.h"
#include "tests/unit/testpdf.h"
#include "tests/unit/unit.h"
#include "signer/formats/cades.h"
#include "signer/formats/cms_edit.h"
#include "signer/formats/pades_sign.h"
#include "signer/verify/verify.h"

static struct tp_id responder, exempt;
static const struct covered content = {{{(const uint8_t *)"content", 7}}};

static int setup(void **state)
{
    (void)trust_setup(state);
    tp_issue(&responder, &(struct tp_spec){.cn = "Responder", .profile = TP_OCSP, .issuer = &pki.ca});
    tp_issue(&exempt, &(struct tp_spec){.cn = "Responder, exempt", .profile = TP_OCSP_NOCHECK, .issuer = &pki.ca});
    return 0;
}

static int teardown(void **state)
{
    tp_free(&responder);
    tp_free(&exempt);
    return trust_teardown(state);
}

/* A signature with a timestamp, all CRLs but the one about its signer, and this OCSP response. */
static void verdict_with(const struct buf *ocsp, enum verdict v, enum sub s)
{
    struct hall m;
    AUTO_BUF b = {0}, t = {0}, whole = {0};
    AUTO_CMS_EDIT e = NULL;
    enum sig_level reached;
    struct file_result f;
    struct crl_memory memory = {.n = 0};
    struct context ctx = {.trust = &trust, .at = clock_now(), .memory = &memory};
    assert_ok(
        cades_sign(&content, &(struct cades_opts){.signing_time = clock_now()}, key_of(&m, &pki.citizen, CMS_SHA256, SIGN_ECDSA), &b));
    assert_ok(cades_raise(buf_bytes(&b), &content, LEVEL_T, &(struct cades_means){.ts = &tsa}, &t, &reached));
    assert_ok(cms_edit_open(buf_bytes(&t), &e));
    assert_ok(cms_edit_add_crl(e, buf_bytes(&pki.root_crl)));
    assert_ok(cms_edit_add_crl(e, buf_bytes(&pki.services_crl)));
    if (ocsp->len > 0)
        assert_ok(cms_edit_add_ocsp(e, buf_bytes(ocsp)));
    assert_ok(cms_edit_write(e, &whole));
    verify_bytes(&ctx, buf_bytes(&whole), content.part[0], &f);
    assert_int_equal(f.findings.verdict, v);
    assert_int_equal(f.findings.sub, s);
    file_result_free(&f);
}

static void answer(const struct tp_id *by, int64_t from, int64_t to, int64_t revoked_at, struct buf *out)
{
    tp_ocsp(by, &pki.citizen, &pki.ca, from, to, revoked_at, out);
}

static void the_issuer_and_an_exempt_responder_are_believed(void **state)
{
    AUTO_BUF none = {0};
    const struct tp_id *by[] = {&pki.ca, &exempt};
    int64_t now = clock_now();
    (void)state;
    verdict_with(&none, INDETERMINATE, SUB_TRY_LATER);
    for (size_t i = 0; i < 2; i++) {
        AUTO_BUF ocsp = {0};
        answer(by[i], now - 60, now + TP_DAY, 0, &ocsp);
        verdict_with(&ocsp, TOTAL_PASSED, SUB_NONE);
    }
}

static void revocation_counts_from_its_time_on(void **state)
{
    AUTO_BUF before = {0}, after = {0};
    int64_t now = clock_now();
    (void)state;
    answer(&exempt, now - 60, now + TP_DAY, now - 3600, &before);
    verdict_with(&before, TOTAL_FAILED, SUB_REVOKED);
    answer(&exempt, now + 100, now + TP_DAY, now + 50, &after); /* within the clocks' tolerance */
    verdict_with(&after, TOTAL_PASSED, SUB_NONE);
}

static void nobody_else_is_believed(void **state)
{
    struct tp_id foreign = {0};
    const struct tp_id *by[] = {&pki.other, &pki.root, &pki.services, &foreign, &responder /* nobody tells whether it was revoked */};
    int64_t now = clock_now();
    (void)state;
    tp_issue(&foreign, &(struct tp_spec){.cn = "Responder of another authority", .profile = TP_OCSP_NOCHECK, .issuer = &pki.services});
    for (size_t i = 0; i < sizeof by / sizeof *by; i++) {
        AUTO_BUF ocsp = {0};
        answer(by[i], now - 60, now + TP_DAY, 0, &ocsp);
        verdict_with(&ocsp, INDETERMINATE, SUB_TRY_LATER);
    }
    tp_free(&foreign);
}

static void other_times_and_other_certificates_do_not_count(void **state)
{
    AUTO_BUF old = {0}, future = {0}, other = {0};
    int64_t now = clock_now();
    (void)state;
    answer(&exempt, now - 2 * TP_DAY, now - TP_DAY, 0, &old);
    verdict_with(&old, INDETERMINATE, SUB_TRY_LATER);
    answer(&exempt, now + TP_DAY, now + 2 * TP_DAY, 0, &future);
    verdict_with(&future, INDETERMINATE, SUB_TRY_LATER);
    tp_ocsp(&exempt, &pki.other, &pki.ca, now - 60, now + TP_DAY, 0, &other);
    verdict_with(&other, INDETERMINATE, SUB_TRY_LATER);
}

static err_t get(void *arg, enum vdata_kind kind, const char *url, struct bytes body, struct buf *out)
{
    (void)arg, (void)url, (void)body;
    if (kind != VDATA_OCSP)
        return ERR_IO;
    return buf_copy(out, buf_bytes((const struct buf *)arg));
}

static void a_pdf_carries_them_in_its_store(void **state)
{
    struct tp_id citizen = {0};
    struct hall m;
    AUTO_BUF pdf = {0}, ocsp = {0};
    enum sig_level reached;
    struct file_result f;
    struct crl_memory memory = {.n = 0};
    struct context ctx = {.trust = &trust, .at = clock_now(), .memory = &memory};
    int64_t now = clock_now();
    (void)state;
    tp_issue(&citizen,
             &(struct tp_spec){.cn = "With an address", .profile = TP_CITIZEN, .issuer = &pki.ca, .access = "OCSP;URI:http://ocsp.test/"});
    tp_ocsp(&exempt, &citizen, &pki.ca, now - 60, now + TP_DAY, 0, &ocsp);
    testpdf_make(&(struct testpdf_spec){0}, &pdf);
    char *path = tp_path("ocsp.pdf");
    tp_write(path, buf_bytes(&pdf));
    AUTO_FD fd = open(path, O_RDWR | O_CLOEXEC);
    struct vdata_source *s = crls_at_hand();
    const struct bytes crls[] = {s->crl[0], s->crl[2]}; /* not the one about the signer */
    s->crl = crls;
    s->crl_n = 2;
    s->get = get;
    s->arg = &ocsp;
    assert_ok(pades_sign(fd, &(struct pades_opts){.signing_time = now}, key_of(&m, &citizen, CMS_SHA256, SIGN_ECDSA), &tsa));
    assert_ok(pades_raise(fd, LEVEL_LTA, &(struct cades_means){&tsa, s}, &reached));
    assert_ok(verify_file(&ctx, path, NULL, &f));
    assert_int_equal(f.findings.verdict, TOTAL_PASSED);
    file_result_free(&f);
    tp_free(&citizen);
    free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_issuer_and_an_exempt_responder_are_believed),
        cmocka_unit_test(revocation_counts_from_its_time_on),
        cmocka_unit_test(nobody_else_is_believed),
        cmocka_unit_test(other_times_and_other_certificates_do_not_count),
        cmocka_unit_test(a_pdf_carries_them_in_its_store),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}

/*
 * CAdES-B-LTA as the verifier sees it: archive timestamps that hold, and what their index protects.
 * ETSI EN 319 122-1 §5.5; EN 319 102-1 §5.6.3.
 */
#include "signer/formats/cades.h"
#include "signer/formats/cms_edit.h"
#include "tests/unit/testtrust.h"

static const struct covered content = {{{(const uint8_t *)"content", 7}}};

static void make(enum sig_level level, unsigned renewals, struct buf *out)
{
    struct hall m;
    AUTO_BUF b = {0};
    enum sig_level reached;
    assert_ok(
        cades_sign(&content, &(struct cades_opts){.signing_time = clock_now()}, key_of(&m, &pki.citizen, CMS_SHA256, SIGN_ECDSA), &b));
    assert_ok(cades_raise(buf_bytes(&b), &content, level, &(struct cades_means){&tsa, crls_at_hand()}, out, &reached));
    for (unsigned i = 0; i < renewals; i++) {
        AUTO_BUF more = {0};
        assert_ok(cades_raise(buf_bytes(out), &content, LEVEL_LTA, &(struct cades_means){&tsa, crls_at_hand()}, &more, &reached));
        assert_ok(buf_copy(out, buf_bytes(&more)));
    }
}

static enum verdict verdict_of(struct bytes cms, size_t *count)
{
    struct file_result f;
    struct crl_memory memory = {.n = 0};
    struct context ctx = {.trust = &trust, .at = clock_now(), .memory = &memory};
    verify_bytes(&ctx, cms, content.part[0], &f);
    enum verdict v = f.findings.verdict;
    if (count != NULL)
        *count = f.signature_n > 0 ? f.signature[0].stamp_n : 0;
    file_result_free(&f);
    return v;
}

static void archive_timestamps_are_verified(void **state)
{
    (void)state;
    for (unsigned renewals = 0; renewals < 3; renewals++) {
        AUTO_BUF cms = {0};
        size_t n;
        make(LEVEL_LTA, renewals, &cms);
        assert_int_equal(verdict_of(buf_bytes(&cms), &n), TOTAL_PASSED);
        assert_int_equal(n, 2 + renewals);
    }
}

/* Added later: not named in the index, and no harm. */
static void what_comes_later_does_no_harm(void **state)
{
    AUTO_BUF cms = {0}, more = {0};
    AUTO_CMS_EDIT e = NULL;
    (void)state;
    make(LEVEL_LTA, 0, &cms);
    assert_ok(cms_edit_open(buf_bytes(&cms), &e));
    assert_ok(cms_edit_add_cert(e, buf_bytes(&pki.other.der)));
    assert_ok(cms_edit_write(e, &more));
    assert_int_equal(verdict_of(buf_bytes(&more), NULL), TOTAL_PASSED);
}

/* An archive timestamp of one message says nothing about another. */
static void an_archive_timestamp_of_another_message_is_found_out(void **state)
{
    AUTO_BUF lta = {0}, lt = {0}, mixed = {0};
    AUTO_SIGNED_DATA sd = {0};
    AUTO_CMS_EDIT e = NULL;
    struct bytes token;
    (void)state;
    make(LEVEL_LTA, 0, &lta);
    make(LEVEL_LT, 0, &lt);
    assert_ok(signed_data_parse(buf_bytes(&lta), &sd));
    assert_ok(attribute_one(sd.signer[0].unsigned_attrs, OID_ARCHIVE_TIMESTAMP_V3, &token));
    assert_ok(cms_edit_open(buf_bytes(&lt), &e));
    assert_ok(cms_edit_add_unsigned(e, 0, OID_ARCHIVE_TIMESTAMP_V3, token));
    assert_ok(cms_edit_write(e, &mixed));
    assert_int_equal(verdict_of(buf_bytes(&lt), NULL), TOTAL_PASSED);
    assert_int_equal(verdict_of(buf_bytes(&mixed), NULL), TOTAL_FAILED);
}

static void no_changed_byte_passes_over_other_content(void **state)
{
    AUTO_BUF cms = {0};
    (void)state;
    make(LEVEL_LTA, 0, &cms);
    for (size_t i = 0; i < cms.len; i += 41) {
        struct file_result f;
        struct crl_memory memory = {.n = 0};
        struct context ctx = {.trust = &trust, .at = clock_now(), .memory = &memory};
        cms.ptr[i] ^= 1;
        verify_bytes(&ctx, buf_bytes(&cms), bytes_str("Content"), &f);
        assert_int_not_equal(f.findings.verdict, TOTAL_PASSED);
        file_result_free(&f);
        cms.ptr[i] ^= 1;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(archive_timestamps_are_verified),
        cmocka_unit_test(what_comes_later_does_no_harm),
        cmocka_unit_test(an_archive_timestamp_of_another_message_is_found_out),
        cmocka_unit_test(no_changed_byte_passes_over_other_content),
    };
    return cmocka_run_group_tests(tests, trust_setup, trust_teardown);
}

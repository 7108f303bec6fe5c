/*
 * XAdES as the verifier sees it: every shape and level passes, and what must not pass does not.
 * ETSI EN 319 102-1 §5.3, §5.5; EN 319 132-1 §6.3.
 */
#include "tests/unit/testtrust.h"
#include "tests/unit/testxml.h"
#include "tests/unit/unit.h"
#include "signer/verify/verify.h"
#include "signer/verify/xades_signatures.h"

static struct file_result last;

static int setup(void **state)
{
    (void)trust_setup(state);
    tx_files_write();
    return 0;
}

static int teardown(void **state)
{
    file_result_free(&last);
    return trust_teardown(state);
}

static const struct signing_key *usual(struct hall *m)
{
    return key_of(m, &pki.citizen, CMS_SHA256, SIGN_ECDSA);
}

static void make(enum tx_shape shape, enum sig_level level, struct buf *out)
{
    struct hall m;
    AUTO_BUF b = {0};
    enum sig_level reached;
    tx_sign(shape, usual(&m), &b);
    assert_ok(xades_raise(buf_bytes(&b), level, &(struct xades_means){&tsa, crls_at_hand(), &tx_files}, out, &reached));
}

/* In a file beside those that it speaks about; *last keeps the result. */
static enum verdict verdict_of(const struct buf *xml)
{
    struct crl_memory memory = {.n = 0};
    struct context ctx = {.trust = &trust, .at = clock_now(), .memory = &memory};
    char *path = tp_path("signed.xml");
    tp_write(path, buf_bytes(xml));
    file_result_free(&last);
    assert_ok(verify_file(&ctx, path, NULL, &last));
    free(path);
    return last.findings.verdict;
}

static enum note first_note(void)
{
    const struct findings *f = last.signature_n > 0 ? &last.signature[0].findings : &last.findings;
    for (size_t i = 0; i < f->n; i++) {
        if (f->item[i].verdict == f->verdict)
            return f->item[i].note;
    }
    return NOTE_N;
}

static void every_shape_and_level_is_valid(void **state)
{
    (void)state;
    for (enum tx_shape shape = TX_DETACHED; shape <= TX_ENVELOPED; shape++) {
        for (enum sig_level level = LEVEL_LT; level <= LEVEL_LTA; level++) {
            AUTO_BUF xml = {0};
            make(shape, level, &xml);
            assert_int_equal(verdict_of(&xml), TOTAL_PASSED);
            const struct signature_result *r = &last.signature[0];
            assert_int_equal(last.signature_n, 1);
            assert_string_equal(kind_name(r->kind), "XAdES");
            assert_string_equal(r->signer.name, "Nguyễn Văn Ánh");
            assert_true(r->integrity && r->mathematics && r->path_valid && r->time_proven && r->whole);
            assert_int_equal(r->stamp_n, level == LEVEL_LTA ? 2 : 1);
            assert_int_equal(r->revocation.status, STATUS_GOOD);
        }
    }
}

static void without_revocation_data_nothing_is_decided(void **state)
{
    (void)state;
    for (enum sig_level level = LEVEL_B; level <= LEVEL_T; level++) {
        AUTO_BUF xml = {0};
        make(TX_ENVELOPED, level, &xml);
        assert_int_equal(verdict_of(&xml), INDETERMINATE);
        assert_int_equal(first_note(), NOTE_REVOCATION_UNKNOWN);
    }
}

static void a_revoked_signer_is_refused(void **state)
{
    (void)state;
    struct tp_revoked r = {.who = &pki.citizen, .at = clock_now() - 3600, .reason = CRL_REASON_KEY_COMPROMISE};
    struct hall m;
    AUTO_BUF b = {0}, t = {0}, values = {0};
    enum sig_level reached;
    tx_sign(TX_ENVELOPED, usual(&m), &b);
    ts_crls(&pki, &r, 1);
    assert_err(xades_raise(buf_bytes(&b), LEVEL_LT, &(struct xades_means){&tsa, crls_at_hand(), &tx_files}, &t, &reached),
               ERR_CERT_REVOKED);
    assert_int_equal(reached, LEVEL_T);
    assert_ok(buf_add_str(&values, "<xades:RevocationValues xmlns:xades=\"http://uri.etsi.org/01903/v1.3.2#\"><xades:CRLValues>"));
    const struct buf *crls[] = {&pki.root_crl, &pki.ca_crl, &pki.services_crl};
    for (size_t i = 0; i < 3; i++) {
        assert_ok(buf_add_str(&values, "<xades:EncapsulatedCRLValue>"));
        assert_ok(xml_put_base64(&values, buf_bytes(crls[i])));
        assert_ok(buf_add_str(&values, "</xades:EncapsulatedCRLValue>"));
    }
    assert_ok(buf_add_str(&values, "</xades:CRLValues></xades:RevocationValues></xades:UnsignedSignatureProperties>"));
    tx_replace(&t, "</xades:UnsignedSignatureProperties>", buf_str(&values));
    assert_int_equal(verdict_of(&t), TOTAL_FAILED);
    assert_int_equal(last.signature[0].revocation.status, STATUS_REVOKED);
    ts_crls(&pki, NULL, 0);
}

static void a_changed_file_is_found(void **state)
{
    (void)state;
    AUTO_BUF xml = {0};
    char *path = tp_path(TX_FILES[1].name);
    make(TX_DETACHED, LEVEL_LTA, &xml);
    tp_write(path, bytes_str("nội dung khác\n"));
    assert_int_equal(verdict_of(&xml), TOTAL_FAILED);
    assert_int_equal(first_note(), NOTE_HASH);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(verdict_of(&xml), TOTAL_FAILED); /* its archive timestamp covers the file too */
    tx_files_write();
    assert_int_equal(verdict_of(&xml), TOTAL_PASSED);
    free(path);
}

static void a_missing_file_leaves_it_undecided(void **state)
{
    (void)state;
    AUTO_BUF xml = {0};
    struct file_result f;
    struct crl_memory memory = {.n = 0};
    struct context ctx = {.trust = &trust, .at = clock_now(), .memory = &memory};
    make(TX_DETACHED, LEVEL_LT, &xml);
    verify_bytes(&ctx, buf_bytes(&xml), (struct bytes){0}, &f);
    assert_int_equal(f.findings.verdict, INDETERMINATE);
    file_result_free(&f);
}

static void changes_are_found(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to;
        enum verdict verdict;
        enum note note;
    } CHANGES[] = {
        {"Bưởi", "Bười", TOTAL_FAILED, NOTE_HASH},
        {"<xades:SigningTime>2", "<xades:SigningTime>1", TOTAL_FAILED, NOTE_HASH},
        {"text/xml", "text/any", TOTAL_FAILED, NOTE_HASH},
        {"<ds:SignedInfo>", "<ds:SignedInfo Id=\"x\">", TOTAL_FAILED, NOTE_SIGNATURE},
        {"xmldsig-more#ecdsa-sha256", "xmldsig-more#rsa-sha256", INDETERMINATE, NOTE_ALGORITHM},
        {"xmldsig-more#ecdsa-sha256", "xmldsig-more#ecdsa-sha1", INDETERMINATE, NOTE_ALGORITHM},
        {"<xades:SignatureTimeStamp ", "<xades:SignatureTimeStomp ", TOTAL_FAILED, NOTE_FORMAT},
        {"<?xml version=\"1.0\" encoding=\"UTF-8\"?>", "<!DOCTYPE x>", TOTAL_FAILED, NOTE_FORMAT},
    };
    AUTO_BUF xml = {0}, archived = {0};
    make(TX_ENVELOPED, LEVEL_LT, &xml);
    for (size_t i = 0; i < sizeof CHANGES / sizeof *CHANGES; i++) {
        AUTO_BUF changed = {0};
        assert_ok(buf_copy(&changed, buf_bytes(&xml)));
        tx_replace(&changed, CHANGES[i].from, CHANGES[i].to);
        enum verdict v = verdict_of(&changed);
        if (v != CHANGES[i].verdict || first_note() != CHANGES[i].note)
            fail_msg("%s: %s, %s", CHANGES[i].to, verdict_name(v), note_code(first_note()));
    }
    make(TX_ENVELOPED, LEVEL_LTA, &archived); /* covers also what the signature itself does not */
    tx_replace(&archived, "<ds:KeyInfo>", "<ds:KeyInfo xmlns:q=\"urn:q\"><q:q/>");
    assert_int_equal(verdict_of(&archived), TOTAL_FAILED);
    assert_int_equal(first_note(), NOTE_STAMP_OTHER);
}

/* One byte turns a timestamp into a property that nobody knows: it does not vanish in silence. */
static void an_unknown_unsigned_property_is_not_passed_over(void **state)
{
    (void)state;
    AUTO_BUF xml = {0};
    make(TX_ENVELOPED, LEVEL_LT, &xml);
    tx_replace(&xml, "</xades:UnsignedSignatureProperties>", "<xades:Other/></xades:UnsignedSignatureProperties>");
    assert_int_equal(verdict_of(&xml), INDETERMINATE);
    assert_int_equal(first_note(), NOTE_FORMAT);
}

static void the_certificate_is_the_one_that_was_signed(void **state)
{
    (void)state;
    AUTO_BUF xml = {0}, other = {0}, own = {0};
    make(TX_ENVELOPED, LEVEL_LT, &xml);
    assert_ok(xml_put_base64(&own, buf_bytes(&pki.citizen.der)));
    assert_ok(xml_put_base64(&other, buf_bytes(&pki.other.der)));
    tx_replace(&xml, buf_str(&own), buf_str(&other));
    assert_int_equal(verdict_of(&xml), INDETERMINATE);
    assert_int_equal(first_note(), NOTE_SIGNER_CERT_OTHER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_shape_and_level_is_valid),
        cmocka_unit_test(without_revocation_data_nothing_is_decided),
        cmocka_unit_test(a_revoked_signer_is_refused),
        cmocka_unit_test(a_changed_file_is_found),
        cmocka_unit_test(a_missing_file_leaves_it_undecided),
        cmocka_unit_test(changes_are_found),
        cmocka_unit_test(an_unknown_unsigned_property_is_not_passed_over),
        cmocka_unit_test(the_certificate_is_the_one_that_was_signed),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}

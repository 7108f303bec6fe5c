/*
 * Counter-signatures as the verifier sees them: reported by whom and over whose signature, and refused when they are over anything else.
 * RFC 5652 §11.4; ETSI EN 319 122-1 §5.2.7.
 */
#include "tests/unit/testtrust.h"
#include "common/der.h"
#include "tests/unit/unit.h"
#include "signer/formats/cades.h"
#include "signer/formats/cms_edit.h"
#include "signer/formats/tlv.h"
#include "signer/verify/verify.h"

static const char text[] = "Giấy ủy quyền";
static const struct covered content = {{{(const uint8_t *)text, sizeof text - 1}}};
static struct file_result last;

/* *last keeps the result. */
static int teardown(void **state)
{
    file_result_free(&last);
    return trust_teardown(state);
}

static enum verdict verdict_of(const struct buf *cms)
{
    struct crl_memory memory = {.n = 0};
    struct context ctx = {.trust = &trust, .at = clock_now(), .memory = &memory};
    file_result_free(&last);
    verify_bytes(&ctx, buf_bytes(cms), content.part[0], &last);
    return last.findings.verdict;
}

/* With everything at hand that a verifier needs. */
static void raise_to(const struct buf *cms, enum sig_level level, struct buf *out)
{
    enum sig_level reached;
    assert_ok(cades_raise(buf_bytes(cms), &content, level, &(struct cades_means){&tsa, crls_at_hand()}, out, &reached));
}

static void sign_by(const struct tp_id *id, struct buf *cms)
{
    struct hall m;
    assert_ok(cades_sign(&content, &(struct cades_opts){.signing_time = clock_now()}, key_of(&m, id, CMS_SHA256, SIGN_ECDSA), cms));
}

static void counter_by(const struct tp_id *id, const struct buf *cms, struct buf *out)
{
    struct hall m;
    assert_ok(cades_countersign(buf_bytes(cms), 0, clock_now(), key_of(&m, id, CMS_SHA256, SIGN_ECDSA), &tsa, out));
}

/* The message with this in the first signer's unsigned attributes, of the counter-signature's type. */
static void put_counter(const struct buf *cms, struct bytes value, struct buf *out)
{
    AUTO_CMS_EDIT e = NULL;
    assert_ok(cms_edit_open(buf_bytes(cms), &e));
    assert_ok(cms_edit_add_cert(e, buf_bytes(&pki.other.der)));
    assert_ok(cms_edit_add_unsigned(e, 0, OID_COUNTERSIGNATURE, value));
    assert_ok(cms_edit_write(e, out));
}

/* A SignerInfo over this. */
static void info_over(const struct tp_id *id, struct bytes what, bool with_content_type, struct buf *out)
{
    uint8_t digest[32];
    AUTO_BUF attrs = {0}, signature = {0};
    sha256(what, digest);
    assert_ok(cms_signed_attrs(
        &(struct cms_attrs){
            .digest = BYTES(digest, 32), .cert = buf_bytes(&id->der), .signing_time = clock_now(), .countersignature = !with_content_type},
        &attrs));
    tp_sign(id, CMS_SHA256, buf_bytes(&attrs), &signature);
    assert_ok(cms_signer_info(
        &(struct cms_signed){.signed_attrs = buf_bytes(&attrs), .cert = buf_bytes(&id->der), .signature = buf_bytes(&signature)}, out));
}

static struct bytes value_of(const struct buf *cms, struct signed_data *sd)
{
    assert_ok(signed_data_parse(buf_bytes(cms), sd));
    return sd->signer[0].signature;
}

/* --- what holds --- */

static void it_is_reported_with_its_signer_and_whose_signature_it_is_over(void **state)
{
    (void)state;
    AUTO_BUF one = {0}, two = {0}, whole = {0};
    sign_by(&pki.citizen, &one);
    counter_by(&pki.other, &one, &two);
    raise_to(&two, LEVEL_LTA, &whole);
    assert_int_equal(verdict_of(&whole), TOTAL_PASSED);
    assert_int_equal(last.signature_n, 2);
    const struct signature_result *c = &last.signature[1];
    assert_string_equal(kind_name(c->kind), "COUNTERSIGNATURE");
    assert_string_equal(c->signer.name, "Trần Thị Bưởi");
    assert_string_equal(c->scope, "Nguyễn Văn Ánh");
    assert_true(c->integrity && c->mathematics && c->path_valid && c->time_proven && !c->whole);
}

static void several_are_reported_each(void **state)
{
    (void)state;
    AUTO_BUF one = {0}, two = {0}, three = {0}, whole = {0};
    sign_by(&pki.citizen, &one);
    counter_by(&pki.other, &one, &two);
    counter_by(&pki.seal, &two, &three);
    raise_to(&three, LEVEL_LT, &whole);
    assert_int_equal(verdict_of(&whole), TOTAL_PASSED);
    assert_int_equal(last.signature_n, 3);
    assert_string_equal(last.signature[2].signer.name, "Test Seal");
    assert_string_equal(last.signature[2].scope, "Nguyễn Văn Ánh");
}

/* --- what does not --- */

static void one_over_another_signature_is_invalid(void **state)
{
    (void)state;
    AUTO_BUF one = {0}, raised = {0}, info = {0}, bad = {0};
    sign_by(&pki.citizen, &one);
    raise_to(&one, LEVEL_LT, &raised);
    info_over(&pki.other, BYTES("another signature value", 23), false, &info);
    put_counter(&raised, buf_bytes(&info), &bad);
    assert_int_equal(verdict_of(&bad), TOTAL_FAILED);
    assert_int_equal(last.signature[0].findings.verdict, TOTAL_PASSED);
    assert_int_equal(last.signature[1].findings.sub, SUB_HASH_FAILURE);
}

static void one_that_declares_a_content_type_is_none(void **state)
{
    (void)state;
    AUTO_BUF one = {0}, raised = {0}, info = {0}, bad = {0};
    AUTO_SIGNED_DATA sd = {0};
    sign_by(&pki.citizen, &one);
    raise_to(&one, LEVEL_LT, &raised);
    info_over(&pki.other, value_of(&raised, &sd), true, &info);
    put_counter(&raised, buf_bytes(&info), &bad);
    assert_int_equal(verdict_of(&bad), TOTAL_FAILED);
    assert_int_equal(last.signature[1].findings.sub, SUB_FORMAT_FAILURE);
}

/* RFC 5652 §11.4: an ordinary signature by the same key is no counter-signature, and the other way round. */
static void a_countersignature_is_no_signature_over_content(void **state)
{
    (void)state;
    AUTO_BUF one = {0}, raised = {0}, info = {0}, bad = {0};
    AUTO_CMS_EDIT e = NULL;
    sign_by(&pki.citizen, &one);
    raise_to(&one, LEVEL_LT, &raised);
    info_over(&pki.other, content.part[0], false, &info);
    assert_ok(cms_edit_open(buf_bytes(&raised), &e));
    assert_ok(cms_edit_add_cert(e, buf_bytes(&pki.other.der)));
    assert_ok(cms_edit_add_signer(e, CMS_SHA256, buf_bytes(&info)));
    assert_ok(cms_edit_write(e, &bad));
    assert_int_equal(verdict_of(&bad), TOTAL_FAILED);
}

static void bytes_that_are_no_signer_are_invalid(void **state)
{
    (void)state;
    static const uint8_t JUNK[] = {0x30, 0x03, 0x02, 0x01, 0x01};
    AUTO_BUF one = {0}, raised = {0}, bad = {0};
    sign_by(&pki.citizen, &one);
    raise_to(&one, LEVEL_LT, &raised);
    put_counter(&raised, BYTES(JUNK, sizeof JUNK), &bad);
    assert_int_equal(verdict_of(&bad), TOTAL_FAILED);
}

static void every_changed_byte_of_it_is_noticed(void **state)
{
    (void)state;
    AUTO_BUF one = {0}, raised = {0}, info = {0}, two = {0};
    AUTO_SIGNED_DATA sd = {0};
    sign_by(&pki.citizen, &one);
    raise_to(&one, LEVEL_LT, &raised);
    info_over(&pki.other, value_of(&raised, &sd), false, &info);
    put_counter(&raised, buf_bytes(&info), &two);
    uint8_t *at = memmem(two.ptr, two.len, info.ptr, info.len);
    assert_non_null(at);
    for (size_t i = 0; i < info.len; i++) {
        at[i] ^= 0x20;
        if (verdict_of(&two) == TOTAL_PASSED)
            fail_msg("byte %zu of %zu", i, info.len);
        at[i] ^= 0x20;
    }
}

/* The SignerInfo with this one in its unsigned attributes. */
static void put_inside(const struct buf *outer, const struct buf *inner, struct buf *out)
{
    uint8_t room[16384];
    struct der w;
    struct bytes der, whole = buf_bytes(outer);
    struct tlv t;
    assert_ok(tlv_expect(&whole, 0x30, &t));
    der_init(&w, room, sizeof room);
    size_t info = der_mark(&w), mark = der_mark(&w);
    der_raw(&w, buf_bytes(inner));
    der_wrap(&w, 0x31, mark);
    der_oid(&w, OID_COUNTERSIGNATURE);
    der_wrap(&w, 0x30, mark);
    der_wrap(&w, 0xa1, mark);
    der_raw(&w, t.body);
    der_wrap(&w, 0x30, info);
    assert_ok(der_finish(&w, &der));
    assert_ok(buf_copy(out, der));
}

/* Over one another, each correct. */
static void nested(const struct buf *raised, unsigned depth, struct buf *out)
{
    AUTO_SIGNED_DATA sd = {0};
    struct buf level[8] = {{0}};
    struct bytes over = value_of(raised, &sd);
    for (unsigned i = 0; i < depth; i++) {
        struct signer_info si;
        info_over(i % 2 == 0 ? &pki.other : &pki.citizen, over, false, &level[i]);
        assert_ok(signer_info_parse(buf_bytes(&level[i]), &si));
        over = si.signature;
    }
    for (unsigned i = depth - 1; i-- > 0;) {
        AUTO_BUF with = {0};
        put_inside(&level[i], &level[i + 1], &with);
        buf_free(&level[i]);
        level[i] = take(&with);
    }
    put_counter(raised, buf_bytes(&level[0]), out);
    for (unsigned i = 0; i < depth; i++)
        buf_free(&level[i]);
}

static void they_may_be_over_one_another_up_to_a_bound(void **state)
{
    (void)state;
    AUTO_BUF one = {0}, raised = {0}, four = {0}, five = {0};
    sign_by(&pki.citizen, &one);
    raise_to(&one, LEVEL_LT, &raised);
    nested(&raised, 4, &four);
    assert_int_equal(verdict_of(&four), TOTAL_PASSED);
    assert_int_equal(last.signature_n, 5);
    assert_string_equal(last.signature[2].scope, "Trần Thị Bưởi");
    nested(&raised, 5, &five);
    assert_int_equal(verdict_of(&five), INDETERMINATE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_reported_with_its_signer_and_whose_signature_it_is_over),
        cmocka_unit_test(several_are_reported_each),
        cmocka_unit_test(one_over_another_signature_is_invalid),
        cmocka_unit_test(one_that_declares_a_content_type_is_none),
        cmocka_unit_test(a_countersignature_is_no_signature_over_content),
        cmocka_unit_test(bytes_that_are_no_signer_are_invalid),
        cmocka_unit_test(every_changed_byte_of_it_is_noticed),
        cmocka_unit_test(they_may_be_over_one_another_up_to_a_bound),
    };
    return cmocka_run_group_tests_name("counter-signatures", tests, trust_setup, teardown);
}

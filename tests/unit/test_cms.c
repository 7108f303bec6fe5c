/*
 * CMS around a signature made elsewhere: DER that OpenSSL reads, verifies and would have written itself. RFC 5652, RFC 5035, EN 319 122-1.
 */
#include "tests/unit/testsign.h"

#include <openssl/cms.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static struct ts_pki pki;

static int setup(void **state)
{
    (void)state;
    secret_init();
    formats_errors_register();
    ts_pki_make(&pki);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    ts_pki_free(&pki);
    tp_cleanup();
    return 0;
}

static void openssl_verifies(const struct tp_id *signer, enum cms_hash hash, const char *options)
{
    AUTO_BUF cms = {0}, text = {0};
    ts_cms_over(&pki, &(struct ts_how){.signer = signer, .hash = hash, .signing_time = clock_now(), .mime = "application/xml"},
                bytes_str("<x/>"), &cms);
    char *p7s = tp_path("x.p7s"), *content = tp_path("x"), *ca = tp_path("ca.pem");
    tp_write(p7s, buf_bytes(&cms));
    tp_write(content, bytes_str("<x/>"));
    tp_write_pem(ca, (X509 *const[]){pki.root.cert, pki.ca.cert}, 2);
    if (tp_run(&text, "openssl cms -verify %s -binary -purpose any -inform DER -in x.p7s -content x -CAfile ca.pem", options) != 0)
        fail_msg("openssl: %s", buf_str(&text));
    tp_write(content, bytes_str("<y/>"));
    assert_int_not_equal(
        tp_run(&text, "openssl cms -verify %s -binary -purpose any -inform DER -in x.p7s -content x -CAfile ca.pem", options), 0);
    free(p7s);
    free(content);
    free(ca);
}

static void openssl_verifies_every_kind_of_key(void **state)
{
    (void)state;
    static const struct {
        enum tp_key key;
        enum cms_hash hash;
    } CASES[] = {{TP_P256, CMS_SHA256},    {TP_P384, CMS_SHA384},    {TP_P256, CMS_SHA512},
                 {TP_RSA2048, CMS_SHA256}, {TP_PSS2048, CMS_SHA256}, {TP_PSS2048, CMS_SHA384}};
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        struct tp_id id = {0};
        tp_issue(&id, &(struct tp_spec){.cn = "Kind", .profile = TP_CITIZEN, .issuer = &pki.ca, .key = CASES[i].key});
        openssl_verifies(&id, CASES[i].hash, "-cades");
        tp_free(&id);
    }
}

/* What we wrote is DER: OpenSSL reads it and writes the same bytes. */
static void message_is_der(void **state)
{
    (void)state;
    AUTO_BUF cms = {0};
    ts_cms_over(&pki, &(struct ts_how){.signer = &pki.citizen, .signing_time = clock_now(), .mime = "image/jpeg"}, bytes_str("x"), &cms);
    const uint8_t *p = cms.ptr;
    uint8_t *again = NULL;
    CMS_ContentInfo *c = d2i_CMS_ContentInfo(NULL, &p, (long)cms.len);
    assert_non_null(c);
    assert_ptr_equal(p, cms.ptr + cms.len);
    int n = i2d_CMS_ContentInfo(c, &again);
    assert_int_equal(n, cms.len);
    assert_memory_equal(again, cms.ptr, cms.len);
    OPENSSL_free(again);
    CMS_ContentInfo_free(c);
}

static struct cms_attrs attrs_of(const uint8_t digest[32])
{
    return (struct cms_attrs){.digest = BYTES(digest, 32), .cert = buf_bytes(&pki.citizen.der)};
}

static unsigned attributes_in(const struct buf *set)
{
    unsigned n = 0;
    const uint8_t *p = set->ptr;
    long len;
    int tag, class;
    assert_int_equal(ASN1_get_object(&p, &len, &tag, &class, (long)set->len), V_ASN1_CONSTRUCTED);
    for (const uint8_t *end = p + len; p < end; p += len, n++)
        assert_int_not_equal(ASN1_get_object(&p, &len, &tag, &class, end - p) & 0x80, 0x80);
    return n;
}

/* EN 319 142-1 §6.3: a PAdES signature has no signing-time attribute. */
static void optional_attributes_are_left_out(void **state)
{
    (void)state;
    AUTO_BUF out = {0};
    uint8_t digest[32] = {7};
    struct cms_attrs a = attrs_of(digest);
    assert_int_equal(cms_signed_attrs(&a, &out), OK);
    assert_int_equal(out.ptr[0], 0x31);
    assert_int_equal(attributes_in(&out), 3);
    a.signing_time = 1795593600;
    a.mime_type = "application/pdf";
    assert_int_equal(cms_signed_attrs(&a, &out), OK);
    assert_int_equal(attributes_in(&out), 5);
}

static void attributes_depend_on_everything_given(void **state)
{
    (void)state;
    AUTO_BUF one = {0}, two = {0};
    uint8_t digest[32] = {7}, other[32] = {8};
    struct cms_attrs a = attrs_of(digest), b = attrs_of(other), c = attrs_of(digest);
    assert_int_equal(cms_signed_attrs(&a, &one), OK);
    assert_int_equal(cms_signed_attrs(&b, &two), OK);
    assert_false(bytes_eq(buf_bytes(&one), buf_bytes(&two)));
    c.cert = buf_bytes(&pki.other.der);
    assert_int_equal(cms_signed_attrs(&c, &two), OK);
    assert_false(bytes_eq(buf_bytes(&one), buf_bytes(&two)));
    assert_int_equal(cms_signed_attrs(&a, &two), OK);
    assert_true(bytes_eq(buf_bytes(&one), buf_bytes(&two)));
}

static void bad_parts_are_refused(void **state)
{
    (void)state;
    AUTO_BUF out = {0}, attrs = {0};
    uint8_t digest[32] = {7};
    struct cms_attrs a = attrs_of(digest);
    assert_int_equal(cms_signed_attrs(&a, &attrs), OK);
    a.digest.len = 31;
    assert_int_equal(cms_signed_attrs(&a, &out), ERR_SYNTAX);
    a = attrs_of(digest);
    a.digest_alg = CMS_SHA512;
    assert_int_equal(cms_signed_attrs(&a, &out), ERR_SYNTAX);
    a = attrs_of(digest);
    a.cert.len--;
    assert_int_not_equal(cms_signed_attrs(&a, &out), OK);
    a = attrs_of(digest);
    a.content_type = "no oid";
    assert_int_not_equal(cms_signed_attrs(&a, &out), OK);

    struct cms_signed s = {.signed_attrs = buf_bytes(&attrs), .cert = buf_bytes(&pki.citizen.der), .signature = BYTES("sig", 3)};
    assert_int_equal(cms_signed_data(&s, &out), OK);
    s.signature.len = 0;
    assert_int_equal(cms_signed_data(&s, &out), ERR_SYNTAX);
    s.signature.len = 3;
    s.signed_attrs = BYTES("\x30\x00", 2);
    assert_int_equal(cms_signed_data(&s, &out), ERR_SYNTAX);
}

/* RFC 8419 §3.1 */
static void ed25519_goes_with_sha512_alone(void **state)
{
    (void)state;
    AUTO_BUF out = {0};
    struct tp_id id = {0};
    tp_issue(&id, &(struct tp_spec){.cn = "Ed", .profile = TP_CITIZEN, .issuer = &pki.ca, .key = TP_ED25519});
    struct cms_signed s = {.signed_attrs = BYTES("\x31\x00", 2), .cert = buf_bytes(&id.der), .signature = BYTES("sig", 3)};
    assert_int_equal(cms_signed_data(&s, &out), ERR_UNSUPPORTED);
    s.digest_alg = CMS_SHA512;
    assert_int_equal(cms_signed_data(&s, &out), OK);
    tp_free(&id);
}

/* RFC 5652 §5.1: 3 when the content is not id-data. */
static void version_follows_the_content_type(void **state)
{
    (void)state;
    AUTO_BUF out = {0};
    struct cms_signed s = {
        .signed_attrs = BYTES("\x31\x00", 2), .cert = buf_bytes(&pki.citizen.der), .signature = BYTES("sig", 3), .no_certs = true};
    assert_int_equal(cms_signed_data(&s, &out), OK);
    assert_memory_equal(memmem(out.ptr, out.len, "\x02\x01", 2), "\x02\x01\x01\x31", 4);
    s.content_type = "1.2.840.113549.1.9.16.1.4";
    s.content = bytes_str("x");
    assert_int_equal(cms_signed_data(&s, &out), OK);
    assert_memory_equal(memmem(out.ptr, out.len, "\x02\x01", 2), "\x02\x01\x03\x31", 4);
}

static void certificates_can_be_left_out(void **state)
{
    (void)state;
    AUTO_BUF with = {0}, without = {0};
    struct cms_signed s = {.signed_attrs = BYTES("\x31\x00", 2), .cert = buf_bytes(&pki.citizen.der), .signature = BYTES("sig", 3)};
    assert_int_equal(cms_signed_data(&s, &with), OK);
    s.no_certs = true;
    assert_int_equal(cms_signed_data(&s, &without), OK);
    assert_non_null(memmem(with.ptr, with.len, pki.citizen.der.ptr, pki.citizen.der.len));
    assert_null(memmem(without.ptr, without.len, pki.citizen.der.ptr, pki.citizen.der.len));
}

static void room_is_enough_for_what_is_signed_later(void **state)
{
    (void)state;
    AUTO_BUF cms = {0};
    struct bytes chain = buf_bytes(&pki.ca.der), crls[] = {buf_bytes(&pki.root_crl), buf_bytes(&pki.ca_crl), buf_bytes(&pki.services_crl)};
    ts_cms_over(&pki, &(struct ts_how){.signer = &pki.citizen}, bytes_str("x"), &cms);
    size_t room = cades_room(buf_bytes(&pki.citizen.der), &chain, 1, crls, 3, 0);
    assert_true(cms.len <= room);
    assert_true(room < cms.len + 20000);
}

static void content_inside_is_refused_for_detached(void **state)
{
    (void)state;
    AUTO_BUF out = {0};
    struct cms_signed s = {
        .signed_attrs = BYTES("\x31\x00", 2), .cert = buf_bytes(&pki.citizen.der), .signature = BYTES("sig", 3), .content = bytes_str("x")};
    assert_int_equal(cades_detached(&s, &out), ERR_SYNTAX);
    s.content = BYTES(NULL, 0);
    s.no_certs = true;
    assert_int_equal(cades_detached(&s, &out), ERR_SYNTAX);
    s.no_certs = false;
    s.timestamp = bytes_str("no token");
    assert_int_equal(cades_detached(&s, &out), ERR_CRYPTO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(openssl_verifies_every_kind_of_key),
        cmocka_unit_test(message_is_der),
        cmocka_unit_test(optional_attributes_are_left_out),
        cmocka_unit_test(attributes_depend_on_everything_given),
        cmocka_unit_test(bad_parts_are_refused),
        cmocka_unit_test(ed25519_goes_with_sha512_alone),
        cmocka_unit_test(version_follows_the_content_type),
        cmocka_unit_test(certificates_can_be_left_out),
        cmocka_unit_test(room_is_enough_for_what_is_signed_later),
        cmocka_unit_test(content_inside_is_refused_for_detached),
    };
    return cmocka_run_group_tests_name("cms", tests, setup, teardown);
}

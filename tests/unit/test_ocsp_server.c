/*
 * Reading OCSP requests: openssl's and our own client's come through, everything else is refused by the name that RFC 6960 has for it.
 * RFC 6960 §4.1, RFC 9654 §2.1.
 */
#include "tests/unit/unit.h"

#include "common/der.h"
#include "signer/formats/ocsp_client.h"
#include "signer/formats/ocsp_server.h"
#include "tests/unit/testpki.h"
#include <openssl/ocsp.h>

static struct tp_id ca, leaf;

static int setup(void **state)
{
    (void)state;
    formats_errors_register();
    tp_issue(&ca, &(struct tp_spec){.cn = "CA", .profile = TP_ROOT});
    tp_issue(&leaf, &(struct tp_spec){.cn = "Leaf", .profile = TP_CITIZEN, .issuer = &ca});
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    tp_free(&ca);
    tp_free(&leaf);
    return 0;
}

static void encode(OCSP_REQUEST *q, struct buf *out)
{
    uint8_t *der = NULL;
    int n = i2d_OCSP_REQUEST(q, &der);
    assert_true(n > 0);
    assert_ok(buf_copy(out, BYTES(der, (size_t)n)));
    OPENSSL_free(der);
}

static void our_own_clients_request_is_read(void **state)
{
    (void)state;
    AUTO_BUF der = {0};
    struct ocsp_query q;
    struct ocsp_issuer issuer;
    uint8_t serial[X509_SERIAL_MAX];
    assert_ok(ocsp_request(leaf.cert, ca.cert, &der));
    assert_ok(ocsp_query_parse(buf_bytes(&der), &q));
    assert_ok(ocsp_issuer_of(ca.cert, &issuer));
    assert_int_equal(q.n, 1);
    assert_int_equal(q.nonce_len, 0);
    assert_true(ocsp_issuer_is(&issuer, q.id[0].hash, q.id[0].issuer_name, q.id[0].issuer_key));
    assert_ok(x509_serial_octets(leaf.cert, serial));
    assert_memory_equal(q.id[0].serial, serial + sizeof serial - q.id[0].serial_len, q.id[0].serial_len);
}

static void every_hash_names_the_issuer_as_openssl_does(void **state)
{
    (void)state;
    struct ocsp_issuer issuer;
    assert_ok(ocsp_issuer_of(ca.cert, &issuer));
    const EVP_MD *mds[] = {EVP_sha1(), EVP_sha256(), EVP_sha384(), EVP_sha512()};
    for (size_t i = 0; i < 4; i++) {
        AUTO_BUF der = {0};
        struct ocsp_query q;
        OCSP_REQUEST *r = OCSP_REQUEST_new();
        assert_non_null(OCSP_request_add0_id(r, OCSP_cert_to_id(mds[i], leaf.cert, ca.cert)));
        assert_true(OCSP_request_add1_nonce(r, NULL, 32) == 1);
        encode(r, &der);
        OCSP_REQUEST_free(r);
        assert_ok(ocsp_query_parse(buf_bytes(&der), &q));
        assert_int_equal(q.id[0].hash, OCSP_SHA1 + i);
        assert_int_equal(q.nonce_len, 32);
        assert_true(ocsp_issuer_is(&issuer, q.id[0].hash, q.id[0].issuer_name, q.id[0].issuer_key));
        q.id[0].issuer_key[0] ^= 1;
        assert_false(ocsp_issuer_is(&issuer, q.id[0].hash, q.id[0].issuer_name, q.id[0].issuer_key));
    }
    uint8_t zero[OCSP_HASH_MAX] = {0};
    assert_false(ocsp_issuer_is(&issuer, 0, zero, zero));
    assert_false(ocsp_issuer_is(&issuer, OCSP_HASH_END, zero, zero));
}

static void a_signed_request_is_read_without_its_signature(void **state)
{
    (void)state;
    AUTO_BUF der = {0};
    struct ocsp_query q;
    OCSP_REQUEST *r = OCSP_REQUEST_new();
    assert_non_null(OCSP_request_add0_id(r, OCSP_cert_to_id(EVP_sha256(), leaf.cert, ca.cert)));
    assert_true(OCSP_request_sign(r, leaf.cert, leaf.key, EVP_sha256(), NULL, 0) == 1); /* sets requestorName too */
    encode(r, &der);
    OCSP_REQUEST_free(r);
    assert_ok(ocsp_query_parse(buf_bytes(&der), &q));
    assert_int_equal(q.n, 1);
}

static void as_many_as_may_be_and_no_more(void **state)
{
    (void)state;
    OCSP_REQUEST *r = OCSP_REQUEST_new();
    struct ocsp_query q;
    AUTO_BUF der = {0};
    encode(r, &der);
    assert_err(ocsp_query_parse(buf_bytes(&der), &q), ERR_OCSP_REQUEST); /* none */
    for (size_t i = 1; i <= OCSP_IDS_MAX + 1; i++) {
        assert_non_null(OCSP_request_add0_id(r, OCSP_cert_to_id(EVP_sha512(), leaf.cert, ca.cert)));
        buf_free(&der);
        encode(r, &der);
        assert_err(ocsp_query_parse(buf_bytes(&der), &q), i <= OCSP_IDS_MAX ? OK : ERR_OCSP_REQUEST);
    }
    OCSP_REQUEST_free(r);
}

static void cut_anywhere_or_with_a_byte_behind_it_is_malformed(void **state)
{
    (void)state;
    AUTO_BUF der = {0};
    struct ocsp_query q;
    assert_ok(ocsp_request(leaf.cert, ca.cert, &der));
    for (size_t n = 0; n < der.len; n++)
        assert_err(ocsp_query_parse(BYTES(der.ptr, n), &q), ERR_OCSP_REQUEST);
    assert_ok(buf_add(&der, "\0", 1));
    assert_err(ocsp_query_parse(buf_bytes(&der), &q), ERR_OCSP_REQUEST);
}

/* Whatever bit is turned: refused, or read as a request about something else; never out of bounds (the sanitizers' runs), never more than was there. */
static void no_bit_leads_astray(void **state)
{
    (void)state;
    AUTO_BUF der = {0};
    assert_ok(ocsp_request(leaf.cert, ca.cert, &der));
    for (size_t i = 0; i < 8 * der.len; i++) {
        struct ocsp_query q;
        der.ptr[i / 8] ^= (uint8_t)(1u << i % 8);
        if (ocsp_query_parse(buf_bytes(&der), &q) == OK)
            assert_true(q.n == 1 && q.nonce_len == 0 && q.id[0].serial_len >= 1 && q.id[0].serial_len <= OCSP_SERIAL_MAX);
        der.ptr[i / 8] ^= (uint8_t)(1u << i % 8);
    }
}

/* A request whose one certificate has this serial number (DER contents), and which has these bytes behind its list. */
static err_t with(struct bytes serial, struct bytes behind)
{
    uint8_t room[1024];
    const uint8_t hash[20] = {1};
    struct der w;
    struct bytes der;
    struct ocsp_query q;
    der_init(&w, room, sizeof room);
    der_raw(&w, behind);
    size_t mark = der_mark(&w);
    der_tlv(&w, 0x02, serial);
    der_tlv(&w, 0x04, BYTES(hash, sizeof hash));
    der_tlv(&w, 0x04, BYTES(hash, sizeof hash));
    size_t alg = der_mark(&w);
    der_oid(&w, ocsp_hash_oid(OCSP_SHA1));
    der_wrap(&w, 0x30, alg);
    der_wrap(&w, 0x30, mark);
    der_wrap(&w, 0x30, mark);
    der_wrap(&w, 0x30, mark);
    der_wrap(&w, 0x30, 0);
    der_wrap(&w, 0x30, 0);
    assert_ok(der_finish(&w, &der));
    return ocsp_query_parse(der, &q);
}

static void serial_numbers_are_those_that_a_certificate_may_have(void **state)
{
    (void)state;
    const struct bytes none = {0};
    uint8_t longest[22] = {0x7f};
    assert_ok(with(BYTES("\0", 1), none));
    assert_ok(with(BYTES("\0\x80", 2), none));
    assert_ok(with(BYTES(longest, 20), none));
    assert_err(with(BYTES(longest, 21), none), ERR_OCSP_REQUEST);
    assert_err(with(none, none), ERR_OCSP_REQUEST);
    assert_err(with(BYTES("\x80", 1), none), ERR_OCSP_REQUEST);
    assert_err(with(BYTES("\0\x01", 2), none), ERR_OCSP_REQUEST);
}

static void extensions_are_of_their_form(void **state)
{
    (void)state;
    const struct {
        const char *der;
        size_t n;
        err_t want;
    } all[] = {
        {"\xa2\x02\x30\x00", 4, OK},
        {"\xa2\x00", 2, ERR_OCSP_REQUEST},
        {"\xa2\x04\x30\x00\x30\x00", 6, ERR_OCSP_REQUEST},
        {"\xa2\x0b\x30\x09\x30\x07\x06\x03\x2a\x03\x04\x04\x00", 13, OK},                           /* unknown */
        {"\xa2\x0e\x30\x0c\x30\x0a\x06\x03\x2a\x03\x04\x01\x01\xff\x04\x00", 16, ERR_OCSP_REQUEST}, /* critical */
        {"\xa2\x0d\x30\x0b\x30\x09\x06\x03\x2a\x03\x04\x01\x00\x04\x00", 15, ERR_OCSP_REQUEST},     /* an empty BOOLEAN */
        {"\xa2\x0d\x30\x0b\x30\x09\x06\x03\x2a\x03\x04\x04\x00\x05\x00", 15, ERR_OCSP_REQUEST},     /* something behind the value */
        {"\xa3\x02\x30\x00", 4, ERR_OCSP_REQUEST},
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        assert_err(with(BYTES("\x05", 1), BYTES(all[i].der, all[i].n)), all[i].want);
}

static void each_failure_has_its_response_status(void **state)
{
    (void)state;
    const struct {
        err_t e;
        int status;
    } all[] = {
        {ERR_OCSP_REQUEST, OCSP_RESPONSE_STATUS_MALFORMEDREQUEST},
        {ERR_OCSP_HASH, OCSP_RESPONSE_STATUS_UNAUTHORIZED},
        {ERR_DB_DOWN, OCSP_RESPONSE_STATUS_TRYLATER},
        {ERR_KEYD_DOWN, OCSP_RESPONSE_STATUS_TRYLATER},
        {ERR_BUSY, OCSP_RESPONSE_STATUS_TRYLATER},
        {ERR_KEYD_REFUSED, OCSP_RESPONSE_STATUS_INTERNALERROR},
        {ERR_INTERNAL, OCSP_RESPONSE_STATUS_INTERNALERROR},
        {ERR_TOO_LARGE, OCSP_RESPONSE_STATUS_MALFORMEDREQUEST},
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        AUTO_BUF der = {0};
        assert_ok(ocsp_reply_failure(all[i].e, &der));
        const uint8_t *p = der.ptr;
        OCSP_RESPONSE *r = d2i_OCSP_RESPONSE(NULL, &p, (long)der.len);
        assert_non_null(r);
        assert_int_equal(OCSP_response_status(r), all[i].status);
        OCSP_RESPONSE_free(r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(our_own_clients_request_is_read),
        cmocka_unit_test(every_hash_names_the_issuer_as_openssl_does),
        cmocka_unit_test(a_signed_request_is_read_without_its_signature),
        cmocka_unit_test(as_many_as_may_be_and_no_more),
        cmocka_unit_test(cut_anywhere_or_with_a_byte_behind_it_is_malformed),
        cmocka_unit_test(no_bit_leads_astray),
        cmocka_unit_test(serial_numbers_are_those_that_a_certificate_may_have),
        cmocka_unit_test(extensions_are_of_their_form),
        cmocka_unit_test(each_failure_has_its_response_status),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}

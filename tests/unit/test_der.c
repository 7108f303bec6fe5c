/*
 * The DER writer: the shortest forms, read back by OpenSSL. ITU-T X.690 §8, §10, §11.
 */
#include "common/der.h"
#include "common/secret.h"
#include <openssl/asn1.h>
#include <openssl/objects.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <string.h>

static uint8_t room[70000];

static struct bytes done(const struct der *w)
{
    struct bytes out;
    assert_int_equal(der_finish(w, &out), OK);
    return out;
}

static struct der fresh(void)
{
    struct der w;
    der_init(&w, room, sizeof room);
    return w;
}

#define ASSERT_DER(w, literal)                                     \
    do {                                                           \
        struct bytes d_ = done(w);                                 \
        assert_int_equal(d_.len, sizeof(literal) - 1);             \
        assert_memory_equal(d_.ptr, literal, sizeof(literal) - 1); \
    } while (0)

static void lengths_take_the_fewest_octets(void **state)
{
    (void)state;
    static const struct {
        size_t len;
        const char *head;
        size_t head_len;
    } CASES[] = {{0, "\x04\x00", 2},           {127, "\x04\x7f", 2},           {128, "\x04\x81\x80", 3},          {255, "\x04\x81\xff", 3},
                 {256, "\x04\x82\x01\x00", 4}, {65535, "\x04\x82\xff\xff", 4}, {65536, "\x04\x83\x01\x00\x00", 5}};
    static uint8_t zeros[65536];
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        struct der w = fresh();
        der_tlv(&w, 0x04, BYTES(zeros, CASES[i].len));
        struct bytes d = done(&w);
        assert_int_equal(d.len, CASES[i].len + CASES[i].head_len);
        assert_memory_equal(d.ptr, CASES[i].head, CASES[i].head_len);
    }
}

static void integers_are_positive_and_shortest(void **state)
{
    (void)state;
    struct der w = fresh();
    der_uint(&w, 0);
    ASSERT_DER(&w, "\x02\x01\x00");
    w = fresh();
    der_uint(&w, 127);
    ASSERT_DER(&w, "\x02\x01\x7f");
    w = fresh();
    der_uint(&w, 128);
    ASSERT_DER(&w, "\x02\x02\x00\x80");
    w = fresh();
    der_uint(&w, UINT64_MAX);
    ASSERT_DER(&w, "\x02\x09\x00\xff\xff\xff\xff\xff\xff\xff\xff");
    w = fresh();
    der_integer(&w, BYTES("\x00\x00\x01\x00", 4));
    ASSERT_DER(&w, "\x02\x02\x01\x00");
    w = fresh();
    der_integer(&w, BYTES("", 0));
    ASSERT_DER(&w, "\x02\x01\x00");
}

static void oids_are_those_of_openssl(void **state)
{
    (void)state;
    static const char *const OIDS[] = {
        "1.2.840.113549.1.7.2", "0.4.0.1733.2.1",        "2.16.840.1.101.3.4.2.1", "2.999.1", "1.3.101.112", "2.5.4.3", "0.0", "1.39",
        "2.5.29.37.0",          "1.3.6.1.4.1.4294967295"};
    for (size_t i = 0; i < sizeof OIDS / sizeof *OIDS; i++) {
        struct der w = fresh();
        der_oid(&w, OIDS[i]);
        struct bytes d = done(&w);
        ASN1_OBJECT *o = OBJ_txt2obj(OIDS[i], 1);
        uint8_t *der = NULL;
        int n = i2d_ASN1_OBJECT(o, &der);
        assert_int_equal(d.len, n);
        assert_memory_equal(d.ptr, der, d.len);
        OPENSSL_free(der);
        ASN1_OBJECT_free(o);
    }
}

static void bad_oids_fail_the_writer(void **state)
{
    (void)state;
    static const char *const OIDS[] = {"",     "1",     "3.1", "1.40", "1.2.", ".1.2", "1..2", "1.2.x", "1.02", "1.2.99999999999999999999",
                                       "-1.2", "1.2 .3"};
    for (size_t i = 0; i < sizeof OIDS / sizeof *OIDS; i++) {
        struct der w = fresh();
        struct bytes out;
        der_oid(&w, OIDS[i]);
        assert_int_equal(der_finish(&w, &out), ERR_TOO_LARGE);
    }
}

static void nesting_is_written_back_to_front(void **state)
{
    (void)state;
    struct der w = fresh();
    size_t outer = der_mark(&w);
    der_bool(&w, true);
    size_t inner = der_mark(&w);
    der_null(&w);
    der_uint(&w, 5);
    der_wrap(&w, 0x30, inner);
    der_wrap(&w, 0x30, outer);
    ASSERT_DER(&w, "\x30\x0a\x30\x05\x02\x01\x05\x05\x00\x01\x01\xff");
}

static void overflow_fails_and_writes_nothing_outside(void **state)
{
    (void)state;
    uint8_t small[16];
    memset(small, 0xaa, sizeof small);
    for (size_t cap = 0; cap < 6; cap++) {
        struct der w;
        struct bytes out;
        der_init(&w, small + 4, cap);
        der_tlv(&w, 0x04, BYTES("1234", 4));
        der_null(&w); /* after a failure nothing is written */
        assert_int_equal(der_finish(&w, &out), ERR_TOO_LARGE);
        for (size_t i = 0; i < sizeof small; i++)
            assert_true((i >= 4 && i < 4 + cap) || small[i] == 0xaa);
    }
}

/* RFC 3161 §2.4.2: no trailing zeros, no lone point. */
static void fractions_have_no_trailing_zeros(void **state)
{
    (void)state;
    static const struct {
        int64_t us;
        unsigned digits;
        const char *text;
    } CASES[] = {{0, 6, "19700101000000Z"},
                 {1500000, 3, "19700101000001.5Z"},
                 {1050000, 6, "19700101000001.05Z"},
                 {1999999, 0, "19700101000001Z"},
                 {1999999, 3, "19700101000001.999Z"},
                 {-1, 6, "19691231235959.999999Z"},
                 {253402300799000000, 6, "99991231235959Z"}};
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        struct der w = fresh();
        der_generalized_time(&w, CASES[i].us, CASES[i].digits);
        struct bytes d = done(&w);
        assert_int_equal(d.ptr[0], 0x18);
        assert_int_equal(d.len - 2, strlen(CASES[i].text));
        assert_memory_equal(d.ptr + 2, CASES[i].text, d.len - 2);
    }
    struct der w = fresh();
    struct bytes out;
    der_generalized_time(&w, 253402300800000000, 0); /* the year 10000 */
    assert_int_equal(der_finish(&w, &out), ERR_TOO_LARGE);
}

/* RFC 5652 §11.3 */
static void signing_time_changes_form_in_2050(void **state)
{
    (void)state;
    struct der w = fresh();
    der_utc_or_generalized(&w, 2524607999);
    ASSERT_DER(&w, "\x17\x0d"
                   "491231235959Z");
    w = fresh();
    der_utc_or_generalized(&w, 2524608000);
    ASSERT_DER(&w, "\x18\x0f"
                   "20500101000000Z");
    w = fresh();
    der_utc_or_generalized(&w, -631152000);
    ASSERT_DER(&w, "\x17\x0d"
                   "500101000000Z");
    w = fresh();
    der_utc_or_generalized(&w, -631152001);
    ASSERT_DER(&w, "\x18\x0f"
                   "19491231235959Z");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lengths_take_the_fewest_octets),   cmocka_unit_test(integers_are_positive_and_shortest),
        cmocka_unit_test(oids_are_those_of_openssl),        cmocka_unit_test(bad_oids_fail_the_writer),
        cmocka_unit_test(nesting_is_written_back_to_front), cmocka_unit_test(overflow_fails_and_writes_nothing_outside),
        cmocka_unit_test(fractions_have_no_trailing_zeros), cmocka_unit_test(signing_time_changes_form_in_2050),
    };
    return cmocka_run_group_tests_name("der", tests, NULL, NULL);
}

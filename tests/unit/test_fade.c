/*
 * How long an archive timestamp lasts: its certificate's end, or an algorithm's. ETSI EN 319 102-1 §5.4; TS 119 312.
 */
#include "tests/unit/testhand.h"
#include "tests/unit/unit.h"
#include "signer/formats/fade.h"

#define DAY_2029_01_01 1861920000 /* until when RSA below 3000 bits is believed */

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

/* The end of a token by a service with this key and certificate. */
static int64_t end_by(enum tp_key key, int64_t to)
{
    struct tp_id id = {0};
    AUTO_BUF token = {0};
    const uint8_t digest[32] = {1};
    int64_t until = -1;
    tp_issue(&id, &(struct tp_spec){.cn = "TSA", .profile = TP_TSA, .issuer = &pki.services, .key = key, .to = to});
    ts_token_of(&id, &pki.services, digest, NULL, clock_now(), &token);
    assert_ok(fade_of_token(buf_bytes(&token), &until));
    tp_free(&id);
    return until;
}

static void it_ends_with_its_certificate(void **state)
{
    (void)state;
    int64_t soon = clock_now() + 5 * TP_DAY;
    assert_int_equal(end_by(TP_P256, soon), soon);
    assert_int_equal(end_by(TP_RSA2048, soon), soon);
    assert_int_equal(end_by(TP_P256, DAY_2029_01_01 + 900 * TP_DAY), DAY_2029_01_01 + 900 * TP_DAY);
}

static void or_with_an_algorithm_that_fades_before(void **state)
{
    (void)state;
    assert_int_equal(end_by(TP_RSA2048, DAY_2029_01_01 + 900 * TP_DAY), DAY_2029_01_01);
}

static void what_nobody_believes_has_ended(void **state)
{
    (void)state;
    assert_true(end_by(TP_RSA1024, clock_now() + 900 * TP_DAY) < clock_now());
}

static void what_is_no_token_is_refused(void **state)
{
    (void)state;
    int64_t until;
    assert_err(fade_of_token(BYTES("0\x03\x02\x01\x01", 5), &until), ERR_STAMP);
    assert_err(fade_of_cms(bytes_str("no"), &until), ERR_SYNTAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_ends_with_its_certificate),
        cmocka_unit_test(or_with_an_algorithm_that_fades_before),
        cmocka_unit_test(what_nobody_believes_has_ended),
        cmocka_unit_test(what_is_no_token_is_refused),
    };
    return cmocka_run_group_tests_name("fade", tests, setup, teardown);
}

/*
 * Asking a time-stamping service: what is taken, and all the answers that are not.
 * RFC 3161 §2.2 (a requester shall verify), §2.3, §2.4.2, §3.4.
 */
#include "tests/unit/testservices.h"
#include "tests/unit/unit.h"
#include "signer/formats/tsp_token.h"
#include "signer/sign/tsa_client.h"

static struct fetch *fetch;

static int setup(void **state)
{
    (void)state;
    secret_init();
    formats_errors_register();
    services_start();
    const char *const origins[] = {services_url(""), "http://127.0.0.1:1", NULL};
    return fetch_open(&(struct fetch_conf){.origins = origins, .total_ms = 1000, .body_max = 256u << 10}, &fetch);
}

static int teardown(void **state)
{
    (void)state;
    fetch_close(&fetch);
    services_stop();
    return 0;
}

static err_t ask(struct tsa_client *c, const char *url, struct buf *token)
{
    uint8_t digest[64] = {1, 2, 3};
    struct stamping s;
    *c = (struct tsa_client){.fetch = fetch, .url = url, .alg = CMS_SHA256, .user = c->user, .password = c->password};
    tsa_client_stamping(c, &s);
    return s.stamp(s.arg, s.alg, BYTES(digest, 32), token);
}

static void an_honest_token_is_taken(void **state)
{
    (void)state;
    AUTO_BUF token = {0};
    AUTO_TSP_TOKEN t = {0};
    struct tsa_client c = {0};
    uint8_t digest[32] = {1, 2, 3};
    assert_ok(ask(&c, services_url("/tsa"), &token));
    assert_ok(tsp_token_read(buf_bytes(&token), &t));
    assert_ok(tsp_token_is_of(&t, CMS_SHA256, BYTES(digest, 32)));
    assert_string_equal(c.why, "");
}

static void openssl_accepts_the_token_too(void **state)
{
    (void)state;
    AUTO_BUF token = {0};
    AUTO_BUF text = {0};
    struct tsa_client c = {0};
    char *path = tp_path("t.tst"), *root = tp_path("root.pem");
    assert_ok(ask(&c, services_url("/tsa"), &token));
    tp_write(path, buf_bytes(&token));
    tp_write_pem(root, (X509 *const[]){pki.root.cert}, 1);
    int code = tp_run(&text, "openssl ts -verify -token_in -in t.tst -CAfile root.pem -digest 010203%058d", 0);
    if (code != 0)
        fail_msg("openssl: %s", buf_str(&text));
    free(path);
    free(root);
}

static void other_digests_are_asked_for_by_their_own_name(void **state)
{
    (void)state;
    AUTO_BUF token = {0};
    AUTO_TSP_TOKEN t = {0};
    uint8_t digest[64] = {9};
    struct stamping s;
    struct tsa_client c = {.fetch = fetch, .url = services_url("/tsa"), .alg = CMS_SHA512};
    tsa_client_stamping(&c, &s);
    assert_ok(s.stamp(s.arg, CMS_SHA512, BYTES(digest, 64), &token));
    assert_ok(tsp_token_read(buf_bytes(&token), &t));
    assert_ok(tsp_token_is_of(&t, CMS_SHA512, BYTES(digest, 64)));
}

static void each_lie_is_refused_and_named(void **state)
{
    (void)state;
    static const struct {
        const char *path, *why;
    } LIES[] = {
        {"/wrong-nonce", "nonce"},
        {"/no-nonce", "nonce"},
        {"/wrong-imprint", "something else"},
        {"/no-cert", "does not hold its signer's certificate"},
        {"/loose", "none for timestamps alone"},
        {"/citizen", "none for timestamps alone"},
        {"/expired", "not valid when it signed"},
        {"/bad-signature", "signature is wrong"},
        {"/rejected", "refused (status 2)"},
        {"/empty-grant", "without a token"},
        {"/garbage", "no TimeStampResp"},
        {"/html", "HTTP status 200, text/html"},
        {"/moved", "HTTP status 302"},
        {"/absent", "HTTP status 404"},
        {"/locked", "HTTP status 401"},
    };
    for (size_t i = 0; i < sizeof LIES / sizeof *LIES; i++) {
        AUTO_BUF token = {0};
        struct tsa_client c = {0};
        err_t e = ask(&c, services_url(LIES[i].path), &token);
        if (e != ERR_STAMP || strstr(c.why, LIES[i].why) == NULL || token.len > 0)
            fail_msg("%s gave %s: %s", LIES[i].path, err_info(e)->name, c.why);
    }
}

static void a_service_that_is_away_slow_or_endless_costs_a_bounded_time_and_memory(void **state)
{
    (void)state;
    AUTO_BUF token = {0};
    struct tsa_client c = {0};
    assert_err(ask(&c, "http://127.0.0.1:1/tsa", &token), ERR_IO);
    assert_non_null(strstr(c.why, "does not answer"));
    int64_t before = clock_mono_us();
    assert_err(ask(&c, services_url("/slow"), &token), ERR_TIMEOUT);
    assert_true(clock_mono_us() - before < 2000000);
    assert_err(ask(&c, services_url("/huge"), &token), ERR_TOO_LARGE);
    assert_err(ask(&c, "http://elsewhere.example/tsa", &token), ERR_FORBIDDEN);
    assert_int_equal(token.len, 0);
}

static void a_password_goes_along_when_it_is_given(void **state)
{
    (void)state;
    AUTO_BUF token = {0};
    struct tsa_client c = {.user = "cơ quan", .password = "bí mật"};
    assert_ok(ask(&c, services_url("/locked"), &token));
}

static void an_old_answer_does_not_serve_twice(void **state)
{
    (void)state;
    AUTO_BUF answer = {0};
    AUTO_BUF token = {0};
    char why[160];
    uint8_t digest[32] = {1, 2, 3};
    static const uint8_t first[] = {0x41, 1, 2, 3}, second[] = {0x41, 1, 2, 4};
    TS_REQ *q = TS_REQ_new();
    TS_MSG_IMPRINT *imprint = TS_MSG_IMPRINT_new();
    X509_ALGOR *alg = X509_ALGOR_new();
    ASN1_INTEGER *nonce = ASN1_INTEGER_new();
    X509_ALGOR_set0(alg, OBJ_nid2obj(NID_sha256), V_ASN1_NULL, NULL);
    TS_MSG_IMPRINT_set_algo(imprint, alg);
    TS_MSG_IMPRINT_set_msg(imprint, digest, 32);
    ASN1_INTEGER_set_int64(nonce, 0x41010203);
    TS_REQ_set_version(q, 1);
    TS_REQ_set_msg_imprint(q, imprint);
    TS_REQ_set_cert_req(q, 1);
    TS_REQ_set_nonce(q, nonce);
    tp_timestamp_answer(&stamper, &pki.services, q, clock_now(), &answer);
    assert_ok(tsa_response_check(buf_bytes(&answer), CMS_SHA256, BYTES(digest, 32), BYTES(first, 4), &token, why));
    assert_err(tsa_response_check(buf_bytes(&answer), CMS_SHA256, BYTES(digest, 32), BYTES(second, 4), &token, why), ERR_STAMP);
    for (size_t n = 0; n < answer.len; n++) /* cut anywhere, it is nothing */
        assert_err(tsa_response_check(BYTES(answer.ptr, n), CMS_SHA256, BYTES(digest, 32), BYTES(first, 4), &token, why), ERR_STAMP);
    assert_ok(buf_add(&answer, "\0", 1));
    assert_err(tsa_response_check(buf_bytes(&answer), CMS_SHA256, BYTES(digest, 32), BYTES(first, 4), &token, why), ERR_STAMP);
    TS_REQ_free(q);
    TS_MSG_IMPRINT_free(imprint);
    X509_ALGOR_free(alg);
    ASN1_INTEGER_free(nonce);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_honest_token_is_taken),
        cmocka_unit_test(openssl_accepts_the_token_too),
        cmocka_unit_test(other_digests_are_asked_for_by_their_own_name),
        cmocka_unit_test(each_lie_is_refused_and_named),
        cmocka_unit_test(a_service_that_is_away_slow_or_endless_costs_a_bounded_time_and_memory),
        cmocka_unit_test(a_password_goes_along_when_it_is_given),
        cmocka_unit_test(an_old_answer_does_not_serve_twice),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}

/*
 * DPoP proofs (RFC 9449 §4.3) and the memory of those that were used.
 */
#include "common/dpop.h"
#include "common/replay.h"
#include "tests/unit/testjwt.h"

#define NOW INT64_C(1800000000)
#define URL "https://idp.example/token"
#define CLAIMS "{\"jti\":\"1\",\"htm\":\"POST\",\"htu\":\"" URL "\",\"iat\":1800000000}"

static EVP_PKEY *key;

/* A proof over these claims; its header names the key unless header says otherwise. */
static void make(const char *header, const char *claims, struct buf *out)
{
    AUTO_BUF head = {0};
    json_t *j = NULL;
    assert_ok(jwk_to_json(key, JOSE_ES256, "k", &j));
    json_object_del(j, "kid");
    AUTO_STR jwk = json_dumps(j, JSON_COMPACT);
    json_decref(j);
    assert_ok(buf_addf(&head, "{\"alg\":\"ES256\",\"typ\":\"dpop+jwt\",\"jwk\":%s}", jwk));
    token_make(key, JOSE_ES256, header ? header : buf_str(&head), claims, out);
}

static err_t check(const char *claims, const char *url, const char *token, struct dpop_proof *out)
{
    AUTO_BUF proof = {0};
    const struct dpop_expect e = {.method = "POST", .url = url, .access_token = token, .now = NOW};
    make(NULL, claims, &proof);
    return dpop_check(buf_str(&proof), &e, out);
}

static void a_proof_gives_its_keys_thumbprint(void **state)
{
    struct dpop_proof p;
    char want[44];
    (void)state;
    assert_ok(check(CLAIMS, URL, NULL, &p));
    assert_ok(jwk_thumbprint(key, want));
    assert_string_equal(p.jkt, want);
    assert_string_equal(p.nonce, "");
    assert_int_equal(p.until, NOW + DPOP_PAST + 1);
}

static void addresses_are_compared_in_normal_form(void **state)
{
    static const char *const same[] = {"HTTPS://IDP.example/token", "https://idp.example:443/token", "https://idp.example/%74oken", "https://idp.example/token?x=1#y"};
    static const char *const other[] = {"http://idp.example/token",      "https://idp.example:444/token", "https://idp.example/Token", "https://idp.example/token/",
                                        "https://idp.example.evil/token", "https://x@idp.example/token",   "https:///token",            "idp.example/token",
                                        "https://idp.example/token%",     "https://idp.example/token%7",   "https://idp.example/token%zz", ""};
    struct dpop_proof p;
    (void)state;
    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        assert_ok(check(CLAIMS, same[i], NULL, &p));
    for (size_t i = 0; i < sizeof other / sizeof *other; i++)
        assert_int_not_equal(check(CLAIMS, other[i], NULL, &p), OK);
}

static void the_root_path_may_be_left_out(void **state)
{
    struct dpop_proof p;
    (void)state;
    assert_ok(check("{\"jti\":\"1\",\"htm\":\"POST\",\"htu\":\"https://idp.example\",\"iat\":1800000000}", "https://idp.example/", NULL, &p));
}

static void a_proof_lives_a_minute(void **state)
{
    static const struct {
        int64_t iat;
        err_t want;
    } cases[] = {{NOW - DPOP_PAST, OK}, {NOW - DPOP_PAST - 1, ERR_EXPIRED}, {NOW + DPOP_FUTURE, OK}, {NOW + DPOP_FUTURE + 1, ERR_EXPIRED}, {-1, ERR_SYNTAX}};
    struct dpop_proof p;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        AUTO_BUF claims = {0};
        assert_ok(buf_addf(&claims, "{\"jti\":\"1\",\"htm\":\"POST\",\"htu\":\"" URL "\",\"iat\":%lld}", (long long)cases[i].iat));
        assert_err(check(buf_str(&claims), URL, NULL, &p), cases[i].want);
    }
}

static void at_a_resource_it_names_the_token(void **state)
{
    uint8_t hash[SHA256_LEN];
    char ath[B64URL_LEN(SHA256_LEN) + 1];
    AUTO_BUF claims = {0};
    struct dpop_proof p;
    (void)state;
    sha256(bytes_str("the token"), hash);
    b64url_encode(BYTES(hash, sizeof hash), ath);
    assert_ok(buf_addf(&claims, "{\"jti\":\"1\",\"htm\":\"POST\",\"htu\":\"" URL "\",\"iat\":1800000000,\"ath\":\"%s\"}", ath));
    assert_ok(check(buf_str(&claims), URL, "the token", &p));
    assert_err(check(buf_str(&claims), URL, "another", &p), ERR_UNAUTHENTICATED);
    assert_err(check(CLAIMS, URL, "the token", &p), ERR_SYNTAX);
}

static void same_jti_by_another_key_is_another_proof(void **state)
{
    struct dpop_proof a, b;
    EVP_PKEY *first = key;
    (void)state;
    assert_ok(check(CLAIMS, URL, NULL, &a));
    key = key_new(JOSE_ES256);
    assert_ok(check(CLAIMS, URL, NULL, &b));
    EVP_PKEY_free(key);
    key = first;
    assert_memory_not_equal(a.id, b.id, sizeof a.id);
    assert_ok(check(CLAIMS, URL, NULL, &b));
    assert_memory_equal(a.id, b.id, sizeof a.id);
}

static void a_change_of_any_character_is_noticed(void **state)
{
    AUTO_BUF proof = {0};
    const struct dpop_expect e = {.method = "POST", .url = URL, .now = NOW};
    struct dpop_proof p;
    (void)state;
    make(NULL, CLAIMS, &proof);
    assert_ok(dpop_check(buf_str(&proof), &e, &p));
    for (size_t i = 0; i < proof.len; i++) {
        uint8_t was = proof.ptr[i];
        proof.ptr[i] = was == 'A' ? 'B' : 'A';
        assert_int_not_equal(dpop_check(buf_str(&proof), &e, &p), OK);
        proof.ptr[i] = was;
    }
}

static void headers_without_a_public_key_are_refused(void **state)
{
    static const char *const headers[] = {
        "{}",
        "{\"alg\":\"ES256\",\"typ\":\"dpop+jwt\"}",
        "{\"alg\":\"ES256\",\"typ\":\"dpop+jwt\",\"jwk\":null}",
        "{\"alg\":\"ES256\",\"typ\":\"dpop+jwt\",\"jwk\":[]}",
        "{\"alg\":\"ES256\",\"typ\":\"dpop+jwt\",\"jwk\":{\"kty\":\"oct\",\"k\":\"AAAA\"}}",
        "{\"alg\":\"ES256\",\"typ\":\"dpop+jwt\",\"jwk\":{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AAAA\",\"y\":\"AAAA\"}}",
        "{\"alg\":\"none\",\"typ\":\"dpop+jwt\",\"jwk\":{\"kty\":\"EC\"}}",
    };
    const struct dpop_expect e = {.method = "POST", .url = URL, .now = NOW};
    struct dpop_proof p;
    (void)state;
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        AUTO_BUF proof = {0};
        make(headers[i], CLAIMS, &proof);
        assert_int_not_equal(dpop_check(buf_str(&proof), &e, &p), OK);
    }
}

/* --- what was used --- */

static void an_id_is_new_once_until_it_ends(void **state)
{
    struct replay *r = NULL;
    uint8_t a[SHA256_LEN] = {1}, b[SHA256_LEN] = {2};
    (void)state;
    assert_ok(replay_open(100, &r));
    assert_ok(replay_once(r, a, NOW + 60, NOW));
    assert_err(replay_once(r, a, NOW + 60, NOW), ERR_CONFLICT);
    assert_ok(replay_once(r, b, NOW + 60, NOW));
    assert_err(replay_once(r, a, NOW + 60, NOW + 59), ERR_CONFLICT);
    assert_ok(replay_once(r, a, NOW + 120, NOW + 60));
    replay_close(&r);
    assert_null(r);
}

static void a_full_memory_refuses_instead_of_forgetting(void **state)
{
    struct replay *r = NULL;
    uint8_t id[SHA256_LEN] = {0};
    unsigned refused = 0, kept = 0;
    (void)state;
    assert_ok(replay_open(8, &r));
    for (unsigned i = 0; i < 100; i++) {
        id[0] = (uint8_t)i;
        err_t e = replay_once(r, id, NOW + 60, NOW);
        assert_true(e == OK || e == ERR_BUSY);
        refused += e == ERR_BUSY;
        kept += e == OK;
    }
    assert_true(kept >= 8 && refused > 0);
    for (unsigned i = 0; i < 100; i++) {
        id[0] = (uint8_t)i;
        assert_int_not_equal(replay_once(r, id, NOW + 60, NOW), OK); /* none that was kept is new again */
    }
    replay_close(&r);
}

static int setup(void **state)
{
    (void)state;
    secret_init();
    key = key_new(JOSE_ES256);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    EVP_PKEY_free(key);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_proof_gives_its_keys_thumbprint),
        cmocka_unit_test(addresses_are_compared_in_normal_form),
        cmocka_unit_test(the_root_path_may_be_left_out),
        cmocka_unit_test(a_proof_lives_a_minute),
        cmocka_unit_test(at_a_resource_it_names_the_token),
        cmocka_unit_test(same_jti_by_another_key_is_another_proof),
        cmocka_unit_test(a_change_of_any_character_is_noticed),
        cmocka_unit_test(headers_without_a_public_key_are_refused),
        cmocka_unit_test(an_id_is_new_once_until_it_ends),
        cmocka_unit_test(a_full_memory_refuses_instead_of_forgetting),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}

/*
 * Tokens and keys: the algorithm belongs to the key, and only what was verified is believed.
 * RFC 7515, 7517, 7518, 7519, 7638, 8037, 8725.
 */
#include "tests/unit/testjwt.h"
#include <openssl/x509.h>

#define HEADER "{\"alg\":\"ES256\",\"kid\":\"k1\",\"typ\":\"JWT\"}"
#define PAYLOAD "{\"sub\":\"s\"}"

static EVP_PKEY *p256, *p384, *ed, *rsa;
static struct jwks set; /* k1 ES256, k2 ES384, k3 EdDSA, k4 RS256, k5 PS256 (the same RSA key) */

static int setup(void **state)
{
    (void)state;
    p256 = key_new(JOSE_ES256);
    p384 = key_new(JOSE_ES384);
    ed = key_new(JOSE_EDDSA);
    rsa = key_new(JOSE_RS256);
    static const enum jose_alg algs[] = {JOSE_ES256, JOSE_ES384, JOSE_EDDSA, JOSE_RS256, JOSE_PS256};
    EVP_PKEY *const keys[] = {p256, p384, ed, rsa, rsa};
    AUTO_JSON j = json_pack("{s:[]}", "keys");
    for (int i = 0; i < 5; i++) {
        json_t *k;
        char kid[] = {'k', (char)('1' + i), '\0'};
        assert_ok(jwk_to_json(keys[i], algs[i], kid, &k));
        assert_int_equal(json_array_append_new(json_object_get(j, "keys"), k), 0);
    }
    assert_ok(jwks_parse(j, &set));
    assert_int_equal(set.n, 5);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    jwks_free(&set);
    EVP_PKEY_free(p256);
    EVP_PKEY_free(p384);
    EVP_PKEY_free(ed);
    EVP_PKEY_free(rsa);
    return 0;
}

static err_t verify(struct bytes token, const char *typ)
{
    AUTO_JSON claims = NULL;
    err_t e = jwt_verify(token, &set, typ, &claims);
    assert_true((e == OK) == (claims != NULL));
    return e;
}

/* Signed properly by the P-256 key, under this header. */
static err_t verify_with_header(const char *header)
{
    AUTO_BUF t = {0};
    token_make(p256, JOSE_ES256, header, PAYLOAD, &t);
    return verify(buf_bytes(&t), NULL);
}

static void each_algorithm_verifies_its_own_tokens(void **state)
{
    (void)state;
    static const enum jose_alg algs[] = {JOSE_ES256, JOSE_ES384, JOSE_EDDSA, JOSE_RS256, JOSE_PS256};
    EVP_PKEY *const keys[] = {p256, p384, ed, rsa, rsa};
    for (int i = 0; i < 5; i++) {
        AUTO_BUF t = {0};
        AUTO_JSON claims = NULL;
        char header[100];
        (void)snprintf(header, sizeof header, "{\"alg\":\"%s\",\"kid\":\"k%d\",\"typ\":\"at+jwt\"}", jose_alg_name(algs[i]), i + 1);
        token_make(keys[i], algs[i], header, "{\"sub\":\"Nguyễn\",\"n\":1}", &t);
        assert_ok(jwt_verify(buf_bytes(&t), &set, "at+jwt", &claims));
        assert_string_equal(json_string_value(json_object_get(claims, "sub")), "Nguyễn");
    }
}

static void alg_none_is_refused(void **state)
{
    (void)state;
    static const char *const headers[] = {"{\"alg\":\"none\",\"kid\":\"k1\"}",
                                          "{\"alg\":\"None\",\"kid\":\"k1\"}",
                                          "{\"alg\":\"NONE\",\"kid\":\"k1\"}",
                                          "{\"alg\":\"\",\"kid\":\"k1\"}",
                                          "{\"kid\":\"k1\"}",
                                          "{\"alg\":null,\"kid\":\"k1\"}",
                                          "{\"alg\":[\"ES256\"],\"kid\":\"k1\"}"};
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        AUTO_BUF t = {0};
        add_b64url(&t, bytes_str(headers[i]));
        assert_ok(buf_add_str(&t, "."));
        add_b64url(&t, BYTES_STR(PAYLOAD));
        assert_ok(buf_add_str(&t, "."));
        assert_int_not_equal(verify(buf_bytes(&t), NULL), OK); /* no signature at all */
        assert_ok(buf_add_str(&t, "AA"));
        assert_int_not_equal(verify(buf_bytes(&t), NULL), OK);
        assert_int_not_equal(verify_with_header(headers[i]), OK); /* even with a good one */
    }
}

/* The classic confusion: a MAC keyed with the public key's bytes. */
static void hs256_with_the_public_key_is_refused(void **state)
{
    (void)state;
    static const char *const kids[] = {"k1", "k4"};
    for (int i = 0; i < 2; i++) {
        AUTO_BUF t = {0};
        unsigned char *spki = NULL, mac[32];
        unsigned mac_len = 0;
        int n = i2d_PUBKEY(i == 0 ? p256 : rsa, &spki);
        char header[64];
        (void)snprintf(header, sizeof header, "{\"alg\":\"HS256\",\"kid\":\"%s\"}", kids[i]);
        add_b64url(&t, bytes_str(header));
        assert_ok(buf_add_str(&t, "."));
        add_b64url(&t, BYTES_STR(PAYLOAD));
        assert_non_null(HMAC(EVP_sha256(), spki, n, t.ptr, t.len, mac, &mac_len));
        OPENSSL_free(spki);
        assert_ok(buf_add_str(&t, "."));
        add_b64url(&t, BYTES(mac, mac_len));
        assert_err(verify(buf_bytes(&t), NULL), ERR_BAD_SIGNATURE);
    }
}

static void an_algorithm_that_is_not_the_keys_is_refused(void **state)
{
    (void)state;
    assert_err(verify_with_header("{\"alg\":\"ES384\",\"kid\":\"k1\"}"), ERR_BAD_SIGNATURE);
    assert_err(verify_with_header("{\"alg\":\"RS256\",\"kid\":\"k1\"}"), ERR_BAD_SIGNATURE);
    assert_err(verify_with_header("{\"alg\":\"es256\",\"kid\":\"k1\"}"), ERR_BAD_SIGNATURE);
    assert_err(verify_with_header("{\"alg\":\"ES256K\",\"kid\":\"k1\"}"), ERR_BAD_SIGNATURE);
    AUTO_BUF t = {0};
    token_make(rsa, JOSE_RS256, "{\"alg\":\"RS256\",\"kid\":\"k5\"}", PAYLOAD, &t); /* k5 is for PS256 alone */
    assert_err(verify(buf_bytes(&t), NULL), ERR_BAD_SIGNATURE);
    token_make(rsa, JOSE_PS256, "{\"alg\":\"RS256\",\"kid\":\"k4\"}", PAYLOAD, &t);
    assert_err(verify(buf_bytes(&t), NULL), ERR_BAD_SIGNATURE);
    token_make(p256, JOSE_ES256, "{\"alg\":\"ES384\",\"kid\":\"k2\"}", PAYLOAD, &t); /* another key's kid */
    assert_err(verify(buf_bytes(&t), NULL), ERR_BAD_SIGNATURE);
}

static void only_a_known_kid_chooses_a_key(void **state)
{
    (void)state;
    assert_ok(verify_with_header(HEADER));
    assert_err(verify_with_header("{\"alg\":\"ES256\",\"kid\":\"k9\"}"), ERR_NOT_FOUND);
    assert_err(verify_with_header("{\"alg\":\"ES256\",\"kid\":\"K1\"}"), ERR_NOT_FOUND);
    assert_err(verify_with_header("{\"alg\":\"ES256\",\"kid\":\"k1 \"}"), ERR_NOT_FOUND);
    assert_err(verify_with_header("{\"alg\":\"ES256\",\"kid\":\"k\"}"), ERR_NOT_FOUND);
    assert_err(verify_with_header("{\"alg\":\"ES256\",\"kid\":\"../../k1\"}"), ERR_NOT_FOUND);
    assert_err(verify_with_header("{\"alg\":\"ES256\"}"), ERR_SYNTAX);
    assert_err(verify_with_header("{\"alg\":\"ES256\",\"kid\":\"\"}"), ERR_SYNTAX);
    assert_err(verify_with_header("{\"alg\":\"ES256\",\"kid\":1}"), ERR_SYNTAX);
    assert_err(verify_with_header("{\"alg\":\"ES256\",\"kid\":[\"k1\"]}"), ERR_SYNTAX);
    AUTO_JSON claims = NULL;
    AUTO_BUF t = {0};
    token_make(p256, JOSE_ES256, HEADER, PAYLOAD, &t);
    assert_err(jwt_verify(buf_bytes(&t), &(struct jwks){0}, NULL, &claims), ERR_NOT_FOUND);
}

static void a_key_in_the_header_is_never_believed(void **state)
{
    (void)state;
    EVP_PKEY *own = key_new(JOSE_ES256);
    AUTO_JSON jwk = NULL;
    AUTO_BUF header = {0};
    AUTO_BUF t = {0};
    assert_ok(jwk_to_json(own, JOSE_ES256, "k1", &jwk));
    AUTO_JSON h = json_pack("{s:s,s:s,s:O,s:s}", "alg", "ES256", "kid", "k1", "jwk", jwk, "jku", "https://attacker.example/jwks");
    assert_ok(json_text(h, &header));
    token_make(own, JOSE_ES256, buf_str(&header), PAYLOAD, &t);
    assert_err(verify(buf_bytes(&t), NULL), ERR_BAD_SIGNATURE);
    EVP_PKEY_free(own);
}

static void crit_and_b64_are_refused(void **state)
{
    (void)state;
    assert_err(verify_with_header("{\"alg\":\"ES256\",\"kid\":\"k1\",\"crit\":[\"exp\"],\"exp\":1}"), ERR_SYNTAX);
    assert_err(verify_with_header("{\"alg\":\"ES256\",\"kid\":\"k1\",\"crit\":[]}"), ERR_SYNTAX);
    assert_err(verify_with_header("{\"alg\":\"ES256\",\"kid\":\"k1\",\"crit\":null}"), ERR_SYNTAX);
    assert_err(verify_with_header("{\"alg\":\"ES256\",\"kid\":\"k1\",\"b64\":false,\"crit\":[\"b64\"]}"), ERR_SYNTAX);
    assert_err(verify_with_header("{\"alg\":\"ES256\",\"kid\":\"k1\",\"b64\":true}"), ERR_SYNTAX);
}

static void the_type_must_be_the_expected_one(void **state)
{
    (void)state;
    static const struct {
        const char *have, *want;
        err_t e;
    } rows[] = {
        {"\"at+jwt\"", "at+jwt", OK},
        {"\"AT+JWT\"", "at+jwt", OK},
        {"\"application/at+jwt\"", "at+jwt", OK},
        {"\"Application/AT+jwt\"", "at+jwt", OK},
        {"\"JWT\"", NULL, OK},
        {"\"JWT\"", "at+jwt", ERR_SYNTAX},
        {"\"at+jwt\"", "JWT", ERR_SYNTAX},
        {"\"logout+jwt\"", "JWT", ERR_SYNTAX},
        {"\"at+jwt \"", "at+jwt", ERR_SYNTAX},
        {"\"\"", "at+jwt", ERR_SYNTAX},
        {"\"application/\"", "at+jwt", ERR_SYNTAX},
        {"\"text/at+jwt\"", "at+jwt", ERR_SYNTAX},
        {"1", "at+jwt", ERR_SYNTAX},
        {"1", NULL, ERR_SYNTAX},
        {"[\"at+jwt\"]", "at+jwt", ERR_SYNTAX},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char header[128];
        AUTO_BUF t = {0};
        (void)snprintf(header, sizeof header, "{\"alg\":\"ES256\",\"kid\":\"k1\",\"typ\":%s}", rows[i].have);
        token_make(p256, JOSE_ES256, header, PAYLOAD, &t);
        assert_err(verify(buf_bytes(&t), rows[i].want), rows[i].e);
    }
    AUTO_BUF t = {0};
    token_make(p256, JOSE_ES256, "{\"alg\":\"ES256\",\"kid\":\"k1\"}", PAYLOAD, &t);
    assert_err(verify(buf_bytes(&t), "JWT"), ERR_SYNTAX);
}

static void a_change_of_any_character_is_noticed(void **state)
{
    (void)state;
    AUTO_BUF t = {0};
    token_make(p256, JOSE_ES256, HEADER, PAYLOAD, &t);
    assert_ok(verify(buf_bytes(&t), "JWT"));
    for (size_t i = 0; i < t.len; i++) {
        uint8_t was = t.ptr[i];
        t.ptr[i] = was == 'A' ? 'B' : 'A';
        assert_int_not_equal(verify(buf_bytes(&t), "JWT"), OK);
        t.ptr[i] = '.';
        if (was != '.')
            assert_err(verify(buf_bytes(&t), "JWT"), ERR_SYNTAX);
        t.ptr[i] = was;
    }
    for (size_t n = 0; n < t.len; n++) /* cut anywhere */
        assert_int_not_equal(verify(BYTES(t.ptr, n), "JWT"), OK);
}

static void anything_around_the_three_parts_is_refused(void **state)
{
    (void)state;
    AUTO_BUF t = {0};
    token_make(p256, JOSE_ES256, HEADER, PAYLOAD, &t);
    static const char *const tails[] = {".", ".x", "..", " ", "\n", "=", "==", "\t", "AA"};
    size_t n = t.len;
    for (size_t i = 0; i < sizeof tails / sizeof *tails; i++) {
        t.len = n;
        assert_ok(buf_add_str(&t, tails[i]));
        assert_int_not_equal(verify(buf_bytes(&t), NULL), OK);
    }
    t.len = n;
    assert_ok(buf_add(&t, "\0", 1));
    assert_err(verify(buf_bytes(&t), NULL), ERR_SYNTAX);
    t.len = n;
    static const char *const heads[] = {" ", ".", "\n", "Bearer "};
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        AUTO_BUF h = {0};
        assert_ok(buf_add_str(&h, heads[i]));
        assert_ok(buf_add_bytes(&h, buf_bytes(&t)));
        assert_err(verify(buf_bytes(&h), NULL), ERR_SYNTAX);
    }
    static const char *const shapes[] = {"", ".", "..", "...", "a", "a.b", "a.b.", ".b.c", "a..c", "{\"payload\":\"\"}"};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        assert_err(verify(bytes_str(shapes[i]), NULL), ERR_SYNTAX);
}

static void headers_and_payloads_must_be_json_objects(void **state)
{
    (void)state;
    static const char *const headers[] = {"[]",
                                          "null",
                                          "\"x\"",
                                          "{",
                                          "{\"alg\":\"ES256\",\"alg\":\"ES256\",\"kid\":\"k1\"}",
                                          "{\"alg\":\"ES256\",\"kid\":\"k1\"}x",
                                          "{\"alg\":\"ES256\",\"kid\":\"k1\",\"x\":\"\xff\"}"};
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
        assert_err(verify_with_header(headers[i]), ERR_SYNTAX);
    static const char *const payloads[] = {
        "[]", "null", "1", "{\"a\":1,\"a\":2}", "{}{}", "foo", "{\"a\":[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]}"};
    for (size_t i = 0; i < sizeof payloads / sizeof *payloads; i++) {
        AUTO_BUF t = {0};
        token_make(p256, JOSE_ES256, HEADER, payloads[i], &t);
        assert_err(verify(buf_bytes(&t), NULL), ERR_SYNTAX);
    }
}

static void a_token_over_the_limit_is_refused(void **state)
{
    (void)state;
    AUTO_BUF payload = {0};
    AUTO_BUF t = {0};
    assert_ok(buf_add_str(&payload, "{\"a\":\""));
    for (int i = 0; i < JWT_MAX; i++)
        assert_ok(buf_add_str(&payload, "x"));
    assert_ok(buf_add_str(&payload, "\"}"));
    token_make(p256, JOSE_ES256, HEADER, buf_str(&payload), &t);
    assert_err(verify(buf_bytes(&t), NULL), ERR_SYNTAX);
}

static void a_payload_comes_back_as_it_was_signed(void **state)
{
    (void)state;
    AUTO_BUF t = {0};
    AUTO_BUF out = {0};
    token_make(p256, JOSE_ES256, HEADER, " any \n bytes ", &t);
    assert_ok(jws_verify(buf_bytes(&t), &set, "JWT", &out));
    assert_string_equal(buf_str(&out), " any \n bytes ");
    t.ptr[t.len - 3] ^= 1;
    out.len = 0;
    assert_int_not_equal(jws_verify(buf_bytes(&t), &set, "JWT", &out), OK);
    assert_int_equal(out.len, 0);
}

/* --- claims --- */

static err_t check_claims(const char *claims)
{
    AUTO_JSON j = NULL;
    assert_ok(json_parse(bytes_str(claims), 10000, &j));
    return jwt_check(j, &(struct jwt_expect){.iss = "https://idp", .aud = "https://signer", .now = 1000, .skew = 10});
}

static void claims_for_us_and_now_are_accepted(void **state)
{
    (void)state;
    static const char *const good[] = {
        "{\"iss\":\"https://idp\",\"aud\":\"https://signer\",\"exp\":2000}",
        "{\"iss\":\"https://idp\",\"aud\":[\"x\",\"https://signer\"],\"exp\":2000,\"nbf\":1000,\"iat\":1000}",
        "{\"iss\":\"https://idp\",\"aud\":\"https://signer\",\"exp\":991}",
        "{\"iss\":\"https://idp\",\"aud\":\"https://signer\",\"exp\":2000,\"nbf\":1010,\"iat\":1010}",
        "{\"iss\":\"https://idp\",\"aud\":\"https://signer\",\"exp\":2000.5,\"iat\":1.5}",
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_ok(check_claims(good[i]));
}

static void claims_of_another_time_are_refused(void **state)
{
    (void)state;
#define WHO "{\"iss\":\"https://idp\",\"aud\":\"https://signer\""
    assert_err(check_claims(WHO ",\"exp\":990}"), ERR_EXPIRED); /* exactly on exp plus the tolerance */
    assert_err(check_claims(WHO ",\"exp\":0}"), ERR_EXPIRED);
    static const char *const bad[] = {
        WHO "}",
        WHO ",\"exp\":\"2000\"}",
        WHO ",\"exp\":null}",
        WHO ",\"exp\":[2000]}",
        WHO ",\"exp\":-1}",
        WHO ",\"exp\":9223372036854775807}",
        WHO ",\"exp\":1e300}",
        WHO ",\"exp\":-1.5}",
        WHO ",\"exp\":2000,\"nbf\":1011}",
        WHO ",\"exp\":2000,\"iat\":1011}",
        WHO ",\"exp\":2000,\"nbf\":\"1\"}",
        WHO ",\"exp\":2000,\"iat\":true}",
        WHO ",\"exp\":2000,\"nbf\":9223372036854775807}",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_err(check_claims(bad[i]), ERR_UNAUTHENTICATED);
#undef WHO
}

static void claims_for_others_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "{\"iss\":\"https://idp/\",\"aud\":\"https://signer\",\"exp\":2000}",
        "{\"iss\":\"https://IDP\",\"aud\":\"https://signer\",\"exp\":2000}",
        "{\"iss\":[\"https://idp\"],\"aud\":\"https://signer\",\"exp\":2000}",
        "{\"aud\":\"https://signer\",\"exp\":2000}",
        "{\"iss\":\"https://idp\",\"exp\":2000}",
        "{\"iss\":\"https://idp\",\"aud\":\"https://signer/\",\"exp\":2000}",
        "{\"iss\":\"https://idp\",\"aud\":\"https://signer2\",\"exp\":2000}",
        "{\"iss\":\"https://idp\",\"aud\":\"https://signe\",\"exp\":2000}",
        "{\"iss\":\"https://idp\",\"aud\":[],\"exp\":2000}",
        "{\"iss\":\"https://idp\",\"aud\":[\"x\"],\"exp\":2000}",
        "{\"iss\":\"https://idp\",\"aud\":[\"https://signer\",1],\"exp\":2000}",
        "{\"iss\":\"https://idp\",\"aud\":{\"https://signer\":1},\"exp\":2000}",
        "{\"iss\":\"https://idp\",\"aud\":null,\"exp\":2000}",
        "[]",
        "null",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_err(check_claims(bad[i]), ERR_UNAUTHENTICATED);
    AUTO_JSON j = json_pack("{s:s,s:s,s:i}", "iss", "https://idp", "aud", "https://signer", "exp", 2000);
    assert_err(jwt_check(j, &(struct jwt_expect){.iss = NULL, .aud = "https://signer", .now = 1000}), ERR_UNAUTHENTICATED);
    assert_err(jwt_check(j, &(struct jwt_expect){.iss = "https://idp", .aud = NULL, .now = 1000}), ERR_UNAUTHENTICATED);
}

/* --- keys --- */

/* What one key, given as text, does to a set: the error, or the number of keys taken. */
static err_t take_key(const char *key, size_t *n)
{
    AUTO_BUF text = {0};
    AUTO_JSON j = NULL;
    AUTO(jwks_free) struct jwks s = {0};
    assert_ok(buf_addf(&text, "{\"keys\":[%s]}", key));
    assert_ok(json_parse(buf_bytes(&text), 20000, &j));
    err_t e = jwks_parse(j, &s);
    *n = s.n;
    return e;
}

/* A valid point: the example of RFC 7515 appendix A.3. */
#define EC_X "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"
#define EC_Y "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"
#define EC "\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" EC_X "\",\"y\":\"" EC_Y "\""

static void keys_that_we_cannot_use_are_left_out(void **state)
{
    (void)state;
    static const char *const out[] = {
        "{\"kty\":\"oct\",\"k\":\"AAAA\",\"kid\":\"a\"}",
        "{\"kty\":\"XYZ\"}",
        "{" EC ",\"use\":\"enc\"}",
        "{" EC ",\"key_ops\":[\"sign\"]}",
        "{" EC ",\"key_ops\":[]}",
        "{" EC ",\"key_ops\":\"verify\"}",
        "{" EC ",\"alg\":\"ES384\"}",
        "{" EC ",\"alg\":\"HS256\"}",
        "{" EC ",\"alg\":\"none\"}",
        "{" EC ",\"alg\":\"PS256\"}",
        "{\"kty\":\"EC\",\"crv\":\"secp256k1\",\"x\":\"AA\",\"y\":\"AA\"}",
        "{\"kty\":\"EC\",\"crv\":\"P-521\",\"x\":\"AA\",\"y\":\"AA\"}",
        "{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"AA\"}",
        "{\"kty\":\"OKP\",\"crv\":\"Ed448\",\"x\":\"AA\"}",
        "{\"kty\":\"RSA\",\"n\":\"ALWv\",\"e\":\"AQAB\"}", /* far too short */
    };
    size_t n;
    for (size_t i = 0; i < sizeof out / sizeof *out; i++) {
        assert_ok(take_key(out[i], &n));
        assert_int_equal(n, 0);
    }
    assert_ok(take_key("{" EC "}", &n));
    assert_int_equal(n, 1);
    assert_ok(take_key("{" EC ",\"key_ops\":[\"verify\"],\"use\":\"sig\",\"alg\":\"ES256\",\"x5c\":[]}", &n));
    assert_int_equal(n, 1);
}

static void malformed_keys_refuse_the_set(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "1",
        "null",
        "{}",
        "{\"kty\":1}",
        "{\"kty\":\"EC\"}",
        "{\"kty\":\"EC\",\"crv\":\"P-256\"}",
        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" EC_X "\"}",
        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" EC_X "\",\"y\":\"" EC_X "\"}" /* not on the curve */,
        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\",\"y\":"
        "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}",
        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AAAA\",\"y\":\"" EC_Y "\"}" /* width */,
        "{\"kty\":\"EC\",\"crv\":\"P-384\",\"x\":\"" EC_X "\",\"y\":\"" EC_Y "\"}",
        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"A" EC_X "\",\"y\":\"" EC_Y "\"}",
        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" EC_X "=\",\"y\":\"" EC_Y "\"}",
        "{" EC ",\"d\":\"AAAA\"}" /* private */,
        "{" EC ",\"kid\":1}",
        "{" EC ",\"alg\":1}",
        "{" EC ",\"use\":[]}",
        "{" EC ",\"kid\":\"01234567890123456789012345678901234567890123456789012345678901234\"}" /* 65 */,
        "{\"kty\":\"OKP\",\"crv\":\"Ed25519\"}",
        "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AAAA\"}",
        "{\"kty\":\"RSA\",\"n\":\"AQAB\"}",
        "{\"kty\":\"RSA\",\"n\":\"\",\"e\":\"AQAB\"}",
        "{" EC ",\"kid\":\"a\"},{" EC ",\"kid\":\"a\"}" /* the same kid twice */,
        "{" EC "},{" EC "}",
    };
    size_t n;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_err(take_key(bad[i], &n), ERR_SYNTAX);
        assert_int_equal(n, 0);
    }
    static const char *const shapes[] = {"[]", "{}", "{\"keys\":{}}", "{\"keys\":null}", "null"};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        AUTO_JSON j = NULL;
        struct jwks s;
        assert_ok(json_parse(bytes_str(shapes[i]), 100, &j));
        assert_err(jwks_parse(j, &s), ERR_SYNTAX);
    }
}

static void bad_rsa_numbers_are_refused(void **state)
{
    (void)state;
    AUTO_JSON j = NULL;
    assert_ok(jwk_to_json(rsa, JOSE_RS256, "r", &j));
    static const char *const exponents[] = {"AQ" /* 1 */, "Ag" /* even */, "AAAAAAAAAAAAAQAB" /* too long */};
    for (size_t i = 0; i < sizeof exponents / sizeof *exponents; i++) {
        AUTO_JSON k = json_deep_copy(j);
        assert_int_equal(json_object_set_new(k, "e", json_string(exponents[i])), 0);
        AUTO_JSON keys = json_pack("{s:[O]}", "keys", k);
        struct jwks s;
        assert_err(jwks_parse(keys, &s), ERR_SYNTAX);
    }
    AUTO_BUF n = {0};
    for (int i = 0; i < 700; i++) /* 4200 bits */
        assert_ok(buf_add_str(&n, "_"));
    assert_int_equal(json_object_set_new(j, "n", json_string(buf_str(&n))), 0);
    AUTO_JSON keys = json_pack("{s:[O]}", "keys", j);
    struct jwks s;
    assert_err(jwks_parse(keys, &s), ERR_SYNTAX);
}

static void a_set_holds_so_many_keys_and_no_more(void **state)
{
    (void)state;
    AUTO_BUF b = {0};
    size_t n;
    for (int i = 0; i < JWKS_MAX; i++)
        assert_ok(buf_addf(&b, "%s{" EC ",\"kid\":\"%d\"}", i > 0 ? "," : "", i));
    assert_ok(take_key(buf_str(&b), &n));
    assert_int_equal(n, JWKS_MAX);
    assert_ok(buf_add_str(&b, ",{\"kty\":\"oct\"}"));
    assert_ok(take_key(buf_str(&b), &n));
    assert_ok(buf_add_str(&b, ",{" EC "}"));
    assert_err(take_key(buf_str(&b), &n), ERR_SYNTAX);
}

static void keys_go_to_json_and_back(void **state)
{
    (void)state;
    static const enum jose_alg algs[] = {JOSE_ES256, JOSE_ES384, JOSE_EDDSA, JOSE_RS256, JOSE_PS256};
    EVP_PKEY *const keys[] = {p256, p384, ed, rsa, rsa};
    for (int i = 0; i < 5; i++) {
        AUTO(jwks_free) struct jwks s = {0};
        set_of(keys[i], algs[i], "kid", &s);
        assert_int_equal(s.key[0].alg, algs[i]);
        assert_int_equal(EVP_PKEY_eq(s.key[0].key, keys[i]), 1);
        assert_int_equal(jose_alg_of(keys[i]), algs[i] == JOSE_PS256 ? JOSE_RS256 : algs[i]);
        AUTO_JSON j = NULL;
        assert_ok(jwk_to_json(keys[i], algs[i], "kid", &j));
        assert_null(json_object_get(j, "d"));
        assert_string_equal(json_string_value(json_object_get(j, "use")), "sig");
        assert_string_equal(json_string_value(json_object_get(j, "alg")), jose_alg_name(algs[i]));
    }
    AUTO_JSON j = NULL;
    assert_err(jwk_to_json(p256, JOSE_ES384, "k", &j), ERR_UNSUPPORTED);
    assert_err(jwk_to_json(p256, JOSE_NONE, "k", &j), ERR_UNSUPPORTED);
    assert_err(jwk_to_json(p256, JOSE_PS256, "k", &j), ERR_UNSUPPORTED);
    assert_null(j);
}

static void keys_without_kid_get_their_thumbprint(void **state)
{
    (void)state;
    /* RFC 7638 §3.1 and RFC 8037 appendix A.3 */
    static const char *const rows[][2] = {
        {"{\"kty\":\"RSA\",\"n\":\"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_"
         "BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_"
         "FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_"
         "xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw\",\"e\":\"AQAB\",\"alg\":\"RS256\"}",
         "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"},
        {"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}",
         "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"},
    };
    for (size_t i = 0; i < 2; i++) {
        AUTO_BUF text = {0};
        AUTO_JSON j = NULL;
        AUTO(jwks_free) struct jwks s = {0};
        assert_ok(buf_addf(&text, "{\"keys\":[%s]}", rows[i][0]));
        assert_ok(json_parse(buf_bytes(&text), 20000, &j));
        assert_ok(jwks_parse(j, &s));
        assert_string_equal(s.key[0].kid, rows[i][1]);
    }
}

static void other_keys_have_no_algorithm(void **state)
{
    (void)state;
    EVP_PKEY *k = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "secp256k1"), *x = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
    char print[44];
    AUTO_JSON j = NULL;
    assert_int_equal(jose_alg_of(k), JOSE_NONE);
    assert_int_equal(jose_alg_of(x), JOSE_NONE);
    assert_err(jwk_thumbprint(k, print), ERR_UNSUPPORTED);
    assert_err(jwk_to_json(x, JOSE_EDDSA, "k", &j), ERR_UNSUPPORTED);
    EVP_PKEY_free(k);
    EVP_PKEY_free(x);
}

/* --- ECDSA signatures --- */

static void ecdsa_signatures_convert_both_ways(void **state)
{
    (void)state;
    static const struct {
        const char *der, *raw;
        size_t width;
    } rows[] = {{"3006020101020102", "00010002", 2}, {"3008020200ff020200fe", "fffe", 1}, {"3008020200ff020200fe", "00ff00fe", 2}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint8_t der[64], raw[64];
        size_t n;
        char hex[16];
        AUTO_BUF back = {0};
        assert_ok(hex_decode(bytes_str(rows[i].der), der, sizeof der, &n));
        assert_ok(ecdsa_der_to_raw(BYTES(der, n), rows[i].width, raw));
        hex_encode(BYTES(raw, 2 * rows[i].width), hex);
        assert_string_equal(hex, rows[i].raw);
        assert_ok(ecdsa_raw_to_der(BYTES(raw, 2 * rows[i].width), &back));
        assert_true(bytes_eq(buf_bytes(&back), BYTES(der, n)));
    }
}

static void malformed_ecdsa_signatures_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "30",
        "3000",
        "3003020101",
        "300602010102010200" /* trailing */,
        "3006020100020101" /* r = 0 */,
        "3006020101020100" /* s = 0 */,
        "3006020181020101" /* negative */,
        "300702020001020101" /* padded */,
        "308106020101020102" /* long length */,
        "30800201010201020000" /* indefinite */,
        "3106020101020102",
        "30070202010102010100",
        "3009020300ffff02010100",
        "30060201010201",
        "0406020101020102",
    };
    uint8_t der[64], raw[4] = {7, 7, 7, 7};
    size_t n;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_ok(hex_decode(bytes_str(bad[i]), der, sizeof der, &n));
        assert_err(ecdsa_der_to_raw(BYTES(der, n), 2, raw), ERR_SYNTAX);
    }
    assert_ok(hex_decode(BYTES_STR("3008020300ffff020101"), der, sizeof der, &n)); /* wider than the curve */
    assert_err(ecdsa_der_to_raw(BYTES(der, n), 1, raw), ERR_SYNTAX);
    AUTO_BUF out = {0};
    assert_err(ecdsa_raw_to_der(BYTES(der, 0), &out), ERR_SYNTAX);
    assert_err(ecdsa_raw_to_der(BYTES("abc", 3), &out), ERR_SYNTAX);
    assert_err(ecdsa_raw_to_der(BYTES("\0\0\0\1", 4), &out), ERR_SYNTAX);
    assert_err(ecdsa_raw_to_der(BYTES("\0\1\0\0", 4), &out), ERR_SYNTAX);
    static const uint8_t wide[134] = {1};
    assert_err(ecdsa_raw_to_der(BYTES(wide, 134), &out), ERR_SYNTAX);
}

static void a_signature_of_zeros_or_another_length_is_refused(void **state)
{
    (void)state;
    uint8_t sig[128] = {0};
    for (size_t n = 0; n <= sizeof sig; n++)
        for (size_t k = 0; k < set.n; k++)
            assert_err(jwk_verify(&set.key[k], BYTES_STR("m"), BYTES(sig, n)), ERR_BAD_SIGNATURE);
    assert_err(jwk_verify(&(struct jwk){.alg = JOSE_ES256}, BYTES_STR("m"), BYTES(sig, 64)), ERR_BAD_SIGNATURE);
    assert_err(jwk_verify(&(struct jwk){.key = p256}, BYTES_STR("m"), BYTES(sig, 64)), ERR_BAD_SIGNATURE);
}

static void recipients_are_kept_for_encryption_and_strong(void **state)
{
    (void)state;
    static const struct {
        const char *more;
        err_t want;
    } cases[] = {
        {"\"use\":\"enc\"", OK},
        {"\"use\":\"enc\",\"alg\":\"ECDH-ES\"", OK},
        {"\"use\":\"enc\",\"key_ops\":[\"deriveKey\"]", OK},
        {"\"use\":\"enc\",\"key_ops\":[\"verify\"]", ERR_UNSUPPORTED},
        {"\"use\":\"enc\",\"key_ops\":[]", ERR_UNSUPPORTED},
        {"\"use\":\"sig\"", ERR_UNSUPPORTED},
        {"\"kid\":\"no use\"", ERR_UNSUPPORTED},
        {"\"use\":\"enc\",\"d\":\"AAAA\"", ERR_SYNTAX},
        {"\"use\":\"enc\",\"k\":\"AAAA\"", ERR_SYNTAX},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        AUTO_BUF text = {0};
        AUTO_JSON j = NULL;
        struct jwk k = {0};
        assert_ok(buf_addf(&text, "{" EC ",%s}", cases[i].more));
        assert_ok(json_parse(buf_bytes(&text), 4096, &j));
        assert_err(jwk_parse_recipient(j, &k), cases[i].want);
        assert_int_equal(k.alg, JOSE_NONE);
        EVP_PKEY_free(k.key);
        if (cases[i].want == OK) { /* and then it checks no signature */
            AUTO_JSON only = json_pack("{s:[O]}", "keys", j);
            struct jwks keys = {0};
            assert_ok(jwks_parse(only, &keys));
            assert_int_equal(keys.n, 0);
            jwks_free(&keys);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recipients_are_kept_for_encryption_and_strong),
        cmocka_unit_test(each_algorithm_verifies_its_own_tokens),
        cmocka_unit_test(alg_none_is_refused),
        cmocka_unit_test(hs256_with_the_public_key_is_refused),
        cmocka_unit_test(an_algorithm_that_is_not_the_keys_is_refused),
        cmocka_unit_test(only_a_known_kid_chooses_a_key),
        cmocka_unit_test(a_key_in_the_header_is_never_believed),
        cmocka_unit_test(crit_and_b64_are_refused),
        cmocka_unit_test(the_type_must_be_the_expected_one),
        cmocka_unit_test(a_change_of_any_character_is_noticed),
        cmocka_unit_test(anything_around_the_three_parts_is_refused),
        cmocka_unit_test(headers_and_payloads_must_be_json_objects),
        cmocka_unit_test(a_token_over_the_limit_is_refused),
        cmocka_unit_test(a_payload_comes_back_as_it_was_signed),
        cmocka_unit_test(claims_for_us_and_now_are_accepted),
        cmocka_unit_test(claims_of_another_time_are_refused),
        cmocka_unit_test(claims_for_others_are_refused),
        cmocka_unit_test(keys_that_we_cannot_use_are_left_out),
        cmocka_unit_test(malformed_keys_refuse_the_set),
        cmocka_unit_test(bad_rsa_numbers_are_refused),
        cmocka_unit_test(a_set_holds_so_many_keys_and_no_more),
        cmocka_unit_test(keys_go_to_json_and_back),
        cmocka_unit_test(keys_without_kid_get_their_thumbprint),
        cmocka_unit_test(other_keys_have_no_algorithm),
        cmocka_unit_test(ecdsa_signatures_convert_both_ways),
        cmocka_unit_test(malformed_ecdsa_signatures_are_refused),
        cmocka_unit_test(a_signature_of_zeros_or_another_length_is_refused),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}

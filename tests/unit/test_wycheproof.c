/*
 * Foreign test vectors (C2SP wycheproof) through our own entry points: JWS, JWK, ECDSA in both forms, Ed25519, RSA.
 * They are not carried along: read from the folder named by CORPORA, skipped where it is absent.
 */
#include "tests/unit/testjwt.h"
#include <openssl/x509.h>

static json_t *load(const char *file)
{
    const char *dir = getenv("CORPORA");
    char path[512];
    (void)snprintf(path, sizeof path, "%s/wycheproof/%s", dir == NULL ? "../shared/corpora" : dir, file);
    if (access(path, R_OK) != 0)
        skip();
    json_error_t why;
    json_t *j = json_load_file(path, 0, &why);
    if (j == NULL)
        fail_msg("%s: %s", path, why.text);
    return j;
}

static const char *str(const json_t *obj, const char *name)
{
    const char *s = json_string_value(json_object_get(obj, name));
    return s == NULL ? "" : s;
}

static void hex(const json_t *obj, const char *name, struct buf *out)
{
    const char *s = str(obj, name);
    out->len = 0;
    assert_ok(buf_reserve(out, strlen(s) / 2));
    assert_ok(hex_decode(bytes_str(s), out->ptr, out->cap, &out->len));
}

/* Counts what was decided, so that a changed file cannot make a test pass by deciding nothing. */
static size_t n_valid, n_invalid;

static void judge(const json_t *test, const char *file, bool accepted)
{
    const char *want = str(test, "result");
    bool wrong = (strcmp(want, "valid") == 0 && !accepted) || (strcmp(want, "invalid") == 0 && accepted);
    if (wrong)
        fail_msg("%s %lld (%s): %s", file, (long long)json_integer_value(json_object_get(test, "tcId")), str(test, "comment"),
                 accepted ? "accepted" : "refused");
    n_valid += accepted;
    n_invalid += !accepted;
}

/* Signatures over messages; groups name their key in DER. */
static void check_signatures(const char *file, enum jose_alg alg, bool der)
{
    AUTO_JSON all = load(file);
    n_valid = n_invalid = 0;
    size_t g, t;
    const json_t *group, *test;
    json_array_foreach(json_object_get(all, "testGroups"), g, group)
    {
        AUTO_BUF spki = {0};
        hex(group, "publicKeyDer", &spki);
        const unsigned char *p = spki.ptr;
        struct jwk k = {.kid = "k", .alg = alg, .key = d2i_PUBKEY(NULL, &p, (long)spki.len)};
        assert_non_null(k.key);
        size_t width = alg == JOSE_ES256 ? 32 : 48;
        json_array_foreach(json_object_get(group, "tests"), t, test)
        {
            AUTO_BUF msg = {0};
            AUTO_BUF sig = {0};
            uint8_t raw[96];
            hex(test, "msg", &msg);
            hex(test, "sig", &sig);
            bool accepted;
            if (der)
                accepted =
                    ecdsa_der_to_raw(buf_bytes(&sig), width, raw) == OK && jwk_verify(&k, buf_bytes(&msg), BYTES(raw, 2 * width)) == OK;
            else
                accepted = jwk_verify(&k, buf_bytes(&msg), buf_bytes(&sig)) == OK;
            judge(test, file, accepted);
        }
        EVP_PKEY_free(k.key);
    }
    assert_true(n_valid > 5 && n_invalid > 10);
}

static void ecdsa_raw_signatures(void **state)
{
    (void)state;
    check_signatures("ecdsa_secp256r1_sha256_p1363_test.json", JOSE_ES256, false);
    check_signatures("ecdsa_secp384r1_sha384_p1363_test.json", JOSE_ES384, false);
}

static void ecdsa_der_signatures(void **state)
{
    (void)state;
    check_signatures("ecdsa_secp256r1_sha256_test.json", JOSE_ES256, true);
    check_signatures("ecdsa_secp384r1_sha384_test.json", JOSE_ES384, true);
}

static void ed25519_signatures(void **state)
{
    (void)state;
    check_signatures("ed25519_test.json", JOSE_EDDSA, false);
}

static void rsa_signatures(void **state)
{
    (void)state;
    check_signatures("rsa_signature_2048_sha256_test.json", JOSE_RS256, false);
    check_signatures("rsa_signature_3072_sha256_test.json", JOSE_RS256, false);
    check_signatures("rsa_signature_4096_sha256_test.json", JOSE_RS256, false);
    check_signatures("rsa_pss_2048_sha256_mgf1_32_test.json", JOSE_PS256, false);
}

/* The algorithm in a token's header, or "". */
static void header_alg(const char *token, char out[16])
{
    uint8_t text[1024];
    size_t n;
    out[0] = '\0';
    if (b64url_decode(BYTES(token, strcspn(token, ".")), text, sizeof text, &n) != OK)
        return;
    AUTO_JSON j = NULL;
    const char *alg;
    if (json_parse(BYTES(text, n), sizeof text, &j) == OK && json_get_str(j, "alg", 15, &alg) == OK && alg != NULL)
        (void)snprintf(out, 16, "%s", alg);
}

/* Every token that our own keys' algorithms cover must be decided as the vectors say; the rest must be refused. */
static void check_tokens(const char *file)
{
    AUTO_JSON all = load(file);
    n_valid = n_invalid = 0;
    size_t g, t;
    json_t *group, *test;
    json_array_foreach(json_object_get(all, "testGroups"), g, group)
    {
        json_t *public = json_object_get(group, "public");
        if (public == NULL) /* symmetric keys */
            continue;
        AUTO_JSON one = json_object_get(public, "keys") != NULL ? json_incref(public) : json_pack("{s:[O]}", "keys", public);
        AUTO(jwks_free) struct jwks set = {0};
        err_t e = jwks_parse(one, &set);
        json_array_foreach(json_object_get(group, "tests"), t, test)
        {
            const char *token = str(test, "jws");
            char alg[16];
            AUTO_BUF payload = {0};
            header_alg(token, alg);
            bool accepted = jws_verify(bytes_str(token), &set, NULL, &payload) == OK;
            bool ours = e == OK && set.n > 0 && strcmp(alg, jose_alg_name(set.key[0].alg)) == 0;
            if (ours || accepted || strcmp(str(test, "result"), "valid") != 0)
                judge(test, file, accepted);
        }
    }
    assert_true(n_invalid > 5);
}

static void web_signatures(void **state)
{
    (void)state;
    check_tokens("json_web_signature_test.json");
    assert_true(n_valid > 15 && n_invalid > 200);
}

static void web_keys(void **state)
{
    (void)state;
    check_tokens("json_web_key_test.json");
    check_tokens("json_web_crypto_test.json");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ecdsa_raw_signatures), cmocka_unit_test(ecdsa_der_signatures), cmocka_unit_test(ed25519_signatures),
        cmocka_unit_test(rsa_signatures),       cmocka_unit_test(web_signatures),       cmocka_unit_test(web_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * Token keys of several algorithms in one keyd: the request names the algorithm, the key decides, access tokens stay with the default.
 * certs/keyd/PROTOCOL.md; RFC 7518 §3, RFC 8037, RFC 8725 §3.1.
 */
#include "certs/keyfile.h"
#include "common/keywire.h"
#include "tests/unit/keydproc.h"

static struct proc keyd;

static int new_key(const char *option, const char *kind)
{
    return antin_ca(&keyd, "key", "new", "--purpose", "token", option, kind, "--dir", in_dir(&keyd, "keys"), "--domain-key",
                    in_dir(&keyd, "domain"));
}

/* The ceremony's own key is ES256; all others but ES384 beside it. */
static int setup(void **state)
{
    (void)state;
    ceremony(&keyd);
    for (const char *const *alg = (const char *const[]){"EdDSA", "RS256", "PS256", NULL}; *alg; alg++)
        assert_int_equal(new_key("--alg", *alg), 0);
    write_jwks(&keyd);
    write_conf(&keyd, ALL, "");
    proc_start(&keyd);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    proc_end(&keyd);
    return 0;
}

static const char *alg_in_header(struct bytes jwt)
{
    static char alg[16];
    AUTO_JSON header = NULL;
    assert_ok(jwt_header(jwt, &header));
    (void)snprintf(alg, sizeof alg, "%s", json_string_value(json_object_get(header, "alg")));
    return alg;
}

/* Signed by keyd, checked with the published keys: the algorithm is bound to the kid there. */
static void verified(const struct buf *jwt, const char *typ, const char *alg)
{
    AUTO_JSON set = json_load_file(in_dir(&keyd, "idp.jwks"), 0, NULL);
    AUTO_JSON claims = NULL;
    struct jwks keys = {0};
    assert_ok(jwks_parse(set, &keys));
    assert_ok(jwt_verify(buf_bytes(jwt), &keys, typ, &claims));
    jwks_free(&keys);
    assert_string_equal(alg_in_header(buf_bytes(jwt)), alg);
}

static err_t id_token(enum jose_alg alg, struct buf *jwt)
{
    return key_sign_token(keyd.k, &(struct key_claims){.type = KEY_ID_TOKEN, .alg = alg, .sub = "s", .aud = {"c"}, .lifetime = 60}, jwt);
}

static err_t access_token(enum jose_alg alg, struct buf *jwt)
{
    return key_sign_token(
        keyd.k,
        &(struct key_claims){.type = KEY_ACCESS_TOKEN, .alg = alg, .sub = "s", .aud = {"c"}, .client_id = "c", .jti = "j", .lifetime = 60},
        jwt);
}

static void each_algorithm_signs_when_it_is_named(void **state)
{
    (void)state;
    static const enum jose_alg algs[] = {JOSE_ES256, JOSE_EDDSA, JOSE_RS256, JOSE_PS256};
    for (size_t round = 0; round < 3; round++) /* contexts are used again */
        for (size_t i = 0; i < sizeof algs / sizeof *algs; i++) {
            AUTO_BUF id = {0}, said = {0};
            AUTO_JSON members = json_pack("{s:s}", "sub", "s");
            assert_ok(id_token(algs[i], &id));
            verified(&id, "JWT", jose_alg_name(algs[i]));
            assert_ok(key_sign_statement(keyd.k, KEY_USERINFO, algs[i], "c", 0, members, &said));
            verified(&said, "userinfo+jwt", jose_alg_name(algs[i]));
        }
}

static void without_a_name_the_default_signs(void **state)
{
    (void)state;
    AUTO_BUF id = {0}, access = {0};
    assert_ok(id_token(JOSE_NONE, &id));
    verified(&id, "JWT", "ES256");
    assert_ok(access_token(JOSE_NONE, &access));
    verified(&access, "at+jwt", "ES256");
}

static void an_access_token_takes_no_other_algorithm(void **state)
{
    (void)state;
    AUTO_BUF jwt = {0};
    for (unsigned alg = JOSE_ES256; alg <= JOSE_PS256; alg++)
        assert_err(access_token((enum jose_alg)alg, &jwt), ERR_KEYD_REFUSED);
}

static void an_algorithm_without_a_key_is_refused(void **state)
{
    (void)state;
    AUTO_BUF jwt = {0};
    AUTO_JSON members = json_pack("{s:s}", "sub", "s");
    assert_err(id_token(JOSE_ES384, &jwt), ERR_KEYD_REFUSED);
    assert_err(id_token((enum jose_alg)77, &jwt), ERR_KEYD_REFUSED);
    assert_err(key_sign_statement(keyd.k, KEY_USERINFO, JOSE_ES384, "c", 0, members, &jwt), ERR_KEYD_REFUSED);
}

static void the_list_says_which_algorithm_and_which_is_the_default(void **state)
{
    (void)state;
    struct key_info info[KEY_LIST_MAX];
    size_t n, preferred = 0;
    unsigned algs = 0;
    assert_ok(key_list(keyd.k, KEY_TOKEN, info, &n));
    assert_int_equal(n, 4);
    for (size_t i = 0; i < n; i++) {
        assert_true(info[i].active);
        algs |= 1u << info[i].alg;
        preferred += info[i].preferred;
        assert_true(!info[i].preferred || info[i].alg == JOSE_ES256);
    }
    assert_int_equal(preferred, 1);
    assert_int_equal(algs, 1u << JOSE_ES256 | 1u << JOSE_EDDSA | 1u << JOSE_RS256 | 1u << JOSE_PS256);
}

static void an_rsa_key_has_one_algorithm_for_all(void **state)
{
    (void)state;
    AUTO_BUF jwt = {0};
    AUTO_JSON set = json_load_file(in_dir(&keyd, "idp.jwks"), 0, NULL);
    AUTO_JSON claims = NULL;
    struct jwks keys = {0};
    assert_ok(id_token(JOSE_PS256, &jwt));
    assert_ok(jwks_parse(set, &keys));
    for (size_t i = 0; i < keys.n; i++)
        if (keys.key[i].alg == JOSE_PS256)
            keys.key[i].alg = JOSE_RS256; /* a reader that takes the key for the other algorithm */
    assert_err(jwt_verify(buf_bytes(&jwt), &keys, "JWT", &claims), ERR_BAD_SIGNATURE);
    jwks_free(&keys);
}

static void keys_of_such_kinds_are_made_for_tokens_alone(void **state)
{
    (void)state;
    struct keyfile k = {0};
    for (const char *const *kind = (const char *const[]){"EdDSA", "RS256", "PS256", "none", "HS256", "", NULL}; *kind; kind++)
        assert_err(keyfile_new(KEY_TSA, *kind, 0, 1, &k), ERR_UNSUPPORTED);
    assert_err(keyfile_new(KEY_TOKEN, "HS256", 0, 1, &k), ERR_UNSUPPORTED);
    assert_int_equal(new_key("--alg", "none"), 3);
    assert_int_equal(new_key("--alg", "HS256"), 3);
    assert_int_equal(antin_ca(&keyd, "key", "new", "--purpose", "tsa", "--alg", "EdDSA", "--dir", in_dir(&keyd, "keys"), "--domain-key",
                              in_dir(&keyd, "domain")),
                     3);
    keyfile_free(&k);
}

static void a_key_file_tells_its_algorithm_and_no_other_can_be_written_in(void **state)
{
    (void)state;
    static const uint8_t domain[DOMAIN_KEY_LEN] = {7};
    struct keyfile k = {0}, back = {0};
    AUTO_BUF f = {0};
    assert_ok(keyfile_new(KEY_TOKEN, "PS256", 1, 2, &k));
    assert_ok(keyfile_seal(&k, BYTES(domain, sizeof domain), &f));
    assert_ok(keyfile_open(buf_bytes(&f), BYTES(domain, sizeof domain), &back));
    assert_int_equal(back.alg, JOSE_PS256);
    keyfile_free(&back);
    f.ptr[12] = 0; /* taken for RS256: the header is sealed with the rest */
    assert_err(keyfile_open(buf_bytes(&f), BYTES(domain, sizeof domain), &back), ERR_CRYPTO);
    f.ptr[12] = 2;
    assert_err(keyfile_open(buf_bytes(&f), BYTES(domain, sizeof domain), &back), ERR_SYNTAX);
    keyfile_free(&k);
    assert_ok(keyfile_new(KEY_TOKEN, "EdDSA", 1, 2, &k));
    assert_ok(keyfile_seal(&k, BYTES(domain, sizeof domain), &f));
    f.ptr[12] = 1; /* PSS without RSA */
    assert_err(keyfile_peek(buf_bytes(&f), &back), ERR_SYNTAX);
    keyfile_free(&k);
}

static void a_default_without_a_key_stops_the_start(void **state)
{
    (void)state;
    static const struct {
        const char *alg, *words;
    } wrong[] = {{"ES384", "no key for token with ES384"}, {"none", "token.alg"}, {"HS256", "token.alg"}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        AUTO_BUF conf = {0};
        char *whole = read_text(in_dir(&keyd, "keyd.conf")), *at = strstr(whole, "[token]\n");
        assert_non_null(at);
        assert_ok(buf_addf(&conf, "%.*salg = %s\n%s", (int)(at + 8 - whole), whole, wrong[i].alg, at + 8));
        write_text(in_dir(&keyd, "other.conf"), buf_str(&conf));
        assert_int_equal(run(&keyd, program("antin-keyd"), "-t", "-c", in_dir(&keyd, "other.conf")), 1);
        char *out = read_text(in_dir(&keyd, "out"));
        assert_non_null(strstr(out, wrong[i].words));
        free(out);
        free(whole);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_algorithm_signs_when_it_is_named),
        cmocka_unit_test(without_a_name_the_default_signs),
        cmocka_unit_test(an_access_token_takes_no_other_algorithm),
        cmocka_unit_test(an_algorithm_without_a_key_is_refused),
        cmocka_unit_test(the_list_says_which_algorithm_and_which_is_the_default),
        cmocka_unit_test(an_rsa_key_has_one_algorithm_for_all),
        cmocka_unit_test(keys_of_such_kinds_are_made_for_tokens_alone),
        cmocka_unit_test(a_key_file_tells_its_algorithm_and_no_other_can_be_written_in),
        cmocka_unit_test(a_default_without_a_key_stops_the_start),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}

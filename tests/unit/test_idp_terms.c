/*
 * Rules of what is asked beyond scopes: classes of sign-in, words that people read, wishes held against what there is, authorization details
 * and their narrowing.
 * OpenID Connect Core §5.5; OpenID Connect for Identity Assurance 1.0 §6; RFC 9396 §6.
 */
#include "idp/rules/acr.h"
#include "idp/rules/details.h"
#include "idp/rules/match.h"
#include "idp/rules/plain.h"
#include "idp/rules/terms.h"
#include "tests/unit/unit.h"
#include <string.h>

static const struct resources known = {.issuer = "https://idp.example", .signer = "https://signer.example", .signer_scopes = "dossier"};

static json_t *json(const char *text)
{
    json_t *j = json_loads(text, JSON_DECODE_ANY, NULL);
    assert_non_null(j);
    return j;
}

static void plain_words_hide_nothing(void **state)
{
    static const char *const bad[] = {" a",     "a ",       "a\nb",    "a\tb",     "a\x7f",      "a\u202e",
                                      "\u200b", "a\u2066b", "\ufeffx", "a\u00adb", "\U000e0041", "\ue000"};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(plain_text(bad[i], 1, 100));
    assert_true(plain_text("UBND Phường Bến Thành \"x\" <b>", 1, 100));
    assert_true(plain_text("ệệệ", 3, 3) && !plain_text("ệệệệ", 1, 3) && !plain_text("ệ", 2, 3) && !plain_text("", 1, 3));
    assert_true(plain_code("1.004873.000.00.00.H29", 1, 64) && !plain_code("a b", 1, 64) && !plain_code("ệ", 1, 64) &&
                !plain_code("", 1, 64));
}

static void classes_are_ours_and_in_the_client_s_order(void **state)
{
    char out[ACR_VALUES_MAX + 1] = "";
    static const char asked[] = "urn:x urn:antin:loa:2 urn:antin:auth:pwd urn:antin:loa:2 urn:antin:loa:22";
    (void)state;
    acr_add(asked, strlen(asked), out);
    assert_string_equal(out, "urn:antin:loa:2 urn:antin:auth:pwd");
    assert_string_equal(acr_met(out, 2, "pwd"), "urn:antin:loa:2");
    assert_string_equal(acr_met(out, 1, "pwd"), "urn:antin:auth:pwd");
    assert_null(acr_met(out, 1, "face"));
    assert_null(acr_met("", 2, "pwd"));
    assert_null(acr_of_level(0));
}

static void another_sign_in_is_asked_for_only_where_it_helps(void **state)
{
    struct session s = {.level = 1, .account_level = 2, .amr = "face"};
    (void)state;
    assert_true(acr_reachable("urn:antin:loa:2", &s));
    assert_true(acr_reachable("urn:antin:auth:pwd", &s));
    s.account_level = 1;
    assert_false(acr_reachable("urn:antin:loa:2", &s));
}

static bool fills(const char *asked, const char *have, const char *want)
{
    AUTO_JSON a = json(asked);
    AUTO_JSON h = json(have);
    AUTO_JSON out = NULL;

    if (!match_fill(a, h, &out))
        return want == NULL;
    AUTO_JSON w = want ? json(want) : NULL;
    return want && (json_is_null(w) ? !out : json_equal(w, out));
}

static void a_wish_gets_its_part_or_nothing(void **state)
{
    static const char have[] = "{\"a\":\"1\",\"b\":{\"c\":\"2\",\"d\":\"3\"},\"l\":[{\"m\":\"x\",\"n\":\"1\"},{\"m\":\"y\",\"n\":\"2\"}]}";
    (void)state;
    assert_true(fills("{\"a\":null}", have, "{\"a\":\"1\"}"));
    assert_true(fills("{\"b\":{\"c\":null}}", have, "{\"b\":{\"c\":\"2\"}}"));
    assert_true(fills("{\"b\":null}", have, "{\"b\":{\"c\":\"2\",\"d\":\"3\"}}"));
    assert_true(fills("{\"z\":null}", have, "null"));
    assert_true(fills("{\"z\":{\"essential\":true}}", have, "null"));
    assert_true(fills("{\"z\":{\"value\":\"1\"}}", have, NULL));
    assert_true(fills("{\"z\":{\"y\":{\"x\":{\"value\":\"1\"}}}}", have, NULL));
    assert_true(fills("{\"a\":{\"value\":\"2\"}}", have, NULL));
    assert_true(fills("{\"a\":{\"values\":[\"2\",\"1\"]}}", have, "{\"a\":\"1\"}"));
    assert_true(fills("{\"l\":[{\"m\":{\"value\":\"y\"}}]}", have, "{\"l\":[{\"m\":\"y\"}]}"));
    assert_true(fills("{\"l\":[{\"m\":{\"value\":\"z\"}}]}", have, NULL));
    assert_true(
        fills("{\"l\":[{\"m\":{\"value\":\"z\"}},{\"m\":{\"value\":\"x\"},\"n\":null}]}", have, "{\"l\":[{\"m\":\"x\",\"n\":\"1\"}]}"));
    assert_true(fills("{\"a\":[null]}", have, NULL));
    assert_true(fills("{\"l\":{\"m\":null}}", have, NULL));
    assert_true(fills("{\"a\":\"1\"}", have, NULL));
    assert_true(fills("{\"a\":{\"max_age\":60}}", have, NULL));
}

#define DOSSIER "{\"type\":\"dossier\",\"procedure\":\"1.0\",\"agency\":\"UBND\",\"actions\":[\"create\",\"read\"]}"
#define LESS "{\"type\":\"dossier\",\"procedure\":\"1.0\",\"agency\":\"UBND\",\"actions\":[\"read\"]}"
#define CREDENTIAL(n) "{\"type\":\"credential\",\"credentialID\":\"x\",\"numSignatures\":" n "}"

static err_t narrowed(const char *granted, const char *asked)
{
    AUTO_JSON had = json(granted);
    AUTO_JSON out = NULL;

    return details_narrow(had, asked, &known, &out);
}

static void details_only_shrink(void **state)
{
    (void)state;
    assert_ok(narrowed("[" DOSSIER "]", "[" LESS "]"));
    assert_ok(narrowed("[" DOSSIER "," CREDENTIAL("3") "]", "[" CREDENTIAL("2") "]"));
    assert_ok(narrowed("[" DOSSIER "," DOSSIER "]", "[" LESS "," DOSSIER "]"));
    assert_err(narrowed("[" LESS "]", "[" DOSSIER "]"), ERR_DETAILS);
    assert_err(narrowed("[" CREDENTIAL("2") "]", "[" CREDENTIAL("3") "]"), ERR_DETAILS);
    assert_err(narrowed("[" CREDENTIAL("2") "]", "[" CREDENTIAL("1") "," CREDENTIAL("1") "]"), ERR_DETAILS);
    assert_err(narrowed("[" DOSSIER "]", "[" DOSSIER "," LESS "]"), ERR_DETAILS);
    assert_err(narrowed("[" DOSSIER "]", "[]"), ERR_DETAILS);
    assert_err(narrowed("[]", "[" DOSSIER "]"), ERR_DETAILS);
}

static void terms_open_for_their_client_alone(void **state)
{
    static const uint8_t seal[IDP_KEY_LEN] = {7}, other[IDP_KEY_LEN] = {8};
    AUTO_TERMS t = {.details = json("[" DOSSIER "]")}, back = {0}, none = {0};
    uint8_t sealed[TERMS_SEALED_MAX];
    size_t n = 0;
    (void)state;
    assert_ok(terms_seal(seal, "a", &t, sealed, &n));
    assert_ok(terms_open(seal, "a", BYTES(sealed, n), &back));
    assert_true(json_equal(t.details, back.details) && !back.userinfo);
    assert_err(terms_open(seal, "b", BYTES(sealed, n), &none), ERR_CRYPTO);
    assert_err(terms_open(other, "a", BYTES(sealed, n), &none), ERR_CRYPTO);
    sealed[n - 1] ^= 1;
    assert_err(terms_open(seal, "a", BYTES(sealed, n), &none), ERR_CRYPTO);
    assert_ok(terms_seal(seal, "a", &none, sealed, &n));
    assert_int_equal(n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_words_hide_nothing),
        cmocka_unit_test(classes_are_ours_and_in_the_client_s_order),
        cmocka_unit_test(another_sign_in_is_asked_for_only_where_it_helps),
        cmocka_unit_test(a_wish_gets_its_part_or_nothing),
        cmocka_unit_test(details_only_shrink),
        cmocka_unit_test(terms_open_for_their_client_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

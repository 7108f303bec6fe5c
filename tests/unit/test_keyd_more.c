/*
 * Tokens with claims beyond the typed ones: what is about a person goes into ID tokens, authorization details into access tokens, and
 * nothing that keyd lays down itself can be brought this way.
 * certs/keyd/PROTOCOL.md; OpenID Connect for Identity Assurance 1.0 §5; RFC 9396 §9.
 */
#include "common/ipc.h"
#include "common/keywire.h"
#include "tests/unit/keydproc.h"

static struct proc keyd;

static int setup(void **state)
{
    (void)state;
    proc_begin(&keyd, ALL, "");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    proc_end(&keyd);
    return 0;
}

static json_t *json(const char *text)
{
    json_t *j = json_loads(text, 0, NULL);
    assert_non_null(j);
    return j;
}

/* Signs and verifies a token that carries this; *claims is what it says. */
static err_t token(enum key_token type, const char *more, json_t **claims)
{
    AUTO_JSON mine = json(more);
    AUTO_BUF jwt = {0};
    AUTO_JSON set = json_load_file(in_dir(&keyd, "idp.jwks"), 0, NULL);
    struct jwks keys = {0};
    const struct key_claims c = {
        .type = type,
        .sub = "s1",
        .aud = {"a1"},
        .client_id = type == KEY_ACCESS_TOKEN ? "c1" : NULL,
        .jti = "j1",
        .lifetime = 60,
        .more = mine,
    };

    TRY(key_sign_token(keyd.k, &c, &jwt));
    assert_ok(jwks_parse(set, &keys));
    err_t e = jwt_verify(buf_bytes(&jwt), &keys, type == KEY_ID_TOKEN ? "JWT" : "at+jwt", claims);
    jwks_free(&keys);
    return e;
}

static void refused(enum key_token type, const char *more, err_t why)
{
    AUTO_JSON claims = NULL;
    assert_err(token(type, more, &claims), why);
}

#define VERIFIED "{\"verification\":{\"trust_framework\":\"vn\"},\"claims\":{\"name\":\"N\"}}"

static void an_id_token_carries_the_person_s_claims(void **state)
{
    (void)state;
    AUTO_JSON c = NULL;
    assert_ok(
        token(KEY_ID_TOKEN, "{\"name\":\"Nguyễn \\\"An\\\"\",\"address\":{\"formatted\":\"x\"},\"verified_claims\":" VERIFIED "}", &c));
    assert_string_equal(json_string_value(json_object_get(c, "name")), "Nguyễn \"An\"");
    assert_string_equal(json_string_value(json_object_get(json_object_get(c, "address"), "formatted")), "x");
    assert_non_null(json_object_get(json_object_get(json_object_get(c, "verified_claims"), "claims"), "name"));
    assert_string_equal(json_string_value(json_object_get(c, "sub")), "s1");
    assert_int_equal(json_integer_value(json_object_get(c, "exp")) - json_integer_value(json_object_get(c, "iat")), 60);
}

static void an_access_token_carries_authorization_details(void **state)
{
    (void)state;
    AUTO_JSON c = NULL;
    assert_ok(token(KEY_ACCESS_TOKEN, "{\"authorization_details\":[{\"type\":\"dossier\",\"actions\":[\"read\"]}]}", &c));
    assert_int_equal(json_array_size(json_object_get(c, "authorization_details")), 1);
    assert_string_equal(json_string_value(json_object_get(c, "client_id")), "c1");
}

static void neither_carries_the_other_s(void **state)
{
    (void)state;
    refused(KEY_ID_TOKEN, "{\"authorization_details\":[{\"type\":\"dossier\"}]}", ERR_KEYD_REFUSED);
    refused(KEY_ACCESS_TOKEN, "{\"name\":\"N\"}", ERR_KEYD_REFUSED);
    refused(KEY_ACCESS_TOKEN, "{\"verified_claims\":" VERIFIED "}", ERR_KEYD_REFUSED);
    refused(KEY_LOGOUT_TOKEN, "{\"name\":\"N\"}", ERR_KEYD_REFUSED);
}

static void what_keyd_lays_down_cannot_be_brought(void **state)
{
    static const char *const names[] = {"iss",   "sub",       "aud", "exp", "iat",    "nonce", "acr",
                                        "scope", "client_id", "cnf", "act", "events", "level", "x"};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char more[64];
        (void)snprintf(more, sizeof more, "{\"name\":\"N\",\"%s\":\"x\"}", names[i]);
        refused(KEY_ID_TOKEN, more, ERR_KEYD_REFUSED);
        refused(KEY_ACCESS_TOKEN, more, ERR_KEYD_REFUSED);
    }
    refused(KEY_ID_TOKEN, "{\"cnf\":{\"jkt\":\"x\"}}", ERR_KEYD_REFUSED);
    refused(KEY_ID_TOKEN, "{\"address\":{\"jkt\":\"x\"}}", ERR_KEYD_REFUSED);
}

static void each_member_has_its_shape(void **state)
{
    static const char *const wrong[] = {
        "{\"name\":1}",
        "{\"name\":\"\"}",
        "{\"name\":{\"formatted\":\"x\"}}",
        "{\"address\":\"x\"}",
        "{\"address\":{}}",
        "{\"verified_claims\":\"x\"}",
        "{\"verified_claims\":[]}",
        "{\"verified_claims\":{\"claims\":{\"name\":\"N\"}}}",
        "{\"verified_claims\":{\"verification\":{},\"claims\":{\"name\":\"N\"}}}",
        "{\"verified_claims\":{\"verification\":{\"trust_framework\":\"vn\"},\"claims\":{}}}",
        "{\"verified_claims\":{\"verification\":{\"trust_framework\":\"vn\"},\"claims\":{\"name\":\"N\"},\"more\":1}}",
    };
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        refused(KEY_ID_TOKEN, wrong[i], ERR_KEYD_REFUSED);
    refused(KEY_ACCESS_TOKEN, "{\"authorization_details\":{\"type\":\"x\"}}", ERR_KEYD_REFUSED);
    refused(KEY_ACCESS_TOKEN, "{\"authorization_details\":[]}", ERR_KEYD_REFUSED);
    refused(KEY_ACCESS_TOKEN, "{\"authorization_details\":[{\"kind\":\"x\"}]}", ERR_KEYD_REFUSED);
    refused(KEY_ID_TOKEN, "{}", ERR_SYNTAX);
    refused(KEY_ID_TOKEN, "[]", ERR_SYNTAX);
}

static void too_much_is_refused_before_it_is_sent(void **state)
{
    (void)state;
    AUTO_JSON claims = NULL;
    AUTO_BUF more = {0};
    assert_ok(buf_add_str(&more, "{\"name\":\""));
    for (int i = 0; i < KEY_MORE_MAX; i++)
        assert_ok(buf_add_str(&more, "x"));
    assert_ok(buf_add_str(&more, "\"}"));
    assert_err(token(KEY_ID_TOKEN, buf_str(&more), &claims), ERR_TOO_LARGE);
}

static void statements_carry_both_where_they_belong(void **state)
{
    (void)state;
    AUTO_BUF jwt = {0};
    AUTO_JSON person = json("{\"sub\":\"s1\",\"verified_claims\":[" VERIFIED "," VERIFIED "]}");
    AUTO_JSON answer = json("{\"active\":true,\"authorization_details\":[{\"type\":\"dossier\"}]}");
    AUTO_JSON wrong = json("{\"sub\":\"s1\",\"verified_claims\":[{\"claims\":{}}]}");
    assert_ok(key_sign_statement(keyd.k, KEY_USERINFO, JOSE_NONE, "c1", 0, person, &jwt));
    assert_ok(key_sign_statement(keyd.k, KEY_INTROSPECTION, JOSE_NONE, "c1", 0, answer, &jwt));
    assert_err(key_sign_statement(keyd.k, KEY_INTROSPECTION, JOSE_NONE, "c1", 0, person, &jwt), ERR_KEYD_REFUSED);
    assert_err(key_sign_statement(keyd.k, KEY_USERINFO, JOSE_NONE, "c1", 0, wrong, &jwt), ERR_SYNTAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_id_token_carries_the_person_s_claims),
        cmocka_unit_test(an_access_token_carries_authorization_details),
        cmocka_unit_test(neither_carries_the_other_s),
        cmocka_unit_test(what_keyd_lays_down_cannot_be_brought),
        cmocka_unit_test(each_member_has_its_shape),
        cmocka_unit_test(too_much_is_refused_before_it_is_sent),
        cmocka_unit_test(statements_carry_both_where_they_belong),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}

/*
 * Statements that keyd signs: each kind carries its own members and no other's, and none passes for a token.
 * certs/keyd/PROTOCOL.md; JARM §2.1, RFC 9701 §5, OpenID Connect Core §5.3.2.
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

/* Signs and verifies; *claims is what it says. */
static err_t statement(enum key_statement type, int64_t life, json_t *members, const char *typ, json_t **claims)
{
    AUTO_JSON mine = members;
    AUTO_BUF jwt = {0};
    AUTO_JSON set = json_load_file(in_dir(&keyd, "idp.jwks"), 0, NULL);
    struct jwks keys = {0};

    assert_non_null(mine);
    TRY(key_sign_statement(keyd.k, type, JOSE_NONE, "c1", life, mine, &jwt));
    assert_ok(jwks_parse(set, &keys));
    err_t e = jwt_verify(buf_bytes(&jwt), &keys, typ, claims);
    jwks_free(&keys);
    return e;
}

static void refused(enum key_statement type, int64_t life, json_t *members, err_t why)
{
    AUTO_JSON claims = NULL;
    assert_err(statement(type, life, members, NULL, &claims), why);
}

static void a_response_has_issuer_audience_and_end(void **state)
{
    (void)state;
    AUTO_JSON c = NULL;
    assert_ok(
        statement(KEY_AUTHZ_RESPONSE, 300, json_pack("{s:s, s:s}", "code", "abc", "state", "x\"\\\n"), "oauth-authz-response+jwt", &c));
    assert_int_equal(json_object_size(c), 6);
    assert_string_equal(json_string_value(json_object_get(c, "aud")), "c1");
    assert_string_equal(json_string_value(json_object_get(c, "state")), "x\"\\\n");
    assert_int_equal(json_integer_value(json_object_get(c, "exp")) - json_integer_value(json_object_get(c, "iat")), 300);
    assert_non_null(json_object_get(c, "iss"));
}

static void a_response_lives_ten_minutes_at_most(void **state)
{
    (void)state;
    AUTO_JSON c = NULL;
    assert_ok(statement(KEY_AUTHZ_RESPONSE, 86400, json_pack("{s:s}", "error", "access_denied"), NULL, &c));
    assert_int_equal(json_integer_value(json_object_get(c, "exp")) - json_integer_value(json_object_get(c, "iat")), 600);
    refused(KEY_AUTHZ_RESPONSE, 0, json_pack("{s:s}", "code", "abc"), ERR_SYNTAX);
    refused(KEY_AUTHZ_RESPONSE, -1, json_pack("{s:s}", "code", "abc"), ERR_SYNTAX);
}

static void a_response_is_a_code_or_an_error(void **state)
{
    (void)state;
    refused(KEY_AUTHZ_RESPONSE, 300, json_pack("{s:s}", "state", "x"), ERR_KEYD_REFUSED);
    refused(KEY_AUTHZ_RESPONSE, 300, json_pack("{s:s, s:s}", "code", "x", "error", "y"), ERR_KEYD_REFUSED);
}

static void an_introspection_keeps_the_token_inside(void **state)
{
    (void)state;
    AUTO_JSON c = NULL;
    assert_ok(statement(
        KEY_INTROSPECTION, 0,
        json_pack("{s:b, s:s, s:[s,s], s:I, s:{s:s}}", "active", 1, "sub", "s1", "aud", "a", "b", "exp", (json_int_t)99, "cnf", "jkt", "k"),
        "token-introspection+jwt", &c));
    assert_int_equal(json_object_size(c), 4);
    const json_t *t = json_object_get(c, "token_introspection");
    assert_true(json_is_true(json_object_get(t, "active")));
    assert_int_equal(json_array_size(json_object_get(t, "aud")), 2);
    assert_int_equal(json_integer_value(json_object_get(t, "exp")), 99);
    assert_string_equal(json_string_value(json_object_get(json_object_get(t, "cnf"), "jkt")), "k");
    refused(KEY_INTROSPECTION, 0, json_pack("{s:s}", "sub", "s1"), ERR_KEYD_REFUSED); /* active is what it is about */
    refused(KEY_INTROSPECTION, 60, json_pack("{s:b}", "active", 0), ERR_SYNTAX);      /* with an end it could pass for a token */
}

static void userinfo_needs_its_subject(void **state)
{
    (void)state;
    AUTO_JSON c = NULL;
    assert_ok(statement(KEY_USERINFO, 0,
                        json_pack("{s:s, s:s, s:{s:s}}", "sub", "s1", "name", "Trần Thị Bưởi", "address", "formatted", "12 Lê Lợi"),
                        "userinfo+jwt", &c));
    assert_string_equal(json_string_value(json_object_get(c, "name")), "Trần Thị Bưởi");
    assert_string_equal(json_string_value(json_object_get(json_object_get(c, "address"), "formatted")), "12 Lê Lợi");
    assert_null(json_object_get(c, "exp"));
    refused(KEY_USERINFO, 0, json_pack("{s:s}", "name", "x"), ERR_KEYD_REFUSED);
}

/* `statement` speaks to the audience "c1". */
static void an_assertion_names_us_at_another_provider(void **state)
{
    (void)state;
    AUTO_JSON c = NULL;
    AUTO_JSON again = NULL;
    assert_ok(statement(KEY_CLIENT_ASSERTION, 3600, json_pack("{s:s}", "sub", "we-there"), "client-authentication+jwt", &c));
    assert_int_equal(json_object_size(c), 6);
    assert_string_equal(json_string_value(json_object_get(c, "iss")), "we-there");
    assert_string_equal(json_string_value(json_object_get(c, "sub")), "we-there");
    assert_int_equal(json_integer_value(json_object_get(c, "exp")) - json_integer_value(json_object_get(c, "iat")), 60);
    assert_ok(statement(KEY_CLIENT_ASSERTION, 60, json_pack("{s:s}", "sub", "we-there"), NULL, &again));
    assert_string_not_equal(json_string_value(json_object_get(c, "jti")), json_string_value(json_object_get(again, "jti")));
}

static void an_assertion_is_refused_in_this_house_s_name_and_for_this_house(void **state)
{
    (void)state;
    AUTO_BUF jwt = {0};
    AUTO_JSON good = json_pack("{s:s}", "sub", "we-there");
    refused(KEY_CLIENT_ASSERTION, 60, json_pack("{s:s}", "sub", IDP), ERR_KEYD_REFUSED);
    refused(KEY_CLIENT_ASSERTION, 60, json_object(), ERR_KEYD_REFUSED);
    refused(KEY_CLIENT_ASSERTION, 60, json_pack("{s:s, s:s}", "sub", "we-there", "scope", "registrar"), ERR_KEYD_REFUSED);
    refused(KEY_CLIENT_ASSERTION, 0, json_pack("{s:s}", "sub", "we-there"), ERR_SYNTAX);
    assert_err(key_sign_statement(keyd.k, KEY_CLIENT_ASSERTION, JOSE_NONE, IDP, 60, good, &jwt), ERR_KEYD_REFUSED);
    assert_err(key_sign_statement(keyd.k, KEY_CLIENT_ASSERTION, JOSE_NONE, IDP "/token", 60, good, &jwt), ERR_KEYD_REFUSED);
    assert_ok(key_sign_statement(keyd.k, KEY_CLIENT_ASSERTION, JOSE_NONE, IDP ".other", 60, good, &jwt));
}

static void no_kind_carries_what_belongs_to_another(void **state)
{
    (void)state;
    refused(KEY_AUTHZ_RESPONSE, 300, json_pack("{s:s, s:s}", "code", "x", "sub", "s1"), ERR_KEYD_REFUSED);
    refused(KEY_USERINFO, 0, json_pack("{s:s, s:s}", "sub", "s1", "scope", "registrar"), ERR_KEYD_REFUSED);
    refused(KEY_USERINFO, 0, json_pack("{s:s, s:I}", "sub", "s1", "exp", (json_int_t)99), ERR_KEYD_REFUSED);
    refused(KEY_INTROSPECTION, 0, json_pack("{s:b, s:s}", "active", 1, "name", "x"), ERR_KEYD_REFUSED);
}

static void members_that_are_not_in_the_table_do_not_leave_the_client(void **state)
{
    (void)state;
    refused(KEY_USERINFO, 0, json_pack("{s:s, s:s}", "sub", "s1", "nonce", "n"), ERR_SYNTAX);
    refused(KEY_USERINFO, 0, json_pack("{s:s, s:I}", "sub", "s1", "name", (json_int_t)1), ERR_SYNTAX);
    refused(KEY_USERINFO, 0, json_pack("{s:s, s:{s:s}}", "sub", "s1", "address", "street", "x"), ERR_SYNTAX);
    refused(KEY_USERINFO, 0, json_pack("{s:s, s:s}", "sub", "s1", "name", ""), ERR_SYNTAX);
    AUTO_BUF big = {0};
    for (int i = 0; i < 600; i++)
        assert_ok(buf_add_str(&big, "0123456789"));
    refused(KEY_USERINFO, 0, json_pack("{s:s, s:s}", "sub", "s1", "name", buf_str(&big)), ERR_TOO_LARGE);
}

static void no_statement_passes_for_a_token(void **state)
{
    (void)state;
    const char *const typ[] = {"JWT", "at+jwt", "logout+jwt"};
    for (size_t i = 0; i < 3; i++) {
        AUTO_JSON c = NULL;
        assert_err(statement(KEY_USERINFO, 0, json_pack("{s:s}", "sub", "s1"), typ[i], &c), ERR_SYNTAX);
    }
}

static void only_an_access_token_says_who_acts(void **state)
{
    (void)state;
    AUTO_BUF jwt = {0};
    struct key_claims c = {.type = KEY_ID_TOKEN, .sub = "s1", .aud = {"c1"}, .lifetime = 60, .act = "portal"};
    assert_err(key_sign_token(keyd.k, &c, &jwt), ERR_KEYD_REFUSED);
    c = (struct key_claims){.type = KEY_LOGOUT_TOKEN, .sub = "s1", .aud = {"c1"}, .lifetime = 60, .act = "portal"};
    assert_err(key_sign_token(keyd.k, &c, &jwt), ERR_KEYD_REFUSED);
    c = (struct key_claims){.type = KEY_ACCESS_TOKEN, .sub = "s1", .aud = {"c1"}, .client_id = "portal", .lifetime = 60, .act = "portal"};
    assert_ok(key_sign_token(keyd.k, &c, &jwt));
}

/* --- raw messages: what a bad peer would send --- */

static int raw(struct keyw_statement *q)
{
    static union keyw_msg r;
    int fd = -1;
    size_t got = 0;
    q->head = (struct keyw_head){.version = KEYW_VERSION, .op = KEYW_STATEMENT, .id = 7};
    assert_ok(ipc_connect(in_dir(&keyd, "keyd.sock"), 20000, &fd));
    assert_ok(ipc_send(fd, q, sizeof *q));
    assert_ok(ipc_recv(fd, &r, sizeof r, &got));
    fd_close(&fd);
    return (int)r.head.status;
}

static struct keyw_statement good(void)
{
    struct keyw_statement q = {.type = KEY_USERINFO, .n = 1, .aud = "c1", .member = {{13, 2}}, .text = "s1"};
    return q;
}

static void raw_messages_are_checked_whole(void **state)
{
    (void)state;
    struct keyw_statement q = good();
    assert_int_equal(raw(&q), KEYW_OK);
    q = good();
    q.type = 0;
    assert_int_equal(raw(&q), KEYW_SYNTAX);
    q = good();
    q.type = 4;
    assert_int_equal(raw(&q), KEYW_SYNTAX);
    q = good();
    q.n = KEYW_MEMBERS_MAX + 1;
    assert_int_equal(raw(&q), KEYW_SYNTAX);
    q = good();
    q.aud[0] = '\0';
    assert_int_equal(raw(&q), KEYW_SYNTAX);
    q = good();
    memset(q.aud, 'a', sizeof q.aud);
    assert_int_equal(raw(&q), KEYW_SYNTAX);
    q = good();
    q.member[0].claim = KEYW_CLAIMS;
    assert_int_equal(raw(&q), KEYW_SYNTAX);
    q = good();
    q.member[0].claim = 0;
    assert_int_equal(raw(&q), KEYW_SYNTAX);
    q = good();
    q.member[0].len = 0;
    assert_int_equal(raw(&q), KEYW_SYNTAX);
    q = good();
    q.member[0].len = 60000;
    assert_int_equal(raw(&q), KEYW_SYNTAX);
    q = good();
    q.member[1].len = 1;
    assert_int_equal(raw(&q), KEYW_SYNTAX); /* after the last */
    q = good();
    q.text[100] = 1;
    assert_int_equal(raw(&q), KEYW_SYNTAX); /* after the last text */
    q = good();
    q.text[0] = 0xff;
    assert_int_equal(raw(&q), KEYW_SYNTAX); /* no UTF-8 */
    q = good();
    q.n = 2;
    q.member[1] = (struct keyw_member){13, 1};
    q.text[2] = 'x';
    assert_int_equal(raw(&q), KEYW_SYNTAX); /* twice */
}

static void raw_values_are_of_their_kind(void **state)
{
    (void)state;
    struct keyw_statement q = {.type = KEY_INTROSPECTION, .n = 1, .aud = "c1", .member = {{5, 4}}, .text = "true"};
    assert_int_equal(raw(&q), KEYW_OK);
    memcpy(q.text, "yes!", 4);
    assert_int_equal(raw(&q), KEYW_SYNTAX);
    struct keyw_statement n = {.type = KEY_INTROSPECTION, .n = 2, .aud = "c1", .member = {{5, 4}, {9, 2}}, .text = "true-1"};
    assert_int_equal(raw(&n), KEYW_SYNTAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_response_has_issuer_audience_and_end),
        cmocka_unit_test(a_response_lives_ten_minutes_at_most),
        cmocka_unit_test(a_response_is_a_code_or_an_error),
        cmocka_unit_test(an_introspection_keeps_the_token_inside),
        cmocka_unit_test(userinfo_needs_its_subject),
        cmocka_unit_test(an_assertion_names_us_at_another_provider),
        cmocka_unit_test(an_assertion_is_refused_in_this_house_s_name_and_for_this_house),
        cmocka_unit_test(no_kind_carries_what_belongs_to_another),
        cmocka_unit_test(members_that_are_not_in_the_table_do_not_leave_the_client),
        cmocka_unit_test(no_statement_passes_for_a_token),
        cmocka_unit_test(only_an_access_token_says_who_acts),
        cmocka_unit_test(raw_messages_are_checked_whole),
        cmocka_unit_test(raw_values_are_of_their_kind),
    };
    secret_init();
    return cmocka_run_group_tests(tests, setup, teardown);
}

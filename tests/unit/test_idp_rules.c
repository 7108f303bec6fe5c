/*
 * The identity provider's rules that need neither database nor keyd: PKCE, scopes, redirect URIs, the personal number, form tokens,
 * passwords, subjects.
 * RFC 7636, RFC 6749, RFC 9700, OpenID Connect Core §8.1.
 */
#include "tests/unit/unit.h"

#include "idp/factors/password.h"
#include "idp/rules/authz.h"
#include "idp/rules/citizen.h"
#include "idp/rules/csrf.h"
#include "idp/rules/login.h"
#include "idp/rules/password_policy.h"
#include "idp/rules/pkce.h"
#include "idp/rules/redirect.h"
#include "idp/rules/scope.h"
#include "idp/rules/secrets.h"
#include "idp/rules/subject.h"
#include "idp/rules/throttle.h"
#include "common/clock.h"
#include <pthread.h>

/* RFC 7636 appendix B */
#define VERIFIER "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
#define CHALLENGE "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"

static void pkce_takes_the_example_of_its_specification(void **state)
{
    (void)state;
    char made[PKCE_CHALLENGE_CHARS + 1];
    assert_ok(pkce_challenge_check(CHALLENGE, "S256"));
    assert_ok(pkce_of(VERIFIER, made));
    assert_string_equal(made, CHALLENGE);
}

static void pkce_refuses_what_is_not_s256(void **state)
{
    (void)state;
    assert_err(pkce_challenge_check(NULL, "S256"), ERR_PKCE_MISSING);
    assert_err(pkce_challenge_check(CHALLENGE, NULL), ERR_PKCE_METHOD);
    assert_err(pkce_challenge_check(CHALLENGE, "plain"), ERR_PKCE_METHOD);
    assert_err(pkce_challenge_check(CHALLENGE, "s256"), ERR_PKCE_METHOD);
    assert_err(pkce_challenge_check("short", "S256"), ERR_PKCE_METHOD);
    char made[PKCE_CHALLENGE_CHARS + 1];
    assert_err(pkce_of(NULL, made), ERR_PKCE_MISSING);
    assert_err(pkce_of("short", made), ERR_PKCE_WRONG);
    assert_err(pkce_of("dBjftJeZ4CVP mB92K27uhbUJU1p1r_wW1gFWFOEjXk", made), ERR_PKCE_WRONG);
    assert_ok(pkce_of(CHALLENGE, made)); /* a verifier that looks like a challenge answers another one */
    assert_string_not_equal(made, CHALLENGE);
    assert_ok(pkce_of(VERIFIER "A", made));
    assert_string_not_equal(made, CHALLENGE);
}

/* 2026-11-24 00:00:00 UTC is 0x1a20ada2c00 milliseconds. */
#define DAY INT64_C(1795478400)

static void timed_names_are_known_by_their_time_and_hash(void **state)
{
    static const uint8_t time[TIME_PREFIX_LEN] = {0x01, 0xa2, 0x0a, 0xda, 0x2c, 0x00};
    char name[TIMED_CHARS + 1], other[TIMED_CHARS + 1];
    uint8_t key[TIMED_KEY_LEN], hash[HASH_LEN];
    (void)state;
    timed_make(DAY, name);
    timed_make(DAY, other);
    assert_int_equal(strlen(name), TIMED_CHARS);
    assert_memory_equal(name, other, TIMED_PREFIX_CHARS);
    assert_string_not_equal(name, other);
    assert_true(timed_key(name, key));
    assert_memory_equal(key, time, sizeof time);
    sha256(bytes_str(name), hash);
    assert_memory_equal(key + TIME_PREFIX_LEN, hash, HASH_LEN);
}

static void timed_names_of_before_are_known_by_no_time(void **state)
{
    static const uint8_t none[TIME_PREFIX_LEN] = {0};
    char name[TOKEN_CHARS + 1];
    uint8_t key[TIMED_KEY_LEN];
    (void)state;
    random_token(name, TOKEN_BYTES);
    assert_true(timed_key(name, key));
    assert_memory_equal(key, none, sizeof none);
}

static void timed_names_that_look_like_none_are_refused(void **state)
{
    char name[TIMED_CHARS + 2];
    uint8_t key[TIMED_KEY_LEN];
    (void)state;
    timed_make(DAY, name);
    name[3] = '*';
    assert_false(timed_key(name, key));
    timed_make(DAY, name);
    name[TIMED_CHARS - 1] = '\0';
    assert_false(timed_key(name, key));
    memset(name, 'A', TIMED_CHARS + 1);
    name[TIMED_CHARS + 1] = '\0';
    assert_false(timed_key(name, key));
    assert_false(timed_key("", key));
    assert_false(timed_key(NULL, key));
}

static void timed_names_lie_beside_their_grant(void **state)
{
    char uuid[UUID_LEN + 1], name[TIMED_CHARS + 1], beside[TIMED_CHARS + 1], bare[TOKEN_CHARS + 1];
    (void)state;
    timed_uuid(DAY, uuid);
    assert_memory_equal(uuid, "01a20ada-2c00-8", 15);
    assert_non_null(strchr("89ab", uuid[19]));
    timed_for_grant(uuid, name);
    timed_make(DAY, beside);
    assert_memory_equal(name, beside, TIMED_PREFIX_CHARS);
    timed_beside(name, DAY + 86400, beside);
    assert_memory_equal(name, beside, TIMED_PREFIX_CHARS);
    random_token(bare, TOKEN_BYTES);
    timed_beside(bare, DAY, beside);
    assert_memory_equal(name, beside, TIMED_PREFIX_CHARS);
}

static void scopes_come_out_once_and_in_order(void **state)
{
    char out[SCOPE_MAX + 1];
    (void)state;
    assert_ok(scope_select("profile openid profile  openid", "openid profile email", out));
    assert_string_equal(out, "openid profile");
    assert_ok(scope_select("openid offline_access", "openid", out));
    assert_string_equal(out, "openid");
}

static void scopes_beyond_the_clients_are_refused(void **state)
{
    char out[SCOPE_MAX + 1];
    (void)state;
    assert_err(scope_select("openid email", "openid profile", out), ERR_SCOPE);
    assert_err(scope_select("profile", "openid profile", out), ERR_SCOPE); /* claims need openid */
    assert_err(scope_select("", "openid", out), ERR_SCOPE);
    assert_err(scope_select(NULL, "openid", out), ERR_SCOPE);
    assert_err(scope_select("open", "openid", out), ERR_SCOPE);
    assert_err(scope_select("openid\topenid", "openid", out), ERR_SCOPE);
    assert_err(scope_select("openid \"", "openid", out), ERR_SCOPE);
}

static void consent_covers_only_what_was_agreed_to(void **state)
{
    (void)state;
    assert_true(scope_covers("openid profile", "profile"));
    assert_true(scope_covers("openid", ""));
    assert_false(scope_covers("openid", "openid profile"));
    assert_false(scope_covers("", "openid"));
    assert_false(scope_covers("openid.x", "openid"));
    assert_false(scope_has("dossier.read", "dossier"));
}

static void redirect_uris_that_may_be_registered(void **state)
{
    static const char *const good[] = {"https://portal.example.vn/cb", "https://portal.example.vn:8443/cb?x=1", "http://localhost:9000/cb",
                                       "http://127.0.0.1/cb", "http://[::1]:9000/cb"};
    static const char *const bad[] = {"http://portal.example.vn/cb",
                                      "http://localhost.evil.example/cb",
                                      "http://127.0.0.1.evil.example/",
                                      "https://",
                                      "https:///cb",
                                      "https://a@portal.example.vn/",
                                      "https://portal.example.vn/*",
                                      "https://portal.example.vn/cb#x",
                                      "javascript:alert(1)",
                                      "https://portal.example.vn/a/../cb",
                                      "https://portal.example.vn/\\evil",
                                      "https://portal.example.vn/a b",
                                      "//portal.example.vn/",
                                      "https://portal.example.vn/\xc3\xa9",
                                      "HTTPS://portal.example.vn/",
                                      ""};
    const char *why;
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_ok(redirect_registrable(good[i], &why));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_err(redirect_registrable(bad[i], &why), ERR_REDIRECT_URI);
}

static void personal_number_fits_birth_and_sex(void **state)
{
    (void)state;
    assert_ok(citizen_number_check("079090123456", "1990-05-17", false));
    assert_ok(citizen_number_check("079190123456", "1990-05-17", true));
    assert_ok(citizen_number_check("079205123456", "2005-05-17", false));
    assert_ok(citizen_number_check("001305123456", "2005-01-01", true));
    assert_err(citizen_number_check("079190123456", "1990-05-17", false), ERR_CITIZEN_NUMBER);
    assert_err(citizen_number_check("079090123456", "2090-05-17", false), ERR_CITIZEN_NUMBER);
    assert_err(citizen_number_check("079091123456", "1990-05-17", false), ERR_CITIZEN_NUMBER);
    assert_err(citizen_number_check("000090123456", "1990-05-17", false), ERR_CITIZEN_NUMBER);
    assert_err(citizen_number_check("07909012345", "1990-05-17", false), ERR_CITIZEN_NUMBER);
    assert_err(citizen_number_check("07909012345x", "1990-05-17", false), ERR_CITIZEN_NUMBER);
}

static void dates_are_days_of_the_calendar_that_have_been(void **state)
{
    (void)state;
    clock_set_for_test(1795478400); /* 2026-11-24 */
    assert_true(citizen_date_ok("2000-02-29"));
    assert_true(citizen_date_ok("2026-11-24"));
    assert_false(citizen_date_ok("2026-11-25"));
    assert_false(citizen_date_ok("1900-02-29"));
    assert_false(citizen_date_ok("2001-02-29"));
    assert_false(citizen_date_ok("1899-12-31"));
    assert_false(citizen_date_ok("2000-13-01"));
    assert_false(citizen_date_ok("2000-00-10"));
    assert_false(citizen_date_ok("2000-1-10"));
    assert_false(citizen_date_ok("2000-01-10 "));
    clock_set_for_test(0);
}

static void logins_are_looked_up_as_people_mean_them(void **state)
{
    char out[LOGIN_MAX + 1];
    (void)state;
    assert_true(login_normalise(" 079 090.123456 ", out));
    assert_string_equal(out, "079090123456");
    assert_true(login_normalise(" Can.Bo-01 ", out));
    assert_string_equal(out, "can.bo-01");
    assert_false(login_normalise("", out));
    assert_false(login_normalise("    ", out));
    assert_false(login_normalise("aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffff12345", out));
}

static void passwords_that_others_try_first_are_refused(void **state)
{
    (void)state;
    assert_ok(password_policy("hôm nay trời đẹp", "079090123456"));
    assert_err(password_policy("bảy chữ", "x"), ERR_PASSWORD_SHORT); /* characters, not bytes */
    assert_err(password_policy("12345678", "x"), ERR_PASSWORD_WEAK);
    assert_err(password_policy("87654321", "x"), ERR_PASSWORD_WEAK);
    assert_err(password_policy("abababab", "x"), ERR_PASSWORD_WEAK);
    assert_err(password_policy("MatKhau123", "x"), ERR_PASSWORD_WEAK);
    assert_err(password_policy("so-079090123456", "079090123456"), ERR_PASSWORD_WEAK);
    assert_err(password_policy("90123456", "079090123456"), ERR_PASSWORD_WEAK);
}

static void form_tokens_belong_to_form_browser_session_request(void **state)
{
    const uint8_t key[32] = {1}, other_key[32] = {2};
    const struct csrf_scope s = {"login", "browser", "session", "request"};
    const struct csrf_scope others[] = {
        {"consent", "browser", "session", "request"}, {"login", "browser2", "session", "request"},
        {"login", "browser", "session2", "request"},  {"login", "browser", "session", "request2"},
        {"login", "browser", NULL, "request"},        {"login", "browser", "session", NULL},
        {"login", "browsersession", "", "request"},
    };
    char token[CSRF_LEN + 1];
    (void)state;
    idp_csrf_token(key, &s, token);
    assert_ok(idp_csrf_check(key, &s, token));
    assert_err(idp_csrf_check(other_key, &s, token), ERR_CSRF);
    assert_err(idp_csrf_check(key, &s, NULL), ERR_CSRF);
    assert_err(idp_csrf_check(key, &s, ""), ERR_CSRF);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_err(idp_csrf_check(key, &others[i], token), ERR_CSRF);
    assert_err(idp_csrf_check(key, &(struct csrf_scope){"login", NULL, NULL, NULL}, token), ERR_CSRF);
}

static void posts_from_elsewhere_are_refused(void **state)
{
    const char *me = "https://id.example.vn";
    (void)state;
    assert_ok(idp_origin_check(me, me, NULL, NULL));
    assert_ok(idp_origin_check(me, "null", NULL, "same-origin"));
    assert_ok(idp_origin_check(me, NULL, "https://id.example.vn/login", NULL));
    assert_ok(idp_origin_check(me, NULL, NULL, NULL));
    assert_err(idp_origin_check(me, "null", NULL, NULL), ERR_ORIGIN);
    assert_err(idp_origin_check(me, "null", NULL, "cross-site"), ERR_ORIGIN);
    assert_err(idp_origin_check(me, "https://id.example.vn.evil.example", NULL, NULL), ERR_ORIGIN);
    assert_err(idp_origin_check(me, "http://id.example.vn", NULL, NULL), ERR_ORIGIN);
    assert_err(idp_origin_check(me, NULL, "https://id.example.vn.evil.example/", NULL), ERR_ORIGIN);
    assert_err(idp_origin_check(me, me, NULL, "same-site"), ERR_ORIGIN);
    assert_err(idp_origin_check(me, me, NULL, "cross-site"), ERR_ORIGIN);
}

static void subjects_differ_by_sector_and_stay_the_same(void **state)
{
    const uint8_t key[32] = {7};
    char a[SUB_LEN + 1], b[SUB_LEN + 1], sector[256];
    (void)state;
    subject_make(key, "a.example", "0000", a);
    subject_make(key, "a.example", "0000", b);
    assert_string_equal(a, b);
    assert_int_equal(strlen(a), SUB_LEN);
    subject_make(key, "b.example", "0000", b);
    assert_string_not_equal(a, b);
    subject_make(key, "a.example", "0001", b);
    assert_string_not_equal(a, b);
    assert_ok(subject_sector("https://a.example:8443/x?y#z", sector, sizeof sector));
    assert_string_equal(sector, "a.example:8443");
    assert_err(subject_sector("ftp://a.example/", sector, sizeof sector), ERR_SYNTAX);
    assert_err(subject_sector("https://u@a.example/", sector, sizeof sector), ERR_SYNTAX);
    assert_err(subject_sector("https:///", sector, sizeof sector), ERR_SYNTAX);
}

static void what_is_sealed_opens_only_in_its_place(void **state)
{
    const uint8_t key[32] = {3}, other[32] = {4};
    AUTO_BUF sealed = {0}, plain = {0};
    (void)state;
    assert_ok(idp_seal(key, BYTES_STR("here"), BYTES_STR("lời"), &sealed));
    assert_ok(idp_unseal(key, BYTES_STR("here"), buf_bytes(&sealed), &plain));
    assert_string_equal(buf_str(&plain), "lời");
    assert_err(idp_unseal(key, BYTES_STR("there"), buf_bytes(&sealed), &plain), ERR_CRYPTO);
    assert_err(idp_unseal(other, BYTES_STR("here"), buf_bytes(&sealed), &plain), ERR_CRYPTO);
    assert_err(idp_unseal(key, BYTES_STR("here"), BYTES(sealed.ptr, 30), &plain), ERR_CRYPTO);
    sealed.ptr[sealed.len - 1] ^= 1;
    assert_err(idp_unseal(key, BYTES_STR("here"), buf_bytes(&sealed), &plain), ERR_CRYPTO);
}

/* --- what comes next in an authorization --- */

#define AGREED(to) (&(const struct consent){.scope = to})

static void sign_in_must_be_fresh_when_the_client_asks(void **state)
{
    struct auth_request q = {.scope = "openid", .max_age = 60, .created_at = 1000};
    struct session s = {.auth_time = 900};
    const struct client first = {.first_party = true};
    enum authz_step step;
    (void)state;
    assert_ok(authz_next(&q, &first, NULL, AGREED(""), 1000, &step));
    assert_int_equal(step, AUTHZ_LOGIN);
    assert_ok(authz_next(&q, &first, &s, AGREED(""), 1000, &step));
    assert_int_equal(step, AUTHZ_LOGIN); /* a hundred seconds ago */
    s.auth_time = 950;
    assert_ok(authz_next(&q, &first, &s, AGREED(""), 1000, &step));
    assert_int_equal(step, AUTHZ_ANSWER);
    q.prompt_login = true;
    assert_ok(authz_next(&q, &first, &s, AGREED(""), 1000, &step));
    assert_int_equal(step, AUTHZ_LOGIN);
    q.logged_in = true; /* somebody did, but this session is older than the request */
    assert_ok(authz_next(&q, &first, &s, AGREED(""), 1000, &step));
    assert_int_equal(step, AUTHZ_LOGIN);
    s.auth_time = 1001;
    assert_ok(authz_next(&q, &first, &s, AGREED(""), 1002, &step));
    assert_int_equal(step, AUTHZ_ANSWER);
}

static void no_prompt_means_no_page(void **state)
{
    struct auth_request q = {.scope = "openid profile", .max_age = -1, .prompt_none = true};
    struct session s = {.auth_time = 900};
    struct client c = {0};
    enum authz_step step;
    (void)state;
    assert_err(authz_next(&q, &c, NULL, AGREED(""), 1000, &step), ERR_LOGIN_REQUIRED);
    assert_err(authz_next(&q, &c, &s, AGREED("openid"), 1000, &step), ERR_CONSENT_REQUIRED);
    assert_ok(authz_next(&q, &c, &s, AGREED("openid profile"), 1000, &step));
    assert_int_equal(step, AUTHZ_ANSWER);
}

static void roles_are_not_for_everybody(void **state)
{
    struct auth_request q = {.scope = "openid registrar", .max_age = -1};
    struct session s = {.auth_time = 900};
    const struct client c = {.first_party = true};
    enum authz_step step;
    (void)state;
    assert_err(authz_next(&q, &c, &s, AGREED(""), 1000, &step), ERR_ACCESS_DENIED);
    s.registrar = true;
    assert_ok(authz_next(&q, &c, &s, AGREED(""), 1000, &step));
}

/* --- Argon2 --- */

static void password_hashes_tell_right_from_wrong(void **state)
{
    struct argon2 *a = NULL;
    const struct argon2_conf conf = {.ops = 1, .mem = 8 << 20, .at_once = 1, .waiting = 1, .wait_ms = 100};
    char hash[ARGON2_STR_CAP];
    (void)state;
    assert_ok(argon2_open(&conf, &a));
    assert_ok(argon2_make(a, BYTES_STR("đúng rồi"), hash));
    assert_ok(argon2_check(a, hash, BYTES_STR("đúng rồi")));
    assert_err(argon2_check(a, hash, BYTES_STR("sai rồi")), ERR_PASSWORD);
    assert_err(argon2_check(a, "", BYTES_STR("")), ERR_PASSWORD);
    assert_err(argon2_check(a, "$argon2id$v=19$nonsense", BYTES_STR("x")), ERR_PASSWORD);
    argon2_close(&a);
}

struct busy {
    struct argon2 *a;
    int next;
    err_t got[4];
};
static void *check_in_thread(void *arg)
{
    struct busy *b = arg;
    b->got[__atomic_fetch_add(&b->next, 1, __ATOMIC_SEQ_CST)] = argon2_check(b->a, "", BYTES_STR("x"));
    return NULL;
}

/* Four come together where one may run; returns how many were turned away. */
static int four_at_once(struct argon2_conf conf)
{
    struct busy b = {0};
    pthread_t t[4];
    int ran = 0, away = 0;
    assert_ok(argon2_open(&conf, &b.a));
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&t[i], NULL, check_in_thread, &b), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(t[i], NULL);
    for (int i = 0; i < 4; i++) {
        ran += b.got[i] == ERR_PASSWORD;
        away += b.got[i] == ERR_BUSY;
    }
    assert_int_equal(ran + away, 4);
    assert_true(ran >= 1);
    argon2_close(&b.a);
    return away;
}

static void too_many_checks_at_once_are_told_to_come_back(void **state)
{
    const size_t mem = 64 << 20;
    (void)state;
    assert_true(four_at_once((struct argon2_conf){.ops = 3, .mem = mem, .at_once = 1, .waiting = 4, .wait_ms = 1}) >= 1);
    assert_true(four_at_once((struct argon2_conf){.ops = 3, .mem = mem, .at_once = 1, .waiting = 0, .wait_ms = 60000}) >= 1);
    assert_int_equal(four_at_once((struct argon2_conf){.ops = 1, .mem = 8 << 20, .at_once = 1, .waiting = 3, .wait_ms = 60000}), 0);
}

static void attempts_are_counted_by_network(void **state)
{
    static const struct {
        const char *address, *network;
    } same[] = {
        {"203.0.113.7", "203.0.113.7"},
        {"::ffff:203.0.113.7", "203.0.113.7"},
        {"2001:db8:1:2::1", "2001:db8:1:2::"},
        {"2001:0DB8:0001:0002:ffff:ffff:ffff:ffff", "2001:db8:1:2::"},
        {"2001:db8:1:3::1", "2001:db8:1:3::"},
        {"unknown", "unknown"},
    };
    char out[NETWORK_CAP];
    (void)state;
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        assert_true(throttle_network(same[i].address, out));
        assert_string_equal(out, same[i].network);
    }
    assert_false(throttle_network("0123456789012345678901234567890123456789012345678901234567890", out));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pkce_takes_the_example_of_its_specification),
        cmocka_unit_test(pkce_refuses_what_is_not_s256),
        cmocka_unit_test(timed_names_are_known_by_their_time_and_hash),
        cmocka_unit_test(timed_names_of_before_are_known_by_no_time),
        cmocka_unit_test(timed_names_that_look_like_none_are_refused),
        cmocka_unit_test(timed_names_lie_beside_their_grant),
        cmocka_unit_test(scopes_come_out_once_and_in_order),
        cmocka_unit_test(scopes_beyond_the_clients_are_refused),
        cmocka_unit_test(consent_covers_only_what_was_agreed_to),
        cmocka_unit_test(redirect_uris_that_may_be_registered),
        cmocka_unit_test(personal_number_fits_birth_and_sex),
        cmocka_unit_test(dates_are_days_of_the_calendar_that_have_been),
        cmocka_unit_test(logins_are_looked_up_as_people_mean_them),
        cmocka_unit_test(passwords_that_others_try_first_are_refused),
        cmocka_unit_test(form_tokens_belong_to_form_browser_session_request),
        cmocka_unit_test(posts_from_elsewhere_are_refused),
        cmocka_unit_test(subjects_differ_by_sector_and_stay_the_same),
        cmocka_unit_test(what_is_sealed_opens_only_in_its_place),
        cmocka_unit_test(sign_in_must_be_fresh_when_the_client_asks),
        cmocka_unit_test(no_prompt_means_no_page),
        cmocka_unit_test(roles_are_not_for_everybody),
        cmocka_unit_test(password_hashes_tell_right_from_wrong),
        cmocka_unit_test(attempts_are_counted_by_network),
        cmocka_unit_test(too_many_checks_at_once_are_told_to_come_back),
    };
    secret_init();
    idp_errors_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}

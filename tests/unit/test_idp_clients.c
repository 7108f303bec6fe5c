/*
 * Client metadata and software policies: what is read, what is refused with which error, what must fit together.
 * RFC 7591 §2, §3.2.2; RFC 8705 §2; OpenID Connect Core §8.1; FAPI 2.0 Security Profile §5.
 */
#include "tests/unit/unit.h"

#include "idp/rules/client_rules.h"
#include "idp/rules/software_policy.h"
#include <string.h>

#define PORTAL "'client_name': 'Cổng', 'scope': 'openid profile', 'redirect_uris': ['https://portal.example.vn/cb']"
#define P256                                                                            \
    "{'kty': 'EC', 'crv': 'P-256', 'x': 'MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4'," \
    " 'y': '4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM', 'use': 'sig', 'kid': '1'}"
#define KEYS "'jwks': {'keys': [" P256 "]}"

/* JSON with single quotes, to be read by people; of a member that stands twice the last one counts, so that a test can change one. */
static json_t *parse(const char *text)
{
    char copy[8192];

    snprintf(copy, sizeof copy, "%s", text);
    for (char *p = copy; *p; p++)
        if (*p == '\'')
            *p = '"';
    json_t *j = json_loads(copy, 0, NULL);
    assert_non_null(j);
    return j;
}

static err_t registered(const char *text, bool operator, struct client_record * c, struct client_fault *f)
{
    AUTO_JSON doc = parse(text);

    TRY(client_metadata_read(doc, operator, c, f));
    return client_rules_check(c, f);
}

static err_t verdict(const char *text)
{
    AUTO_CLIENT c = {0};
    struct client_fault f = {0};

    err_t e = registered(text, true, &c, &f);
    assert_true((e == OK) == (f.text[0] == '\0'));
    return e;
}

static void defaults_are_those_of_the_specification(void **state)
{
    AUTO_CLIENT c = {0};
    struct client_fault f;
    (void)state;
    assert_ok(registered("{" PORTAL "}", true, &c, &f));
    assert_string_equal(c.auth_method, "client_secret_basic");
    assert_string_equal(c.grants, "authorization_code");
    assert_string_equal(c.sector, "portal.example.vn");
    assert_false(c.first_party || c.par_required || c.dpop_required);
}

static void what_is_written_reads_back_the_same(void **state)
{
    static const char *const docs[] = {
        "{" PORTAL "}",
        "{" PORTAL ", 'token_endpoint_auth_method': 'private_key_jwt', " KEYS
        ", 'dpop_bound_access_tokens': true, 'security_profile': 'fapi2-security'}",
        "{" PORTAL ", 'token_endpoint_auth_method': 'tls_client_auth', 'tls_client_auth_san_dns': 'portal.example.vn'}",
        "{" PORTAL
        ", 'introspects_all_tokens': true, 'token_exchange_services': ['a', 'b'], 'contacts': ['a@b.example'], 'client_name#en': 'Portal'}",
        "{'client_name': 'x', 'scope': 'dossier.read', 'grant_types': ['client_credentials'], 'response_types': []}",
    };
    (void)state;
    for (size_t i = 0; i < sizeof docs / sizeof *docs; i++) {
        AUTO_CLIENT c = {0}, again = {0};
        AUTO_JSON out = NULL;
        struct client_fault f;
        assert_ok(registered(docs[i], true, &c, &f));
        assert_ok(client_metadata_write(&c, &out));
        err_t e = client_metadata_read(out, true, &again, &f);
        if (e != OK)
            print_error("%zu: %s\n", i, f.text);
        assert_ok(e);
        assert_true(client_metadata_same(&c, &again));
    }
}

static void each_refusal_has_the_error_of_its_specification(void **state)
{
    static const struct {
        const char *doc;
        err_t e;
    } all[] = {
        {"{" PORTAL ", 'redirect_uris': ['https://portal.example.vn/#x']}", ERR_CLIENT_REDIRECT},
        {"{'client_name': 'x', 'scope': 'openid'}", ERR_CLIENT_REDIRECT},
        {"{'client_name': 'x', 'scope': 'openid', 'redirect_uris': 'https://portal.example.vn/'}", ERR_CLIENT_REDIRECT},
        {"{'client_name': 'x', 'scope': 'openid', 'redirect_uris': ['javascript:alert(1)']}", ERR_CLIENT_REDIRECT},
        {"{" PORTAL ", 'jwks_uri': 'https://portal.example.vn/jwks'}", ERR_CLIENT_METADATA},
        {"{" PORTAL ", 'sector_identifier_uri': 'https://portal.example.vn/s'}", ERR_CLIENT_METADATA},
        {"{" PORTAL ", 'token_endpoint_auth_method': 'private_key_jwt'}", ERR_CLIENT_METADATA},
        {"{" PORTAL ", 'token_endpoint_auth_method': 'tls_client_auth'}", ERR_CLIENT_METADATA},
        {"{" PORTAL ", 'token_endpoint_auth_method': 'tls_client_auth', 'tls_client_auth_san_dns': 'a', 'tls_client_auth_san_ip': '::1'}",
         ERR_CLIENT_METADATA},
        {"{" PORTAL ", 'token_endpoint_auth_method': 'tls_client_auth', 'tls_client_certificate': 'x5t:abc'}", ERR_CLIENT_METADATA},
        {"{" PORTAL ", 'tls_client_auth_san_dns': 'a'}", ERR_CLIENT_METADATA},
        {"{" PORTAL ", 'token_endpoint_auth_method': 'none', 'grant_types': ['authorization_code', 'client_credentials']}",
         ERR_CLIENT_METADATA},
        {"{" PORTAL ", 'security_profile': 'fapi2-security'}", ERR_CLIENT_METADATA},
        {"{" PORTAL ", 'security_profile': 'fapi2-security', 'token_endpoint_auth_method': 'private_key_jwt', " KEYS "}",
         ERR_CLIENT_METADATA},
        {"{" PORTAL ", 'id_token_encrypted_response_enc': 'A256GCM'}", ERR_CLIENT_METADATA},
        {"{" PORTAL ", 'grant_types': ['urn:ietf:params:oauth:grant-type:token-exchange']}", ERR_CLIENT_METADATA},
        {"{'client_name': 'x', 'scope': 'openid', 'grant_types': ['urn:ietf:params:oauth:grant-type:device_code']}", ERR_CLIENT_METADATA},
        {"{'client_name': 'x', 'scope': 'openid', 'redirect_uris': ['https://a.example/', 'https://b.example/']}", ERR_CLIENT_METADATA},
    };
    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        assert_int_equal(verdict(all[i].doc), all[i].e);
}

static void members_of_the_operator_are_refused_to_software(void **state)
{
    AUTO_CLIENT c = {0};
    struct client_fault f;
    (void)state;
    assert_ok(verdict("{" PORTAL ", 'first_party': true}"));
    assert_err(registered("{" PORTAL ", 'first_party': true}", false, &c, &f), ERR_CLIENT_METADATA);
    assert_err(registered("{" PORTAL ", 'introspects_all_tokens': true}", false, &c, &f), ERR_CLIENT_METADATA);
    assert_err(registered("{" PORTAL ", 'token_exchange_services': ['a']}", false, &c, &f), ERR_CLIENT_METADATA);
    assert_ok(registered("{" PORTAL ", 'first_party': false}", false, &c, &f));
}

static void private_and_symmetric_keys_are_refused(void **state)
{
    (void)state;
    assert_ok(verdict("{" PORTAL ", " KEYS "}"));
    assert_err(verdict("{" PORTAL ", 'jwks': {'keys': [{'kty': 'oct', 'k': 'AAAA'}]}}"), ERR_CLIENT_METADATA);
    assert_err(verdict("{" PORTAL ", 'jwks': {'keys': [" P256 ", {'kty': 'new', 'd': 'AAAA'}]}}"), ERR_CLIENT_METADATA);
    assert_err(verdict("{" PORTAL ", 'jwks': {'keys': []}}"), ERR_CLIENT_METADATA);
    assert_err(verdict("{" PORTAL ", 'jwks': " P256 "}"), ERR_CLIENT_METADATA);
}

static void only_keys_and_versions_change_without_a_second_look(void **state)
{
    AUTO_CLIENT a = {0}, b = {0}, c = {0};
    struct client_fault f;
    (void)state;
    assert_ok(registered("{" PORTAL ", " KEYS "}", false, &a, &f));
    assert_ok(registered("{" PORTAL ", 'software_version': '2', 'contacts': ['x']}", false, &b, &f));
    assert_ok(registered("{" PORTAL ", 'client_uri': 'https://portal.example.vn/'}", false, &c, &f));
    assert_true(client_metadata_same(&a, &b));
    assert_false(client_metadata_same(&a, &c));
}

static err_t within(const char *policy, const char *client)
{
    AUTO_JSON p = parse(policy);
    AUTO_JSON c = parse(client);
    AUTO_POLICY read = {0};
    AUTO_CLIENT record = {0};
    struct client_fault f;

    assert_ok(software_policy_read(p, &read, &f));
    TRY(client_metadata_read(c, false, &record, &f));
    TRY(software_policy_apply(&read, &record, &f));
    return client_rules_check(&record, &f);
}

static void policy_bounds_what_software_asks_for(void **state)
{
    static const char policy[] = "{'scope': 'openid profile', 'hosts': ['portal.example.vn']}";
    (void)state;
    assert_ok(within(policy, "{" PORTAL "}"));
    assert_err(within(policy, "{" PORTAL ", 'scope': 'openid phone'}"), ERR_CLIENT_METADATA);
    assert_err(within(policy, "{" PORTAL ", 'redirect_uris': ['https://portal.example.vn:8443/']}"), ERR_CLIENT_REDIRECT);
    assert_err(within(policy, "{" PORTAL ", 'redirect_uris': ['https://portal.example.vn.evil.example/']}"), ERR_CLIENT_REDIRECT);
    assert_err(within(policy, "{" PORTAL ", 'backchannel_logout_uri': 'https://evil.example/'}"), ERR_CLIENT_METADATA);
    assert_err(within(policy, "{" PORTAL ", 'sector_identifier': 'evil.example'}"), ERR_CLIENT_METADATA);
    assert_err(within(policy, "{" PORTAL ", 'grant_types': ['client_credentials']}"), ERR_CLIENT_METADATA);
}

static void policies_are_read_strictly_and_ask_for_approval(void **state)
{
    static const char *const wrong[] = {
        "{}",
        "[]",
        "{'scope': 'openid'}",
        "{'scope': 'openid admin', 'hosts': ['a']}",
        "{'scope': 'openid', 'hosts': ['https://a']}",
        "{'scope': 'openid', 'hosts': ['a'], 'more': 1}",
        "{'scope': 'openid', 'hosts': ['a b']}",
        "{'scope': 'openid', 'hosts': ['a'], 'approval': 0}",
        "{'scope': 'openid', 'hosts': ['a'], 'security_profile': 'none'}",
    };
    AUTO_JSON good = parse("{'scope': 'openid', 'hosts': ['a']}");
    AUTO_POLICY p = {0};
    struct client_fault f;
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        AUTO_JSON j = parse(wrong[i]);
        assert_err(software_policy_read(j, &p, &f), ERR_CLIENT_METADATA);
    }
    assert_ok(software_policy_read(good, &p, &f));
    assert_true(p.approval && p.statement == STATEMENT_OPTIONAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_those_of_the_specification),
        cmocka_unit_test(what_is_written_reads_back_the_same),
        cmocka_unit_test(each_refusal_has_the_error_of_its_specification),
        cmocka_unit_test(members_of_the_operator_are_refused_to_software),
        cmocka_unit_test(private_and_symmetric_keys_are_refused),
        cmocka_unit_test(only_keys_and_versions_change_without_a_second_look),
        cmocka_unit_test(policy_bounds_what_software_asks_for),
        cmocka_unit_test(policies_are_read_strictly_and_ask_for_approval),
    };
    idp_errors_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * What a stranger can send to the identity provider's rules: authorization requests, logins, personal data, redirect URIs.
 * The input is a query string; the same bytes are tried as JSON too: a person, a client's metadata, a policy.
 */
#include "tests/fuzz/fuzz.h"

#include "common/form.h"
#include "common/json.h"
#include "idp/rules/authz.h"
#include "idp/rules/citizen.h"
#include "idp/rules/client_rules.h"
#include "idp/rules/csrf.h"
#include "idp/rules/login.h"
#include "idp/rules/password_policy.h"
#include "idp/rules/redirect.h"
#include "idp/rules/response.h"
#include "idp/rules/scope.h"
#include "idp/rules/software_policy.h"
#include "idp/rules/subject.h"
#include <string.h>

#define REDIRECT "https://portal.example.vn/cb?x=1"

static const struct client portal = {
    .id = "portal", .scope = "openid profile dossier", .grants = "authorization_code", .active = true, .uri_registered = true};

/* Whatever was asked: the answer goes to the registered address, and what is kept fits what the client may have. */
static void request(const struct form *f)
{
    const uint8_t seal[IDP_KEY_LEN] = {1};
    const char *state = form_get(f, "state", NULL);
    struct auth_request q;
    char hint[LOGIN_MAX + 1];
    AUTO_BUF url = {0};
    AUTO_JSON members = NULL;
    const struct authz_in in = {
        .response_type = form_get(f, "response_type", NULL),
        .response_mode = form_get(f, "response_mode", NULL),
        .scope = form_get(f, "scope", NULL),
        .state = state,
        .nonce = form_get(f, "nonce", NULL),
        .resource = form_get(f, "resource", NULL),
        .dpop_jkt = form_get(f, "dpop_jkt", NULL),
        .resources = {.issuer = "https://idp.example", .signer = "https://signer.example", .signer_scopes = "dossier"},
        .prompt = form_get(f, "prompt", NULL),
        .max_age = form_get(f, "max_age", NULL),
        .login_hint = form_get(f, "login_hint", NULL),
        .code_challenge = form_get(f, "code_challenge", NULL),
        .code_challenge_method = form_get(f, "code_challenge_method", NULL),
        .request = form_get(f, "request", NULL),
        .claims = form_get(f, "claims", NULL),
    };
    if (state && strlen(state) > STATE_MAX)
        return; /* authz_client refuses it */
    err_t e = authz_read(&in, &portal, REDIRECT, seal, &q);
    MUST(strcmp(q.redirect_uri, REDIRECT) == 0 && q.has_state == (state != NULL) && (!state || strcmp(q.state, state) == 0));
    if (e == OK) {
        MUST(strlen(q.challenge) == CHALLENGE_LEN && q.scope[0] && scope_covers(portal.scope, q.scope));
        MUST(!(q.prompt_none && (q.prompt_login || q.prompt_consent)) && q.max_age >= -1);
        authz_hint(&q, seal, hint, sizeof hint);
    }
    if (response_members(&q, e == OK ? "code" : NULL, e == OK ? NULL : err_info(e)->code, NULL, &members) == OK &&
        response_url(q.redirect_uri, members, &url) == OK) {
        MUST(strncmp(buf_str(&url), REDIRECT "&", sizeof REDIRECT) == 0);
        for (const char *p = buf_str(&url); *p; p++)
            MUST(*p > 0x20 && *p < 0x7f);
    }
}

static void words(const char *s)
{
    char login[LOGIN_MAX + 1], number[NUMBER_LEN + 1], phone[20], sector[256];
    const char *why;

    if (login_normalise(s, login))
        MUST(login[0] && strlen(login) <= LOGIN_MAX);
    if (citizen_number_clean(s, number))
        MUST(strlen(number) == NUMBER_LEN);
    if (citizen_phone_clean(s, phone) == OK)
        MUST(phone[0] == '0' && strlen(phone) < sizeof phone);
    if (redirect_registrable(s, &why) == OK)
        MUST(!strpbrk(s, "#\\ *\"") && subject_sector(s, sector, sizeof sector) != ERR_NOMEM);
    if (subject_sector(s, sector, sizeof sector) == OK)
        MUST(sector[0] && !strpbrk(sector, "/?#@"));
    if (idp_origin_check("https://id.example.vn", s, NULL, NULL) == OK)
        MUST(strcmp(s, "https://id.example.vn") == 0);
    (void)citizen_date_ok(s);
    (void)!password_policy(s, "079090123456");
}

static void person(struct bytes text)
{
    AUTO_JSON body = NULL;
    AUTO_JSON out = NULL;
    AUTO_JSON faults = json_array();
    int level = 0;

    if (json_parse(text, 16384, &body) != OK || !json_is_object(body))
        return;
    if (citizen_read(body, &out, &level, faults) == OK)
        MUST(json_array_size(faults) == 0 && (level == 1 || level == 2) &&
             strlen(json_string_value(json_object_get(out, "number"))) == NUMBER_LEN);
    else
        MUST(json_array_size(faults) > 0);
}

/* Whatever registers has no more than the policy allows, and what was read can be read again. */
static void client(struct bytes text)
{
    static const char policy_text[] = "{\"scope\":\"openid profile\",\"hosts\":[\"portal.example.vn\"]}";
    AUTO_JSON doc = NULL;
    AUTO_JSON out = NULL;
    AUTO_CLIENT c = {0}, again = {0};
    AUTO_POLICY policy = {0}, other = {0};
    struct client_fault f;

    if (json_parse(text, 16384, &doc) != OK)
        return;
    (void)!software_policy_read(doc, &other, &f);
    MUST(software_policy_parse(bytes_str(policy_text), &policy) == OK);
    if (client_metadata_read(doc, false, &c, &f) != OK || software_policy_apply(&policy, &c, &f) != OK || client_rules_check(&c, &f) != OK)
        return;
    MUST(!c.first_party && !c.introspect && !c.exchange && scope_covers("openid profile", c.scope));
    MUST(strcmp(c.sector, "portal.example.vn") == 0 && c.redirect_uris && strncmp(c.redirect_uris, "https://portal.example.vn", 25) == 0);
    MUST(client_metadata_write(&c, &out) == OK && client_metadata_read(out, false, &again, &f) == OK && client_metadata_same(&c, &again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_FORM f = {0};

    person(BYTES(data, size));
    client(BYTES(data, size));
    if (form_parse(BYTES(data, size), &f) != OK)
        return 0;
    request(&f);
    for (size_t i = 0; i < f.n; i++)
        words(f.field[i].value);
    return 0;
}

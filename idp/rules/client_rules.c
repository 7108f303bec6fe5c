/*
 * What must fit together in a client's metadata.
 * Called by rules/client_registry.c. RFC 7591 §2.1, RFC 7523, RFC 8705 §2, OpenID Connect Core §8.1, FAPI 2.0 Security Profile §5.3, §5.4.
 */
#include "idp/rules/client_rules.h"
#include "common/jose.h"
#include "idp/rules/client_cert.h"
#include "idp/rules/jwe.h"
#include "idp/rules/scope.h"
#include "idp/rules/subject.h"
#include <stdio.h>
#include <string.h>

static bool is(const char *a, const char *b)
{
    return a && strcmp(a, b) == 0;
}

enum secret_kind client_secret_kind(const char *auth_method)
{
    if (is(auth_method, "client_secret_basic") || is(auth_method, "client_secret_post"))
        return SECRET_HASHED;
    return is(auth_method, "client_secret_jwt") ? SECRET_SEALED : SECRET_NONE;
}

static bool granted(const struct client_record *c, const char *type)
{
    return c->grants && scope_has(c->grants, type); /* a list of words like scopes */
}

/* --- its name: people must be told who asks --- */

static err_t check_name(struct client_record *c, struct client_fault *f)
{
    const char *other = c->name_vi ? c->name_vi : c->name_en;

    if (c->name)
        return OK;
    return other ? str_copy(&c->name, other) : client_fault(f, ERR_CLIENT_METADATA, "client_name", "is missing: people are told who asks");
}

/* --- grants and scopes --- */

static err_t check_grants(const struct client_record *c, struct client_fault *f)
{
    bool alone = false;

    for (const struct grant_type *g = grant_types; g->name; g++)
        alone |= g->alone && granted(c, g->name);
    if (!alone)
        return client_fault(f, ERR_CLIENT_METADATA, "grant_types",
                            "begins nothing: say authorization_code, client_credentials or the like");
    if (granted(c, "client_credentials") && is(c->auth_method, "none"))
        return client_fault(f, ERR_CLIENT_METADATA, "grant_types",
                            "holds client_credentials, which a public client cannot use (RFC 6749 §4.4)");
    if (granted(c, "authorization_code") && !c->redirect_uris)
        return client_fault(f, ERR_CLIENT_REDIRECT, "redirect_uris", "is missing: authorization_code needs one");
    return OK;
}

static err_t check_scope_order(struct client_record *c, struct client_fault *f)
{
    char all[SCOPE_MAX + 1], out[SCOPE_MAX + 1];
    size_t n = 0;

    for (const struct scope_info *s = scope_table; s->name; s++)
        n += (size_t)snprintf(all + n, sizeof all - n, "%s%s", n ? " " : "", s->name);
    if (!c->scope)
        return client_fault(f, ERR_CLIENT_METADATA, "scope", "is missing");
    if (scope_select(c->scope, all, out) != OK)
        return client_fault(f, ERR_CLIENT_METADATA, "scope", "asks for claims without openid");
    return str_copy(&c->scope, out);
}

/* --- its sector (OpenID Connect Core §8.1) --- */

/* The one host of all redirect URIs; "" when there are none. ERR_CLIENT_METADATA: several. */
static err_t host_of_uris(const struct client_record *c, char sector[256], struct client_fault *f)
{
    char uri[URI_MAX + 1], host[256];

    sector[0] = '\0';
    for (const char *w = c->redirect_uris ? c->redirect_uris : ""; *w; w += *w == ' ') {
        size_t n = strcspn(w, " ");
        snprintf(uri, sizeof uri, "%.*s", (int)n, w);
        if (subject_sector(uri, host, sizeof host) != OK)
            return client_fault(f, ERR_CLIENT_REDIRECT, "redirect_uris", "holds one without a host");
        if (*sector && strcmp(sector, host) != 0)
            return client_fault(f, ERR_CLIENT_METADATA, "redirect_uris",
                                "are on several hosts: say sector_identifier (OpenID Connect Core §8.1)");
        memcpy(sector, host, sizeof host);
        w += n;
    }
    return OK;
}

static err_t check_sector_said(struct client_record *c, struct client_fault *f)
{
    char sector[256];
    bool person = false;

    if (c->sector)
        return OK;
    TRY(host_of_uris(c, sector, f));
    for (const struct grant_type *g = grant_types; g->name; g++)
        person |= g->person && granted(c, g->name);
    if (person && !*sector)
        return client_fault(f, ERR_CLIENT_METADATA, "sector_identifier",
                            "is missing: subjects are made for a host (OpenID Connect Core §8.1)");
    return *sector ? str_copy(&c->sector, sector) : OK;
}

/* --- how it proves itself --- */

static err_t read_keys(const struct client_record *c, struct jwks *out)
{
    AUTO_JSON json = NULL;

    memset(out, 0, sizeof *out);
    if (!c->jwks)
        return OK;
    TRY(json_parse(bytes_str(c->jwks), strlen(c->jwks), &json));
    return jwks_parse(json, out);
}

/* RFC 8705 §2.2.2: a self-signed certificate may also be told by the x5c of a registered key. */
static err_t cert_of_keys(struct client_record *c)
{
    AUTO_JSON json = NULL;
    AUTO_X509 cert = NULL;
    AUTO_BUF value = {0}, match = {0};
    char x5t[X5T_LEN + 1];

    if (c->tls_match || !c->jwks || json_parse(bytes_str(c->jwks), strlen(c->jwks), &json) != OK)
        return OK;
    const json_t *x5c = json_object_get(json_array_get(json_object_get(json, "keys"), 0), "x5c");
    if (json_array_size(x5c) != 1 || !json_is_string(json_array_get(x5c, 0)))
        return OK;
    TRY(buf_addf(&value, ":%s:", json_string_value(json_array_get(x5c, 0))));
    if (client_cert_read(buf_str(&value), &cert) != OK)
        return OK;
    TRY(client_cert_thumbprint(cert, x5t));
    TRY(buf_addf(&match, "x5t:%s", x5t));
    return str_copy(&c->tls_match, buf_str(&match));
}

static err_t check_cert(struct client_record *c, struct client_fault *f)
{
    bool issued = is(c->auth_method, "tls_client_auth"), own = is(c->auth_method, "self_signed_tls_client_auth");

    if (own)
        TRY(cert_of_keys(c));
    if ((issued || own) != (c->tls_match != NULL))
        return client_fault(f, ERR_CLIENT_METADATA, "token_endpoint_auth_method",
                            "and certificate do not agree: tls_client_auth and self_signed_tls_client_auth say which, others none");
    if (c->tls_match && own != (strncmp(c->tls_match, "x5t:", 4) == 0))
        return client_fault(
            f, ERR_CLIENT_METADATA, "token_endpoint_auth_method",
            "and certificate do not agree: tls_client_auth goes with a name, self_signed_tls_client_auth with the certificate itself");
    return OK;
}

/* A named algorithm holds because all its keys have it: nothing has to be remembered when they are used. */
static err_t check_alg(const char *alg, const struct jwks *keys, const char *field, struct client_fault *f)
{
    for (size_t i = 0; alg && i < keys->n; i++)
        if (strcmp(jose_alg_name(keys->key[i].alg), alg) != 0)
            return client_fault(f, ERR_CLIENT_METADATA, field,
                                "and the keys do not agree: give RSA keys their alg, and no keys for another one");
    return OK;
}

static err_t check_keys(struct client_record *c, struct client_fault *f)
{
    AUTO(jwks_free) struct jwks keys = {0};
    bool hmac = is(c->auth_method, "client_secret_jwt");

    TRY(read_keys(c, &keys));
    bool needed = is(c->auth_method, "private_key_jwt") || c->object_required || c->object_alg || c->ciba_alg ||
                  is(c->profile, "fapi2-message-signing");
    if (needed && keys.n == 0)
        return client_fault(f, ERR_CLIENT_METADATA, "jwks",
                            "holds no public keys to check signatures with (ES256, ES384, EdDSA, PS256, RS256)");
    if (c->assertion_alg && hmac != is(c->assertion_alg, "HS256"))
        return client_fault(f, ERR_CLIENT_METADATA, "token_endpoint_auth_signing_alg", "and token_endpoint_auth_method do not agree");
    if (!hmac)
        TRY(check_alg(c->assertion_alg, &keys, "token_endpoint_auth_signing_alg", f));
    TRY(check_alg(c->object_alg, &keys, "request_object_signing_alg", f));
    TRY(check_alg(c->ciba_alg, &keys, "backchannel_authentication_request_signing_alg", f));
    for (size_t i = 0; c->profile && i < keys.n; i++)
        if (keys.key[i].alg == JOSE_RS256)
            return client_fault(f, ERR_CLIENT_METADATA, "jwks",
                                "holds an RS256 key: the profile allows none, give RSA keys the alg PS256 (FAPI 2.0 §5.4.1)");
    return OK;
}

/* --- what it is told --- */

/* OpenID Connect Dynamic Client Registration §2: enc alone means nothing, alg alone has a default. */
static err_t check_encryption(const struct client_record *c, const char *alg, char **enc, struct client_fault *f)
{
    if (!alg)
        return *enc ? client_fault(f, ERR_CLIENT_METADATA, "…_encrypted_response_enc", "stands without its …_encrypted_response_alg") : OK;
    if (!c->jwks || !jwe_recipient(c->jwks, alg))
        return client_fault(f, ERR_CLIENT_METADATA, "jwks",
                            "holds no key for this encryption (use enc; RSA of 2048 bits or more, P-256 or P-384)");
    return *enc ? OK : str_copy(enc, "A128CBC-HS256");
}

static err_t check_told(struct client_record *c, struct client_fault *f)
{
    const char *const algs[] = {c->id_token_alg, c->userinfo_alg, c->introspection_alg, c->authorization_alg};

    for (size_t i = 0; c->profile && i < sizeof algs / sizeof *algs; i++)
        if (is(algs[i], "RS256"))
            return client_fault(f, ERR_CLIENT_METADATA, "…_signed_response_alg",
                                "is RS256, which the profile does not allow (FAPI 2.0 §5.4.1)");
    if (c->introspect && is(c->auth_method, "none"))
        return client_fault(f, ERR_CLIENT_METADATA, "introspects_all_tokens", "is for clients that prove who they are (RFC 7662 §2.1)");
    if (c->userinfo_alg) /* OpenID Connect Dynamic Client Registration §2: by default UserInfo is not signed */
        c->userinfo_signed = true;
    TRY(check_encryption(c, c->id_token_enc_alg, &c->id_token_enc_enc, f));
    return check_encryption(c, c->userinfo_enc_alg, &c->userinfo_enc_enc, f);
}

/* --- backchannel authentication (CIBA Core §4) --- */

static err_t check_ciba(struct client_record *c, struct client_fault *f)
{
    bool has = granted(c, "urn:openid:params:grant-type:ciba");

    if (has && is(c->auth_method, "none"))
        return client_fault(f, ERR_CLIENT_METADATA, "grant_types", "holds ciba, which a public client cannot use (CIBA Core §4)");
    if (!has)
        return c->ciba_mode || c->ciba_notify_uri || c->ciba_alg
                   ? client_fault(f, ERR_CLIENT_METADATA, "backchannel_…",
                                  "stands without the grant type urn:openid:params:grant-type:ciba")
                   : OK;
    if (!c->ciba_mode)
        TRY(str_copy(&c->ciba_mode, c->ciba_notify_uri ? "ping" : "poll"));
    if (is(c->ciba_mode, "ping") != (c->ciba_notify_uri != NULL))
        return client_fault(f, ERR_CLIENT_METADATA, "backchannel_token_delivery_mode",
                            "and backchannel_client_notification_endpoint do not agree: ping says where, poll does not");
    return OK;
}

/* --- its profile --- */

static err_t check_profile_needs(const struct client_record *c, struct client_fault *f)
{
    static const char *const strong[] = {"private_key_jwt", "tls_client_auth", "self_signed_tls_client_auth"};
    bool known = false;

    if (!c->profile)
        return OK;
    for (size_t i = 0; i < sizeof strong / sizeof *strong; i++)
        known |= is(c->auth_method, strong[i]);
    if (!known)
        return client_fault(f, ERR_CLIENT_METADATA, "security_profile", "needs private_key_jwt or a certificate (FAPI 2.0 §5.3.2.1)");
    if (!c->dpop_required && !c->cert_bound)
        return client_fault(f, ERR_CLIENT_METADATA, "security_profile",
                            "needs dpop_bound_access_tokens or tls_client_certificate_bound_access_tokens (FAPI 2.0 §5.3.2.1)");
    return OK;
}

err_t client_rules_check(struct client_record *c, struct client_fault *f)
{
    TRY(check_name(c, f));
    TRY(check_grants(c, f));
    TRY(check_scope_order(c, f));
    TRY(check_sector_said(c, f));
    TRY(check_cert(c, f));
    TRY(check_keys(c, f));
    TRY(check_told(c, f));
    TRY(check_ciba(c, f));
    return check_profile_needs(c, f);
}

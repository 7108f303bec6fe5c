/*
 * What this provider can do, and its keys.
 * GET /.well-known/openid-configuration, /.well-known/oauth-authorization-server, /jwks. OpenID Connect Discovery §3, RFC 8414, RFC 7517.
 */
#include "idp/endpoints/endpoints.h"
#include "common/dpop.h"
#include "idp/endpoints/page.h"
#include "idp/endpoints/published.h"
#include "idp/rules/acr.h"
#include "idp/rules/claims.h"
#include "idp/rules/details.h"
#include "idp/rules/evidence.h"
#include "idp/rules/jwe.h"
#include "idp/rules/jwks.h"
#include "idp/rules/scope.h"
#include <string.h>

#define ASYMMETRIC "ES256 ES384 EdDSA PS256 RS256" /* what a client's own signature may be */

static const struct {
    const char *name, *path;
} endpoints[] = {
    {"authorization_endpoint", "/authorize"},
    {"pushed_authorization_request_endpoint", "/par"},
    {"token_endpoint", "/token"},
    {"userinfo_endpoint", "/userinfo"},
    {"jwks_uri", "/jwks"},
    {"device_authorization_endpoint", "/device_authorization"},
    {"backchannel_authentication_endpoint", "/bc-authorize"},
    {"introspection_endpoint", "/introspect"},
    {"revocation_endpoint", "/revoke"},
    {"registration_endpoint", "/register"},
    {"end_session_endpoint", "/logout"},
};

/* Lists, separated by spaces. */
static const struct {
    const char *name, *values;
} lists[] = {
    {"response_types_supported", "code"},
    {"response_modes_supported", "query form_post jwt query.jwt form_post.jwt"},
    {"grant_types_supported", "authorization_code refresh_token client_credentials urn:ietf:params:oauth:grant-type:device_code "
                              "urn:ietf:params:oauth:grant-type:token-exchange urn:openid:params:grant-type:ciba"},
    {"subject_types_supported", "pairwise"},
    {"token_endpoint_auth_signing_alg_values_supported", ASYMMETRIC " HS256"},
    {"introspection_endpoint_auth_signing_alg_values_supported", ASYMMETRIC " HS256"},
    {"revocation_endpoint_auth_signing_alg_values_supported", ASYMMETRIC " HS256"},
    {"request_object_signing_alg_values_supported", ASYMMETRIC},
    {"id_token_encryption_alg_values_supported", JWE_ALGS},
    {"id_token_encryption_enc_values_supported", JWE_ENCS},
    {"userinfo_encryption_alg_values_supported", JWE_ALGS},
    {"userinfo_encryption_enc_values_supported", JWE_ENCS},
    {"backchannel_authentication_request_signing_alg_values_supported", ASYMMETRIC},
    {"dpop_signing_alg_values_supported", DPOP_ALGS},
    {"code_challenge_methods_supported", "S256"},
    {"prompt_values_supported", "none login consent select_account create"},
    {"ui_locales_supported", "vi en"},
    {"claim_types_supported", "normal"},
};

/* Lists of the algorithms that keyd has a key for now: a client may register for each (client_fields.def). */
static const char *const signed_with[] = {"id_token_signing_alg_values_supported", "introspection_signing_alg_values_supported",
                                          "authorization_signing_alg_values_supported", "userinfo_signing_alg_values_supported"};

static const struct {
    const char *name;
    bool yes;
} flags[] = {
    {"frontchannel_logout_supported", true},
    {"frontchannel_logout_session_supported", true},
    {"claims_parameter_supported", true},
    {"request_parameter_supported", true},
    {"backchannel_user_code_parameter_supported", false},
    {"request_uri_parameter_supported", false},
    {"authorization_response_iss_parameter_supported", true},
};

static json_t *scopes(void)
{
    json_t *list = json_array();

    for (const struct scope_info *s = scope_table; list && s->name; s++)
        json_array_append_new(list, json_string(s->name));
    return list;
}

static json_t *detail_names(void)
{
    json_t *list = json_array();

    for (const struct detail_type *t = detail_types; list && t->name; t++)
        json_array_append_new(list, json_string(t->name));
    return list;
}

/* only: those that may be told as verified. */
static json_t *claims(const char *before, bool only)
{
    json_t *list = json_words(before);

    for (const struct claim_info *i = claim_table; list && i->name; i++)
        if (i->verified || !only)
            json_array_append_new(list, json_string(i->name));
    return list;
}

static json_t *names(const char *const *of)
{
    json_t *list = json_array();

    for (; list && *of; of++)
        json_array_append_new(list, json_string(*of));
    return list;
}

/* OpenID Connect for Identity Assurance 1.0 §8. */
static int describe_identity(const struct app *a, json_t *doc)
{
    int bad =
        json_object_set_new(doc, "claims_supported", claims("sub iss aud exp iat auth_time acr amr nonce sid verified_claims", false));

    bad |= json_object_set_new(doc, "verified_claims_supported", json_true());
    bad |= json_object_set_new(doc, "trust_frameworks_supported", json_pack("[s]", a->conf.trust_framework));
    bad |= json_object_set_new(doc, "claims_in_verified_claims_supported", claims("", true));
    bad |= json_object_set_new(doc, "evidence_supported", json_pack("[s]", "document"));
    bad |= json_object_set_new(doc, "documents_supported", names(evidence_documents));
    return bad | json_object_set_new(doc, "documents_check_methods_supported", names(evidence_methods));
}

static json_t *acr_values(const struct app *a)
{
    json_t *list = json_array();

    for (const struct acr_info *i = acr_table; list && i->value; i++)
        if (acr_here(i, a->upstreams != NULL))
            json_array_append_new(list, json_string(i->value));
    return list;
}

/* How clients may prove who they are; certificates only where a TLS front end forwards them (RFC 8705 §3.3). */
static int describe_clients(const struct app *a, json_t *doc)
{
    bool tls = a->conf.tls_header[0] != '\0';
    AUTO_JSON methods = json_words("client_secret_basic client_secret_post client_secret_jwt private_key_jwt");
    AUTO_JSON or_none = NULL;
    int bad = methods == NULL;

    if (tls)
        bad |= json_array_append_new(methods, json_string("self_signed_tls_client_auth"));
    if (tls && a->client_cas)
        bad |= json_array_append_new(methods, json_string("tls_client_auth"));
    or_none = json_deep_copy(methods);
    bad |= json_array_append_new(or_none, json_string("none")) | json_object_set(doc, "token_endpoint_auth_methods_supported", or_none) |
           json_object_set(doc, "revocation_endpoint_auth_methods_supported", or_none) |
           json_object_set(doc, "introspection_endpoint_auth_methods_supported",
                           methods); /* a resource server proves who it is (RFC 7662 §2.1) */
    bad |= json_object_set_new(doc, "tls_client_certificate_bound_access_tokens", json_boolean(tls));
    return bad | json_object_set_new(doc, "require_pushed_authorization_requests", json_boolean(a->conf.require_pushed));
}

/* The default first. */
static json_t *algorithms(unsigned algs, enum jose_alg first)
{
    AUTO_JSON out = json_array();

    for (unsigned i = 0; out && i <= JOSE_PS256; i++) {
        enum jose_alg alg = i == 0 ? first : (enum jose_alg)i;
        if ((i == 0 || alg != first) && algs & 1u << alg && json_array_append_new(out, json_string(jose_alg_name(alg))) != 0)
            return NULL;
    }
    return take(&out);
}

static err_t describe(const struct app *a, unsigned algs, enum jose_alg first, json_t *doc)
{
    int bad = json_object_set_new(doc, "issuer", json_string(a->conf.issuer)) | json_object_set_new(doc, "scopes_supported", scopes()) |
              json_object_set_new(doc, "acr_values_supported", acr_values(a)) |
              json_object_set_new(doc, "authorization_details_types_supported", detail_names());

    for (size_t i = 0; i < sizeof endpoints / sizeof *endpoints; i++)
        bad |= json_object_set_new(doc, endpoints[i].name, json_sprintf("%s%s", a->conf.issuer, endpoints[i].path));
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        bad |= json_object_set_new(doc, lists[i].name, json_words(lists[i].values));
    for (size_t i = 0; i < sizeof signed_with / sizeof *signed_with; i++)
        bad |= json_object_set_new(doc, signed_with[i], algorithms(algs, first));
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
        bad |= json_object_set_new(doc, flags[i].name, json_boolean(flags[i].yes));
    /* Nobody hears of a logout from a provider that may talk to nobody. */
    bad |= json_object_set_new(doc, "backchannel_logout_supported", json_boolean(a->fetch != NULL));
    bad |= json_object_set_new(doc, "backchannel_logout_session_supported", json_boolean(a->fetch != NULL));
    bad |= json_object_set_new(doc, "backchannel_token_delivery_modes_supported", json_words(a->ping_fetch ? "poll ping" : "poll"));
    bad |= describe_clients(a, doc);
    bad |= describe_identity(a, doc);
    return bad ? ERR_NOMEM : OK;
}

static err_t make_discovery(struct app *a, struct buf *out)
{
    enum jose_alg alg = jwks_cache_alg(a->jwks);
    unsigned algs = jwks_cache_algs(a->jwks);
    AUTO_JSON doc = json_object();

    if (alg == JOSE_NONE || algs == 0) /* keyd has not answered since the start: nobody knows what it signs with */
        return ERR_KEYD_DOWN;
    TRY(doc ? describe(a, algs, alg, doc) : ERR_NOMEM);
    return json_text(doc, out);
}

static err_t make_jwks(struct app *a, struct buf *out)
{
    return jwks_cache_json(a->jwks, out);
}

err_t get_discovery(struct http_req *r)
{
    static const struct published_kind kind = {PUBLISHED_DISCOVERY, "application/json", "public, max-age=300", make_discovery};

    return published_reply(r, &kind);
}

err_t get_jwks(struct http_req *r)
{
    /* Short: a new key is published before it signs, and must have been seen by then. */
    static const struct published_kind kind = {PUBLISHED_JWKS, "application/jwk-set+json", "public, max-age=60", make_jwks};

    return published_reply(r, &kind);
}

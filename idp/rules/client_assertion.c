/*
 * Client assertions: signed statements that a client makes about itself, good once.
 * Called by rules/client_auth.c. RFC 7523 §3, RFC 7521 §4.2, OpenID Connect Core §9.
 */
#include "idp/rules/client_assertion.h"
#include "common/clock.h"
#include "common/jose.h"
#include "idp/rules/scope.h"
#include <string.h>

#define JTI_MAX 256
#define SKEW 5

/* --- who it says it is of --- */

/* Only to look the client up: everything is checked against what that client registered. */
static err_t peek(const char *assertion, json_t **claims)
{
    AUTO_BUF text = {0};
    const char *one = strchr(assertion, '.'), *two = one ? strchr(one + 1, '.') : NULL;

    if (!two || strlen(assertion) > JWT_MAX)
        return ERR_CLIENT_AUTH;
    struct bytes part = BYTES(one + 1, (size_t)(two - one - 1));
    TRY(buf_reserve(&text, part.len + 1));
    if (b64url_decode(part, text.ptr, text.cap - 1, &text.len) != OK || json_parse(buf_bytes(&text), JWT_MAX, claims) != OK)
        return ERR_CLIENT_AUTH;
    return OK;
}

err_t assertion_client(const char *assertion, char out[CLIENT_ID_MAX + 1])
{
    AUTO_JSON claims = NULL;
    const char *sub = NULL;

    TRY(peek(assertion, &claims));
    if (json_need_str(claims, "sub", CLIENT_ID_MAX, &sub) != OK)
        return ERR_CLIENT_AUTH;
    memcpy(out, sub, strlen(sub) + 1);
    return OK;
}

/* --- the signature --- */

static struct bytes owner(const char *client_id)
{
    return bytes_str(client_id); /* a sealed secret opens for its own client alone */
}

err_t assertion_seal_secret(const uint8_t seal[IDP_KEY_LEN], const char *client_id, const char *secret, struct buf *out)
{
    return idp_seal(seal, owner(client_id), bytes_str(secret), out);
}

static err_t by_secret(const struct client_keys *k, const struct client *c, const char *assertion, const uint8_t seal[IDP_KEY_LEN],
                       json_t **claims)
{
    AUTO_BUF secret = {0};

    TRY(idp_unseal(seal, owner(c->id), buf_bytes(&k->secret_sealed), &secret));
    err_t e = jwt_verify_hs256(bytes_str(assertion), buf_bytes(&secret), claims);
    secret_wipe(secret.ptr, secret.len);
    return e;
}

/* FAPI 2.0 §5.4.1: ES256, PS256, EdDSA; RSASSA-PKCS1-v1_5 has no place there. */
static void drop_weak(struct jwks *set)
{
    for (size_t i = 0; i < set->n; i++)
        if (set->key[i].alg == JOSE_RS256)
            set->key[i].alg = JOSE_NONE;
}

static err_t by_key(const struct client_keys *k, const struct client *c, const char *assertion, json_t **claims)
{
    AUTO_JSON json = NULL;
    AUTO(jwks_free) struct jwks set = {0};

    TRY(json_parse(buf_bytes(&k->jwks), k->jwks.len, &json));
    TRY(jwks_parse(json, &set));
    if (c->fapi)
        drop_weak(&set);
    return jwt_verify_any(bytes_str(assertion), &set, NULL, claims);
}

static err_t verified(struct clients *known, const struct client *c, const char *assertion, const struct assertion_expect *e,
                      json_t **claims)
{
    AUTO(client_keys_free) struct client_keys keys = {0};

    TRY(clients_keys(known, c->id, &keys));
    err_t err = strcmp(c->auth_method, "client_secret_jwt") == 0 ? by_secret(&keys, c, assertion, e->seal, claims)
                                                                 : by_key(&keys, c, assertion, claims);
    return err == ERR_SYNTAX || err == ERR_BAD_SIGNATURE || err == ERR_TOO_LARGE ? ERR_CLIENT_AUTH : err;
}

/* --- the claims --- */

static bool names(const json_t *v, const struct assertion_expect *e, bool issuer_alone)
{
    const char *s = json_string_value(v);

    return s && (strcmp(s, e->issuer) == 0 || (!issuer_alone && !strchr(s, ' ') && scope_has(e->endpoints, s)));
}

/*
 * One audience that is us. An array may not name others besides: an assertion meant for another provider too is one that this other could use
 * here. FAPI 2.0 §5.3.2.1: a string, the issuer, and nothing else.
 */
static bool audience_ok(const json_t *aud, const struct assertion_expect *e, bool fapi)
{
    if (!json_is_array(aud))
        return names(aud, e, fapi);
    for (size_t i = 0; i < json_array_size(aud); i++)
        if (!names(json_array_get(aud, i), e, fapi))
            return false;
    return !fapi && json_array_size(aud) > 0;
}

static err_t check_claims(const json_t *claims, const struct client *c, const struct assertion_expect *e, const char **jti, int64_t *exp)
{
    const char *iss = NULL, *sub = NULL;
    int64_t now = clock_now(), iat, nbf;

    if (json_need_str(claims, "iss", CLIENT_ID_MAX, &iss) != OK || json_need_str(claims, "sub", CLIENT_ID_MAX, &sub) != OK ||
        json_need_str(claims, "jti", JTI_MAX, jti) != OK || json_get_int(claims, "exp", 0, INT64_C(1) << 40, -1, exp) != OK ||
        json_get_int(claims, "iat", 0, INT64_C(1) << 40, now, &iat) != OK ||
        json_get_int(claims, "nbf", 0, INT64_C(1) << 40, now, &nbf) != OK)
        return ERR_CLIENT_AUTH;
    if (strcmp(iss, c->id) != 0 || strcmp(sub, c->id) != 0 || !audience_ok(json_object_get(claims, "aud"), e, c->fapi))
        return ERR_CLIENT_AUTH;
    bool in_time = *exp + SKEW > now && *exp <= now + ASSERTION_LIFE + SKEW && iat <= now + SKEW && nbf <= now + SKEW;
    return in_time ? OK : ERR_CLIENT_AUTH;
}

err_t assertion_check(struct clients *known, const struct client *c, const char *assertion, const struct assertion_expect *e,
                      struct proof *out)
{
    AUTO_JSON claims = NULL;
    AUTO_BUF id = {0};
    const char *jti = NULL;
    int64_t exp = 0;

    TRY(verified(known, c, assertion, e, &claims));
    TRY(check_claims(claims, c, e, &jti, &exp));
    TRY(buf_addf(&id, "assertion|%s|%s", c->id, jti));
    sha256(buf_bytes(&id), out->id);
    out->until = exp + SKEW + 1;
    out->there = true;
    return OK;
}

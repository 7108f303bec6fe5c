/*
 * Signed request objects.
 * Called by endpoints/authorize.c and endpoints/par.c. RFC 9101 §4, §6, §10; FAPI 2.0 Message Signing §5.3.
 */
#include "idp/rules/request_object.h"
#include "common/clock.h"
#include "common/jose.h"
#include "idp/rules/params.h"
#include <string.h>

#define SKEW 10
#define LIFE_MAX 3600 /* FAPI 2.0 Message Signing §5.3.1: an object lives for an hour at most */

static err_t verified(const struct client_keys *k, const struct client *c, const char *object, const char *typ, json_t **claims)
{
    AUTO_JSON json = NULL;
    AUTO(jwks_free) struct jwks set = {0};

    TRY(json_parse(buf_bytes(&k->jwks), k->jwks.len, &json));
    TRY(jwks_parse(json, &set));
    for (size_t i = 0; c->fapi && i < set.n; i++)
        if (set.key[i].alg == JOSE_RS256)
            set.key[i].alg = JOSE_NONE;
    return jwt_verify_any(bytes_str(object), &set, typ, claims);
}

static err_t check_claims(const json_t *claims, const struct client *c, const char *issuer)
{
    int64_t now = clock_now(), exp, nbf;
    const char *id = NULL;
    const struct jwt_expect want = {.iss = c->id, .aud = issuer, .now = now, .skew = SKEW};

    if (jwt_check(claims, &want) != OK)
        return ERR_REQUEST_OBJECT_BAD;
    if (json_get_int(claims, "exp", 0, INT64_C(1) << 40, -1, &exp) != OK ||
        json_get_int(claims, "nbf", 0, INT64_C(1) << 40, now, &nbf) != OK)
        return ERR_REQUEST_OBJECT_BAD;
    if (exp > now + LIFE_MAX + SKEW || nbf < now - LIFE_MAX - SKEW || (c->fapi && !json_object_get(claims, "nbf")))
        return ERR_REQUEST_OBJECT_BAD;
    if (json_get_str(claims, "client_id", CLIENT_ID_MAX, &id) != OK || (id && strcmp(id, c->id) != 0))
        return ERR_REQUEST_OBJECT_BAD;
    return json_object_get(claims, "sub") ? ERR_REQUEST_OBJECT_BAD : OK; /* §10.8 */
}

err_t request_object_claims(struct clients *known, const struct client *c, const char *issuer, const char *object, const char *typ,
                            json_t **claims)
{
    AUTO(client_keys_free) struct client_keys keys = {0};

    TRY(clients_keys(known, c->id, &keys));
    if (keys.jwks.len == 0)
        return ERR_REQUEST_OBJECT;
    err_t e = verified(&keys, c, object, typ, claims);
    if (e != OK)
        return e == ERR_NOMEM || e == ERR_CRYPTO ? e : ERR_REQUEST_OBJECT_BAD;
    return check_claims(*claims, c, issuer);
}

err_t request_object_read(struct clients *known, const struct client *c, const char *issuer, const char *object, json_t **params)
{
    AUTO_JSON claims = NULL;
    AUTO_JSON found = NULL;

    /* The type must be said (§10.8): an assertion of the same client, signed by the same key, is no request. */
    TRY(request_object_claims(known, c, issuer, object, "oauth-authz-req+jwt", &claims));
    TRY(params_of_claims(claims, authz_param_names, &found));
    if (json_object_set_new(found, "client_id", json_string(c->id)) != 0)
        return ERR_NOMEM;
    *params = take(&found);
    return OK;
}

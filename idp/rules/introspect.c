/*
 * What a token is worth, and ending it.
 * Called by endpoints/introspect.c and endpoints/revoke.c. RFC 7662 §2.2, RFC 7009 §2.1, RFC 9068 §2.2.
 */
#include "idp/rules/introspect.h"
#include "common/clock.h"
#include "idp/rules/clients.h"
#include "idp/rules/terms.h"
#include <string.h>

/* Members of an access token that are told; the rest is ours alone. */
static const char *const told[] = {"scope", "client_id", "sub",       "aud",   "iss", "exp", "iat",
                                   "jti",   "acr",       "auth_time", "level", "cnf", "act", "authorization_details"};

err_t access_open(const struct token_conf *c, const char *token, json_t **claims)
{
    const json_t *aud;

    if (strlen(token) > JWT_MAX)
        return ERR_TOKEN;
    err_t e = jwks_cache_verify(c->jwks, c->at_hand, bytes_str(token), "at+jwt", claims);
    if (e != OK)
        return e == ERR_KEYD_DOWN || e == ERR_NOMEM || e == ERR_TIMEOUT || e == ERR_WAITS ? e : ERR_TOKEN;
    aud = json_object_get(*claims, "aud");
    const struct jwt_expect want = {
        .iss = c->issuer,
        .aud = json_string_value(json_is_array(aud) ? json_array_get(aud, 0) : aud), /* keyd wrote it: any of ours is good */
        .now = clock_now(),
        .skew = 0,
    };
    return jwt_check(*claims, &want) == OK ? OK : ERR_TOKEN;
}

static const char *text(const json_t *claims, const char *name)
{
    const char *v = json_string_value(json_object_get(claims, name));

    return v ? v : "";
}

err_t access_grant(struct db_pool *p, const json_t *claims, struct grant *out)
{
    const char *id = text(claims, "grant_id");

    memset(out, 0, sizeof *out);
    if (!*id)
        return OK;
    err_t e = grant_get(p, id, out);
    if (e != OK)
        return e == ERR_DB_NONE ? ERR_TOKEN : e;
    return out->live && strcmp(out->client_id, text(claims, "client_id")) == 0 ? OK : ERR_TOKEN;
}

static err_t tell_access(const json_t *claims, json_t **out)
{
    bool dpop = json_object_get(json_object_get(claims, "cnf"), "jkt") != NULL;
    AUTO_JSON j = json_pack("{s:b, s:s}", "active", 1, "token_type", dpop ? "DPoP" : "Bearer");

    for (size_t i = 0; j && i < sizeof told / sizeof *told; i++) {
        json_t *v = json_object_get(claims, told[i]);
        if (v && json_object_set(j, told[i], v) != 0)
            return ERR_NOMEM;
    }
    *out = take(&j);
    return *out ? OK : ERR_NOMEM;
}

static err_t refresh_token(struct db_pool *p, const struct token_conf *c, const struct client *asker, const uint8_t hash[TIMED_KEY_LEN],
                           json_t **out)
{
    AUTO_TERMS terms = {0};
    struct grant g;
    int64_t expires;
    bool good;

    err_t e = refresh_get(p, hash, &g, &expires, &good);
    if (e != OK)
        return e == ERR_DB_NONE ? ERR_TOKEN : e;
    if (!good || !g.live || strcmp(g.client_id, asker->id) != 0)
        return ERR_TOKEN;
    TRY(terms_open(c->keys->seal, g.client_id, BYTES(g.terms, g.terms_len), &terms));
    *out = json_pack("{s:b, s:s, s:s, s:s, s:I, s:O*}", "active", 1, "scope", g.scope, "client_id", g.client_id, "sub", g.sub, "exp",
                     (json_int_t)expires, "authorization_details", terms.details);
    return *out ? OK : ERR_NOMEM;
}

/* A service's token has no grant that could end: it is worth something as long as the service is one of ours. */
static err_t check_service(const struct token_conf *c, const json_t *claims)
{
    const char *id = text(claims, "client_id");
    struct client service;

    err_t e = c->at_hand ? clients_at_hand(c->clients, id, &service) : clients_get(c->clients, id, NULL, &service);
    if (e != OK)
        return e == ERR_DB_NONE ? ERR_TOKEN : e;
    return service.active ? OK : ERR_TOKEN;
}

static err_t access_token(const struct token_conf *c, const char *token, json_t **out)
{
    AUTO_JSON claims = NULL;

    TRY(access_open(c, token, &claims));
    if (!*introspect_grant(claims)) {
        TRY(check_service(c, claims));
        return tell_access(claims, out);
    }
    if (!grant_id_ok(introspect_grant(claims)))
        return ERR_TOKEN;
    *out = take(&claims);
    return ERR_TOGETHER;
}

static err_t tell_inactive(json_t **out)
{
    *out = json_pack("{s:b}", "active", 0);
    return *out ? OK : ERR_NOMEM;
}

err_t introspect(struct db_pool *p, const struct token_conf *c, const struct client *asker, const char *token, json_t **out)
{
    uint8_t hash[TIMED_KEY_LEN];
    bool refresh = timed_key(token, hash);

    if (!asker->introspect || strcmp(asker->auth_method, "none") == 0)
        return ERR_CLIENT_FORBIDDEN;
    if (refresh && c->at_hand)
        return ERR_WAITS;
    err_t e = refresh ? refresh_token(p, c, asker, hash, out) : access_token(c, token, out);
    return e == ERR_TOKEN ? tell_inactive(out) : e;
}

const char *introspect_grant(const json_t *claims)
{
    return text(claims, "grant_id");
}

err_t introspect_told(const json_t *claims, const char *alive, json_t **out)
{
    return *alive && strcmp(alive, text(claims, "client_id")) == 0 ? tell_access(claims, out) : tell_inactive(out);
}

static err_t end_grant(struct db_pool *p, const char *grant_id, const char *request_id)
{
    err_t e = grant_revoke(p, grant_id, "client", request_id);

    return e == ERR_DB_NONE ? OK : e;
}

err_t revoke(struct db_pool *p, const struct token_conf *c, const struct client *who, const char *token, const char *request_id)
{
    AUTO_JSON claims = NULL;
    uint8_t hash[TIMED_KEY_LEN];
    struct grant g;
    int64_t expires;
    bool good;

    if (timed_key(token, hash)) {
        err_t e = refresh_get(p, hash, &g, &expires, &good);
        if (e != OK)
            return e == ERR_DB_NONE ? OK : e;
        return strcmp(g.client_id, who->id) == 0 ? end_grant(p, g.id, request_id) : ERR_CLIENT_FORBIDDEN;
    }
    err_t e = access_open(c, token, &claims);
    if (e != OK)
        return e == ERR_TOKEN ? OK : e; /* RFC 7009 §2.2: the client can do nothing with an error */
    if (strcmp(text(claims, "client_id"), who->id) != 0)
        return ERR_CLIENT_FORBIDDEN;
    return *text(claims, "grant_id") ? end_grant(p, text(claims, "grant_id"), request_id) : ERR_TOKEN_TYPE;
}

/*
 * Tokens: what goes into them, and checking our own.
 * Called by endpoints/token.c, endpoints/bearer.c and endpoints/logout.c. RFC 9068, OpenID Connect Core §2, §3.1.3.6.
 */
#include "idp/rules/token.h"
#include "common/clock.h"
#include "idp/rules/jwe.h"
#include "idp/rules/acr.h"
#include "idp/rules/claims.h"
#include "idp/rules/details.h"
#include "idp/rules/person.h"
#include "idp/rules/resource.h"
#include "idp/rules/scope.h"
#include "idp/rules/subject.h"
#include "idp/rules/terms.h"
#include <stdio.h>
#include <string.h>

void tokens_free(struct tokens *t)
{
    buf_free(&t->access);
    buf_free(&t->id);
    json_free(&t->details);
}

/* What the client asked for and the sign-in met, while the account still meets it; otherwise the level. */
static const char *acr_of(const struct grant *g)
{
    const char *met = acr_met(g->acr, g->level, g->amr);

    return met ? met : acr_of_level(g->level);
}

static const struct client_jose *jose_of(const struct token_conf *c)
{
    static const struct client_jose defaults;

    return c->client ? &c->client->jose : &defaults;
}

/* Left half of the access token's hash, with the hash of the ID token's algorithm (OpenID Connect Core §3.1.3.6). False: leave it out. */
static bool at_hash(const struct token_conf *c, const struct buf *access, char out[B64URL_LEN(SHA512_LEN / 2) + 1])
{
    enum jose_alg asked = jose_of(c)->id_token, alg = asked != JOSE_NONE ? asked : jwks_cache_alg(c->jwks);
    const char *name = alg == JOSE_EDDSA ? "SHA512" : alg == JOSE_ES384 ? "SHA384" : "SHA256"; /* Ed25519: RFC 8032 §5.1 */
    uint8_t h[SHA512_LEN];
    size_t n = 0;

    if (alg == JOSE_NONE || EVP_Q_digest(NULL, name, NULL, access->ptr, access->len, h, &n) != 1)
        return false;
    b64url_encode(BYTES(h, n / 2), out);
    return true;
}

static struct resources resources_of(const struct token_conf *c)
{
    return (struct resources){.issuer = c->issuer, .signer = c->signer_resource, .signer_scopes = c->signer_scopes};
}

/* Who the token is for: asked for now, or when the person agreed, or by its scopes (RFC 8707). */
static err_t audience_of(const struct token_conf *c, const char *chosen, const char *scope, struct audience *out)
{
    const struct resources known = resources_of(c);

    TRY(resource_check(&known, c->resource, chosen, scope));
    *out = resource_audience(&known, c->resource && *c->resource ? c->resource : chosen, scope);
    return OK;
}

/* RFC 9396 §9.1. *out stays NULL without details. */
err_t token_more(json_t *details, json_t **out)
{
    *out = details ? json_pack("{s:O}", "authorization_details", details) : NULL;
    return details && !*out ? ERR_NOMEM : OK;
}

static err_t access_token(const struct token_conf *c, const struct grant *g, json_t *details, struct buf *out)
{
    char jti[UUID_LEN + 1], sector[256], sub[SUB_LEN + 1];
    struct audience to;

    TRY(audience_of(c, g->resource, g->scope, &to));
    AUTO_JSON more = NULL;
    TRY(token_more(details, &more));
    random_uuid(jti);
    memcpy(sub, g->sub, sizeof sub);
    if (to.signer) { /* the signing daemon must know the person by the name that it knows */
        TRY(subject_sector(c->signer_resource, sector, sizeof sector));
        subject_make(c->keys->pairwise, sector, g->account_id, sub);
    }
    const struct key_claims k = {
        .type = KEY_ACCESS_TOKEN,
        .jkt = c->bind ? c->bind->jkt : NULL,
        .x5t = c->bind ? c->bind->x5t : NULL,
        .sub = sub,
        .aud = {to.aud[0], to.aud[1]},
        .lifetime = c->life,
        .auth_time = g->auth_time,
        .client_id = g->client_id,
        .scope = g->scope,
        .acr = acr_of(g),
        .amr = g->amr,
        .jti = jti,
        .grant_id = g->id,
        .level = g->level,
        .more = more,
    };
    return key_sign_token(c->keyd, &k, out);
}

/* Single claims that the client wants to find here (OpenID Connect Core §5.5). *out stays NULL when there are none. */
static err_t claims_here(const struct token_conf *c, const struct grant *g, const json_t *asked, json_t **out)
{
    AUTO_JSON person = NULL;
    AUTO_JSON claims = json_object();
    struct verified_facts facts = c->facts;

    if (!asked)
        return OK;
    facts.level = g->level;
    TRY(person_open(c->keyd, c->db, g->account_id, &person));
    TRY(claims ? claims_tell(asked, person, &facts, g->scope, claims) : ERR_NOMEM);
    if (json_object_size(claims) > 0)
        *out = take(&claims);
    return OK;
}

static err_t id_token(const struct token_conf *c, const struct grant *g, const char *nonce, const json_t *more, const struct buf *access,
                      struct buf *out)
{
    char hash[B64URL_LEN(SHA512_LEN / 2) + 1], jti[UUID_LEN + 1];
    bool hashed = at_hash(c, access, hash);

    random_uuid(jti);
    const struct key_claims k = {
        .type = KEY_ID_TOKEN,
        .alg = jose_of(c)->id_token,
        .sub = g->sub,
        .aud = {g->client_id},
        .lifetime = c->life,
        .auth_time = g->auth_time,
        .nonce = nonce[0] ? nonce : NULL,
        .acr = acr_of(g),
        .amr = g->amr,
        .sid = g->sid,
        .jti = jti,
        .at_hash = hashed ? hash : NULL,
        .level = g->level,
        .more = more,
    };
    TRY(key_sign_token(c->keyd, &k, out));
    return jwe_wrap(c->clients, g->client_id, &jose_of(c)->id_token_enc, true, out);
}

err_t token_for_grant(const struct token_conf *c, const struct grant *g, const char *nonce, struct tokens *out)
{
    const struct resources known = resources_of(c);
    AUTO_TERMS terms = {0};
    AUTO_JSON more = NULL;

    TRY(terms_open(c->keys->seal, g->client_id, BYTES(g->terms, g->terms_len), &terms));
    TRY(details_narrow(terms.details, c->details, &known, &out->details));
    TRY(access_token(c, g, out->details, &out->access));
    if (!scope_has(g->scope, "openid"))
        return OK;
    TRY(claims_here(c, g, terms.id_token, &more));
    err_t e = id_token(c, g, nonce, more, &out->access, &out->id);
    if (e != ERR_TOO_LARGE)
        return e;
    (void)json_object_del(more, "verified_claims"); /* they do not fit; UserInfo has room for them */
    return id_token(c, g, nonce, json_object_size(more) ? more : NULL, &out->access, &out->id);
}

err_t token_client_claims(const struct token_conf *c, const char *client_id, const char *scope, char jti[UUID_LEN + 1],
                          struct key_claims *out)
{
    struct audience to;

    TRY(audience_of(c, "", scope, &to));
    random_uuid(jti);
    *out = (struct key_claims){
        .type = KEY_ACCESS_TOKEN,
        .jkt = c->bind ? c->bind->jkt : NULL,
        .x5t = c->bind ? c->bind->x5t : NULL,
        .sub = client_id, /* RFC 9068 §2.2 */
        .aud = {to.aud[0], to.aud[1]},
        .lifetime = c->life,
        .client_id = client_id,
        .scope = scope,
        .jti = jti,
    };
    return OK;
}

static err_t copy_claim(const json_t *claims, const char *name, bool needed, char *out, size_t cap)
{
    const char *v = NULL;

    out[0] = '\0';
    err_t e = needed ? json_need_str(claims, name, cap - 1, &v) : json_get_str(claims, name, cap - 1, &v);
    if (e != OK)
        return ERR_TOKEN;
    if (v)
        memcpy(out, v, strlen(v) + 1);
    return OK;
}

/* What is wrong with a token is one answer; that keys or memory are missing is another. */
static err_t token_fault(err_t e)
{
    return e == ERR_KEYD_DOWN || e == ERR_NOMEM || e == ERR_TIMEOUT || e == ERR_WAITS ? e : ERR_TOKEN;
}

/* A condition that this version does not know is one that nobody checks: such a token is good for nothing (RFC 7800 §3.1). */
static err_t copy_cnf(const json_t *cnf, struct token_binding *out)
{
    static const char *const known[] = {"jkt", "x5t#S256", NULL};

    memset(out, 0, sizeof *out);
    if (!cnf)
        return OK;
    if (!json_is_object(cnf) || json_object_size(cnf) == 0 || json_only(cnf, known) != OK)
        return ERR_TOKEN;
    TRY(copy_claim(cnf, "jkt", false, out->jkt, sizeof out->jkt));
    return copy_claim(cnf, "x5t#S256", false, out->x5t, sizeof out->x5t);
}

err_t token_check(const struct token_conf *c, const char *token, struct token_claims *out)
{
    AUTO_JSON claims = NULL;
    const struct jwt_expect want = {.iss = c->issuer, .aud = c->issuer, .now = clock_now(), .skew = 5};

    if (strlen(token) > JWT_MAX)
        return ERR_TOKEN;
    err_t e = jwks_cache_verify(c->jwks, c->at_hand, bytes_str(token), "at+jwt", &claims);
    if (e != OK)
        return token_fault(e);
    if (jwt_check(claims, &want) != OK)
        return ERR_TOKEN;
    TRY(copy_claim(claims, "client_id", true, out->client_id, sizeof out->client_id));
    TRY(copy_claim(claims, "scope", false, out->scope, sizeof out->scope));
    TRY(copy_cnf(json_object_get(claims, "cnf"), &out->bind));
    return copy_claim(claims, "grant_id", false, out->grant_id, sizeof out->grant_id);
}

err_t token_hint(const struct token_conf *c, const char *token, struct hint_claims *out)
{
    AUTO_JSON claims = NULL;
    const char *iss = NULL;

    if (strlen(token) > JWT_MAX)
        return ERR_TOKEN;
    err_t e = jwks_cache_verify(c->jwks, c->at_hand, bytes_str(token), "JWT", &claims);
    if (e != OK)
        return token_fault(e);
    if (json_need_str(claims, "iss", 512, &iss) != OK || strcmp(iss, c->issuer) != 0)
        return ERR_TOKEN;
    const json_t *aud = json_object_get(claims, "aud");
    const char *client = json_string_value(json_is_array(aud) ? json_array_get(aud, 0) : aud);
    if (!client || strlen(client) > CLIENT_ID_MAX)
        return ERR_TOKEN;
    snprintf(out->client_id, sizeof out->client_id, "%s", client);
    TRY(copy_claim(claims, "sub", true, out->sub, sizeof out->sub));
    return copy_claim(claims, "sid", false, out->sid, sizeof out->sid);
}

/*
 * Token exchange.
 * Called by endpoints/exchange.c. RFC 8693 §2, §4.1; RFC 9068 §2.2.
 */
#include "idp/rules/exchange.h"
#include "common/clock.h"
#include "idp/rules/introspect.h"
#include "idp/rules/scope.h"
#include "idp/rules/subject.h"
#include "idp/store/audit.h"
#include "idp/store/client_exchange.h"
#include <string.h>

void exchanged_free(struct exchanged *e)
{
    buf_free(&e->token);
}

static err_t check_form(const struct exchange_in *in)
{
    if (strcmp(in->client->auth_method, "none") == 0)
        return ERR_CLIENT_FORBIDDEN;
    if (!in->subject_token || !in->subject_token_type || in->actor_token) /* who acts is who calls: the client */
        return ERR_REQUEST;
    if (strcmp(in->subject_token_type, TOKEN_TYPE_ACCESS) != 0)
        return ERR_REQUEST;
    if (in->requested_token_type && strcmp(in->requested_token_type, TOKEN_TYPE_ACCESS) != 0)
        return ERR_REQUEST;
    return in->audience && !in->resource && strlen(in->audience) <= CLIENT_ID_MAX ? OK : ERR_TARGET;
}

/* A bound token is worth something only with its key or certificate, here too. */
static bool holder(const struct token_conf *c, const json_t *claims)
{
    const json_t *cnf = json_object_get(claims, "cnf");
    const char *jkt = json_string_value(json_object_get(cnf, "jkt")), *x5t = json_string_value(json_object_get(cnf, "x5t#S256"));

    if (jkt && (!c->bind || strcmp(c->bind->jkt, jkt) != 0))
        return false;
    return !x5t || (c->bind && strcmp(c->bind->x5t, x5t) == 0);
}

/* RFC 8693 §2.2.2: whatever is wrong with the subject token is invalid_request. */
static err_t open_subject(struct db_pool *p, const struct token_conf *c, const struct exchange_in *in, json_t **claims, struct grant *g)
{
    err_t e = access_open(c, in->subject_token, claims);
    if (e == OK)
        e = access_grant(p, *claims, g);
    if (e != OK)
        return e == ERR_TOKEN ? ERR_REQUEST : e;
    bool own = g->id[0] && strcmp(g->client_id, in->client->id) == 0 && !json_object_get(*claims, "act");
    return own && holder(c, *claims) ? OK : ERR_REQUEST;
}

static err_t choose_scope(const struct exchange_in *in, const char *had, char out[SCOPE_MAX + 1])
{
    if (in->scope)
        TRY(scope_select(in->scope, in->client->scope, out));
    else
        memcpy(out, had, strlen(had) + 1);
    return scope_covers(had, out) ? OK : ERR_SCOPE;
}

static err_t note(struct db_pool *p, const struct exchange_in *in, const struct grant *g)
{
    return idp_audit(
        p, &(struct audit){
               .event = "token.exchanged", .account_id = g->account_id, .client_id = in->client->id, .request_id = in->request_id});
}

err_t exchange(struct db_pool *p, const struct token_conf *c, const struct exchange_in *in, struct exchanged *out)
{
    AUTO_JSON claims = NULL;
    struct grant g;
    char sector[256], sub[SUB_LEN + 1], jti[UUID_LEN + 1];

    TRY(check_form(in));
    TRY(open_subject(p, c, in, &claims, &g));
    const char *had = json_string_value(json_object_get(claims, "scope"));
    if (!had || strlen(had) > SCOPE_MAX)
        return ERR_REQUEST;
    TRY(choose_scope(in, had, out->scope));
    err_t e = client_may_exchange(p, in->client->id, in->audience, sector);
    if (e != OK)
        return e == ERR_DB_NONE ? ERR_TARGET : e;
    int64_t left = json_integer_value(json_object_get(claims, "exp")) - clock_now();
    out->life = left < c->life ? left : c->life;
    if (out->life < 1)
        return ERR_REQUEST;
    random_uuid(jti);
    subject_make(c->keys->pairwise, sector, g.account_id, sub); /* the person, as that service knows it */
    const struct key_claims k = {
        .type = KEY_ACCESS_TOKEN,
        .jkt = c->bind ? c->bind->jkt : NULL,
        .x5t = c->bind ? c->bind->x5t : NULL,
        .sub = sub,
        .aud = {in->audience},
        .lifetime = out->life,
        .auth_time = g.auth_time,
        .client_id = in->client->id,
        .act = in->client->id, /* §4.1: who calls in the person's name */
        .scope = out->scope,
        .acr = json_string_value(json_object_get(claims, "acr")),
        .jti = jti,
        .grant_id = g.id,
        .level = g.level,
    };
    TRY(note(p, in, &g));
    return key_sign_token(c->keyd, &k, &out->token);
}

/*
 * Backchannel authentication: what a request must say, and beginning it.
 * Called by endpoints/backchannel.c, endpoints/requests.c and rules/ping.c. CIBA Core 1.0 §7; FAPI-CIBA §5.2.2.
 */
#include "idp/rules/backchannel.h"
#include "common/clock.h"
#include "idp/rules/acr.h"
#include "idp/rules/citizen.h"
#include "idp/rules/details.h"
#include "idp/rules/params.h"
#include "idp/rules/plain.h"
#include "idp/rules/request_object.h"
#include "idp/rules/scope.h"
#include "idp/rules/terms.h"
#include "idp/rules/token.h"
#include "idp/store/seen.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define JTI_MAX 256
#define SEEN_SKEW 11 /* an object is accepted that long after its exp */

const char *const backchannel_param_names[] = {
    "scope",
    "client_notification_token",
    "acr_values",
    "login_hint_token",
    "id_token_hint",
    "login_hint",
    "binding_message",
    "user_code",
    "requested_expiry",
    "resource",
    "authorization_details",
    NULL,
};

/* --- signed requests --- */

/* §7.1.1: jti is required; so each is good once. */
static err_t use_up(struct db_pool *p, const struct client *c, const json_t *claims)
{
    AUTO_BUF name = {0};
    const char *jti = NULL;
    int64_t exp = 0;
    uint8_t hash[HASH_LEN];

    if (json_need_str(claims, "jti", JTI_MAX, &jti) != OK || json_get_int(claims, "exp", 0, INT64_C(1) << 40, -1, &exp) != OK)
        return ERR_REQUEST_OBJECT_BAD;
    TRY(buf_addf(&name, "backchannel|%s|%s", c->id, jti));
    sha256(buf_bytes(&name), hash);
    err_t e = seen_add(p, hash, exp + SEEN_SKEW);
    return e == ERR_DB_NONE ? ERR_REQUEST_OBJECT_BAD : e;
}

err_t backchannel_open(const struct backchannel_deps *d, const struct client *c, const char *object, json_t **params)
{
    AUTO_JSON claims = NULL;

    /* CIBA names no type. A client assertion by the same key is none all the same: it has a sub, which is refused, and no scope. */
    TRY(request_object_claims(d->clients, c, d->resources.issuer, object, NULL, &claims));
    if (!json_object_get(claims, "iat") || !json_object_get(claims, "nbf")) /* §7.1.1 */
        return ERR_REQUEST_OBJECT_BAD;
    TRY(use_up(d->db, c, claims));
    return params_of_claims(claims, backchannel_param_names, params);
}

/* --- what a request says --- */

static err_t check_client(const struct client *c, bool signed_object)
{
    if (strcmp(c->auth_method, "none") == 0 || !scope_has(c->grants, GRANT_CIBA)) /* §4: confidential clients */
        return ERR_CLIENT_FORBIDDEN;
    /* FAPI-CIBA §5.2.2 item 2: signed requests, for these profiles too. */
    return (c->fapi || c->object_required) && !signed_object ? ERR_REQUEST_OBJECT_BAD : OK;
}

static err_t read_scope(const struct client *c, const char *asked, char out[SCOPE_MAX + 1])
{
    TRY(scope_select(asked, c->scope, out));
    if (!scope_has(out, "openid")) /* §7.1 */
        return ERR_SCOPE;
    /* Citizens alone are asked this way: nobody here has an officer's role. */
    return scope_any(out, "registrar admin") ? ERR_SCOPE : OK;
}

/* Whom the client means: one hint, never two (§7.1). */
struct whom {
    char number[NUMBER_LEN + 1]; /* "" when it was an ID token */
    struct hint_claims hint;
};

static err_t read_hint(const struct backchannel_deps *d, const struct client *c, const char *token, struct whom *w)
{
    const struct token_conf conf = {.issuer = d->resources.issuer, .jwks = d->jwks};
    err_t e = token_hint(&conf, token, &w->hint);

    if (e != OK)
        return e == ERR_TOKEN ? ERR_REQUEST : e;
    return strcmp(w->hint.client_id, c->id) == 0 && w->hint.sid[0] ? OK : ERR_REQUEST;
}

static err_t read_whom(const struct backchannel_deps *d, const struct client *c, const json_t *params, struct whom *w)
{
    const char *number = authz_param(params, "login_hint"), *token = authz_param(params, "id_token_hint");

    memset(w, 0, sizeof *w);
    if (authz_param(params, "login_hint_token") || !number == !token)
        return ERR_REQUEST;
    if (token)
        return read_hint(d, c, token, w);
    return citizen_number_clean(number, w->number) ? OK : ERR_USER_UNKNOWN;
}

/* A line that looks like what it is: nothing in it hides or turns text (Unicode TR 36 §2.5). */
static err_t check_message(const struct client *c, const char *message)
{
    if (!message) /* FAPI-CIBA §5.2.2 item 3: the person must be able to tell this request from another */
        return c->fapi ? ERR_BINDING_MESSAGE : OK;
    return strlen(message) <= MESSAGE_BYTES && plain_text(message, 1, MESSAGE_MAX) ? OK : ERR_BINDING_MESSAGE;
}

/* RFC 6750 §2.1: it will stand in an Authorization header of ours. */
static bool token_ok(const char *token)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/";
    size_t n = strspn(token, alphabet);

    return n > 0 && strlen(token) <= NOTIFY_TOKEN_MAX && token[n + strspn(token + n, "=")] == '\0';
}

static err_t read_life(const char *asked, int64_t most, int64_t *out)
{
    *out = most;
    if (!asked)
        return OK;
    size_t n = strlen(asked);
    if (n == 0 || n > 9 || asked[strspn(asked, "0123456789")] != '\0' || strtoll(asked, NULL, 10) == 0) /* §7.1: a positive integer */
        return ERR_REQUEST;
    if (strtoll(asked, NULL, 10) < most)
        *out = strtoll(asked, NULL, 10);
    return OK;
}

/* --- beginning --- */

/*
 * Nobody is to be worn down by requests until the wrong one is allowed: those of one client that go unanswered or refused are slowed down,
 * and all clients together by four times that. Unknown numbers count alike.
 */
static err_t limits(const struct backchannel_deps *d, const struct client *c, const struct whom *w, uint8_t bucket[HASH_LEN], int64_t *wait)
{
    const struct throttle_conf person = {.account = d->person_limit, .address = 4 * d->person_limit, .window = d->window};
    const char *who = w->number[0] ? w->number : w->hint.sub;
    AUTO_BUF name = {0};
    struct throttle mark;

    TRY(rate_try(d->db, d->keys->throttle, "backchannel-client", c->id, d->client_limit, d->window, wait));
    TRY(buf_addf(&name, "%s|%s", c->id, who));
    err_t e = throttle_try(d->db, &person, d->keys->throttle, "backchannel", buf_str(&name), who, &mark, wait);
    memcpy(bucket, mark.account, HASH_LEN);
    return e == ERR_THROTTLED ? ERR_RATE : e;
}

static err_t seal(const struct idp_keys *k, const uint8_t hash[TIMED_KEY_LEN], const char *text, struct buf *out)
{
    return text ? idp_seal(k->seal, BYTES(hash, TIMED_KEY_LEN), bytes_str(text), out) : OK;
}

struct wish {
    struct whom whom;
    char scope[SCOPE_MAX + 1];
    const char *message, *token, *resource; /* token: NULL when it polls */
    int64_t life;
    char acr_values[ACR_VALUES_MAX + 1];
    uint8_t terms[TERMS_SEALED_MAX]; /* RFC 9396 */
    size_t terms_len;
};

static err_t read_details(const struct backchannel_deps *d, const struct client *c, const char *text, struct wish *w)
{
    AUTO_TERMS t = {0};

    if (text)
        TRY(details_read(text, c->details_types, &d->resources, &t.details));
    return terms_seal(d->keys->seal, c->id, &t, w->terms, &w->terms_len);
}

static err_t read_wish(const struct backchannel_deps *d, const struct client *c, const json_t *params, struct wish *w)
{
    const char *token = authz_param(params, "client_notification_token");

    TRY(read_scope(c, authz_param(params, "scope"), w->scope));
    w->message = authz_param(params, "binding_message");
    w->resource = authz_param(params, "resource");
    w->token = c->ciba_ping ? token : NULL;
    if (c->ciba_ping && (!token || !token_ok(token))) /* §7.1: required for ping */
        return ERR_REQUEST;
    TRY(read_life(authz_param(params, "requested_expiry"), d->life, &w->life));
    TRY(check_message(c, w->message));
    const char *acr = authz_param(params, "acr_values");
    acr_add(acr ? acr : "", acr ? strlen(acr) : 0, w->acr_values); /* a wish (§7.1): the tokens say what was met */
    TRY(resource_check(&d->resources, w->resource, "", w->scope));
    TRY(read_details(d, c, authz_param(params, "authorization_details"), w));
    return read_whom(d, c, params, &w->whom);
}

err_t backchannel_begin(const struct backchannel_deps *d, const struct client *c, const json_t *params, bool signed_object,
                        const char *request_id, struct backchannel_begun *out)
{
    uint8_t hash[TIMED_KEY_LEN], login[HASH_LEN], bucket[HASH_LEN];
    AUTO_BUF message = {0}, notify = {0}, both = {0};
    struct wish w = {0};

    TRY(check_client(c, signed_object));
    TRY(read_wish(d, c, params, &w));
    TRY(limits(d, c, &w.whom, bucket, &out->wait));
    timed_make(clock_now() + w.life, out->id);
    if (!timed_key(out->id, hash))
        return ERR_INTERNAL;
    lookup_hash(d->keys->lookup, "login", w.whom.number, login);
    TRY(seal(d->keys, hash, w.message, &message));
    TRY(buf_addf(&both, "%s %s", out->id, w.token ? w.token : ""));
    TRY(seal(d->keys, hash, w.token ? buf_str(&both) : NULL, &notify));
    secret_wipe(both.ptr, both.len);
    out->life = w.life;
    const struct backchannel_new row = {
        .hash = hash,
        .login_hash = w.whom.number[0] ? login : NULL,
        .sid = w.whom.number[0] ? NULL : w.whom.hint.sid,
        .sub = w.whom.number[0] ? NULL : w.whom.hint.sub,
        .client_id = c->id,
        .scope = w.scope,
        .resource = w.resource,
        .acr_values = w.acr_values,
        .request_id = request_id,
        .bucket = bucket,
        .message = buf_bytes(&message),
        .notify = buf_bytes(&notify),
        .terms = BYTES(w.terms, w.terms_len),
        .life = w.life,
    };
    return backchannel_add(d->db, &row);
}

/* --- what was sealed --- */

static err_t unseal(const struct idp_keys *k, const uint8_t hash[TIMED_KEY_LEN], struct bytes sealed, struct buf *out)
{
    return idp_unseal(k->seal, BYTES(hash, TIMED_KEY_LEN), sealed, out);
}

err_t backchannel_message(const struct idp_keys *k, const struct backchannel_waiting *w, char out[MESSAGE_BYTES + 1])
{
    AUTO_BUF text = {0};

    out[0] = '\0';
    if (w->message_len == 0)
        return OK;
    TRY(unseal(k, w->hash, BYTES(w->message, w->message_len), &text));
    if (text.len > MESSAGE_BYTES)
        return ERR_DB;
    memcpy(out, text.ptr, text.len + 1);
    return OK;
}

err_t backchannel_notify(const struct idp_keys *k, const struct ping *g, char id[TIMED_CHARS + 1], char token[NOTIFY_TOKEN_MAX + 1])
{
    AUTO_BUF both = {0};

    TRY(unseal(k, g->hash, BYTES(g->notify, g->notify_len), &both));
    if (both.len <= TIMED_CHARS + 1 || both.len > TIMED_CHARS + 1 + NOTIFY_TOKEN_MAX)
        return ERR_DB;
    snprintf(id, TIMED_CHARS + 1, "%.*s", TIMED_CHARS, buf_str(&both));
    snprintf(token, NOTIFY_TOKEN_MAX + 1, "%s", buf_str(&both) + TIMED_CHARS + 1);
    secret_wipe(both.ptr, both.len);
    return OK;
}

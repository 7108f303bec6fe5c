/*
 * Authorization requests.
 * Called by endpoints/authorize.c, login.c, consent.c. RFC 6749 §4.1, OpenID Connect Core §3.1.2, RFC 9207, RFC 9700.
 */
#include "idp/rules/authz.h"
#include "common/clock.h"
#include "common/form.h"
#include "idp/rules/acr.h"
#include "idp/rules/claims.h"
#include "idp/rules/details.h"
#include "idp/rules/pkce.h"
#include "idp/rules/scope.h"
#include "idp/rules/terms.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct bytes hint_ad = {(const uint8_t *)"login_hint", 10};

err_t authz_client(struct clients *known, const char *client_id, const char *redirect_uri, const char *state, struct client *out)
{
    if (!client_id || !*client_id || strlen(client_id) > CLIENT_ID_MAX)
        return ERR_CLIENT_UNKNOWN;
    if (redirect_uri && strlen(redirect_uri) > URI_MAX)
        return ERR_REDIRECT_URI;
    err_t e = clients_get(known, client_id, redirect_uri, out);
    if (e != OK)
        return e == ERR_DB_NONE ? ERR_CLIENT_UNKNOWN : e;
    if (!out->active)
        return ERR_CLIENT_UNKNOWN;
    if (!out->uri_registered)
        return ERR_REDIRECT_URI;
    return state && strlen(state) > STATE_MAX ? ERR_REQUEST : OK;
}

static err_t read_prompt(const char *prompt, struct auth_request *q)
{
    if (!prompt)
        return OK;
    for (const char *w = prompt; *w;) {
        size_t n = strcspn(w, " ");
        if (n == 4 && memcmp(w, "none", n) == 0)
            q->prompt_none = true;
        else if ((n == 5 && memcmp(w, "login", n) == 0) || (n == 14 && memcmp(w, "select_account", n) == 0))
            q->prompt_login = true; /* whoever wants to choose an account signs in to it */
        else if (n == 7 && memcmp(w, "consent", n) == 0)
            q->prompt_consent = true;
        else if (n == 6 && memcmp(w, "create", n) == 0)
            q->prompt_create = q->prompt_login = true; /* a new account has no session yet */
        else
            return ERR_REQUEST;
        w += n;
        w += *w == ' ';
    }
    /* OpenID Connect Core §3.1.2.1: none stands alone. */
    return q->prompt_none && (q->prompt_login || q->prompt_consent) ? ERR_REQUEST : OK;
}

static err_t read_max_age(const char *v, struct auth_request *q)
{
    q->max_age = -1;
    if (!v)
        return OK;
    size_t n = strlen(v);
    if (n == 0 || n > 9 || v[strspn(v, "0123456789")] != '\0')
        return ERR_REQUEST;
    q->max_age = strtoll(v, NULL, 10);
    return OK;
}

/* A hint that does not fit is no error: it is only a hint. */
static err_t keep_hint(const char *hint, const uint8_t seal[IDP_KEY_LEN], struct auth_request *q)
{
    AUTO_BUF sealed = {0};

    if (!hint || !*hint || strlen(hint) > 100)
        return OK;
    TRY(idp_seal(seal, hint_ad, bytes_str(hint), &sealed));
    memcpy(q->hint, sealed.ptr, sealed.len);
    q->hint_len = sealed.len;
    return OK;
}

/* How the request came: what the client, or its profile, asks for (RFC 9126 §5, RFC 9101 §10.5). */
static err_t check_way(const struct authz_in *in, const struct client *c)
{
    if ((c->par_required || in->pushed_needed) && !in->pushed)
        return ERR_PUSHED_NEEDED;
    if (c->object_required && !in->signed_object)
        return ERR_REQUEST_OBJECT_BAD;
    /* FAPI 2.0 Message Signing §5.4.2: the answer is signed as well. */
    return c->fapi_signed && !(in->response_mode && strstr(in->response_mode, "jwt")) ? ERR_PROFILE : OK;
}

/* What the tokens will be bound to and for (RFC 9449 §10, RFC 8707 §2.1). */
static err_t read_binding(const struct authz_in *in, struct auth_request *q)
{
    uint8_t raw[SHA256_LEN];
    size_t n = 0;

    if (in->dpop_jkt && (b64url_decode(bytes_str(in->dpop_jkt), raw, sizeof raw, &n) != OK || n != sizeof raw))
        return ERR_REQUEST;
    TRY(resource_check(&in->resources, in->resource, "", q->scope));
    snprintf(q->dpop_jkt, sizeof q->dpop_jkt, "%s", in->dpop_jkt ? in->dpop_jkt : "");
    snprintf(q->resource, sizeof q->resource, "%s", in->resource ? in->resource : "");
    return OK;
}

/* The class of sign-in and the person that are meant; the claims parameter says it more exactly than acr_values. */
static void take_wish(const struct claims_wish *w, struct auth_request *q)
{
    if (w->acr[0] || w->acr_essential) {
        memcpy(q->acr_values, w->acr, sizeof q->acr_values);
        q->acr_essential = w->acr_essential;
    }
    memcpy(q->want_sub, w->sub, sizeof q->want_sub);
    memcpy(q->claims, w->names, sizeof q->claims);
}

/* What is asked for beyond scopes is kept sealed. Claims: only with openid (OpenID Connect Core §5.5). Details: RFC 9396 §2. */
static err_t read_terms(const struct authz_in *in, const struct client *c, const uint8_t seal[IDP_KEY_LEN], struct auth_request *q)
{
    AUTO_TERMS t = {0};
    struct claims_wish wish = {0};

    if (in->acr_values)
        acr_add(in->acr_values, strlen(in->acr_values), q->acr_values);
    if (in->claims && scope_has(q->scope, "openid"))
        TRY(claims_read(in->claims, c, q->scope, &wish, &t));
    take_wish(&wish, q);
    if (!in->acr_values && !q->acr_values[0] && !q->acr_essential) /* OpenID Connect Registration §2 */
        acr_add(c->default_acr, strlen(c->default_acr), q->acr_values);
    acr_keep_here(q->acr_values, in->upstream);
    if (q->acr_essential && !q->acr_values[0]) /* none that there is here */
        return ERR_LEVEL;
    if (in->details)
        TRY(details_read(in->details, c->details_types, &in->resources, &t.details));
    q->has_details = t.details != NULL;
    return terms_seal(seal, c->id, &t, q->terms, &q->terms_len);
}

err_t authz_read(const struct authz_in *in, const struct client *c, const char *redirect_uri, const uint8_t seal[IDP_KEY_LEN],
                 struct auth_request *q)
{
    memset(q, 0, sizeof *q);
    q->max_age = -1;
    memcpy(q->client_id, c->id, sizeof q->client_id);
    snprintf(q->redirect_uri, sizeof q->redirect_uri, "%s", redirect_uri); /* authz_client measured this and state */
    q->has_state = in->state != NULL;
    if (in->state)
        snprintf(q->state, sizeof q->state, "%s", in->state);
    TRY(response_mode_read(in->response_mode, &q->response_mode)); /* before what may be refused: the refusal goes that way too */
    if (in->request)
        return ERR_REQUEST_OBJECT;
    if (in->request_uri)
        return ERR_REQUEST_BY_URI;
    if (in->registration)
        return ERR_REGISTRATION;
    TRY(check_way(in, c));
    if (!in->response_type || !*in->response_type)
        return ERR_REQUEST;
    if (strcmp(in->response_type, "code") != 0)
        return ERR_RESPONSE_TYPE;
    if (!scope_has(c->grants, "authorization_code"))
        return ERR_CLIENT_FORBIDDEN;
    if (in->scope || !in->details) /* details may say all that there is to say (RFC 9396 §3) */
        TRY(scope_select(in->scope, c->scope, q->scope));
    TRY(pkce_challenge_check(in->code_challenge, in->code_challenge_method));
    snprintf(q->challenge, sizeof q->challenge, "%s", in->code_challenge);
    if (in->nonce && strlen(in->nonce) > NONCE_MAX)
        return ERR_REQUEST;
    if (in->nonce)
        snprintf(q->nonce, sizeof q->nonce, "%s", in->nonce);
    TRY(read_prompt(in->prompt, q));
    TRY(read_max_age(in->max_age, q));
    TRY(read_terms(in, c, seal, q));
    TRY(read_binding(in, q));
    return keep_hint(in->login_hint, seal, q);
}

err_t authz_keep(struct db_pool *p, const struct auth_request *q, const char *browser, int64_t life, char name[TIMED_CHARS + 1])
{
    uint8_t id_hash[TIMED_KEY_LEN], browser_hash[HASH_LEN];

    timed_make(clock_now() + life, name);
    if (!timed_key(name, id_hash) || !token_hash(browser, browser_hash))
        return ERR_INTERNAL;
    return auth_request_add(p, id_hash, browser_hash, life, q);
}

err_t authz_find(struct db_pool *p, const char *name, const char *browser, struct auth_request *out)
{
    uint8_t id_hash[TIMED_KEY_LEN], browser_hash[HASH_LEN];

    if (!timed_key(name, id_hash) || !token_hash(browser, browser_hash))
        return ERR_REQUEST_GONE;
    err_t e = auth_request_get(p, id_hash, browser_hash, out);
    return e == ERR_DB_NONE ? ERR_REQUEST_GONE : e;
}

void authz_hint(const struct auth_request *q, const uint8_t seal[IDP_KEY_LEN], char *out, size_t cap)
{
    AUTO_BUF plain = {0};

    out[0] = '\0';
    if (q->hint_len > 0 && idp_unseal(seal, hint_ad, BYTES(q->hint, q->hint_len), &plain) == OK && plain.len < cap)
        memcpy(out, plain.ptr, plain.len + 1);
}

/* Signed in recently enough, and for this request when it asked for that (prompt=login, max_age=0). */
static bool fresh(const struct auth_request *q, const struct session *s, int64_t now)
{
    if (q->logged_in && s->auth_time >= q->created_at)
        return true;
    if (q->prompt_login)
        return false;
    return q->max_age < 0 || now - s->auth_time < q->max_age;
}

/*
 * The class of sign-in that the client wants. If another sign-in could bring it, it is asked for once; what nothing can bring is no reason to ask.
 * A voluntary wish that stays unmet is no fault (OpenID Connect Core §3.1.2.1), an essential one gets no answer (§5.5.1.1).
 */
static err_t check_acr(const struct auth_request *q, const struct session *s, enum authz_step *step)
{
    if ((!q->acr_values[0] && !q->acr_essential) || acr_met(q->acr_values, s->level, s->amr))
        return OK;
    if (!q->logged_in && !q->prompt_none && acr_reachable(q->acr_values, s)) {
        *step = AUTHZ_LOGIN;
        return OK;
    }
    return q->acr_essential ? ERR_LEVEL : OK;
}

err_t authz_next(const struct auth_request *q, const struct client *c, const struct session *s, const struct consent *consented, int64_t now,
                 enum authz_step *step)
{
    if (!s || !fresh(q, s, now)) {
        *step = AUTHZ_LOGIN;
        return q->prompt_none ? ERR_LOGIN_REQUIRED : OK;
    }
    *step = AUTHZ_ANSWER;
    err_t e = check_acr(q, s, step);
    if (e != OK || *step == AUTHZ_LOGIN)
        return e;
    if (scope_has(q->scope, "registrar") && !s->registrar)
        return ERR_ACCESS_DENIED;
    /* Nobody lends an administrator's rights to whoever sent them a code to type (RFC 8628 §5.4). */
    if (scope_has(q->scope, "admin") && (!s->admin || q->is_device))
        return ERR_ACCESS_DENIED;
    /* Whoever only typed a number must be asked every time, for a client of this house too (RFC 8628 §5.4); so must each single act be (RFC 9396). */
    if (q->is_device || q->has_details || (!c->first_party && (q->prompt_consent || !scope_covers(consented->scope, q->scope) || !claims_covered(q->claims, consented)))) {
        *step = AUTHZ_CONSENT;
        return q->prompt_none ? ERR_CONSENT_REQUIRED : OK;
    }
    *step = AUTHZ_ANSWER;
    return OK;
}

/*
 * What an upstream provider answers: tokens for a code, ID tokens, UserInfo; each checked before anybody reads it.
 * Called by rules/upstream_flow.c. OpenID Connect Core §3.1.3, §5.3; RFC 6749 §2.3.1, RFC 7523 §2.2, RFC 8725.
 */
#include "idp/rules/upstream_impl.h"
#include "common/clock.h"
#include "common/form.h"
#include "common/log.h"
#include <string.h>
#include <strings.h>

#define ASSERTION_LIFE 60

/* --- codes --- */

/* RFC 7523 §2.2. keyd makes it: idpd holds no key. */
static err_t add_assertion(struct upstream *u, struct buf *body)
{
    const char *aud = u->conf.assertion_audience[0] ? u->conf.assertion_audience : u->conf.issuer;
    AUTO_JSON members = json_pack("{s:s}", "sub", u->conf.client_id);
    AUTO_BUF jwt = {0};

    TRY(members ? key_sign_statement(u->keyd, KEY_CLIENT_ASSERTION, JOSE_NONE, aud, ASSERTION_LIFE, members, &jwt) : ERR_NOMEM);
    TRY(buf_add_str(body, "&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion="));
    return url_encode(body, buf_str(&jwt));
}

static err_t token_body(struct upstream *u, const char *code, const char *verifier, struct buf *body)
{
    AUTO_BUF secret = {0};

    TRY(buf_add_str(body, "grant_type=authorization_code&code="));
    TRY(url_encode(body, code));
    TRY(buf_add_str(body, "&redirect_uri="));
    TRY(url_encode(body, buf_str(&u->redirect_uri)));
    TRY(buf_addf(body, "&code_verifier=%s", verifier));
    if (u->conf.auth == UPSTREAM_BASIC)
        return OK;
    TRY(buf_add_str(body, "&client_id="));
    TRY(url_encode(body, u->conf.client_id));
    if (u->conf.auth == UPSTREAM_KEY)
        return add_assertion(u, body);
    TRY(buf_copy(&secret, secret_bytes(&u->conf.client_secret)));
    TRY(buf_add_str(body, "&client_secret="));
    err_t e = url_encode(body, buf_str(&secret));
    secret_wipe(secret.ptr, secret.len);
    return e;
}

err_t upstream_redeem(struct upstream *u, const char *code, const char *verifier, json_t **tokens)
{
    bool basic = u->conf.auth == UPSTREAM_BASIC;
    AUTO_BUF body = {0};
    AUTO_FETCH_REPLY r = {0};

    TRY(upstream_known(u));
    err_t e = token_body(u, code, verifier, &body);
    const struct fetch_request q = {
        .url = u->token,
        .accept = "application/json",
        .body = buf_bytes(&body),
        .content_type = "application/x-www-form-urlencoded",
        .user = basic ? buf_str(&u->user) : NULL,
        .password = basic ? buf_str(&u->password) : NULL,
    };
    if (e == OK)
        e = upstream_ask(u, "token", &q, &r);
    if (body.ptr)
        secret_wipe(body.ptr, body.len);
    TRY(e);
    if (r.status == 200 && json_parse(buf_bytes(&r.body), UPSTREAM_ANSWER_MAX, tokens) == OK)
        return OK;
    log_event(r.status == 401 ? LOG_ERROR : LOG_WARNING, "upstream", "%s: token: status %d", u->conf.name, r.status);
    return ERR_UPSTREAM_ANSWER;
}

/* --- tokens --- */

static bool typ_ok(const char *token)
{
    AUTO_JSON header = NULL;
    const char *typ = NULL;

    /* RFC 8725 §3.11: an access or logout token of the same issuer is no ID token, whatever it says. */
    return jwt_header(bytes_str(token), &header) == OK && json_get_str(header, "typ", 64, &typ) == OK && (!typ || strcasecmp(typ, "JWT") == 0);
}

/* Core §3.1.3.7, 3 to 5: with more than one audience, azp says whose it is; where it is said, it must be us. */
static bool azp_ok(const struct upstream *u, const json_t *claims)
{
    const char *azp = NULL;

    if (json_get_str(claims, "azp", 512, &azp) != OK)
        return false;
    return azp ? strcmp(azp, u->conf.client_id) == 0 : json_array_size(json_object_get(claims, "aud")) <= 1;
}

static err_t verify(struct upstream *u, const char *token, json_t **claims)
{
    TRY(upstream_known(u));
    if (!upstream_enter(u)) /* it may have to fetch keys */
        return ERR_BUSY;
    err_t e = remote_keys_verify(u->keys, bytes_str(token), NULL, claims);
    upstream_leave(u);
    if (e == ERR_IO)
        return ERR_UPSTREAM_DOWN;
    return e == OK || e == ERR_NOMEM ? e : ERR_UPSTREAM_ANSWER;
}

err_t upstream_verify(struct upstream *u, const char *token, json_t **claims)
{
    AUTO_JSON c = NULL;
    const struct jwt_expect expect = {.iss = u->conf.issuer, .aud = u->conf.client_id, .now = clock_now(), .skew = u->conf.skew};

    TRY(verify(u, token, &c));
    if (!typ_ok(token) || jwt_check(c, &expect) != OK || !azp_ok(u, c) || !json_is_integer(json_object_get(c, "iat")))
        return ERR_UPSTREAM_ANSWER;
    *claims = take(&c);
    return OK;
}

/* --- UserInfo --- */

/* Core §5.3.2: signed, iss and aud are there. */
static err_t read_signed(struct upstream *u, struct bytes body, json_t **claims)
{
    AUTO_BUF text = {0};
    AUTO_JSON c = NULL;
    const char *iss = NULL, *aud = NULL;

    TRY(buf_copy(&text, body));
    TRY(verify(u, buf_str(&text), &c));
    if (json_need_str(c, "iss", UPSTREAM_URL_MAX, &iss) != OK || strcmp(iss, u->conf.issuer) != 0 ||
        json_need_str(c, "aud", 512, &aud) != OK || strcmp(aud, u->conf.client_id) != 0)
        return ERR_UPSTREAM_ANSWER;
    *claims = take(&c);
    return OK;
}

err_t upstream_userinfo(struct upstream *u, const char *access_token, const char *sub, json_t **claims)
{
    AUTO_FETCH_REPLY r = {0};
    AUTO_JSON c = NULL;
    const char *have = NULL;

    TRY(upstream_known(u));
    const struct fetch_request q = {.url = u->userinfo, .accept = "application/json", .bearer = access_token};
    TRY(upstream_ask(u, "userinfo", &q, &r));
    if (r.status != 200)
        return ERR_UPSTREAM_ANSWER;
    if (strcmp(r.content_type, "application/jwt") == 0)
        TRY(read_signed(u, buf_bytes(&r.body), &c));
    else if (json_parse(buf_bytes(&r.body), UPSTREAM_ANSWER_MAX, &c) != OK)
        return ERR_UPSTREAM_ANSWER;
    if (json_need_str(c, "sub", 255, &have) != OK || strcmp(have, sub) != 0)
        return ERR_UPSTREAM_ANSWER;
    *claims = take(&c);
    return OK;
}

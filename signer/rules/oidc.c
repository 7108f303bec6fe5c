/*
 * The relying party's side of the authorization code flow. PKCE verifier and nonce are derived from the browser's cookie and the state, so that the
 * database never holds what would let somebody else finish a login.
 * Called by endpoints/login, callback and sign. OpenID Connect Core §3.1.3.7, RFC 7636 §4, RFC 9207 §2.4.
 */
#include "signer/rules/oidc.h"

#include "common/clock.h"
#include "common/form.h"
#include "common/secret.h"
#include "signer/errors.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STATE_BYTES 24
#define DERIVED_LEN B64URL_LEN(SHA256_LEN)

void oidc_back_free(struct oidc_back *b)
{
    secret_wipe(b->id_token.ptr, b->id_token.len);
    buf_free(&b->id_token);
}

static void digest_text(const char *label, const char *text, uint8_t out[SHA256_LEN])
{
    hmac_sha256(BYTES_STR(label), BYTES_STR(text), out);
}

static err_t derive(const char *browser, const char *label, const char *state, char out[DERIVED_LEN + 1])
{
    AUTO_BUF text = {0};
    uint8_t mac[SHA256_LEN];
    TRY(buf_addf(&text, "%s|%s", label, state));
    hmac_sha256(BYTES_STR(browser), buf_bytes(&text), mac);
    b64url_encode(BYTES(mac, sizeof mac), out);
    return OK;
}

static err_t insert(struct db *db, void *arg)
{
    return login_request_insert(db, arg);
}

err_t oidc_start(const struct oidc_conf *c, const struct oidc_start *s, struct buf *url, char browser[OIDC_BROWSER_LEN + 1])
{
    if (s->browser != NULL && strlen(s->browser) == OIDC_BROWSER_LEN)
        snprintf(browser, OIDC_BROWSER_LEN + 1, "%s", s->browser);
    else
        random_token(browser, OIDC_BROWSER_BYTES);
    char state[B64URL_LEN(STATE_BYTES) + 1], verifier[DERIVED_LEN + 1], nonce[DERIVED_LEN + 1], challenge[DERIVED_LEN + 1], age[24] = "";
    random_token(state, STATE_BYTES);
    TRY(derive(browser, "verifier", state, verifier));
    TRY(derive(browser, "nonce", state, nonce));
    uint8_t hash[SHA256_LEN];
    sha256(BYTES_STR(verifier), hash);
    b64url_encode(BYTES(hash, sizeof hash), challenge);

    struct login_request_row row = {.expires = clock_now() + OIDC_SECONDS};
    digest_text("state", state, row.id);
    digest_text("browser", browser, row.browser);
    if (strlen(s->return_to) > RETURN_TO_MAX)
        return ERR_SYNTAX;
    snprintf(row.return_to, sizeof row.return_to, "%s", s->return_to);
    snprintf(row.signing_session, sizeof row.signing_session, "%s", s->signing_session != NULL ? s->signing_session : "");
    TRY(db_do(c->db, DB_AUTOCOMMIT, insert, &row));

    if (s->max_age > 0)
        snprintf(age, sizeof age, "%ld", s->max_age);
    TRY(buf_addf(url, "%s/authorize", c->issuer));
    TRY(url_add_param(url, "response_type", "code"));
    TRY(url_add_param(url, "client_id", c->client_id));
    TRY(url_add_param(url, "redirect_uri", c->redirect_uri));
    TRY(url_add_param(url, "scope", "openid profile"));
    TRY(url_add_param(url, "state", state));
    TRY(url_add_param(url, "nonce", s->nonce != NULL ? s->nonce : nonce));
    TRY(url_add_param(url, "code_challenge", challenge));
    TRY(url_add_param(url, "code_challenge_method", "S256"));
    TRY(url_add_param(url, "ui_locales", lang_code(s->lang)));
    return url_add_param(url, "max_age", age[0] ? age : NULL);
}

/* --- the way back --- */

struct taking {
    uint8_t id[SHA256_LEN];
    struct login_request_row row;
};

static err_t take_request(struct db *db, void *arg)
{
    struct taking *t = arg;
    return login_request_take(db, t->id, &t->row);
}

/* State is for this browser and used once. */
static err_t match_state(const struct oidc_conf *c, const struct oidc_params *p, struct oidc_back *out)
{
    if (p->state == NULL || p->browser == NULL || strlen(p->browser) != OIDC_BROWSER_LEN)
        return ERR_LOGIN_STATE;
    struct taking t = {0};
    uint8_t browser[SHA256_LEN];
    digest_text("state", p->state, t.id);
    digest_text("browser", p->browser, browser);
    err_t e = db_do(c->db, DB_AUTOCOMMIT, take_request, &t);
    if (e != OK)
        return e == ERR_DB_NONE ? ERR_LOGIN_STATE : e;
    if (!secret_eq(BYTES(browser, sizeof browser), BYTES(t.row.browser, sizeof t.row.browser)))
        return ERR_LOGIN_STATE;
    snprintf(out->return_to, sizeof out->return_to, "%s", t.row.return_to);
    snprintf(out->signing_session, sizeof out->signing_session, "%s", t.row.signing_session);
    return OK;
}

/* What the ID token says (OpenID Connect Core §2). */
static err_t read_claims(const json_t *claims, struct oidc_back *out)
{
    const char *sub = NULL, *nonce = NULL, *acr = NULL;
    if (json_need_str(claims, "sub", SUBJECT_MAX, &sub) != OK || json_need_str(claims, "nonce", sizeof out->nonce - 1, &nonce) != OK ||
        json_get_str(claims, "acr", 128, &acr) != OK || json_get_int(claims, "auth_time", 0, INT64_MAX, 0, &out->auth_time) != OK)
        return ERR_LOGIN_TOKEN;
    snprintf(out->subject, sizeof out->subject, "%s", sub);
    snprintf(out->nonce, sizeof out->nonce, "%s", nonce);
    out->level = acr != NULL && strcmp(acr, "urn:antin:loa:2") == 0 ? 2 : 1;
    return OK;
}

/* A Vietnamese name without its parts told: the first word is the family name. */
static void split_name(struct person *p)
{
    size_t n = strcspn(p->name, " ");
    if (n >= sizeof p->surname || p->name[n] == '\0' || strlen(p->name + n + 1) >= sizeof p->given_name)
        return;
    memcpy(p->surname, p->name, n);
    p->surname[n] = '\0';
    memcpy(p->given_name, p->name + n + 1, strlen(p->name + n + 1) + 1);
}

static err_t read_person(const struct oidc_conf *c, const char *access_token, struct oidc_back *out)
{
    AUTO_JSON info = NULL;
    const char *sub = NULL, *name = NULL, *family = NULL, *given = NULL;
    TRY(provider_userinfo(c->provider, access_token, &info));
    if (json_need_str(info, "sub", SUBJECT_MAX, &sub) != OK || strcmp(sub, out->subject) != 0) /* Core §5.3.2 */
        return ERR_LOGIN_TOKEN;
    if (json_get_str(info, "name", PERSON_NAME_MAX, &name) != OK || json_get_str(info, "family_name", PERSON_NAME_MAX / 2, &family) != OK ||
        json_get_str(info, "given_name", PERSON_NAME_MAX / 2, &given) != OK)
        return ERR_LOGIN_TOKEN;
    snprintf(out->person.name, sizeof out->person.name, "%s", name != NULL ? name : "");
    if (family != NULL && given != NULL) {
        snprintf(out->person.surname, sizeof out->person.surname, "%s", family);
        snprintf(out->person.given_name, sizeof out->person.given_name, "%s", given);
    } else {
        split_name(&out->person);
    }
    return OK;
}

static err_t read_tokens(const struct oidc_conf *c, const json_t *tokens, const char *nonce, struct oidc_back *out)
{
    const char *id_token = NULL, *access_token = NULL;
    if (json_need_str(tokens, "id_token", 8192, &id_token) != OK || json_need_str(tokens, "access_token", 8192, &access_token) != OK)
        return ERR_LOGIN_TOKEN;
    AUTO_JSON claims = NULL;
    err_t e = provider_verify(c->provider, BYTES_STR(id_token), NULL, c->client_id, &claims);
    if (e != OK)
        return e == ERR_IDP_DOWN ? e : ERR_LOGIN_TOKEN;
    TRY(read_claims(claims, out));
    if (out->signing_session[0] == '\0') {
        if (strcmp(out->nonce, nonce) != 0)
            return ERR_LOGIN_TOKEN;
        TRY(read_person(c, access_token, out));
    }
    return buf_copy(&out->id_token, BYTES_STR(id_token));
}

err_t oidc_finish(const struct oidc_conf *c, const struct oidc_params *p, struct oidc_back *out)
{
    *out = (struct oidc_back){0};
    TRY(match_state(c, p, out));
    if (p->iss != NULL && strcmp(p->iss, c->issuer) != 0) /* RFC 9207 §2.4 */
        return ERR_LOGIN_TOKEN;
    if (p->error != NULL || p->code == NULL)
        return ERR_LOGIN_REFUSED;
    char verifier[DERIVED_LEN + 1], nonce[DERIVED_LEN + 1];
    TRY(derive(p->browser, "verifier", p->state, verifier));
    TRY(derive(p->browser, "nonce", p->state, nonce));
    AUTO_JSON tokens = NULL;
    TRY(provider_redeem(c->provider, p->code, verifier, &tokens));
    err_t e = read_tokens(c, tokens, nonce, out);
    if (e != OK)
        oidc_back_free(out);
    return e;
}

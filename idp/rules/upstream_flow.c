/*
 * Signing in at an upstream provider: the relying party's side of the code flow.
 * Called by endpoints/upstream.c. OpenID Connect Core §3.1.3.7, RFC 7636 §4, RFC 9207 §2.4, RFC 9700 §2.1, §4.4, §4.7.
 */
#include "idp/rules/upstream_flow.h"
#include "common/clock.h"
#include "common/form.h"
#include "idp/store/seen.h"
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#define STATE_SECONDS 900 /* a sign-in there may take so long */
#define RANDOM_LEN 16
#define STATE_MAX_CHARS 256
#define AGE_MAX 86400 /* seconds; a sign-in there of unknown age is taken for so old */
#define AGE_MAX_TEXT "86400"
#define DERIVED_LEN B64URL_LEN(SHA256_LEN)

/* What state holds, sealed for one provider and one browser. */
struct sealed_state {
    int64_t began;
    bool fresh;
    char waits[UPSTREAM_WAITS_MAX + 1];
};
#define STATE_HEAD (8 + 1 + RANDOM_LEN)

/* --- state --- */

/* An answer of one provider cannot be taken for another's (mix-up), nor one person's sign-in be finished in another's browser. */
static err_t state_owner(const struct upstream *u, const char *browser, struct buf *ad)
{
    return buf_addf(ad, "upstream-state|%s|%s", upstream_conf_of(u)->name, browser);
}

static err_t state_seal(const struct upstream *u, const struct idp_keys *k, const struct upstream_start *s, int64_t now, struct buf *state)
{
    uint8_t plain[STATE_HEAD + UPSTREAM_WAITS_MAX];
    char text[STATE_MAX_CHARS + 1];
    size_t n = strlen(s->waits);
    AUTO_BUF ad = {0}, sealed = {0};

    if (n > UPSTREAM_WAITS_MAX)
        return ERR_INTERNAL;
    for (int i = 0; i < 8; i++)
        plain[i] = (uint8_t)((uint64_t)now >> (56 - 8 * i));
    plain[8] = s->fresh;
    random_bytes(plain + 9, RANDOM_LEN);
    memcpy(plain + STATE_HEAD, s->waits, n);
    TRY(state_owner(u, s->browser, &ad));
    TRY(idp_seal(k->upstream, buf_bytes(&ad), BYTES(plain, STATE_HEAD + n), &sealed));
    if (B64URL_LEN(sealed.len) > STATE_MAX_CHARS)
        return ERR_INTERNAL;
    b64url_encode(buf_bytes(&sealed), text);
    return buf_add_str(state, text);
}

static err_t state_open(const struct upstream *u, const struct idp_keys *k, const struct upstream_back *b, struct sealed_state *out)
{
    uint8_t raw[STATE_MAX_CHARS];
    size_t n = 0;
    AUTO_BUF ad = {0}, plain = {0};

    if (!b->browser || !b->state || b64url_decode(bytes_str(b->state), raw, sizeof raw, &n) != OK)
        return ERR_UPSTREAM_STATE;
    TRY(state_owner(u, b->browser, &ad));
    err_t e = idp_unseal(k->upstream, buf_bytes(&ad), BYTES(raw, n), &plain);
    if (e != OK || plain.len < STATE_HEAD || plain.len > STATE_HEAD + UPSTREAM_WAITS_MAX)
        return e == ERR_NOMEM ? e : ERR_UPSTREAM_STATE;
    *out = (struct sealed_state){.fresh = plain.ptr[8]};
    for (int i = 0; i < 8; i++)
        out->began = (int64_t)((uint64_t)out->began << 8 | plain.ptr[i]);
    memcpy(out->waits, plain.ptr + STATE_HEAD, plain.len - STATE_HEAD);
    return OK;
}

/* Once: whoever sees the address in a history or a log finds it used (RFC 9700 §4.7.1). */
static err_t state_use(struct db_pool *db, const char *state, const struct sealed_state *s)
{
    uint8_t hash[HASH_LEN];
    AUTO_BUF id = {0};

    if (clock_now() >= s->began + STATE_SECONDS)
        return ERR_UPSTREAM_STATE;
    TRY(buf_addf(&id, "upstream-state|%s", state));
    sha256(buf_bytes(&id), hash);
    err_t e = seen_add(db, hash, s->began + STATE_SECONDS + 1);
    return e == ERR_DB_NONE ? ERR_UPSTREAM_STATE : e;
}

/* Nonce and PKCE verifier: of what only this browser and this daemon know. */
static err_t derive(const struct idp_keys *k, const char *use, const char *browser, const char *state, char out[DERIVED_LEN + 1])
{
    AUTO_BUF text = {0};
    uint8_t mac[SHA256_LEN];

    TRY(buf_addf(&text, "%s|%s", browser, state));
    lookup_hash(k->upstream, use, buf_str(&text), mac);
    b64url_encode(BYTES(mac, sizeof mac), out);
    return OK;
}

/* --- the way there --- */

static err_t add_wishes(const struct upstream_conf *c, const struct upstream_start *s, struct buf *url)
{
    const char *acr = s->level_2 && c->acr_values_2[0] ? c->acr_values_2 : c->acr_values;
    bool anew = s->fresh && c->prompt_login;

    TRY(url_add_param(url, "acr_values", acr[0] ? acr : NULL));
    TRY(url_add_param(url, "prompt", anew ? "login" : NULL));
    TRY(url_add_param(url, "max_age", anew ? "0" : c->prompt_login ? AGE_MAX_TEXT : NULL)); /* Core §2: so it must say auth_time */
    return url_add_param(url, "ui_locales", lang_code(s->lang));
}

err_t upstream_begin(struct upstream *u, const struct idp_keys *k, const struct upstream_start *s, struct buf *url)
{
    const struct upstream_conf *c = upstream_conf_of(u);
    char verifier[DERIVED_LEN + 1], nonce[DERIVED_LEN + 1], challenge[DERIVED_LEN + 1];
    const char *authorization = NULL;
    bool iss_needed;
    uint8_t hash[SHA256_LEN];
    AUTO_BUF state = {0};

    TRY(upstream_meet(u, &authorization, &iss_needed));
    TRY(state_seal(u, k, s, clock_now(), &state));
    TRY(derive(k, "upstream-verifier", s->browser, buf_str(&state), verifier));
    TRY(derive(k, "upstream-nonce", s->browser, buf_str(&state), nonce));
    sha256(bytes_str(verifier), hash);
    b64url_encode(BYTES(hash, sizeof hash), challenge);
    TRY(buf_add_str(url, authorization));
    TRY(url_add_param(url, "response_type", "code"));
    TRY(url_add_param(url, "client_id", c->client_id));
    TRY(url_add_param(url, "redirect_uri", upstream_redirect_uri(u)));
    TRY(url_add_param(url, "scope", c->scope));
    TRY(url_add_param(url, "state", buf_str(&state)));
    TRY(url_add_param(url, "nonce", nonce));
    TRY(url_add_param(url, "code_challenge", challenge));
    TRY(url_add_param(url, "code_challenge_method", "S256"));
    return add_wishes(c, s, url);
}

/* --- the way back --- */

/* Core §3.1.3.6: the left half of the hash that the signature's algorithm uses. Where it is said, it must fit. */
static bool at_hash_ok(enum jose_alg alg, const json_t *claims, const char *access_token)
{
    const char *md = alg == JOSE_ES384 ? "SHA384" : alg == JOSE_EDDSA ? "SHA512" : "SHA256", *said = NULL;
    uint8_t digest[EVP_MAX_MD_SIZE];
    size_t n = 0;
    char want[B64URL_LEN(EVP_MAX_MD_SIZE) + 1];

    if (json_get_str(claims, "at_hash", sizeof want - 1, &said) != OK)
        return false;
    if (!said)
        return true;
    if (!access_token || EVP_Q_digest(NULL, md, NULL, access_token, strlen(access_token), digest, &n) != 1)
        return false;
    b64url_encode(BYTES(digest, n / 2), want);
    return strcmp(want, said) == 0;
}

/*
 * Where a new sign-in was needed, it must say so, or have been asked in words that it understands. Elsewhere its own session may have answered
 * for the person: what is not said to be young counts as old, or whoever signs out here and in again would be fresh.
 */
static err_t check_time(const struct upstream_conf *c, const json_t *claims, const struct sealed_state *s, int64_t *auth_time)
{
    int64_t now = clock_now();

    if (json_get_int(claims, "auth_time", 1, now + c->skew, 0, auth_time) != OK)
        return ERR_UPSTREAM_ANSWER;
    if (*auth_time > now)
        *auth_time = now;
    if (!s->fresh) {
        if (!*auth_time)
            *auth_time = s->began - AGE_MAX;
        return OK;
    }
    if (*auth_time ? *auth_time < s->began - c->skew : !c->prompt_login)
        return ERR_UPSTREAM_OLD;
    if (*auth_time && *auth_time < s->began) /* its clock is a little behind */
        *auth_time = s->began;
    return OK;
}

static err_t read_tokens(struct upstream *u, const json_t *tokens, const char *nonce, const struct sealed_state *s,
                         struct upstream_came *out)
{
    const struct upstream_conf *c = upstream_conf_of(u);
    const char *id_token = NULL, *access_token = NULL, *said = NULL, *sub = NULL;
    AUTO_JSON claims = NULL;
    AUTO_JSON userinfo = NULL;

    if (json_need_str(tokens, "id_token", JWT_MAX, &id_token) != OK || json_get_str(tokens, "access_token", JWT_MAX, &access_token) != OK)
        return ERR_UPSTREAM_ANSWER;
    TRY(upstream_verify(u, id_token, &claims));
    if (json_need_str(claims, "nonce", DERIVED_LEN, &said) != OK || !secret_eq(bytes_str(said), bytes_str(nonce)) ||
        json_need_str(claims, "sub", 255, &sub) != OK || !at_hash_ok(c->alg, claims, access_token))
        return ERR_UPSTREAM_ANSWER;
    TRY(check_time(c, claims, s, &out->auth_time));
    if (c->use_userinfo)
        TRY(access_token ? upstream_userinfo(u, access_token, sub, &userinfo) : ERR_UPSTREAM_ANSWER);
    return upstream_person_read(c, claims, userinfo, &out->person);
}

err_t upstream_return(struct upstream *u, struct db_pool *db, const struct idp_keys *k, const struct upstream_back *b,
                      struct upstream_came *out)
{
    const struct upstream_conf *c = upstream_conf_of(u);
    char verifier[DERIVED_LEN + 1], nonce[DERIVED_LEN + 1];
    const char *authorization = NULL;
    struct sealed_state s;
    bool iss_needed = false;
    AUTO_JSON tokens = NULL;

    memset(out, 0, sizeof *out);
    TRY(state_open(u, k, b, &s));
    TRY(state_use(db, b->state, &s));
    memcpy(out->waits, s.waits, sizeof out->waits);
    TRY(upstream_meet(u, &authorization, &iss_needed));
    if (b->iss ? strcmp(b->iss, c->issuer) != 0 : iss_needed) /* RFC 9207 §2.4 */
        return ERR_UPSTREAM_ANSWER;
    if (b->error || !b->code)
        return ERR_UPSTREAM_REFUSED;
    TRY(derive(k, "upstream-verifier", b->browser, b->state, verifier));
    TRY(derive(k, "upstream-nonce", b->browser, b->state, nonce));
    TRY(upstream_redeem(u, b->code, verifier, &tokens));
    return read_tokens(u, tokens, nonce, &s, out);
}

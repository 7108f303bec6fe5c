/*
 * TOKEN: a JWT built from typed claims. Each type fixes typ, which claims it may and must carry, and how long it may live.
 * Called by serve.c. RFC 7519, RFC 9068 (access tokens), OpenID Connect Core §2, Back-Channel Logout §2.4.
 */
#include "certs/keyd/keyd.h"
#include "common/clock.h"

#include <stdio.h>
#include <string.h>

/* Claims as bits. */
enum {
    SUB = 1,
    AUD = 2,
    CLIENT_ID = 4,
    AZP = 8,
    SCOPE = 16,
    NONCE = 32,
    ACR = 64,
    AMR = 128,
    SID = 256,
    JTI = 512,
    AT_HASH = 1024,
    GRANT = 2048,
    AUTH_TIME = 4096,
    LEVEL = 8192,
    CNF = 1 << 20,
    ACT = 1 << 21,
};

static const struct {
    const char *typ;
    unsigned need, may;
    int64_t lifetime_max;
} TYPES[] = {
    [KEY_ID_TOKEN] = {"JWT", SUB | AUD, SUB | AUD | AZP | NONCE | ACR | AMR | SID | JTI | AT_HASH | AUTH_TIME | LEVEL, 3600},
    [KEY_ACCESS_TOKEN] = {"at+jwt", SUB | AUD | CLIENT_ID | JTI,
                          SUB | AUD | CLIENT_ID | SCOPE | ACR | AMR | SID | JTI | GRANT | AUTH_TIME | LEVEL | CNF | ACT, 3600},
    [KEY_LOGOUT_TOKEN] = {"logout+jwt", AUD | JTI, SUB | AUD | SID | JTI, 120},
};

/* A text that grows in fixed room; too much sets failed. */
struct text {
    char room[JWT_MAX];
    size_t n;
    bool failed;
};

static void add(struct text *t, const char *s, size_t n)
{
    if (t->failed || n > sizeof t->room - t->n) {
        t->failed = true;
        return;
    }
    memcpy(t->room + t->n, s, n);
    t->n += n;
}

static void add_str(struct text *t, const char *s)
{
    add(t, s, strlen(s));
}

/* How many characters stand as they are in a JSON string. */
static size_t plain_len(const char *s)
{
    size_t n = 0;
    while ((unsigned char)s[n] >= 0x20 && s[n] != '"' && s[n] != '\\')
        n++;
    return n;
}

/* RFC 8259 §7. The strings are valid UTF-8 already. */
static void add_quoted(struct text *t, const char *s)
{
    add(t, "\"", 1);
    for (; *s; s++) {
        char esc[8];
        size_t plain = plain_len(s);
        add(t, s, plain);
        s += plain;
        if (*s == '\0')
            break;
        if (*s == '"' || *s == '\\')
            add(t, esc, (size_t)snprintf(esc, sizeof esc, "\\%c", *s));
        else if ((unsigned char)*s < 0x20)
            add(t, esc, (size_t)snprintf(esc, sizeof esc, "\\u%04x", (unsigned char)*s));
        else
            add(t, s, 1);
    }
    add(t, "\"", 1);
}

static void add_claim(struct text *t, const char *name, const char *value)
{
    if (*value == '\0')
        return;
    add_str(t, ",\"");
    add_str(t, name);
    add_str(t, "\":");
    add_quoted(t, value);
}

static void add_int(struct text *t, const char *name, int64_t v)
{
    char room[64];
    add(t, room, (size_t)snprintf(room, sizeof room, ",\"%s\":%lld", name, (long long)v));
}

/* amr is an array (OpenID Connect Core §2); its values come parted by single spaces. */
static void add_amr(struct text *t, const char *amr)
{
    if (*amr == '\0')
        return;
    add_str(t, ",\"amr\":[");
    for (const char *p = amr; *p;) {
        char one[sizeof((struct keyw_token *)0)->amr] = "";
        size_t n = strcspn(p, " ");
        memcpy(one, p, n);
        add_str(t, p == amr ? "" : ",");
        add_quoted(t, one);
        p += n + (p[n] == ' ');
    }
    add_str(t, "]");
}

static void add_aud(struct text *t, const struct keyw_token *q)
{
    bool one = q->aud[1][0] == '\0';
    add_str(t, one ? ",\"aud\":" : ",\"aud\":[");
    for (size_t i = 0; i < KEY_AUD_MAX && q->aud[i][0]; i++) {
        add_str(t, i ? "," : "");
        add_quoted(t, q->aud[i]);
    }
    add_str(t, one ? "" : "]");
}

static unsigned present(const struct keyw_token *q)
{
    unsigned m = 0;
    m |= q->sub[0] ? SUB : 0u;
    m |= q->aud[0][0] ? AUD : 0u;
    m |= q->client_id[0] ? CLIENT_ID : 0u;
    m |= q->azp[0] ? AZP : 0u;
    m |= q->scope[0] ? SCOPE : 0u;
    m |= q->nonce[0] ? NONCE : 0u;
    m |= q->acr[0] ? ACR : 0u;
    m |= q->amr[0] ? AMR : 0u;
    m |= q->sid[0] ? SID : 0u;
    m |= q->jti[0] ? JTI : 0u;
    m |= q->at_hash[0] ? AT_HASH : 0u;
    m |= q->grant_id[0] ? GRANT : 0u;
    m |= q->auth_time ? AUTH_TIME : 0u;
    m |= q->level ? LEVEL : 0u;
    m |= q->jkt[0] || q->x5t[0] ? CNF : 0u;
    m |= q->act[0] ? ACT : 0u;
    return m;
}

/* Nothing, or base64url of a SHA-256. */
static bool thumbprint_ok(const char *s)
{
    uint8_t raw[SHA256_LEN];
    size_t n = 0;
    return s[0] == '\0' || (b64url_decode(bytes_str(s), raw, sizeof raw, &n) == OK && n == sizeof raw);
}

#define STR_OK(f) keyw_str_ok(q->f, sizeof q->f)
static bool strings_ok(const struct keyw_token *q)
{
    bool gap = false, ok = true;
    for (size_t i = 0; i < KEY_AUD_MAX; i++) {
        ok = ok && STR_OK(aud[i]) && !(gap && q->aud[i][0]);
        gap = gap || q->aud[i][0] == '\0';
    }
    return ok && STR_OK(sub) && STR_OK(client_id) && STR_OK(azp) && STR_OK(scope) && STR_OK(nonce) && STR_OK(acr) && STR_OK(amr) &&
           STR_OK(sid) && STR_OK(jti) && STR_OK(at_hash) && STR_OK(grant_id) && STR_OK(act) && STR_OK(jkt) && STR_OK(x5t) &&
           thumbprint_ok(q->jkt) && thumbprint_ok(q->x5t);
}

static enum keyw_status check(const struct keyw_token *q, int64_t now)
{
    if (!strings_ok(q) || !keyw_zero(q->reserved, sizeof q->reserved) || q->type < KEY_ID_TOKEN || q->type > KEY_LOGOUT_TOKEN ||
        q->level > 9)
        return KEYW_SYNTAX;
    if (q->lifetime < 1 || q->auth_time < 0 || q->auth_time > now + 60)
        return KEYW_SYNTAX;
    unsigned has = present(q) | (q->type == KEY_ID_TOKEN ? 0u : JTI); /* keyd makes a jti where one is needed and none came */
    unsigned need = TYPES[q->type].need;
    if ((has & need) != need || (has & ~TYPES[q->type].may))
        return KEYW_REFUSED;
    if (q->type == KEY_ACCESS_TOKEN && q->alg) /* every resource server knows the default */
        return KEYW_REFUSED;
    if (q->type == KEY_LOGOUT_TOKEN && !(has & (SUB | SID))) /* Back-Channel Logout §2.4 */
        return KEYW_REFUSED;
    return KEYW_OK;
}

/* What the token's holder must prove: RFC 7800 §3.1, RFC 9449 §6.1, RFC 8705 §3.1. */
static void add_cnf(struct text *t, const struct keyw_token *q)
{
    if (!q->jkt[0] && !q->x5t[0])
        return;
    add_str(t, ",\"cnf\":{");
    if (q->jkt[0]) {
        add_str(t, "\"jkt\":");
        add_quoted(t, q->jkt);
    }
    if (q->x5t[0]) {
        add_str(t, q->jkt[0] ? ",\"x5t#S256\":" : "\"x5t#S256\":");
        add_quoted(t, q->x5t);
    }
    add_str(t, "}");
}

/* more: a JSON object, or empty. */
static void claims(struct text *t, const struct keyd *k, const struct keyw_token *q, struct bytes more, int64_t now)
{
    int64_t life = q->lifetime < TYPES[q->type].lifetime_max ? q->lifetime : TYPES[q->type].lifetime_max;
    char jti[B64URL_LEN(16) + 1] = "";
    if (q->jti[0] == '\0' && q->type != KEY_ID_TOKEN)
        random_token(jti, 16);
    add_str(t, "{\"iss\":");
    add_quoted(t, k->conf.issuer);
    add_claim(t, "sub", q->sub);
    add_aud(t, q);
    add_int(t, "iat", now);
    add_int(t, "exp", now + life);
    if (q->auth_time)
        add_int(t, "auth_time", q->auth_time);
    add_claim(t, "client_id", q->client_id);
    add_claim(t, "azp", q->azp);
    add_claim(t, "scope", q->scope);
    add_claim(t, "nonce", q->nonce);
    add_claim(t, "acr", q->acr);
    add_amr(t, q->amr);
    add_claim(t, "sid", q->sid);
    add_claim(t, "jti", q->jti[0] ? q->jti : jti);
    add_claim(t, "at_hash", q->at_hash);
    add_claim(t, "grant_id", q->grant_id);
    if (q->level)
        add_int(t, "level", q->level);
    add_cnf(t, q);
    if (q->act[0]) { /* RFC 8693 §4.1 */
        add_str(t, ",\"act\":{\"sub\":");
        add_quoted(t, q->act);
        add_str(t, "}");
    }
    if (q->type == KEY_LOGOUT_TOKEN)
        add_str(t, ",\"events\":{\"http://schemas.openid.net/event/backchannel-logout\":{}}");
    if (more.len > 2) { /* its members, without the braces */
        add_str(t, ",");
        add(t, (const char *)more.ptr + 1, more.len - 2);
    }
    add_str(t, "}");
}

/* Appends base64url(in) to the token. */
static bool put_part(struct keyw_token_r *r, struct bytes in)
{
    if (in.len > JWT_MAX || B64URL_LEN(in.len) + 2 > sizeof r->jwt - r->len)
        return false;
    b64url_encode(in, r->jwt + r->len);
    r->len += (uint32_t)B64URL_LEN(in.len);
    return true;
}

enum keyw_status token_assemble(struct worker *w, const struct key *key, struct bytes payload, const char *typ, struct keyw_token_r *r)
{
    uint8_t sig[SIG_MAX], raw[96];
    size_t n = 0, width = key->alg == JOSE_ES256 ? 32 : key->alg == JOSE_ES384 ? 48 : 0; /* of ECDSA's r and s (RFC 7518 §3.4) */
    char head[128];
    int len = snprintf(head, sizeof head, "{\"alg\":\"%s\",\"typ\":\"%s\",\"kid\":\"%s\"}", jose_alg_name(key->alg), typ, key->id);
    if (len < 0 || (size_t)len >= sizeof head || !put_part(r, BYTES(head, (size_t)len)))
        return KEYW_INTERNAL;
    r->jwt[r->len++] = '.';
    if (!put_part(r, payload))
        return KEYW_SYNTAX; /* too long for a token */
    if (worker_sign(w, key, BYTES(r->jwt, r->len), sig, &n) != OK || (width && ecdsa_der_to_raw(BYTES(sig, n), width, raw) != OK))
        return KEYW_INTERNAL;
    r->jwt[r->len++] = '.';
    return put_part(r, width ? BYTES(raw, 2 * width) : BYTES(sig, n)) ? KEYW_OK : KEYW_SYNTAX;
}

static enum keyw_status make(struct worker *w, const struct keyw_token *q, struct bytes more, struct keyw_token_r *r)
{
    int64_t now = clock_now();
    struct text t;
    enum keyw_status st = check(q, now);
    if (st != KEYW_OK)
        return st;
    const struct key *key = key_for_token(w->keyd, q->alg, now);
    if (!key)
        return KEYW_REFUSED;
    t.n = 0;
    t.failed = false;
    claims(&t, w->keyd, q, more, now);
    return t.failed ? KEYW_SYNTAX : token_assemble(w, key, BYTES(t.room, t.n), TYPES[q->type].typ, r);
}

enum keyw_status op_token(struct worker *w, struct conn *c)
{
    (void)c;
    return make(w, &w->q.TOKEN_q, (struct bytes){0}, &w->r.TOKEN_r);
}

enum keyw_status op_tokens(struct worker *w, struct conn *c)
{
    const struct keyw_tokens *q = &w->q.TOKENS_q;
    struct keyw_tokens_r *out = &w->r.TOKENS_r;
    struct keyw_token_r one;

    (void)c;
    if (!keyw_zero(q->reserved, sizeof q->reserved))
        return KEYW_SYNTAX;
    out->n = q->n;
    for (uint32_t i = 0; i < q->n; i++) {
        one.len = 0;
        enum keyw_status st = keyw_zero(&q->item[i].head, sizeof q->item[i].head) ? make(w, &q->item[i], (struct bytes){0}, &one) : KEYW_SYNTAX;
        if (st == KEYW_OK && one.len > sizeof out->text - out->text_len)
            st = KEYW_SYNTAX; /* too long for a token among others */
        out->item[i].status = st;
        if (st != KEYW_OK)
            continue;
        out->item[i].len = one.len;
        memcpy(out->text + out->text_len, one.jwt, one.len);
        out->text_len += one.len;
    }
    return KEYW_OK;
}

enum keyw_status op_token_more(struct worker *w, struct conn *c)
{
    AUTO_BUF more = {0};

    (void)c;
    enum keyw_status st = more_open(&w->q.TOKEN_MORE_q, &more);
    return st == KEYW_OK ? make(w, &w->q.TOKEN_MORE_q.token, buf_bytes(&more), &w->r.TOKEN_MORE_r) : st;
}

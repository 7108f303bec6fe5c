/*
 * STATEMENT: a JWT that tells a client about a request or a person, a resource server about a token, or another provider who we are.
 * Called by serve.c. JARM §2.1, RFC 9701 §5, OpenID Connect Core §5.3.2, RFC 7523 §3. Each type fixes typ, its members and its life.
 */
#include "certs/keyd/keyd.h"
#include "common/clock.h"
#include "common/json.h"
#include <string.h>

static const struct {
    const char *typ, *inside; /* inside: the member that holds the rest */
    const char *need;         /* a member that must be there */
    int64_t lifetime_max;     /* 0: has no exp */
    bool by_client;           /* its issuer is its subject, not this house; it is good once */
} TYPES[] = {
    [KEY_AUTHZ_RESPONSE] = {"oauth-authz-response+jwt", NULL, NULL, 600, false},
    /* RFC 9701 §5: neither sub nor exp at the top, so that nobody takes it for an access token. */
    [KEY_INTROSPECTION] = {"token-introspection+jwt", "token_introspection", "active", 0, false},
    [KEY_USERINFO] = {"userinfo+jwt", NULL, "sub", 0, false},
    /* Said at another provider, never about anybody of this one: see own_name(). */
    [KEY_CLIENT_ASSERTION] = {"client-authentication+jwt", NULL, "sub", 60, true},
};

static json_t *integer(const char *s, size_t n)
{
    int64_t v = 0;

    if (n > 15 || strspn(s, "0123456789") != n)
        return NULL;
    for (size_t i = 0; i < n; i++)
        v = v * 10 + (s[i] - '0');
    return json_integer(v);
}

static json_t *list(const char *s)
{
    json_t *out = strchr(s, ' ') ? json_array() : NULL;

    if (!out)
        return json_string(s);
    while (*s) {
        size_t n = strcspn(s, " ");
        if (n == 0 || json_array_append_new(out, json_stringn(s, n)) != 0) {
            json_decref(out);
            return NULL;
        }
        s += n;
        s += *s == ' ';
    }
    return out;
}

static json_t *nested(const struct keyw_claim *c, const char *s, size_t n)
{
    AUTO_JSON v = NULL;

    return json_parse(BYTES(s, n), n, &v) == OK && member_json_ok(c, v) ? take(&v) : NULL;
}

static json_t *value(const struct keyw_claim *c, const char *s, size_t n)
{
    switch (c->kind) {
    case KEYW_T_STRING: return json_stringn(s, n);
    case KEYW_T_INTEGER: return integer(s, n);
    case KEYW_T_BOOLEAN: return strcmp(s, "true") == 0 ? json_true() : strcmp(s, "false") == 0 ? json_false() : NULL;
    case KEYW_T_LIST: return list(s);
    case KEYW_T_JSON: return nested(c, s, n);
    default: return NULL;
    }
}

/* Refuses what this type may not carry, what came twice, and what is not of its kind. */
static enum keyw_status add(json_t *to, uint32_t type, struct keyw_member m, const uint8_t *text)
{
    char s[KEYW_MEMBERS_TEXT + 1];

    if (m.claim == 0 || m.claim >= KEYW_CLAIMS || m.len == 0 || !utf8_valid(BYTES(text, m.len)))
        return KEYW_SYNTAX;
    const struct keyw_claim *c = &keyw_claims[m.claim];
    if (!(c->types & (1u << type)))
        return KEYW_REFUSED;
    memcpy(s, text, m.len);
    s[m.len] = '\0';
    if (c->parent) {
        json_t *parent = json_object_get(to, c->parent);
        if (!parent && json_object_set_new(to, c->parent, json_object()) != 0)
            return KEYW_INTERNAL;
        to = json_object_get(to, c->parent);
    }
    if (json_object_get(to, c->name))
        return KEYW_SYNTAX;
    return json_object_set_new(to, c->name, value(c, s, m.len)) == 0 ? KEYW_OK : KEYW_SYNTAX;
}

static enum keyw_status members(const struct keyw_statement *q, json_t *to)
{
    size_t at = 0;

    for (size_t i = 0; i < q->n; i++) {
        if (q->member[i].len > sizeof q->text - at)
            return KEYW_SYNTAX;
        enum keyw_status st = add(to, q->type, q->member[i], q->text + at);
        if (st != KEYW_OK)
            return st;
        at += q->member[i].len;
    }
    if (!keyw_zero(q->text + at, sizeof q->text - at) || !keyw_zero(&q->member[q->n], (KEYW_MEMBERS_MAX - q->n) * sizeof q->member[0]))
        return KEYW_SYNTAX;
    if (TYPES[q->type].need && !json_object_get(to, TYPES[q->type].need))
        return KEYW_REFUSED;
    /* A response brings a code or says why not. */
    if (q->type == KEY_AUTHZ_RESPONSE && !json_object_get(to, "code") == !json_object_get(to, "error"))
        return KEYW_REFUSED;
    return KEYW_OK;
}

/* An assertion in this house's own name would be a token of this house; one for this house would be a client of ours proving itself by our key. */
static bool own_name(const struct keyd *k, const struct keyw_statement *q, const json_t *inner)
{
    const char *sub = json_string_value(json_object_get(inner, "sub"));
    size_t n = strlen(k->conf.issuer);

    return !sub || strcmp(sub, k->conf.issuer) == 0 || (strncmp(q->aud, k->conf.issuer, n) == 0 && strchr("/", q->aud[n]));
}

static json_t *frame(const struct keyd *k, const struct keyw_statement *q, const json_t *inner, int64_t now)
{
    int64_t max = TYPES[q->type].lifetime_max, life = q->lifetime < max ? q->lifetime : max;
    bool by_client = TYPES[q->type].by_client;
    char jti[B64URL_LEN(16) + 1];

    random_token(jti, 16);
    return json_pack("{s:s?, s:s, s:I, s:o*, s:s*}", "iss", by_client ? json_string_value(json_object_get(inner, "sub")) : k->conf.issuer,
                     "aud", q->aud, "iat", (json_int_t)now, "exp", max ? json_integer(now + life) : NULL, "jti", by_client ? jti : NULL);
}

enum keyw_status op_statement(struct worker *w, struct conn *c)
{
    const struct keyw_statement *q = &w->q.STATEMENT_q;
    int64_t now = clock_now();
    AUTO_BUF text = {0};

    (void)c;
    if (q->type < KEY_AUTHZ_RESPONSE || q->type > KEY_CLIENT_ASSERTION || q->n > KEYW_MEMBERS_MAX ||
        !keyw_zero(q->reserved, sizeof q->reserved) || !keyw_str_ok(q->aud, sizeof q->aud) || !q->aud[0] ||
        (TYPES[q->type].lifetime_max ? q->lifetime < 1 : q->lifetime != 0))
        return KEYW_SYNTAX;
    const struct key *key = key_for_token(w->keyd, q->alg, now);
    if (!key)
        return KEYW_REFUSED;
    AUTO_JSON inner = json_object();
    enum keyw_status st = inner ? members(q, inner) : KEYW_INTERNAL;
    if (st != KEYW_OK)
        return st;
    if (TYPES[q->type].by_client && own_name(w->keyd, q, inner))
        return KEYW_REFUSED;
    AUTO_JSON all = frame(w->keyd, q, inner, now);
    int bad = TYPES[q->type].inside ? json_object_set(all, TYPES[q->type].inside, inner) : json_object_update_missing(all, inner);
    if (!all || bad || json_text(all, &text) != OK)
        return KEYW_INTERNAL;
    return token_assemble(w, key, buf_bytes(&text), TYPES[q->type].typ, &w->r.STATEMENT_r);
}

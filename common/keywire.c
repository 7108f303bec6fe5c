/*
 * Lengths and plain checks of keyd's messages, and the activation nonce: what client and keyd must do alike.
 * Called by common/keyclient.c and certs/keyd. certs/keyd/PROTOCOL.md.
 */
#include "common/keywire.h"

#include <stddef.h>
#include <string.h>

static const struct {
    const char *name;
    size_t request, reply;
} ops[] = {
#define KEYW(name, number, request, reply) [number] = {#name, sizeof(request), sizeof(reply)},
    KEYW_OPS
#undef KEYW
};

#define RESPONSE (1u << KEY_AUTHZ_RESPONSE)
#define INTROSPECTION (1u << KEY_INTROSPECTION)
#define USERINFO (1u << KEY_USERINFO)
#define ASSERTION (1u << KEY_CLIENT_ASSERTION)
#define PERSON (USERINFO | KEYW_IN_ID_TOKEN)
const struct keyw_claim keyw_claims[KEYW_CLAIMS] = {
    [1] = {NULL, "code", KEYW_T_STRING, RESPONSE},
    [2] = {NULL, "state", KEYW_T_STRING, RESPONSE},
    [3] = {NULL, "error", KEYW_T_STRING, RESPONSE},
    [4] = {NULL, "error_description", KEYW_T_STRING, RESPONSE},
    [5] = {NULL, "active", KEYW_T_BOOLEAN, INTROSPECTION},
    [6] = {NULL, "scope", KEYW_T_STRING, INTROSPECTION},
    [7] = {NULL, "client_id", KEYW_T_STRING, INTROSPECTION},
    [8] = {NULL, "token_type", KEYW_T_STRING, INTROSPECTION},
    [9] = {NULL, "exp", KEYW_T_INTEGER, INTROSPECTION},
    [10] = {NULL, "iat", KEYW_T_INTEGER, INTROSPECTION},
    [11] = {NULL, "iss", KEYW_T_STRING, INTROSPECTION},
    [12] = {NULL, "aud", KEYW_T_LIST, INTROSPECTION},
    [13] = {NULL, "sub", KEYW_T_STRING, INTROSPECTION | USERINFO | ASSERTION},
    [14] = {NULL, "jti", KEYW_T_STRING, INTROSPECTION},
    [15] = {NULL, "acr", KEYW_T_STRING, INTROSPECTION},
    [16] = {NULL, "auth_time", KEYW_T_INTEGER, INTROSPECTION},
    [17] = {NULL, "level", KEYW_T_INTEGER, INTROSPECTION},
    [18] = {"cnf", "jkt", KEYW_T_STRING, INTROSPECTION},
    [19] = {"cnf", "x5t#S256", KEYW_T_STRING, INTROSPECTION},
    [20] = {NULL, "name", KEYW_T_STRING, PERSON},
    [21] = {NULL, "family_name", KEYW_T_STRING, PERSON},
    [22] = {NULL, "middle_name", KEYW_T_STRING, PERSON},
    [23] = {NULL, "given_name", KEYW_T_STRING, PERSON},
    [24] = {NULL, "birthdate", KEYW_T_STRING, PERSON},
    [25] = {NULL, "gender", KEYW_T_STRING, PERSON},
    [26] = {NULL, "email", KEYW_T_STRING, PERSON},
    [27] = {NULL, "phone_number", KEYW_T_STRING, PERSON},
    [28] = {"address", "formatted", KEYW_T_STRING, PERSON},
    [29] = {NULL, "citizen_number", KEYW_T_STRING, PERSON},
    [30] = {NULL, "grant_id", KEYW_T_STRING, INTROSPECTION},
    [31] = {"act", "sub", KEYW_T_STRING, INTROSPECTION},
    [32] = {NULL, "verified_claims", KEYW_T_JSON, PERSON},
    [33] = {NULL, "authorization_details", KEYW_T_JSON, INTROSPECTION | KEYW_IN_ACCESS_TOKEN},
};

size_t keyw_claim_find(const char *parent, const char *name)
{
    for (size_t i = 1; i < KEYW_CLAIMS; i++) {
        const struct keyw_claim *c = &keyw_claims[i];
        bool same = parent ? c->parent && strcmp(c->parent, parent) == 0 : !c->parent;
        if (same && strcmp(c->name, name) == 0)
            return i;
    }
    return 0;
}

size_t keyw_request_len(unsigned op)
{
    return op < sizeof ops / sizeof ops[0] ? ops[op].request : 0;
}

size_t keyw_reply_len(unsigned op)
{
    return op < sizeof ops / sizeof ops[0] ? ops[op].reply : 0;
}

static size_t seal_info_used(const struct keyw_seal_info *q, size_t n)
{
    size_t fixed = offsetof(struct keyw_seal_info, text);
    return n >= fixed && q->len > 0 && q->len <= sizeof q->text ? fixed + q->len : 0;
}

size_t keyw_request_used(const struct keyw_head *q, size_t n)
{
    if (q->op == KEYW_SEAL_INFO)
        return seal_info_used((const struct keyw_seal_info *)q, n);
    if (q->op != KEYW_TOKENS)
        return keyw_request_len(q->op);
    const struct keyw_tokens *t = (const struct keyw_tokens *)q;
    if (n < offsetof(struct keyw_tokens, item) || t->n == 0 || t->n > KEYW_TOKENS_MAX)
        return 0;
    return offsetof(struct keyw_tokens, item) + t->n * sizeof t->item[0];
}

static bool is_token(unsigned op)
{
    return op == KEYW_TOKEN || op == KEYW_TOKEN_MORE || op == KEYW_STATEMENT;
}

size_t keyw_reply_fixed(unsigned op)
{
    return is_token(op)        ? offsetof(struct keyw_token_r, jwt)
           : op == KEYW_TOKENS ? offsetof(struct keyw_tokens_r, text)
                               : keyw_reply_len(op);
}

size_t keyw_reply_used(const struct keyw_head *r, size_t n)
{
    size_t fixed = keyw_reply_fixed(r->op), more = 0;
    if (n < fixed)
        return 0;
    if (is_token(r->op))
        more = ((const struct keyw_token_r *)r)->len;
    else if (r->op == KEYW_TOKENS)
        more = ((const struct keyw_tokens_r *)r)->text_len;
    return more <= keyw_reply_len(r->op) - fixed ? fixed + more : 0;
}

const char *keyw_op_name(unsigned op)
{
    return keyw_request_len(op) ? ops[op].name : "?";
}

bool keyw_zero(const void *p, size_t n)
{
    const uint8_t *b = p;
    return n == 0 || (b[0] == 0 && memcmp(b, b + 1, n - 1) == 0);
}

bool keyw_str_ok(const char *s, size_t room)
{
    size_t n = strnlen(s, room);
    return n < room && keyw_zero(s + n, room - n) && utf8_valid(BYTES(s, n));
}

err_t keyw_str_put(char *room, size_t cap, const char *s)
{
    size_t n = s ? strlen(s) : 0;
    if (n >= cap)
        return ERR_TOO_LARGE;
    if (n)
        memcpy(room, s, n);
    return OK;
}

static size_t put(uint8_t *at, const void *p, size_t n)
{
    memcpy(at, p, n);
    return n;
}

static size_t put_be(uint8_t *at, uint64_t v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        at[i] = (uint8_t)(v >> (8 * (n - 1 - i)));
    return n;
}

void key_activation_nonce(const struct key_activation *a, char out[44])
{
    static const char tag[] = "antin-activation-1";
    uint8_t b[sizeof tag + KEY_UUID_LEN + 1 + sizeof a->citizen.owner + 16 + 8 + 2 + KEY_DIGESTS_MAX * 33], h[SHA256_LEN];
    size_t n = 0, owner = strnlen(a->citizen.owner, sizeof a->citizen.owner - 1);
    size_t items = a->n <= KEY_DIGESTS_MAX ? a->n : KEY_DIGESTS_MAX;
    char id[KEY_UUID_LEN] = {0};
    memcpy(id, a->citizen.credential_id, strnlen(a->citizen.credential_id, KEY_UUID_LEN));
    n += put(b + n, tag, sizeof tag - 1);
    n += put(b + n, id, sizeof id);
    n += put_be(b + n, owner, 1);
    n += put(b + n, a->citizen.owner, owner);
    n += put(b + n, a->random, sizeof a->random);
    n += put_be(b + n, (uint64_t)a->expires, 8);
    n += put_be(b + n, a->n, 2);
    for (size_t i = 0; i < items; i++) {
        n += put_be(b + n, a->item[i].kind, 1);
        n += put(b + n, a->item[i].sha256, SHA256_LEN);
    }
    sha256(BYTES(b, n), h);
    b64url_encode(BYTES(h, sizeof h), out);
}

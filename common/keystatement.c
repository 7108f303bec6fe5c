/*
 * STATEMENT: a JSON object's members as numbered texts, as keyd takes them.
 * Called by idp. certs/keyd/PROTOCOL.md; the table of members is in keywire.c.
 */
#include "common/keycall.h"
#include <stdio.h>
#include <string.h>

struct fill {
    struct keyw_statement q;
    size_t used;
};

static err_t put(struct fill *f, size_t claim, const char *text, size_t n)
{
    struct keyw_statement *q = &f->q;

    if (q->n == KEYW_MEMBERS_MAX || n > sizeof q->text - f->used)
        return ERR_TOO_LARGE;
    if (n == 0)
        return ERR_SYNTAX;
    memcpy(q->text + f->used, text, n);
    f->used += n;
    q->member[q->n++] = (struct keyw_member){(uint16_t)claim, (uint16_t)n};
    return OK;
}

static err_t put_list(struct fill *f, size_t claim, const json_t *v)
{
    AUTO_BUF text = {0};

    if (json_is_string(v))
        return put(f, claim, json_string_value(v), json_string_length(v));
    for (size_t i = 0; i < json_array_size(v); i++) {
        const char *one = json_string_value(json_array_get(v, i));
        if (!one || !*one || strchr(one, ' '))
            return ERR_SYNTAX;
        TRY(buf_addf(&text, "%s%s", i ? " " : "", one));
    }
    return put(f, claim, buf_str(&text), text.len);
}

static err_t put_json(struct fill *f, size_t claim, const json_t *v)
{
    AUTO_BUF text = {0};

    TRY(json_text(v, &text));
    return put(f, claim, buf_str(&text), text.len);
}

static err_t put_value(struct fill *f, size_t claim, const json_t *v)
{
    char number[24];

    switch (keyw_claims[claim].kind) {
    case KEYW_T_STRING: return json_is_string(v) ? put(f, claim, json_string_value(v), json_string_length(v)) : ERR_SYNTAX;
    case KEYW_T_INTEGER:
        if (!json_is_integer(v))
            return ERR_SYNTAX;
        return put(f, claim, number, (size_t)snprintf(number, sizeof number, "%lld", (long long)json_integer_value(v)));
    case KEYW_T_BOOLEAN:
        return json_is_boolean(v) ? put(f, claim, json_is_true(v) ? "true" : "false", json_is_true(v) ? 4 : 5) : ERR_SYNTAX;
    case KEYW_T_LIST: return put_list(f, claim, v);
    case KEYW_T_JSON: return put_json(f, claim, v);
    default: return ERR_SYNTAX;
    }
}

static err_t put_members(struct fill *f, const char *parent, const json_t *object)
{
    json_t *o = (json_t *)object; /* jansson's iterators take no const */

    for (void *i = json_object_iter(o); i; i = json_object_iter_next(o, i)) {
        const json_t *v = json_object_iter_value(i);
        size_t claim = keyw_claim_find(parent, json_object_iter_key(i));
        if (claim)
            TRY(put_value(f, claim, v));
        else if (!parent && json_is_object(v))
            TRY(put_members(f, json_object_iter_key(i), v));
        else
            return ERR_SYNTAX;
    }
    return OK;
}

err_t key_sign_statement(struct keyclient *k, enum key_statement type, enum jose_alg alg, const char *aud, int64_t lifetime,
                         const json_t *members, struct buf *jwt)
{
    struct fill f = {.q = {.type = type, .alg = alg, .lifetime = lifetime}};
    struct keyw_token_r r;

    if (keyw_str_put(f.q.aud, sizeof f.q.aud, aud) != OK)
        return ERR_TOO_LARGE;
    TRY(put_members(&f, NULL, members));
    TRY(key_call(k, KEYW_STATEMENT, &f.q.head, &r));
    return r.len <= sizeof r.jwt ? buf_copy(jwt, BYTES(r.jwt, r.len)) : ERR_INTERNAL;
}

/*
 * Tokens from keyd: one, one with more claims, or many in one message.
 * Called by idp. certs/keyd/PROTOCOL.md: TOKEN, TOKEN_MORE, TOKENS.
 */
#include "common/keycall.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define PUT(field, s) TRY(key_put_str((field), sizeof(field), (s)))

/* The claims with a room of their own. q is all zero. */
static err_t put_token(const struct key_claims *c, struct keyw_token *q)
{
    if (c->level < 0 || c->level > UINT32_MAX)
        return ERR_SYNTAX;
    q->type = c->type;
    q->alg = c->alg;
    q->lifetime = c->lifetime;
    q->auth_time = c->auth_time;
    q->level = (uint32_t)c->level;
    PUT(q->sub, c->sub);
    for (size_t i = 0; i < KEY_AUD_MAX && c->aud[i]; i++)
        PUT(q->aud[i], c->aud[i]);
    PUT(q->client_id, c->client_id);
    PUT(q->azp, c->azp);
    PUT(q->scope, c->scope);
    PUT(q->nonce, c->nonce);
    PUT(q->acr, c->acr);
    PUT(q->amr, c->amr);
    PUT(q->sid, c->sid);
    PUT(q->jti, c->jti);
    PUT(q->at_hash, c->at_hash);
    PUT(q->grant_id, c->grant_id);
    PUT(q->act, c->act);
    PUT(q->jkt, c->jkt);
    PUT(q->x5t, c->x5t);
    return OK;
}

static err_t token_of(const struct keyw_token_r *r, struct buf *jwt)
{
    return r->len <= sizeof r->jwt ? buf_copy(jwt, BYTES(r->jwt, r->len)) : ERR_INTERNAL;
}

static err_t sign_more(struct keyclient *k, const struct key_claims *c, struct buf *jwt)
{
    struct keyw_token_more q = {0};
    struct keyw_token_r r;
    AUTO_BUF text = {0};

    TRY(put_token(c, &q.token));
    TRY(json_text(c->more, &text));
    if (text.len > sizeof q.more)
        return ERR_TOO_LARGE;
    memcpy(q.more, text.ptr, text.len);
    q.len = (uint32_t)text.len;
    TRY(key_call(k, KEYW_TOKEN_MORE, &q.token.head, &r));
    return token_of(&r, jwt);
}

err_t key_sign_token(struct keyclient *k, const struct key_claims *c, struct buf *jwt)
{
    struct keyw_token q = {0};
    struct keyw_token_r r;

    if (c->more)
        return sign_more(k, c, jwt);
    TRY(put_token(c, &q));
    TRY(key_call(k, KEYW_TOKEN, &q.head, &r));
    return token_of(&r, jwt);
}

err_t key_rotate(struct keyclient *k)
{
    struct keyw_head q = {0}, r;
    return key_call(k, KEYW_ROTATE, &q, &r);
}

/* Takes the tokens out of the reply: of[i] is whose the i-th is. */
static void take_tokens(const struct keyw_tokens_r *r, const size_t *of, size_t n, struct buf *jwt, err_t *e)
{
    size_t at = 0;

    for (size_t i = 0; i < n; i++) {
        size_t len = r->item[i].len;
        if (r->item[i].status != KEYW_OK) {
            e[of[i]] = key_status(r->item[i].status);
            continue;
        }
        bool there = len <= r->text_len - at;
        e[of[i]] = there ? buf_copy(&jwt[of[i]], BYTES(r->text + at, len)) : ERR_INTERNAL;
        at += there ? len : 0;
    }
}

/* Fills the message with those of the n that can be asked for; of names these from now on. How many. */
static size_t put_lot(struct keyw_tokens *q, const struct key_claims *c, size_t *of, size_t n, err_t *e)
{
    size_t m = 0;

    for (size_t i = 0; i < n; i++) {
        e[of[i]] = put_token(&c[of[i]], &q->item[m]);
        if (e[of[i]] == OK)
            of[m++] = of[i];
        else
            memset(&q->item[m], 0, sizeof q->item[m]);
    }
    q->n = (uint32_t)m;
    return m;
}

/* One message for the n at most KEYW_TOKENS_MAX that of names; one that cannot be asked for is left out. */
static void sign_lot(struct keyclient *k, const struct key_claims *c, size_t *of, size_t n, struct buf *jwt, err_t *e)
{
    struct keyw_tokens *q = calloc(1, offsetof(struct keyw_tokens, item) + n * sizeof q->item[0]);
    struct keyw_tokens_r *r = malloc(sizeof *r);
    err_t all = ERR_NOMEM;

    if (q != NULL && r != NULL) {
        n = put_lot(q, c, of, n, e);
        all = n > 0 ? key_call(k, KEYW_TOKENS, &q->head, r) : OK;
        if (all == OK && n > 0 && r->n != n)
            all = ERR_INTERNAL;
        if (all == OK && n > 0)
            take_tokens(r, of, n, jwt, e);
    }
    for (size_t i = 0; i < n && all != OK; i++)
        e[of[i]] = all;
    free(q);
    free(r);
}

void key_sign_tokens(struct keyclient *k, const struct key_claims *c, size_t n, struct buf *jwt, err_t *e)
{
    size_t of[KEYW_TOKENS_MAX], some = 0;

    for (size_t i = 0; i < n; i++) {
        if (c[i].more)
            e[i] = key_sign_token(k, &c[i], &jwt[i]); /* has no room in a message with others */
        else
            of[some++] = i;
        if (some == KEYW_TOKENS_MAX || (some > 0 && i + 1 == n)) {
            sign_lot(k, c, of, some, jwt, e);
            some = 0;
        }
    }
}

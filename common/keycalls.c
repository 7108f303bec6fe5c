/*
 * The typed operations of keyd: each fills its request, makes the call, and takes the reply apart.
 * Called by idp and signer. certs/keyd/PROTOCOL.md describes the wire.
 */
#include "common/keycall.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define PUT(field, s) TRY(key_put_str((field), sizeof(field), (s)))

/* --- keys --- */

static err_t list_once(struct keyclient *k, enum key_purpose purpose, struct key_info out[KEY_LIST_MAX], size_t *n)
{
    struct key_lent l;
    TRY(key_lend(k, &l));
    err_t e = OK;
    size_t i = 0, total = 1;
    for (; e == OK && i < total && i < KEY_LIST_MAX; i++) {
        struct keyw_list q = {.purpose = purpose, .index = (uint32_t)i};
        struct keyw_list_r r;
        if ((e = key_call_on(&l, KEYW_LIST, &q.head, &r)) != OK)
            break;
        if ((total = r.n) == 0)
            break;
        if (r.spki_len > sizeof r.spki || r.cert_len > sizeof r.cert || r.id[KEY_ID_LEN] != '\0' || r.alg > JOSE_PS256) {
            e = ERR_INTERNAL;
            break;
        }
        struct key_info *o = &out[i];
        *o = (struct key_info){.purpose = purpose,
                               .not_before = r.not_before,
                               .not_after = r.not_after,
                               .active = r.active != 0,
                               .preferred = r.active & KEYW_DEFAULT,
                               .alg = (enum jose_alg)r.alg,
                               .spki_len = r.spki_len,
                               .cert_len = r.cert_len};
        memcpy(o->id, r.id, sizeof o->id);
        memcpy(o->spki, r.spki, r.spki_len);
        memcpy(o->cert, r.cert, r.cert_len);
    }
    key_return(&l);
    *n = e == OK ? i : 0;
    return e;
}

/* Several messages, in the middle of which keyd may read its keys anew: then from the beginning. */
err_t key_list(struct keyclient *k, enum key_purpose purpose, struct key_info out[KEY_LIST_MAX], size_t *n)
{
    err_t e = list_once(k, purpose, out, n);
    return e == ERR_KEYD_DOWN || e == ERR_SYNTAX ? list_once(k, purpose, out, n) : e;
}

err_t key_chain(struct keyclient *k, enum key_purpose purpose, struct buf chain[4], size_t *n)
{
    struct key_lent l;
    TRY(key_lend(k, &l));
    err_t e = OK;
    size_t i = 0, total = 1;
    for (; i < total && i < 4; i++) {
        struct keyw_list q = {.purpose = purpose, .index = (uint32_t)i};
        struct keyw_chain_r r;
        if ((e = key_call_on(&l, KEYW_CHAIN, &q.head, &r)) != OK || (total = r.n) == 0)
            break;
        chain[i] = (struct buf){0};
        if ((e = r.cert_len <= sizeof r.cert ? buf_add(&chain[i], r.cert, r.cert_len) : ERR_INTERNAL) != OK)
            break;
    }
    key_return(&l);
    if (e != OK)
        while (i > 0)
            buf_free(&chain[--i]);
    *n = e == OK ? i : 0;
    return e;
}

/* --- data keys --- */

err_t key_wrap(struct keyclient *k, struct bytes ad, const uint8_t key[KEY_DATA_LEN], uint8_t out[KEY_WRAPPED_LEN])
{
    struct keyw_wrap q = {.ad_len = (uint32_t)ad.len};
    struct keyw_wrap_r r;
    if (ad.len > sizeof q.ad)
        return ERR_SYNTAX;
    if (ad.len)
        memcpy(q.ad, ad.ptr, ad.len);
    memcpy(q.key, key, KEY_DATA_LEN);
    err_t e = key_call(k, KEYW_WRAP, &q.head, &r);
    if (e == OK)
        memcpy(out, r.wrapped, KEY_WRAPPED_LEN);
    secret_wipe(&q, sizeof q);
    return e;
}

err_t key_unwrap(struct keyclient *k, struct bytes ad, const uint8_t wrapped[KEY_WRAPPED_LEN], uint8_t key[KEY_DATA_LEN])
{
    struct keyw_unwrap q = {.ad_len = (uint32_t)ad.len};
    struct keyw_unwrap_r r;
    if (ad.len > sizeof q.ad)
        return ERR_SYNTAX;
    if (ad.len)
        memcpy(q.ad, ad.ptr, ad.len);
    memcpy(q.wrapped, wrapped, KEY_WRAPPED_LEN);
    err_t e = key_call(k, KEYW_UNWRAP, &q.head, &r);
    if (e == OK)
        memcpy(key, r.key, KEY_DATA_LEN);
    secret_wipe(&r, sizeof r);
    return e;
}

/* --- timestamps and the seal --- */

err_t key_timestamp(struct keyclient *k, const struct key_ts_request *t, struct key_ts_reply *out)
{
    struct keyw_ts q = {.alg = t->alg, .cert_req = t->cert_req, .nonce_len = (uint8_t)t->nonce_len};
    struct keyw_ts_r r;
    if (t->alg > CMS_SHA512 || t->nonce_len > sizeof q.nonce)
        return ERR_SYNTAX;
    memcpy(q.imprint, t->imprint, cms_hash_len(t->alg));
    memcpy(q.nonce, t->nonce, t->nonce_len);
    TRY(key_call(k, KEYW_TIMESTAMP, &q.head, &r));
    if (r.token_len > sizeof r.token || r.serial_len > sizeof out->serial)
        return ERR_INTERNAL;
    *out = (struct key_ts_reply){.serial_len = r.serial_len, .gen_time_us = r.gen_time_us};
    memcpy(out->serial, r.serial, r.serial_len);
    return buf_add(&out->token, r.token, r.token_len);
}

void key_signature_free(struct key_signature *s)
{
    buf_free(&s->attrs);
    buf_free(&s->signature);
}

static err_t take_signature(const struct keyw_signature *w, struct key_signature *out)
{
    *out = (struct key_signature){0};
    if (w->attrs_len > sizeof w->attrs || w->sig_len > sizeof w->sig)
        return ERR_INTERNAL;
    err_t e = buf_add(&out->attrs, w->attrs, w->attrs_len);
    if (e == OK)
        e = buf_add(&out->signature, w->sig, w->sig_len);
    if (e != OK)
        key_signature_free(out);
    return e;
}

err_t key_seal(struct keyclient *k, const char *mime, const uint8_t sha256_[32], struct key_signature *out)
{
    struct keyw_seal q = {0};
    struct keyw_seal_r r;
    PUT(q.mime, mime);
    memcpy(q.sha256, sha256_, sizeof q.sha256);
    TRY(key_call(k, KEYW_SEAL, &q.head, &r));
    return take_signature(&r.s, out);
}

static void info_free(struct keyw_seal_info **q)
{
    free(*q);
}

err_t key_seal_info(struct keyclient *k, struct bytes signed_info, struct buf *signature)
{
    AUTO(info_free) struct keyw_seal_info *q = calloc(1, sizeof *q);
    struct keyw_seal_info_r r;
    if (!q)
        return ERR_NOMEM;
    if (signed_info.len == 0 || signed_info.len > sizeof q->text)
        return ERR_TOO_LARGE;
    q->len = (uint32_t)signed_info.len;
    memcpy(q->text, signed_info.ptr, signed_info.len);
    TRY(key_call(k, KEYW_SEAL_INFO, &q->head, &r));
    return r.sig_len <= sizeof r.sig ? buf_copy(signature, BYTES(r.sig, r.sig_len)) : ERR_INTERNAL;
}

/* --- citizens' keys --- */

static err_t put_citizen(struct keyw_citizen *w, const struct key_citizen *c)
{
    PUT(w->credential_id, c->credential_id);
    PUT(w->owner, c->owner);
    return OK;
}

static err_t put_pin(struct keyw_pin *w, struct bytes pin)
{
    if (pin.len < KEYW_PIN_MIN || pin.len > KEYW_PIN_MAX)
        return ERR_SYNTAX;
    w->len = (uint32_t)pin.len;
    memcpy(w->pin, pin.ptr, pin.len);
    return OK;
}

static err_t put_blob(struct keyw_blob *w, struct bytes blob)
{
    if (blob.len == 0 || blob.len > sizeof w->blob)
        return ERR_CRYPTO; /* keyd never made such a one */
    w->len = (uint32_t)blob.len;
    memcpy(w->blob, blob.ptr, blob.len);
    return OK;
}

static err_t get_blob(const struct keyw_blob *w, uint8_t out[KEY_BLOB_MAX], size_t *len)
{
    if (w->len > sizeof w->blob)
        return ERR_INTERNAL;
    memcpy(out, w->blob, w->len);
    *len = w->len;
    return OK;
}

err_t key_citizen_create(struct keyclient *k, const struct key_citizen *c, struct bytes pin, uint8_t blob[KEY_BLOB_MAX], size_t *blob_len,
                         uint8_t spki[128], size_t *spki_len)
{
    struct keyw_create q = {0};
    struct keyw_create_r r;
    TRY(put_citizen(&q.citizen, c));
    TRY(put_pin(&q.pin, pin));
    err_t e = key_call(k, KEYW_CREATE, &q.head, &r);
    secret_wipe(&q, sizeof q);
    TRY(e);
    if (r.spki_len > sizeof r.spki)
        return ERR_INTERNAL;
    memcpy(spki, r.spki, r.spki_len);
    *spki_len = r.spki_len;
    return get_blob(&r.blob, blob, blob_len);
}

err_t key_citizen_repin(struct keyclient *k, const struct key_citizen *c, struct bytes blob, struct bytes old_pin, struct bytes new_pin,
                        uint8_t out[KEY_BLOB_MAX], size_t *out_len)
{
    struct keyw_repin q = {0};
    struct keyw_repin_r r;
    TRY(put_citizen(&q.citizen, c));
    TRY(put_blob(&q.blob, blob));
    err_t e = put_pin(&q.old_pin, old_pin);
    if (e == OK)
        e = put_pin(&q.new_pin, new_pin);
    if (e == OK)
        e = key_call(k, KEYW_REPIN, &q.head, &r);
    secret_wipe(&q, sizeof q);
    return e == OK ? get_blob(&r.blob, out, out_len) : e;
}

void key_random_serial(uint8_t out[20])
{
    random_bytes(out, 20);
    out[0] = (uint8_t)((out[0] & 0x7f) | 0x40); /* positive, and always the same length */
}

err_t key_issue_citizen(struct keyclient *k, const struct key_cert_request *c, struct buf *cert)
{
    struct keyw_issue q = {.not_before = c->not_before, .days = c->days};
    struct keyw_issue_r r;
    TRY(put_citizen(&q.citizen, &c->citizen));
    TRY(put_blob(&q.blob, c->blob));
    memcpy(q.serial, c->serial, sizeof q.serial);
    PUT(q.common_name, c->common_name);
    PUT(q.surname, c->surname);
    PUT(q.given_name, c->given_name);
    PUT(q.serial_number, c->serial_number);
    TRY(key_call(k, KEYW_ISSUE, &q.head, &r));
    return r.len <= sizeof r.cert ? buf_copy(cert, BYTES(r.cert, r.len)) : ERR_INTERNAL;
}

static void wipe_free(struct keyw_sign **q)
{
    if (*q)
        secret_wipe(*q, sizeof **q);
    free(*q);
}

static void reply_free(struct keyw_sign_r **r)
{
    free(*r);
}

static err_t put_sign(struct keyw_sign *q, const struct key_activation *a, struct bytes blob, struct bytes pin, struct bytes cert,
                      struct bytes token)
{
    if (a->n == 0 || a->n > KEY_DIGESTS_MAX || cert.len > sizeof q->cert || token.len > sizeof q->token)
        return ERR_SYNTAX;
    TRY(put_citizen(&q->citizen, &a->citizen));
    TRY(put_blob(&q->blob, blob));
    TRY(put_pin(&q->pin, pin));
    memcpy(q->random, a->random, sizeof q->random);
    q->expires = a->expires;
    q->n = (uint32_t)a->n;
    for (size_t i = 0; i < a->n; i++) {
        q->item[i].kind = (uint8_t)a->item[i].kind;
        memcpy(q->item[i].sha256, a->item[i].sha256, sizeof q->item[i].sha256);
    }
    q->cert_len = (uint32_t)cert.len;
    q->token_len = (uint32_t)token.len;
    if (cert.len)
        memcpy(q->cert, cert.ptr, cert.len);
    if (token.len)
        memcpy(q->token, token.ptr, token.len);
    return OK;
}

err_t key_citizen_sign(struct keyclient *k, const struct key_activation *a, struct bytes blob, struct bytes pin, struct bytes cert,
                       struct bytes id_token, struct key_signature *out)
{
    AUTO(wipe_free) struct keyw_sign *q = calloc(1, sizeof *q);
    AUTO(reply_free) struct keyw_sign_r *r = calloc(1, sizeof *r);
    if (!q || !r)
        return ERR_NOMEM;
    TRY(put_sign(q, a, blob, pin, cert, id_token));
    TRY(key_call(k, KEYW_SIGN, &q->head, r));
    err_t e = r->n == a->n ? OK : ERR_INTERNAL;
    size_t i = 0;
    for (; e == OK && i < a->n; i++)
        e = take_signature(&r->s[i], &out[i]);
    while (e != OK && i > 0)
        key_signature_free(&out[--i]);
    return e;
}

/* --- CRLs --- */

static err_t crl_send(struct key_lent *l, const struct key_crl_entry *e, size_t n)
{
    while (n > 0) {
        struct keyw_crl_add q = {.n = (uint32_t)(n < KEYW_CRL_PIECE ? n : KEYW_CRL_PIECE)};
        struct keyw_head r;
        for (size_t i = 0; i < q.n; i++) {
            struct keyw_crl_entry *w = &q.entry[i];
            memcpy(w->serial, e[i].serial, sizeof w->serial);
            w->revoked_at = e[i].revoked_at;
            w->invalid_since = e[i].invalid_since;
            w->reason = (uint32_t)e[i].reason;
        }
        TRY(key_call_on(l, KEYW_CRL_ADD, &q.head, &r));
        e += q.n;
        n -= q.n;
    }
    return OK;
}

static err_t crl_read(struct key_lent *l, uint64_t total, struct buf *der)
{
    struct keyw_crl_read_r *r = calloc(1, sizeof *r);
    err_t e = r ? OK : ERR_NOMEM;
    while (e == OK && der->len < total) {
        struct keyw_crl_read q = {.offset = der->len};
        if ((e = key_call_on(l, KEYW_CRL_READ, &q.head, r)) != OK)
            break;
        e = r->n > 0 && r->n <= sizeof r->data && r->n <= total - der->len ? buf_add(der, r->data, r->n) : ERR_INTERNAL;
    }
    free(r);
    return e;
}

err_t key_sign_crl(struct keyclient *k, uint64_t number, int64_t lifetime, const struct key_crl_entry *entries, size_t n, struct buf *der)
{
    struct key_lent l;
    struct keyw_crl_begin q = {.number = number, .lifetime = lifetime, .count = n};
    struct keyw_head head, r;
    struct keyw_crl_end_r end;
    TRY(key_lend(k, &l));
    err_t e = key_call_on(&l, KEYW_CRL_BEGIN, &q.head, &r);
    if (e == OK)
        e = crl_send(&l, entries, n);
    if (e == OK)
        e = key_call_on(&l, KEYW_CRL_END, &head, &end);
    buf_free(der);
    if (e == OK)
        e = crl_read(&l, end.total, der);
    key_return(&l);
    return e;
}

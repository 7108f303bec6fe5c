/*
 * TIMESTAMP: a TimeStampToken of keyd's own making: its clock, its serial number, its policy.
 * Called by serve.c. RFC 3161, RFC 5816 (ESSCertIDv2), ETSI EN 319 422; CMS: RFC 5652.
 */
#include "certs/keyd/keyd.h"
#include "common/clock.h"
#include "common/der.h"
#include "common/log.h"

#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#define USEC 1000000
#define FRACTION_DIGITS 3

/* What is the same in every token is laid down once at start; a request writes only what varies. */
struct piece {
    uint8_t b[64];
    size_t n;
};
struct ts_template {
    struct buf attrs; /* signed attributes with a digest to be replaced */
    size_t digest_at;
    struct buf sid;   /* issuerAndSerialNumber */
    struct buf certs; /* [0] with the unit's certificate and the chain above */
    struct piece policy, accuracy, imprint_alg[3], digest_alg, sign_alg, signed_data, tst_info;
};

static err_t piece_take(struct piece *p, const struct der *w)
{
    struct bytes v;
    if (der_finish(w, &v) != OK || v.len > sizeof p->b)
        return ERR_CONFIG;
    memcpy(p->b, v.ptr, v.len);
    p->n = v.len;
    return OK;
}

static err_t piece_oid(struct piece *p, const char *oid)
{
    uint8_t room[64];
    struct der w;
    der_init(&w, room, sizeof room);
    der_oid(&w, oid);
    return piece_take(p, &w);
}

/* AlgorithmIdentifier, with NULL parameters or none. */
static err_t piece_alg(struct piece *p, const char *oid, bool null)
{
    uint8_t room[64];
    struct der w;
    der_init(&w, room, sizeof room);
    if (null)
        der_null(&w);
    der_oid(&w, oid);
    der_wrap(&w, 0x30, 0);
    return piece_take(p, &w);
}

/* Accuracy ::= SEQUENCE { seconds INTEGER OPTIONAL, millis [0] INTEGER (1..999) OPTIONAL } */
static err_t piece_accuracy(struct piece *p, long ms)
{
    uint8_t room[32], millis[2] = {(uint8_t)(ms % 1000 >> 8), (uint8_t)(ms % 1000)};
    struct der w;
    der_init(&w, room, sizeof room);
    if (ms % 1000) {
        bool two = millis[0] || (millis[1] & 0x80);
        der_tlv(&w, 0x80, BYTES(two ? millis : millis + 1, two ? 2 : 1));
    }
    if (ms >= 1000)
        der_uint(&w, (uint64_t)ms / 1000);
    der_wrap(&w, 0x30, 0);
    return piece_take(p, &w);
}

static err_t make_sid(struct ts_template *t, const X509 *cert)
{
    uint8_t room[1024], *serial = NULL;
    const uint8_t *name;
    size_t name_len;
    int n = i2d_ASN1_INTEGER(X509_get0_serialNumber(cert), &serial);
    if (n <= 0 || !X509_NAME_get0_der(X509_get_issuer_name(cert), &name, &name_len)) {
        OPENSSL_free(serial);
        return ERR_CRYPTO;
    }
    struct der w;
    struct bytes v;
    der_init(&w, room, sizeof room);
    der_raw(&w, BYTES(serial, (size_t)n));
    OPENSSL_free(serial);
    der_raw(&w, BYTES(name, name_len));
    der_wrap(&w, 0x30, 0);
    TRY(der_finish(&w, &v));
    return buf_copy(&t->sid, v);
}

/* CertificateSet is a SET OF: ascending as octet strings (X.690 §11.6). */
static int by_octets(const void *x, const void *y)
{
    const struct bytes *a = x, *b = y;
    int d = memcmp(a->ptr, b->ptr, a->len < b->len ? a->len : b->len);
    return d ? d : (a->len > b->len) - (a->len < b->len);
}

static err_t make_certs(struct ts_template *t, const struct key *key)
{
    uint8_t room[KEYW_TOKEN_MAX];
    struct bytes all[CHAIN_MAX + 1] = {buf_bytes(&key->cert)}, v;
    struct der w;
    for (size_t i = 0; i < key->chain_n; i++)
        all[i + 1] = buf_bytes(&key->chain[i]);
    qsort(all, key->chain_n + 1, sizeof all[0], by_octets);
    der_init(&w, room, sizeof room);
    for (size_t i = key->chain_n + 1; i-- > 0;)
        der_raw(&w, all[i]);
    der_wrap(&w, 0xa0, 0);
    TRY(der_finish(&w, &v));
    return buf_copy(&t->certs, v);
}

/* The attributes' order does not depend on the digest's value: types and lengths, which come first in the encoding, differ. */
static err_t make_attrs(struct ts_template *t, const struct key *key)
{
    uint8_t mark[SHA256_LEN];
    random_bytes(mark, sizeof mark);
    const struct cms_attrs a = {.content_type = "1.2.840.113549.1.9.16.1.4",
                                .digest_alg = CMS_SHA256,
                                .digest = BYTES(mark, sizeof mark),
                                .cert = buf_bytes(&key->cert)};
    TRY(cms_signed_attrs(&a, &t->attrs));
    const uint8_t *at = memmem(t->attrs.ptr, t->attrs.len, mark, sizeof mark);
    if (!at)
        return ERR_CRYPTO;
    t->digest_at = (size_t)(at - t->attrs.ptr);
    return OK;
}

static err_t make_template(const struct keyd *k, struct key *key)
{
    struct ts_template *t = key->ts = calloc(1, sizeof *t);
    if (!t)
        return ERR_NOMEM;
    TRY(make_attrs(t, key));
    TRY(make_sid(t, key->x509));
    TRY(make_certs(t, key));
    TRY(piece_oid(&t->policy, k->conf.tsa_policy));
    TRY(piece_accuracy(&t->accuracy, k->conf.tsa_accuracy_ms));
    TRY(piece_oid(&t->signed_data, "1.2.840.113549.1.7.2"));
    TRY(piece_oid(&t->tst_info, "1.2.840.113549.1.9.16.1.4"));
    TRY(piece_alg(&t->imprint_alg[CMS_SHA256], "2.16.840.1.101.3.4.2.1", true));
    TRY(piece_alg(&t->imprint_alg[CMS_SHA384], "2.16.840.1.101.3.4.2.2", true));
    TRY(piece_alg(&t->imprint_alg[CMS_SHA512], "2.16.840.1.101.3.4.2.3", true));
    TRY(piece_alg(&t->digest_alg, "2.16.840.1.101.3.4.2.1", false)); /* RFC 5754 §2 */
    return piece_alg(&t->sign_alg, "1.2.840.10045.4.3.2", false);    /* ecdsa-with-SHA256 */
}

/* RFC 3161 §2.3: extendedKeyUsage critical, with timeStamping alone. */
static bool is_tsa_cert(X509 *c)
{
    int crit = -1;
    EXTENDED_KEY_USAGE *eku = X509_get_ext_d2i(c, NID_ext_key_usage, &crit, NULL);
    bool ok = eku && crit == 1 && sk_ASN1_OBJECT_num(eku) == 1 && OBJ_obj2nid(sk_ASN1_OBJECT_value(eku, 0)) == NID_time_stamp;
    EXTENDED_KEY_USAGE_free(eku);
    return ok && X509_check_ca(c) == 0;
}

err_t timestamp_start(struct keyd *k, FILE *errs)
{
    uint8_t r[8];
    random_bytes(r, sizeof r);
    r[0] = (uint8_t)((r[0] & 0x7f) | 0x40); /* positive, and always 16 octets with the counter */
    for (size_t i = 0; i < sizeof r; i++)
        k->ts_prefix = k->ts_prefix << 8 | r[i];
    for (size_t i = 0; i < k->n; i++) {
        struct key *key = &k->key[i];
        if (key->purpose != KEY_TSA)
            continue;
        if (!is_tsa_cert(key->x509)) {
            fprintf(errs, "%s.crt: no timestamp certificate: extendedKeyUsage must be critical and timeStamping alone\n", key->id);
            return ERR_CONFIG;
        }
        err_t e = make_template(k, key);
        if (e != OK) {
            fprintf(errs, "%s.crt or tsa.policy: cannot be laid out\n", key->id);
            return e;
        }
    }
    return OK;
}

void timestamp_stop(struct keyd *k)
{
    for (size_t i = 0; i < k->n; i++) {
        struct ts_template *t = k->key[i].ts;
        if (!t)
            continue;
        buf_free(&t->attrs);
        buf_free(&t->sid);
        buf_free(&t->certs);
        free(t);
    }
}

/* --- one timestamp --- */

/*
 * The time, never earlier than the last one given. false: the clock was set since start by more than is allowed, and no longer to be trusted;
 * the monotonic clock, which nobody can set, gives it away.
 */
static bool own_time(struct keyd *k, int64_t *us)
{
    int64_t now = clock_now_us(), step = now - clock_mono_us() - k->ts_offset_us, limit = k->conf.tsa_max_step_s * USEC;
    if (step > limit || step < -limit)
        return false;
    int64_t last = atomic_load(&k->ts_last_us);
    do
        if (now < last)
            now = last;
    while (!atomic_compare_exchange_weak(&k->ts_last_us, &last, now));
    *us = now;
    return true;
}

static void put_serial(struct keyd *k, struct keyw_ts_r *r)
{
    uint64_t half[2] = {k->ts_prefix, atomic_fetch_add(&k->ts_counter, 1)};
    for (size_t i = 0; i < 16; i++)
        r->serial[i] = (uint8_t)(half[i / 8] >> (8 * (7 - i % 8)));
    r->serial_len = 16;
}

static void put_piece(struct der *w, const struct piece *p)
{
    der_raw(w, BYTES(p->b, p->n));
}

/* TSTInfo (RFC 3161 §2.4.2), last field first. */
static void put_tst_info(struct der *w, const struct ts_template *t, const struct keyw_ts *q, const struct keyw_ts_r *r)
{
    if (q->nonce_len)
        der_integer(w, BYTES(q->nonce, q->nonce_len));
    put_piece(w, &t->accuracy);
    der_generalized_time(w, r->gen_time_us, FRACTION_DIGITS);
    der_integer(w, BYTES(r->serial, r->serial_len));
    size_t mark = der_mark(w);
    der_tlv(w, 0x04, BYTES(q->imprint, cms_hash_len(q->alg)));
    put_piece(w, &t->imprint_alg[q->alg]);
    der_wrap(w, 0x30, mark);
    put_piece(w, &t->policy);
    der_uint(w, 1);
    der_wrap(w, 0x30, 0);
}

/* SignerInfo (RFC 5652 §5.3); the attributes' tag becomes [0] IMPLICIT in it. */
static void put_signer_info(struct der *w, const struct ts_template *t, struct bytes attrs, struct bytes sig)
{
    size_t mark = der_mark(w);
    der_tlv(w, 0x04, sig);
    put_piece(w, &t->sign_alg);
    der_raw(w, BYTES(attrs.ptr + 1, attrs.len - 1));
    der_raw(w, BYTES("\xa0", 1));
    put_piece(w, &t->digest_alg);
    der_raw(w, buf_bytes(&t->sid));
    der_uint(w, 1);
    der_wrap(w, 0x30, mark);
    der_wrap(w, 0x31, mark);
}

static void put_token(struct der *w, const struct ts_template *t, bool certs, struct bytes info, struct bytes attrs, struct bytes sig)
{
    put_signer_info(w, t, attrs, sig);
    if (certs)
        der_raw(w, buf_bytes(&t->certs));
    size_t mark = der_mark(w);
    der_tlv(w, 0x04, info);
    der_wrap(w, 0xa0, mark);
    put_piece(w, &t->tst_info);
    der_wrap(w, 0x30, mark);
    mark = der_mark(w);
    put_piece(w, &t->digest_alg);
    der_wrap(w, 0x31, mark);
    der_uint(w, 3); /* the content is not id-data (RFC 5652 §5.1) */
    der_wrap(w, 0x30, 0);
    der_wrap(w, 0xa0, 0);
    put_piece(w, &t->signed_data);
    der_wrap(w, 0x30, 0);
}

static enum keyw_status make_token(struct worker *w, const struct key *key, const struct keyw_ts *q, struct keyw_ts_r *r)
{
    const struct ts_template *t = key->ts;
    uint8_t room[512], attrs[KEYW_ATTRS_MAX], sig[SIG_MAX];
    size_t sig_len = 0;
    struct der d;
    struct bytes info, token;
    unsigned n = 0;
    der_init(&d, room, sizeof room);
    put_tst_info(&d, t, q, r);
    if (t->attrs.len > sizeof attrs || der_finish(&d, &info) != OK)
        return KEYW_INTERNAL;
    memcpy(attrs, t->attrs.ptr, t->attrs.len);
    if (EVP_DigestInit_ex2(w->md, w->sha256, NULL) != 1 || EVP_DigestUpdate(w->md, info.ptr, info.len) != 1 ||
        EVP_DigestFinal_ex(w->md, attrs + t->digest_at, &n) != 1)
        return KEYW_INTERNAL;
    if (worker_sign(w, key, BYTES(attrs, t->attrs.len), sig, &sig_len) != OK)
        return KEYW_INTERNAL;
    der_init(&d, r->token, sizeof r->token);
    put_token(&d, t, q->cert_req, info, BYTES(attrs, t->attrs.len), BYTES(sig, sig_len));
    if (der_finish(&d, &token) != OK)
        return KEYW_INTERNAL;
    r->token_len = (uint32_t)token.len;
    memmove(r->token, token.ptr, token.len); /* it was written at the end of the room */
    memset(r->token + token.len, 0, sizeof r->token - token.len);
    return KEYW_OK;
}

static bool request_ok(const struct keyw_ts *q)
{
    if (q->alg > CMS_SHA512 || q->cert_req > 1 || q->nonce_len > sizeof q->nonce || !keyw_zero(q->reserved, sizeof q->reserved))
        return false;
    size_t n = cms_hash_len(q->alg);
    return keyw_zero(q->imprint + n, sizeof q->imprint - n) && keyw_zero(q->nonce + q->nonce_len, sizeof q->nonce - q->nonce_len);
}

enum keyw_status op_timestamp(struct worker *w, struct conn *c)
{
    const struct keyw_ts *q = &w->q.TIMESTAMP_q;
    struct keyw_ts_r *r = &w->r.TIMESTAMP_r;
    (void)c;
    if (!request_ok(q))
        return KEYW_SYNTAX;
    if (!own_time(w->keyd, &r->gen_time_us)) {
        if (!atomic_exchange(&w->keyd->ts_clock_told, true)) /* once: then every request is refused */
            log_event(LOG_ERROR, "clock", "the clock was set by more than tsa.max_step_s: no timestamps until a reload");
        return KEYW_REFUSED;
    }
    const struct key *key = key_active(w->keyd, KEY_TSA, r->gen_time_us / USEC);
    if (!key)
        return KEYW_REFUSED;
    put_serial(w->keyd, r);
    return make_token(w, key, q, r);
}

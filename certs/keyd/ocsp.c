/*
 * OCSP: a response about certificates of the CA that delegated, with its own times. Who asks tells the status; keyd lays the response down.
 * Called by serve.c. RFC 6960 §4.2, RFC 5019 §2.2, RFC 9654 (nonce).
 */
#include "certs/crl.h"
#include "certs/keyd/keyd.h"
#include "common/clock.h"
#include "common/der.h"

#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#define USEC 1000000
#define LIFETIME_MIN 60
#define LIFETIME_MAX 864000
#define TIME_MAX 253402300799 /* 9999-12-31T23:59:59Z */

/* Of one responder's key, laid down at start: what it may speak of, and its name. */
struct ocsp_self {
    struct ocsp_issuer issuer;
    uint8_t id[20]; /* byKey: SHA-1 of its public key */
};

/* --- at start --- */

/* RFC 6960 §4.2.2.2: issued by the CA itself, which stands next in the chain, for this purpose and no other. */
static bool delegated(const struct key *key, X509 *ca)
{
    uint32_t usage = X509_get_extended_key_usage(key->x509);
    return usage == XKU_OCSP_SIGN && (X509_get_key_usage(key->x509) & KU_DIGITAL_SIGNATURE) != 0 && X509_check_ca(key->x509) == 0 &&
           X509_check_issued(ca, key->x509) == X509_V_OK && X509_verify(key->x509, X509_get0_pubkey(ca)) == 1;
}

static err_t self_of(struct key *key)
{
    AUTO_X509 ca = NULL;
    if (key->chain_n == 0 || x509_from_der(buf_bytes(&key->chain[0]), &ca) != OK || !delegated(key, ca))
        return ERR_CONFIG;
    key->ocsp = calloc(1, sizeof *key->ocsp);
    if (!key->ocsp)
        return ERR_NOMEM;
    TRY(ocsp_issuer_of(ca, &key->ocsp->issuer));
    return X509_pubkey_digest(key->x509, EVP_sha1(), key->ocsp->id, NULL) == 1 ? OK : ERR_CRYPTO;
}

err_t ocsp_start(struct keyd *k, FILE *errs)
{
    for (size_t i = 0; i < k->n; i++) {
        struct key *key = &k->key[i];
        if (key->purpose != KEY_OCSP)
            continue;
        err_t e = self_of(key);
        if (e != OK) {
            fprintf(errs, "%s.crt: no OCSP responder's certificate with its CA's behind it: extendedKeyUsage must be OCSPSigning alone\n",
                    key->id);
            return e;
        }
    }
    return OK;
}

void ocsp_stop(struct keyd *k)
{
    for (size_t i = 0; i < k->n; i++)
        free(k->key[i].ocsp);
}

/* --- the request --- */

static bool time_ok(int64_t t)
{
    return t > 0 && t <= TIME_MAX;
}

static bool entry_ok(const struct keyw_ocsp_entry *e)
{
    size_t n = ocsp_hash_len(e->hash);
    if (n == 0 || e->serial_len == 0 || e->serial_len > sizeof e->serial ||
        !keyw_zero(e->serial + e->serial_len, sizeof e->serial - e->serial_len) ||
        !keyw_zero(e->issuer_name + n, sizeof e->issuer_name - n) || !keyw_zero(e->issuer_key + n, sizeof e->issuer_key - n))
        return false;
    switch (e->status) {
    case KEY_OCSP_GOOD:
    case KEY_OCSP_UNKNOWN: return e->reason == 0 && e->revoked_at == 0 && e->invalid_since == 0;
    case KEY_OCSP_REVOKED:
        return crl_reason_ok(e->reason) && e->reason != 8 /* removeFromCRL: delta CRLs only */ && time_ok(e->revoked_at) &&
               (e->invalid_since == 0 || time_ok(e->invalid_since));
    default: return false;
    }
}

static bool request_ok(const struct keyw_ocsp *q)
{
    if (q->n == 0 || q->n > KEY_OCSP_MAX || q->lifetime < LIFETIME_MIN || q->lifetime > LIFETIME_MAX || q->nonce_len > sizeof q->nonce ||
        !keyw_zero(q->reserved, sizeof q->reserved) || !keyw_zero(q->nonce + q->nonce_len, sizeof q->nonce - q->nonce_len) ||
        !keyw_zero(&q->entry[q->n], (KEY_OCSP_MAX - q->n) * sizeof q->entry[0]))
        return false;
    for (size_t i = 0; i < q->n; i++)
        if (!entry_ok(&q->entry[i]))
            return false;
    return true;
}

/* Good or revoked is a word about certificates of the CA that delegated, and of no other. */
static bool may_say(const struct ocsp_self *self, const struct keyw_ocsp *q)
{
    for (size_t i = 0; i < q->n; i++) {
        const struct keyw_ocsp_entry *e = &q->entry[i];
        if (e->status != KEY_OCSP_UNKNOWN && !ocsp_issuer_is(&self->issuer, e->hash, e->issuer_name, e->issuer_key))
            return false;
    }
    return true;
}

/* --- the response, last field first --- */

static void put_cert_id(struct der *w, const struct keyw_ocsp_entry *e)
{
    size_t all = der_mark(w), n = ocsp_hash_len(e->hash);
    der_integer(w, BYTES(e->serial, e->serial_len));
    der_tlv(w, 0x04, BYTES(e->issuer_key, n));
    der_tlv(w, 0x04, BYTES(e->issuer_name, n));
    size_t mark = der_mark(w);
    der_null(w);
    der_oid(w, ocsp_hash_oid(e->hash));
    der_wrap(w, 0x30, mark);
    der_wrap(w, 0x30, all);
}

static void put_status(struct der *w, const struct keyw_ocsp_entry *e)
{
    if (e->status != KEY_OCSP_REVOKED) {
        der_tlv(w, e->status == KEY_OCSP_GOOD ? 0x80 : 0x82, (struct bytes){0});
        return;
    }
    size_t mark = der_mark(w);
    if (e->reason) { /* RFC 5280 §5.3.1: absent rather than unspecified */
        der_tlv(w, 0x0a, BYTES(&e->reason, 1));
        der_wrap(w, 0xa0, mark);
    }
    der_generalized_time(w, e->revoked_at * USEC, 0);
    der_wrap(w, 0xa1, mark);
}

/* SingleResponse (§4.2.1); invalidityDate as a CRL's entry has it (§4.4.5). */
static void put_single(struct der *w, const struct keyw_ocsp_entry *e, const struct keyw_ocsp_r *r)
{
    size_t all = der_mark(w), mark = all;
    if (e->invalid_since) {
        der_generalized_time(w, e->invalid_since * USEC, 0);
        der_extension(w, "2.5.29.24", mark);
        der_wrap(w, 0x30, mark);
        der_wrap(w, 0xa1, mark);
    }
    mark = der_mark(w);
    der_generalized_time(w, r->next_update * USEC, 0);
    der_wrap(w, 0xa0, mark);
    der_generalized_time(w, r->this_update * USEC, 0);
    put_status(w, e);
    put_cert_id(w, e);
    der_wrap(w, 0x30, all);
}

static void put_response_data(struct der *w, const struct ocsp_self *self, const struct keyw_ocsp *q, const struct keyw_ocsp_r *r)
{
    if (q->nonce_len) { /* §4.4.1 */
        der_tlv(w, 0x04, BYTES(q->nonce, q->nonce_len));
        der_extension(w, "1.3.6.1.5.5.7.48.1.2", 0);
        der_wrap(w, 0x30, 0);
        der_wrap(w, 0xa1, 0);
    }
    size_t mark = der_mark(w);
    for (size_t i = q->n; i-- > 0;)
        put_single(w, &q->entry[i], r);
    der_wrap(w, 0x30, mark);
    der_generalized_time(w, r->this_update * USEC, 0); /* producedAt: we always say what is true now */
    mark = der_mark(w);
    der_tlv(w, 0x04, BYTES(self->id, sizeof self->id));
    der_wrap(w, 0xa2, mark);
    der_wrap(w, 0x30, 0);
}

/* OCSPResponse around BasicOCSPResponse (§4.2.1). sig: with the BIT STRING's first octet. */
static void put_response(struct der *w, const struct key *key, struct bytes data, struct bytes sig)
{
    static const uint8_t successful = 0;
    der_raw(w, buf_bytes(&key->cert));
    der_wrap(w, 0x30, 0);
    der_wrap(w, 0xa0, 0);
    der_tlv(w, 0x03, sig);
    size_t mark = der_mark(w);
    der_oid(w, "1.2.840.10045.4.3.2"); /* ecdsa-with-SHA256: the key is on P-256 (keys.c) */
    der_wrap(w, 0x30, mark);
    der_raw(w, data);
    der_wrap(w, 0x30, 0);
    der_wrap(w, 0x04, 0);
    der_oid(w, "1.3.6.1.5.5.7.48.1.1"); /* id-pkix-ocsp-basic */
    der_wrap(w, 0x30, 0);
    der_wrap(w, 0xa0, 0);
    der_tlv(w, 0x0a, BYTES(&successful, 1));
    der_wrap(w, 0x30, 0);
}

static enum keyw_status respond(struct worker *w, const struct key *key, const struct keyw_ocsp *q, struct keyw_ocsp_r *r)
{
    uint8_t room[KEYW_OCSP_DER_MAX], sig[1 + SIG_MAX] = {0}; /* sig[0] = 0: no unused bits in the BIT STRING */
    size_t sig_len = 0;
    struct der d;
    struct bytes data, whole;
    der_init(&d, room, sizeof room);
    put_response_data(&d, key->ocsp, q, r);
    if (der_finish(&d, &data) != OK || worker_sign(w, key, data, sig + 1, &sig_len) != OK)
        return KEYW_INTERNAL;
    der_init(&d, r->der, sizeof r->der);
    put_response(&d, key, data, BYTES(sig, sig_len + 1));
    if (der_finish(&d, &whole) != OK)
        return KEYW_INTERNAL;
    r->len = (uint32_t)whole.len;
    memmove(r->der, whole.ptr, whole.len); /* it was written at the end of the room */
    memset(r->der + whole.len, 0, sizeof r->der - whole.len);
    return KEYW_OK;
}

enum keyw_status op_ocsp(struct worker *w, struct conn *c)
{
    const struct keyw_ocsp *q = &w->q.OCSP_q;
    struct keyw_ocsp_r *r = &w->r.OCSP_r;
    (void)c;
    if (!request_ok(q))
        return KEYW_SYNTAX;
    int64_t now = clock_now();
    const struct key *key = key_active(w->keyd, KEY_OCSP, now);
    if (!key || !may_say(key->ocsp, q))
        return KEYW_REFUSED;
    r->this_update = now;
    r->next_update = now + q->lifetime < key->not_after ? now + q->lifetime : key->not_after; /* not past its own right to speak */
    return respond(w, key, q, r);
}

/*
 * A certificate revocation list, written straight as DER, last byte first.
 * Called by antin-ca and keyd. RFC 5280 §5.
 */
#include "certs/crl.h"
#include "certs/issue.h"
#include "common/der.h"
#include "common/x509.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#define ENTRY_ROOM 112
#define FRAME_ROOM 4096
#define TIME_MIN 0
#define TIME_MAX 253402300799 /* 9999-12-31T23:59:59Z */
#define USEC 1000000

static const char *const REASONS[] = {
    "unspecified", "keyCompromise", "cACompromise",       "affiliationChanged", "superseded", "cessationOfOperation", "certificateHold",
    NULL,          "removeFromCRL", "privilegeWithdrawn", "aACompromise",
};
#define REASONS_N ((int)(sizeof REASONS / sizeof REASONS[0]))

const char *crl_reason_name(int reason)
{
    return reason >= 0 && reason < REASONS_N ? REASONS[reason] : NULL;
}

bool crl_reason_ok(int reason)
{
    return crl_reason_name(reason) != NULL;
}

int crl_reason_from(const char *name)
{
    for (int i = 0; i < REASONS_N; i++)
        if (REASONS[i] && !strcmp(REASONS[i], name))
            return i;
    return -1;
}

static bool time_ok(int64_t t)
{
    return t > TIME_MIN && t <= TIME_MAX;
}

static bool entry_ok(const struct key_crl_entry *e)
{
    static const uint8_t zero[20];
    return !(e->serial[0] & 0x80) && memcmp(e->serial, zero, sizeof zero) != 0 && crl_reason_ok(e->reason) &&
           e->reason != 8 /* delta CRLs only */ && time_ok(e->revoked_at) && (e->invalid_since == 0 || time_ok(e->invalid_since));
}

/* RFC 5280 §5.3: reasonCode (left out when unspecified, §5.3.1) and invalidityDate. */
static void put_entry(struct der *w, const struct key_crl_entry *e)
{
    size_t entry = der_mark(w);
    if (e->invalid_since) {
        size_t ext = der_mark(w);
        der_generalized_time(w, e->invalid_since * USEC, 0);
        der_extension(w, "2.5.29.24", ext);
    }
    if (e->reason) {
        size_t ext = der_mark(w);
        uint8_t r = (uint8_t)e->reason;
        der_tlv(w, 0x0a, BYTES(&r, 1));
        der_extension(w, "2.5.29.21", ext);
    }
    if (e->invalid_since || e->reason)
        der_wrap(w, 0x30, entry);
    der_utc_or_generalized(w, e->revoked_at);
    der_integer(w, BYTES(e->serial, sizeof e->serial));
    der_wrap(w, 0x30, entry);
}

/* §5.2.1 authority key identifier, §5.2.3 CRL number. */
static err_t put_extensions(struct der *w, const struct crl_spec *s)
{
    const ASN1_OCTET_STRING *ski = X509_get0_subject_key_id((X509 *)(uintptr_t)s->issuer);
    if (!ski)
        return ERR_CRYPTO;
    size_t all = der_mark(w), ext = all;
    der_uint(w, s->number);
    der_extension(w, "2.5.29.20", ext);
    ext = der_mark(w);
    der_tlv(w, 0x80, BYTES(ASN1_STRING_get0_data(ski), (size_t)ASN1_STRING_length(ski)));
    der_wrap(w, 0x30, ext);
    der_extension(w, "2.5.29.35", ext);
    der_wrap(w, 0x30, all);
    der_wrap(w, 0xa0, all);
    return OK;
}

static void put_algorithm(struct der *w, const EVP_PKEY *key)
{
    size_t mark = der_mark(w);
    der_oid(w, EVP_PKEY_get_bits(key) > 256 ? "1.2.840.10045.4.3.3" : "1.2.840.10045.4.3.2"); /* ecdsa-with-SHA384, SHA256: no parameters */
    der_wrap(w, 0x30, mark);
}

static err_t put_tbs(struct der *w, const struct crl_spec *s, const EVP_PKEY *key)
{
    const uint8_t *name = NULL;
    size_t name_len = 0;
    if (!X509_NAME_get0_der(X509_get_subject_name(s->issuer), &name, &name_len))
        return ERR_CRYPTO;
    TRY(put_extensions(w, s));
    size_t list = der_mark(w);
    for (size_t i = s->n; i-- > 0;) {
        if (!entry_ok(&s->entries[i]))
            return ERR_SYNTAX;
        put_entry(w, &s->entries[i]);
    }
    if (s->n) /* §5.1.2.6: absent rather than empty */
        der_wrap(w, 0x30, list);
    der_utc_or_generalized(w, s->next_update);
    der_utc_or_generalized(w, s->this_update);
    der_raw(w, BYTES(name, name_len));
    put_algorithm(w, key);
    der_uint(w, 1); /* v2 */
    der_wrap(w, 0x30, 0);
    return OK;
}

static void ctx_free(EVP_MD_CTX **c)
{
    EVP_MD_CTX_free(*c);
}

static err_t sign_tbs(struct bytes tbs, EVP_PKEY *key, uint8_t *sig, size_t *len)
{
    AUTO(ctx_free) EVP_MD_CTX *c = EVP_MD_CTX_new();
    if (!c || EVP_DigestSignInit(c, NULL, key_md(key), NULL, key) != 1 || EVP_DigestSign(c, sig, len, tbs.ptr, tbs.len) != 1) {
        ERR_clear_error();
        return ERR_CRYPTO;
    }
    return OK;
}

static void free_room(uint8_t **p)
{
    free(*p);
}

err_t crl_sign(const struct crl_spec *s, EVP_PKEY *key, struct buf *out)
{
    uint8_t sig[160] = {0}, tail[256];
    size_t sig_len = sizeof sig - 1, cap = FRAME_ROOM + s->n * ENTRY_ROOM;
    struct bytes tbs, end;
    struct der w, t;
    if (!time_ok(s->this_update) || !time_ok(s->next_update) || s->next_update <= s->this_update)
        return ERR_SYNTAX;
    AUTO(free_room) uint8_t *room = malloc(cap + sizeof tail);
    if (!room)
        return ERR_NOMEM;
    der_init(&w, room, cap);
    TRY(put_tbs(&w, s, key));
    TRY(der_finish(&w, &tbs));
    TRY(sign_tbs(tbs, key, sig + 1, &sig_len)); /* sig[0] = 0: no unused bits in the BIT STRING */
    der_init(&t, tail, sizeof tail);
    der_tlv(&t, 0x03, BYTES(sig, sig_len + 1));
    put_algorithm(&t, key);
    TRY(der_finish(&t, &end));
    memcpy(room + cap, end.ptr, end.len); /* algorithm and signature follow the TBSCertList, which ends at cap */
    w.end += end.len;
    der_wrap(&w, 0x30, 0);
    TRY(der_finish(&w, &tbs));
    return buf_copy(out, tbs);
}

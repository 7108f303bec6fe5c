/*
 * CMS SignedData around a signature made elsewhere: the signed attributes, and the message with certificates, CRLs and timestamp.
 * Called by keyd (what it signs) and signer/formats (CAdES, PAdES). RFC 5652, RFC 5035, RFC 5754, RFC 8419, ETSI EN 319 122-1.
 */
#include "common/cms.h"

#include "common/der.h"
#include "common/secret.h"
#include "common/x509_shared.h"
#include <stdlib.h>
#include <string.h>

#define OID_DATA "1.2.840.113549.1.7.1"
#define OID_SIGNED_DATA "1.2.840.113549.1.7.2"
#define OID_CONTENT_TYPE "1.2.840.113549.1.9.3"
#define OID_MESSAGE_DIGEST "1.2.840.113549.1.9.4"
#define OID_SIGNING_TIME "1.2.840.113549.1.9.5"
#define OID_SIGNING_CERTIFICATE_V2 "1.2.840.113549.1.9.16.2.47"
#define OID_TIMESTAMP_TOKEN "1.2.840.113549.1.9.16.2.14"
#define OID_MIME_TYPE "0.4.0.1733.2.1"

#define ATTR_ROOM 2048 /* one attribute: the largest holds an issuer's name */
#define ATTRS_MAX 5
#define FRAME_ROOM 4096 /* tags, lengths and algorithms around the caller's bytes */
#define SET_MAX 64      /* certificates or CRLs in one message */

static const struct {
    const char *oid, *rsa_oid, *ecdsa_oid;
    size_t len;
    const EVP_MD *(*md)(void);
} HASHES[] = {
    [CMS_SHA256] = {"2.16.840.1.101.3.4.2.1", "1.2.840.113549.1.1.11", "1.2.840.10045.4.3.2", 32, EVP_sha256},
    [CMS_SHA384] = {"2.16.840.1.101.3.4.2.2", "1.2.840.113549.1.1.12", "1.2.840.10045.4.3.3", 48, EVP_sha384},
    [CMS_SHA512] = {"2.16.840.1.101.3.4.2.3", "1.2.840.113549.1.1.13", "1.2.840.10045.4.3.4", 64, EVP_sha512},
    [CMS_SHA3_256] = {"2.16.840.1.101.3.4.2.8", "2.16.840.1.101.3.4.3.14", "2.16.840.1.101.3.4.3.10", 32, EVP_sha3_256},
    [CMS_SHA3_384] = {"2.16.840.1.101.3.4.2.9", "2.16.840.1.101.3.4.3.15", "2.16.840.1.101.3.4.3.11", 48, EVP_sha3_384},
    [CMS_SHA3_512] = {"2.16.840.1.101.3.4.2.10", "2.16.840.1.101.3.4.3.16", "2.16.840.1.101.3.4.3.12", 64, EVP_sha3_512},
};

size_t cms_hash_len(enum cms_hash h)
{
    return HASHES[h].len;
}

const EVP_MD *cms_hash_md(enum cms_hash h)
{
    return HASHES[h].md();
}

const char *cms_hash_oid(enum cms_hash h)
{
    return HASHES[h].oid;
}

static void encoded_free(uint8_t **p)
{
    OPENSSL_free(*p);
}

static void put_serial(struct der *w, const X509 *cert)
{
    AUTO(encoded_free) uint8_t *serial = NULL;
    int n = i2d_ASN1_INTEGER(X509_get0_serialNumber(cert), &serial);
    if (n <= 0)
        w->failed = true;
    else
        der_raw(w, BYTES(serial, (size_t)n));
}

static void put_issuer(struct der *w, const X509 *cert)
{
    AUTO(encoded_free) uint8_t *name = NULL;
    int n = i2d_X509_NAME(X509_get_issuer_name(cert), &name);
    if (n <= 0)
        w->failed = true;
    else
        der_raw(w, BYTES(name, (size_t)n));
}

/* --- the signed attributes --- */

struct attr_set {
    uint8_t room[ATTRS_MAX][ATTR_ROOM];
    struct bytes item[ATTRS_MAX];
    size_t n;
};

/* Attribute ::= SEQUENCE { type, SET OF value } around what fill writes. */
static err_t attr_add(struct attr_set *set, const char *oid, void (*fill)(struct der *, const struct cms_attrs *, const X509 *),
                      const struct cms_attrs *a, const X509 *cert)
{
    struct der w;
    der_init(&w, set->room[set->n], ATTR_ROOM);
    fill(&w, a, cert);
    der_wrap(&w, 0x31, 0);
    der_oid(&w, oid);
    der_wrap(&w, 0x30, 0);
    TRY(der_finish(&w, &set->item[set->n]));
    set->n++;
    return OK;
}

static void fill_content_type(struct der *w, const struct cms_attrs *a, const X509 *cert)
{
    (void)cert;
    der_oid(w, a->content_type != NULL ? a->content_type : OID_DATA);
}

static void fill_digest(struct der *w, const struct cms_attrs *a, const X509 *cert)
{
    (void)cert;
    der_tlv(w, 0x04, a->digest);
}

static void fill_time(struct der *w, const struct cms_attrs *a, const X509 *cert)
{
    (void)cert;
    der_utc_or_generalized(w, a->signing_time);
}

static void fill_mime_type(struct der *w, const struct cms_attrs *a, const X509 *cert)
{
    (void)cert;
    der_tlv(w, 0x0c, BYTES_STR(a->mime_type));
}

/* SigningCertificateV2 with one ESSCertIDv2; its hash algorithm is the default and so left out (RFC 5035 §4, X.690 §11.5). */
static void fill_signing_certificate(struct der *w, const struct cms_attrs *a, const X509 *cert)
{
    uint8_t hash[SHA256_LEN];
    sha256(a->cert, hash);
    put_serial(w, cert);
    size_t names = der_mark(w);
    put_issuer(w, cert);
    der_wrap(w, 0xa4, names); /* directoryName [4], explicit since Name is a CHOICE */
    der_wrap(w, 0x30, names); /* GeneralNames */
    der_wrap(w, 0x30, 0);     /* IssuerSerial */
    der_tlv(w, 0x04, BYTES(hash, sizeof hash));
    der_wrap(w, 0x30, 0); /* ESSCertIDv2 */
    der_wrap(w, 0x30, 0); /* certs */
    der_wrap(w, 0x30, 0); /* SigningCertificateV2 */
}

/* X.690 §11.6: the elements of a SET OF ascend as octet strings, the shorter padded with zeros. */
static int set_order(const void *x, const void *y)
{
    const struct bytes *a = x, *b = y;
    size_t n = a->len < b->len ? a->len : b->len;
    int c = n > 0 ? memcmp(a->ptr, b->ptr, n) : 0;
    return c != 0 ? c : (a->len > b->len) - (a->len < b->len);
}

/* Writes the sorted elements under the tag. */
static void put_set(struct der *w, uint8_t tag, struct bytes *items, size_t n)
{
    size_t mark = der_mark(w);
    qsort(items, n, sizeof *items, set_order);
    for (size_t i = n; i-- > 0;)
        der_raw(w, items[i]);
    der_wrap(w, tag, mark);
}

err_t cms_signed_attrs(const struct cms_attrs *a, struct buf *out)
{
    AUTO_X509 cert = NULL;
    if (a->digest.len != cms_hash_len(a->digest_alg))
        return ERR_SYNTAX;
    TRY(x509_shared(a->cert, &cert));

    struct attr_set set = {.n = 0};
    if (!a->countersignature)
        TRY(attr_add(&set, OID_CONTENT_TYPE, fill_content_type, a, cert));
    TRY(attr_add(&set, OID_MESSAGE_DIGEST, fill_digest, a, cert));
    TRY(attr_add(&set, OID_SIGNING_CERTIFICATE_V2, fill_signing_certificate, a, cert));
    if (a->signing_time != 0)
        TRY(attr_add(&set, OID_SIGNING_TIME, fill_time, a, cert));
    if (a->mime_type != NULL)
        TRY(attr_add(&set, OID_MIME_TYPE, fill_mime_type, a, cert));

    uint8_t room[ATTRS_MAX * ATTR_ROOM];
    struct der w;
    struct bytes der;
    der_init(&w, room, sizeof room);
    put_set(&w, 0x31, set.item, set.n);
    TRY(der_finish(&w, &der));
    return buf_copy(out, der);
}

/* --- SignedData --- */

/* RFC 5754 §2: SHA-2 identifiers carry no parameters. */
static void put_digest_alg(struct der *w, enum cms_hash h)
{
    size_t mark = der_mark(w);
    der_oid(w, HASHES[h].oid);
    der_wrap(w, 0x30, mark);
}

/* RSASSA-PSS-params (RFC 4055 §3.1): the same hash for MGF1, a salt as long as the hash, the default trailer. */
static void put_pss_params(struct der *w, enum cms_hash h)
{
    size_t params = der_mark(w);
    der_uint(w, HASHES[h].len);
    der_wrap(w, 0xa2, params);
    size_t mgf = der_mark(w);
    put_digest_alg(w, h);
    der_oid(w, "1.2.840.113549.1.1.8");
    der_wrap(w, 0x30, mgf);
    der_wrap(w, 0xa1, mgf);
    size_t hash = der_mark(w);
    put_digest_alg(w, h);
    der_wrap(w, 0xa0, hash);
    der_wrap(w, 0x30, params);
}

static err_t put_signature_alg(struct der *w, const X509 *cert, enum cms_hash h, bool pss)
{
    EVP_PKEY *key = X509_get0_pubkey(cert);
    size_t mark = der_mark(w);
    int kind = key != NULL ? EVP_PKEY_get_base_id(key) : EVP_PKEY_NONE;
    switch (kind == EVP_PKEY_RSA && pss ? EVP_PKEY_RSA_PSS : kind) {
    case EVP_PKEY_EC: der_oid(w, HASHES[h].ecdsa_oid); break;
    case EVP_PKEY_RSA:
        der_null(w); /* RFC 5754 §3.2 */
        der_oid(w, HASHES[h].rsa_oid);
        break;
    case EVP_PKEY_RSA_PSS:
        put_pss_params(w, h);
        der_oid(w, "1.2.840.113549.1.1.10");
        break;
    case EVP_PKEY_ED25519:
        if (h != CMS_SHA512)
            return ERR_UNSUPPORTED; /* RFC 8419 §3.1 */
        der_oid(w, "1.3.101.112");
        break;
    default: return ERR_UNSUPPORTED;
    }
    der_wrap(w, 0x30, mark);
    return OK;
}

static void put_timestamp(struct der *w, struct bytes token)
{
    size_t mark = der_mark(w);
    der_tlv(w, 0x31, token);
    der_oid(w, OID_TIMESTAMP_TOKEN);
    der_wrap(w, 0x30, mark);
    der_wrap(w, 0xa1, mark); /* unsignedAttrs [1] */
}

/* SignerInfo (RFC 5652 §5.3), named by issuer and serial number. */
static err_t put_signer_info(struct der *w, const struct cms_signed *s, const X509 *cert)
{
    size_t mark = der_mark(w);
    if (s->timestamp.len > 0)
        put_timestamp(w, s->timestamp);
    der_tlv(w, 0x04, s->signature);
    TRY(put_signature_alg(w, cert, s->digest_alg, s->pss));
    der_raw(w, BYTES(s->signed_attrs.ptr + 1, s->signed_attrs.len - 1));
    der_raw(w, BYTES("\xa0", 1)); /* the same SET, but tagged [0]: RFC 5652 §5.4 */
    put_digest_alg(w, s->digest_alg);
    size_t sid = der_mark(w);
    put_serial(w, cert);
    put_issuer(w, cert);
    der_wrap(w, 0x30, sid);
    der_uint(w, 1);
    der_wrap(w, 0x30, mark);
    return OK;
}

static void put_certs(struct der *w, const struct cms_signed *s)
{
    struct bytes items[SET_MAX];
    size_t n = 0;
    items[n++] = s->cert;
    for (size_t i = 0; i < s->chain_n; i++) {
        if (!bytes_eq(s->chain[i], s->cert))
            items[n++] = s->chain[i];
    }
    put_set(w, 0xa0, items, n);
}

static void put_crls(struct der *w, const struct cms_signed *s)
{
    struct bytes items[SET_MAX];
    memcpy(items, s->crls, s->crls_n * sizeof *items);
    put_set(w, 0xa1, items, s->crls_n);
}

static void put_content(struct der *w, const struct cms_signed *s)
{
    size_t mark = der_mark(w);
    if (s->content.ptr != NULL) {
        der_tlv(w, 0x04, s->content);
        der_wrap(w, 0xa0, mark);
    }
    der_oid(w, s->content_type != NULL ? s->content_type : OID_DATA);
    der_wrap(w, 0x30, mark);
}

static err_t put_signed_data(struct der *w, const struct cms_signed *s, const X509 *cert)
{
    TRY(put_signer_info(w, s, cert));
    der_wrap(w, 0x31, 0);
    if (s->crls_n > 0)
        put_crls(w, s);
    if (!s->no_certs)
        put_certs(w, s);
    put_content(w, s);
    size_t algs = der_mark(w);
    put_digest_alg(w, s->digest_alg);
    der_wrap(w, 0x31, algs);
    bool is_data = s->content_type == NULL || strcmp(s->content_type, OID_DATA) == 0;
    der_uint(w, is_data ? 1 : 3); /* RFC 5652 §5.1 */
    der_wrap(w, 0x30, 0);
    der_wrap(w, 0xa0, 0);
    der_oid(w, OID_SIGNED_DATA);
    der_wrap(w, 0x30, 0);
    return OK;
}

static size_t room_for(const struct cms_signed *s)
{
    size_t n = FRAME_ROOM + s->content.len + s->signed_attrs.len + 2 * s->cert.len + s->signature.len + s->timestamp.len;
    for (size_t i = 0; i < s->chain_n; i++)
        n += s->chain[i].len;
    for (size_t i = 0; i < s->crls_n; i++)
        n += s->crls[i].len;
    return n;
}

err_t cms_signer_info(const struct cms_signed *s, struct buf *out)
{
    AUTO_X509 cert = NULL;
    AUTO_BUF room = {0};
    if (s->signed_attrs.len < 2 || s->signed_attrs.ptr[0] != 0x31 || s->signature.len == 0)
        return ERR_SYNTAX;
    TRY(x509_shared(s->cert, &cert));
    size_t cap = FRAME_ROOM + s->signed_attrs.len + s->cert.len + s->signature.len + s->timestamp.len;
    TRY(buf_reserve(&room, cap));

    struct der w;
    struct bytes der;
    der_init(&w, room.ptr, cap);
    TRY(put_signer_info(&w, s, cert));
    TRY(der_finish(&w, &der));
    return buf_copy(out, der);
}

err_t cms_signed_data(const struct cms_signed *s, struct buf *out)
{
    AUTO_X509 cert = NULL;
    AUTO_BUF room = {0};
    if (s->signed_attrs.len < 2 || s->signed_attrs.ptr[0] != 0x31 || s->signature.len == 0)
        return ERR_SYNTAX;
    if (s->chain_n >= SET_MAX || s->crls_n >= SET_MAX)
        return ERR_TOO_LARGE;
    TRY(x509_shared(s->cert, &cert));
    size_t cap = room_for(s);
    TRY(buf_reserve(&room, cap));

    struct der w;
    struct bytes der;
    der_init(&w, room.ptr, cap);
    TRY(put_signed_data(&w, s, cert));
    TRY(der_finish(&w, &der));
    return buf_copy(out, der);
}

/*
 * An OCSP request element by element, and the responses without a body.
 * Called by endpoints/ocsp.c. RFC 6960 §4.1 (syntax), §4.4 (extensions), §2.3 (failures); X.690 §10 (DER).
 */
#include "signer/formats/ocsp_server.h"

#include "common/der.h"
#include "signer/formats/tlv.h"
#include <string.h>

enum response_status { MALFORMED_REQUEST = 1, INTERNAL_ERROR = 2, TRY_LATER = 3, UNAUTHORIZED = 6 };

/* AlgorithmIdentifier of a hash: parameters absent or NULL (RFC 5754 §2). */
static err_t read_hash(struct bytes *in, enum ocsp_hash *out)
{
    struct tlv alg, oid, null;
    TRY(tlv_expect(in, 0x30, &alg));
    TRY(tlv_expect(&alg.body, 0x06, &oid));
    TRY(tlv_optional(&alg.body, 0x05, &null));
    if (null.body.len != 0 || alg.body.len != 0)
        return ERR_SYNTAX;
    for (unsigned h = OCSP_SHA1; h < OCSP_HASH_END; h++)
        if (tlv_is_oid(oid.whole, ocsp_hash_oid(h))) {
            *out = (enum ocsp_hash)h;
            return OK;
        }
    return ERR_OCSP_HASH;
}

static err_t read_digest(struct bytes *in, enum ocsp_hash hash, uint8_t out[OCSP_HASH_MAX])
{
    struct tlv t;
    TRY(tlv_expect(in, 0x04, &t));
    if (t.body.len != ocsp_hash_len(hash))
        return ERR_SYNTAX;
    memcpy(out, t.body.ptr, t.body.len);
    return OK;
}

/* CertificateSerialNumber: positive, at most 20 octets (RFC 5280 §4.1.2.2), in its shortest form. */
static err_t read_serial(struct bytes *in, struct ocsp_cert_id *id)
{
    struct tlv t;
    TRY(tlv_expect(in, 0x02, &t));
    struct bytes v = t.body;
    if (v.len == 0 || (v.ptr[0] & 0x80) != 0 || (v.len > 1 && v.ptr[0] == 0 && (v.ptr[1] & 0x80) == 0))
        return ERR_SYNTAX;
    if (v.len > 1 && v.ptr[0] == 0)
        v = BYTES(v.ptr + 1, v.len - 1);
    if (v.len > sizeof id->serial)
        return ERR_SYNTAX;
    memcpy(id->serial, v.ptr, v.len);
    id->serial_len = v.len;
    return OK;
}

static err_t read_cert_id(struct bytes *in, struct ocsp_cert_id *id)
{
    struct tlv t;
    TRY(tlv_expect(in, 0x30, &t));
    TRY(read_hash(&t.body, &id->hash));
    TRY(read_digest(&t.body, id->hash, id->issuer_name));
    TRY(read_digest(&t.body, id->hash, id->issuer_key));
    TRY(read_serial(&t.body, id));
    return t.body.len == 0 ? OK : ERR_SYNTAX;
}

/* --- extensions --- */

/* RFC 9654 §2.1: an OCTET STRING of 1 to 128 octets. */
static err_t read_nonce(struct bytes value, struct ocsp_query *q)
{
    struct tlv t;
    TRY(tlv_expect(&value, 0x04, &t));
    if (value.len != 0 || t.body.len == 0 || t.body.len > sizeof q->nonce || q->nonce_len != 0)
        return ERR_SYNTAX;
    memcpy(q->nonce, t.body.ptr, t.body.len);
    q->nonce_len = t.body.len;
    return OK;
}

/* One Extension. The nonce counts for the whole request alone; what we do not know may be passed over unless it is critical (§4.4). */
static err_t read_extension(struct bytes *in, struct ocsp_query *q, bool whole)
{
    struct tlv ext, oid, critical, value;
    TRY(tlv_expect(in, 0x30, &ext));
    TRY(tlv_expect(&ext.body, 0x06, &oid));
    TRY(tlv_optional(&ext.body, 0x01, &critical));
    TRY(tlv_expect(&ext.body, 0x04, &value));
    bool is_critical = critical.body.len == 1 && critical.body.ptr[0] == 0xff;
    if (ext.body.len != 0 || (critical.whole.len != 0 && critical.body.len != 1))
        return ERR_SYNTAX;
    if (whole && tlv_is_oid(oid.whole, "1.3.6.1.5.5.7.48.1.2"))
        return read_nonce(value.body, q);
    return is_critical ? ERR_SYNTAX : OK;
}

/* [tag] EXPLICIT Extensions OPTIONAL */
static err_t read_extensions(struct bytes *in, uint8_t tag, struct ocsp_query *q, bool whole)
{
    struct tlv outer, list;
    TRY(tlv_optional(in, tag, &outer));
    if (outer.whole.len == 0)
        return OK;
    TRY(tlv_expect(&outer.body, 0x30, &list));
    if (outer.body.len != 0)
        return ERR_SYNTAX;
    while (list.body.len > 0)
        TRY(read_extension(&list.body, q, whole));
    return OK;
}

/* --- the request --- */

static err_t read_one(struct bytes *in, struct ocsp_query *q)
{
    struct tlv t;
    if (q->n == OCSP_IDS_MAX)
        return ERR_SYNTAX;
    TRY(tlv_expect(in, 0x30, &t));
    TRY(read_cert_id(&t.body, &q->id[q->n++]));
    TRY(read_extensions(&t.body, 0xa0, q, false));
    return t.body.len == 0 ? OK : ERR_SYNTAX;
}

/* v1 is the default and should not be written (X.690 §11.5); there are clients that do. */
static err_t read_version(struct bytes *in)
{
    struct tlv t, number;
    unsigned v = 0;
    TRY(tlv_optional(in, 0xa0, &t));
    if (t.whole.len == 0)
        return OK;
    TRY(tlv_expect(&t.body, 0x02, &number));
    TRY(tlv_small_integer(&number, &v));
    return v == 0 && t.body.len == 0 ? OK : ERR_SYNTAX;
}

static err_t read_tbs(struct bytes in, struct ocsp_query *q)
{
    struct tlv name, list;
    TRY(read_version(&in));
    TRY(tlv_optional(&in, 0xa1, &name)); /* who asks is nobody's business */
    TRY(tlv_expect(&in, 0x30, &list));
    while (list.body.len > 0)
        TRY(read_one(&list.body, q));
    TRY(read_extensions(&in, 0xa2, q, true));
    return in.len == 0 && q->n > 0 ? OK : ERR_SYNTAX;
}

static err_t read_request(struct bytes in, struct ocsp_query *q)
{
    struct tlv all, tbs, signature;
    TRY(tlv_expect(&in, 0x30, &all));
    TRY(tlv_expect(&all.body, 0x30, &tbs));
    TRY(tlv_optional(&all.body, 0xa0, &signature));
    return in.len == 0 && all.body.len == 0 ? read_tbs(tbs.body, q) : ERR_SYNTAX;
}

err_t ocsp_query_parse(struct bytes der, struct ocsp_query *out)
{
    struct ocsp_query q = {0};
    if (der.len > OCSP_QUERY_MAX)
        return ERR_OCSP_REQUEST;
    err_t e = read_request(der, &q);
    if (e != OK)
        return e == ERR_OCSP_HASH ? e : ERR_OCSP_REQUEST;
    *out = q;
    return OK;
}

/* --- no answer --- */

static enum response_status status_of(err_t e)
{
    int http = err_info(e)->status;
    if (e == ERR_OCSP_HASH)
        return UNAUTHORIZED;
    return http == 503 || http == 429 ? TRY_LATER : http >= 500 ? INTERNAL_ERROR : MALFORMED_REQUEST;
}

err_t ocsp_reply_failure(err_t e, struct buf *out)
{
    const uint8_t der[] = {0x30, 3, 0x0a, 1, (uint8_t)status_of(e)};
    return buf_copy(out, BYTES(der, sizeof der));
}

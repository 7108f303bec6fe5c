/*
 * Time-Stamp Protocol messages: the query field by field, each fault under its own PKIFailureInfo; the replies.
 * Called by the /tsa endpoint. RFC 3161 §2.4, RFC 5816; X.690 §10 (DER).
 */
#include "signer/formats/tsp.h"

#include "common/der.h"
#include "signer/formats/tlv.h"
#include <openssl/ts.h>
#include <string.h>

enum pki_failure {
    BAD_ALG = 0,
    BAD_REQUEST = 2,
    BAD_DATA_FORMAT = 5,
    TIME_NOT_AVAILABLE = 14,
    UNACCEPTED_POLICY = 15,
    UNACCEPTED_EXTENSION = 16,
    SYSTEM_FAILURE = 25
};
enum pki_status { GRANTED = 0, REJECTION = 2 };

static void ts_req_free(TS_REQ **r)
{
    TS_REQ_free(*r);
}

static void encoded_free(uint8_t **p)
{
    OPENSSL_free(*p);
}

/* OpenSSL takes any octet for TRUE and writes it again; in DER it is FF (X.690 §11.1). */
static err_t check_booleans(struct bytes der)
{
    struct tlv query, field;
    TRY(tlv_expect(&der, 0x30, &query));
    while (query.body.len > 0) {
        TRY(tlv_next(&query.body, &field));
        if (field.tag == 0x01 && !bytes_eq(field.body, BYTES("\xff", 1)))
            return ERR_SYNTAX;
    }
    return OK;
}

/* d2i takes BER and ignores what follows; only the bytes that it would write itself are DER. */
static err_t req_decode(struct bytes der, TS_REQ **out)
{
    if (der.len == 0 || der.len > TSP_QUERY_MAX)
        return ERR_TSP_FORMAT;
    const uint8_t *p = der.ptr;
    if ((*out = d2i_TS_REQ(NULL, &p, (long)der.len)) == NULL)
        return ERR_TSP_FORMAT;
    AUTO(encoded_free) uint8_t *again = NULL;
    int n = i2d_TS_REQ(*out, &again);
    bool is_der = n > 0 && bytes_eq(BYTES(again, (size_t)n), der) && check_booleans(der) == OK;
    return is_der ? OK : ERR_TSP_FORMAT;
}

static err_t read_version(const TS_REQ *req)
{
    return TS_REQ_get_version(req) == 1 ? OK : ERR_TSP_REQUEST;
}

static err_t read_imprint(TS_REQ *req, struct tsp_query *out)
{
    TS_MSG_IMPRINT *imprint = TS_REQ_get_msg_imprint(req);
    const ASN1_OBJECT *oid;
    int param_type;
    X509_ALGOR_get0(&oid, &param_type, NULL, TS_MSG_IMPRINT_get_algo(imprint));
    switch (OBJ_obj2nid(oid)) {
    case NID_sha256: out->alg = CMS_SHA256; break;
    case NID_sha384: out->alg = CMS_SHA384; break;
    case NID_sha512: out->alg = CMS_SHA512; break;
    default: return ERR_TSP_ALG;
    }
    if (param_type != V_ASN1_UNDEF && param_type != V_ASN1_NULL) /* RFC 5754 §2: absent, or NULL from older clients */
        return ERR_TSP_ALG;
    const ASN1_OCTET_STRING *digest = TS_MSG_IMPRINT_get_msg(imprint);
    size_t len = (size_t)ASN1_STRING_length(digest);
    if (len != cms_hash_len(out->alg)) /* RFC 3161 §2.4.2: badDataFormat is the nearest */
        return ERR_TSP_FORMAT;
    memcpy(out->imprint, ASN1_STRING_get0_data(digest), len);
    return OK;
}

static err_t read_policy(TS_REQ *req, struct tsp_query *out)
{
    const ASN1_OBJECT *policy = TS_REQ_get_policy_id(req);
    if (policy == NULL)
        return OK;
    int n = OBJ_obj2txt(out->policy, (int)sizeof out->policy, policy, 1);
    return n > 0 && (size_t)n < sizeof out->policy ? OK : ERR_TSP_REQUEST;
}

static err_t read_nonce(const TS_REQ *req, struct tsp_query *out)
{
    const ASN1_INTEGER *nonce = TS_REQ_get_nonce(req);
    if (nonce == NULL)
        return OK;
    size_t len = (size_t)ASN1_STRING_length(nonce);
    if (ASN1_STRING_type(nonce) == V_ASN1_NEG_INTEGER || len == 0 || len > sizeof out->nonce)
        return ERR_TSP_REQUEST;
    memcpy(out->nonce, ASN1_STRING_get0_data(nonce), len);
    out->nonce_len = len;
    return OK;
}

err_t tsp_query_parse(struct bytes der, struct tsp_query *out)
{
    AUTO(ts_req_free) TS_REQ *req = NULL;
    struct tsp_query q = {0};
    TRY(req_decode(der, &req));
    TRY(read_version(req));
    TRY(read_imprint(req, &q));
    TRY(read_policy(req, &q));
    TRY(read_nonce(req, &q));
    q.cert_req = TS_REQ_get_cert_req(req) != 0;
    if (TS_REQ_get_ext_count(req) > 0) /* none is understood, critical or not: RFC 3161 §2.4.1 */
        return ERR_TSP_EXTENSION;
    *out = q;
    return OK;
}

err_t tsp_reply(struct bytes token, struct buf *out)
{
    AUTO_BUF room = {0};
    size_t cap = token.len + 32;
    TRY(buf_reserve(&room, cap));
    struct der w;
    struct bytes der;
    der_init(&w, room.ptr, cap);
    der_raw(&w, token);
    size_t status = der_mark(&w);
    der_uint(&w, GRANTED);
    der_wrap(&w, 0x30, status);
    der_wrap(&w, 0x30, 0);
    TRY(der_finish(&w, &der));
    return buf_copy(out, der);
}

static enum pki_failure failure_of(err_t e)
{
    switch (e) {
    case ERR_TSP_FORMAT: return BAD_DATA_FORMAT;
    case ERR_TSP_REQUEST: return BAD_REQUEST;
    case ERR_TSP_ALG: return BAD_ALG;
    case ERR_TSP_POLICY: return UNACCEPTED_POLICY;
    case ERR_TSP_EXTENSION: return UNACCEPTED_EXTENSION;
    case ERR_TSP_TIME: return TIME_NOT_AVAILABLE;
    default: return SYSTEM_FAILURE;
    }
}

err_t tsp_reply_failure(err_t e, struct buf *out)
{
    unsigned bit = (unsigned)failure_of(e);
    uint8_t bits[5] = {(uint8_t)(7 - bit % 8)}; /* a named bit list ends with its last set bit: X.690 §11.2.2 */
    bits[1 + bit / 8] = (uint8_t)(0x80 >> (bit % 8));

    uint8_t room[32];
    struct der w;
    struct bytes der;
    der_init(&w, room, sizeof room);
    der_tlv(&w, 0x03, BYTES(bits, 2 + bit / 8));
    der_uint(&w, REJECTION);
    der_wrap(&w, 0x30, 0);
    der_wrap(&w, 0x30, 0);
    TRY(der_finish(&w, &der));
    return buf_copy(out, der);
}

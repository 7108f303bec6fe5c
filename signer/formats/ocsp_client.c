/*
 * OCSP from the asking side: the request, and a response's signature, authority and meaning.
 * Called by validation_collect.c and signer/verify/revocation_ocsp.c. RFC 6960 §4, §4.2.2.2; RFC 5019 §2.
 */
#include "signer/formats/ocsp_client.h"

#include <openssl/ocsp.h>
#include <openssl/x509v3.h>
#include <string.h>

static void request_free(OCSP_REQUEST **r)
{
    OCSP_REQUEST_free(*r);
}

static void response_free(OCSP_RESPONSE **r)
{
    OCSP_RESPONSE_free(*r);
}

static void basic_free(OCSP_BASICRESP **b)
{
    OCSP_BASICRESP_free(*b);
}

static void cert_id_free(OCSP_CERTID **c)
{
    OCSP_CERTID_free(*c);
}

err_t ocsp_request(X509 *cert, X509 *issuer, struct buf *out)
{
    AUTO(request_free) OCSP_REQUEST *q = OCSP_REQUEST_new();
    /* RFC 5019 §2.1.1: SHA-1, the one that every responder takes. It names, it protects nothing. */
    OCSP_CERTID *id = OCSP_cert_to_id(EVP_sha1(), cert, issuer);
    if (q == NULL || id == NULL || OCSP_request_add0_id(q, id) == NULL) {
        OCSP_CERTID_free(id);
        return ERR_NOMEM;
    }
    int n = i2d_OCSP_REQUEST(q, NULL);
    if (n <= 0)
        return ERR_CRYPTO;
    TRY(buf_reserve(out, (size_t)n));
    uint8_t *p = out->ptr + out->len;
    out->len += (size_t)i2d_OCSP_REQUEST(q, &p);
    return OK;
}

/* --- whose word it is --- */

static bool signed_with(OCSP_BASICRESP *b, X509 *by, struct algorithm_end *end)
{
    EVP_PKEY *key = X509_get0_pubkey(by);
    const X509_ALGOR *alg = OCSP_resp_get0_tbs_sigalg(b);
    const ASN1_OCTET_STRING *value = OCSP_resp_get0_signature(b);
    const ASN1_OBJECT *oid;
    char name[ALGORITHM_NAME_CAP];
    if (key == NULL || alg == NULL || value == NULL)
        return false;
    X509_ALGOR_get0(&oid, NULL, NULL, alg);
    if (algorithm_x509(OBJ_obj2nid(oid), alg, name, end) != OK || algorithm_key(key, name, end) != OK)
        return false;
    return ASN1_item_verify(ASN1_ITEM_rptr(OCSP_RESPDATA), alg, (ASN1_BIT_STRING *)value, (void *)OCSP_resp_get0_respdata(b), key) == 1;
}

/* §4.2.2.2: issued directly by the CA that is asked about, for this purpose. */
static bool delegated(X509 *responder, X509 *issuer, struct algorithm_end *end)
{
    char name[ALGORITHM_NAME_CAP];
    const X509_ALGOR *alg;
    uint32_t purpose = X509_get_extended_key_usage(responder);
    if (purpose == UINT32_MAX || (purpose & XKU_OCSP_SIGN) == 0 || (X509_get_key_usage(responder) & KU_DIGITAL_SIGNATURE) == 0)
        return false;
    X509_get0_signature(NULL, &alg, responder);
    if (algorithm_x509(X509_get_signature_nid(responder), alg, name, end) != OK)
        return false;
    return X509_check_issued(issuer, responder) == X509_V_OK && X509_verify(responder, X509_get0_pubkey(issuer)) == 1;
}

static err_t check_authority(OCSP_BASICRESP *b, X509 *issuer, struct ocsp_answer *out)
{
    if (signed_with(b, issuer, &out->end))
        return OK;
    const STACK_OF(X509) *certs = OCSP_resp_get0_certs(b);
    for (int i = 0; i < sk_X509_num(certs) && i < 8; i++) {
        X509 *c = sk_X509_value(certs, i);
        out->end = (struct algorithm_end){0};
        if (!delegated(c, issuer, &out->end) || !signed_with(b, c, &out->end))
            continue;
        X509_up_ref(c);
        out->responder = c;
        out->no_check = X509_get_ext_by_NID(c, NID_id_pkix_OCSP_noCheck, -1) >= 0;
        return OK;
    }
    return ERR_BAD_SIGNATURE;
}

/* --- what it says --- */

/* The digest that the responder named the certificate with is its choice: each answer is compared by its own. */
static OCSP_SINGLERESP *find(OCSP_BASICRESP *b, X509 *cert, X509 *issuer)
{
    for (int i = 0; i < OCSP_resp_count(b); i++) {
        OCSP_SINGLERESP *s = OCSP_resp_get0(b, i);
        const OCSP_CERTID *id = OCSP_SINGLERESP_get0_id(s);
        ASN1_OBJECT *alg = NULL;
        if (OCSP_id_get0_info(NULL, &alg, NULL, NULL, (OCSP_CERTID *)id) != 1)
            continue;
        const EVP_MD *md = EVP_get_digestbyobj(alg);
        AUTO(cert_id_free) OCSP_CERTID *want = md != NULL ? OCSP_cert_to_id(md, cert, issuer) : NULL;
        if (want != NULL && OCSP_id_cmp(want, id) == 0)
            return s;
    }
    return NULL;
}

static err_t read_times(OCSP_SINGLERESP *s, OCSP_BASICRESP *b, struct ocsp_answer *out)
{
    ASN1_GENERALIZEDTIME *revoked = NULL, *from = NULL, *to = NULL;
    switch (OCSP_single_get0_status(s, &out->reason, &revoked, &from, &to)) {
    case V_OCSP_CERTSTATUS_GOOD: out->status = OCSP_GOOD; break;
    case V_OCSP_CERTSTATUS_REVOKED: out->status = OCSP_REVOKED; break;
    default: out->status = OCSP_UNKNOWN;
    }
    TRY(x509_time(from, &out->this_update));
    TRY(x509_time(OCSP_resp_get0_produced_at(b), &out->produced_at));
    if (to != NULL)
        TRY(x509_time(to, &out->next_update));
    if (out->status != OCSP_REVOKED)
        return OK;
    TRY(x509_time(revoked, &out->revoked_at));
    int64_t since;
    ASN1_GENERALIZEDTIME *invalid = OCSP_SINGLERESP_get1_ext_d2i(s, NID_invalidity_date, NULL, NULL);
    if (invalid != NULL && x509_time(invalid, &since) == OK && since < out->revoked_at)
        out->revoked_at = since;
    ASN1_GENERALIZEDTIME_free(invalid);
    return OK;
}

err_t ocsp_read(struct bytes response, X509 *cert, X509 *issuer, struct ocsp_answer *out)
{
    const uint8_t *p = response.ptr;
    *out = (struct ocsp_answer){.reason = -1};
    if (response.len == 0 || response.len > OCSP_RESPONSE_MAX)
        return ERR_SYNTAX;
    AUTO(response_free) OCSP_RESPONSE *r = d2i_OCSP_RESPONSE(NULL, &p, (long)response.len);
    if (r == NULL || p != response.ptr + response.len || OCSP_response_status(r) != OCSP_RESPONSE_STATUS_SUCCESSFUL)
        return ERR_SYNTAX;
    AUTO(basic_free) OCSP_BASICRESP *b = OCSP_response_get1_basic(r);
    if (b == NULL)
        return ERR_SYNTAX;
    OCSP_SINGLERESP *s = find(b, cert, issuer);
    if (s == NULL)
        return ERR_NOT_FOUND;
    TRY(check_authority(b, issuer, out));
    err_t e = read_times(s, b, out);
    if (e != OK)
        ocsp_answer_free(out);
    return e;
}

void ocsp_answer_free(struct ocsp_answer *a)
{
    X509_free(a->responder);
    a->responder = NULL;
}

/*
 * Reads timestamp tokens.
 * Called by cades_*.c, pades and the time-stamping client. RFC 3161 §2.4.2.
 */
#include "signer/formats/tsp_token.h"

#include "signer/formats/tlv.h"
#include <openssl/ts.h>
#include <string.h>

static void info_free(TS_TST_INFO **t)
{
    TS_TST_INFO_free(*t);
}

static err_t read_nonce(const TS_TST_INFO *info, struct tsp_token *out)
{
    const ASN1_INTEGER *n = TS_TST_INFO_get_nonce((TS_TST_INFO *)info);
    if (n == NULL)
        return OK;
    const uint8_t *p = ASN1_STRING_get0_data(n);
    size_t len = (size_t)ASN1_STRING_length(n);
    for (; len > 1 && *p == 0; len--)
        p++;
    if (len > sizeof out->nonce || ASN1_STRING_type(n) == V_ASN1_NEG_INTEGER)
        return ERR_STAMP;
    memcpy(out->nonce, p, len);
    out->nonce_len = len;
    return OK;
}

static err_t read_info(struct bytes der, struct tsp_token *out)
{
    const uint8_t *p = der.ptr;
    AUTO(info_free) TS_TST_INFO *info = d2i_TS_TST_INFO(NULL, &p, (long)der.len);
    if (info == NULL || p != der.ptr + der.len || TS_TST_INFO_get_version(info) != 1 ||
        x509_time(TS_TST_INFO_get_time(info), &out->time) != OK)
        return ERR_STAMP;
    TS_MSG_IMPRINT *imprint = TS_TST_INFO_get_msg_imprint(info);
    const ASN1_OBJECT *alg;
    X509_ALGOR_get0(&alg, NULL, NULL, TS_MSG_IMPRINT_get_algo(imprint));
    const ASN1_OCTET_STRING *digest = TS_MSG_IMPRINT_get_msg(imprint);
    out->md = EVP_get_digestbyobj(alg);
    if (out->md == NULL || ASN1_STRING_length(digest) != EVP_MD_get_size(out->md))
        return ERR_STAMP;
    memcpy(out->imprint, ASN1_STRING_get0_data(digest), (size_t)ASN1_STRING_length(digest));
    OBJ_obj2txt(out->policy, sizeof out->policy, TS_TST_INFO_get_policy_id(info), 1);
    return read_nonce(info, out);
}

err_t tsp_token_read(struct bytes der, struct tsp_token *out)
{
    *out = (struct tsp_token){0};
    err_t e = signed_data_parse(der, &out->sd);
    if (e == OK && (out->sd.signer_n != 1 || out->sd.content.ptr == NULL || !tlv_is_oid(out->sd.content_type, OID_TST_INFO)))
        e = ERR_STAMP;
    if (e == OK)
        e = read_info(out->sd.content, out);
    if (e != OK) {
        tsp_token_free(out);
        return e == ERR_NOMEM ? e : ERR_STAMP;
    }
    out->cert = signer_certificate(&out->sd.signer[0], out->sd.certs);
    return OK;
}

/* Down to the TSTInfo: ContentInfo, SignedData, EncapsulatedContentInfo (RFC 5652 §3, §5.1, §5.2). ERR_SYNTAX: not in DER. */
static err_t find_info(struct bytes in, struct bytes *info)
{
    struct tlv t, content, encap;
    TRY(tlv_expect(&in, 0x30, &t));
    TRY(tlv_expect(&t.body, 0x06, &content));
    if (in.len != 0 || !tlv_is_oid(content.whole, OID_SIGNED_DATA))
        return ERR_SYNTAX;
    TRY(tlv_expect(&t.body, 0xa0, &content));
    TRY(tlv_expect(&content.body, 0x30, &t));
    TRY(tlv_expect(&t.body, 0x02, &content));
    TRY(tlv_expect(&t.body, 0x31, &content));
    TRY(tlv_expect(&t.body, 0x30, &encap));
    TRY(tlv_expect(&encap.body, 0x06, &t));
    TRY(tlv_expect(&encap.body, 0xa0, &content));
    if (encap.body.len != 0 || !tlv_is_oid(t.whole, OID_TST_INFO))
        return ERR_SYNTAX;
    TRY(tlv_expect(&content.body, 0x04, &t));
    *info = t.body;
    return content.body.len == 0 ? OK : ERR_SYNTAX;
}

err_t tsp_token_read_info(struct bytes der, struct tsp_token *out)
{
    struct bytes info;
    if (find_info(der, &info) != OK)
        return tsp_token_read(der, out);
    *out = (struct tsp_token){0};
    return read_info(info, out) == OK ? OK : ERR_STAMP;
}

void tsp_token_free(struct tsp_token *t)
{
    signed_data_free(&t->sd);
    *t = (struct tsp_token){0};
}

err_t tsp_token_is_of(const struct tsp_token *t, enum cms_hash alg, struct bytes digest)
{
    bool same = EVP_MD_get_type(t->md) == EVP_MD_get_type(cms_hash_md(alg)) && bytes_eq(digest, BYTES(t->imprint, cms_hash_len(alg)));
    return same ? OK : ERR_STAMP;
}

err_t tsp_token_covers(const struct tsp_token *t, const struct covered *data)
{
    uint8_t want[EVP_MAX_MD_SIZE];
    size_t n;
    TRY(covered_digest(data, t->md, want, &n));
    return bytes_eq(BYTES(want, n), BYTES(t->imprint, (size_t)EVP_MD_get_size(t->md))) ? OK : ERR_STAMP;
}

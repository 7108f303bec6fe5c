/*
 * CAdES baseline signatures: checks the parts against each other, then lays the CMS.
 * Called by signerd. ETSI EN 319 122-1 §5.3, §6; RFC 3161.
 */
#include "signer/formats/cades.h"

#include "common/secret.h"
#include <openssl/ts.h>
#include <string.h>

#define SIGNER_INFO_ROOM 2048        /* signer's name, attributes, algorithms, tags and lengths */
#define TIMESTAMP_ROOM_DEFAULT 12288 /* a token with its chain, also an RSA one of another service */

void cades_signature_digest(struct bytes signature, uint8_t digest[32])
{
    sha256(signature, digest);
}

static void pkcs7_free(PKCS7 **p)
{
    PKCS7_free(*p);
}

static void tst_info_free(TS_TST_INFO **t)
{
    TS_TST_INFO_free(*t);
}

/* A token over another signature would only be found out by the verifier, when the key has been used. */
static err_t timestamp_covers(struct bytes token, struct bytes signature)
{
    const uint8_t *p = token.ptr;
    AUTO(pkcs7_free) PKCS7 *p7 = d2i_PKCS7(NULL, &p, (long)token.len);
    if (p7 == NULL || p != token.ptr + token.len || !PKCS7_type_is_signed(p7))
        return ERR_CRYPTO;
    AUTO(tst_info_free) TS_TST_INFO *info = PKCS7_to_TS_TST_INFO(p7);
    if (info == NULL)
        return ERR_CRYPTO;

    TS_MSG_IMPRINT *imprint = TS_TST_INFO_get_msg_imprint(info);
    const ASN1_OBJECT *alg;
    X509_ALGOR_get0(&alg, NULL, NULL, TS_MSG_IMPRINT_get_algo(imprint));
    const EVP_MD *md = EVP_get_digestbyobj(alg);
    const ASN1_OCTET_STRING *have = TS_MSG_IMPRINT_get_msg(imprint);
    uint8_t want[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    if (md == NULL || EVP_Digest(signature.ptr, signature.len, want, &n, md, NULL) != 1)
        return ERR_CRYPTO;
    bool same = bytes_eq(BYTES(want, n), BYTES(ASN1_STRING_get0_data(have), (size_t)ASN1_STRING_length(have)));
    return same ? OK : ERR_CRYPTO;
}

err_t cades_detached(const struct cms_signed *s, struct buf *out)
{
    if (s->content.ptr != NULL || s->no_certs)
        return ERR_SYNTAX;
    if (s->timestamp.len > 0)
        TRY(timestamp_covers(s->timestamp, s->signature));
    return cms_signed_data(s, out);
}

size_t cades_room(struct bytes cert, const struct bytes *chain, size_t chain_n, const struct bytes *crls, size_t crls_n,
                  size_t timestamp_len)
{
    size_t n = SIGNER_INFO_ROOM + cert.len + (timestamp_len > 0 ? timestamp_len : TIMESTAMP_ROOM_DEFAULT);
    for (size_t i = 0; i < chain_n; i++)
        n += chain[i].len;
    for (size_t i = 0; i < crls_n; i++)
        n += crls[i].len;
    return n;
}

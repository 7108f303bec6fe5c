/*
 * Digests and signature values of XML signatures, and what their timestamps cover.
 * Called by signer/verify, asic and xades_raise.c. XML Signature 1.1 §3.2; ETSI EN 319 132-1 §5.3, §5.5.2.
 */
#include "signer/formats/algorithm.h"
#include "signer/formats/raw_value.h"
#include "signer/formats/xades_impl.h"
#include <string.h>

static void md_free(EVP_MD_CTX **c)
{
    EVP_MD_CTX_free(*c);
}
#define AUTO_MD AUTO(md_free) EVP_MD_CTX *

static err_t update(EVP_MD_CTX *ctx, const struct buf *v)
{
    return EVP_DigestUpdate(ctx, v->ptr, v->len) == 1 ? OK : ERR_CRYPTO;
}

/* The octets of a reference, wherever they are. */
static err_t feed(const struct xades_ref *r, enum xml_c14n otherwise, const struct xades_files *files, EVP_MD_CTX *ctx)
{
    AUTO_BUF octets = {0};
    if (r->kind == XADES_FILE)
        return files != NULL ? files->feed(files->arg, r->name, ctx) : ERR_NOT_FOUND;
    TRY(xades_ref_octets(r, otherwise, &octets));
    return update(ctx, &octets);
}

err_t xades_check_ref(const struct xades_ref *r, const struct xades_files *files)
{
    AUTO_MD ctx = EVP_MD_CTX_new();
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    if (ctx == NULL || EVP_DigestInit_ex(ctx, cms_hash_md(r->alg), NULL) != 1)
        return ERR_CRYPTO;
    TRY(feed(r, C14N_INCLUSIVE_10, files, ctx));
    if (EVP_DigestFinal_ex(ctx, digest, &n) != 1)
        return ERR_CRYPTO;
    return bytes_eq(BYTES(digest, n), buf_bytes(&r->digest)) ? OK : ERR_BAD_SIGNATURE;
}

err_t xades_ref_content(const struct xades_ref *r, struct buf *out)
{
    out->len = 0;
    return r->kind == XADES_FILE ? ERR_NOT_FOUND : xades_ref_octets(r, C14N_INCLUSIVE_10, out);
}

bool xades_names_cert(const struct xades_signature *s, struct bytes cert)
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned n;
    return EVP_Digest(cert.ptr, cert.len, digest, &n, cms_hash_md(s->cert_alg), NULL) == 1 &&
           bytes_eq(BYTES(digest, n), buf_bytes(&s->cert_digest));
}

static bool find_named(const struct xades_signature *s, const struct buf *set, size_t n, struct bytes *cert)
{
    for (size_t i = 0; i < n; i++) {
        *cert = buf_bytes(&set[i]);
        if (xades_names_cert(s, *cert))
            return true;
    }
    return false;
}

err_t xades_signer(const struct xades_signature *s, struct bytes *cert)
{
    return find_named(s, s->cert, s->cert_n, cert) || find_named(s, s->values.cert, s->values.cert_n, cert) ? OK : ERR_NOT_FOUND;
}

err_t xades_check_value(const struct xades_signature *s, X509 *cert)
{
    AUTO_BUF info = {0};
    AUTO_BUF der = {0};
    EVP_PKEY *key = X509_get0_pubkey(cert);
    struct bytes value;
    if (key == NULL)
        return ERR_ALGORITHM;
    TRY(xml_canonical(s->signed_info, NULL, (enum xml_c14n)s->c14n, s->prefixes, &info));
    TRY(raw_value_der(s->scheme, key, buf_bytes(&s->value), &der, &value));
    return algorithm_verify_scheme(key, s->scheme, s->hash, buf_bytes(&info), value);
}

/* --- timestamps --- */

err_t xades_stamp_input(const struct xades_signature *s, size_t k, struct buf *out)
{
    out->len = 0;
    int c14n = k < s->stamp_n ? s->stamp[k].c14n : C14N_EXCLUSIVE;
    return xml_canonical(s->signature_value, NULL, (enum xml_c14n)c14n, NULL, out);
}

bool xades_is_last_property(const struct xades_signature *s, size_t k)
{
    return xml_next(s->stamp[k].node) == NULL;
}

static err_t feed_canonical(const xmlNode *n, enum xml_c14n c14n, EVP_MD_CTX *ctx)
{
    AUTO_BUF octets = {0};
    if (n == NULL)
        return OK;
    TRY(xml_canonical(n, NULL, c14n, NULL, &octets));
    return update(ctx, &octets);
}

/* Every Object but that of the properties, also one that a reference has brought in already: EU DSS and XAdES4j read the text so. */
static err_t feed_objects(const struct xades_signature *s, enum xml_c14n c14n, EVP_MD_CTX *ctx)
{
    for (const xmlNode *at = xml_first(s->node); at != NULL; at = xml_next(at))
        if (xml_is(at, NS_DS, "Object") && at != s->qualifying->parent)
            TRY(feed_canonical(at, c14n, ctx));
    return OK;
}

/* §5.5.2.2: what the references yield; SignedInfo, SignatureValue, KeyInfo; the unsigned properties before this one; the Objects. */
static err_t feed_archive(const struct xades_signature *s, size_t k, const struct xades_files *files, EVP_MD_CTX *ctx)
{
    const xmlNode *own = k < s->stamp_n ? s->stamp[k].node : NULL;
    enum xml_c14n c14n = k < s->stamp_n ? (enum xml_c14n)s->stamp[k].c14n : C14N_EXCLUSIVE;
    for (size_t i = 0; i < s->ref_n; i++)
        TRY(feed(&s->ref[i], c14n, files, ctx));
    TRY(feed_canonical(s->signed_info, c14n, ctx));
    TRY(feed_canonical(s->signature_value, c14n, ctx));
    TRY(feed_canonical(s->key_info, c14n, ctx));
    const xmlNode *at = s->unsigned_properties != NULL ? xml_first(s->unsigned_properties) : NULL;
    for (; at != NULL && at != own; at = xml_next(at))
        TRY(feed_canonical(at, c14n, ctx));
    return feed_objects(s, c14n, ctx);
}

err_t xades_stamp_digest(const struct xades_signature *s, size_t k, enum cms_hash alg, const struct xades_files *files,
                         uint8_t digest[EVP_MAX_MD_SIZE], size_t *len)
{
    AUTO_MD ctx = EVP_MD_CTX_new();
    unsigned n = 0;
    if (ctx == NULL || EVP_DigestInit_ex(ctx, cms_hash_md(alg), NULL) != 1)
        return ERR_CRYPTO;
    if (k < s->stamp_n && s->stamp[k].kind == XADES_SIGNATURE_STAMP)
        TRY(feed_canonical(s->signature_value, (enum xml_c14n)s->stamp[k].c14n, ctx));
    else
        TRY(feed_archive(s, k, files, ctx));
    if (EVP_DigestFinal_ex(ctx, digest, &n) != 1)
        return ERR_CRYPTO;
    *len = n;
    return OK;
}

/*
 * Makes CAdES signatures with a key at hand: a first signer, further ones beside it, counter-signatures over it.
 * Called by antin-sign and pades_sign.c. RFC 5652 §5.4, §11.4; ETSI EN 319 122-1 §5.2, §6.3 (B-B).
 */
#include "signer/formats/algorithm.h"
#include "signer/formats/cades.h"
#include "signer/formats/cms_edit.h"

/* Attributes over the content's digest and the signature over them. */
struct signed_attrs {
    struct buf attrs, signature;
};

static void signed_attrs_free(struct signed_attrs *s)
{
    buf_free(&s->attrs);
    buf_free(&s->signature);
}

static err_t sign_attrs(const struct cms_attrs *a, const struct signing_key *key, struct signed_attrs *out)
{
    TRY(algorithm_for_key(key));
    TRY(cms_signed_attrs(a, &out->attrs));
    TRY(key->sign(key->arg, buf_bytes(&out->attrs), &out->signature));
    return out->signature.len > 0 ? OK : ERR_CRYPTO;
}

static err_t sign_digest(struct bytes digest, const struct cades_opts *o, const struct signing_key *key, struct signed_attrs *out)
{
    const struct cms_attrs a = {
        .digest_alg = key->hash,
        .digest = digest,
        .cert = key->cert,
        .signing_time = o->pades ? 0 : o->signing_time,
        .mime_type = o->mime_type,
    };
    return sign_attrs(&a, key, out);
}

static err_t sign_content(const struct covered *content, const struct cades_opts *o, const struct signing_key *key,
                          struct signed_attrs *out)
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    size_t n;
    TRY(covered_digest(content, cms_hash_md(key->hash), digest, &n));
    return sign_digest(BYTES(digest, n), o, key, out);
}

static struct cms_signed parts(const struct signing_key *key, const struct signed_attrs *s)
{
    return (struct cms_signed){
        .digest_alg = key->hash,
        .signed_attrs = buf_bytes(&s->attrs),
        .cert = key->cert,
        .chain = key->chain,
        .chain_n = key->chain_n,
        .signature = buf_bytes(&s->signature),
        .pss = key->scheme == SIGN_RSA_PSS,
    };
}

err_t cades_sign(const struct covered *content, const struct cades_opts *o, const struct signing_key *key, struct buf *cms)
{
    AUTO(signed_attrs_free) struct signed_attrs s = {0};
    if (o->enveloping && (content->part[1].len > 0 || o->pades))
        return ERR_SYNTAX;
    if (o->enveloping && content->part[0].len > SIGNED_DATA_MAX)
        return ERR_TOO_LARGE;
    TRY(sign_content(content, o, key, &s));
    struct cms_signed p = parts(key, &s);
    if (o->enveloping)
        p.content = content->part[0].len > 0 ? content->part[0] : BYTES("", 0);
    return cms_signed_data(&p, cms);
}

err_t cades_sign_digest(struct bytes digest, const struct cades_opts *o, const struct signing_key *key, struct buf *cms)
{
    AUTO(signed_attrs_free) struct signed_attrs s = {0};
    if (o->enveloping)
        return ERR_SYNTAX;
    TRY(sign_digest(digest, o, key, &s));
    const struct cms_signed p = parts(key, &s);
    return cms_signed_data(&p, cms);
}

/* What is inside of an enveloping message is what its signers sign; outside of a detached one it must be given. */
static err_t content_of(const struct signed_data *sd, const struct covered *given, struct covered *out)
{
    if (sd->content.ptr == NULL) {
        *out = given != NULL ? *given : (struct covered){{{0}}};
        return given != NULL ? OK : ERR_NOT_FOUND;
    }
    *out = (struct covered){{sd->content}};
    bool same = given == NULL || (given->part[1].len == 0 && bytes_eq(given->part[0], sd->content));
    return same ? OK : ERR_CONFLICT;
}

static err_t add_certs(struct cms_edit *e, const struct signing_key *key)
{
    TRY(cms_edit_add_cert(e, key->cert));
    for (size_t i = 0; i < key->chain_n; i++)
        TRY(cms_edit_add_cert(e, key->chain[i]));
    return OK;
}

err_t cades_add_signer(struct bytes cms, const struct covered *content, const struct cades_opts *o, const struct signing_key *key,
                       struct buf *out)
{
    AUTO_CMS_EDIT e = NULL;
    AUTO(signed_attrs_free) struct signed_attrs s = {0};
    AUTO_BUF info = {0};
    struct covered what;
    TRY(cms_edit_open(cms, &e));
    TRY(content_of(cms_edit_base(e), content, &what));
    TRY(sign_content(&what, o, key, &s));
    const struct cms_signed p = parts(key, &s);
    TRY(cms_signer_info(&p, &info));
    TRY(add_certs(e, key));
    TRY(cms_edit_add_signer(e, key->hash, buf_bytes(&info)));
    return cms_edit_write(e, out);
}

err_t cades_countersign(struct bytes cms, size_t signer, int64_t signing_time, const struct signing_key *key, const struct stamping *ts,
                        struct buf *out)
{
    AUTO_CMS_EDIT e = NULL;
    AUTO(signed_attrs_free) struct signed_attrs s = {0};
    AUTO_BUF info = {0};
    AUTO_BUF token = {0};
    uint8_t digest[EVP_MAX_MD_SIZE];
    size_t n;
    TRY(cms_edit_open(cms, &e));
    if (signer >= cms_edit_base(e)->signer_n)
        return ERR_NOT_FOUND;
    struct covered value = {{cms_edit_base(e)->signer[signer].signature}};
    TRY(covered_digest(&value, cms_hash_md(key->hash), digest, &n));
    const struct cms_attrs a = {
        .digest_alg = key->hash, .digest = BYTES(digest, n), .cert = key->cert, .signing_time = signing_time, .countersignature = true};
    TRY(sign_attrs(&a, key, &s));
    if (ts != NULL) {
        struct covered own = {{buf_bytes(&s.signature)}};
        TRY(covered_digest(&own, cms_hash_md(ts->alg), digest, &n));
        TRY(ts->stamp(ts->arg, ts->alg, BYTES(digest, n), &token));
    }
    struct cms_signed p = parts(key, &s);
    p.timestamp = buf_bytes(&token);
    TRY(cms_signer_info(&p, &info));
    TRY(add_certs(e, key));
    TRY(cms_edit_add_unsigned(e, signer, OID_COUNTERSIGNATURE, buf_bytes(&info)));
    return cms_edit_write(e, out);
}

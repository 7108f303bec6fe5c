/*
 * Makes XAdES B-B signatures: the text is laid out with empty places, read back, digested as any reader would, and laid out again, filled.
 * Called by antin-sign and asic. ETSI EN 319 132-1 §5.2, §6.3; XML Signature 1.1 §3.1, §4.
 */
#include "common/clock.h"
#include "common/secret.h"
#include "signer/formats/algorithm.h"
#include "signer/formats/raw_value.h"
#include "signer/formats/xades_impl.h"
#include <string.h>

#define ID_LEN 32
#define CONTENT_MAX (XML_BYTES_MAX / 4 * 3 - (1u << 20)) /* enveloping: what base64 leaves room for */

enum shape { DETACHED, ENVELOPING, ENVELOPED };

/* One signature while it grows. */
struct draft {
    enum shape shape;
    const struct signing_key *key;
    const struct xades_opts *o;
    char id[ID_LEN + 1];
    struct buf before, after; /* the text around it */
    struct buf refs, formats; /* detached: References and DataObjectFormats, whole */
    struct bytes content;     /* enveloping */
    uint8_t content_digest[EVP_MAX_MD_SIZE], properties_digest[EVP_MAX_MD_SIZE], cert_digest[EVP_MAX_MD_SIZE];
    size_t digest_len, value_at;
    struct buf text;
};

static void draft_free(struct draft *d)
{
    struct buf *all[] = {&d->before, &d->after, &d->refs, &d->formats, &d->text};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        buf_free(all[i]);
}

/* --- laying out --- */

static err_t put_digest(struct buf *out, const struct draft *d, const uint8_t *digest)
{
    TRY(buf_addf(out, "<ds:DigestMethod Algorithm=\"%s\"/><ds:DigestValue>", xades_digest_uri(d->key->hash)));
    TRY(xml_put_base64(out, BYTES(digest, d->digest_len)));
    return buf_add_str(out, "</ds:DigestValue>");
}

static err_t put_content_ref(struct buf *out, const struct draft *d)
{
    switch (d->shape) {
    case DETACHED: return buf_add_bytes(out, buf_bytes(&d->refs));
    case ENVELOPING:
        TRY(buf_addf(out,
                     "<ds:Reference Id=\"r-%s-0\" Type=\"" TYPE_OBJECT
                     "\" URI=\"#o-%s\"><ds:Transforms><ds:Transform Algorithm=\"" TRANSFORM_BASE64 "\"/></ds:Transforms>",
                     d->id, d->id));
        break;
    case ENVELOPED:
        TRY(buf_addf(out,
                     "<ds:Reference Id=\"r-%s-0\" URI=\"\"><ds:Transforms><ds:Transform Algorithm=\"" NS_FILTER2
                     "\"><f:XPath xmlns:f=\"" NS_FILTER2 "\" Filter=\"subtract\">/descendant::ds:Signature</f:XPath></ds:Transform>"
                     "<ds:Transform Algorithm=\"" NS_EXC "\"/></ds:Transforms>",
                     d->id));
        break;
    }
    TRY(put_digest(out, d, d->content_digest));
    return buf_add_str(out, "</ds:Reference>");
}

static err_t put_signed_info(struct buf *out, const struct draft *d)
{
    TRY(buf_addf(out, "<ds:SignedInfo><ds:CanonicalizationMethod Algorithm=\"" NS_EXC "\"/><ds:SignatureMethod Algorithm=\"%s\"/>",
                 xades_signature_uri(d->key->scheme, d->key->hash)));
    TRY(put_content_ref(out, d));
    TRY(buf_addf(out,
                 "<ds:Reference Type=\"" TYPE_PROPERTIES "\" URI=\"#p-%s\"><ds:Transforms><ds:Transform Algorithm=\"" NS_EXC
                 "\"/></ds:Transforms>",
                 d->id));
    TRY(put_digest(out, d, d->properties_digest));
    return buf_add_str(out, "</ds:Reference></ds:SignedInfo>");
}

static err_t put_cert(struct buf *out, struct bytes der)
{
    TRY(buf_add_str(out, "<ds:X509Certificate>"));
    TRY(xml_put_base64(out, der));
    return buf_add_str(out, "</ds:X509Certificate>");
}

static err_t put_key_info(struct buf *out, const struct draft *d)
{
    TRY(buf_add_str(out, "<ds:KeyInfo><ds:X509Data>"));
    TRY(put_cert(out, d->key->cert));
    for (size_t i = 0; i < d->key->chain_n; i++)
        TRY(put_cert(out, d->key->chain[i]));
    return buf_add_str(out, "</ds:X509Data></ds:KeyInfo>");
}

static err_t put_format(struct buf *out, const char *id, size_t n, const char *mime)
{
    TRY(buf_addf(out, "<xades:DataObjectFormat ObjectReference=\"#r-%s-%zu\"><xades:MimeType>", id, n));
    TRY(xml_put(out, mime));
    return buf_add_str(out, "</xades:MimeType></xades:DataObjectFormat>");
}

static err_t put_formats(struct buf *out, const struct draft *d)
{
    if (d->shape == DETACHED)
        return buf_add_bytes(out, buf_bytes(&d->formats));
    const char *mime = d->shape == ENVELOPED ? "text/xml" : MIME_ANY;
    return put_format(out, d->id, 0, d->o->mime_type != NULL ? d->o->mime_type : mime);
}

static err_t put_properties(struct buf *out, const struct draft *d)
{
    char when[CLOCK_RFC3339_LEN + 1];
    clock_rfc3339(d->o->signing_time, when);
    TRY(buf_addf(out,
                 "<ds:Object><xades:QualifyingProperties xmlns:xades=\"" NS_XADES "\" Target=\"#%s\"><xades:SignedProperties Id=\"p-%s\">"
                 "<xades:SignedSignatureProperties><xades:SigningTime>%s</"
                 "xades:SigningTime><xades:SigningCertificateV2><xades:Cert><xades:CertDigest>",
                 d->id, d->id, when));
    TRY(put_digest(out, d, d->cert_digest));
    TRY(buf_add_str(out, "</xades:CertDigest></xades:Cert></xades:SigningCertificateV2></xades:SignedSignatureProperties>"
                         "<xades:SignedDataObjectProperties>"));
    TRY(put_formats(out, d));
    return buf_add_str(out, "</xades:SignedDataObjectProperties></xades:SignedProperties></xades:QualifyingProperties></ds:Object>");
}

static err_t put_object(struct buf *out, const struct draft *d)
{
    if (d->shape != ENVELOPING)
        return OK;
    TRY(buf_addf(out, "<ds:Object Id=\"o-%s\" Encoding=\"" TRANSFORM_BASE64 "\">", d->id));
    TRY(xml_put_base64(out, d->content));
    return buf_add_str(out, "</ds:Object>");
}

static err_t lay(struct draft *d)
{
    struct buf *out = &d->text;
    TRY(buf_copy(out, buf_bytes(&d->before)));
    TRY(buf_addf(out, "<ds:Signature xmlns:ds=\"" NS_DS "\" Id=\"%s\">", d->id));
    TRY(put_signed_info(out, d));
    TRY(buf_addf(out, "<ds:SignatureValue Id=\"v-%s\">", d->id));
    d->value_at = out->len;
    TRY(buf_add_str(out, "</ds:SignatureValue>"));
    TRY(put_key_info(out, d));
    TRY(put_properties(out, d));
    TRY(put_object(out, d));
    TRY(buf_add_str(out, "</ds:Signature>"));
    return buf_add_bytes(out, buf_bytes(&d->after));
}

/* --- digests and the signature over them --- */

static err_t digest(const struct draft *d, struct bytes v, uint8_t out[EVP_MAX_MD_SIZE])
{
    return EVP_Digest(v.ptr, v.len, out, NULL, cms_hash_md(d->key->hash), NULL) == 1 ? OK : ERR_CRYPTO;
}

static err_t named(const xmlDoc *doc, const char *prefix, const struct draft *d, xmlNode **out)
{
    char id[ID_LEN + 8];
    snprintf(id, sizeof id, "%s%s", prefix, d->id);
    return xml_by_id(doc, id, out);
}

static err_t take_digests(struct draft *d)
{
    AUTO_XML doc = NULL;
    AUTO_BUF properties = {0};
    AUTO_BUF document = {0};
    xmlNode *at;
    TRY(lay(d));
    TRY(xml_parse(buf_bytes(&d->text), &doc));
    TRY(named(doc, "p-", d, &at));
    TRY(xml_canonical(at, NULL, C14N_EXCLUSIVE, NULL, &properties));
    TRY(digest(d, buf_bytes(&properties), d->properties_digest));
    if (d->shape != ENVELOPED)
        return OK;
    TRY(xml_canonical_but((xmlNode *)doc, NS_DS, "Signature", C14N_EXCLUSIVE, NULL, &document));
    return digest(d, buf_bytes(&document), d->content_digest);
}

static err_t start(struct draft *d)
{
    uint8_t random[ID_LEN / 2 - 1];
    TRY(algorithm_for_key(d->key));
    if (xades_signature_uri(d->key->scheme, d->key->hash) == NULL)
        return ERR_ALGORITHM;
    random_bytes(random, sizeof random);
    d->id[0] = 'i';
    d->id[1] = 'd';
    hex_encode(BYTES(random, sizeof random), d->id + 2);
    d->digest_len = cms_hash_len(d->key->hash);
    return digest(d, d->key->cert, d->cert_digest);
}

/* The text as it will be but for the signature value, and what that is a signature over. */
static err_t prepare(struct draft *d, struct xades_prepared *out)
{
    AUTO_XML doc = NULL;
    xmlNode *at;
    TRY(take_digests(d));
    TRY(lay(d));
    TRY(xml_parse(buf_bytes(&d->text), &doc));
    TRY(named(doc, "", d, &at));
    xades_prepared_free(out);
    TRY(xml_canonical(xml_first(at), NULL, C14N_EXCLUSIVE, NULL, &out->signed_info));
    out->text = take(&d->text);
    out->value_at = d->value_at;
    return OK;
}

void xades_prepared_free(struct xades_prepared *p)
{
    buf_free(&p->text);
    buf_free(&p->signed_info);
}

err_t xades_fill(struct bytes text, size_t value_at, const struct signing_key *key, struct bytes signature, struct buf *xml)
{
    AUTO_BUF value = {0};
    AUTO_BUF whole = {0};
    if (value_at > text.len)
        return ERR_SYNTAX;
    TRY(raw_value_of(key, signature, &value));
    TRY(buf_add(&whole, text.ptr, value_at));
    TRY(xml_put_base64(&whole, buf_bytes(&value)));
    TRY(buf_add(&whole, text.ptr + value_at, text.len - value_at));
    if (whole.len > XML_BYTES_MAX)
        return ERR_TOO_LARGE;
    buf_free(xml);
    *xml = take(&whole);
    return OK;
}

static err_t finish(struct draft *d, struct buf *xml)
{
    AUTO(xades_prepared_free) struct xades_prepared p = {0};
    AUTO_BUF signature = {0};
    TRY(prepare(d, &p));
    TRY(d->key->sign(d->key->arg, buf_bytes(&p.signed_info), &signature));
    return xades_fill(buf_bytes(&p.text), p.value_at, d->key, buf_bytes(&signature), xml);
}

static err_t put_prolog(struct draft *d)
{
    TRY(buf_add_str(&d->before, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"));
    if (!d->o->container)
        return OK;
    TRY(buf_add_str(&d->before, "<asic:XAdESSignatures xmlns:asic=\"" NS_ASIC "\">"));
    return buf_add_str(&d->after, "</asic:XAdESSignatures>");
}

/* --- detached --- */

/* RFC 3986 §2.3; all but the unreserved and the slash is encoded, so that no name can become a scheme, query or fragment. */
static err_t put_name(struct buf *out, const char *name)
{
    static const char PLAIN[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/";
    if (name[0] == '\0' || name[0] == '/' || !utf8_valid(bytes_str(name)))
        return ERR_SYNTAX;
    for (const char *p = name; *p != '\0'; p++) {
        if (strchr(PLAIN, *p) != NULL)
            TRY(buf_add(out, p, 1));
        else
            TRY(buf_addf(out, "%%%02X", (unsigned)(unsigned char)*p));
    }
    return OK;
}

static void md_free(EVP_MD_CTX **c)
{
    EVP_MD_CTX_free(*c);
}

static err_t file_digest(const struct draft *d, const struct xades_data *data, const struct xades_files *files,
                         uint8_t out[EVP_MAX_MD_SIZE])
{
    if (data->digest.len > 0) {
        if (data->digest.len != d->digest_len)
            return ERR_SYNTAX;
        memcpy(out, data->digest.ptr, d->digest_len);
        return OK;
    }
    AUTO(md_free) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    if (files == NULL)
        return ERR_SYNTAX;
    if (ctx == NULL || EVP_DigestInit_ex(ctx, cms_hash_md(d->key->hash), NULL) != 1)
        return ERR_CRYPTO;
    TRY(files->feed(files->arg, data->name, ctx));
    return EVP_DigestFinal_ex(ctx, out, NULL) == 1 ? OK : ERR_CRYPTO;
}

static err_t draft_detached(struct draft *d, const struct xades_data *data, size_t n, const struct xades_files *files)
{
    uint8_t digest_of_file[EVP_MAX_MD_SIZE];
    if (n == 0)
        return ERR_SYNTAX;
    if (n >= XADES_REFS_MAX)
        return ERR_TOO_LARGE;
    TRY(start(d));
    TRY(put_prolog(d));
    for (size_t i = 0; i < n; i++) {
        TRY(buf_addf(&d->refs, "<ds:Reference Id=\"r-%s-%zu\" URI=\"", d->id, i));
        TRY(put_name(&d->refs, data[i].name));
        TRY(file_digest(d, &data[i], files, digest_of_file));
        TRY(buf_add_str(&d->refs, "\">"));
        TRY(put_digest(&d->refs, d, digest_of_file));
        TRY(buf_add_str(&d->refs, "</ds:Reference>"));
        TRY(put_format(&d->formats, d->id, i, data[i].mime_type != NULL ? data[i].mime_type : MIME_ANY));
    }
    return OK;
}

err_t xades_sign_detached(const struct xades_data *data, size_t n, const struct xades_files *files, const struct xades_opts *o,
                          const struct signing_key *key, struct buf *xml)
{
    AUTO(draft_free) struct draft d = {.shape = DETACHED, .key = key, .o = o};
    TRY(draft_detached(&d, data, n, files));
    return finish(&d, xml);
}

err_t xades_prepare_detached(const struct xades_data *data, size_t n, const struct xades_files *files, const struct xades_opts *o,
                             const struct signing_key *key, struct xades_prepared *out)
{
    AUTO(draft_free) struct draft d = {.shape = DETACHED, .key = key, .o = o};
    TRY(draft_detached(&d, data, n, files));
    return prepare(&d, out);
}

/* --- around the content, and inside it --- */

err_t xades_sign_enveloping(struct bytes content, const struct xades_opts *o, const struct signing_key *key, struct buf *xml)
{
    AUTO(draft_free) struct draft d = {.shape = ENVELOPING, .key = key, .o = o, .content = content};
    if (content.len > CONTENT_MAX)
        return ERR_TOO_LARGE;
    TRY(start(&d));
    TRY(put_prolog(&d));
    TRY(digest(&d, content, d.content_digest));
    return finish(&d, xml);
}

/* Each of these leaves the others out, and is about the document as it is. */
static err_t signatures_allow(struct bytes document)
{
    AUTO_XADES x = NULL;
    err_t e = xades_open(document, &x);
    if (e == ERR_NOT_FOUND)
        return OK;
    if (e != OK)
        return e == ERR_NOMEM || e == ERR_TOO_LARGE ? e : ERR_CONFLICT;
    for (size_t i = 0; i < x->n; i++) {
        const struct xades_signature *s = &x->signature[i];
        for (size_t k = 0; k < s->ref_n; k++) {
            if (s->ref[k].kind == XADES_FILE || (s->ref[k].kind == XADES_DOCUMENT && !s->ref[k].without_all))
                return ERR_CONFLICT;
            TRY(xades_check_ref(&s->ref[k], NULL));
        }
    }
    return x->n < XADES_SIGNATURES_MAX ? OK : ERR_TOO_LARGE;
}

static bool has_place(const xmlNode *root)
{
    return !xml_is(root, NS_DS, "Signature") && !xml_is(root, NS_ASIC, "XAdESSignatures");
}

err_t xades_sign_enveloped(struct bytes document, const struct xades_opts *o, const struct signing_key *key, struct buf *xml)
{
    AUTO(draft_free) struct draft d = {.shape = ENVELOPED, .key = key, .o = o};
    AUTO_XML doc = NULL;
    if (o->container)
        return ERR_SYNTAX;
    TRY(start(&d));
    TRY(xml_parse(document, &doc));
    if (!has_place(xmlDocGetRootElement(doc)))
        return ERR_CONFLICT;
    TRY(signatures_allow(document));
    TRY(xml_open_end(document, xmlDocGetRootElement(doc), &d.before, &d.after));
    return finish(&d, xml);
}

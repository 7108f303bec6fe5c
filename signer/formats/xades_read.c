/*
 * Reads XML signatures: every element in its place, every reference to something that the signer can have meant.
 * Called through xades.h by signer/verify, asic and xades_raise.c. XML Signature 1.1 §4; ETSI EN 319 132-1 §4.3, §6.
 * What is signed is found once, here, and handed on as that very node: nobody looks it up again by its name.
 */
#include "signer/formats/xades_impl.h"

#include <stdlib.h>
#include <string.h>

err_t xades_read_digest(xmlNode *method, enum cms_hash *alg, struct buf *digest)
{
    if (!xml_is(method, NS_DS, "DigestMethod") || xml_first(method) != NULL)
        return ERR_XML;
    xmlNode *value = xml_next(method);
    if (!xml_is(value, NS_DS, "DigestValue") || xml_next(value) != NULL)
        return ERR_XML;
    TRY(xades_digest_of(xml_attr(method, "Algorithm"), alg));
    TRY(xml_base64(value, digest));
    return digest->len == cms_hash_len(*alg) ? OK : ERR_XML;
}

err_t xades_read_c14n(xmlNode *n, int *c14n, const char **prefixes)
{
    enum xml_c14n c;
    xmlNode *inside = xml_first(n);
    TRY(xml_only_elements(n));
    TRY(xml_c14n_of(xml_attr(n, "Algorithm"), &c));
    *c14n = (int)c;
    *prefixes = NULL;
    if (inside == NULL)
        return OK;
    if (c != C14N_EXCLUSIVE || !xml_is(inside, NS_EXC, "InclusiveNamespaces") || xml_next(inside) != NULL)
        return ERR_XML;
    *prefixes = xml_attr(inside, "PrefixList");
    return OK;
}

/* --- KeyInfo --- */

static err_t read_certs(const xmlNode *data, struct xades_signature *s)
{
    for (xmlNode *c = xml_first(data); c != NULL; c = xml_next(c)) {
        if (!xml_is(c, NS_DS, "X509Certificate"))
            continue; /* names and numbers: the signed properties tell which certificate it is */
        if (s->cert_n == XADES_CERTS_MAX)
            return ERR_TOO_LARGE;
        TRY(xml_base64(c, &s->cert[s->cert_n]));
        s->cert_n++;
    }
    return OK;
}

static err_t read_key_info(xmlNode **at, struct xades_signature *s)
{
    if (!xml_is(*at, NS_DS, "KeyInfo"))
        return OK;
    s->key_info = *at;
    for (xmlNode *c = xml_first(*at); c != NULL; c = xml_next(c)) {
        if (xml_is(c, NS_DS, "X509Data"))
            TRY(read_certs(c, s));
    }
    *at = xml_next(*at);
    return OK;
}

/* --- Objects --- */

/* The one Object with the qualifying properties holds nothing else, and they are for this signature. */
static err_t read_qualifying(xmlNode *object, struct xades_signature *s)
{
    const char *id = xml_attr(s->node, "Id");
    xmlNode *q = xml_first(object);
    if (!xml_is(q, NS_XADES, "QualifyingProperties"))
        return OK;
    const char *target = xml_attr(q, "Target");
    if (s->qualifying != NULL || xml_next(q) != NULL)
        return ERR_XML_WRAPPED;
    TRY(xml_only_elements(object));
    if (id == NULL || target == NULL || target[0] != '#' || strcmp(target + 1, id) != 0)
        return ERR_XML_WRAPPED;
    s->qualifying = q;
    s->signed_properties = xml_first(q);
    return xml_is(s->signed_properties, NS_XADES, "SignedProperties") ? OK : ERR_XML;
}

static err_t read_objects(xmlNode *at, struct xades_signature *s)
{
    for (; at != NULL; at = xml_next(at)) {
        if (!xml_is(at, NS_DS, "Object"))
            return ERR_XML;
        TRY(read_qualifying(at, s));
    }
    return s->qualifying != NULL ? OK : ERR_XML; /* XML Signature without XAdES */
}

/* An Object that nothing refers to would be taken for signed by whoever looks at it. */
static err_t check_objects(const struct xades_signature *s)
{
    for (const xmlNode *at = xml_first(s->node); at != NULL; at = xml_next(at)) {
        bool known = !xml_is(at, NS_DS, "Object") || s->qualifying->parent == at;
        for (size_t i = 0; i < s->ref_n && !known; i++)
            known = s->ref[i].target == at;
        if (!known)
            return ERR_XML_WRAPPED;
    }
    return OK;
}

/* --- SignedInfo --- */

static err_t read_refs(xmlNode *first, struct xades_signature *s)
{
    size_t n = 0, properties = 0;
    for (xmlNode *at = first; at != NULL; at = xml_next(at))
        n++;
    if (n > XADES_REFS_MAX)
        return ERR_TOO_LARGE;
    s->ref = calloc(n + 1, sizeof *s->ref);
    if (s->ref == NULL)
        return ERR_NOMEM;
    for (xmlNode *at = first; at != NULL; at = xml_next(at)) {
        struct xades_ref *r = &s->ref[s->ref_n++];
        TRY(xades_read_ref(s, at, r));
        properties += r->kind == XADES_PROPERTIES;
    }
    return properties == 1 && s->ref_n > 1 ? OK : ERR_XML_WRAPPED;
}

static err_t read_signed_info(struct xades_signature *s)
{
    TRY(xml_only_elements(s->signed_info));
    xmlNode *at = xml_first(s->signed_info);
    if (!xml_is(at, NS_DS, "CanonicalizationMethod"))
        return ERR_XML;
    TRY(xades_read_c14n(at, &s->c14n, &s->prefixes));
    at = xml_next(at);
    if (!xml_is(at, NS_DS, "SignatureMethod") || xml_first(at) != NULL) /* no parameters: none of our algorithms has any */
        return ERR_XML;
    TRY(xades_signature_of(xml_attr(at, "Algorithm"), &s->scheme, &s->hash));
    return read_refs(xml_next(at), s);
}

err_t xades_read_signature(xmlNode *node, struct xades_signature *s)
{
    s->node = node;
    TRY(xml_only_elements(node));
    s->signed_info = xml_first(node);
    if (!xml_is(s->signed_info, NS_DS, "SignedInfo"))
        return ERR_XML;
    s->signature_value = xml_next(s->signed_info);
    if (!xml_is(s->signature_value, NS_DS, "SignatureValue"))
        return ERR_XML;
    TRY(xml_base64(s->signature_value, &s->value));
    xmlNode *at = xml_next(s->signature_value);
    TRY(read_key_info(&at, s));
    TRY(read_objects(at, s));
    TRY(read_signed_info(s));
    TRY(check_objects(s));
    return xades_read_properties(s);
}

/* --- where signatures stand --- */

/* In a container or alone, a signature is about files and its own Objects; inside a document it is about that document, all of it. */
static err_t check_place(const struct xades *x, const struct xades_signature *s)
{
    const xmlNode *root = xmlDocGetRootElement(x->doc);
    bool inside = s->node != root && !xml_is(root, NS_ASIC, "XAdESSignatures");
    bool about_document = false;
    for (size_t i = 0; i < s->ref_n; i++)
        about_document = about_document || s->ref[i].kind == XADES_DOCUMENT;
    return about_document == inside ? OK : ERR_XML_WRAPPED;
}

static err_t add_signature(struct xades *x, xmlNode *node)
{
    if (x->n == XADES_SIGNATURES_MAX)
        return ERR_TOO_LARGE;
    struct xades_signature *s = &x->signature[x->n++];
    TRY(xades_read_signature(node, s));
    return check_place(x, s);
}

static err_t read_container(struct xades *x, const xmlNode *root)
{
    TRY(xml_only_elements(root));
    for (xmlNode *at = xml_first(root); at != NULL; at = xml_next(at)) {
        if (!xml_is(at, NS_DS, "Signature"))
            return ERR_XML;
        TRY(add_signature(x, at));
    }
    return OK;
}

/* Outermost ones: what is inside of a signature is that signature's business. */
static err_t read_document(struct xades *x, xmlNode *root)
{
    bool found;
    for (xmlNode *at = root; at != NULL; at = xml_following(at, !found)) {
        found = xml_is(at, NS_DS, "Signature");
        if (found)
            TRY(add_signature(x, at));
    }
    return OK;
}

err_t xades_open(struct bytes xml, struct xades **out)
{
    AUTO_XADES x = calloc(1, sizeof *x);
    if (x == NULL)
        return ERR_NOMEM;
    x->signature = calloc(XADES_SIGNATURES_MAX, sizeof *x->signature);
    if (x->signature == NULL)
        return ERR_NOMEM;
    TRY(xml_parse(xml, &x->doc));
    TRY(buf_copy(&x->text, xml));
    xmlNode *root = xmlDocGetRootElement(x->doc);
    if (xml_is(root, NS_ASIC, "XAdESSignatures"))
        TRY(read_container(x, root));
    else
        TRY(read_document(x, root));
    if (x->n == 0)
        return ERR_NOT_FOUND;
    *out = x;
    x = NULL;
    return OK;
}

static void signature_free(struct xades_signature *s)
{
    for (size_t i = 0; i < s->ref_n; i++) {
        str_free(&s->ref[i].name);
        buf_free(&s->ref[i].digest);
    }
    free(s->ref);
    for (size_t i = 0; i < XADES_CERTS_MAX; i++)
        buf_free(&s->cert[i]);
    for (size_t i = 0; i < XADES_STAMPS_MAX; i++)
        buf_free(&s->stamp[i].token);
    buf_free(&s->value);
    buf_free(&s->cert_digest);
    vdata_free(&s->values);
}

void xades_free(struct xades **x)
{
    if (*x == NULL)
        return;
    for (size_t i = 0; (*x)->signature != NULL && i < (*x)->n; i++)
        signature_free(&(*x)->signature[i]);
    free((*x)->signature);
    xml_free(&(*x)->doc);
    buf_free(&(*x)->text);
    free(*x);
    *x = NULL;
}

size_t xades_count(const struct xades *x)
{
    return x->n;
}

const struct xades_signature *xades_signature(const struct xades *x, size_t i)
{
    return &x->signature[i];
}

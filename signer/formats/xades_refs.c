/*
 * References of XML signatures: what they may point to, what may happen to it, and the octets that come out.
 * Called by xades_read.c and xades_check.c. XML Signature 1.1 §4.4.3, §6.6; RFC 3986.
 */
#include "signer/formats/xades_impl.h"

#include <stdlib.h>
#include <string.h>

/* --- addresses --- */

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* A file beside the signature: relative, without scheme, query or fragment. Some programs leave names unencoded: those pass too. */
static err_t read_name(const char *uri, char **out)
{
    AUTO_BUF name = {0};
    if (uri[0] == '/' || uri[0] == '\0' || strpbrk(uri, ":?#\\") != NULL)
        return ERR_UNSUPPORTED;
    for (const char *p = uri; *p != '\0'; p++) {
        char c = *p;
        if (c == '%') {
            int high = hex_digit(p[1]), low = high < 0 ? -1 : hex_digit(p[2]);
            if (low < 0)
                return ERR_XML;
            c = (char)(high * 16 + low);
            p += 2;
        }
        if (c == '\0')
            return ERR_XML;
        TRY(buf_add(&name, &c, 1));
    }
    return utf8_valid(buf_bytes(&name)) ? str_copy(out, buf_str(&name)) : ERR_XML;
}

static err_t point_inside(const struct xades_signature *s, const char *id, struct xades_ref *r)
{
    xmlNode *root = xmlDocGetRootElement(s->node->doc);
    TRY(xml_by_id(s->node->doc, id, &r->target));
    if (r->target == s->signed_properties)
        r->kind = XADES_PROPERTIES;
    else if (xml_is(r->target, NS_DS, "Object") && r->target->parent == s->node && r->target != s->qualifying->parent)
        r->kind = XADES_OBJECT;
    else if (r->target == root && root != s->node)
        r->kind = XADES_DOCUMENT;
    else
        return ERR_XML_WRAPPED;
    return OK;
}

static err_t point(const struct xades_signature *s, struct xades_ref *r)
{
    const char *uri = xml_attr(r->node, "URI"), *type = xml_attr(r->node, "Type");
    if (uri == NULL)
        return ERR_UNSUPPORTED;
    if (uri[0] == '\0') {
        r->kind = XADES_DOCUMENT;
        r->target = (xmlNode *)s->node->doc;
    } else if (uri[0] == '#') {
        err_t e = point_inside(s, uri + 1, r);
        TRY(e == ERR_NOT_FOUND ? ERR_XML : e);
    } else {
        r->kind = XADES_FILE;
        TRY(read_name(uri, &r->name));
    }
    bool said = type != NULL && strcmp(type, TYPE_PROPERTIES) == 0;
    return said == (r->kind == XADES_PROPERTIES) ? OK : ERR_XML_WRAPPED;
}

/* --- transforms: what is left out first, then one more at most --- */

static err_t read_transform(const struct xades_signature *s, xmlNode *t, struct xades_ref *r)
{
    const char *algorithm = xml_attr(t, "Algorithm");
    if (!xml_is(t, NS_DS, "Transform") || algorithm == NULL)
        return ERR_XML;
    if (r->base64 || r->canonical)
        return ERR_UNSUPPORTED;
    if (strcmp(algorithm, TRANSFORM_ENVELOPED) == 0 && r->kind == XADES_DOCUMENT && r->without == NULL && xml_first(t) == NULL) {
        r->without = s->node;
        return OK;
    }
    if (r->kind == XADES_DOCUMENT && !r->without_all && (strcmp(algorithm, NS_FILTER2) == 0 || strcmp(algorithm, TRANSFORM_XPATH) == 0)) {
        r->without_all = true;
        return xades_read_filter(t);
    }
    if (strcmp(algorithm, TRANSFORM_BASE64) == 0 && r->kind == XADES_OBJECT && xml_first(t) == NULL) {
        r->base64 = true;
        return OK;
    }
    if (r->kind == XADES_FILE)
        return ERR_UNSUPPORTED;
    r->canonical = true;
    return xades_read_c14n(t, &r->c14n, &r->prefixes);
}

err_t xades_read_ref(const struct xades_signature *s, xmlNode *node, struct xades_ref *r)
{
    if (!xml_is(node, NS_DS, "Reference"))
        return ERR_XML;
    r->node = node;
    TRY(xml_only_elements(node));
    TRY(point(s, r));
    xmlNode *at = xml_first(node);
    if (xml_is(at, NS_DS, "Transforms")) {
        TRY(xml_only_elements(at));
        for (xmlNode *t = xml_first(at); t != NULL; t = xml_next(t))
            TRY(read_transform(s, t, r));
        at = xml_next(at);
    }
    if (r->kind == XADES_DOCUMENT && r->without == NULL && !r->without_all) /* would cover itself */
        return ERR_UNSUPPORTED;
    return at != NULL ? xades_read_digest(at, &r->alg, &r->digest) : ERR_XML;
}

/* --- octets --- */

err_t xades_ref_octets(const struct xades_ref *r, enum xml_c14n otherwise, struct buf *out)
{
    if (r->base64) {
        AUTO_BUF decoded = {0};
        TRY(xml_base64(r->target, &decoded));
        return buf_add_bytes(out, buf_bytes(&decoded));
    }
    enum xml_c14n how = r->canonical ? (enum xml_c14n)r->c14n : otherwise;
    return r->without_all ? xml_canonical_but(r->target, NS_DS, "Signature", how, r->prefixes, out)
                          : xml_canonical(r->target, r->without, how, r->prefixes, out);
}

/*
 * Reads XML by libxml2 after xml_scan.c has let it pass, and makes canonical forms of its parts.
 * Called by xades_*.c and asic. XML 1.0, Canonical XML 1.0 and 1.1, Exclusive XML Canonicalization 1.0.
 */
#include "signer/formats/xml.h"

#include "signer/formats/base64.h"
#include "signer/formats/xml_scan.h"
#include <libxml/c14n.h>
#include <libxml/parser.h>
#include <stdlib.h>
#include <string.h>

static void parser_free(xmlParserCtxt **c)
{
    xmlFreeParserCtxt(*c);
}

void xml_free(xmlDoc **doc)
{
    xmlFreeDoc(*doc);
    *doc = NULL;
}

static void silent(void *arg, const xmlError *e)
{
    (void)arg;
    (void)e;
}

err_t xml_parse(struct bytes text, xmlDoc **out)
{
    TRY(xml_scan_all(text));
    xmlInitParser();
    AUTO(parser_free) xmlParserCtxt *ctx = xmlNewParserCtxt();
    if (ctx == NULL)
        return ERR_NOMEM;
    xmlSetStructuredErrorFunc(NULL, (xmlStructuredErrorFunc)silent); /* of this thread: the canonical forms have no context of their own */
    ctx->sax->serror = (xmlStructuredErrorFunc)silent;
    AUTO_XML doc = xmlCtxtReadMemory(ctx, (const char *)text.ptr, (int)text.len, NULL, "UTF-8",
                                     XML_PARSE_NONET | XML_PARSE_NOCDATA | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_HUGE);
    if (doc == NULL || ctx->wellFormed != 1 || ctx->nsWellFormed != 1 || xmlDocGetRootElement(doc) == NULL)
        return ERR_XML;
    if (doc->intSubset != NULL || doc->extSubset != NULL)
        return ERR_XML_DOCTYPE;
    *out = doc;
    doc = NULL;
    return OK;
}

/* --- walking --- */

bool xml_is(const xmlNode *n, const char *ns, const char *name)
{
    return n != NULL && n->type == XML_ELEMENT_NODE && n->ns != NULL && n->ns->href != NULL && strcmp((const char *)n->ns->href, ns) == 0 &&
           strcmp((const char *)n->name, name) == 0;
}

static xmlNode *element_from(xmlNode *n)
{
    while (n != NULL && n->type != XML_ELEMENT_NODE)
        n = n->next;
    return n;
}

xmlNode *xml_first(const xmlNode *parent)
{
    return element_from(parent->children);
}

xmlNode *xml_next(const xmlNode *n)
{
    return element_from(n->next);
}

xmlNode *xml_following(const xmlNode *n, bool into)
{
    xmlNode *next = into ? xml_first(n) : NULL;
    while (next == NULL && n != NULL && n->type == XML_ELEMENT_NODE) {
        next = xml_next(n);
        n = n->parent;
    }
    return next;
}

static bool white(const xmlNode *n)
{
    return n->content == NULL || n->content[strspn((const char *)n->content, " \t\r\n")] == '\0';
}

err_t xml_only_elements(const xmlNode *n)
{
    for (const xmlNode *c = n->children; c != NULL; c = c->next) {
        bool fine = c->type == XML_ELEMENT_NODE || c->type == XML_COMMENT_NODE || (c->type == XML_TEXT_NODE && white(c));
        if (!fine)
            return ERR_XML;
    }
    return OK;
}

err_t xml_text(const xmlNode *n, struct buf *out)
{
    out->len = 0;
    for (const xmlNode *c = n->children; c != NULL; c = c->next) {
        if (c->type != XML_TEXT_NODE)
            return ERR_XML;
        if (c->content != NULL)
            TRY(buf_add_str(out, (const char *)c->content));
    }
    return OK;
}

err_t xml_base64(const xmlNode *n, struct buf *out)
{
    AUTO_BUF text = {0};
    TRY(xml_text(n, &text));
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (memchr(" \t\r\n", text.ptr[i], 4) == NULL)
            text.ptr[len++] = text.ptr[i];
    }
    err_t e = base64_take(BYTES(text.ptr, len), out);
    return e == ERR_SYNTAX ? ERR_XML : e;
}

static const char *attr_value(const xmlAttr *a)
{
    return a->children != NULL && a->children->content != NULL ? (const char *)a->children->content : "";
}

const char *xml_attr(const xmlNode *n, const char *name)
{
    for (const xmlAttr *a = n->properties; a != NULL; a = a->next) {
        if (a->ns == NULL && strcmp((const char *)a->name, name) == 0)
            return attr_value(a);
    }
    return NULL;
}

static bool names_itself(const xmlNode *n, const char *id)
{
    static const char *const NAMES[] = {"Id", "ID", "id"};
    for (const xmlAttr *a = n->properties; a != NULL; a = a->next) {
        bool is_id = a->ns != NULL && strcmp((const char *)a->name, "id") == 0 &&
                     strcmp((const char *)a->ns->href, (const char *)XML_XML_NAMESPACE) == 0;
        for (size_t i = 0; i < 3 && a->ns == NULL; i++)
            is_id = is_id || strcmp((const char *)a->name, NAMES[i]) == 0;
        if (is_id && strcmp(attr_value(a), id) == 0)
            return true;
    }
    return false;
}

err_t xml_by_id(const xmlDoc *doc, const char *id, xmlNode **out)
{
    *out = NULL;
    for (xmlNode *n = xmlDocGetRootElement(doc); n != NULL; n = xml_following(n, true)) {
        if (!names_itself(n, id))
            continue;
        if (*out != NULL)
            return ERR_XML_ID;
        *out = n;
    }
    return *out != NULL ? OK : ERR_NOT_FOUND;
}

/* --- canonical forms --- */

static const char *const C14N_URIS[] = {
    [C14N_EXCLUSIVE] = "http://www.w3.org/2001/10/xml-exc-c14n#",
    [C14N_INCLUSIVE_10] = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
    [C14N_INCLUSIVE_11] = "http://www.w3.org/2006/12/xml-c14n11",
};
static const int C14N_MODES[] = {
    [C14N_EXCLUSIVE] = XML_C14N_EXCLUSIVE_1_0, [C14N_INCLUSIVE_10] = XML_C14N_1_0, [C14N_INCLUSIVE_11] = XML_C14N_1_1};

const char *xml_c14n_uri(enum xml_c14n c)
{
    return C14N_URIS[c];
}

err_t xml_c14n_of(const char *uri, enum xml_c14n *out)
{
    for (enum xml_c14n c = C14N_EXCLUSIVE; uri != NULL && c <= C14N_INCLUSIVE_11; c++) {
        if (strcmp(uri, C14N_URIS[c]) == 0) {
            *out = c;
            return OK;
        }
    }
    return ERR_UNSUPPORTED;
}

struct subtree {
    const xmlNode *apex, *without;
    const char *ns, *name; /* of elements that are left out, wherever they are; NULL: none */
};

static bool is_left_out(const struct subtree *s, const xmlNode *n)
{
    return n == s->without || (s->name != NULL && n->type == XML_ELEMENT_NODE && xml_is(n, s->ns, s->name));
}

/* Attributes and namespace nodes are seen as their element is. */
static int visible(void *arg, xmlNode *node, xmlNode *parent)
{
    const struct subtree *s = arg;
    if (node->type == XML_NAMESPACE_DECL || node->type == XML_ATTRIBUTE_NODE)
        node = parent;
    for (; node != NULL; node = node->parent) {
        if (is_left_out(s, node))
            return 0;
        if (node == s->apex)
            return 1;
    }
    return 0;
}

static int write_out(void *arg, const char *p, int n)
{
    return n >= 0 && buf_add(arg, p, (size_t)n) == OK ? n : -1;
}

#define PREFIXES_MAX 32
/* "#default" is the empty prefix (Exclusive XML Canonicalization §4). */
static err_t split_prefixes(char *text, xmlChar *list[PREFIXES_MAX + 1])
{
    size_t n = 0;
    char *rest = text;
    for (char *word = strtok_r(text, " \t\r\n", &rest); word != NULL; word = strtok_r(NULL, " \t\r\n", &rest)) {
        if (n == PREFIXES_MAX)
            return ERR_TOO_LARGE;
        list[n++] = (xmlChar *)word;
    }
    list[n] = NULL;
    return OK;
}

static err_t canonical(struct subtree s, enum xml_c14n how, const char *prefixes, struct buf *out)
{
    AUTO_STR words = strdup(prefixes != NULL ? prefixes : "");
    xmlChar *list[PREFIXES_MAX + 1];
    if (words == NULL)
        return ERR_NOMEM;
    TRY(split_prefixes(words, list));
    xmlOutputBuffer *sink = xmlOutputBufferCreateIO(write_out, NULL, out, NULL);
    if (sink == NULL)
        return ERR_NOMEM;
    int done = xmlC14NExecute(s.apex->doc, visible, &s, C14N_MODES[how], how == C14N_EXCLUSIVE ? list : NULL, 0, sink);
    int closed = xmlOutputBufferClose(sink);
    return done >= 0 && closed >= 0 ? OK : ERR_XML;
}

err_t xml_canonical(const xmlNode *apex, const xmlNode *without, enum xml_c14n how, const char *prefixes, struct buf *out)
{
    return canonical((struct subtree){.apex = apex, .without = without}, how, prefixes, out);
}

err_t xml_canonical_but(const xmlNode *apex, const char *ns, const char *name, enum xml_c14n how, const char *prefixes, struct buf *out)
{
    return canonical((struct subtree){.apex = apex, .ns = ns, .name = name}, how, prefixes, out);
}

/* --- writing --- */

err_t xml_put(struct buf *out, const char *text)
{
    for (const char *p = text; *p != '\0'; p++) {
        switch (*p) {
        case '&': TRY(buf_add_str(out, "&amp;")); break;
        case '<': TRY(buf_add_str(out, "&lt;")); break;
        case '>': TRY(buf_add_str(out, "&gt;")); break;
        case '"': TRY(buf_add_str(out, "&quot;")); break;
        default:
            if ((unsigned char)*p < 0x20)
                return ERR_SYNTAX;
            TRY(buf_add(out, p, 1));
        }
    }
    return OK;
}

err_t xml_put_base64(struct buf *out, struct bytes v)
{
    return base64_put(out, v);
}

/*
 * XML as signatures need it: strict reading without DOCTYPE, entities, network or files; canonical forms; where an element stands in the text.
 * Called by xades_*.c and asic. XML 1.0 (UTF-8 alone), Canonical XML 1.0 and 1.1, Exclusive XML Canonicalization 1.0.
 */
#ifndef ANTIN_FORMATS_XML_H
#define ANTIN_FORMATS_XML_H

#include "common/bytes.h"
#include "signer/formats/errors.h"
#include <libxml/tree.h>

#define XML_BYTES_MAX (64u << 20)
#define XML_DEPTH_MAX 200
#define XML_ELEMENTS_MAX 500000
#define XML_ATTRIBUTES_MAX 64 /* of one element, namespace declarations included: the parser's work grows with their square */

/*
 * ERR_XML: not well-formed, or not UTF-8. ERR_XML_DOCTYPE: a DOCTYPE or another declaration, whatever is in it; seen before any parser sees
 * the text. ERR_TOO_LARGE: past one of the limits above. CDATA sections become text. *out is the caller's (xml_free).
 */
err_t xml_parse(struct bytes text, xmlDoc **out) MUST_USE;
void xml_free(xmlDoc **doc);
#define AUTO_XML AUTO(xml_free) xmlDoc *

/* --- walking; children that are no elements are seen by xml_first and xml_next only to be refused --- */

bool xml_is(const xmlNode *n, const char *ns, const char *name);
/* The first element inside, the next one beside; NULL: none. */
xmlNode *xml_first(const xmlNode *parent);
xmlNode *xml_next(const xmlNode *n);
/* The next element in the order of the document; into: what is inside of n comes first, else it is passed over. NULL: that was the last. */
xmlNode *xml_following(const xmlNode *n, bool into);
/* ERR_XML: text other than white space, or processing instructions, between its elements. */
err_t xml_only_elements(const xmlNode *n) MUST_USE;
/* Text and nothing else: a comment inside, which would split what another reader sees, is ERR_XML. Replaces the contents of out. */
err_t xml_text(const xmlNode *n, struct buf *out) MUST_USE;
/* The same, decoded; white space may stand in it. */
err_t xml_base64(const xmlNode *n, struct buf *out) MUST_USE;
/* An attribute without a namespace; NULL: not there. Borrowed. */
const char *xml_attr(const xmlNode *n, const char *name);
/*
 * The only element with this Id, ID, id or xml:id. ERR_NOT_FOUND; ERR_XML_ID: two elements have it, under whichever of these names: what one
 * reader finds, another would not.
 */
err_t xml_by_id(const xmlDoc *doc, const char *id, xmlNode **out) MUST_USE;

/* --- canonical forms, without comments --- */

enum xml_c14n { C14N_EXCLUSIVE, C14N_INCLUSIVE_10, C14N_INCLUSIVE_11 };
const char *xml_c14n_uri(enum xml_c14n c);
/* ERR_UNSUPPORTED: another algorithm, or one with comments. */
err_t xml_c14n_of(const char *uri, enum xml_c14n *out) MUST_USE;
/*
 * The canonical form of an element (or of the whole document: (xmlNode *)doc) in its place, appended to out. without: a subtree to leave out, or
 * NULL. prefixes: InclusiveNamespaces of the exclusive form, separated by spaces, or NULL.
 */
err_t xml_canonical(const xmlNode *apex, const xmlNode *without, enum xml_c14n how, const char *prefixes, struct buf *out) MUST_USE;
/* The same with every element of this name left out. */
err_t xml_canonical_but(const xmlNode *apex, const char *ns, const char *name, enum xml_c14n how, const char *prefixes,
                        struct buf *out) MUST_USE;

/* --- the text itself --- */

/* Offsets of an element's parts: <a> at start, what is inside, </a> at inside_end, what follows. <a/>: empty, inside is behind it. */
struct xml_span {
    size_t start, inside, inside_end, end;
    bool empty;
};
/* Where this element of the parsed text stands in it. ERR_XML. */
err_t xml_span_of(struct bytes text, const xmlNode *element, struct xml_span *out) MUST_USE;
/* The text with something put in before the element's end tag (which <a/> gets); nothing else changes. before and after: the two halves around it. */
err_t xml_open_end(struct bytes text, const xmlNode *element, struct buf *before, struct buf *after) MUST_USE;
/* Escaped for text and attribute values. */
err_t xml_put(struct buf *out, const char *text) MUST_USE;
err_t xml_put_base64(struct buf *out, struct bytes v) MUST_USE;

#endif

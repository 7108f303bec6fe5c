/*
 * Two XMP packets are compared in canonical form, with both dates of change blanked out where they stand.
 * Called by pdf_changes.c. ISO 16684-1 §8.4: programs that write an update (pyHanko for each of them) also note when.
 */
#include "signer/verify/pdf_metadata.h"

#include "signer/formats/xml.h"
#include <string.h>

#define NS_XMP "http://ns.adobe.com/xap/1.0/"
#define DATE_MAX 40

static bool is_change_date(const xmlNs *ns, const xmlChar *name)
{
    return ns != NULL && ns->href != NULL && strcmp((const char *)ns->href, NS_XMP) == 0 &&
           (strcmp((const char *)name, "ModifyDate") == 0 || strcmp((const char *)name, "MetadataDate") == 0);
}

/* Nothing but a date: no room for words. */
static bool is_date(const xmlNode *only)
{
    const char *text = only != NULL && only->type == XML_TEXT_NODE && only->next == NULL ? (const char *)only->content : NULL;
    return text != NULL && text[0] != '\0' && strlen(text) <= DATE_MAX && strspn(text, "0123456789-:T.+Z") == strlen(text);
}

static bool blank(xmlNode *date)
{
    if (!is_date(date))
        return false;
    xmlNodeSetContent(date, (const xmlChar *)"");
    return true;
}

/* False: something stands where a date should. */
static bool blank_dates(xmlDoc *doc)
{
    for (xmlNode *n = xmlDocGetRootElement(doc); n != NULL; n = xml_following(n, true)) {
        if (is_change_date(n->ns, n->name) && (n->properties != NULL || !blank(n->children)))
            return false;
        for (xmlAttr *a = n->properties; a != NULL; a = a->next) {
            if (is_change_date(a->ns, a->name) && !blank(a->children))
                return false;
        }
    }
    return true;
}

static err_t without_dates(struct bytes packet, struct buf *out)
{
    AUTO_XML doc = NULL;
    if (packet.len > PDF_METADATA_MAX)
        return ERR_TOO_LARGE;
    TRY(xml_parse(packet, &doc));
    return blank_dates(doc) ? xml_canonical((xmlNode *)doc, NULL, C14N_EXCLUSIVE, NULL, out) : ERR_SYNTAX;
}

bool pdf_metadata_same(struct bytes before, struct bytes after)
{
    AUTO_BUF a = {0}, b = {0};
    return without_dates(before, &a) == OK && without_dates(after, &b) == OK && bytes_eq(buf_bytes(&a), buf_bytes(&b));
}

/*
 * The two expressions by which signatures that stand beside each other leave one another out. No other XPath is read, and none is evaluated.
 * Called by xades_refs.c. XML-Signature XPath Filter 2.0 §3; XML Signature 1.1 §6.6.3.
 */
#include "signer/formats/xades_impl.h"

#include <string.h>

/* Text between white space. */
static char *trimmed(struct buf *text)
{
    char *s = (char *)text->ptr + strspn(buf_str(text), " \t\r\n");
    size_t n = strlen(s);
    while (n > 0 && memchr(" \t\r\n", s[n - 1], 4) != NULL)
        n--;
    s[n] = '\0';
    return s;
}

/* before, a prefix that stands for XML Signature's namespace there, ":Signature", behind. */
static bool names_signatures(const xmlNode *at, char *text, const char *before, const char *behind)
{
    size_t b = strlen(before), n = strlen(text);
    if (n <= b || strncmp(text, before, b) != 0)
        return false;
    char *colon = strchr(text + b, ':');
    if (colon == NULL || strncmp(colon, ":Signature", 10) != 0 || strcmp(colon + 10, behind) != 0)
        return false;
    *colon = '\0';
    const xmlNs *ns = xmlSearchNs(at->doc, (xmlNode *)(uintptr_t)at, (const xmlChar *)text + b);
    bool right = ns != NULL && strcmp((const char *)ns->href, NS_DS) == 0;
    *colon = ':';
    return right;
}

err_t xades_read_filter(xmlNode *transform)
{
    AUTO_BUF text = {0};
    const xmlNode *x = xml_first(transform);
    bool second = xml_is(x, NS_FILTER2, "XPath");
    TRY(xml_only_elements(transform));
    if (x == NULL || xml_next(x) != NULL || (!second && !xml_is(x, NS_DS, "XPath")))
        return ERR_UNSUPPORTED;
    TRY(xml_text(x, &text));
    if (text.len == 0)
        return ERR_UNSUPPORTED;
    char *words = trimmed(&text);
    if (!second)
        return names_signatures(x, words, "not(ancestor-or-self::", ")") ? OK : ERR_UNSUPPORTED;
    const char *filter = xml_attr(x, "Filter");
    if (filter == NULL || strcmp(filter, "subtract") != 0)
        return ERR_UNSUPPORTED;
    return names_signatures(x, words, "/descendant::", "") || names_signatures(x, words, "//", "") ? OK : ERR_UNSUPPORTED;
}

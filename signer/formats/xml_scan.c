/*
 * Looks over XML text before any parser does: declarations are refused, sizes are bounded, and elements are counted so that they can be found again.
 * Called by xml.c and through xml.h. XML 1.0 §2.
 */
#include "signer/formats/xml_scan.h"

#include <string.h>

static bool starts(const struct xml_scan *s, const char *with)
{
    size_t n = strlen(with);
    return s->text.len - s->at >= n && memcmp(s->text.ptr + s->at, with, n) == 0;
}

/* To behind the next occurrence. */
static err_t skip_past(struct xml_scan *s, size_t from, const char *end)
{
    const uint8_t *p = memmem(s->text.ptr + from, s->text.len - from, end, strlen(end));
    if (p == NULL)
        return ERR_XML;
    s->at = (size_t)(p - s->text.ptr) + strlen(end);
    return OK;
}

/* From '<' to behind '>'; '>' inside of quotes is none. */
static err_t scan_tag(struct xml_scan *s)
{
    unsigned values = 0;
    uint8_t quote = 0;
    size_t i = s->at + 1;
    for (; i < s->text.len; i++) {
        uint8_t c = s->text.ptr[i];
        if (quote != 0) {
            quote = c == quote ? 0 : quote;
        } else if (c == '"' || c == '\'') {
            quote = c;
            if (++values > XML_ATTRIBUTES_MAX)
                return ERR_TOO_LARGE;
        } else if (c == '>') {
            break;
        } else if (c == '<') {
            return ERR_XML;
        }
    }
    if (i >= s->text.len || i == s->at + 1)
        return ERR_XML;
    s->tag_start = s->at;
    s->at = i + 1;
    return OK;
}

static err_t scan_element(struct xml_scan *s, enum xml_event *event)
{
    bool closing = s->text.ptr[s->at + 1] == '/';
    TRY(scan_tag(s));
    if (closing) {
        if (s->depth == 0)
            return ERR_XML;
        s->depth--;
        *event = XML_CLOSE;
        return OK;
    }
    if (++s->elements > XML_ELEMENTS_MAX)
        return ERR_TOO_LARGE;
    *event = s->text.ptr[s->at - 2] == '/' ? XML_EMPTY : XML_OPEN;
    if (*event == XML_OPEN && ++s->depth > XML_DEPTH_MAX)
        return ERR_TOO_LARGE;
    return OK;
}

err_t xml_scan_next(struct xml_scan *s, enum xml_event *event)
{
    for (;;) {
        const uint8_t *p = s->at < s->text.len ? memchr(s->text.ptr + s->at, '<', s->text.len - s->at) : NULL;
        if (p == NULL) {
            *event = XML_END;
            return s->depth == 0 ? OK : ERR_XML;
        }
        s->at = (size_t)(p - s->text.ptr);
        if (s->text.len - s->at < 3)
            return ERR_XML;
        if (starts(s, "<!--"))
            TRY(skip_past(s, s->at + 4, "-->"));
        else if (starts(s, "<![CDATA[") && s->depth > 0)
            TRY(skip_past(s, s->at + 9, "]]>"));
        else if (starts(s, "<!"))
            return ERR_XML_DOCTYPE;
        else if (starts(s, "<?"))
            TRY(skip_past(s, s->at + 2, "?>"));
        else
            return scan_element(s, event);
    }
}

/* Only UTF-8, said or unsaid: what is counted here must be what the parser reads. */
static err_t check_encoding(struct bytes text)
{
    static const char *const NAMES[] = {"UTF-8", "utf-8", "US-ASCII", "us-ascii"};
    if (text.len >= 3 && memcmp(text.ptr, "\xef\xbb\xbf", 3) == 0)
        text = BYTES(text.ptr + 3, text.len - 3);
    const uint8_t *end = memmem(text.ptr, text.len < 256 ? text.len : 256, "?>", 2);
    const uint8_t *said = end != NULL ? memmem(text.ptr, (size_t)(end - text.ptr), "encoding", 8) : NULL;
    if (!utf8_valid(text))
        return ERR_XML;
    if (text.len < 5 || memcmp(text.ptr, "<?xml", 5) != 0)
        return OK;
    if (end == NULL)
        return ERR_XML;
    if (said == NULL)
        return OK;
    said += 8;
    while (said < end && (*said == ' ' || *said == '='))
        said++;
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
        size_t n = strlen(NAMES[i]);
        if ((size_t)(end - said) >= n + 2 && memcmp(said + 1, NAMES[i], n) == 0 && (said[0] == '"' || said[0] == '\'') &&
            said[n + 1] == said[0])
            return OK;
    }
    return ERR_XML;
}

err_t xml_scan_all(struct bytes text)
{
    struct xml_scan s = {.text = text};
    enum xml_event event = XML_OPEN;
    if (text.len > XML_BYTES_MAX)
        return ERR_TOO_LARGE;
    TRY(check_encoding(text));
    while (event != XML_END)
        TRY(xml_scan_next(&s, &event));
    return s.elements > 0 ? OK : ERR_XML;
}

static size_t ordinal_of(const xmlNode *element)
{
    size_t n = 0;
    for (const xmlNode *at = xmlDocGetRootElement(element->doc); at != NULL && at != element; at = xml_following(at, true))
        n++;
    return n;
}

err_t xml_span_of(struct bytes text, const xmlNode *element, struct xml_span *out)
{
    struct xml_scan s = {.text = text};
    enum xml_event event;
    size_t ordinal = ordinal_of(element);
    do {
        TRY(xml_scan_next(&s, &event));
        if (event == XML_END)
            return ERR_XML;
    } while (s.elements != ordinal + 1);
    *out = (struct xml_span){.start = s.tag_start, .inside = s.at, .inside_end = s.at, .end = s.at, .empty = event == XML_EMPTY};
    unsigned depth = s.depth;
    while (!out->empty && s.depth >= depth) {
        TRY(xml_scan_next(&s, &event));
        if (event == XML_END)
            return ERR_XML;
    }
    if (!out->empty)
        out->inside_end = s.tag_start;
    out->end = s.at;
    return OK;
}

err_t xml_open_end(struct bytes text, const xmlNode *element, struct buf *before, struct buf *after)
{
    struct xml_span span;
    TRY(xml_span_of(text, element, &span));
    if (!span.empty) {
        TRY(buf_copy(before, BYTES(text.ptr, span.inside_end)));
        return buf_copy(after, BYTES(text.ptr + span.inside_end, text.len - span.inside_end));
    }
    size_t name = 1;
    while (memchr(" \t\r\n/>", text.ptr[span.start + name], 6) == NULL)
        name++;
    TRY(buf_copy(before, BYTES(text.ptr, span.end - 2))); /* without the slash and bracket */
    TRY(buf_add(before, ">", 1));
    after->len = 0;
    TRY(buf_add_str(after, "</"));
    TRY(buf_add(after, text.ptr + span.start + 1, name - 1));
    TRY(buf_add(after, ">", 1));
    return buf_add(after, text.ptr + span.end, text.len - span.end);
}

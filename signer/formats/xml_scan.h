/*
 * The tags of an XML text, one after the other. Included by xml.c and xml_scan.c.
 */
#ifndef ANTIN_FORMATS_XML_SCAN_H
#define ANTIN_FORMATS_XML_SCAN_H

#include "signer/formats/xml.h"

enum xml_event { XML_OPEN, XML_EMPTY, XML_CLOSE, XML_END };

struct xml_scan {
    struct bytes text;
    size_t at;        /* behind the last tag */
    size_t tag_start; /* of the last tag */
    size_t elements;  /* begun so far */
    unsigned depth;   /* open ones */
};
err_t xml_scan_next(struct xml_scan *s, enum xml_event *event) MUST_USE;
/* All of it, and its encoding. */
err_t xml_scan_all(struct bytes text) MUST_USE;

#endif

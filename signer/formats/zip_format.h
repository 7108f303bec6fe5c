/*
 * The numbers of the ZIP format, for its reader and its writer.
 * Used by zip_read.c, zip_inflate.c and zip_write.c. PKWARE APPNOTE 6.3.10 §4.3, §4.4.
 */
#ifndef ANTIN_FORMATS_ZIP_FORMAT_H
#define ANTIN_FORMATS_ZIP_FORMAT_H

#include <stddef.h>
#include <stdint.h>

#define SIG_LOCAL 0x04034b50u
#define SIG_RECORD 0x02014b50u
#define SIG_END 0x06054b50u
#define SIG_DESCRIPTOR 0x08074b50u
#define LOCAL_LEN 30
#define RECORD_LEN 46
#define END_LEN 22
#define DESCRIPTOR_LEN 12 /* without its signature */
#define COMMENT_MAX 65535

#define FLAG_DEFLATE_LEVEL 0x0006u
#define FLAG_DESCRIPTOR 0x0008u
#define FLAG_UTF8 0x0800u
#define FLAGS_KNOWN (FLAG_DEFLATE_LEVEL | FLAG_DESCRIPTOR | FLAG_UTF8)

#define METHOD_STORED 0
#define METHOD_DEFLATED 8

#define EXTRA_ZIP64 0x0001
#define EXTRA_UNICODE_PATH 0x7075

/* Little-endian numbers. */
static inline uint16_t le16(const uint8_t *p)
{
    return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t le32(const uint8_t *p)
{
    return (uint32_t)le16(p) | (uint32_t)le16(p + 2) << 16;
}

static inline void put16(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
}

static inline void put32(uint8_t *p, uint32_t v)
{
    put16(p, v);
    put16(p + 2, v >> 16);
}

#endif

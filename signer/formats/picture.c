/*
 * Walks through a PNG's chunks.
 * Called by look.c. PNG (ISO/IEC 15948:2004) §5.2, §5.3, §11.2, §11.3.
 */
#include "signer/formats/picture.h"

#include <string.h>
#include <zlib.h>

#define CHUNK_FRAME 12u /* length, type, CRC */
#define HEADER_LEN 13u
#define PHYS_LEN 9u
#define ANCILLARY 0x20 /* bit 5 of a type's first letter (§5.4) */

static const uint8_t SIGNATURE[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};

struct chunk {
    const uint8_t *type; /* four letters */
    struct bytes data, whole;
};

struct walk {
    bool header, pixels, end;
};

static uint32_t number(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static bool is(const struct chunk *c, const char *type)
{
    return memcmp(c->type, type, 4) == 0;
}

static err_t next_chunk(struct bytes *rest, struct chunk *out)
{
    if (rest->len < CHUNK_FRAME)
        return ERR_PICTURE;
    size_t n = number(rest->ptr);
    if (n > rest->len - CHUNK_FRAME)
        return ERR_PICTURE;
    *out = (struct chunk){rest->ptr + 4, BYTES(rest->ptr + 8, n), BYTES(rest->ptr, n + CHUNK_FRAME)};
    if (crc32(crc32(0, NULL, 0), out->type, (uInt)(n + 4)) != number(rest->ptr + 8 + n))
        return ERR_PICTURE;
    *rest = BYTES(rest->ptr + n + CHUNK_FRAME, rest->len - n - CHUNK_FRAME);
    return OK;
}

/* §11.2.2; which depths go with which colours the decoder checks. */
static err_t read_header(const struct chunk *c, struct picture *out)
{
    if (c->data.len != HEADER_LEN)
        return ERR_PICTURE;
    out->width = number(c->data.ptr);
    out->height = number(c->data.ptr + 4);
    if (out->width == 0 || out->height == 0)
        return ERR_PICTURE;
    bool large = out->width > PICTURE_SIDE_MAX || out->height > PICTURE_SIDE_MAX || (uint64_t)out->width * out->height > PICTURE_PIXELS_MAX;
    return large ? ERR_TOO_LARGE : OK;
}

/* §11.3.5.3: pixels a metre. */
static void read_size(const struct chunk *c, struct picture *out)
{
    uint32_t per_metre = c->data.len == PHYS_LEN && c->data.ptr[8] == 1 ? number(c->data.ptr) : 0;
    out->width_mm = per_metre > 0 ? 1000.0 * out->width / per_metre : 0;
}

static bool draws(const struct chunk *c)
{
    return is(c, "IHDR") || is(c, "PLTE") || is(c, "tRNS") || is(c, "IDAT") || is(c, "IEND");
}

static err_t take_chunk(const struct chunk *c, struct walk *w, struct picture *out)
{
    if (w->header == is(c, "IHDR"))
        return ERR_PICTURE; /* the first one, and once */
    if (!w->header)
        TRY(read_header(c, out));
    w->header = true;
    w->pixels = w->pixels || is(c, "IDAT");
    w->end = is(c, "IEND");
    if (is(c, "pHYs"))
        read_size(c, out);
    if (draws(c))
        return buf_add_bytes(&out->clean, c->whole);
    return (c->type[0] & ANCILLARY) != 0 ? OK : ERR_PICTURE; /* not to be drawn without it, and we do not know it */
}

err_t picture_read(struct bytes file, struct picture *out)
{
    AUTO_PICTURE p = {0};
    struct walk w = {0};
    struct chunk c;
    if (file.len > PICTURE_BYTES_MAX)
        return ERR_TOO_LARGE;
    if (file.len < sizeof SIGNATURE || memcmp(file.ptr, SIGNATURE, sizeof SIGNATURE) != 0)
        return ERR_PICTURE;
    TRY(buf_add(&p.clean, SIGNATURE, sizeof SIGNATURE));
    struct bytes rest = BYTES(file.ptr + sizeof SIGNATURE, file.len - sizeof SIGNATURE);
    while (!w.end) {
        TRY(next_chunk(&rest, &c));
        TRY(take_chunk(&c, &w, &p));
    }
    if (!w.pixels || rest.len > 0)
        return ERR_PICTURE;
    *out = take(&p);
    return OK;
}

void picture_free(struct picture *p)
{
    buf_free(&p->clean);
    *p = (struct picture){0};
}

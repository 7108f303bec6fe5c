/*
 * PNG pictures of every shape, also hostile ones, laid chunk by chunk.
 * Included by tests/unit/test_{look,pades_visible,sign_visible}.c.
 */
#ifndef ANTIN_TESTPICTURE_H
#define ANTIN_TESTPICTURE_H

#include "tests/unit/testpki.h"
#include <math.h>
#include <zlib.h>

TP_FN void put_number(struct buf *out, uint32_t n)
{
    const uint8_t b[4] = {(uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n};
    TP_MUST(buf_add(out, b, 4) == OK);
}

TP_FN void put_chunk(struct buf *out, const char *type, struct bytes data)
{
    put_number(out, (uint32_t)data.len);
    size_t at = out->len;
    TP_MUST(buf_add(out, type, 4) == OK && buf_add_bytes(out, data) == OK);
    put_number(out, (uint32_t)crc32(0, out->ptr + at, (uInt)(out->len - at)));
}

TP_FN void put_header(struct buf *out, uint32_t w, uint32_t h)
{
    AUTO_BUF header = {0};
    TP_MUST(buf_add(out, "\x89PNG\r\n\x1a\n", 8) == OK);
    put_number(&header, w);
    put_number(&header, h);
    TP_MUST(buf_add(&header, "\x08\x06\x00\x00\x00", 5) == OK); /* 8 bits each of red, green, blue, alpha */
    put_chunk(out, "IHDR", buf_bytes(&header));
}

TP_FN void put_pixels(struct buf *out, struct bytes rows)
{
    uLongf n = compressBound(rows.len);
    AUTO_BUF packed = {0};
    TP_MUST(buf_reserve(&packed, n) == OK && compress(packed.ptr, &n, rows.ptr, rows.len) == Z_OK);
    packed.len = n;
    put_chunk(out, "IDAT", buf_bytes(&packed));
}

TP_FN void put_dpi(struct buf *out, unsigned dpi)
{
    AUTO_BUF data = {0};
    put_number(&data, (uint32_t)lround(dpi / 0.0254));
    put_number(&data, (uint32_t)lround(dpi / 0.0254));
    TP_MUST(buf_add(&data, "\x01", 1) == OK);
    put_chunk(out, "pHYs", buf_bytes(&data));
}

/* A round red seal with a star of sorts, transparent elsewhere. */
TP_FN void picture_seal(unsigned side, unsigned dpi, struct buf *out)
{
    AUTO_BUF rows = {0};
    for (unsigned y = 0; y < side; y++) {
        TP_MUST(buf_add(&rows, "\0", 1) == OK);
        for (unsigned x = 0; x < side; x++) {
            double dx = 2.0 * x / side - 1, dy = 2.0 * y / side - 1, r = sqrt(dx * dx + dy * dy);
            bool ink = (r > 0.86 && r < 0.98) || (r > 0.58 && r < 0.62) || r < 0.28 + 0.16 * cos(5 * atan2(dx, -dy));
            const uint8_t pixel[4] = {0xd0, 0x10, 0x10, ink ? 0xff : 0};
            TP_MUST(buf_add(&rows, pixel, 4) == OK);
        }
    }
    put_header(out, side, side);
    if (dpi > 0)
        put_dpi(out, dpi);
    put_pixels(out, buf_bytes(&rows));
    put_chunk(out, "IEND", BYTES(NULL, 0));
}

/* A wave of blue ink, as if written by hand. */
TP_FN void picture_hand(struct buf *out)
{
    const unsigned w = 400, h = 160;
    AUTO_BUF rows = {0};
    for (unsigned y = 0; y < h; y++) {
        TP_MUST(buf_add(&rows, "\0", 1) == OK);
        for (unsigned x = 0; x < w; x++) {
            double wave = h / 2.0 + 55 * sin(x / 22.0) * cos(x / 90.0);
            const uint8_t pixel[4] = {0x10, 0x20, 0xa0, fabs(y - wave) < 4 ? 0xff : 0};
            TP_MUST(buf_add(&rows, pixel, 4) == OK);
        }
    }
    put_header(out, w, h);
    put_pixels(out, buf_bytes(&rows));
    put_chunk(out, "IEND", BYTES(NULL, 0));
}

#endif

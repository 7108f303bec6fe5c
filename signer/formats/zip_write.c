/*
 * Writes ZIP archives front to back: sizes are known before, so nothing is written twice and no descriptor follows.
 * Called by asic_write.c. PKWARE APPNOTE 6.3.10 §4.3.7, §4.3.12, §4.3.16.
 */
#include "signer/formats/zip.h"

#include "common/clock.h"
#include "signer/formats/zip_format.h"
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

#define PIECE ((size_t)128 << 10)
#define MADE_BY 0x0314 /* Unix, 2.0 */
#define VERSION_NEEDED 20
#define MODE ((uint32_t)(S_IFREG | 0644) << 16)

/* --- sinks --- */

err_t zip_to_buf(void *buf, struct bytes b)
{
    return buf_add_bytes(buf, b);
}

err_t zip_to_fd(void *fd, struct bytes b)
{
    while (b.len > 0) {
        ssize_t n = write(*(const int *)fd, b.ptr, b.len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == ENOSPC || errno == EDQUOT || errno == EFBIG ? ERR_DISK_FULL : ERR_IO;
        b = BYTES(b.ptr + n, b.len - (size_t)n);
    }
    return OK;
}

static err_t put(struct zip_writer *w, struct bytes b)
{
    if (b.len > ZIP_FILE_MAX - w->at)
        return ERR_TOO_LARGE;
    TRY(w->sink.write(w->sink.arg, b));
    w->at += b.len;
    return OK;
}

/* --- entries --- */

/* Seconds in twos since 1980, in local time as the format has it: UTC here, so that the same input gives the same bytes everywhere. */
static uint32_t dos_time(int64_t t)
{
    struct tm tm = {0};
    time_t when = (time_t)t;
    if (t == 0 || gmtime_r(&when, &tm) == NULL || tm.tm_year < 80 || tm.tm_year > 207)
        return 1u << 21 | 1u << 16; /* 1980-01-01 */
    unsigned date = (unsigned)(tm.tm_year - 80) << 9 | (unsigned)(tm.tm_mon + 1) << 5 | (unsigned)tm.tm_mday;
    unsigned clock = (unsigned)tm.tm_hour << 11 | (unsigned)tm.tm_min << 5 | (unsigned)tm.tm_sec / 2;
    return date << 16 | clock;
}

static bool is_ascii(struct bytes s)
{
    size_t i = 0;
    while (i < s.len && s.ptr[i] < 0x80)
        i++;
    return i == s.len;
}

/* *packed stays empty when deflating does not pay. */
static err_t pack(struct bytes content, struct buf *packed)
{
    z_stream s = {0};
    if (content.len < 64 || content.len > UINT_MAX / 2)
        return OK;
    TRY(buf_reserve(packed, content.len));
    if (deflateInit2(&s, Z_DEFAULT_COMPRESSION, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        return ERR_NOMEM;
    s.next_in = (z_const Bytef *)content.ptr;
    s.avail_in = (uInt)content.len;
    s.next_out = packed->ptr;
    s.avail_out = (uInt)(content.len - content.len / 16);
    size_t room = s.avail_out;
    if (deflate(&s, Z_FINISH) == Z_STREAM_END)
        packed->len = room - s.avail_out;
    deflateEnd(&s);
    return OK;
}

/* The 26 bytes that local header and record share: version needed to the length of the extra field. */
struct shared {
    uint8_t v[26];
};

/* What an entry is. */
struct facts {
    struct bytes name;
    uint64_t size, packed;
    uint32_t crc;
    bool deflated;
};

static struct shared shared_fields(const struct zip_writer *w, const struct facts *f)
{
    struct shared s = {{0}};
    put16(s.v, VERSION_NEEDED);
    put16(s.v + 2, is_ascii(f->name) ? 0 : FLAG_UTF8);
    put16(s.v + 4, f->deflated ? METHOD_DEFLATED : METHOD_STORED);
    put32(s.v + 6, dos_time(w->time));
    put32(s.v + 10, f->crc);
    put32(s.v + 14, (uint32_t)f->packed);
    put32(s.v + 18, (uint32_t)f->size);
    put16(s.v + 22, (uint32_t)f->name.len);
    return s;
}

/* ERR_ZIP_UNSAFE, ERR_TOO_LARGE: it may not be written. */
static err_t may_add(const struct zip_writer *w, struct bytes name, uint64_t size)
{
    if (!zip_name_valid(name))
        return ERR_ZIP_UNSAFE;
    return w->n == ZIP_ENTRIES_MAX || size > ZIP_FILE_MAX ? ERR_TOO_LARGE : OK;
}

/* The local header; the data follow it. The record is kept for the directory. */
static err_t add_header(struct zip_writer *w, const struct facts *f)
{
    uint8_t local[LOCAL_LEN], r[RECORD_LEN] = {0};
    struct shared s = shared_fields(w, f);
    uint64_t at = w->at;
    put32(local, SIG_LOCAL);
    memcpy(local + 4, s.v, sizeof s.v);
    TRY(put(w, BYTES(local, sizeof local)));
    TRY(put(w, f->name));
    put32(r, SIG_RECORD);
    put16(r + 4, MADE_BY);
    memcpy(r + 6, s.v, sizeof s.v);
    put32(r + 38, MODE);
    put32(r + 42, (uint32_t)at);
    TRY(buf_add(&w->directory, r, sizeof r));
    TRY(buf_add_bytes(&w->directory, f->name));
    w->n++;
    return OK;
}

err_t zip_add(struct zip_writer *w, struct bytes name, struct bytes content, bool deflate)
{
    AUTO_BUF packed = {0};
    TRY(may_add(w, name, content.len));
    if (deflate)
        TRY(pack(content, &packed));
    struct bytes data = packed.len > 0 ? buf_bytes(&packed) : content;
    const struct facts f = {
        .name = name,
        .size = content.len,
        .packed = data.len,
        .crc = (uint32_t)crc32_z(0, content.ptr, content.len),
        .deflated = packed.len > 0,
    };
    TRY(add_header(w, &f));
    return put(w, data);
}

/* --- files, twice from their start: the checksum stands before the data --- */

static err_t read_some(int fd, uint64_t at, uint64_t size, struct buf *piece)
{
    size_t want = size - at < PIECE ? (size_t)(size - at) : PIECE;
    ssize_t n;
    do
        n = pread(fd, piece->ptr, want, (off_t)at);
    while (n < 0 && errno == EINTR);
    piece->len = n > 0 ? (size_t)n : 0;
    return n > 0 ? OK : ERR_IO;
}

err_t zip_add_fd(struct zip_writer *w, struct bytes name, int fd, uint64_t size)
{
    AUTO_BUF piece = {0};
    struct facts f = {.name = name, .size = size, .packed = size};
    TRY(may_add(w, name, size));
    TRY(buf_reserve(&piece, PIECE));
    for (uint64_t at = 0; at < size; at += piece.len) {
        TRY(read_some(fd, at, size, &piece));
        f.crc = (uint32_t)crc32_z(f.crc, piece.ptr, piece.len);
    }
    TRY(add_header(w, &f));
    uint32_t crc = 0;
    for (uint64_t at = 0; at < size; at += piece.len) {
        TRY(read_some(fd, at, size, &piece));
        crc = (uint32_t)crc32_z(crc, piece.ptr, piece.len);
        TRY(put(w, buf_bytes(&piece)));
    }
    return crc == f.crc ? OK : ERR_IO;
}

err_t zip_add_same(struct zip_writer *w, const struct zip_entry *e)
{
    if (w->n == ZIP_ENTRIES_MAX)
        return ERR_TOO_LARGE;
    size_t from = w->directory.len;
    uint64_t at = w->at;
    TRY(put(w, e->whole));
    TRY(buf_add_bytes(&w->directory, e->record));
    put32(w->directory.ptr + from + 42, (uint32_t)at);
    w->n++;
    return OK;
}

err_t zip_finish(struct zip_writer *w)
{
    uint8_t end[END_LEN] = {0};
    put32(end, SIG_END);
    put16(end + 8, (uint32_t)w->n);
    put16(end + 10, (uint32_t)w->n);
    put32(end + 12, (uint32_t)w->directory.len);
    put32(end + 16, (uint32_t)w->at);
    TRY(put(w, buf_bytes(&w->directory)));
    return put(w, BYTES(end, sizeof end));
}

void zip_writer_free(struct zip_writer *w)
{
    buf_free(&w->directory);
}

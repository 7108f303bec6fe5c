/*
 * ZIP archives, read strictly and written plainly: every byte of a file belongs to exactly one entry, so that no other program finds something else.
 * Called by asic_*.c and signer/verify. PKWARE APPNOTE 6.3.10; ISO/IEC 21320-1; ETSI EN 319 162-1 Annex A.
 */
#ifndef ANTIN_FORMATS_ZIP_H
#define ANTIN_FORMATS_ZIP_H

#include "common/bytes.h"
#include "signer/formats/errors.h"
#include <openssl/evp.h>

#define ZIP_FILE_MAX 0xfffffffeu /* bytes: no Zip64 */
#define ZIP_ENTRIES_MAX 4096
#define ZIP_NAME_MAX 1023           /* bytes of a path; of each of its parts 255 */
#define ZIP_INFLATED_MAX (1u << 30) /* bytes of all deflated entries unpacked; stored ones are as large as they lie there */

/* --- reading --- */

/* Views into the archive. */
struct zip_entry {
    struct bytes name;   /* UTF-8 without NUL: relative, no empty, "." or ".." part, no backslash, no control character */
    struct bytes whole;  /* local header, data, data descriptor */
    struct bytes data;   /* as it lies there */
    struct bytes record; /* in the central directory */
    uint64_t size;       /* unpacked */
    uint32_t crc;
    bool deflated, folder;
};

struct zip {
    struct bytes file;
    struct zip_entry *entry; /* in the order of their bytes */
    size_t n;
    struct bytes comment;
};

/*
 * Reads the directory; *out borrows from file. ERR_ZIP: no archive, cut off, damaged, or of a kind that is not read (encrypted, split, Zip64, other
 * methods). ERR_ZIP_UNSAFE: bytes that belong to no entry or to two, two entries of one name, a name that leads out of the folder it is unpacked
 * in, symbolic links and devices, a local header that tells other than the directory. ERR_TOO_LARGE: more than the limits above.
 */
err_t zip_open(struct bytes file, struct zip *out) MUST_USE;
void zip_close(struct zip *z);
#define AUTO_ZIP AUTO(zip_close) struct zip

/* NULL: none. Names are compared byte by byte. */
const struct zip_entry *zip_find(const struct zip *z, struct bytes name);
bool zip_is(const struct zip_entry *e, const char *name);

/*
 * Hands the unpacked bytes over piece by piece. ERR_ZIP: they are not as many as declared, or have another checksum: what was handed over until then
 * must be thrown away. Also what piece returns.
 */
err_t zip_each(const struct zip_entry *e, err_t (*piece)(void *arg, struct bytes b), void *arg) MUST_USE;
/* All of them. Stored ones are not copied. ERR_TOO_LARGE: more than max; ERR_ZIP. *view borrows from the archive or from own. */
err_t zip_read(const struct zip_entry *e, size_t max, struct buf *own, struct bytes *view) MUST_USE;
/* All of them into a digest; and that digest alone: out has room for EVP_MAX_MD_SIZE. */
err_t zip_hash(const struct zip_entry *e, EVP_MD_CTX *ctx) MUST_USE;
err_t zip_digest(const struct zip_entry *e, const EVP_MD *md, uint8_t *out, size_t *len) MUST_USE;

/* --- writing --- */

/* Where an archive goes, in order and once. */
struct zip_sink {
    err_t (*write)(void *arg, struct bytes b);
    void *arg;
};
/* Sinks for a buffer and for a descriptor (int *). ERR_NOMEM; ERR_DISK_FULL, ERR_IO. */
err_t zip_to_buf(void *buf, struct bytes b) MUST_USE;
err_t zip_to_fd(void *fd, struct bytes b) MUST_USE;

/* zero-initialised but for sink and time. */
struct zip_writer {
    struct zip_sink sink;
    int64_t time;         /* seconds since 1970, of every entry added; 0: none (1980-01-01) */
    uint64_t at;          /* bytes written */
    struct buf directory; /* as it will follow */
    size_t n;
};
/* The name must be one that zip_open accepts: ERR_ZIP_UNSAFE. ERR_TOO_LARGE past the limits. Deflated only when that makes it smaller. */
err_t zip_add(struct zip_writer *w, struct bytes name, struct bytes content, bool deflate) MUST_USE;
/* The first size bytes of a file, stored, without holding them in memory. Also ERR_IO: it is shorter, or changed while it was read. */
err_t zip_add_fd(struct zip_writer *w, struct bytes name, int fd, uint64_t size) MUST_USE;
/* An entry of another archive, not a byte of it changed. */
err_t zip_add_same(struct zip_writer *w, const struct zip_entry *e) MUST_USE;
/* The directory. Once, at the end. */
err_t zip_finish(struct zip_writer *w) MUST_USE;
void zip_writer_free(struct zip_writer *w);
#define AUTO_ZIP_WRITER AUTO(zip_writer_free) struct zip_writer

bool zip_name_valid(struct bytes name);

#endif

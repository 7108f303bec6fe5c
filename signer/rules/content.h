/*
 * The content store: files under the SHA-256 of their bytes, in one folder. A file is there whole and on disk, or not at all.
 * Called by rules/component (uploads), rules/signing (signed PDFs) and the downloads.
 */
#ifndef ANTIN_SIGNER_CONTENT_H
#define ANTIN_SIGNER_CONTENT_H

#include "common/bytes.h"
#include "common/secret.h"

struct content;

/* Makes the folder when it is missing. ERR_IO with a log line. */
err_t content_open(const char *folder, struct content **out) MUST_USE;
void content_close(struct content **c);

struct content_file {
    uint64_t size;
    uint8_t sha256[SHA256_LEN];
    uint8_t sha512[SHA512_LEN];
};
/*
 * Stores size bytes of fd from its start, followed by tail (may be empty), and tells what it stored. When it returns OK the file survives a
 * power cut. ERR_IO (fd is shorter), ERR_DISK_FULL.
 */
err_t content_put(struct content *c, int fd, uint64_t size, struct bytes tail, struct content_file *out) MUST_USE;
/* Opens for reading; the descriptor is the caller's. ERR_NOT_FOUND; ERR_IO when the size is not the expected one. */
err_t content_get(struct content *c, const uint8_t sha256[SHA256_LEN], uint64_t size, int *fd) MUST_USE;
/*
 * Deletes files of one of CONTENT_SHARDS shards that are older than age seconds and that used() disowns; shard 0 also takes leftovers of crashes.
 * Failures of used() end it.
 */
#define CONTENT_SHARDS 256
typedef err_t content_used_fn(void *arg, const uint8_t sha256[SHA256_LEN], bool *used);
err_t content_sweep(struct content *c, unsigned shard, int64_t age, content_used_fn *used, void *arg) MUST_USE;
/* Can a file be written? For readiness. */
bool content_alive(struct content *c);

#endif

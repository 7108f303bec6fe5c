/*
 * The content store: files under the SHA-256 of their bytes, in one folder. A file is there whole and on disk, or not at all.
 * Called by rules/component (uploads), rules/signing (signed PDFs) and the downloads.
 */
#ifndef ANTIN_SIGNER_CONTENT_H
#define ANTIN_SIGNER_CONTENT_H

#include "common/bytes.h"
#include "common/secret.h"
#include <openssl/evp.h>

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
 * Stores size bytes of fd from its start, and tells what it stored. When it returns OK the file survives a power cut. ERR_IO (fd is shorter),
 * ERR_DISK_FULL.
 */
err_t content_put(struct content *c, int fd, uint64_t size, struct content_file *out) MUST_USE;
/* A file that grows before it is stored: begun with what is there, appended to, kept or dropped. Nobody sees it until it is kept. */
struct content_draft;
/* As content_put. */
err_t content_draft_begin(struct content *c, int fd, uint64_t size, struct content_draft **out) MUST_USE;
err_t content_draft_append(struct content_draft *d, struct bytes more) MUST_USE;
int content_draft_fd(const struct content_draft *d); /* for reading what it has now; the draft's own */
uint64_t content_draft_size(const struct content_draft *d);
err_t content_draft_keep(struct content_draft *d, struct content_file *out) MUST_USE;
void content_draft_drop(struct content_draft **d); /* also of what was kept: frees the draft */
#define AUTO_CONTENT_DRAFT AUTO(content_draft_drop) struct content_draft *
/* Opens for reading; the descriptor is the caller's. ERR_NOT_FOUND; ERR_IO when the size is not the expected one. */
err_t content_get(struct content *c, const uint8_t sha256[SHA256_LEN], uint64_t size, int *fd) MUST_USE;
/* A file without a name in the store's folder, for what is made to be sent; open for writing and reading. */
err_t content_scratch(struct content *c, int *fd) MUST_USE;
/* All bytes of a stored file into a digest, piece by piece. As content_get, and ERR_IO. */
err_t content_feed(struct content *c, const uint8_t sha256[SHA256_LEN], uint64_t size, EVP_MD_CTX *ctx) MUST_USE;
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

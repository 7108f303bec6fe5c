/*
 * Files mapped for reading, however large: what has been read is given back, so that a gigabyte passes through a few megabytes.
 * Called by pdf.c, pades_raise.c, covered.c, antin-sign and antin-verify. mmap(2), madvise(2).
 */
#ifndef ANTIN_FORMATS_MAPPED_H
#define ANTIN_FORMATS_MAPPED_H

#include "common/bytes.h"
#include <openssl/evp.h>

/* Private and for reading alone; a file that is cut short meanwhile raises SIGBUS. */
struct mapped {
    struct bytes data; /* never NULL once open; a view of it may be handed to anybody while it is */
    struct mapping *own;
};
/* A regular file, also an empty one; the descriptor stays the caller's and may be closed. ERR_IO: no such; ERR_NOMEM. */
err_t mapped_open(int fd, struct mapped *out) MUST_USE;
void mapped_close(struct mapped *m);

/*
 * The pages of these bytes need not stay in memory; whoever looks at them again, in any thread, finds them as they were. Bytes that belong to no open
 * mapping are left alone.
 */
void mapped_release(struct bytes part);
/* EVP_DigestUpdate over bytes of any length, each piece released behind it. ERR_CRYPTO. */
err_t mapped_digest(EVP_MD_CTX *ctx, struct bytes data) MUST_USE;

#endif

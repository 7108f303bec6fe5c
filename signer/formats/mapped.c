/*
 * Maps files and knows which bytes are theirs.
 * Called by pdf.c, pades_raise.c, covered.c, antin-sign and antin-verify.
 */
#include "signer/formats/mapped.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIECE ((size_t)4 << 20)

struct mapping {
    uint8_t *at;
    size_t len;
    struct mapping *next;
};
static struct mapping *all;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void enlist(struct mapping *m)
{
    (void)pthread_mutex_lock(&lock);
    m->next = all;
    all = m;
    (void)pthread_mutex_unlock(&lock);
}

static void strike(const struct mapping *m)
{
    (void)pthread_mutex_lock(&lock);
    struct mapping **p = &all;
    while (*p != m)
        p = &(*p)->next;
    *p = m->next;
    (void)pthread_mutex_unlock(&lock);
}

err_t mapped_open(int fd, struct mapped *out)
{
    struct stat st;
    *out = (struct mapped){.data = BYTES("", 0)};
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        return ERR_IO;
    if (st.st_size == 0)
        return OK;
    struct mapping *m = malloc(sizeof *m);
    if (m == NULL)
        return ERR_NOMEM;
    m->len = (size_t)st.st_size;
    m->at = mmap(NULL, m->len, PROT_READ, MAP_PRIVATE, fd, 0);
    if (m->at == MAP_FAILED) {
        free(m);
        return ERR_NOMEM;
    }
    enlist(m);
    *out = (struct mapped){BYTES(m->at, m->len), m};
    return OK;
}

void mapped_close(struct mapped *m)
{
    if (m->own != NULL) {
        strike(m->own);
        (void)munmap(m->own->at, m->own->len);
        free(m->own);
    }
    *m = (struct mapped){0};
}

/* Memory of any other kind would be emptied by this: nothing outside of our own read-only file mappings may come here. */
static void give_back(const uint8_t *from, const uint8_t *to)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t first = (uintptr_t)from & ~(page - 1), last = ((uintptr_t)to + page - 1) & ~(page - 1);
    (void)madvise((void *)first, last - first, MADV_DONTNEED);
}

void mapped_release(struct bytes part)
{
    const uint8_t *end = part.ptr + part.len;
    (void)pthread_mutex_lock(&lock);
    for (const struct mapping *m = all; m != NULL; m = m->next) {
        if (part.ptr >= m->at && end <= m->at + m->len) {
            give_back(part.ptr, end); /* under the lock: it cannot be unmapped, and something else be there, meanwhile */
            break;
        }
    }
    (void)pthread_mutex_unlock(&lock);
}

err_t mapped_digest(EVP_MD_CTX *ctx, struct bytes data)
{
    while (data.len > 0) {
        struct bytes piece = BYTES(data.ptr, data.len < PIECE ? data.len : PIECE);
        if (EVP_DigestUpdate(ctx, piece.ptr, piece.len) != 1)
            return ERR_CRYPTO;
        if (piece.len == PIECE)
            mapped_release(piece);
        data = BYTES(data.ptr + piece.len, data.len - piece.len);
    }
    return OK;
}

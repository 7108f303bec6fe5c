/*
 * Hash trees on disk. The file: a head of 64 bytes, the sorted leaves, then each level above; a last node without a neighbour goes up as it is.
 * Called by ers_archive.c. RFC 4998 §4.1, §4.2.
 */
#include "signer/formats/ers_tree.h"

#include "signer/formats/ers_hash.h"
#include "signer/formats/ers_sort.h"
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <fcntl.h>

#define HEAD 64
static const char MAGIC[16] = "antin ers tree 1";

/* --- the head: magic, algorithm, number of leaves (big-endian) --- */

static void head_write(uint8_t *head, enum cms_hash alg, uint64_t n)
{
    memset(head, 0, HEAD);
    memcpy(head, MAGIC, sizeof MAGIC);
    head[16] = (uint8_t)alg;
    for (size_t i = 0; i < 8; i++)
        head[24 + i] = (uint8_t)(n >> (8 * (7 - i)));
}

/* Where each level lies; the whole file's length. */
static uint64_t lay_out(struct ers_tree *t, uint64_t n)
{
    uint64_t at = HEAD;
    for (t->level_n = 0; t->level_n < ERS_LEVELS_MAX; n = (n + 1) / 2) {
        t->level[t->level_n].at = at;
        t->level[t->level_n++].n = n;
        at += n * t->width;
        if (n == 1)
            break;
    }
    return at;
}

static uint8_t *node(const struct ers_tree *t, size_t level, uint64_t i)
{
    return t->map + t->level[level].at + i * t->width;
}

/* --- growing --- */

void ers_leaves_start(struct ers_leaves *l, int fd, enum cms_hash alg)
{
    l->fd = fd;
    l->alg = alg;
    l->width = cms_hash_len(alg);
    l->n = 0;
    l->used = 0;
}

static err_t flush(struct ers_leaves *l)
{
    off_t at = (off_t)(HEAD + (l->n - l->used / l->width) * l->width);
    for (size_t done = 0; done < l->used;) {
        ssize_t n = pwrite(l->fd, l->page + done, l->used - done, at + (off_t)done);
        if (n <= 0)
            return ERR_IO;
        done += (size_t)n;
    }
    l->used = 0;
    return OK;
}

err_t ers_leaves_add(struct ers_leaves *l, const uint8_t *digest)
{
    if (l->n == ERS_LEAVES_MAX)
        return ERR_TOO_LARGE;
    if (l->used + l->width > ERS_PAGE)
        TRY(flush(l));
    memcpy(l->page + l->used, digest, l->width);
    l->used += l->width;
    l->n++;
    return OK;
}

/* Of those that are equal, one; they are sorted. */
static uint64_t unique(uint8_t *leaf, uint64_t n, size_t width)
{
    uint64_t kept = 1;
    for (uint64_t i = 1; i < n; i++) {
        if (memcmp(leaf + i * width, leaf + (kept - 1) * width, width) == 0)
            continue;
        if (i != kept)
            memcpy(leaf + kept * width, leaf + i * width, width);
        kept++;
    }
    return kept;
}

/* §4.3 (2): the two in binary ascending order, one after another. */
static err_t join(struct ers_hash *h, const uint8_t *a, const uint8_t *b, size_t width, uint8_t *out)
{
    bool ordered = memcmp(a, b, width) <= 0;
    const struct bytes parts[] = {BYTES(ordered ? a : b, width), BYTES(ordered ? b : a, width)};
    return ers_hash_parts(h, parts, 2, out);
}

static err_t build_level(const struct ers_tree *t, size_t level, struct ers_hash *h)
{
    uint64_t below = t->level[level - 1].n;
    for (uint64_t i = 0; i < t->level[level].n; i++) {
        if (2 * i + 1 == below)
            memcpy(node(t, level, i), node(t, level - 1, 2 * i), t->width);
        else
            TRY(join(h, node(t, level - 1, 2 * i), node(t, level - 1, 2 * i + 1), t->width, node(t, level, i)));
    }
    return OK;
}

static err_t build(struct ers_tree *t, uint64_t n, uint64_t *len)
{
    AUTO_ERS_HASH h = {0};
    TRY(ers_hash_start(&h, t->alg));
    ers_sort(t->map + HEAD, n, t->width);
    n = unique(t->map + HEAD, n, t->width);
    *len = lay_out(t, n);
    for (size_t level = 1; level < t->level_n; level++)
        TRY(build_level(t, level, &h));
    head_write(t->map, t->alg, n); /* last: without it the file is none */
    return msync(t->map, t->map_len, MS_SYNC) == 0 ? OK : ERR_IO;
}

err_t ers_leaves_grow(struct ers_leaves *l)
{
    AUTO_ERS_TREE t = {.alg = l->alg, .width = l->width};
    uint64_t len;
    if (l->n == 0)
        return ERR_NOT_FOUND;
    TRY(flush(l));
    t.map_len = lay_out(&t, l->n);
    if (posix_fallocate(l->fd, 0, (off_t)t.map_len) != 0) /* writing to a mapped file on a full disk would be a signal, not an error */
        return ERR_IO;
    void *map = mmap(NULL, t.map_len, PROT_READ | PROT_WRITE, MAP_SHARED, l->fd, 0);
    if (map == MAP_FAILED)
        return ERR_IO;
    t.map = map;
    TRY(build(&t, l->n, &len));
    return ftruncate(l->fd, (off_t)len) == 0 && fsync(l->fd) == 0 ? OK : ERR_IO;
}

/* --- reading --- */

static err_t head_read(struct ers_tree *t)
{
    uint64_t n = 0;
    if (t->map_len < HEAD || memcmp(t->map, MAGIC, sizeof MAGIC) != 0 || t->map[16] > CMS_SHA3_512)
        return ERR_EVIDENCE;
    for (size_t i = 0; i < 8; i++)
        n = n << 8 | t->map[24 + i];
    t->alg = t->map[16];
    t->width = cms_hash_len(t->alg);
    if (n == 0 || n > ERS_LEAVES_MAX || lay_out(t, n) != t->map_len)
        return ERR_EVIDENCE;
    return OK;
}

err_t ers_tree_open(int fd, struct ers_tree *out)
{
    struct stat st;
    *out = (struct ers_tree){0};
    if (fstat(fd, &st) != 0)
        return ERR_IO;
    if (!S_ISREG(st.st_mode) || st.st_size < HEAD)
        return ERR_EVIDENCE;
    void *map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED)
        return ERR_IO;
    out->map = map;
    out->map_len = (size_t)st.st_size;
    err_t e = head_read(out);
    if (e != OK)
        ers_tree_close(out);
    return e;
}

void ers_tree_close(struct ers_tree *t)
{
    if (t->map != NULL)
        munmap(t->map, t->map_len);
    *t = (struct ers_tree){0};
}

uint64_t ers_tree_leaves(const struct ers_tree *t)
{
    return t->level[0].n;
}

const uint8_t *ers_tree_root(const struct ers_tree *t)
{
    return node(t, t->level_n - 1, 0);
}

const uint8_t *ers_tree_leaf(const struct ers_tree *t, uint64_t i)
{
    return node(t, 0, i);
}

/*
 * Digests are spread evenly: where one lies is guessed from its first four bytes, and the range around the guess doubled until it holds it. A million look-ups
 * through all of a tree would else wait for memory most of the time. Whatever the leaves are, it is no more than twice a binary search.
 */
static void bracket(const struct ers_tree *t, const uint8_t *digest, uint64_t *low, uint64_t *high)
{
    uint64_t n = t->level[0].n, prefix = 0;
    for (size_t i = 0; i < 4; i++)
        prefix = prefix << 8 | digest[i];
    uint64_t guess = (prefix * n) >> 32; /* n is at most 2^30 */
    bool above = memcmp(node(t, 0, guess), digest, t->width) < 0;
    *low = above ? guess : 0;
    *high = above ? n : guess + 1;
    for (uint64_t step = 8; step < n; step *= 2) {
        uint64_t at = above ? guess + step : guess - step;
        if (above ? at >= n : step > guess)
            return;
        bool beyond = above ? memcmp(node(t, 0, at), digest, t->width) >= 0 : memcmp(node(t, 0, at), digest, t->width) <= 0;
        if (above && beyond)
            *high = at + 1;
        else if (above || beyond)
            *low = at;
        else
            *high = at + 1;
        if (beyond)
            return;
    }
}

err_t ers_tree_find(const struct ers_tree *t, const uint8_t *digest, uint64_t *i)
{
    uint64_t low, high;
    bracket(t, digest, &low, &high);
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        int order = memcmp(node(t, 0, middle), digest, t->width);
        if (order == 0) {
            *i = middle;
            return OK;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return ERR_NOT_FOUND;
}

/* PartialHashtree of one value or two, in ascending order; widths are below 128, so that lengths are one octet. */
static err_t put_list(const struct ers_tree *t, const uint8_t *a, const uint8_t *b, struct buf *out)
{
    uint8_t list[2 + 2 * (2 + EVP_MAX_MD_SIZE)];
    const uint8_t *value[] = {a, b};
    size_t n = 2;
    for (size_t k = 0; k < 2 && value[k] != NULL; k++) {
        list[n++] = 0x04;
        list[n++] = (uint8_t)t->width;
        memcpy(list + n, value[k], t->width);
        n += t->width;
    }
    list[0] = 0x30;
    if (n - 2 < 0x80) {
        list[1] = (uint8_t)(n - 2);
        return buf_add(out, list, n);
    }
    const uint8_t head[] = {0x30, 0x81, (uint8_t)(n - 2)};
    TRY(buf_add(out, head, sizeof head));
    return buf_add(out, list + 2, n - 2);
}

/* All nodes of the way are asked for before the first is looked at: memory answers them together. */
static void prefetch(const struct ers_tree *t, uint64_t i)
{
    for (size_t level = 0; level + 1 < t->level_n; level++, i /= 2)
        __builtin_prefetch(node(t, level, (i ^ 1) < t->level[level].n ? i ^ 1 : i));
}

/* §4.2: the leaf with its neighbour, then the neighbour of each node on the way up. */
err_t ers_tree_path(const struct ers_tree *t, uint64_t i, struct buf *out)
{
    bool first = true;
    out->len = 0;
    prefetch(t, i);
    for (size_t level = 0; level + 1 < t->level_n; level++, i /= 2) {
        const uint8_t *own = node(t, level, i);
        if ((i ^ 1) >= t->level[level].n)
            continue; /* went up alone */
        const uint8_t *beside = node(t, level, i ^ 1);
        bool ordered = memcmp(own, beside, t->width) <= 0;
        TRY(first ? put_list(t, ordered ? own : beside, ordered ? beside : own, out) : put_list(t, beside, NULL, out));
        first = false;
    }
    return OK;
}

/*
 * A hash tree on disk over any number of digests: sorted leaves, every level above them, found again by binary search.
 * Called by ers_archive.c. RFC 4998 §4.1, §4.2. Memory: one page of digests while they come in, else the file's own pages.
 */
#ifndef ANTIN_FORMATS_ERS_TREE_H
#define ANTIN_FORMATS_ERS_TREE_H

#include "common/cms.h"
#include "signer/formats/errors.h"

#define ERS_LEAVES_MAX (1u << 30)
#define ERS_LEVELS_MAX 32

/* --- growing --- */

#define ERS_PAGE 65536
struct ers_leaves {
    int fd;
    enum cms_hash alg;
    size_t width;
    uint64_t n;
    size_t used;
    uint8_t page[ERS_PAGE];
};
/* fd: an empty file, open for reading and writing; borrowed. */
void ers_leaves_start(struct ers_leaves *l, int fd, enum cms_hash alg);
err_t ers_leaves_add(struct ers_leaves *l, const uint8_t *digest) MUST_USE; /* ERR_IO, ERR_TOO_LARGE */
/* Sorts them, drops those that came twice, and builds the tree; the file is on disk when it returns. ERR_NOT_FOUND: there are none; ERR_IO: also a full disk. */
err_t ers_leaves_grow(struct ers_leaves *l) MUST_USE;

/* --- reading --- */

struct ers_tree {
    uint8_t *map;
    size_t map_len;
    enum cms_hash alg;
    size_t width;
    struct {
        uint64_t at, n; /* offset in the file; nodes */
    } level[ERS_LEVELS_MAX];
    size_t level_n;
};
/* ERR_EVIDENCE: not such a file, or not of the length that its head tells; ERR_IO. */
err_t ers_tree_open(int fd, struct ers_tree *out) MUST_USE;
void ers_tree_close(struct ers_tree *t);
#define AUTO_ERS_TREE AUTO(ers_tree_close) struct ers_tree

uint64_t ers_tree_leaves(const struct ers_tree *t);
const uint8_t *ers_tree_root(const struct ers_tree *t);
const uint8_t *ers_tree_leaf(const struct ers_tree *t, uint64_t i);
err_t ers_tree_find(const struct ers_tree *t, const uint8_t *digest, uint64_t *i) MUST_USE; /* ERR_NOT_FOUND */
/* The PartialHashtree elements from leaf i to the root; empty for a tree of one leaf. Replaces *out. */
err_t ers_tree_path(const struct ers_tree *t, uint64_t i, struct buf *out) MUST_USE;

#endif

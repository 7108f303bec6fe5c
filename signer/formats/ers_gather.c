/*
 * Makes a folder of evidence, and renews it.
 * Called by antin-sign. RFC 4998 §4.1, §5.2.
 */
#include "signer/formats/cades.h"
#include "signer/formats/ers_archive_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

/* --- the folder --- */

/* One writer: the lock is the descriptor's, and gone with it. */
static err_t open_folder(const char *path, int *fd)
{
    *fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*fd < 0)
        return ERR_NOT_FOUND;
    if (flock(*fd, LOCK_EX | LOCK_NB) == 0)
        return OK;
    fd_close(fd);
    return ERR_CONFLICT;
}

static err_t write_all(int fd, struct bytes v)
{
    for (size_t done = 0; done < v.len;) {
        ssize_t n = write(fd, v.ptr + done, v.len - done);
        if (n < 0)
            return errno == ENOSPC || errno == EDQUOT || errno == EFBIG ? ERR_DISK_FULL : ERR_IO;
        done += (size_t)n;
    }
    return fsync(fd) == 0 ? OK : ERR_IO;
}

/* The last step of everything here: from now on the folder says this. */
static err_t commit(int folder, struct bytes sequence)
{
    static const char NEW[] = ERS_SEQUENCE_NAME ".new";
    if (sequence.len > ERS_MAX)
        return ERR_TOO_LARGE;
    AUTO_FD fd = openat(folder, NEW, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd < 0)
        return ERR_IO;
    TRY(write_all(fd, sequence));
    return renameat(folder, NEW, folder, ERS_SEQUENCE_NAME) == 0 && fsync(folder) == 0 ? OK : ERR_IO;
}

/* --- timestamps --- */

/* A token with what its own verifiers will need one day, inside of it: certificates, revocation lists, OCSP answers. */
static err_t complete(const struct ers_means *m, struct bytes token, struct buf *out)
{
    return m->source == NULL ? buf_copy(out, token) : cades_token_complete(token, m->source, out);
}

static err_t stamp(const struct ers_means *m, enum cms_hash alg, struct bytes digest, struct buf *out)
{
    AUTO_BUF token = {0};
    if (m->ts == NULL)
        return ERR_STAMP;
    struct stamping ts = *m->ts;
    ts.alg = alg; /* one algorithm for tree and imprint (§4.1) */
    TRY(cades_stamp(&ts, digest, &token));
    return complete(m, buf_bytes(&token), out);
}

/* The last timestamp may still grow: nothing later covers it. */
static err_t complete_last(const struct ers_means *m, struct ers_archive *a)
{
    AUTO_BUF token = {0};
    AUTO_BUF sequence = {0};
    struct ers_record r = a->stamps;
    struct ers_stamp *last = &r.stamp[r.stamp_n - 1];
    TRY(complete(m, last->token, &token));
    last->token = buf_bytes(&token);
    TRY(ers_write_sequence(&r, &sequence));
    return ers_archive_replace(a, &sequence);
}

static err_t append(const struct ers_record *r, const struct ers_stamp *s, struct buf *sequence)
{
    struct ers_record longer = *r;
    if (r->stamp_n == ERS_STAMPS_MAX || s->chain == ERS_CHAINS_MAX)
        return ERR_TOO_LARGE;
    longer.stamp[longer.stamp_n++] = *s;
    return ers_write_sequence(&longer, sequence);
}

/* --- renewal by timestamp (§5.2) --- */

static err_t renew(struct ers_archive *a, const struct ers_means *m, struct buf *sequence)
{
    AUTO_BUF token = {0};
    AUTO_ERS_HASH h = {0};
    uint8_t digest[EVP_MAX_MD_SIZE];
    TRY(complete_last(m, a));
    const struct ers_stamp *last = &a->stamps.stamp[a->stamps.stamp_n - 1];
    TRY(ers_hash_start(&h, last->alg));
    TRY(ers_hash_parts(&h, &last->token, 1, digest));
    TRY(stamp(m, last->alg, BYTES(digest, cms_hash_len(last->alg)), &token));
    const struct ers_stamp next = {.chain = last->chain, .alg = last->alg, .token = buf_bytes(&token)};
    return append(&a->stamps, &next, sequence);
}

err_t ers_archive_renew(const char *folder, const struct ers_means *m)
{
    AUTO_ERS_ARCHIVE a = NULL;
    AUTO_BUF sequence = {0};
    int fd;
    TRY(open_folder(folder, &fd));
    TRY(ers_archive_open_at(fd, &a));
    TRY(renew(a, m, &sequence));
    return commit(a->folder, buf_bytes(&sequence));
}

/* --- a new tree: the first, or a renewal --- */

struct ers_gather {
    const struct ers_means *means;
    struct ers_archive *old; /* NULL: a new archive */
    int folder;              /* old's, when there is one */
    int fd;                  /* the tree that grows */
    enum cms_hash alg;
    size_t chain;
    pthread_mutex_t lock; /* of leaves */
    struct ers_leaves leaves;
    struct ers_hand *own; /* for who adds with one alone */
};

struct ers_hand {
    struct ers_gather *gather;
    struct ers_hash hash;
    struct ers_room room;
};

static void new_name(const struct ers_gather *g, char out[ERS_TREE_NAME_CAP])
{
    snprintf(out, ERS_TREE_NAME_CAP, "tree.%zu.new", g->chain + 1);
}

static err_t start(struct ers_gather *g, enum cms_hash alg, const struct ers_means *m)
{
    char name[ERS_TREE_NAME_CAP];
    g->alg = alg;
    g->means = m;
    new_name(g, name);
    g->fd = openat(g->folder, name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (g->fd < 0)
        return ERR_IO;
    ers_leaves_start(&g->leaves, g->fd, alg);
    return ers_hand_new(g, &g->own);
}

static err_t gather_alloc(const char *folder, struct ers_gather **out)
{
    struct ers_gather *g = calloc(1, sizeof *g);
    if (g == NULL)
        return ERR_NOMEM;
    g->fd = -1;
    (void)pthread_mutex_init(&g->lock, NULL);
    *out = g;
    return open_folder(folder, &g->folder);
}

err_t ers_gather_new(const char *folder, enum cms_hash alg, const struct ers_means *m, struct ers_gather **out)
{
    AUTO_ERS_GATHER g = NULL;
    TRY(gather_alloc(folder, &g));
    if (faccessat(g->folder, ERS_SEQUENCE_NAME, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
        return ERR_CONFLICT;
    TRY(start(g, alg, m));
    *out = take(&g);
    return OK;
}

err_t ers_gather_renewal(const char *folder, enum cms_hash alg, const struct ers_means *m, struct ers_gather **out)
{
    AUTO_ERS_GATHER g = NULL;
    TRY(gather_alloc(folder, &g));
    int fd = g->folder;
    g->folder = -1;
    TRY(ers_archive_open_at(fd, &g->old));
    g->folder = fd;
    g->chain = g->old->stamps.chain_n;
    if (g->chain == ERS_CHAINS_MAX)
        return ERR_TOO_LARGE;
    TRY(complete_last(m, g->old));
    TRY(start(g, alg, m));
    *out = take(&g);
    return OK;
}

/* --- hands --- */

err_t ers_hand_new(struct ers_gather *g, struct ers_hand **out)
{
    AUTO_ERS_HAND h = calloc(1, sizeof *h);
    if (h == NULL)
        return ERR_NOMEM;
    h->gather = g;
    TRY(ers_hash_start(&h->hash, g->alg));
    if (g->old != NULL)
        TRY(ers_room_start(g->old, &h->room));
    *out = take(&h);
    return OK;
}

void ers_hand_free(struct ers_hand **hand)
{
    if (*hand == NULL)
        return;
    ers_hash_end(&(*hand)->hash);
    ers_room_end(&(*hand)->room);
    free(*hand);
    *hand = NULL;
}

static err_t add_leaf(struct ers_gather *g, const uint8_t *leaf)
{
    (void)pthread_mutex_lock(&g->lock);
    err_t e = ers_leaves_add(&g->leaves, leaf);
    (void)pthread_mutex_unlock(&g->lock);
    return e;
}

err_t ers_hand_add(struct ers_hand *h, const struct ers_digests *d)
{
    struct ers_gather *g = h->gather;
    uint8_t leaf[EVP_MAX_MD_SIZE];
    if (g->old == NULL)
        return add_leaf(g, d->of[g->alg]);
    TRY(ers_archive_sequence(g->old, &h->room, d));
    TRY(ers_renewed_leaf(&h->hash, g->alg, d, buf_bytes(&h->room.whole), leaf));
    return add_leaf(g, leaf);
}

err_t ers_gather_add(struct ers_gather *g, const struct ers_digests *d)
{
    return ers_hand_add(g->own, d);
}

/* --- the end --- */

/* Nothing names the tree yet: it may be there already from a run that ended before its commit. */
static err_t place_tree(struct ers_gather *g)
{
    char from[ERS_TREE_NAME_CAP], to[ERS_TREE_NAME_CAP];
    new_name(g, from);
    ers_tree_name(g->chain, to);
    return renameat(g->folder, from, g->folder, to) == 0 ? OK : ERR_IO;
}

err_t ers_gather_finish(struct ers_gather *g, bool some_may_be_missing)
{
    static const struct ers_record NONE = {.stamp_n = 0};
    AUTO_ERS_TREE tree = {0};
    AUTO_BUF token = {0};
    AUTO_BUF sequence = {0};
    TRY(ers_leaves_grow(&g->leaves));
    TRY(ers_tree_open(g->fd, &tree));
    if (g->old != NULL && !some_may_be_missing && ers_tree_leaves(&tree) != ers_archive_objects(g->old))
        return ERR_EVIDENCE_MISSING;
    TRY(stamp(g->means, g->alg, BYTES(ers_tree_root(&tree), tree.width), &token));
    const struct ers_stamp first = {.chain = g->chain, .first = true, .alg = g->alg, .token = buf_bytes(&token)};
    TRY(append(g->old != NULL ? &g->old->stamps : &NONE, &first, &sequence));
    TRY(place_tree(g));
    return commit(g->folder, buf_bytes(&sequence));
}

void ers_gather_free(struct ers_gather **gather)
{
    struct ers_gather *g = *gather;
    char name[ERS_TREE_NAME_CAP];
    if (g == NULL)
        return;
    new_name(g, name);
    if (g->fd >= 0)
        (void)unlinkat(g->folder, name, 0); /* no longer there after a commit */
    fd_close(&g->fd);
    if (g->old == NULL)
        fd_close(&g->folder);
    ers_archive_close(&g->old);
    ers_hand_free(&g->own);
    (void)pthread_mutex_destroy(&g->lock);
    free(g);
    *gather = NULL;
}

/*
 * Reads a folder of evidence, and takes single records from it.
 * Called by antin-sign and ers_gather.c. RFC 4998 §4.2, §5.2.
 */
#include "signer/formats/ers_archive_impl.h"

#include "signer/formats/tsp_token.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

err_t ers_digests_get(void *arg, enum cms_hash alg, uint8_t *out)
{
    const struct ers_digests *d = arg;
    memcpy(out, d->of[alg], cms_hash_len(alg));
    return OK;
}

void ers_tree_name(size_t chain, char out[ERS_TREE_NAME_CAP])
{
    snprintf(out, ERS_TREE_NAME_CAP, "tree.%zu", chain + 1);
}

/* --- opening --- */

static const struct ers_stamp *first_of(const struct ers_record *r, size_t chain)
{
    size_t i = 0;
    while (r->stamp[i].chain != chain)
        i++;
    return &r->stamp[i];
}

static err_t read_sequence(struct ers_archive *a)
{
    struct stat st;
    AUTO_FD fd = openat(a->folder, ERS_SEQUENCE_NAME, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return ERR_NOT_FOUND;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size <= 0 || st.st_size > (off_t)ERS_MAX)
        return ERR_EVIDENCE;
    TRY(buf_reserve(&a->sequence, (size_t)st.st_size));
    if (pread(fd, a->sequence.ptr, (size_t)st.st_size, 0) != st.st_size)
        return ERR_IO;
    a->sequence.len = (size_t)st.st_size;
    return ers_sequence_read(buf_bytes(&a->sequence), &a->stamps);
}

/* The tree must be the one whose root was timestamped. */
static err_t open_tree(struct ers_archive *a, size_t chain)
{
    const struct ers_stamp *s = first_of(&a->stamps, chain);
    AUTO_TSP_TOKEN token = {0};
    char name[ERS_TREE_NAME_CAP];
    ers_tree_name(chain, name);
    AUTO_FD fd = openat(a->folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 || s->hashtree.ptr != NULL)
        return ERR_EVIDENCE;
    struct ers_tree *t = &a->tree[chain];
    TRY(ers_tree_open(fd, t));
    TRY(tsp_token_read_info(s->token, &token));
    bool same = t->alg == s->alg && tsp_token_is_of(&token, s->alg, BYTES(ers_tree_root(t), t->width)) == OK;
    return same ? OK : ERR_EVIDENCE;
}

err_t ers_room_start(const struct ers_archive *a, struct ers_room *room)
{
    *room = (struct ers_room){0};
    for (size_t i = 0; i < a->stamps.chain_n; i++)
        TRY(ers_hash_start(&room->hash[i], a->tree[i].alg));
    return OK;
}

void ers_room_end(struct ers_room *room)
{
    for (size_t i = 0; i < ERS_CHAINS_MAX; i++)
        ers_hash_end(&room->hash[i]);
    buf_free(&room->path);
    buf_free(&room->whole);
    buf_free(&room->chains);
}

err_t ers_archive_open_at(int folder, struct ers_archive **out)
{
    AUTO_ERS_ARCHIVE a = calloc(1, sizeof *a);
    if (a == NULL) {
        close(folder);
        return ERR_NOMEM;
    }
    a->folder = folder;
    TRY(read_sequence(a));
    for (size_t i = 0; i < a->stamps.chain_n; i++)
        TRY(open_tree(a, i));
    TRY(ers_room_start(a, &a->room));
    *out = take(&a);
    return OK;
}

err_t ers_archive_open(const char *folder, struct ers_archive **out)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd >= 0 ? ers_archive_open_at(fd, out) : ERR_NOT_FOUND;
}

void ers_archive_close(struct ers_archive **archive)
{
    struct ers_archive *a = *archive;
    if (a == NULL)
        return;
    fd_close(&a->folder);
    for (size_t i = 0; i < ERS_CHAINS_MAX; i++)
        ers_tree_close(&a->tree[i]);
    ers_room_end(&a->room);
    buf_free(&a->sequence);
    free(a);
    *archive = NULL;
}

err_t ers_archive_replace(struct ers_archive *a, struct buf *sequence)
{
    buf_free(&a->sequence);
    a->sequence = take(sequence);
    return ers_sequence_read(buf_bytes(&a->sequence), &a->stamps);
}

uint64_t ers_archive_objects(const struct ers_archive *a)
{
    return ers_tree_leaves(&a->tree[a->stamps.chain_n - 1]);
}

unsigned ers_archive_hashes(const struct ers_archive *a)
{
    unsigned hashes = 0;
    for (size_t i = 0; i < a->stamps.chain_n; i++)
        hashes |= 1u << a->tree[i].alg;
    return hashes;
}

const struct ers_record *ers_archive_stamps(const struct ers_archive *a)
{
    return &a->stamps;
}

/* --- one object --- */

err_t ers_renewed_leaf(struct ers_hash *h, enum cms_hash alg, const struct ers_digests *d, struct bytes sequence, uint8_t *out)
{
    uint8_t older[EVP_MAX_MD_SIZE];
    size_t width = cms_hash_len(alg);
    TRY(ers_hash_parts(h, &sequence, 1, older));
    const struct bytes parts[] = {BYTES(d->of[alg], width), BYTES(older, width)};
    return ers_hash_parts(h, parts, 2, out);
}

/* The chain with the object's own reduced hash tree in its first timestamp, appended to room->chains. */
static err_t add_chain(const struct ers_archive *a, struct ers_room *room, size_t chain)
{
    AUTO_BUF stamps = {0};
    const struct ers_stamp *s = first_of(&a->stamps, chain), *end = a->stamps.stamp + a->stamps.stamp_n;
    TRY(ers_write_stamp(s->alg, buf_bytes(&room->path), s->token, &stamps));
    for (s++; s < end && s->chain == chain; s++)
        TRY(ers_write_stamp(s->alg, s->hashtree, s->token, &stamps));
    return ers_wrap(0x30, &(struct bytes){stamps.ptr, stamps.len}, 1, &room->chains);
}

err_t ers_archive_sequence(const struct ers_archive *a, struct ers_room *room, const struct ers_digests *d)
{
    uint8_t leaf[EVP_MAX_MD_SIZE];
    uint64_t at;
    room->whole.len = room->chains.len = 0;
    for (size_t i = 0; i < a->stamps.chain_n; i++) {
        const struct ers_tree *t = &a->tree[i];
        if (i > 0)
            TRY(ers_renewed_leaf(&room->hash[i], t->alg, d, buf_bytes(&room->whole), leaf));
        TRY(ers_tree_find(t, i > 0 ? leaf : d->of[t->alg], &at));
        TRY(ers_tree_path(t, at, &room->path));
        TRY(add_chain(a, room, i));
        room->whole.len = 0;
        TRY(ers_wrap(0x30, &(struct bytes){room->chains.ptr, room->chains.len}, 1, &room->whole));
    }
    return OK;
}

err_t ers_archive_record(struct ers_archive *a, const struct ers_digests *d, struct buf *out)
{
    struct ers_record r;
    out->len = 0;
    TRY(ers_archive_sequence(a, &a->room, d));
    TRY(ers_write_record(buf_bytes(&a->room.whole), out));
    TRY(ers_record_read(buf_bytes(out), &r));
    return ers_check(&r, &(struct ers_object){ers_digests_get, (void *)d}); /* a tree may have been damaged since */
}

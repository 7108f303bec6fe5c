/*
 * What reading and writing a folder of evidence share.
 * Included by ers_archive.c and ers_gather.c alone.
 */
#ifndef ANTIN_FORMATS_ERS_ARCHIVE_IMPL_H
#define ANTIN_FORMATS_ERS_ARCHIVE_IMPL_H

#include "signer/formats/ers_archive.h"
#include "signer/formats/ers_hash.h"
#include "signer/formats/ers_tree.h"

#define ERS_SEQUENCE_NAME "sequence.der"
#define ERS_TREE_NAME_CAP 32

/* What one thread works in, used again for each record. */
struct ers_room {
    struct ers_hash hash[ERS_CHAINS_MAX];
    struct buf path, whole, chains;
};

struct ers_archive {
    int folder;
    struct buf sequence;
    struct ers_record stamps; /* of sequence: without reduced hash trees */
    struct ers_tree tree[ERS_CHAINS_MAX];
    struct ers_room room; /* for who takes one record after another */
};

err_t ers_room_start(const struct ers_archive *a, struct ers_room *room) MUST_USE;
void ers_room_end(struct ers_room *room);

void ers_tree_name(size_t chain, char out[ERS_TREE_NAME_CAP]);
/* Opens what is in that folder, whose descriptor it takes over in any case. */
err_t ers_archive_open_at(int folder, struct ers_archive **out) MUST_USE;
/* The sequence in another form that holds the same trees (tokens that have grown). */
err_t ers_archive_replace(struct ers_archive *a, struct buf *sequence) MUST_USE;
/* The ArchiveTimeStampSequence of this object, in room->whole. ERR_NOT_FOUND. */
err_t ers_archive_sequence(const struct ers_archive *a, struct ers_room *room, const struct ers_digests *d) MUST_USE;
/* What the object is in a later chain's tree: H(its digest, H(its sequence so far)) (RFC 4998 §5.2 (3), (4)). */
err_t ers_renewed_leaf(struct ers_hash *h, enum cms_hash alg, const struct ers_digests *d, struct bytes sequence, uint8_t *out) MUST_USE;

#endif

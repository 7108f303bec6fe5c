/*
 * Evidence records: one timestamp proves that many files existed, each with a record of its own that needs none of the others.
 * Called by ers_archive.c (which makes them by the million), antin-sign and signer/verify. RFC 4998.
 */
#ifndef ANTIN_FORMATS_ERS_H
#define ANTIN_FORMATS_ERS_H

#include "common/cms.h"
#include "signer/formats/errors.h"

#define ERS_MAX (8u << 20) /* bytes of a record; its timestamps bring revocation lists along */
#define ERS_CHAINS_MAX 16  /* renewals by hash tree, and one */
#define ERS_STAMPS_MAX 64  /* archive timestamps in all chains */
#define ERS_LISTS_MAX 64   /* partial hash trees of one timestamp */
#define ERS_LIST_VALUES_MAX 1024

/* One ArchiveTimeStamp. */
struct ers_stamp {
    size_t chain;
    bool first; /* of its chain: it covers the object; the others cover the timestamp before them */
    enum cms_hash alg;
    struct bytes hashtree; /* inside of [2]; ptr NULL: none, the imprint is the covered thing's own digest */
    struct bytes token;    /* TimeStampToken, whole */
    int64_t time;          /* genTime, seconds */
};

struct ers_record {
    struct bytes sequence; /* ArchiveTimeStampSequence, whole */
    struct bytes chain[ERS_CHAINS_MAX];
    size_t chain_n;
    struct ers_stamp stamp[ERS_STAMPS_MAX]; /* oldest first */
    size_t stamp_n;
};

/* Borrows from der, which must be the record and nothing else. ERR_EVIDENCE; ERR_ALGORITHM: a digest algorithm that is not accepted. */
err_t ers_record_read(struct bytes der, struct ers_record *out) MUST_USE;
/* An ArchiveTimeStampSequence alone. */
err_t ers_sequence_read(struct bytes der, struct ers_record *out) MUST_USE;
bool ers_looks_like_record(struct bytes der);

/* What the record shall be about: its digest by any algorithm, cms_hash_len(alg) bytes. */
struct ers_object {
    err_t (*digest)(void *arg, enum cms_hash alg, uint8_t *out);
    void *arg;
};

/*
 * What is it that this record's timestamp number i must have as its imprint (§4.3, §5.3)? *covered gets the bytes whose digest by stamp[i].alg that is;
 * *whole is set instead when it is the object itself. ERR_EVIDENCE_OTHER: the object is not in the first list; ERR_EVIDENCE.
 */
err_t ers_covered(const struct ers_record *r, size_t i, const struct ers_object *object, struct buf *covered, bool *whole) MUST_USE;

/*
 * Do all its hash trees and imprints hold together, from the object to the last timestamp, in the order of time? Whether the timestamps can be believed
 * is a verifier's question: each at the time of the next one, the last one now (§5.3). ERR_EVIDENCE_OTHER, ERR_EVIDENCE.
 */
err_t ers_check(const struct ers_record *r, const struct ers_object *object) MUST_USE;

/* --- writing --- */

/* ArchiveTimeStamp; hashtree: PartialHashtree elements one after another, or empty. */
err_t ers_write_stamp(enum cms_hash alg, struct bytes hashtree, struct bytes token, struct buf *out) MUST_USE;
/* EvidenceRecord around a sequence; its algorithms are found in it. */
err_t ers_write_record(struct bytes sequence, struct buf *out) MUST_USE;
/* A sequence anew, from r's stamps as they are listed. */
err_t ers_write_sequence(const struct ers_record *r, struct buf *out) MUST_USE;
/* Tag and length around parts that lie one after another; appended. */
err_t ers_wrap(uint8_t tag, const struct bytes *part, size_t n, struct buf *out) MUST_USE;

#endif

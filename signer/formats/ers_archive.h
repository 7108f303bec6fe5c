/*
 * A folder of evidence: one timestamp over any number of files, renewed as a whole, from which each file's own record is taken when it is asked for.
 * Called by antin-sign. RFC 4998 §4.2, §5.2.
 *
 * The folder holds sequence.der (the ArchiveTimeStampSequence without the reduced hash trees; whatever it does not name is not there) and one tree a chain
 * (tree.1, tree.2, …). It is replaced by rename as the last step: a crash leaves the old evidence or the new.
 */
#ifndef ANTIN_FORMATS_ERS_ARCHIVE_H
#define ANTIN_FORMATS_ERS_ARCHIVE_H

#include "signer/formats/ers.h"
#include "signer/formats/signing.h"
#include "signer/formats/validation_data.h"

#define ERS_HASHES (CMS_SHA3_512 + 1)
/* An object's digests by the algorithms that an archive has used and will use. */
struct ers_digests {
    uint8_t of[ERS_HASHES][EVP_MAX_MD_SIZE];
};
/* As struct ers_object wants it; arg: a struct ers_digests. */
err_t ers_digests_get(void *arg, enum cms_hash alg, uint8_t *out) MUST_USE;

struct ers_means {
    const struct stamping *ts;
    const struct vdata_source *source; /* for the timestamps' own certificates; NULL: they are left as the service gave them */
};

/* --- reading --- */

struct ers_archive;
/* ERR_NOT_FOUND: no evidence there; ERR_EVIDENCE: damaged, or a tree that is not the one that was timestamped; ERR_IO. */
err_t ers_archive_open(const char *folder, struct ers_archive **out) MUST_USE;
void ers_archive_close(struct ers_archive **a);
#define AUTO_ERS_ARCHIVE AUTO(ers_archive_close) struct ers_archive *

uint64_t ers_archive_objects(const struct ers_archive *a); /* different ones */
/* Bit 1 << alg for each algorithm whose digests ers_archive_record needs. */
unsigned ers_archive_hashes(const struct ers_archive *a);
const struct ers_record *ers_archive_stamps(const struct ers_archive *a); /* for their times and algorithms; without hash trees */
/* The object's evidence record, complete and checked. ERR_NOT_FOUND: the archive is not about it. Replaces *out. */
err_t ers_archive_record(struct ers_archive *a, const struct ers_digests *d, struct buf *out) MUST_USE;

/* --- making and renewing; one writer at a time (ERR_CONFLICT) --- */

struct ers_gather;
/* A new archive in an existing folder without one. ERR_CONFLICT: there is one. *m is borrowed until the end. */
err_t ers_gather_new(const char *folder, enum cms_hash alg, const struct ers_means *m, struct ers_gather **out) MUST_USE;
/* Renewal by hash tree, for when alg shall take over from the algorithm used so far: every object is to be added again. */
err_t ers_gather_renewal(const char *folder, enum cms_hash alg, const struct ers_means *m, struct ers_gather **out) MUST_USE;
/* ERR_NOT_FOUND: renewal, and the archive is not about this one. */
err_t ers_gather_add(struct ers_gather *g, const struct ers_digests *d) MUST_USE;
/* The same from several threads at once, each with a hand of its own; all hands are gone before the gatherer is finished. */
struct ers_hand;
err_t ers_hand_new(struct ers_gather *g, struct ers_hand **out) MUST_USE;
err_t ers_hand_add(struct ers_hand *h, const struct ers_digests *d) MUST_USE;
void ers_hand_free(struct ers_hand **h);
#define AUTO_ERS_HAND AUTO(ers_hand_free) struct ers_hand *
/*
 * Timestamps and commits. ERR_EVIDENCE_MISSING: renewal without all objects, unless some may be missing (those have no record any more). On failure the
 * folder's evidence stays what it was.
 */
err_t ers_gather_finish(struct ers_gather *g, bool some_may_be_missing) MUST_USE;
void ers_gather_free(struct ers_gather **g);
#define AUTO_ERS_GATHER AUTO(ers_gather_free) struct ers_gather *

/* Renewal by timestamp: for when the last timestamp's certificate or key is about to fade. One timestamp, however many objects. */
err_t ers_archive_renew(const char *folder, const struct ers_means *m) MUST_USE;

#endif

/*
 * Archive timestamps of CAdES: do they hold, and is everything that their index names still there?
 * Called by signature.c. ETSI EN 319 122-1 §5.5; EN 319 102-1 §5.6.3.
 */
#ifndef ANTIN_VERIFY_ARCHIVE_H
#define ANTIN_VERIFY_ARCHIVE_H

#include "signer/formats/signed_data.h"
#include "signer/verify/context.h"
#include "signer/verify/result.h"

/* The archive timestamps of one signer, the newest first. Borrows from the message. */
struct archive {
    struct {
        struct bytes token;
        struct buf index; /* ATSHashIndexV3, own */
        int64_t time;
        bool holds, complete; /* complete: it names all certificates and revocation data that are there */
    } item[STAMPS_MAX];
    size_t n;
    struct proof around; /* of the whole message: what proves it does so of each of its timestamps */
};
void archive_free(struct archive *a);
#define AUTO_ARCHIVE AUTO(archive_free) struct archive

/*
 * Each archive timestamp of the third version becomes a stamp of r; one that does not hold takes the verdict with it. Each is judged at the time that
 * those which name it prove.
 */
void archive_check(const struct context *ctx, const struct evidence *ev, const struct signed_data *sd, const struct signer_info *si,
                   const struct covered *content, struct archive *out, struct signature_result *r);
/* What they prove of the signature and of what came along with it. */
struct proof archive_proof(const struct archive *a);
/* What they prove of a value (a view into the message) of an unsigned attribute: the earliest time; 0: nothing. */
int64_t archive_proves(const struct archive *a, const struct signer_info *si, struct bytes value);

#endif

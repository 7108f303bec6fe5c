/*
 * Archive timestamps of CAdES: do they hold, and is everything that their index names still there?
 * Called by signature.c. ETSI EN 319 122-1 §5.5; EN 319 102-1 §5.6.3.
 */
#ifndef ANTIN_VERIFY_ARCHIVE_H
#define ANTIN_VERIFY_ARCHIVE_H

#include "signer/formats/signed_data.h"
#include "signer/verify/context.h"
#include "signer/verify/result.h"

/* Each archive timestamp of the third version becomes a stamp of r; one that does not hold takes the verdict with it. */
void archive_check(const struct context *ctx, const struct evidence *ev, const struct signed_data *sd, const struct signer_info *si,
                   const struct covered *content, struct signature_result *r);

#endif

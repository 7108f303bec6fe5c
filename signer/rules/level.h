/*
 * The level that is asked for when nobody says, and which failures lower one.
 * Called by everything in rules that makes signatures.
 */
#ifndef ANTIN_SIGNER_LEVEL_H
#define ANTIN_SIGNER_LEVEL_H

#include "signer/formats/signing.h"

#define LEVEL_DEFAULT "B-LTA"

/*
 * After a failure e that leaves a signature at a lower level than was asked for: is that told and lived with, or does signing fail as a whole? Told is
 * what would be the same at the next try: data that nobody has, a document whose store cannot be added to. What passes (keyd, the database, the disk) is
 * better tried again: a sealed file never changes any more.
 */
bool level_lowers(err_t e);
/* e when signing fails, OK when *reached is told. */
err_t level_settle(err_t e, enum sig_level reached, enum sig_level want) MUST_USE;

#endif

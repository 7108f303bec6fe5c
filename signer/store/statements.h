/*
 * All prepared statements of the signing daemon, NULL-terminated.
 * Called by main() and `make lint`.
 */
#ifndef ANTIN_SIGNER_STORE_STATEMENTS_H
#define ANTIN_SIGNER_STORE_STATEMENTS_H

#include "common/db.h"

extern const struct db_stmt *const signer_statements[];

#endif

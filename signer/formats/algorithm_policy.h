/*
 * The one table of algorithms, key sizes and the days from which they are no longer believed.
 * Read by algorithm.c alone. ETSI TS 119 312; Circular 15/2025/TT-BKHCN.
 */
#ifndef ANTIN_FORMATS_ALGORITHM_POLICY_H
#define ANTIN_FORMATS_ALGORITHM_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum algorithm_use {
    USE_DIGEST, /* NID of the digest */
    USE_KEY,    /* NID of the key's kind, or of its curve */
    USE_SCHEME, /* enum sign_scheme */
};

struct algorithm_policy {
    enum algorithm_use use;
    int id;
    int bits; /* of the key, at least; the row with the most counts */
    int64_t
        until; /* seconds since 1970: from then on nothing is signed with it, and older uses need a proof of their age; 0: no end is set */
};

/* The row for it; NULL: there is none, it is refused whenever it was used. */
const struct algorithm_policy *algorithm_policy_find(enum algorithm_use use, int id, int bits);
/* All rows, for documents and tests. */
const struct algorithm_policy *algorithm_policy_rows(size_t *n);

#endif

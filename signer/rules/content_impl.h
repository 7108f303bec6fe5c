/*
 * What the two files of the content store share.
 * Included by content.c and content_sweep.c alone.
 */
#ifndef ANTIN_SIGNER_CONTENT_IMPL_H
#define ANTIN_SIGNER_CONTENT_IMPL_H

#include "signer/rules/content.h"

struct content {
    int dir;
};

#define CONTENT_PATH_CAP (2 + 1 + 2 * SHA256_LEN + 1) /* "ab/abcdef…" */
#define CONTENT_ASIDE_CAP (4 + 2 * SHA256_LEN + 1)    /* "tmp/abcdef…" */
void content_path(const uint8_t sha256[SHA256_LEN], char out[CONTENT_PATH_CAP]);
void content_aside(const uint8_t sha256[SHA256_LEN], char out[CONTENT_ASIDE_CAP]);

#endif

/*
 * What daemon and zygote say to each other. Both are the same program, so the layout needs no version.
 * Used by sandbox.c and sandbox_zygote.c.
 */
#ifndef ANTIN_SIGNER_SANDBOX_WIRE_H
#define ANTIN_SIGNER_SANDBOX_WIRE_H

#include "signer/formats/pades.h"
#include <stdbool.h>

#define SANDBOX_TEXT_MAX 1024
#define SANDBOX_INCREMENT_MAX (16u << 20)
#define SANDBOX_SECONDS 15 /* for one document: wall clock and processor alike */

enum sandbox_op { SANDBOX_CHECK = 1, SANDBOX_PREPARE };

/* One datagram to the zygote, with two descriptors: the PDF, and the pipe for the answer. */
struct sandbox_ask {
    enum sandbox_op op;
    bool has_reason, has_location, has_name;
    char reason[SANDBOX_TEXT_MAX], location[SANDBOX_TEXT_MAX], name[SANDBOX_TEXT_MAX];
    int64_t signing_time;
    size_t contents_room;
};

/* Written to the pipe by the child, followed by increment_len bytes. */
struct sandbox_answer {
    err_t e;
    uint64_t base_size, contents_at, contents_len;
    uint64_t byte_range[4];
    uint8_t sha256[32];
    size_t increment_len;
};

#endif

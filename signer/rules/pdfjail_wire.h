/*
 * What daemon and zygote say to each other. Both are the same program, so the layout needs no version.
 * Used by pdfjail.c and pdfjail_zygote.c.
 */
#ifndef ANTIN_SIGNER_PDFJAIL_WIRE_H
#define ANTIN_SIGNER_PDFJAIL_WIRE_H

#include "signer/formats/pades.h"
#include <stdbool.h>

#define PDFJAIL_TEXT_MAX 1024
#define PDFJAIL_INCREMENT_MAX (16u << 20)
#define PDFJAIL_FDS_MAX 3
#define PDFJAIL_SECONDS 15 /* for one document: wall clock and processor alike */

enum pdfjail_op { PDFJAIL_CHECK = 1, PDFJAIL_PREPARE, PDFJAIL_STORE };

/* One datagram to the zygote, with two descriptors: the PDF, and the pipe for the answer; and a third when there is more to say. */
struct pdfjail_ask {
    enum pdfjail_op op;
    bool has_reason, has_location, has_name, document_timestamp;
    char reason[PDFJAIL_TEXT_MAX], location[PDFJAIL_TEXT_MAX], name[PDFJAIL_TEXT_MAX];
    int64_t signing_time;
    size_t contents_room;
    unsigned accept; /* of PDFJAIL_CHECK (pdf_active.h) */
    bool seen;       /* something is to be seen, at this place: is it there, or (PDFJAIL_PREPARE) put it there */
    struct pdf_place place;
    bool has_field, has_spoken;
    char field[PDFJAIL_TEXT_MAX], spoken[PDFJAIL_TEXT_MAX];
    double width, height; /* points, of what is drawn */
};

/* Written to the pipe by the child, followed by increment_len bytes. */
struct pdfjail_answer {
    err_t e;
    unsigned active; /* of PDFJAIL_CHECK: what is in it (pdf_active.h) */
    /* Of a store only base_size and increment_len. */
    uint64_t base_size, contents_at, contents_len;
    uint64_t byte_range[4];
    uint8_t sha256[32];
    size_t increment_len;
};

/* The third descriptor: validation data for a store, the drawn page of what is to be seen. */
static inline bool pdfjail_has_data(const struct pdfjail_ask *a)
{
    return a->op == PDFJAIL_STORE || (a->op == PDFJAIL_PREPARE && a->seen);
}

#endif

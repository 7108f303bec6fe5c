/*
 * Steps through DER element by element, strictly: what OpenSSL's readers do not tell is where exactly each element lies.
 * Called by tsp.c and signer/verify. X.690 §8.1, §10.1.
 */
#ifndef ANTIN_FORMATS_TLV_H
#define ANTIN_FORMATS_TLV_H

#include "common/bytes.h"

struct tlv {
    uint8_t tag; /* identifier octet; tag numbers past 30 do not occur in what we read */
    struct bytes body;
    struct bytes whole; /* with tag and length */
};

/* Takes the next element off the front of *in; ERR_SYNTAX: none, indefinite or padded length, longer than its surroundings. */
err_t tlv_next(struct bytes *in, struct tlv *out) MUST_USE;
/* The same, and its tag must be this one. */
err_t tlv_expect(struct bytes *in, uint8_t tag, struct tlv *out) MUST_USE;
/* Takes it only when the next element has this tag; else *out is zeroed, which is no failure. */
err_t tlv_optional(struct bytes *in, uint8_t tag, struct tlv *out) MUST_USE;
/* Is this an OBJECT IDENTIFIER element of that dotted value? */
bool tlv_is_oid(struct bytes whole, const char *dotted);
/* A small non-negative INTEGER; ERR_SYNTAX otherwise. */
err_t tlv_small_integer(const struct tlv *t, unsigned *out) MUST_USE;

#endif

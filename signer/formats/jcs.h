/*
 * JSON Canonicalization Scheme: one JSON value has one text, so it can be hashed and signed.
 * Called by manifest.c. RFC 8785.
 */
#ifndef ANTIN_FORMATS_JCS_H
#define ANTIN_FORMATS_JCS_H

#include "common/json.h"
#include "signer/formats/errors.h"

/* Appends the canonical text. ERR_UNSUPPORTED: an integer beyond ±(2^53 - 1) (RFC 7493 §2.2); ERR_TOO_LARGE: nested past JSON_DEPTH_MAX. */
err_t jcs_write(const json_t *value, struct buf *out) MUST_USE;
/* Parses text that must already be canonical, byte for byte; ERR_SYNTAX otherwise, ERR_TOO_LARGE past max. */
err_t jcs_read(struct bytes text, size_t max, json_t **out) MUST_USE;

#endif

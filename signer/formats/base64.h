/*
 * Base64 and base64url into and out of buffers, of any size.
 * Used by the XML and JSON formats. RFC 4648 §4, §5; RFC 7515 §2 (no padding, no line breaks).
 */
#ifndef ANTIN_FORMATS_BASE64_H
#define ANTIN_FORMATS_BASE64_H

#include "common/bytes.h"

/* Appended to out. */
err_t base64_put(struct buf *out, struct bytes v) MUST_USE;
err_t base64url_put(struct buf *out, struct bytes v) MUST_USE;
/* Strict as b64_decode and b64url_decode: ERR_SYNTAX. Replaces the contents of out. */
err_t base64_take(struct bytes text, struct buf *out) MUST_USE;
err_t base64url_take(struct bytes text, struct buf *out) MUST_USE;

#endif

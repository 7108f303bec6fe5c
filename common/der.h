/*
 * Writing DER (X.690 §10) into a buffer, back to front, so that no length must be known before its contents.
 * Used by keyd (timestamps, signed attributes, certificates' parts) and signer/formats. Reading DER is OpenSSL's.
 */
#ifndef ANTIN_DER_H
#define ANTIN_DER_H

#include "common/bytes.h"

/*
 * The writer fills its buffer from the end: write the last element first.
 *   size_t mark = der_mark(&w); …contents, last first…; der_wrap(&w, 0x30, mark);
 * An overflow or bad OID sets w.failed; der_finish then returns ERR_TOO_LARGE. No call needs its own check.
 */
struct der {
    uint8_t *start, *at, *end;
    bool failed;
};
void der_init(struct der *w, uint8_t *room, size_t cap);
size_t der_mark(const struct der *w);
void der_wrap(struct der *w, uint8_t tag, size_t mark); /* puts tag and length before all written since mark */
void der_extension(struct der *w, const char *oid, size_t mark); /* Extension (RFC 5280 §4.1), not critical, whose value was written since mark */
void der_raw(struct der *w, struct bytes v);            /* already encoded */
void der_tlv(struct der *w, uint8_t tag, struct bytes v);
void der_uint(struct der *w, uint64_t v);
void der_integer(struct der *w, struct bytes big_endian); /* unsigned, any length */
void der_bool(struct der *w, bool v);
void der_null(struct der *w);
void der_oid(struct der *w, const char *dotted); /* "1.2.840.113549.1.7.2" */
void der_generalized_time(struct der *w, int64_t t_us, unsigned fraction_digits); /* trailing zeros of the fraction dropped (RFC 3161 §2.4.2) */
void der_utc_or_generalized(struct der *w, int64_t t); /* CMS signingTime (RFC 5652 §11.3): UTCTime to 2049 */
err_t der_finish(const struct der *w, struct bytes *out) MUST_USE; /* *out borrows the room */

#endif

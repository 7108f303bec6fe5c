/*
 * Writing DER back to front: the contents of an element stand before its length is needed.
 * Called by common/cms.c, keyd and signer/formats. ITU-T X.690 §8, §10, §11.
 */
#include "common/der.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define OID_ARCS_MAX 32
#define USEC 1000000

void der_init(struct der *w, uint8_t *room, size_t cap)
{
    *w = (struct der){.start = room, .at = room + cap, .end = room + cap};
}

size_t der_mark(const struct der *w)
{
    return (size_t)(w->end - w->at);
}

void der_raw(struct der *w, struct bytes v)
{
    if (w->failed || (size_t)(w->at - w->start) < v.len) {
        w->failed = true;
        return;
    }
    w->at -= v.len;
    if (v.len > 0)
        memcpy(w->at, v.ptr, v.len);
}

static void put(struct der *w, uint8_t octet)
{
    der_raw(w, BYTES(&octet, 1));
}

void der_wrap(struct der *w, uint8_t tag, size_t mark)
{
    if (w->failed)
        return;
    size_t len = der_mark(w) - mark;
    if (len < 0x80) { /* X.690 §10.1: the definite form, in as few octets as possible */
        put(w, (uint8_t)len);
    } else {
        uint8_t octets = 0;
        for (; len > 0; len >>= 8, octets++)
            put(w, (uint8_t)(len & 0xff));
        put(w, 0x80 | octets);
    }
    put(w, tag);
}

void der_tlv(struct der *w, uint8_t tag, struct bytes v)
{
    size_t mark = der_mark(w);
    der_raw(w, v);
    der_wrap(w, tag, mark);
}

void der_integer(struct der *w, struct bytes big_endian)
{
    while (big_endian.len > 0 && big_endian.ptr[0] == 0) { /* X.690 §8.3.2: the shortest form */
        big_endian.ptr++;
        big_endian.len--;
    }
    size_t mark = der_mark(w);
    der_raw(w, big_endian);
    if (big_endian.len == 0 || (big_endian.ptr[0] & 0x80) != 0)
        put(w, 0); /* stays positive */
    der_wrap(w, 0x02, mark);
}

void der_uint(struct der *w, uint64_t v)
{
    uint8_t octets[8];
    for (size_t i = 0; i < sizeof octets; i++)
        octets[i] = (uint8_t)(v >> (8 * (sizeof octets - 1 - i)));
    der_integer(w, BYTES(octets, sizeof octets));
}

void der_bool(struct der *w, bool v)
{
    der_tlv(w, 0x01, BYTES(v ? "\xff" : "\x00", 1)); /* X.690 §11.1 */
}

void der_null(struct der *w)
{
    der_tlv(w, 0x05, BYTES(NULL, 0));
}

/* Reads "1.2.840…" into arcs; 0 when it is no object identifier that can be encoded. */
static size_t oid_arcs(const char *dotted, uint64_t arcs[OID_ARCS_MAX])
{
    size_t n = 0;
    for (const char *p = dotted; n < OID_ARCS_MAX; p++) {
        const char *first = p;
        uint64_t v = 0;
        for (; *p >= '0' && *p <= '9'; p++) {
            if (v > (UINT64_MAX - 9) / 10)
                return 0;
            v = v * 10 + (uint64_t)(*p - '0');
        }
        if (p == first || (*first == '0' && p - first > 1))
            return 0;
        arcs[n++] = v;
        if (*p == '\0')
            break;
        if (*p != '.' || n == OID_ARCS_MAX)
            return 0;
    }
    bool valid = n >= 2 && arcs[0] <= 2 && (arcs[0] == 2 || arcs[1] <= 39) && arcs[1] <= UINT64_MAX - 80;
    return valid ? n : 0;
}

void der_oid(struct der *w, const char *dotted)
{
    uint64_t arcs[OID_ARCS_MAX];
    size_t n = oid_arcs(dotted, arcs);
    if (n == 0) {
        w->failed = true;
        return;
    }
    arcs[1] += 40 * arcs[0]; /* X.690 §8.19.4 */
    size_t mark = der_mark(w);
    for (size_t i = n; i-- > 1;) {
        uint64_t v = arcs[i];
        put(w, v & 0x7f);
        while ((v >>= 7) > 0)
            put(w, (uint8_t)(0x80 | (v & 0x7f)));
    }
    der_wrap(w, 0x06, mark);
}

/* Broken-down UTC of a time whose year has four digits; false otherwise. */
static bool utc(int64_t t, struct tm *tm)
{
    time_t seconds = (time_t)t;
    return gmtime_r(&seconds, tm) != NULL && tm->tm_year >= -1900 && tm->tm_year <= 9999 - 1900;
}

void der_extension(struct der *w, const char *oid, size_t mark)
{
    der_wrap(w, 0x04, mark);
    der_oid(w, oid);
    der_wrap(w, 0x30, mark);
}

void der_generalized_time(struct der *w, int64_t t_us, unsigned fraction_digits)
{
    int64_t seconds = t_us / USEC, us = t_us % USEC;
    if (us < 0) {
        us += USEC;
        seconds--;
    }
    struct tm tm;
    if (!utc(seconds, &tm) || fraction_digits > 6) {
        w->failed = true;
        return;
    }
    char text[40], fraction[8];
    size_t n = strftime(text, sizeof text, "%Y%m%d%H%M%S", &tm);
    snprintf(fraction, sizeof fraction, "%06u", (unsigned)us);
    unsigned digits = fraction_digits;
    while (digits > 0 && fraction[digits - 1] == '0') /* RFC 3161 §2.4.2: no trailing zeros, no lone point */
        digits--;
    if (digits > 0)
        n += (size_t)snprintf(text + n, sizeof text - n, ".%.*s", (int)digits, fraction);
    text[n++] = 'Z';
    der_tlv(w, 0x18, BYTES(text, n));
}

void der_utc_or_generalized(struct der *w, int64_t t)
{
    struct tm tm;
    if (!utc(t, &tm)) {
        w->failed = true;
        return;
    }
    if (tm.tm_year < 50 || tm.tm_year >= 150) { /* RFC 5652 §11.3: 1950 to 2049 is UTCTime */
        der_generalized_time(w, t * USEC, 0);
        return;
    }
    char text[20];
    size_t n = strftime(text, sizeof text, "%y%m%d%H%M%SZ", &tm);
    der_tlv(w, 0x17, BYTES(text, n));
}

err_t der_finish(const struct der *w, struct bytes *out)
{
    if (w->failed)
        return ERR_TOO_LARGE;
    *out = BYTES(w->at, der_mark(w));
    return OK;
}

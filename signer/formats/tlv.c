/*
 * A strict reader of DER elements.
 * Called by tsp.c and signer/verify. X.690 §8.1, §10.1.
 */
#include "signer/formats/tlv.h"

#include "common/der.h"

err_t tlv_next(struct bytes *in, struct tlv *out)
{
    const uint8_t *p = in->ptr;
    size_t left = in->len;
    if (left < 2 || (p[0] & 0x1f) == 0x1f)
        return ERR_SYNTAX;
    size_t header = 2, len = p[1];
    if (p[1] >= 0x80) {
        size_t octets = p[1] & 0x7f;
        if (octets == 0 || octets > 4 || left < 2 + octets || p[2] == 0)
            return ERR_SYNTAX;
        len = 0;
        for (size_t i = 0; i < octets; i++)
            len = len << 8 | p[2 + i];
        if (len < 0x80)
            return ERR_SYNTAX;
        header += octets;
    }
    if (len > left - header)
        return ERR_SYNTAX;
    *out = (struct tlv){p[0], BYTES(p + header, len), BYTES(p, header + len)};
    *in = BYTES(p + header + len, left - header - len);
    return OK;
}

err_t tlv_expect(struct bytes *in, uint8_t tag, struct tlv *out)
{
    TRY(tlv_next(in, out));
    return out->tag == tag ? OK : ERR_SYNTAX;
}

err_t tlv_optional(struct bytes *in, uint8_t tag, struct tlv *out)
{
    *out = (struct tlv){0};
    return in->len > 0 && in->ptr[0] == tag ? tlv_next(in, out) : OK;
}

bool tlv_is_oid(struct bytes whole, const char *dotted)
{
    uint8_t room[32];
    struct der w;
    struct bytes want;
    der_init(&w, room, sizeof room);
    der_oid(&w, dotted);
    return der_finish(&w, &want) == OK && bytes_eq(whole, want);
}

err_t tlv_small_integer(const struct tlv *t, unsigned *out)
{
    if (t->tag != 0x02 || t->body.len != 1 || t->body.ptr[0] >= 0x80)
        return ERR_SYNTAX;
    *out = t->body.ptr[0];
    return OK;
}

/*
 * Base64 with room made for it.
 * Called by xml.c and jades_*.c. RFC 4648.
 */
#include "signer/formats/base64.h"

err_t base64_put(struct buf *out, struct bytes v)
{
    TRY(buf_reserve(out, B64_LEN(v.len) + 1));
    b64_encode(v, (char *)out->ptr + out->len);
    out->len += B64_LEN(v.len);
    return OK;
}

err_t base64url_put(struct buf *out, struct bytes v)
{
    TRY(buf_reserve(out, B64URL_LEN(v.len) + 1));
    b64url_encode(v, (char *)out->ptr + out->len);
    out->len += B64URL_LEN(v.len);
    return OK;
}

typedef err_t decode_fn(struct bytes in, uint8_t *out, size_t cap, size_t *len);

static err_t take_text(struct bytes text, decode_fn *decode, struct buf *out)
{
    out->len = 0;
    TRY(buf_reserve(out, text.len + 1));
    TRY(decode(text, out->ptr, text.len, &out->len));
    out->ptr[out->len] = 0;
    return OK;
}

err_t base64_take(struct bytes text, struct buf *out)
{
    return take_text(text, b64_decode, out);
}

err_t base64url_take(struct bytes text, struct buf *out)
{
    return take_text(text, b64url_decode, out);
}

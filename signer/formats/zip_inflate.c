/*
 * Unpacks entries of a ZIP archive, never more than they declare, and checks their checksum.
 * Called by asic_read.c and signer/verify. RFC 1951; PKWARE APPNOTE 6.3.10 §4.4.7.
 */
#include "signer/formats/zip.h"

#include <zlib.h>

#define PIECE 65536

struct unpacking {
    const struct zip_entry *entry;
    err_t (*piece)(void *arg, struct bytes b);
    void *arg;
    uint64_t done;
    uint32_t crc;
};

static err_t hand_over(struct unpacking *u, struct bytes b)
{
    if (b.len > u->entry->size - u->done)
        return ERR_ZIP;
    u->done += b.len;
    u->crc = (uint32_t)crc32_z(u->crc, b.ptr, b.len);
    return b.len > 0 ? u->piece(u->arg, b) : OK;
}

static err_t inflate_all(struct unpacking *u, z_stream *s)
{
    uint8_t out[PIECE];
    struct bytes in = u->entry->data;
    int state = Z_OK;
    while (state == Z_OK) {
        size_t n = in.len < UINT_MAX ? in.len : UINT_MAX;
        s->next_in = (z_const Bytef *)in.ptr;
        s->avail_in = (uInt)n;
        s->next_out = out;
        s->avail_out = sizeof out;
        state = inflate(s, Z_NO_FLUSH);
        size_t used = n - s->avail_in;
        in = BYTES(in.ptr + used, in.len - used);
        TRY(hand_over(u, BYTES(out, sizeof out - s->avail_out)));
    }
    return state == Z_STREAM_END && in.len == 0 ? OK : ERR_ZIP;
}

static err_t inflate_entry(struct unpacking *u)
{
    z_stream s = {0};
    if (inflateInit2(&s, -MAX_WBITS) != Z_OK)
        return ERR_NOMEM;
    err_t e = inflate_all(u, &s);
    inflateEnd(&s);
    return e;
}

err_t zip_each(const struct zip_entry *e, err_t (*piece)(void *arg, struct bytes b), void *arg)
{
    struct unpacking u = {.entry = e, .piece = piece, .arg = arg};
    if (e->deflated)
        TRY(inflate_entry(&u));
    else
        TRY(hand_over(&u, e->data));
    return u.done == e->size && u.crc == e->crc ? OK : ERR_ZIP;
}

static err_t keep(void *arg, struct bytes b)
{
    return buf_add_bytes(arg, b);
}

static err_t nothing(void *arg, struct bytes b)
{
    (void)arg, (void)b;
    return OK;
}

err_t zip_read(const struct zip_entry *e, size_t max, struct buf *own, struct bytes *view)
{
    if (e->size > max)
        return ERR_TOO_LARGE;
    own->len = 0;
    *view = e->data;
    if (!e->deflated)
        return zip_each(e, nothing, NULL);
    TRY(zip_each(e, keep, own));
    *view = own->len > 0 ? buf_bytes(own) : BYTES("", 0);
    return OK;
}

static err_t hash(void *arg, struct bytes b)
{
    return EVP_DigestUpdate(arg, b.ptr, b.len) == 1 ? OK : ERR_CRYPTO;
}

err_t zip_hash(const struct zip_entry *e, EVP_MD_CTX *ctx)
{
    return zip_each(e, hash, ctx);
}

err_t zip_digest(const struct zip_entry *e, const EVP_MD *md, uint8_t *out, size_t *len)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    unsigned n = 0;
    err_t err = ctx != NULL && EVP_DigestInit_ex(ctx, md, NULL) == 1 ? zip_hash(e, ctx) : ERR_CRYPTO;
    if (err == OK && EVP_DigestFinal_ex(ctx, out, &n) != 1)
        err = ERR_CRYPTO;
    EVP_MD_CTX_free(ctx);
    *len = n;
    return err;
}

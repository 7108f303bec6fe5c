/*
 * Writes evidence records and their parts.
 * Called by ers_archive.c and tests. RFC 4998 §3.1, §4.1, §5.1; its module has implicit tags.
 */
#include "signer/formats/ers.h"

#include "common/der.h"

#define HEADER_ROOM 8
#define ALGORITHM_ROOM 32

/* Tag and length; the length's place in room is its end. */
static struct bytes header(uint8_t tag, size_t len, uint8_t room[HEADER_ROOM])
{
    uint8_t *at = room + HEADER_ROOM;
    if (len < 0x80) {
        *--at = (uint8_t)len;
    } else {
        uint8_t octets = 0;
        for (; len > 0; len >>= 8, octets++)
            *--at = (uint8_t)(len & 0xff);
        *--at = 0x80 | octets;
    }
    *--at = tag;
    return BYTES(at, (size_t)(room + HEADER_ROOM - at));
}

err_t ers_wrap(uint8_t tag, const struct bytes *part, size_t n, struct buf *out)
{
    uint8_t room[HEADER_ROOM];
    size_t len = 0;
    for (size_t i = 0; i < n; i++)
        len += part[i].len;
    if (len > UINT32_MAX)
        return ERR_TOO_LARGE;
    TRY(buf_reserve(out, HEADER_ROOM + len));
    TRY(buf_add_bytes(out, header(tag, len, room)));
    for (size_t i = 0; i < n; i++)
        TRY(buf_add_bytes(out, part[i]));
    return OK;
}

/* RFC 5754 §2: without parameters. */
static err_t put_algorithm(uint8_t tag, enum cms_hash alg, struct buf *out)
{
    uint8_t room[ALGORITHM_ROOM];
    struct der w;
    struct bytes der;
    der_init(&w, room, sizeof room);
    der_oid(&w, cms_hash_oid(alg));
    der_wrap(&w, tag, 0);
    TRY(der_finish(&w, &der));
    return buf_add_bytes(out, der);
}

err_t ers_write_stamp(enum cms_hash alg, struct bytes hashtree, struct bytes token, struct buf *out)
{
    AUTO_BUF algorithm = {0};
    AUTO_BUF tree = {0};
    TRY(put_algorithm(0xa0, alg, &algorithm));
    if (hashtree.len > 0)
        TRY(ers_wrap(0xa2, &hashtree, 1, &tree));
    const struct bytes parts[] = {buf_bytes(&algorithm), buf_bytes(&tree), token};
    return ers_wrap(0x30, parts, 3, out);
}

static err_t put_chain(const struct ers_record *r, size_t *i, struct buf *out)
{
    AUTO_BUF stamps = {0};
    size_t chain = r->stamp[*i].chain;
    for (; *i < r->stamp_n && r->stamp[*i].chain == chain; (*i)++)
        TRY(ers_write_stamp(r->stamp[*i].alg, r->stamp[*i].hashtree, r->stamp[*i].token, &stamps));
    return ers_wrap(0x30, &(struct bytes){stamps.ptr, stamps.len}, 1, out);
}

err_t ers_write_sequence(const struct ers_record *r, struct buf *out)
{
    AUTO_BUF chains = {0};
    for (size_t i = 0; i < r->stamp_n;)
        TRY(put_chain(r, &i, &chains));
    return ers_wrap(0x30, &(struct bytes){chains.ptr, chains.len}, 1, out);
}

err_t ers_write_record(struct bytes sequence, struct buf *out)
{
    static const uint8_t VERSION[] = {0x02, 0x01, 0x01};
    struct ers_record r;
    AUTO_BUF algorithms = {0};
    AUTO_BUF list = {0};
    unsigned seen = 0;
    TRY(ers_sequence_read(sequence, &r));
    for (size_t i = 0; i < r.stamp_n; i++) {
        if ((seen & 1u << r.stamp[i].alg) != 0)
            continue;
        seen |= 1u << r.stamp[i].alg;
        TRY(put_algorithm(0x30, r.stamp[i].alg, &algorithms));
    }
    TRY(ers_wrap(0x30, &(struct bytes){algorithms.ptr, algorithms.len}, 1, &list));
    const struct bytes parts[] = {BYTES(VERSION, sizeof VERSION), buf_bytes(&list), sequence};
    return ers_wrap(0x30, parts, 3, out);
}

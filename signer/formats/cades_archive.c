/*
 * The hash index and the imprint of archive timestamps.
 * Called by cades_raise.c and signer/verify. ETSI EN 319 122-1 §5.5.2, §5.5.3.
 */
#include "signer/formats/cades_archive.h"

#include "common/der.h"
#include "signer/formats/tlv.h"

#define INDEX_ENTRIES_MAX 256

/* Digests in the order of their elements. */
struct digests {
    uint8_t item[INDEX_ENTRIES_MAX][EVP_MAX_MD_SIZE];
    size_t n, len; /* how many; bytes of each */
};

static err_t add_digest(struct digests *d, enum cms_hash alg, struct bytes a, struct bytes b)
{
    const struct covered both = {{a, b}};
    if (d->n == INDEX_ENTRIES_MAX)
        return ERR_TOO_LARGE;
    return covered_digest(&both, cms_hash_md(alg), d->item[d->n++], &d->len);
}

static err_t add_set(struct digests *d, enum cms_hash alg, struct bytes set)
{
    struct tlv t;
    while (set.len > 0) {
        TRY(tlv_next(&set, &t));
        TRY(add_digest(d, alg, t.whole, BYTES(NULL, 0)));
    }
    return OK;
}

/* Each value is hashed behind its attribute's type. */
static err_t add_attributes(struct digests *d, enum cms_hash alg, struct bytes attrs)
{
    struct tlv attr, type, values, value;
    while (attrs.len > 0) {
        TRY(tlv_expect(&attrs, 0x30, &attr));
        TRY(tlv_expect(&attr.body, 0x06, &type));
        TRY(tlv_expect(&attr.body, 0x31, &values));
        while (values.body.len > 0) {
            TRY(tlv_next(&values.body, &value));
            TRY(add_digest(d, alg, type.whole, value.whole));
        }
    }
    return OK;
}

static void put_digests(struct der *w, const struct digests *d, size_t from, size_t to)
{
    size_t mark = der_mark(w);
    for (size_t i = to; i-- > from;)
        der_tlv(w, 0x04, BYTES(d->item[i], d->len));
    der_wrap(w, 0x30, mark);
}

static err_t put_index(const struct digests *d, size_t certs, size_t crls, enum cms_hash alg, struct buf *index)
{
    AUTO_BUF room = {0};
    struct der w;
    struct bytes der;
    size_t cap = 128 + d->n * (EVP_MAX_MD_SIZE + 4);
    TRY(buf_reserve(&room, cap));
    der_init(&w, room.ptr, cap);
    put_digests(&w, d, certs + crls, d->n);
    put_digests(&w, d, certs, certs + crls);
    put_digests(&w, d, 0, certs);
    size_t mark = der_mark(&w);
    der_oid(&w, cms_hash_oid(alg)); /* without a default in this version of the index */
    der_wrap(&w, 0x30, mark);
    der_wrap(&w, 0x30, 0);
    TRY(der_finish(&w, &der));
    return buf_copy(index, der);
}

err_t archive_hash_index(const struct signed_data *sd, const struct signer_info *si, enum cms_hash alg, struct buf *index)
{
    struct digests d = {.n = 0};
    TRY(add_set(&d, alg, sd->cert_set));
    size_t certs = d.n;
    TRY(add_set(&d, alg, sd->crl_set));
    size_t crls = d.n - certs;
    TRY(add_attributes(&d, alg, si->unsigned_attrs));
    return put_index(&d, certs, crls, alg, index);
}

err_t archive_imprint_input(const struct signed_data *sd, const struct signer_info *si, struct bytes digest, struct bytes index,
                            struct buf *out)
{
    out->len = 0;
    TRY(buf_add_bytes(out, sd->content_type));
    TRY(buf_add_bytes(out, digest));
    const uint8_t *end = si->signature.ptr + si->signature.len; /* version to signature, as they stand */
    TRY(buf_add_bytes(out, BYTES(si->version.ptr, (size_t)(end - si->version.ptr))));
    return buf_add_bytes(out, index);
}

/*
 * Lays a SignedData anew around the bytes that were there. Sets are appended to, not sorted: archive timestamps of older kinds cover their order.
 * Called by cades_sign.c, cades_extend.c and cades_archive.c. RFC 5652 §5.1, §5.3, §10.2; RFC 5940 §2.1.
 */
#include "signer/formats/cms_edit.h"

#include "common/der.h"
#include "signer/formats/tlv.h"
#include <stdlib.h>

#define FRAME_ROOM 1024 /* tags, lengths, version around everything */

struct cms_edit {
    struct buf own; /* what base points into */
    struct signed_data base;
    struct buf certs, crls, digest_algs, signers; /* inside of each set, whole elements */
    struct buf unsigned_attrs[SIGNERS_MAX];       /* of the signers of base */
    size_t cert_n, crl_n, added_signers;
    bool other_revocation;
};

static err_t count(struct bytes set, size_t *n, bool *other)
{
    struct tlv t;
    for (*n = 0; set.len > 0; (*n)++) {
        TRY(tlv_next(&set, &t));
        *other = *other || t.tag != 0x30;
    }
    return OK;
}

static err_t start(struct cms_edit *e)
{
    bool ignored = false;
    TRY(count(e->base.cert_set, &e->cert_n, &ignored));
    TRY(count(e->base.crl_set, &e->crl_n, &e->other_revocation));
    TRY(buf_copy(&e->certs, e->base.cert_set));
    TRY(buf_copy(&e->crls, e->base.crl_set));
    TRY(buf_copy(&e->digest_algs, e->base.digest_algs));
    for (size_t i = 0; i < e->base.signer_n; i++)
        TRY(buf_copy(&e->unsigned_attrs[i], e->base.signer[i].unsigned_attrs));
    return OK;
}

err_t cms_edit_open(struct bytes cms, struct cms_edit **out)
{
    AUTO_CMS_EDIT e = calloc(1, sizeof *e);
    if (e == NULL)
        return ERR_NOMEM;
    TRY(buf_copy(&e->own, cms));
    TRY(signed_data_parse(buf_bytes(&e->own), &e->base));
    TRY(start(e));
    *out = e;
    e = NULL;
    return OK;
}

void cms_edit_free(struct cms_edit **e)
{
    if (*e == NULL)
        return;
    signed_data_free(&(*e)->base);
    buf_free(&(*e)->own);
    buf_free(&(*e)->certs);
    buf_free(&(*e)->crls);
    buf_free(&(*e)->digest_algs);
    buf_free(&(*e)->signers);
    for (size_t i = 0; i < SIGNERS_MAX; i++)
        buf_free(&(*e)->unsigned_attrs[i]);
    free(*e);
    *e = NULL;
}

const struct signed_data *cms_edit_base(const struct cms_edit *e)
{
    return &e->base;
}

/* --- adding --- */

static bool holds(const struct buf *set, struct bytes element)
{
    struct bytes in = buf_bytes(set);
    struct tlv t;
    while (in.len > 0 && tlv_next(&in, &t) == OK) {
        if (bytes_eq(t.whole, element))
            return true;
    }
    return false;
}

static err_t add_once(struct buf *set, size_t *n, size_t max, struct bytes element)
{
    if (holds(set, element))
        return OK;
    if (*n == max)
        return ERR_TOO_LARGE;
    TRY(buf_add_bytes(set, element));
    (*n)++;
    return OK;
}

err_t cms_edit_add_cert(struct cms_edit *e, struct bytes der)
{
    return add_once(&e->certs, &e->cert_n, SIGNED_DATA_CERTS_MAX, der);
}

err_t cms_edit_add_crl(struct cms_edit *e, struct bytes der)
{
    return add_once(&e->crls, &e->crl_n, SIGNED_DATA_CRLS_MAX, der);
}

err_t cms_edit_add_ocsp(struct cms_edit *e, struct bytes response)
{
    AUTO_BUF room = {0};
    struct der w;
    struct bytes other;
    TRY(buf_reserve(&room, response.len + FRAME_ROOM));
    der_init(&w, room.ptr, response.len + FRAME_ROOM);
    der_raw(&w, response);
    der_oid(&w, OID_RI_OCSP_RESPONSE);
    der_wrap(&w, 0xa1, 0); /* RevocationInfoChoice other [1] IMPLICIT */
    TRY(der_finish(&w, &other));
    e->other_revocation = true;
    return add_once(&e->crls, &e->crl_n, SIGNED_DATA_CRLS_MAX, other);
}

err_t cms_edit_add_data(struct cms_edit *e, const struct validation_data *v)
{
    for (size_t i = 0; i < v->cert_n; i++)
        TRY(cms_edit_add_cert(e, buf_bytes(&v->cert[i])));
    for (size_t i = 0; i < v->crl_n; i++)
        TRY(cms_edit_add_crl(e, buf_bytes(&v->crl[i])));
    for (size_t i = 0; i < v->ocsp_n; i++)
        TRY(cms_edit_add_ocsp(e, buf_bytes(&v->ocsp[i])));
    return OK;
}

err_t cms_edit_add_unsigned(struct cms_edit *e, size_t signer, const char *oid, struct bytes value)
{
    AUTO_BUF room = {0};
    struct der w;
    struct bytes attr;
    if (signer >= e->base.signer_n)
        return ERR_NOT_FOUND;
    TRY(buf_reserve(&room, value.len + FRAME_ROOM));
    der_init(&w, room.ptr, value.len + FRAME_ROOM);
    der_tlv(&w, 0x31, value);
    der_oid(&w, oid);
    der_wrap(&w, 0x30, 0);
    TRY(der_finish(&w, &attr));
    return buf_add_bytes(&e->unsigned_attrs[signer], attr);
}

/* RFC 5652 §5.1: each signer's digest algorithm is announced; SHA-2 and SHA-3 without parameters. */
static err_t announce(struct cms_edit *e, enum cms_hash alg)
{
    uint8_t room[32];
    struct der w;
    struct bytes id;
    der_init(&w, room, sizeof room);
    der_oid(&w, cms_hash_oid(alg));
    der_wrap(&w, 0x30, 0);
    TRY(der_finish(&w, &id));
    return holds(&e->digest_algs, id) ? OK : buf_add_bytes(&e->digest_algs, id);
}

err_t cms_edit_add_signer(struct cms_edit *e, enum cms_hash alg, struct bytes signer_info)
{
    if (e->base.signer_n + e->added_signers == SIGNERS_MAX)
        return ERR_TOO_LARGE;
    TRY(announce(e, alg));
    TRY(buf_add_bytes(&e->signers, signer_info));
    e->added_signers++;
    return OK;
}

/* --- writing --- */

/* The fields before the unsigned attributes are copied as they stand. */
static void put_signer(struct der *w, const struct signer_info *s, const struct buf *attrs)
{
    size_t mark = der_mark(w);
    if (attrs->len > 0)
        der_tlv(w, 0xa1, buf_bytes(attrs));
    const uint8_t *end = s->signature.ptr + s->signature.len;
    der_raw(w, BYTES(s->version.ptr, (size_t)(end - s->version.ptr)));
    der_wrap(w, 0x30, mark);
}

/* RFC 5652 §5.1. Certificates of other kinds are only there when they were before: then the version was right already. */
static unsigned version_of(const struct cms_edit *e)
{
    struct tlv t;
    struct bytes in = e->base.version;
    unsigned was = 1;
    if (tlv_next(&in, &t) == OK && tlv_small_integer(&t, &was) != OK)
        was = 1;
    return e->other_revocation ? 5 : was;
}

static void put_message(struct der *w, const struct cms_edit *e)
{
    der_raw(w, buf_bytes(&e->signers));
    for (size_t i = e->base.signer_n; i-- > 0;)
        put_signer(w, &e->base.signer[i], &e->unsigned_attrs[i]);
    der_wrap(w, 0x31, 0);
    if (e->crls.len > 0)
        der_tlv(w, 0xa1, buf_bytes(&e->crls));
    if (e->certs.len > 0)
        der_tlv(w, 0xa0, buf_bytes(&e->certs));
    der_raw(w, e->base.encap);
    der_tlv(w, 0x31, buf_bytes(&e->digest_algs));
    der_uint(w, version_of(e));
    der_wrap(w, 0x30, 0);
    der_wrap(w, 0xa0, 0);
    der_oid(w, OID_SIGNED_DATA);
    der_wrap(w, 0x30, 0);
}

err_t cms_edit_write(const struct cms_edit *e, struct buf *out)
{
    AUTO_BUF room = {0};
    struct der w;
    struct bytes der;
    size_t cap = FRAME_ROOM + e->own.len + e->base.own.len + e->certs.len + e->crls.len + e->digest_algs.len + e->signers.len;
    for (size_t i = 0; i < e->base.signer_n; i++)
        cap += e->unsigned_attrs[i].len + 16;
    TRY(buf_reserve(&room, cap));
    der_init(&w, room.ptr, cap);
    put_message(&w, e);
    TRY(der_finish(&w, &der));
    return der.len > SIGNED_DATA_MAX ? ERR_TOO_LARGE : buf_copy(out, der);
}

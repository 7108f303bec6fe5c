/*
 * Archive timestamps of ASiC-E containers: a list of all files, signatures and earlier lists, and one timestamp over it.
 * Called by asic_raise.c. ETSI EN 319 162-1 §4.4.5.2, §A.7.
 */
#include "signer/formats/asic_write.h"

#include "signer/formats/signed_data.h"
#include <stdio.h>

#define NEWEST "META-INF/ASiCArchiveManifest.xml"
#define NUMBER_MAX 999

void asic_archive_free(struct asic_archive *ar)
{
    buf_free(&ar->list);
    buf_free(&ar->token);
}

/* --- what was there --- */

/* Nothing is protected further that is not what was protected. */
static err_t check_earlier(const struct asic *a)
{
    for (size_t i = 0; i < a->n; i++) {
        for (size_t k = 0; a->signature[i].archive && k < a->signature[i].list.n; k++)
            TRY(asic_check(a, &a->signature[i].list.ref[k]));
    }
    return OK;
}

/* The last archive timestamp is about to be covered: now or never. */
static err_t complete_last(const struct asic *a, struct asic_raised *r, const struct cades_means *m)
{
    for (size_t i = 0; i < a->n; i++) {
        AUTO_BUF own = {0};
        struct bytes token;
        if (!a->signature[i].archive || !zip_is(a->signature[i].list_entry, NEWEST))
            continue;
        TRY(zip_read(a->signature[i].entry, SIGNED_DATA_MAX, &own, &token));
        return cades_token_complete(token, m->source, &r->with[i]);
    }
    return OK;
}

/* --- the list --- */

err_t asic_free_name(const struct asic *a, const char *before, const char *behind, char out[ASIC_NAME_CAP])
{
    for (unsigned i = 1; i <= NUMBER_MAX; i++) {
        snprintf(out, ASIC_NAME_CAP, "META-INF/%s%03u%s", before, i, behind);
        if (zip_find(&a->zip, bytes_str(out)) == NULL)
            return OK;
    }
    return ERR_TOO_LARGE;
}

const char *asic_type_of(const struct asic *a, const struct zip_entry *e)
{
    for (size_t i = 0; i < a->n; i++) {
        const struct asic_signature *s = &a->signature[i];
        if (s->entry == e && s->kind != ASIC_EVIDENCE)
            return s->kind == ASIC_CADES ? ASIC_TYPE_CADES : s->kind == ASIC_TIMESTAMP ? ASIC_TYPE_TIMESTAMP : "text/xml";
        if (s->list_entry == e)
            return "text/xml";
        for (size_t k = 0; k < s->list.n; k++) {
            if (s->list.ref[k].media_type != NULL && zip_is(e, s->list.ref[k].name))
                return s->list.ref[k].media_type;
        }
    }
    return NULL;
}

static err_t list_one(const struct asic *a, const struct zip_entry *e, const struct asic_raised *r, const struct asic_archive *ar,
                      enum cms_hash alg, struct asic_manifest *m)
{
    struct asic_reference *ref;
    size_t n;
    const struct buf *with = asic_replacement(a, e, r);
    TRY(asic_manifest_add(m, e == ar->before ? bytes_str(ar->before_name) : e->name, asic_type_of(a, e), &ref));
    ref->alg = alg;
    ref->root = e == ar->before;
    if (with == NULL)
        return zip_digest(e, cms_hash_md(alg), ref->digest, &n);
    return EVP_Digest(with->ptr, with->len, ref->digest, NULL, cms_hash_md(alg), NULL) == 1 ? OK : ERR_CRYPTO;
}

/* All but what says nothing: mimetype, folders. */
static err_t make_list(const struct asic *a, const struct asic_raised *r, enum cms_hash alg, struct asic_archive *ar)
{
    AUTO_ASIC_MANIFEST m = {0};
    TRY(str_copy(&m.signature, ar->token_name));
    TRY(str_copy(&m.signature_type, ASIC_TYPE_TIMESTAMP));
    for (size_t i = 1; i < a->zip.n; i++) {
        if (!a->zip.entry[i].folder)
            TRY(list_one(a, &a->zip.entry[i], r, ar, alg, &m));
    }
    return asic_manifest_write(&m, &ar->list);
}

static err_t make(const struct asic *a, struct asic_raised *r, const struct cades_means *m, struct asic_archive *ar)
{
    AUTO_BUF token = {0};
    uint8_t digest[EVP_MAX_MD_SIZE];
    if (m->ts == NULL)
        return ERR_STAMP;
    TRY(check_earlier(a));
    TRY(complete_last(a, r, m));
    ar->before = zip_find(&a->zip, bytes_str(NEWEST));
    TRY(asic_free_name(a, "ASiCArchiveManifest", ".xml", ar->before_name));
    TRY(asic_free_name(a, "timestamp", ".tst", ar->token_name));
    TRY(make_list(a, r, m->ts->alg, ar));
    if (EVP_Digest(ar->list.ptr, ar->list.len, digest, NULL, cms_hash_md(m->ts->alg), NULL) != 1)
        return ERR_CRYPTO;
    TRY(cades_stamp(m->ts, BYTES(digest, cms_hash_len(m->ts->alg)), &token));
    return cades_token_complete(buf_bytes(&token), m->source, &ar->token);
}

err_t asic_archive_make(const struct asic *a, struct asic_raised *r, const struct cades_means *m, struct asic_archive *out)
{
    err_t e = make(a, r, m, out);
    for (size_t i = 0; i < a->n && e != OK; i++) { /* half of it is nothing */
        if (a->signature[i].archive)
            buf_free(&r->with[i]);
    }
    if (e != OK)
        asic_archive_free(out);
    return e;
}

err_t asic_archive_write(struct zip_writer *w, const struct asic_archive *ar)
{
    TRY(zip_add(w, bytes_str(NEWEST), buf_bytes(&ar->list), true));
    return zip_add(w, bytes_str(ar->token_name), buf_bytes(&ar->token), false);
}

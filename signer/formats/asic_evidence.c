/*
 * Evidence records in containers: one timestamp over the digests of all that is in them.
 * Called by antin-sign. ETSI EN 319 162-1 §4.3.3.2, §4.4.4.3, §A.8; RFC 4998 §4.2.
 */
#include "signer/formats/asic_write.h"

#include "signer/formats/ers.h"
#include <stdlib.h>
#include <string.h>

#define TYPE_ERS "application/ers+der" /* no type is registered; this is what others write */

/* Digests of the files, in binary ascending order, none twice (§4.2.2). */
struct group {
    enum cms_hash alg;
    uint8_t (*value)[EVP_MAX_MD_SIZE];
    size_t n;
};

static void group_free(struct group *g)
{
    free(g->value);
}
#define AUTO_GROUP AUTO(group_free) struct group

static int by_value(const void *a, const void *b)
{
    return memcmp(a, b, EVP_MAX_MD_SIZE);
}

static void group_order(struct group *g)
{
    size_t kept = 0;
    qsort(g->value, g->n, sizeof *g->value, by_value);
    for (size_t i = 0; i < g->n; i++) {
        if (kept == 0 || memcmp(g->value[kept - 1], g->value[i], sizeof *g->value) != 0)
            memmove(g->value[kept++], g->value[i], sizeof *g->value);
    }
    g->n = kept;
}

static err_t group_new(const struct stamping *ts, size_t n, struct group *g)
{
    if (ts == NULL)
        return ERR_STAMP;
    if (n > ERS_LIST_VALUES_MAX)
        return ERR_TOO_LARGE;
    g->alg = ts->alg;
    g->value = calloc(n, sizeof *g->value);
    return g->value != NULL ? OK : ERR_NOMEM;
}

/* What is timestamped: the only digest, or that of all of them; and the list that leads there. */
static err_t root_of(const struct group *g, struct buf *list, uint8_t out[EVP_MAX_MD_SIZE])
{
    AUTO_BUF all = {0};
    AUTO_BUF octets = {0};
    size_t width = cms_hash_len(g->alg);
    if (g->n == 1) {
        memcpy(out, g->value[0], width);
        return OK;
    }
    for (size_t i = 0; i < g->n; i++) {
        const struct bytes v = BYTES(g->value[i], width);
        TRY(buf_add_bytes(&all, v));
        TRY(ers_wrap(0x04, &v, 1, &octets));
    }
    TRY(ers_wrap(0x30, &(struct bytes){octets.ptr, octets.len}, 1, list));
    return EVP_Digest(all.ptr, all.len, out, NULL, cms_hash_md(g->alg), NULL) == 1 ? OK : ERR_CRYPTO;
}

/* A timestamp that can be verified with nothing else at hand. */
static err_t stamp(const struct cades_means *m, struct bytes digest, struct buf *out)
{
    AUTO_BUF token = {0};
    TRY(cades_stamp(m->ts, digest, &token));
    return cades_token_complete(buf_bytes(&token), m->source, out);
}

static err_t record_of(struct group *g, const struct cades_means *m, struct buf *out)
{
    AUTO_BUF list = {0};
    AUTO_BUF token = {0};
    AUTO_BUF one = {0};
    AUTO_BUF chain = {0};
    AUTO_BUF sequence = {0};
    uint8_t root[EVP_MAX_MD_SIZE];
    group_order(g);
    TRY(root_of(g, &list, root));
    TRY(stamp(m, BYTES(root, cms_hash_len(g->alg)), &token));
    TRY(ers_write_stamp(g->alg, buf_bytes(&list), buf_bytes(&token), &one));
    TRY(ers_wrap(0x30, &(struct bytes){one.ptr, one.len}, 1, &chain));
    TRY(ers_wrap(0x30, &(struct bytes){chain.ptr, chain.len}, 1, &sequence));
    return ers_write_record(buf_bytes(&sequence), out);
}

/* --- ASiC-S --- */

err_t asic_prove(const struct asic_file *file, int64_t time, const struct cades_means *m, const struct zip_sink *sink)
{
    AUTO_ZIP_WRITER w = {.sink = *sink, .time = time};
    AUTO_GROUP g = {0};
    AUTO_BUF record = {0};
    TRY(group_new(m->ts, 1, &g));
    g.n = 1;
    if (EVP_Digest(file->content.ptr, file->content.len, g.value[0], NULL, cms_hash_md(g.alg), NULL) != 1)
        return ERR_CRYPTO;
    TRY(record_of(&g, m, &record));
    TRY(asic_begin(&w, ASIC_S, file, 1));
    TRY(zip_add(&w, bytes_str("META-INF/evidencerecord.ers"), buf_bytes(&record), false));
    return zip_finish(&w);
}

/* --- ASiC-E --- */

static err_t list_all(const struct asic *a, struct group *g, struct asic_manifest *list)
{
    for (size_t i = 1; i < a->zip.n; i++) {
        const struct zip_entry *e = &a->zip.entry[i];
        struct asic_reference *ref;
        size_t n;
        if (e->folder)
            continue;
        TRY(asic_manifest_add(list, e->name, asic_type_of(a, e), &ref));
        ref->alg = g->alg;
        TRY(zip_digest(e, cms_hash_md(g->alg), ref->digest, &n));
        memcpy(g->value[g->n++], ref->digest, n);
    }
    return OK;
}

err_t asic_add_evidence(const struct asic *a, int64_t time, const struct cades_means *m, const struct zip_sink *sink)
{
    AUTO_ZIP_WRITER w = {.sink = *sink, .time = time};
    AUTO_ASIC_MANIFEST list = {0};
    AUTO_GROUP g = {0};
    AUTO_BUF record = {0};
    AUTO_BUF xml = {0};
    char list_name[ASIC_NAME_CAP], name[ASIC_NAME_CAP];
    if (a->type == ASIC_S)
        return ERR_UNSUPPORTED;
    if (a->n == ASIC_SIGNATURES_MAX)
        return ERR_TOO_LARGE;
    TRY(group_new(m->ts, a->zip.n, &g));
    TRY(asic_free_name(a, "ASiCEvidenceRecordManifest", ".xml", list_name));
    TRY(asic_free_name(a, "evidencerecord", ".ers", name));
    TRY(str_copy(&list.signature, name));
    TRY(str_copy(&list.signature_type, TYPE_ERS));
    TRY(list_all(a, &g, &list));
    TRY(asic_manifest_write(&list, &xml));
    TRY(record_of(&g, m, &record));
    TRY(asic_keep(&w, a, NULL));
    TRY(zip_add(&w, bytes_str(list_name), buf_bytes(&xml), true));
    TRY(zip_add(&w, bytes_str(name), buf_bytes(&record), false));
    return zip_finish(&w);
}

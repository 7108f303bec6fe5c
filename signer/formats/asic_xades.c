/*
 * Containers with XAdES signatures: detached ones over every file, beside an OpenDocument manifest, as DigiDoc programs open them.
 * Called by antin-sign and signerd. ETSI EN 319 162-1 §4.4.3, §5.2; EN 319 132-1.
 */
#include "signer/formats/asic_write.h"

#include "signer/formats/xml.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NUMBER_MAX 999
#define NAME_CAP 64

err_t asic_feed(void *asic, const char *name, EVP_MD_CTX *ctx)
{
    const struct asic *a = asic;
    const struct zip_entry *e = zip_find(&a->zip, bytes_str(name));
    return e != NULL ? zip_hash(e, ctx) : ERR_NOT_FOUND;
}

/* --- what is signed --- */

/* Owns its strings. */
struct data {
    struct xades_data *item;
    uint8_t (*digest)[EVP_MAX_MD_SIZE];
    size_t n;
};

static void data_free(struct data *d)
{
    for (size_t i = 0; i < d->n; i++) {
        free((char *)(uintptr_t)d->item[i].name);
        free((char *)(uintptr_t)d->item[i].mime_type);
    }
    free(d->item);
    free(d->digest);
}
#define AUTO_DATA AUTO(data_free) struct data

static err_t data_room(struct data *d, size_t n)
{
    d->item = calloc(n, sizeof *d->item);
    d->digest = calloc(n, sizeof *d->digest);
    return d->item != NULL && d->digest != NULL ? OK : ERR_NOMEM;
}

/* The digest is filled in by the caller: d->digest[d->n - 1]. */
static err_t data_add(struct data *d, struct bytes name, const char *media_type, enum cms_hash alg)
{
    struct xades_data *x = &d->item[d->n];
    x->digest = BYTES(d->digest[d->n], cms_hash_len(alg));
    x->name = strndup((const char *)name.ptr, name.len);
    x->mime_type = media_type != NULL ? strdup(media_type) : NULL;
    d->n++;
    return x->name != NULL && (media_type == NULL || x->mime_type != NULL) ? OK : ERR_NOMEM;
}

static err_t sign_data(const struct data *d, int64_t signing_time, const struct signing_key *key, struct buf *xml)
{
    return xades_sign_detached(d->item, d->n, NULL, &(struct xades_opts){.signing_time = signing_time, .container = true}, key, xml);
}

/* --- a new container --- */

static err_t add_open_manifest(struct zip_writer *w, const struct asic_file *file, size_t n)
{
    AUTO_BUF xml = {0};
    TRY(asic_open_manifest_begin(ASIC_E_MIME, &xml));
    for (size_t i = 0; i < n; i++)
        TRY(asic_open_manifest_entry(file[i].name, file[i].media_type != NULL ? file[i].media_type : "application/octet-stream", &xml));
    TRY(asic_open_manifest_end(&xml));
    return zip_add(w, bytes_str("META-INF/manifest.xml"), buf_bytes(&xml), true);
}

err_t asic_sign_xades(const struct asic_file *file, size_t n, const struct asic_opts *o, const struct signing_key *key,
                      const struct zip_sink *sink)
{
    AUTO_ZIP_WRITER w = {.sink = *sink, .time = o->signing_time};
    AUTO_DATA d = {0};
    AUTO_BUF xml = {0};
    if (o->type != ASIC_E || n == 0)
        return ERR_ASIC;
    TRY(data_room(&d, n));
    for (size_t i = 0; i < n; i++) {
        TRY(data_add(&d, bytes_str(file[i].name), file[i].media_type, key->hash));
        if (EVP_Digest(file[i].content.ptr, file[i].content.len, d.digest[i], NULL, cms_hash_md(key->hash), NULL) != 1)
            return ERR_CRYPTO;
    }
    TRY(asic_begin(&w, ASIC_E, file, n));
    TRY(sign_data(&d, o->signing_time, key, &xml));
    TRY(add_open_manifest(&w, file, n));
    TRY(zip_add(&w, bytes_str("META-INF/signatures0.xml"), buf_bytes(&xml), true));
    return zip_finish(&w);
}

/* --- one more signature --- */

/* The media types that the first signature states. Unknown ones become application/octet-stream. */
static const char *stated_type(const struct xades *x, struct bytes name)
{
    for (size_t k = 0; x != NULL && k < xades_count(x); k++) {
        const struct xades_signature *s = xades_signature(x, k);
        for (size_t i = 0; i < s->ref_n; i++) {
            if (s->ref[i].kind == XADES_FILE && bytes_eq(bytes_str(s->ref[i].name), name))
                return s->ref[i].mime_type;
        }
    }
    return NULL;
}

static err_t collect(const struct asic *a, const struct xades *x, enum cms_hash alg, struct data *d)
{
    TRY(data_room(d, a->zip.n));
    for (size_t i = 0; i < a->zip.n; i++) {
        const struct zip_entry *e = &a->zip.entry[i];
        size_t len;
        if (!asic_is_payload(e))
            continue;
        TRY(data_add(d, e->name, stated_type(x, e->name), alg));
        TRY(zip_digest(e, cms_hash_md(alg), d->digest[d->n - 1], &len));
    }
    return OK;
}

static err_t free_name(const struct zip *z, char out[NAME_CAP])
{
    for (unsigned i = 0; i <= NUMBER_MAX; i++) {
        snprintf(out, NAME_CAP, "META-INF/signatures%u.xml", i);
        if (zip_find(z, bytes_str(out)) == NULL)
            return OK;
    }
    return ERR_TOO_LARGE;
}

err_t asic_add_xades(struct zip_writer *w, const struct asic *a, int64_t signing_time, const struct signing_key *key)
{
    AUTO_DATA d = {0};
    AUTO_XADES first = NULL;
    AUTO_BUF own = {0};
    AUTO_BUF xml = {0};
    struct bytes text;
    char name[NAME_CAP];
    size_t i = 0;
    while (i < a->n && a->signature[i].kind != ASIC_XADES)
        i++;
    if (i == a->n)
        return ERR_UNSUPPORTED;
    TRY(zip_read(a->signature[i].entry, XML_BYTES_MAX, &own, &text));
    TRY(xades_open(text, &first));
    TRY(collect(a, first, key->hash, &d));
    TRY(sign_data(&d, signing_time, key, &xml));
    TRY(free_name(&a->zip, name));
    TRY(asic_keep(w, a, NULL));
    return zip_add(w, bytes_str(name), buf_bytes(&xml), true);
}

/*
 * Writes containers with CAdES signatures and timestamps, and adds signatures to containers.
 * Called by antin-sign and signerd. ETSI EN 319 162-1 §4.3, §4.4, §5.2, §A.1.
 */
#include "signer/formats/asic_write.h"

#include "signer/formats/signed_data.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NUMBER_MAX 999 /* of a signature in its container */
#define NAME_CAP 64

/* --- files --- */

/* Pictures and PDFs are packed already, and what is stored can be verified where it lies. */
bool asic_deflates(const char *media_type)
{
    static const char *const ENDS[] = {"/xml", "+xml", "/json", "+json", "/rtf", "/msword"};
    if (media_type == NULL || strncmp(media_type, "text/", 5) == 0)
        return media_type != NULL;
    for (size_t i = 0; i < sizeof ENDS / sizeof *ENDS; i++) {
        size_t n = strlen(ENDS[i]), len = strlen(media_type);
        if (len >= n && strcmp(media_type + len - n, ENDS[i]) == 0)
            return true;
    }
    return false;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* A name that only differs by its letters' case would be the container's own for some programs. */
static bool is_own(const char *name)
{
    return (strncasecmp(name, "META-INF", 8) == 0 && (name[8] == '\0' || name[8] == '/')) || strcasecmp(name, "mimetype") == 0;
}

err_t asic_check_names(const char **name, size_t n)
{
    qsort(name, n, sizeof *name, by_name);
    for (size_t i = 0; i < n; i++) {
        if (is_own(name[i]) || (i > 0 && strcmp(name[i - 1], name[i]) == 0))
            return ERR_ASIC;
    }
    return OK;
}

static err_t check_names(const struct asic_file *file, size_t n)
{
    const char **name = calloc(n + 1, sizeof *name);
    if (name == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < n; i++)
        name[i] = file[i].name;
    err_t e = asic_check_names(name, n);
    free(name);
    return e;
}

err_t asic_begin(struct zip_writer *w, enum asic_type type, const struct asic_file *file, size_t n)
{
    if (n == 0 || (type == ASIC_S && (n != 1 || strchr(file[0].name, '/') != NULL)))
        return ERR_ASIC;
    TRY(check_names(file, n));
    TRY(zip_add(w, bytes_str("mimetype"), bytes_str(type == ASIC_S ? ASIC_S_MIME : ASIC_E_MIME), false));
    for (size_t i = 0; i < n; i++)
        TRY(zip_add(w, bytes_str(file[i].name), file[i].content, asic_deflates(file[i].media_type)));
    return OK;
}

err_t asic_keep(struct zip_writer *w, const struct asic *a, const struct zip_entry *but)
{
    for (size_t i = 0; i < a->zip.n; i++) {
        if (&a->zip.entry[i] != but)
            TRY(zip_add_same(w, &a->zip.entry[i]));
    }
    return OK;
}

/* --- lists --- */

static err_t list_files(struct asic_manifest *m, const struct asic_file *file, size_t n, enum cms_hash alg)
{
    for (size_t i = 0; i < n; i++) {
        struct asic_reference *r;
        TRY(asic_manifest_add(m, bytes_str(file[i].name), file[i].media_type, &r));
        r->alg = alg;
        if (EVP_Digest(file[i].content.ptr, file[i].content.len, r->digest, NULL, cms_hash_md(alg), NULL) != 1)
            return ERR_CRYPTO;
    }
    return OK;
}

static const char *known_type(const struct asic *a, struct bytes name)
{
    for (size_t i = 0; i < a->n; i++) {
        for (size_t k = 0; k < a->signature[i].list.n; k++) {
            if (bytes_eq(bytes_str(a->signature[i].list.ref[k].name), name))
                return a->signature[i].list.ref[k].media_type;
        }
    }
    return NULL;
}

static err_t list_payload(struct asic_manifest *m, const struct asic *a, enum cms_hash alg)
{
    for (size_t i = 0; i < a->zip.n; i++) {
        const struct zip_entry *e = &a->zip.entry[i];
        struct asic_reference *r;
        size_t n;
        if (!asic_is_payload(e))
            continue;
        TRY(asic_manifest_add(m, e->name, known_type(a, e->name), &r));
        r->alg = alg;
        TRY(zip_digest(e, cms_hash_md(alg), r->digest, &n));
    }
    return OK;
}

/* --- signatures --- */

/* The names that belong together: META-INF/ASiCManifest001.xml and META-INF/signature001.p7s. */
struct names {
    char list[NAME_CAP], signature[NAME_CAP];
};

static err_t free_names(const struct zip *z, struct names *out)
{
    for (unsigned i = 1; i <= NUMBER_MAX; i++) {
        snprintf(out->list, sizeof out->list, "META-INF/ASiCManifest%03u.xml", i);
        snprintf(out->signature, sizeof out->signature, "META-INF/signature%03u.p7s", i);
        if (z == NULL || (zip_find(z, bytes_str(out->list)) == NULL && zip_find(z, bytes_str(out->signature)) == NULL))
            return OK;
    }
    return ERR_TOO_LARGE;
}

/* The list is given its signature's name, written and signed. */
static err_t sign_list(struct zip_writer *w, const struct zip *z, struct asic_manifest *m, int64_t signing_time,
                       const struct signing_key *key)
{
    AUTO_BUF xml = {0};
    AUTO_BUF cms = {0};
    struct names names;
    TRY(free_names(z, &names));
    TRY(str_copy(&m->signature, names.signature));
    TRY(str_copy(&m->signature_type, ASIC_TYPE_CADES));
    TRY(asic_manifest_write(m, &xml));
    const struct covered content = {{buf_bytes(&xml)}};
    TRY(cades_sign(&content, &(struct cades_opts){.signing_time = signing_time, .mime_type = "text/xml"}, key, &cms));
    TRY(zip_add(w, bytes_str(names.list), buf_bytes(&xml), true));
    return zip_add(w, bytes_str(names.signature), buf_bytes(&cms), false);
}

static err_t sign_file(struct zip_writer *w, const struct asic_file *file, int64_t signing_time, const struct signing_key *key)
{
    AUTO_BUF cms = {0};
    const struct covered content = {{file->content}};
    TRY(cades_sign(&content, &(struct cades_opts){.signing_time = signing_time, .mime_type = file->media_type}, key, &cms));
    return zip_add(w, bytes_str("META-INF/signature.p7s"), buf_bytes(&cms), false);
}

err_t asic_sign_cades(const struct asic_file *file, size_t n, const struct asic_opts *o, const struct signing_key *key,
                      const struct zip_sink *sink)
{
    AUTO_ZIP_WRITER w = {.sink = *sink, .time = o->signing_time};
    AUTO_ASIC_MANIFEST m = {0};
    TRY(asic_begin(&w, o->type, file, n));
    if (o->type == ASIC_S) {
        TRY(sign_file(&w, file, o->signing_time, key));
    } else {
        TRY(list_files(&m, file, n, key->hash));
        TRY(sign_list(&w, NULL, &m, o->signing_time, key));
    }
    return zip_finish(&w);
}

err_t asic_stamp(const struct asic_file *file, int64_t time, const struct stamping *ts, const struct zip_sink *sink)
{
    AUTO_ZIP_WRITER w = {.sink = *sink, .time = time};
    AUTO_BUF token = {0};
    uint8_t digest[EVP_MAX_MD_SIZE];
    if (ts == NULL)
        return ERR_STAMP;
    if (EVP_Digest(file->content.ptr, file->content.len, digest, NULL, cms_hash_md(ts->alg), NULL) != 1)
        return ERR_CRYPTO;
    TRY(cades_stamp(ts, BYTES(digest, cms_hash_len(ts->alg)), &token));
    TRY(asic_begin(&w, ASIC_S, file, 1));
    TRY(zip_add(&w, bytes_str("META-INF/timestamp.tst"), buf_bytes(&token), false));
    return zip_finish(&w);
}

/* --- one more --- */

/* §4.3.3.2: all signers of an ASiC-S are in its one signature file. */
static err_t add_to_simple(struct zip_writer *w, const struct asic *a, int64_t signing_time, const struct signing_key *key)
{
    AUTO_BUF old = {0};
    AUTO_BUF own = {0};
    AUTO_BUF cms = {0};
    struct bytes was;
    struct covered content = {{{0}}};
    const struct asic_signature *s = &a->signature[0];
    if (s->kind != ASIC_CADES)
        return ERR_UNSUPPORTED;
    TRY(zip_read(s->entry, SIGNED_DATA_MAX, &old, &was));
    TRY(asic_content(a, s, &own, &content.part[0]));
    TRY(cades_add_signer(was, &content, &(struct cades_opts){.signing_time = signing_time}, key, &cms));
    TRY(asic_keep(w, a, s->entry));
    return zip_add(w, bytes_str("META-INF/signature.p7s"), buf_bytes(&cms), false);
}

static err_t add_to_extended(struct zip_writer *w, const struct asic *a, int64_t signing_time, const struct signing_key *key)
{
    AUTO_ASIC_MANIFEST m = {0};
    TRY(list_payload(&m, a, key->hash));
    TRY(asic_keep(w, a, NULL));
    return sign_list(w, &a->zip, &m, signing_time, key);
}

static bool has_kind(const struct asic *a, enum asic_kind kind)
{
    for (size_t i = 0; i < a->n; i++) {
        if (a->signature[i].kind == kind)
            return true;
    }
    return false;
}

err_t asic_add_signature(const struct asic *a, int64_t signing_time, const struct signing_key *key, const struct zip_sink *sink)
{
    AUTO_ZIP_WRITER w = {.sink = *sink, .time = signing_time};
    bool xades = has_kind(a, ASIC_XADES) && !has_kind(a, ASIC_CADES);
    if (a->n == ASIC_SIGNATURES_MAX)
        return ERR_TOO_LARGE;
    if (a->type == ASIC_S)
        TRY(add_to_simple(&w, a, signing_time, key));
    else if (xades)
        TRY(asic_add_xades(&w, a, signing_time, key));
    else
        TRY(add_to_extended(&w, a, signing_time, key));
    return zip_finish(&w);
}

/* --- over a signature --- */

static const struct asic_signature *only_message(const struct asic *a)
{
    const struct asic_signature *found = NULL;
    for (size_t i = 0; i < a->n; i++) {
        if (a->signature[i].kind != ASIC_CADES)
            continue;
        if (found != NULL)
            return NULL;
        found = &a->signature[i];
    }
    return found;
}

err_t asic_countersign(const struct asic *a, size_t signer, int64_t signing_time, const struct signing_key *key, const struct stamping *ts,
                       const struct zip_sink *sink)
{
    AUTO_ZIP_WRITER w = {.sink = *sink, .time = signing_time};
    AUTO_BUF old = {0};
    AUTO_BUF cms = {0};
    struct bytes was;
    const struct asic_signature *s = only_message(a);
    if (s == NULL)
        return ERR_UNSUPPORTED;
    if (asic_archived(a, s->entry))
        return ERR_CONFLICT;
    TRY(zip_read(s->entry, SIGNED_DATA_MAX, &old, &was));
    TRY(cades_countersign(was, signer, signing_time, key, ts, &cms));
    TRY(asic_keep(&w, a, s->entry));
    TRY(zip_add(&w, s->entry->name, buf_bytes(&cms), false));
    return zip_finish(&w);
}

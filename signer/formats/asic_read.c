/*
 * Reads containers: which files sign, and what each of them covers.
 * Called by asic_write.c, asic_raise.c and signer/verify. ETSI EN 319 162-1 §4.3, §4.4, §A.1, §A.7.
 */
#include "signer/formats/asic.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define META "META-INF/"

/* --- kinds of entries --- */

static bool starts_with(struct bytes s, const char *prefix)
{
    size_t n = strlen(prefix);
    return s.len >= n && memcmp(s.ptr, prefix, n) == 0;
}

static bool ends_with(struct bytes s, const char *suffix)
{
    size_t n = strlen(suffix);
    return s.len >= n && memcmp(s.ptr + s.len - n, suffix, n) == 0;
}

static bool has(struct bytes s, const char *part)
{
    return memmem(s.ptr, s.len, part, strlen(part)) != NULL;
}

/* Programs that do not tell "meta-inf" from "META-INF" would find signatures where others find files. */
static bool is_meta_in_other_letters(struct bytes name)
{
    size_t n = strlen(META) - 1;
    bool like = name.len >= n && strncasecmp((const char *)name.ptr, META, n) == 0 && (name.len == n || name.ptr[n] == '/');
    return like && memcmp(name.ptr, META, n) != 0;
}

bool asic_is_payload(const struct zip_entry *e)
{
    return !e->folder && !starts_with(e->name, META) && !zip_is(e, "mimetype");
}

enum part {
    PART_PAYLOAD,
    PART_FOLDER,
    PART_LIST,
    PART_ARCHIVE_LIST,
    PART_EVIDENCE_LIST,
    PART_OPEN_MANIFEST,
    PART_CADES,
    PART_XADES,
    PART_TIMESTAMP,
    PART_EVIDENCE,
    PART_UNKNOWN
};

static bool is_list(enum part p)
{
    return p == PART_LIST || p == PART_ARCHIVE_LIST || p == PART_EVIDENCE_LIST;
}

/* EN 319 162-1 §4.3.3.2, §4.4.3.2, §4.4.4: names by what they contain and end in. */
static enum part part_of(const struct zip_entry *e, enum asic_type type)
{
    struct bytes name = e->name;
    if (e->folder)
        return PART_FOLDER;
    if (asic_is_payload(e))
        return PART_PAYLOAD;
    if (zip_is(e, META "manifest.xml"))
        return PART_OPEN_MANIFEST;
    if (type == ASIC_S)
        return zip_is(e, META "signature.p7s")        ? PART_CADES
               : zip_is(e, META "timestamp.tst")      ? PART_TIMESTAMP
               : zip_is(e, META "signatures.xml")     ? PART_XADES
               : zip_is(e, META "evidencerecord.ers") ? PART_EVIDENCE
                                                      : PART_UNKNOWN;
    name = BYTES(name.ptr + strlen(META), name.len - strlen(META));
    if (memchr(name.ptr, '/', name.len) != NULL)
        return PART_UNKNOWN;
    if (has(name, "ASiCManifest") && ends_with(name, ".xml"))
        return PART_LIST;
    if (has(name, "ASiCArchiveManifest") && ends_with(name, ".xml"))
        return PART_ARCHIVE_LIST;
    if (has(name, "ASiCEvidenceRecordManifest") && ends_with(name, ".xml"))
        return PART_EVIDENCE_LIST;
    if (has(name, "evidencerecord") && ends_with(name, ".ers"))
        return PART_EVIDENCE;
    if (has(name, "signatures") && ends_with(name, ".xml"))
        return PART_XADES;
    if (has(name, "signature") && ends_with(name, ".p7s"))
        return PART_CADES;
    return has(name, "timestamp") && ends_with(name, ".tst") ? PART_TIMESTAMP : PART_UNKNOWN;
}

/* --- mimetype --- */

static const char *const TYPES[] = {[ASIC_S] = ASIC_S_MIME, [ASIC_E] = ASIC_E_MIME};

/* §A.1: first, stored, without an extra field; so these bytes are always in the same place. */
#define MAGIC_AT 30
#define MAGIC "mimetypeapplication/vnd.etsi.asic-"

bool asic_looks_like(struct bytes file)
{
    return file.len > MAGIC_AT + strlen(MAGIC) && memcmp(file.ptr, "PK\3\4", 4) == 0 &&
           memcmp(file.ptr + MAGIC_AT, MAGIC, strlen(MAGIC)) == 0;
}

static err_t read_type(struct asic *a)
{
    AUTO_BUF own = {0};
    struct bytes text;
    if (a->zip.n == 0 || !asic_looks_like(a->zip.file) || !zip_is(&a->zip.entry[0], "mimetype") || a->zip.entry[0].deflated)
        return ERR_ASIC;
    TRY(zip_read(&a->zip.entry[0], 64, &own, &text));
    for (enum asic_type t = ASIC_S; t <= ASIC_E; t++) {
        if (bytes_eq(text, bytes_str(TYPES[t]))) {
            a->type = t;
            return OK;
        }
    }
    return ERR_ASIC;
}

/* --- signatures and their lists --- */

static err_t add_signature(struct asic *a, enum asic_kind kind, const struct zip_entry *e)
{
    if (a->n == ASIC_SIGNATURES_MAX)
        return ERR_TOO_LARGE;
    a->signature[a->n++] = (struct asic_signature){.kind = kind, .entry = e};
    return OK;
}

static struct asic_signature *find_signature(struct asic *a, const char *name)
{
    for (size_t i = 0; i < a->n; i++) {
        if (zip_is(a->signature[i].entry, name))
            return &a->signature[i];
    }
    return NULL;
}

static bool may_sign(enum asic_kind kind, enum part list)
{
    if (list == PART_LIST)
        return kind == ASIC_CADES || kind == ASIC_TIMESTAMP;
    return kind == (list == PART_ARCHIVE_LIST ? ASIC_TIMESTAMP : ASIC_EVIDENCE);
}

/* Each list is signed by one file, and each file signs one list. */
static err_t read_list(struct asic *a, const struct zip_entry *e, enum part part)
{
    AUTO_BUF own = {0};
    AUTO_ASIC_MANIFEST list = {0};
    struct bytes text;
    TRY(zip_read(e, ASIC_MANIFEST_MAX, &own, &text));
    TRY(asic_manifest_read(text, &list));
    struct asic_signature *s = find_signature(a, list.signature);
    if (s == NULL || s->list_entry != NULL || !may_sign(s->kind, part))
        return ERR_ASIC;
    s->archive = part == PART_ARCHIVE_LIST;
    s->list_entry = e;
    s->list = take(&list);
    s->list_own = take(&own);
    s->list_text = text;
    return OK;
}

static err_t read_lists(struct asic *a)
{
    for (size_t i = 0; i < a->zip.n; i++) {
        enum part part = part_of(&a->zip.entry[i], a->type);
        if (is_list(part))
            TRY(read_list(a, &a->zip.entry[i], part));
    }
    for (size_t i = 0; i < a->n; i++) {
        if (a->type == ASIC_E && a->signature[i].kind != ASIC_XADES && a->signature[i].list_entry == NULL)
            return ERR_ASIC;
    }
    return OK;
}

static err_t read_parts(struct asic *a)
{
    static const enum asic_kind KINDS[] = {
        [PART_CADES] = ASIC_CADES, [PART_XADES] = ASIC_XADES, [PART_TIMESTAMP] = ASIC_TIMESTAMP, [PART_EVIDENCE] = ASIC_EVIDENCE};
    size_t payload = 0;
    for (size_t i = 1; i < a->zip.n; i++) {
        const struct zip_entry *e = &a->zip.entry[i];
        enum part part = part_of(e, a->type);
        if (is_meta_in_other_letters(e->name))
            return ERR_ASIC;
        if (part == PART_UNKNOWN || (a->type == ASIC_S && is_list(part)))
            return ERR_UNSUPPORTED;
        if (part == PART_CADES || part == PART_XADES || part == PART_TIMESTAMP || part == PART_EVIDENCE)
            TRY(add_signature(a, KINDS[part], e));
        payload += part == PART_PAYLOAD;
        if (a->type == ASIC_S && part == PART_PAYLOAD && memchr(e->name.ptr, '/', e->name.len) != NULL) /* §4.3.3.1: in the root */
            return ERR_ASIC;
    }
    if (payload == 0 || (a->type == ASIC_S && (payload != 1 || a->n != 1)))
        return ERR_ASIC;
    return read_lists(a);
}

static err_t open_parts(struct asic *a, struct bytes file)
{
    TRY(zip_open(file, &a->zip));
    TRY(read_type(a));
    return read_parts(a);
}

err_t asic_open(struct bytes file, struct asic *out)
{
    *out = (struct asic){0};
    err_t e = open_parts(out, file);
    if (e != OK)
        asic_close(out);
    return e;
}

void asic_close(struct asic *a)
{
    for (size_t i = 0; i < a->n; i++) {
        asic_manifest_free(&a->signature[i].list);
        buf_free(&a->signature[i].list_own);
    }
    zip_close(&a->zip);
    a->n = 0;
}

bool asic_archived(const struct asic *a, const struct zip_entry *e)
{
    for (size_t i = 0; i < a->n; i++) {
        const struct asic_signature *s = &a->signature[i];
        for (size_t k = 0; s->archive && k < s->list.n; k++) {
            if (zip_is(e, s->list.ref[k].name))
                return true;
        }
    }
    return false;
}

/* --- contents --- */

static const struct zip_entry *only_file(const struct asic *a)
{
    for (size_t i = 1; i < a->zip.n; i++) {
        if (asic_is_payload(&a->zip.entry[i]))
            return &a->zip.entry[i];
    }
    return NULL;
}

err_t asic_content(const struct asic *a, const struct asic_signature *s, struct buf *own, struct bytes *view)
{
    if (s->list_entry != NULL) {
        *view = s->list_text;
        return OK;
    }
    const struct zip_entry *e = a->type == ASIC_S ? only_file(a) : NULL;
    return e != NULL ? zip_read(e, e->deflated ? ASIC_CONTENT_MAX : ZIP_FILE_MAX, own, view) : ERR_NOT_FOUND;
}

err_t asic_check(const struct asic *a, const struct asic_reference *r)
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    size_t n;
    const struct zip_entry *e = zip_find(&a->zip, bytes_str(r->name));
    if (e == NULL)
        return ERR_NOT_FOUND;
    TRY(zip_digest(e, cms_hash_md(r->alg), digest, &n));
    return bytes_eq(BYTES(digest, n), BYTES(r->digest, cms_hash_len(r->alg))) ? OK : ERR_BAD_SIGNATURE;
}

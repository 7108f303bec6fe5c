/*
 * Writes and reads the manifest of a sealed dossier. Reading is writing backwards: what was read must write to the same bytes.
 * Called by signerd (seal) and antin-verify. RFC 8785; schema/manifest.schema.json.
 */
#include "signer/formats/manifest.h"

#include "common/clock.h"
#include "common/json.h"
#include "signer/formats/jcs.h"
#include <stdlib.h>
#include <string.h>

#define TYPE "antin-dossier-manifest"
#define VERSION 1
#define FILE_SIZE_MAX ((int64_t)1 << 53) /* exclusive: JSON integers are exact below it */

/* --- what a manifest may hold --- */

static bool text_valid(const char *s)
{
    struct bytes v = bytes_str(s);
    return s != NULL && v.len > 0 && v.len <= MANIFEST_TEXT_MAX && utf8_valid(v);
}

/* A name that can be opened beside the manifest and nowhere else. */
static bool name_valid(const char *s)
{
    if (!text_valid(s) || strcmp(s, ".") == 0 || strcmp(s, "..") == 0)
        return false;
    for (const unsigned char *p = (const unsigned char *)s; *p != '\0'; p++) {
        if (*p < 0x20 || *p == 0x7f || *p == '/' || *p == '\\')
            return false;
    }
    return true;
}

static int text_order(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool names_unique(const struct manifest *m)
{
    const char *names[2 * MANIFEST_COMPONENTS_MAX];
    size_t n = 0;
    for (size_t i = 0; i < m->component_n; i++) {
        names[n++] = m->component[i].file.name;
        if (m->component[i].signature.name != NULL)
            names[n++] = m->component[i].signature.name;
    }
    qsort(names, n, sizeof *names, text_order);
    for (size_t i = 1; i < n; i++) {
        if (strcmp(names[i - 1], names[i]) == 0)
            return false;
    }
    return true;
}

static bool file_valid(const struct manifest_file *f)
{
    return name_valid(f->name) && f->size < (uint64_t)FILE_SIZE_MAX;
}

static bool component_valid(const struct manifest_component *c)
{
    return file_valid(&c->file) && text_valid(c->media_type) && (c->signature.name == NULL || file_valid(&c->signature));
}

static bool manifest_valid(const struct manifest *m)
{
    if (!text_valid(m->code) || !text_valid(m->procedure) || !text_valid(m->applicant) || !text_valid(m->agency))
        return false;
    if (m->component_n == 0 || m->component_n > MANIFEST_COMPONENTS_MAX)
        return false;
    for (size_t i = 0; i < m->component_n; i++) {
        if (!component_valid(&m->component[i]))
            return false;
    }
    return names_unique(m);
}

/* --- writing --- */

static json_t *file_json(const struct manifest_file *f)
{
    char hex256[2 * SHA256_LEN + 1], hex512[2 * SHA512_LEN + 1];
    hex_encode(BYTES(f->sha256, SHA256_LEN), hex256);
    hex_encode(BYTES(f->sha512, SHA512_LEN), hex512);
    return json_pack("{s:s, s:I, s:s, s:s}", "name", f->name, "size", (json_int_t)f->size, "sha256", hex256, "sha512", hex512);
}

static json_t *component_json(const struct manifest_component *c)
{
    json_t *j = file_json(&c->file);
    if (j == NULL || json_object_set_new(j, "media_type", json_string(c->media_type)) != 0)
        return j;
    if (c->signature.name != NULL)
        (void)json_object_set_new(j, "signature", file_json(&c->signature));
    return j;
}

static json_t *components_json(const struct manifest *m)
{
    json_t *list = json_array();
    for (size_t i = 0; list != NULL && i < m->component_n; i++)
        (void)json_array_append_new(list, component_json(&m->component[i]));
    return list;
}

err_t manifest_write(const struct manifest *m, struct buf *out)
{
    if (!manifest_valid(m))
        return ERR_MANIFEST;
    char created[CLOCK_RFC3339_LEN + 1];
    clock_rfc3339(m->created, created);
    AUTO_JSON tree =
        json_pack("{s:s, s:i, s:s, s:s, s:s, s:s, s:s, s:o}", "type", TYPE, "version", VERSION, "code", m->code, "procedure", m->procedure,
                  "applicant", m->applicant, "agency", m->agency, "created", created, "components", components_json(m));
    if (tree == NULL || json_array_size(json_object_get(tree, "components")) != m->component_n)
        return ERR_NOMEM;
    AUTO_BUF text = {0};
    TRY(jcs_write(tree, &text));
    if (text.len > MANIFEST_MAX)
        return ERR_MANIFEST;
    *out = take(&text);
    return OK;
}

/* --- reading --- */

struct holding {
    json_t *tree;
    struct manifest_component component[];
};

static err_t read_digest(const json_t *j, const char *name, uint8_t *out, size_t len)
{
    const char *hex;
    size_t n = 0;
    TRY(json_need_str(j, name, 2 * len, &hex));
    TRY(hex_decode(bytes_str(hex), out, len, &n));
    return n == len ? OK : ERR_SYNTAX;
}

static err_t read_file(const json_t *j, struct manifest_file *f)
{
    int64_t size;
    TRY(json_need_str(j, "name", MANIFEST_TEXT_MAX, &f->name));
    TRY(json_get_int(j, "size", 0, FILE_SIZE_MAX - 1, -1, &size));
    if (size < 0)
        return ERR_SYNTAX;
    f->size = (uint64_t)size;
    TRY(read_digest(j, "sha256", f->sha256, SHA256_LEN));
    return read_digest(j, "sha512", f->sha512, SHA512_LEN);
}

static err_t read_component(const json_t *j, struct manifest_component *c)
{
    TRY(json_need_str(j, "media_type", MANIFEST_TEXT_MAX, &c->media_type));
    TRY(read_file(j, &c->file));
    const json_t *signature = json_object_get(j, "signature");
    return signature != NULL ? read_file(signature, &c->signature) : OK;
}

static err_t read_head(const json_t *tree, struct manifest *m)
{
    const char *created, *type;
    int64_t version;
    TRY(json_need_str(tree, "type", MANIFEST_TEXT_MAX, &type));
    TRY(json_get_int(tree, "version", VERSION, VERSION, 0, &version));
    if (strcmp(type, TYPE) != 0 || version != VERSION)
        return ERR_SYNTAX;
    TRY(json_need_str(tree, "code", MANIFEST_TEXT_MAX, &m->code));
    TRY(json_need_str(tree, "procedure", MANIFEST_TEXT_MAX, &m->procedure));
    TRY(json_need_str(tree, "applicant", MANIFEST_TEXT_MAX, &m->applicant));
    TRY(json_need_str(tree, "agency", MANIFEST_TEXT_MAX, &m->agency));
    TRY(json_need_str(tree, "created", CLOCK_RFC3339_LEN, &created));
    return clock_parse_rfc3339(created, &m->created);
}

static err_t read_components(const json_t *list, struct holding *h)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        TRY(read_component(json_array_get(list, i), &h->component[i]));
    return OK;
}

/* Unknown or misplaced members need no check of their own: they would not be written again. */
static err_t same_when_written(const struct manifest *m, struct bytes text)
{
    AUTO_BUF again = {0};
    TRY(manifest_write(m, &again));
    return bytes_eq(buf_bytes(&again), text) ? OK : ERR_SYNTAX;
}

static void holding_free(struct holding **h)
{
    if (*h != NULL)
        json_free(&(*h)->tree);
    free(*h);
    *h = NULL;
}

static err_t read_all(struct bytes text, struct manifest *out)
{
    AUTO_JSON tree = NULL;
    TRY(jcs_read(text, MANIFEST_MAX, &tree));
    const json_t *list = json_object_get(tree, "components");
    size_t n = json_array_size(list);
    if (n == 0 || n > MANIFEST_COMPONENTS_MAX)
        return ERR_SYNTAX;

    AUTO(holding_free) struct holding *h = calloc(1, sizeof *h + n * sizeof *h->component);
    if (h == NULL)
        return ERR_NOMEM;
    struct manifest m = {.component = h->component, .component_n = n};
    TRY(read_head(tree, &m));
    TRY(read_components(list, h));
    TRY(same_when_written(&m, text));
    h->tree = take(&tree);
    m.own = take(&h);
    *out = m;
    return OK;
}

err_t manifest_read(struct bytes text, struct manifest *out)
{
    err_t e = read_all(text, out);
    return e == OK || e == ERR_NOMEM ? e : ERR_MANIFEST;
}

void manifest_free(struct manifest *m)
{
    struct holding *h = m->own;
    holding_free(&h);
    *m = (struct manifest){0};
}

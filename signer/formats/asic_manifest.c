/*
 * Writes and reads ASiCManifest, and writes the OpenDocument manifest.
 * Called by asic_*.c and signer/verify. ETSI EN 319 162-1 §A.4; OpenDocument 1.2 part 3 §3.
 */
#include "signer/formats/asic_manifest.h"

#include "signer/formats/xades_impl.h"
#include "signer/formats/zip.h"
#include <stdlib.h>
#include <string.h>

#define NS_OPEN "urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"

/* --- writing --- */

static err_t put_attr(struct buf *out, const char *name, const char *value)
{
    if (value == NULL)
        return OK;
    TRY(buf_addf(out, " %s=\"", name));
    TRY(xml_put(out, value));
    return buf_add_str(out, "\"");
}

static err_t put_uri(struct buf *out, const char *name)
{
    AUTO_BUF uri = {0};
    TRY(asic_uri(bytes_str(name), &uri));
    return put_attr(out, "URI", buf_str(&uri));
}

static err_t put_reference(struct buf *out, const struct asic_reference *r)
{
    TRY(buf_add_str(out, "<asic:DataObjectReference"));
    TRY(put_uri(out, r->name));
    TRY(put_attr(out, "MimeType", r->media_type));
    TRY(put_attr(out, "Rootfile", r->root ? "true" : NULL));
    TRY(buf_addf(out, "><ds:DigestMethod Algorithm=\"%s\"/><ds:DigestValue>", xades_digest_uri(r->alg)));
    TRY(xml_put_base64(out, BYTES(r->digest, cms_hash_len(r->alg))));
    return buf_add_str(out, "</ds:DigestValue></asic:DataObjectReference>");
}

err_t asic_manifest_write(const struct asic_manifest *m, struct buf *out)
{
    TRY(buf_add_str(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<asic:ASiCManifest xmlns:asic=\"" NS_ASIC "\" xmlns:ds=\"" NS_DS
                         "\"><asic:SigReference"));
    TRY(put_uri(out, m->signature));
    TRY(put_attr(out, "MimeType", m->signature_type));
    TRY(buf_add_str(out, "/>"));
    for (size_t i = 0; i < m->n; i++)
        TRY(put_reference(out, &m->ref[i]));
    return buf_add_str(out, "</asic:ASiCManifest>\n");
}

err_t asic_open_manifest_begin(const char *container_type, struct buf *out)
{
    TRY(buf_add_str(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<manifest:manifest xmlns:manifest=\"" NS_OPEN
                         "\" manifest:version=\"1.2\">"));
    return asic_open_manifest_entry("/", container_type, out);
}

/* full-path is a name, not a URI (§3.3). */
err_t asic_open_manifest_entry(const char *name, const char *media_type, struct buf *out)
{
    TRY(buf_add_str(out, "<manifest:file-entry"));
    TRY(put_attr(out, "manifest:full-path", name));
    TRY(put_attr(out, "manifest:media-type", media_type));
    return buf_add_str(out, "/>");
}

err_t asic_open_manifest_end(struct buf *out)
{
    return buf_add_str(out, "</manifest:manifest>\n");
}

/* --- reading --- */

err_t asic_manifest_add(struct asic_manifest *m, struct bytes name, const char *media_type, struct asic_reference **out)
{
    if (m->n == ZIP_ENTRIES_MAX)
        return ERR_TOO_LARGE;
    struct asic_reference *larger = realloc(m->ref, (m->n + 1) * sizeof *larger);
    if (larger == NULL)
        return ERR_NOMEM;
    m->ref = larger;
    *out = &m->ref[m->n];
    **out = (struct asic_reference){.name = strndup((const char *)name.ptr, name.len)};
    m->n++;
    if ((*out)->name == NULL)
        return ERR_NOMEM;
    return media_type != NULL ? str_copy(&(*out)->media_type, media_type) : OK;
}

static err_t read_name(const xmlNode *n, struct buf *name)
{
    const char *uri = xml_attr(n, "URI");
    return uri != NULL ? asic_uri_name(uri, name) : ERR_ASIC;
}

static err_t read_digest(const xmlNode *reference, struct asic_reference *r)
{
    const xmlNode *method = xml_first(reference), *value = method != NULL ? xml_next(method) : NULL;
    AUTO_BUF digest = {0};
    if (method == NULL || value == NULL || !xml_is(method, NS_DS, "DigestMethod") || !xml_is(value, NS_DS, "DigestValue"))
        return ERR_ASIC;
    if (xml_next(value) != NULL) /* an extension: it could change what the reference means */
        return ERR_ASIC;
    TRY(xades_digest_of(xml_attr(method, "Algorithm"), &r->alg));
    TRY(xml_base64(value, &digest));
    if (digest.len != cms_hash_len(r->alg))
        return ERR_ASIC;
    memcpy(r->digest, digest.ptr, digest.len);
    return OK;
}

static err_t read_reference(const xmlNode *n, struct asic_manifest *m)
{
    AUTO_BUF name = {0};
    struct asic_reference *r;
    TRY(xml_only_elements(n));
    TRY(read_name(n, &name));
    TRY(asic_manifest_add(m, buf_bytes(&name), xml_attr(n, "MimeType"), &r));
    const char *root = xml_attr(n, "Rootfile");
    r->root = root != NULL && (strcmp(root, "true") == 0 || strcmp(root, "1") == 0);
    return read_digest(n, r);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static err_t check_once(const struct asic_manifest *m)
{
    char **name = calloc(m->n + 1, sizeof *name);
    err_t e = name != NULL ? OK : ERR_NOMEM;
    for (size_t i = 0; i < m->n && e == OK; i++)
        name[i] = m->ref[i].name;
    if (e == OK)
        qsort(name, m->n, sizeof *name, by_name);
    for (size_t i = 1; i < m->n && e == OK; i++) {
        if (strcmp(name[i - 1], name[i]) == 0)
            e = ERR_ASIC;
    }
    free(name);
    return e;
}

static err_t read_all(const xmlNode *root, struct asic_manifest *m)
{
    AUTO_BUF signature = {0};
    if (root == NULL || !xml_is(root, NS_ASIC, "ASiCManifest"))
        return ERR_ASIC;
    TRY(xml_only_elements(root));
    const xmlNode *n = xml_first(root);
    if (n == NULL || !xml_is(n, NS_ASIC, "SigReference"))
        return ERR_ASIC;
    TRY(read_name(n, &signature));
    TRY(str_copy(&m->signature, buf_str(&signature)));
    if (xml_attr(n, "MimeType") != NULL)
        TRY(str_copy(&m->signature_type, xml_attr(n, "MimeType")));
    for (n = xml_next(n); n != NULL && xml_is(n, NS_ASIC, "DataObjectReference"); n = xml_next(n))
        TRY(read_reference(n, m));
    return n == NULL && m->n > 0 ? check_once(m) : ERR_ASIC;
}

err_t asic_manifest_read(struct bytes xml, struct asic_manifest *out)
{
    AUTO_XML doc = NULL;
    *out = (struct asic_manifest){0};
    if (xml.len > ASIC_MANIFEST_MAX)
        return ERR_TOO_LARGE;
    TRY(xml_parse(xml, &doc));
    err_t e = read_all(xmlDocGetRootElement(doc), out);
    if (e != OK)
        asic_manifest_free(out);
    return e;
}

void asic_manifest_free(struct asic_manifest *m)
{
    free(m->signature);
    free(m->signature_type);
    for (size_t i = 0; i < m->n; i++) {
        free(m->ref[i].name);
        free(m->ref[i].media_type);
    }
    free(m->ref);
    *m = (struct asic_manifest){0};
}

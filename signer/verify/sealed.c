/*
 * Verifies a manifest's seal, and each component it names by size, SHA-256 and SHA-512.
 * Called by verify.c. RFC 8785; ETSI EN 319 122-1.
 */
#include "signer/verify/sealed.h"

#include "common/secret.h"
#include "common/x509.h"
#include "signer/formats/manifest.h"
#include "signer/verify/input.h"
#include "signer/verify/signature.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool sealed_looks_like_manifest(struct bytes text)
{
    static const char MARK[] = "\"type\":\"antin-dossier-manifest\"";
    return text.len > 0 && text.len <= MANIFEST_MAX && text.ptr[0] == '{' && memmem(text.ptr, text.len, MARK, sizeof MARK - 1) != NULL;
}

static bool is_same(struct bytes data, const struct manifest_file *file)
{
    uint8_t d256[SHA256_LEN], d512[SHA512_LEN];
    if (data.len != file->size)
        return false;
    sha256(data, d256);
    sha512(data, d512);
    return memcmp(d256, file->sha256, sizeof d256) == 0 && memcmp(d512, file->sha512, sizeof d512) == 0;
}

static void check_component(const char *folder, int folder_len, const struct manifest_file *file, struct file_result *f,
                            struct component_result *out)
{
    AUTO_INPUT in = {0};
    AUTO_STR path = NULL;
    snprintf(out->name, sizeof out->name, "%s", file->name);
    if (asprintf(&path, "%.*s%s", folder_len, folder, file->name) < 0) {
        path = NULL;
        finding_add(&f->findings, INDETERMINATE, SUB_SIG_CONSTRAINTS_FAILURE, NOTE_TOO_LARGE, file->name);
        return;
    }
    err_t e = input_open(path, false, &in);
    if (e != OK) {
        out->state = COMPONENT_MISSING;
        finding_add(&f->findings, INDETERMINATE, SUB_SIGNED_DATA_NOT_FOUND, e == ERR_NOT_FOUND ? NOTE_COMPONENT_MISSING : NOTE_UNREADABLE,
                    file->name);
    } else if (!is_same(in.data, file)) {
        out->state = COMPONENT_CHANGED;
        finding_add(&f->findings, TOTAL_FAILED, SUB_HASH_FAILURE, NOTE_COMPONENT_CHANGED, file->name);
    } else {
        out->state = COMPONENT_INTACT;
    }
}

static void check_components(const char *path, const struct manifest *m, struct file_result *f)
{
    const char *slash = strrchr(path, '/');
    int folder_len = slash != NULL ? (int)(slash + 1 - path) : 0;
    f->component = calloc(2 * m->component_n, sizeof *f->component);
    if (f->component == NULL) {
        finding_add(&f->findings, INDETERMINATE, SUB_SIG_CONSTRAINTS_FAILURE, NOTE_TOO_LARGE, NULL);
        return;
    }
    for (size_t i = 0; i < m->component_n; i++) {
        check_component(path, folder_len, &m->component[i].file, f, &f->component[f->component_n++]);
        if (m->component[i].signature.name != NULL)
            check_component(path, folder_len, &m->component[i].signature, f, &f->component[f->component_n++]);
    }
}

/*
 * A manifest's seal is an organisation's (EN 319 412-3 §4.2.1: organizationName) and says that it seals a manifest. A citizen can sign any file, one
 * that reads like a manifest too; that makes it no manifest: keyd writes the media type for the seal's key alone.
 */
static bool is_seal(const struct signature_result *r)
{
    AUTO_X509 cert = NULL;
    AUTO_BUF organisation = {0};
    return strcmp(r->mime, MANIFEST_MIME) == 0 && x509_from_der(buf_bytes(&r->signer.der), &cert) == OK &&
           x509_name_attr(X509_get_subject_name(cert), NID_organizationName, &organisation) == OK && organisation.len > 0;
}

static void check_seal(const struct context *ctx, const char *path, struct bytes text, struct file_result *f)
{
    AUTO_INPUT seal = {0};
    AUTO_STR seal_path = NULL;
    struct covered content = {{text}};
    if (asprintf(&seal_path, "%s.p7s", path) < 0)
        seal_path = NULL;
    if (seal_path == NULL || input_open(seal_path, true, &seal) != OK) {
        finding_add(&f->findings, INDETERMINATE, SUB_SIGNED_DATA_NOT_FOUND, NOTE_SEAL_MISSING, seal_path);
        return;
    }
    signature_verify(ctx, &(struct evidence){0}, seal.data, &content, KIND_CADES, f);
    for (size_t i = 0; i < f->signature_n; i++) {
        const char *slash = strrchr(path, '/');
        if (f->signature[i].kind == KIND_COUNTER) /* over the seal, not over the manifest: it seals nothing */
            continue;
        snprintf(f->signature[i].scope, sizeof f->signature[i].scope, "%s", slash != NULL ? slash + 1 : path);
        f->signature[i].whole = true;
        if (!is_seal(&f->signature[i]))
            finding_add(&f->signature[i].findings, TOTAL_FAILED, SUB_SIG_CONSTRAINTS_FAILURE, NOTE_NO_SEAL, NULL);
    }
}

void sealed_verify(const struct context *ctx, const char *path, struct bytes text, struct file_result *f)
{
    AUTO_MANIFEST m = {0};
    check_seal(ctx, path, text, f);
    err_t e = manifest_read(text, &m);
    if (e != OK) {
        finding_add(&f->findings, e == ERR_NOMEM ? INDETERMINATE : TOTAL_FAILED, SUB_FORMAT_FAILURE, NOTE_MANIFEST, NULL);
        return;
    }
    snprintf(f->code, sizeof f->code, "%s", m.code);
    snprintf(f->procedure, sizeof f->procedure, "%s", m.procedure);
    check_components(path, &m, f);
}

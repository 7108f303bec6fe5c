/*
 * Finding what is to be downloaded.
 * Called by endpoints/downloads and endpoints/files.
 */
#include "signer/rules/download.h"

#include "signer/errors.h"
#include "signer/formats/manifest.h"
#include "signer/rules/content.h"
#include "signer/rules/sealing.h"
#include "signer/store/signing.h"
#include <stdio.h>
#include <string.h>

void download_free(struct download *d)
{
    fd_close(&d->fd);
    buf_free(&d->bytes);
}

bool download_inline_safe(const char *media_type)
{
    static const char *const safe[] = {"application/pdf", "image/png", "image/jpeg", "text/plain"};
    for (size_t i = 0; i < sizeof safe / sizeof safe[0]; i++)
        if (strcmp(safe[i], media_type) == 0)
            return true;
    return false;
}

struct look {
    const char *dossier, *name;
    struct component c;
    struct buf *signature;
    struct seal_row seal;
};

static err_t look_up(struct db *db, void *arg)
{
    struct look *l = arg;
    err_t e = component_get(db, l->dossier, l->name, &l->c);
    if (e == OK && l->signature != NULL && !l->c.pdf)
        e = component_signature(db, l->dossier, l->name, l->signature);
    return e == ERR_DB_NONE ? ERR_NOT_FOUND : e;
}

static err_t send_stored(struct app *a, const uint8_t sha256[SHA256_LEN], uint64_t size, struct download *out)
{
    err_t e = content_get(a->content, sha256, size, &out->fd);
    out->size = size;
    return e == ERR_NOT_FOUND ? ERR_IO : e; /* a row without its file is our fault, not the caller's */
}

err_t download_component(struct app *a, const char *dossier, const char *name, struct download *out)
{
    struct look l = {.dossier = dossier, .name = name};
    TRY(db_do(a->db, DB_AUTOCOMMIT, look_up, &l));
    memcpy(out->type, l.c.media_type, sizeof out->type);
    memcpy(out->name, l.c.name, sizeof out->name);
    return send_stored(a, l.c.sha256, l.c.size, out);
}

err_t download_signed_pdf(struct app *a, const struct dossier *d, const char *name, struct download *out)
{
    struct look l = {.dossier = d->id, .name = name};
    TRY(db_do(a->db, DB_AUTOCOMMIT, look_up, &l));
    if (!l.c.pdf)
        return ERR_NOT_PDF_COMPONENT;
    if (d->state != DOSSIER_SEALED || !l.c.is_signed)
        return ERR_NOT_SEALED;
    snprintf(out->type, sizeof out->type, "application/pdf");
    sealing_signed_name(l.c.name, true, out->name);
    return send_stored(a, l.c.signed_sha256, l.c.signed_size, out);
}

err_t download_signature(struct app *a, const struct dossier *d, const char *name, struct download *out)
{
    struct look l = {.dossier = d->id, .name = name};
    TRY(db_do(a->db, DB_AUTOCOMMIT, look_up, &l));
    if (l.c.pdf)
        return ERR_NOT_PDF_COMPONENT;
    if (d->state != DOSSIER_SEALED || !l.c.is_signed)
        return ERR_NOT_SEALED;
    l.signature = &out->bytes;
    TRY(db_do(a->db, DB_AUTOCOMMIT, look_up, &l));
    snprintf(out->type, sizeof out->type, "application/pkcs7-signature"); /* RFC 8551 §3.2.1 */
    sealing_signed_name(l.c.name, false, out->name);
    return OK;
}

static err_t look_up_seal(struct db *db, void *arg)
{
    struct look *l = arg;
    err_t e = seal_get(db, l->dossier, &l->seal);
    return e == ERR_DB_NONE ? ERR_NOT_SEALED : e;
}

static err_t seal_part(struct app *a, const struct dossier *d, bool signature, struct download *out)
{
    struct look l = {.dossier = d->id};
    err_t e = db_do(a->db, DB_AUTOCOMMIT, look_up_seal, &l);
    if (e == OK)
        out->bytes = signature ? take(&l.seal.signature) : take(&l.seal.manifest);
    buf_free(&l.seal.manifest);
    buf_free(&l.seal.signature);
    return e;
}

err_t download_manifest(struct app *a, const struct dossier *d, struct download *out)
{
    snprintf(out->type, sizeof out->type, MANIFEST_MIME);
    snprintf(out->name, sizeof out->name, "manifest.json");
    return seal_part(a, d, false, out);
}

err_t download_manifest_signature(struct app *a, const struct dossier *d, struct download *out)
{
    snprintf(out->type, sizeof out->type, "application/pkcs7-signature");
    snprintf(out->name, sizeof out->name, "manifest.json.p7s");
    return seal_part(a, d, true, out);
}

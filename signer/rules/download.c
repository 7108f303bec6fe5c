/*
 * Finding what is to be downloaded.
 * Called by endpoints/downloads and endpoints/files.
 */
#include "signer/rules/download.h"

#include "signer/errors.h"
#include "signer/formats/manifest.h"
#include "signer/rules/container.h"
#include "signer/rules/content.h"
#include "signer/rules/naming.h"
#include "signer/store/signing.h"
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

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
    if (e == OK && l->signature != NULL && l->c.format != FORMAT_PADES)
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
    if (l.c.format != FORMAT_PADES)
        return ERR_NOT_PDF_COMPONENT;
    if (d->state != DOSSIER_SEALED || !l.c.is_signed)
        return ERR_NOT_SEALED;
    snprintf(out->type, sizeof out->type, "application/pdf");
    naming_signed(l.c.name, l.c.format, out->name);
    return send_stored(a, l.c.signed_sha256, l.c.signed_size, out);
}

err_t download_signature(struct app *a, const struct dossier *d, const char *name, struct download *out)
{
    struct look l = {.dossier = d->id, .name = name};
    TRY(db_do(a->db, DB_AUTOCOMMIT, look_up, &l));
    if (l.c.format == FORMAT_PADES)
        return ERR_NOT_PDF_COMPONENT;
    if (d->state != DOSSIER_SEALED || !l.c.is_signed)
        return ERR_NOT_SEALED;
    l.signature = &out->bytes;
    TRY(db_do(a->db, DB_AUTOCOMMIT, look_up, &l));
    snprintf(out->type, sizeof out->type, "%s", l.c.format == FORMAT_CADES ? P7S_TYPE : "application/xml");
    naming_signed(l.c.name, l.c.format, out->name);
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
    seal_row_free(&l.seal);
    return e;
}

err_t download_manifest(struct app *a, const struct dossier *d, struct download *out)
{
    snprintf(out->type, sizeof out->type, MANIFEST_MIME);
    snprintf(out->name, sizeof out->name, MANIFEST_NAME);
    return seal_part(a, d, false, out);
}

err_t download_manifest_signature(struct app *a, const struct dossier *d, struct download *out)
{
    snprintf(out->type, sizeof out->type, P7S_TYPE);
    snprintf(out->name, sizeof out->name, MANIFEST_SEAL_NAME);
    return seal_part(a, d, true, out);
}

/* --- all of it --- */

struct whole {
    const char *dossier;
    struct component *comp;
    size_t n;
    struct buf signature[COMPONENTS_MAX];
    struct seal_row seal;
};

static void whole_clear(struct whole *w)
{
    for (size_t i = 0; i < COMPONENTS_MAX; i++)
        buf_free(&w->signature[i]);
    component_list_free(&w->comp);
    seal_row_free(&w->seal);
}

static err_t read_whole(struct db *db, void *arg)
{
    struct whole *w = arg;
    whole_clear(w);
    err_t e = seal_get(db, w->dossier, &w->seal);
    if (e != OK)
        return e == ERR_DB_NONE ? ERR_NOT_SEALED : e;
    TRY(component_list(db, w->dossier, &w->comp, &w->n));
    for (size_t i = 0; i < w->n && i < COMPONENTS_MAX; i++)
        if (w->comp[i].format != FORMAT_PADES)
            TRY(component_signature(db, w->dossier, w->comp[i].name, &w->signature[i]));
    return OK;
}

static err_t write_whole(struct app *a, const struct whole *w, int fd)
{
    AUTO_CONTAINER c = NULL;
    struct bytes signature[COMPONENTS_MAX];
    if (w->seal.citizen.len == 0)
        return ERR_NOT_PDF_COMPONENT; /* sealed before there were containers */
    TRY(container_new(a, w->comp, w->n, &c));
    for (size_t i = 0; i < w->n; i++)
        signature[i] = buf_bytes(&w->signature[i]);
    const struct container_results results = {signature, buf_bytes(&w->seal.manifest), buf_bytes(&w->seal.signature)};
    container_add_results(c, &results);
    return container_write(c, buf_bytes(&w->seal.citizen), buf_bytes(&w->seal.service), w->seal.sealed_at, fd);
}

err_t download_container(struct app *a, const struct dossier *d, struct download *out)
{
    AUTO(whole_clear) struct whole w = {.dossier = d->id};
    struct stat st;
    if (d->state != DOSSIER_SEALED)
        return ERR_NOT_SEALED;
    TRY(db_do(a->db, DB_TX, read_whole, &w));
    TRY(content_scratch(a->content, &out->fd));
    TRY(write_whole(a, &w, out->fd));
    if (fstat(out->fd, &st) != 0)
        return ERR_IO;
    out->size = (uint64_t)st.st_size;
    snprintf(out->type, sizeof out->type, ASIC_E_MIME);
    snprintf(out->name, sizeof out->name, "dossier.asice");
    return OK;
}

/*
 * What can be had of a dossier: components as uploaded, signed PDFs, signatures, the manifest and its seal.
 * Called by endpoints/downloads (API) and endpoints/files (the citizen's pages).
 */
#ifndef ANTIN_SIGNER_DOWNLOAD_H
#define ANTIN_SIGNER_DOWNLOAD_H

#include "signer/rules/context.h"
#include "signer/store/component.h"
#include "signer/store/dossier.h"

struct download {
    int fd; /* a stored file; -1: the bytes are in memory */
    uint64_t size;
    struct buf bytes;
    char type[MEDIA_TYPE_MAX + 1];
    char name[COMPONENT_NAME_MAX + 1];
};
void download_free(struct download *d);
#define AUTO_DOWNLOAD AUTO(download_free) struct download

/* ERR_NOT_FOUND: no such component. */
err_t download_component(struct app *a, const char *dossier, const char *name, struct download *out) MUST_USE;
/* ERR_NOT_SEALED; ERR_NOT_PDF_COMPONENT: a signed PDF is asked of what is not signed inside, or a signature beside what is. */
err_t download_signed_pdf(struct app *a, const struct dossier *d, const char *name, struct download *out) MUST_USE;
err_t download_signature(struct app *a, const struct dossier *d, const char *name, struct download *out) MUST_USE;
err_t download_manifest(struct app *a, const struct dossier *d, struct download *out) MUST_USE;
err_t download_manifest_signature(struct app *a, const struct dossier *d, struct download *out) MUST_USE;

/*
 * The whole dossier as one ASiC-E. ERR_NOT_SEALED; ERR_NOT_PDF_COMPONENT: sealed before there were containers.
 */
err_t download_container(struct app *a, const struct dossier *d, struct download *out) MUST_USE;

/* May a browser show it in place? Only what cannot run a script: others are saved. */
bool download_inline_safe(const char *media_type);

#endif

/*
 * GET /v1/dossiers/{id}/components/{name}, …/signed, …/signature, /manifest, /manifest/signature, /container: for portals, courts and agencies.
 * Called through routes.c. A document comes from a stranger: it is sent so that no browser runs it in our origin.
 */
#include "signer/endpoints/downloads.h"
#include "signer/endpoints/api.h"
#include "signer/endpoints/endpoints.h"
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* What is in memory becomes a file without a name, so that one way of replying names and sends all. */
static err_t to_file(struct download *d)
{
    if (d->fd >= 0)
        return OK;
    d->fd = memfd_create("download", MFD_CLOEXEC);
    if (d->fd < 0 || write(d->fd, d->bytes.ptr, d->bytes.len) != (ssize_t)d->bytes.len)
        return ERR_NOMEM;
    d->size = d->bytes.len;
    return OK;
}

err_t download_reply(struct http_req *r, struct download *d, bool save)
{
    bool attachment = save || !download_inline_safe(d->type);
    TRY(to_file(d));
    /* The browser's own PDF viewer does not work in a sandbox; everything else is confined. nosniff is on every reply. */
    if (strcmp(d->type, "application/pdf") != 0)
        http_reply_header(r, "Content-Security-Policy", "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src 'self'");
    /* Without a word on it browsers guess, and guess Vietnamese wrong. */
    const char *type = strcmp(d->type, "text/plain") == 0 ? "text/plain; charset=utf-8" : d->type;
    http_reply_no_store(r);
    http_reply_file(r, d->fd, d->size, type, d->name, attachment);
    d->fd = -1; /* the reply's own from now on */
    return OK;
}

static err_t dossier(struct http_req *r, struct dossier *d)
{
    return dossier_for_reader(signer_app(r), api_caller(r), http_path(r, "id"), d);
}

err_t signer_component_get(struct http_req *r)
{
    struct dossier d;
    AUTO_DOWNLOAD dl = {.fd = -1};
    TRY(dossier(r, &d));
    TRY(download_component(signer_app(r), d.id, http_path(r, "name"), &dl));
    return download_reply(r, &dl, true);
}

err_t signer_component_signed(struct http_req *r)
{
    struct dossier d;
    AUTO_DOWNLOAD dl = {.fd = -1};
    TRY(dossier(r, &d));
    TRY(download_signed_pdf(signer_app(r), &d, http_path(r, "name"), &dl));
    return download_reply(r, &dl, true);
}

err_t signer_component_signature(struct http_req *r)
{
    struct dossier d;
    AUTO_DOWNLOAD dl = {.fd = -1};
    TRY(dossier(r, &d));
    TRY(download_signature(signer_app(r), &d, http_path(r, "name"), &dl));
    return download_reply(r, &dl, true);
}

err_t signer_container_get(struct http_req *r)
{
    struct dossier d;
    AUTO_DOWNLOAD dl = {.fd = -1};
    TRY(dossier(r, &d));
    TRY(download_container(signer_app(r), &d, &dl));
    return download_reply(r, &dl, true);
}

err_t signer_manifest_get(struct http_req *r)
{
    struct dossier d;
    AUTO_DOWNLOAD dl = {.fd = -1};
    TRY(dossier(r, &d));
    TRY(download_manifest(signer_app(r), &d, &dl));
    return download_reply(r, &dl, true);
}

err_t signer_manifest_signature(struct http_req *r)
{
    struct dossier d;
    AUTO_DOWNLOAD dl = {.fd = -1};
    TRY(dossier(r, &d));
    TRY(download_manifest_signature(signer_app(r), &d, &dl));
    return download_reply(r, &dl, true);
}

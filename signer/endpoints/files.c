/*
 * GET /sign/{id}/files/{name} and what signing made of it: the citizen opens the thing itself before signing, and takes the results home.
 * Called through routes.c, by session cookie.
 */
#include "signer/endpoints/api.h"
#include "signer/endpoints/downloads.h"
#include "signer/endpoints/endpoints.h"
#include "signer/endpoints/page.h"
#include "signer/endpoints/review.h"
#include "signer/errors.h"

/* ERR_UNAUTHENTICATED becomes an error page: a link to a file is followed from a page that is signed in. */
static err_t owner_of(struct http_req *r, struct dossier *d)
{
    AUTO(websession_wipe) struct websession s;
    TRY(spage_session(r, &s));
    return review_dossier(r, &s, d);
}

err_t signer_file(struct http_req *r)
{
    struct dossier d;
    AUTO_DOWNLOAD dl = {.fd = -1};
    TRY(owner_of(r, &d));
    TRY(download_component(signer_app(r), d.id, http_path(r, "name"), &dl));
    return download_reply(r, &dl, false);
}

err_t signer_file_signed(struct http_req *r)
{
    struct dossier d;
    AUTO_DOWNLOAD dl = {.fd = -1};
    TRY(owner_of(r, &d));
    TRY(download_signed_pdf(signer_app(r), &d, http_path(r, "name"), &dl));
    return download_reply(r, &dl, true);
}

err_t signer_file_signature(struct http_req *r)
{
    struct dossier d;
    AUTO_DOWNLOAD dl = {.fd = -1};
    TRY(owner_of(r, &d));
    TRY(download_signature(signer_app(r), &d, http_path(r, "name"), &dl));
    return download_reply(r, &dl, true);
}

err_t signer_file_container(struct http_req *r)
{
    struct dossier d;
    AUTO_DOWNLOAD dl = {.fd = -1};
    TRY(owner_of(r, &d));
    TRY(download_container(signer_app(r), &d, &dl));
    return download_reply(r, &dl, true);
}

err_t signer_file_manifest(struct http_req *r)
{
    struct dossier d;
    AUTO_DOWNLOAD dl = {.fd = -1};
    TRY(owner_of(r, &d));
    TRY(download_manifest(signer_app(r), &d, &dl));
    return download_reply(r, &dl, true);
}

err_t signer_file_manifest_signature(struct http_req *r)
{
    struct dossier d;
    AUTO_DOWNLOAD dl = {.fd = -1};
    TRY(owner_of(r, &d));
    TRY(download_manifest_signature(signer_app(r), &d, &dl));
    return download_reply(r, &dl, true);
}

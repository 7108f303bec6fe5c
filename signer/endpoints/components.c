/*
 * PUT and DELETE /v1/dossiers/{id}/components/{name}: a dossier's documents while it is a draft.
 * Called through routes.c. RFC 9110 §9.3.4 (PUT), RFC 9530 (Content-Digest).
 */
#include "signer/endpoints/api.h"
#include "signer/endpoints/endpoints.h"
#include "signer/errors.h"
#include "signer/rules/component.h"
#include <string.h>
#include <strings.h>

err_t signer_component_put(struct http_req *r)
{
    const char *coding = http_header(r, "Content-Encoding");
    if (coding != NULL && strcasecmp(coding, "identity") != 0)
        return ERR_MEDIA_TYPE; /* what is signed is what was sent: nothing is unpacked */
    if (http_content_type(r)[0] == '\0' && http_header(r, "Content-Type") != NULL)
        return ERR_MEDIA_TYPE; /* said, but not readable as a type */
    const struct http_spool *s = http_spool(r);
    const struct upload u = {
        .dossier = http_path(r, "id"),
        .name = http_path(r, "name"),
        .media_type = http_content_type(r),
        .format = http_query(r, "format"),
        .level = http_query(r, "level"),
        .content_digest = http_header(r, "Content-Digest"),
        .request_id = http_request_id(r),
        .fd = s->fd,
        .size = s->size,
        .sha256 = s->sha256,
        .sha512 = s->sha512,
    };
    if (http_dup_params(r))
        return ERR_SYNTAX;
    struct component c;
    bool created = false;
    TRY(component_upload(signer_app(r), api_caller(r), &u, &c, &created));
    AUTO_JSON answer = NULL;
    struct dossier d = {0};
    memcpy(d.id, u.dossier, UUID_LEN);
    TRY(component_to_json(&d, &c, &answer));
    http_reply_no_store(r);
    http_reply_json(r, created ? 201 : 200, take(&answer));
    return OK;
}

err_t signer_component_delete(struct http_req *r)
{
    TRY(component_remove(signer_app(r), api_caller(r), http_path(r, "id"), http_path(r, "name"), http_request_id(r)));
    http_reply(r, 204, NULL, NULL);
    return OK;
}

/*
 * PUT and DELETE /v1/dossiers/{id}/components/{name}: a dossier's documents while it is a draft.
 * Called through routes.c. RFC 9110 §9.3.4 (PUT), RFC 9530 (Content-Digest).
 */
#include "signer/endpoints/api.h"
#include "signer/endpoints/endpoints.h"
#include "signer/errors.h"
#include "signer/formats/pdf_active.h"
#include "signer/rules/component.h"
#include <string.h>
#include <strings.h>

/* What must be accepted, by the names that `accept` takes. */
static err_t reply_active(struct http_req *r, unsigned active)
{
    json_t *list = json_array();
    if (list == NULL)
        return ERR_NOMEM;
    for (unsigned i = 0; i < PDF_ACTIVE_KINDS; i++) {
        if ((active & 1u << i) != 0)
            json_array_append_new(list, json_string(PDF_ACTIVE_NAME[i]));
    }
    http_reply_no_store(r);
    api_reply_problem(r, ERR_PDF_ACTIVE, "active", list);
    return OK;
}

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
        .visible = http_query(r, "visible"),
        .accept = http_query(r, "accept"),
        .fd = s->fd,
        .size = s->size,
        .sha256 = s->sha256,
        .sha512 = s->sha512,
    };
    if (http_dup_params(r))
        return ERR_SYNTAX;
    struct component c;
    bool created = false;
    unsigned active = 0;
    err_t e = component_upload(signer_app(r), api_caller(r), &u, &c, &created, &active);
    if (e == ERR_PDF_ACTIVE)
        return reply_active(r, active);
    TRY(e);
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

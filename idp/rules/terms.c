/*
 * Terms: sealing and opening.
 * Called by rules/authz.c, rules/token.c and endpoints/.
 */
#include "idp/rules/terms.h"
#include <string.h>

void terms_free(struct terms *t)
{
    json_free(&t->userinfo);
    json_free(&t->id_token);
    json_free(&t->details);
}

/* Apart from other things that are sealed for this client. */
static err_t place(const char *client_id, struct buf *ad)
{
    return buf_addf(ad, "terms:%s", client_id);
}

err_t terms_seal(const uint8_t seal[IDP_KEY_LEN], const char *client_id, const struct terms *t, uint8_t out[TERMS_SEALED_MAX], size_t *len)
{
    AUTO_BUF text = {0}, sealed = {0}, ad = {0};

    *len = 0;
    if (!t->userinfo && !t->id_token && !t->details)
        return OK;
    AUTO_JSON all = json_pack("{s:O*, s:O*, s:O*}", "userinfo", t->userinfo, "id_token", t->id_token, "details", t->details);
    TRY(all ? json_text(all, &text) : ERR_NOMEM);
    TRY(place(client_id, &ad));
    TRY(idp_seal(seal, buf_bytes(&ad), buf_bytes(&text), &sealed));
    if (sealed.len > TERMS_SEALED_MAX)
        return ERR_REQUEST;
    memcpy(out, sealed.ptr, sealed.len);
    *len = sealed.len;
    return OK;
}

err_t terms_open(const uint8_t seal[IDP_KEY_LEN], const char *client_id, struct bytes sealed, struct terms *out)
{
    AUTO_BUF text = {0}, ad = {0};
    AUTO_JSON all = NULL;

    memset(out, 0, sizeof *out);
    if (sealed.len == 0)
        return OK;
    TRY(place(client_id, &ad));
    TRY(idp_unseal(seal, buf_bytes(&ad), sealed, &text));
    TRY(json_parse(buf_bytes(&text), TERMS_SEALED_MAX, &all));
    out->userinfo = json_incref(json_object_get(all, "userinfo"));
    out->id_token = json_incref(json_object_get(all, "id_token"));
    out->details = json_incref(json_object_get(all, "details"));
    return OK;
}

/*
 * Puts JWS together.
 * Called by jades_sign.c and jades_raise.c. RFC 7515 §7.
 */
#include "signer/formats/jades_impl.h"

err_t jades_put(json_t *o, const char *name, json_t *v)
{
    return json_object_set_new(o, name, v) == 0 ? OK : ERR_NOMEM;
}

err_t jades_append(json_t *list, json_t *v)
{
    return json_array_append_new(list, v) == 0 ? OK : ERR_NOMEM;
}

json_t *jades_text(const struct buf *b)
{
    return json_stringn(buf_str(b), b->len);
}

static err_t write_compact(const json_t *root, struct buf *out)
{
    const char *payload = json_string_value(json_object_get(root, "payload"));
    return buf_addf(out, "%s.%s.%s", json_string_value(json_object_get(root, "protected")), payload != NULL ? payload : "",
                    json_string_value(json_object_get(root, "signature")));
}

err_t jades_write(const struct jades *j, struct buf *out)
{
    AUTO_BUF text = {0};
    TRY(j->form == JADES_COMPACT ? write_compact(j->root, &text) : json_text(j->root, &text));
    if (text.len > JADES_BYTES_MAX)
        return ERR_TOO_LARGE;
    buf_free(out);
    *out = take(&text);
    return OK;
}

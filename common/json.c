/*
 * Strict, bounded JSON over jansson, and typed access to members.
 * Called by the HTTP glue, the JOSE code and every reader of foreign JSON.
 * RFC 8259; RFC 7493 (I-JSON: no duplicate names, no lone surrogates).
 */
#include "common/json.h"
#include <string.h>

void json_free(json_t **j)
{
    json_decref(*j);
    *j = NULL;
}

/*
 * Brackets are counted before jansson's recursive parser sees them: its own limit (2048 levels) is deeper than
 * a worker's stack should be asked for. Inside strings only quotes and backslashes matter.
 */
static bool too_deep(struct bytes text)
{
    unsigned depth = 0;
    bool in_string = false;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.ptr[i];
        if (in_string) {
            if (c == '\\')
                i++;
            else if (c == '"')
                in_string = false;
        } else if (c == '"') {
            in_string = true;
        } else if (c == '[' || c == '{') {
            if (++depth > JSON_DEPTH_MAX)
                return true;
        } else if ((c == ']' || c == '}') && depth > 0) {
            depth--;
        }
    }
    return false;
}

err_t json_parse(struct bytes text, size_t max, json_t **out)
{
    *out = NULL;
    if (text.len > max)
        return ERR_TOO_LARGE;
    if (text.len == 0 || !utf8_valid(text) || too_deep(text))
        return ERR_SYNTAX;
    /*
     * jansson itself refuses trailing bytes, bad UTF-8, lone surrogates, "\u0000" (no JSON_ALLOW_NUL), integers past 64 bits and reals past double.
     * JSON_DECODE_ANY: what kind of value is wanted is for the caller to say.
     */
    json_error_t why;
    *out = json_loadb((const char *)text.ptr, text.len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &why);
    if (*out != NULL)
        return OK;
    return json_error_code(&why) == json_error_out_of_memory ? ERR_NOMEM : ERR_SYNTAX;
}

err_t json_get_str(const json_t *obj, const char *name, size_t max, const char **out)
{
    *out = NULL;
    const json_t *v = json_object_get(obj, name);
    if (v == NULL)
        return json_is_object(obj) ? OK : ERR_SYNTAX;
    if (!json_is_string(v))
        return ERR_SYNTAX;
    size_t n = json_string_length(v);
    const char *s = json_string_value(v);
    if (n > max || memchr(s, 0, n) != NULL)
        return ERR_SYNTAX;
    *out = s;
    return OK;
}

err_t json_need_str(const json_t *obj, const char *name, size_t max, const char **out)
{
    TRY(json_get_str(obj, name, max, out));
    if (*out != NULL && (*out)[0] != '\0')
        return OK;
    *out = NULL;
    return ERR_SYNTAX;
}

err_t json_get_int(const json_t *obj, const char *name, int64_t min, int64_t max, int64_t def, int64_t *out)
{
    *out = def;
    const json_t *v = json_object_get(obj, name);
    if (v == NULL)
        return json_is_object(obj) ? OK : ERR_SYNTAX;
    if (!json_is_integer(v))
        return ERR_SYNTAX;
    int64_t n = json_integer_value(v);
    if (n < min || n > max)
        return ERR_SYNTAX;
    *out = n;
    return OK;
}

err_t json_get_bool(const json_t *obj, const char *name, bool def, bool *out)
{
    *out = def;
    const json_t *v = json_object_get(obj, name);
    if (v == NULL)
        return json_is_object(obj) ? OK : ERR_SYNTAX;
    if (!json_is_boolean(v))
        return ERR_SYNTAX;
    *out = json_is_true(v);
    return OK;
}

err_t json_only(const json_t *obj, const char *const *names)
{
    if (!json_is_object(obj))
        return ERR_SYNTAX;
    size_t known = 0;
    for (size_t i = 0; names[i] != NULL; i++)
        known += json_object_get(obj, names[i]) != NULL;
    return json_object_size(obj) == known ? OK : ERR_SYNTAX;
}

static int append(const char *p, size_t n, void *out)
{
    return buf_add(out, p, n) == OK ? 0 : -1;
}

err_t json_text(const json_t *j, struct buf *out)
{
    size_t before = out->len;
    if (json_dump_callback(j, append, out, JSON_COMPACT | JSON_ENCODE_ANY) == 0)
        return OK;
    out->len = before; /* never half a value */
    if (out->ptr != NULL)
        out->ptr[before] = 0;
    return ERR_NOMEM;
}

json_t *json_words(const char *list)
{
    AUTO_JSON out = json_array();
    if (list == NULL)
        list = "";
    for (const char *w = list + strspn(list, " "); out != NULL && *w != '\0'; w += strspn(w, " ")) {
        size_t n = strcspn(w, " ");
        if (json_array_append_new(out, json_stringn(w, n)) != 0)
            return NULL;
        w += n;
    }
    return take(&out);
}

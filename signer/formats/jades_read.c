/*
 * Takes a JWS apart, in whichever of its three forms.
 * Called by signer/verify and jades_*.c. RFC 7515 §3, §7; RFC 7797 §5, §6; ETSI TS 119 182-1 §4, §5.
 */
#include "signer/formats/jades_impl.h"

#include <stdlib.h>
#include <string.h>

/* --- freeing --- */

static void signature_free(struct jades_signature *s)
{
    for (size_t i = 0; i < s->cert_n; i++)
        buf_free(&s->cert[i]);
    for (size_t i = 0; i < s->ref_n; i++) {
        str_free(&s->ref[i].name);
        buf_free(&s->ref[i].digest);
    }
    for (size_t i = 0; i < s->stamp_n; i++)
        buf_free(&s->stamp[i].token);
    free(s->ref);
    buf_free(&s->value);
    buf_free(&s->cert_digest);
    vdata_free(&s->values);
    json_free(&s->header);
}

void jades_free(struct jades **j)
{
    if (*j == NULL)
        return;
    for (size_t i = 0; i < (*j)->n; i++)
        signature_free(&(*j)->signature[i]);
    free((*j)->signature);
    json_free(&(*j)->root);
    free(*j);
    *j = NULL;
}

enum jades_form jades_form_of(const struct jades *j)
{
    return j->form;
}

size_t jades_count(const struct jades *j)
{
    return j->n;
}

const struct jades_signature *jades_signature(const struct jades *j, size_t i)
{
    return i < j->n ? &j->signature[i] : NULL;
}

/* --- the compact form --- */

struct parts {
    struct bytes header, payload, value;
};

/* A line's end belongs to the file, not to the signature. */
static struct bytes trimmed(struct bytes text)
{
    while (text.len > 0 && (text.ptr[text.len - 1] == '\n' || text.ptr[text.len - 1] == '\r'))
        text.len--;
    return text;
}

/* RFC 7515 §7.1; RFC 7797 §5.2: a payload as it is has printable characters and no full stop. */
static bool split(struct bytes file, struct parts *p)
{
    struct bytes text = trimmed(file);
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < 0x20 || text.ptr[i] > 0x7e)
            return false;
    }
    const uint8_t *end = text.ptr + text.len;
    const uint8_t *one = text.len > 0 ? memchr(text.ptr, '.', text.len) : NULL;
    const uint8_t *two = one != NULL ? memchr(one + 1, '.', (size_t)(end - one - 1)) : NULL;
    if (two == NULL || memchr(two + 1, '.', (size_t)(end - two - 1)) != NULL)
        return false;
    *p = (struct parts){BYTES(text.ptr, (size_t)(one - text.ptr)), BYTES(one + 1, (size_t)(two - one - 1)),
                        BYTES(two + 1, (size_t)(end - two - 1))};
    return p->header.len > 0 && p->value.len > 0;
}

static err_t set(json_t *o, const char *name, struct bytes v)
{
    return json_object_set_new(o, name, json_stringn((const char *)v.ptr, v.len)) == 0 ? OK : ERR_NOMEM;
}

static err_t as_flattened(const struct parts *p, json_t **out)
{
    AUTO_JSON o = json_object();
    if (p->payload.len > 0)
        TRY(set(o, "payload", p->payload));
    TRY(set(o, "protected", p->header));
    TRY(set(o, "signature", p->value));
    *out = take(&o);
    return OK;
}

/* "{" and a quote or white space, in base64url: every header of the compact form begins so. */
static bool begins_as_header(struct bytes v)
{
    return v.len >= 3 && memcmp(v.ptr, "ey", 2) == 0;
}

static const uint8_t *first_character(struct bytes file)
{
    size_t i = 0;
    while (i < file.len && memchr(" \t\r\n", file.ptr[i], 4) != NULL)
        i++;
    return i < file.len ? file.ptr + i : NULL;
}

static bool is_signature(const json_t *o)
{
    return json_is_string(json_object_get(o, "signature")) &&
           (json_is_string(json_object_get(o, "protected")) || json_is_object(json_object_get(o, "header")));
}

bool jades_looks_like(struct bytes file)
{
    AUTO_JSON root = NULL;
    struct parts p;
    const uint8_t *c = first_character(file);
    if (c == NULL || *c != '{')
        return begins_as_header(file) && split(file, &p);
    /* other JSON is not read whole to find that out */
    if (memmem(file.ptr, file.len, "\"signature", 10) == NULL || json_parse(file, JADES_BYTES_MAX, &root) != OK)
        return false;
    return is_signature(root) || is_signature(json_array_get(json_object_get(root, "signatures"), 0));
}

/* --- one signature --- */

/* RFC 7515 §7.2.1 lets others be ignored; nobody has signed them, and people may read them. */
static err_t only(const json_t *o, const char *const *names)
{
    return json_only(o, names) == OK ? OK : ERR_UNSUPPORTED;
}

/* §5.3.1: etsiU is all that an unprotected header holds. */
static err_t read_unprotected(json_t *node, struct jades_signature *s)
{
    static const char *const NAMES[] = {"etsiU", NULL};
    json_t *header = json_object_get(node, "header");
    if (header == NULL)
        return OK;
    if (!json_is_object(header))
        return ERR_JADES;
    TRY(only(header, NAMES));
    s->unsigned_properties = json_object_get(header, "etsiU");
    return s->unsigned_properties != NULL ? jades_read_unsigned(s->unsigned_properties, s) : ERR_JADES;
}

static err_t read_protected(const char *text, struct jades_signature *s)
{
    AUTO_BUF own = {0};
    if (base64url_take(bytes_str(text), &own) != OK)
        return ERR_JADES;
    err_t e = json_parse(buf_bytes(&own), JADES_HEADER_MAX, &s->header);
    if (e != OK)
        return e == ERR_SYNTAX ? ERR_JADES : e;
    return json_is_object(s->header) ? jades_read_header(s->header, s) : ERR_JADES;
}

/* With files the payload is empty, and may be left out; without a payload and without files, the content is elsewhere. */
static err_t read_payload(const char *payload, struct jades_signature *s)
{
    s->payload = payload;
    s->detached = payload == NULL && s->ref_n == 0;
    if (payload == NULL)
        return OK;
    if (s->ref_n > 0)
        return payload[0] == '\0' ? OK : ERR_JADES;
    AUTO_BUF content = {0};
    return jades_content(s, &content);
}

static err_t read_one(json_t *node, const char *payload, struct jades_signature *s)
{
    s->node = node;
    TRY(jades_need(node, "protected", JADES_HEADER_MAX, &s->protected_text));
    TRY(jades_need(node, "signature", JADES_TEXT_MAX * 2, &s->value_text));
    err_t e = base64url_take(bytes_str(s->value_text), &s->value);
    if (e != OK)
        return e == ERR_SYNTAX ? ERR_JADES : e;
    TRY(read_protected(s->protected_text, s));
    TRY(read_payload(payload, s));
    return read_unprotected(node, s);
}

/* --- all of them --- */

static err_t read_general(struct jades *j, const char *payload)
{
    static const char *const ROOT[] = {"payload", "signatures", NULL};
    static const char *const EACH[] = {"protected", "header", "signature", NULL};
    const json_t *all = json_object_get(j->root, "signatures");
    size_t n = json_array_size(all);
    TRY(only(j->root, ROOT));
    if (n == 0)
        return ERR_JADES;
    if (n > JADES_SIGNATURES_MAX)
        return ERR_TOO_LARGE;
    for (size_t i = 0; i < n; i++) {
        json_t *node = json_array_get(all, i);
        if (!json_is_object(node))
            return ERR_JADES;
        TRY(only(node, EACH));
        TRY(read_one(node, payload, &j->signature[j->n++]));
        if (j->signature[i].plain != j->signature[0].plain) /* RFC 7797 §6 */
            return ERR_JADES;
    }
    return OK;
}

static err_t read_root(struct jades *j)
{
    static const char *const FLATTENED[] = {"payload", "protected", "header", "signature", NULL};
    const char *payload;
    if (json_get_str(j->root, "payload", JADES_BYTES_MAX, &payload) != OK)
        return ERR_JADES;
    if (json_object_get(j->root, "signatures") != NULL) {
        j->form = JADES_GENERAL;
        return json_object_get(j->root, "signature") != NULL ? ERR_JADES : read_general(j, payload);
    }
    TRY(only(j->root, FLATTENED));
    return read_one(j->root, payload, &j->signature[j->n++]);
}

static err_t parse(struct bytes file, struct jades *j)
{
    struct parts p;
    const uint8_t *c = first_character(file);
    if (file.len > JADES_BYTES_MAX)
        return ERR_TOO_LARGE;
    if (c == NULL)
        return ERR_JADES;
    if (*c != '{') {
        j->form = JADES_COMPACT;
        return split(file, &p) ? as_flattened(&p, &j->root) : ERR_JADES;
    }
    j->form = JADES_FLATTENED;
    err_t e = json_parse(file, JADES_BYTES_MAX, &j->root);
    return e == ERR_SYNTAX ? ERR_JADES : e;
}

err_t jades_open(struct bytes file, struct jades **out)
{
    AUTO_JADES j = calloc(1, sizeof *j);
    if (j == NULL || (j->signature = calloc(JADES_SIGNATURES_MAX, sizeof *j->signature)) == NULL)
        return ERR_NOMEM;
    TRY(parse(file, j));
    TRY(read_root(j));
    *out = take(&j);
    return OK;
}

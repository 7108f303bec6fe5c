/*
 * Raises JAdES signatures by adding unsigned properties; protected headers, content and values stay as they are, character by character.
 * Called by antin-sign. ETSI TS 119 182-1 §5.3.1, §5.3.4, §6.3.
 */
#include "signer/formats/cades.h"
#include "signer/formats/jades_impl.h"

static bool has(const struct jades_signature *s, enum jades_stamp_kind kind)
{
    for (size_t i = 0; i < s->stamp_n; i++) {
        if (s->stamp[i].kind == kind)
            return true;
    }
    return false;
}

static enum sig_level level_of(const struct jades_signature *s)
{
    if (!has(s, JADES_SIGNATURE_STAMP))
        return LEVEL_B;
    if (!s->has_values)
        return LEVEL_T;
    return has(s, JADES_ARCHIVE_STAMP) ? LEVEL_LTA : LEVEL_LT;
}

static enum sig_level weakest(const struct jades *j)
{
    enum sig_level level = LEVEL_LTA;
    for (size_t i = 0; i < j->n; i++) {
        enum sig_level l = level_of(&j->signature[i]);
        level = l < level ? l : level;
    }
    return level;
}

err_t jades_level(struct bytes jws, enum sig_level *level)
{
    AUTO_JADES j = NULL;
    TRY(jades_open(jws, &j));
    *level = weakest(j);
    return OK;
}

/* --- adding --- */

/* The signature's etsiU, made when it has none. */
static err_t list_of(const struct jades_signature *s, json_t **list)
{
    *list = s->unsigned_properties;
    if (*list != NULL)
        return OK;
    json_t *header = json_object();
    *list = json_array();
    TRY(jades_put(s->node, "header", header));
    return jades_put(header, "etsiU", *list);
}

/* {name: v}, in base64url unless the others are clear (§5.3.1). Takes v. */
static err_t add(const struct jades_signature *s, const char *name, json_t *v)
{
    AUTO_JSON o = json_object();
    AUTO_BUF clear = {0};
    AUTO_BUF text = {0};
    json_t *list;
    TRY(jades_put(o, name, v));
    TRY(list_of(s, &list));
    if (json_is_object(json_array_get(list, 0)))
        return jades_append(list, take(&o));
    TRY(json_text(o, &clear));
    TRY(base64url_put(&text, buf_bytes(&clear)));
    return jades_append(list, jades_text(&text));
}

/* §5.4.3.3: one token in its container (§6.3 c). */
static err_t add_stamp(const struct jades_signature *s, const char *name, const struct buf *token)
{
    AUTO_JSON container = json_object();
    AUTO_BUF text = {0};
    json_t *tokens = json_array(), *one = json_object();
    TRY(jades_put(container, "tstTokens", tokens));
    TRY(jades_append(tokens, one));
    TRY(base64_put(&text, buf_bytes(token)));
    TRY(jades_put(one, "val", jades_text(&text)));
    return add(s, name, take(&container));
}

/* --- levels --- */

static err_t to_t(const struct jades_means *m, const struct jades_signature *s)
{
    AUTO_BUF token = {0};
    uint8_t digest[EVP_MAX_MD_SIZE];
    size_t n;
    if (has(s, JADES_SIGNATURE_STAMP))
        return OK;
    if (m->ts == NULL)
        return ERR_STAMP;
    TRY(jades_stamp_digest(s, s->stamp_n, JADES_SIGNATURE_STAMP, m->ts->alg, NULL, digest, &n));
    TRY(cades_stamp(m->ts, BYTES(digest, n), &token));
    return add_stamp(s, "sigTst", &token);
}

/* All of them or none: a level is the weakest one's. */
static err_t all_to_t(struct bytes jws, const struct jades_means *m, struct buf *out)
{
    AUTO_JADES j = NULL;
    TRY(jades_open(jws, &j));
    if (j->form == JADES_COMPACT) /* it has no place for anything that is not signed */
        j->form = JADES_FLATTENED;
    for (size_t i = 0; i < j->n; i++)
        TRY(to_t(m, &j->signature[i]));
    return jades_write(j, out);
}

err_t jades_raise(struct bytes jws, enum sig_level level, const struct jades_means *m, struct buf *out, enum sig_level *reached)
{
    AUTO_BUF now = {0};
    TRY(jades_level(jws, reached));
    TRY(buf_copy(&now, jws));
    err_t e = level > LEVEL_B && *reached == LEVEL_B ? all_to_t(jws, m, &now) : OK;
    if (e == OK && level > LEVEL_B && *reached == LEVEL_B)
        *reached = LEVEL_T;
    if (e == OK && level > *reached)
        e = ERR_UNSUPPORTED;
    buf_free(out);
    *out = take(&now);
    return e;
}

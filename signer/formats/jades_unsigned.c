/*
 * Unsigned properties of a JAdES signature: timestamps and validation data. Nothing of it is signed; all of it is proven otherwise or not at all.
 * Called by jades_read.c. ETSI TS 119 182-1 §5.3, §5.4.
 */
#include "signer/formats/jades_impl.h"

#include <string.h>

#define DER_ENCODING "http://uri.etsi.org/01903/v1.2.2#DER"
#define TOKEN_TYPE "RFC3161" /* unofficial, but seen; absent means it */

/* --- pieces --- */

/* §5.4.2, §5.4.3.3: base64 of DER. Other kinds are not read. */
static err_t read_piece(const json_t *o, struct buf *out)
{
    static const char *const NAMES[] = {"val", "encoding", "type", NULL};
    const json_t *val = json_object_get(o, "val");
    const char *encoding, *type;
    if (!json_is_object(o) || !json_is_string(val))
        return ERR_JADES;
    if (json_only(o, NAMES) != OK || json_get_str(o, "encoding", JADES_TEXT_MAX, &encoding) != OK ||
        json_get_str(o, "type", JADES_TEXT_MAX, &type) != OK)
        return ERR_UNSUPPORTED;
    if ((encoding != NULL && strcmp(encoding, DER_ENCODING) != 0) || (type != NULL && type[0] != '\0' && strcmp(type, TOKEN_TYPE) != 0))
        return ERR_UNSUPPORTED;
    err_t e = base64_take(BYTES(json_string_value(val), json_string_length(val)), out);
    return e == ERR_SYNTAX ? ERR_JADES : e;
}

static err_t read_stamps(const json_t *o, enum jades_stamp_kind kind, size_t at, struct jades_signature *s)
{
    static const char *const NAMES[] = {"tstTokens", NULL}; /* canonAlg: there is no canonical form of JSON that both sides would know */
    const json_t *tokens = json_object_get(o, "tstTokens");
    if (json_array_size(tokens) == 0)
        return ERR_JADES;
    if (json_only(o, NAMES) != OK)
        return ERR_UNSUPPORTED;
    for (size_t i = 0; i < json_array_size(tokens); i++) {
        if (s->stamp_n == JADES_STAMPS_MAX)
            return ERR_TOO_LARGE;
        struct jades_stamp *t = &s->stamp[s->stamp_n++];
        *t = (struct jades_stamp){.kind = kind, .at = at};
        TRY(read_piece(json_array_get(tokens, i), &t->token));
    }
    return OK;
}

/* --- values --- */

typedef err_t add_fn(struct validation_data *v, struct bytes der);

static err_t add_piece(const json_t *o, add_fn *add, struct validation_data *v)
{
    AUTO_BUF der = {0};
    TRY(read_piece(o, &der));
    return add(v, buf_bytes(&der));
}

static err_t read_certs(const json_t *list, struct jades_signature *s)
{
    if (!json_is_array(list))
        return ERR_JADES;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *cert = json_object_get(json_array_get(list, i), "x509Cert");
        if (cert == NULL) /* attribute certificates and the like */
            s->unknown_unsigned = true;
        else
            TRY(add_piece(cert, vdata_add_cert, &s->values));
    }
    return OK;
}

static err_t read_words(const json_t *o, struct jades_signature *s)
{
    const struct {
        const char *name;
        add_fn *add;
    } KINDS[] = {{"crlVals", vdata_add_crl}, {"ocspVals", vdata_add_ocsp}};
    if (!json_is_object(o))
        return ERR_JADES;
    s->unknown_unsigned = s->unknown_unsigned || json_object_get(o, "otherVals") != NULL;
    for (size_t k = 0; k < sizeof KINDS / sizeof *KINDS; k++) {
        const json_t *list = json_object_get(o, KINDS[k].name);
        for (size_t i = 0; i < json_array_size(list); i++)
            TRY(add_piece(json_array_get(list, i), KINDS[k].add, &s->values));
    }
    return OK;
}

static err_t read_both(const json_t *o, struct jades_signature *s)
{
    const json_t *certs = json_object_get(o, "xVals"), *words = json_object_get(o, "rVals");
    if (certs != NULL)
        TRY(read_certs(certs, s));
    return words != NULL ? read_words(words, s) : OK;
}

/* --- one property --- */

static err_t read_property(const json_t *o, bool encoded, size_t at, struct jades_signature *s)
{
    const char *name = json_object_iter_key(json_object_iter((json_t *)(uintptr_t)o));
    const json_t *v = json_object_get(o, name);
    if (strcmp(name, "sigTst") == 0)
        return read_stamps(v, JADES_SIGNATURE_STAMP, at, s);
    if (strcmp(name, "arcTst") == 0 && encoded)
        return read_stamps(v, JADES_ARCHIVE_STAMP, at, s);
    if (strcmp(name, "tstVD") == 0)
        return read_both(v, s);
    bool certs = strcmp(name, "xVals") == 0 || strcmp(name, "axVals") == 0;
    if (!certs && strcmp(name, "rVals") != 0 && strcmp(name, "arVals") != 0) {
        s->unknown_unsigned = true;
        return OK;
    }
    s->has_values = true;
    return certs ? read_certs(v, s) : read_words(v, s);
}

/* §5.3.1: each as an object, or each as the base64url of one; never both kinds. */
static err_t decoded(json_t *entry, bool encoded, json_t **out)
{
    AUTO_BUF text = {0};
    if (json_is_string(entry) != encoded)
        return ERR_JADES;
    if (!encoded) {
        *out = json_incref(entry);
        return OK;
    }
    if (base64url_take(BYTES(json_string_value(entry), json_string_length(entry)), &text) != OK)
        return ERR_JADES;
    err_t e = json_parse(buf_bytes(&text), JADES_BYTES_MAX, out);
    return e == ERR_SYNTAX ? ERR_JADES : e;
}

err_t jades_read_unsigned(json_t *etsi_u, struct jades_signature *s)
{
    bool encoded = json_is_string(json_array_get(etsi_u, 0));
    if (json_array_size(etsi_u) == 0)
        return ERR_JADES;
    for (size_t i = 0; i < json_array_size(etsi_u); i++) {
        AUTO_JSON o = NULL;
        TRY(decoded(json_array_get(etsi_u, i), encoded, &o));
        if (json_object_size(o) != 1)
            return ERR_JADES;
        TRY(read_property(o, encoded, i, s));
    }
    return OK;
}

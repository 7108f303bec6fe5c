/*
 * The protected header of a JAdES signature: algorithm, certificates, time, files. All of it is signed.
 * Called by jades_read.c. ETSI TS 119 182-1 §5.1, §5.2; RFC 7515 §4.1; RFC 7797 §3.
 */
#include "common/clock.h"
#include "signer/formats/asic_manifest.h"
#include "signer/formats/jades_impl.h"

#include <stdlib.h>
#include <string.h>

#define TIME_MAX ((int64_t)1 << 40)

err_t jades_need(const json_t *obj, const char *name, size_t max, const char **out)
{
    return json_need_str(obj, name, max, out) == OK ? OK : ERR_JADES;
}

/* --- critical parameters --- */

/* RFC 7515 §4.1.11: names of that standard and of RFC 7518 may not stand there. */
static bool may_be_critical(const char *name)
{
    static const char *const NOT[] = {"alg", "jku", "jwk", "kid", "x5u", "x5c", "x5t", "x5t#S256", "typ", "cty", "crit",
                                      "epk", "apu", "apv", "iv",  "tag", "p2s", "p2c", "enc",      "zip", NULL};
    for (size_t i = 0; NOT[i] != NULL; i++) {
        if (strcmp(NOT[i], name) == 0)
            return false;
    }
    return true;
}

/* What is read here, or says nothing that a verdict depends on (commitments, places and roles are claims). */
static bool understood(const char *name)
{
    static const char *const KNOWN[] = {"b64", "sigD", "iat", "sigT", "x5t#o", "sigX5ts", "srCms", "sigPl", "srAts", NULL};
    for (size_t i = 0; KNOWN[i] != NULL; i++) {
        if (strcmp(KNOWN[i], name) == 0)
            return true;
    }
    return false;
}

static bool is_critical(const json_t *header, const char *name)
{
    const json_t *crit = json_object_get(header, "crit");
    for (size_t i = 0; i < json_array_size(crit); i++) {
        const char *c = json_string_value(json_array_get(crit, i));
        if (c != NULL && strcmp(c, name) == 0)
            return true;
    }
    return false;
}

static err_t read_crit(const json_t *header)
{
    const json_t *crit = json_object_get(header, "crit");
    size_t n = json_array_size(crit);
    if (crit != NULL && n == 0)
        return ERR_JADES;
    for (size_t i = 0; i < n; i++) {
        const char *name = json_string_value(json_array_get(crit, i));
        if (name == NULL || !may_be_critical(name) || json_object_get(header, name) == NULL)
            return ERR_JADES;
        for (size_t k = 0; k < i; k++) {
            if (strcmp(json_string_value(json_array_get(crit, k)), name) == 0)
                return ERR_JADES;
        }
    }
    for (size_t i = 0; i < n; i++) {
        if (!understood(json_string_value(json_array_get(crit, i))))
            return ERR_UNSUPPORTED;
    }
    return OK;
}

/* --- certificates --- */

static err_t read_chain(const json_t *header, struct jades_signature *s)
{
    const json_t *chain = json_object_get(header, "x5c");
    size_t n = json_array_size(chain);
    if (chain != NULL && n == 0)
        return ERR_JADES;
    if (n > JADES_CERTS_MAX)
        return ERR_TOO_LARGE;
    for (size_t i = 0; i < n; i++) {
        const json_t *c = json_array_get(chain, i);
        if (!json_is_string(c) || base64_take(BYTES(json_string_value(c), json_string_length(c)), &s->cert[s->cert_n++]) != OK)
            return ERR_JADES;
    }
    return OK;
}

static err_t read_digest(const char *text, enum cms_hash alg, struct buf *out)
{
    err_t e = base64url_take(bytes_str(text), out);
    if (e == ERR_NOMEM)
        return e;
    return e == OK && out->len == cms_hash_len(alg) ? OK : ERR_JADES;
}

/* §5.2.2.2 */
static err_t read_named(const json_t *o, struct jades_signature *s)
{
    const char *alg, *value;
    TRY(jades_need(o, "digAlg", JADES_TEXT_MAX, &alg));
    TRY(jades_need(o, "digVal", JADES_TEXT_MAX, &value));
    TRY(jades_digest_of(alg, &s->cert_alg));
    return read_digest(value, s->cert_alg, &s->cert_digest);
}

/* §5.1.7, §5.2.2: one of three ways; of several certificates the first is the signer's. SHA-1 (x5t) is none. */
static err_t read_cert_name(const json_t *header, struct jades_signature *s)
{
    const json_t *usual = json_object_get(header, "x5t#S256"), *other = json_object_get(header, "x5t#o"),
                 *several = json_object_get(header, "sigX5ts");
    const char *value;
    if ((usual != NULL) + (other != NULL) + (several != NULL) > 1 || json_object_get(header, "x5t") != NULL)
        return ERR_JADES;
    if (several != NULL)
        return read_named(json_array_get(several, 0), s);
    if (other != NULL)
        return read_named(other, s);
    if (usual == NULL)
        return s->cert_n > 0 ? OK : ERR_JADES;
    TRY(jades_need(header, "x5t#S256", JADES_TEXT_MAX, &value));
    s->cert_alg = CMS_SHA256;
    return read_digest(value, CMS_SHA256, &s->cert_digest);
}

/* --- time --- */

/* §5.1.11, §5.2.1: iat; in older signatures sigT; never both. */
static err_t read_time(const json_t *header, struct jades_signature *s)
{
    const char *text;
    bool new = json_object_get(header, "iat") != NULL, old = json_object_get(header, "sigT") != NULL;
    if (new &&old)
        return ERR_JADES;
    if (new)
        return json_get_int(header, "iat", 1, TIME_MAX, 0, &s->signing_time) == OK ? OK : ERR_JADES;
    if (!old)
        return OK;
    TRY(jades_need(header, "sigT", JADES_TEXT_MAX, &text));
    return clock_parse_rfc3339(text, &s->signing_time) == OK ? OK : ERR_JADES;
}

/* --- files --- */

static err_t read_ref(const json_t *sig_d, size_t i, struct jades_signature *s)
{
    AUTO_BUF name = {0};
    const char *address = json_string_value(json_array_get(json_object_get(sig_d, "pars"), i));
    const char *digest = json_string_value(json_array_get(json_object_get(sig_d, "hashV"), i));
    const json_t *types = json_object_get(sig_d, "ctys");
    struct jades_ref *r = &s->ref[s->ref_n++];
    if (address == NULL || digest == NULL)
        return ERR_JADES;
    err_t e = asic_uri_name(address, &name);
    if (e != OK)
        return e == ERR_ASIC ? ERR_UNSUPPORTED : e; /* other addresses than files beside it */
    for (size_t k = 0; k + 1 < s->ref_n; k++) {
        if (s->ref[k].name != NULL && strcmp(s->ref[k].name, buf_str(&name)) == 0)
            return ERR_JADES;
    }
    TRY(str_copy(&r->name, buf_str(&name)));
    TRY(read_digest(digest, s->ref_alg, &r->digest));
    r->mime_type = json_string_value(json_array_get(types, i));
    return types == NULL || r->mime_type != NULL ? OK : ERR_JADES;
}

/* §5.2.8 */
static err_t read_files(const json_t *header, struct jades_signature *s)
{
    const json_t *sig_d = json_object_get(header, "sigD");
    const char *how, *alg;
    if (sig_d == NULL)
        return OK;
    if (!is_critical(header, "sigD"))
        return ERR_JADES;
    TRY(jades_need(sig_d, "mId", JADES_TEXT_MAX, &how));
    if (strcmp(how, JADES_BY_URI_HASH) != 0)
        return ERR_UNSUPPORTED;
    const json_t *types = json_object_get(sig_d, "ctys");
    size_t n = json_array_size(json_object_get(sig_d, "pars"));
    if (n == 0 || json_array_size(json_object_get(sig_d, "hashV")) != n || (types != NULL && json_array_size(types) != n))
        return ERR_JADES;
    if (n > JADES_REFS_MAX)
        return ERR_TOO_LARGE;
    TRY(jades_need(sig_d, "hashM", JADES_TEXT_MAX, &alg));
    TRY(jades_digest_of(alg, &s->ref_alg));
    s->ref = calloc(n, sizeof *s->ref);
    if (s->ref == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < n; i++)
        TRY(read_ref(sig_d, i, s));
    return OK;
}

/* --- all of it --- */

/* RFC 7797 §6: who does not know it must notice. */
static err_t read_encoding(const json_t *header, struct jades_signature *s)
{
    bool encoded;
    if (json_get_bool(header, "b64", true, &encoded) != OK || (json_object_get(header, "b64") != NULL && !is_critical(header, "b64")))
        return ERR_JADES;
    s->plain = !encoded;
    return OK;
}

err_t jades_read_header(const json_t *header, struct jades_signature *s)
{
    const char *name;
    TRY(read_crit(header));
    TRY(jades_need(header, "alg", JADES_TEXT_MAX, &name));
    const struct jades_alg *alg = jades_alg_of(name);
    if (alg == NULL)
        return ERR_ALGORITHM;
    s->scheme = alg->scheme;
    s->hash = alg->hash;
    s->curve = alg->curve;
    if (json_get_str(header, "cty", JADES_TEXT_MAX, &s->mime_type) != OK)
        return ERR_JADES;
    TRY(read_encoding(header, s));
    TRY(read_chain(header, s));
    TRY(read_cert_name(header, s));
    TRY(read_time(header, s));
    return read_files(header, s);
}

/*
 * Makes JAdES B-B signatures.
 * Called by antin-sign. ETSI TS 119 182-1 §5.1, §5.2, §6.3; RFC 7515 §5.1; RFC 7797.
 */
#include "common/x509_shared.h"
#include "signer/formats/algorithm.h"
#include "signer/formats/asic_manifest.h"
#include "signer/formats/jades_impl.h"
#include "signer/formats/raw_value.h"

#include <stdlib.h>
#include <string.h>

#define CONTENT_MAX (JADES_BYTES_MAX / 4 * 3 - (2u << 20)) /* what base64url and a header leave room for */
#define MIME_ANY "application/octet-stream"

/* One signature while it grows. */
struct draft {
    const struct signing_key *key;
    const struct jades_alg *alg;
    json_t *header;
    bool plain;
};

static void draft_free(struct draft *d)
{
    json_free(&d->header);
}
#define AUTO_DRAFT AUTO(draft_free) struct draft

/* --- the protected header --- */

static err_t append_cert(json_t *chain, struct bytes der)
{
    AUTO_BUF text = {0};
    TRY(base64_put(&text, der));
    return jades_append(chain, jades_text(&text));
}

static err_t put_digest(json_t *list, struct bytes digest)
{
    AUTO_BUF text = {0};
    TRY(base64url_put(&text, digest));
    return jades_append(list, jades_text(&text));
}

/* RFC 7515 §4.1.10: without "application/" when nothing else is lost by that. */
static json_t *short_type(const char *mime)
{
    static const char PREFIX[] = "application/";
    size_t n = sizeof PREFIX - 1;
    bool shorten = strncmp(mime, PREFIX, n) == 0 && mime[n] != '\0' && strchr(mime + n, '/') == NULL;
    return json_string(shorten ? mime + n : mime);
}

static err_t put_certs(struct draft *d)
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    AUTO_BUF text = {0};
    AUTO_JSON chain = json_array();
    if (EVP_Digest(d->key->cert.ptr, d->key->cert.len, digest, NULL, EVP_sha256(), NULL) != 1)
        return ERR_CRYPTO;
    TRY(base64url_put(&text, BYTES(digest, 32)));
    TRY(jades_put(d->header, "x5t#S256", jades_text(&text)));
    TRY(append_cert(chain, d->key->cert));
    for (size_t i = 0; i < d->key->chain_n; i++)
        TRY(append_cert(chain, d->key->chain[i]));
    return jades_put(d->header, "x5c", take(&chain));
}

/* §5.1.9, RFC 7797 §6: of what is written here, these two must be understood. */
static err_t put_crit(struct draft *d)
{
    static const char *const NAMES[] = {"sigD", "b64"};
    AUTO_JSON crit = json_array();
    for (size_t i = 0; i < 2; i++) {
        if (json_object_get(d->header, NAMES[i]) != NULL)
            TRY(jades_append(crit, json_string(NAMES[i])));
    }
    return json_array_size(crit) > 0 ? jades_put(d->header, "crit", take(&crit)) : OK;
}

static err_t start(struct draft *d)
{
    TRY(algorithm_for_key(d->key));
    d->alg = jades_alg_for(d->key);
    if (d->alg == NULL)
        return ERR_ALGORITHM;
    d->header = json_object();
    return jades_put(d->header, "alg", json_string(d->alg->name));
}

/* What is the same for content and files. */
static err_t finish_header(struct draft *d, int64_t signing_time)
{
    TRY(put_certs(d));
    TRY(jades_put(d->header, "iat", json_integer(signing_time)));
    if (d->plain)
        TRY(jades_put(d->header, "b64", json_false()));
    return put_crit(d);
}

/* --- the signature over it --- */

/* payload: as it goes under the signature. */
static err_t sign(const struct draft *d, struct bytes payload, json_t **node)
{
    AUTO_BUF header = {0};
    AUTO_BUF input = {0};
    AUTO_BUF signature = {0};
    AUTO_BUF raw = {0};
    AUTO_BUF text = {0};
    AUTO_JSON o = json_object();
    TRY(json_text(d->header, &header));
    TRY(base64url_put(&input, buf_bytes(&header)));
    TRY(jades_put(o, "protected", jades_text(&input)));
    TRY(buf_add_str(&input, "."));
    TRY(buf_add_bytes(&input, payload));
    TRY(d->key->sign(d->key->arg, buf_bytes(&input), &signature));
    TRY(raw_value_of(d->key, buf_bytes(&signature), &raw));
    TRY(base64url_put(&text, buf_bytes(&raw)));
    TRY(jades_put(o, "signature", jades_text(&text)));
    *node = take(&o);
    return OK;
}

/* A file of this one signature. Takes node. */
static err_t write_new(json_t *node, struct bytes payload, enum jades_form form, struct buf *out)
{
    AUTO_JSON signature = node;
    AUTO_JSON root = form == JADES_GENERAL ? json_object() : json_incref(node);
    if (payload.ptr != NULL)
        TRY(jades_put(root, "payload", json_stringn((const char *)payload.ptr, payload.len)));
    if (form == JADES_GENERAL) {
        json_t *all = json_array();
        TRY(jades_put(root, "signatures", all));
        TRY(jades_append(all, json_incref(signature)));
    }
    return jades_write(&(struct jades){.root = root, .form = form}, out);
}

/* --- content inside --- */

static bool is_json(struct bytes content)
{
    AUTO_JSON j = NULL;
    return json_parse(content, JADES_BYTES_MAX, &j) == OK;
}

/* RFC 7797 §5.2, §5.3 */
static bool can_be_plain(struct bytes content, enum jades_form form)
{
    if (form != JADES_COMPACT)
        return utf8_valid(content);
    for (size_t i = 0; i < content.len; i++) {
        if (content.ptr[i] < 0x20 || content.ptr[i] > 0x7e || content.ptr[i] == '.')
            return false;
    }
    return true;
}

err_t jades_sign(struct bytes content, const struct jades_opts *o, const struct signing_key *key, struct buf *out)
{
    AUTO_DRAFT d = {.key = key, .plain = o->plain};
    AUTO_BUF payload = {0};
    AUTO_JSON node = NULL;
    if (content.len > CONTENT_MAX)
        return ERR_TOO_LARGE;
    if (content.len == 0 ||
        (o->plain && !can_be_plain(content, o->form))) /* without content it would be a signature of what is elsewhere */
        return ERR_SYNTAX;
    TRY(start(&d));
    const char *mime = o->mime_type == NULL && is_json(content) ? "application/json" : o->mime_type;
    if (mime != NULL)
        TRY(jades_put(d.header, "cty", short_type(mime)));
    TRY(finish_header(&d, o->signing_time));
    TRY(o->plain ? buf_copy(&payload, content) : base64url_put(&payload, content));
    TRY(sign(&d, buf_bytes(&payload), &node));
    return write_new(take(&node), buf_bytes(&payload), o->form, out);
}

/* --- files --- */

struct lists {
    json_t *names, *digests, *types; /* borrowed from sigD */
};

/* §5.2.8.3.3 */
static err_t put_sig_d(struct draft *d, struct lists *l)
{
    json_t *sig_d = json_object();
    *l = (struct lists){json_array(), json_array(), json_array()};
    TRY(jades_put(d->header, "sigD", sig_d));
    TRY(jades_put(sig_d, "mId", json_string(JADES_BY_URI_HASH)));
    TRY(jades_put(sig_d, "pars", l->names));
    TRY(jades_put(sig_d, "hashM", json_string(jades_digest_name(d->key->hash))));
    TRY(jades_put(sig_d, "hashV", l->digests));
    return jades_put(sig_d, "ctys", l->types);
}

static err_t put_file(const struct draft *d, const struct lists *l, const struct jades_data *data, const struct jades_files *files)
{
    AUTO_BUF address = {0};
    AUTO_BUF back = {0};
    uint8_t own[EVP_MAX_MD_SIZE];
    size_t n = cms_hash_len(d->key->hash);
    TRY(asic_uri(bytes_str(data->name), &address));
    if (asic_uri_name(buf_str(&address), &back) != OK || strcmp(buf_str(&back), data->name) != 0)
        return ERR_SYNTAX;
    if (data->digest.len == 0)
        TRY(jades_file_digest(files, data->name, d->plain, d->key->hash, own, &n));
    else if (data->digest.len != n)
        return ERR_SYNTAX;
    TRY(jades_append(l->names, jades_text(&address)));
    TRY(put_digest(l->digests, data->digest.len == 0 ? BYTES(own, n) : data->digest));
    return jades_append(l->types, short_type(data->mime_type != NULL ? data->mime_type : MIME_ANY));
}

static err_t sign_files(struct draft *d, const struct jades_data *data, size_t n, const struct jades_files *files, int64_t signing_time,
                        json_t **node)
{
    struct lists l;
    if (n == 0)
        return ERR_SYNTAX;
    if (n > JADES_REFS_MAX)
        return ERR_TOO_LARGE;
    TRY(put_sig_d(d, &l));
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < i; k++) {
            if (strcmp(data[k].name, data[i].name) == 0)
                return ERR_SYNTAX;
        }
        TRY(put_file(d, &l, &data[i], files));
    }
    TRY(finish_header(d, signing_time));
    return sign(d, (struct bytes){0}, node); /* the payload is empty */
}

err_t jades_sign_files(const struct jades_data *data, size_t n, const struct jades_files *files, const struct jades_opts *o,
                       const struct signing_key *key, struct buf *out)
{
    AUTO_DRAFT d = {.key = key, .plain = true};
    AUTO_JSON node = NULL;
    TRY(start(&d));
    TRY(sign_files(&d, data, n, files, o->signing_time, &node));
    return write_new(take(&node), (struct bytes){0}, o->form, out);
}

/* --- one more --- */

/* Nothing is signed that is not what the others have signed. */
static err_t check_others(const struct jades *j, const struct jades_files *files)
{
    for (size_t i = 0; i < j->n; i++) {
        const struct jades_signature *s = &j->signature[i];
        AUTO_X509 cert = NULL;
        struct bytes der;
        TRY(jades_signer(s, &der));
        TRY(x509_shared(der, &cert));
        TRY(jades_check_value(s, cert, files));
        for (size_t k = 0; k < s->ref_n; k++)
            TRY(jades_check_ref(s, k, files));
    }
    return OK;
}

static err_t sign_like(struct draft *d, const struct jades_signature *s, const struct jades_files *files, int64_t signing_time,
                       json_t **node)
{
    AUTO_BUF payload = {0};
    if (s->ref_n > 0) {
        struct jades_data data[JADES_REFS_MAX];
        for (size_t i = 0; i < s->ref_n; i++)
            data[i] = (struct jades_data){.name = s->ref[i].name, .mime_type = s->ref[i].mime_type};
        return sign_files(d, data, s->ref_n, files, signing_time, node);
    }
    if (s->mime_type != NULL)
        TRY(jades_put(d->header, "cty", json_string(s->mime_type)));
    TRY(finish_header(d, signing_time));
    TRY(jades_put_payload(s, files, &payload));
    return sign(d, buf_bytes(&payload), node);
}

/* RFC 7515 §7.2.1: signatures beside each other, the payload once. */
static err_t make_general(struct jades *j)
{
    static const char *const OWN[] = {"protected", "header", "signature"};
    AUTO_JSON first = json_object();
    AUTO_JSON all = json_array();
    if (j->form == JADES_GENERAL)
        return OK;
    for (size_t i = 0; i < 3; i++) {
        json_t *v = json_object_get(j->root, OWN[i]);
        if (v != NULL)
            TRY(jades_put(first, OWN[i], json_incref(v)));
        (void)json_object_del(j->root, OWN[i]);
    }
    TRY(jades_append(all, take(&first)));
    j->form = JADES_GENERAL;
    return jades_put(j->root, "signatures", take(&all));
}

err_t jades_add_signer(struct bytes jws, const struct jades_files *files, const struct jades_opts *o, const struct signing_key *key,
                       struct buf *out)
{
    AUTO_JADES j = NULL;
    AUTO_JSON node = NULL;
    TRY(jades_open(jws, &j));
    if (j->n == JADES_SIGNATURES_MAX)
        return ERR_TOO_LARGE;
    TRY(check_others(j, files));
    AUTO_DRAFT d = {.key = key, .plain = j->signature[0].plain};
    TRY(start(&d));
    TRY(sign_like(&d, &j->signature[0], files, o->signing_time, &node));
    TRY(make_general(j));
    TRY(jades_append(json_object_get(j->root, "signatures"), take(&node)));
    return jades_write(j, out);
}

/*
 * Digests, signature values and timestamps' imprints of JAdES signatures.
 * Called by signer/verify and jades_raise.c. RFC 7515 §5.2; RFC 7797 §3; ETSI TS 119 182-1 §5.2.8, §5.3.4, §5.3.6.3.
 */
#include "signer/formats/algorithm.h"
#include "signer/formats/jades_impl.h"
#include "signer/formats/raw_value.h"

#include <string.h>

static void md_free(EVP_MD_CTX **c)
{
    EVP_MD_CTX_free(*c);
}
#define AUTO_MD AUTO(md_free) EVP_MD_CTX *

static err_t update(void *md, struct bytes piece)
{
    return EVP_DigestUpdate(md, piece.ptr, piece.len) == 1 ? OK : ERR_CRYPTO;
}

/* --- base64url in pieces: of a file that is larger than memory should hold twice --- */

#define PIECE 3072 /* a multiple of 3: no padding, no rest */

struct encoder {
    EVP_MD_CTX *md;
    uint8_t rest[PIECE];
    size_t rest_n;
};

static err_t flush(struct encoder *e)
{
    char text[B64URL_LEN(PIECE) + 1];
    b64url_encode(BYTES(e->rest, e->rest_n), text);
    size_t n = B64URL_LEN(e->rest_n);
    e->rest_n = 0;
    return update(e->md, BYTES(text, n));
}

static err_t encode(void *to, struct bytes piece)
{
    struct encoder *e = to;
    while (piece.len > 0) {
        size_t n = piece.len < PIECE - e->rest_n ? piece.len : PIECE - e->rest_n;
        memcpy(e->rest + e->rest_n, piece.ptr, n);
        e->rest_n += n;
        piece = BYTES(piece.ptr + n, piece.len - n);
        if (e->rest_n == PIECE)
            TRY(flush(e));
    }
    return OK;
}

static err_t feed_file(const struct jades_files *files, const char *name, bool plain, EVP_MD_CTX *md)
{
    struct encoder e = {.md = md, .rest_n = 0};
    if (files == NULL)
        return ERR_NOT_FOUND;
    if (plain)
        return files->feed(files->arg, name, update, md);
    TRY(files->feed(files->arg, name, encode, &e));
    return flush(&e);
}

err_t jades_file_digest(const struct jades_files *files, const char *name, bool plain, enum cms_hash alg, uint8_t out[EVP_MAX_MD_SIZE],
                        size_t *len)
{
    AUTO_MD md = EVP_MD_CTX_new();
    unsigned n = 0;
    if (md == NULL || EVP_DigestInit_ex(md, cms_hash_md(alg), NULL) != 1)
        return ERR_CRYPTO;
    TRY(feed_file(files, name, plain, md));
    if (EVP_DigestFinal_ex(md, out, &n) != 1)
        return ERR_CRYPTO;
    *len = n;
    return OK;
}

err_t jades_check_ref(const struct jades_signature *s, size_t i, const struct jades_files *files)
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    size_t n;
    TRY(jades_file_digest(files, s->ref[i].name, s->plain, s->ref_alg, digest, &n));
    return bytes_eq(BYTES(digest, n), buf_bytes(&s->ref[i].digest)) ? OK : ERR_BAD_SIGNATURE;
}

/* --- content and certificate --- */

err_t jades_content(const struct jades_signature *s, struct buf *out)
{
    out->len = 0;
    if (s->payload == NULL || s->ref_n > 0)
        return ERR_NOT_FOUND;
    if (s->plain)
        return buf_copy(out, bytes_str(s->payload));
    err_t e = base64url_take(bytes_str(s->payload), out);
    return e == ERR_SYNTAX ? ERR_JADES : e;
}

/* x5c stands in the protected header too: without a digest its first certificate is named by being there (RFC 7515 §4.1.6). */
bool jades_names_cert(const struct jades_signature *s, struct bytes cert)
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned n;
    if (s->cert_digest.len == 0)
        return s->cert_n > 0 && bytes_eq(cert, buf_bytes(&s->cert[0]));
    return EVP_Digest(cert.ptr, cert.len, digest, &n, cms_hash_md(s->cert_alg), NULL) == 1 &&
           bytes_eq(BYTES(digest, n), buf_bytes(&s->cert_digest));
}

static bool find_named(const struct jades_signature *s, const struct buf *set, size_t n, struct bytes *cert)
{
    for (size_t i = 0; i < n; i++) {
        *cert = buf_bytes(&set[i]);
        if (jades_names_cert(s, *cert))
            return true;
    }
    return false;
}

err_t jades_signer(const struct jades_signature *s, struct bytes *cert)
{
    return find_named(s, s->cert, s->cert_n, cert) || find_named(s, s->values.cert, s->values.cert_n, cert) ? OK : ERR_NOT_FOUND;
}

/* --- the value --- */

static err_t append(void *to, struct bytes piece)
{
    struct buf *b = to;
    return b->len + piece.len <= JADES_BYTES_MAX ? buf_add_bytes(b, piece) : ERR_TOO_LARGE;
}

err_t jades_put_payload(const struct jades_signature *s, const struct jades_files *files, struct buf *out)
{
    AUTO_BUF content = {0};
    if (!s->detached)
        return s->payload != NULL ? buf_add_str(out, s->payload) : OK;
    if (files == NULL)
        return ERR_NOT_FOUND;
    TRY(files->feed(files->arg, "", append, &content));
    return s->plain ? buf_add_bytes(out, buf_bytes(&content)) : base64url_put(out, buf_bytes(&content));
}

err_t jades_check_value(const struct jades_signature *s, X509 *cert, const struct jades_files *files)
{
    AUTO_BUF input = {0};
    AUTO_BUF der = {0};
    struct bytes value;
    EVP_PKEY *key = X509_get0_pubkey(cert);
    if (key == NULL || !jades_alg_fits(s->curve, key))
        return ERR_ALGORITHM;
    TRY(buf_addf(&input, "%s.", s->protected_text));
    TRY(jades_put_payload(s, files, &input));
    TRY(raw_value_der(s->scheme, key, buf_bytes(&s->value), &der, &value));
    return algorithm_verify_scheme(key, s->scheme, s->hash, buf_bytes(&input), value);
}

/* --- timestamps --- */

/* §5.3.6.3.1: content or files, each without its name; header; value; the unsigned properties before this one. */
static err_t feed_archive(const struct jades_signature *s, size_t before, const struct jades_files *files, EVP_MD_CTX *md)
{
    if (s->detached)
        TRY(feed_file(files, "", s->plain, md));
    else if (s->payload != NULL)
        TRY(update(md, bytes_str(s->payload)));
    for (size_t i = 0; i < s->ref_n; i++)
        TRY(feed_file(files, s->ref[i].name, s->plain, md));
    const char *const parts[] = {".", s->protected_text, ".", s->value_text, "."};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        TRY(update(md, bytes_str(parts[i])));
    for (size_t i = 0; i < before; i++) {
        const json_t *p = json_array_get(s->unsigned_properties, i);
        TRY(update(md, BYTES(json_string_value(p), json_string_length(p))));
    }
    return OK;
}

err_t jades_stamp_digest(const struct jades_signature *s, size_t k, enum jades_stamp_kind kind, enum cms_hash alg,
                         const struct jades_files *files, uint8_t digest[EVP_MAX_MD_SIZE], size_t *len)
{
    AUTO_MD md = EVP_MD_CTX_new();
    unsigned n = 0;
    if (md == NULL || EVP_DigestInit_ex(md, cms_hash_md(alg), NULL) != 1)
        return ERR_CRYPTO;
    if (kind == JADES_SIGNATURE_STAMP) /* §5.3.4: the text, not what it encodes */
        TRY(update(md, bytes_str(s->value_text)));
    else
        TRY(feed_archive(s, k < s->stamp_n ? s->stamp[k].at : json_array_size(s->unsigned_properties), files, md));
    if (EVP_DigestFinal_ex(md, digest, &n) != 1)
        return ERR_CRYPTO;
    *len = n;
    return OK;
}

/*
 * Encryption to a client's own key: the key is chosen and checked here, the library does the rest.
 * Called by rules/token.c and endpoints/userinfo.c. RFC 7516 §5.1, RFC 7518 §4.3 (RSA-OAEP), §4.6 (ECDH-ES).
 */
#include "idp/rules/jwe.h"
#include "common/json.h"
#include <cjose/cjose.h>
#include <string.h>

#define JWKS_TEXT_MAX 16384

static const struct {
    const char *alg, *kty;
} algs[] = {{"RSA-OAEP", "RSA"}, {"ECDH-ES", "EC"}};
static const char *const encs[] = {"A128CBC-HS256", "A256GCM"};

static const char *kty_of(const char *alg)
{
    for (size_t i = 0; i < sizeof algs / sizeof *algs; i++)
        if (strcmp(alg, algs[i].alg) == 0)
            return algs[i].kty;
    return NULL;
}

bool jwe_alg_known(const char *alg)
{
    return kty_of(alg) != NULL;
}

bool jwe_enc_known(const char *enc)
{
    for (size_t i = 0; i < sizeof encs / sizeof *encs; i++)
        if (strcmp(enc, encs[i]) == 0)
            return true;
    return false;
}

static void jwk_clear(struct jwk *k)
{
    EVP_PKEY_free(k->key);
}

static bool fits(const json_t *j, const char *alg)
{
    const char *kty = json_string_value(json_object_get(j, "kty")), *own = json_string_value(json_object_get(j, "alg"));
    const char *wanted = kty_of(alg);
    AUTO(jwk_clear) struct jwk k = {0};

    return kty && wanted && strcmp(kty, wanted) == 0 && (!own || strcmp(own, alg) == 0) && jwk_parse_recipient(j, &k) == OK;
}

/* The first that fits; the members that make the key, and its kid. */
static err_t recipient(const char *jwks, const char *alg, json_t **out)
{
    static const char *const members[] = {"kty", "kid", "crv", "x", "y", "n", "e"};
    AUTO_JSON set = NULL;
    AUTO_JSON key = json_object();
    const json_t *list, *found = NULL;

    if (!key)
        return ERR_NOMEM;
    if (!kty_of(alg) || !jwks || json_parse(bytes_str(jwks), JWKS_TEXT_MAX, &set) != OK)
        return ERR_ENCRYPTION;
    list = json_object_get(set, "keys");
    for (size_t i = 0; i < json_array_size(list) && !found; i++)
        if (fits(json_array_get(list, i), alg))
            found = json_array_get(list, i);
    for (size_t i = 0; found && i < sizeof members / sizeof *members; i++) {
        json_t *m = json_object_get(found, members[i]);
        if (m && json_object_set(key, members[i], m) != 0)
            return ERR_NOMEM;
    }
    *out = found ? take(&key) : NULL;
    return found ? OK : ERR_ENCRYPTION;
}

bool jwe_recipient(const char *jwks, const char *alg)
{
    AUTO_JSON key = NULL;

    return recipient(jwks, alg, &key) == OK;
}

/* --- the library's objects --- */

static void key_release(cjose_jwk_t **k)
{
    if (*k)
        cjose_jwk_release(*k);
}

static void header_release(cjose_header_t **h)
{
    if (*h)
        cjose_header_release(*h);
}

static void jwe_release(cjose_jwe_t **j)
{
    if (*j)
        cjose_jwe_release(*j);
}

static cjose_header_t *header_of(const struct client_encryption *how, const char *kid, bool nested)
{
    cjose_err err;
    AUTO(header_release) cjose_header_t *h = cjose_header_new(&err);

    bool ok = h && cjose_header_set(h, CJOSE_HDR_ALG, how->alg, &err) && cjose_header_set(h, CJOSE_HDR_ENC, how->enc, &err);
    ok = ok && (!kid || cjose_header_set(h, CJOSE_HDR_KID, kid, &err)) && (!nested || cjose_header_set(h, CJOSE_HDR_CTY, "JWT", &err));
    return ok ? take(&h) : NULL;
}

err_t jwe_encrypt(const struct client_encryption *how, const char *jwks, bool nested, struct bytes plain, struct buf *out)
{
    AUTO_JSON key = NULL;
    AUTO_BUF text = {0};
    cjose_err err;

    if (!jwe_enc_known(how->enc) || plain.len == 0 || plain.len > JWE_MAX)
        return ERR_ENCRYPTION;
    TRY(recipient(jwks, how->alg, &key));
    TRY(json_text(key, &text));
    AUTO(key_release) cjose_jwk_t *to = cjose_jwk_import(buf_str(&text), text.len, &err);
    if (!to)
        return ERR_ENCRYPTION;
    AUTO(header_release) cjose_header_t *h = header_of(how, json_string_value(json_object_get(key, "kid")), nested);
    AUTO(jwe_release) cjose_jwe_t *jwe = h ? cjose_jwe_encrypt(to, h, plain.ptr, plain.len, &err) : NULL;
    AUTO_STR compact = jwe ? cjose_jwe_export(jwe, &err) : NULL;
    return compact ? buf_copy(out, bytes_str(compact)) : ERR_CRYPTO;
}

err_t jwe_wrap(struct clients *c, const char *client_id, const struct client_encryption *how, bool nested, struct buf *text)
{
    AUTO(client_keys_free) struct client_keys keys = {0};
    AUTO_BUF jwe = {0};

    if (how->alg[0] == '\0')
        return OK;
    TRY(clients_keys(c, client_id, &keys));
    TRY(jwe_encrypt(how, buf_str(&keys.jwks), nested, buf_bytes(text), &jwe));
    buf_free(text);
    *text = take(&jwe);
    return OK;
}

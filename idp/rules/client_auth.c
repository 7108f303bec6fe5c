/*
 * Client authentication at the token endpoint.
 * Called by endpoints/token.c. RFC 6749 §2.3.1; RFC 7617.
 */
#include "idp/rules/client_auth.h"
#include "common/form.h"
#include "common/secret.h"
#include <string.h>
#include <strings.h>

#define SECRET_MAX 256
#define BASIC_MAX 1024

struct given {
    struct buf id;
    struct secret secret;
    const char *method;
};

static void given_free(struct given *g)
{
    buf_free(&g->id);
    secret_free(&g->secret);
}

void client_secret_hash(const char *secret, uint8_t out[HASH_LEN])
{
    sha256(bytes_str(secret), out);
}

/* Both halves are form-encoded before base64 (RFC 6749 §2.3.1): '+' is a space there. */
static err_t half(struct bytes in, struct buf *out)
{
    AUTO_BUF plain = {0};

    TRY(buf_copy(&plain, in));
    for (size_t i = 0; i < plain.len; i++)
        if (plain.ptr[i] == '+')
            plain.ptr[i] = ' ';
    err_t e = url_decode(buf_bytes(&plain), out);
    secret_wipe(plain.ptr, plain.len);
    return e;
}

static err_t read_basic(const char *header, struct given *g)
{
    uint8_t text[BASIC_MAX];
    size_t n = 0;
    AUTO_BUF secret = {0};

    if (strncasecmp(header, "Basic ", 6) != 0)
        return ERR_CLIENT_AUTH;
    header += 6 + strspn(header + 6, " ");
    if (b64_decode(bytes_str(header), text, sizeof text, &n) != OK)
        return ERR_CLIENT_AUTH;
    const uint8_t *colon = memchr(text, ':', n);
    if (!colon)
        return ERR_CLIENT_AUTH;
    size_t id_len = (size_t)(colon - text);
    err_t e = half(BYTES(text, id_len), &g->id);
    if (e == OK)
        e = half(BYTES(colon + 1, n - id_len - 1), &secret);
    if (e == OK)
        e = secret_copy(&g->secret, buf_bytes(&secret));
    secret_wipe(text, sizeof text);
    if (secret.ptr)
        secret_wipe(secret.ptr, secret.len);
    g->method = "client_secret_basic";
    return e == ERR_NOMEM ? e : e == OK ? OK : ERR_CLIENT_AUTH;
}

static err_t read_given(const struct client_auth_in *in, struct given *g)
{
    if (in->authorization) {
        /* RFC 6749 §2.3: never more than one method in a request. */
        if (in->client_secret)
            return ERR_REQUEST;
        TRY(read_basic(in->authorization, g));
        return in->client_id && strcmp(in->client_id, buf_str(&g->id)) != 0 ? ERR_REQUEST : OK;
    }
    if (!in->client_id)
        return ERR_CLIENT_AUTH;
    TRY(buf_add_str(&g->id, in->client_id));
    g->method = in->client_secret ? "client_secret_post" : "none";
    return in->client_secret ? secret_copy(&g->secret, bytes_str(in->client_secret)) : OK;
}

err_t client_auth(struct db_pool *p, const struct client_auth_in *in, struct client *out, bool *basic)
{
    AUTO(given_free) struct given g = {0};
    uint8_t hash[HASH_LEN];

    *basic = in->authorization != NULL;
    TRY(read_given(in, &g));
    if (g.id.len == 0 || g.id.len > CLIENT_ID_MAX || g.secret.len > SECRET_MAX || !utf8_valid(buf_bytes(&g.id)))
        return ERR_CLIENT_AUTH;
    err_t e = client_get(p, buf_str(&g.id), NULL, out);
    if (e != OK)
        return e == ERR_DB_NONE ? ERR_CLIENT_AUTH : e;
    if (!out->active || strcmp(out->auth_method, g.method) != 0)
        return ERR_CLIENT_AUTH;
    if (!out->has_secret)
        return OK;
    sha256(secret_bytes(&g.secret), hash);
    return secret_eq(BYTES(hash, sizeof hash), BYTES(out->secret_hash, HASH_LEN)) ? OK : ERR_CLIENT_AUTH;
}

/*
 * Client authentication: which method a request tries, and the one that its client is registered for.
 * Called by endpoints/caller.c. RFC 6749 §2.3.1; RFC 7617; RFC 7523; RFC 8705 §2.
 */
#include "idp/rules/client_auth.h"
#include "common/form.h"
#include "common/secret.h"
#include <string.h>
#include <strings.h>

#define SECRET_MAX 256
#define BASIC_MAX 1024

/* What a request brought. */
enum given_method { GIVEN_ID, GIVEN_BASIC, GIVEN_POST, GIVEN_ASSERTION };

struct given {
    struct buf id;
    struct secret secret;
    enum given_method method;
};

static void given_free(struct given *g)
{
    buf_free(&g->id);
    secret_free(&g->secret);
}

bool client_has_key(const struct client *c)
{
    static const char *const keyed[] = {"private_key_jwt", "tls_client_auth", "self_signed_tls_client_auth"};

    for (size_t i = 0; i < sizeof keyed / sizeof *keyed; i++)
        if (strcmp(c->auth_method, keyed[i]) == 0)
            return true;
    return false;
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
    g->method = GIVEN_BASIC;
    return e == ERR_NOMEM ? e : e == OK ? OK : ERR_CLIENT_AUTH;
}

static err_t read_assertion(const struct client_auth_in *in, struct given *g)
{
    char id[CLIENT_ID_MAX + 1];

    if (!in->assertion || !in->assertion_type || strcmp(in->assertion_type, ASSERTION_TYPE) != 0)
        return ERR_CLIENT_AUTH;
    TRY(assertion_client(in->assertion, id));
    if (in->client_id && strcmp(in->client_id, id) != 0) /* RFC 7521 §4.2 */
        return ERR_CLIENT_AUTH;
    g->method = GIVEN_ASSERTION;
    return buf_add_str(&g->id, id);
}

static err_t read_given(const struct client_auth_in *in, struct given *g)
{
    bool assertion = in->assertion || in->assertion_type;

    /* RFC 6749 §2.3: never more than one method in a request. */
    if ((in->authorization != NULL) + (in->client_secret != NULL) + assertion > 1)
        return ERR_REQUEST;
    if (in->authorization) {
        TRY(read_basic(in->authorization, g));
        return in->client_id && strcmp(in->client_id, buf_str(&g->id)) != 0 ? ERR_REQUEST : OK;
    }
    if (assertion)
        return read_assertion(in, g);
    if (!in->client_id)
        return ERR_CLIENT_AUTH;
    TRY(buf_add_str(&g->id, in->client_id));
    g->method = in->client_secret ? GIVEN_POST : GIVEN_ID;
    return in->client_secret ? secret_copy(&g->secret, bytes_str(in->client_secret)) : OK;
}

/* --- each method --- */

static err_t prove_secret(const struct client_auth_in *in, const struct given *g, const struct client *c, struct proof *used)
{
    uint8_t hash[HASH_LEN];

    (void)in;
    (void)used;
    sha256(secret_bytes(&g->secret), hash);
    return c->has_secret && secret_eq(BYTES(hash, sizeof hash), BYTES(c->secret_hash, HASH_LEN)) ? OK : ERR_CLIENT_AUTH;
}

static err_t prove_assertion(const struct client_auth_in *in, const struct given *g, const struct client *c, struct proof *used)
{
    (void)g;
    return assertion_check(in->known, c, in->assertion, &in->expect, used);
}

static err_t prove_cert(const struct client_auth_in *in, const struct given *g, const struct client *c, struct proof *used)
{
    AUTO(client_keys_free) struct client_keys keys = {0};

    (void)g;
    (void)used;
    if (!in->cert)
        return ERR_CLIENT_AUTH;
    TRY(clients_keys(in->known, c->id, &keys));
    if (!client_cert_matches(in->cert, keys.tls_match))
        return ERR_CLIENT_AUTH;
    /* RFC 8705 §2.2: a self-signed one is known by itself; any other by who issued it. */
    return strcmp(c->auth_method, "self_signed_tls_client_auth") == 0 ? OK : client_cert_trusted(in->cas, in->cert);
}

static err_t prove_nothing(const struct client_auth_in *in, const struct given *g, const struct client *c, struct proof *used)
{
    (void)in;
    (void)g;
    (void)c;
    (void)used;
    return OK;
}

static const struct method {
    const char *name;
    enum given_method given;
    err_t (*prove)(const struct client_auth_in *in, const struct given *g, const struct client *c, struct proof *used);
} methods[] = {
    {"client_secret_basic", GIVEN_BASIC, prove_secret},
    {"client_secret_post", GIVEN_POST, prove_secret},
    {"client_secret_jwt", GIVEN_ASSERTION, prove_assertion},
    {"private_key_jwt", GIVEN_ASSERTION, prove_assertion},
    {"tls_client_auth", GIVEN_ID, prove_cert},
    {"self_signed_tls_client_auth", GIVEN_ID, prove_cert},
    {"none", GIVEN_ID, prove_nothing},
};

err_t client_auth(const struct client_auth_in *in, struct client *out, struct proof *used)
{
    AUTO(given_free) struct given g = {0};

    TRY(read_given(in, &g));
    if (g.id.len == 0 || g.id.len > CLIENT_ID_MAX || g.secret.len > SECRET_MAX || !utf8_valid(buf_bytes(&g.id)))
        return ERR_CLIENT_AUTH;
    err_t e = in->may_wait ? clients_get(in->known, buf_str(&g.id), NULL, out) : clients_at_hand(in->known, buf_str(&g.id), out);
    if (e != OK)
        return e == ERR_DB_NONE ? ERR_CLIENT_AUTH : e;
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
        if (strcmp(methods[i].name, out->auth_method) == 0)
            return out->active && methods[i].given == g.method ? methods[i].prove(in, &g, out, used) : ERR_CLIENT_AUTH;
    return ERR_CLIENT_AUTH;
}

/*
 * Bearer tokens, failures and idempotency of the API.
 * Called by the endpoints under /v1. RFC 6750 §2.1, §3; RFC 9457.
 */
#include "signer/endpoints/api.h"

#include "signer/errors.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct app *signer_app(const struct http_req *r)
{
    return http_app(r);
}

const struct caller *api_caller(const struct http_req *r)
{
    return http_principal(r);
}

/* --- who calls --- */

static err_t authenticate(struct http_req *r, unsigned any_of)
{
    struct app *a = signer_app(r);
    const char *header = http_header(r, "Authorization");
    if (header == NULL || strncasecmp(header, "Bearer ", 7) != 0)
        return ERR_UNAUTHENTICATED;
    struct caller *c = calloc(1, sizeof *c);
    if (c == NULL)
        return ERR_NOMEM;
    err_t e = bearer_check(a->provider, a->conf.url, header + 7 + strspn(header + 7, " "), c);
    if (e != OK) {
        free(c);
        return e;
    }
    http_set_principal(r, c, free);
    return c->scopes & any_of ? OK : ERR_FORBIDDEN;
}

err_t signer_auth_dossier(struct http_req *r)
{
    return authenticate(r, SCOPE_DOSSIER);
}

err_t signer_auth_reader(struct http_req *r)
{
    return authenticate(r, SCOPE_DOSSIER | SCOPE_DOSSIER_READ);
}

err_t signer_auth_registrar(struct http_req *r)
{
    return authenticate(r, SCOPE_REGISTRAR);
}

/* --- failures --- */

void signer_fail_api(struct http_req *r, err_t e)
{
    if (e == ERR_UNAUTHENTICATED) /* RFC 6750 §3: no error code when no token was sent */
        http_reply_header(r, "WWW-Authenticate",
                          http_header(r, "Authorization") == NULL ? "Bearer realm=\"antin-signer\""
                                                                  : "Bearer realm=\"antin-signer\", error=\"invalid_token\"");
    if (e == ERR_FORBIDDEN)
        http_reply_header(r, "WWW-Authenticate", "Bearer realm=\"antin-signer\", error=\"insufficient_scope\"");
    if (e == ERR_IDEMPOTENCY_RACE || e == ERR_SIGNING_BUSY)
        http_reply_header(r, "Retry-After", "1");
    http_reply_no_store(r);
    http_fail_problem(r, e);
}

/* --- idempotency --- */

/* Digest over method, target and body: what "the same request" means. */
static err_t request_digest(struct http_req *r, uint8_t out[SHA256_LEN])
{
    AUTO_BUF text = {0};
    TRY(buf_addf(&text, "%s %s\n", http_method(r), http_target(r)));
    if (http_json(r) != NULL) {
        AUTO_STR sorted = json_dumps(http_json(r), JSON_COMPACT | JSON_SORT_KEYS);
        if (sorted == NULL)
            return ERR_NOMEM;
        TRY(buf_add_str(&text, sorted));
    }
    sha256(buf_bytes(&text), out);
    return OK;
}

err_t api_idempotent(struct http_req *r, int status, idempotent_fn *fn, void *arg)
{
    struct idempotent i = {.caller = api_caller(r), .key = http_header(r, "Idempotency-Key"), .status = status, .fn = fn, .arg = arg};
    AUTO_BUF answer = {0};
    TRY(request_digest(r, i.request));
    TRY(idempotent_do(signer_app(r)->db, &i, &status, &answer));
    http_reply_no_store(r);
    http_reply(r, status, "application/json", &answer);
    return OK;
}

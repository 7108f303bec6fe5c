/*
 * Access tokens, failures and idempotency of the API.
 * Called by the endpoints under /v1. RFC 6750 §2.1, §3; RFC 9457.
 */
#include "signer/endpoints/api.h"

#include "common/clock.h"
#include "common/dpop.h"
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
    AUTO_BUF url = {0};
    TRY(buf_addf(&url, "%s%.*s", a->conf.url, (int)strcspn(http_target(r), "?"), http_target(r)));
    const struct bearer_call call = {
        .authorization = http_header(r, "Authorization"),
        .dpop = http_header(r, "DPoP"),
        .method = http_method(r),
        .url = buf_str(&url),
    };
    if (http_header_twice(r, "DPoP"))
        return ERR_PROOF;
    struct caller *c = calloc(1, sizeof *c);
    if (c == NULL)
        return ERR_NOMEM;
    err_t e = bearer_check(a->provider, a->proofs, a->conf.url, &call, c);
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

/* A token may be refreshed for months; whoever decides about others' credentials has signed in today. */
err_t signer_auth_registrar(struct http_req *r)
{
    TRY(authenticate(r, SCOPE_REGISTRAR));
    return clock_now() - api_caller(r)->auth_time <= signer_app(r)->conf.officer_max_age ? OK : ERR_SIGN_IN_OLD;
}

err_t api_need_level(const struct http_req *r, int level)
{
    return api_caller(r)->level >= level ? OK : ERR_SIGN_IN_LEVEL;
}

/* --- failures --- */

/* The scheme that the caller tried, or Bearer; what was wrong, and what would be enough. RFC 6750 §3, RFC 9449 §7.1, RFC 9470 §3. */
static err_t challenge(struct http_req *r, err_t e)
{
    const char *tried = http_header(r, "Authorization");
    bool dpop = e == ERR_PROOF || (tried != NULL && strncasecmp(tried, "DPoP ", 5) == 0);
    AUTO_BUF v = {0};
    if (e != ERR_FORBIDDEN && err_info(e)->status != 401)
        return OK;
    TRY(buf_addf(&v, "%s realm=\"antin-signer\"", dpop ? "DPoP" : "Bearer"));
    if (tried != NULL || e != ERR_UNAUTHENTICATED) /* RFC 6750 §3: no error code when no token was sent */
        TRY(buf_addf(&v, ", error=\"%s\"", err_info(e)->code));
    if (e == ERR_SIGN_IN_LEVEL)
        TRY(buf_addf(&v, ", acr_values=\"urn:antin:loa:%d\"", SIGN_LEVEL));
    if (e == ERR_SIGN_IN_OLD)
        TRY(buf_addf(&v, ", max_age=\"%ld\"", signer_app(r)->conf.officer_max_age));
    if (dpop)
        TRY(buf_addf(&v, ", algs=\"%s\"", DPOP_ALGS));
    http_reply_header(r, "WWW-Authenticate", buf_str(&v));
    return OK;
}

void signer_fail_api(struct http_req *r, err_t e)
{
    if (challenge(r, e) != OK)
        e = ERR_NOMEM;
    if (e == ERR_IDEMPOTENCY_RACE || e == ERR_SIGNING_BUSY)
        http_reply_header(r, "Retry-After", "1");
    http_reply_no_store(r);
    http_fail_problem(r, e);
}

void api_reply_problem(struct http_req *r, err_t e, const char *member, json_t *list)
{
    const struct err_row *row = err_info(e);
    AUTO_BUF body = {0};
    AUTO_JSON p = json_pack("{sosssisssosO}", "type", json_sprintf("urn:antin:problem:%s", row->code), "title",
                            text_get(signer_app(r)->texts, http_lang(r), row->text), "status", row->status, "code", row->code, "instance",
                            json_sprintf("urn:antin:request:%s", http_request_id(r)), member, list);
    if (p == NULL || json_text(p, &body) != OK)
        http_reply(r, 503, NULL, NULL);
    else
        http_reply(r, row->status, "application/problem+json", &body);
    json_decref(list);
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

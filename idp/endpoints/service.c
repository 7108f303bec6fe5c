/*
 * The client_credentials grant. Each request is judged for itself, mostly on the HTTP thread; those that are well wait for each other, and one
 * message to keyd signs for all of them, one statement and commit writes all their audit rows, before any is answered.
 * Called by token.c and the HTTP glue. RFC 6749 §4.4; RFC 9068.
 */
#include "idp/endpoints/service.h"
#include "idp/endpoints/caller.h"
#include "idp/endpoints/page.h"
#include "idp/rules/client_auth.h"
#include "idp/rules/details.h"
#include "idp/rules/scope.h"
#include "idp/store/audit.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A request that waits for its token. */
struct service {
    char client_id[CLIENT_ID_MAX + 1];
    char scope[SCOPE_MAX + 1];
    char jti[UUID_LEN + 1];
    struct token_binding bind;
    json_t *details, *more;   /* authorization details; NULL: none */
    struct key_claims claims; /* borrows from the above and from the configuration */
};

static void service_free(void *p)
{
    struct service *s = p;

    json_free(&s->details);
    json_free(&s->more);
    free(s);
}

bool service_quick(const struct http_req *r)
{
    const char *type = http_field(r, "grant_type");

    return type && strcmp(type, GRANT_SERVICE) == 0 && !http_header(r, "DPoP") && !http_field(r, "authorization_details") &&
           caller_quick(r);
}

/* --- one request --- */

/* In its own name a service may have what no person needs to allow. */
static err_t read_details(struct http_req *r, const struct client *client, json_t **out)
{
    const struct app *a = app_of(r);
    const struct resources known = {.issuer = a->conf.issuer, .signer = a->conf.signer_resource, .signer_scopes = a->conf.signer_scopes};
    const char *asked = http_field(r, "authorization_details");

    if (!asked)
        return OK;
    TRY(details_read(asked, client->details_types, &known, out));
    for (size_t i = 0; i < json_array_size(*out); i++)
        if (!detail_type_of(json_array_get(*out, i))->service)
            return ERR_DETAILS;
    return OK;
}

static err_t read_scope(const struct http_req *r, const struct client *client, char out[SCOPE_MAX + 1])
{
    const char *asked = http_field(r, "scope");

    if (strcmp(client->auth_method, "none") == 0) /* RFC 6749 §4.4: confidential clients only */
        return ERR_CLIENT_FORBIDDEN;
    TRY(scope_select(asked ? asked : client->scope, client->scope, out));
    /* Nobody signed in: no scope that speaks of a person or of an officer's role. */
    if (scope_has(out, "openid") || scope_has(out, "registrar") || scope_has(out, "offline_access"))
        return ERR_SCOPE;
    return scope_has(out, "admin") && !client_has_key(client) ? ERR_SCOPE : OK;
}

err_t service_answer(struct http_req *r, const struct token_conf *conf)
{
    const struct client *client = conf->client;
    struct service *s = calloc(1, sizeof *s);

    if (!s)
        return ERR_NOMEM;
    http_set_principal(r, s, service_free);
    TRY(read_scope(r, client, s->scope));
    TRY(read_details(r, client, &s->details));
    memcpy(s->client_id, client->id, sizeof s->client_id);
    s->bind = *conf->bind;
    struct token_conf mine = *conf;
    mine.bind = &s->bind;
    TRY(token_client_claims(&mine, s->client_id, s->scope, s->jti, &s->claims));
    TRY(token_more(s->details, &s->more));
    s->claims.more = s->more;
    return ERR_TOGETHER;
}

/* --- all of them --- */

/* RFC 6749 §5.1. What is written here has no character that JSON would escape: a JWT, our own scope names. */
static err_t reply(struct http_req *r, const struct service *s, const struct buf *token)
{
    AUTO_BUF body = {0};
    char lifetime[24];

    (void)snprintf(lifetime, sizeof lifetime, "%lld", (long long)s->claims.lifetime);
    TRY(buf_reserve(&body, token->len + strlen(s->scope) + 128));
    TRY(buf_add_str(&body, "{\"access_token\":\""));
    TRY(buf_add_bytes(&body, buf_bytes(token)));
    TRY(buf_add_str(&body, s->bind.jkt[0] ? "\",\"token_type\":\"DPoP\",\"expires_in\":" : "\",\"token_type\":\"Bearer\",\"expires_in\":"));
    TRY(buf_add_str(&body, lifetime));
    TRY(buf_add_str(&body, ",\"scope\":\""));
    TRY(buf_add_str(&body, s->scope));
    TRY(buf_add_str(&body, "\""));
    if (s->details) {
        AUTO_BUF details = {0};
        TRY(json_text(s->details, &details));
        TRY(buf_addf(&body, ",\"authorization_details\":%s", buf_str(&details)));
    }
    TRY(buf_add_str(&body, "}"));
    http_reply(r, 200, "application/json", &body);
    http_reply_no_store(r);
    http_reply_header(r, "Pragma", "no-cache");
    return OK;
}

/* Durable before anybody is answered: a token that nobody knows of is worth an error to its client. */
static void write_audit(struct db_pool *db, struct http_req *const *r, err_t *e, size_t n)
{
    struct audit_token rows[HTTP_TOGETHER_MAX];
    size_t made = 0;

    for (size_t i = 0; i < n; i++) {
        const struct service *s = http_principal(r[i]);
        if (e[i] == OK)
            rows[made++] = (struct audit_token){s->client_id, s->jti, http_request_id(r[i])};
    }
    err_t all = made > 0 ? idp_audit_tokens(db, rows, made) : OK;
    for (size_t i = 0; i < n; i++)
        e[i] = e[i] == OK ? all : e[i];
}

void service_together(struct http_req *const *r, err_t *e, size_t n)
{
    struct app *a = app_of(r[0]);
    struct key_claims claims[HTTP_TOGETHER_MAX];
    struct buf token[HTTP_TOGETHER_MAX] = {{0}};

    for (size_t i = 0; i < n; i++)
        claims[i] = ((const struct service *)http_principal(r[i]))->claims;
    key_sign_tokens(a->keyd, claims, n, token, e);
    write_audit(a->db, r, e, n);
    for (size_t i = 0; i < n; i++) {
        if (e[i] == OK)
            e[i] = reply(r[i], http_principal(r[i]), &token[i]);
        buf_free(&token[i]);
    }
}

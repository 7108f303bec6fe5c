/*
 * Claims about the person: what the granted scopes give, and what was asked for by name.
 * GET and POST /userinfo, alone or many together. OpenID Connect Core §5.3, §5.4, §5.5; RFC 6750.
 */
#include "idp/endpoints/endpoints.h"
#include "idp/endpoints/page.h"
#include "idp/endpoints/tokens.h"
#include "idp/rules/claims.h"
#include "idp/rules/jwe.h"
#include "idp/rules/person.h"
#include "idp/rules/scope.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

static_assert(HTTP_TOGETHER_MAX <= GRANTS_MAX, "one statement for a lot");

static void free_claims(struct token_claims **c)
{
    free(*c);
}

/* A living grant, what of it the token may see, and the person's data: sealed, or still in the database. */
struct holder {
    const struct grant *grant;
    const char *scope;                   /* the token's */
    const struct account_sealed *sealed; /* NULL: to be read */
};

static err_t open_person(const struct app *a, const struct holder *h, json_t **person)
{
    const char *account = h->grant->account_id;

    return h->sealed ? person_unseal(a->keyd, account, h->sealed, person) : person_open(a->keyd, a->db, account, person);
}

/* What the token's scopes give, and what was asked for by name (OpenID Connect Core §5.4, §5.5). */
static err_t tell(const struct app *a, const struct holder *h, json_t *claims)
{
    const struct grant *g = h->grant;
    const struct verified_facts facts = {a->conf.trust_framework, a->conf.organization, g->level};
    AUTO_TERMS terms = {0};
    AUTO_JSON person = NULL;

    TRY(terms_open(a->keys.seal, g->client_id, BYTES(g->terms, g->terms_len), &terms));
    if (strcmp(h->scope, "openid") == 0 && !terms.userinfo)
        return OK;
    TRY(open_person(a, h, &person));
    TRY(claims_of_scopes(person, &facts, h->scope, claims));
    return claims_tell(terms.userinfo, person, &facts, h->scope, claims);
}

/* §5.3.2: as JSON, or as its client registered: signed, encrypted, or signed and then encrypted. */
static err_t reply(struct http_req *r, const char *client_id, json_t *claims)
{
    struct app *a = app_of(r);
    AUTO_JSON mine = claims;
    AUTO_BUF text = {0};
    struct client client;

    TRY(clients_get(a->clients, client_id, NULL, &client));
    if (!client.userinfo_signed && !client.jose.userinfo_enc.alg[0]) {
        http_reply_json(r, 200, take(&mine));
        return OK;
    }
    if (client.userinfo_signed)
        TRY(key_sign_statement(a->keyd, KEY_USERINFO, client.jose.userinfo, client_id, 0, mine, &text));
    else
        TRY(json_text(mine, &text));
    TRY(jwe_wrap(a->clients, client_id, &client.jose.userinfo_enc, client.userinfo_signed, &text));
    http_reply(r, 200, "application/jwt", &text);
    return OK;
}

static err_t answer(struct http_req *r, const struct holder *h)
{
    AUTO_JSON claims = json_pack("{s:s}", "sub", h->grant->sub);

    if (!claims)
        return ERR_NOMEM;
    TRY(tell(app_of(r), h, claims));
    http_reply_no_store(r);
    return reply(r, h->grant->client_id, take(&claims));
}

/* --- one request: its holder has something to prove, or no grant --- */

static err_t answer_alone(struct http_req *r, bool form)
{
    struct bearer b;

    TRY(bearer_of(r, form, &b));
    if (!scope_has(b.claims.scope, "openid"))
        return ERR_TOKEN_SCOPE;
    return answer(r, &(struct holder){&b.grant, b.claims.scope, NULL});
}

static err_t judge(struct http_req *r, bool form)
{
    AUTO(free_claims) struct token_claims *claims = malloc(sizeof *claims);

    if (!claims)
        return ERR_NOMEM;
    if (http_dup_params(r))
        return ERR_REQUEST_DOUBLED;
    err_t e = bearer_plain(r, form, claims);
    if (e == ERR_WAITS && http_may_wait(r))
        return answer_alone(r, form);
    TRY(e);
    if (!scope_has(claims->scope, "openid"))
        return ERR_TOKEN_SCOPE;
    http_set_principal(r, take(&claims), free);
    return ERR_TOGETHER;
}

/* --- many: one statement finds all their grants and people, as they are now --- */

static err_t answer_row(struct http_req *r, const struct grant *g, const struct account_sealed *sealed)
{
    const struct token_claims *claims = http_principal(r);

    if (!g->live || strcmp(g->client_id, claims->client_id) != 0)
        return ERR_TOKEN;
    return answer(r, &(struct holder){g, claims->scope, sealed});
}

static err_t answer_rows(struct http_req *const *r, err_t *e, const char *const *ids, size_t n)
{
    AUTO_ROWS rows = NULL;
    struct grant g;

    TRY(grants_get(app_of(r[0])->db, ids, n, &rows));
    for (int row = 0; row < db_count(rows); row++) {
        struct account_sealed sealed = {0};
        size_t i = n;
        err_t bad = grants_read(rows, row, &i, &g);
        if (i >= n)
            return bad != OK ? bad : ERR_INTERNAL;
        bool there = grants_person(rows, row, &sealed) == OK; /* if not, reading it again says why, should it be needed */
        e[i] = bad != OK ? bad : answer_row(r[i], &g, there ? &sealed : NULL);
        buf_free(&sealed.data);
    }
    return OK;
}

void userinfo_together(struct http_req *const *r, err_t *e, size_t n)
{
    const char *ids[HTTP_TOGETHER_MAX] = {NULL};

    for (size_t i = 0; i < n; i++) {
        ids[i] = ((const struct token_claims *)http_principal(r[i]))->grant_id;
        e[i] = ERR_TOKEN; /* no such grant */
    }
    err_t all = answer_rows(r, e, ids, n);
    for (size_t i = 0; all != OK && i < n; i++)
        e[i] = all;
}

err_t get_userinfo(struct http_req *r)
{
    return judge(r, false);
}

err_t post_userinfo(struct http_req *r)
{
    return judge(r, true);
}

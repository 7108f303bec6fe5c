/*
 * A resource server asks what a token is worth; a client gives one back.
 * POST /introspect, alone or many together: RFC 7662, signed answers RFC 9701. POST /revoke: RFC 7009.
 */
#include "idp/rules/introspect.h"
#include "idp/endpoints/caller.h"
#include "idp/endpoints/endpoints.h"
#include "idp/endpoints/page.h"
#include "idp/endpoints/tokens.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

static_assert(HTTP_TOGETHER_MAX <= GRANTS_MAX, "one statement for a lot");

#define SIGNED_TYPE "application/token-introspection+jwt"

/* RFC 9701 §4: asked for by Accept, and only by this name (a wildcard means JSON). */
static bool wants_signed(const struct http_req *r)
{
    const char *accept = http_header(r, "Accept");

    return accept && strstr(accept, SIGNED_TYPE);
}

static err_t read_call(struct http_req *r, struct caller *c, const char **token)
{
    if (http_query(r, "token")) /* the rest that does not belong into addresses, caller_of refuses */
        return ERR_REQUEST;
    TRY(caller_of(r, c));
    *token = http_field(r, "token");
    return *token && **token ? OK : ERR_REQUEST;
}

/* An access token whose grant is still to be looked at, and who asked. */
struct inquiry {
    json_t *claims;
    char client_id[CLIENT_ID_MAX + 1];
    enum jose_alg alg; /* of a signed answer */
};

static void inquiry_free(void *p)
{
    struct inquiry *q = p;

    json_free(&q->claims);
    free(q);
}

static err_t reply(struct http_req *r, const char *client_id, enum jose_alg alg, json_t *answer)
{
    AUTO_JSON mine = answer;
    AUTO_BUF jwt = {0};

    http_reply_no_store(r);
    if (!wants_signed(r)) {
        http_reply_json(r, 200, take(&mine));
        return OK;
    }
    TRY(key_sign_statement(app_of(r)->keyd, KEY_INTROSPECTION, alg, client_id, 0, mine, &jwt));
    http_reply(r, 200, SIGNED_TYPE, &jwt);
    return OK;
}

static err_t wait_for_grant(struct http_req *r, const struct client *asker, json_t *claims)
{
    struct inquiry *q = calloc(1, sizeof *q);

    if (!q) {
        json_free(&claims);
        return ERR_NOMEM;
    }
    q->claims = claims;
    q->alg = asker->jose.introspection;
    memcpy(q->client_id, asker->id, sizeof q->client_id);
    http_set_principal(r, q, inquiry_free);
    return ERR_TOGETHER;
}

/* On the HTTP thread as far as neither database nor keyd has to be asked. */
err_t post_introspect(struct http_req *r)
{
    struct app *a = app_of(r);
    struct token_conf conf = token_conf_of(a);
    json_t *answer = NULL;
    struct caller c;
    const char *token;

    conf.at_hand = !http_may_wait(r);
    if (conf.at_hand && (!caller_quick(r) || wants_signed(r)))
        return ERR_WAITS;
    TRY(read_call(r, &c, &token));
    err_t e = introspect(a->db, &conf, &c.client, token, &answer);
    if (e == ERR_TOGETHER)
        return wait_for_grant(r, &c.client, answer);
    return e == OK ? reply(r, c.client.id, c.client.jose.introspection, answer) : e;
}

static err_t tell(struct http_req *r, const char *alive)
{
    const struct inquiry *q = http_principal(r);
    json_t *answer = NULL;

    TRY(introspect_told(q->claims, alive, &answer));
    return reply(r, q->client_id, q->alg, answer);
}

/* One statement looks at all their grants, as they are now. */
void introspect_together(struct http_req *const *r, err_t *e, size_t n)
{
    const char *ids[HTTP_TOGETHER_MAX];
    char alive[HTTP_TOGETHER_MAX][CLIENT_ID_MAX + 1];

    for (size_t i = 0; i < n; i++)
        ids[i] = introspect_grant(((const struct inquiry *)http_principal(r[i]))->claims);
    err_t all = grants_alive(app_of(r[0])->db, ids, n, alive);
    for (size_t i = 0; i < n; i++)
        e[i] = all != OK ? all : tell(r[i], alive[i]);
}

err_t post_revoke(struct http_req *r)
{
    struct app *a = app_of(r);
    const struct token_conf conf = token_conf_of(a);
    struct caller c;
    const char *token;

    TRY(read_call(r, &c, &token));
    TRY(revoke(a->db, &conf, &c.client, token, http_request_id(r)));
    http_reply_no_store(r);
    http_reply_json(r, 200, json_object());
    return OK;
}

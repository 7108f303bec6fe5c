/*
 * What endpoints share about tokens: the configuration they are made with, and whose token a request brought.
 * Called by token.c, userinfo.c, bearer.c, logout.c, admin.c.
 */
#ifndef ANTIN_IDP_ENDPOINTS_TOKENS_H
#define ANTIN_IDP_ENDPOINTS_TOKENS_H

#include "common/http.h"
#include "idp/app.h"
#include "idp/rules/token.h"

struct token_conf token_conf_of(const struct app *a);

/* A request's access token, checked, with the grant that it names, alive. */
struct bearer {
    struct token_claims claims;
    struct grant grant;    /* a person's; without an id when a service speaks in its own name */
    struct client service; /* then that one, active */
};
/* ERR_TOKEN_MISSING, ERR_TOKEN, ERR_REQUEST (two tokens in one request, RFC 6750 §2). form: a field access_token is taken as well. */
err_t bearer_any(struct http_req *r, bool form, struct bearer *out) MUST_USE;
/* The same for what only a person can ask. ERR_TOKEN_SCOPE: a service's token. */
err_t bearer_of(struct http_req *r, bool form, struct bearer *out) MUST_USE;
/*
 * A person's token that nobody has to prove anything about: checked, its grant not looked at yet. ERR_WAITS: it is none of those, or it cannot
 * be checked here and now (http_may_wait); bearer_any is for all.
 */
err_t bearer_plain(struct http_req *r, bool form, struct token_claims *out) MUST_USE;

/* How the signing daemon knows a person; "" when there is none configured. */
err_t citizen_subject(const struct app *a, const char *account_id, char out[SUB_LEN + 1]) MUST_USE;

#endif

/*
 * The authorization endpoint.
 * GET and POST /authorize. RFC 6749 §3.1, §4.1.1; OpenID Connect Core §3.1.2; RFC 9700 §2.1.
 */
#include "common/clock.h"
#include "idp/endpoints/endpoints.h"
#include "idp/endpoints/flow.h"
#include "idp/rules/subject.h"
#include "idp/rules/token.h"
#include <string.h>

static const char *const known[] = {
    "response_type",
    "response_mode",
    "client_id",
    "redirect_uri",
    "scope",
    "state",
    "nonce",
    "prompt",
    "max_age",
    "login_hint",
    "id_token_hint",
    "ui_locales",
    "acr_values",
    "code_challenge",
    "code_challenge_method",
    "request",
    "request_uri",
    "registration",
    NULL,
};

/* The first of ui_locales that we speak, unless the person chose by hand (OpenID Connect Core §3.1.2.1). */
static const char *ui_lang(const struct http_req *r)
{
    const char *v = http_query(r, "ui_locales");

    if (!v || http_cookie(r, "lang"))
        return NULL;
    for (; *v; v += *v == ' ') {
        if (strncmp(v, "vi", 2) == 0 && strchr(" -", v[2]))
            return "vi";
        if (strncmp(v, "en", 2) == 0 && strchr(" -", v[2]))
            return "en";
        v += strcspn(v, " ");
    }
    return NULL;
}

/* id_token_hint: whoever is signed in must be the one whom the client means (OpenID Connect Core §3.1.2.2). */
static err_t check_hint(struct http_req *r, struct flow *f, const struct session **s)
{
    struct app *a = app_of(r);
    const char *hint = http_query(r, "id_token_hint");
    struct hint_claims h;
    char sub[SUB_LEN + 1];

    if (!hint || !*s)
        return OK;
    const struct token_conf conf = {.issuer = a->conf.issuer, .jwks = a->jwks};
    err_t e = token_hint(&conf, hint, &h);
    if (e != OK)
        return e == ERR_TOKEN ? ERR_REQUEST : e;
    subject_make(a->keys.pairwise, f->client.sector, (*s)->account_id, sub);
    if (strcmp(h.client_id, f->client.id) != 0 || strcmp(h.sub, sub) != 0)
        *s = NULL; /* as if nobody were signed in: prompt=none fails, otherwise the login page comes */
    return OK;
}

err_t get_authorize(struct http_req *r)
{
    struct app *a = app_of(r);
    struct flow f = {0};
    struct session session;
    const struct session *s = &session;
    const char *redirect_uri = http_query(r, "redirect_uri"), *state = http_query(r, "state");

    /* One of the doubled could be client or redirect URI: then nobody knows where an answer belongs. RFC 6749 §3.1 */
    if (http_dup_params(r))
        return ERR_REQUEST_DOUBLED;
    TRY(authz_client(a->db, http_query(r, "client_id"), redirect_uri, state, &f.client));
    const struct authz_in in = {
        .response_type = http_query(r, "response_type"),
        .response_mode = http_query(r, "response_mode"),
        .scope = http_query(r, "scope"),
        .state = state,
        .nonce = http_query(r, "nonce"),
        .prompt = http_query(r, "prompt"),
        .max_age = http_query(r, "max_age"),
        .login_hint = http_query(r, "login_hint"),
        .code_challenge = http_query(r, "code_challenge"),
        .code_challenge_method = http_query(r, "code_challenge_method"),
        .request = http_query(r, "request"),
        .request_uri = http_query(r, "request_uri"),
        .registration = http_query(r, "registration"),
    };
    err_t e = authz_read(&in, &f.client, redirect_uri, a->keys.seal, &f.request);
    if (e != OK)
        return flow_refuse(r, &f, e);
    f.request.created_at = clock_now();
    e = browser_session(r, &session);
    if (e == ERR_DB_NONE)
        s = NULL;
    else if (e != OK)
        return e;
    e = check_hint(r, &f, &s);
    if (e != OK)
        return flow_refuse(r, &f, e);
    const char *lang = ui_lang(r);
    if (lang)
        http_reply_cookie(r, "lang", lang, 0);
    return flow_go_on(r, &f, s);
}

/*
 * OpenID Connect asks for POST too. The browser leaves its cookies at home on a POST from another site (SameSite=Lax), so it is sent on
 * as a GET, with what we know of it and nothing else.
 */
err_t post_authorize(struct http_req *r)
{
    AUTO_BUF url = {0};

    if (http_dup_params(r))
        return ERR_REQUEST_DOUBLED;
    TRY(buf_add_str(&url, "/authorize"));
    for (size_t i = 0; known[i]; i++)
        TRY(url_add_param(&url, known[i], http_field(r, known[i])));
    http_reply_redirect(r, 303, buf_str(&url));
    return OK;
}

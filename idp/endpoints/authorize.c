/*
 * The authorization endpoint.
 * GET and POST /authorize. RFC 6749 §3.1, §4.1.1; OpenID Connect Core §3.1.2; RFC 9700 §2.1.
 */
#include "common/clock.h"
#include "idp/endpoints/endpoints.h"
#include "idp/endpoints/flow.h"
#include "idp/endpoints/request.h"
#include "idp/rules/subject.h"
#include "idp/rules/token.h"
#include <string.h>

/* The first of ui_locales that we speak, unless the person chose by hand (OpenID Connect Core §3.1.2.1). */
static const char *ui_lang(const struct http_req *r, const json_t *params)
{
    const char *v = authz_param(params, "ui_locales");

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
static err_t check_hint(struct http_req *r, const char *hint, struct flow *f, const struct session **s)
{
    struct app *a = app_of(r);
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
    AUTO(request_free) struct request q = {0};

    /* One of the doubled could be client or redirect URI: then nobody knows where an answer belongs. RFC 6749 §3.1 */
    if (http_dup_params(r))
        return ERR_REQUEST_DOUBLED;
    TRY(request_take(r, http_query, &q));
    err_t e = request_open(r, &q);
    if (e != OK)
        return request_refusal(r, NULL, e);
    const json_t *params = q.params;
    const char *redirect_uri = authz_param(params, "redirect_uri"), *state = authz_param(params, "state");
    e = authz_client(a->clients, authz_param(params, "client_id"), redirect_uri, state, &f.client);
    if (e != OK)
        return request_refusal(r, f.client.id[0] ? f.client.id : NULL, e);
    const struct authz_in in = request_in(a, &q);
    e = authz_read(&in, &f.client, redirect_uri, a->keys.seal, &f.request);
    if (e != OK)
        return flow_refuse(r, &f, request_refusal(r, f.client.id, e));
    f.request.created_at = clock_now();
    e = browser_session(r, &session);
    if (e == ERR_DB_NONE)
        s = NULL;
    else if (e != OK)
        return e;
    e = check_hint(r, authz_param(params, "id_token_hint"), &f, &s);
    if (e != OK)
        return flow_refuse(r, &f, e);
    const char *lang = ui_lang(r, params);
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
    for (size_t i = 0; authz_param_names[i]; i++)
        TRY(url_add_param(&url, authz_param_names[i], http_field(r, authz_param_names[i])));
    http_reply_redirect(r, 303, buf_str(&url));
    return OK;
}

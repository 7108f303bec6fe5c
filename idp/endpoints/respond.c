/*
 * Authorization responses: by redirect or by a form, plain or signed.
 * Called by flow.c. RFC 6749 §4.1.2, RFC 9207, Form Post Response Mode §2, JARM §2.3.
 */
#include "idp/endpoints/respond.h"
#include "idp/endpoints/page.h"
#include "idp/rules/clients.h"
#include "idp/rules/response.h"
#include <string.h>

/* SHA-256 of the one line of script in pages/form_post.html: the only one that any page of ours may run. */
#define SCRIPT_HASH "'sha256-ePniVEkSivX/c7XWBGafqh8tSpiRrKiqYeqbG7N1TOE='"

/* The only member is the JWT that says all (JARM §2.1); keyd adds iss, aud and exp. */
static err_t sign(const struct app *a, const struct auth_request *q, json_t **members)
{
    AUTO_BUF jwt = {0};
    struct client client;

    TRY(clients_get(a->clients, q->client_id, NULL, &client));
    TRY(key_sign_statement(a->keyd, KEY_AUTHZ_RESPONSE, client.jose.authorization, q->client_id, RESPONSE_LIFE, *members, &jwt));
    json_free(members);
    *members = json_pack("{s:s}", "response", buf_str(&jwt));
    return *members ? OK : ERR_NOMEM;
}

/* Scope of the page's form: the redirect URI's origin. */
static void allow_target(struct http_req *r, const char *uri)
{
    char origin[URI_MAX + 1];
    const char *host = strstr(uri, "://");
    size_t n = host ? (size_t)(host - uri) + 3 + strcspn(host + 3, "/?#") : 0;

    memcpy(origin, uri, n);
    origin[n] = '\0';
    if (n)
        http_reply_form_action(r, origin);
}

/* A page with a form that sends itself; without scripts the person presses its button. */
static err_t by_form(struct http_req *r, const struct auth_request *q, const json_t *members)
{
    AUTO_JSON v = page_values(r, "form_post.title", NULL);
    AUTO_JSON fields = json_array();
    json_t *o = (json_t *)members;

    for (void *i = json_object_iter(o); i; i = json_object_iter_next(o, i))
        if (json_array_append_new(fields, json_pack("{s:s, s:O}", "name", json_object_iter_key(i), "value", json_object_iter_value(i))) !=
            0)
            return ERR_NOMEM;
    if (!v || json_object_set(v, "fields", fields) != 0 || json_object_set_new(v, "uri", json_string(q->redirect_uri)) != 0)
        return ERR_NOMEM;
    allow_target(r, q->redirect_uri);
    http_reply_policy(r, "script-src", SCRIPT_HASH);
    return page_reply(r, 200, "form_post", take(&v));
}

err_t respond(struct http_req *r, const struct auth_request *q, const char *code, err_t why)
{
    struct app *a = app_of(r);
    const struct err_row *row = code ? NULL : err_info(why);
    AUTO_JSON members = NULL;
    AUTO_BUF url = {0};

    TRY(response_members(q, code, row ? row->code : NULL, row ? text_get(a->texts, LANG_EN, row->text) : NULL, &members));
    if (response_mode_signed(q->response_mode))
        TRY(sign(a, q, &members));
    else if (json_object_set_new(members, "iss", json_string(a->conf.issuer)) != 0) /* RFC 9207 */
        return ERR_NOMEM;
    http_reply_no_store(r);
    if (response_mode_posted(q->response_mode))
        return by_form(r, q, members);
    TRY(response_url(q->redirect_uri, members, &url));
    http_reply_redirect(r, 303, buf_str(&url)); /* 303: a POST of credentials is never repeated there (RFC 9700 §4.12) */
    return OK;
}

/*
 * GET /callback: the browser comes back from the identity provider, from a plain sign-in or with the approval of an activation.
 * Called through routes.c. OpenID Connect Core §3.1.2.5, RFC 9207.
 */
#include "common/clock.h"
#include "common/log.h"
#include "signer/endpoints/api.h"
#include "signer/endpoints/endpoints.h"
#include "signer/endpoints/page.h"
#include "signer/errors.h"
#include "signer/rules/activation.h"
#include <stdio.h>
#include <string.h>

/* A new session under a new cookie: nobody can have known it before (session fixation). */
static err_t sign_in(struct http_req *r, const struct oidc_back *back)
{
    struct app *a = signer_app(r);
    AUTO(websession_wipe) struct websession old, s = {.level = back->level, .auth_time = back->auth_time, .person = back->person};
    char token[WEBSESSION_TOKEN_LEN + 1];
    snprintf(s.subject, sizeof s.subject, "%s", back->subject);
    if (spage_session(r, &old) == OK && websession_close(a->db, &old) != OK)
        log_event(LOG_WARNING, "session", "an old session stays until it is idle for too long");
    TRY(websession_open(a->db, &s, a->conf.session_max, token));
    http_reply_cookie(r, COOKIE_SESSION, token, 0);
    secret_wipe(token, sizeof token);
    return OK;
}

/* The approval belongs to the session that asked for it, and to nobody else. */
static err_t approve(struct http_req *r, const struct oidc_back *back)
{
    AUTO(websession_wipe) struct websession s;
    err_t e = spage_session(r, &s);
    if (e != OK)
        return e == ERR_UNAUTHENTICATED ? ERR_LOGIN_STATE : e;
    if (strcmp(s.subject, back->subject) != 0)
        return ERR_NOT_OWNER;
    if (back->auth_time + SPAGE_RECENT_LOGIN + 60 < clock_now()) /* OpenID Connect Core §3.1.2.1: max_age was asked for, so it is checked */
        return ERR_LOGIN_TOKEN;
    return activation_confirm(signer_app(r), back->signing_session, &s, back->nonce, buf_bytes(&back->id_token));
}

err_t signer_callback(struct http_req *r)
{
    const struct oidc_conf conf = spage_oidc(signer_app(r));
    const struct oidc_params p = {
        .state = http_query(r, "state"),
        .code = http_query(r, "code"),
        .iss = http_query(r, "iss"),
        .error = http_query(r, "error"),
        .browser = http_cookie(r, COOKIE_LOGIN),
    };
    if (http_dup_params(r))
        return ERR_SYNTAX;
    AUTO(oidc_back_free) struct oidc_back back;
    TRY(oidc_finish(&conf, &p, &back));
    err_t e = back.signing_session[0] != '\0' ? approve(r, &back) : sign_in(r, &back);
    if (e != ERR_EXPIRED) /* an approval that came too late: the review page prepares anew */
        TRY(e);
    http_reply_no_store(r);
    http_reply_redirect(r, 303, spage_own_path(back.return_to, "/"));
    return OK;
}

/*
 * GET /, /login and POST /logout: the way into the signer's pages and out again.
 * Called through routes.c. A shared computer at a kiosk is signed out at the identity provider too (OpenID Connect RP-Initiated Logout 1.0).
 */
#include "common/form.h"
#include "signer/endpoints/api.h"
#include "signer/endpoints/endpoints.h"
#include "signer/endpoints/page.h"

err_t signer_home(struct http_req *r)
{
    return spage_reply(r, 200, "home", spage_values(r, "home.title", NULL));
}

err_t signer_login(struct http_req *r)
{
    const char *then = spage_own_path(http_query(r, "then"), "/credential");
    AUTO(websession_wipe) struct websession s;
    err_t e = spage_session(r, &s);
    if (e == ERR_UNAUTHENTICATED)
        return spage_login(r, then, NULL, NULL);
    TRY(e);
    http_reply_redirect(r, 303, then);
    return OK;
}

err_t signer_logout(struct http_req *r)
{
    struct app *a = signer_app(r);
    AUTO(websession_wipe) struct websession s;
    err_t e = spage_form_session(r, &s);
    if (e == OK)
        e = websession_close(a->db, &s);
    if (e != OK && e != ERR_UNAUTHENTICATED)
        return e;
    AUTO_BUF url = {0}, home = {0};
    TRY(buf_addf(&home, "%s/", a->conf.url));
    TRY(buf_addf(&url, "%s/logout", a->conf.issuer));
    TRY(url_add_param(&url, "client_id", a->conf.client_id));
    TRY(url_add_param(&url, "post_logout_redirect_uri", buf_str(&home)));
    http_reply_cookie(r, COOKIE_SESSION, "", -1);
    http_reply_redirect(r, 303, buf_str(&url));
    return OK;
}

/*
 * GET and POST /credential, POST /credential/pin: the citizen's signing key. Chosen and changed PINs, and the certificate.
 * Called through routes.c.
 */
#include "common/clock.h"
#include "common/x509.h"
#include "signer/endpoints/api.h"
#include "signer/endpoints/endpoints.h"
#include "signer/endpoints/page.h"
#include "signer/errors.h"
#include "signer/rules/credential.h"
#include <string.h>

/* --- the page --- */

static err_t add_certificate(json_t *v, const struct certificate *cert)
{
    AUTO_X509 x = NULL;
    AUTO_BUF name = {0}, issuer = {0};
    char serial[2 * X509_SERIAL_MAX + 1], from[CLOCK_LOCAL_CAP], until[CLOCK_LOCAL_CAP];
    TRY(x509_from_der(buf_bytes(&cert->der), &x));
    TRY(x509_name_attr(X509_get_subject_name(x), NID_commonName, &name));
    TRY(x509_name_attr(X509_get_issuer_name(x), NID_commonName, &issuer));
    TRY(x509_serial_hex(x, serial));
    clock_local(cert->not_before, from);
    clock_local(cert->not_after, until);
    json_object_set_new(v, "name", json_string(buf_str(&name)));
    json_object_set_new(v, "issuer", json_string(buf_str(&issuer)));
    json_object_set_new(v, "serial", json_string(serial));
    json_object_set_new(v, "from", json_string(from));
    json_object_set_new(v, "until", json_string(until));
    return OK;
}

/* error: what went wrong with the form, or OK; left: attempts after a wrong PIN. */
static err_t show(struct http_req *r, const struct websession *s, err_t error, int left)
{
    struct app *a = signer_app(r);
    AUTO(credential_view_free) struct credential_view view;
    err_t have = credential_view_of(a, s->subject, &view);
    if (have != OK && have != ERR_CREDENTIAL_NONE)
        return have;
    AUTO_JSON v = spage_values(r, "credential.title", s);
    if (v == NULL)
        return ERR_NOMEM;
    const char *then = spage_own_path(http_query(r, "then") != NULL ? http_query(r, "then") : http_field(r, "then"), NULL);
    if (then != NULL)
        json_object_set_new(v, "then", json_string(then));
    json_object_set_new(v, "done", json_boolean(http_query(r, "done") != NULL));
    json_object_set_new(v, "level_low", json_boolean(s->level < 2));
    json_object_set_new(v, "has", json_boolean(have == OK));
    err_t usable = have == OK ? credential_usable(a, &view) : OK;
    json_object_set_new(v, "locked", json_boolean(usable == ERR_CREDENTIAL_LOCKED));
    json_object_set_new(v, "expired", json_boolean(usable == ERR_CERTIFICATE_EXPIRED));
    json_object_set_new(v, "usable", json_boolean(have == OK && usable == OK));
    if (have == OK && view.cert.der.len > 0)
        TRY(add_certificate(v, &view.cert));
    if (error != OK && error != ERR_CREDENTIAL_LOCKED) {
        json_object_set_new(v, "error", json_string(spage_text(r, err_info(error)->text)));
        if (error == ERR_KEY_PIN)
            json_object_set_new(v, "left", json_integer(left));
        json_object_set_new(v, "wrong_old", json_boolean(error == ERR_KEY_PIN));
    }
    return spage_reply(r, error != OK ? err_info(error)->status : 200, "credential", take(&v));
}

/*
 * A session alone makes no signing key: it lives on when its account was locked and its certificate revoked because somebody else has the browser.
 * Who wants a key showed a moment ago who they are.
 */
static bool signed_in_long_ago(const struct websession *s)
{
    return s->auth_time + SPAGE_RECENT_LOGIN <= clock_now();
}

err_t signer_credential_page(struct http_req *r)
{
    AUTO(websession_wipe) struct websession s;
    err_t e = spage_session(r, &s);
    if (e == ERR_UNAUTHENTICATED)
        return spage_login(r, spage_own_path(http_target(r), "/credential"), NULL, NULL);
    TRY(e);
    AUTO(credential_view_free) struct credential_view view = {0};
    if (signed_in_long_ago(&s) && credential_view_of(signer_app(r), s.subject, &view) == ERR_CREDENTIAL_NONE)
        return spage_login_again(r, spage_own_path(http_target(r), "/credential"));
    return show(r, &s, OK, 0);
}

/* --- the forms --- */

static bool forms_own(err_t e)
{
    return e == ERR_PIN_FORMAT || e == ERR_PIN_WEAK || e == ERR_PIN_DIFFERS || e == ERR_KEY_PIN || e == ERR_CREDENTIAL_LOCKED ||
           e == ERR_LEVEL;
}

static void go_on(struct http_req *r, const char *fallback)
{
    http_reply_no_store(r);
    http_reply_redirect(r, 303, spage_own_path(http_field(r, "then"), fallback));
}

err_t signer_credential_choose(struct http_req *r)
{
    AUTO(websession_wipe) struct websession s;
    err_t e = spage_form_session(r, &s);
    if (e == ERR_UNAUTHENTICATED)
        return spage_login(r, "/credential", NULL, NULL);
    TRY(e);
    if (signed_in_long_ago(&s))
        return spage_login_again(r, "/credential");
    e = pin_check(http_field(r, "pin"), http_field(r, "pin_again"));
    if (e == OK)
        e = credential_create(signer_app(r), &s, http_field(r, "pin"), http_request_id(r));
    if (forms_own(e))
        return show(r, &s, e, 0);
    if (e != ERR_CREDENTIAL_EXISTS) /* pressed twice: the first press made it */
        TRY(e);
    go_on(r, "/credential?done=1");
    return OK;
}

err_t signer_credential_change(struct http_req *r)
{
    AUTO(websession_wipe) struct websession s;
    err_t e = spage_form_session(r, &s);
    if (e == ERR_UNAUTHENTICATED)
        return spage_login(r, "/credential", NULL, NULL);
    TRY(e);
    int left = 0;
    const char *old = http_field(r, "old_pin");
    e = pin_check(http_field(r, "pin"), http_field(r, "pin_again"));
    if (e == OK && (old == NULL || strlen(old) < PIN_MIN || strlen(old) > PIN_MAX))
        e = ERR_PIN_FORMAT;
    if (e == OK)
        e = credential_change_pin(signer_app(r), &s, old, http_field(r, "pin"), http_request_id(r), &left);
    if (forms_own(e))
        return show(r, &s, e, left);
    TRY(e);
    go_on(r, "/credential?done=1");
    return OK;
}

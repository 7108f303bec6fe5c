/*
 * GET and POST /sign/{id}: a citizen reviews a dossier and signs it.
 * Called through routes.c. Without an approved activation the browser takes a turn to the identity provider first (rules/activation).
 */
#include "common/clock.h"
#include "signer/endpoints/api.h"
#include "signer/endpoints/endpoints.h"
#include "signer/endpoints/review.h"
#include "signer/errors.h"
#include "signer/rules/activation.h"
#include "signer/rules/signing.h"
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#define WAIT_US INT64_C(15000000) /* how long the second of two submissions waits for the result of the first */

static err_t prepare_and_ask(struct http_req *r, const struct websession *s, const struct dossier *d, const struct credential_view *view,
                             bool again)
{
    char id[UUID_LEN + 1], nonce[44];
    AUTO_BUF back = {0};
    TRY(activation_prepare(signer_app(r), d, s, view, id, nonce));
    TRY(buf_addf(&back, "/sign/%s%s", d->id, again ? "?again=1" : ""));
    return spage_login(r, buf_str(&back), id, nonce);
}

/* To the page where a signing key is chosen, and back here. */
static err_t choose_key_first(struct http_req *r, const struct dossier *d)
{
    AUTO_BUF url = {0};
    TRY(buf_addf(&url, "/credential?then=/sign/%s", d->id));
    http_reply_no_store(r);
    http_reply_redirect(r, 303, buf_str(&url));
    return OK;
}

/* The dossier waits for its signature: review it, or first whatever is missing. */
static err_t review(struct http_req *r, const struct websession *s, const struct dossier *d)
{
    struct app *a = signer_app(r);
    AUTO(credential_view_free) struct credential_view view;
    err_t e = credential_view_of(a, s->subject, &view);
    if (e == OK)
        e = credential_usable(a, &view);
    if (e == ERR_CREDENTIAL_NONE)
        return choose_key_first(r, d);
    if (e == ERR_CREDENTIAL_LOCKED || e == ERR_CREDENTIAL_REVOKED || e == ERR_CERTIFICATE_EXPIRED)
        return review_blocked(r, s, d, e);
    TRY(e);
    AUTO_ACTIVATION act = NULL;
    e = activation_load(a, d->id, s, view.c.id, false, &act);
    if (e == ERR_EXPIRED)
        return prepare_and_ask(r, s, d, &view, false);
    TRY(e);
    return review_page(r, s, d, &view, OK, 0);
}

static err_t by_state(struct http_req *r, const struct websession *s, const struct dossier *d)
{
    switch (d->state) {
    case DOSSIER_DRAFT: return review_blocked(r, s, d, ERR_DOSSIER_STATE);
    case DOSSIER_AWAITING: return review(r, s, d);
    case DOSSIER_SIGNING: return review_waiting(r, s, d);
    case DOSSIER_SEALED: return review_result(r, s, d);
    }
    return ERR_INTERNAL;
}

err_t signer_review(struct http_req *r)
{
    AUTO(websession_wipe) struct websession s;
    struct dossier d;
    err_t e = spage_session(r, &s);
    if (e == ERR_UNAUTHENTICATED)
        return spage_login(r, spage_own_path(http_target(r), "/"), NULL, NULL);
    TRY(e);
    TRY(review_dossier(r, &s, &d));
    return by_state(r, &s, &d);
}

/* --- signing --- */

static void see(struct http_req *r, const char *id)
{
    AUTO_BUF url = {0};
    if (buf_addf(&url, "/sign/%s", id) == OK)
        http_reply_redirect(r, 303, buf_str(&url));
    http_reply_no_store(r);
}

static atomic_long waiting;

/* Somebody else signs it at this moment: wait for what comes of it, then look again. */
static err_t wait_here(struct http_req *r, const struct websession *s, struct dossier *d)
{
    for (int64_t until = clock_mono_us() + WAIT_US; clock_mono_us() < until;) {
        TRY(review_dossier(r, s, d));
        if (d->state != DOSSIER_SIGNING)
            break;
        nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
    }
    see(r, d->id);
    return OK;
}

/* Half of the workers may wait at most; others get the page that reloads itself. */
static err_t wait_and_see(struct http_req *r, const struct websession *s, struct dossier *d)
{
    err_t e = OK;
    if (atomic_fetch_add(&waiting, 1) < (signer_app(r)->conf.workers + 1) / 2)
        e = wait_here(r, s, d);
    else
        see(r, d->id);
    atomic_fetch_sub(&waiting, 1);
    return e;
}

/* The form was filled in well enough to try. */
static bool pin_filled(const char *pin)
{
    size_t n = pin != NULL ? strlen(pin) : 0;
    return n >= PIN_MIN && n <= PIN_MAX && strspn(pin, "0123456789") == n;
}

static err_t show_failure(struct http_req *r, const struct websession *s, const struct dossier *d, err_t why, int left)
{
    struct app *a = signer_app(r);
    AUTO(credential_view_free) struct credential_view view;
    TRY(credential_view_of(a, s->subject, &view));
    if (why == ERR_EXPIRED)
        return prepare_and_ask(r, s, d, &view, true);
    return review_page(r, s, d, &view, why, left);
}

static err_t sign(struct http_req *r, const struct websession *s, struct dossier *d)
{
    int left = 0;
    const struct signing_request q = {.session = s, .dossier = d->id, .pin = http_field(r, "pin"), .request_id = http_request_id(r)};
    if (!pin_filled(q.pin))
        return show_failure(r, s, d, ERR_PIN_FORMAT, 0);
    err_t e = signing_run(signer_app(r), &q, &left);
    switch (e) {
    case OK: see(r, d->id); return OK;
    case ERR_SIGNING_BUSY:
    case ERR_SIGNING_LOST: return wait_and_see(r, s, d);
    case ERR_KEY_PIN:
    case ERR_EXPIRED: return show_failure(r, s, d, e, left);
    case ERR_CREDENTIAL_NONE: return choose_key_first(r, d);
    case ERR_CREDENTIAL_LOCKED:
    case ERR_CREDENTIAL_REVOKED:
    case ERR_CERTIFICATE_EXPIRED: return review_blocked(r, s, d, e);
    default: return e;
    }
}

err_t signer_sign(struct http_req *r)
{
    AUTO(websession_wipe) struct websession s;
    struct dossier d;
    err_t e = spage_form_session(r, &s);
    if (e == ERR_UNAUTHENTICATED) { /* signed out meanwhile: sign in, look again */
        AUTO_BUF back = {0};
        TRY(buf_addf(&back, "/sign/%s", http_path(r, "id")));
        return spage_login(r, spage_own_path(buf_str(&back), "/"), NULL, NULL);
    }
    TRY(e);
    TRY(review_dossier(r, &s, &d));
    if (d.state == DOSSIER_AWAITING)
        return sign(r, &s, &d);
    if (d.state == DOSSIER_SIGNING)
        return wait_and_see(r, &s, &d);
    see(r, d.id);
    return OK;
}

/*
 * The device flow: the device begins it, a person types its code here.
 * POST /device_authorization, GET and POST /device, GET /device/done. RFC 8628 §3.1–§3.3.
 */
#include "idp/rules/device.h"
#include "common/clock.h"
#include "idp/endpoints/caller.h"
#include "idp/endpoints/endpoints.h"
#include "idp/endpoints/flow.h"
#include "idp/rules/audit_bound.h"
#include "idp/rules/clients.h"
#include "idp/rules/scope.h"
#include <stdio.h>
#include <string.h>

/* Each begun one is a row. A public client's network is counted by itself first: one of them cannot use up what all share. */
static err_t within_limits(struct http_req *r, const struct client *c)
{
    const struct app *a = app_of(r);
    const struct idp_conf *conf = &a->conf;
    int64_t wait = 0;

    TRY(caller_rate(r, c, "device-address", conf->device_address));
    err_t e = rate_try(a->db, a->keys.throttle, "device-client", c->id, conf->device_client, conf->throttle_window, &wait);
    page_retry_after(r, wait);
    return e;
}

err_t post_device_authorization(struct http_req *r)
{
    struct app *a = app_of(r);
    struct caller c;
    struct device_codes codes;

    TRY(caller_of(r, &c));
    if (!scope_has(c.client.grants, "urn:ietf:params:oauth:grant-type:device_code"))
        return ERR_CLIENT_FORBIDDEN;
    TRY(within_limits(r, &c.client));
    const struct device_ask ask = {
        .scope = http_field(r, "scope"),
        .details = http_field(r, "authorization_details"),
        .resources = {.issuer = a->conf.issuer, .signer = a->conf.signer_resource, .signer_scopes = a->conf.signer_scopes},
        .life = a->conf.device_life,
        .request_id = http_request_id(r),
    };
    TRY(device_begin(a->db, &a->keys, &c.client, &ask, &codes));
    json_t *j = json_pack("{s:s, s:s, s:o, s:o, s:I, s:i}", "device_code", codes.device, "user_code", codes.user, "verification_uri",
                          json_sprintf("%s/device", a->conf.issuer), "verification_uri_complete",
                          json_sprintf("%s/device?user_code=%s", a->conf.issuer, codes.user), "expires_in", (json_int_t)a->conf.device_life,
                          "interval", DEVICE_PAUSE);
    http_reply_no_store(r);
    http_reply_json(r, 200, j);
    return j ? OK : ERR_NOMEM;
}

static err_t show(struct http_req *r, const char *code, err_t fault, int64_t wait)
{
    AUTO_JSON v = page_values(r, "device.title", "/device");

    TRY(browser_form(r, v, "device", NULL, false));
    json_object_set_new(v, "code", json_string(code ? code : ""));
    json_object_set_new(v, "error", fault == OK ? json_null() : json_string(page_text(r, err_info(fault)->text)));
    json_object_set_new(v, "wait_minutes", wait > 0 ? json_integer((wait + 59) / 60) : json_null());
    return page_reply(r, fault == OK ? 200 : err_info(fault)->status, "device", take(&v));
}

/* The code may come with the address (a QR code on the kiosk's screen); it still takes a press of the button (§5.4). */
err_t get_device(struct http_req *r)
{
    const char *code = http_query(r, "user_code");

    return show(r, code && strlen(code) <= 2 * USER_CODE_CHARS ? code : NULL, OK, 0);
}

/* From here on it is like any other authorization request, except that no browser is sent anywhere. */
static err_t go_on(struct http_req *r, const struct device_waiting *d)
{
    struct flow f = {0};
    struct session s;

    TRY(clients_get(app_of(r)->clients, d->client_id, NULL, &f.client));
    if (!f.client.active)
        return ERR_USER_CODE;
    f.request.is_device = true;
    f.request.max_age = -1;
    f.request.created_at = clock_now();
    memcpy(f.request.device_hash, d->device_hash, TIMED_KEY_LEN);
    snprintf(f.request.client_id, sizeof f.request.client_id, "%s", d->client_id);
    snprintf(f.request.scope, sizeof f.request.scope, "%s", d->scope);
    memcpy(f.request.terms, d->terms, d->terms_len);
    f.request.terms_len = d->terms_len;
    f.request.has_details = d->terms_len > 0; /* a device asks for nothing else beyond scopes */
    err_t e = browser_session(r, &s);
    return e == OK || e == ERR_DB_NONE ? flow_go_on(r, &f, e == OK ? &s : NULL) : e;
}

err_t post_device(struct http_req *r)
{
    struct app *a = app_of(r);
    const struct throttle_conf limits = {a->conf.throttle_account, a->conf.throttle_address, a->conf.throttle_window};
    const char *code = http_field(r, "user_code");
    char address[NETWORK_CAP];
    struct device_waiting d;
    int64_t wait = 0;

    TRY(browser_guard(r, "device", NULL, false));
    err_t e = device_lookup(a->db, &a->keys, &limits, code, browser_address(r, address), &d, &wait);
    if (e == OK)
        e = go_on(r, &d);
    page_retry_after(r, wait);
    if (e != ERR_USER_CODE && e != ERR_THROTTLED)
        return e;
    const struct audit row = {.event = e == ERR_USER_CODE ? "device.code_refused" : "device.throttled", .request_id = http_request_id(r)};
    e = audit_refusal(a->db, &row, e);
    return show(r, code && strlen(code) <= 2 * USER_CODE_CHARS ? code : NULL, e, wait);
}

err_t get_device_done(struct http_req *r)
{
    const char *how = http_query(r, "how");
    json_t *v = page_values(r, "device_done.title", NULL);

    if (v)
        json_object_set_new(v, "refused", json_boolean(how && strcmp(how, "refused") == 0));
    return page_reply(r, 200, "device_done", v);
}

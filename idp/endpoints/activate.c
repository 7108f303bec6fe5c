/*
 * A citizen turns the code from the counter into a password of their own.
 * GET and POST /activate.
 */
#include "idp/endpoints/endpoints.h"
#include "idp/endpoints/login.h"
#include "idp/rules/activation.h"

/* Which field a failure belongs to, so that the page can say it there. */
static const struct {
    err_t e;
    const char *field;
} blame[] = {
    {ERR_ACTIVATION, "error_code"},        {ERR_PASSWORD_SHORT, "error_password"}, {ERR_PASSWORD_LONG, "error_password"},
    {ERR_PASSWORD_WEAK, "error_password"}, {ERR_PASSWORD_TWICE, "error_again"},    {ERR_THROTTLED, "error"},
};

static const char *field_of(err_t e)
{
    for (size_t i = 0; i < sizeof blame / sizeof *blame; i++)
        if (blame[i].e == e)
            return blame[i].field;
    return NULL;
}

/* The pending request that led here (prompt=create, Initiating User Registration §4), to go on with after; NULL: none. */
static const char *pending(const struct http_req *r)
{
    const char *name = http_field(r, "request") ? http_field(r, "request") : http_query(r, "request");
    uint8_t hash[TIMED_KEY_LEN];

    return timed_key(name, hash) ? name : NULL;
}

static void add_pending(const struct http_req *r, json_t *v)
{
    json_object_set_new(v, "request", pending(r) ? json_string(pending(r)) : json_null());
}

static err_t show(struct http_req *r, const struct activation_in *in, err_t fault, int64_t wait)
{
    const char *field = field_of(fault);
    AUTO_JSON v = page_values(r, "activate.title", in ? "/activate" : NULL);

    TRY(browser_form(r, v, "activate", NULL, false));
    add_pending(r, v);
    json_object_set_new(v, "number", json_string(in ? in->number : ""));
    json_object_set_new(v, "code", json_string(in ? in->code : ""));
    json_object_set_new(v, "wait_minutes", wait > 0 ? json_integer((wait + 59) / 60) : json_null());
    if (field) {
        json_object_set_new(v, field, json_string(page_text(r, err_info(fault)->text)));
        json_object_set_new(v, "any_error", json_true());
    }
    return page_reply(r, fault == OK ? 200 : err_info(fault)->status, "activate", take(&v));
}

err_t get_activate(struct http_req *r)
{
    return show(r, NULL, OK, 0);
}

static const char *field(const struct http_req *r, const char *name)
{
    const char *v = http_field(r, name);

    return v ? v : "";
}

err_t post_activate(struct http_req *r)
{
    char address[NETWORK_CAP];
    int64_t wait = 0;
    const struct login_deps d = login_deps(r);
    const struct activation_in in = {
        .number = field(r, "number"),
        .code = field(r, "activation_code"),
        .password = field(r, "new_password"),
        .again = field(r, "new_password_again"),
        .address = browser_address(r, address),
        .request_id = http_request_id(r),
    };

    TRY(browser_guard(r, "activate", NULL, false));
    err_t e = activation_do(&d, &in, &wait);
    if (e == OK) {
        json_t *v = page_values(r, "activated.title", "/activate");
        add_pending(r, v);
        return page_reply(r, 200, "activated", v);
    }
    page_retry_after(r, wait);
    return field_of(e) ? show(r, &in, e, wait) : e;
}

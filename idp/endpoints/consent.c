/*
 * The consent page: what is shared with whom, in plain words.
 * GET and POST /consent. OpenID Connect Core §3.1.2.4.
 */
#include "idp/endpoints/agree.h"
#include "idp/endpoints/endpoints.h"
#include "idp/endpoints/flow.h"
#include "idp/rules/person.h"
#include "idp/store/client_record.h"
#include <string.h>

/* The session must be good for this very request; otherwise the way leads (back) to the sign-in page. */
static err_t load(struct http_req *r, const char *name, struct flow *f, struct session *s, bool *signed_in)
{
    TRY(flow_load(r, name, f));
    err_t e = browser_session(r, s);
    *signed_in = e == OK;
    return e == ERR_DB_NONE ? OK : e;
}

/* What the client says about its use of data, and its terms (OpenID Connect Dynamic Client Registration §2). */
static err_t add_links(const struct app *a, const char *client_id, json_t *v)
{
    AUTO_CLIENT c = {0};

    err_t e = client_record_get(a->db, client_id, &c);
    if (e != OK)
        return e == ERR_DB_NONE ? ERR_CLIENT_UNKNOWN : e;
    if (c.policy_uri)
        json_object_set_new(v, "policy_uri", json_string(c.policy_uri));
    if (c.tos_uri)
        json_object_set_new(v, "tos_uri", json_string(c.tos_uri));
    return OK;
}

static err_t show(struct http_req *r, struct flow *f, const struct session *s)
{
    struct app *a = app_of(r);
    AUTO_BUF self = {0};
    AUTO_JSON person = NULL;
    const struct agree_what asked = {f->request.client_id, f->request.scope, f->request.claims,
                                     BYTES(f->request.terms, f->request.terms_len)};

    TRY(person_open(a->keyd, a->db, s->account_id, &person));
    TRY(buf_addf(&self, "/consent?request=%s", f->name));
    AUTO_JSON v = page_values(r, f->request.has_details ? "consent.act" : "consent.title", buf_str(&self));
    TRY(browser_form(r, v, "consent", f->name, true));
    TRY(agree_words(r, &asked, v));
    json_object_set_new(v, "request", json_string(f->name));
    json_object_set_new(v, "client", json_string(client_name(&f->client, http_lang(r))));
    json_object_set_new(v, "sector", json_string(f->client.sector));
    json_object_set_new(v, "once", json_boolean(f->request.has_details));
    json_object_set_new(v, "device", json_boolean(f->request.is_device));
    json_object_set(v, "person", json_object_get(person, "name"));
    TRY(add_links(a, f->client.id, v));
    flow_allow_redirect(r, f);
    return page_reply(r, 200, "consent", take(&v));
}

err_t get_consent(struct http_req *r)
{
    struct flow f;
    struct session s;
    bool signed_in;

    TRY(load(r, http_query(r, "request"), &f, &s, &signed_in));
    return signed_in ? show(r, &f, &s) : flow_go_on(r, &f, NULL);
}

err_t post_consent(struct http_req *r)
{
    const char *name = http_field(r, "request"), *decision = http_field(r, "decision");
    struct flow f;
    struct session s;
    bool signed_in;

    TRY(browser_guard(r, "consent", name, true));
    TRY(load(r, name, &f, &s, &signed_in));
    if (!signed_in) /* the session ended while the page was open: sign in again, the request waits */
        return flow_go_on(r, &f, NULL);
    if (decision && strcmp(decision, "allow") == 0) {
        f.consent_given = true;
        return flow_go_on(r, &f, &s);
    }
    err_t e = auth_request_deny(app_of(r)->db, f.request.id_hash, s.account_id, http_request_id(r));
    if (e != OK)
        return e == ERR_DB_NONE ? ERR_REQUEST_GONE : e;
    return flow_refuse(r, &f, ERR_ACCESS_DENIED);
}

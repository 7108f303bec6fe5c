/*
 * What waits for a person's answer: who asks, what was said on the telephone, what for.
 * GET and POST /requests. CIBA Core 1.0 §8; WCAG 2.2.
 */
#include "common/clock.h"
#include "idp/endpoints/agree.h"
#include "idp/endpoints/endpoints.h"
#include "idp/endpoints/own.h"
#include "idp/rules/acr.h"
#include "idp/rules/backchannel.h"
#include "idp/rules/notify.h"
#include "idp/rules/refresh.h"
#include <stdlib.h>
#include <string.h>

#define HANDLE_CHARS B64URL_LEN(TIMED_KEY_LEN)

/* The row's name on the page: the hash of auth_req_id. Whoever knows it has no auth_req_id, and it is looked for among this person's rows alone. */
static void handle_of(const struct backchannel_waiting *w, char out[HANDLE_CHARS + 1])
{
    b64url_encode(BYTES(w->hash, TIMED_KEY_LEN), out);
}

static err_t describe(struct http_req *r, const struct backchannel_waiting *w, json_t *v)
{
    char handle[HANDLE_CHARS + 1], message[MESSAGE_BYTES + 1], when[CLOCK_LOCAL_CAP];
    const struct agree_what asked = {w->client_id, w->scope, "", BYTES(w->terms, w->terms_len)};

    handle_of(w, handle);
    TRY(browser_form(r, v, "requests", handle, true));
    TRY(backchannel_message(&app_of(r)->keys, w, message));
    TRY(agree_words(r, &asked, v));
    clock_local(w->created_at, when);
    when[strcspn(when, " ")] = '\0'; /* the hour is enough: it lives for minutes */
    json_object_set_new(v, "request", json_string(handle));
    json_object_set_new(v, "client", json_string(w->client));
    json_object_set_new(v, "sector", json_string(w->sector));
    json_object_set_new(v, "message", message[0] ? json_string(message) : json_null());
    json_object_set_new(v, "when", json_string(when));
    json_object_set_new(v, "minutes_left", json_integer((w->expires_at - clock_now() + 59) / 60));
    return OK;
}

static err_t add_waiting(struct http_req *r, const struct session *s, json_t *v)
{
    struct backchannel_waiting *list = calloc(BACKCHANNEL_LIST, sizeof *list);
    AUTO_JSON out = json_array();
    size_t n = 0;
    err_t e = list && out ? backchannel_list(app_of(r)->db, s->account_id, list, &n) : ERR_NOMEM;

    for (size_t i = 0; e == OK && i < n; i++) {
        AUTO_JSON one = json_pack("{s:i}", "n", (int)i + 1);
        e = one ? describe(r, &list[i], one) : ERR_NOMEM;
        if (e == OK && json_array_append(out, one) != 0)
            e = ERR_NOMEM;
    }
    free(list);
    TRY(e);
    json_object_set_new(v, "any", json_boolean(n > 0));
    return json_object_set(v, "requests", out) == 0 ? OK : ERR_NOMEM;
}

/* What became of the last one: the page's own words, chosen by a known word of the address. */
static void add_outcome(const struct http_req *r, json_t *v)
{
    static const char *const outcomes[] = {"allowed", "refused", "gone"};
    const char *done = http_query(r, "done");

    for (size_t i = 0; done && i < sizeof outcomes / sizeof *outcomes; i++)
        json_object_set_new(v, outcomes[i], json_boolean(strcmp(done, outcomes[i]) == 0));
}

err_t get_requests(struct http_req *r)
{
    struct session s;
    bool sent;

    TRY(own_session(r, "requests", app_of(r)->conf.ciba_max_age, &s, &sent));
    if (sent)
        return OK;
    AUTO_JSON v = page_values(r, "requests.title", NULL);
    TRY(v ? add_waiting(r, &s, v) : ERR_NOMEM);
    add_outcome(r, v);
    return page_reply(r, 200, "requests", take(&v));
}

static err_t allow(struct http_req *r, const struct session *s, const struct backchannel_waiting *w)
{
    struct app *a = app_of(r);
    struct client c;

    TRY(clients_get(a->clients, w->client_id, NULL, &c));
    if (!c.active)
        return ERR_REQUEST_GONE;
    const struct device_agreed d = {
        .hash = w->hash,
        .client = &c,
        .session = s,
        .grant_life = a->conf.ciba_life + (refresh_due(&c, w->scope) ? a->conf.refresh_life : a->conf.token_life),
        .request_id = http_request_id(r),
        .acr = acr_met(w->acr_values, s->level, s->amr),
    };
    return device_agree(a->db, &a->keys, &d);
}

static err_t answer(struct http_req *r, const struct session *s, const char *handle, bool agreed)
{
    struct app *a = app_of(r);
    struct backchannel_waiting w;
    uint8_t hash[TIMED_KEY_LEN];
    size_t n = 0;

    if (!handle || b64url_decode(bytes_str(handle), hash, sizeof hash, &n) != OK || n != sizeof hash)
        return ERR_REQUEST_GONE;
    err_t e = backchannel_get(a->db, hash, s->account_id, &w);
    if (e == OK)
        e = agreed ? allow(r, s, &w) : backchannel_refuse(a->db, hash, s->account_id, http_request_id(r));
    return e == ERR_DB_NONE ? ERR_REQUEST_GONE : e;
}

/* Somebody else's, answered, expired, never there: one answer for all. */
err_t post_requests(struct http_req *r)
{
    const char *handle = http_field(r, "request"), *decision = http_field(r, "decision");
    bool sent, agreed = decision && strcmp(decision, "allow") == 0;
    struct session s;

    TRY(browser_guard(r, "requests", handle, true));
    TRY(own_session(r, "requests", app_of(r)->conf.ciba_max_age, &s, &sent));
    if (sent)
        return OK;
    err_t e = answer(r, &s, handle, agreed);
    if (e != OK && e != ERR_REQUEST_GONE)
        return e;
    notifier_wake(app_of(r)->pinger);
    http_reply_no_store(r);
    http_reply_redirect(r, 303, e != OK ? "/requests?done=gone" : agreed ? "/requests?done=allowed" : "/requests?done=refused");
    return OK;
}

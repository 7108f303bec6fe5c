/*
 * A person's own page: where they are signed in, who got their data, what happened at their door; and ending each.
 * GET and POST /account. OWASP ASVS V3.3; WCAG 2.2.
 */
#include "common/clock.h"
#include "idp/endpoints/agree.h"
#include "idp/endpoints/endpoints.h"
#include "idp/endpoints/own.h"
#include "idp/rules/clients.h"
#include "idp/rules/notify.h"
#include "idp/rules/overview.h"
#include "idp/rules/upstream.h"
#include "idp/rules/person.h"
#include <stdio.h>
#include <string.h>

#define FORM "account"

static const char *text_of(const json_t *row, const char *name)
{
    const char *v = json_string_value(json_object_get(row, name));

    return v ? v : "";
}

/* "15:04 24/11/2026": seconds and time zone help nobody here. */
static json_t *when(const json_t *row, const char *name)
{
    char local[CLOCK_LOCAL_CAP];
    int64_t t;

    if (clock_parse_rfc3339(text_of(row, name), &t) != OK)
        return json_null();
    clock_local(t, local);
    return json_sprintf("%.5s %.10s", local, local + 9);
}

static json_t *known(const struct http_req *r, const char *words, const char *otherwise)
{
    return json_string(*words ? words : page_text(r, otherwise));
}

/* The provider that vouched for the person, as its button says; NULL: nobody but the person, or one that is no longer configured. */
static const char *place(const struct http_req *r, const char *upstream)
{
    const struct upstream *u = upstreams_find(app_of(r)->upstreams, upstream);

    return u ? (http_lang(r) == LANG_VI ? upstream_conf_of(u)->label_vi : upstream_conf_of(u)->label_en) : NULL;
}

static err_t add_sessions(struct http_req *r, const struct session *s, json_t *v)
{
    AUTO_JSON rows = NULL;
    AUTO_JSON out = json_array();

    TRY(overview_sessions(app_of(r)->db, s->account_id, app_of(r)->conf.session_idle, &rows));
    for (size_t i = 0; out && i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        const char *sid = text_of(row, "sid"), *client = text_of(row, "client_name");
        json_t *one =
            json_pack("{s:i, s:s, s:b, s:o, s:s*, s:s*, s:o, s:o}", "n", (int)i + 1, "sid", sid, "current", strcmp(sid, s->sid) == 0,
                      "browser", known(r, text_of(row, "browser"), "account.browser_unknown"), "client", *client ? client : NULL, "place",
                      place(r, text_of(row, "upstream")), "since", when(row, "auth_time"), "seen", when(row, "seen_at"));
        if (json_array_append_new(out, one) != 0)
            return ERR_NOMEM;
    }
    json_object_set_new(v, "others", json_boolean(json_array_size(out) > 1));
    return out && json_object_set(v, "sessions", out) == 0 ? OK : ERR_NOMEM;
}

static err_t describe_consent(struct http_req *r, const json_t *row, size_t n, json_t *one)
{
    struct client c;
    AUTO_BUF claims = {0};
    const json_t *names = json_object_get(row, "claims");

    for (size_t i = 0; i < json_array_size(names); i++)
        TRY(buf_addf(&claims, "%s%s", i ? " " : "", json_string_value(json_array_get(names, i))));
    const struct agree_what agreed = {text_of(row, "client_id"), text_of(row, "scope"), claims.len ? buf_str(&claims) : "", BYTES(NULL, 0)};
    TRY(agree_words(r, &agreed, one));
    bool there = clients_get(app_of(r)->clients, agreed.client_id, NULL, &c) == OK;
    json_object_set_new(one, "n", json_integer((json_int_t)n));
    json_object_set_new(one, "client_id", json_string(agreed.client_id));
    json_object_set_new(one, "client", json_string(there ? client_name(&c, http_lang(r)) : text_of(row, "client_name")));
    json_object_set_new(one, "sector", json_string(text_of(row, "sector")));
    json_object_set_new(one, "given", when(row, "given_at"));
    json_object_set_new(one, "until", when(row, "expires_at"));
    return OK;
}

static err_t add_consents(struct http_req *r, const struct session *s, json_t *v)
{
    AUTO_JSON rows = NULL;
    AUTO_JSON out = json_array();

    TRY(overview_consents(app_of(r)->db, s->account_id, &rows));
    for (size_t i = 0; out && i < json_array_size(rows); i++) {
        AUTO_JSON one = json_object();
        TRY(one ? describe_consent(r, json_array_get(rows, i), i + 1, one) : ERR_NOMEM);
        if (json_array_append(out, one) != 0)
            return ERR_NOMEM;
    }
    json_object_set_new(v, "any_consent", json_boolean(json_array_size(out) > 0));
    return out && json_object_set(v, "consents", out) == 0 ? OK : ERR_NOMEM;
}

/* Events as people call them; bad: somebody was kept out. */
static const struct {
    const char *event, *words;
    bool bad;
} doors[] = {
    {"login.ok", "account.door.ok", false},
    {"login.failed", "account.door.failed", true},
    {"login.throttled", "account.door.throttled", true},
    {"login.locked", "account.door.locked_out", true},
    {"activation.renewed", "account.door.code", false},
    {"activation.used", "account.door.password", false},
    {"password.set", "account.door.password", false},
    {"account.locked", "account.door.locked", true},
    {"account.unlocked", "account.door.unlocked", false},
};

static json_t *door(const struct http_req *r, const json_t *row)
{
    const char *event = text_of(row, "event"), *client = text_of(row, "client_name");
    bool signing_in = strncmp(event, "login.", 6) == 0;

    for (size_t i = 0; i < sizeof doors / sizeof *doors; i++)
        if (strcmp(doors[i].event, event) == 0)
            return json_pack("{s:s, s:b, s:o, s:o*, s:s*}", "words", page_text(r, doors[i].words), "bad", doors[i].bad, "at",
                             when(row, "at"), "browser", signing_in ? known(r, text_of(row, "detail"), "account.browser_unknown") : NULL,
                             "client", *client ? client : NULL);
    return NULL;
}

static err_t add_door(struct http_req *r, const struct session *s, json_t *v)
{
    AUTO_JSON rows = NULL;
    AUTO_JSON out = json_array();

    TRY(overview_door(app_of(r)->db, s->account_id, &rows));
    for (size_t i = 0; out && i < json_array_size(rows); i++)
        if (json_array_append_new(out, door(r, json_array_get(rows, i))) != 0)
            return ERR_NOMEM;
    return out && json_object_set(v, "door", out) == 0 ? OK : ERR_NOMEM;
}

/* What became of the last press of a button: the page's own words, chosen by a known word of the address. */
static void add_outcome(const struct http_req *r, json_t *v)
{
    static const char *const outcomes[][2] = {
        {"ended", "account.ended"}, {"others", "account.others_ended"}, {"removed", "account.removed"}, {"gone", "account.gone"}};
    const char *done = http_query(r, "done");

    for (size_t i = 0; done && i < sizeof outcomes / sizeof *outcomes; i++)
        if (strcmp(done, outcomes[i][0]) == 0)
            json_object_set_new(v, "done", json_string(page_text(r, outcomes[i][1])));
}

err_t get_account(struct http_req *r)
{
    struct app *a = app_of(r);
    struct session s;
    bool sent;
    AUTO_JSON person = NULL;

    TRY(own_session(r, "account", 0, &s, &sent));
    if (sent)
        return OK;
    TRY(person_open(a->keyd, a->db, s.account_id, &person));
    AUTO_JSON v = page_values(r, "account.title", "/account");
    TRY(browser_form(r, v, FORM, NULL, true));
    json_object_set(v, "person", json_object_get(person, "name"));
    if (s.account_level > 0)
        json_object_set_new(v, "level", json_string(page_text(r, s.account_level > 1 ? "account.level2" : "account.level1")));
    add_outcome(r, v);
    TRY(add_sessions(r, &s, v));
    TRY(add_consents(r, &s, v));
    TRY(add_door(r, &s, v));
    return page_reply(r, 200, "account", take(&v));
}

/* --- what the buttons do: each to this very account alone, whatever the form says --- */

static err_t end_session(struct http_req *r, const struct session *s, const struct actor *self)
{
    const char *sid = http_field(r, "sid");

    return uuid_ok(sid) ? overview_session_end(app_of(r)->db, sid, s->account_id, self) : ERR_DB_NONE;
}

static err_t end_others(struct http_req *r, const struct session *s, const struct actor *self)
{
    int64_t n;

    return overview_others_end(app_of(r)->db, s->account_id, s->sid, self, &n);
}

static err_t remove_consent(struct http_req *r, const struct session *s, const struct actor *self)
{
    const char *client = http_field(r, "client_id");

    return client && *client && strlen(client) <= CLIENT_ID_MAX ? overview_consent_remove(app_of(r)->db, s->account_id, client, self)
                                                                : ERR_DB_NONE;
}

static const struct {
    const char *name, *done;
    err_t (*run)(struct http_req *r, const struct session *s, const struct actor *self);
} buttons[] = {{"end_session", "ended", end_session}, {"end_others", "others", end_others}, {"remove_consent", "removed", remove_consent}};

err_t post_account(struct http_req *r)
{
    const char *act = http_field(r, "act"), *done = NULL;
    const struct actor self = {.request_id = http_request_id(r)};
    struct session s;
    bool sent;
    AUTO_BUF url = {0};

    TRY(browser_guard(r, FORM, NULL, true));
    TRY(own_session(r, "account", 0, &s, &sent));
    if (sent)
        return OK;
    for (size_t i = 0; act && i < sizeof buttons / sizeof *buttons; i++) {
        if (strcmp(act, buttons[i].name) != 0)
            continue;
        err_t e = buttons[i].run(r, &s, &self);
        if (e != OK && e != ERR_DB_NONE)
            return e;
        done = e == OK ? buttons[i].done : "gone";
        notifier_wake(app_of(r)->notifier);
    }
    if (!done)
        return ERR_REQUEST;
    TRY(buf_addf(&url, "/account?done=%s", done));
    http_reply_no_store(r);
    http_reply_redirect(r, 303, buf_str(&url));
    return OK;
}

/*
 * Questions to the audit log and their answers.
 * Called by endpoints/admin_audit.c and antin-idpctl. RFC 4180.
 */
#include "idp/rules/audit_search.h"
#include "common/clock.h"
#include "idp/store/client.h"
#include <string.h>

/* An answer's members, in the statement's order. */
static const char *const members[] = {"id",     "at",         "event",     "account_id",  "client_id",
                                      "detail", "by_account", "by_client", "by_operator", "request_id"};
#define MEMBERS (int)(sizeof members / sizeof *members)
#define AT_US MEMBERS

static bool event_ok(const char *s)
{
    size_t n = strlen(s);

    return n > 0 && n < 64 && strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789_.") == n;
}

static err_t read_event(const char *typed, struct audit_wish *out)
{
    size_t n = strlen(typed);

    if (n < 3 || n >= sizeof out->family || strcmp(typed + n - 2, ".*") != 0) {
        out->query.event = typed;
        return event_ok(typed) ? OK : ERR_SYNTAX;
    }
    memcpy(out->family, typed, n - 1); /* with its dot */
    out->family[n - 1] = '\0';
    out->query.family = out->family;
    return event_ok(out->family) ? OK : ERR_SYNTAX;
}

err_t audit_wish_read(const struct audit_words *in, int64_t limit, struct audit_wish *out, const char **fault)
{
    struct audit_query *q = &out->query;

    memset(out, 0, sizeof *out);
    *q = (struct audit_query){.account = in->account, .by = in->by, .client = in->client, .limit = limit};
    *fault = in->event && read_event(in->event, out) != OK                        ? "event"
             : in->account && !uuid_ok(in->account)                               ? "account"
             : in->by && !uuid_ok(in->by)                                         ? "by"
             : in->client && (!*in->client || strlen(in->client) > CLIENT_ID_MAX) ? "client"
             : in->from && clock_parse_rfc3339(in->from, &q->from) != OK          ? "from"
             : in->to && clock_parse_rfc3339(in->to, &q->to) != OK                ? "to"
             : in->after && cursor_read(in->after, &out->after) != OK             ? "after"
                                                                                  : NULL;
    q->after = in->after ? &out->after : NULL;
    return *fault ? ERR_SYNTAX : OK;
}

static json_t *event_of(const struct db_rows *r, int row)
{
    char when[CLOCK_RFC3339_LEN + 1];
    AUTO_JSON o = json_object();

    for (int i = 0; o && i < MEMBERS; i++) {
        const char *v = db_str(r, row, i);
        if (strcmp(members[i], "at") == 0) {
            clock_rfc3339(db_time(r, row, i), when);
            v = when;
        }
        if (!db_null(r, row, i) && json_object_set_new(o, members[i], json_string(v)) != 0)
            return NULL;
    }
    return take(&o);
}

err_t audit_search(struct db_pool *p, const struct audit_query *q, json_t **out, char next[CURSOR_CAP])
{
    AUTO_ROWS r = NULL;
    AUTO_JSON list = json_array();
    struct cursor last;

    next[0] = '\0';
    TRY(list ? audit_search_rows(p, q, &r) : ERR_NOMEM);
    int n = db_count(r);
    for (int i = 0; i < n; i++)
        if (json_array_append_new(list, event_of(r, i)) != 0)
            return ERR_NOMEM;
    if (n > 0 && n == q->limit) {
        TRY(store_text(r, n - 1, 0, last.id, sizeof last.id));
        last.us = db_int(r, n - 1, AT_US);
        cursor_write(&last, next);
    }
    *out = take(&list);
    return OK;
}

err_t audit_lines(const json_t *events, struct buf *out)
{
    for (size_t i = 0; i < json_array_size(events); i++) {
        TRY(json_text(json_array_get(events, i), out));
        TRY(buf_add_str(out, "\n"));
    }
    return OK;
}

/*
 * Quoted always, quotes doubled (RFC 4180 §2.7). A value that a spreadsheet would take for a formula gets an apostrophe in front: client ids and
 * words of ours never begin so, but this is the place that must not depend on it.
 */
static err_t add_cell(const char *v, const char *sep, struct buf *out)
{
    TRY(buf_add_str(out, sep));
    TRY(buf_add_str(out, *v && strchr("=+-@\t\r", *v) ? "\"'" : "\""));
    for (; *v; v++) {
        TRY(*v == '"' ? buf_add_str(out, "\"") : OK);
        TRY(buf_add(out, v, 1));
    }
    return buf_add_str(out, "\"");
}

err_t audit_csv(const json_t *events, struct buf *out)
{
    for (int m = 0; m < MEMBERS; m++)
        TRY(buf_addf(out, "%s%s", m ? "," : "", members[m]));
    TRY(buf_add_str(out, "\r\n"));
    for (size_t i = 0; i < json_array_size(events); i++) {
        for (int m = 0; m < MEMBERS; m++) {
            const char *v = json_string_value(json_object_get(json_array_get(events, i), members[m]));
            TRY(add_cell(v ? v : "", m ? "," : "", out));
        }
        TRY(buf_add_str(out, "\r\n"));
    }
    return OK;
}

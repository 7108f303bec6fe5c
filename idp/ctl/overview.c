/*
 * antin-idpctl account show|activity, session list|end, consent list|remove, grant list|revoke, audit search.
 * Called by ctl/main.c.
 */
#include "common/secret.h"
#include "idp/ctl/ctl.h"
#include "idp/rules/audit_search.h"
#include "idp/rules/overview.h"
#include "idp/store/account.h"
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The one account named by the one argument, and maybe one word more. */
static int find(struct ctl *c, int argc, struct account *out)
{
    if (c->argc != argc)
        return ctl_usage(argc == 2 ? "one account is needed: its id or login" : "an account (its id or login) and a client are needed");
    err_t e = ctl_account_find(c, c->argv[1], out);
    secret_wipe(out->password, sizeof out->password);
    return e == OK ? CTL_OK : ctl_fail("account", e);
}

static int print_list(struct ctl *c, const char *name, err_t e, json_t *rows)
{
    AUTO_JSON mine = rows;

    return e == OK ? ctl_print(c, json_pack("{s:O}", name, mine)) : ctl_fail(name, e);
}

int ctl_account_show(struct ctl *c)
{
    struct account a;
    json_t *j = NULL;

    int code = find(c, 2, &a);
    if (code != CTL_OK)
        return code;
    err_t e = overview_account(c->app->db, a.id, &j);
    return e == OK ? ctl_print(c, j) : ctl_fail("account show", e);
}

int ctl_session_list(struct ctl *c)
{
    struct account a;
    json_t *rows = NULL;

    int code = find(c, 2, &a);
    if (code != CTL_OK)
        return code;
    err_t e = overview_sessions(c->app->db, a.id, c->app->conf.session_idle, &rows);
    return print_list(c, "sessions", e, rows);
}

int ctl_consent_list(struct ctl *c)
{
    struct account a;
    json_t *rows = NULL;

    int code = find(c, 2, &a);
    if (code != CTL_OK)
        return code;
    err_t e = overview_consents(c->app->db, a.id, &rows);
    return print_list(c, "consents", e, rows);
}

int ctl_grant_list(struct ctl *c)
{
    struct account a;
    json_t *rows = NULL;

    int code = find(c, 2, &a);
    if (code != CTL_OK)
        return code;
    err_t e = overview_grants(c->app->db, a.id, &rows);
    return print_list(c, "grants", e, rows);
}

int ctl_consent_remove(struct ctl *c)
{
    struct account a;

    int code = find(c, 3, &a);
    if (code != CTL_OK)
        return code;
    err_t e = overview_consent_remove(c->app->db, a.id, c->argv[2], ctl_actor());
    return e == OK ? ctl_print(c, json_pack("{s:s, s:s}", "account_id", a.id, "client_id", c->argv[2])) : ctl_fail("consent remove", e);
}

static int end_one(struct ctl *c, const char *name, err_t (*end)(struct db_pool *p, const char *id))
{
    if (c->argc != 2)
        return ctl_usage("one id is needed");
    if (!uuid_ok(c->argv[1]))
        return ctl_fail(name, ERR_DB_NONE);
    err_t e = end(c->app->db, c->argv[1]);
    return e == OK ? ctl_print(c, json_pack("{s:s, s:b}", name, c->argv[1], "ended", 1)) : ctl_fail(name, e);
}

static err_t end_session(struct db_pool *p, const char *sid)
{
    return overview_session_end(p, sid, NULL, ctl_actor());
}

static err_t end_grant(struct db_pool *p, const char *id)
{
    return overview_grant_end(p, id, ctl_actor());
}

int ctl_session_end(struct ctl *c)
{
    return end_one(c, "sid", end_session);
}

int ctl_grant_revoke(struct ctl *c)
{
    return end_one(c, "grant_id", end_grant);
}

/* --- the audit log --- */

struct asked {
    struct audit_words words;
    const char *format;
    int64_t limit;
};

static int read_search(struct ctl *c, struct asked *a)
{
    static const struct option options[] = {
        {"event", required_argument, NULL, 'e'},  {"account", required_argument, NULL, 'a'},
        {"by", required_argument, NULL, 'b'},     {"client", required_argument, NULL, 'c'},
        {"from", required_argument, NULL, 'f'},   {"to", required_argument, NULL, 't'},
        {"after", required_argument, NULL, 'n'},  {"limit", required_argument, NULL, 'l'},
        {"format", required_argument, NULL, 'F'}, {NULL, 0, NULL, 0},
    };
    char *end;
    int o;

    optind = 0; /* glibc: begin anew, with this argv */
    while ((o = getopt_long(c->argc, c->argv, "", options, NULL)) != -1)
        switch (o) {
        case 'e': a->words.event = optarg; break;
        case 'a': a->words.account = optarg; break;
        case 'b': a->words.by = optarg; break;
        case 'c': a->words.client = optarg; break;
        case 'f': a->words.from = optarg; break;
        case 't': a->words.to = optarg; break;
        case 'n': a->words.after = optarg; break;
        case 'l':
            a->limit = strtoll(optarg, &end, 10);
            a->limit = *end ? 0 : a->limit;
            break;
        case 'F': a->format = optarg; break;
        default: return CTL_USAGE;
        }
    if (optind != c->argc)
        return ctl_usage("too many words");
    if (strcmp(a->format, "json") != 0 && strcmp(a->format, "ndjson") != 0 && strcmp(a->format, "csv") != 0)
        return ctl_usage("--format is json, ndjson or csv");
    return a->limit >= 1 && a->limit <= 10000 ? CTL_OK : ctl_usage("--limit is 1 to 10000");
}

static int write_events(struct ctl *c, const struct asked *a, json_t *events, const char *next)
{
    AUTO_BUF text = {0};

    if (!a->format || strcmp(a->format, "json") == 0)
        return ctl_print(c, json_pack("{s:O, s:s*}", "events", events, "next", *next ? next : NULL));
    err_t e = a->format[0] == 'c' ? audit_csv(events, &text) : audit_lines(events, &text);
    if (e == OK && text.len && fwrite(text.ptr, 1, text.len, stdout) != text.len)
        e = ERR_IO;
    if (e != OK || fflush(stdout) != 0)
        return ctl_fail("audit search", e == OK ? ERR_IO : e);
    if (*next)
        fprintf(stderr, "more: --after %s\n", next);
    return CTL_OK;
}

int ctl_audit_search(struct ctl *c)
{
    struct asked a = {.format = "json", .limit = 100};
    struct audit_wish w;
    struct account who, by;
    const char *fault;
    char next[CURSOR_CAP];
    AUTO_JSON events = NULL;

    int code = read_search(c, &a);
    if (code != CTL_OK)
        return code;
    if (a.words.account && ctl_account_find(c, a.words.account, &who) == OK)
        a.words.account = who.id;
    if (a.words.by && ctl_account_find(c, a.words.by, &by) == OK)
        a.words.by = by.id;
    if (audit_wish_read(&a.words, a.limit, &w, &fault) != OK)
        return ctl_usage(fault);
    err_t e = audit_search(c->app->db, &w.query, &events, next);
    const struct audit row = {.event = "audit.searched",
                              .account_id = w.query.account,
                              .client_id = w.query.client,
                              .detail = w.query.event ? w.query.event : w.query.family,
                              .by = ctl_actor()};
    if (e == OK)
        e = idp_audit(c->app->db, &row);
    return e == OK ? write_events(c, &a, events, next) : ctl_fail("audit search", e);
}

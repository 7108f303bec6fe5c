/*
 * Rows of what an account has open, as JSON.
 * Called by endpoints/admin_*.c, endpoints/account.c and antin-idpctl.
 */
#include "idp/rules/overview.h"
#include "common/clock.h"
#include "common/secret.h"
#include <string.h>

/* One column of a list: its name in JSON, and what it is. */
struct column {
    const char *name;
    enum { TEXT, WHOLE, TIME, WORDS } kind;
};

static json_t *cell(const struct db_rows *r, int row, int col, const struct column *c)
{
    char when[CLOCK_RFC3339_LEN + 1];

    switch (c->kind) {
    case WHOLE: return json_integer(db_int(r, row, col));
    case WORDS: return json_words(db_str(r, row, col));
    case TIME: clock_rfc3339(db_time(r, row, col), when); return json_string(when);
    default: return json_string(db_str(r, row, col));
    }
}

/* The columns' names in the statement's order; the list ends with a NULL name. */
static json_t *object(const struct db_rows *r, int row, const struct column *columns)
{
    AUTO_JSON o = json_object();

    for (int i = 0; o && columns[i].name; i++) {
        bool empty = db_null(r, row, i) || (columns[i].kind == TEXT && !*db_str(r, row, i));
        if (!empty && json_object_set_new(o, columns[i].name, cell(r, row, i, &columns[i])) != 0)
            return NULL;
    }
    return take(&o);
}

static err_t list(const struct db_rows *r, const struct column *columns, json_t **out)
{
    AUTO_JSON all = json_array();

    if (!all)
        return ERR_NOMEM;
    for (int i = 0; i < db_count(r); i++)
        if (json_array_append_new(all, object(r, i, columns)) != 0)
            return ERR_NOMEM;
    *out = take(&all);
    return OK;
}

err_t overview_account(struct db_pool *p, const char *account_id, json_t **out)
{
    static const struct column columns[] = {
        {"account_id", TEXT}, {"kind", TEXT},         {"state", TEXT},     {"level", WHOLE}, {"roles", WORDS},
        {"created_at", TIME}, {"activated_at", TIME}, {"locked_at", TIME}, {NULL, TEXT},
    };
    AUTO_ROWS r = NULL;

    TRY(overview_account_row(p, account_id, &r));
    *out = object(r, 0, columns);
    return *out ? OK : ERR_NOMEM;
}

static const struct column session_columns[] = {
    {"sid", TEXT},       {"account_id", TEXT}, {"client_id", TEXT},  {"client_name", TEXT}, {"browser", TEXT}, {"amr", WORDS},
    {"auth_time", TIME}, {"seen_at", TIME},    {"expires_at", TIME}, {"upstream", TEXT},    {NULL, TEXT},
};

err_t overview_sessions(struct db_pool *p, const char *account_id, int64_t idle, json_t **out)
{
    AUTO_ROWS r = NULL;

    TRY(overview_session_rows(p, account_id, idle, &r));
    return list(r, session_columns, out);
}

err_t overview_all_sessions(struct db_pool *p, const struct cursor *after, int64_t idle, int64_t limit, json_t **out, char next[CURSOR_CAP])
{
    AUTO_ROWS r = NULL;
    struct cursor last;

    next[0] = '\0';
    TRY(overview_all_session_rows(p, after, idle, limit, &r));
    int n = db_count(r);
    if (n > 0 && n == limit) {
        TRY(store_text(r, n - 1, 0, last.id, sizeof last.id));
        last.us = db_int(r, n - 1, 10);
        cursor_write(&last, next);
    }
    return list(r, session_columns, out);
}

err_t overview_consents(struct db_pool *p, const char *account_id, json_t **out)
{
    static const struct column columns[] = {
        {"client_id", TEXT}, {"client_name", TEXT}, {"sector", TEXT},     {"scope", TEXT},
        {"claims", WORDS},   {"given_at", TIME},    {"expires_at", TIME}, {NULL, TEXT},
    };
    AUTO_ROWS r = NULL;

    TRY(overview_consent_rows(p, account_id, &r));
    return list(r, columns, out);
}

err_t overview_grants(struct db_pool *p, const char *account_id, json_t **out)
{
    static const struct column columns[] = {
        {"grant_id", TEXT},  {"client_id", TEXT},  {"client_name", TEXT}, {"scope", TEXT}, {"sid", TEXT},
        {"auth_time", TIME}, {"created_at", TIME}, {"expires_at", TIME},  {NULL, TEXT},
    };
    AUTO_ROWS r = NULL;

    TRY(overview_grant_rows(p, account_id, &r));
    return list(r, columns, out);
}

err_t overview_door(struct db_pool *p, const char *account_id, json_t **out)
{
    static const struct column columns[] = {{"event", TEXT}, {"at", TIME}, {"client_name", TEXT}, {"detail", TEXT}, {NULL, TEXT}};
    AUTO_ROWS r = NULL;

    TRY(overview_door_rows(p, account_id, &r));
    return list(r, columns, out);
}

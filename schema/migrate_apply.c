/*
 * Compares the migration files with the database and applies what is pending.
 * Called by antin-migrate.c. The record of what was applied is the table antin.migration.
 */
#include "schema/migrate.h"

#include "common/clock.h"
#include "schema/split.h"
#include <stdlib.h>
#include <string.h>

/* pg_advisory_lock: one antin-migrate at a time on a database ("antinmig" as a number). */
#define LOCK_KEY "7020101157541112167"
#define OWNER "antin_owner"

static void result_free(PGresult **r)
{
    PQclear(*r);
    *r = NULL;
}
#define AUTO_RESULT AUTO(result_free) PGresult *

static bool ok(const PGresult *r)
{
    ExecStatusType st = PQresultStatus(r);
    return st == PGRES_COMMAND_OK || st == PGRES_TUPLES_OK;
}

/* A statement of our own, with text parameters. */
static err_t ask(PGconn *pg, const char *sql, int n, const char *const *params, PGresult **out, FILE *errs)
{
    AUTO_RESULT r = PQexecParams(pg, sql, n, NULL, params, NULL, NULL, 0);
    if (!ok(r)) {
        fprintf(errs, "%s", PQresultErrorMessage(r)[0] != '\0' ? PQresultErrorMessage(r) : PQerrorMessage(pg));
        return ERR_DB;
    }
    if (out != NULL)
        *out = take(&r);
    return OK;
}

static err_t tell(PGconn *pg, const char *sql, FILE *errs)
{
    return ask(pg, sql, 0, NULL, NULL, errs);
}

/* The line of a server's error: its position counts characters, not bytes, from the statement's start. */
static unsigned error_line(const struct sql_part *part, const PGresult *r)
{
    const char *position = PQresultErrorField(r, PG_DIAG_STATEMENT_POSITION);
    unsigned line = part->line;
    long chars = position != NULL ? strtol(position, NULL, 10) : 0;
    for (size_t i = 0; i < part->len && chars > 1; i++) {
        if (((unsigned char)part->text[i] & 0xc0) != 0x80)
            chars--;
        if (part->text[i] == '\n')
            line++;
    }
    return line;
}

static void say_error(const char *path, const struct sql_part *part, const PGresult *r, PGconn *pg, FILE *errs)
{
    const char *message = PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY);
    const char *detail = PQresultErrorField(r, PG_DIAG_MESSAGE_DETAIL);
    const char *hint = PQresultErrorField(r, PG_DIAG_MESSAGE_HINT);
    const char *state = PQresultErrorField(r, PG_DIAG_SQLSTATE);
    fprintf(errs, "%s:%u: %s%s%s%s\n", path, error_line(part, r), message != NULL ? message : PQerrorMessage(pg),
            state != NULL ? " (SQLSTATE " : "", state != NULL ? state : "", state != NULL ? ")" : "");
    if (detail != NULL)
        fprintf(errs, "  %s\n", detail);
    if (hint != NULL)
        fprintf(errs, "  %s\n", hint);
}

err_t migrate_run_sql(PGconn *pg, const char *path, struct bytes text, FILE *errs)
{
    struct sql_cursor c = sql_cursor_of(text);
    struct sql_part part;
    err_t e;
    while ((e = sql_next(&c, &part)) == OK) {
        AUTO_BUF sql = {0};
        TRY(buf_add(&sql, part.text, part.len));
        AUTO_RESULT r = PQexec(pg, buf_str(&sql));
        if (!ok(r)) {
            say_error(path, &part, r, pg, errs);
            return ERR_DB;
        }
    }
    if (e == ERR_DB_NONE)
        return OK;
    fprintf(errs, "%s:%u: a quote or comment is never closed\n", path, c.line);
    return ERR_DB;
}

static struct migration *find(struct migration_set *s, const char *schema, int number)
{
    for (size_t i = 0; i < s->n; i++)
        if (s->items[i].number == number && strcmp(s->items[i].schema, schema) == 0)
            return &s->items[i];
    return NULL;
}

static err_t add_gone(struct migration_set *s, const char *schema, int number, const char *name, const char *sha, struct migration **out)
{
    struct migration *grown = realloc(s->items, (s->n + 1) * sizeof *grown);
    if (grown == NULL)
        return ERR_NOMEM;
    s->items = grown;
    struct migration *m = &s->items[s->n++];
    *m = (struct migration){.number = number, .state = MIGRATION_GONE};
    snprintf(m->schema, sizeof m->schema, "%s", schema);
    snprintf(m->name, sizeof m->name, "%s", name);
    snprintf(m->sha256, sizeof m->sha256, "%s", sha);
    *out = m;
    return OK;
}

err_t migrate_compare(PGconn *pg, struct migration_set *s, FILE *errs)
{
    AUTO_RESULT there = NULL;
    TRY(ask(pg, "SELECT to_regclass('antin.migration')", 0, NULL, &there, errs));
    if (PQgetisnull(there, 0, 0))
        return OK;
    AUTO_RESULT r = NULL;
    TRY(ask(pg,
            "SELECT schema, number, name, sha256, to_char(applied_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"
            " FROM antin.migration ORDER BY schema, number",
            0, NULL, &r, errs));
    for (int i = 0; i < PQntuples(r); i++) {
        const char *schema = PQgetvalue(r, i, 0), *name = PQgetvalue(r, i, 2), *sha = PQgetvalue(r, i, 3);
        int number = (int)strtol(PQgetvalue(r, i, 1), NULL, 10);
        struct migration *m = find(s, schema, number);
        if (m == NULL)
            TRY(add_gone(s, schema, number, name, sha, &m));
        snprintf(m->applied_at, sizeof m->applied_at, "%s", PQgetvalue(r, i, 4));
        if (m->state != MIGRATION_GONE)
            m->state = strcmp(m->sha256, sha) != 0 ? MIGRATION_EDITED : strcmp(m->name, name) != 0 ? MIGRATION_RENAMED : MIGRATION_APPLIED;
    }
    return OK;
}

static err_t refuse_differences(const struct migration_set *s, FILE *errs)
{
    static const char *const why[] = {
        [MIGRATION_EDITED] = "was edited after it was applied; restore it and write a new migration",
        [MIGRATION_RENAMED] = "was renamed after it was applied; restore its name",
        [MIGRATION_GONE] = "was applied but is not among these files: the database is newer than this program",
    };
    err_t e = OK;
    for (size_t i = 0; i < s->n; i++) {
        const struct migration *m = &s->items[i];
        if (m->state == MIGRATION_PENDING || m->state == MIGRATION_APPLIED)
            continue;
        fprintf(errs, "%s/%04d_%s.sql: %s\n", m->schema, m->number, m->name, why[m->state]);
        e = ERR_CONFLICT;
    }
    return e;
}

static err_t in_transaction(PGconn *pg, err_t (*fn)(PGconn *, void *, FILE *), void *arg, FILE *errs)
{
    TRY(tell(pg, "BEGIN", errs));
    err_t e = fn(pg, arg, errs);
    if (e == OK)
        return tell(pg, "COMMIT", errs);
    PQclear(PQexec(pg, "ROLLBACK"));
    return e;
}

static err_t apply(PGconn *pg, void *arg, FILE *errs)
{
    const struct migration *m = arg;
    char number[12];
    snprintf(number, sizeof number, "%d", m->number);
    /* Waiting long for a table's lock would hold up everybody who comes after us: better to fail and be run again. */
    TRY(tell(pg, "SET LOCAL ROLE " OWNER, errs));
    TRY(tell(pg, "SET LOCAL lock_timeout = '15s'", errs));
    TRY(ask(pg, "SELECT set_config('search_path', $1 || ', pg_temp', true)", 1, (const char *[]){m->schema}, NULL, errs));
    TRY(migrate_run_sql(pg, m->path, buf_bytes(&m->text), errs));
    return ask(pg, "INSERT INTO antin.migration(schema, number, name, sha256) VALUES($1, $2, $3, $4)", 4,
               (const char *[]){m->schema, number, m->name, m->sha256}, NULL, errs);
}

struct file {
    const char *path;
    struct buf text;
};

static err_t run_roles(PGconn *pg, void *arg, FILE *errs)
{
    const struct file *f = arg;
    return migrate_run_sql(pg, f->path, buf_bytes(&f->text), errs);
}

/*
 * roles.sql needs a role that may create roles. An operator who keeps that right from us runs the file by hand, once; then the owner's role
 * is there and we may take it.
 */
static err_t prepare_roles(PGconn *pg, const char *dir, FILE *errs)
{
    AUTO_RESULT r = NULL;
    TRY(ask(pg,
            "SELECT (rolsuper OR rolcreaterole)::int, (SELECT count(*) FROM pg_roles WHERE rolname = '" OWNER "')"
            " FROM pg_roles WHERE rolname = current_user",
            0, NULL, &r, errs));
    bool may = PQgetvalue(r, 0, 0)[0] == '1', owner = PQgetvalue(r, 0, 1)[0] == '1';
    if (!may && owner)
        return OK;
    AUTO_STR path = NULL;
    if (asprintf(&path, "%s/roles.sql", dir) < 0)
        return ERR_NOMEM;
    if (!may) {
        fprintf(errs, "role %s is missing and this role may not create it: run %s as a superuser first\n", OWNER, path);
        return ERR_CONFIG;
    }
    struct file f = {.path = path};
    err_t e = migrate_read_file(path, &f.text, errs);
    if (e == OK)
        e = in_transaction(pg, run_roles, &f, errs);
    buf_free(&f.text);
    return e;
}

static err_t wait_for_others(PGconn *pg, FILE *errs)
{
    AUTO_RESULT r = NULL;
    TRY(ask(pg, "SELECT pg_try_advisory_lock(" LOCK_KEY ")", 0, NULL, &r, errs));
    if (PQgetvalue(r, 0, 0)[0] == 't')
        return OK;
    fprintf(errs, "another antin-migrate is at work; waiting for it\n");
    return tell(pg, "SELECT pg_advisory_lock(" LOCK_KEY ")", errs); /* released when we disconnect */
}

err_t migrate_up(PGconn *pg, const char *dir, FILE *out, FILE *errs)
{
    AUTO_MIGRATIONS set = {0};
    TRY(migrate_read(dir, &set, errs));
    TRY(wait_for_others(pg, errs));
    TRY(migrate_compare(pg, &set, errs));
    TRY(refuse_differences(&set, errs));
    TRY(prepare_roles(pg, dir, errs));
    size_t done = 0;
    for (size_t i = 0; i < set.n; i++) {
        struct migration *m = &set.items[i];
        if (m->state != MIGRATION_PENDING)
            continue;
        int64_t start = clock_mono_us();
        TRY(in_transaction(pg, apply, m, errs));
        fprintf(out, "%s/%04d_%s applied (%d ms)\n", m->schema, m->number, m->name, (int)((clock_mono_us() - start) / 1000));
        done++;
    }
    if (done == 0)
        fprintf(out, "nothing to do: %zu migrations are applied\n", set.n);
    return OK;
}

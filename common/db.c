/*
 * Statements with typed parameters, and typed access to their results.
 * Called by store/ files inside a db_do. Parameters travel as text, bytea in binary; results come as text (libpq §34.3).
 */
#include "common/db.h"

#include "common/clock.h"
#include "common/db_conn.h"
#include "common/log.h"
#include <assert.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PARAMS_MAX 48
#define OID_BYTEA 17 /* pg_type.oid: fixed since ever */

struct db_rows {
    PGresult *res;
    struct bytes *bytea; /* rows × columns, only when a column is bytea */
    uint8_t *arena;      /* what they point to */
};

struct db_param db_text_param(const char *s)
{
    if (s == NULL)
        return DB_NULL;
    return (struct db_param){.type = DB_T_TEXT, .v.text = s};
}

void db_rows_free(struct db_rows **r)
{
    if (*r == NULL)
        return;
    PQclear((*r)->res);
    free((*r)->bytea);
    free((*r)->arena);
    free(*r);
    *r = NULL;
}

/* One parameter in libpq's terms. */
struct wire {
    const char *values[PARAMS_MAX];
    int lengths[PARAMS_MAX];
    int formats[PARAMS_MAX];
    char numbers[PARAMS_MAX][CLOCK_RFC3339_LEN + 4]; /* digits of an int64 (20) or an RFC 3339 time */
};

static err_t to_wire(struct wire *w, int i, const struct db_param *p)
{
    char *number = w->numbers[i];
    w->lengths[i] = 0;
    w->formats[i] = 0;
    switch (p->type) {
    case DB_T_NULL: w->values[i] = NULL; return OK;
    case DB_T_TEXT: w->values[i] = p->v.text; return OK;
    case DB_T_INT: snprintf(number, sizeof w->numbers[i], "%" PRId64, p->v.i); break;
    case DB_T_BOOL: snprintf(number, sizeof w->numbers[i], "%s", p->v.i ? "t" : "f"); break;
    case DB_T_TIME: clock_rfc3339(p->v.i, number); break;
    case DB_T_BYTES:
        if (p->v.bytes.len > INT_MAX)
            return ERR_TOO_LARGE;
        /* An empty value is not NULL: libpq looks at the pointer. */
        w->values[i] = p->v.bytes.ptr != NULL ? (const char *)p->v.bytes.ptr : "";
        w->lengths[i] = (int)p->v.bytes.len;
        w->formats[i] = 1;
        return OK;
    }
    w->values[i] = number;
    return OK;
}

/* "\x" and hex digits, as bytea_output = hex gives it. */
static err_t decode_bytea(struct db_rows *r)
{
    int rows = PQntuples(r->res), cols = PQnfields(r->res);
    size_t total = 0;
    for (int c = 0; c < cols; c++)
        for (int i = 0; PQftype(r->res, c) == OID_BYTEA && i < rows; i++)
            total += (size_t)PQgetlength(r->res, i, c) / 2 + 1;
    if (total == 0)
        return OK;
    r->arena = malloc(total);
    r->bytea = calloc((size_t)rows * (size_t)cols, sizeof *r->bytea);
    if (r->arena == NULL || r->bytea == NULL)
        return ERR_NOMEM;
    uint8_t *at = r->arena;
    for (int c = 0; c < cols; c++) {
        for (int i = 0; PQftype(r->res, c) == OID_BYTEA && i < rows; i++) {
            struct bytes hex = BYTES(PQgetvalue(r->res, i, c), (size_t)PQgetlength(r->res, i, c));
            size_t len = 0;
            if (hex.len >= 2)
                TRY(hex_decode(BYTES(hex.ptr + 2, hex.len - 2), at, hex.len / 2, &len));
            r->bytea[i * cols + c] = BYTES(at, len);
            at += len;
        }
    }
    return OK;
}

static err_t run(struct db *db, const struct db_stmt *s, const struct db_param *params, PGresult **out)
{
    assert(s->nparams >= 0 && s->nparams <= PARAMS_MAX);
    if (db->pg == NULL || db->broken)
        return ERR_DB_DOWN; /* a borrower that goes on after a failure */
    struct wire w;
    for (int i = 0; i < s->nparams; i++)
        TRY(to_wire(&w, i, &params[i]));
    db->sent = true;
    if (!PQsendQueryPrepared(db->pg, s->name, s->nparams, w.values, w.lengths, w.formats, 0)) {
        db->broken = true;
        log_event(LOG_ERROR, "db_down", "cannot send %s", s->name);
        return ERR_DB_DOWN;
    }
    AUTO_RESULT res = NULL;
    TRY(db_conn_result(db, &res));
    ExecStatusType st = PQresultStatus(res);
    if (st != PGRES_COMMAND_OK && st != PGRES_TUPLES_OK)
        return db_conn_fault(db, res, s->name);
    *out = take(&res);
    return OK;
}

static err_t wrap(PGresult **res, struct db_rows **rows)
{
    AUTO_ROWS r = calloc(1, sizeof *r);
    if (r == NULL)
        return ERR_NOMEM;
    r->res = take(res);
    TRY(decode_bytea(r));
    db_rows_free(rows); /* a variable may be used twice */
    *rows = take(&r);
    return OK;
}

err_t db_query(struct db *db, const struct db_stmt *s, const struct db_param *params, struct db_rows **rows)
{
    AUTO_RESULT res = NULL;
    TRY(run(db, s, params, &res));
    return rows != NULL ? wrap(&res, rows) : OK;
}

err_t db_one(struct db *db, const struct db_stmt *s, const struct db_param *params, struct db_rows **rows)
{
    AUTO_RESULT res = NULL;
    TRY(run(db, s, params, &res));
    bool none = PQresultStatus(res) == PGRES_TUPLES_OK ? PQntuples(res) == 0 : strcmp(PQcmdTuples(res), "0") == 0;
    if (none)
        return ERR_DB_NONE;
    return rows != NULL ? wrap(&res, rows) : OK;
}

int db_count(const struct db_rows *r)
{
    return r != NULL ? PQntuples(r->res) : 0;
}

/* A column that is not there is a mistake in the program, not in its input. */
static bool is_null(const struct db_rows *r, int row, int col)
{
    assert(r != NULL && row >= 0 && row < PQntuples(r->res) && col >= 0 && col < PQnfields(r->res));
    return PQgetisnull(r->res, row, col) != 0;
}

bool db_null(const struct db_rows *r, int row, int col)
{
    return is_null(r, row, col);
}

const char *db_str(const struct db_rows *r, int row, int col)
{
    return is_null(r, row, col) ? "" : PQgetvalue(r->res, row, col);
}

int64_t db_int(const struct db_rows *r, int row, int col)
{
    return strtoll(db_str(r, row, col), NULL, 10);
}

bool db_bool(const struct db_rows *r, int row, int col)
{
    return db_str(r, row, col)[0] == 't';
}

int64_t db_time(const struct db_rows *r, int row, int col)
{
    const char *s = db_str(r, row, col);
    if (strcmp(s, "infinity") == 0)
        return INT64_MAX;
    if (strcmp(s, "-infinity") == 0)
        return INT64_MIN;
    /* "2026-11-24 08:00:00.25+00": the session runs in UTC (db_conn.c); fractions are dropped. */
    struct tm tm = {0};
    if (strptime(s, "%Y-%m-%d %H:%M:%S", &tm) == NULL)
        return 0;
    return timegm(&tm);
}

struct bytes db_bytes(const struct db_rows *r, int row, int col)
{
    if (is_null(r, row, col))
        return BYTES(NULL, 0);
    assert(r->bytea != NULL && PQftype(r->res, col) == OID_BYTEA);
    return r->bytea[row * PQnfields(r->res) + col];
}

/*
 * Prepares every statement of both daemons on a migrated database, as the daemon's own role, and has each planned: a column that is not
 * there, a wrong number of parameters, a right that was not granted all come out here. Run by tests/lint/statements.
 */
#include "common/bytes.h"
#include "idp/store/statements.h"
#include "signer/store/statements.h"
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int faults;

static void fault(const char *role, const char *name, const char *what)
{
    faults++;
    printf("%s: %s: %.*s\n", role, name, (int)strcspn(what, "\n"), what);
}

static bool done(PGconn *pg, PGresult *r, const char *role, const char *name)
{
    ExecStatusType st = PQresultStatus(r);
    bool ok = st == PGRES_COMMAND_OK || st == PGRES_TUPLES_OK;
    if (!ok)
        fault(role, name, PQerrorMessage(pg));
    PQclear(r);
    return ok;
}

static void check_parameters(PGconn *pg, const char *role, const struct db_stmt *s)
{
    PGresult *r = PQdescribePrepared(pg, s->name);
    int n = PQnparams(r);
    if (n != s->nparams)
        fault(role, s->name, "nparams is not the number of parameters in its text");
    PQclear(r);
}

/* EXPLAIN starts the executor, which is where rights are checked, and runs nothing. */
static void check_plan(PGconn *pg, const char *role, const struct db_stmt *s)
{
    AUTO_BUF sql = {0};
    err_t e = buf_addf(&sql, "EXPLAIN EXECUTE %s", s->name);
    for (int i = 0; i < s->nparams && e == OK; i++)
        e = buf_addf(&sql, "%s", i == 0 ? "(NULL" : ", NULL");
    if (e == OK && s->nparams > 0)
        e = buf_add_str(&sql, ")");
    if (e != OK)
        fault(role, s->name, "out of memory");
    else
        done(pg, PQexec(pg, buf_str(&sql)), role, s->name);
}

static int check_all(const char *conninfo, const char *role, const char *schema, const struct db_stmt *const *list)
{
    AUTO_BUF text = {0};
    if (buf_addf(&text, "%s options='-c role=%s -c search_path=%s -c plan_cache_mode=force_generic_plan'", conninfo, role, schema) != OK)
        return 0;
    PGconn *pg = PQconnectdb(buf_str(&text));
    int n = 0;
    if (PQstatus(pg) != CONNECTION_OK) {
        fault(role, "connection", PQerrorMessage(pg));
    } else {
        for (; list[n] != NULL; n++) {
            const struct db_stmt *s = list[n];
            for (int i = 0; i < n; i++)
                if (strcmp(list[i]->name, s->name) == 0)
                    fault(role, s->name, "two statements of this name");
            if (!done(pg, PQprepare(pg, s->name, s->sql, 0, NULL), role, s->name))
                continue;
            check_parameters(pg, role, s);
            check_plan(pg, role, s);
        }
    }
    PQfinish(pg);
    return n;
}

int main(void)
{
    const char *conninfo = getenv("ANTIN_STATEMENTS_PG");
    if (conninfo == NULL)
        return 2;
    int n = check_all(conninfo, "antin_idp", "idp", idp_statements) + check_all(conninfo, "antin_signer", "signer", signer_statements);
    if (faults == 0)
        printf("statements: %d prepared and planned\n", n);
    return faults == 0 ? 0 : 1;
}

/*
 * One PostgreSQL connection: opening, preparing in one round trip, waiting with a deadline, and the reading of its faults.
 * Called by db_pool.c (opening, transactions) and db.c (statements). PostgreSQL 15: libpq, appendix A (SQLSTATE).
 */
#include "common/db_conn.h"

#include "common/clock.h"
#include "common/log.h"
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

/* The server ends a statement by itself (statement_timeout); this much later we no longer believe that it lives. */
#define REPLY_GRACE_MS 5000
#define CONNECT_TIMEOUT_S "3"

void db_result_free(PGresult **res)
{
    PQclear(*res);
    *res = NULL;
}

void db_conn_close(struct db *db)
{
    PQfinish(db->pg);
    db->pg = NULL;
    db->broken = false;
}

/* Notices may quote values: they go nowhere. */
static void ignore_notice(void *arg, const PGresult *res)
{
    (void)arg;
    (void)res;
}

/* The first line of libpq's message about a connection (host, port, role; never a password). */
static void log_down(const char *event, const char *message)
{
    log_event(LOG_ERROR, event, "%.*s", (int)strcspn(message, "\n"), message);
}

static err_t fail_down(struct db *db, const char *why)
{
    db->broken = true;
    log_down("db_down", why);
    return ERR_DB_DOWN;
}

/* Waits until PQgetResult would not block, or the deadline (clock_mono_us) has passed. */
static err_t wait_reply(struct db *db, int64_t deadline)
{
    for (;;) {
        int unsent = PQflush(db->pg);
        if (unsent < 0)
            return fail_down(db, PQerrorMessage(db->pg));
        if (!PQisBusy(db->pg))
            return OK;
        int64_t left_ms = (deadline - clock_mono_us()) / 1000;
        if (left_ms <= 0)
            return fail_down(db, "no answer in time");
        struct pollfd fd = {.fd = PQsocket(db->pg), .events = (short)(POLLIN | (unsent ? POLLOUT : 0))};
        int n = poll(&fd, 1, (int)left_ms);
        if (n < 0 && errno != EINTR)
            return fail_down(db, "poll failed");
        if (n > 0 && (fd.revents & ~POLLOUT) != 0 && !PQconsumeInput(db->pg))
            return fail_down(db, PQerrorMessage(db->pg));
    }
}

static int64_t reply_deadline(const struct db *db)
{
    return clock_mono_us() + ((int64_t)db->statement_ms + REPLY_GRACE_MS) * 1000;
}

err_t db_conn_result(struct db *db, PGresult **out)
{
    int64_t deadline = reply_deadline(db);
    AUTO_RESULT first = NULL;
    for (;;) {
        TRY(wait_reply(db, deadline));
        AUTO_RESULT res = PQgetResult(db->pg);
        if (res == NULL)
            break;
        if (first == NULL)
            first = take(&res);
    }
    if (first == NULL)
        return fail_down(db, "no result");
    *out = take(&first);
    return OK;
}

err_t db_conn_command(struct db *db, const char *sql, char tag[DB_TAG_CAP])
{
    if (!PQsendQuery(db->pg, sql))
        return fail_down(db, PQerrorMessage(db->pg));
    AUTO_RESULT res = NULL;
    TRY(db_conn_result(db, &res));
    ExecStatusType st = PQresultStatus(res);
    if (st != PGRES_COMMAND_OK && st != PGRES_TUPLES_OK)
        return db_conn_fault(db, res, sql);
    if (tag != NULL)
        snprintf(tag, DB_TAG_CAP, "%s", PQcmdStatus(res));
    return OK;
}

/* SQLSTATEs with a meaning of their own; a two-character entry stands for its class. */
static const struct {
    const char *state;
    err_t err;
} faults[] = {
    {"40001", ERR_DB_RETRY},    /* serialization_failure */
    {"40P01", ERR_DB_RETRY},    /* deadlock_detected */
    {"23505", ERR_DB_CONFLICT}, /* unique_violation */
    {"57014", ERR_BUSY},        /* query_canceled: statement_timeout */
    {"55P03", ERR_BUSY},        /* lock_not_available: lock_timeout */
    {"53100", ERR_DISK_FULL},   /* disk_full */
    {"25006", ERR_DB_DOWN},     /* read_only_sql_transaction: this server is no longer the primary */
    {"57P", ERR_DB_DOWN},       /* admin_shutdown, crash_shutdown, cannot_connect_now, database_dropped, idle_session_timeout */
    {"25P03", ERR_DB_DOWN},     /* idle_in_transaction_session_timeout */
    {"08", ERR_DB_DOWN},        /* connection exceptions */
};

err_t db_conn_fault(struct db *db, const PGresult *res, const char *what)
{
    const char *state = PQresultErrorField(res, PG_DIAG_SQLSTATE);
    const char *constraint = PQresultErrorField(res, PG_DIAG_CONSTRAINT_NAME);
    err_t e = ERR_DB;
    if (state == NULL || PQstatus(db->pg) != CONNECTION_OK)
        e = ERR_DB_DOWN; /* libpq's own words: the connection went away */
    for (size_t i = 0; e == ERR_DB && i < sizeof faults / sizeof faults[0]; i++)
        if (strncmp(state, faults[i].state, strlen(faults[i].state)) == 0)
            e = faults[i].err;
    if (e == ERR_DB_DOWN)
        db->broken = true;
    enum log_level level = e == ERR_DB || e == ERR_DB_DOWN || e == ERR_DISK_FULL ? LOG_ERROR : e == ERR_BUSY ? LOG_WARNING : LOG_DEBUG;
    log_event(level, "db_fault", "%s %s%s%s", state != NULL ? state : "connection lost", what, constraint != NULL ? " constraint " : "",
              constraint != NULL ? constraint : "");
    return e;
}

/*
 * What results look like must not depend on the server's configuration: db.c reads exactly these formats. And every statement is planned once, for all
 * parameters: planning one that touches partitioned tables costs four times what running it does, and the server would do it each time (it takes
 * the plan for one partition to be worth it, though partitions are left out when a plan begins, too). Every statement that is asked often
 * goes by an index: what a table looked like when it was planned, empty perhaps, must not lead to reading all of it later.
 */
static const char session_sql[] =
    "SELECT set_config('TimeZone', 'UTC', false), set_config('DateStyle', 'ISO, YMD', false),"
    " set_config('bytea_output', 'hex', false), set_config('default_transaction_isolation', 'read committed', false),"
    " set_config('plan_cache_mode', 'force_generic_plan', false), set_config('enable_seqscan', 'off', false), set_config('jit', 'off', "
    "false)";

static bool send_setup(struct db *db, const struct db_stmt *const *stmts)
{
    if (!PQenterPipelineMode(db->pg) || !PQsendQueryParams(db->pg, session_sql, 0, NULL, NULL, NULL, NULL, 0))
        return false;
    for (; stmts != NULL && *stmts != NULL; stmts++)
        if (!PQsendPrepare(db->pg, (*stmts)->name, (*stmts)->sql, 0, NULL))
            return false;
    return PQpipelineSync(db->pg) != 0;
}

/*
 * One pipeline: the session's settings and all statements cost a single round trip. A statement that cannot be prepared (schema not
 * migrated yet) makes the connection unusable; the message is logged, since nothing of a caller is in it.
 */
static err_t setup(struct db *db, const struct db_stmt *const *stmts)
{
    if (!send_setup(db, stmts))
        return fail_down(db, PQerrorMessage(db->pg));
    int64_t deadline = reply_deadline(db);
    bool failed = false;
    for (size_t i = 0;;) {
        TRY(wait_reply(db, deadline));
        AUTO_RESULT res = PQgetResult(db->pg);
        if (res == NULL) { /* the end of one statement's results */
            if (PQstatus(db->pg) != CONNECTION_OK)
                return fail_down(db, PQerrorMessage(db->pg));
            continue;
        }
        ExecStatusType st = PQresultStatus(res);
        if (st == PGRES_PIPELINE_SYNC)
            break;
        if (st == PGRES_FATAL_ERROR && !failed) {
            failed = true;
            const char *message = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);
            log_event(LOG_ERROR, "db_prepare", "%s: %s", i > 0 ? stmts[i - 1]->name : "session",
                      message != NULL ? message : "connection lost");
        }
        i++;
    }
    if (failed || !PQexitPipelineMode(db->pg)) {
        db->broken = true;
        return ERR_DB_DOWN;
    }
    return OK;
}

err_t db_conn_open(struct db *db, const char *conninfo, const struct db_stmt *const *stmts)
{
    char options[160];
    snprintf(options, sizeof options, "-c statement_timeout=%u -c lock_timeout=%u -c idle_in_transaction_session_timeout=%u",
             db->statement_ms, db->statement_ms / 2 + 1, db->statement_ms * 2);
    /* What stands before dbname is a default that the connection string may replace; what follows is ours. */
    const char *const keys[] = {"connect_timeout", "options", "fallback_application_name", "dbname", "client_encoding", NULL};
    const char *const values[] = {CONNECT_TIMEOUT_S, options, "antin", conninfo, "UTF8", NULL};
    db_conn_close(db);
    db->pg = PQconnectdbParams(keys, values, 1);
    err_t e = OK;
    if (PQstatus(db->pg) != CONNECTION_OK || PQsetnonblocking(db->pg, 1) != 0)
        e = fail_down(db, db->pg != NULL ? PQerrorMessage(db->pg) : "out of memory");
    if (e == OK) {
        PQsetNoticeReceiver(db->pg, ignore_notice, NULL);
        e = setup(db, stmts);
    }
    if (e != OK)
        db_conn_close(db);
    return e;
}

bool db_conn_usable(struct db *db)
{
    if (db->pg == NULL || db->broken || PQstatus(db->pg) != CONNECTION_OK)
        return false;
    /* Nothing should come unasked. A farewell does; so may news of a changed setting, but that is rare and a new connection cheap. */
    struct pollfd fd = {.fd = PQsocket(db->pg), .events = POLLIN};
    return poll(&fd, 1, 0) == 0;
}

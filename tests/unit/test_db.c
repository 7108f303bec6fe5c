/*
 * The pool, retries, faults and typed values against a real PostgreSQL.
 * Runs when ANTIN_TEST_PG holds a libpq connection string of a role that may create schemas and end its own backends; else skips.
 */
#include "common/clock.h"
#include "common/db.h"
#include "common/log.h"
#include "common/secret.h"
#include <fcntl.h>
#include <libpq-fe.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define T "antin_test_db."

static const struct db_stmt put = {"put", "INSERT INTO " T "item(id, n, raw, at, flag, word) VALUES($1, $2, $3, $4, $5, $6)", 6};
static const struct db_stmt get = {"get", "SELECT id, n, raw, at, flag, word FROM " T "item WHERE id = $1", 1};
static const struct db_stmt add = {"add", "UPDATE " T "item SET n = n + $2 WHERE id = $1", 2};
static const struct db_stmt add_returning = {"add_returning", "UPDATE " T "item SET n = n + $2 WHERE id = $1 RETURNING n", 2};
static const struct db_stmt serializable = {"serializable", "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE", 0};
static const struct db_stmt total = {"total", "SELECT sum(n) FROM " T "item", 0};
static const struct db_stmt slow = {"slow", "SELECT pg_sleep($1::float8)", 1};
static const struct db_stmt pid = {"pid", "SELECT pg_backend_pid()", 0};
static const struct db_stmt cast_fails = {"cast_fails", "SELECT $1::text::int", 1};
static const struct db_stmt big = {"big", "SELECT length($1::bytea), $1::bytea", 1};
static const struct db_stmt show = {"show", "SELECT current_setting('TimeZone'), $1::timestamptz::text, $1::timestamptz", 1};
static const struct db_stmt *const stmts[] = {&put,  &get, &add,        &add_returning, &serializable, &total,
                                              &slow, &pid, &cast_fails, &big,           &show,         NULL};

static const char *conninfo;
static PGconn *admin; /* sets the scene from outside the pool */
static struct db_pool *pool;

static void admin_exec(const char *sql)
{
    PGresult *r = PQexec(admin, sql);
    ExecStatusType st = PQresultStatus(r);
    if (st != PGRES_COMMAND_OK && st != PGRES_TUPLES_OK)
        fail_msg("%s", PQerrorMessage(admin));
    PQclear(r);
}

static struct db_pool *pool_of(unsigned size, unsigned wait_ms, unsigned statement_ms)
{
    struct db_pool *p = NULL;
    struct db_pool_conf conf = {.conninfo = conninfo, .size = size, .wait_ms = wait_ms, .stmts = stmts, .statement_ms = statement_ms};
    assert_int_equal(db_pool_open(&conf, &p), OK);
    return p;
}

static int setup(void **state)
{
    (void)state;
    if (conninfo == NULL)
        return 0;
    admin_exec("DROP SCHEMA IF EXISTS antin_test_db CASCADE; CREATE SCHEMA antin_test_db;"
               "CREATE TABLE " T "item(id text PRIMARY KEY, n bigint, raw bytea, at timestamptz, flag boolean, word text);"
               "INSERT INTO " T "item(id, n) VALUES('a', 0), ('b', 0)");
    pool = pool_of(2, 2000, 0);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    db_pool_close(&pool);
    return 0;
}

#define NEED_PG()             \
    do {                      \
        if (conninfo == NULL) \
            skip();           \
    } while (0)

/* --- values --- */

static err_t put_and_get(struct db *db, void *arg)
{
    struct db_rows **rows = arg;
    static const uint8_t raw[] = {0, 1, 0, 0xff, '\\', 'x', 0};
    struct db_param p[] = {DB_TEXT("Nguyễn"),   DB_INT(INT64_MIN), DB_BYTES(BYTES(raw, sizeof raw)),
                           DB_TIME(1795507200), DB_BOOL(true),     DB_TEXT("")};
    TRY(db_one(db, &put, p, NULL));
    return db_one(db, &get, p, rows);
}

static void values_round_trip_with_nul_bytes(void **state)
{
    (void)state;
    NEED_PG();
    AUTO_ROWS r = NULL;
    assert_int_equal(db_do(pool, DB_TX, put_and_get, &r), OK);
    assert_int_equal(db_count(r), 1);
    assert_string_equal(db_str(r, 0, 0), "Nguyễn");
    assert_true(db_int(r, 0, 1) == INT64_MIN);
    assert_int_equal(db_bytes(r, 0, 2).len, 7);
    assert_memory_equal(db_bytes(r, 0, 2).ptr, ((uint8_t[]){0, 1, 0, 0xff, '\\', 'x', 0}), 7);
    assert_int_equal(db_time(r, 0, 3), 1795507200);
    assert_true(db_bool(r, 0, 4));
    assert_false(db_null(r, 0, 5)); /* an empty text is no NULL */
    assert_string_equal(db_str(r, 0, 5), "");
}

static err_t put_nulls(struct db *db, void *arg)
{
    struct db_rows **rows = arg;
    struct db_param p[] = {DB_TEXT("nulls"), DB_NULL, DB_NULL, DB_NULL, DB_NULL, DB_TEXT(NULL)};
    TRY(db_one(db, &put, p, NULL));
    return db_one(db, &get, p, rows);
}

static void null_gives_empty_values_and_says_so(void **state)
{
    (void)state;
    NEED_PG();
    AUTO_ROWS r = NULL;
    assert_int_equal(db_do(pool, DB_TX, put_nulls, &r), OK);
    for (int c = 1; c < 6; c++)
        assert_true(db_null(r, 0, c));
    assert_int_equal(db_int(r, 0, 1), 0);
    assert_int_equal(db_bytes(r, 0, 2).len, 0);
    assert_int_equal(db_time(r, 0, 3), 0);
    assert_false(db_bool(r, 0, 4));
    assert_string_equal(db_str(r, 0, 5), "");
}

static err_t put_empty_bytes(struct db *db, void *arg)
{
    struct db_rows **rows = arg;
    struct db_param p[] = {DB_TEXT("empty"), DB_NULL, DB_BYTES(BYTES(NULL, 0)), DB_NULL, DB_NULL, DB_NULL};
    TRY(db_one(db, &put, p, NULL));
    return db_one(db, &get, p, rows);
}

static void empty_bytes_are_not_null(void **state)
{
    (void)state;
    NEED_PG();
    AUTO_ROWS r = NULL;
    assert_int_equal(db_do(pool, DB_TX, put_empty_bytes, &r), OK);
    assert_false(db_null(r, 0, 2));
    assert_int_equal(db_bytes(r, 0, 2).len, 0);
}

static err_t send_big(struct db *db, void *arg)
{
    AUTO_ROWS r = NULL;
    struct bytes *b = arg;
    TRY(db_one(db, &big, DB_PARAMS(DB_BYTES(*b)), &r));
    assert_int_equal(db_int(r, 0, 0), (int64_t)b->len);
    assert_true(bytes_eq(db_bytes(r, 0, 1), *b));
    return OK;
}

static void eight_megabytes_pass_both_ways(void **state)
{
    (void)state;
    NEED_PG();
    size_t n = 8u << 20;
    uint8_t *p = malloc(n);
    assert_non_null(p);
    random_bytes(p, n);
    struct bytes b = BYTES(p, n);
    assert_int_equal(db_do(pool, DB_AUTOCOMMIT, send_big, &b), OK);
    free(p);
}

static err_t show_times(struct db *db, void *arg)
{
    (void)arg;
    static const int64_t times[] = {0, -1, 951782400 /* 2000-02-29 */, 4102444800 /* 2100 */};
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        AUTO_ROWS r = NULL;
        TRY(db_one(db, &show, DB_PARAMS(DB_TIME(times[i])), &r));
        assert_string_equal(db_str(r, 0, 0), "UTC");
        assert_int_equal(db_time(r, 0, 2), times[i]);
    }
    AUTO_ROWS r = NULL;
    TRY(db_one(db, &show, DB_PARAMS(DB_TEXT("2026-11-24 15:00:00.999+07")), &r));
    assert_int_equal(db_time(r, 0, 2), 1795507200);
    TRY(db_one(db, &show, DB_PARAMS(DB_TEXT("infinity")), &r));
    assert_true(db_time(r, 0, 2) == INT64_MAX);
    return OK;
}

static void times_are_utc_whatever_the_server_says(void **state)
{
    (void)state;
    NEED_PG();
    admin_exec("DO $$ BEGIN EXECUTE format('ALTER ROLE %I SET timezone = ''Asia/Ho_Chi_Minh''', current_user);"
               "EXECUTE format('ALTER ROLE %I SET datestyle = ''German''', current_user); END $$");
    struct db_pool *p = pool_of(1, 100, 0);
    err_t e = db_do(p, DB_AUTOCOMMIT, show_times, NULL);
    db_pool_close(&p);
    admin_exec("DO $$ BEGIN EXECUTE format('ALTER ROLE %I RESET ALL', current_user); END $$");
    assert_int_equal(e, OK);
}

/* --- outcomes --- */

static err_t add_to_nobody(struct db *db, void *arg)
{
    const struct db_stmt *s = arg;
    return db_one(db, s, DB_PARAMS(DB_TEXT("nobody"), DB_INT(1)), NULL);
}

static void no_row_is_db_none(void **state)
{
    (void)state;
    NEED_PG();
    struct db_stmt one = add, two = add_returning, three = get;
    assert_int_equal(db_do(pool, DB_AUTOCOMMIT, add_to_nobody, &one), ERR_DB_NONE);
    assert_int_equal(db_do(pool, DB_TX, add_to_nobody, &two), ERR_DB_NONE);
    assert_int_equal(db_do(pool, DB_TX, add_to_nobody, &three), ERR_DB_NONE);
}

static err_t put_twice(struct db *db, void *arg)
{
    (void)arg;
    struct db_param p[] = {DB_TEXT("twice"), DB_NULL, DB_NULL, DB_NULL, DB_NULL, DB_NULL};
    TRY(db_one(db, &put, p, NULL));
    return db_one(db, &put, p, NULL);
}

static err_t get_twice(struct db *db, void *arg)
{
    (void)arg;
    return db_one(db, &get, DB_PARAMS(DB_TEXT("twice")), NULL);
}

static void unique_violation_is_conflict_and_rolls_back(void **state)
{
    (void)state;
    NEED_PG();
    assert_int_equal(db_do(pool, DB_TX, put_twice, NULL), ERR_DB_CONFLICT);
    assert_int_equal(db_do(pool, DB_AUTOCOMMIT, get_twice, NULL), ERR_DB_NONE);
}

static err_t swallow_the_conflict(struct db *db, void *arg)
{
    return put_twice(db, arg) == ERR_DB_CONFLICT ? OK : ERR_INTERNAL;
}

static void failed_transaction_is_never_reported_as_committed(void **state)
{
    (void)state;
    NEED_PG();
    assert_int_equal(db_do(pool, DB_TX, swallow_the_conflict, NULL), ERR_DB);
}

static err_t add_then_refuse(struct db *db, void *arg)
{
    (void)arg;
    TRY(db_one(db, &add, DB_PARAMS(DB_TEXT("a"), DB_INT(5)), NULL));
    return ERR_FORBIDDEN;
}

static err_t read_total(struct db *db, void *arg)
{
    AUTO_ROWS r = NULL;
    TRY(db_one(db, &total, NULL, &r));
    *(int64_t *)arg = db_int(r, 0, 0);
    return OK;
}

static void callers_refusal_rolls_back_and_is_returned(void **state)
{
    (void)state;
    NEED_PG();
    assert_int_equal(db_do(pool, DB_TX, add_then_refuse, NULL), ERR_FORBIDDEN);
    int64_t n = -1;
    assert_int_equal(db_do(pool, DB_AUTOCOMMIT, read_total, &n), OK);
    assert_int_equal(n, 0);
}

/* --- retries --- */

struct both {
    const char *first, *second;
    pthread_barrier_t *meet; /* both hold their first row before they ask for the second */
    int runs;
    err_t e;
};

static err_t lock_in_order(struct db *db, void *arg)
{
    struct both *b = arg;
    TRY(db_one(db, &add, DB_PARAMS(DB_TEXT(b->first), DB_INT(1)), NULL));
    if (b->runs++ == 0)
        pthread_barrier_wait(b->meet);
    return db_one(db, &add, DB_PARAMS(DB_TEXT(b->second), DB_INT(1)), NULL);
}

static void *run_both(void *arg)
{
    struct both *b = arg;
    b->e = db_do(pool, DB_TX, lock_in_order, b);
    return NULL;
}

static void deadlock_is_retried_and_both_succeed(void **state)
{
    (void)state;
    NEED_PG();
    pthread_barrier_t meet;
    pthread_barrier_init(&meet, NULL, 2);
    struct both one = {"a", "b", &meet, 0, -1}, two = {"b", "a", &meet, 0, -1};
    pthread_t t;
    assert_int_equal(pthread_create(&t, NULL, run_both, &one), 0);
    run_both(&two);
    pthread_join(t, NULL);
    pthread_barrier_destroy(&meet);
    assert_int_equal(one.e, OK);
    assert_int_equal(two.e, OK);
    assert_true(one.runs + two.runs >= 3);
    int64_t n = 0;
    assert_int_equal(db_do(pool, DB_AUTOCOMMIT, read_total, &n), OK);
    assert_int_equal(n, 4);
}

/* Reads the sum, and lets another change it before the first write: serializable forbids that. */
static err_t read_then_write(struct db *db, void *arg)
{
    int *runs = arg;
    TRY(db_query(db, &serializable, NULL, NULL));
    int64_t n = 0;
    TRY(read_total(db, &n));
    if ((*runs)++ == 0)
        admin_exec("UPDATE " T "item SET n = n + 1 WHERE id = 'a'");
    return db_one(db, &add, DB_PARAMS(DB_TEXT("a"), DB_INT(n + 10)), NULL);
}

static void serialization_failure_is_retried(void **state)
{
    (void)state;
    NEED_PG();
    int runs = 0;
    assert_int_equal(db_do(pool, DB_TX, read_then_write, &runs), OK);
    assert_int_equal(runs, 2);
    int64_t n = 0;
    assert_int_equal(db_do(pool, DB_AUTOCOMMIT, read_total, &n), OK);
    assert_int_equal(n, 12); /* 1, then 1 + 10 on top of it */
}

static err_t always_retry(struct db *db, void *arg)
{
    (void)db;
    (*(int *)arg)++;
    return ERR_DB_RETRY;
}

static void retries_end(void **state)
{
    (void)state;
    NEED_PG();
    int runs = 0;
    assert_int_equal(db_do(pool, DB_TX, always_retry, &runs), ERR_DB_RETRY);
    assert_int_equal(runs, 4);
}

/* --- a server that goes away --- */

static err_t read_pid(struct db *db, void *arg)
{
    AUTO_ROWS r = NULL;
    TRY(db_one(db, &pid, NULL, &r));
    *(int64_t *)arg = db_int(r, 0, 0);
    return OK;
}

static void terminate(int64_t backend)
{
    char sql[80];
    snprintf(sql, sizeof sql, "SELECT pg_terminate_backend(%d, 2000)", (int)backend);
    admin_exec(sql);
}

static err_t die_in_the_middle(struct db *db, void *arg)
{
    int *runs = arg;
    (*runs)++;
    int64_t backend = 0;
    TRY(db_one(db, &add, DB_PARAMS(DB_TEXT("a"), DB_INT(1)), NULL));
    TRY(read_pid(db, &backend));
    terminate(backend);
    return db_one(db, &add, DB_PARAMS(DB_TEXT("b"), DB_INT(1)), NULL);
}

static void server_killed_in_the_middle_is_down_and_recovers_alone(void **state)
{
    (void)state;
    NEED_PG();
    int runs = 0;
    int64_t n = -1;
    assert_int_equal(db_do(pool, DB_TX, die_in_the_middle, &runs), ERR_DB_DOWN);
    assert_int_equal(runs, 1); /* its outcome was unknown: not run again */
    assert_int_equal(db_do(pool, DB_AUTOCOMMIT, read_total, &n), OK);
    assert_int_equal(n, 0);
}

static err_t die_then_go_on(struct db *db, void *arg)
{
    (void)die_in_the_middle(db, arg) /* ignores the failure on purpose */;
    assert_int_equal(db_one(db, &get, DB_PARAMS(DB_TEXT("a")), NULL), ERR_DB_DOWN);
    return OK;
}

static void broken_transaction_never_reports_success(void **state)
{
    (void)state;
    NEED_PG();
    int runs = 0;
    assert_int_equal(db_do(pool, DB_TX, die_then_go_on, &runs), ERR_DB_DOWN);
}

static void idle_connection_that_died_costs_no_request(void **state)
{
    (void)state;
    NEED_PG();
    static const enum db_mode modes[] = {DB_AUTOCOMMIT, DB_TX};
    for (int i = 0; i < 2; i++) {
        int64_t before = 0, after = 0;
        assert_int_equal(db_do(pool, modes[i], read_pid, &before), OK);
        terminate(before);
        assert_int_equal(db_do(pool, modes[i], read_pid, &after), OK);
        assert_true(before != after);
    }
}

static void no_server_is_down_at_once_and_not_alive(void **state)
{
    (void)state;
    NEED_PG();
    struct db_pool *p = NULL;
    struct db_pool_conf conf = {.conninfo = "host=127.0.0.1 port=1 user=nobody dbname=none", .size = 1, .wait_ms = 100, .stmts = stmts};
    assert_int_equal(db_pool_open(&conf, &p), OK); /* a daemon starts without its database */
    int64_t n = 0, start = clock_mono_us();
    assert_int_equal(db_do(p, DB_TX, read_total, &n), ERR_DB_DOWN);
    assert_int_equal(db_do(p, DB_AUTOCOMMIT, read_total, &n), ERR_DB_DOWN);
    assert_false(db_pool_alive(p));
    assert_true(clock_mono_us() - start < 2000000);
    db_pool_close(&p);
    assert_true(db_pool_alive(pool));
}

static void unpreparable_statement_is_down_until_it_can_be(void **state)
{
    (void)state;
    NEED_PG();
    admin_exec("ALTER TABLE " T "item RENAME TO elsewhere");
    struct db_pool *p = pool_of(1, 100, 0);
    int64_t n = 0;
    assert_int_equal(db_do(p, DB_AUTOCOMMIT, read_total, &n), ERR_DB_DOWN);
    admin_exec("ALTER TABLE " T "elsewhere RENAME TO item");
    usleep(150000);
    assert_int_equal(db_do(p, DB_AUTOCOMMIT, read_total, &n), OK);
    db_pool_close(&p);
}

static err_t sleep_long(struct db *db, void *arg)
{
    (void)arg;
    return db_query(db, &slow, DB_PARAMS(DB_TEXT("30")), NULL);
}

static void slow_statement_is_ended_by_the_server(void **state)
{
    (void)state;
    NEED_PG();
    struct db_pool *p = pool_of(1, 100, 200);
    int64_t n = 0;
    assert_int_equal(db_do(p, DB_AUTOCOMMIT, sleep_long, NULL), ERR_BUSY);
    assert_int_equal(db_do(p, DB_AUTOCOMMIT, read_total, &n), OK);
    db_pool_close(&p);
}

/* --- the pool's size --- */

struct hold {
    struct db_pool *pool;
    pthread_barrier_t *in, *out;
};

static err_t hold_connection(struct db *db, void *arg)
{
    (void)db;
    struct hold *h = arg;
    pthread_barrier_wait(h->in);
    pthread_barrier_wait(h->out);
    return OK;
}

static void *hold_thread(void *arg)
{
    struct hold *h = arg;
    return db_do(h->pool, DB_AUTOCOMMIT, hold_connection, h) == OK ? NULL : arg;
}

static void exhausted_pool_is_busy_then_free_again(void **state)
{
    (void)state;
    NEED_PG();
    pthread_barrier_t in, out;
    pthread_barrier_init(&in, NULL, 2);
    pthread_barrier_init(&out, NULL, 2);
    struct hold h = {pool_of(1, 50, 0), &in, &out};
    pthread_t t;
    assert_int_equal(pthread_create(&t, NULL, hold_thread, &h), 0);
    pthread_barrier_wait(&in);
    int64_t n = 0, start = clock_mono_us();
    assert_int_equal(db_do(h.pool, DB_AUTOCOMMIT, read_total, &n), ERR_BUSY);
    assert_true(clock_mono_us() - start >= 45000);
    assert_true(db_pool_alive(h.pool)); /* busy is not dead */
    pthread_barrier_wait(&out);
    void *failed = NULL;
    pthread_join(t, &failed);
    assert_null(failed);
    assert_int_equal(db_do(h.pool, DB_AUTOCOMMIT, read_total, &n), OK);
    db_pool_close(&h.pool);
    pthread_barrier_destroy(&in);
    pthread_barrier_destroy(&out);
}

static err_t count_up(struct db *db, void *arg)
{
    (void)arg;
    return db_one(db, &add, DB_PARAMS(DB_TEXT("a"), DB_INT(1)), NULL);
}

static void *many(void *arg)
{
    atomic_int *failures = arg;
    for (int i = 0; i < 25; i++)
        if (db_do(pool, DB_TX, count_up, NULL) != OK)
            atomic_fetch_add(failures, 1);
    return NULL;
}

static void eight_threads_share_two_connections(void **state)
{
    (void)state;
    NEED_PG();
    atomic_int failures = 0;
    pthread_t t[8];
    for (int i = 0; i < 8; i++)
        assert_int_equal(pthread_create(&t[i], NULL, many, &failures), 0);
    for (int i = 0; i < 8; i++)
        pthread_join(t[i], NULL);
    assert_int_equal(failures, 0);
    int64_t n = 0;
    assert_int_equal(db_do(pool, DB_AUTOCOMMIT, read_total, &n), OK);
    assert_int_equal(n, 200);
}

/* --- what the log may say --- */

#define PRIVATE "079301234567"

static err_t cast_private(struct db *db, void *arg)
{
    (void)arg;
    return db_query(db, &cast_fails, DB_PARAMS(DB_TEXT("x" PRIVATE)), NULL);
}

static err_t put_private_twice(struct db *db, void *arg)
{
    (void)arg;
    struct db_param p[] = {DB_TEXT(PRIVATE), DB_NULL, DB_NULL, DB_NULL, DB_NULL, DB_NULL};
    TRY(db_one(db, &put, p, NULL));
    return db_one(db, &put, p, NULL);
}

static void log_names_the_statement_and_never_a_value(void **state)
{
    (void)state;
    NEED_PG();
    char path[] = "/tmp/antin-test-db-XXXXXX";
    int fd = mkstemp(path), saved = dup(STDERR_FILENO);
    assert_true(fd >= 0 && saved >= 0);
    unlink(path);
    dup2(fd, STDERR_FILENO);
    err_t cast = db_do(pool, DB_AUTOCOMMIT, cast_private, NULL);
    err_t twice = db_do(pool, DB_TX, put_private_twice, NULL);
    dup2(saved, STDERR_FILENO);
    close(saved);
    char text[4096] = "";
    ssize_t n = pread(fd, text, sizeof text - 1, 0);
    close(fd);
    assert_true(n > 0);
    assert_int_equal(cast, ERR_DB);
    assert_int_equal(twice, ERR_DB_CONFLICT);
    assert_non_null(strstr(text, "cast_fails"));
    assert_non_null(strstr(text, "22P02"));
    assert_non_null(strstr(text, "item_pkey"));
    assert_null(strstr(text, PRIVATE));
}

int main(void)
{
    secret_init();
    log_init("test_db", LOG_DEBUG);
    conninfo = getenv("ANTIN_TEST_PG");
    if (conninfo != NULL) {
        admin = PQconnectdb(conninfo);
        if (PQstatus(admin) != CONNECTION_OK) {
            fprintf(stderr, "ANTIN_TEST_PG: %s", PQerrorMessage(admin));
            return 1;
        }
        PQclear(PQexec(admin, "SET client_min_messages = warning"));
    }
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(values_round_trip_with_nul_bytes),
        TEST(null_gives_empty_values_and_says_so),
        TEST(empty_bytes_are_not_null),
        TEST(eight_megabytes_pass_both_ways),
        TEST(times_are_utc_whatever_the_server_says),
        TEST(no_row_is_db_none),
        TEST(unique_violation_is_conflict_and_rolls_back),
        TEST(failed_transaction_is_never_reported_as_committed),
        TEST(callers_refusal_rolls_back_and_is_returned),
        TEST(deadlock_is_retried_and_both_succeed),
        TEST(serialization_failure_is_retried),
        TEST(retries_end),
        TEST(server_killed_in_the_middle_is_down_and_recovers_alone),
        TEST(broken_transaction_never_reports_success),
        TEST(idle_connection_that_died_costs_no_request),
        TEST(no_server_is_down_at_once_and_not_alive),
        TEST(unpreparable_statement_is_down_until_it_can_be),
        TEST(slow_statement_is_ended_by_the_server),
        TEST(exhausted_pool_is_busy_then_free_again),
        TEST(eight_threads_share_two_connections),
        TEST(log_names_the_statement_and_never_a_value),
    };
    int failed = cmocka_run_group_tests_name("db", tests, NULL, NULL);
    PQfinish(admin);
    return failed;
}

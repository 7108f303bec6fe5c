/*
 * Hearing notifications of a real PostgreSQL, also after the connection was lost.
 * Runs when ANTIN_TEST_PG holds a libpq connection string of a role that may end other backends; else skips.
 */
#include "common/clock.h"
#include "common/db_listen.h"
#include "common/log.h"
#include "unit.h"
#include <libpq-fe.h>
#include <pthread.h>
#include <time.h>

#define CHANNEL "antin_test_listen"
#define WAIT_US 8000000

static const char *conninfo;
static PGconn *admin;

/* What the listener heard, in order: "word" or "-" for "all may be old". */
struct ear {
    pthread_mutex_t lock;
    char heard[4096];
};

static void hear(void *arg, const char *what)
{
    struct ear *e = arg;
    (void)pthread_mutex_lock(&e->lock);
    size_t n = strlen(e->heard);
    (void)snprintf(e->heard + n, sizeof e->heard - n, "%s ", what == NULL ? "-" : what);
    (void)pthread_mutex_unlock(&e->lock);
}

static void nap(void)
{
    (void)nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
}

static void wait_heard(struct ear *e, const char *want)
{
    int64_t until = clock_mono_us() + WAIT_US;
    bool there = false;
    while (!there && clock_mono_us() < until) {
        (void)pthread_mutex_lock(&e->lock);
        there = strstr(e->heard, want) != NULL;
        (void)pthread_mutex_unlock(&e->lock);
        nap();
    }
    if (!there)
        fail_msg("heard \"%s\", not \"%s\"", e->heard, want);
}

static bool becomes(const struct db_listener *l, bool want)
{
    int64_t until = clock_mono_us() + WAIT_US;
    while (db_listener_current(l) != want && clock_mono_us() < until)
        nap();
    return db_listener_current(l) == want;
}

static void tell(const char *sql)
{
    PGresult *r = PQexec(admin, sql);
    ExecStatusType st = PQresultStatus(r);
    PQclear(r);
    if (st != PGRES_COMMAND_OK && st != PGRES_TUPLES_OK)
        fail_msg("%s", PQerrorMessage(admin));
}

static struct db_listener *opened(struct ear *e)
{
    struct db_listener *l = NULL;
    assert_ok(db_listener_open(conninfo, CHANNEL, hear, e, &l));
    assert_true(becomes(l, true));
    return l;
}

#define EAR                               \
    {                                     \
        .lock = PTHREAD_MUTEX_INITIALIZER \
    }
#define NEED_PG()             \
    do {                      \
        if (conninfo == NULL) \
            skip();           \
    } while (0)

static void beginning_says_that_everything_may_be_old_before_it_is_current(void **state)
{
    struct ear e = EAR;
    struct db_listener *l = NULL;
    (void)state;
    NEED_PG();
    assert_ok(db_listener_open(conninfo, CHANNEL, hear, &e, &l));
    while (!db_listener_current(l))
        nap();
    assert_string_equal(e.heard, "- "); /* without waiting: it was said before */
    db_listener_close(&l);
}

static void committed_words_are_heard_in_order_and_others_never(void **state)
{
    struct ear e = EAR;
    (void)state;
    NEED_PG();
    struct db_listener *l = opened(&e);
    tell("NOTIFY " CHANNEL ", 'one'");
    tell("BEGIN");
    tell("NOTIFY " CHANNEL ", 'taken-back'");
    tell("ROLLBACK");
    tell("NOTIFY another_channel, 'not-for-us'");
    tell("NOTIFY " CHANNEL ", 'two'");
    wait_heard(&e, "- one two ");
    assert_true(db_listener_current(l));
    db_listener_close(&l);
    assert_string_equal(e.heard, "- one two ");
}

static void lost_connection_is_not_current_and_comes_back_with_a_warning(void **state)
{
    struct ear e = EAR;
    (void)state;
    NEED_PG();
    struct db_listener *l = opened(&e);
    tell("SELECT pg_terminate_backend(pid, 2000) FROM pg_stat_activity WHERE query LIKE 'LISTEN " CHANNEL "' OR"
         " (application_name = 'antin' AND query = 'SELECT 1')");
    tell("NOTIFY " CHANNEL ", 'while-deaf'");
    wait_heard(&e, "- - ");
    assert_true(becomes(l, true));
    tell("NOTIFY " CHANNEL ", 'after'");
    wait_heard(&e, "after ");
    db_listener_close(&l);
}

static void it_lives_on_when_nothing_is_told(void **state)
{
    struct ear e = EAR;
    (void)state;
    NEED_PG();
    struct db_listener *l = opened(&e);
    for (int64_t until = clock_mono_us() + 7000000; clock_mono_us() < until; nap()) /* longer than an answer is believed */
        assert_true(db_listener_current(l));
    assert_string_equal(e.heard, "- ");
    db_listener_close(&l);
}

static void without_a_server_it_is_never_current_and_ends_when_asked(void **state)
{
    struct ear e = EAR;
    struct db_listener *l = NULL;
    (void)state;
    assert_ok(db_listener_open("host=127.0.0.1 port=1 dbname=none", CHANNEL, hear, &e, &l));
    for (int i = 0; i < 100; i++, nap())
        assert_false(db_listener_current(l));
    int64_t from = clock_mono_us();
    db_listener_close(&l);
    assert_true(clock_mono_us() - from < 4000000);
    assert_string_equal(e.heard, "");
}

int main(void)
{
    log_init("test_db_listen", LOG_ERROR);
    conninfo = getenv("ANTIN_TEST_PG");
    if (conninfo != NULL) {
        admin = PQconnectdb(conninfo);
        if (PQstatus(admin) != CONNECTION_OK) {
            (void)fprintf(stderr, "ANTIN_TEST_PG: %s", PQerrorMessage(admin));
            return 1;
        }
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(beginning_says_that_everything_may_be_old_before_it_is_current),
        cmocka_unit_test(committed_words_are_heard_in_order_and_others_never),
        cmocka_unit_test(lost_connection_is_not_current_and_comes_back_with_a_warning),
        cmocka_unit_test(it_lives_on_when_nothing_is_told),
        cmocka_unit_test(without_a_server_it_is_never_current_and_ends_when_asked),
    };
    int failed = cmocka_run_group_tests_name("db_listen", tests, NULL, NULL);
    PQfinish(admin);
    return failed;
}

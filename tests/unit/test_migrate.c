/*
 * Cutting SQL into statements, the checks on migration files, and applying them to a real database.
 * The latter runs when ANTIN_TEST_PG holds the connection string of a superuser; run from the repository's root (schema/roles.sql).
 */
#include "common/secret.h"
#include "schema/migrate.h"
#include "schema/split.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

/* --- split --- */

static void expect_parts(const char *sql, const char *const *parts, const unsigned *lines, size_t n)
{
    struct sql_cursor c = sql_cursor_of(BYTES_STR(sql));
    struct sql_part p;
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(sql_next(&c, &p), OK);
        assert_int_equal(p.len, strlen(parts[i]));
        assert_memory_equal(p.text, parts[i], p.len);
        assert_int_equal(p.line, lines[i]);
    }
    assert_int_equal(sql_next(&c, &p), ERR_DB_NONE);
}

static void statements_keep_their_lines(void **state)
{
    (void)state;
    expect_parts("-- a; comment\nSELECT 1;\n\n/* b; /* nested */ ; */ SELECT\n 2;;\nSELECT 3",
                 (const char *[]){"SELECT 1", "SELECT\n 2", "SELECT 3"}, (unsigned[]){2, 4, 6}, 3);
}

static void semicolons_in_quotes_cut_nothing(void **state)
{
    (void)state;
    static const char *const whole[] = {"SELECT 'a;b''c;'",   "SELECT \"a;\"\"b\"", "SELECT E'a\\';b'", "DO $$ BEGIN; END $$",
                                        "DO $x$ $$ ; $$ $x$", "SELECT a$1 FROM b",  "SELECT $1",        "SELECT 1 -- ; '\n + 2",
                                        "SELECT 'E', 'x\\'",  "SELECT 'ề;'"};
    for (size_t i = 0; i < sizeof whole / sizeof whole[0]; i++)
        expect_parts(whole[i], &whole[i], (unsigned[]){1}, 1);
}

static void what_never_closes_is_refused_at_its_opening(void **state)
{
    (void)state;
    static const char *const open[] = {"\nSELECT 'a", "\nSELECT \"a;\n", "\n/* /* */", "\nDO $$ x $ $", "\nDO $a$ $b$", "\nSELECT E'\\'"};
    for (size_t i = 0; i < sizeof open / sizeof open[0]; i++) {
        struct sql_cursor c = sql_cursor_of(BYTES_STR(open[i]));
        struct sql_part p;
        assert_int_equal(sql_next(&c, &p), ERR_SYNTAX);
        assert_int_equal(c.line, 2);
    }
}

/* --- files --- */

static char dir[64];

static void write_file(const char *name, const char *text)
{
    char path[160];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    assert_int_equal(fclose(f), 0);
}

static void run(const char *verb, const char *name)
{
    char path[160];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    assert_int_equal(verb[0] == 'm' ? mkdir(path, 0700) : remove(path), 0);
}

static int make_dir(void **state)
{
    (void)state;
    snprintf(dir, sizeof dir, "/tmp/antin-migrate-XXXXXX");
    assert_non_null(mkdtemp(dir));
    run("mkdir", "idp");
    run("mkdir", "signer");
    write_file("idp/0001_one.sql", "CREATE TABLE one(a int);\nCREATE TABLE other(a int)");
    write_file("signer/0001_one.sql", "CREATE TABLE signer.one(a int)");
    AUTO_BUF roles = {0};
    assert_int_equal(migrate_read_file("schema/roles.sql", &roles, stderr), OK);
    write_file("roles.sql", buf_str(&roles));
    return 0;
}

static int remove_dir(void **state)
{
    (void)state;
    static const char *const files[] = {"idp/0001_one.sql",
                                        "idp/0002_two.sql",
                                        "idp/0003_three.sql",
                                        "idp/0001_uno.sql",
                                        "idp/bad-name.sql",
                                        "signer/0001_one.sql",
                                        "roles.sql",
                                        "idp",
                                        "signer",
                                        "."};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        char path[160];
        snprintf(path, sizeof path, "%s/%s", dir, files[i]);
        if (strcmp(files[i], ".") == 0)
            rmdir(dir);
        else
            remove(path);
    }
    return 0;
}

/* What was said on errs. */
struct errs {
    FILE *f;
    char *text;
    size_t n;
};

/* The stream keeps pointers into *e: it must not move. */
static void errs_open(struct errs *e)
{
    *e = (struct errs){0};
    e->f = open_memstream(&e->text, &e->n);
    assert_non_null(e->f);
}

static void errs_say(struct errs *e, const char *expected)
{
    fclose(e->f);
    if (strstr(e->text, expected) == NULL)
        fail_msg("expected \"%s\", was told \"%s\"", expected, e->text);
    free(e->text);
}

static void refuse_files(const char *expected)
{
    AUTO_MIGRATIONS set = {0};
    struct errs e;
    errs_open(&e);
    assert_int_equal(migrate_read(dir, &set, e.f), ERR_CONFIG);
    errs_say(&e, expected);
}

static void good_files_are_read_in_order(void **state)
{
    (void)state;
    AUTO_MIGRATIONS set = {0};
    write_file("idp/0002_two.sql", "SELECT 1");
    assert_int_equal(migrate_read(dir, &set, stderr), OK);
    assert_int_equal(set.n, 3);
    assert_string_equal(set.items[1].name, "two");
    assert_int_equal(set.items[1].number, 2);
    assert_string_equal(set.items[2].schema, "signer");
    assert_int_equal(strlen(set.items[2].sha256), 64);
}

static void gap_is_refused(void **state)
{
    (void)state;
    write_file("idp/0003_three.sql", "SELECT 1");
    refuse_files("0003_three.sql: expected number 0002");
}

static void number_used_twice_is_refused(void **state)
{
    (void)state;
    write_file("idp/0001_uno.sql", "SELECT 1");
    refuse_files("0001_uno.sql: expected number 0002");
}

static void stray_name_is_refused(void **state)
{
    (void)state;
    write_file("idp/bad-name.sql", "SELECT 1");
    refuse_files("bad-name.sql: a migration is named");
}

static void transaction_control_is_refused_with_its_line(void **state)
{
    (void)state;
    write_file("idp/0002_two.sql", "CREATE TABLE x(a int);\n\nCommit;\nDROP TABLE one");
    refuse_files("0002_two.sql:3: a migration runs in a transaction of its own");
}

static void empty_file_and_open_quote_are_refused(void **state)
{
    (void)state;
    write_file("idp/0002_two.sql", "-- nothing\n");
    refuse_files("0002_two.sql:2: no statement");
    write_file("idp/0002_two.sql", "SELECT 1;\nSELECT 'x\n");
    refuse_files("0002_two.sql:2: a quote or comment is never closed");
    write_file("idp/0002_two.sql", "SELECT '\xff'");
    refuse_files("0002_two.sql: not UTF-8");
}

/* --- a database --- */

#define DB "antin_test_migrate"
static const char *conninfo;

static PGconn *session(const char *dbname)
{
    char text[1024]; /* a later keyword wins over an earlier one */
    snprintf(text, sizeof text, "%s%s%s options='-c client_min_messages=error'", conninfo, dbname != NULL ? " dbname=" : "",
             dbname != NULL ? dbname : "");
    PGconn *pg = PQconnectdb(text);
    if (PQstatus(pg) != CONNECTION_OK)
        fail_msg("%s", PQerrorMessage(pg));
    return pg;
}

static long number(PGconn *pg, const char *sql)
{
    PGresult *r = PQexec(pg, sql);
    if (PQresultStatus(r) != PGRES_TUPLES_OK && PQresultStatus(r) != PGRES_COMMAND_OK)
        fail_msg("%s: %s", sql, PQerrorMessage(pg));
    long n = PQntuples(r) > 0 ? strtol(PQgetvalue(r, 0, 0), NULL, 10) : 0;
    PQclear(r);
    return n;
}

static int make_database(void **state)
{
    make_dir(state);
    if (conninfo == NULL)
        return 0;
    PGconn *pg = session(NULL);
    number(pg, "DROP DATABASE IF EXISTS " DB " WITH (FORCE)");
    number(pg, "CREATE DATABASE " DB);
    PQfinish(pg);
    return 0;
}

static int drop_database(void **state)
{
    remove_dir(state);
    if (conninfo == NULL)
        return 0;
    PGconn *pg = session(NULL);
    number(pg, "DROP DATABASE IF EXISTS " DB " WITH (FORCE)");
    PQfinish(pg);
    return 0;
}

static err_t up(FILE *out, FILE *errs)
{
    PGconn *pg = session(DB);
    err_t e = migrate_up(pg, dir, out, errs);
    PQfinish(pg);
    return e;
}

static void up_ok(void)
{
    struct errs said;
    errs_open(&said);
    err_t e = up(said.f, stderr);
    errs_say(&said, "");
    assert_int_equal(e, OK);
}

static void up_refused(err_t expected, const char *words)
{
    struct errs e, out;
    errs_open(&e);
    errs_open(&out);
    assert_int_equal(up(out.f, e.f), expected);
    errs_say(&out, "");
    errs_say(&e, words);
}

static void expect_rows(long n)
{
    PGconn *pg = session(DB);
    assert_int_equal(number(pg, "SELECT count(*) FROM antin.migration"), n);
    PQfinish(pg);
}

#define NEED_PG()             \
    do {                      \
        if (conninfo == NULL) \
            skip();           \
    } while (0)

static void second_run_does_nothing(void **state)
{
    (void)state;
    NEED_PG();
    up_ok();
    expect_rows(2);
    struct errs out;
    errs_open(&out);
    assert_int_equal(up(out.f, stderr), OK);
    errs_say(&out, "nothing to do");
    expect_rows(2);
}

static void tables_belong_to_the_owner_and_to_nobody_else(void **state)
{
    (void)state;
    NEED_PG();
    up_ok();
    PGconn *pg = session(DB);
    assert_int_equal(
        number(pg, "SELECT count(*) FROM pg_tables WHERE schemaname IN ('idp', 'signer', 'antin') AND tableowner = 'antin_owner'"), 4);
    assert_int_equal(
        number(pg, "SELECT (has_table_privilege('antin_idp', 'idp.one', 'SELECT') OR has_schema_privilege('antin_idp', 'signer', 'USAGE')"
                   " OR has_schema_privilege('antin_signer', 'idp', 'USAGE') OR has_schema_privilege('antin_idp', 'antin', 'USAGE')"
                   " OR has_schema_privilege('antin_idp', 'idp', 'CREATE') OR has_schema_privilege('antin_idp', 'public', 'CREATE'))::int"),
        0);
    PQfinish(pg);
}

static void edited_migration_is_refused_before_anything_is_applied(void **state)
{
    (void)state;
    NEED_PG();
    up_ok();
    write_file("idp/0001_one.sql", "CREATE TABLE one(a bigint)");
    write_file("idp/0002_two.sql", "CREATE TABLE two(a int)");
    up_refused(ERR_CONFLICT, "idp/0001_one.sql: was edited after it was applied");
    expect_rows(2);
}

static void renamed_and_gone_migrations_are_refused(void **state)
{
    (void)state;
    NEED_PG();
    write_file("idp/0002_two.sql", "CREATE TABLE two(a int)");
    up_ok();
    run("remove", "idp/0002_two.sql");
    up_refused(ERR_CONFLICT, "idp/0002_two.sql: was applied but is not among these files");
    write_file("idp/0002_two.sql", "CREATE TABLE two(a int)");
    run("remove", "idp/0001_one.sql");
    write_file("idp/0001_uno.sql", "CREATE TABLE one(a int);\nCREATE TABLE other(a int)");
    up_refused(ERR_CONFLICT, "idp/0001_uno.sql: was renamed");
}

static void failing_migration_leaves_nothing_and_names_its_line(void **state)
{
    (void)state;
    NEED_PG();
    write_file("idp/0002_two.sql", "CREATE TABLE two(a int);\n-- chữ Việt\nSELECT 'ấn tín',\n  nonsense FROM two");
    up_refused(ERR_DB, "idp/0002_two.sql:4: column \"nonsense\" does not exist (SQLSTATE 42703)");
    expect_rows(1);
    write_file("idp/0002_two.sql", "CREATE TABLE two(a int);\n\nCREATE TABLE one(a int)");
    up_refused(ERR_DB, "idp/0002_two.sql:3: relation \"one\" already exists");
    write_file("idp/0002_two.sql", "CREATE TABLE two(a int)");
    up_ok();
    expect_rows(3);
}

struct runner {
    err_t e;
    struct errs out, errs;
};

static void *run_up(void *arg)
{
    struct runner *r = arg;
    r->e = up(r->out.f, r->errs.f);
    return NULL;
}

static void two_at_once_one_waits_and_both_succeed(void **state)
{
    (void)state;
    NEED_PG();
    write_file("idp/0002_two.sql", "SELECT pg_sleep(0.3); CREATE TABLE two(a int)");
    struct runner r[2];
    pthread_t t[2];
    for (int i = 0; i < 2; i++) {
        r[i].e = -1;
        errs_open(&r[i].out);
        errs_open(&r[i].errs);
        assert_int_equal(pthread_create(&t[i], NULL, run_up, &r[i]), 0);
    }
    int waited = 0;
    for (int i = 0; i < 2; i++) {
        pthread_join(t[i], NULL);
        fflush(r[i].errs.f);
        if (strstr(r[i].errs.text, "waiting") != NULL) {
            waited++;
            errs_say(&r[i].out, "nothing to do");
        } else {
            errs_say(&r[i].out, "idp/0002_two applied");
        }
        errs_say(&r[i].errs, "");
        assert_int_equal(r[i].e, OK);
    }
    assert_int_equal(waited, 1);
    expect_rows(3);
}

int main(void)
{
    secret_init();
    conninfo = getenv("ANTIN_TEST_PG");
#define FILES(f) cmocka_unit_test_setup_teardown(f, make_dir, remove_dir)
#define DATABASE(f) cmocka_unit_test_setup_teardown(f, make_database, drop_database)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(statements_keep_their_lines),
        cmocka_unit_test(semicolons_in_quotes_cut_nothing),
        cmocka_unit_test(what_never_closes_is_refused_at_its_opening),
        FILES(good_files_are_read_in_order),
        FILES(gap_is_refused),
        FILES(number_used_twice_is_refused),
        FILES(stray_name_is_refused),
        FILES(transaction_control_is_refused_with_its_line),
        FILES(empty_file_and_open_quote_are_refused),
        DATABASE(second_run_does_nothing),
        DATABASE(tables_belong_to_the_owner_and_to_nobody_else),
        DATABASE(edited_migration_is_refused_before_anything_is_applied),
        DATABASE(renamed_and_gone_migrations_are_refused),
        DATABASE(failing_migration_leaves_nothing_and_names_its_line),
        DATABASE(two_at_once_one_waits_and_both_succeed),
    };
    return cmocka_run_group_tests_name("migrate", tests, NULL, NULL);
}

/*
 * Migrations: numbered SQL files that are applied once, in order, and never edited afterwards.
 * Called by antin-migrate.c; the files are schema/roles.sql, schema/idp/NNNN_name.sql and schema/signer/NNNN_name.sql.
 */
#ifndef ANTIN_SCHEMA_MIGRATE_H
#define ANTIN_SCHEMA_MIGRATE_H

#include "common/bytes.h"
#include "common/secret.h"
#include <libpq-fe.h>
#include <stdio.h>

enum migration_state {
    MIGRATION_PENDING,
    MIGRATION_APPLIED,
    MIGRATION_EDITED,  /* the file is not what was applied */
    MIGRATION_RENAMED, /* another name under the same number */
    MIGRATION_GONE,    /* applied, but this program's files do not have it: the database is newer */
};
const char *migration_state_name(enum migration_state s);

#define MIGRATION_NAME_MAX 64
struct migration {
    char schema[16]; /* "idp", "signer" */
    int number;
    char name[MIGRATION_NAME_MAX + 1];
    char sha256[2 * SHA256_LEN + 1];
    char applied_at[32]; /* as the database writes it, UTC; "" when pending */
    enum migration_state state;
    char *path; /* NULL when gone */
    struct buf text;
};
struct migration_set {
    struct migration *items;
    size_t n;
};
void migration_set_free(struct migration_set *s);
#define AUTO_MIGRATIONS AUTO(migration_set_free) struct migration_set

/*
 * Reads both folders under dir, in order of schema and number. A gap, a number twice, a stray file name, bytes that are no UTF-8 or
 * a file with transaction control is ERR_CONFIG, said on errs with file and line.
 */
err_t migrate_read(const char *dir, struct migration_set *out, FILE *errs) MUST_USE;
/* Sets the states from the database; a database without the table has everything pending. Appends what is GONE. ERR_DB, ERR_NOMEM. */
err_t migrate_compare(PGconn *pg, struct migration_set *s, FILE *errs) MUST_USE;
/*
 * Waits for any other run, applies roles.sql, then each pending migration in its own transaction together with its row. Refuses, before it
 * changes anything, when a migration was edited, renamed or is gone (ERR_CONFLICT). Says on out what it did.
 */
err_t migrate_up(PGconn *pg, const char *dir, FILE *out, FILE *errs) MUST_USE;
/* ERR_CONFIG when the file cannot be read, is too large, or is no UTF-8. */
err_t migrate_read_file(const char *path, struct buf *out, FILE *errs) MUST_USE;
/* Runs a file's statements one by one, inside whatever transaction is open; names file and line of the one that fails. ERR_DB. */
err_t migrate_run_sql(PGconn *pg, const char *path, struct bytes text, FILE *errs) MUST_USE;

#endif

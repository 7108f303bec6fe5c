/*
 * Reads the migration files and checks what can be checked without a database.
 * Called by antin-migrate.c (status) and migrate_apply.c (up).
 */
#include "schema/migrate.h"

#include "schema/split.h"
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_MAX (4u << 20)
#define DIGITS 4

static const char *const schemas[] = {"idp", "signer"};

const char *migration_state_name(enum migration_state s)
{
    static const char *const names[] = {"pending", "applied", "edited", "renamed", "gone"};
    return names[s];
}

void migration_set_free(struct migration_set *s)
{
    for (size_t i = 0; i < s->n; i++) {
        free(s->items[i].path);
        buf_free(&s->items[i].text);
    }
    free(s->items);
    *s = (struct migration_set){0};
}

static err_t read_all(int fd, struct buf *out)
{
    for (;;) {
        TRY(buf_reserve(out, 16384));
        ssize_t n = read(fd, out->ptr + out->len, out->cap - out->len - 1);
        if (n < 0)
            return ERR_IO;
        if (n == 0)
            return OK;
        out->len += (size_t)n;
        if (out->len > FILE_MAX)
            return ERR_TOO_LARGE;
    }
}

err_t migrate_read_file(const char *path, struct buf *out, FILE *errs)
{
    AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || read_all(fd, out) != OK) {
        fprintf(errs, "%s: cannot be read%s%s\n", path, fd < 0 ? ": " : " or is too large", fd < 0 ? strerror(errno) : "");
        return ERR_CONFIG;
    }
    if (!utf8_valid(buf_bytes(out))) {
        fprintf(errs, "%s: not UTF-8\n", path);
        return ERR_CONFIG;
    }
    return OK;
}

/* "0001_citizens.sql": four digits, lower-case words, ".sql". */
static bool parse_name(const char *file, struct migration *m)
{
    size_t len = strlen(file);
    if (len < DIGITS + 6 || len - DIGITS - 5 > MIGRATION_NAME_MAX || strcmp(file + len - 4, ".sql") != 0 || file[DIGITS] != '_')
        return false;
    for (size_t i = 0; i < len - 4; i++) {
        bool digit = isdigit((unsigned char)file[i]);
        if (i < DIGITS ? !digit : !digit && !islower((unsigned char)file[i]) && file[i] != '_')
            return false;
    }
    m->number = (file[0] - '0') * 1000 + (file[1] - '0') * 100 + (file[2] - '0') * 10 + (file[3] - '0');
    snprintf(m->name, sizeof m->name, "%.*s", (int)(len - DIGITS - 5), file + DIGITS + 1);
    return true;
}

/* Every statement is cut once before anything runs: an unclosed quote or a COMMIT must not be found halfway. */
static err_t check_statements(const struct migration *m, FILE *errs)
{
    struct sql_cursor c = sql_cursor_of(buf_bytes(&m->text));
    struct sql_part part;
    err_t e;
    size_t n = 0;
    for (; (e = sql_next(&c, &part)) == OK; n++) {
        if (sql_is_transaction_control(&part)) {
            fprintf(errs, "%s:%u: a migration runs in a transaction of its own and may not begin or end one\n", m->path, part.line);
            return ERR_CONFIG;
        }
    }
    if (e == ERR_DB_NONE && n > 0)
        return OK;
    fprintf(errs, "%s:%u: %s\n", m->path, c.line, n == 0 && e == ERR_DB_NONE ? "no statement" : "a quote or comment is never closed");
    return ERR_CONFIG;
}

static err_t load(const char *dir, const char *schema, const char *file, struct migration_set *set, FILE *errs)
{
    struct migration *grown = realloc(set->items, (set->n + 1) * sizeof *grown);
    if (grown == NULL)
        return ERR_NOMEM;
    set->items = grown;
    struct migration *m = &set->items[set->n];
    memset(m, 0, sizeof *m);
    snprintf(m->schema, sizeof m->schema, "%s", schema);
    if (asprintf(&m->path, "%s/%s/%s", dir, schema, file) < 0)
        return ERR_NOMEM;
    set->n++; /* from here the set frees it */
    if (!parse_name(file, m)) {
        fprintf(errs, "%s: a migration is named NNNN_name.sql (lower case, digits, _)\n", m->path);
        return ERR_CONFIG;
    }
    TRY(migrate_read_file(m->path, &m->text, errs));
    uint8_t hash[SHA256_LEN];
    sha256(buf_bytes(&m->text), hash);
    hex_encode(BYTES(hash, sizeof hash), m->sha256);
    return check_statements(m, errs);
}

static int is_sql(const struct dirent *d)
{
    size_t n = strlen(d->d_name);
    return d->d_name[0] != '.' && n > 4 && strcmp(d->d_name + n - 4, ".sql") == 0;
}

static err_t read_schema(const char *dir, const char *schema, struct migration_set *set, FILE *errs)
{
    AUTO_STR path = NULL;
    if (asprintf(&path, "%s/%s", dir, schema) < 0)
        return ERR_NOMEM;
    struct dirent **names = NULL;
    int n = scandir(path, &names, is_sql, alphasort);
    if (n < 0) {
        fprintf(errs, "%s: %s\n", path, strerror(errno));
        return ERR_CONFIG;
    }
    err_t e = OK;
    for (int i = 0; i < n && e == OK; i++) {
        e = load(dir, schema, names[i]->d_name, set, errs);
        const struct migration *m = e == OK ? &set->items[set->n - 1] : NULL;
        if (m != NULL && m->number != i + 1) {
            fprintf(errs, "%s: expected number %04d here (a gap, or a number used twice)\n", m->path, i + 1);
            e = ERR_CONFIG;
        }
    }
    for (int i = 0; i < n; i++)
        free(names[i]);
    free(names);
    return e;
}

err_t migrate_read(const char *dir, struct migration_set *out, FILE *errs)
{
    AUTO_MIGRATIONS set = {0};
    for (size_t i = 0; i < sizeof schemas / sizeof schemas[0]; i++)
        TRY(read_schema(dir, schemas[i], &set, errs));
    *out = take(&set);
    return OK;
}

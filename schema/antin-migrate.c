/*
 * antin-migrate: brings the database to the schema that this version's daemons expect, or says how far it is.
 * Typed by an operator, `make up`, and packages; see docs/man/antin-migrate.1.
 */
#include "common/json.h"
#include "common/secret.h"
#include "schema/migrate.h"
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#ifndef ANTIN_SHARE
#define ANTIN_SHARE "/usr/share/antin"
#endif
#ifndef ANTIN_VERSION
#define ANTIN_VERSION "0.1.0"
#endif

enum { EXIT_OK = 0, EXIT_PENDING = 1, EXIT_FAILED = 2, EXIT_USAGE = 3 };

static const char usage[] = "usage: antin-migrate [--dir DIR] [--conninfo-file FILE] up\n"
                            "       antin-migrate [--dir DIR] [--conninfo-file FILE] [--json] status\n"
                            "\n"
                            "  up                    apply roles.sql and every pending migration, each in its own transaction\n"
                            "  status                show which migrations are applied; exits 1 when some are pending\n"
                            "\n"
                            "  --dir DIR             where roles.sql, idp/ and signer/ are (default " ANTIN_SHARE "/schema)\n"
                            "  --conninfo-file FILE  a file with a libpq connection string; without it the PG* variables count\n"
                            "  --json                status as JSON\n"
                            "  --help, --version\n"
                            "\n"
                            "exit status: 0 done, 1 migrations pending (status), 2 refused or failed, 3 usage error\n";

struct options {
    const char *dir;
    const char *conninfo_file;
    bool json;
    const char *command;
};

/* -1: go on; else the exit status. */
static int parse(int argc, char **argv, struct options *o)
{
    static const struct option longs[] = {
        {"dir", required_argument, NULL, 'd'}, {"conninfo-file", required_argument, NULL, 'c'},
        {"json", no_argument, NULL, 'j'},      {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'v'},   {NULL, 0, NULL, 0},
    };
    for (int ch; (ch = getopt_long(argc, argv, "h", longs, NULL)) != -1;) {
        switch (ch) {
        case 'd': o->dir = optarg; break;
        case 'c': o->conninfo_file = optarg; break;
        case 'j': o->json = true; break;
        case 'h': fputs(usage, stdout); return EXIT_OK;
        case 'v': puts("antin-migrate " ANTIN_VERSION); return EXIT_OK;
        default: fputs(usage, stderr); return EXIT_USAGE;
        }
    }
    if (optind + 1 == argc)
        o->command = argv[optind];
    if (o->command == NULL || (strcmp(o->command, "up") != 0 && strcmp(o->command, "status") != 0)) {
        fputs(usage, stderr);
        return EXIT_USAGE;
    }
    return -1;
}

static void ignore_notice(void *arg, const PGresult *r)
{
    (void)arg;
    (void)r; /* "already exists, skipping": that is the point of roles.sql */
}

static PGconn *open_database(const char *conninfo_file)
{
    AUTO_SECRET conninfo = {0}; /* may hold a password */
    if (conninfo_file != NULL && secret_read_file(&conninfo, conninfo_file, 4096) != OK) {
        fprintf(stderr, "antin-migrate: %s: cannot be read\n", conninfo_file);
        return NULL;
    }
    char text[4097];
    snprintf(text, sizeof text, "%.*s", (int)conninfo.len, conninfo.len > 0 ? (const char *)conninfo.ptr : "");
    const char *const keys[] = {"connect_timeout", "fallback_application_name", "dbname", "client_encoding", NULL};
    const char *const values[] = {"10", "antin-migrate", text, "UTF8", NULL};
    PGconn *pg = PQconnectdbParams(keys, values, 1);
    secret_wipe(text, sizeof text);
    if (PQstatus(pg) == CONNECTION_OK) {
        PQsetNoticeReceiver(pg, ignore_notice, NULL);
        return pg;
    }
    fprintf(stderr, "antin-migrate: %s", PQerrorMessage(pg));
    PQfinish(pg);
    return NULL;
}

static err_t print_json(const struct migration_set *s)
{
    AUTO_JSON list = json_array();
    for (size_t i = 0; i < s->n; i++) {
        const struct migration *m = &s->items[i];
        json_t *at = m->applied_at[0] != '\0' ? json_string(m->applied_at) : json_null();
        json_t *row = json_pack("{s:s, s:i, s:s, s:s, s:s, s:o}", "schema", m->schema, "number", m->number, "name", m->name, "state",
                                migration_state_name(m->state), "sha256", m->sha256, "applied_at", at);
        if (row == NULL || json_array_append_new(list, row) != 0)
            return ERR_NOMEM;
    }
    AUTO_BUF text = {0};
    TRY(json_text(list, &text));
    puts(buf_str(&text));
    return OK;
}

static void print_table(const struct migration_set *s)
{
    printf("%-8s %-6s %-32s %-8s %s\n", "SCHEMA", "NUMBER", "NAME", "STATE", "APPLIED");
    for (size_t i = 0; i < s->n; i++) {
        const struct migration *m = &s->items[i];
        printf("%-8s %04d   %-32s %-8s %s\n", m->schema, m->number, m->name, migration_state_name(m->state), m->applied_at);
    }
}

static int status(PGconn *pg, const struct options *o)
{
    AUTO_MIGRATIONS set = {0};
    if (migrate_read(o->dir, &set, stderr) != OK || migrate_compare(pg, &set, stderr) != OK)
        return EXIT_FAILED;
    if (!o->json)
        print_table(&set);
    else if (print_json(&set) != OK)
        return EXIT_FAILED;
    int result = EXIT_OK;
    for (size_t i = 0; i < set.n; i++) {
        enum migration_state st = set.items[i].state;
        if (st != MIGRATION_APPLIED && st != MIGRATION_PENDING)
            return EXIT_FAILED;
        if (st == MIGRATION_PENDING)
            result = EXIT_PENDING;
    }
    return result;
}

int main(int argc, char **argv)
{
    secret_init();
    struct options o = {.dir = ANTIN_SHARE "/schema"};
    int done = parse(argc, argv, &o);
    if (done >= 0)
        return done;
    PGconn *pg = open_database(o.conninfo_file);
    if (pg == NULL)
        return EXIT_FAILED;
    int result = EXIT_OK;
    if (strcmp(o.command, "status") == 0)
        result = status(pg, &o);
    else if (migrate_up(pg, o.dir, stdout, stderr) != OK)
        result = EXIT_FAILED;
    PQfinish(pg);
    return result;
}

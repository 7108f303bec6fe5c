/*
 * antin-idpd: the identity provider. Reads its configuration, opens the HTTP server, waits for SIGTERM.
 * Holds no private key: keyd signs. See docs/man/antin-idpd.8.
 */
#include "common/http.h"
#include "common/log.h"
#include "idp/app.h"
#include "idp/endpoints/page.h"
#include "idp/rules/upstream_conf.h"
#include "idp/routes.h"
#include <getopt.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>

#ifndef ANTIN_VERSION
#define ANTIN_VERSION "0.1"
#endif

static const char usage[] = "usage: antin-idpd -c FILE [-t]\n"
                            "  -c, --config FILE   configuration (see --help-config)\n"
                            "  -t, --test          read and check the configuration, then exit: 0 good, 1 not\n"
                            "      --help-config   list every configuration key\n"
                            "      --help          this text\n"
                            "      --version       print the version\n";

enum { OPT_HELP = 256, OPT_HELP_CONFIG, OPT_VERSION };

struct args {
    const char *config;
    bool test;
    int exit; /* >= 0: leave at once with this */
};

static struct args read_args(int argc, char **argv)
{
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'},    {"test", no_argument, NULL, 't'},
        {"help", no_argument, NULL, OPT_HELP},       {"help-config", no_argument, NULL, OPT_HELP_CONFIG},
        {"version", no_argument, NULL, OPT_VERSION}, {NULL, 0, NULL, 0},
    };
    struct args a = {.exit = -1};
    int o;

    while (a.exit < 0 && (o = getopt_long(argc, argv, "c:t", options, NULL)) != -1) {
        if (o == 'c')
            a.config = optarg;
        else if (o == 't')
            a.test = true;
        else if (o == OPT_HELP)
            a.exit = fputs(usage, stdout) < 0;
        else if (o == OPT_VERSION)
            a.exit = puts("antin-idpd " ANTIN_VERSION) < 0;
        else if (o == OPT_HELP_CONFIG) {
            config_print_keys(idp_conf_keys, idp_conf_nkeys, stdout);
            puts("\n; --- a file of the folder [upstream] folder, one a provider ---\n");
            upstream_conf_print_keys(stdout);
            a.exit = 0;
        } else
            a.exit = 2;
    }
    if (a.exit < 0 && (!a.config || optind < argc)) {
        fputs(usage, stderr);
        a.exit = 2;
    }
    return a;
}

static enum log_level level_of(const char *name)
{
    static const char *const names[] = {[LOG_DEBUG] = "debug", [LOG_INFO] = "info", [LOG_WARNING] = "warning", [LOG_ERROR] = "error"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0)
            return (enum log_level)i;
    return LOG_INFO;
}

static err_t serve(struct app *a)
{
    struct http_server *s = NULL;
    const struct http_conf conf = {
        .listen = a->conf.listen,
        .threads = (unsigned)a->conf.threads,
        .workers = (unsigned)a->conf.workers,
        .queue_max = (unsigned)a->conf.queue_max,
        .connections_max = (unsigned)a->conf.connections_max,
        .header_ms = 10000,
        .body_ms = 10000,
        .routes = idp_routes,
        .app = a,
        .https = a->https,
        .fail = fail_page,
    };

    TRY(http_open(&conf, &s));
    http_set_texts(s, a->texts);
    log_event(LOG_INFO, "start", "%s on %s", a->conf.issuer, a->conf.listen);
    http_wait();
    log_event(LOG_INFO, "stop", "asked to end");
    http_close(&s);
    return OK;
}

int main(int argc, char **argv)
{
    struct app a = {0};

    http_signals_init();
    secret_init();
    struct args args = read_args(argc, argv);
    if (args.exit >= 0)
        return args.exit;
    log_init("antin-idpd", LOG_INFO);
    /* Few arenas and prompt trimming: an idle daemon gives its memory back. */
    mallopt(M_ARENA_MAX, 2);
    mallopt(M_TRIM_THRESHOLD, 128 * 1024);
    err_t e = args.test ? idp_check(args.config, &a) : idp_open(&a, args.config, true);
    if (e == OK && !args.test) {
        log_init("antin-idpd", level_of(a.conf.log_level));
        log_in_background();
        e = serve(&a);
    } else if (e == OK)
        puts("configuration: good");
    idp_close(&a);
    return e == OK ? 0 : 1;
}

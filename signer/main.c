/*
 * antin-signerd: the signing daemon. Reads its configuration, opens what it needs, serves until SIGTERM.
 * Started by systemd or `make up`; see docs/man/antin-signerd.8.
 */
#include "common/http.h"
#include "common/log.h"
#include "signer/app.h"
#include "signer/errors.h"
#include "signer/formats/errors.h"
#include "signer/routes.h"
#include "signer/rules/recovery.h"
#include "signer/rules/pdfjail.h"
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef ANTIN_VERSION
#define ANTIN_VERSION "0.1.0"
#endif

static int usage(FILE *to, int rc)
{
    (void)fputs("usage: antin-signerd -c FILE [-t]\n"
                "  -c FILE        configuration\n"
                "  -t             check it and exit\n"
                "  --help-config  print every key of the configuration\n"
                "  --version\n",
                to);
    return rc;
}

static enum log_level level_of(const char *name)
{
    static const char *const names[] = {"debug", "info", "warning", "error"};
    for (int i = 0; i < 4; i++)
        if (strcmp(names[i], name) == 0)
            return (enum log_level)i;
    return LOG_INFO;
}

/* The route table with the configured upload limit. */
static struct http_route *routes_for(const struct app *a)
{
    size_t n = 1;
    for (const struct http_route *r = signer_routes; r->method != NULL; r++)
        n++;
    struct http_route *copy = calloc(n, sizeof *copy);
    if (copy == NULL)
        return NULL;
    for (size_t i = 0; i < n; i++) {
        copy[i] = signer_routes[i];
        if (copy[i].body == HTTP_SPOOL)
            copy[i].body_max = (size_t)a->conf.file_max;
    }
    return copy;
}

static err_t serve(struct app *a)
{
    struct http_route *routes = routes_for(a);
    struct http_server *server = NULL;
    struct housekeeper *housekeeper = NULL;
    if (routes == NULL)
        return ERR_NOMEM;
    const struct http_conf conf = {
        .listen = a->conf.listen,
        .threads = (unsigned)a->conf.threads,
        .workers = (unsigned)a->conf.workers,
        .queue_max = (unsigned)a->conf.queue_max,
        .connections_max = (unsigned)a->conf.connections_max,
        .header_ms = 10000,
        .body_ms = 30000,
        .spool_dir = a->conf.spool,
        .routes = routes,
        .app = a,
        .https = a->https,
        .form_action = a->conf.issuer, /* signing in leads a form's answer there */
    };
    err_t e = http_open(&conf, &server);
    if (e == OK) {
        http_set_texts(server, a->texts);
        e = housekeeper_start(a, &housekeeper);
    }
    if (e == OK) {
        log_event(LOG_INFO, "started", "listening on %s", a->conf.listen);
        http_wait();
    }
    http_close(&server);
    housekeeper_stop(&housekeeper);
    free(routes);
    return e;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], PDFJAIL_ARG) == 0)
        return pdfjail_zygote_main();
    const char *conf = NULL;
    bool check = false;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0)
            return usage(stdout, 0);
        if (strcmp(argv[i], "--version") == 0)
            return puts("antin-signerd " ANTIN_VERSION) < 0;
        if (strcmp(argv[i], "--help-config") == 0)
            return config_print_keys(signer_conf_keys, signer_conf_nkeys, stdout), 0;
        if (strcmp(argv[i], "-t") == 0)
            check = true;
        else if (strcmp(argv[i], "-c") == 0 && i + 1 < argc)
            conf = argv[++i];
        else
            return usage(stderr, 2);
    }
    if (conf == NULL)
        return usage(stderr, 2);
    (void)mallopt(M_MMAP_THRESHOLD, 128 * 1024); /* what a large dossier took goes back to the system when it is freed */
    (void)mallopt(M_ARENA_MAX, 1);               /* threads here wait for others most of the time: an arena each would only hold memory */
    secret_init();
    http_signals_init();
    log_init("antin-signerd", LOG_INFO);
    signer_errors_register();
    formats_errors_register();
    struct app a = {0};
    err_t e = check ? signer_conf_check(conf, &a) : signer_open(&a, conf);
    if (e == OK && !check) {
        log_init("antin-signerd", level_of(a.conf.log_level));
        log_in_background();
        e = serve(&a);
    }
    signer_close(&a);
    return e == OK ? 0 : 1;
}

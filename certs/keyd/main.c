/*
 * antin-keyd: holds private keys and builds what it signs. The command line; supervise.c and worker.c do the rest.
 * Run by systemd or a script. PROTOCOL.md, docs/man/antin-keyd.8.
 */
#include "certs/keyd/keyd.h"
#include "certs/keyd/schedule.h"
#include "common/log.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#ifndef ANTIN_VERSION
#define ANTIN_VERSION "0.1.0"
#endif

static const char HELP[] =
    "antin-keyd -c FILE [-t|--rotate]: keeps keys, and signs what it has built itself.\n"
    "\n"
    "  -c FILE        configuration\n"
    "  -t             read the configuration, open every key, check, and exit\n"
    "  --rotate       a successor for each token key, published now, signing after token.overlap_s; dead keys are destroyed\n"
    "  --rotate-due   the same, if token.rotate_days says so: what the running keyd does by itself\n"
    "  --help-config  every key of the configuration\n"
    "  --version\n"
    "\n"
    "SIGHUP: read configuration and keys anew, as when a file among the keys changes; a fault leaves the old ones at work. SIGTERM: finish "
    "and exit.\n"
    "Exit: 0; 1 a fault, said on stderr; 3 usage.\n";

static int check(const char *path)
{
    static struct keyd k;
    err_t e = keyd_prepare(path, &k, stderr);
    for (size_t i = 0; e == OK && i < k.n; i++)
        printf("%s %d\n", k.key[i].id, (int)k.key[i].purpose);
    keyd_free(&k);
    return e == OK ? 0 : 1;
}

int main(int argc, char **argv)
{
    static const struct option longs[] = {
        {"config", required_argument, NULL, 'c'}, {"test", no_argument, NULL, 't'},        {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'v'},      {"help-config", no_argument, NULL, 'k'}, {"worker", no_argument, NULL, 'w'},
        {"rotate", no_argument, NULL, 'r'},       {"rotate-due", no_argument, NULL, 'd'},  {NULL, 0, NULL, 0}};
    const char *path = NULL;
    bool test = false, worker = false, rotates = false, force = false;
    secret_init();
    log_init("antin-keyd", LOG_INFO);
    for (int o; (o = getopt_long(argc, argv, "c:t", longs, NULL)) != -1;) {
        switch (o) {
        case 'c': path = optarg; break;
        case 't': test = true; break;
        case 'r': rotates = force = true; break;
        case 'd': rotates = true; break;
        case 'w': worker = true; break; /* not for people: supervise.c starts itself so */
        case 'k': keyd_conf_print(stdout); return 0;
        case 'h': fputs(HELP, stdout); return 0;
        case 'v': puts("antin-keyd " ANTIN_VERSION); return 0;
        default: return 3;
        }
    }
    if (!path || optind != argc) {
        fputs("antin-keyd: -c FILE is needed (see --help)\n", stderr);
        return 3;
    }
    if (rotates)
        return rotate_main(path, force);
    return test ? check(path) : worker ? worker_main(path, 3, 4) : supervise(path);
}

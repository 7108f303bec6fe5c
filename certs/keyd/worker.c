/*
 * The process with the keys: reads everything, warms up, locks itself in, and answers until the supervisor ends it.
 * Run by supervise.c through main.c, with the listening socket and the control socket open.
 */
#include "certs/keyd/keyd.h"
#include "common/clock.h"
#include "common/log.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

err_t keyd_prepare(const char *conf_path, struct keyd *k, FILE *errs)
{
    TRY(keyd_conf_load(conf_path, &k->conf, errs));
    pthread_mutex_init(&k->crl_lock, NULL);
    TRY(keys_load(k, errs));
    TRY(timestamp_start(k, errs));
    TRY(ocsp_start(k, errs));
    return citizen_start(k, errs);
}

void keyd_free(struct keyd *k)
{
    citizen_stop(k);
    ocsp_stop(k);
    timestamp_stop(k);
    keys_free(k);
}

/* Things that open a file the first time: the time zone, locales. Afterwards there is no open. */
static void warm(void)
{
    char text[CLOCK_RFC3339_LEN + 1];
    clock_rfc3339(clock_now(), text);
    log_event(LOG_DEBUG, "warm", "%s", text);
}

static bool wait_for_go(int control_fd)
{
    char c = 'R';
    ssize_t n;
    if (write(control_fd, &c, 1) != 1)
        return false;
    do
        n = read(control_fd, &c, 1);
    while (n < 0 && errno == EINTR);
    return n == 1 && c == 'G';
}

int worker_main(const char *conf_path, int listen_fd, int control_fd)
{
    static struct keyd k; /* large, and as long as the process */
    struct server *s = NULL;
    signal(SIGPIPE, SIG_IGN);
    signal(SIGHUP, SIG_IGN); /* the supervisor's business, also when a terminal sends them to all */
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    k.control_fd = control_fd;
    err_t e = sandbox_early();
    if (e == OK)
        e = keyd_prepare(conf_path, &k, stderr);
    if (e == OK)
        e = sandbox_user(k.conf.user, stderr);
    if (e == OK)
        e = server_new(&k, listen_fd, control_fd, &s);
    warm();
    if (e == OK)
        e = sandbox_close();
    if (e == OK && !wait_for_go(control_fd))
        e = ERR_IO;
    if (e != OK) {
        log_event(LOG_ERROR, "start", "%s", err_info(e)->name);
        _exit(1);
    }
    /* Only now: while an old process answered, its used nonces were not known here (PROTOCOL.md, "Reload"). */
    k.started = clock_now();
    k.ts_offset_us = clock_now_us() - clock_mono_us();
    log_event(LOG_INFO, "started", "%zu keys", k.n);
    e = server_run(s);
    server_free(&s);
    keyd_free(&k);
    log_event(LOG_INFO, "stopped", "%s", e == OK ? "asked to" : err_info(e)->name);
    return e == OK ? 0 : 1;
}

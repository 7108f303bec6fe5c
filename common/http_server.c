/*
 * Opening and closing a server: threads, limits, signals, the graceful stop.
 * Called by main() of each daemon.
 */
#include "common/http_server.h"
#include "common/clock.h"
#include "common/log.h"
#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define STACK_SIZE ((size_t)4 * 1024 * 1024)
#else
#define STACK_SIZE ((size_t)256 * 1024)
#endif

static void on_library_log(void *cls, const char *fmt, va_list ap)
{
    char text[256];
    (void)cls;
    /* Its lines speak of broken connections, a matter for the debug level; what counts is logged by us. */
    if (vsnprintf(text, sizeof text, fmt, ap) > 0)
        log_event(LOG_DEBUG, "http_library", "%s", text);
}

static void on_panic(void *cls, const char *file, unsigned line, const char *why)
{
    (void)cls;
    log_event(LOG_ERROR, "http_library_panic", "%s:%u: %s", file, line, why == NULL ? "" : why);
    abort();
}

static bool conf_ok(const struct http_conf *c)
{
    bool ok = c->listen != NULL && c->routes != NULL && c->workers > 0 && c->queue_max > 0 && c->connections_max > 0 && c->header_ms > 0 &&
              c->body_ms > 0;
    if (!ok)
        log_event(LOG_ERROR, "http_conf", "listen, routes, workers, queue_max, connections_max, header_ms and body_ms are needed");
    return ok && http_route_table_ok(c->routes);
}

static unsigned cores(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n < 1 ? 1 : n > 64 ? 64 : (unsigned)n;
}

static err_t start_library(struct http_server *s)
{
    unsigned threads = s->conf.threads == 0 ? cores() : s->conf.threads;
    /* The library divides the limit among its threads, and each takes what it happens to accept. */
    struct MHD_OptionItem pool[] = {{threads > 1 ? MHD_OPTION_THREAD_POOL_SIZE : MHD_OPTION_END, (intptr_t)threads, NULL},
                                    {MHD_OPTION_END, 0, NULL}};
    MHD_set_panic_func(on_panic, NULL);
    /* Its strict option adds nothing to http_guard.c, and its own refusal of a missing Host sends the reply's header twice. */
    s->mhd = MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC | MHD_USE_ERROR_LOG | MHD_USE_TURBO, 0, NULL, NULL,
                              http_on_access, s, MHD_OPTION_EXTERNAL_LOGGER, on_library_log, NULL, MHD_OPTION_ARRAY, pool,
                              MHD_OPTION_LISTEN_SOCKET, s->listen_fd, MHD_OPTION_CONNECTION_LIMIT, s->conf.connections_max,
                              MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HTTP_POOL_SIZE, MHD_OPTION_THREAD_STACK_SIZE, STACK_SIZE,
                              MHD_OPTION_NOTIFY_CONNECTION, http_on_connection, s, MHD_OPTION_NOTIFY_COMPLETED, http_on_end, s,
                              MHD_OPTION_URI_LOG_CALLBACK, http_on_target, s, MHD_OPTION_UNESCAPE_CALLBACK, http_on_unescape, NULL,
                              MHD_OPTION_END);
    if (s->mhd != NULL)
        return OK;
    log_event(LOG_ERROR, "listen_failed", "%s: the HTTP library did not start: %s", s->conf.listen, strerror(errno));
    return ERR_IO;
}

static void server_free(struct http_server **sp)
{
    struct http_server *s = *sp;
    if (s == NULL)
        return;
    if (s->mhd != NULL)
        MHD_stop_daemon(s->mhd);
    if (s->workers != NULL)
        (void)http_workers_stop(s->workers, clock_mono_us() + 1000000); /* where opening failed; else they ended before */
    http_workers_free(&s->workers);
    http_reaper_close(&s->reaper); /* after the library: its connections leave the reaper's list */
    http_patterns_free(&s->patterns);
    fd_close(&s->listen_fd);
    if (s->socket_path != NULL)
        (void)unlink(s->socket_path);
    str_free(&s->socket_path);
    free(s);
    *sp = NULL;
}

err_t http_open(const struct http_conf *conf, struct http_server **out)
{
    if (!conf_ok(conf))
        return ERR_CONFIG;
    (void)mallopt(M_ARENA_MAX, 2); /* an arena for each of many small threads would be most of an idle daemon's memory */
    AUTO(server_free) struct http_server *s = calloc(1, sizeof *s);
    if (s == NULL)
        return ERR_NOMEM;
    s->listen_fd = -1;
    s->conf = *conf;
    if (s->conf.fail == NULL)
        s->conf.fail = http_fail_problem;
    TRY(http_room_for(s->conf.workers, &s->conf.connections_max));
    TRY(http_wire_open());
    TRY(http_patterns_new(conf->routes, &s->patterns));
    TRY(http_reaper_open(s, &s->reaper));
    TRY(http_workers_open(s, &s->workers));
    TRY(http_listen_open(s->conf.listen, &s->listen_fd, &s->socket_path));
    TRY(start_library(s));
    *out = s;
    s = NULL;
    return OK;
}

/* Waits till no request is between its header and the end of its reply. */
static bool wait_idle(struct http_server *s, int64_t until)
{
    const struct timespec nap = {.tv_nsec = 5000000};
    while (atomic_load(&s->active) > 0 && clock_mono_us() < until)
        (void)nanosleep(&nap, NULL);
    return atomic_load(&s->active) == 0;
}

void http_close(struct http_server **sp)
{
    struct http_server *s = *sp;
    if (s == NULL)
        return;
    int64_t until = clock_mono_us() + (int64_t)HTTP_STOP_MS * 1000;
    atomic_store(&s->closing, true); /* each reply from now on closes its connection */
    if (MHD_quiesce_daemon(s->mhd) == MHD_INVALID_SOCKET)
        log_event(LOG_WARNING, "http_stop", "the library was not listening");
    if (!wait_idle(s, until))
        log_event(LOG_WARNING, "http_stop", "%u requests were cut", atomic_load(&s->active));
    if (!http_workers_stop(s->workers, until)) {
        /* The library cannot stop over a suspended connection. The process ends anyway; freeing under a handler would be worse. */
        log_event(LOG_ERROR, "http_stop", "a handler does not end");
        *sp = NULL;
        return;
    }
    server_free(sp);
}

/* --- signals --- */

static void stop_signals(sigset_t *set)
{
    (void)sigemptyset(set);
    (void)sigaddset(set, SIGTERM);
    (void)sigaddset(set, SIGINT);
}

void http_signals_init(void)
{
    sigset_t set;
    stop_signals(&set);
    (void)pthread_sigmask(SIG_BLOCK, &set, NULL); /* threads inherit it */
    (void)signal(SIGPIPE, SIG_IGN);
}

void http_wait(void)
{
    sigset_t set;
    int got = 0;
    stop_signals(&set);
    while (sigwait(&set, &got) != 0)
        ;
    log_event(LOG_INFO, "stopping", "signal %d", got);
}

/*
 * The floor of the measurements: libmicrohttpd's hello world with the threads and settings of common/http_server.c, and nothing else.
 * Started by tests/bench/bench.py: hello PORT; ends on SIGTERM.
 */
#include <microhttpd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define POOL_SIZE ((size_t)32768)
#define STACK_SIZE ((size_t)256 * 1024)

static enum MHD_Result on_request(void *cls, struct MHD_Connection *c, const char *url, const char *method, const char *version,
                                  const char *data, size_t *size, void **ctx)
{
    static int seen;
    (void)cls;
    (void)url;
    (void)method;
    (void)version;
    (void)data;
    if (*ctx == NULL || *size > 0) { /* header, or a piece of a body */
        *ctx = &seen;
        *size = 0;
        return MHD_YES;
    }
    struct MHD_Response *r = MHD_create_response_from_buffer(5, "hello", MHD_RESPMEM_PERSISTENT);
    if (r == NULL)
        return MHD_NO;
    enum MHD_Result ok = MHD_queue_response(c, 200, r);
    MHD_destroy_response(r);
    return ok;
}

int main(int argc, char **argv)
{
    sigset_t set;
    int got;
    long port = argc == 2 ? strtol(argv[1], NULL, 10) : 0;
    if (port < 1 || port > 65535) {
        (void)fprintf(stderr, "usage: hello PORT\n");
        return 3;
    }
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    (void)sigprocmask(SIG_BLOCK, &set, NULL);
    unsigned cores = (unsigned)sysconf(_SC_NPROCESSORS_ONLN);
    struct MHD_OptionItem pool[] = {{cores > 1 ? MHD_OPTION_THREAD_POOL_SIZE : MHD_OPTION_END, (intptr_t)cores, NULL},
                                    {MHD_OPTION_END, 0, NULL}};
    struct MHD_Daemon *d = MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC, (uint16_t)port, NULL,
                                            NULL, on_request, NULL, MHD_OPTION_ARRAY, pool, MHD_OPTION_CONNECTION_MEMORY_LIMIT, POOL_SIZE,
                                            MHD_OPTION_THREAD_STACK_SIZE, STACK_SIZE, MHD_OPTION_END);
    if (d == NULL) {
        (void)fprintf(stderr, "hello: port %ld is taken\n", port);
        return 1;
    }
    (void)sigwait(&set, &got);
    MHD_stop_daemon(d);
    return 0;
}

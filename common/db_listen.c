/*
 * One connection that listens, kept alive by a question every other second, and made anew when it is lost.
 * Called through db_listen.h. PostgreSQL manual: LISTEN, NOTIFY; libpq §34.9 (asynchronous notification).
 */
#include "common/db_listen.h"
#include "common/clock.h"
#include "common/db_conn.h"
#include "common/log.h"
#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define ASK_US 2000000    /* how often the connection is asked whether it lives */
#define LEASE_US 6000000  /* how long an answer is believed */
#define ANSWER_MS 500     /* the server ends the question after that long (db_conn.c waits a grace longer) */
#define RETRY_MS 100      /* after a lost connection; doubled up to … */
#define RETRY_MAX_MS 5000 /* … this */

struct db_listener {
    char *conninfo, *channel;
    db_hear *hear;
    void *arg;
    int wake;                 /* an eventfd: readable once the end has come */
    _Atomic int64_t believed; /* clock_mono_us until which db_listener_current is true; 0: down */
    pthread_t thread;
};

bool db_listener_current(const struct db_listener *l)
{
    return clock_mono_us() < atomic_load_explicit(&l->believed, memory_order_acquire);
}

/* Waits for the server's word, the end, or the time. *heard: the socket is readable. False: the end has come. */
static bool wait_on(const struct db_listener *l, int fd, int64_t until, bool *heard)
{
    int64_t left_ms = (until - clock_mono_us()) / 1000 + 1;
    struct pollfd fds[] = {{.fd = l->wake, .events = POLLIN}, {.fd = fd, .events = POLLIN}};
    int n = poll(fds, fd < 0 ? 1 : 2, left_ms < 0 ? 0 : (int)left_ms);
    *heard = n > 0 && fds[1].revents != 0;
    return n <= 0 || fds[0].revents == 0;
}

static void hand_on(struct db_listener *l, struct db *db)
{
    for (;;) {
        PGnotify *n = PQnotifies(db->pg);
        if (n == NULL)
            return;
        l->hear(l->arg, n->extra);
        PQfreemem(n);
    }
}

/* The answer comes after every notification that the server had for us when it was asked. */
static err_t ask(struct db_listener *l, struct db *db)
{
    int64_t asked = clock_mono_us();
    TRY(db_conn_command(db, "SELECT 1", NULL));
    hand_on(l, db);
    atomic_store_explicit(&l->believed, asked + LEASE_US, memory_order_release);
    return OK;
}

static err_t begin(struct db_listener *l, struct db *db)
{
    char sql[96];
    db->statement_ms = ANSWER_MS;
    TRY(db_conn_open(db, l->conninfo, NULL));
    (void)snprintf(sql, sizeof sql, "LISTEN %s", l->channel);
    TRY(db_conn_command(db, sql, NULL));
    l->hear(l->arg, NULL); /* what happened while nobody listened is unknown */
    return ask(l, db);
}

/* Until the connection is lost or the end comes; true: the end. */
static bool listen_on(struct db_listener *l, struct db *db)
{
    int64_t next = clock_mono_us() + ASK_US;
    for (;;) {
        bool heard;
        if (!wait_on(l, PQsocket(db->pg), next, &heard))
            return true;
        if (heard && !PQconsumeInput(db->pg))
            return false;
        hand_on(l, db);
        if (clock_mono_us() < next)
            continue;
        if (ask(l, db) != OK)
            return false;
        next = clock_mono_us() + ASK_US;
    }
}

static void *run(void *arg)
{
    struct db_listener *l = arg;
    struct db db = {0};
    bool end = false, heard;
    for (int64_t pause = RETRY_MS; !end;) {
        if (begin(l, &db) == OK) {
            log_event(LOG_DEBUG, "db_listening", "%s", l->channel);
            pause = RETRY_MS;
            end = listen_on(l, &db);
        }
        atomic_store_explicit(&l->believed, 0, memory_order_release);
        db_conn_close(&db);
        if (end)
            break;
        log_event(LOG_WARNING, "db_deaf", "%s: again in %lld ms", l->channel, (long long)pause);
        end = !wait_on(l, -1, clock_mono_us() + pause * 1000, &heard);
        pause = pause * 2 > RETRY_MAX_MS ? RETRY_MAX_MS : pause * 2;
    }
    return NULL;
}

static void listener_free(struct db_listener *l)
{
    fd_close(&l->wake);
    free(l->conninfo);
    free(l->channel);
    free(l);
}

err_t db_listener_open(const char *conninfo, const char *channel, db_hear *hear, void *arg, struct db_listener **out)
{
    assert(strspn(channel, "abcdefghijklmnopqrstuvwxyz_") == strlen(channel) && strlen(channel) < 64);
    struct db_listener *l = calloc(1, sizeof *l);
    if (l == NULL)
        return ERR_NOMEM;
    l->conninfo = strdup(conninfo);
    l->channel = strdup(channel);
    l->hear = hear;
    l->arg = arg;
    l->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    bool ok = l->conninfo != NULL && l->channel != NULL && l->wake >= 0;
    if (!ok || pthread_create(&l->thread, NULL, run, l) != 0) {
        listener_free(l);
        return ERR_NOMEM;
    }
    *out = l;
    return OK;
}

void db_listener_close(struct db_listener **lp)
{
    struct db_listener *l = *lp;
    uint64_t one = 1;
    if (l == NULL)
        return;
    *lp = NULL;
    if (write(l->wake, &one, sizeof one) < 0)
        log_event(LOG_ERROR, "wake", "eventfd");
    (void)pthread_join(l->thread, NULL);
    listener_free(l);
}

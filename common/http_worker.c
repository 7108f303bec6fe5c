/*
 * The worker pool: handlers that wait (for the database, for keyd) run here as plain blocking code, while the HTTP threads go on.
 * The HTTP thread suspends the connection and adds the request; a worker runs it and resumes the connection. Requests of one route that wait
 * for the same thing are done together, by few workers at once: what comes meanwhile makes the next lot.
 */
#include "common/clock.h"
#include "common/http_internal.h"
#include "common/log.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Virtual memory alone: a page that was never touched costs nothing. Sanitizers make frames several times as large. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define STACK_SIZE ((size_t)8 * 1024 * 1024)
#else
#define STACK_SIZE ((size_t)1024 * 1024)
#endif

struct queue {
    struct http_req *first, *last;
};

struct http_workers {
    pthread_mutex_t mutex;
    pthread_cond_t work;  /* something to do, or stop */
    pthread_cond_t ended; /* a thread ended; on the monotonic clock */
    struct queue single, together;
    unsigned lots;      /* workers that do some together … */
    unsigned lots_max;  /* … at most: half the cores, the others have the HTTP threads; fewer make larger lots */
    unsigned suspended; /* waiting and running */
    unsigned max;
    unsigned alive;
    bool stop;
    unsigned n;
    pthread_t thread[];
};

static void put(struct queue *q, struct http_req *r)
{
    if (q->last != NULL)
        q->last->next = r;
    else
        q->first = r;
    q->last = r;
}

static struct http_req *take_first(struct queue *q)
{
    struct http_req *r = q->first;
    if (r != NULL) {
        q->first = r->next;
        if (q->first == NULL)
            q->last = NULL;
        r->next = NULL;
    }
    return r;
}

/*
 * One request, or all that are to be done together: how many; 0: nothing to do now. Lots first: nobody is woken for what comes while as many
 * as may be are at work, so whoever has done one must take the next.
 */
static size_t take_some(struct http_workers *w, struct http_req **r, bool *together)
{
    size_t n = 0;
    while (w->lots < w->lots_max && n < HTTP_TOGETHER_MAX && w->together.first != NULL &&
           (n == 0 || w->together.first->route == r[0]->route))
        r[n++] = take_first(&w->together);
    *together = n > 0;
    w->lots += *together;
    if (n == 0 && (r[0] = take_first(&w->single)) != NULL)
        n = 1;
    return n;
}

/*
 * One connection of each HTTP thread is resumed here, and its thread resumes the others (http_workers_resume_rest). Were each resumed here, the
 * first would wake its thread, which sent one reply and slept again: a wake-up a request, which costs more than the reply.
 */
static void resume(struct http_req **r, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct http_req *last = r[i];
        for (size_t k = i + 1; last != NULL && k < n; k++) {
            if (r[k] == NULL || r[k]->http_thread != r[i]->http_thread)
                continue;
            last = last->next = r[k];
            r[k] = NULL;
        }
        if (r[i] != NULL)
            MHD_resume_connection(r[i]->mhd); /* from now on it is the HTTP thread's */
    }
}

void http_workers_resume_rest(struct http_req *r)
{
    for (struct http_req *next; (next = r->next) != NULL; r = next) {
        r->next = NULL;
        MHD_resume_connection(next->mhd);
    }
}

/* Does them, without the lock; how many are done with: then they belong to the HTTP thread again. */
static size_t do_some(struct http_req **r, size_t n, bool together)
{
    if (together)
        http_work_together(r, n);
    else if (!http_work(r[0]))
        return 0;
    resume(r, n);
    return n;
}

static void *run(void *arg)
{
    struct http_workers *w = arg;
    struct http_req *r[HTTP_TOGETHER_MAX];
    bool together;
    (void)pthread_mutex_lock(&w->mutex);
    for (;;) {
        size_t n = take_some(w, r, &together);
        if (n == 0) {
            if (w->stop && w->together.first == NULL)
                break; /* only when nothing waits: what was accepted is answered */
            (void)pthread_cond_wait(&w->work, &w->mutex);
            continue;
        }
        (void)pthread_mutex_unlock(&w->mutex);
        size_t done = do_some(r, n, together);
        (void)pthread_mutex_lock(&w->mutex);
        w->suspended -= (unsigned)done;
        w->lots -= together;
        if (done == 0)
            put(&w->together, r[0]);
        if (w->stop) /* the last lot may be what another waits for to end */
            (void)pthread_cond_broadcast(&w->work);
    }
    w->alive--;
    (void)pthread_cond_broadcast(&w->ended);
    (void)pthread_mutex_unlock(&w->mutex);
    return NULL;
}

bool http_workers_add(struct http_workers *w, struct http_req *r, bool together)
{
    static _Thread_local char here; /* its address tells HTTP threads apart */
    bool wake = false;
    r->http_thread = &here;
    (void)pthread_mutex_lock(&w->mutex);
    bool room = w->suspended < w->max && !w->stop;
    if (room) {
        /* Suspended first, or a quick worker would resume what is not suspended yet. */
        MHD_suspend_connection(r->mhd);
        w->suspended++;
        put(together ? &w->together : &w->single, r);
        wake = !together || w->lots < w->lots_max; /* else whoever is at work looks again when it is done */
    }
    (void)pthread_mutex_unlock(&w->mutex);
    if (wake) /* after the unlock: whom it wakes finds the mutex free */
        (void)pthread_cond_signal(&w->work);
    return room;
}

bool http_workers_stop(struct http_workers *w, int64_t until)
{
    struct timespec t = {.tv_sec = until / 1000000, .tv_nsec = until % 1000000 * 1000};
    int rc = 0;
    (void)pthread_mutex_lock(&w->mutex);
    w->stop = true;
    (void)pthread_cond_broadcast(&w->work);
    while (w->alive > 0 && rc == 0)
        rc = pthread_cond_timedwait(&w->ended, &w->mutex, &t);
    bool all = w->alive == 0;
    (void)pthread_mutex_unlock(&w->mutex);
    for (; all && w->n > 0; w->n--)
        (void)pthread_join(w->thread[w->n - 1], NULL);
    return all;
}

void http_workers_free(struct http_workers **wp)
{
    struct http_workers *w = *wp;
    if (w == NULL)
        return;
    (void)pthread_cond_destroy(&w->ended);
    (void)pthread_cond_destroy(&w->work);
    (void)pthread_mutex_destroy(&w->mutex);
    free(w);
    *wp = NULL;
}

err_t http_workers_open(struct http_server *s, struct http_workers **out)
{
    unsigned n = s->conf.workers;
    struct http_workers *w = calloc(1, sizeof *w + n * sizeof w->thread[0]);
    if (w == NULL)
        return ERR_NOMEM;
    pthread_condattr_t ca;
    pthread_attr_t ta;
    (void)pthread_mutex_init(&w->mutex, NULL);
    (void)pthread_cond_init(&w->work, NULL);
    (void)pthread_condattr_init(&ca);
    (void)pthread_condattr_setclock(&ca, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&w->ended, &ca);
    (void)pthread_condattr_destroy(&ca);
    (void)pthread_attr_init(&ta);
    (void)pthread_attr_setstacksize(&ta, STACK_SIZE);
    w->max = s->conf.queue_max;
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    w->lots_max = cores < 4 ? 1 : (unsigned)cores / 2;
    (void)pthread_mutex_lock(&w->mutex);
    int rc = 0;
    while (w->n < n && (rc = pthread_create(&w->thread[w->n], &ta, run, w)) == 0) {
        w->n++;
        w->alive++;
    }
    (void)pthread_mutex_unlock(&w->mutex);
    (void)pthread_attr_destroy(&ta);
    if (rc != 0) {
        log_event(LOG_ERROR, "thread_failed", "worker %u of %u: error %d", w->n + 1, n, rc);
        (void)http_workers_stop(w, clock_mono_us() + 1000000); /* they wait for work, so they do end */
        http_workers_free(&w);
        return ERR_IO;
    }
    *out = w;
    return OK;
}

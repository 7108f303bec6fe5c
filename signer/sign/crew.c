/*
 * Threads that take one file after another.
 * Called by main.c and evidence.c.
 */
#include "signer/sign/crew.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#define BAR_WIDTH 40

struct crew {
    const struct job_conf *conf;
    char *const *paths;
    struct job_result *results;
    size_t n;
    _Atomic size_t next;
    pthread_mutex_t mutex; /* of done, and of the terminal */
    size_t done, failed;
    bool bar;
};

static void draw(const struct crew *c)
{
    char line[BAR_WIDTH + 1];
    size_t full = c->done * BAR_WIDTH / c->n;
    memset(line, '.', BAR_WIDTH);
    memset(line, '#', full);
    line[BAR_WIDTH] = '\0';
    fprintf(stderr, "\r[%s] %zu/%zu", line, c->done, c->n);
    if (c->failed > 0)
        fprintf(stderr, " (%zu !)", c->failed);
    if (c->done == c->n)
        fputc('\n', stderr);
    fflush(stderr);
}

static void note(struct crew *c, const struct job_result *r)
{
    (void)pthread_mutex_lock(&c->mutex);
    c->done++;
    c->failed += r->err != OK;
    if (c->bar)
        draw(c);
    (void)pthread_mutex_unlock(&c->mutex);
}

static void *work(void *arg)
{
    struct crew *c = arg;
    for (size_t i; (i = atomic_fetch_add(&c->next, 1)) < c->n;) {
        job_run(c->conf, c->paths[i], &c->results[i]);
        note(c, &c->results[i]);
    }
    return NULL;
}

void crew_spread(void *(*what)(void *), void *arg, unsigned threads)
{
    pthread_t helper[CREW_MAX];
    unsigned helpers = 0;
    while (helpers + 1 < threads && helpers < CREW_MAX && pthread_create(&helper[helpers], NULL, what, arg) == 0)
        helpers++;
    (void)what(arg); /* this thread is one of them */
    while (helpers > 0)
        (void)pthread_join(helper[--helpers], NULL);
}

void crew_run(const struct job_conf *conf, char *const *paths, struct job_result *results, size_t n, unsigned threads, bool bar)
{
    struct crew c = {.conf = conf, .paths = paths, .results = results, .n = n, .bar = bar};
    (void)pthread_mutex_init(&c.mutex, NULL);
    crew_spread(work, &c, n < threads ? (unsigned)n : threads);
    (void)pthread_mutex_destroy(&c.mutex);
}

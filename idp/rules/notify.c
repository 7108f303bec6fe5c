/*
 * A thread that tells others what happened: wakes when asked, and every few seconds.
 * Opened by app.c; what is told is logout_notice.c's and ping.c's.
 */
#include "idp/rules/notify.h"
#include "common/clock.h"
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

struct notifier {
    struct notifier_conf conf;
    pthread_t thread;
    pthread_mutex_t lock; /* what follows */
    pthread_cond_t wake;
    bool asked, stop;
};

bool notifier_stopped(struct notifier *n)
{
    pthread_mutex_lock(&n->lock);
    bool stop = n->stop;
    pthread_mutex_unlock(&n->lock);
    return stop;
}

const struct notifier_conf *notifier_conf(const struct notifier *n)
{
    return &n->conf;
}

static void *run(void *arg)
{
    struct notifier *n = arg;

    pthread_mutex_lock(&n->lock);
    while (!n->stop) {
        int64_t end = clock_mono_us() + n->conf.look_every * 1000000LL;
        struct timespec until = {.tv_sec = end / 1000000, .tv_nsec = end % 1000000 * 1000};
        while (!n->stop && !n->asked && pthread_cond_timedwait(&n->wake, &n->lock, &until) != ETIMEDOUT)
            continue;
        n->asked = false;
        pthread_mutex_unlock(&n->lock);
        n->conf.work(n);
        pthread_mutex_lock(&n->lock);
    }
    pthread_mutex_unlock(&n->lock);
    return NULL;
}

err_t notifier_open(const struct notifier_conf *conf, struct notifier **out)
{
    struct notifier *n = calloc(1, sizeof *n);
    pthread_condattr_t attr;

    if (!n)
        return ERR_NOMEM;
    n->conf = *conf;
    pthread_mutex_init(&n->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&n->wake, &attr);
    pthread_condattr_destroy(&attr);
    if (pthread_create(&n->thread, NULL, run, n) != 0) {
        free(n);
        return ERR_NOMEM;
    }
    *out = n;
    return OK;
}

void notifier_close(struct notifier **n)
{
    if (!*n)
        return;
    pthread_mutex_lock(&(*n)->lock);
    (*n)->stop = true;
    pthread_cond_signal(&(*n)->wake);
    pthread_mutex_unlock(&(*n)->lock);
    pthread_join((*n)->thread, NULL);
    pthread_mutex_destroy(&(*n)->lock);
    pthread_cond_destroy(&(*n)->wake);
    free(*n);
    *n = NULL;
}

void notifier_wake(struct notifier *n)
{
    if (!n)
        return;
    pthread_mutex_lock(&n->lock);
    n->asked = true;
    pthread_cond_signal(&n->wake);
    pthread_mutex_unlock(&n->lock);
}

/*
 * A thread that tells others what happened: wakes when asked, and every few seconds.
 * Opened by app.c; what is told is logout_notice.c's and ping.c's.
 */
#include "idp/rules/notify.h"
#include "common/ticker.h"
#include <stdlib.h>

struct notifier {
    struct notifier_conf conf;
    struct ticker *ticker;
};

bool notifier_stopped(struct notifier *n)
{
    return ticker_stopping(n->ticker);
}

const struct notifier_conf *notifier_conf(const struct notifier *n)
{
    return &n->conf;
}

static int64_t work(void *arg)
{
    struct notifier *n = arg;

    n->conf.work(n);
    return n->conf.look_every * INT64_C(1000);
}

err_t notifier_open(const struct notifier_conf *conf, struct notifier **out)
{
    struct notifier *n = calloc(1, sizeof *n);

    if (!n)
        return ERR_NOMEM;
    n->conf = *conf;
    err_t e = ticker_open(work, n, n->conf.look_every * INT64_C(1000), &n->ticker);
    if (e != OK) {
        free(n);
        return e;
    }
    *out = n;
    return OK;
}

void notifier_close(struct notifier **n)
{
    if (!*n)
        return;
    ticker_close(&(*n)->ticker);
    free(*n);
    *n = NULL;
}

void notifier_wake(struct notifier *n)
{
    if (n)
        ticker_ring(n->ticker);
}

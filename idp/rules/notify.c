/*
 * Back-channel logout: one thread that takes due notices, has keyd make the logout token, and posts it.
 * Opened by app.c. OpenID Connect Back-Channel Logout 1.0 §2.4–§2.8.
 */
#include "idp/rules/notify.h"
#include "common/clock.h"
#include "common/form.h"
#include "common/log.h"
#include "idp/store/logout.h"
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LOOK_EVERY_S 5
#define TRIES_MAX 6    /* about half an hour */
#define TOKEN_LIFE 120 /* seconds, §2.4: short */

struct notifier {
    struct db_pool *db;
    struct keyclient *keyd;
    struct clients *clients;
    struct fetch *fetch;
    pthread_t thread;
    pthread_mutex_t lock; /* what follows */
    pthread_cond_t wake;
    bool asked, stop;
};

static err_t post(const struct notifier *n, const struct logout_notice *o, int *status)
{
    AUTO_BUF jwt = {0}, body = {0};
    AUTO_FETCH_REPLY reply = {0};
    struct client client;

    if (!n->fetch || !o->uri[0])
        return ERR_FORBIDDEN;
    TRY(clients_get(n->clients, o->client_id, NULL, &client));
    const struct key_claims claims = {
        .type = KEY_LOGOUT_TOKEN,
        .alg = client.jose.id_token, /* §2.4: with the key of its ID tokens */
        .aud = {o->client_id},
        .lifetime = TOKEN_LIFE,
        .sub = o->sub,
        .sid = o->sid,
    };
    TRY(key_sign_token(n->keyd, &claims, &jwt));
    TRY(buf_add_str(&body, "logout_token="));
    TRY(url_encode(&body, buf_str(&jwt)));
    const struct fetch_request q = {.url = o->uri, .body = buf_bytes(&body), .content_type = "application/x-www-form-urlencoded"};
    TRY(fetch_run(n->fetch, &q, &reply));
    *status = reply.status;
    return OK;
}

/* §2.8: 200 (and 204) is success; a redirect is none. Tried again while it may help. */
static void deliver(const struct notifier *n, const struct logout_notice *o)
{
    int status = 0;
    err_t e = post(n, o, &status);
    bool told = e == OK && (status == 200 || status == 204);

    if (told || e == ERR_FORBIDDEN || o->tries >= TRIES_MAX)
        e = logout_done(n->db, o, told);
    if (!told)
        log_event(LOG_WARNING, "logout.untold", "client %s, try %d, status %d, %s", o->client_id, o->tries, status,
                  e == OK ? "" : err_info(e)->name);
}

static bool stopped(struct notifier *n)
{
    pthread_mutex_lock(&n->lock);
    bool stop = n->stop;
    pthread_mutex_unlock(&n->lock);
    return stop;
}

static void work(struct notifier *n)
{
    struct logout_notice *due = calloc(LOGOUT_BATCH, sizeof *due);
    size_t count = LOGOUT_BATCH;

    while (due && count == LOGOUT_BATCH && !stopped(n)) {
        if (logout_take(n->db, due, &count) != OK) /* the database is away: later */
            break;
        for (size_t i = 0; i < count && !stopped(n); i++)
            deliver(n, &due[i]);
    }
    free(due);
}

static void *run(void *arg)
{
    struct notifier *n = arg;

    pthread_mutex_lock(&n->lock);
    while (!n->stop) {
        int64_t end = clock_mono_us() + LOOK_EVERY_S * 1000000LL;
        struct timespec until = {.tv_sec = end / 1000000, .tv_nsec = end % 1000000 * 1000};
        while (!n->stop && !n->asked && pthread_cond_timedwait(&n->wake, &n->lock, &until) != ETIMEDOUT)
            continue;
        n->asked = false;
        pthread_mutex_unlock(&n->lock);
        work(n);
        pthread_mutex_lock(&n->lock);
    }
    pthread_mutex_unlock(&n->lock);
    return NULL;
}

err_t notifier_open(struct db_pool *db, struct keyclient *keyd, struct clients *clients, struct fetch *fetch, struct notifier **out)
{
    struct notifier *n = calloc(1, sizeof *n);
    pthread_condattr_t attr;

    if (!n)
        return ERR_NOMEM;
    n->db = db;
    n->keyd = keyd;
    n->clients = clients;
    n->fetch = fetch;
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

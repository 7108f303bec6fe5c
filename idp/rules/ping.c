/*
 * Ping: tells a client that the person answered, so that it need not ask. The answer itself it fetches at the token endpoint.
 * Run by notify.c's thread. CIBA Core 1.0 §10.2.
 */
#include "common/log.h"
#include "idp/rules/backchannel.h"
#include "idp/rules/notify.h"
#include <stdlib.h>

#define TRIES_MAX 5 /* about a minute and a half */

static err_t post(const struct notifier_conf *n, const struct ping *g, int *status)
{
    char id[TIMED_CHARS + 1], token[NOTIFY_TOKEN_MAX + 1];
    AUTO_BUF body = {0};
    AUTO_FETCH_REPLY reply = {0};

    if (!n->fetch || !g->uri[0])
        return ERR_FORBIDDEN;
    TRY(backchannel_notify(n->keys, g, id, token));
    TRY(buf_addf(&body, "{\"auth_req_id\":\"%s\"}", id)); /* base64url: nothing to escape */
    const struct fetch_request q = {.url = g->uri, .body = buf_bytes(&body), .content_type = "application/json", .bearer = token};
    err_t e = fetch_run(n->fetch, &q, &reply);
    secret_wipe(token, sizeof token);
    TRY(e);
    *status = reply.status;
    return OK;
}

/* 204, and 200, is success; a redirect is none and is not followed. Tried again while the person's answer can still be fetched. */
static void deliver(const struct notifier_conf *n, const struct ping *g)
{
    int status = 0;
    err_t e = post(n, g, &status);
    bool told = e == OK && (status == 200 || status == 204);

    if (!told)
        log_event(LOG_WARNING, "backchannel.untold", "client %s, try %d, status %d, %s", g->client_id, g->tries, status,
                  e == OK ? "" : err_info(e)->name);
    if (told || e == ERR_FORBIDDEN || g->tries >= TRIES_MAX) {
        e = ping_done(n->db, g, told);
        if (e != OK)
            log_event(LOG_WARNING, "backchannel.notice", "%s", err_info(e)->name);
    }
}

void ping_work(struct notifier *n)
{
    struct ping *due = calloc(PING_BATCH, sizeof *due);
    size_t count = PING_BATCH;

    while (due && count == PING_BATCH && !notifier_stopped(n)) {
        if (ping_take(notifier_conf(n)->db, due, &count) != OK) /* the database is away: later */
            break;
        for (size_t i = 0; i < count && !notifier_stopped(n); i++)
            deliver(notifier_conf(n), &due[i]);
    }
    free(due);
}

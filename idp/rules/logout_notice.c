/*
 * Back-channel logout: takes due notices, has keyd make the logout token, and posts it.
 * Run by notify.c's thread. OpenID Connect Back-Channel Logout 1.0 §2.4–§2.8.
 */
#include "common/form.h"
#include "common/log.h"
#include "idp/rules/notify.h"
#include "idp/store/logout.h"
#include <stdlib.h>

#define TRIES_MAX 6    /* about half an hour */
#define TOKEN_LIFE 120 /* seconds, §2.4: short */

static err_t post(const struct notifier_conf *n, const struct logout_notice *o, int *status)
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
static void deliver(const struct notifier_conf *n, const struct logout_notice *o)
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

void logout_work(struct notifier *n)
{
    struct logout_notice *due = calloc(LOGOUT_BATCH, sizeof *due);
    size_t count = LOGOUT_BATCH;

    while (due && count == LOGOUT_BATCH && !notifier_stopped(n)) {
        if (logout_take(notifier_conf(n)->db, due, &count) != OK) /* the database is away: later */
            break;
        for (size_t i = 0; i < count && !notifier_stopped(n); i++)
            deliver(notifier_conf(n), &due[i]);
    }
    free(due);
}

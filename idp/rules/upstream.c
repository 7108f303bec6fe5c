/*
 * Upstream OpenID Providers: the list of them, their endpoints, requests to them.
 * Opened by app.c; called by endpoints/ and rules/upstream_answer.c. OpenID Connect Discovery §4; RFC 9207 §2.3.
 */
#include "idp/rules/upstream_impl.h"
#include "common/clock.h"
#include "common/form.h"
#include "common/log.h"
#include <stdlib.h>
#include <string.h>

#define AGAIN_US INT64_C(3000000) /* a discovery that failed is tried again at most so often */

struct upstreams {
    struct upstream one[UPSTREAMS_MAX];
    size_t n;
};

/* --- one request --- */

bool upstream_enter(struct upstream *u)
{
    pthread_mutex_lock(&u->lock);
    bool room = u->running < u->conf.at_once;
    u->running += room;
    pthread_mutex_unlock(&u->lock);
    return room;
}

void upstream_leave(struct upstream *u)
{
    pthread_mutex_lock(&u->lock);
    u->running--;
    pthread_mutex_unlock(&u->lock);
}

/* The provider's name and what went wrong, never what it said: that may be about a person. */
static err_t trouble(const struct upstream *u, const char *what, err_t e, int status)
{
    log_event(LOG_WARNING, "upstream", "%s: %s: %s, status %d", u->conf.name, what, err_info(e)->name, status);
    return e == ERR_NOMEM ? e : ERR_UPSTREAM_DOWN;
}

err_t upstream_ask(struct upstream *u, const char *what, const struct fetch_request *q, struct fetch_reply *out)
{
    if (!upstream_enter(u))
        return ERR_BUSY;
    err_t e = fetch_run(u->fetch, q, out);
    upstream_leave(u);
    if (e == OK && (out->status >= 500 || out->status / 100 == 3)) { /* a redirect leads where nobody checked */
        int status = out->status;
        fetch_reply_free(out);
        return trouble(u, what, ERR_IO, status);
    }
    return e == OK ? OK : trouble(u, what, e, 0);
}

/* --- meeting: its endpoints --- */

static err_t set_keys(struct upstream *u, const char *url)
{
    const struct remote_keys_conf k = {.fetch = u->fetch,
                                       .url = url,
                                       .event = "upstream.keys",
                                       .only = u->conf.alg,
                                       .kid_optional = true,
                                       .body_max = UPSTREAM_ANSWER_MAX};

    return remote_keys_open(&k, &u->keys);
}

static err_t by_configuration(struct upstream *u)
{
    TRY(str_copy(&u->authorization, u->conf.authorization));
    TRY(str_copy(&u->token, u->conf.token));
    TRY(str_copy(&u->userinfo, u->conf.userinfo));
    u->iss_needed = u->conf.require_iss;
    return set_keys(u, u->conf.jwks);
}

/* An endpoint must lie where the operator said; fetch would refuse another, but a browser would follow it. */
static bool listed(const struct upstream *u, const char *url)
{
    for (size_t i = 0; u->conf.origin[i]; i++) {
        size_t n = strlen(u->conf.origin[i]);
        if (strncmp(url, u->conf.origin[i], n) == 0 && url[n] == '/' && !strpbrk(url, "#\\ \"\r\n"))
            return true;
    }
    return false;
}

static err_t read_discovery(struct upstream *u, const json_t *doc)
{
    const char *issuer = NULL, *authorization = NULL, *token = NULL, *jwks = NULL, *userinfo = NULL;
    bool iss = false;

    if (json_need_str(doc, "issuer", UPSTREAM_URL_MAX, &issuer) != OK || strcmp(issuer, u->conf.issuer) != 0 || /* Discovery §4.3 */
        json_need_str(doc, "authorization_endpoint", UPSTREAM_URL_MAX, &authorization) != OK ||
        json_need_str(doc, "token_endpoint", UPSTREAM_URL_MAX, &token) != OK ||
        json_need_str(doc, "jwks_uri", UPSTREAM_URL_MAX, &jwks) != OK ||
        json_get_str(doc, "userinfo_endpoint", UPSTREAM_URL_MAX, &userinfo) != OK ||
        json_get_bool(doc, "authorization_response_iss_parameter_supported", false, &iss) != OK)
        return ERR_SYNTAX;
    if (!listed(u, authorization) || !listed(u, token) || !listed(u, jwks) || (u->conf.use_userinfo && (!userinfo || !listed(u, userinfo))))
        return ERR_FORBIDDEN;
    TRY(str_copy(&u->authorization, authorization));
    TRY(str_copy(&u->token, token));
    TRY(str_copy(&u->userinfo, userinfo ? userinfo : ""));
    u->iss_needed = iss || u->conf.require_iss;
    return set_keys(u, jwks);
}

static err_t discover(struct upstream *u)
{
    AUTO_BUF url = {0};
    AUTO_FETCH_REPLY r = {0};
    AUTO_JSON doc = NULL;
    size_t n = strlen(u->conf.issuer);

    /* Discovery §4.1: a slash at the issuer's end is taken away first */
    TRY(buf_add(&url, u->conf.issuer, n - (n > 0 && u->conf.issuer[n - 1] == '/')));
    TRY(buf_add_str(&url, "/.well-known/openid-configuration"));
    const struct fetch_request q = {.url = buf_str(&url), .accept = "application/json"};
    TRY(upstream_ask(u, "discovery", &q, &r));
    err_t e = r.status == 200 ? json_parse(buf_bytes(&r.body), UPSTREAM_ANSWER_MAX, &doc) : ERR_IO;
    if (e == OK)
        e = read_discovery(u, doc);
    return e == OK ? OK : trouble(u, "discovery", e, r.status);
}

/* One asks; those who come meanwhile are not made to wait for it. */
err_t upstream_known(struct upstream *u)
{
    err_t e = ERR_UPSTREAM_DOWN;

    if (u->met)
        return OK;
    if (pthread_mutex_trylock(&u->meeting) != 0)
        return ERR_BUSY;
    if (u->met)
        e = OK;
    else if (u->conf.token[0])
        e = by_configuration(u);
    else if (u->tried_us == 0 || clock_mono_us() - u->tried_us >= AGAIN_US) {
        e = discover(u);
        u->tried_us = clock_mono_us();
    }
    if (e == OK)
        u->met = true;
    pthread_mutex_unlock(&u->meeting);
    return e;
}

err_t upstream_meet(struct upstream *u, const char **authorization, bool *iss_needed)
{
    TRY(upstream_known(u));
    *authorization = u->authorization;
    *iss_needed = u->iss_needed;
    return OK;
}

/* --- all of them --- */

static err_t open_one(struct upstream *u, struct keyclient *keyd, const char *our_issuer, bool private_addresses)
{
    const struct fetch_conf f = {
        .origins = (const char *const *)u->conf.origin,
        .ca_file = u->conf.ca_file[0] ? u->conf.ca_file : NULL,
        .total_ms = (unsigned)u->conf.timeout_ms,
        .body_max = UPSTREAM_ANSWER_MAX,
        .private_addresses = private_addresses,
    };
    AUTO_BUF secret = {0};

    u->keyd = keyd;
    TRY(buf_addf(&u->redirect_uri, "%s/login/from/%s", our_issuer, u->conf.name));
    TRY(url_encode(&u->user, u->conf.client_id));
    TRY(buf_copy(&secret, secret_bytes(&u->conf.client_secret)));
    err_t e = url_encode(&u->password, buf_str(&secret));
    if (secret.ptr)
        secret_wipe(secret.ptr, secret.len);
    TRY(e);
    return fetch_open(&f, &u->fetch);
}

err_t upstreams_open(struct upstream_confs *confs, struct keyclient *keyd, const char *our_issuer, bool private_addresses,
                     struct upstreams **out)
{
    AUTO(upstreams_close) struct upstreams *all = calloc(1, sizeof *all);

    if (!all)
        return ERR_NOMEM;
    for (size_t i = 0; i < confs->n; i++) {
        all->one[i].conf = take(&confs->one[i]);
        pthread_mutex_init(&all->one[i].lock, NULL);
        pthread_mutex_init(&all->one[i].meeting, NULL);
    }
    all->n = confs->n;
    confs->n = 0;
    for (size_t i = 0; i < all->n; i++)
        TRY(open_one(&all->one[i], keyd, our_issuer, private_addresses));
    *out = take(&all);
    return OK;
}

static void close_one(struct upstream *u)
{
    remote_keys_close(&u->keys);
    fetch_close(&u->fetch);
    buf_free(&u->redirect_uri);
    buf_free(&u->user);
    if (u->password.ptr)
        secret_wipe(u->password.ptr, u->password.len);
    buf_free(&u->password);
    str_free(&u->authorization);
    str_free(&u->token);
    str_free(&u->userinfo);
    upstream_conf_free(&u->conf);
    pthread_mutex_destroy(&u->lock);
    pthread_mutex_destroy(&u->meeting);
}

void upstreams_close(struct upstreams **u)
{
    if (!*u)
        return;
    for (size_t i = 0; i < (*u)->n; i++)
        close_one(&(*u)->one[i]);
    free(*u);
    *u = NULL;
}

struct upstream *upstreams_at(const struct upstreams *u, size_t i)
{
    return u && i < u->n ? (struct upstream *)(uintptr_t)&u->one[i] : NULL;
}

struct upstream *upstreams_find(const struct upstreams *u, const char *name)
{
    for (size_t i = 0; upstreams_at(u, i); i++)
        if (name && strcmp(u->one[i].conf.name, name) == 0)
            return upstreams_at(u, i);
    return NULL;
}

const struct upstream_conf *upstream_conf_of(const struct upstream *u)
{
    return &u->conf;
}

const char *upstream_redirect_uri(const struct upstream *u)
{
    return buf_str(&u->redirect_uri);
}

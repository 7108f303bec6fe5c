/*
 * One upstream provider from inside: shared by upstream.c and upstream_answer.c alone.
 */
#ifndef ANTIN_IDP_RULES_UPSTREAM_IMPL_H
#define ANTIN_IDP_RULES_UPSTREAM_IMPL_H

#include "common/fetch.h"
#include "common/remote_keys.h"
#include "idp/rules/upstream.h"
#include <pthread.h>

#define UPSTREAM_ANSWER_MAX (64u * 1024)
#define UPSTREAM_URL_MAX 1000

struct upstream {
    struct upstream_conf conf;
    struct keyclient *keyd;
    struct fetch *fetch;
    struct buf redirect_uri, user, password; /* the last two form-encoded for HTTP Basic */
    pthread_mutex_t lock;                    /* running */
    long running;
    pthread_mutex_t meeting; /* tried_us, and the filling of what follows; met is set last and never unset */
    int64_t tried_us;
    _Atomic bool met;
    char *authorization, *token, *userinfo;
    struct remote_keys *keys;
    bool iss_needed;
};

/* Its endpoints are known from here on. */
err_t upstream_known(struct upstream *u) MUST_USE;
/* One request; what: for the log. 5xx and redirects are failures. */
err_t upstream_ask(struct upstream *u, const char *what, const struct fetch_request *q, struct fetch_reply *out) MUST_USE;
/* False: enough requests are on their way to it. */
bool upstream_enter(struct upstream *u);
void upstream_leave(struct upstream *u);

#endif

/*
 * The way of one request through the glue: header, authentication, body, handler, reply.
 * Called by libmicrohttpd on its HTTP threads (on_*), by the workers (http_work).
 * RFC 9112 (messages), RFC 9110 §10.1.1 (Expect: 100-continue, which the library answers once we let a body in).
 */
#include "common/clock.h"
#include "common/http_internal.h"
#include "common/http_server.h"
#include "common/log.h"
#include "common/secret.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define REPLY_MS 30000      /* for a reply to be taken by its reader … */
#define REPLY_BYTES_A_MS 64 /* … and more for a long one: at least 64 kB a second */

/* --- connections and the beginning of requests --- */

static void read_peer(struct MHD_Connection *mhd, struct http_conn *c)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const struct sockaddr *a = info == NULL ? NULL : info->client_addr;
    if (a != NULL && a->sa_family == AF_INET)
        (void)inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)a)->sin_addr, c->peer, sizeof c->peer);
    else if (a != NULL && a->sa_family == AF_INET6)
        (void)inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)(const void *)a)->sin6_addr, c->peer, sizeof c->peer);
}

void http_on_connection(void *cls, struct MHD_Connection *mhd, void **ctx, enum MHD_ConnectionNotificationCode what)
{
    struct http_server *s = cls;
    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        const union MHD_ConnectionInfo *info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
        *ctx = info == NULL ? NULL : http_reaper_add(s->reaper, info->connect_fd);
        if (*ctx != NULL)
            read_peer(mhd, *ctx);
    } else if (*ctx != NULL) {
        struct http_conn *c = *ctx;
        http_reaper_remove(s->reaper, &c);
        *ctx = NULL;
    }
}

/* An id is no secret, only unlike others: randomness for some of them is fetched at a time, a system call costs more than the rest. */
static void new_id(char out[HTTP_ID_LEN + 1])
{
    static _Thread_local uint8_t bytes[32 * HTTP_ID_BYTES];
    static _Thread_local size_t left;
    if (left == 0) {
        random_bytes(bytes, sizeof bytes);
        left = sizeof bytes;
    }
    left -= HTTP_ID_BYTES;
    b64url_encode(BYTES(bytes + left, HTTP_ID_BYTES), out);
}

/* The request line is there: the first that the library tells of a request. */
void *http_on_target(void *cls, const char *target, struct MHD_Connection *mhd)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    (void)target;
    struct http_req *r = info == NULL || info->socket_context == NULL ? NULL : http_req_new(info->socket_context);
    if (r == NULL)
        return NULL; /* no memory: http_on_access closes the connection */
    r->server = cls;
    r->mhd = mhd;
    r->conn = info->socket_context;
    r->started = clock_mono_us();
    r->spool.fd = r->reply.fd = -1;
    new_id(r->id);
    return r;
}

/* Percent escapes stay: http_target.c decodes, segment by segment. */
size_t http_on_unescape(void *cls, struct MHD_Connection *mhd, char *s)
{
    (void)cls;
    (void)mhd;
    return strlen(s);
}

/* --- the end --- */

/* What a sender made up as a method is no word of ours for the log. */
static const char *known_method(const char *method)
{
    static const char *const names[] = {"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i], method) == 0)
            return names[i];
    return "other";
}

static void write_log(const struct http_req *r, int status, err_t e)
{
    log_request(&(struct log_request){
        .id = r->id,
        .method = r->method == NULL ? "" : known_method(r->method),
        .route = r->route == NULL ? "" : r->route->path,
        .status = status,
        .error = e == OK ? NULL : err_info(e)->name,
        .us = clock_mono_us() - r->started,
        .in = r->in,
        .out = strcmp(http_method(r), "HEAD") == 0 ? 0 : r->out,
    });
}

void http_on_end(void *cls, struct MHD_Connection *mhd, void **ctx, enum MHD_RequestTerminationCode why)
{
    struct http_server *s = cls;
    struct http_req *r = *ctx;
    (void)mhd;
    if (r == NULL)
        return;
    *ctx = NULL;
    http_workers_resume_rest(r); /* it may end here without another word */
    err_t e = r->err;
    if (r->phase != HTTP_AT_REPLY) /* it never came to a reply of ours */
        e = atomic_load(&r->conn->expired) ? ERR_TIMEOUT : r->phase == HTTP_AT_HEAD ? ERR_SYNTAX : ERR_CUT;
    else if (why != MHD_REQUEST_TERMINATED_COMPLETED_OK && e == OK)
        e = atomic_load(&r->conn->expired) ? ERR_TIMEOUT : ERR_CUT;
    write_log(r, r->phase == HTTP_AT_REPLY ? r->reply.status : err_info(e)->status, e);
    if (!atomic_load(&r->conn->expired))
        http_deadline_idle(r->conn);
    bool counted = r->counted;
    http_req_end(r);
    if (counted)
        atomic_fetch_sub(&s->active, 1);
}

/* --- replying --- */

/* Leaves r->response NULL when there is no memory for it. On the HTTP thread, which frees it too: memory that one thread takes and another
   gives back costs several times as much. */
static void build(struct http_req *r)
{
    if (http_reply_build(r) == OK || r->response == NULL)
        return;
    MHD_destroy_response(r->response);
    r->response = NULL;
}

/* Builds and queues the reply. MHD_NO closes the connection without one. */
static enum MHD_Result send_reply(struct http_req *r)
{
    log_request_id(r->id);
    build(r);
    log_request_id(NULL);
    r->phase = HTTP_AT_REPLY;
    if (r->response == NULL)
        return MHD_NO;
    http_deadline_set(r->conn, REPLY_MS + r->out / REPLY_BYTES_A_MS);
    enum MHD_Result ok = MHD_queue_response(r->mhd, (unsigned)r->reply.status, r->response);
    if (r->reply.shared == NULL && !r->kept)
        MHD_destroy_response(r->response); /* the connection holds its own reference */
    r->response = NULL;
    return ok;
}

static enum MHD_Result fail_now(struct http_req *r, err_t e)
{
    log_request_id(r->id);
    if (e == ERR_METHOD && http_route_options(r) != OK)
        e = ERR_NOMEM;
    http_fail_with(r, e);
    log_request_id(NULL);
    return send_reply(r);
}

static bool has_body(const struct http_req *r)
{
    return r->chunked || r->length > 0;
}

/*
 * Refuses before the body has come, and without taking it: the library closes the connection behind such a reply, and we read on
 * for a moment, since a socket closed with bytes unread resets the connection and may destroy the reply on its way.
 */
static enum MHD_Result refuse_at_head(struct http_req *r, err_t e)
{
    r->close = true;
    r->conn->linger = true;
    return fail_now(r, e);
}

/* --- header --- */

/* Total time for a body: body_ms, and a second for each further megabyte that is announced or has come. */
static void body_deadline(struct http_req *r)
{
    uint64_t megabytes = (r->chunked ? r->in : r->length) >> 20;
    int64_t spent = (clock_mono_us() - r->body_from) / 1000;
    int64_t all = (int64_t)r->server->conf.body_ms + (int64_t)megabytes * 1000;
    http_deadline_set(r->conn, all > spent ? (uint64_t)(all - spent) : 1);
}

static enum MHD_Result take_body(struct http_req *r)
{
    r->phase = HTTP_AT_BODY;
    if (has_body(r)) {
        r->body_from = clock_mono_us();
        body_deadline(r);
    }
    return MHD_YES;
}

/* A body that was refused but is short is read and dropped, and the reply comes after it: the connection can go on. */
static bool can_swallow(const struct http_req *r)
{
    return !r->chunked && r->length <= HTTP_SWALLOW_SMALL && http_header(r, "Expect") == NULL;
}

static enum MHD_Result settle_head(struct http_req *r, err_t e)
{
    r->err = e;
    if (e == OK || can_swallow(r))
        return take_body(r);
    return refuse_at_head(r, e);
}

static err_t route_and_body(struct http_req *r)
{
    TRY(http_cookies_parse(r));
    TRY(http_route_find(r));
    return http_body_begin(r);
}

static enum MHD_Result at_head(struct http_req *r, const char *method)
{
    http_deadline_none(r->conn);
    r->counted = true;
    atomic_fetch_add(&r->server->active, 1);
    log_request_id(r->id);
    err_t e = http_guard(r, method);
    if (e != OK) /* malformed: nothing that follows on this connection can be trusted to begin where it seems to */
        return refuse_at_head(r, e);
    /* Chunk framing is parsed by the library, leniently; whatever hides behind it is never parsed as a request. */
    r->close = r->chunked;
    e = route_and_body(r);
    log_request_id(NULL);
    if (e != OK || r->route->body != HTTP_SPOOL || r->route->auth == NULL)
        return settle_head(r, e);
    r->phase = HTTP_AT_AUTH;
    if (r->route->inline_ok) {
        (void)http_work(r);
        return settle_head(r, r->err);
    }
    return http_workers_add(r->server->workers, r, false) ? MHD_YES : settle_head(r, ERR_BUSY);
}

/* --- body --- */

static enum MHD_Result at_body_bytes(struct http_req *r, struct bytes data)
{
    r->in += data.len;
    if (r->err == OK)
        r->err = http_body_add(r, data);
    if (r->chunked) {
        body_deadline(r);
        if (r->in > r->route->body_max + HTTP_SWALLOW_CHUNKED)
            return MHD_NO; /* it does not end */
    }
    return MHD_YES;
}

/* --- handler --- */

static err_t run_handler(struct http_req *r)
{
    if (r->route->auth != NULL && !r->authed)
        TRY(r->route->auth(r));
    return r->route->handler(r);
}

static void work_auth(struct http_req *r)
{
    r->err = r->route->auth(r);
    r->authed = r->err == OK;
}

static void finish(struct http_req *r, err_t e)
{
    if (e != OK)
        http_fail_with(r, e);
}

bool http_work(struct http_req *r)
{
    err_t e = OK;
    log_request_id(r->id);
    if (r->phase == HTTP_AT_AUTH)
        work_auth(r);
    else if ((e = run_handler(r)) != ERR_TOGETHER)
        finish(r, e);
    log_request_id(NULL);
    return e != ERR_TOGETHER;
}

void http_work_together(struct http_req *const *r, size_t n)
{
    err_t e[HTTP_TOGETHER_MAX] = {OK};
    r[0]->route->together(r, e, n);
    for (size_t i = 0; i < n; i++) {
        log_request_id(r[i]->id);
        finish(r[i], e[i]);
    }
    log_request_id(NULL);
}

static enum MHD_Result answer_options(struct http_req *r)
{
    r->err = http_route_options(r);
    if (r->err != OK)
        return fail_now(r, r->err);
    http_reply(r, 204, NULL, NULL);
    return send_reply(r);
}

static enum MHD_Result hand_over(struct http_req *r, bool together)
{
    return http_workers_add(r->server->workers, r, together) ? MHD_YES : fail_now(r, ERR_BUSY);
}

/* On this thread, as far as nothing has to be waited for. */
static enum MHD_Result try_here(struct http_req *r)
{
    log_request_id(r->id);
    r->here = true;
    err_t e = run_handler(r);
    r->here = false;
    if (e != ERR_WAITS && e != ERR_TOGETHER)
        finish(r, e);
    log_request_id(NULL);
    return e == ERR_WAITS || e == ERR_TOGETHER ? hand_over(r, e == ERR_TOGETHER) : send_reply(r);
}

/* The whole request is there. */
static enum MHD_Result at_end_of_body(struct http_req *r)
{
    http_deadline_none(r->conn);
    bool options = strcmp(r->method, "OPTIONS") == 0;
    if (options && (r->err == ERR_METHOD || strcmp(r->target, "*") == 0) && !has_body(r))
        return answer_options(r);
    if (r->err == OK)
        r->err = http_body_end(r);
    if (r->err != OK)
        return fail_now(r, r->err);
    r->phase = HTTP_AT_HANDLER;
    if (r->route->inline_first)
        return try_here(r);
    if (!r->route->inline_ok)
        return hand_over(r, false);
    (void)http_work(r);
    return send_reply(r);
}

/* --- the library's callback: many calls a request --- */

enum MHD_Result http_on_access(void *cls, struct MHD_Connection *mhd, const char *url, const char *method, const char *version,
                               const char *data, size_t *size, void **ctx)
{
    struct http_req *r = *ctx;
    struct bytes bytes = BYTES(data, *size);
    (void)cls;
    (void)mhd;
    (void)url;
    (void)version;
    if (r == NULL)
        return MHD_NO;
    *size = 0;
    http_workers_resume_rest(r);
    switch (r->phase) {
    case HTTP_AT_HEAD: return at_head(r, method);
    case HTTP_AT_AUTH: /* resumed */ return settle_head(r, r->err);
    case HTTP_AT_BODY: return bytes.len > 0 ? at_body_bytes(r, bytes) : at_end_of_body(r);
    case HTTP_AT_HANDLER: /* resumed */ return send_reply(r);
    case HTTP_AT_REPLY: break;
    }
    return MHD_YES;
}

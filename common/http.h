/*
 * HTTP server glue over libmicrohttpd: one flat route table, strict parsing, streamed bodies, one reply path.
 * main() opens a server with a route table; endpoints see only struct http_req.
 * RFC 9110, RFC 9112; what the library lets through and this refuses: see http_guard.c.
 */
#ifndef ANTIN_HTTP_H
#define ANTIN_HTTP_H

#include "common/bytes.h"
#include "common/form.h"
#include "common/json.h"
#include "common/text.h"

struct http_req;
struct http_server;

/* What a request's body may be. Anything else: 415; longer than body_max: 413. */
enum http_body {
    HTTP_NO_BODY, /* a body is refused (400) */
    HTTP_FORM,    /* application/x-www-form-urlencoded, in memory */
    HTTP_JSON,    /* application/json, in memory */
    HTTP_BYTES,   /* any media type (or exactly body_type), in memory */
    HTTP_SPOOL,   /* any media type, streamed to an unlinked spool file and hashed (SHA-256, SHA-512) on the way */
};

/* Fills the reply or returns an error, which the route's fail function then renders. */
typedef err_t http_handler(struct http_req *r);
/*
 * Does what n requests of one route wait for, in one go (one message to keyd, one commit for all). For each it fills the reply or sets its
 * error. On a worker.
 */
typedef void http_together(struct http_req *const *r, err_t *e, size_t n);
#define HTTP_TOGETHER_MAX 32
/*
 * Authenticates the caller (may set the principal); an error ends the request. NULL in a route: open to all.
 * With HTTP_SPOOL it runs before the body is taken (nobody fills our disk unknown), otherwise after it, just before the handler.
 */
typedef err_t http_auth(struct http_req *r);
/* Renders a failure in the caller's format. May run on the HTTP thread: it waits for nothing. */
typedef void http_fail(struct http_req *r, err_t e);

struct http_route {
    const char *method;
    const char *path; /* "/v1/dossiers/{id}": a {name} is one percent-decoded segment; a last {name*} the whole rest, slashes and all */
    http_handler *handler;
    http_auth *auth;
    http_fail *fail; /* required */
    enum http_body body;
    const char *body_type; /* HTTP_BYTES, HTTP_SPOOL: the one media type; NULL: any */
    size_t body_max;
    bool inline_ok; /* touches neither database nor keyd: runs on the HTTP thread, without suspend/resume */
    /*
     * The handler is tried on the HTTP thread first, where http_may_wait is false. There it answers from memory, or returns ERR_WAITS (then it
     * runs again from its beginning on a worker, where it may wait), or ERR_TOGETHER. Not with auth.
     */
    bool inline_first;
    http_together *together; /* what a handler that returned ERR_TOGETHER waits for */
    bool cors;      /* answers with Access-Control-Allow-Origin: * (public metadata only) */
};

struct http_conf {
    const char *listen; /* "127.0.0.1:8400", "[::1]:8400" or "unix:/path" */
    unsigned threads;   /* epoll threads; 0: one a core */
    unsigned workers;   /* worker threads for handlers that wait */
    unsigned queue_max; /* suspended requests at most; past it 503 with Retry-After */
    unsigned connections_max;
    unsigned header_ms;              /* total time for request line and headers */
    unsigned body_ms;                /* total time for a body up to 1 MB; each further MB adds a second */
    const char *spool_dir;           /* for HTTP_SPOOL */
    const struct http_route *routes; /* ends with a row whose method is NULL */
    void *app;                       /* http_app() gives it back */
    bool https;                      /* the public origin is https: HSTS, Secure and __Host- cookies */
    const char *form_action;         /* extra CSP form-action sources, or NULL */
    http_fail *fail;                 /* renders a request that fits no route; NULL: http_fail_problem */
};
err_t http_open(const struct http_conf *conf, struct http_server **out) MUST_USE; /* accepting when it returns; ERR_IO with a log line */
unsigned http_port(const struct http_server *s);                                  /* of a TCP socket: what "127.0.0.1:0" became */
void http_close(struct http_server **s); /* stops accepting, lets running requests end (10 s at most) */
/* Blocks SIGTERM and SIGINT in all threads; call first in main(). http_wait returns when one arrives. */
void http_signals_init(void);
void http_wait(void);

/* --- the request, read --- */
void *http_app(const struct http_req *r);
const char *http_request_id(const struct http_req *r);
const char *http_method(const struct http_req *r);
const char *http_target(const struct http_req *r); /* path and query as sent: to come back to after login, never for the log */
const char *http_path(const struct http_req *r, const char *name);   /* a {name} of the route */
const char *http_route_path(const struct http_req *r); /* "/v1/dossiers/{id}", as the table has it: fit for a log */
const char *http_header(const struct http_req *r, const char *name); /* NULL when absent; cookies: http_cookie */
bool http_header_twice(const struct http_req *r, const char *name);
const char *http_cookie(const struct http_req *r, const char *name); /* NULL when absent or doubled */
/* Query and form fields: NULL when absent; a doubled one makes http_dup_params true. */
const char *http_query(const struct http_req *r, const char *name);
const char *http_field(const struct http_req *r, const char *name);
bool http_dup_params(const struct http_req *r);          /* some query or form field came twice (RFC 6749 §3.1) */
const json_t *http_json(const struct http_req *r);       /* HTTP_JSON: the object (never NULL there) */
struct bytes http_body(const struct http_req *r);        /* HTTP_BYTES */
bool http_may_wait(const struct http_req *r);            /* false on the HTTP thread: ERR_WAITS instead of waiting */
/* The other end's numeric address; "" over a Unix socket. Behind a proxy that is the proxy's. */
const char *http_peer(const struct http_req *r);
enum lang http_lang(const struct http_req *r);           /* ?lang= , then cookie "lang", then Accept-Language */
const char *http_content_type(const struct http_req *r); /* without parameters, lower case; "" when absent */

/* A spooled body. The file is unlinked already; it lives as long as the descriptor. */
struct http_spool {
    int fd;
    uint64_t size;
    uint8_t sha256[32];
    uint8_t sha512[64];
};
const struct http_spool *http_spool(const struct http_req *r); /* HTTP_SPOOL */

/* --- who calls --- */
void http_set_principal(struct http_req *r, void *p, void (*free_fn)(void *)); /* owned by the request from now on */
void *http_principal(const struct http_req *r);

/* --- the reply (exactly one; the last call wins) --- */
void http_reply(struct http_req *r, int status, const char *type, struct buf *body); /* takes body's memory */
void http_reply_json(struct http_req *r, int status, json_t *j);                     /* takes the reference */
void http_reply_redirect(struct http_req *r, int status, const char *url);           /* 302 or 303 */
/*
 * Sends a file: takes the descriptor; name (may be NULL) gives Content-Disposition, encoded per RFC 6266/8187.
 * Only PDF, JPEG, PNG and plain text are opened in place; what can hold a script is always an attachment.
 */
void http_reply_file(struct http_req *r, int fd, uint64_t size, const char *type, const char *name, bool attachment);
/* Copied. An empty value, or a control character in it: dropped and logged. */
void http_reply_header(struct http_req *r, const char *name, const char *value);
/* Session-like cookie: HttpOnly, SameSite=Lax, Path=/, Secure and "__Host-" when https. max_age 0: session; < 0: delete. */
void http_reply_cookie(struct http_req *r, const char *name, const char *value, long max_age);
void http_reply_no_store(struct http_req *r);
/*
 * A reply that many requests get, with ETag and 304: made once by the first of them (of its route's headers), held by whoever keeps it, sent
 * without a copy. It has no X-Request-Id. cache: its Cache-Control. Takes the body's memory.
 */
struct http_shared;
err_t http_shared_make(struct http_req *r, const char *type, const char *cache, struct buf *body, struct http_shared **out) MUST_USE;
struct http_shared *http_shared_hold(struct http_shared *s);
void http_shared_free(struct http_shared **s); /* lets go; the last one frees */
void http_reply_shared(struct http_req *r, struct http_shared *s);
/* CSP for this reply: adds form-action sources beyond 'self' (the redirect that follows a consent). */
void http_reply_form_action(struct http_req *r, const char *origin);
/* CSP for this reply: one more directive (script-src by hash, frame-src by origin); each at most once. */
void http_reply_policy(struct http_req *r, const char *directive, const char *sources);

/* --- failures in formats that both daemons use --- */
http_fail http_fail_problem; /* application/problem+json, RFC 9457: type, title, status, detail, instance (request id) */
/* Adds a sentence that is safe to show (no personal data) to the problem's detail. */
void http_problem_detail(struct http_req *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
const char *http_problem_detail_get(const struct http_req *r);
void http_set_texts(struct http_server *s, const struct texts *t); /* for the problem's title; call before requests come */
#endif

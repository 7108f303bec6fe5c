/*
 * What the rooms of the HTTP glue share: the request in the making, its connection, the server.
 * Included by common/http*.c alone; endpoints see common/http.h.
 */
#ifndef ANTIN_HTTP_INTERNAL_H
#define ANTIN_HTTP_INTERNAL_H

#include "common/http.h"
#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>

/* --- limits --- */
#define HTTP_HEAD_MAX 12288  /* request line and header fields together; past it 431 */
#define HTTP_TARGET_MAX 8192 /* request target; past it 414 */
#define HTTP_HEADERS_MAX 64  /* header fields; past it 431 */
#define HTTP_COOKIES_MAX 32
#define HTTP_SEGMENTS_MAX 16 /* of a path; past it 404 */
#define HTTP_POOL_SIZE 28672 /* the library's for one connection: head, read buffer, reply header; cleared after each request */
#define HTTP_REPLY_HEADERS_MAX 24
#define HTTP_KEEPALIVE_MS 30000        /* an open connection without a request */
#define HTTP_CROWDED_MS 1000           /* the same when three quarters of the connections are taken */
#define HTTP_SWALLOW_SMALL 65536       /* a refused body up to this long is read to its end, and the connection lives on */
#define HTTP_SWALLOW_CHUNKED (4 << 20) /* how far a chunked body may run past its limit before it is cut */
#define HTTP_STOP_MS 10000             /* how long http_close waits for running requests */

#define HTTP_ETAG_BYTES 12
#define HTTP_ID_BYTES 12
#define HTTP_ID_LEN B64URL_LEN(HTTP_ID_BYTES)

/* http_kept.c: a connection's last reply. */
#define HTTP_KEPT_NAME 47
struct http_kept {
    struct MHD_Response *response; /* NULL: none; it holds the body */
    const struct http_route *route;
    uint8_t *body;
    size_t len, headers;
    bool no_store;
    char said[HTTP_KEPT_NAME + 1]; /* name of the handler's one field; "": none */
    char id[HTTP_ID_LEN + 1];
};

/* One TCP connection. It lives in the server's list; the reaper shuts its socket down when a deadline passes. */
struct http_conn {
    struct http_conn *prev, *next;
    struct http_server *server;
    int fd;
    struct http_req *spare;    /* the last request's memory, for the next one */
    struct http_kept kept;     /* and its reply */
    char peer[48];             /* INET6_ADDRSTRLEN and a scope; "" over a Unix socket */
    struct buf wire;           /* of the request that is being received: the bytes as they came */
    uint64_t wire_skip;        /* bytes to come that belong to a body */
    bool linger;               /* closing with bytes unread: read on for a while, or the reply is lost to a TCP reset */
    _Atomic int64_t deadline;  /* monotonic microseconds; 0: none (a handler is at work) */
    _Atomic int64_t idle_from; /* since when it waits for a next request; 0: it does not */
    _Atomic bool expired;      /* the reaper shut it down */
};

/* Where a request stands; it moves only forward. */
enum http_phase {
    HTTP_AT_HEAD,    /* header arrived, nothing decided */
    HTTP_AT_AUTH,    /* a worker authenticates the sender before its body is taken */
    HTTP_AT_BODY,    /* taking the body (or swallowing it, when err is set) */
    HTTP_AT_HANDLER, /* a worker has it */
    HTTP_AT_REPLY,   /* the reply is queued */
};

struct http_pair {
    const char *name;
    const char *value;
};

/* Memory that stays with a connection from one request to the next. */
struct http_room {
    char *ptr;
    size_t cap;
};

/* Short strings that live as long as a request: most fit, the rest is a list. */
struct http_word {
    struct http_word *next;
    char text[];
};
struct http_words {
    size_t used;
    struct http_word *more;
};
#define HTTP_WORDS_ROOM 768

struct http_reply {
    int status; /* 0: none yet */
    const char *type;
    struct buf body;
    int fd; /* -1: the body is in memory */
    uint64_t fd_size;
    const char *location;
    char *disposition;
    bool pdf; /* shown by the browser's viewer, which needs a wider content policy */
    bool no_store;
    size_t headers; /* in http_req.said */
    struct buf form_action;
    struct buf policy;          /* further CSP directives, each with "; " before it */
    struct http_shared *shared; /* in place of type and body */
};

struct http_req {
    struct http_server *server;
    struct http_conn *conn;
    struct MHD_Connection *mhd;
    struct http_req *next;   /* in the workers' queue; later among those that its HTTP thread resumes with it */
    const void *http_thread; /* whose connection it is */
    enum http_phase phase;
    char id[HTTP_ID_LEN + 1];
    int64_t started; /* monotonic microseconds */

    /* as sent */
    struct http_room head; /* our copy of the header: method, target, fields and cookies point into it */
    size_t head_len;
    const char *method; /* NULL while there is no header */
    char *target;
    bool http_1_0;
    size_t headers, cookies, segments;
    struct http_room path; /* the segments' decoded characters */
    struct form *query;    /* NULL: none */
    struct form *field;    /* NULL: none */

    const struct http_route *route; /* NULL until matched */
    size_t allows;
    err_t err; /* the first failure */
    bool here; /* the handler runs on the HTTP thread */

    /* body */
    bool chunked;
    uint64_t length;   /* Content-Length; 0 when absent */
    uint64_t in;       /* body bytes that came */
    int64_t body_from; /* when it began, for its deadline */
    struct buf body;
    json_t *json;
    struct http_spool spool;
    struct http_hashes *hashes;

    bool counted; /* among server->active */
    bool close;   /* the connection ends with this reply */
    bool authed;
    void *principal;
    void (*principal_free)(void *);
    struct buf detail;
    struct http_reply reply;
    struct http_words words;
    struct MHD_Response *response;
    bool kept; /* the response is the connection's kept one */
    uint64_t out;

    /* What the numbers above tell the length of: not cleared between two requests. */
    char content_type[128];
    struct form query_room, field_room; /* form_parse sets what is needed of them */
    struct http_pair header[HTTP_HEADERS_MAX];
    struct http_pair cookie[HTTP_COOKIES_MAX];
    const char *segment[HTTP_SEGMENTS_MAX];
    const char *allow[16];                         /* 405: the methods that the path has */
    struct http_pair said[HTTP_REPLY_HEADERS_MAX]; /* header fields of the reply */
    char word[HTTP_WORDS_ROOM];
};

struct http_workers;
struct http_reaper;
struct http_patterns;

struct http_server {
    struct http_conf conf;
    struct MHD_Daemon *mhd;
    struct http_workers *workers;
    struct http_reaper *reaper;
    struct http_patterns *patterns;
    _Atomic(const struct texts *) texts;
    int listen_fd;
    char *socket_path;       /* of a Unix socket: removed at the end */
    _Atomic unsigned active; /* requests between their header and the end of their reply */
    _Atomic bool closing;
};

/* http_listen.c */
err_t http_listen_open(const char *where, int *fd, char **socket_path) MUST_USE;
err_t http_room_for(unsigned workers, unsigned *connections) MUST_USE; /* raises the descriptor limit, or lowers the number */

/* http_wire.c: on the HTTP thread of the connection */
err_t http_wire_open(void) MUST_USE;
void http_wire_watch(struct http_conn *c);
void http_wire_unwatch(struct http_conn *c);
void http_wire_forget(struct http_conn *c); /* keeps nothing any more */
/* The first len bytes after empty lines: a view until more is received or passed. ERR_SYNTAX: not that much came. */
err_t http_wire_header(const struct http_conn *c, size_t len, struct bytes *out) MUST_USE;
void http_wire_pass(struct http_conn *c, struct bytes header,
                    uint64_t body); /* header is that view; what follows it and its body is the next request */

/* http_route.c: the path as far as it is parsed leads to a row that takes the whole rest. */
bool http_route_takes_rest(const struct http_req *r);

/* http_kept.c: one is like the request's: taken as its response, with its body copied in. */
bool http_kept_reuse(struct http_req *r);
bool http_kept_fits(const struct http_req *r);            /* its reply may be kept, before its body is given away */
void http_kept_keep(struct http_req *r, struct buf body); /* its response, finished, and the body in it, which stays the response's */
void http_kept_sent(struct http_req *r);                  /* wipes the body */
void http_kept_free(struct http_kept *k);

/* http_guard.c, http_head.c, http_target.c: ERR_SYNTAX, ERR_HEAD_TOO_LARGE, ERR_TARGET_TOO_LONG, ERR_NOT_FOUND (too many segments) */
err_t http_guard(struct http_req *r, const char *method) MUST_USE;
err_t http_head_read(struct http_req *r, struct bytes raw) MUST_USE;
err_t http_refuse(const char *why);                   /* says why in the log (never what: the bytes are the sender's); ERR_SYNTAX */
err_t http_target_parse(struct http_req *r) MUST_USE; /* fills path, segment and query from target */

/* http_request.c: after this a Cookie field is no longer readable by http_header; ERR_HEAD_TOO_LARGE */
err_t http_cookies_parse(struct http_req *r) MUST_USE;

/* http_route.c: ERR_NOT_FOUND; ERR_METHOD with allow filled */
err_t http_route_find(struct http_req *r) MUST_USE;
err_t http_patterns_new(const struct http_route *routes, struct http_patterns **out) MUST_USE;
void http_patterns_free(struct http_patterns **p);
bool http_route_table_ok(const struct http_route *routes); /* names the fault in the log */
err_t http_route_options(struct http_req *r) MUST_USE;     /* answers OPTIONS */

/* http_body.c */
err_t http_body_begin(struct http_req *r) MUST_USE;
err_t http_body_add(struct http_req *r, struct bytes data) MUST_USE;
err_t http_body_end(struct http_req *r) MUST_USE;
void http_body_free(struct http_req *r);

/* http_worker.c */
err_t http_workers_open(struct http_server *s, struct http_workers **out) MUST_USE;
bool http_workers_add(struct http_workers *w, struct http_req *r, bool together); /* false: full; the caller answers */
void http_workers_resume_rest(
    struct http_req *r); /* on the HTTP thread, once the library speaks of r again: those that came back with it */
bool http_workers_stop(struct http_workers *w, int64_t until); /* ends the threads; false: some handler still runs */
void http_workers_free(struct http_workers **w);               /* after they ended, and after the library: it may still ask for one */
/* http.c: what a worker does with a request. False: it is not done, it waits for what is done together. */
bool http_work(struct http_req *r);
void http_work_together(struct http_req *const *r, size_t n); /* all of one route */

/* http_memory.c */
struct http_req *http_req_new(struct http_conn *c); /* the connection's spare one, or NULL: no memory */
void http_req_end(struct http_req *r);              /* becomes the connection's spare one */
void http_req_free(struct http_req **r);
char *http_room(struct http_room *m, size_t n);           /* n bytes; NULL: no memory */
const char *http_word(struct http_req *r, const char *s); /* a copy for the length of the request; NULL: no memory */

/* http_reaper.c */
err_t http_reaper_open(struct http_server *s, struct http_reaper **out) MUST_USE;
struct http_conn *http_reaper_add(struct http_reaper *p, int fd); /* NULL: no memory */
void http_reaper_remove(struct http_reaper *p, struct http_conn **c);
void http_reaper_close(struct http_reaper **p);
void http_deadline_set(struct http_conn *c, uint64_t ms);   /* from now */
void http_deadline_lower(struct http_conn *c, uint64_t ms); /* never moves an earlier one out */
void http_deadline_none(struct http_conn *c);
void http_deadline_idle(struct http_conn *c); /* between two requests */

/* http_reply.c */
void http_reply_reset(struct http_req *r);           /* drops status and contents; header fields and cookies stay */
err_t http_reply_build(struct http_req *r) MUST_USE; /* makes r->response */
void http_reply_free(struct http_req *r);
void http_fail_with(struct http_req *r, err_t e);                      /* renders a failure by the route's function */
bool http_reply_security(struct http_req *r, struct MHD_Response *to); /* what every reply carries; false: no memory */
/* http_shared.c */
err_t http_shared_build(struct http_req *r) MUST_USE; /* r->response is then of the shared reply, or NULL: make one as for any other */
/* http_disposition.c */
err_t http_disposition(const char *name, bool attachment, char **out) MUST_USE;

bool http_token_ok(const char *s); /* RFC 9110 §5.6.2, not empty */
bool http_value_ok(const char *s); /* RFC 9110 §5.5: no control characters but tab */

#endif

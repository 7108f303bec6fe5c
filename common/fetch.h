/*
 * The one way out: HTTP requests to a short list of origins that the configuration names.
 * Used by signerd for the identity provider's token endpoint and keys. Built on libcurl.
 * No redirects, no proxies from the environment, http and https alone, a limit in bytes and in total time. A name that resolves into our own network is
 * refused, unless the origin was written down as an address or localhost, or private_addresses says so.
 */
#ifndef ANTIN_FETCH_H
#define ANTIN_FETCH_H

#include "common/bytes.h"

struct fetch; /* used by any number of threads at once */

struct fetch_conf {
    const char *const *origins; /* "https://idp.example" or "http://localhost:8400"; ends with NULL; compared byte by byte */
    const char *ca_file;        /* PEM of trust anchors for https; NULL: the system's */
    unsigned total_ms;          /* for a whole request, connecting included */
    size_t body_max;            /* of an answer */
    bool private_addresses;     /* names may resolve to addresses of our own network, too (fetch_address.h) */
    bool any_origin;            /* the whole web, for addresses that certificates name; origins may be NULL */
};

/* ERR_CONFIG when an origin is not scheme://host[:port] without a path (a log line says which). Once a process is enough. */
err_t fetch_open(const struct fetch_conf *conf, struct fetch **out) MUST_USE;
void fetch_close(struct fetch **f); /* when no request runs */

struct fetch_request {
    const char *url;          /* begins with one of the origins; its path begins with a slash */
    const char *accept;       /* media type; NULL: none said */
    struct bytes body;        /* POST when content_type is set, else GET */
    const char *content_type; /* NULL: GET */
    const char *user;         /* HTTP Basic (RFC 7617), as it goes on the wire before base64; NULL: none */
    const char *password;     /* RFC 6749 §2.3.1: the caller form-encodes both */
    const char *bearer;       /* RFC 6750 token; NULL: none */
    const char *request_id;   /* X-Request-Id; NULL: none */
};

struct fetch_reply {
    int status;            /* any, also 3xx: what to accept is the caller's decision */
    char content_type[64]; /* without parameters, lower case; "" when absent or longer */
    struct buf body;       /* may be a secret: fetch_reply_free wipes it */
};

/*
 * ERR_FORBIDDEN: the URL is of no listed origin, or has user info, a fragment, white space or control characters; or leads into our own network;
 * ERR_TIMEOUT; ERR_TOO_LARGE; ERR_IO: no connection, TLS failure, a broken answer; ERR_NOMEM.
 * *out is zeroed on failure.
 */
err_t fetch_run(struct fetch *f, const struct fetch_request *q, struct fetch_reply *out) MUST_USE;
void fetch_reply_free(struct fetch_reply *r);
#define AUTO_FETCH_REPLY AUTO(fetch_reply_free) struct fetch_reply

#endif

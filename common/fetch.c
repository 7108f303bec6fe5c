/*
 * The one way out: HTTP requests over libcurl, only to listed origins.
 * Called by signerd's token and key look-ups.
 * RFC 9110; RFC 6454 (origins). A fetch that can be led elsewhere is how servers are made to attack their own network.
 */
#include "common/fetch.h"
#include "common/fetch_address.h"
#include "common/log.h"
#include "common/secret.h"
#include <curl/curl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define IDLE_MAX 8 /* handles kept with their open connections */

struct fetch {
    char **origin;
    size_t origins;
    char *ca_file;
    long total_ms;
    size_t body_max;
    bool private_addresses, any_origin;
    pthread_mutex_t mutex;
    CURL *idle[IDLE_MAX];
    size_t idles;
};

/* --- origins --- */

/* The length of "scheme://host[:port]" in a URL; 0 when there is none, or user info in it. */
static size_t origin_len(const char *url)
{
    size_t scheme = strncmp(url, "https://", 8) == 0 ? 8 : strncmp(url, "http://", 7) == 0 ? 7 : 0;
    size_t host = scheme == 0 ? 0 : strcspn(url + scheme, "/?#");
    if (host == 0 || memchr(url + scheme, '@', host) != NULL || memchr(url + scheme, '\\', host) != NULL)
        return 0;
    return scheme + host;
}

static bool visible(const char *s)
{
    for (; *s != '\0'; s++)
        if ((unsigned char)*s <= 0x20 || (unsigned char)*s >= 0x7f)
            return false;
    return true;
}

static bool allowed(const struct fetch *f, const char *url)
{
    size_t n = origin_len(url);
    if (n == 0 || url[n] != '/' || !visible(url) || strchr(url, '#') != NULL)
        return false;
    for (size_t i = 0; i < f->origins; i++)
        if (strlen(f->origin[i]) == n && memcmp(f->origin[i], url, n) == 0)
            return true;
    return f->any_origin;
}

/* --- where a name leads --- */

struct guard {
    bool private_ok, refused;
};

/* The very address that is connected to: a name that resolves differently the second time gains nothing. */
static curl_socket_t open_socket(void *cls, curlsocktype purpose, struct curl_sockaddr *to)
{
    struct guard *g = cls;
    (void)purpose;
    if (!g->private_ok && !fetch_address_public(&to->addr)) {
        g->refused = true;
        return CURL_SOCKET_BAD;
    }
    return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

/* Of a listed origin the operator's own writing decides; a URL from elsewhere gets no such credit. */
static bool private_ok(const struct fetch *f, const char *url)
{
    return f->private_addresses || (!f->any_origin && fetch_host_literal(url));
}

/* --- handles: an easy handle is one thread's at a time, and keeps its connection for the next one --- */

static CURL *handle_take(struct fetch *f)
{
    CURL *c = NULL;
    (void)pthread_mutex_lock(&f->mutex);
    if (f->idles > 0)
        c = f->idle[--f->idles];
    (void)pthread_mutex_unlock(&f->mutex);
    return c != NULL ? c : curl_easy_init();
}

static void handle_give(struct fetch *f, CURL *c)
{
    curl_easy_reset(c); /* drops options (and the secrets among them), keeps connections */
    (void)pthread_mutex_lock(&f->mutex);
    bool kept = f->idles < IDLE_MAX;
    if (kept)
        f->idle[f->idles++] = c;
    (void)pthread_mutex_unlock(&f->mutex);
    if (!kept)
        curl_easy_cleanup(c);
}

/* --- one request --- */

struct sink {
    struct buf *body;
    size_t max;
    err_t err;
};

static size_t on_bytes(char *p, size_t one, size_t n, void *cls)
{
    struct sink *s = cls;
    (void)one; /* always 1 */
    s->err = n > s->max - s->body->len ? ERR_TOO_LARGE : buf_add(s->body, p, n);
    return s->err == OK ? n : 0; /* less than n ends the transfer */
}

static void slist_free(struct curl_slist **l)
{
    curl_slist_free_all(*l);
}

static err_t add_field(struct curl_slist **list, const char *name, const char *value)
{
    AUTO_BUF line = {0};
    if (value == NULL)
        return OK;
    if (strpbrk(value, "\r\n") != NULL)
        return ERR_FORBIDDEN;
    TRY(buf_addf(&line, "%s: %s", name, value));
    struct curl_slist *l = curl_slist_append(*list, buf_str(&line));
    secret_wipe(line.ptr, line.len);
    if (l == NULL)
        return ERR_NOMEM;
    *list = l;
    return OK;
}

static err_t fields(const struct fetch_request *q, struct curl_slist **list)
{
    AUTO_BUF bearer = {0};
    TRY(add_field(list, "Accept", q->accept));
    TRY(add_field(list, "Content-Type", q->content_type));
    TRY(add_field(list, "X-Request-Id", q->request_id));
    TRY(add_field(list, "Expect",
                  "")); /* "Expect:" alone takes libcurl's own 100-continue away: it costs a second when nobody answers it */
    if (q->bearer == NULL)
        return OK;
    TRY(buf_addf(&bearer, "Bearer %s", q->bearer));
    err_t e = add_field(list, "Authorization", buf_str(&bearer));
    secret_wipe(bearer.ptr, bearer.len);
    return e;
}

static bool set_limits(CURL *c, const struct fetch *f)
{
    return curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_PROXY, "") == CURLE_OK && /* also not from the environment */
           curl_easy_setopt(c, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L) == CURLE_OK && curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, f->total_ms) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, f->total_ms) == CURLE_OK &&
           curl_easy_setopt(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) == CURLE_OK &&
           (f->ca_file == NULL || curl_easy_setopt(c, CURLOPT_CAINFO, f->ca_file) == CURLE_OK);
}

static bool set_request(CURL *c, const struct fetch_request *q, struct curl_slist *list, struct sink *s)
{
    bool ok = curl_easy_setopt(c, CURLOPT_URL, q->url) == CURLE_OK && curl_easy_setopt(c, CURLOPT_HTTPHEADER, list) == CURLE_OK &&
              curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_bytes) == CURLE_OK && curl_easy_setopt(c, CURLOPT_WRITEDATA, s) == CURLE_OK;
    if (ok && q->content_type != NULL)
        ok = curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)q->body.len) == CURLE_OK &&
             curl_easy_setopt(c, CURLOPT_POSTFIELDS, q->body.len > 0 ? (const char *)q->body.ptr : "") == CURLE_OK;
    if (ok && q->user != NULL)
        ok = curl_easy_setopt(c, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC) == CURLE_OK &&
             curl_easy_setopt(c, CURLOPT_USERNAME, q->user) == CURLE_OK &&
             curl_easy_setopt(c, CURLOPT_PASSWORD, q->password == NULL ? "" : q->password) == CURLE_OK;
    return ok;
}

static void read_type(CURL *c, char out[64])
{
    char *type = NULL;
    (void)curl_easy_getinfo(c, CURLINFO_CONTENT_TYPE, &type);
    size_t n = type == NULL ? 0 : strcspn(type, "; \t");
    if (n > 63)
        n = 0;
    for (size_t i = 0; i < n; i++)
        out[i] = (char)(type[i] >= 'A' && type[i] <= 'Z' ? type[i] + 32 : type[i]);
    out[n] = '\0';
}

static err_t perform(CURL *c, struct sink *s, const struct guard *g, struct fetch_reply *out)
{
    CURLcode rc = curl_easy_perform(c);
    long status = 0;
    if (s->err != OK)
        return s->err;
    if (rc != CURLE_OK && g->refused) {
        log_event(LOG_ERROR, "fetch_refused", "a name that leads into our own network");
        return ERR_FORBIDDEN;
    }
    if (rc == CURLE_OPERATION_TIMEDOUT)
        return ERR_TIMEOUT;
    if (rc == CURLE_OUT_OF_MEMORY)
        return ERR_NOMEM;
    if (rc != CURLE_OK || curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status) != CURLE_OK || status < 200 || status > 599) {
        log_event(LOG_WARNING, "fetch_failed", "%s", curl_easy_strerror(rc)); /* which kind of failure; never the URL, it can hold codes */
        return ERR_IO;
    }
    out->status = (int)status;
    read_type(c, out->content_type);
    return OK;
}

static err_t run(struct fetch *f, CURL *c, const struct fetch_request *q, struct fetch_reply *out)
{
    AUTO(slist_free) struct curl_slist *list = NULL;
    struct sink s = {.body = &out->body, .max = f->body_max};
    struct guard g = {.private_ok = private_ok(f, q->url)};
    TRY(fields(q, &list));
    if (!set_limits(c, f) || !set_request(c, q, list, &s) || curl_easy_setopt(c, CURLOPT_OPENSOCKETFUNCTION, open_socket) != CURLE_OK ||
        curl_easy_setopt(c, CURLOPT_OPENSOCKETDATA, &g) != CURLE_OK)
        return ERR_NOMEM;
    return perform(c, &s, &g, out);
}

err_t fetch_run(struct fetch *f, const struct fetch_request *q, struct fetch_reply *out)
{
    *out = (struct fetch_reply){0};
    if (q->url == NULL || !allowed(f, q->url)) {
        log_event(LOG_ERROR, "fetch_refused", "an address that is not of a listed origin");
        return ERR_FORBIDDEN;
    }
    CURL *c = handle_take(f);
    if (c == NULL)
        return ERR_NOMEM;
    err_t e = run(f, c, q, out);
    handle_give(f, c);
    if (e != OK)
        fetch_reply_free(out);
    return e;
}

void fetch_reply_free(struct fetch_reply *r)
{
    if (r->body.ptr != NULL)
        secret_wipe(r->body.ptr, r->body.len);
    buf_free(&r->body);
    *r = (struct fetch_reply){0};
}

/* --- opening --- */

static err_t add_origin(struct fetch *f, const char *o)
{
    size_t n = origin_len(o);
    if (n == 0 || o[n] != '\0' || !visible(o)) {
        log_event(LOG_ERROR, "fetch_conf", "\"%s\" is no origin: write scheme://host[:port]", o);
        return ERR_CONFIG;
    }
    char *copy = strdup(o);
    if (copy == NULL)
        return ERR_NOMEM;
    f->origin[f->origins++] = copy;
    return OK;
}

static err_t copy_origins(struct fetch *f, const char *const *origins)
{
    size_t n = 0;
    while (origins != NULL && origins[n] != NULL)
        n++;
    f->origin = calloc(n + 1, sizeof *f->origin);
    if (f->origin == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < n; i++)
        TRY(add_origin(f, origins[i]));
    return OK;
}

err_t fetch_open(const struct fetch_conf *conf, struct fetch **out)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return ERR_NOMEM;
    AUTO(fetch_close) struct fetch *f = calloc(1, sizeof *f);
    if (f == NULL) {
        curl_global_cleanup();
        return ERR_NOMEM;
    }
    (void)pthread_mutex_init(&f->mutex, NULL);
    f->total_ms = (long)conf->total_ms;
    f->body_max = conf->body_max;
    f->private_addresses = conf->private_addresses;
    f->any_origin = conf->any_origin;
    if (conf->ca_file != NULL && (f->ca_file = strdup(conf->ca_file)) == NULL)
        return ERR_NOMEM;
    TRY(copy_origins(f, conf->origins));
    *out = f;
    f = NULL;
    return OK;
}

void fetch_close(struct fetch **fp)
{
    struct fetch *f = *fp;
    if (f == NULL)
        return;
    while (f->idles > 0)
        curl_easy_cleanup(f->idle[--f->idles]);
    for (size_t i = 0; f->origin != NULL && i < f->origins; i++)
        free(f->origin[i]);
    free(f->origin);
    free(f->ca_file);
    (void)pthread_mutex_destroy(&f->mutex);
    free(f);
    *fp = NULL;
    curl_global_cleanup();
}

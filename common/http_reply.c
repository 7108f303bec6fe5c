/*
 * The one reply path: what a handler said becomes the library's response, with the headers that every reply has.
 * Called by handlers (http_reply*), and by the server once for each request.
 * RFC 9110 §8, §15; RFC 9111 §5.2 (Cache-Control); RFC 6797 (HSTS); RFC 6265 §4.1; CSP level 3.
 */
#include "common/http_internal.h"
#include "common/log.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* --- what handlers say --- */

void http_reply_reset(struct http_req *r)
{
    struct http_reply *p = &r->reply;
    p->status = 0;
    p->type = NULL;
    buf_free(&p->body);
    http_shared_free(&p->shared);
    fd_close(&p->fd);
    p->location = NULL;
    str_free(&p->disposition);
    p->pdf = false;
}

void http_reply(struct http_req *r, int status, const char *type, struct buf *body)
{
    http_reply_reset(r);
    struct http_reply *p = &r->reply;
    p->status = status;
    if (body != NULL)
        p->body = take(body);
    p->type = type == NULL ? NULL : http_word(r, type);
    if (type != NULL && (p->type == NULL || !http_value_ok(type)))
        p->status = 500;
}

void http_reply_json(struct http_req *r, int status, json_t *j)
{
    AUTO_JSON mine = j;
    AUTO_BUF body = {0};
    bool ok = mine != NULL && json_text(mine, &body) == OK;
    http_reply(r, ok ? status : 503, ok ? "application/json" : NULL, &body);
}

/* RFC 3986: nothing but visible ASCII in a URL; the rest would have to be escaped by whoever built it. */
static bool url_ok(const char *s)
{
    for (const char *p = s; *p != '\0'; p++)
        if ((unsigned char)*p <= 0x20 || (unsigned char)*p >= 0x7f)
            return false;
    return *s != '\0';
}

void http_reply_redirect(struct http_req *r, int status, const char *url)
{
    if (!url_ok(url)) {
        log_event(LOG_ERROR, "redirect_refused", "not a URL");
        http_fail_with(r, ERR_INTERNAL);
        return;
    }
    http_reply(r, status, NULL, NULL);
    r->reply.location = http_word(r, url);
    if (r->reply.location == NULL)
        r->reply.status = 500;
}

/* What a browser may open in place, in our origin, from bytes that somebody uploaded: nothing that can hold a script. */
static bool may_be_inline(const char *type)
{
    static const char *const types[] = {"application/pdf", "image/jpeg", "image/png", "text/plain"};
    size_t n = strcspn(type, "; ");
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strlen(types[i]) == n && strncasecmp(types[i], type, n) == 0)
            return true;
    return false;
}

void http_reply_file(struct http_req *r, int fd, uint64_t size, const char *type, const char *name, bool attachment)
{
    if (type == NULL)
        type = "application/octet-stream";
    if (!attachment && !may_be_inline(type))
        attachment = true;
    http_reply(r, 200, type, NULL);
    r->reply.fd = fd;
    r->reply.fd_size = size;
    r->reply.pdf = type != NULL && strncasecmp(type, "application/pdf", 15) == 0;
    if ((name != NULL || attachment) && http_disposition(name == NULL ? "" : name, attachment, &r->reply.disposition) != OK)
        http_fail_with(r, ERR_NOMEM);
}

/* Lengths and connections are the library's matter, the request id is ours. */
static bool is_reserved(const char *name)
{
    static const char *const names[] = {"Connection", "Content-Length",    "Content-Type", "Content-Disposition", "Date", "Location",
                                        "Trailer",    "Transfer-Encoding", "Upgrade",      "X-Request-Id"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcasecmp(names[i], name) == 0)
            return true;
    return false;
}

void http_reply_header(struct http_req *r, const char *name, const char *value)
{
    struct http_reply *p = &r->reply;
    bool value_ok = http_value_ok(value) && *value != '\0' && strchr(value, '\t') == NULL; /* the library takes neither */
    if (!http_token_ok(name) || is_reserved(name) || !value_ok || p->headers == HTTP_REPLY_HEADERS_MAX) {
        log_event(LOG_ERROR, "reply_header_refused", "%s", http_token_ok(name) ? name : "not a name");
        return;
    }
    const char *n = http_word(r, name), *v = http_word(r, value);
    if (n != NULL && v != NULL)
        r->said[p->headers++] = (struct http_pair){n, v};
}

void http_reply_cookie(struct http_req *r, const char *name, const char *value, long max_age)
{
    bool https = r->server->conf.https;
    AUTO_BUF v = {0};
    /* RFC 6265 §4.1.1: cookie-octet */
    if (!http_token_ok(name) || strpbrk(value, " \",;\\") != NULL || !http_value_ok(value)) {
        log_event(LOG_ERROR, "cookie_refused", "%s", http_token_ok(name) ? name : "not a name");
        return;
    }
    err_t e = buf_addf(&v, "%s%s=%s; Path=/; HttpOnly; SameSite=Lax%s", https ? "__Host-" : "", name, value, https ? "; Secure" : "");
    if (e == OK && max_age != 0)
        e = buf_addf(&v, "; Max-Age=%ld", max_age < 0 ? 0 : max_age);
    if (e == OK)
        http_reply_header(r, "Set-Cookie", buf_str(&v));
}

void http_reply_no_store(struct http_req *r)
{
    r->reply.no_store = true;
}

void http_reply_form_action(struct http_req *r, const char *origin)
{
    /* A separator in it would begin another directive. */
    if (!url_ok(origin) || strpbrk(origin, ";,'\"") != NULL || buf_addf(&r->reply.form_action, " %s", origin) != OK)
        log_event(LOG_ERROR, "form_action_refused", "not an origin");
}

void http_reply_policy(struct http_req *r, const char *directive, const char *sources)
{
    /* A separator in it would begin another directive; 'unsafe-…' has no business here. */
    if (!http_token_ok(directive) || !http_value_ok(sources) || strpbrk(sources, ";,") != NULL || strstr(sources, "unsafe") != NULL ||
        buf_addf(&r->reply.policy, "; %s %s", directive, sources) != OK)
        log_event(LOG_ERROR, "policy_refused", "%s", http_token_ok(directive) ? directive : "not a name");
}

void http_fail_with(struct http_req *r, err_t e)
{
    static const enum log_level levels[] = {[ERR_QUIET] = LOG_DEBUG, [ERR_WARN] = LOG_WARNING, [ERR_LOUD] = LOG_ERROR};
    const struct err_row *row = err_info(e);
    log_event(levels[row->level], "request_failed", "%s", row->name);
    r->err = e;
    http_reply_reset(r);
    (r->route == NULL ? r->server->conf.fail : r->route->fail)(r, e);
    if (r->reply.status == 0)
        http_fail_problem(r, e);
}

/* --- what becomes of it --- */

struct header {
    const char *name, *value;
};

static const struct header always[] = {
    {"X-Content-Type-Options", "nosniff"},
    /* URLs hold codes and states, which no other site may see. Not no-referrer: with it a form's own POST comes with "Origin: null"
       (Fetch §3.1), and phones that do not send Sec-Fetch-Site could no longer be told from another site. */
    {"Referrer-Policy", "same-origin"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"},
};

static bool has_header(const struct http_req *r, const char *name)
{
    for (size_t i = 0; i < r->reply.headers; i++)
        if (strcasecmp(r->said[i].name, name) == 0)
            return true;
    return false;
}

static bool add_to(struct MHD_Response *to, const char *name, const char *value)
{
    return MHD_add_response_header(to, name, value) == MHD_YES;
}

static bool add(struct http_req *r, const char *name, const char *value)
{
    return add_to(r->response, name, value);
}

static bool add_policy(struct http_req *r, struct MHD_Response *to)
{
    AUTO_BUF csp = {0};
    const char *more = r->server->conf.form_action;
    err_t e = OK;
    if (!r->reply.pdf && more == NULL && r->reply.form_action.len == 0 && r->reply.policy.len == 0) /* nearly always */
        return add_to(
            to, "Content-Security-Policy",
            "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'");
    if (r->reply.pdf) /* the browser's own viewer embeds the document in a page that inherits this */
        e = buf_add_str(&csp, "default-src 'none'; object-src 'self'; img-src 'self' data: blob:; style-src 'unsafe-inline'");
    else
        e = buf_addf(&csp, "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'%s%s%s", more == NULL ? "" : " ",
                     more == NULL ? "" : more, buf_str(&r->reply.form_action));
    return e == OK && buf_add_str(&csp, "; base-uri 'none'; frame-ancestors 'none'") == OK &&
           buf_add_bytes(&csp, buf_bytes(&r->reply.policy)) == OK && add_to(to, "Content-Security-Policy", buf_str(&csp));
}

bool http_reply_security(struct http_req *r, struct MHD_Response *to)
{
    bool ok = add_policy(r, to);
    for (size_t i = 0; ok && i < sizeof always / sizeof *always; i++)
        ok = add_to(to, always[i].name, always[i].value);
    bool cors = r->route != NULL && r->route->cors;
    ok = ok && add_to(to, "Cross-Origin-Resource-Policy", cors ? "cross-origin" : "same-origin");
    if (ok && cors)
        ok = add_to(to, "Access-Control-Allow-Origin", "*");
    if (ok && r->server->conf.https)
        ok = add_to(to, "Strict-Transport-Security", "max-age=31536000");
    return ok;
}

static bool add_said(struct http_req *r)
{
    struct http_reply *p = &r->reply;
    bool ok = true;
    for (size_t i = 0; ok && i < p->headers; i++)
        if (!p->no_store || strcasecmp(r->said[i].name, "Cache-Control") != 0)
            ok = add(r, r->said[i].name, r->said[i].value);
    if (ok && p->type != NULL)
        ok = add(r, "Content-Type", p->type);
    if (ok && p->location != NULL)
        ok = add(r, "Location", p->location);
    if (ok && p->disposition != NULL)
        ok = add(r, "Content-Disposition", p->disposition);
    return ok;
}

static bool add_rest(struct http_req *r)
{
    bool ok = add(r, "X-Request-Id", r->id);
    /* Dynamic replies hold codes, tokens and people's data: nobody keeps them unless the handler says otherwise. */
    if (ok && (r->reply.no_store || r->reply.status >= 400 || !has_header(r, "Cache-Control")))
        ok = add(r, "Cache-Control", "no-store");
    if (ok && (r->reply.status == 503 || r->reply.status == 429) && !has_header(r, "Retry-After"))
        ok = add(r, "Retry-After", "2");
    if (ok && (r->close || atomic_load(&r->server->closing)))
        ok = add(r, "Connection", "close");
    return ok;
}

static struct MHD_Response *contents(struct http_req *r)
{
    struct http_reply *p = &r->reply;
    if (p->fd >= 0 && p->fd_size > 0) {
        struct MHD_Response *file = MHD_create_response_from_fd64(p->fd_size, p->fd);
        if (file != NULL)
            p->fd = -1; /* the library closes it */
        r->out = p->fd_size;
        return file;
    }
    r->out = p->body.len;
    if (p->body.len == 0)
        return MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    struct MHD_Response *memory = MHD_create_response_from_buffer(p->body.len, p->body.ptr, MHD_RESPMEM_MUST_FREE);
    if (memory != NULL)
        (void)take(&p->body); /* the library frees it */
    return memory;
}

err_t http_reply_build(struct http_req *r)
{
    if (r->reply.status < 200 || r->reply.status > 599)
        http_fail_with(r, ERR_INTERNAL); /* a handler that said nothing */
    if (r->reply.shared != NULL)
        TRY(http_shared_build(r));
    if (r->response != NULL || http_kept_reuse(r))
        return OK;
    bool keep = http_kept_fits(r);
    const struct buf body = r->reply.body;
    r->response = contents(r);
    if (r->response == NULL || !add_said(r) || !http_reply_security(r, r->response) || !add_rest(r))
        return ERR_NOMEM;
    if (keep)
        http_kept_keep(r, body);
    return OK;
}

void http_reply_free(struct http_req *r)
{
    if (r->response != NULL && r->reply.shared == NULL && !r->kept) /* made, and never sent */
        MHD_destroy_response(r->response);
    r->response = NULL;
    http_reply_reset(r);
    buf_free(&r->reply.form_action);
    buf_free(&r->reply.policy);
}

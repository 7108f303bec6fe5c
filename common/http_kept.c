/*
 * The last reply of a connection, kept for its next one. Who holds a connection open asks the same thing again (tokens, introspection), and the
 * library's copy of a reply's dozen header fields costs more than the rest of the reply: where route, type, length and fields are the same, only
 * the body and the request's id are laid down anew.
 * Called by http_reply.c and http.c on the connection's HTTP thread.
 */
#include "common/http_internal.h"
#include "common/secret.h"
#include <string.h>

#define KEPT_MAX 8192 /* bytes of a body that is kept room for */

/* Nothing in it but what route, type and one field of the handler's tell: of several, two might have one name. */
bool http_kept_fits(const struct http_req *r)
{
    const struct http_reply *p = &r->reply;
    return p->status == 200 && r->route != NULL && p->type != NULL && p->fd < 0 && p->body.len > 0 && p->body.len <= KEPT_MAX &&
           p->headers <= 1 && (p->headers == 0 || strlen(r->said[0].name) <= HTTP_KEPT_NAME) && p->location == NULL &&
           p->disposition == NULL && !p->pdf && p->form_action.len == 0 && p->policy.len == 0 && !r->close &&
           !atomic_load(&r->server->closing);
}

static bool has(const struct http_kept *k, const char *name, const char *value)
{
    const char *v = MHD_get_response_header(k->response, name);
    return v != NULL && strcmp(v, value) == 0;
}

static bool same_fields(const struct http_kept *k, const struct http_req *r)
{
    const struct http_reply *p = &r->reply;
    if (k->headers != p->headers || k->no_store != p->no_store)
        return false;
    /* By name first: the value alone could be that of a field which every reply has, and the kept reply's own would go out with it. */
    if (p->headers == 1 && (strcmp(k->said, r->said[0].name) != 0 || !has(k, r->said[0].name, r->said[0].value)))
        return false;
    return has(k, "Content-Type", p->type);
}

static bool give_id(struct http_kept *k, const char *id)
{
    bool ok = MHD_del_response_header(k->response, "X-Request-Id", k->id) == MHD_YES &&
              MHD_add_response_header(k->response, "X-Request-Id", id) == MHD_YES;
    memcpy(k->id, id, sizeof k->id);
    return ok;
}

bool http_kept_reuse(struct http_req *r)
{
    struct http_kept *k = &r->conn->kept;
    if (k->response == NULL || k->route != r->route || k->len != r->reply.body.len || !http_kept_fits(r) || !same_fields(k, r))
        return false;
    if (!give_id(k, r->id)) {
        http_kept_free(k);
        return false;
    }
    memcpy(k->body, r->reply.body.ptr, k->len);
    r->response = k->response;
    r->out = k->len;
    r->kept = true;
    return true;
}

void http_kept_keep(struct http_req *r, struct buf body)
{
    struct http_kept *k = &r->conn->kept;
    http_kept_free(k);
    *k = (struct http_kept){.response = r->response,
                            .route = r->route,
                            .body = body.ptr,
                            .len = body.len,
                            .headers = r->reply.headers,
                            .no_store = r->reply.no_store};
    if (r->reply.headers == 1)
        memcpy(k->said, r->said[0].name, strlen(r->said[0].name) + 1);
    memcpy(k->id, r->id, sizeof k->id);
    r->kept = true;
}

void http_kept_sent(struct http_req *r)
{
    if (r->kept)
        secret_wipe(r->conn->kept.body, r->conn->kept.len); /* tokens, and what they say of people */
    r->kept = false;
}

void http_kept_free(struct http_kept *k)
{
    if (k->response != NULL)
        MHD_destroy_response(k->response); /* with the body */
    *k = (struct http_kept){0};
}

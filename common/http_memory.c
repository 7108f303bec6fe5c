/*
 * The memory of requests: each connection keeps that of its last one for the next, so that a busy connection allocates nothing.
 * Called by http.c at a request's beginning and end, and by http_reaper.c when the connection goes.
 */
#include "common/http_internal.h"
#include "common/secret.h"
#include <stdlib.h>
#include <string.h>

#define KEEP_MAX 4096 /* a room that grew larger is given back */

char *http_room(struct http_room *m, size_t n)
{
    if (n <= m->cap)
        return m->ptr;
    free(m->ptr);
    m->cap = 0;
    m->ptr = malloc(n < 512 ? 512 : n);
    if (m->ptr != NULL)
        m->cap = n < 512 ? 512 : n;
    return m->ptr;
}

static void room_free(struct http_room *m)
{
    free(m->ptr);
    *m = (struct http_room){0};
}

struct http_req *http_req_new(struct http_conn *c)
{
    struct http_req *r = c->spare;
    c->spare = NULL;
    if (r == NULL)
        return calloc(1, sizeof *r);
    struct http_room head = r->head, path = r->path;
    memset(r, 0, offsetof(struct http_req, content_type)); /* the rest has its length here */
    r->content_type[0] = '\0';
    r->head = head;
    r->path = path;
    return r;
}

const char *http_word(struct http_req *r, const char *s)
{
    size_t n = strlen(s) + 1;
    char *to = r->word + r->words.used;
    if (n <= sizeof r->word - r->words.used)
        r->words.used += n;
    else {
        struct http_word *w = malloc(sizeof *w + n);
        if (w == NULL)
            return NULL;
        w->next = r->words.more;
        r->words.more = w;
        to = w->text;
    }
    return memcpy(to, s, n);
}

static void words_free(struct http_req *r)
{
    secret_wipe(r->word, r->words.used); /* cookies, redirects with codes */
    while (r->words.more != NULL) {
        struct http_word *w = r->words.more;
        r->words.more = w->next;
        secret_wipe(w->text, strlen(w->text));
        free(w);
    }
    r->words.used = 0;
}

/* What it held of others is freed, and what was secret in it wiped. */
static void let_go(struct http_req *r)
{
    http_set_principal(r, NULL, NULL);
    http_kept_sent(r);
    http_reply_free(r);
    http_body_free(r);
    if (r->query != NULL)
        form_free(r->query); /* wipes values: a query can hold a code */
    if (r->head.ptr != NULL)
        secret_wipe(r->head.ptr, r->head_len); /* tokens, cookies, codes */
    buf_free(&r->detail);
    words_free(r);
}

void http_req_free(struct http_req **rp)
{
    struct http_req *r = *rp;
    *rp = NULL;
    if (r == NULL)
        return;
    room_free(&r->head);
    room_free(&r->path);
    free(r);
}

void http_req_end(struct http_req *r)
{
    struct http_conn *c = r->conn;
    let_go(r);
    if (r->head.cap > KEEP_MAX)
        room_free(&r->head);
    if (r->path.cap > KEEP_MAX)
        room_free(&r->path);
    if (c->spare != NULL) /* the library tells of one request at a time */
        http_req_free(&c->spare);
    c->spare = r;
}

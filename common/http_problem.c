/*
 * Failures as application/problem+json.
 * Called by the reply path for routes whose callers are programs, and for requests that fit no route.
 * RFC 9457 (problem details), RFC 8141 (urn:).
 */
#include "common/http_internal.h"
#include <stdarg.h>
#include <stdio.h>

void http_set_texts(struct http_server *s, const struct texts *t)
{
    atomic_store(&s->texts, t);
}

void http_problem_detail(struct http_req *r, const char *fmt, ...)
{
    char text[512];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (n < 0 || buf_copy(&r->detail, BYTES_STR(text)) != OK || !utf8_valid(buf_bytes(&r->detail)))
        buf_free(&r->detail); /* a detail that was cut amid a character says less than none */
}

const char *http_problem_detail_get(const struct http_req *r)
{
    return r->detail.len == 0 ? NULL : buf_str(&r->detail);
}

static json_t *problem(const struct http_req *r, const struct err_row *row, const struct texts *texts, enum lang lang)
{
    const char *title = texts == NULL ? row->code : text_get(texts, lang, row->text);
    const char *detail = http_problem_detail_get(r);
    AUTO_JSON j =
        json_pack("{s:o, s:s, s:i, s:s, s:o, s:s*}", "type", json_sprintf("urn:antin:problem:%s", row->code), "title", title, "status",
                  row->status, "code", row->code, "instance", json_sprintf("urn:antin:request:%s", r->id), "detail", detail);
    return take(&j);
}

void http_fail_problem(struct http_req *r, err_t e)
{
    const struct err_row *row = err_info(e);
    const struct texts *texts = atomic_load(&r->server->texts);
    enum lang lang = http_lang(r);
    AUTO_BUF body = {0};
    AUTO_JSON j = problem(r, row, texts, lang);
    /* Out of memory: the reply path answers a status without contents. */
    if (j == NULL || json_text(j, &body) != OK) {
        http_reply(r, row->status, NULL, NULL);
        return;
    }
    if (texts != NULL)
        http_reply_header(r, "Content-Language", lang_code(lang));
    http_reply(r, row->status, "application/problem+json", &body);
}

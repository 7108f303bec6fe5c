/*
 * The audit log, read by administrators; that they read it stands in it too.
 * GET /admin/v1/audit. Pages by cursor; JSON, or for other programs lines of JSON and CSV (by Accept).
 */
#include "idp/endpoints/admin.h"
#include "idp/endpoints/endpoints.h"
#include "idp/endpoints/page.h"
#include "idp/rules/audit_search.h"
#include <string.h>

#define PAGE_MAX 1000
#define EXPORT_MAX 10000

static const struct {
    const char *type;
    err_t (*write)(const json_t *events, struct buf *out);
} formats[] = {{"application/x-ndjson", audit_lines}, {"text/csv", audit_csv}};
#define FORMATS (sizeof formats / sizeof *formats)

/* FORMATS: plain JSON. */
static size_t wanted(const struct http_req *r)
{
    const char *accept = http_header(r, "Accept");
    size_t i = 0;

    while (i < FORMATS && !(accept && strstr(accept, formats[i].type)))
        i++;
    return i;
}

static err_t read_wish(struct http_req *r, size_t format, struct audit_wish *w)
{
    const char *fault;
    int64_t limit;
    const struct audit_words in = {
        .event = http_query(r, "event"),
        .account = http_query(r, "account"),
        .by = http_query(r, "by"),
        .client = http_query(r, "client"),
        .from = http_query(r, "from"),
        .to = http_query(r, "to"),
        .after = http_query(r, "after"),
    };

    if (http_dup_params(r))
        return ERR_REQUEST_DOUBLED;
    TRY(admin_limit(r, format == FORMATS ? 100 : EXPORT_MAX, format == FORMATS ? PAGE_MAX : EXPORT_MAX, &limit));
    if (audit_wish_read(&in, limit, w, &fault) == OK)
        return OK;
    http_problem_detail(r, "%s", fault);
    return ERR_REQUEST;
}

/* RFC 8288: for every format alike. */
static err_t tell_next(struct http_req *r, const char *next)
{
    AUTO_BUF url = {0}, link = {0};

    if (!*next)
        return OK;
    TRY(page_url_with(http_target(r), "after", next, &url));
    TRY(buf_addf(&link, "<%s>; rel=\"next\"", buf_str(&url)));
    http_reply_header(r, "Link", buf_str(&link));
    return OK;
}

err_t get_admin_audit(struct http_req *r)
{
    const size_t format = wanted(r);
    struct audit_wish w;
    char next[CURSOR_CAP];
    AUTO_JSON events = NULL;
    AUTO_BUF body = {0};

    TRY(read_wish(r, format, &w));
    TRY(audit_search(app_of(r)->db, &w.query, &events, next));
    /* After the search, so that it is not its own first find; before the answer. */
    TRY(admin_note(r, "audit.searched", w.query.account, w.query.client, w.query.event ? w.query.event : w.query.family));
    TRY(tell_next(r, next));
    if (format == FORMATS)
        return admin_reply(r, json_pack("{s:O, s:s*}", "events", events, "next", *next ? next : NULL));
    TRY(formats[format].write(events, &body));
    http_reply_no_store(r);
    http_reply(r, 200, formats[format].type, &body);
    return OK;
}

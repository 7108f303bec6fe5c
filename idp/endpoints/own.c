/*
 * Pages of our own that need somebody signed in.
 * Called by their endpoints and by login.c. The page's name travels, never an address: nothing here can lead elsewhere (RFC 9700 §4.11).
 */
#include "idp/endpoints/own.h"
#include "common/clock.h"
#include "common/form.h"
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name, *path;
} pages[] = {
    {"account", "/account"},
    {"requests", "/requests"},
};

const char *own_path(const char *name)
{
    for (size_t i = 0; name && i < sizeof pages / sizeof *pages; i++)
        if (strcmp(pages[i].name, name) == 0)
            return pages[i].path;
    return NULL;
}

err_t own_session(struct http_req *r, const char *name, int64_t max_age, struct session *s, bool *sent)
{
    AUTO_BUF url = {0};
    err_t e = browser_session(r, s);

    if (e != OK && e != ERR_DB_NONE)
        return e;
    *sent = e == ERR_DB_NONE || (max_age > 0 && clock_now() - s->auth_time >= max_age);
    if (!*sent)
        return OK;
    TRY(buf_addf(&url, "/login?page=%s", name));
    return page_go(r, &url);
}

err_t own_flow(struct http_req *r, const char *name, struct flow *f)
{
    memset(f, 0, sizeof *f);
    f->own = own_path(name);
    f->name = name;
    f->client.first_party = true;
    f->request.max_age = browser_session_cookie(r) ? 0 : -1; /* who was signed in already is told why again */
    return f->own ? OK : ERR_REQUEST_GONE;
}

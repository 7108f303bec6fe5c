/*
 * Request headers: whatever comes, what is accepted has one reading, and nothing that handlers get from it can break out of a line,
 * a path or a header that is sent on.
 */
#include "common/http_internal.h"
#include "common/log.h"
#include "tests/fuzz/fuzz.h"
#include <string.h>

static void check_text(const char *s)
{
    for (; *s != '\0'; s++)
        MUST(((unsigned char)*s >= 0x20 || *s == '\t') && *s != 0x7f);
}

static void check_request(const struct http_req *r)
{
    MUST(http_token_ok(r->method) && (r->target[0] == '/' || strcmp(r->target, "*") == 0));
    MUST(strncmp(r->target, "//", 2) != 0);
    check_text(r->target);
    MUST(!r->chunked || http_header(r, "Content-Length") == NULL);
    for (size_t i = 0; i < r->headers; i++) {
        MUST(http_token_ok(r->header[i].name));
        check_text(r->header[i].value);
    }
    for (size_t i = 0; i < r->segments; i++) {
        const char *s = r->segment[i];
        check_text(s);
        MUST(strcmp(s, ".") != 0 && strcmp(s, "..") != 0 && strpbrk(s, "/\\") == NULL && utf8_valid(BYTES_STR(s)));
    }
}

static void check_disposition(const struct http_req *r)
{
    for (size_t i = 0; i < r->segments; i++) {
        AUTO_STR text = NULL;
        MUST(http_disposition(r->segment[i], true, &text) == OK);
        for (const char *p = text; *p != '\0'; p++)
            MUST((unsigned char)*p >= 0x20 && (unsigned char)*p < 0x7f);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct http_server server;
    struct http_req r = {.server = &server, .reply.fd = -1, .spool.fd = -1};
    log_init("fuzz", LOG_ERROR + 1);
    if (http_head_read(&r, BYTES(data, size)) == OK) {
        MUST(data[size - 1] == '\n' && data[size - 2] == '\r');
        check_request(&r);
        check_disposition(&r);
        if (http_cookies_parse(&r) == OK)
            (void)http_cookie(&r, "sid");
        (void)http_lang(&r);
        (void)http_dup_params(&r);
    }
    if (r.query != NULL)
        form_free(r.query);
    free(r.path.ptr);
    free(r.head.ptr);
    return 0;
}

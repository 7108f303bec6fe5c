/*
 * Routes, requests as handlers read them, and replies: against a real server in this process.
 * RFC 9110, RFC 9111, RFC 9457, RFC 6265, RFC 6266, RFC 8187.
 */
#include "http_peer.h"
#include <fcntl.h>

static err_t say(struct http_req *r, const char *text)
{
    AUTO_BUF b = {0};
    TRY(buf_add_str(&b, text == NULL ? "(null)" : text));
    http_reply(r, 200, "text/plain; charset=utf-8", &b);
    return OK;
}

static err_t on_hello(struct http_req *r)
{
    return say(r, http_app(r));
}

static err_t on_item(struct http_req *r)
{
    assert_null(http_path(r, "nothing"));
    return say(r, http_path(r, "id"));
}

static err_t on_part(struct http_req *r)
{
    AUTO_BUF b = {0};
    TRY(buf_addf(&b, "%s/%s", http_path(r, "id"), http_path(r, "part")));
    return say(r, buf_str(&b));
}

static err_t on_literal(struct http_req *r)
{
    return say(r, "literal");
}

static err_t on_query(struct http_req *r)
{
    AUTO_BUF b = {0};
    TRY(buf_addf(&b, "%s|%d|%s", http_query(r, "a") == NULL ? "-" : http_query(r, "a"), http_dup_params(r), http_target(r)));
    return say(r, buf_str(&b));
}

static err_t on_header(struct http_req *r)
{
    return say(r, http_header(r, "x-test"));
}

static err_t on_cookie(struct http_req *r)
{
    return say(r, http_cookie(r, "sid"));
}

static err_t on_lang(struct http_req *r)
{
    return say(r, http_lang(r) == LANG_EN ? "en" : "vi");
}

static err_t on_inject(struct http_req *r)
{
    http_reply_header(r, "X-A", "b\r\nX-Evil: 1");
    http_reply_header(r, "X-B", "b\nX-Evil: 1");
    http_reply_header(r, "X-C\r\nX-Evil", "1");
    http_reply_header(r, "X-D", "");
    http_reply_header(r, "Content-Length", "0");
    http_reply_header(r, "Transfer-Encoding", "chunked");
    http_reply_header(r, "X-Request-Id", "mine");
    http_reply_header(r, "X-Good", "1");
    http_reply_cookie(r, "sid", "a\r\nX-Evil: 1", 0);
    http_reply_cookie(r, "sid", "a; Domain=evil.example", 0);
    http_reply_form_action(r, "https://a.example; script-src *");
    http_reply_form_action(r, "https://portal.example");
    http_reply_policy(r, "frame-src", "https://a.example; script-src *");
    http_reply_policy(r, "script-src", "'unsafe-inline'");
    http_reply_policy(r, "frame-src; x", "https://a.example");
    http_reply_policy(r, "frame-src", "https://b.example https://c.example");
    return say(r, "ok");
}

static err_t on_redirect(struct http_req *r)
{
    http_reply_redirect(r, 303, "/next?a=b%20c");
    return OK;
}

static err_t on_bad_redirect(struct http_req *r)
{
    http_reply_redirect(r, 303, "/next\r\nX-Evil: 1");
    return OK;
}

static err_t on_set_cookie(struct http_req *r)
{
    http_reply_cookie(r, "sid", "abc", 0);
    http_reply_cookie(r, "lang", "vi", 3600);
    http_reply_cookie(r, "old", "", -1);
    return say(r, "ok");
}

static err_t on_conflict(struct http_req *r)
{
    http_reply_redirect(r, 303, "/somewhere"); /* said before the failure: does not count */
    http_problem_detail(r, "the dossier is %s", "sealed");
    return ERR_CONFLICT;
}

/* Tried on the HTTP thread; "?wait" makes it wait, "?lot" makes it wait together with others. */
static err_t on_first(struct http_req *r)
{
    bool here = !http_may_wait(r);
    if (http_query(r, "lot") != NULL)
        return ERR_TOGETHER;
    if (http_query(r, "wait") != NULL && here)
        return ERR_WAITS;
    return say(r, here ? "here" : "worker");
}

static atomic_uint lots, largest_lot;

static void in_lots(struct http_req *const *r, err_t *e, size_t n)
{
    atomic_fetch_add(&lots, 1);
    if (n > atomic_load(&largest_lot))
        atomic_store(&largest_lot, (unsigned)n);
    (void)nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL); /* others come meanwhile */
    for (size_t i = 0; i < n; i++) {
        assert_true(http_may_wait(r[i]));
        e[i] = strcmp(http_query(r[i], "lot"), "bad") == 0 ? ERR_CONFLICT : say(r[i], http_query(r[i], "lot"));
    }
}

static struct http_shared *shared;

static err_t on_shared(struct http_req *r)
{
    if (shared == NULL) {
        AUTO_BUF body = {0};
        TRY(buf_add_str(&body, "{\"for\":\"all\"}"));
        TRY(http_shared_make(r, "application/json", "public, max-age=300", &body, &shared));
    }
    http_reply_shared(r, shared);
    return OK;
}

static err_t on_peer(struct http_req *r)
{
    return say(r, http_peer(r));
}

static err_t on_silent(struct http_req *r)
{
    (void)r;
    return OK;
}

static err_t on_cached(struct http_req *r)
{
    http_reply_header(r, "Cache-Control", "public, max-age=3600");
    return say(r, "style");
}

static err_t on_no_store(struct http_req *r)
{
    http_reply_header(r, "Cache-Control", "public");
    http_reply_no_store(r);
    return say(r, "x");
}

static err_t on_json(struct http_req *r)
{
    http_reply_json(r, 201, json_pack("{s:s}", "name", "\xe1\xba\xa4n T\xc3\xadn"));
    return OK;
}

static err_t send_file(struct http_req *r, const char *type, const char *name, bool attachment)
{
    int fd = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, "0123456789", 10, 0), 10);
    http_reply_file(r, fd, 10, type, name, attachment);
    return OK;
}

static err_t on_file(struct http_req *r)
{
    return send_file(r, "application/pdf", "\xc4\x90\xc6\xa1n xin \"c\xe1\xba\xa5p\"/m\xe1\xbb\x9bi.pdf", true);
}

static err_t on_inline_file(struct http_req *r)
{
    return send_file(r, "application/pdf", "a.pdf", false);
}

static err_t on_script_file(struct http_req *r)
{
    return send_file(r, "text/html", "a.html", false);
}

static void fail_plain(struct http_req *r, err_t e)
{
    AUTO_BUF b = {0};
    if (buf_addf(&b, "plain %s", err_info(e)->code) == OK)
        http_reply(r, err_info(e)->status, "text/plain", &b);
}

#define GET(p, h)                                                           \
    {                                                                       \
        .method = "GET", .path = p, .handler = h, .fail = http_fail_problem \
    }
static const struct http_route routes[] = {
    {.method = "GET", .path = "/", .handler = on_hello, .fail = http_fail_problem, .inline_ok = true},
    GET("/item/literal", on_literal),
    GET("/item/{id}", on_item),
    {.method = "DELETE", .path = "/item/{id}", .handler = on_item, .fail = fail_plain},
    GET("/item/{id}/{part}", on_part),
    GET("/query", on_query),
    GET("/header", on_header),
    GET("/cookie", on_cookie),
    GET("/lang", on_lang),
    GET("/inject", on_inject),
    GET("/redirect", on_redirect),
    GET("/bad-redirect", on_bad_redirect),
    GET("/set-cookie", on_set_cookie),
    GET("/conflict", on_conflict),
    GET("/silent", on_silent),
    GET("/cached", on_cached),
    GET("/no-store", on_no_store),
    GET("/json", on_json),
    GET("/file", on_file),
    GET("/inline-file", on_inline_file),
    GET("/script-file", on_script_file),
    {.method = "GET", .path = "/meta", .handler = on_hello, .fail = http_fail_problem, .inline_ok = true, .cors = true},
    {.method = "GET", .path = "/first", .handler = on_first, .fail = http_fail_problem, .inline_first = true, .together = in_lots},
    {.method = "GET", .path = "/shared", .handler = on_shared, .fail = http_fail_problem, .inline_ok = true, .cors = true},
    GET("/peer", on_peer),
    {.method = "POST", .path = "/plain", .handler = on_hello, .fail = fail_plain, .body = HTTP_FORM, .body_max = 100},
    {0},
};

static char app[] = "hello";

static struct http_conf conf(bool https)
{
    return (struct http_conf){.listen = "127.0.0.1:0",
                              .threads = 2,
                              .workers = 2,
                              .queue_max = 64,
                              .connections_max = 64,
                              .header_ms = 2000,
                              .body_ms = 2000,
                              .routes = routes,
                              .app = app,
                              .https = https};
}

static int start(void **state)
{
    (void)state;
    struct http_conf c = conf(false);
    peer_start(&c);
    return 0;
}

static int start_https(void **state)
{
    (void)state;
    struct http_conf c = conf(true);
    peer_start(&c);
    return 0;
}

static struct texts *texts;

static int start_with_texts(void **state)
{
    (void)start(state);
    assert_int_equal(texts_load((const char *const[]){"common/texts", NULL}, &texts), OK);
    http_set_texts(peer_server, texts);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    http_close(&peer_server);
    http_shared_free(&shared);
    assert_null(peer_server);
    texts_free(&texts);
    return 0;
}

static struct peer_reply *get(const char *path, const char *fields)
{
    static struct peer_reply r;
    char raw[4096];
    (void)snprintf(raw, sizeof raw, "GET %s HTTP/1.1\r\nHost: localhost\r\n%s\r\n", path, fields);
    peer_ask(raw, &r);
    return &r;
}

static void says(const char *path, const char *fields, const char *body)
{
    struct peer_reply *r = get(path, fields);
    assert_int_equal(r->status, 200);
    assert_string_equal(r->body, body);
}

/* --- routes --- */

static void the_first_row_that_fits_wins(void **state)
{
    (void)state;
    says("/", "", "hello");
    says("/item/literal", "", "literal");
    says("/item/7", "", "7");
    says("/item/a%20b/c", "", "a b/c");
}

static void an_unknown_path_is_404(void **state)
{
    (void)state;
    assert_int_equal(get("/nowhere", "")->status, 404);
    assert_int_equal(get("/item", "")->status, 404);
    assert_int_equal(get("/item/", "")->status, 404);
    assert_int_equal(get("/item/a/b/c", "")->status, 404);
    assert_int_equal(get("/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/r/s/t", "")->status, 404);
}

static void another_method_is_405_and_names_those_that_are_allowed(void **state)
{
    (void)state;
    struct peer_reply r;
    peer_ask("PUT /item/7 HTTP/1.1\r\nHost: a\r\n\r\n", &r);
    assert_int_equal(r.status, 405);
    assert_string_equal(peer_header(&r, "Allow"), "GET, HEAD, DELETE, OPTIONS");
    peer_ask("BREW /item/7 HTTP/1.1\r\nHost: a\r\n\r\n", &r);
    assert_int_equal(r.status, 405);
    peer_ask("PUT /item/7 HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n", &r); /* also before a long body */
    assert_int_equal(r.status, 405);
    assert_string_equal(peer_header(&r, "Allow"), "GET, HEAD, DELETE, OPTIONS");
    peer_ask("GET /plain HTTP/1.1\r\nHost: a\r\n\r\n", &r);
    assert_int_equal(r.status, 405);
    assert_string_equal(r.body, "plain method_not_allowed");
}

static void options_names_the_methods(void **state)
{
    (void)state;
    struct peer_reply r;
    peer_ask("OPTIONS /meta HTTP/1.1\r\nHost: a\r\nOrigin: https://x.example\r\nAccess-Control-Request-Method: GET\r\n\r\n", &r);
    assert_int_equal(r.status, 204);
    assert_string_equal(peer_header(&r, "Allow"), "GET, HEAD, OPTIONS");
    assert_string_equal(peer_header(&r, "Access-Control-Allow-Origin"), "*");
    assert_string_equal(peer_header(&r, "Access-Control-Allow-Methods"), "GET, HEAD, OPTIONS");
    peer_ask("OPTIONS /item/1 HTTP/1.1\r\nHost: a\r\n\r\n", &r);
    assert_int_equal(r.status, 204);
    assert_null(peer_header(&r, "Access-Control-Allow-Origin"));
    peer_ask("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", &r);
    assert_int_equal(r.status, 204);
    peer_ask("OPTIONS /nowhere HTTP/1.1\r\nHost: a\r\n\r\n", &r);
    assert_int_equal(r.status, 404);
}

static void head_is_get_without_content(void **state)
{
    (void)state;
    struct peer_reply r;
    int fd = peer_open();
    (void)peer_send(fd, "HEAD / HTTP/1.1\r\nHost: a\r\n\r\nHEAD /file HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
    peer_read(fd, &r, true);
    assert_int_equal(r.status, 200);
    assert_string_equal(peer_header(&r, "Content-Length"), "5");
    peer_read(fd, &r, true);
    assert_int_equal(r.status, 200);
    assert_string_equal(peer_header(&r, "Content-Length"), "10");
    peer_read(fd, &r, false);
    assert_string_equal(r.body, "hello");
    (void)close(fd);
}

static void a_faulty_table_is_refused_at_start(void **state)
{
    (void)state;
    static const struct http_route twice[] = {GET("/a", on_hello), GET("/a", on_hello), {0}};
    static const struct http_route no_fail[] = {{.method = "GET", .path = "/a", .handler = on_hello}, {0}};
    static const struct http_route no_limit[] = {
        {.method = "POST", .path = "/a", .handler = on_hello, .fail = fail_plain, .body = HTTP_FORM}, {0}};
    const struct http_route *const bad[] = {twice, no_fail, no_limit};
    struct http_server *s = NULL;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct http_conf c = conf(false);
        c.routes = bad[i];
        assert_int_equal(http_open(&c, &s), ERR_CONFIG);
        assert_null(s);
    }
    struct http_conf c = conf(false);
    c.listen = "localhost:80";
    assert_int_equal(http_open(&c, &s), ERR_IO);
    char taken[64];
    (void)snprintf(taken, sizeof taken, "127.0.0.1:%u", http_port(peer_server));
    c.listen = taken;
    assert_int_equal(http_open(&c, &s), ERR_IO);
}

/* --- what handlers read --- */

static void doubled_parameters_are_told(void **state)
{
    (void)state;
    says("/query?a=1&b=2", "", "1|0|/query?a=1&b=2");
    says("/query?a=%C4%91+x", "", "\xc4\x91 x|0|/query?a=%C4%91+x");
    says("/query?a=1&a=2", "", "1|1|/query?a=1&a=2");
    says("/query", "", "-|0|/query");
    says("/query?", "", "-|0|/query?");
    says("/query?a", "", "|0|/query?a");
}

static void field_values_are_trimmed(void **state)
{
    (void)state;
    says("/header", "X-Test: \t a b \t\r\n", "a b");
    says("/header", "X-TEST:a\r\nX-Other: b\r\n", "a");
    says("/header", "X-Test: \r\n", "");
    says("/header", "", "(null)");
}

static void a_doubled_cookie_is_no_cookie(void **state)
{
    (void)state;
    says("/cookie", "Cookie: sid=abc\r\n", "abc");
    says("/cookie", "Cookie: a=b; sid=abc=; c=d\r\n", "abc=");
    says("/cookie", "Cookie: xsid=1; sidx=2; sid=3\r\n", "3");
    says("/cookie", "Cookie: sid=\"q\"\r\n", "\"q\"");
    says("/cookie", "Cookie: sid=a; sid=b\r\n", "(null)");
    says("/cookie", "Cookie: sid=a; sid=a\r\n", "(null)");
    says("/cookie", "Cookie: sid=a\r\nCookie: sid=b\r\n", "(null)");
    says("/cookie", "Cookie: sid\r\n", "(null)");
    says("/cookie", "Cookie: SID=a\r\n", "(null)");
    says("/cookie", "Cookie: ;;; = ;=;sid=1\r\n", "1");
    says("/cookie", "", "(null)");
}

static void language_is_query_then_cookie_then_header(void **state)
{
    (void)state;
    says("/lang", "", "vi");
    says("/lang", "Accept-Language: en-GB, vi;q=0.5\r\n", "en");
    says("/lang", "Accept-Language: en\r\nCookie: lang=vi\r\n", "vi");
    says("/lang?lang=en", "Cookie: lang=vi\r\n", "en");
    says("/lang?lang=xx", "Cookie: lang=en\r\n", "en");
}

/* --- replies --- */

static void has_security_headers(const struct peer_reply *r)
{
    assert_non_null(strstr(peer_header(r, "Content-Security-Policy"), "default-src 'none'"));
    assert_non_null(strstr(peer_header(r, "Content-Security-Policy"), "frame-ancestors 'none'"));
    assert_string_equal(peer_header(r, "X-Content-Type-Options"), "nosniff");
    assert_string_equal(peer_header(r, "Referrer-Policy"), "same-origin");
    assert_string_equal(peer_header(r, "Cross-Origin-Opener-Policy"), "same-origin");
    assert_non_null(peer_header(r, "Permissions-Policy"));
    assert_non_null(peer_header(r, "Cache-Control"));
    assert_int_equal(strlen(peer_header(r, "X-Request-Id")), 16);
}

static void every_reply_has_the_security_headers(void **state)
{
    (void)state;
    static const char *const paths[] = {"/",     "/nowhere", "/plain",  "/conflict", "/silent", "/redirect",
                                        "/file", "/json",    "/cached", "/meta",     "//x",     "/inline-file"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        has_security_headers(get(paths[i], ""));
    struct peer_reply r;
    peer_ask("OPTIONS / HTTP/1.1\r\nHost: a\r\n\r\n", &r);
    has_security_headers(&r);
    peer_ask("GET / HTTP/1.1\r\n\r\n", &r); /* refused by the guard */
    assert_int_equal(r.status, 400);
    has_security_headers(&r);
}

static void the_request_id_is_ours(void **state)
{
    (void)state;
    char first[64];
    (void)snprintf(first, sizeof first, "%s", peer_header(get("/", "X-Request-Id: mine\r\n"), "X-Request-Id"));
    assert_string_not_equal(first, "mine");
    assert_string_not_equal(first, peer_header(get("/", "X-Request-Id: mine\r\n"), "X-Request-Id"));
}

static void header_injection_is_dropped(void **state)
{
    (void)state;
    struct peer_reply *r = get("/inject", "");
    assert_int_equal(r->status, 200);
    assert_string_equal(r->body, "ok");
    assert_null(strstr(r->head, "Evil"));
    assert_null(strstr(r->head, "evil"));
    assert_null(strstr(r->head, "script-src"));
    assert_null(peer_header(r, "Set-Cookie"));
    assert_null(peer_header(r, "Transfer-Encoding"));
    assert_string_not_equal(peer_header(r, "X-Request-Id"), "mine");
    assert_string_equal(peer_header(r, "X-Good"), "1");
    assert_non_null(strstr(peer_header(r, "Content-Security-Policy"), "form-action 'self' https://portal.example;"));
    assert_non_null(strstr(peer_header(r, "Content-Security-Policy"), "; frame-src https://b.example https://c.example"));
    assert_null(strstr(peer_header(r, "Content-Security-Policy"), "script-src"));
    assert_null(strstr(peer_header(r, "Content-Security-Policy"), "a.example"));
}

static void a_redirect_goes_only_to_a_url(void **state)
{
    (void)state;
    struct peer_reply *r = get("/redirect", "");
    assert_int_equal(r->status, 303);
    assert_string_equal(peer_header(r, "Location"), "/next?a=b%20c");
    r = get("/bad-redirect", "");
    assert_int_equal(r->status, 500);
    assert_null(strstr(r->head, "Evil"));
    assert_null(peer_header(r, "Location"));
}

static void cookies_have_their_flags(void **state)
{
    (void)state;
    struct peer_reply *r = get("/set-cookie", "");
    assert_non_null(strstr(r->head, "Set-Cookie: sid=abc; Path=/; HttpOnly; SameSite=Lax\r\n"));
    assert_non_null(strstr(r->head, "Set-Cookie: lang=vi; Path=/; HttpOnly; SameSite=Lax; Max-Age=3600\r\n"));
    assert_non_null(strstr(r->head, "Set-Cookie: old=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0\r\n"));
    assert_null(peer_header(r, "Strict-Transport-Security"));
}

static void with_https_cookies_are_bound_to_the_host(void **state)
{
    (void)state;
    struct peer_reply *r = get("/set-cookie", "");
    assert_non_null(strstr(r->head, "Set-Cookie: __Host-sid=abc; Path=/; HttpOnly; SameSite=Lax; Secure\r\n"));
    assert_string_equal(peer_header(r, "Strict-Transport-Security"), "max-age=31536000");
    says("/cookie", "Cookie: __Host-sid=abc\r\n", "abc");
    says("/cookie", "Cookie: sid=abc\r\n", "(null)");
    says("/cookie", "Cookie: sid=planted; __Host-sid=abc\r\n", "abc");
}

static void a_failure_is_a_problem(void **state)
{
    (void)state;
    struct peer_reply *r = get("/conflict", "");
    assert_int_equal(r->status, 409);
    assert_null(peer_header(r, "Location"));
    assert_string_equal(peer_header(r, "Content-Type"), "application/problem+json");
    AUTO_JSON j = peer_json(r);
    assert_string_equal(json_string_value(json_object_get(j, "type")), "urn:antin:problem:conflict");
    assert_string_equal(json_string_value(json_object_get(j, "detail")), "the dossier is sealed");
    assert_int_equal(json_integer_value(json_object_get(j, "status")), 409);
    assert_non_null(json_object_get(j, "title"));
    char id[128];
    (void)snprintf(id, sizeof id, "urn:antin:request:%s", peer_header(r, "X-Request-Id"));
    assert_string_equal(json_string_value(json_object_get(j, "instance")), id);
}

static void a_problem_speaks_the_callers_language(void **state)
{
    (void)state;
    char vi[512];
    struct peer_reply *r = get("/conflict", "");
    assert_string_equal(peer_header(r, "Content-Language"), "vi");
    AUTO_JSON j = peer_json(r);
    (void)snprintf(vi, sizeof vi, "%s", json_string_value(json_object_get(j, "title")));
    r = get("/conflict", "Accept-Language: en\r\n");
    assert_string_equal(peer_header(r, "Content-Language"), "en");
    AUTO_JSON k = peer_json(r);
    assert_string_not_equal(json_string_value(json_object_get(k, "title")), vi);
}

static void a_handler_that_says_nothing_is_500(void **state)
{
    (void)state;
    assert_int_equal(get("/silent", "")->status, 500);
}

static void nothing_is_stored_unless_the_handler_says_so(void **state)
{
    (void)state;
    assert_string_equal(peer_header(get("/", ""), "Cache-Control"), "no-store");
    assert_string_equal(peer_header(get("/nowhere", ""), "Cache-Control"), "no-store");
    assert_string_equal(peer_header(get("/cached", ""), "Cache-Control"), "public, max-age=3600");
    struct peer_reply *r = get("/no-store", "");
    assert_string_equal(peer_header(r, "Cache-Control"), "no-store");
    assert_null(strstr(r->head, "public"));
}

static void json_is_json(void **state)
{
    (void)state;
    struct peer_reply *r = get("/json", "");
    assert_int_equal(r->status, 201);
    assert_string_equal(peer_header(r, "Content-Type"), "application/json");
    AUTO_JSON j = peer_json(r);
    assert_string_equal(json_string_value(json_object_get(j, "name")), "\xe1\xba\xa4n T\xc3\xadn");
}

static void a_file_has_its_name_in_any_script(void **state)
{
    (void)state;
    struct peer_reply *r = get("/file", "");
    assert_int_equal(r->status, 200);
    assert_string_equal(r->body, "0123456789");
    assert_string_equal(peer_header(r, "Content-Type"), "application/pdf");
    assert_string_equal(peer_header(r, "Content-Disposition"), "attachment; filename=\"__n xin _c_p__m_i.pdf\"; "
                                                               "filename*=UTF-8''%C4%90%C6%A1n%20xin%20%22c%E1%BA%A5p%22_m%E1%BB%9Bi.pdf");
}

static void what_can_hold_a_script_is_not_opened_in_place(void **state)
{
    (void)state;
    assert_string_equal(peer_header(get("/inline-file", ""), "Content-Disposition"), "inline; filename=\"a.pdf\"");
    assert_string_equal(peer_header(get("/script-file", ""), "Content-Disposition"), "attachment; filename=\"a.html\"");
}

static void only_public_metadata_is_open_to_every_site(void **state)
{
    (void)state;
    assert_string_equal(peer_header(get("/meta", "Origin: https://x.example\r\n"), "Access-Control-Allow-Origin"), "*");
    assert_null(peer_header(get("/", "Origin: https://x.example\r\n"), "Access-Control-Allow-Origin"));
}

/* --- connections --- */

static void a_connection_carries_many_requests(void **state)
{
    (void)state;
    struct peer_reply r;
    int fd = peer_open();
    for (int i = 0; i < 50; i++) {
        (void)peer_send(fd, i % 3 == 0   ? "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
                            : i % 3 == 1 ? "GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n"
                                         : "GET /item/5 HTTP/1.1\r\nHost: a\r\n\r\n");
        peer_read(fd, &r, false);
        assert_int_equal(r.status, i % 3 == 1 ? 404 : 200);
    }
    (void)close(fd);
}

static void pipelined_requests_are_answered_in_order(void **state)
{
    (void)state;
    struct peer_reply r;
    char want[16];
    int fd = peer_open();
    for (int i = 0; i < 20; i++) {
        char raw[128];
        (void)snprintf(raw, sizeof raw, "GET /item/%d HTTP/1.1\r\nHost: a\r\n\r\n", i);
        (void)peer_send(fd, raw);
    }
    for (int i = 0; i < 20; i++) {
        peer_read(fd, &r, false);
        (void)snprintf(want, sizeof want, "%d", i);
        assert_string_equal(r.body, want);
    }
    (void)close(fd);
}

static void close_is_honoured(void **state)
{
    (void)state;
    struct peer_reply r;
    bool closed;
    static const char raw[] = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    peer_ask_n(raw, sizeof raw - 1, &r, &closed);
    assert_int_equal(r.status, 200);
    assert_true(closed);
}

static void what_need_not_wait_is_answered_on_the_http_thread(void **state)
{
    (void)state;
    assert_string_equal(get("/first", "")->body, "here");
    assert_string_equal(get("/first?wait=1", "")->body, "worker");
    assert_string_equal(get("/first?lot=7", "")->body, "7");
    assert_int_equal(get("/first?lot=bad", "")->status, 409);
}

static void requests_that_wait_for_the_same_are_done_together_each_with_its_own_answer(void **state)
{
    enum { N = 40 };
    int fd[N];
    char raw[128], want[16];
    struct peer_reply r;
    (void)state;
    atomic_store(&lots, 0);
    atomic_store(&largest_lot, 0);
    for (int i = 0; i < N; i++) {
        fd[i] = peer_open();
        (void)snprintf(raw, sizeof raw, "GET /first?lot=%d HTTP/1.1\r\nHost: a\r\n\r\n", i % 10 == 3 ? 0 : i);
        if (i % 10 == 3)
            (void)snprintf(raw, sizeof raw, "GET /first?lot=bad HTTP/1.1\r\nHost: a\r\n\r\n");
        (void)peer_send(fd[i], raw);
    }
    for (int i = 0; i < N; i++) {
        peer_read(fd[i], &r, false);
        (void)close(fd[i]);
        (void)snprintf(want, sizeof want, "%d", i);
        assert_int_equal(r.status, i % 10 == 3 ? 409 : 200);
        if (i % 10 != 3)
            assert_string_equal(r.body, want);
    }
    assert_in_range(atomic_load(&largest_lot), 2, HTTP_TOGETHER_MAX);
    assert_in_range(atomic_load(&lots), 2, N / 2);
}

static void a_shared_reply_has_every_header_and_is_told_unchanged(void **state)
{
    char etag[64], ask[128];
    (void)state;
    for (int i = 0; i < 3; i++) {
        struct peer_reply *r = get("/shared", "");
        assert_int_equal(r->status, 200);
        assert_string_equal(r->body, "{\"for\":\"all\"}");
        assert_string_equal(peer_header(r, "Content-Type"), "application/json");
        assert_string_equal(peer_header(r, "X-Content-Type-Options"), "nosniff");
        assert_non_null(strstr(peer_header(r, "Content-Security-Policy"), "default-src 'none'"));
        assert_string_equal(peer_header(r, "Access-Control-Allow-Origin"), "*");
        (void)snprintf(etag, sizeof etag, "%s", peer_header(r, "ETag"));
    }
    (void)snprintf(ask, sizeof ask, "If-None-Match: \"other\", W/%s\r\n", etag);
    struct peer_reply *r = get("/shared", ask);
    assert_int_equal(r->status, 304);
    assert_int_equal(r->body_len, 0);
    assert_string_equal(peer_header(r, "ETag"), etag);
    assert_int_equal(get("/shared", "If-None-Match: \"other\"\r\n")->status, 200);
}

static void a_shared_reply_can_be_the_last_of_its_connection(void **state)
{
    (void)state;
    struct peer_reply r;
    bool closed;
    static const char raw[] = "GET /shared HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    peer_ask_n(raw, sizeof raw - 1, &r, &closed);
    assert_int_equal(r.status, 200);
    assert_true(closed);
    assert_string_equal(get("/shared", "")->body, "{\"for\":\"all\"}");
}

static void the_peers_address_is_told(void **state)
{
    (void)state;
    assert_string_equal(get("/peer", "X-Forwarded-For: 1.2.3.4\r\n")->body, "127.0.0.1");
}

static void nothing_of_a_request_is_left_in_the_next_one(void **state)
{
    struct peer_reply r;
    int fd = peer_open();
    (void)state;
    (void)peer_send(fd, "GET /query?a=1&a=2 HTTP/1.1\r\nHost: a\r\nCookie: sid=x\r\nIf-None-Match: *\r\n\r\n");
    peer_read(fd, &r, false);
    (void)peer_send(fd, "GET /first HTTP/1.1\r\nHost: a\r\n\r\n");
    peer_read(fd, &r, false);
    assert_string_equal(r.body, "here");
    (void)peer_send(fd, "GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n");
    peer_read(fd, &r, false);
    assert_int_equal(r.status, 404);
    (void)peer_send(fd, "GET /shared HTTP/1.1\r\nHost: a\r\n\r\n");
    peer_read(fd, &r, false);
    assert_int_equal(r.status, 200);
    (void)close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_row_that_fits_wins),
        cmocka_unit_test(an_unknown_path_is_404),
        cmocka_unit_test(another_method_is_405_and_names_those_that_are_allowed),
        cmocka_unit_test(options_names_the_methods),
        cmocka_unit_test(head_is_get_without_content),
        cmocka_unit_test(a_faulty_table_is_refused_at_start),
        cmocka_unit_test(doubled_parameters_are_told),
        cmocka_unit_test(field_values_are_trimmed),
        cmocka_unit_test(a_doubled_cookie_is_no_cookie),
        cmocka_unit_test(language_is_query_then_cookie_then_header),
        cmocka_unit_test(every_reply_has_the_security_headers),
        cmocka_unit_test(the_request_id_is_ours),
        cmocka_unit_test(header_injection_is_dropped),
        cmocka_unit_test(a_redirect_goes_only_to_a_url),
        cmocka_unit_test(cookies_have_their_flags),
        cmocka_unit_test(a_failure_is_a_problem),
        cmocka_unit_test(a_handler_that_says_nothing_is_500),
        cmocka_unit_test(nothing_is_stored_unless_the_handler_says_so),
        cmocka_unit_test(json_is_json),
        cmocka_unit_test(a_file_has_its_name_in_any_script),
        cmocka_unit_test(what_can_hold_a_script_is_not_opened_in_place),
        cmocka_unit_test(only_public_metadata_is_open_to_every_site),
        cmocka_unit_test(a_connection_carries_many_requests),
        cmocka_unit_test(pipelined_requests_are_answered_in_order),
        cmocka_unit_test(close_is_honoured),
        cmocka_unit_test(what_need_not_wait_is_answered_on_the_http_thread),
        cmocka_unit_test(requests_that_wait_for_the_same_are_done_together_each_with_its_own_answer),
        cmocka_unit_test(a_shared_reply_has_every_header_and_is_told_unchanged),
        cmocka_unit_test(a_shared_reply_can_be_the_last_of_its_connection),
        cmocka_unit_test(the_peers_address_is_told),
        cmocka_unit_test(nothing_of_a_request_is_left_in_the_next_one),
    };
    const struct CMUnitTest with_texts[] = {cmocka_unit_test(a_problem_speaks_the_callers_language)};
    const struct CMUnitTest https[] = {cmocka_unit_test(with_https_cookies_are_bound_to_the_host)};
    int failed = cmocka_run_group_tests_name("http", tests, start, stop);
    failed += cmocka_run_group_tests_name("http with texts", with_texts, start_with_texts, stop);
    return failed + cmocka_run_group_tests_name("https", https, start_https, stop);
}

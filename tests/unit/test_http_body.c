/*
 * Bodies: kinds, limits, spooling, cut uploads, trickling, the disk that is full.
 * RFC 9110 §8.6, §10.1.1, §15.5.14, §15.5.16; RFC 9112 §7.1.
 */
#include "http_peer.h"
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#define MEGABYTE (1 << 20)
#define HEADER_MS 400
#define BODY_MS 700

static _Atomic int runs, auths;
static char spool_dir[] = "/tmp/antin-test-spool-XXXXXX";

static err_t say(struct http_req *r, const char *text)
{
    AUTO_BUF b = {0};
    atomic_fetch_add(&runs, 1);
    TRY(buf_add_str(&b, text == NULL ? "(null)" : text));
    http_reply(r, 200, "text/plain; charset=utf-8", &b);
    return OK;
}

static err_t on_form(struct http_req *r)
{
    AUTO_BUF b = {0};
    TRY(buf_addf(&b, "%s|%d", http_field(r, "a") == NULL ? "-" : http_field(r, "a"), http_dup_params(r)));
    return say(r, buf_str(&b));
}

static err_t on_json(struct http_req *r)
{
    const char *s;
    assert_non_null(http_json(r));
    TRY(json_need_str(http_json(r), "a", 20, &s));
    return say(r, s);
}

static err_t on_bytes(struct http_req *r)
{
    AUTO_BUF b = {0};
    TRY(buf_addf(&b, "%zu|%s", http_body(r).len, http_content_type(r)));
    return say(r, buf_str(&b));
}

static err_t on_spool(struct http_req *r)
{
    const struct http_spool *s = http_spool(r);
    char hex[2 * SHA256_LEN + 1], hex512[2 * SHA512_LEN + 1];
    AUTO_BUF b = {0}, back = {0};
    struct stat st;
    assert_int_equal(fstat(s->fd, &st), 0);
    assert_int_equal(st.st_size, s->size);
    assert_int_equal(st.st_nlink, 0); /* nobody else can open it, nothing is left behind */
    TRY(buf_reserve(&back, s->size));
    assert_int_equal(read(s->fd, back.ptr, s->size), s->size);
    uint8_t want[SHA512_LEN];
    sha256(BYTES(back.ptr, s->size), want);
    assert_memory_equal(want, s->sha256, SHA256_LEN);
    sha512(BYTES(back.ptr, s->size), want);
    assert_memory_equal(want, s->sha512, SHA512_LEN);
    hex_encode(BYTES(s->sha256, SHA256_LEN), hex);
    hex_encode(BYTES(s->sha512, SHA512_LEN), hex512);
    TRY(buf_addf(&b, "%llu|%s|%s", (unsigned long long)s->size, hex, hex512));
    return say(r, buf_str(&b));
}

static err_t need_token(struct http_req *r)
{
    const char *a = http_header(r, "Authorization");
    atomic_fetch_add(&auths, 1);
    return a != NULL && strcmp(a, "Bearer good") == 0 ? OK : ERR_UNAUTHENTICATED;
}

static const struct http_route routes[] = {
    {.method = "GET", .path = "/", .handler = on_bytes, .fail = http_fail_problem},
    {.method = "POST", .path = "/form", .handler = on_form, .fail = http_fail_problem, .body = HTTP_FORM, .body_max = 100},
    {.method = "POST", .path = "/json", .handler = on_json, .fail = http_fail_problem, .body = HTTP_JSON, .body_max = 100},
    {.method = "POST", .path = "/bytes", .handler = on_bytes, .fail = http_fail_problem, .body = HTTP_BYTES, .body_max = 1000},
    {.method = "POST",
     .path = "/typed",
     .handler = on_bytes,
     .fail = http_fail_problem,
     .body = HTTP_BYTES,
     .body_max = 1000,
     .body_type = "application/timestamp-query",
     .inline_ok = true},
    {.method = "PUT", .path = "/spool", .handler = on_spool, .fail = http_fail_problem, .body = HTTP_SPOOL, .body_max = 8 * MEGABYTE},
    {.method = "PUT",
     .path = "/guarded",
     .handler = on_spool,
     .auth = need_token,
     .fail = http_fail_problem,
     .body = HTTP_SPOOL,
     .body_max = 8 * MEGABYTE},
    {.method = "PUT",
     .path = "/guarded-inline",
     .handler = on_spool,
     .auth = need_token,
     .fail = http_fail_problem,
     .body = HTTP_SPOOL,
     .body_max = 8 * MEGABYTE,
     .inline_ok = true},
    {.method = "POST",
     .path = "/guarded-form",
     .handler = on_form,
     .auth = need_token,
     .fail = http_fail_problem,
     .body = HTTP_FORM,
     .body_max = 100},
    {0},
};

static int start(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(spool_dir));
    peer_start(&(struct http_conf){.listen = "127.0.0.1:0",
                                   .threads = 2,
                                   .workers = 2,
                                   .queue_max = 16,
                                   .connections_max = 64,
                                   .header_ms = HEADER_MS,
                                   .body_ms = BODY_MS,
                                   .spool_dir = spool_dir,
                                   .routes = routes});
    return 0;
}

static int stop(void **state)
{
    (void)state;
    http_close(&peer_server);
    assert_int_equal(rmdir(spool_dir), 0); /* empty */
    return 0;
}

static int reset(void **state)
{
    (void)state;
    atomic_store(&runs, 0);
    atomic_store(&auths, 0);
    return 0;
}

static struct peer_reply *post(const char *line, const char *fields, const char *body)
{
    static struct peer_reply r;
    char raw[8192];
    (void)snprintf(raw, sizeof raw, "%s HTTP/1.1\r\nHost: a\r\nContent-Length: %zu\r\n%s\r\n%s", line, strlen(body), fields, body);
    peer_ask(raw, &r);
    return &r;
}

#define FORM "Content-Type: application/x-www-form-urlencoded\r\n"
#define JSON "Content-Type: application/json; charset=utf-8\r\n"

/* --- kinds --- */

static void a_form_is_read(void **state)
{
    (void)state;
    assert_string_equal(post("POST /form", FORM, "a=%C4%91+1&b=2")->body, "\xc4\x91 1|0");
    assert_string_equal(post("POST /form", FORM, "a=1&a=2")->body, "1|1");
    assert_string_equal(post("POST /form", FORM, "")->body, "-|0");
    assert_string_equal(post("POST /form", "", "")->body, "-|0");
    assert_int_equal(post("POST /form", FORM, "a=%zz")->status, 400);
    assert_int_equal(post("POST /form", FORM, "a=%00")->status, 400);
    assert_int_equal(post("POST /form", FORM, "a=%ff")->status, 400);
}

static void json_is_strict(void **state)
{
    (void)state;
    assert_string_equal(post("POST /json", JSON, "{\"a\":\"x\"}")->body, "x");
    assert_int_equal(post("POST /json", JSON, "{\"a\":\"x\",\"a\":\"y\"}")->status, 400);
    assert_int_equal(post("POST /json", JSON, "{\"a\":\"x\"} x")->status, 400);
    assert_int_equal(post("POST /json", JSON, "[1]")->status, 400);
    assert_int_equal(post("POST /json", JSON, "\"x\"")->status, 400);
    assert_int_equal(post("POST /json", JSON, "")->status, 400);
    assert_int_equal(post("POST /json", JSON, "{\"a\":\"\xff\"}")->status, 400);
    assert_int_equal(atomic_load(&runs), 1);
}

static void another_media_type_is_415(void **state)
{
    (void)state;
    assert_int_equal(post("POST /form", JSON, "a=1")->status, 415);
    assert_int_equal(post("POST /json", FORM, "{\"a\":\"x\"}")->status, 415);
    assert_int_equal(post("POST /json", "", "{\"a\":\"x\"}")->status, 415);
    assert_int_equal(post("POST /form", "Content-Type: multipart/form-data; boundary=x\r\n", "a=1")->status, 415);
    assert_int_equal(post("POST /typed", "Content-Type: application/octet-stream\r\n", "x")->status, 415);
    assert_string_equal(post("POST /typed", "Content-Type: Application/Timestamp-Query\r\n", "x")->body, "1|application/timestamp-query");
    assert_int_equal(atomic_load(&runs), 1);
}

static void a_body_where_none_belongs_is_refused(void **state)
{
    (void)state;
    assert_int_equal(post("GET /", "", "x")->status, 400);
    struct peer_reply r;
    peer_ask("GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n", &r);
    assert_int_equal(r.status, 400);
    assert_int_equal(post("GET /", "", "")->status, 200);
    assert_int_equal(atomic_load(&runs), 1);
}

static void a_refused_short_body_leaves_the_connection_usable(void **state)
{
    (void)state;
    struct peer_reply r;
    int fd = peer_open();
    (void)peer_send(fd, "POST /nowhere HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nGET /POST /bytes HTTP/1.1\r\nHost: "
                        "a\r\nContent-Length: 2\r\n\r\nok");
    peer_read(fd, &r, false);
    assert_int_equal(r.status, 404);
    peer_read(fd, &r, false);
    assert_int_equal(r.status, 200);
    assert_string_equal(r.body, "2|");
    (void)close(fd);
}

/* --- limits --- */

static void a_body_at_its_limit_passes_and_one_byte_more_is_413(void **state)
{
    (void)state;
    char body[1002];
    memset(body, 'x', sizeof body);
    body[1000] = '\0';
    assert_string_equal(post("POST /bytes", "", body)->body, "1000|");
    body[1000] = 'x';
    body[1001] = '\0';
    assert_int_equal(post("POST /bytes", "", body)->status, 413);
    assert_int_equal(atomic_load(&runs), 1);
}

static void a_chunked_body_at_its_limit_passes_and_one_byte_more_is_413(void **state)
{
    (void)state;
    struct peer_reply r;
    char raw[2048], x[1001];
    memset(x, 'x', 1000);
    x[1000] = '\0';
    static const char head[] = "POST /bytes HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    (void)snprintf(raw, sizeof raw, "%s3e8\r\n%s\r\n0\r\n\r\n", head, x);
    peer_ask(raw, &r);
    assert_string_equal(r.body, "1000|");
    (void)snprintf(raw, sizeof raw, "%s3e8\r\n%s\r\n1\r\nx\r\n0\r\n\r\n", head, x);
    peer_ask(raw, &r);
    assert_int_equal(r.status, 413);
    assert_int_equal(atomic_load(&runs), 1);
}

static void a_long_body_is_413_before_it_is_sent(void **state)
{
    (void)state;
    struct peer_reply r;
    int fd = peer_open();
    (void)peer_send(fd, "PUT /spool HTTP/1.1\r\nHost: a\r\nContent-Length: 999999999999\r\n\r\nabc");
    peer_read(fd, &r, false);
    assert_int_equal(r.status, 413);
    assert_string_equal(peer_header(&r, "Connection"), "close");
    assert_true(peer_closed(fd));
    (void)close(fd);
}

static void a_413_reaches_a_client_that_goes_on_sending(void **state)
{
    (void)state;
    static char piece[65536];
    struct peer_reply r;
    int fd = peer_open();
    (void)peer_send(fd, "PUT /spool HTTP/1.1\r\nHost: a\r\nContent-Length: 999999999999\r\n\r\n");
    for (int i = 0; i < 40; i++) { /* 2.5 MB into a server that has closed: without lingering, a reset would eat the reply */
        (void)peer_send_n(fd, piece, sizeof piece);
        if (i % 10 == 0)
            peer_nap(20);
    }
    peer_read(fd, &r, false);
    assert_int_equal(r.status, 413);
    (void)close(fd);
}

static void an_endless_chunked_body_is_cut(void **state)
{
    (void)state;
    static char chunk[65536 + 16];
    int fd = peer_open();
    size_t n = (size_t)snprintf(chunk, sizeof chunk, "%x\r\n", 65536);
    memset(chunk + n, 'x', 65536);
    memcpy(chunk + n + 65536, "\r\n", 2);
    (void)peer_send(fd, "POST /bytes HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    int sent = 0;
    while (sent < 2000 && peer_send_n(fd, chunk, n + 65536 + 2))
        sent++;
    assert_true(sent < 1000);
    assert_true(peer_closed(fd));
    assert_int_equal(atomic_load(&runs), 0);
    (void)close(fd);
}

static void malformed_chunks_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"xyz\r\nabc\r\n0\r\n\r\n",
                                      "-1\r\nabc\r\n0\r\n\r\n",
                                      "3\r\nabcd\r\n0\r\n\r\n",
                                      " 3\r\nabc\r\n0\r\n\r\n",
                                      "fffffffffffffffff\r\nabc\r\n0\r\n\r\n",
                                      "0x3\r\nabc\r\n0\r\n\r\n"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct peer_reply r;
        bool closed;
        char raw[256];
        int n = snprintf(raw, sizeof raw, "POST /bytes HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n%s", bad[i]);
        peer_ask_n(raw, (size_t)n, &r, &closed);
        assert_true(r.status == 400 || r.status == 413 || r.status == 0);
        assert_true(closed);
    }
    assert_int_equal(atomic_load(&runs), 0);
}

/* --- spool --- */

static void send_spool(int fd, size_t size, struct peer_reply *r, char want[300])
{
    char head[256], h256[2 * SHA256_LEN + 1], h512[2 * SHA512_LEN + 1];
    uint8_t md[SHA512_LEN];
    AUTO_BUF b = {0};
    assert_int_equal(buf_reserve(&b, size), OK);
    for (size_t i = 0; i < size; i++)
        b.ptr[i] = (uint8_t)(i * 31 + (i >> 8));
    sha256(BYTES(b.ptr, size), md);
    hex_encode(BYTES(md, SHA256_LEN), h256);
    sha512(BYTES(b.ptr, size), md);
    hex_encode(BYTES(md, SHA512_LEN), h512);
    (void)snprintf(want, 300, "%zu|%s|%s", size, h256, h512);
    (void)snprintf(head, sizeof head, "PUT /spool HTTP/1.1\r\nHost: a\r\nContent-Length: %zu\r\n\r\n", size);
    assert_true(peer_send(fd, head) && peer_send_n(fd, (const char *)b.ptr, size));
    peer_read(fd, r, false);
}

static void a_spooled_body_is_hashed_on_the_way(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 65536, 3 * MEGABYTE + 17, 8 * MEGABYTE};
    struct peer_reply r;
    char want[300];
    int fd = peer_open();
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        send_spool(fd, sizes[i], &r, want);
        assert_int_equal(r.status, 200);
        assert_string_equal(r.body, want);
    }
    (void)close(fd);
}

static void a_full_disk_is_507_and_the_handler_does_not_run(void **state)
{
    (void)state;
    struct peer_reply r;
    char want[300];
    struct rlimit old, small;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    small = old;
    small.rlim_cur = 100000;
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0); /* a write past it fails as one on a full disk does */
    int fd = peer_open();
    send_spool(fd, 200000, &r, want);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    assert_int_equal(r.status, 507);
    assert_int_equal(atomic_load(&runs), 0);
    send_spool(fd, 200000, &r, want); /* and the next one works */
    assert_string_equal(r.body, want);
    (void)close(fd);
}

static void a_cut_upload_never_reaches_the_handler(void **state)
{
    (void)state;
    static const char *const cut[] = {
        "PUT /spool HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nabc",
        "POST /bytes HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nabc",
        "POST /form HTTP/1.1\r\nHost: a\r\n" FORM "Content-Length: 100\r\n\r\na=1",
        "PUT /spool HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
        "PUT /spool HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n",
        "PUT /spool HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc",
    };
    for (size_t i = 0; i < sizeof cut / sizeof *cut; i++) {
        int fd = peer_open();
        assert_true(peer_send(fd, cut[i]));
        (void)shutdown(fd, SHUT_WR);
        assert_true(peer_closed(fd));
        (void)close(fd);
    }
    assert_int_equal(atomic_load(&runs), 0);
}

/* --- who may send --- */

static void a_spooled_body_is_taken_only_from_known_senders(void **state)
{
    (void)state;
    static const char *const paths[] = {"/guarded", "/guarded-inline"};
    for (size_t i = 0; i < 2; i++) {
        struct peer_reply r;
        char raw[256];
        int fd = peer_open();
        (void)snprintf(raw, sizeof raw, "PUT %s HTTP/1.1\r\nHost: a\r\nContent-Length: 5000000\r\n\r\n", paths[i]);
        (void)peer_send(fd, raw);
        peer_read(fd, &r, false); /* before a byte of the body was sent */
        assert_int_equal(r.status, 401);
        assert_true(peer_closed(fd));
        (void)close(fd);
        (void)snprintf(raw, sizeof raw, "PUT %s", paths[i]);
        assert_int_equal(post(raw, "Authorization: Bearer good\r\n", "abc")->status, 200);
        assert_int_equal(post(raw, "Authorization: Bearer bad\r\n", "abc")->status, 401);
    }
    assert_int_equal(atomic_load(&runs), 2);
    assert_int_equal(atomic_load(&auths), 6); /* once a request */
}

static void other_bodies_are_authenticated_too(void **state)
{
    (void)state;
    assert_int_equal(post("POST /guarded-form", FORM, "a=1")->status, 401);
    assert_int_equal(post("POST /guarded-form", FORM "Authorization: Bearer good\r\n", "a=1")->status, 200);
    assert_int_equal(atomic_load(&runs), 1);
    assert_int_equal(atomic_load(&auths), 2);
}

static void expect_continue(const char *path, const char *token, int first, int second)
{
    struct peer_reply r;
    char raw[256];
    int fd = peer_open();
    (void)snprintf(raw, sizeof raw, "PUT %s HTTP/1.1\r\nHost: a\r\n%sContent-Length: 3\r\nExpect: 100-continue\r\n\r\n", path, token);
    (void)peer_send(fd, raw);
    peer_read(fd, &r, false);
    assert_int_equal(r.status, first);
    if (first == 100) {
        (void)peer_send(fd, "abc");
        peer_read(fd, &r, false);
        assert_int_equal(r.status, second);
    }
    (void)close(fd);
}

static void continue_is_said_only_to_those_that_may_send(void **state)
{
    (void)state;
    expect_continue("/spool", "", 100, 200);
    expect_continue("/guarded", "Authorization: Bearer good\r\n", 100, 200);
    expect_continue("/guarded", "", 401, 0);
    expect_continue("/nowhere", "", 404, 0);
}

/* --- time --- */

/* Sends a byte each 50 ms until the server has had enough; milliseconds until it closed. */
static int64_t trickle(const char *first, char c)
{
    int fd = peer_open();
    int64_t from = clock_mono_us();
    assert_true(peer_send(fd, first));
    int got = -2;
    for (int i = 0; i < 100 && got == -2; i++) {
        (void)peer_send_n(fd, &c, 1);
        got = peer_byte(fd, 50);
    }
    assert_int_equal(got, -1);
    (void)close(fd);
    return (clock_mono_us() - from) / 1000;
}

static void within(int64_t ms, int64_t least, int64_t most)
{
    if (ms < least || ms > most)
        print_error("%lld ms, not within %lld and %lld\n", (long long)ms, (long long)least, (long long)most);
    assert_true(ms >= least && ms <= most);
}

static void a_trickling_header_is_cut_at_the_total_deadline(void **state)
{
    (void)state;
    within(trickle("GET / HTTP/1.1\r\nHost: a\r\nX: ", 'a'), HEADER_MS - 100, HEADER_MS + 3000);
    within(trickle("GET /", 'a'), HEADER_MS - 100, HEADER_MS + 3000);
    within(trickle("\r\n", '\n'), HEADER_MS - 100, HEADER_MS + 3000);
}

static void a_trickling_body_is_cut_at_the_total_deadline(void **state)
{
    (void)state;
    within(trickle("POST /bytes HTTP/1.1\r\nHost: a\r\nContent-Length: 900\r\n\r\n", 'a'), BODY_MS - 100, BODY_MS + 3000);
    within(trickle("PUT /spool HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n384\r\n", 'a'), BODY_MS - 100, BODY_MS + 3000);
    assert_int_equal(atomic_load(&runs), 0);
}

static void a_silent_connection_is_cut(void **state)
{
    (void)state;
    int64_t from = clock_mono_us();
    int fd = peer_open();
    assert_true(peer_closed(fd));
    within((clock_mono_us() - from) / 1000, HEADER_MS - 100, HEADER_MS + 3000);
    (void)close(fd);
}

static void a_large_body_gets_more_time(void **state)
{
    (void)state;
    static char piece[MEGABYTE / 2];
    struct peer_reply r;
    int fd = peer_open();
    (void)peer_send(fd, "PUT /spool HTTP/1.1\r\nHost: a\r\nContent-Length: 2097152\r\n\r\n");
    for (int i = 0; i < 4; i++) { /* 1.2 s: past body_ms, within body_ms and two seconds for two megabytes */
        assert_true(peer_send_n(fd, piece, sizeof piece));
        peer_nap(300);
    }
    peer_read(fd, &r, false);
    assert_int_equal(r.status, 200);
    (void)close(fd);
}

#define T(f) cmocka_unit_test_setup(f, reset)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_form_is_read),
        T(json_is_strict),
        T(another_media_type_is_415),
        T(a_body_where_none_belongs_is_refused),
        T(a_refused_short_body_leaves_the_connection_usable),
        T(a_body_at_its_limit_passes_and_one_byte_more_is_413),
        T(a_chunked_body_at_its_limit_passes_and_one_byte_more_is_413),
        T(a_long_body_is_413_before_it_is_sent),
        T(a_413_reaches_a_client_that_goes_on_sending),
        T(an_endless_chunked_body_is_cut),
        T(malformed_chunks_are_refused),
        T(a_spooled_body_is_hashed_on_the_way),
        T(a_full_disk_is_507_and_the_handler_does_not_run),
        T(a_cut_upload_never_reaches_the_handler),
        T(a_spooled_body_is_taken_only_from_known_senders),
        T(other_bodies_are_authenticated_too),
        T(continue_is_said_only_to_those_that_may_send),
        T(a_trickling_header_is_cut_at_the_total_deadline),
        T(a_trickling_body_is_cut_at_the_total_deadline),
        T(a_silent_connection_is_cut),
        T(a_large_body_gets_more_time),
    };
    return cmocka_run_group_tests(tests, start, stop);
}

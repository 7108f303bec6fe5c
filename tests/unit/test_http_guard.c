/*
 * What the library lets through is refused: 400 (or 414, 431), the connection closed, no handler run.
 * RFC 9112 §2.2, §3, §5, §6; RFC 9110 §7.2.
 */
#include "http_peer.h"

static _Atomic int runs;

static err_t on_any(struct http_req *r)
{
    AUTO_BUF b = {0};
    atomic_fetch_add(&runs, 1);
    TRY(buf_add_str(&b, "ran"));
    http_reply(r, 200, "text/plain", &b);
    return OK;
}

static err_t on_name(struct http_req *r)
{
    AUTO_BUF b = {0};
    atomic_fetch_add(&runs, 1);
    TRY(buf_add_str(&b, http_path(r, "name")));
    http_reply(r, 200, "text/plain", &b);
    return OK;
}

static const struct http_route routes[] = {
    {.method = "GET", .path = "/", .handler = on_any, .fail = http_fail_problem, .inline_ok = true},
    {.method = "POST", .path = "/", .handler = on_any, .fail = http_fail_problem, .body = HTTP_BYTES, .body_max = 1000},
    {.method = "GET", .path = "/file/{name}", .handler = on_name, .fail = http_fail_problem, .inline_ok = true},
    {.method = "GET", .path = "/rest/{name*}", .handler = on_name, .fail = http_fail_problem, .inline_ok = true},
    {0},
};

static int start(void **state)
{
    (void)state;
    peer_start(&(struct http_conf){.listen = "127.0.0.1:0",
                                   .threads = 2,
                                   .workers = 1,
                                   .queue_max = 8,
                                   .connections_max = 64,
                                   .header_ms = 2000,
                                   .body_ms = 2000,
                                   .routes = routes});
    return 0;
}

static int stop(void **state)
{
    (void)state;
    http_close(&peer_server);
    return 0;
}

static void refused_n(const char *raw, size_t n, int status)
{
    struct peer_reply r;
    bool closed;
    atomic_store(&runs, 0);
    peer_ask_n(raw, n, &r, &closed);
    if (r.status != status || !closed || atomic_load(&runs) != 0)
        print_error("status %d (want %d), closed %d, runs %d for:\n%.*s\n", r.status, status, closed, atomic_load(&runs), (int)n, raw);
    assert_int_equal(r.status, status);
    assert_true(closed);
    assert_int_equal(atomic_load(&runs), 0);
}
#define REFUSED(raw) refused_n(raw, sizeof(raw) - 1, 400)

static void accepted(const char *raw, const char *body)
{
    struct peer_reply r;
    peer_ask(raw, &r);
    assert_int_equal(r.status, 200);
    assert_string_equal(r.body, body);
}

#define H "Host: localhost\r\n"

static void good_requests_pass(void **state)
{
    (void)state;
    accepted("GET / HTTP/1.1\r\n" H "\r\n", "ran");
    accepted("GET / HTTP/1.1\r\nHost:localhost:8400\r\nX-Empty:\r\nX-Pad:   a b \t \r\n\r\n", "ran");
    accepted("GET / HTTP/1.1\r\nHost: [::1]:8400\r\nX: \t\r\n\r\n", "ran");
    accepted("GET /?a=1&b=%20 HTTP/1.1\r\n" H "\r\n", "ran");
    accepted("GET / HTTP/1.0\r\n\r\n", "ran");
    accepted("\r\nGET / HTTP/1.1\r\n" H "\r\n", "ran"); /* RFC 9112 §2.2: an empty line before the request line */
    accepted("POST / HTTP/1.1\r\n" H "Content-Length: 3\r\n\r\nabc", "ran");
    accepted("POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", "ran");
    accepted("GET http://localhost/ HTTP/1.1\r\n" H "\r\n", "ran"); /* RFC 9112 §3.2.2 */
    accepted("GET / HTTP/1.1\r\n" H "Cookie: a=b; c=d\r\nAccept: text/html, */*;q=0.1\r\n\r\n", "ran");
}

static void a_header_in_pieces_passes(void **state)
{
    (void)state;
    static const char raw[] = "POST /?x=1 HTTP/1.1\r\nHost: localhost\r\nA: b\r\nContent-Length: 3\r\n\r\nabc";
    struct peer_reply r;
    int fd = peer_open();
    for (size_t i = 0; i < sizeof raw - 1; i++) {
        assert_true(peer_send_n(fd, raw + i, 1));
        peer_nap(2);
    }
    peer_read(fd, &r, false);
    assert_int_equal(r.status, 200);
    (void)close(fd);
}

static void content_length_with_transfer_encoding_is_refused(void **state)
{
    (void)state;
    REFUSED("POST / HTTP/1.1\r\n" H "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\n" H "\r\n");
    REFUSED("POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n");
}

static void two_content_lengths_are_refused(void **state)
{
    (void)state;
    REFUSED("POST / HTTP/1.1\r\n" H "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd");
    REFUSED("POST / HTTP/1.1\r\n" H "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc");
    REFUSED("POST / HTTP/1.1\r\n" H "Content-Length: 3, 3\r\n\r\nabc");
}

static void odd_content_lengths_are_refused(void **state)
{
    (void)state;
    REFUSED("POST / HTTP/1.1\r\n" H "Content-Length: +3\r\n\r\nabc");
    REFUSED("POST / HTTP/1.1\r\n" H "Content-Length: -3\r\n\r\nabc");
    REFUSED("POST / HTTP/1.1\r\n" H "Content-Length: 0x3\r\n\r\nabc");
    REFUSED("POST / HTTP/1.1\r\n" H "Content-Length: 3 \t4\r\n\r\nabc");
    REFUSED("POST / HTTP/1.1\r\n" H "Content-Length:\r\n\r\nabc");
}

static void other_transfer_encodings_are_refused(void **state)
{
    (void)state;
    REFUSED("POST / HTTP/1.1\r\n" H "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n");
    REFUSED("POST / HTTP/1.1\r\n" H "Transfer-Encoding: identity\r\n\r\n0\r\n\r\n");
    REFUSED("POST / HTTP/1.1\r\n" H "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n");
    REFUSED("POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
    REFUSED("POST / HTTP/1.1\r\n" H "Transfer-Encoding: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
    REFUSED("POST / HTTP/1.0\r\n" H "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
    REFUSED("POST / HTTP/1.1\r\n" H "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n");
}

static void host_must_come_once_and_be_a_host(void **state)
{
    (void)state;
    REFUSED("GET / HTTP/1.1\r\n\r\n");
    REFUSED("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n");
    REFUSED("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n");
    REFUSED("GET / HTTP/1.1\r\nHost:\r\n\r\n");
    REFUSED("GET / HTTP/1.1\r\nHost: a b\r\n\r\n");
    REFUSED("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n");
    REFUSED("GET / HTTP/1.1\r\nHost: user@a\r\n\r\n");
    REFUSED("GET http://other/ HTTP/1.1\r\n" H "\r\n");
}

static void bare_line_feeds_are_refused(void **state)
{
    (void)state;
    REFUSED("GET / HTTP/1.1\n" H "\r\n");
    REFUSED("GET / HTTP/1.1\r\nHost: localhost\n\r\n");
    REFUSED("GET / HTTP/1.1\r\nHost: localhost\r\nA: b\nC: d\r\n\r\n");
    REFUSED("GET / HTTP/1.1\r\n" H "\n");
    REFUSED("GET / HTTP/1.1\nHost: localhost\n\n");
    REFUSED("GET / HTTP/1.1\r\nHost: localhost\r\nA:\nB: c\r\n\r\n");
}

static void bare_line_feeds_in_pieces_are_refused(void **state)
{
    (void)state;
    static const char *const piece[] = {"GET / HT", "TP/1.1\r", "\nHost: loc", "alhost\r\nA: b", "\n", "C: d\r\n\r\n"};
    struct peer_reply r;
    int fd = peer_open();
    for (size_t i = 0; i < sizeof piece / sizeof *piece; i++) {
        (void)peer_send(fd, piece[i]);
        peer_nap(20);
    }
    peer_read(fd, &r, false);
    assert_int_equal(r.status, 400);
    assert_true(peer_closed(fd));
    (void)close(fd);
}

static void bare_carriage_returns_are_refused(void **state)
{
    (void)state;
    REFUSED("GET / HTTP/1.1\r\nHost: localhost\rA: b\r\n\r\n");
    REFUSED("GET / HTTP/1.1\r\n" H "A: b\r\r\n\r\n");
}

static void white_space_around_names_is_refused(void **state)
{
    (void)state;
    REFUSED("GET / HTTP/1.1\r\nHost : localhost\r\n\r\n");
    REFUSED("GET / HTTP/1.1\r\n" H "A\t: b\r\n\r\n");
    REFUSED("GET / HTTP/1.1\r\n A: b\r\n" H "\r\n");
    REFUSED("GET / HTTP/1.1\r\n" H "A b: c\r\n\r\n");
    REFUSED("GET / HTTP/1.1\r\n" H ": c\r\n\r\n");
    REFUSED("GET / HTTP/1.1\r\n" H "\"A\": c\r\n\r\n");
}

static void a_line_without_colon_is_refused(void **state)
{
    (void)state;
    REFUSED("GET / HTTP/1.1\r\n" H "Content-Length\r\n\r\n");
}

static void folded_lines_are_refused(void **state)
{
    (void)state;
    REFUSED("GET / HTTP/1.1\r\n" H "A: b\r\n c\r\n\r\n");
    REFUSED("GET / HTTP/1.1\r\n" H "A: b\r\n\tc\r\nD: e\r\n\r\n");
    REFUSED("POST / HTTP/1.1\r\n" H "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n");
    REFUSED("POST / HTTP/1.1\r\n" H "Content-Length: 3\r\n 4\r\n\r\nabc");
}

static void nul_is_refused(void **state)
{
    (void)state;
    REFUSED("GET / HTTP/1.1\r\n" H "A: b\0c\r\n\r\n");
    REFUSED("GET / HTTP/1.1\r\n" H "A\0: b\r\n\r\n");
    REFUSED("GET /\0x HTTP/1.1\r\n" H "\r\n");
    REFUSED("GET / HTTP/1.1\r\n" H "A: b\n\0c: d\r\n\r\n");
    REFUSED("GET / HTTP/1.1\r\n" H "\0: b\r\n\r\n");
    REFUSED("GET /%00 HTTP/1.1\r\n" H "\r\n");
    REFUSED("GET /?a=%00 HTTP/1.1\r\n" H "\r\n");
}

/* Lines that the library takes for the header's end: what follows would be a request of its own. */
static void a_header_has_one_end(void **state)
{
    (void)state;
    REFUSED("GET / HTTP/1.1\r\n" H ":\nGET /file/x HTTP/1.1\r\n" H "\r\n");
    REFUSED("GET / HTTP/1.1\r\n" H ":\r\nGET /file/x HTTP/1.1\r\n" H "\r\n");
    REFUSED("GET / HTTP/1.1\r\n" H ": x\nGET /file/x HTTP/1.1\r\n" H "\r\n");
    REFUSED("GET / HTTP/1.1\r\n" H "\0\nGET /file/x HTTP/1.1\r\n" H "\r\n");
    REFUSED("GET / HTTP/1.1\r\n" H "\0x\r\nGET /file/x HTTP/1.1\r\n" H "\r\n");
    REFUSED("GET / HTTP/1.1\r\nHost: a\0\n\r\n");
    REFUSED("GET / HTTP/1.1\r\nHost: a\n\0\0\n");
}

/* And those that it skips before a request line. */
static void a_request_has_one_beginning(void **state)
{
    (void)state;
    REFUSED("\0\nGET / HTTP/1.1\r\n" H "\r\n");
    REFUSED("\0GET /file/x HTTP/1.1\r\nGET / HTTP/1.1\r\n" H "\r\n");
    REFUSED("\nGET / HTTP/1.1\r\n" H "\r\n");
    accepted("\r\n\r\nGET / HTTP/1.1\r\n" H "\r\n", "ran");
}

static void pipelined_bodies_end_where_they_say(void **state)
{
    (void)state;
    struct peer_reply r;
    int fd = peer_open();
    (void)peer_send(fd, "POST / HTTP/1.1\r\n" H "Content-Length: 5\r\n\r\nGET /\r\nGET /file/a HTTP/1.1\r\n" H "\r\n"
                        "POST / HTTP/1.1\r\n" H "Content-Length: 4\r\n\r\n\n\0\r\n");
    (void)peer_send_n(fd, "\0x", 2);
    peer_read(fd, &r, false);
    assert_int_equal(r.status, 200);
    peer_read(fd, &r, false);
    assert_string_equal(r.body, "a");
    (void)close(fd);
}

static void control_characters_in_values_are_refused(void **state)
{
    (void)state;
    REFUSED("GET / HTTP/1.1\r\n" H "A: b\x01\r\n\r\n");
    REFUSED("GET / HTTP/1.1\r\n" H "A: b\x7f\r\n\r\n");
}

static void odd_request_lines_are_refused(void **state)
{
    (void)state;
    REFUSED("GET  / HTTP/1.1\r\n" H "\r\n");
    REFUSED("GET / HTTP/1.1 \r\n" H "\r\n");
    REFUSED("GET\t/ HTTP/1.1\r\n" H "\r\n");
    REFUSED("G{}T / HTTP/1.1\r\n" H "\r\n");
    REFUSED("GET /\tx HTTP/1.1\r\n" H "\r\n");
    REFUSED("GET x HTTP/1.1\r\n" H "\r\n");
    REFUSED("GET / HTTP/1.1.1\r\n" H "\r\n");
    REFUSED("GET / http/1.1\r\n" H "\r\n");
    refused_n("GET / HTTP/2.0\r\n" H "\r\n", strlen("GET / HTTP/2.0\r\n" H "\r\n"), 505);
}

static void a_request_line_without_version_ends_the_connection(void **state)
{
    (void)state;
    REFUSED("GET /\r\n" H "\r\n");
}

static void ambiguous_paths_are_refused(void **state)
{
    (void)state;
    REFUSED("GET //evil.example/ HTTP/1.1\r\n" H "\r\n");
    REFUSED("GET /file/../x HTTP/1.1\r\n" H "\r\n");
    REFUSED("GET /file/%2e%2e/x HTTP/1.1\r\n" H "\r\n");
    REFUSED("GET /file/.%2E HTTP/1.1\r\n" H "\r\n");
    REFUSED("GET /./file HTTP/1.1\r\n" H "\r\n");
    REFUSED("GET /file/a%2fb HTTP/1.1\r\n" H "\r\n");
    REFUSED("GET /file/a%5cb HTTP/1.1\r\n" H "\r\n");
    REFUSED("GET /file/a\\b HTTP/1.1\r\n" H "\r\n");
    REFUSED("GET /file/a%zz HTTP/1.1\r\n" H "\r\n");
    REFUSED("GET /file/a%2 HTTP/1.1\r\n" H "\r\n");
    REFUSED("GET /file/a%0d%0ab HTTP/1.1\r\n" H "\r\n");
    REFUSED("GET /file/\xc3\xa9 HTTP/1.1\r\n" H "\r\n");
    REFUSED("GET /file/%ff HTTP/1.1\r\n" H "\r\n");
    REFUSED("GET /file/%c0%ae%c0%ae HTTP/1.1\r\n" H "\r\n");
    REFUSED("GET /file/a#b HTTP/1.1\r\n" H "\r\n");
    REFUSED("GET /?a=%zz HTTP/1.1\r\n" H "\r\n");
    REFUSED("GET /?a=%ff HTTP/1.1\r\n" H "\r\n");
}

/* "/rest/{name*}": base64 in a path has slashes, escaped by some and not by others. */
static void only_a_row_that_takes_the_rest_gets_slashes(void **state)
{
    (void)state;
    accepted("GET /rest/a%2Fb HTTP/1.1\r\n" H "\r\n", "a/b");
    accepted("GET /rest/a/b//c%2f%2Fd+e= HTTP/1.1\r\n" H "\r\n", "a/b//c//d+e=");
    accepted("GET /rest/a/ HTTP/1.1\r\n" H "\r\n", "a/");
    REFUSED("GET /rest/a/../b HTTP/1.1\r\n" H "\r\n");
    REFUSED("GET /rest/a/%2e%2e/b HTTP/1.1\r\n" H "\r\n");
    REFUSED("GET /rest/a%5cb HTTP/1.1\r\n" H "\r\n");
    REFUSED("GET /rest%2Fa HTTP/1.1\r\n" H "\r\n");
    REFUSED("GET /file/a%2fb/rest HTTP/1.1\r\n" H "\r\n");
}

static void a_segment_is_decoded_once(void **state)
{
    (void)state;
    accepted("GET /file/%C4%91%C6%A1n%20xin.pdf HTTP/1.1\r\n" H "\r\n", "\xc4\x91\xc6\xa1n xin.pdf");
    accepted("GET /file/a%252fb HTTP/1.1\r\n" H "\r\n", "a%2fb");
    accepted("GET /%66ile/a+b HTTP/1.1\r\n" H "\r\n", "a+b");
}

static void fields_that_come_once_are_refused_twice(void **state)
{
    (void)state;
    REFUSED("GET / HTTP/1.1\r\n" H "Authorization: Bearer a\r\nAuthorization: Bearer b\r\n\r\n");
    REFUSED("GET / HTTP/1.1\r\n" H "Idempotency-Key: a\r\nIdempotency-Key: b\r\n\r\n");
    REFUSED("POST / HTTP/1.1\r\n" H "Content-Type: a/b\r\ncontent-type: a/c\r\n\r\n");
}

static void fill(char *out, size_t cap, const char *before, size_t n, const char *after)
{
    size_t b = strlen(before), a = strlen(after);
    assert_true(b + n + a < cap);
    memcpy(out, before, b);
    memset(out + b, 'a', n);
    memcpy(out + b + n, after, a + 1);
}

static void headers_too_large_are_431(void **state)
{
    (void)state;
    static char raw[65536];
    static const size_t sizes[] = {12500, 16000, 20000, 24000};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        fill(raw, sizeof raw, "GET / HTTP/1.1\r\n" H "A: ", sizes[i], "\r\n\r\n");
        refused_n(raw, strlen(raw), 431);
    }
    fill(raw, sizeof raw, "GET / HTTP/1.1\r\n" H "A: ", 12000, "\r\n\r\n");
    accepted(raw, "ran");
}

static void headers_beyond_the_buffer_are_refused(void **state)
{
    (void)state;
    static char raw[65536];
    struct peer_reply r;
    bool closed;
    fill(raw, sizeof raw, "GET / HTTP/1.1\r\n" H "A: ", 60000, "\r\n\r\n");
    peer_ask_n(raw, strlen(raw), &r, &closed); /* the library answers this one itself, and may lose its answer to a reset */
    assert_true(r.status == 431 || r.status == 0);
    assert_true(closed);
}

static void too_many_headers_are_431(void **state)
{
    (void)state;
    static char raw[16384] = "GET / HTTP/1.1\r\n" H;
    size_t n = strlen(raw);
    for (int i = 0; i < 70; i++)
        n += (size_t)snprintf(raw + n, sizeof raw - n, "X-%d: y\r\n", i);
    (void)snprintf(raw + n, sizeof raw - n, "\r\n");
    refused_n(raw, strlen(raw), 431);
}

static void long_targets_are_414(void **state)
{
    (void)state;
    static char raw[16384];
    fill(raw, sizeof raw, "GET /?a=", 8300, " HTTP/1.1\r\n" H "\r\n");
    refused_n(raw, strlen(raw), 414);
}

static void nothing_behind_a_chunked_body_is_a_request(void **state)
{
    (void)state;
    struct peer_reply r;
    atomic_store(&runs, 0);
    int fd = peer_open();
    (void)peer_send(fd, "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\nGET / HTTP/1.1\r\n" H "\r\n");
    peer_read(fd, &r, false);
    assert_int_equal(r.status, 200);
    assert_true(peer_closed(fd));
    assert_int_equal(atomic_load(&runs), 1);
    (void)close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_requests_pass),
        cmocka_unit_test(a_header_in_pieces_passes),
        cmocka_unit_test(content_length_with_transfer_encoding_is_refused),
        cmocka_unit_test(two_content_lengths_are_refused),
        cmocka_unit_test(odd_content_lengths_are_refused),
        cmocka_unit_test(other_transfer_encodings_are_refused),
        cmocka_unit_test(host_must_come_once_and_be_a_host),
        cmocka_unit_test(bare_line_feeds_are_refused),
        cmocka_unit_test(bare_line_feeds_in_pieces_are_refused),
        cmocka_unit_test(bare_carriage_returns_are_refused),
        cmocka_unit_test(white_space_around_names_is_refused),
        cmocka_unit_test(a_line_without_colon_is_refused),
        cmocka_unit_test(folded_lines_are_refused),
        cmocka_unit_test(nul_is_refused),
        cmocka_unit_test(a_header_has_one_end),
        cmocka_unit_test(a_request_has_one_beginning),
        cmocka_unit_test(pipelined_bodies_end_where_they_say),
        cmocka_unit_test(control_characters_in_values_are_refused),
        cmocka_unit_test(odd_request_lines_are_refused),
        cmocka_unit_test(a_request_line_without_version_ends_the_connection),
        cmocka_unit_test(ambiguous_paths_are_refused),
        cmocka_unit_test(only_a_row_that_takes_the_rest_gets_slashes),
        cmocka_unit_test(a_segment_is_decoded_once),
        cmocka_unit_test(fields_that_come_once_are_refused_twice),
        cmocka_unit_test(headers_too_large_are_431),
        cmocka_unit_test(headers_beyond_the_buffer_are_refused),
        cmocka_unit_test(too_many_headers_are_431),
        cmocka_unit_test(long_targets_are_414),
        cmocka_unit_test(nothing_behind_a_chunked_body_is_a_request),
    };
    return cmocka_run_group_tests(tests, start, stop);
}

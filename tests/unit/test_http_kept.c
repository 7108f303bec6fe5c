/*
 * Replies that use what the connection's last one left behind, and requests that are answered together.
 * Whatever is reused, a reply is exactly what a connection of its own would have got.
 */
#include "http_peer.h"

#define LOT 8

/* --- replies --- */

static err_t on_say(struct http_req *r)
{
    const char *what = http_query(r, "what"), *type = http_query(r, "type"), *said = http_query(r, "said"), *more = http_query(r, "more");
    const char *created = http_query(r, "created"), *form = http_query(r, "form"), *name = http_query(r, "name");
    AUTO_BUF body = {0};
    TRY(buf_add_str(&body, what == NULL ? "nothing" : what));
    http_reply(r, created == NULL ? 200 : 201, type == NULL ? "text/plain" : type, &body);
    if (said != NULL)
        http_reply_header(r, name == NULL ? "X-Said" : name, said);
    if (more != NULL)
        http_reply_header(r, "X-Said", more);
    if (form != NULL)
        http_reply_form_action(r, form);
    return OK;
}

/* As long as a redirect with every parameter at its limit. */
static err_t on_long_redirect(struct http_req *r)
{
    static char url[7000];
    (void)snprintf(url, sizeof url, "/next?state=%0*d", (int)sizeof url - 64, 7);
    http_reply_redirect(r, 303, url);
    return OK;
}

/* --- together --- */

static _Atomic int lots;

static err_t on_wait(struct http_req *r)
{
    (void)r;
    return ERR_TOGETHER;
}

/* The first lot takes so long that all others are one. */
static void wait_together(struct http_req *const *r, err_t *e, size_t n)
{
    int lot = atomic_fetch_add(&lots, 1);
    peer_nap(lot == 0 ? 300 : 100);
    for (size_t i = 0; i < n; i++) {
        AUTO_BUF body = {0};
        e[i] = buf_add_str(&body, http_query(r[i], "what"));
        http_reply(r[i], 200, "text/plain", &body);
    }
}

static const struct http_route routes[] = {
    {.method = "GET", .path = "/say", .handler = on_say, .fail = http_fail_problem, .inline_ok = true},
    {.method = "GET", .path = "/other", .handler = on_say, .fail = http_fail_problem, .inline_ok = true},
    {.method = "GET", .path = "/long-redirect", .handler = on_long_redirect, .fail = http_fail_problem},
    {.method = "GET", .path = "/wait", .handler = on_wait, .together = wait_together, .fail = http_fail_problem, .inline_first = true},
    {0},
};

static int start(void **state)
{
    struct http_conf c = {.listen = "127.0.0.1:0",
                          .threads = 2,
                          .workers = 2,
                          .queue_max = 64,
                          .connections_max = 64,
                          .header_ms = 5000,
                          .body_ms = 5000,
                          .routes = routes};
    (void)state;
    peer_start(&c);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    http_close(&peer_server);
    return 0;
}

static void ask_on(int fd, const char *target)
{
    char raw[512];
    (void)snprintf(raw, sizeof raw, "GET %s HTTP/1.1\r\nHost: a\r\n\r\n", target);
    assert_true(peer_send(fd, raw));
}

/* Header fields in the library's order, which reuse may change, without those that differ in any two replies. */
static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static size_t fields_of(char *head, const char *line[64])
{
    size_t n = 0;
    for (char *at = strtok(head, "\r\n"); at != NULL && n < 64; at = strtok(NULL, "\r\n"))
        if (strncmp(at, "Date:", 5) != 0 && strncmp(at, "X-Request-Id:", 13) != 0)
            line[n++] = at;
    qsort(line, n, sizeof *line, by_text);
    return n;
}

static void assert_alike(struct peer_reply *a, struct peer_reply *b)
{
    const char *in_a[64], *in_b[64];
    if (a->status < 400) /* a problem names its request */
        assert_string_equal(a->body, b->body);
    size_t n = fields_of(a->head, in_a);
    assert_int_equal(n, fields_of(b->head, in_b));
    for (size_t i = 0; i < n; i++)
        assert_string_equal(in_a[i], in_b[i]);
}

static void a_reply_is_what_a_fresh_connection_would_get(void **state)
{
    static const char *const targets[] = {
        "/say?what=aaaa",
        "/say?what=bbbb",               /* reused */
        "/say?what=cccc&type=text/css", /* another type */
        "/say?what=dddd&type=text/css",
        "/say?what=eeeee&type=text/css", /* another length */
        "/say?what=ffff&said=1",
        "/say?what=gggg&said=1",
        "/say?what=hhhh&said=2",              /* another value */
        "/say?what=hhhi&said=2&name=X-Other", /* another field; and one that every reply has */
        "/say?what=hhhj&said=no-store&name=Cache-Control",
        "/say?what=iiii", /* none */
        "/say?what=jjjj&said=1&more=2",
        "/say?what=kkkk&said=1&more=1",
        "/say?what=llll&created=1",
        "/say?what=mmmm",
        "/other?what=nnnn",
        "/say?what=oooo&form=https://a.example",
        "/say?what=pppp",
        "/say?what=qqqq",
        "/nowhere",
        "/say?what=rrrr",
    };
    static struct peer_reply mine, fresh;
    (void)state;
    int fd = peer_open();
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
        ask_on(fd, targets[i]);
        peer_read(fd, &mine, false);
        int other = peer_open();
        ask_on(other, targets[i]);
        peer_read(other, &fresh, false);
        (void)close(other);
        assert_true(mine.status == fresh.status && mine.status != 0);
        assert_alike(&mine, &fresh);
    }
    (void)close(fd);
}

static void each_reply_has_its_own_request_id(void **state)
{
    static struct peer_reply r;
    char before[64] = "";
    (void)state;
    int fd = peer_open();
    for (int i = 0; i < 4; i++) {
        ask_on(fd, "/say?what=same");
        peer_read(fd, &r, false);
        const char *id = peer_header(&r, "X-Request-Id");
        assert_non_null(id);
        assert_string_not_equal(id, before);
        (void)snprintf(before, sizeof before, "%s", id);
    }
    (void)close(fd);
}

static void pipelined_requests_get_their_own_bodies(void **state)
{
    static struct peer_reply r;
    char raw[4096] = "", want[8];
    (void)state;
    int fd = peer_open();
    for (int i = 0; i < 20; i++)
        (void)snprintf(raw + strlen(raw), sizeof raw - strlen(raw), "GET /say?what=%04d HTTP/1.1\r\nHost: a\r\n\r\n", i);
    assert_true(peer_send(fd, raw));
    for (int i = 0; i < 20; i++) {
        peer_read(fd, &r, false);
        (void)snprintf(want, sizeof want, "%04d", i);
        assert_string_equal(r.body, want);
    }
    (void)close(fd);
}

/* The library has one room for a connection: the largest request of the most fields still leaves enough for the longest reply. */
static void the_largest_request_gets_the_longest_reply(void **state)
{
    static char raw[16384];
    static struct peer_reply r;
    (void)state;
    size_t n = (size_t)snprintf(raw, sizeof raw, "GET /long-redirect?%0*d HTTP/1.1\r\nHost: a\r\n", 8000, 7);
    for (int i = 0; i < 62; i++)
        n += (size_t)snprintf(raw + n, sizeof raw - n, "X-%02d: %0*d\r\n", i, 58, i);
    (void)snprintf(raw + n, sizeof raw - n, "\r\n");
    peer_ask(raw, &r);
    assert_int_equal(r.status, 303);
    assert_true(strlen(r.head) > 6900);
    assert_non_null(strstr(r.head, "Permissions-Policy"));
}

/* --- together --- */

static void wait_for_all(bool first_leaves, bool others_leave)
{
    static struct peer_reply r;
    char target[64], want[16];
    int fd[2 * LOT];
    atomic_store(&lots, 0);
    int first = peer_open();
    ask_on(first, "/wait?what=first");
    peer_nap(100);
    for (int i = 0; i < 2 * LOT; i++) {
        fd[i] = peer_open();
        (void)snprintf(target, sizeof target, "/wait?what=%d", i);
        ask_on(fd[i], target);
    }
    peer_nap(100);
    if (first_leaves)
        (void)close(fd[0]);
    for (int i = 1; others_leave && i < 2 * LOT; i += 3)
        (void)close(fd[i]);
    peer_read(first, &r, false);
    assert_string_equal(r.body, "first");
    (void)close(first);
    for (int i = 0; i < 2 * LOT; i++) {
        if ((first_leaves && i == 0) || (others_leave && i % 3 == 1))
            continue;
        peer_read(fd[i], &r, false);
        (void)snprintf(want, sizeof want, "%d", i);
        assert_string_equal(r.body, want);
        (void)close(fd[i]);
    }
    assert_true(atomic_load(&lots) <= 3);
}

static void all_of_a_lot_are_answered(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++)
        wait_for_all(false, false);
}

static void who_leaves_a_lot_takes_nobody_along(void **state)
{
    (void)state;
    wait_for_all(true, false);
    wait_for_all(false, true);
    wait_for_all(true, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reply_is_what_a_fresh_connection_would_get),
        cmocka_unit_test(each_reply_has_its_own_request_id),
        cmocka_unit_test(pipelined_requests_get_their_own_bodies),
        cmocka_unit_test(the_largest_request_gets_the_longest_reply),
        cmocka_unit_test(all_of_a_lot_are_answered),
        cmocka_unit_test(who_leaves_a_lot_takes_nobody_along),
    };
    secret_init();
    return cmocka_run_group_tests(tests, start, stop);
}

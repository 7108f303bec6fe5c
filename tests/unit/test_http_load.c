/*
 * The server under load and at its end: busy workers, crowds, descriptors that run out, the graceful stop.
 * RFC 9110 §10.2.3 (Retry-After), §15.6.4.
 */
#include "http_peer.h"
#include <dirent.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/un.h>

#define WORKERS 2
#define QUEUE 4
#define CONNECTIONS 40

static _Atomic int running, ended;

static err_t on_quick(struct http_req *r)
{
    AUTO_BUF b = {0};
    TRY(buf_add_str(&b, "quick"));
    http_reply(r, 200, "text/plain", &b);
    return OK;
}

static err_t on_slow(struct http_req *r)
{
    atomic_fetch_add(&running, 1);
    peer_nap(800);
    atomic_fetch_sub(&running, 1);
    atomic_fetch_add(&ended, 1);
    return on_quick(r);
}

static const struct http_route routes[] = {
    {.method = "GET", .path = "/inline", .handler = on_quick, .fail = http_fail_problem, .inline_ok = true},
    {.method = "GET", .path = "/quick", .handler = on_quick, .fail = http_fail_problem},
    {.method = "GET", .path = "/slow", .handler = on_slow, .fail = http_fail_problem},
    {0},
};

static struct http_conf conf(const char *listen)
{
    return (struct http_conf){.listen = listen,
                              .threads = 2,
                              .workers = WORKERS,
                              .queue_max = QUEUE,
                              .connections_max = CONNECTIONS,
                              .header_ms = 1000,
                              .body_ms = 1000,
                              .routes = routes};
}

static int start(void **state)
{
    (void)state;
    struct http_conf c = conf("127.0.0.1:0");
    atomic_store(&ended, 0);
    peer_start(&c);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    http_close(&peer_server);
    return 0;
}

static void wait_for(_Atomic int *what, int value)
{
    for (int i = 0; i < 500 && atomic_load(what) != value; i++)
        peer_nap(10);
    assert_int_equal(atomic_load(what), value);
}

#define ASK(path) "GET " path " HTTP/1.1\r\nHost: a\r\n\r\n"

static void busy_workers_are_503_with_retry_after(void **state)
{
    (void)state;
    int fd[QUEUE];
    struct peer_reply r;
    for (int i = 0; i < QUEUE; i++) {
        fd[i] = peer_open();
        (void)peer_send(fd[i], ASK("/slow"));
    }
    wait_for(&running, WORKERS);
    peer_nap(50); /* the other two are queued */
    peer_ask(ASK("/quick"), &r);
    assert_int_equal(r.status, 503);
    assert_non_null(peer_header(&r, "Retry-After"));
    peer_ask(ASK("/inline"), &r); /* the HTTP threads are free */
    assert_int_equal(r.status, 200);
    for (int i = 0; i < QUEUE; i++) { /* what was accepted is answered */
        peer_read(fd[i], &r, false);
        assert_int_equal(r.status, 200);
        (void)close(fd[i]);
    }
    peer_ask(ASK("/quick"), &r);
    assert_int_equal(r.status, 200);
}

static void a_client_that_leaves_does_not_disturb_its_handler(void **state)
{
    (void)state;
    struct peer_reply r;
    int fd = peer_open();
    (void)peer_send(fd, ASK("/slow"));
    wait_for(&running, 1);
    struct linger hard = {.l_onoff = 1};
    (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard); /* a reset, not a polite close */
    (void)close(fd);
    wait_for(&ended, 1);
    peer_ask(ASK("/quick"), &r);
    assert_int_equal(r.status, 200);
}

static void silent_connections_make_room_in_a_crowd(void **state)
{
    (void)state;
    int fd[CONNECTIONS];
    struct peer_reply r;
    for (int i = 0; i < CONNECTIONS; i++) { /* all that there are, each idle after a request */
        fd[i] = peer_open();
        (void)peer_send(fd[i], ASK("/inline"));
        if (i < CONNECTIONS / 2) {
            peer_read(fd[i], &r, false);
            assert_int_equal(r.status, 200);
        }
    }
    int64_t from = clock_mono_us();
    peer_ask(ASK("/quick"), &r);
    assert_int_equal(r.status, 200);
    assert_true(clock_mono_us() - from < 4000000);
    for (int i = 0; i < CONNECTIONS; i++)
        (void)close(fd[i]);
}

static int open_files(void)
{
    int n = 0;
    DIR *d = opendir("/proc/self/fd");
    while (d != NULL && readdir(d) != NULL)
        n++;
    if (d != NULL)
        (void)closedir(d);
    return n;
}

static void no_descriptor_is_left_behind(void **state)
{
    (void)state;
    struct peer_reply r;
    peer_ask(ASK("/quick"), &r);
    peer_nap(100);
    int before = open_files();
    for (int i = 0; i < 100; i++) {
        peer_ask(i % 2 == 0 ? ASK("/quick") : "GET / HTTP/1.1\r\n\r\n", &r);
        int fd = peer_open();
        (void)peer_send(fd, "PUT /quick HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\nabc"); /* one that lingers */
        peer_read(fd, &r, false);
        (void)close(fd);
    }
    peer_nap(500);
    assert_true(open_files() <= before + 2);
}

static void a_stop_lets_running_requests_end(void **state)
{
    (void)state;
    struct peer_reply r;
    struct http_conf c = conf("127.0.0.1:0");
    atomic_store(&ended, 0);
    peer_start(&c);
    int idle = peer_open(), slow = peer_open();
    (void)peer_send(idle, ASK("/inline"));
    peer_read(idle, &r, false);
    (void)peer_send(slow, ASK("/slow"));
    wait_for(&running, 1);
    int64_t from = clock_mono_us();
    http_close(&peer_server);
    assert_int_equal(atomic_load(&ended), 1);
    assert_true(clock_mono_us() - from < 3000000);
    peer_read(slow, &r, false);
    assert_int_equal(r.status, 200);
    assert_string_equal(r.body, "quick");
    assert_true(peer_closed(idle));
    (void)close(idle);
    (void)close(slow);
}

static void servers_open_and_close_again_and_again(void **state)
{
    (void)state;
    struct peer_reply r;
    struct http_conf c = conf("127.0.0.1:0");
    for (int i = 0; i < 10; i++) {
        peer_start(&c);
        peer_ask(ASK("/quick"), &r);
        assert_int_equal(r.status, 200);
        http_close(&peer_server);
    }
}

static void few_descriptors_lower_the_connections(void **state)
{
    (void)state;
    struct rlimit old, low;
    struct http_server *s = NULL;
    struct http_conf c = conf("127.0.0.1:0");
    c.connections_max = 1000;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
    low = (struct rlimit){.rlim_cur = 200, .rlim_max = old.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
    assert_int_equal(http_open(&c, &s), OK); /* the limit rises where it may */
    struct rlimit now;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &now), 0);
    assert_true(now.rlim_cur > 2000);
    http_close(&s);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
}

static void a_unix_socket_works_and_is_removed(void **state)
{
    (void)state;
    char dir[] = "/tmp/antin-test-http-XXXXXX", where[128];
    struct http_server *s = NULL;
    struct peer_reply r;
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    struct stat st;
    assert_non_null(mkdtemp(dir));
    (void)snprintf(where, sizeof where, "unix:%s/http", dir);
    (void)snprintf(a.sun_path, sizeof a.sun_path, "%s/http", dir);
    int stale = socket(AF_UNIX, SOCK_STREAM, 0); /* what a crash leaves */
    assert_int_equal(bind(stale, (struct sockaddr *)&a, sizeof a), 0);
    (void)close(stale);
    struct http_conf c = conf(where);
    assert_int_equal(http_open(&c, &s), OK);
    assert_int_equal(stat(a.sun_path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0660);
    struct http_server *second = NULL;
    assert_int_equal(http_open(&c, &second), ERR_IO); /* a running server's socket is not taken away */
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
    (void)peer_send(fd, ASK("/quick"));
    peer_read(fd, &r, false);
    assert_int_equal(r.status, 200);
    (void)close(fd);
    http_close(&s);
    assert_int_equal(rmdir(dir), 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, start, stop)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(busy_workers_are_503_with_retry_after),
        T(a_client_that_leaves_does_not_disturb_its_handler),
        T(silent_connections_make_room_in_a_crowd),
        T(no_descriptor_is_left_behind),
        cmocka_unit_test(a_stop_lets_running_requests_end),
        cmocka_unit_test(servers_open_and_close_again_and_again),
        cmocka_unit_test(few_descriptors_lower_the_connections),
        cmocka_unit_test(a_unix_socket_works_and_is_removed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

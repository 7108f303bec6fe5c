/*
 * The one way out: what it fetches, and all that it does not.
 * RFC 6454, RFC 7617.
 */
#include "common/fetch.h"
#include "common/fetch_address.h"
#include "http_peer.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>

static _Atomic int runs;

static err_t say(struct http_req *r, int status, const char *text)
{
    AUTO_BUF b = {0};
    atomic_fetch_add(&runs, 1);
    TRY(buf_add_str(&b, text));
    http_reply(r, status, "Text/Plain; charset=utf-8", &b);
    return OK;
}

static err_t on_get(struct http_req *r)
{
    AUTO_BUF b = {0};
    const char *auth = http_header(r, "Authorization"), *accept = http_header(r, "Accept");
    TRY(buf_addf(&b, "%s|%s|%s", http_method(r), auth == NULL ? "-" : auth, accept == NULL ? "-" : accept));
    return say(r, 200, buf_str(&b));
}

static err_t on_post(struct http_req *r)
{
    AUTO_BUF b = {0};
    const char *auth = http_header(r, "Authorization");
    TRY(buf_addf(&b, "%s|%s", http_field(r, "a"), auth == NULL ? "-" : auth));
    return say(r, 201, buf_str(&b));
}

static err_t on_redirect(struct http_req *r)
{
    atomic_fetch_add(&runs, 1);
    http_reply_redirect(r, 302, "/get");
    return OK;
}

static err_t on_large(struct http_req *r)
{
    AUTO_BUF b = {0};
    TRY(buf_reserve(&b, 20000));
    memset(b.ptr, 'x', 20000);
    b.len = 20000;
    http_reply(r, 200, "text/plain", &b);
    return OK;
}

static err_t on_slow(struct http_req *r)
{
    peer_nap(2500);
    return say(r, 200, "late");
}

static err_t on_missing(struct http_req *r)
{
    (void)r;
    return ERR_NOT_FOUND;
}

static const struct http_route routes[] = {
    {.method = "GET", .path = "/get", .handler = on_get, .fail = http_fail_problem},
    {.method = "POST", .path = "/post", .handler = on_post, .fail = http_fail_problem, .body = HTTP_FORM, .body_max = 100},
    {.method = "GET", .path = "/redirect", .handler = on_redirect, .fail = http_fail_problem},
    {.method = "GET", .path = "/large", .handler = on_large, .fail = http_fail_problem},
    {.method = "GET", .path = "/slow", .handler = on_slow, .fail = http_fail_problem},
    {.method = "GET", .path = "/missing", .handler = on_missing, .fail = http_fail_problem},
    {0},
};

static char origin[64], origin2[64], dead[64];
static struct fetch *fetch;

static int start(void **state)
{
    (void)state;
    peer_start(&(struct http_conf){.listen = "127.0.0.1:0",
                                   .threads = 1,
                                   .workers = 4,
                                   .queue_max = 64,
                                   .connections_max = 64,
                                   .header_ms = 2000,
                                   .body_ms = 2000,
                                   .routes = routes});
    (void)snprintf(origin, sizeof origin, "http://127.0.0.1:%u", http_port(peer_server));
    (void)snprintf(origin2, sizeof origin2, "http://localhost:%u", http_port(peer_server));
    (void)snprintf(dead, sizeof dead, "http://127.0.0.1:1");
    const char *const origins[] = {origin, dead, NULL};
    assert_int_equal(fetch_open(&(struct fetch_conf){.origins = origins, .total_ms = 1500, .body_max = 10000}, &fetch), OK);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    fetch_close(&fetch);
    assert_null(fetch);
    http_close(&peer_server);
    return 0;
}

static int reset(void **state)
{
    (void)state;
    atomic_store(&runs, 0);
    return 0;
}

static err_t get(const char *base, const char *path, struct fetch_reply *out)
{
    char url[256];
    (void)snprintf(url, sizeof url, "%s%s", base, path);
    return fetch_run(fetch, &(struct fetch_request){.url = url, .accept = "application/json"}, out);
}

static void a_page_is_fetched(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++) {
        AUTO_FETCH_REPLY r = {0};
        assert_int_equal(get(origin, "/get", &r), OK);
        assert_int_equal(r.status, 200);
        assert_string_equal(r.content_type, "text/plain");
        assert_string_equal(buf_str(&r.body), "GET|-|application/json");
    }
    AUTO_FETCH_REPLY r = {0};
    assert_int_equal(get(origin, "/missing", &r), OK);
    assert_int_equal(r.status, 404);
    assert_string_equal(r.content_type, "application/problem+json");
}

static void a_form_is_posted_with_basic_authentication(void **state)
{
    (void)state;
    char url[128];
    AUTO_FETCH_REPLY r = {0};
    (void)snprintf(url, sizeof url, "%s/post", origin);
    assert_int_equal(fetch_run(fetch,
                               &(struct fetch_request){.url = url,
                                                       .body = BYTES_STR("a=1"),
                                                       .user = "me",
                                                       .password = "secret",
                                                       .content_type = "application/x-www-form-urlencoded"},
                               &r),
                     OK);
    assert_int_equal(r.status, 201);
    assert_string_equal(buf_str(&r.body), "1|Basic bWU6c2VjcmV0");
    fetch_reply_free(&r);
    assert_int_equal(fetch_run(fetch, &(struct fetch_request){.url = url, .content_type = "application/x-www-form-urlencoded"}, &r), OK);
    assert_string_equal(buf_str(&r.body), "(null)|-"); /* the handle that had the password has forgotten it */
}

static void a_bearer_token_is_sent_and_cannot_split_a_header(void **state)
{
    (void)state;
    char url[128];
    AUTO_FETCH_REPLY r = {0};
    (void)snprintf(url, sizeof url, "%s/get", origin);
    assert_int_equal(fetch_run(fetch, &(struct fetch_request){.url = url, .bearer = "tok"}, &r), OK);
    assert_string_equal(buf_str(&r.body), "GET|Bearer tok|*/*");
    fetch_reply_free(&r);
    assert_int_equal(fetch_run(fetch, &(struct fetch_request){.url = url, .bearer = "tok\r\nX: y"}, &r), ERR_FORBIDDEN);
    assert_null(r.body.ptr);
}

static void redirects_are_not_followed(void **state)
{
    (void)state;
    AUTO_FETCH_REPLY r = {0};
    assert_int_equal(get(origin, "/redirect", &r), OK);
    assert_int_equal(r.status, 302);
    assert_int_equal(atomic_load(&runs), 1);
}

static void other_origins_are_refused(void **state)
{
    (void)state;
    char at[128], longer[128], upper[128], slashes[128];
    (void)snprintf(at, sizeof at, "%s@127.0.0.1:%u", origin, http_port(peer_server));
    (void)snprintf(longer, sizeof longer, "%s.evil.example", origin);
    (void)snprintf(upper, sizeof upper, "HTTP%s", origin + 4);
    (void)snprintf(slashes, sizeof slashes, "%s\\@evil.example", origin);
    const char *const bad[] = {
        origin2, at, longer, upper, slashes, "https://example.org", "file:///etc", "", "//x", "gopher://127.0.0.1:1"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        AUTO_FETCH_REPLY r = {0};
        assert_int_equal(get(bad[i], "/get", &r), ERR_FORBIDDEN);
    }
    static const char *const paths[] = {"", "?x", "#/get", "/get#x", "/get x", "/get\r\nX: y", "/\xc4\x91", "x/get"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        AUTO_FETCH_REPLY r = {0};
        assert_int_equal(get(origin, paths[i], &r), ERR_FORBIDDEN);
    }
    assert_int_equal(atomic_load(&runs), 0);
}

static bool public_text(const char *text)
{
    struct sockaddr_in a4 = {.sin_family = AF_INET};
    struct sockaddr_in6 a6 = {.sin6_family = AF_INET6};
    if (inet_pton(AF_INET, text, &a4.sin_addr) == 1)
        return fetch_address_public((const struct sockaddr *)&a4);
    assert_int_equal(inet_pton(AF_INET6, text, &a6.sin6_addr), 1);
    return fetch_address_public((const struct sockaddr *)&a6);
}

static void addresses_of_our_own_network_are_known(void **state)
{
    static const char *const ours[] = {"127.0.0.1",       "127.255.0.1",     "10.1.2.3",      "172.16.0.1",    "172.31.255.255",
                                       "192.168.0.1",     "169.254.169.254", "100.64.0.1",    "0.0.0.0",       "224.0.0.1",
                                       "255.255.255.255", "198.18.0.1",      "192.0.2.1",     "::1",           "::",
                                       "fe80::1",         "fc00::1",         "fd12::1",       "ff02::1",       "::ffff:127.0.0.1",
                                       "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "2002:c0a8:1::", "2001:db8::1",
                                       "2001::1",         "4000::1"},
                             *const theirs[] = {"1.1.1.1",         "172.32.0.1",   "11.0.0.1",       "100.128.0.1",   "203.162.4.190",
                                                "2606:4700::1111", "2405:4800::1", "::ffff:1.1.1.1", "2002:101:101::"};
    (void)state;
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        if (public_text(ours[i]))
            fail_msg("%s", ours[i]);
    for (size_t i = 0; i < sizeof theirs / sizeof *theirs; i++)
        if (!public_text(theirs[i]))
            fail_msg("%s", theirs[i]);
}

/* A listed name, or one that anybody wrote into a certificate, that leads back into our own network: by other ways to write the address. */
static void names_that_lead_into_our_own_network_are_refused(void **state)
{
    static const char *const hosts[] = {"127.1", "2130706433", "0x7f000001", "0177.0.0.1"};
    (void)state;
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        char there[64];
        (void)snprintf(there, sizeof there, "http://%s:%u", hosts[i], http_port(peer_server));
        for (int way = 0; way < 3; way++) { /* listed; anything; allowed */
            const char *const origins[] = {there, NULL};
            struct fetch *f = NULL;
            AUTO_FETCH_REPLY r = {0};
            AUTO_BUF url = {0};
            assert_int_equal(
                fetch_open(
                    &(struct fetch_conf){
                        .origins = origins, .total_ms = 1500, .body_max = 1000, .any_origin = way == 1, .private_addresses = way == 2},
                    &f),
                OK);
            assert_int_equal(buf_addf(&url, "%s/get", there), OK);
            assert_int_equal(fetch_run(f, &(struct fetch_request){.url = buf_str(&url)}, &r), way == 2 ? OK : ERR_FORBIDDEN);
            fetch_close(&f);
        }
    }
    struct fetch *f = NULL;
    AUTO_FETCH_REPLY r = {0};
    AUTO_BUF url = {0};
    assert_int_equal(buf_addf(&url, "%s/get", origin), OK);
    assert_int_equal(fetch_open(&(struct fetch_conf){.total_ms = 1500, .body_max = 1000, .any_origin = true}, &f), OK);
    assert_int_equal(fetch_run(f, &(struct fetch_request){.url = buf_str(&url)}, &r),
                     ERR_FORBIDDEN); /* an address is no licence for strangers */
    fetch_close(&f);
    assert_int_equal(atomic_load(&runs), 4);
}

static void what_is_no_origin_is_refused_at_start(void **state)
{
    (void)state;
    static const char *const bad[] = {"http://a/", "http://a/b", "ftp://a", "localhost:8400", "http://", "http://u@a", "http://a b"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct fetch *f = NULL;
        const char *const origins[] = {bad[i], NULL};
        assert_int_equal(fetch_open(&(struct fetch_conf){.origins = origins, .total_ms = 500, .body_max = 10}, &f), ERR_CONFIG);
        assert_null(f);
    }
}

static void a_long_answer_is_cut(void **state)
{
    (void)state;
    AUTO_FETCH_REPLY r = {0};
    assert_int_equal(get(origin, "/large", &r), ERR_TOO_LARGE);
    assert_null(r.body.ptr);
    assert_int_equal(get(origin, "/get", &r), OK);
}

static void a_slow_answer_is_given_up(void **state)
{
    (void)state;
    AUTO_FETCH_REPLY r = {0};
    int64_t from = clock_mono_us();
    assert_int_equal(get(origin, "/slow", &r), ERR_TIMEOUT);
    assert_true(clock_mono_us() - from < 2400000);
}

static void a_dead_server_is_an_io_error(void **state)
{
    (void)state;
    AUTO_FETCH_REPLY r = {0};
    assert_int_equal(get(dead, "/get", &r), ERR_IO);
}

static void a_proxy_in_the_environment_is_not_used(void **state)
{
    (void)state;
    AUTO_FETCH_REPLY r = {0};
    (void)setenv("http_proxy", "http://127.0.0.1:1", 1);
    assert_int_equal(get(origin, "/get", &r), OK);
    (void)unsetenv("http_proxy");
    assert_int_equal(r.status, 200);
}

static void *many(void *arg)
{
    (void)arg;
    for (int i = 0; i < 30; i++) {
        AUTO_FETCH_REPLY r = {0};
        if (get(origin, "/get", &r) != OK || r.status != 200)
            return (void *)1;
    }
    return NULL;
}

static void threads_share_it(void **state)
{
    (void)state;
    pthread_t t[6];
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(pthread_create(&t[i], NULL, many, NULL), 0);
    for (size_t i = 0; i < 6; i++) {
        void *failed = NULL;
        assert_int_equal(pthread_join(t[i], &failed), 0);
        assert_null(failed);
    }
    assert_int_equal(atomic_load(&runs), 180);
}

#define T(f) cmocka_unit_test_setup(f, reset)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_page_is_fetched),
        T(a_form_is_posted_with_basic_authentication),
        T(a_bearer_token_is_sent_and_cannot_split_a_header),
        T(redirects_are_not_followed),
        T(other_origins_are_refused),
        T(addresses_of_our_own_network_are_known),
        T(names_that_lead_into_our_own_network_are_refused),
        T(what_is_no_origin_is_refused_at_start),
        T(a_long_answer_is_cut),
        T(a_slow_answer_is_given_up),
        T(a_dead_server_is_an_io_error),
        T(a_proxy_in_the_environment_is_not_used),
        T(threads_share_it),
    };
    return cmocka_run_group_tests(tests, start, stop);
}

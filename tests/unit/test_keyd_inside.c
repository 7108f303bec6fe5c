/*
 * Parts of keyd by themselves: the memory of nonces and PINs over time and at its bounds, and the system call filter.
 * certs/keyd/PROTOCOL.md ("Processes", "The activation nonce").
 */
#include "certs/keyd/keyd.h"
#include "common/log.h"
#include "tests/unit/keydproc.h"
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>

/* --- nonces --- */

static void nonce(unsigned i, uint8_t out[32])
{
    memset(out, 0, 32);
    memcpy(out, &i, sizeof i);
}

static void a_nonce_is_used_once_until_it_expires(void **state)
{
    (void)state;
    struct nonces *n = NULL;
    uint8_t id[32];
    assert_ok(nonces_new(8, &n));
    nonce(1, id);
    assert_false(nonces_seen(n, id, 100));
    assert_ok(nonces_use(n, id, 200, 100));
    assert_true(nonces_seen(n, id, 199));
    assert_err(nonces_use(n, id, 200, 199), ERR_KEY_ACTIVATION);
    assert_false(nonces_seen(n, id, 200)); /* then the activation itself is refused as expired */
    nonces_free(&n);
    nonces_free(&n);
}

static void a_full_memory_refuses_rather_than_forgets(void **state)
{
    (void)state;
    struct nonces *n = NULL;
    uint8_t id[32];
    assert_ok(nonces_new(64, &n));
    for (unsigned i = 0; i < 64; i++) {
        nonce(i, id);
        assert_ok(nonces_use(n, id, i < 32 ? 150 : 1000, 100));
    }
    nonce(64, id);
    assert_err(nonces_use(n, id, 1000, 149), ERR_BUSY);
    for (unsigned i = 0; i < 64; i++) {
        nonce(i, id);
        assert_true(nonces_seen(n, id, 149));
    }
    for (unsigned i = 100; i < 132; i++) { /* half of them have ended: their room is free again, and only that */
        nonce(i, id);
        assert_ok(nonces_use(n, id, 1000, 150));
    }
    nonce(200, id);
    assert_err(nonces_use(n, id, 1000, 150), ERR_BUSY);
    nonce(40, id);
    assert_true(nonces_seen(n, id, 150));
    nonces_free(&n);
}

/* --- PINs --- */

#define CRED "00000000-0000-4000-8000-00000000000"

static void five_tries_lock_until_the_time_is_over(void **state)
{
    (void)state;
    struct pins *p = NULL;
    assert_ok(pins_new(16, 5, 900, &p));
    for (int i = 0; i < 5; i++)
        assert_ok(pins_try(p, CRED "1", 1000 + i));
    for (int64_t t = 1005; t < 1904; t += 29)
        assert_err(pins_try(p, CRED "1", t), ERR_KEY_LOCKED); /* and knocking does not lengthen it */
    assert_ok(pins_try(p, CRED "2", 1005));
    assert_ok(pins_try(p, CRED "1", 1904));
    pins_free(&p);
}

static void the_right_pin_starts_the_count_anew(void **state)
{
    (void)state;
    struct pins *p = NULL;
    assert_ok(pins_new(16, 5, 900, &p));
    for (int round = 0; round < 4; round++) {
        for (int i = 0; i < 5; i++)
            assert_ok(pins_try(p, CRED "1", 1000));
        pins_right(p, CRED "1"); /* it was the fifth */
    }
    pins_right(p, CRED "9"); /* one that nobody tried */
    pins_free(&p);
}

static void a_full_count_of_pins_refuses_new_ones(void **state)
{
    (void)state;
    struct pins *p = NULL;
    assert_ok(pins_new(2, 5, 900, &p));
    assert_ok(pins_try(p, CRED "1", 1000));
    assert_ok(pins_try(p, CRED "2", 1000));
    assert_err(pins_try(p, CRED "3", 1000), ERR_BUSY);
    assert_ok(pins_try(p, CRED "1", 1000));
    assert_ok(pins_try(p, CRED "3", 2000));
    pins_free(&p);
}

/* --- keys and time, in this process --- */

static struct proc made; /* its folder: there is no process */
static struct keyd keyd;
static struct worker *worker;

static int prepare(void **state)
{
    (void)state;
    ceremony(&made);
    write_conf(&made, ALL, "");
    assert_ok(keyd_prepare(in_dir(&made, "keyd.conf"), &keyd, stderr));
    keyd.ts_offset_us = clock_now_us() - clock_mono_us();
    assert_ok(worker_new(&keyd, &worker));
    return 0;
}

static int clean(void **state)
{
    (void)state;
    worker_free(&worker);
    keyd_free(&keyd);
    proc_end(&made);
    return 0;
}

static enum keyw_status stamp(void)
{
    struct conn c = {.allowed = GROUP_BIT(KEY_TSA)};
    memset(&worker->q, 0, sizeof worker->q);
    worker->q.head = (struct keyw_head){.version = KEYW_VERSION, .op = KEYW_TIMESTAMP};
    return op_perform(worker, &c);
}

static void a_clock_that_was_set_stops_timestamps(void **state)
{
    (void)state;
    int64_t right = keyd.ts_offset_us;
    assert_int_equal(stamp(), KEYW_OK);
    keyd.ts_offset_us = right - 61 * 1000000LL; /* as if it had been set forward by that much since the start */
    assert_int_equal(stamp(), KEYW_REFUSED);
    keyd.ts_offset_us = right + 61 * 1000000LL;
    assert_int_equal(stamp(), KEYW_REFUSED);
    keyd.ts_offset_us = right + 59 * 1000000LL;
    assert_int_equal(stamp(), KEYW_OK);
    keyd.ts_offset_us = right;
}

static void time_stands_still_rather_than_going_back(void **state)
{
    (void)state;
    int64_t ahead = clock_now_us() + 5000000;
    atomic_store(&keyd.ts_last_us, ahead);
    assert_int_equal(stamp(), KEYW_OK);
    assert_int_equal(worker->r.TIMESTAMP_r.gen_time_us, ahead);
    atomic_store(&keyd.ts_last_us, 0);
}

static void a_key_signs_in_its_usage_period_alone(void **state)
{
    (void)state;
    const struct key *tsa = key_active(&keyd, KEY_TSA, clock_now()), *ca = key_active(&keyd, KEY_CA, clock_now());
    assert_non_null(tsa);
    assert_true(tsa->not_after < tsa->cert_end - 5LL * 365 * 86400);
    assert_ptr_equal(key_active(&keyd, KEY_TSA, tsa->not_after), tsa);
    assert_null(key_active(&keyd, KEY_TSA, tsa->not_after + 1));
    assert_null(key_active(&keyd, KEY_TSA, tsa->not_before - 1));
    /* the CA goes on signing CRLs to its certificate's end, and not a second longer */
    assert_null(key_active(&keyd, KEY_CA, ca->not_after + 1));
    assert_ptr_equal(key_for_crl(&keyd, ca->not_after + 1), ca);
    assert_ptr_equal(key_for_crl(&keyd, ca->cert_end), ca);
    assert_null(key_for_crl(&keyd, ca->cert_end + 1));
}

static void a_peer_without_a_group_is_refused_every_operation_of_it(void **state)
{
    (void)state;
    for (unsigned op = KEYW_TOKEN; op < KEYW_OP_END; op++) {
        struct conn c = {.allowed = 0};
        memset(&worker->q, 0, sizeof worker->q);
        worker->q.head = (struct keyw_head){.version = KEYW_VERSION, .op = (uint16_t)op};
        if (op == KEYW_TOKENS)
            worker->q.TOKENS_q.n = KEYW_TOKENS_MAX;
        if (op == KEYW_SEAL_INFO)
            worker->q.SEAL_INFO_q.len = sizeof worker->q.SEAL_INFO_q.text;
        assert_true(op_well_formed(&worker->q, keyw_request_len(op)));
        assert_int_equal(op_perform(worker, &c), KEYW_REFUSED);
        assert_false(op_slow(worker, &c)); /* and takes no place in the queue */
    }
}

/* --- the filter --- */

static void do_nothing(void)
{
}

static void do_open(void)
{
    (void)open("/etc/hostname", O_RDONLY);
}

static void do_socket(void)
{
    (void)socket(AF_INET, SOCK_STREAM, 0);
}

static void do_connect(void)
{
    (void)connect(0, NULL, 0);
}

static void do_exec(void)
{
    (void)execl("/bin/true", "true", (char *)NULL);
}

static void do_fork(void)
{
    (void)fork();
}

static void do_kill(void)
{
    (void)kill(1, 0);
}

static void do_map_executable(void)
{
    (void)mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void do_make_executable(void)
{
    void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    (void)mprotect(p, 4096, PROT_READ | PROT_EXEC);
}

static void do_rename(void)
{
    (void)rename("/tmp/a", "/tmp/b");
}

/* How a locked-in process ends that then does this: 0, or its signal. */
static int locked_in(void (*fn)(void))
{
    int st = 0;
    pid_t pid = fork();
    if (pid == 0) {
        if (sandbox_early() != OK || sandbox_close() != OK)
            _exit(99);
        fn();
        _exit(0);
    }
    assert_true(pid > 0 && waitpid(pid, &st, 0) == pid);
    if (WIFEXITED(st) && WEXITSTATUS(st) == 99)
        fail_msg("the filter was not loaded");
    return WIFSIGNALED(st) ? WTERMSIG(st) : 0;
}

static void the_filter_ends_whoever_opens_connects_or_runs(void **state)
{
    (void)state;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    skip(); /* such a build has no filter: sandbox.c */
#endif
    assert_int_equal(locked_in(do_nothing), 0);
    void (*const forbidden[])(void) = {do_open, do_socket,         do_connect,         do_exec,  do_fork,
                                       do_kill, do_map_executable, do_make_executable, do_rename};
    for (size_t i = 0; i < sizeof forbidden / sizeof forbidden[0]; i++)
        if (locked_in(forbidden[i]) != SIGSYS)
            fail_msg("forbidden call %zu went through", i);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_nonce_is_used_once_until_it_expires),
        cmocka_unit_test(a_full_memory_refuses_rather_than_forgets),
        cmocka_unit_test(five_tries_lock_until_the_time_is_over),
        cmocka_unit_test(the_right_pin_starts_the_count_anew),
        cmocka_unit_test(a_full_count_of_pins_refuses_new_ones),
        cmocka_unit_test(a_clock_that_was_set_stops_timestamps),
        cmocka_unit_test(time_stands_still_rather_than_going_back),
        cmocka_unit_test(a_key_signs_in_its_usage_period_alone),
        cmocka_unit_test(a_peer_without_a_group_is_refused_every_operation_of_it),
        cmocka_unit_test(the_filter_ends_whoever_opens_connects_or_runs),
    };
    secret_init();
    log_init("test", LOG_ERROR + 1);
    return cmocka_run_group_tests(tests, prepare, clean);
}

/*
 * keyd's life and who may talk to it: peers and purposes, validity and roll-over, reload, death and recovery; the client's side of it.
 * certs/keyd/PROTOCOL.md ("Processes", "Who may call what").
 */
#include "tests/unit/keydproc.h"
#include "common/ipc.h"
#include "common/keywire.h"
#include <dirent.h>
#include <pthread.h>
#include <pwd.h>
#include <stdatomic.h>
#include <sys/socket.h>

static struct proc keyd;

static int setup(void **state)
{
    (void)state;
    ceremony(&keyd);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    proc_end(&keyd);
    return 0;
}

/* A keyd of its own configuration for one test. */
static void begin(const char *purposes, const char *more)
{
    write_conf(&keyd, purposes, more);
    proc_start(&keyd);
}

static int end(void **state)
{
    (void)state;
    if (keyd.pid)
        assert_int_equal(proc_stop(&keyd, SIGTERM), 0);
    key_close(&keyd.k);
    return 0;
}

static err_t stamp(void)
{
    struct key_ts_request q = {.alg = CMS_SHA256};
    struct key_ts_reply r = {0};
    err_t e = key_timestamp(keyd.k, &q, &r);
    buf_free(&r.token);
    return e;
}

static err_t id_token(void)
{
    AUTO_BUF jwt = {0};
    return key_sign_token(keyd.k, &(struct key_claims){.type = KEY_ID_TOKEN, .sub = "s", .aud = {"a"}, .lifetime = 60}, &jwt);
}

static void keys_to(const char *to, const char *purposes)
{
    /* keyd refuses a folder with keys of a purpose that it does not have: they go elsewhere meanwhile */
    char cmd[8192];
    (void)snprintf(
        cmd, sizeof cmd,
        "mkdir -p %s/%s && for f in $(%s key list %s/keys | awk '$2 !~ /^(%s)$/ {print $1}'); do mv -- %s/keys/$f.* %s/%s/; done", keyd.dir,
        to, program("antin-ca"), keyd.dir, purposes, keyd.dir, keyd.dir, to);
    assert_int_equal(run(&keyd, "sh", "-c", cmd), 0);
}

static void keys_back(const char *from)
{
    char cmd[512];
    (void)snprintf(cmd, sizeof cmd, "mv -- %s/%s/* %s/keys/ && rmdir %s/%s", keyd.dir, from, keyd.dir, keyd.dir, from);
    assert_int_equal(run(&keyd, "sh", "-c", cmd), 0);
}

/* --- purposes and peers --- */

static void a_purpose_that_is_not_configured_is_refused(void **state)
{
    (void)state;
    uint8_t w[KEY_WRAPPED_LEN], key[KEY_DATA_LEN] = {0}, blob[KEY_BLOB_MAX], spki[128];
    struct key_info info[KEY_LIST_MAX];
    struct key_signature s;
    struct key_citizen c = {.owner = "o"};
    size_t n, m;
    AUTO_BUF der = {0};
    keys_to("aside", "token|data");
    begin("token data", "");
    random_uuid(c.credential_id);
    assert_ok(id_token());
    assert_ok(key_wrap(keyd.k, BYTES_STR("a"), key, w));
    assert_err(stamp(), ERR_KEYD_REFUSED);
    assert_err(key_seal(keyd.k, "application/vnd.antin.manifest+json", key, &s), ERR_KEYD_REFUSED);
    assert_err(key_sign_crl(keyd.k, 1, 3600, NULL, 0, &der), ERR_KEYD_REFUSED);
    assert_err(key_citizen_create(keyd.k, &c, BYTES_STR("123456"), blob, &n, spki, &m), ERR_KEYD_REFUSED);
    assert_err(key_list(keyd.k, KEY_TSA, info, &n), ERR_KEYD_REFUSED);
    end(NULL);
    keys_back("aside");
}

static void keys_of_another_purpose_stop_the_start(void **state)
{
    (void)state;
    write_conf(&keyd, "token data", "");
    assert_int_equal(run(&keyd, program("antin-keyd"), "-c", in_dir(&keyd, "keyd.conf"), "-t"), 1);
    char *out = read_text(in_dir(&keyd, "out"));
    assert_non_null(strstr(out, "purpose that is not configured"));
    free(out);
}

static void a_peer_may_only_what_its_groups_say(void **state)
{
    (void)state;
    struct key_info info[KEY_LIST_MAX];
    size_t n;
    uint8_t w[KEY_WRAPPED_LEN], key[KEY_DATA_LEN] = {0};
    begin(ALL, "[peers]\ntsa = 4242\ndata = 4243 4244\n");
    assert_ok(id_token());
    assert_err(stamp(), ERR_KEYD_REFUSED);
    assert_err(key_list(keyd.k, KEY_TSA, info, &n), ERR_KEYD_REFUSED);
    assert_err(key_wrap(keyd.k, BYTES_STR("a"), key, w), ERR_KEYD_REFUSED);
    assert_ok(key_list(keyd.k, KEY_SEAL, info, &n));
}

static void a_stranger_is_not_let_in(void **state)
{
    (void)state;
    write_conf(&keyd, ALL, "peers = 4242 4243\n");
    proc_spawn(&keyd);
    assert_ok(key_open(in_dir(&keyd, "keyd.sock"), 2, &keyd.k));
    for (int i = 0; i < 500 && access(in_dir(&keyd, "keyd.sock"), F_OK) != 0; i++)
        sleep_ms(20);
    assert_err(id_token(), ERR_KEYD_DOWN); /* closed without a word */
}

static void bad_configurations_do_not_start(void **state)
{
    (void)state;
    const struct {
        const char *purposes, *more, *says;
    } bad[] = {
        {"token data tsa seal ca ocsp citizen smtp", "", "smtp"}, {"token data tsa seal citizen", "", "needs ca"},
        {ALL, "peers = nobody-of-this-name", "no user"},     {ALL, "colour = red", "colour"},
        {ALL, "[tsa]\npolicy = 1.2.x\n", "policy"},          {ALL, "[tsa]\naccuracy_ms = 0\n", "accuracy_ms"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        write_conf(&keyd, bad[i].purposes, bad[i].more);
        assert_int_equal(run(&keyd, program("antin-keyd"), "-c", in_dir(&keyd, "keyd.conf"), "-t"), 1);
        char *out = read_text(in_dir(&keyd, "out"));
        if (!strstr(out, bad[i].says))
            fail_msg("case %zu said: %s", i, out);
        free(out);
    }
    write_conf(&keyd, ALL, "");
    assert_int_equal(run(&keyd, program("antin-keyd"), "-c", in_dir(&keyd, "keyd.conf"), "-t"), 0);
    assert_int_equal(antin_ca(&keyd, "domain-key", "--out", in_dir(&keyd, "other-domain")), 0);
    char *text = read_text(in_dir(&keyd, "other-domain")), *was = read_text(in_dir(&keyd, "domain"));
    write_text(in_dir(&keyd, "domain"), text);
    assert_int_equal(run(&keyd, program("antin-keyd"), "-c", in_dir(&keyd, "keyd.conf"), "-t"), 1);
    write_text(in_dir(&keyd, "domain"), was);
    free(text);
    free(was);
}

static void an_altered_key_file_stops_the_start(void **state)
{
    (void)state;
    char name[300] = "", path[400];
    uint8_t file[1024];
    DIR *d = opendir(in_dir(&keyd, "keys"));
    assert_non_null(d);
    for (struct dirent *e; !name[0] && (e = readdir(d)) != NULL;)
        if (strstr(e->d_name, ".key"))
            (void)snprintf(name, sizeof name, "keys/%s", e->d_name);
    (void)closedir(d);
    (void)snprintf(path, sizeof path, "%s", in_dir(&keyd, name));
    FILE *f = fopen(path, "re");
    assert_non_null(f);
    size_t n = fread(file, 1, sizeof file, f);
    (void)fclose(f);
    write_conf(&keyd, ALL, "");
    const size_t at[] = {0, 8, 9, 12, 20, 31, 35, 60, n / 2, n - 20, n - 1};
    for (size_t i = 0; i < sizeof at / sizeof at[0]; i++) {
        file[at[i]] ^= 1;
        write_bytes(path, file, n);
        assert_int_equal(run(&keyd, program("antin-keyd"), "-c", in_dir(&keyd, "keyd.conf"), "-t"), 1);
        file[at[i]] ^= 1;
    }
    write_bytes(path, file, n - 1);
    assert_int_equal(run(&keyd, program("antin-keyd"), "-c", in_dir(&keyd, "keyd.conf"), "-t"), 1);
    write_bytes(path, file, n);
    assert_int_equal(run(&keyd, program("antin-keyd"), "-c", in_dir(&keyd, "keyd.conf"), "-t"), 0);
}

/* --- the process --- */

/* Whether each of its threads' status says so. */
static bool all_threads_say(pid_t pid, const char *line)
{
    char path[128];
    (void)snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
    DIR *d = opendir(path);
    assert_non_null(d);
    bool all = true;
    for (struct dirent *e; (e = readdir(d)) != NULL;) {
        if (e->d_name[0] == '.')
            continue;
        (void)snprintf(path, sizeof path, "/proc/%d/task/%.20s/status", (int)pid, e->d_name);
        char *text = read_text(path);
        all = all && strstr(text, line);
        free(text);
    }
    (void)closedir(d);
    return all;
}

static void the_process_with_the_keys_is_locked_in(void **state)
{
    (void)state;
    char path[64], target[256];
    begin(ALL, "");
    pid_t pid = worker_pid(&keyd);
    assert_true(all_threads_say(pid, "NoNewPrivs:\t1"));
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    assert_true(all_threads_say(pid, "Seccomp:\t2"));
#endif
    (void)snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
    DIR *d = opendir(path);
    if (!d) /* not dumpable: only root sees them */
        return;
    for (struct dirent *e; (e = readdir(d)) != NULL;) {
        ssize_t n = readlinkat(dirfd(d), e->d_name, target, sizeof target - 1);
        target[n > 0 ? n : 0] = '\0';
        assert_null(strstr(target, "/keys")); /* no file of the keys is open */
        assert_null(strstr(target, "domain"));
    }
    (void)closedir(d);
}

static void it_drops_its_rights_after_reading_the_keys(void **state)
{
    (void)state;
    const struct passwd *nobody = getpwnam("nobody");
    char line[64];
    if (getuid() != 0 || !nobody)
        skip();
    begin(ALL, "user = nobody");
    (void)snprintf(line, sizeof line, "Uid:\t%u\t%u\t%u\t%u", nobody->pw_uid, nobody->pw_uid, nobody->pw_uid, nobody->pw_uid);
    assert_true(all_threads_say(worker_pid(&keyd), line));
    assert_true(all_threads_say(worker_pid(&keyd), "CapEff:\t0000000000000000"));
    assert_ok(stamp());
    assert_int_equal(kill(keyd.pid, SIGHUP), 0); /* and reads them again */
    proc_wait(&keyd);
    assert_ok(stamp());
}

/* --- validity and roll-over --- */

static void time_text(int64_t t, char out[CLOCK_RFC3339_LEN + 1])
{
    clock_rfc3339(t, out);
}

static void new_token_key(int64_t from, int64_t to, char id[64])
{
    char f[CLOCK_RFC3339_LEN + 1], t[CLOCK_RFC3339_LEN + 1];
    time_text(from, f);
    time_text(to, t);
    assert_int_equal(antin_ca(&keyd, "key", "new", "--purpose", "token", "--dir", in_dir(&keyd, "keys"), "--domain-key",
                              in_dir(&keyd, "domain"), "--not-before", f, "--not-after", t),
                     0);
    out_line(&keyd, id, 64);
}

static void active_token_key(char id[64], size_t *n)
{
    struct key_info info[KEY_LIST_MAX];
    assert_ok(key_list(keyd.k, KEY_TOKEN, info, n));
    id[0] = '\0';
    for (size_t i = 0; i < *n; i++)
        if (info[i].active)
            (void)strcpy(id, info[i].id);
}

static void remove_key(const char *id)
{
    char name[128];
    (void)snprintf(name, sizeof name, "keys/%s.key", id);
    assert_int_equal(unlink(in_dir(&keyd, name)), 0);
}

static void a_new_key_takes_over_after_reload_and_hands_back_at_its_end(void **state)
{
    (void)state;
    char first[64], soon[64], now[64];
    size_t n;
    begin(ALL, "");
    active_token_key(first, &n);
    assert_int_equal(n, 1);
    int64_t t = clock_now();
    new_token_key(t + 4, t + 7, soon);
    assert_int_equal(kill(keyd.pid, SIGHUP), 0);
    for (int i = 0; i < 500 && n != 2; i++) {
        sleep_ms(10);
        active_token_key(now, &n);
    }
    assert_int_equal(n, 2);
    if (clock_now() < t + 4)
        assert_string_equal(now, first); /* published, not yet used */
    while (clock_now() < t + 5)
        sleep_ms(50);
    active_token_key(now, &n);
    assert_string_equal(now, soon);
    while (clock_now() < t + 8)
        sleep_ms(50);
    active_token_key(now, &n);
    assert_string_equal(now, first);
    remove_key(soon);
}

static void after_a_new_data_key_the_old_one_still_opens(void **state)
{
    (void)state;
    uint8_t old[KEY_WRAPPED_LEN], new[KEY_WRAPPED_LEN], key[KEY_DATA_LEN] = {7}, back[KEY_DATA_LEN];
    char id[64], name[128];
    begin(ALL, "");
    assert_ok(key_wrap(keyd.k, BYTES_STR("a"), key, old));
    sleep_ms(1100); /* its beginning must be later than the first one's */
    assert_int_equal(
        antin_ca(&keyd, "key", "new", "--purpose", "data", "--dir", in_dir(&keyd, "keys"), "--domain-key", in_dir(&keyd, "domain")), 0);
    out_line(&keyd, id, sizeof id);
    assert_int_equal(kill(keyd.pid, SIGHUP), 0);
    memcpy(new, old, sizeof new);
    for (int i = 0; i < 500 && !memcmp(new, old, 8); i++) {
        sleep_ms(20);
        assert_ok(key_wrap(keyd.k, BYTES_STR("a"), key, new));
    }
    assert_memory_not_equal(new, old, 8);
    assert_ok(key_unwrap(keyd.k, BYTES_STR("a"), old, back));
    assert_memory_equal(back, key, sizeof key);
    assert_ok(key_unwrap(keyd.k, BYTES_STR("a"), new, back));
    memcpy(new, old, 8); /* the one key's number before what the other wrapped */
    assert_err(key_unwrap(keyd.k, BYTES_STR("a"), new, back), ERR_CRYPTO);
    (void)snprintf(name, sizeof name, "keys/%s.key", id);
    assert_int_equal(unlink(in_dir(&keyd, name)), 0);
}

static void no_key_in_its_time_signs_nothing(void **state)
{
    (void)state;
    char shortly[64];
    size_t n;
    keys_to("aside", "data|tsa|seal|ca|ocsp");
    new_token_key(clock_now(), clock_now() + 5, shortly);
    begin(ALL, "");
    assert_ok(id_token());
    for (int64_t until = clock_now() + 7; clock_now() < until;)
        sleep_ms(100);
    assert_err(id_token(), ERR_KEYD_REFUSED);
    struct key_info info[KEY_LIST_MAX];
    assert_ok(key_list(keyd.k, KEY_TOKEN, info, &n)); /* still told: old tokens must verify */
    assert_int_equal(n, 1);
    assert_false(info[0].active);
    assert_ok(stamp());
    end(NULL);
    remove_key(shortly);
    keys_back("aside");
}

/* --- reload, death, recovery --- */

static void a_broken_reload_leaves_the_old_process_at_work(void **state)
{
    (void)state;
    begin(ALL, "");
    pid_t was = worker_pid(&keyd);
    write_conf(&keyd, ALL, "colour = red");
    assert_int_equal(kill(keyd.pid, SIGHUP), 0);
    for (int i = 0; i < 20; i++) {
        sleep_ms(50);
        assert_ok(stamp());
    }
    write_conf(&keyd, ALL, "");
    assert_int_equal(kill(keyd.pid, SIGHUP), 0);
    for (int i = 0; i < 500 && (worker_pid(&keyd) == was || kill(was, 0) == 0); i++)
        sleep_ms(20);
    assert_ok(stamp());
    assert_int_not_equal(worker_pid(&keyd), was);
}

struct steady {
    atomic_bool stop;
    unsigned done;
    err_t e;
};

static void *steadily(void *arg)
{
    struct steady *s = arg;
    while (!s->stop && (s->e = stamp()) == OK)
        s->done++;
    return NULL;
}

static void reloading_under_load_loses_no_request(void **state)
{
    (void)state;
    struct steady s = {0};
    pthread_t t;
    begin(ALL, "");
    assert_int_equal(pthread_create(&t, NULL, steadily, &s), 0);
    for (int i = 0; i < 3; i++) {
        pid_t was = worker_pid(&keyd);
        assert_int_equal(kill(keyd.pid, SIGHUP), 0);
        for (int k = 0; k < 1000 && kill(was, 0) == 0; k++)
            sleep_ms(10);
    }
    s.stop = true;
    assert_int_equal(pthread_join(t, NULL), 0);
    assert_ok(s.e);
    assert_true(s.done > 10);
}

static void a_killed_worker_comes_again(void **state)
{
    (void)state;
    begin(ALL, "");
    assert_ok(stamp());
    for (int i = 0; i < 2; i++) {
        pid_t was = worker_pid(&keyd);
        assert_int_equal(kill(was, SIGKILL), 0);
        proc_wait(&keyd);
        assert_ok(stamp());
    }
}

static void the_client_recovers_when_keyd_comes_back(void **state)
{
    (void)state;
    begin(ALL, "");
    assert_ok(stamp());
    pid_t worker = worker_pid(&keyd);
    assert_int_equal(proc_stop(&keyd, SIGKILL), 128 + SIGKILL);
    for (int i = 0; i < 500 && kill(worker, 0) == 0; i++) /* it sees that its supervisor is gone, and ends too */
        sleep_ms(20);
    assert_int_not_equal(kill(worker, 0), 0);
    assert_err(stamp(), ERR_KEYD_DOWN);
    assert_err(id_token(), ERR_KEYD_DOWN);
    proc_start(&keyd); /* over the dead socket file */
    assert_ok(stamp());
}

static void a_client_opens_without_keyd(void **state)
{
    (void)state;
    struct keyclient *k = NULL;
    struct key_info info[KEY_LIST_MAX];
    size_t n;
    assert_ok(key_open("/nonexistent/keyd.sock", 4, &k));
    assert_err(key_list(k, KEY_TOKEN, info, &n), ERR_KEYD_DOWN);
    key_close(&k);
    key_close(&k);
}

static void a_second_keyd_on_the_same_socket_is_refused(void **state)
{
    (void)state;
    begin(ALL, "");
    assert_int_equal(run(&keyd, program("antin-keyd"), "-c", in_dir(&keyd, "keyd.conf")), 1);
    assert_ok(stamp());
}

/* A peer that accepts and never answers, answers something else, or answers another request. */
struct false_keyd {
    int fd;
    int how;
};

static void *false_keyd(void *arg)
{
    struct false_keyd *f = arg;
    static union keyw_msg m;
    size_t n;
    int c = accept(f->fd, NULL, NULL);
    while (ipc_recv(c, &m, sizeof m, &n) == OK) {
        if (f->how == 0)
            m.head.id++;
        else if (f->how == 1)
            m.head.op++;
        else if (f->how == 2)
            m.head.version++;
        if (f->how == 4) { /* too late */
            sleep_ms(6000);
            m.head.id += 0;
        }
        n = f->how == 3 ? keyw_reply_fixed(m.head.op) - 1 : keyw_reply_fixed(m.head.op);
        if (ipc_send(c, &m, n) != OK)
            break;
    }
    fd_close(&c);
    return NULL;
}

static void a_strange_answer_is_not_believed_and_costs_the_connection(void **state)
{
    (void)state;
    for (int how = 0; how < 5; how++) {
        struct false_keyd f = {.fd = -1, .how = how};
        pthread_t t;
        assert_ok(ipc_listen(in_dir(&keyd, "false.sock"), 0600, &f.fd));
        assert_int_equal(fcntl(f.fd, F_SETFL, 0), 0);
        assert_int_equal(pthread_create(&t, NULL, false_keyd, &f), 0);
        assert_ok(key_open(in_dir(&keyd, "false.sock"), 1, &keyd.k));
        int64_t from = clock_mono_us();
        assert_err(stamp(), how == 4 ? ERR_TIMEOUT : ERR_KEYD_DOWN);
        if (how == 4)
            assert_in_range(clock_mono_us() - from, 4500000, 6000000);
        key_close(&keyd.k);
        assert_int_equal(pthread_join(t, NULL), 0);
        fd_close(&f.fd);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_purpose_that_is_not_configured_is_refused, end),
        cmocka_unit_test_teardown(keys_of_another_purpose_stop_the_start, end),
        cmocka_unit_test_teardown(a_peer_may_only_what_its_groups_say, end),
        cmocka_unit_test_teardown(a_stranger_is_not_let_in, end),
        cmocka_unit_test_teardown(bad_configurations_do_not_start, end),
        cmocka_unit_test_teardown(an_altered_key_file_stops_the_start, end),
        cmocka_unit_test_teardown(the_process_with_the_keys_is_locked_in, end),
        cmocka_unit_test_teardown(it_drops_its_rights_after_reading_the_keys, end),
        cmocka_unit_test_teardown(a_new_key_takes_over_after_reload_and_hands_back_at_its_end, end),
        cmocka_unit_test_teardown(after_a_new_data_key_the_old_one_still_opens, end),
        cmocka_unit_test_teardown(no_key_in_its_time_signs_nothing, end),
        cmocka_unit_test_teardown(a_broken_reload_leaves_the_old_process_at_work, end),
        cmocka_unit_test_teardown(reloading_under_load_loses_no_request, end),
        cmocka_unit_test_teardown(a_killed_worker_comes_again, end),
        cmocka_unit_test_teardown(the_client_recovers_when_keyd_comes_back, end),
        cmocka_unit_test_teardown(a_client_opens_without_keyd, end),
        cmocka_unit_test_teardown(a_second_keyd_on_the_same_socket_is_refused, end),
        cmocka_unit_test_teardown(a_strange_answer_is_not_believed_and_costs_the_connection, end),
    };
    secret_init();
    return cmocka_run_group_tests(tests, setup, teardown);
}

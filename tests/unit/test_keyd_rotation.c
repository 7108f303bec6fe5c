/*
 * Token keys come and go: published before first use, kept until the last token is dead, then destroyed; by schedule, by one command, by a word of
 * the provider; a crash at any step leaves a folder that keyd starts with. certs/keyd/PROTOCOL.md, "Rotation"; OpenID Connect Core §10.1.1.
 */
#include "certs/rotate.h"
#include "certs/tokenkeys.h"
#include "common/ipc.h"
#include "tests/unit/keydproc.h"
#include <dirent.h>
#include <utime.h>

#define DAY 86400
#define KEEP (TOKEN_LIFE_MAX + 300)

static const uint8_t domain[DOMAIN_KEY_LEN] = {42};
static struct proc place; /* a folder; a running keyd in the later tests */
static int64_t now;

static int folder(void **state)
{
    (void)state;
    place = (struct proc){0};
    (void)strcpy(place.dir, "/tmp/antin-keyd-XXXXXX");
    assert_non_null(mkdtemp(place.dir));
    assert_int_equal(mkdir(in_dir(&place, "keys"), 0700), 0);
    now = clock_now();
    return 0;
}

static int no_folder(void **state)
{
    (void)state;
    (void)run(&place, "rm", "-rf", place.dir);
    return 0;
}

static void put(const char *alg, int64_t from, int64_t to, char id[44])
{
    struct keyfile k = {0};
    AUTO_BUF f = {0}, path = {0};
    assert_ok(keyfile_new(KEY_TOKEN, alg, from, to, &k));
    assert_ok(keyfile_seal(&k, BYTES(domain, sizeof domain), &f));
    assert_ok(buf_addf(&path, "%s/%s.key", in_dir(&place, "keys"), k.id));
    write_bytes(buf_str(&path), f.ptr, f.len);
    memcpy(id, k.id, sizeof k.id);
    keyfile_free(&k);
}

static struct rotated turn(int64_t every, int64_t overlap, bool force, err_t want)
{
    static char dir[256], jwks[256];
    struct rotated done;
    (void)strcpy(dir, in_dir(&place, "keys"));
    (void)strcpy(jwks, in_dir(&place, "jwks"));
    const struct rotation r = {.dir = dir,
                               .domain_key = BYTES(domain, sizeof domain),
                               .now = now,
                               .every = every,
                               .overlap = overlap,
                               .force = force,
                               .jwks = jwks};
    assert_err(rotate(&r, &done), want);
    return done;
}

static bool there(const char *id)
{
    char name[64];
    (void)snprintf(name, sizeof name, "keys/%s.key", id);
    return access(in_dir(&place, name), F_OK) == 0;
}

/* How many files the folder of keys has. */
static int files(void)
{
    DIR *d = opendir(in_dir(&place, "keys"));
    int n = 0;
    assert_non_null(d);
    while (readdir(d))
        n++;
    (void)closedir(d);
    return n - 2;
}

static bool published(const char *id)
{
    char *text = read_text(in_dir(&place, "jwks"));
    bool yes = strstr(text, id) != NULL;
    free(text);
    return yes;
}

static void keys(struct token_keys *k)
{
    assert_ok(token_keys_read(in_dir(&place, "keys"), BYTES(domain, sizeof domain), k));
}

/* --- the rules --- */

static void before_its_time_nothing_is_made(void **state)
{
    (void)state;
    char id[44];
    put("ES256", now, now + 400 * DAY, id);
    now += 89 * DAY - 1;
    struct rotated done = turn(90 * DAY, DAY, false, OK);
    assert_int_equal(done.made + done.destroyed, 0);
    assert_true(done.published && published(id));
    assert_false(turn(90 * DAY, DAY, false, OK).published); /* nothing new */
}

static void a_successor_is_published_the_overlap_before_it_signs(void **state)
{
    (void)state;
    char id[44];
    AUTO_TOKEN_KEYS k = {0};
    put("ES256", now, now + 400 * DAY, id);
    now += 89 * DAY;
    assert_int_equal(turn(90 * DAY, DAY, false, OK).made, 1);
    keys(&k);
    assert_int_equal(k.n, 2);
    assert_int_equal(k.key[1].not_before, now + DAY);
    assert_int_equal(k.key[1].not_after, now + DAY + 180 * DAY); /* a schedule that stops leaves time to notice */
    assert_true(published(id) && published(k.key[1].id));
    assert_int_equal(turn(90 * DAY, DAY, false, OK).made, 0); /* one waits */
    now += 2 * DAY;
    assert_int_equal(turn(90 * DAY, DAY, false, OK).made, 0); /* it has begun */
}

static void the_old_one_stays_until_its_last_token_is_dead(void **state)
{
    (void)state;
    char old[44];
    AUTO_TOKEN_KEYS k = {0};
    put("ES256", now, now + 100 * DAY, old);
    now += 89 * DAY;
    assert_int_equal(turn(90 * DAY, DAY, false, OK).made, 1);
    now += DAY + KEEP - 1;
    assert_int_equal(turn(90 * DAY, DAY, false, OK).destroyed, 0);
    assert_true(there(old) && published(old));
    now += 1;
    assert_int_equal(turn(90 * DAY, DAY, false, OK).destroyed, 1);
    assert_false(there(old) || published(old));
    assert_int_equal(files(), 1);
    keys(&k);
    assert_int_equal(k.n, 1);
}

static void years_of_it_leave_two_keys_at_most_and_never_none(void **state)
{
    (void)state;
    char id[44];
    put("ES256", now, now + 180 * DAY, id);
    for (int i = 0; i < 2 * 365 * 2; i++) {
        AUTO_TOKEN_KEYS k = {0};
        bool signs = false;
        now += DAY / 2;
        (void)turn(90 * DAY, DAY, false, OK);
        keys(&k);
        for (size_t n = 0; n < k.n; n++)
            signs |= k.key[n].not_before <= now && now <= k.key[n].not_after;
        assert_true(signs && k.n <= 2);
    }
}

static void each_algorithm_goes_its_own_way(void **state)
{
    (void)state;
    char es[44], ed[44];
    AUTO_TOKEN_KEYS k = {0};
    put("ES256", now - 90 * DAY, now + 90 * DAY, es);
    put("EdDSA", now - DAY, now + 90 * DAY, ed);
    assert_int_equal(turn(90 * DAY, DAY, false, OK).made, 1);
    keys(&k);
    assert_int_equal(k.n, 3);
    assert_int_equal(k.key[0].alg, JOSE_ES256);
    assert_int_equal(k.key[1].alg, JOSE_ES256);
    assert_string_equal(k.key[2].id, ed);
}

static void by_force_each_gets_one_successor_and_no_second(void **state)
{
    (void)state;
    char es[44], ps[44];
    AUTO_TOKEN_KEYS k = {0};
    put("ES256", now - DAY, now + 90 * DAY, es);
    put("PS256", now - DAY, now + 90 * DAY, ps);
    assert_int_equal(turn(0, 3600, true, OK).made, 2);
    assert_int_equal(turn(0, 3600, true, OK).made, 0);
    keys(&k);
    assert_int_equal(k.n, 4);
    assert_int_equal(k.key[1].not_before, now + 3600);
    assert_int_equal(k.key[3].alg, JOSE_PS256);
}

/* An administrator's word, again and again: more keys than readers of the set take would make every token worthless. */
static void by_force_again_and_again_the_set_stays_readable(void **state)
{
    static const char *const algs[] = {"ES256", "EdDSA", "PS256"};
    char id[44];
    (void)state;
    for (size_t i = 0; i < sizeof algs / sizeof *algs; i++)
        put(algs[i], now - DAY, now + 90 * DAY, id);
    unsigned made = 0;
    for (int i = 0; i < 30; i++, now += 601) {
        AUTO_TOKEN_KEYS k = {0};
        made += turn(0, 600, true, OK).made;
        keys(&k);
        assert_true(k.n <= JWKS_MAX);
    }
    assert_true(made > 3 * JWKS_MAX / 2); /* what died made room */
}

static void without_schedule_nothing_is_made_or_destroyed(void **state)
{
    (void)state;
    char a[44], b[44];
    put("ES256", now - 900 * DAY, now + DAY, a);
    put("ES256", now - 500 * DAY, now + DAY, b);
    struct rotated done = turn(0, DAY, false, OK);
    assert_int_equal(done.made + done.destroyed, 0);
    assert_true(there(a) && there(b) && published(a) && published(b));
}

static void a_schedule_that_slept_leaves_no_gap(void **state)
{
    (void)state;
    char id[44];
    AUTO_TOKEN_KEYS k = {0};
    put("ES256", now - 180 * DAY, now + 60, id); /* a minute is left */
    assert_int_equal(turn(90 * DAY, DAY, false, OK).made, 1);
    keys(&k);
    assert_int_equal(k.key[1].not_before, now + 60);
    token_keys_free(&k);
    now += 3600 * 24 * 400; /* and longer: nobody signs at all */
    assert_int_equal(turn(90 * DAY, DAY, false, OK).made, 1);
    keys(&k);
    assert_int_equal(k.key[k.n - 1].not_before, now);
}

static void a_key_that_will_sign_again_is_kept(void **state)
{
    (void)state;
    char lasting[44], guest[44];
    put("ES256", now - 30 * DAY, now + 90 * DAY, lasting);
    put("ES256", now - 2 * DAY, now + 3 * DAY, guest);
    assert_int_equal(turn(90 * DAY, DAY, false, OK).destroyed, 0);
    assert_true(there(lasting) && there(guest));
}

static void keys_of_other_purposes_are_left_alone(void **state)
{
    (void)state;
    char id[44];
    struct keyfile k = {0};
    AUTO_BUF f = {0};
    put("ES256", now - 200 * DAY, now + 90 * DAY, id);
    assert_ok(keyfile_new(KEY_DATA, "", now - 900 * DAY, now + 900 * DAY, &k));
    assert_ok(keyfile_seal(&k, BYTES(domain, sizeof domain), &f));
    write_bytes(in_dir(&place, "keys/data.key"), f.ptr, f.len);
    keyfile_free(&k);
    assert_int_equal(turn(90 * DAY, DAY, true, OK).made, 1);
    now += 400 * DAY;
    (void)turn(90 * DAY, DAY, true, OK);
    char *still = read_text(in_dir(&place, "keys/data.key"));
    assert_memory_equal(still, f.ptr, f.len);
    free(still);
}

/* --- crashes and faults --- */

static void what_a_crash_left_is_wiped(void **state)
{
    (void)state;
    char id[44];
    const struct utimbuf old = {.actime = now - 3600, .modtime = now - 3600};
    put("ES256", now, now + 90 * DAY, id);
    write_text(in_dir(&place, "keys/half.key.gone"), "a sealed key on its way out");
    write_text(in_dir(&place, "keys/old.key.new"), "never finished");
    write_text(in_dir(&place, "keys/young.key.new"), "somebody writes this very moment");
    assert_int_equal(utime(in_dir(&place, "keys/old.key.new"), &old), 0);
    assert_int_equal(link(in_dir(&place, "keys/half.key.gone"), in_dir(&place, "witness")), 0); /* what the disk holds */
    (void)turn(0, DAY, false, OK);
    assert_int_equal(access(in_dir(&place, "keys/half.key.gone"), F_OK), -1);
    assert_int_equal(access(in_dir(&place, "keys/old.key.new"), F_OK), -1);
    assert_int_equal(access(in_dir(&place, "keys/young.key.new"), F_OK), 0);
    char *left = read_text(in_dir(&place, "witness"));
    assert_string_equal(left, ""); /* zeros */
    free(left);
}

static void a_destroyed_key_is_overwritten(void **state)
{
    (void)state;
    char old[44], next[44], name[64];
    put("ES256", now - 100 * DAY, now + DAY, old);
    put("ES256", now - 10 * DAY, now + 90 * DAY, next);
    (void)snprintf(name, sizeof name, "keys/%s.key", old);
    assert_int_equal(link(in_dir(&place, name), in_dir(&place, "witness")), 0);
    assert_int_equal(turn(90 * DAY, DAY, false, OK).destroyed, 1);
    char *left = read_text(in_dir(&place, "witness"));
    assert_string_equal(left, "");
    free(left);
    assert_true(there(next));
}

static void a_file_that_does_not_open_stops_it_before_anything_is_done(void **state)
{
    (void)state;
    char a[44], b[44];
    put("ES256", now - 100 * DAY, now + DAY, a);
    put("ES256", now - 10 * DAY, now + 90 * DAY, b);
    write_text(in_dir(&place, "keys/broken.key"), "nothing");
    struct rotated done = turn(90 * DAY, DAY, true, ERR_SYNTAX);
    assert_non_null(strstr(done.what, "broken.key"));
    assert_true(there(a) && there(b));
    assert_int_equal(files(), 3);
    assert_int_equal(unlink(in_dir(&place, "keys/broken.key")), 0);
    static const uint8_t foreign[DOMAIN_KEY_LEN] = {43}; /* of another domain: not ours to judge */
    const struct rotation r = {.dir = in_dir(&place, "keys"),
                               .domain_key = BYTES(foreign, sizeof foreign),
                               .now = now,
                               .every = 90 * DAY,
                               .overlap = DAY,
                               .force = true};
    assert_err(rotate(&r, &done), ERR_CRYPTO);
    assert_int_equal(files(), 2);
}

static void a_folder_that_cannot_be_written_keeps_its_keys(void **state)
{
    (void)state;
    char id[44];
    put("ES256", now - 100 * DAY, now + 90 * DAY, id);
    const struct rotation r = {.dir = in_dir(&place, "nowhere"), .domain_key = BYTES(domain, sizeof domain), .now = now, .force = true};
    struct rotated done;
    assert_err(rotate(&r, &done), ERR_IO);
    const struct rotation unwritable = {
        .dir = in_dir(&place, "keys"), .domain_key = BYTES(domain, sizeof domain), .now = now, .jwks = in_dir(&place, "nowhere/jwks")};
    assert_err(rotate(&unwritable, &done), ERR_IO);
    assert_true(there(id));
}

static void no_more_is_published_than_its_readers_take(void **state)
{
    (void)state;
    char id[44];
    for (int i = 0; i <= JWKS_MAX; i++)
        put("ES256", now - i, now + 90 * DAY, id);
    assert_false(turn(0, DAY, false, ERR_TOO_LARGE).published);
}

/* --- with a real keyd --- */

static int begin(void **state)
{
    (void)state;
    ceremony(&place);
    return 0;
}

static int end(void **state)
{
    (void)state;
    proc_end(&place);
    return 0;
}

static void conf(const char *token)
{
    AUTO_BUF b = {0};
    write_conf(&place, ALL, "");
    char *whole = read_text(in_dir(&place, "keyd.conf")), *at = strstr(whole, "[token]\n");
    assert_ok(buf_addf(&b, "%.*sjwks_out = %s\n%s%s", (int)(at + 8 - whole), whole, in_dir(&place, "idp.jwks"), token, at + 8));
    write_text(in_dir(&place, "keyd.conf"), buf_str(&b));
    free(whole);
}

static size_t token_keys_of(struct key_info info[KEY_LIST_MAX])
{
    size_t n;
    assert_ok(key_list(place.k, KEY_TOKEN, info, &n));
    return n;
}

/* Until keyd has so many token keys, 15 s at most. */
static void become(size_t want)
{
    struct key_info info[KEY_LIST_MAX];
    for (int i = 0; i < 300 && token_keys_of(info) != want; i++)
        sleep_ms(50);
    assert_int_equal(token_keys_of(info), want);
}

static char *rotate_program(int want)
{
    assert_int_equal(run(&place, program("antin-keyd"), "--rotate", "-c", in_dir(&place, "keyd.conf")), want);
    return read_text(in_dir(&place, "out"));
}

static void one_command_publishes_a_successor_that_a_running_keyd_takes_up(void **state)
{
    (void)state;
    struct key_info info[KEY_LIST_MAX];
    char first[44];
    conf("overlap_s = 600\n");
    proc_start(&place);
    assert_int_equal(token_keys_of(info), 1);
    memcpy(first, info[0].id, sizeof first);
    pid_t supervisor = place.pid;
    char *out = rotate_program(0);
    assert_non_null(strstr(out, "made 1"));
    free(out);
    become(2); /* without a signal */
    assert_int_equal(token_keys_of(info), 2);
    for (size_t i = 0; i < 2; i++) {
        bool old = strcmp(info[i].id, first) == 0;
        assert_int_equal(info[i].active, old);
        assert_true(old || (info[i].not_before > clock_now() + 590 && info[i].not_before <= clock_now() + 600));
        char *jwks = read_text(in_dir(&place, "idp.jwks"));
        assert_non_null(strstr(jwks, info[i].id)); /* what another keyd reads */
        free(jwks);
    }
    assert_int_equal(place.pid, supervisor);
    AUTO_BUF jwt = {0};
    AUTO_JSON header = NULL;
    assert_ok(key_sign_token(place.k, &(struct key_claims){.type = KEY_ID_TOKEN, .sub = "s", .aud = {"a"}, .lifetime = 60}, &jwt));
    assert_ok(jwt_header(buf_bytes(&jwt), &header));
    assert_string_equal(json_string_value(json_object_get(header, "kid")), first);
}

static void a_word_over_the_socket_does_the_same_and_no_more(void **state)
{
    (void)state;
    conf("overlap_s = 600\n");
    proc_start(&place);
    for (int i = 0; i < 20; i++)
        assert_ok(key_rotate(place.k));
    become(2);
    for (int i = 0; i < 5; i++)
        assert_ok(key_rotate(place.k));
    sleep_ms(2500);
    become(2);
}

static void a_keyd_that_does_not_rotate_refuses_the_word(void **state)
{
    (void)state;
    write_conf(&place, ALL, "");
    proc_start(&place);
    assert_err(key_rotate(place.k), ERR_KEYD_REFUSED);
}

static void the_schedule_needs_nobody(void **state)
{
    (void)state;
    char from[32];
    struct key_info info[KEY_LIST_MAX];
    clock_rfc3339(clock_now() - 100 * DAY, from);
    assert_int_equal(antin_ca(&place, "key", "new", "--purpose", "token", "--alg", "EdDSA", "--dir", in_dir(&place, "keys"), "--domain-key",
                              in_dir(&place, "domain"), "--not-before", from),
                     0);
    conf("rotate_days = 90\noverlap_s = 3600\n");
    proc_start(&place);
    assert_int_equal(token_keys_of(info), 3); /* ES256 is young; EdDSA has its successor */
    size_t waiting = 0;
    for (size_t i = 0; i < 3; i++)
        waiting += info[i].not_before > clock_now() && info[i].alg == JOSE_EDDSA;
    assert_int_equal(waiting, 1);
    assert_int_equal(proc_stop(&place, SIGTERM), 0);
    proc_start(&place);
    assert_int_equal(token_keys_of(info), 3); /* a restart makes no more */
}

static void two_commands_at_once_make_one_successor(void **state)
{
    (void)state;
    AUTO_TOKEN_KEYS k = {0};
    pid_t pid[6];
    conf("overlap_s = 600\n");
    for (size_t i = 0; i < 6; i++) {
        pid[i] = fork();
        if (pid[i] == 0) {
            execl(program("antin-keyd"), "antin-keyd", "--rotate", "-c", in_dir(&place, "keyd.conf"), (char *)NULL);
            _exit(127);
        }
    }
    for (size_t i = 0; i < 6; i++) {
        int st = 0;
        assert_int_equal(waitpid(pid[i], &st, 0), pid[i]);
        assert_true(WIFEXITED(st) && WEXITSTATUS(st) == 0);
    }
    assert_ok(token_keys_read(in_dir(&place, "keys"), BYTES(NULL, 0), &k));
    assert_int_equal(k.n, 2);
}

static void killed_at_any_moment_it_leaves_a_folder_that_keyd_starts_with(void **state)
{
    (void)state;
    char from[32], to[32];
    conf("rotate_days = 90\noverlap_s = 600\n");
    clock_rfc3339(clock_now() - 200 * DAY, from);
    clock_rfc3339(clock_now() - 2 * TOKEN_LIFE_MAX, to); /* dead */
    for (int i = 0; i < 40; i++) {
        assert_int_equal(antin_ca(&place, "key", "new", "--purpose", "token", "--dir", in_dir(&place, "keys"), "--domain-key",
                                  in_dir(&place, "domain"), "--not-before", from, "--not-after", to),
                         0);
        pid_t pid = fork();
        if (pid == 0) {
            execl(program("antin-keyd"), "antin-keyd", "--rotate", "-c", in_dir(&place, "keyd.conf"), (char *)NULL);
            _exit(127);
        }
        (void)usleep((useconds_t)(i * 250));
        (void)kill(pid, SIGKILL);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
        assert_int_equal(run(&place, program("antin-keyd"), "-t", "-c", in_dir(&place, "keyd.conf")), 0);
    }
    char *out = rotate_program(0);
    free(out);
    AUTO_TOKEN_KEYS k = {0};
    assert_ok(token_keys_read(in_dir(&place, "keys"), BYTES(NULL, 0), &k));
    assert_int_equal(k.n, 2); /* the ceremony's and its successor: the old ones are gone */
}

static void broken_keys_leave_the_old_process_and_heal_by_themselves(void **state)
{
    (void)state;
    AUTO_BUF jwt = {0};
    struct key_info info[KEY_LIST_MAX];
    write_conf(&place, ALL, "");
    proc_start(&place);
    pid_t worker = worker_pid(&place);
    write_text(in_dir(&place, "keys/broken.key"), "nothing");
    sleep_ms(3500);
    assert_int_equal(worker_pid(&place), worker);
    assert_ok(key_sign_token(place.k, &(struct key_claims){.type = KEY_ID_TOKEN, .sub = "s", .aud = {"a"}, .lifetime = 60}, &jwt));
    assert_int_equal(unlink(in_dir(&place, "keys/broken.key")), 0);
    for (int i = 0; i < 200 && worker_pid(&place) == worker; i++)
        sleep_ms(50);
    assert_int_not_equal(worker_pid(&place), worker); /* somebody mended it */
    assert_int_equal(token_keys_of(info), 1);
}

static void a_new_set_of_the_providers_keys_is_taken_up(void **state)
{
    (void)state;
    write_conf(&place, ALL, "");
    proc_start(&place);
    pid_t worker = worker_pid(&place);
    write_text(in_dir(&place, "idp.jwks.new"), "");
    write_jwks(&place); /* the same keys, another file time */
    for (int i = 0; i < 200 && worker_pid(&place) == worker; i++)
        sleep_ms(50);
    assert_int_not_equal(worker_pid(&place), worker);
}

static void an_impossible_schedule_is_refused(void **state)
{
    (void)state;
    conf("rotate_days = 1\noverlap_s = 86400\n");
    assert_int_equal(run(&place, program("antin-keyd"), "-t", "-c", in_dir(&place, "keyd.conf")), 1);
    char *out = read_text(in_dir(&place, "out"));
    assert_non_null(strstr(out, "overlap_s"));
    free(out);
    conf("overlap_s = 599\n");
    assert_int_equal(run(&place, program("antin-keyd"), "-t", "-c", in_dir(&place, "keyd.conf")), 1);
}

#define FOLDER(f) cmocka_unit_test_setup_teardown(f, folder, no_folder)
#define KEYD(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FOLDER(before_its_time_nothing_is_made),
        FOLDER(a_successor_is_published_the_overlap_before_it_signs),
        FOLDER(the_old_one_stays_until_its_last_token_is_dead),
        FOLDER(years_of_it_leave_two_keys_at_most_and_never_none),
        FOLDER(each_algorithm_goes_its_own_way),
        FOLDER(by_force_each_gets_one_successor_and_no_second),
        FOLDER(by_force_again_and_again_the_set_stays_readable),
        FOLDER(without_schedule_nothing_is_made_or_destroyed),
        FOLDER(a_schedule_that_slept_leaves_no_gap),
        FOLDER(a_key_that_will_sign_again_is_kept),
        FOLDER(keys_of_other_purposes_are_left_alone),
        FOLDER(what_a_crash_left_is_wiped),
        FOLDER(a_destroyed_key_is_overwritten),
        FOLDER(a_file_that_does_not_open_stops_it_before_anything_is_done),
        FOLDER(a_folder_that_cannot_be_written_keeps_its_keys),
        FOLDER(no_more_is_published_than_its_readers_take),
        KEYD(one_command_publishes_a_successor_that_a_running_keyd_takes_up),
        KEYD(a_word_over_the_socket_does_the_same_and_no_more),
        KEYD(a_keyd_that_does_not_rotate_refuses_the_word),
        KEYD(the_schedule_needs_nobody),
        KEYD(two_commands_at_once_make_one_successor),
        KEYD(killed_at_any_moment_it_leaves_a_folder_that_keyd_starts_with),
        KEYD(broken_keys_leave_the_old_process_and_heal_by_themselves),
        KEYD(a_new_set_of_the_providers_keys_is_taken_up),
        KEYD(an_impossible_schedule_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

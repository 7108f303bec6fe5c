/*
 * The key of antin-sign is in a process of its own: the one that reads documents has none of it, and the one that has it can do nothing but sign.
 * signer/sign/key_process.h.
 */
#include "tests/unit/testcli.h"
#include "common/lockin.h"
#include <openssl/core_names.h>
#include <signal.h>
#include <sys/wait.h>

/* Signs these files against a slow service in the background. */
static pid_t start(const char *files)
{
    char command[4600];
    snprintf(command, sizeof command, "cd '%s' && exec env LANG=en LC_ALL= LC_MESSAGES= '%s' " KEY "-j2 --tsa %s %s >said 2>&1", tp_dir(),
             sign, services_url("/slow"), files);
    pid_t pid = fork();
    if (pid == 0) {
        execl("/bin/sh", "sh", "-c", command, (char *)NULL);
        _exit(127);
    }
    return pid;
}

static bool has_line(pid_t pid, const char *line)
{
    char path[64], text[256];
    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    FILE *f = fopen(path, "r");
    bool found = false;
    while (f != NULL && !found && fgets(text, sizeof text, f) != NULL)
        found = strcmp(text, line) == 0;
    if (f != NULL)
        fclose(f);
    return found;
}

/* The one child of a process, when there is one. */
static pid_t child_of(pid_t pid)
{
    char path[64];
    int child = 0;
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)pid, (int)pid);
    FILE *f = fopen(path, "r");
    if (f == NULL || fscanf(f, "%d", &child) != 1)
        child = 0;
    if (f != NULL)
        fclose(f);
    return child;
}

/* Until the key process is there, locked in. */
static pid_t wait_for_key(pid_t pid)
{
    for (unsigned i = 0; i < 300; i++) {
        pid_t child = child_of(pid);
        if (child > 0 && has_line(child, LOCKIN_SANITIZER ? "NoNewPrivs:\t1\n" : "Seccomp:\t2\n"))
            return child;
        peer_nap(10);
    }
    return 0;
}

static int ends(pid_t pid)
{
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* The private number as a library may keep it: most or least significant byte first. */
static void numbers(uint8_t big[32], uint8_t little[32])
{
    BIGNUM *n = NULL;
    assert_int_equal(EVP_PKEY_get_bn_param(signer.key, OSSL_PKEY_PARAM_PRIV_KEY, &n), 1);
    assert_int_equal(BN_bn2binpad(n, big, 32), 32);
    assert_int_equal(BN_bn2lebinpad(n, little, 32), 32);
    BN_clear_free(n);
}

/* Is this in the process's writable memory? -1: it does not let us look. */
static int memory_has(pid_t pid, const uint8_t *what, size_t n)
{
    char path[64], line[512];
    int found = 0;
    snprintf(path, sizeof path, "/proc/%d/mem", (int)pid);
    AUTO_FD mem = open(path, O_RDONLY);
    snprintf(path, sizeof path, "/proc/%d/maps", (int)pid);
    FILE *maps = fopen(path, "r");
    if (mem < 0 || maps == NULL)
        found = -1;
    while (found == 0 && fgets(line, sizeof line, maps) != NULL) {
        unsigned long from, to;
        char may[5];
        if (sscanf(line, "%lx-%lx %4s", &from, &to, may) != 3 || may[1] != 'w' || to - from > (64u << 20))
            continue;
        AUTO_BUF piece = {0};
        assert_ok(buf_reserve(&piece, to - from));
        ssize_t got = pread(mem, piece.ptr, to - from, (off_t)from);
        found = got > 0 && memmem(piece.ptr, (size_t)got, what, n) != NULL;
    }
    if (maps != NULL)
        fclose(maps);
    return found;
}

static void the_process_that_reads_documents_has_no_key(void **state)
{
    (void)state;
    uint8_t big[32], little[32];
    numbers(big, little);
    pid_t pid = start("note.txt");
    pid_t child = wait_for_key(pid);
    assert_true(child > 0);
    peer_nap(500); /* it has signed, and waits for its timestamp */
    if (!LOCKIN_SANITIZER) {
        assert_int_equal(memory_has(pid, big, 32) | memory_has(pid, little, 32), 0);
        int there = memory_has(child, big, 32) | memory_has(child, little, 32); /* proves the search, where one may look at all */
        assert_true(there != 0);
    }
    assert_int_equal(ends(pid), 0);
}

static void the_process_with_the_key_is_locked_in(void **state)
{
    (void)state;
    pid_t pid = start("note.txt");
    pid_t child = wait_for_key(pid);
    assert_true(child > 0);
    assert_true(has_line(child, "NoNewPrivs:\t1\n"));
    if (!LOCKIN_SANITIZER)
        assert_true(has_line(child, "Seccomp:\t2\n"));
    assert_int_equal(ends(pid), 0);
    assert_int_not_equal(kill(child, 0), 0);
}

static void without_the_process_with_the_key_nothing_is_signed(void **state)
{
    (void)state;
    AUTO_BUF text = {0};
    tp_run(&text, "for i in 1 2 3 4 5 6; do cp note.txt note-$i; done");
    pid_t pid = start("note-1 note-2 note-3 note-4 note-5 note-6");
    pid_t child = wait_for_key(pid);
    assert_true(child > 0);
    while (atomic_load(&stamps) < 1) /* two are signed by now, and wait; four are to come */
        peer_nap(10);
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(ends(pid), 1);
    assert_int_equal(tp_run(&text, "grep -c 'NOT signed: The key did not sign' said"), 0);
    assert_int_equal(tp_run(&text, "test $(ls note-*.p7s | wc -l) -lt 6 && test -z \"$(ls -A | grep '^[.]antin')\""), 0);
}

static void when_the_program_is_killed_the_key_goes_with_it(void **state)
{
    (void)state;
    pid_t pid = start("note.txt");
    pid_t child = wait_for_key(pid);
    assert_true(child > 0);
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(ends(pid), -1);
    for (unsigned i = 0; i < 200 && kill(child, 0) == 0 && !has_line(child, "State:\tZ (zombie)\n"); i++)
        peer_nap(10);
    assert_true(kill(child, 0) != 0 || has_line(child, "State:\tZ (zombie)\n"));
    assert_false(there("note.txt.p7s"));
}

/* Killed at any moment of a batch: each signature is there whole, or not at all, and nothing beside it. */
static void a_batch_killed_at_any_moment_leaves_whole_signatures(void **state)
{
    (void)state;
    AUTO_BUF text = {0};
    unsigned some = 0;
    crls_for_the_verifier();
    tp_run(&text, "for i in $(seq 60); do cp note.txt note-$i; done");
    int64_t start = clock_mono_us();
    ASSERT_EXIT(0, "B-T", KEY "-j2 --tsa %s note-*", services_url("/tsa"));
    int64_t whole = clock_mono_us() - start;
    for (unsigned part = 1; part < 12; part++) {
        tp_run(&text,
               "rm -f *.p7s; '%s' " KEY "-j2 --tsa %s note-* >/dev/null 2>&1 & sleep %.3f; kill -9 $! 2>/dev/null; wait $! 2>/dev/null; "
               "ls *.p7s 2>/dev/null | wc -l",
               sign, services_url("/tsa"), (double)whole * part / 12 / 1e6);
        unsigned long n = strtoul(buf_str(&text), NULL, 10);
        if (n > 0)
            verifier_says(0, "*.p7s");
        some += n > 0 && n < 60;
        assert_int_equal(tp_run(&text, "test -z \"$(ls -A | grep '^[.]antin')\""), 0);
    }
    assert_true(some > 0); /* it was hit in the midst of it */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_process_that_reads_documents_has_no_key),          TEST(the_process_with_the_key_is_locked_in),
        TEST(without_the_process_with_the_key_nothing_is_signed),   TEST(when_the_program_is_killed_the_key_goes_with_it),
        TEST(a_batch_killed_at_any_moment_leaves_whole_signatures),
    };
    return cmocka_run_group_tests_name("antin-sign's key process", tests, setup, teardown);
}

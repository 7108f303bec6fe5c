/*
 * A real keyd for tests: a ceremony by antin-ca in a folder of its own, the process started from there, killed, reloaded.
 * Included by tests/unit/test_keyd*.c, test_keyclient.c and test_ca.c.
 */
#ifndef ANTIN_KEYDPROC_H
#define ANTIN_KEYDPROC_H

#include "common/clock.h"
#include "common/keyclient.h"
#include "common/x509.h"
#include "tests/unit/testjwt.h"
#include <errno.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define IDP "https://idp.test"
#define SIGNER "antin-signer"

struct proc {
    char dir[64];
    pid_t pid;
    struct keyclient *k;
    EVP_PKEY *idp; /* a provider's key that the test holds: kid "test" in the JWKS */
};

static inline const char *in_dir(const struct proc *p, const char *name)
{
    static char room[8][256];
    static unsigned at;
    char *s = room[at++ % 8];
    (void)snprintf(s, sizeof room[0], "%s/%s", p->dir, name);
    return s;
}

/* $ANTIN_BIN, else beside this test's own build (BUILD/test/test_x and BUILD/bin), else build/bin. */
static inline const char *program(const char *name)
{
    static char path[4200];
    char exe[4096] = "";
    const char *dir = getenv("ANTIN_BIN");
    ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
    exe[n > 0 ? n : 0] = '\0';
    char *slash = strrchr(exe, '/');
    if (slash)
        *slash = '\0';
    (void)snprintf(path, sizeof path, "%s%s/%s", dir && *dir ? dir : exe, dir && *dir ? "" : "/../bin", name);
    if (access(path, X_OK) != 0)
        (void)snprintf(path, sizeof path, "build/bin/%s", name);
    return path;
}

/* Runs a program, its output in DIR/out (standard error too); returns its exit code. */
static inline int run_argv(const struct proc *p, const char *const *argv)
{
    pid_t pid = fork();
    if (pid == 0) {
        int out = open(in_dir(p, "out"), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600), none = open("/dev/null", O_RDONLY | O_CLOEXEC);
        if (out < 0 || none < 0 || dup2(none, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0)
            _exit(126);
        execvp(argv[0], (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    int st = 0;
    assert_true(pid > 0 && waitpid(pid, &st, 0) == pid);
    return WIFEXITED(st) ? WEXITSTATUS(st) : 128 + WTERMSIG(st);
}
#define run(p, ...) run_argv(p, (const char *const[]){__VA_ARGS__, NULL})
#define antin_ca(p, ...) run_argv(p, (const char *const[]){program("antin-ca"), __VA_ARGS__, NULL})

static inline char *read_text(const char *path)
{
    FILE *f = fopen(path, "re");
    assert_non_null(f);
    const size_t room = 1 << 20;
    char *text = calloc(1, room);
    assert_non_null(text);
    size_t n = fread(text, 1, room - 1, f);
    text[n] = '\0';
    (void)fclose(f);
    return text;
}

static inline void write_text(const char *path, const char *text)
{
    FILE *f = fopen(path, "we");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0 && fclose(f) == 0);
}

static inline void write_bytes(const char *path, const void *b, size_t n)
{
    FILE *f = fopen(path, "we");
    assert_non_null(f);
    assert_true(fwrite(b, 1, n, f) == n && fclose(f) == 0);
}

/* The last line that antin-ca printed: a serial number or an id. */
static inline void out_line(const struct proc *p, char *out, size_t cap)
{
    char *text = read_text(in_dir(p, "out"));
    text[strcspn(text, "\n")] = '\0';
    (void)snprintf(out, cap, "%s", text);
    free(text);
}

/* idp.jwks: keyd's own token keys and the test's. */
static inline void write_jwks(const struct proc *p)
{
    assert_int_equal(antin_ca(p, "jwks", in_dir(p, "keys"), "--out", in_dir(p, "idp.jwks")), 0);
    AUTO_JSON set = json_load_file(in_dir(p, "idp.jwks"), 0, NULL);
    json_t *k;
    assert_ok(jwk_to_json(p->idp, JOSE_ES256, "test", &k));
    assert_int_equal(json_array_append_new(json_object_get(set, "keys"), k), 0);
    assert_int_equal(json_dump_file(set, in_dir(p, "idp.jwks"), 0), 0);
}

/* more: further lines for the [keyd] section, and sections after it. */
static inline void write_conf(const struct proc *p, const char *purposes, const char *more)
{
    AUTO_BUF b = {0};
    assert_ok(buf_addf(&b, "[keyd]\nsocket = %s\nkeys = %s\ndomain_key = %s\npurposes = %s\n", in_dir(p, "keyd.sock"), in_dir(p, "keys"),
                       in_dir(p, "domain"), purposes));
    if (!strstr(more, "peers ="))
        assert_ok(buf_addf(&b, "peers = %u\n", (unsigned)getuid()));
    assert_ok(buf_addf(&b,
                       "%s\n[token]\nissuer = " IDP
                       "\n[citizen]\nprofile = certs/profiles/citizen.conf\ncrl_url = http://ca.test/citizens.crl\n"
                       "aia_url = http://ca.test/citizens.crt\nocsp_url = http://ca.test/ocsp\nidp_issuer = " IDP "\nidp_audience = " SIGNER
                       "\nidp_jwks = %s\n"
                       "pin_mem_kib = 8192\npin_ops = 1\n",
                       more, in_dir(p, "idp.jwks")));
    write_text(in_dir(p, "keyd.conf"), buf_str(&b));
}

static inline void ceremony(struct proc *p)
{
    (void)strcpy(p->dir, "/tmp/antin-keyd-XXXXXX");
    assert_non_null(mkdtemp(p->dir));
    assert_int_equal(mkdir(in_dir(p, "keys"), 0700), 0);
    write_text(in_dir(p, "pass"), "correct horse battery staple\n");
    p->idp = key_new(JOSE_ES256);
    assert_int_equal(antin_ca(p, "domain-key", "--out", in_dir(p, "domain")), 0);
    assert_int_equal(antin_ca(p, "init", in_dir(p, "ca"), "--organization", "Thử nghiệm", "--crl-base", "http://ca.test", "--aia-base",
                              "http://ca.test", "--ocsp-url", "http://ca.test/ocsp", "--profiles", "certs/profiles", "--passphrase-file",
                              in_dir(p, "pass"), "--all", "--key-out", in_dir(p, "keys"), "--domain-key", in_dir(p, "domain")),
                     0);
    for (const char *const *w = (const char *const[]){"token", "data", NULL}; *w; w++)
        assert_int_equal(antin_ca(p, "key", "new", "--purpose", *w, "--dir", in_dir(p, "keys"), "--domain-key", in_dir(p, "domain")), 0);
    write_jwks(p);
}

static inline void sleep_ms(int ms)
{
    const struct timespec ts = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};
    (void)nanosleep(&ts, NULL);
}

/* Starts keyd; its log goes to DIR/log. */
static inline void proc_spawn(struct proc *p)
{
    p->pid = fork();
    if (p->pid == 0) {
        int log = open(in_dir(p, "log"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        if (log < 0 || dup2(log, 2) < 0)
            _exit(126);
        execl(program("antin-keyd"), "antin-keyd", "-c", in_dir(p, "keyd.conf"), (char *)NULL);
        _exit(127);
    }
    assert_true(p->pid > 0);
}

/* Until it answers, 20 s at most (sanitizers are slow to start). */
static inline void proc_wait(struct proc *p)
{
    struct key_info info[KEY_LIST_MAX];
    size_t n;
    for (int i = 0; i < 1000; i++) {
        err_t e = key_list(p->k, KEY_TOKEN, info, &n);
        if (e == OK || e == ERR_KEYD_REFUSED)
            return;
        sleep_ms(20);
    }
    fail_msg("keyd does not answer:\n%s", read_text(in_dir(p, "log")));
}

static inline void proc_start(struct proc *p)
{
    proc_spawn(p);
    if (!p->k)
        assert_ok(key_open(in_dir(p, "keyd.sock"), 8, &p->k));
    proc_wait(p);
}

static inline int proc_stop(struct proc *p, int sig)
{
    int st = 0;
    assert_int_equal(kill(p->pid, sig), 0);
    assert_int_equal(waitpid(p->pid, &st, 0), p->pid);
    p->pid = 0;
    return WIFEXITED(st) ? WEXITSTATUS(st) : 128 + WTERMSIG(st);
}

/* The process with the keys: the supervisor's one child. 0: none at the moment. */
static inline pid_t worker_pid(const struct proc *p)
{
    char path[64];
    int pid = 0;
    (void)snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)p->pid, (int)p->pid);
    FILE *f = fopen(path, "re");
    if (f && fscanf(f, "%d", &pid) != 1)
        pid = 0;
    if (f)
        (void)fclose(f);
    return pid;
}

/* What a sanitizer said in keyd's process is a failure here. */
static inline void log_is_clean(const struct proc *p)
{
    char *log = access(in_dir(p, "log"), R_OK) == 0 ? read_text(in_dir(p, "log")) : calloc(1, 1);
    if (strstr(log, "Sanitizer") || strstr(log, "runtime error:"))
        fail_msg("%s", strstr(log, "WARNING: ") ? strstr(log, "WARNING: ") : log);
    free(log);
}

static inline void proc_end(struct proc *p)
{
    if (p->pid)
        assert_int_equal(proc_stop(p, SIGTERM), 0);
    log_is_clean(p);
    key_close(&p->k);
    EVP_PKEY_free(p->idp);
    (void)run(p, "rm", "-rf", p->dir);
}

/* Configured with these purposes and running. */
static inline void proc_begin(struct proc *p, const char *purposes, const char *more)
{
    ceremony(p);
    write_conf(p, purposes, more);
    proc_start(p);
}

#define ALL "token data tsa seal ca ocsp citizen"

#endif

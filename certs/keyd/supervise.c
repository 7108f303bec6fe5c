/*
 * The supervisor: binds the socket, starts the process with the keys, starts it anew on SIGHUP or when it dies. Holds no key.
 * Called by main.c. PROTOCOL.md, "Reload".
 */
#include "certs/keyd/keyd.h"
#include "certs/keyd/schedule.h"
#include "common/clock.h"
#include "common/ipc.h"
#include "common/log.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define READY_MS 30000
#define STOP_MS 10000
#define LISTEN_FD 3
#define CONTROL_FD 4
#define TRIES_MS 2000
#define TICK_MS 1000 /* between two looks at the files */

struct child {
    pid_t pid; /* 0: none */
    int control;
    int64_t since_us;
};

static void child_exec(const char *conf_path, int listen_fd, int control_fd)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    /* Both away from the numbers they will get, then there; dup2 leaves them open across exec. */
    int l = fcntl(listen_fd, F_DUPFD, 16), c = fcntl(control_fd, F_DUPFD, 16);
    if (l < 0 || c < 0 || dup2(l, LISTEN_FD) < 0 || dup2(c, CONTROL_FD) < 0)
        _exit(1);
    close(l);
    close(c);
    execl("/proc/self/exe", "antin-keyd", "--worker", "-c", conf_path, (char *)NULL);
    _exit(127);
}

static void say_how(pid_t pid, int status)
{
    if (WIFSIGNALED(status)) /* SIGSYS: the system call filter */
        log_event(LOG_ERROR, "died", "process %ld: signal %d", (long)pid, WTERMSIG(status));
    else if (WEXITSTATUS(status))
        log_event(LOG_ERROR, "died", "process %ld: exit %d", (long)pid, WEXITSTATUS(status));
}

static void child_end(struct child *c)
{
    if (c->pid > 0) {
        kill(c->pid, SIGKILL);
        waitpid(c->pid, NULL, 0);
    }
    fd_close(&c->control);
    c->pid = 0;
}

/* Starts a process and waits until it has its keys and has locked itself in. */
static err_t child_start(const char *conf_path, int listen_fd, struct child *c)
{
    int pair[2];
    char word = 0;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return ERR_IO;
    pid_t pid = fork();
    if (pid == 0)
        child_exec(conf_path, listen_fd, pair[1]);
    close(pair[1]);
    *c = (struct child){.pid = pid > 0 ? pid : 0, .control = pair[0], .since_us = clock_mono_us()};
    struct pollfd p = {.fd = pair[0], .events = POLLIN};
    if (pid > 0 && poll(&p, 1, READY_MS) == 1 && read(pair[0], &word, 1) == 1 && word == 'R')
        return OK;
    child_end(c);
    return ERR_CONFIG;
}

static bool child_go(struct child *c)
{
    return write(c->control, "G", 1) == 1;
}

/* Lets the old process finish what it has begun, and waits for its end: two at once would each not know the other's used nonces. */
static void child_stop(struct child *c)
{
    if (c->pid <= 0)
        return;
    shutdown(c->control, SHUT_RDWR);
    for (int64_t until = clock_mono_us() + STOP_MS * 1000; clock_mono_us() < until;) {
        int status = 0;
        if (waitpid(c->pid, &status, WNOHANG) == c->pid) {
            say_how(c->pid, status);
            c->pid = 0;
            break;
        }
        poll(NULL, 0, 5);
    }
    child_end(c);
}

static void reload(const char *conf_path, int listen_fd, struct child *now, struct schedule *s)
{
    struct child next = {.control = -1};
    schedule_publish(s, conf_path);
    err_t e = schedule_load(conf_path, s);
    if (e == OK)
        e = child_start(conf_path, listen_fd, &next);
    schedule_loaded(s, e == OK);
    if (e != OK) {
        log_event(LOG_ERROR, "reload", "the new process did not start: the old one goes on");
        return;
    }
    child_stop(now);
    *now = next;
    if (!child_go(now))
        child_stop(now);
    log_event(LOG_INFO, "reload", "process %ld", (long)now->pid);
}

/* It died without being asked: started again at once, but not more than once a second when it keeps dying. */
static void revive(const char *conf_path, int listen_fd, struct child *c)
{
    int64_t lived = clock_mono_us() - c->since_us;
    fd_close(&c->control);
    c->pid = 0;
    if (lived < 1000000)
        poll(NULL, 0, (int)((1000000 - lived) / 1000));
    c->since_us = clock_mono_us();
    if (child_start(conf_path, listen_fd, c) == OK && child_go(c))
        log_event(LOG_WARNING, "restarted", "process %ld", (long)c->pid);
}

static err_t bind_socket(const struct keyd_conf *c, int *fd)
{
    char *end;
    unsigned long mode = strtoul(c->socket_mode, &end, 8);
    if (*end || end == c->socket_mode || mode > 0777) {
        fprintf(stderr, "keyd.socket_mode: \"%s\" is no octal mode\n", c->socket_mode);
        return ERR_CONFIG;
    }
    err_t e;
    int64_t until = clock_mono_us() + TRIES_MS * 1000;
    /* A process whose supervisor was killed still holds the socket for a moment. */
    while ((e = ipc_listen(c->socket, (mode_t)mode, fd)) == ERR_CONFLICT && clock_mono_us() < until)
        poll(NULL, 0, 20);
    if (e != OK) {
        fprintf(stderr, "%s: %s\n", c->socket,
                e == ERR_CONFLICT ? "another keyd answers there"
                : e == ERR_SYNTAX ? "path too long"
                                  : strerror(errno));
        return e;
    }
    if (*c->socket_group) {
        const struct group *g = getgrnam(c->socket_group);
        if (!g || chown(c->socket, (uid_t)-1, g->gr_gid) != 0) {
            fprintf(stderr, "keyd.socket_group: %s\n", g ? strerror(errno) : "no such group");
            return ERR_CONFIG;
        }
    }
    return OK;
}

/* A word from the process with the keys: somebody asks for new ones. Its end is the signal's business. */
static void hear(struct child *c, struct schedule *s)
{
    char word = 0;
    ssize_t n = recv(c->control, &word, 1, MSG_DONTWAIT);
    if (n == 1 && word == 'T')
        schedule_ask(s);
    else if (n == 0)
        poll(NULL, 0, 20);
}

/* true: it shall end. */
static bool hear_signal(const char *conf_path, int listen_fd, int sig_fd, struct child *c, struct schedule *s)
{
    struct signalfd_siginfo si;
    if (read(sig_fd, &si, sizeof si) != (ssize_t)sizeof si)
        return false;
    if (si.ssi_signo == SIGHUP)
        reload(conf_path, listen_fd, c, s);
    return si.ssi_signo == SIGTERM || si.ssi_signo == SIGINT;
}

static void look_after(const char *conf_path, int listen_fd, struct child *c, struct schedule *s)
{
    int status = 0;
    if (c->pid && waitpid(c->pid, &status, WNOHANG) == c->pid) {
        say_how(c->pid, status);
        revive(conf_path, listen_fd, c);
    } else if (!c->pid) {
        revive(conf_path, listen_fd, c);
    }
    schedule_rotate(s, conf_path);
    if (schedule_changed(s))
        reload(conf_path, listen_fd, c, s);
}

static int loop(const char *conf_path, int listen_fd, int sig_fd, struct child *c, struct schedule *s)
{
    int64_t ticked = clock_mono_us();
    for (;;) {
        struct pollfd p[] = {{.fd = sig_fd, .events = POLLIN}, {.fd = c->control, .events = POLLIN}};
        (void)poll(p, 2, TICK_MS);
        if (p[0].revents && hear_signal(conf_path, listen_fd, sig_fd, c, s)) {
            child_stop(c);
            return 0;
        }
        if (p[1].revents && p[1].fd == c->control)
            hear(c, s);
        if (p[0].revents || clock_mono_us() - ticked >= TICK_MS * INT64_C(1000)) {
            ticked = clock_mono_us();
            look_after(conf_path, listen_fd, c, s);
        }
    }
}

static err_t first_start(const char *conf_path, int listen_fd, struct child *c, struct schedule *s)
{
    TRY(schedule_load(conf_path, s)); /* the files as they are now */
    TRY(child_start(conf_path, listen_fd, c));
    return child_go(c) ? OK : ERR_IO;
}

int supervise(const char *conf_path)
{
    struct keyd_conf conf;
    struct child c = {.control = -1};
    AUTO(schedule_free) struct schedule schedule = {0};
    AUTO_FD listen_fd = -1;
    AUTO_STR path = NULL;
    if (keyd_conf_load(conf_path, &conf, stderr) != OK)
        return 1;
    secret_free(&conf.domain_key); /* the supervisor has no use for it */
    /* Who finds the socket finds the public keys too. */
    err_t e = schedule_load(conf_path, &schedule);
    if (e == OK)
        schedule_rotate(&schedule, conf_path);
    if (e == OK)
        e = bind_socket(&conf, &listen_fd);
    path = strdup(conf.socket);
    keyd_conf_free(&conf);
    if (e != OK || !path)
        return 1;
    sigset_t set;
    sigemptyset(&set);
    for (const int *s = (const int[]){SIGTERM, SIGINT, SIGHUP, SIGCHLD, 0}; *s; s++)
        sigaddset(&set, *s);
    sigprocmask(SIG_BLOCK, &set, NULL);
    AUTO_FD sig_fd = signalfd(-1, &set, SFD_CLOEXEC);
    if (sig_fd < 0 || first_start(conf_path, listen_fd, &c, &schedule) != OK) {
        child_stop(&c);
        (void)unlink(path);
        return 1;
    }
    int code = loop(conf_path, listen_fd, sig_fd, &c, &schedule);
    (void)unlink(path);
    return code;
}

/*
 * When keys come and go without anybody sending a signal: rotation by schedule or when asked, and files that changed.
 * Called by supervise.c. PROTOCOL.md, "Rotation" and "Reload".
 */
#include "certs/keyd/schedule.h"
#include "certs/keyd/keyd.h"
#include "certs/rotate.h"
#include "common/clock.h"
#include "common/log.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define DAY 86400
#define LOOK_US (600 * INT64_C(1000000)) /* rotation is a matter of days */
#define ASKED_US (10 * INT64_C(1000000)) /* whoever asks again and again gets it so often */
#define AGAIN_US (60 * INT64_C(1000000)) /* after a reload that failed */
#define RUN_MS 60000

static struct stamp stamp_of(const char *path)
{
    struct stat st;
    if (*path == '\0' || stat(path, &st) != 0)
        return (struct stamp){0};
    return (struct stamp){.device = st.st_dev, .inode = st.st_ino, .size = st.st_size, .changed = st.st_mtim};
}

static bool same(const struct stamp *a, const struct stamp *b)
{
    return a->device == b->device && a->inode == b->inode && a->size == b->size && a->changed.tv_sec == b->changed.tv_sec &&
           a->changed.tv_nsec == b->changed.tv_nsec;
}

static void look(const struct schedule *s, struct stamp now[SCHEDULE_FILES])
{
    for (size_t i = 0; i < SCHEDULE_FILES; i++)
        now[i] = stamp_of(s->path[i]);
}

static bool all_same(const struct stamp a[SCHEDULE_FILES], const struct stamp b[SCHEDULE_FILES])
{
    bool yes = true;
    for (size_t i = 0; i < SCHEDULE_FILES; i++)
        yes = yes && same(&a[i], &b[i]);
    return yes;
}

void schedule_free(struct schedule *s)
{
    for (size_t i = 0; i < SCHEDULE_FILES; i++)
        str_free(&s->path[i]);
}

err_t schedule_load(const char *conf_path, struct schedule *s)
{
    struct keyd_conf c;
    TRY(keyd_conf_load(conf_path, &c, stderr));
    schedule_free(s);
    s->path[0] = take(&c.keys);
    s->path[1] = take(&c.idp_jwks);
    s->rotates = c.issuer[0] && (c.rotate_days || c.jwks_out[0]);
    keyd_conf_free(&c);
    look(s, s->loaded);
    memcpy(s->seen, s->loaded, sizeof s->seen);
    return OK;
}

void schedule_loaded(struct schedule *s, bool well)
{
    s->again_us = well ? 0 : clock_mono_us() + AGAIN_US;
}

bool schedule_changed(struct schedule *s)
{
    struct stamp now[SCHEDULE_FILES];
    look(s, now);
    bool rest = all_same(now, s->seen);
    memcpy(s->seen, now, sizeof s->seen);
    return rest && (!all_same(now, s->loaded) || (s->again_us && clock_mono_us() >= s->again_us));
}

void schedule_ask(struct schedule *s)
{
    s->asked = true;
}

/* A process of its own: the domain's key never is in the supervisor. */
static void rotate_exec(const char *conf_path, bool force)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execl("/proc/self/exe", "antin-keyd", force ? "--rotate" : "--rotate-due", "-c", conf_path, (char *)NULL);
    _exit(127);
}

static void rotate_run(const char *conf_path, bool force)
{
    int status = 0;
    pid_t done = 0, pid = fork();
    if (pid == 0)
        rotate_exec(conf_path, force);
    for (int64_t until = clock_mono_us() + RUN_MS * INT64_C(1000); pid > 0 && (done = waitpid(pid, &status, WNOHANG)) == 0;) {
        if (clock_mono_us() > until) {
            kill(pid, SIGKILL);
            done = waitpid(pid, &status, 0);
            break;
        }
        poll(NULL, 0, 5);
    }
    if (pid < 0 || done != pid || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
        log_event(LOG_ERROR, "rotate", "failed; the keys that there are go on");
}

void schedule_rotate(struct schedule *s, const char *conf_path)
{
    int64_t now = clock_mono_us();
    if (!s->rotates) {
        s->asked = false;
        return;
    }
    bool force = s->asked && (!s->forced_us || now - s->forced_us >= ASKED_US);
    if (!force && s->ran_us && now - s->ran_us < LOOK_US)
        return;
    rotate_run(conf_path, force);
    s->ran_us = now;
    if (force) {
        s->forced_us = now;
        s->asked = false;
    }
}

void schedule_publish(struct schedule *s, const char *conf_path)
{
    if (s->rotates)
        rotate_run(conf_path, false);
}

int rotate_main(const char *conf_path, bool force)
{
    struct keyd_conf c;
    struct rotated done;
    AUTO_SECRET domain = {0};
    if (sandbox_early() != OK || keyd_conf_load(conf_path, &c, stderr) != OK)
        return 1;
    err_t e = c.issuer[0] ? domain_key_parse(secret_bytes(&c.domain_key), &domain) : ERR_CONFIG;
    if (e != OK) {
        fprintf(stderr, "antin-keyd: %s\n", c.issuer[0] ? "domain_key: the file holds no domain key" : "this keyd has no token keys");
        keyd_conf_free(&c);
        return 1;
    }
    const struct rotation r = {.dir = c.keys,
                               .domain_key = secret_bytes(&domain),
                               .now = clock_now(),
                               .every = c.rotate_days * DAY,
                               .overlap = c.overlap_s,
                               .force = force,
                               .jwks = c.jwks_out};
    e = rotate(&r, &done);
    if (e != OK)
        log_event(LOG_ERROR, "rotate", "%s: %s", done.what, err_info(e)->name);
    else if (force)
        printf("made %u, destroyed %u%s\n", done.made, done.destroyed, done.published ? ", published" : "");
    keyd_conf_free(&c);
    return e == OK ? 0 : 1;
}

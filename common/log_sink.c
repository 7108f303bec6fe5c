/*
 * One write() a line costs a busy daemon more than what the line says; so lines are collected, and a thread writes some milliseconds' worth at
 * a time. Errors do not wait, and neither does anything once the room is full.
 * Called by common/log.c.
 *
 * Lines of one process keep their order, and no line is cut by another process's: a write to a pipe is at most PIPE_BUF bytes (POSIX write(),
 * "Write requests of {PIPE_BUF} bytes or less shall not be interleaved"), and ends with a line.
 */
#include "common/log_sink.h"
#include "common/log.h"
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define ROOM 65536
#define COLLECT_NS 5000000L
#define STACK_SIZE ((size_t)128 * 1024)

static struct {
    pthread_mutex_t lock; /* what follows, and the order of writes */
    pthread_cond_t some;
    bool background, waiting;
    size_t write_max; /* bytes of one write() */
    size_t len;
    char room[ROOM];
} sink = {.lock = PTHREAD_MUTEX_INITIALIZER, .some = PTHREAD_COND_INITIALIZER};

/* As much as one write may take, up to the end of a line. */
static size_t piece(const char *p, size_t n, size_t max)
{
    if (n <= max)
        return n;
    const char *end = memrchr(p, '\n', max);
    return end == NULL ? max : (size_t)(end - p) + 1;
}

/* Under the lock: the next who has a line waits, which is what holds a flood back when nobody reads the log. */
static void flush(void)
{
    for (size_t at = 0; at < sink.len;) {
        size_t n = piece(sink.room + at, sink.len - at, sink.write_max);
        (void)!write(STDERR_FILENO, sink.room + at, n); /* a log that cannot be written has nowhere to say so */
        at += n;
    }
    sink.len = 0;
}

void log_sink_write(const char *line, size_t n, bool now)
{
    (void)pthread_mutex_lock(&sink.lock);
    if (!sink.background) {
        (void)!write(STDERR_FILENO, line, n);
        (void)pthread_mutex_unlock(&sink.lock);
        return;
    }
    if (sink.len + n > sizeof sink.room)
        flush();
    memcpy(sink.room + sink.len, line, n);
    sink.len += n;
    if (now)
        flush();
    bool wake = sink.waiting && sink.len > 0;
    sink.waiting = sink.waiting && !wake;
    (void)pthread_mutex_unlock(&sink.lock);
    if (wake)
        (void)pthread_cond_signal(&sink.some);
}

static void *writer(void *arg)
{
    const struct timespec collect = {.tv_nsec = COLLECT_NS};
    (void)arg;
    for (;;) {
        (void)pthread_mutex_lock(&sink.lock);
        while (sink.len == 0) {
            sink.waiting = true;
            (void)pthread_cond_wait(&sink.some, &sink.lock);
        }
        (void)pthread_mutex_unlock(&sink.lock);
        (void)nanosleep(&collect, NULL);
        (void)pthread_mutex_lock(&sink.lock);
        flush();
        (void)pthread_mutex_unlock(&sink.lock);
    }
    return NULL;
}

/* From now on at once again: what follows may be the last words. */
static void stop(void)
{
    (void)pthread_mutex_lock(&sink.lock);
    flush();
    sink.background = false;
    (void)pthread_mutex_unlock(&sink.lock);
}

/* A child of fork() has no writer, and what is collected is its parent's to write. */
static void in_child(void)
{
    (void)pthread_mutex_init(&sink.lock, NULL);
    sink.len = 0;
    sink.background = false;
}

void log_in_background(void)
{
    struct stat st;
    pthread_t thread;
    pthread_attr_t attr;
    bool is_pipe = fstat(STDERR_FILENO, &st) != 0 || !S_ISREG(st.st_mode);
    (void)pthread_attr_init(&attr);
    (void)pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    (void)pthread_attr_setstacksize(&attr, STACK_SIZE);
    (void)pthread_mutex_lock(&sink.lock);
    if (!sink.background) {
        sink.write_max = is_pipe ? PIPE_BUF : ROOM;
        sink.background =
            pthread_create(&thread, &attr, writer, NULL) == 0 && atexit(stop) == 0 && pthread_atfork(NULL, NULL, in_child) == 0;
    }
    (void)pthread_mutex_unlock(&sink.lock);
    (void)pthread_attr_destroy(&attr);
}

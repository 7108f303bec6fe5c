/*
 * What every unit test includes: cmocka, and small helpers for errors, files and the log.
 */
#ifndef ANTIN_UNIT_H
#define ANTIN_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after those that it needs */
#include <cmocka.h>

#include "common/bytes.h"
#include "common/err.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Fails with the names of both errors. */
#define assert_err(expr, want) assert_err_(expr, want, #expr, __FILE__, __LINE__)
#define assert_ok(expr) assert_err(expr, OK)
static inline void assert_err_(err_t have, err_t want, const char *expr, const char *file, int line)
{
    if (have == want)
        return;
    print_error("%s gave %s, not %s\n", expr, err_info(have)->name, err_info(want)->name);
    _fail(file, line);
}

/* A new folder for one test; the caller removes it with dir_remove. */
static inline char *dir_new(void)
{
    char path[] = "/tmp/antin-unit-XXXXXX";
    assert_non_null(mkdtemp(path));
    return strdup(path);
}

static inline void file_write(const char *dir, const char *name, struct bytes v)
{
    char path[512];
    (void)snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "we");
    assert_non_null(f);
    assert_true(v.len == 0 || fwrite(v.ptr, v.len, 1, f) == 1);
    assert_int_equal(fclose(f), 0);
}

static inline void file_write_str(const char *dir, const char *name, const char *text)
{
    file_write(dir, name, bytes_str(text));
}

static inline void dir_remove(char *dir, const char *const *names)
{
    char path[512];
    for (size_t i = 0; names[i] != NULL; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", dir, names[i]);
        (void)unlink(path);
    }
    assert_int_equal(rmdir(dir), 0);
    free(dir);
}

/* Everything written to stderr between begin and end (at most 64 kB). */
struct captured {
    int pipe[2];
    int saved;
    char text[65536];
    size_t len;
};

static inline void capture_begin(struct captured *c)
{
    assert_int_equal(pipe(c->pipe), 0);
    assert_int_equal(fcntl(c->pipe[0], F_SETFL, O_NONBLOCK), 0);
    (void)fcntl(c->pipe[1], F_SETPIPE_SZ, 65536);
    (void)fflush(stderr);
    c->saved = dup(STDERR_FILENO);
    assert_true(c->saved >= 0 && dup2(c->pipe[1], STDERR_FILENO) >= 0);
}

static inline const char *capture_end(struct captured *c)
{
    (void)fflush(stderr);
    (void)dup2(c->saved, STDERR_FILENO);
    (void)close(c->saved);
    (void)close(c->pipe[1]);
    c->len = 0;
    ssize_t n;
    while (c->len < sizeof c->text - 1 && (n = read(c->pipe[0], c->text + c->len, sizeof c->text - 1 - c->len)) > 0)
        c->len += (size_t)n;
    c->text[c->len] = '\0';
    (void)close(c->pipe[0]);
    return c->text;
}

#endif

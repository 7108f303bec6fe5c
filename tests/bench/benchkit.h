/*
 * What measurements share: clocks, rows against their bounds, programs with what they cost, PDFs of any size.
 * Included by tests/bench/signing.c.
 */
#ifndef ANTIN_BENCHKIT_H
#define ANTIN_BENCHKIT_H

#include "tests/unit/testpki.h"
#include <fcntl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static bool bench_good = true; /* every bound so far was kept */

TP_FN double bench_clock(clockid_t which)
{
    struct timespec t;
    clock_gettime(which, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}
/* Microseconds: of this thread's CPU, of the world. */
#define bench_cpu() bench_clock(CLOCK_THREAD_CPUTIME_ID)
#define bench_wall() bench_clock(CLOCK_MONOTONIC)

/* of: what the ratio is to, NULL for none; bound 0: told, but not bounded. */
TP_FN void bench_row(const char *what, double value, const char *unit, double ratio, const char *of, double bound)
{
    bool good = bound == 0 || ratio <= bound;
    bench_good = bench_good && good;
    printf("signing: %-56s %9.1f %s", what, value, unit);
    if (of != NULL)
        printf("  %5.3g x %s", ratio, of);
    if (bound != 0)
        printf(" (at most %g)%s", bound, good ? "" : "  EXCEEDED");
    putchar('\n');
    (void)fflush(stdout);
}

/* --- programs --- */

struct cost {
    double wall_us, cpu_us; /* CPU: with the processes that it started and waited for */
    long peak_kb;
    int status;
};

/* One program in the test's folder, quiet. */
TP_FN struct cost bench_run(char *const argv[])
{
    struct cost c = {0};
    struct rusage use;
    double start = bench_wall();
    pid_t pid = fork();
    if (pid == 0) {
        int null = open("/dev/null", O_RDWR | O_CLOEXEC);
        if (chdir(tp_dir()) == 0 && dup2(null, 0) >= 0 && dup2(null, 1) >= 0 && dup2(null, 2) >= 0)
            (void)execvp(argv[0], argv);
        _exit(127);
    }
    TP_MUST(pid > 0 && wait4(pid, &c.status, 0, &use) == pid);
    c.wall_us = bench_wall() - start;
    c.cpu_us = (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) * 1e6 + (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec);
    c.peak_kb = use.ru_maxrss;
    return c;
}

/* The cheapest of some rounds: what other programs do only ever adds. */
TP_FN struct cost bench_best(unsigned rounds, char *const argv[])
{
    struct cost best = {.wall_us = 1e12, .cpu_us = 1e12};
    for (unsigned i = 0; i < rounds; i++) {
        struct cost c = bench_run(argv);
        TP_MUST(WIFEXITED(c.status) && WEXITSTATUS(c.status) != 127);
        best.wall_us = c.wall_us < best.wall_us ? c.wall_us : best.wall_us;
        best.cpu_us = c.cpu_us < best.cpu_us ? c.cpu_us : best.cpu_us;
        best.peak_kb = c.peak_kb > best.peak_kb ? c.peak_kb : best.peak_kb;
        best.status = c.status;
    }
    return best;
}

/* --- PDFs --- */

/* Pages of which each shows one stream of so many bytes, as scans are. */
TP_FN void bench_scans(const char *name, unsigned pages, size_t bytes)
{
    AUTO_STR path = tp_path(name);
    AUTO_BUF stream = {0};
    AUTO_BUF table = {0};
    unsigned n = 2 + 2 * pages;
    FILE *f = fopen(path, "w");
    TP_MUST(f != NULL && buf_reserve(&stream, bytes) == OK);
    memset(stream.ptr, '%', bytes);
    fputs("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", f);
    for (unsigned i = 1; i <= n; i++) {
        TP_MUST(buf_addf(&table, "%010lld 00000 n \n", (long long)ftello(f)) == OK);
        fprintf(f, "%u 0 obj\n", i);
        if (i == 1) {
            fputs("<< /Type /Catalog /Pages 2 0 R >>", f);
        } else if (i == 2) {
            fprintf(f, "<< /Type /Pages /Count %u /Kids [", pages);
            for (unsigned k = 0; k < pages; k++)
                fprintf(f, " %u 0 R", 3 + 2 * k);
            fputs(" ] >>", f);
        } else if (i % 2 == 1) {
            fprintf(f, "<< /Type /Page /Parent 2 0 R /MediaBox [ 0 0 595 842 ] /Contents %u 0 R >>", i + 1);
        } else {
            fprintf(f, "<< /Length %zu >>\nstream\n", bytes);
            TP_MUST(fwrite(stream.ptr, 1, bytes, f) == bytes);
            fputs("\nendstream", f);
        }
        fputs("\nendobj\n", f);
    }
    long long xref = (long long)ftello(f);
    fprintf(f, "xref\n0 %u\n0000000000 65535 f \n%strailer\n<< /Size %u /Root 1 0 R >>\nstartxref\n%lld\n%%%%EOF\n", n + 1, buf_str(&table),
            n + 1, xref);
    TP_MUST(fclose(f) == 0);
}

#endif

/*
 * What evidence over a million objects costs: making it, renewing it both ways, taking and verifying one record, against its bounds. CPU time of one thread;
 * renewal by hash tree in as many threads as there are cores, by the clock.
 * Run by `make bench`; evidence [N].
 */
#include "tests/unit/testevidence.h"
#include <pthread.h>
#include <sys/resource.h>

#define RECORDS 1000
#define THREADS_MAX 16

static double cpu(void)
{
    struct rusage r;
    getrusage(RUSAGE_SELF, &r);
    return (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) + (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1e6;
}

static bool row(const char *what, double value, const char *unit, double bound)
{
    printf("evidence: %-50s %8.3f %s (at most %g)%s\n", what, value, unit, bound, value <= bound ? "" : "  TOO SLOW");
    return value <= bound;
}

static void object(unsigned i, struct ers_digests *d)
{
    TP_MUST(EVP_Digest(&i, sizeof i, d->of[CMS_SHA256], NULL, EVP_sha256(), NULL) == 1);
    TP_MUST(EVP_Digest(&i, sizeof i, d->of[CMS_SHA512], NULL, EVP_sha512(), NULL) == 1);
}

/* --- renewal by hash tree: each thread takes a part of the objects --- */

struct part {
    struct ers_gather *gather;
    const struct ers_digests *d;
    unsigned from, to;
};

static void *feed_part(void *arg)
{
    const struct part *p = arg;
    AUTO_ERS_HAND hand = NULL;
    TP_MUST(ers_hand_new(p->gather, &hand) == OK);
    for (unsigned i = p->from; i < p->to; i++)
        TP_MUST(ers_hand_add(hand, &p->d[i]) == OK);
    return NULL;
}

static void feed_in_parts(struct ers_gather *g, const struct ers_digests *d, unsigned n, unsigned threads)
{
    pthread_t thread[THREADS_MAX];
    struct part part[THREADS_MAX];
    for (unsigned i = 0; i < threads; i++) {
        part[i] = (struct part){g, d, (unsigned)((uint64_t)n * i / threads), (unsigned)((uint64_t)n * (i + 1) / threads)};
        TP_MUST(pthread_create(&thread[i], NULL, feed_part, &part[i]) == 0);
    }
    for (unsigned i = 0; i < threads; i++)
        TP_MUST(pthread_join(thread[i], NULL) == 0);
    TP_MUST(ers_gather_finish(g, false) == OK);
}

static bool renew_tree(const char *folder, const struct ers_digests *d, unsigned n)
{
    AUTO_ERS_GATHER g = NULL;
    char what[64];
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    unsigned threads = cores < 1 ? 1 : cores > THREADS_MAX ? THREADS_MAX : (unsigned)cores;
    double cpu_start = cpu(), start = (double)clock_mono_us();
    TP_MUST(ers_gather_renewal(folder, CMS_SHA512, te_means(true), &g) == OK);
    feed_in_parts(g, d, n, threads);
    snprintf(what, sizeof what, "renewed by hash tree, %u threads (CPU %.1f s)", threads, cpu() - cpu_start);
    return row(what, ((double)clock_mono_us() - start) / 1e6, "s", 10);
}

static void feed(struct ers_gather *g, const struct ers_digests *d, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        TP_MUST(ers_gather_add(g, &d[i]) == OK);
    TP_MUST(ers_gather_finish(g, false) == OK);
}

static bool records(const char *folder, const struct ers_digests *d, unsigned n)
{
    AUTO_ERS_ARCHIVE a = NULL;
    AUTO_BUF record = {0};
    TP_MUST(ers_archive_open(folder, &a) == OK);
    double start = cpu();
    for (unsigned i = 0; i < RECORDS; i++)
        TP_MUST(ers_archive_record(a, &d[(uint64_t)i * n / RECORDS], &record) == OK);
    bool good = row("one record taken and checked", 1000 * (cpu() - start) / RECORDS, "ms", 1);
    start = cpu();
    for (unsigned i = 0; i < RECORDS; i++) {
        struct ers_record r;
        struct ers_digests *last = (struct ers_digests *)(uintptr_t)&d[(uint64_t)(RECORDS - 1) * n / RECORDS];
        TP_MUST(ers_record_read(buf_bytes(&record), &r) == OK && ers_check(&r, &(struct ers_object){ers_digests_get, last}) == OK);
    }
    return row("one record verified (hash trees, imprints)", 1000 * (cpu() - start) / RECORDS, "ms", 1) && good;
}

int main(int argc, char **argv)
{
    unsigned n = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 1000000;
    secret_init();
    formats_errors_register();
    ts_pki_make(&pki);
    struct ers_digests *d = calloc(n, sizeof *d);
    TP_MUST(d != NULL && n > 0);
    for (unsigned i = 0; i < n; i++)
        object(i, &d[i]);
    AUTO_STR folder = te_folder();
    AUTO_ERS_GATHER first = NULL;
    printf("evidence: %u objects, SHA-256, then SHA-512\n", n);
    double start = cpu();
    TP_MUST(ers_gather_new(folder, CMS_SHA256, te_means(true), &first) == OK);
    feed(first, d, n);
    ers_gather_free(&first);
    bool good = row("made", cpu() - start, "s", 10);
    good = records(folder, d, n) && good;
    good = renew_tree(folder, d, n) && good;
    start = cpu();
    TP_MUST(ers_archive_renew(folder, te_means(true)) == OK);
    good = row("renewed by timestamp", cpu() - start, "s", 10) && good;
    good = records(folder, d, n) && good;
    free(d);
    ts_pki_free(&pki);
    tp_cleanup();
    return good ? 0 : 1;
}

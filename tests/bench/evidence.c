/*
 * What evidence over a million objects costs: making it, renewing it both ways, taking and verifying one record. CPU time of one thread, against its bounds.
 * Run by `make bench`; evidence [N].
 */
#include "tests/unit/testevidence.h"
#include <sys/resource.h>

#define RECORDS 1000

static double cpu(void)
{
    struct rusage r;
    getrusage(RUSAGE_SELF, &r);
    return (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) + (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1e6;
}

static bool row(const char *what, double value, const char *unit, double bound)
{
    printf("evidence: %-44s %8.3f %s (at most %g)%s\n", what, value, unit, bound, value <= bound ? "" : "  TOO SLOW");
    return value <= bound;
}

static void object(unsigned i, struct ers_digests *d)
{
    TP_MUST(EVP_Digest(&i, sizeof i, d->of[CMS_SHA256], NULL, EVP_sha256(), NULL) == 1);
    TP_MUST(EVP_Digest(&i, sizeof i, d->of[CMS_SHA512], NULL, EVP_sha512(), NULL) == 1);
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
    AUTO_ERS_GATHER second = NULL;
    printf("evidence: %u objects, SHA-256, then SHA-512\n", n);
    double start = cpu();
    TP_MUST(ers_gather_new(folder, CMS_SHA256, te_means(true), &first) == OK);
    feed(first, d, n);
    ers_gather_free(&first);
    bool good = row("made", cpu() - start, "s", 10);
    good = records(folder, d, n) && good;
    start = cpu();
    TP_MUST(ers_gather_renewal(folder, CMS_SHA512, te_means(true), &second) == OK);
    feed(second, d, n);
    ers_gather_free(&second);
    good = row("renewed by hash tree", cpu() - start, "s", 10) && good;
    start = cpu();
    TP_MUST(ers_archive_renew(folder, te_means(true)) == OK);
    good = row("renewed by timestamp", cpu() - start, "s", 10) && good;
    good = records(folder, d, n) && good;
    free(d);
    ts_pki_free(&pki);
    tp_cleanup();
    return good ? 0 : 1;
}

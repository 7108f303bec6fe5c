/*
 * Objects with digests, and folders of evidence about them.
 * Included by tests/unit/test_{ers,verify_evidence}.c.
 */
#ifndef ANTIN_TESTEVIDENCE_H
#define ANTIN_TESTEVIDENCE_H

#include "signer/formats/ers_archive.h"
#include "tests/unit/testhand.h"
#include <sys/stat.h>

/* The content of object number i, and its digests by all algorithms. */
TP_FN void te_object(unsigned i, char text[40], struct ers_digests *d)
{
    snprintf(text, 40, "hồ sơ số %u", i);
    for (enum cms_hash h = CMS_SHA256; h <= CMS_SHA3_512; h++)
        TP_MUST(EVP_Digest(text, strlen(text), d->of[h], NULL, cms_hash_md(h), NULL) == 1);
}

TP_FN char *te_folder(void)
{
    static unsigned n;
    char name[32];
    snprintf(name, sizeof name, "evidence-%u", ++n);
    char *path = tp_path(name);
    TP_MUST(mkdir(path, 0755) == 0);
    return path;
}

TP_FN const struct ers_means *te_means(bool complete)
{
    static struct ers_means m;
    m = (struct ers_means){.ts = &tsa, .source = complete ? crls_at_hand() : NULL};
    return &m;
}

TP_FN err_t te_add(struct ers_gather *g, unsigned from, unsigned to)
{
    struct ers_digests d;
    char text[40];
    for (unsigned i = from; i < to; i++) {
        te_object(i, text, &d);
        TRY(ers_gather_add(g, &d));
    }
    return OK;
}

TP_FN void te_make(const char *folder, enum cms_hash alg, unsigned n, const struct ers_means *m)
{
    AUTO_ERS_GATHER g = NULL;
    TP_MUST(ers_gather_new(folder, alg, m, &g) == OK);
    TP_MUST(te_add(g, 0, n) == OK && ers_gather_finish(g, false) == OK);
}

TP_FN err_t te_renew_tree(const char *folder, enum cms_hash alg, unsigned n, const struct ers_means *m, bool some)
{
    AUTO_ERS_GATHER g = NULL;
    TRY(ers_gather_renewal(folder, alg, m, &g));
    TRY(te_add(g, 0, n));
    return ers_gather_finish(g, some);
}

TP_FN err_t te_record(const char *folder, unsigned i, struct buf *out)
{
    AUTO_ERS_ARCHIVE a = NULL;
    struct ers_digests d;
    char text[40];
    te_object(i, text, &d);
    TRY(ers_archive_open(folder, &a));
    return ers_archive_record(a, &d, out);
}

/* Is the record about object i? */
TP_FN err_t te_check(struct bytes record, unsigned i)
{
    struct ers_record r;
    struct ers_digests d;
    char text[40];
    te_object(i, text, &d);
    TRY(ers_record_read(record, &r));
    return ers_check(&r, &(struct ers_object){ers_digests_get, &d});
}

#endif

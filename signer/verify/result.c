/*
 * Collects findings and lets the worse outweigh the better; owns the memory of a file's results.
 * Called by every step of signer/verify. ETSI EN 319 102-1 §5.1.
 */
#include "signer/verify/result.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *verdict_name(enum verdict v)
{
    static const char *const NAMES[] = {"TOTAL-PASSED", "INDETERMINATE", "TOTAL-FAILED"};
    return NAMES[v];
}

const char *sub_name(enum sub s)
{
    static const char *const NAMES[] = {
        "",
#define SUB(name) #name,
#include "signer/verify/sub.def"
#undef SUB
    };
    return NAMES[s];
}

static const struct {
    const char *code, *text[LANG_N];
} NOTES[] = {
#define NOTE(name, code, vi, en) [name] = {code, {[LANG_VI] = vi, [LANG_EN] = en}},
#include "signer/verify/notes.def"
#undef NOTE
};

const char *note_code(enum note n)
{
    return NOTES[n].code;
}

const char *note_text(enum note n, enum lang lang)
{
    return NOTES[n].text[lang];
}

const char *status_name(enum status s)
{
    static const char *const NAMES[] = {"not_checked", "good", "revoked", "revoked_later", "unknown"};
    return NAMES[s];
}

const char *kind_name(enum signature_kind k)
{
    static const char *const NAMES[] = {"PAdES",    "CAdES", "TIMESTAMP", "PAdES-DOC-TIMESTAMP",
                                        "EVIDENCE", "XAdES", "JAdES",     "COUNTERSIGNATURE"};
    return NAMES[k];
}

/* --- findings --- */

void finding_add(struct findings *f, enum verdict v, enum sub s, enum note n, const char *detail)
{
    if (v > f->verdict) {
        f->verdict = v;
        f->sub = s;
    }
    if (f->n == FINDINGS_MAX) /* the verdict counts; a last remark gives way to it */
        return;
    struct finding *item = &f->item[f->n++];
    *item = (struct finding){.verdict = v, .sub = s, .note = n};
    snprintf(item->detail, sizeof item->detail, "%s", detail != NULL ? detail : "");
}

void finding_addf(struct findings *f, enum verdict v, enum sub s, enum note n, const char *fmt, ...)
{
    char detail[sizeof f->item[0].detail];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(detail, sizeof detail, fmt, ap);
    va_end(ap);
    finding_add(f, v, s, n, detail);
}

void findings_merge(struct findings *f, const struct findings *from, const char *prefix)
{
    for (size_t i = 0; i < from->n; i++) {
        const struct finding *x = &from->item[i];
        if (prefix == NULL)
            finding_add(f, x->verdict, x->sub, x->note, x->detail);
        else
            finding_addf(f, x->verdict, x->sub, x->note, "%s%s%s", prefix, x->detail[0] != '\0' ? ": " : "", x->detail);
    }
    if (from->verdict > f->verdict) { /* its reason fell off a full list */
        f->verdict = from->verdict;
        f->sub = from->sub;
    }
}

/* --- files and signatures --- */

/* One more zeroed element at the end of an array that grows by one (arrays here are short). */
static err_t grow(void **array, size_t *n, size_t size, size_t max)
{
    if (*n >= max)
        return ERR_TOO_LARGE;
    void *larger = realloc(*array, (*n + 1) * size);
    if (larger == NULL)
        return ERR_NOMEM;
    *array = larger;
    memset((char *)larger + *n * size, 0, size);
    (*n)++;
    return OK;
}

err_t file_result_signature(struct file_result *f, enum signature_kind kind, struct signature_result **out)
{
    void *array = f->signature;
    TRY(grow(&array, &f->signature_n, sizeof *f->signature, SIGNATURES_MAX));
    f->signature = array;
    *out = &f->signature[f->signature_n - 1];
    (*out)->kind = kind;
    (*out)->revocation.reason = -1;
    return OK;
}

err_t signature_result_stamp(struct signature_result *s, struct stamp_result **out)
{
    void *array = s->stamp;
    TRY(grow(&array, &s->stamp_n, sizeof *s->stamp, STAMPS_MAX));
    s->stamp = array;
    *out = &s->stamp[s->stamp_n - 1];
    (*out)->revocation.reason = -1;
    return OK;
}

void signature_result_scope(struct signature_result *s, const char *name)
{
    size_t n = strlen(s->scope);
    snprintf(s->scope + n, sizeof s->scope - n, "%s%s", n > 0 ? ", " : "", name);
}

void signature_result_reverse(struct signature_result *s)
{
    for (size_t i = 0; i < s->stamp_n / 2; i++) {
        struct stamp_result other = s->stamp[i];
        s->stamp[i] = s->stamp[s->stamp_n - 1 - i];
        s->stamp[s->stamp_n - 1 - i] = other;
    }
}

void signature_result_existed(struct signature_result *s, int64_t t)
{
    if (t == 0 || (s->time_proven && t >= s->best_time))
        return;
    s->best_time = t;
    s->time_proven = true;
}

void file_result_close(struct file_result *f)
{
    if (f->signature_n == 0 && f->findings.verdict == TOTAL_PASSED)
        finding_add(&f->findings, TOTAL_FAILED, SUB_FORMAT_FAILURE, NOTE_NOT_SIGNED, NULL);
    for (size_t i = 0; i < f->signature_n; i++) {
        const struct findings *s = &f->signature[i].findings;
        if (s->verdict > f->findings.verdict) {
            f->findings.verdict = s->verdict;
            f->findings.sub = s->sub;
        }
    }
}

static bool in_same_folder(const char *a, const char *b)
{
    const char *x = strrchr(a, '/'), *y = strrchr(b, '/');
    size_t n = x != NULL ? (size_t)(x - a) : 0, m = y != NULL ? (size_t)(y - b) : 0;
    return n == m && memcmp(a, b, n) == 0;
}

static bool names_intact(const struct file_result *manifest, const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash != NULL ? slash + 1 : path;
    for (size_t i = 0; i < manifest->component_n; i++) {
        if (manifest->component[i].state == COMPONENT_INTACT && strcmp(manifest->component[i].name, name) == 0)
            return true;
    }
    return false;
}

void file_results_cover(struct file_result *files, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct findings *f = &files[i].findings;
        if (files[i].signature_n != 0 || f->n != 1 || f->item[0].note != NOTE_NOT_SIGNED)
            continue;
        for (size_t k = 0; k < n; k++) {
            const struct file_result *m = &files[k];
            if (m->component_n == 0 || m->findings.verdict != TOTAL_PASSED || !in_same_folder(m->path, files[i].path) ||
                !names_intact(m, files[i].path))
                continue;
            *f = (struct findings){0};
            finding_add(f, TOTAL_PASSED, SUB_NONE, NOTE_COVERED, m->path);
            break;
        }
    }
}

void file_result_free(struct file_result *f)
{
    for (size_t i = 0; i < f->signature_n; i++) {
        struct signature_result *s = &f->signature[i];
        for (size_t k = 0; k < s->stamp_n; k++)
            buf_free(&s->stamp[k].tsa.der);
        free(s->stamp);
        buf_free(&s->signer.der);
    }
    free(f->signature);
    free(f->component);
    free(f->path);
    *f = (struct file_result){0};
}

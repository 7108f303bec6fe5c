/*
 * Texts for people: "key = value" files in Vietnamese and English, looked up by key.
 * Called by templates, the reply path (problem titles) and endpoints.
 * RFC 9110 §12.5.4 (Accept-Language), RFC 4647 §3.4 (look-up).
 */
#include "common/text.h"
#include "common/bytes.h"
#include "common/log.h"
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define TEXTS_MAX 4096     /* entries a language */
#define TEXT_LINE_MAX 4096 /* bytes of a line */

struct entry {
    char *key;
    char *value;
    size_t order; /* of reading: a later directory overrides */
};

struct table {
    struct entry *entry;
    size_t n, cap;
};

struct texts {
    struct table lang[LANG_N];
    _Atomic unsigned missing; /* how many look-ups found nothing: only the first few are logged */
};

static const char *const codes[LANG_N] = {"vi", "en"};

const char *lang_code(enum lang lang)
{
    return codes[lang];
}

/* --- reading --- */

static char *trim(char *s)
{
    while (*s == ' ' || *s == '\t')
        s++;
    size_t n = strlen(s);
    while (n > 0 && strchr(" \t\r\n", s[n - 1]) != NULL)
        s[--n] = '\0';
    return s;
}

static err_t add_entry(struct table *t, const char *key, const char *value)
{
    if (t->n == TEXTS_MAX)
        return ERR_TOO_LARGE;
    if (t->n == t->cap) {
        size_t cap = t->cap == 0 ? 128 : t->cap * 2;
        struct entry *p = realloc(t->entry, cap * sizeof *p);
        if (p == NULL)
            return ERR_NOMEM;
        t->entry = p;
        t->cap = cap;
    }
    struct entry *e = &t->entry[t->n];
    *e = (struct entry){.order = t->n};
    if (str_copy(&e->key, key) != OK || str_copy(&e->value, value) != OK) {
        str_free(&e->key);
        str_free(&e->value);
        return ERR_NOMEM;
    }
    t->n++;
    return OK;
}

static bool key_ok(const char *key)
{
    return key[0] != '\0' && key[strspn(key, "abcdefghijklmnopqrstuvwxyz0123456789._-")] == '\0';
}

/* What is wrong with a line of n bytes, or NULL. */
static const char *read_line(struct table *t, size_t first, char *line, size_t n)
{
    if (n >= TEXT_LINE_MAX || strlen(line) != n)
        return "too long, or holds NUL";
    if (!utf8_valid(BYTES(line, n)))
        return "not UTF-8";
    char *key = trim(line);
    if (*key == '\0' || *key == '#')
        return NULL;
    char *eq = strchr(key, '=');
    if (eq == NULL)
        return "no \"key = value\"";
    *eq = '\0';
    key = trim(key);
    char *value = trim(eq + 1);
    if (!key_ok(key))
        return "the key may have lower-case letters, digits, dot, dash and underscore";
    if (*value == '\0')
        return "no text";
    for (size_t i = first; i < t->n; i++)
        if (strcmp(t->entry[i].key, key) == 0)
            return "the key came already in this file";
    return add_entry(t, key, value) == OK ? NULL : "too many texts";
}

static err_t read_file(struct table *t, const char *path)
{
    FILE *f = fopen(path, "re");
    if (f == NULL) {
        log_event(LOG_ERROR, "texts", "%s: %s", path, strerror(errno));
        return ERR_CONFIG;
    }
    char *line = NULL;
    size_t cap = 0, first = t->n;
    const char *why = NULL;
    ssize_t n;
    for (int number = 1; why == NULL && (n = getline(&line, &cap, f)) >= 0; number++) {
        why = read_line(t, first, line, (size_t)n);
        if (why != NULL)
            log_event(LOG_ERROR, "texts", "%s:%d: %s", path, number, why);
    }
    free(line);
    (void)fclose(f);
    return why == NULL ? OK : ERR_CONFIG;
}

static int by_key(const void *a, const void *b)
{
    return strcmp(((const struct entry *)a)->key, ((const struct entry *)b)->key);
}

static int by_key_and_order(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    int d = strcmp(x->key, y->key);
    return d != 0 ? d : x->order < y->order ? -1 : x->order > y->order;
}

/* Sorts by key and keeps of each key the one read last. */
static void settle(struct table *t)
{
    if (t->n == 0)
        return;
    qsort(t->entry, t->n, sizeof *t->entry, by_key_and_order);
    size_t kept = 0;
    for (size_t i = 0; i < t->n; i++) {
        if (i + 1 < t->n && strcmp(t->entry[i].key, t->entry[i + 1].key) == 0) {
            free(t->entry[i].key);
            free(t->entry[i].value);
        } else {
            t->entry[kept++] = t->entry[i];
        }
    }
    t->n = kept;
}

static const struct entry *find(const struct table *t, const char *key)
{
    struct entry want = {.key = (char *)(uintptr_t)key}; /* the comparison does not write */
    return t->n == 0 ? NULL : bsearch(&want, t->entry, t->n, sizeof want, by_key);
}

/* Every key must be in every language; all that are not are named. */
static err_t check_complete(const struct texts *t)
{
    err_t e = OK;
    for (int have = 0; have < LANG_N; have++)
        for (int want = 0; want < LANG_N; want++)
            for (size_t i = 0; i < t->lang[have].n; i++)
                if (find(&t->lang[want], t->lang[have].entry[i].key) == NULL) {
                    log_event(LOG_ERROR, "texts", "%s is not in %s.txt", t->lang[have].entry[i].key, codes[want]);
                    e = ERR_CONFIG;
                }
    return e;
}

err_t texts_load(const char *const *dirs, struct texts **out)
{
    *out = NULL;
    AUTO(texts_free) struct texts *t = calloc(1, sizeof *t);
    if (t == NULL)
        return ERR_NOMEM;
    for (int l = 0; l < LANG_N; l++) {
        for (size_t i = 0; dirs[i] != NULL; i++) {
            AUTO_BUF path = {0};
            TRY(buf_addf(&path, "%s/%s.txt", dirs[i], codes[l]));
            TRY(read_file(&t->lang[l], buf_str(&path)));
        }
        settle(&t->lang[l]);
    }
    TRY(check_complete(t));
    *out = take(&t);
    return OK;
}

void texts_free(struct texts **t)
{
    if (*t == NULL)
        return;
    for (int l = 0; l < LANG_N; l++) {
        struct table *table = &(*t)->lang[l];
        for (size_t i = 0; i < table->n; i++) {
            free(table->entry[i].key);
            free(table->entry[i].value);
        }
        free(table->entry);
    }
    free(*t);
    *t = NULL;
}

/* --- looking up --- */

#define MISSING_LOGGED_MAX 20

const char *text_get(const struct texts *t, enum lang lang, const char *key)
{
    const struct entry *e = find(&t->lang[lang], key);
    if (e != NULL)
        return e->value;
    /* The count is the one thing that changes in a loaded set. */
    _Atomic unsigned *missing = &((struct texts *)(uintptr_t)t)->missing;
    if (atomic_fetch_add_explicit(missing, 1, memory_order_relaxed) < MISSING_LOGGED_MAX)
        log_event(LOG_WARNING, "text_missing", "%s", key);
    return key;
}

/* --- Accept-Language --- */

static void blanks(const char **s, size_t *n)
{
    for (; *n > 0 && (**s == ' ' || **s == '\t'); (*n)--)
        (*s)++;
    while (*n > 0 && ((*s)[*n - 1] == ' ' || (*s)[*n - 1] == '\t'))
        (*n)--;
}

/* The weight "q=0.7" in thousandths; -1 when malformed (RFC 9110 §12.4.2: at most three digits, at most 1). */
static int quality(const char *s, size_t n)
{
    blanks(&s, &n);
    if (n < 3 || n > 7 || (s[0] != 'q' && s[0] != 'Q') || s[1] != '=' || (s[2] != '0' && s[2] != '1') || (n > 3 && s[3] != '.'))
        return -1;
    int q = (s[2] - '0') * 1000, unit = 100;
    for (size_t i = 4; i < n; i++, unit /= 10) {
        if (s[i] < '0' || s[i] > '9')
            return -1;
        q += (s[i] - '0') * unit;
    }
    return q <= 1000 ? q : -1;
}

/* What a header says of each language: its weight in thousandths and where it stood; -1: nothing. */
struct wish {
    int q[LANG_N];
    size_t at[LANG_N];
    int rest; /* the weight of "*" */
    size_t rest_at;
};

static void range(struct wish *w, const char *s, size_t n, int q, size_t at)
{
    if (n == 1 && *s == '*' && q > w->rest) {
        w->rest = q;
        w->rest_at = at;
    }
    for (int l = 0; l < LANG_N; l++)
        if ((n == 2 || (n > 2 && s[2] == '-')) && strncasecmp(s, codes[l], 2) == 0 && q > w->q[l]) {
            w->q[l] = q;
            w->at[l] = at;
        }
}

/* One element, such as "en-GB;q=0.8". */
static void element(struct wish *w, const char *s, size_t n, size_t at)
{
    const char *semi = memchr(s, ';', n);
    size_t tag = semi == NULL ? n : (size_t)(semi - s);
    int q = semi == NULL ? 1000 : quality(semi + 1, n - tag - 1);
    blanks(&s, &tag);
    if (q >= 0)
        range(w, s, tag, q, at);
}

enum lang lang_from_accept(const char *value)
{
    struct wish w = {.q = {-1, -1}, .rest = -1};
    for (size_t at = 0; value != NULL && *value != '\0'; at++) {
        size_t n = strcspn(value, ",");
        element(&w, value, n, at);
        value += value[n] == ',' ? n + 1 : n;
    }
    enum lang best = LANG_VI;
    int best_q = 0;
    size_t best_at = 0;
    for (int l = 0; l < LANG_N; l++) {
        /* "*" stands for every language that is not named (RFC 4647 §2.3) */
        int q = w.q[l] >= 0 ? w.q[l] : w.rest;
        size_t at = w.q[l] >= 0 ? w.at[l] : w.rest_at;
        if (q > best_q || (q == best_q && q > 0 && at < best_at)) {
            best = (enum lang)l;
            best_q = q;
            best_at = at;
        }
    }
    return best;
}

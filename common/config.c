/*
 * A daemon's configuration from one INI file, by a key table. Every mistake is named, with file and line.
 * Called once from each main().
 * libinih does the lines; types, limits, doubled, unknown and missing keys are checked here.
 */
#include "common/config.h"
#include <assert.h>
#include <errno.h>
#include <ini.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#define CONFIG_LINE_MAX 4096
#define CONFIG_SECRET_MAX 4096
#define CONFIG_KEYS_MAX 256

struct load {
    const char *path;
    const struct config_key *keys;
    size_t n;
    void *out;
    FILE *errs;
    FILE *file;
    int line;                  /* the one that libinih works on */
    int seen[CONFIG_KEYS_MAX]; /* the line that set the key; 0: none yet */
    unsigned mistakes;
};

__attribute__((format(printf, 3, 4))) static void mistake(struct load *l, int line, const char *fmt, ...)
{
    l->mistakes++;
    va_list ap;
    va_start(ap, fmt);
    if (line > 0)
        (void)fprintf(l->errs, "%s:%d: ", l->path, line);
    else
        (void)fprintf(l->errs, "%s: ", l->path);
    (void)vfprintf(l->errs, fmt, ap);
    (void)fputc('\n', l->errs);
    va_end(ap);
}

/* --- one value --- */

static void set_str(struct load *l, char **field, const char *value)
{
    if (str_copy(field, value) != OK)
        mistake(l, l->line, "out of memory");
}

static void set_int(struct load *l, const struct config_key *k, long *field, const char *value)
{
    char *end;
    errno = 0;
    long v = strtol(value, &end, 10);
    bool number = end != value && *end == '\0' && errno == 0 && value[0] != '+' && value[0] != ' ';
    if (!number)
        mistake(l, l->line, "%s: \"%s\" is not a whole number", k->name, value);
    else if (v < k->min || v > k->max)
        mistake(l, l->line, "%s: %ld is outside %ld to %ld", k->name, v, k->min, k->max);
    else
        *field = v;
}

static void set_bool(struct load *l, const struct config_key *k, bool *field, const char *value)
{
    static const struct {
        const char *word;
        bool value;
    } words[] = {{"yes", true}, {"true", true}, {"on", true}, {"1", true}, {"no", false}, {"false", false}, {"off", false}, {"0", false}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcasecmp(value, words[i].word) == 0) {
            *field = words[i].value;
            return;
        }
    mistake(l, l->line, "%s: \"%s\" is neither yes nor no", k->name, value);
}

/* The file is named in the message, never what it holds. */
static void set_secret(struct load *l, const struct config_key *k, struct secret *field, const char *path)
{
    struct stat st;
    err_t e = secret_read_file(field, path, CONFIG_SECRET_MAX);
    if (e == OK && stat(path, &st) == 0 && (st.st_mode & S_IRWXO) != 0)
        mistake(l, l->line, "%s: the file %s is open to every user of this machine: chmod o= it", k->name, path);
    else if (e == ERR_TOO_LARGE)
        mistake(l, l->line, "%s: the file %s is longer than %d bytes", k->name, path, CONFIG_SECRET_MAX);
    else if (e != OK)
        mistake(l, l->line, "%s: the file %s cannot be read", k->name, path);
    else if (field->len == 0)
        mistake(l, l->line, "%s: the file %s is empty", k->name, path);
}

static void set_value(struct load *l, const struct config_key *k, const char *value)
{
    void *field = (char *)l->out + k->offset;
    switch (k->type) {
    case CONFIG_STR: set_str(l, field, value); break;
    case CONFIG_INT: set_int(l, k, field, value); break;
    case CONFIG_BOOL: set_bool(l, k, field, value); break;
    case CONFIG_SECRET: set_secret(l, k, field, value); break;
    }
}

/* --- the file --- */

static size_t find_key(const struct load *l, const char *section, const char *name)
{
    size_t i = 0;
    while (i < l->n && (strcmp(l->keys[i].section, section) != 0 || strcmp(l->keys[i].name, name) != 0))
        i++;
    return i;
}

/* libinih's handler. Always 1 (go on): mistakes are counted here. */
static int on_pair(void *user, const char *section, const char *name, const char *value)
{
    struct load *l = user;
    size_t i = find_key(l, section, name);
    if (value == NULL) {
        mistake(l, l->line, "\"%s\" is no \"key = value\"", name);
        return 1;
    }
    if (i == l->n) {
        mistake(l, l->line, "unknown key \"%s\" in section [%s]", name, section);
        return 1;
    }
    const struct config_key *k = &l->keys[i];
    if (l->seen[i] != 0) {
        mistake(l, l->line, "%s was already set in line %d", name, l->seen[i]);
        return 1;
    }
    l->seen[i] = l->line;
    if (value[0] == '\0' && (k->required || k->type != CONFIG_STR))
        mistake(l, l->line, "%s has no value", name);
    else
        set_value(l, k, value);
    return 1;
}

/* fgets for libinih: counts lines, and refuses what libinih would silently cut in two. */
static char *next_line(char *text, int cap, void *stream)
{
    struct load *l = stream;
    if (fgets(text, cap, l->file) == NULL)
        return NULL;
    l->line++;
    size_t n = strlen(text);
    if (n == 0 || (text[n - 1] != '\n' && !feof(l->file))) {
        mistake(l, l->line, "the line is too long or holds a NUL byte");
        for (int c = 0; c != EOF && c != '\n';)
            c = fgetc(l->file);
        (void)snprintf(text, (size_t)cap, "\n");
    } else if (!utf8_valid(BYTES(text, n))) {
        mistake(l, l->line, "the line is not valid UTF-8");
        (void)snprintf(text, (size_t)cap, "\n");
    }
    return text;
}

static void parse_file(struct load *l)
{
    /* libinih's options are the library's variables; nothing else in the process uses it. */
    ini_allow_multiline = false;
    ini_allow_no_value = true; /* so that on_pair can name the line */
    ini_use_stack = false;
    ini_initial_alloc = CONFIG_LINE_MAX;
    ini_max_line = CONFIG_LINE_MAX;
    int r = ini_parse_stream(next_line, l, on_pair, l);
    if (r > 0)
        mistake(l, r, "not understood");
    else if (r < 0)
        mistake(l, 0, "out of memory");
    if (ferror(l->file))
        mistake(l, 0, "%s", strerror(errno));
}

static void defaults(struct load *l)
{
    l->line = 0;
    for (size_t i = 0; i < l->n; i++) {
        const struct config_key *k = &l->keys[i];
        if (l->seen[i] != 0)
            continue;
        if (k->required)
            mistake(l, 0, "%s is missing in section [%s] (%s)", k->name, k->section, k->help == NULL ? "" : k->help);
        else if (k->def != NULL)
            set_value(l, k, k->def);
    }
}

err_t config_load(const char *path, const struct config_key *keys, size_t n, void *out, FILE *errs)
{
    assert(n <= CONFIG_KEYS_MAX);
    struct load l = {.path = path, .keys = keys, .n = n, .out = out, .errs = errs};
    l.file = fopen(path, "re");
    if (l.file == NULL) {
        mistake(&l, 0, "%s", strerror(errno));
        return ERR_CONFIG;
    }
    parse_file(&l);
    (void)fclose(l.file);
    defaults(&l);
    if (l.mistakes == 0)
        return OK;
    config_free(keys, n, out);
    return ERR_CONFIG;
}

void config_free(const struct config_key *keys, size_t n, void *out)
{
    for (size_t i = 0; i < n; i++) {
        void *field = (char *)out + keys[i].offset;
        if (keys[i].type == CONFIG_STR)
            str_free(field);
        else if (keys[i].type == CONFIG_SECRET)
            secret_free(field);
    }
}

void config_print_keys(const struct config_key *keys, size_t n, FILE *to)
{
    const char *section = NULL;
    for (size_t i = 0; i < n; i++) {
        const struct config_key *k = &keys[i];
        if (section == NULL || strcmp(section, k->section) != 0)
            (void)fprintf(to, "%s[%s]\n", section == NULL ? "" : "\n", k->section);
        section = k->section;
        (void)fprintf(to, "# %s\n", k->help == NULL ? "" : k->help);
        if (k->type == CONFIG_INT)
            (void)fprintf(to, "# a whole number, %ld to %ld\n", k->min, k->max);
        else if (k->type == CONFIG_BOOL)
            (void)fprintf(to, "# yes or no\n");
        else if (k->type == CONFIG_SECRET)
            (void)fprintf(to, "# names the file that holds the secret\n");
        (void)fprintf(to, "%s%s = %s\n", k->required ? "" : "# ", k->name, k->def != NULL ? k->def : k->required ? "(required)" : "");
    }
}

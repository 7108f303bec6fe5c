/*
 * HTML templates: read and compiled once, at start, to a flat list of tokens. Every fault is found here, before a page is asked for.
 * Called by main() of both daemons.
 * The tags are mustache's (mustache.5), without any way to leave escaping off.
 */
#include "common/log.h"
#include "common/secret.h"
#include "common/template_impl.h"
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define TEMPLATE_BYTES_MAX ((size_t)256 * 1024)

static void compiled_free(struct compiled **t)
{
    if (*t == NULL)
        return;
    free((*t)->name);
    free((*t)->source);
    free((*t)->token);
    free(*t);
    *t = NULL;
}

void templates_free(struct templates **t)
{
    if (*t == NULL)
        return;
    for (size_t i = 0; i < (*t)->n; i++)
        compiled_free(&(*t)->tpl[i]);
    free(*t);
    *t = NULL;
}

size_t template_find(const struct templates *t, const char *name)
{
    size_t len = strlen(name);
    if (len > 5 && strcmp(name + len - 5, ".html") == 0)
        len -= 5;
    size_t i = 0;
    while (i < t->n && (strncmp(t->tpl[i]->name, name, len) != 0 || t->tpl[i]->name[len] != '\0'))
        i++;
    return i;
}

err_t template_add(struct templates *set, const char *name, struct bytes source, const char *origin, const struct texts *texts)
{
    if (!utf8_valid(source)) { /* no NUL either */
        log_event(LOG_ERROR, "template", "%s: not UTF-8", origin);
        return ERR_CONFIG;
    }
    AUTO(compiled_free) struct compiled *t = calloc(1, sizeof *t);
    if (t == NULL || (t->name = strdup(name)) == NULL ||
        (t->source = strndup(source.len > 0 ? (const char *)source.ptr : "", source.len)) == NULL)
        return ERR_NOMEM;
    TRY(template_compile(t, texts, origin));
    size_t i = template_find(set, t->name);
    if (i == TEMPLATES_MAX)
        return ERR_CONFIG;
    if (i < set->n) /* a later directory overrides */
        compiled_free(&set->tpl[i]);
    else
        set->n++;
    set->tpl[i] = take(&t);
    return OK;
}

static err_t load_file(struct templates *set, const char *dir, const char *file, const struct texts *texts)
{
    AUTO_BUF path = {0};
    AUTO_SECRET source = {0}; /* no secret: the same bounded reading */
    AUTO_STR name = strndup(file, strlen(file) - strlen(".html"));
    TRY(buf_addf(&path, "%s/%s", dir, file));
    if (name == NULL)
        return ERR_NOMEM;
    if (secret_read_file(&source, buf_str(&path), TEMPLATE_BYTES_MAX) != OK) {
        log_event(LOG_ERROR, "template", "%s: cannot be read, or too large", buf_str(&path));
        return ERR_CONFIG;
    }
    return template_add(set, name, secret_bytes(&source), buf_str(&path), texts);
}

static bool is_template(const char *file)
{
    size_t n = strlen(file);
    return n > 5 && file[0] != '.' && strcmp(file + n - 5, ".html") == 0;
}

static void dir_close(DIR **d)
{
    if (*d != NULL)
        (void)closedir(*d);
}

static err_t load_dir(struct templates *set, const char *dir, const struct texts *texts)
{
    AUTO(dir_close) DIR *d = opendir(dir);
    if (d == NULL) {
        log_event(LOG_ERROR, "template", "%s: %s", dir, strerror(errno));
        return ERR_CONFIG;
    }
    const struct dirent *f;
    while ((f = readdir(d)) != NULL)
        if (is_template(f->d_name))
            TRY(load_file(set, dir, f->d_name, texts));
    return OK;
}

/* Resolves partials, depth first; a template that includes itself, however far round, would never end. */
static err_t link_partials(struct templates *set, struct compiled *t)
{
    if (t->mark == DONE)
        return OK;
    if (t->mark == OPEN) {
        log_event(LOG_ERROR, "template", "%s includes itself", t->name);
        return ERR_CONFIG;
    }
    t->mark = OPEN;
    for (size_t i = 0; i < t->n; i++) {
        if (t->token[i].kind != PARTIAL)
            continue;
        size_t k = template_find(set, t->token[i].s);
        if (k == set->n) {
            log_event(LOG_ERROR, "template", "%s: no template %s", t->name, t->token[i].s);
            return ERR_CONFIG;
        }
        t->token[i].jump = k;
        TRY(link_partials(set, set->tpl[k]));
    }
    t->mark = DONE;
    return OK;
}

err_t templates_link(struct templates *set)
{
    for (size_t i = 0; i < set->n; i++)
        TRY(link_partials(set, set->tpl[i]));
    return OK;
}

err_t templates_load(const char *const *dirs, const struct texts *t, struct templates **out)
{
    *out = NULL;
    AUTO(templates_free) struct templates *set = calloc(1, sizeof *set);
    if (set == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; dirs[i] != NULL; i++)
        TRY(load_dir(set, dirs[i], t));
    TRY(templates_link(set));
    *out = take(&set);
    return OK;
}

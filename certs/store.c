/*
 * The folder of a ceremony: settings and the index, one certificate a line, fields parted by tabs.
 * Used by antin-ca's commands. The index's columns are those of struct row in order; "-" is empty.
 */
#include "certs/store.h"
#include "certs/crl.h"
#include "common/clock.h"
#include "common/config.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define INDEX_MAX (256u << 20)
#define HEADER "# antin-ca index 1: serial state ca profile not_before not_after created revoked_at invalid_since reason subject\n"

#define AT(f) offsetof(struct store, f)
static const struct config_key KEYS[] = {
    {"ca", "organization", CONFIG_STR, AT(organization), NULL, true, 0, 0, "O of the CAs' names"},
    {"ca", "country", CONFIG_STR, AT(country), "VN", false, 0, 0, "C of the CAs' names"},
    {"ca", "crl_base", CONFIG_STR, AT(crl_base), NULL, true, 0, 0, "CRLs are at crl_base/NAME.crl"},
    {"ca", "aia_base", CONFIG_STR, AT(aia_base), NULL, true, 0, 0, "CA certificates are at aia_base/NAME.crt"},
    {"ca", "ocsp_url", CONFIG_STR, AT(ocsp_url), "", false, 0, 0, "address of the citizens' CA's OCSP responder"},
    {"ca", "crl_days", CONFIG_INT, AT(crl_days), "180", false, 1, 3650, "from one CRL to the next"},
};
#define KEYS_N (sizeof KEYS / sizeof KEYS[0])

static const char *const STATES[] = {"intent", "valid", "revoked"};

const char *row_state_name(enum row_state st)
{
    return STATES[st];
}

err_t store_path(const struct store *s, struct buf *out, const char *fmt, ...)
{
    char name[256];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(name, sizeof name, fmt, ap);
    va_end(ap);
    if (n < 0 || (size_t)n >= sizeof name)
        return ERR_TOO_LARGE;
    buf_free(out);
    return buf_addf(out, "%s/%s", s->dir, name);
}

/* --- the index --- */

static err_t add_row_text(struct buf *out, const struct row *r)
{
    char t[5][CLOCK_RFC3339_LEN + 1];
    const int64_t when[5] = {r->not_before, r->not_after, r->created, r->revoked_at, r->invalid_since};
    for (size_t i = 0; i < 5; i++)
        if (when[i])
            clock_rfc3339(when[i], t[i]);
        else
            memcpy(t[i], "-", 2);
    return buf_addf(out, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", r->serial, STATES[r->state], r->ca, r->profile, t[0], t[1], t[2],
                    t[3], t[4], r->state == ROW_REVOKED ? crl_reason_name(r->reason) : "-", r->subject);
}

err_t store_commit(struct store *s)
{
    AUTO_BUF text = {0}, path = {0};
    TRY(buf_add_str(&text, HEADER));
    for (size_t i = 0; i < s->n; i++)
        TRY(add_row_text(&text, &s->rows[i]));
    TRY(store_path(s, &path, "index"));
    return ca_file_write(buf_str(&path), buf_bytes(&text), 0644);
}

static struct row *room_for_row(struct store *s)
{
    if (s->n == s->cap) {
        size_t cap = s->cap ? s->cap * 2 : 64;
        struct row *p = realloc(s->rows, cap * sizeof *p);
        if (!p)
            return NULL;
        s->rows = p;
        s->cap = cap;
    }
    return &s->rows[s->n];
}

err_t store_add(struct store *s, const struct row *r)
{
    struct row *at = room_for_row(s);
    if (!at)
        return ERR_NOMEM;
    if (strpbrk(r->subject, "\t\r\n"))
        return ERR_SYNTAX;
    *at = *r;
    if (!(at->subject = strdup(r->subject)))
        return ERR_NOMEM;
    s->n++;
    err_t e = store_commit(s);
    if (e != OK)
        free(s->rows[--s->n].subject);
    return e;
}

static const char *significant(const char *serial)
{
    while (serial[0] == '0' && serial[1])
        serial++;
    return serial;
}

struct row *store_find(struct store *s, const char *serial)
{
    for (size_t i = 0; i < s->n; i++)
        if (!strcasecmp(significant(s->rows[i].serial), significant(serial)))
            return &s->rows[i];
    return NULL;
}

static bool time_field(const char *text, int64_t *out)
{
    *out = 0;
    return !strcmp(text, "-") || clock_parse_rfc3339(text, out) == OK;
}

static bool copy_field(char *room, size_t cap, const char *text)
{
    size_t n = strlen(text);
    if (n >= cap)
        return false;
    memcpy(room, text, n + 1);
    return true;
}

static bool parse_row(char *line, struct row *r)
{
    char *f[11];
    for (size_t i = 0; i < 11; i++)
        if (!(f[i] = strsep(&line, "\t")))
            return false;
    if (line)
        return false;
    size_t st = 0;
    while (st < 3 && strcmp(STATES[st], f[1]) != 0)
        st++;
    r->state = (enum row_state)st;
    r->reason = st == ROW_REVOKED ? crl_reason_from(f[9]) : 0;
    r->subject = f[10];
    return st < 3 && r->reason >= 0 && *f[0] && strspn(f[0], "0123456789ABCDEF") == strlen(f[0]) &&
           copy_field(r->serial, sizeof r->serial, f[0]) && copy_field(r->ca, sizeof r->ca, f[2]) &&
           copy_field(r->profile, sizeof r->profile, f[3]) && time_field(f[4], &r->not_before) && time_field(f[5], &r->not_after) &&
           time_field(f[6], &r->created) && time_field(f[7], &r->revoked_at) && time_field(f[8], &r->invalid_since);
}

static err_t read_index(struct store *s)
{
    AUTO_BUF path = {0}, text = {0};
    TRY(store_path(s, &path, "index"));
    TRY(ca_file_read(buf_str(&path), INDEX_MAX, &text));
    char *at = (char *)text.ptr, *line;
    for (unsigned no = 1; at && *at; no++) {
        line = strsep(&at, "\n");
        if (*line == '#')
            continue;
        struct row *r = room_for_row(s);
        if (!r)
            return ERR_NOMEM;
        *r = (struct row){0};
        if (!at || !parse_row(line, r)) { /* !at: the last line has no newline, so it was cut */
            fprintf(stderr, "%s:%u: damaged line\n", buf_str(&path), no);
            return ERR_CONFIG;
        }
        if (!(r->subject = strdup(r->subject)))
            return ERR_NOMEM;
        s->n++;
    }
    return OK;
}

/* --- the folder --- */

static err_t make_dir(const char *path)
{
    return mkdir(path, 0755) == 0 || errno == EEXIST ? OK : ERR_IO;
}

err_t store_create(const char *dir, const struct store *set)
{
    struct store s = {.dir = (char *)(uintptr_t)dir, .lock = -1};
    AUTO_BUF path = {0}, text = {0};
    TRY(make_dir(dir));
    TRY(store_path(&s, &path, "index"));
    if (access(buf_str(&path), F_OK) == 0)
        return ERR_CONFLICT;
    TRY(store_path(&s, &path, "issued"));
    TRY(make_dir(buf_str(&path)));
    TRY(store_path(&s, &path, "profiles"));
    TRY(make_dir(buf_str(&path)));
    TRY(buf_addf(&text, "[ca]\norganization = %s\ncountry = %s\ncrl_base = %s\naia_base = %s\ncrl_days = %ld\n", set->organization,
                 set->country, set->crl_base, set->aia_base, set->crl_days));
    if (set->ocsp_url)
        TRY(buf_addf(&text, "ocsp_url = %s\n", set->ocsp_url));
    TRY(store_path(&s, &path, "ca.conf"));
    TRY(ca_file_write(buf_str(&path), buf_bytes(&text), 0644));
    return store_commit(&s);
}

err_t store_open(const char *dir, struct store *out)
{
    AUTO_BUF path = {0};
    *out = (struct store){.lock = -1};
    if (!(out->dir = strdup(dir)))
        return ERR_NOMEM;
    err_t e = store_path(out, &path, "ca.conf");
    if (e == OK && access(buf_str(&path), R_OK) != 0) {
        fprintf(stderr, "antin-ca: %s is no folder of a ceremony (see antin-ca init)\n", dir);
        e = ERR_NOT_FOUND;
    }
    if (e == OK)
        e = config_load(buf_str(&path), KEYS, KEYS_N, out, stderr);
    if (e == OK)
        e = store_path(out, &path, "lock");
    if (e == OK) {
        out->lock = open(buf_str(&path), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
        e = out->lock >= 0 && flock(out->lock, LOCK_EX) == 0 ? read_index(out) : ERR_IO;
    }
    if (e != OK)
        store_close(out);
    return e;
}

void store_close(struct store *s)
{
    for (size_t i = 0; i < s->n; i++)
        free(s->rows[i].subject);
    free(s->rows);
    fd_close(&s->lock);
    free(s->dir);
    config_free(KEYS, KEYS_N, s);
    *s = (struct store){.lock = -1};
}

err_t store_crl_number(struct store *s, const char *ca, uint64_t *number)
{
    AUTO_BUF path = {0}, text = {0};
    uint64_t last = 0;
    TRY(store_path(s, &path, "%s.crlnumber", ca));
    err_t e = ca_file_read(buf_str(&path), 64, &text);
    if (e == OK) {
        char *end;
        errno = 0;
        last = strtoull(buf_str(&text), &end, 10);
        if (errno || end == buf_str(&text) || *end != '\n' || last >= INT64_MAX)
            return ERR_CONFIG;
    } else if (e != ERR_NOT_FOUND) {
        return e;
    }
    *number = last + 1;
    buf_free(&text);
    TRY(buf_addf(&text, "%llu\n", (unsigned long long)*number));
    return ca_file_write(buf_str(&path), buf_bytes(&text), 0644);
}

/*
 * Uploads: checked before they are stored, stored before they have a row.
 * Called by endpoints/components. RFC 9530 (digests), RFC 9110 §8.3 (media types).
 */
#include "signer/rules/component.h"

#include "common/clock.h"
#include "signer/errors.h"
#include "signer/formats/pdf_active.h"
#include "signer/formats/zip.h"
#include "signer/rules/content.h"
#include "signer/rules/dossier.h"
#include "signer/rules/level.h"
#include "signer/rules/naming.h"
#include "signer/rules/pdfjail.h"
#include "signer/rules/visible.h"
#include "signer/store/audit.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

/* --- names --- */

/* The next code point of valid UTF-8. */
static uint32_t next_code_point(const uint8_t **p)
{
    uint32_t c = *(*p)++;
    int more = c < 0x80 ? 0 : c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
    if (more > 0)
        c &= 0x3fu >> more;
    while (more-- > 0)
        c = c << 6 | (*(*p)++ & 0x3fu);
    return c;
}

/* Controls, path separators, what changes the direction of writing, and what nobody sees: soft hyphen, zero width space, word joiner, byte order mark. */
static bool bad_in_name(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == '/' || c == '\\' || c == 0x2028 || c == 0x2029 || c == 0x061c || c == 0x200e ||
           c == 0x200f || (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0xad || c == 0x200b ||
           (c >= 0x2060 && c <= 0x2064) || c == 0xfeff;
}

/* The manifest, its seal and what a container has of its own stand beside it once a dossier is delivered; a file system may not tell cases apart. */
static bool is_ours(const char *name)
{
    static const char *const OURS[] = {MANIFEST_NAME, MANIFEST_SEAL_NAME, "mimetype", "META-INF"};
    for (size_t i = 0; i < sizeof OURS / sizeof *OURS; i++)
        if (strcasecmp(name, OURS[i]) == 0)
            return true;
    return false;
}

err_t component_name_check(const char *name)
{
    size_t n = name != NULL ? strlen(name) : 0;
    if (n < 1 || n > COMPONENT_NAME_MAX || !utf8_valid(BYTES_STR(name)) || strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
        name[0] == ' ' || name[n - 1] == ' ' || is_ours(name) || !zip_name_valid(BYTES_STR(name)))
        return ERR_COMPONENT_NAME;
    for (const uint8_t *p = (const uint8_t *)name; *p != 0;)
        if (bad_in_name(next_code_point(&p)))
            return ERR_COMPONENT_NAME;
    return OK;
}

/* --- types --- */

static bool token_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c != '\0' && strchr("!#$&-^_.+", c) != NULL); /* RFC 6838 §4.2 */
}

err_t component_media_type(const char *type, char out[MEDIA_TYPE_MAX + 1])
{
    if (type == NULL || type[0] == '\0')
        type = "application/octet-stream";
    size_t n = strlen(type), slashes = 0;
    for (size_t i = 0; i < n; i++) {
        if (type[i] == '/')
            slashes++;
        else if (!token_char(type[i]))
            return ERR_MEDIA_TYPE;
    }
    if (n > MEDIA_TYPE_MAX || slashes != 1 || type[0] == '/' || type[n - 1] == '/')
        return ERR_MEDIA_TYPE;
    memcpy(out, type, n + 1);
    return OK;
}

/* Declared as PDF, or undeclared and beginning like one. */
static bool is_pdf(int fd, const char *media_type)
{
    char head[5];
    if (strcmp(media_type, "application/pdf") == 0)
        return true;
    return strcmp(media_type, "application/octet-stream") == 0 && pread(fd, head, sizeof head, 0) == (ssize_t)sizeof head &&
           memcmp(head, "%PDF-", sizeof head) == 0;
}

/* --- declared digests --- */

static err_t one_digest(struct bytes item, const uint8_t sha256[SHA256_LEN], const uint8_t sha512[SHA512_LEN])
{
    const uint8_t *eq = memchr(item.ptr, '=', item.len);
    if (eq == NULL || eq == item.ptr)
        return ERR_DIGEST_SYNTAX;
    struct bytes key = BYTES(item.ptr, (size_t)(eq - item.ptr));
    struct bytes value = BYTES(eq + 1, item.len - key.len - 1);
    uint8_t digest[SHA512_LEN];
    size_t n = 0;
    if (value.len < 2 || value.ptr[0] != ':' || value.ptr[value.len - 1] != ':')
        return ERR_DIGEST_SYNTAX;
    bool is256 = bytes_eq(key, BYTES_STR("sha-256")), is512 = bytes_eq(key, BYTES_STR("sha-512"));
    if (!is256 && !is512)
        return OK; /* RFC 9530 §2: others are not for us */
    if (b64_decode(BYTES(value.ptr + 1, value.len - 2), digest, sizeof digest, &n) != OK)
        return ERR_DIGEST_SYNTAX;
    struct bytes expected = is256 ? BYTES(sha256, SHA256_LEN) : BYTES(sha512, SHA512_LEN);
    return bytes_eq(BYTES(digest, n), expected) ? OK : ERR_DIGEST_MISMATCH;
}

err_t component_digest_check(const char *header, const uint8_t sha256[SHA256_LEN], const uint8_t sha512[SHA512_LEN])
{
    if (header == NULL)
        return OK;
    for (const char *p = header; *p != '\0';) {
        p += strspn(p, " \t");
        size_t n = strcspn(p, ","), end = n;
        while (end > 0 && (p[end - 1] == ' ' || p[end - 1] == '\t'))
            end--;
        TRY(one_digest(BYTES(p, end), sha256, sha512));
        p += n;
        if (*p == ',')
            p++;
    }
    return OK;
}

/* --- what is asked for --- */

/* Only what is signed inside can show it. */
static err_t choose_visible(const char *wish, struct component *c)
{
    struct visible v;
    TRY(visible_read(wish, &v));
    if (v.wanted && c->format != FORMAT_PADES)
        return ERR_SYNTAX;
    snprintf(c->visible, sizeof c->visible, "%s", v.wanted ? wish : "");
    return OK;
}

static err_t choose(const struct upload *u, struct component *c)
{
    enum sig_level level = LEVEL_LTA;
    c->format = c->pdf ? FORMAT_PADES : FORMAT_CADES;
    if (u->format != NULL && component_format_read(u->format, &c->format) != OK)
        return ERR_FORMAT;
    if (u->level != NULL && level_read(u->level, &level) != OK)
        return ERR_FORMAT;
    snprintf(c->level, sizeof c->level, "%s", level_name(level));
    TRY(choose_visible(u->visible, c));
    return c->format == FORMAT_PADES && !c->pdf ? ERR_FORMAT : OK;
}

/* --- upload --- */

struct job {
    const struct app *app;
    const struct caller *caller;
    const char *dossier, *name, *request_id;
    struct component c;
    bool created;
};

/* The dossier, locked, if this caller may change it now. */
static err_t lock_draft(struct db *db, const struct job *j)
{
    struct dossier d;
    err_t e = dossier_lock(db, j->dossier, &d);
    if (e != OK)
        return e == ERR_DB_NONE ? ERR_NOT_FOUND : e;
    if (!dossier_may_change(j->caller, &d))
        return dossier_may_read(j->caller, &d) ? ERR_FORBIDDEN : ERR_NOT_FOUND;
    return d.state == DOSSIER_DRAFT ? OK : ERR_DOSSIER_STATE;
}

static err_t check_room(struct db *db, const struct job *j)
{
    AUTO(component_list_free) struct component *list = NULL;
    size_t n = 0;
    TRY(component_list(db, j->dossier, &list, &n));
    uint64_t total = j->c.size;
    bool replaces = false;
    for (size_t i = 0; i < n; i++) {
        bool same = strcmp(list[i].name, j->c.name) == 0;
        replaces = replaces || same;
        total += same ? 0 : list[i].size;
    }
    if (!replaces && n >= COMPONENTS_MAX)
        return ERR_COMPONENT_COUNT;
    return total <= (uint64_t)j->app->conf.dossier_max ? OK : ERR_DOSSIER_SIZE;
}

static err_t may_upload(struct db *db, void *arg)
{
    TRY(lock_draft(db, arg));
    return check_room(db, arg);
}

static err_t insert(struct db *db, void *arg)
{
    struct job *j = arg;
    TRY(may_upload(db, arg)); /* again: another upload may have come in between */
    TRY(component_put(db, j->dossier, &j->c, &j->created));
    const struct audit audit = {
        .event = j->created ? "component.added" : "component.replaced",
        .actor = j->caller->sub,
        .client_id = j->caller->client_id,
        .dossier = j->dossier,
        .request_id = j->request_id,
    };
    return audit_insert(db, &audit);
}

static err_t read_accept(const char *list, unsigned *accept)
{
    *accept = 0;
    return list == NULL || pdf_active_parse(list, accept) == OK ? OK : ERR_SYNTAX;
}

/* A PDF: can it be signed, may it, and is there a place for what is to be seen? Fonts that are missing are told now and not when the citizen signs. */
static err_t check_pdf(struct app *a, const struct upload *u, struct component *c, unsigned *active)
{
    struct visible v;
    struct pdfjail_wish wish = {0};
    AUTO_DRAWN sample = {0};
    TRY(read_accept(u->accept, &wish.accept));
    TRY(visible_read(c->visible, &v));
    if (v.wanted) {
        TRY(visible_citizen("Người ký", NULL, clock_now(), &sample));
        wish.place = &v.place;
        wish.field = v.field[0] != '\0' ? v.field : NULL;
    }
    err_t e = pdfjail_check(a->pdfjail, u->fd, &wish, &c->active);
    *active = c->active & ~wish.accept;
    return e;
}

err_t component_upload(struct app *a, const struct caller *c, const struct upload *u, struct component *out, bool *created,
                       unsigned *active)
{
    if (!uuid_valid(u->dossier))
        return ERR_NOT_FOUND;
    struct job j = {.app = a, .caller = c, .dossier = u->dossier, .request_id = u->request_id};
    TRY(component_name_check(u->name));
    snprintf(j.c.name, sizeof j.c.name, "%s", u->name);
    TRY(component_media_type(u->media_type, j.c.media_type));
    TRY(component_digest_check(u->content_digest, u->sha256, u->sha512));
    j.c.size = u->size;
    TRY(db_do(a->db, DB_TX, may_upload, &j)); /* before work is spent on it */
    j.c.pdf = is_pdf(u->fd, j.c.media_type);
    TRY(choose(u, &j.c));
    if (j.c.format == FORMAT_PADES)
        TRY(check_pdf(a, u, &j.c, active));
    struct content_file file;
    TRY(content_put(a->content, u->fd, u->size, &file));
    if (memcmp(file.sha256, u->sha256, SHA256_LEN) != 0)
        return ERR_IO; /* the disk gave back other bytes than the network brought */
    memcpy(j.c.sha256, file.sha256, SHA256_LEN);
    memcpy(j.c.sha512, file.sha512, SHA512_LEN);
    TRY(db_do(a->db, DB_TX, insert, &j));
    AUTO_FD there = -1;
    if (content_get(a->content, file.sha256, file.size, &there) == ERR_NOT_FOUND) /* swept as unused just before it had its row */
        TRY(content_put(a->content, u->fd, u->size, &file));
    *out = j.c;
    *created = j.created;
    return OK;
}

static err_t remove_row(struct db *db, void *arg)
{
    struct job *j = arg;
    TRY(lock_draft(db, j));
    err_t e = component_delete(db, j->dossier, j->name);
    if (e != OK)
        return e == ERR_DB_NONE ? ERR_NOT_FOUND : e;
    const struct audit audit = {
        .event = "component.removed",
        .actor = j->caller->sub,
        .client_id = j->caller->client_id,
        .dossier = j->dossier,
        .request_id = j->request_id,
    };
    return audit_insert(db, &audit);
}

err_t component_remove(struct app *a, const struct caller *c, const char *dossier, const char *name, const char *request_id)
{
    if (!uuid_valid(dossier) || component_name_check(name) != OK)
        return ERR_NOT_FOUND;
    struct job j = {.app = a, .caller = c, .dossier = dossier, .name = name, .request_id = request_id};
    return db_do(a->db, DB_TX, remove_row, &j);
}

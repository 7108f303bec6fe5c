/*
 * Dossiers: access, creation, description.
 * Called by endpoints/dossiers, components, submit and downloads.
 */
#include "signer/rules/dossier.h"

#include "common/clock.h"
#include "common/form.h"
#include "signer/errors.h"
#include "signer/rules/level.h"
#include "signer/rules/recovery.h"
#include <stdio.h>
#include <string.h>

bool uuid_valid(const char *s)
{
    if (s == NULL || strlen(s) != UUID_LEN)
        return false;
    for (int i = 0; i < UUID_LEN; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? s[i] != '-' : strchr("0123456789abcdef", s[i]) == NULL)
            return false;
    }
    return true;
}

/* --- access --- */

bool dossier_may_read(const struct caller *c, const struct dossier *d)
{
    bool own_client = strcmp(c->client_id, d->client_id) == 0;
    bool own_dossier = c->level > 0 && strcmp(c->sub, d->owner) == 0;
    if (c->level > 0) /* a citizen's token never shows another citizen's dossier, whichever portal holds it */
        return own_dossier && ((c->scopes & SCOPE_DOSSIER_READ) || (own_client && (c->scopes & SCOPE_DOSSIER)));
    if (c->scopes & SCOPE_DOSSIER_READ)
        return true; /* a court, an agency */
    return own_client && (c->scopes & SCOPE_DOSSIER);
}

bool dossier_may_change(const struct caller *c, const struct dossier *d)
{
    return c->level > 0 && (c->scopes & SCOPE_DOSSIER) && strcmp(c->client_id, d->client_id) == 0 && strcmp(c->sub, d->owner) == 0;
}

struct get {
    const char *id;
    struct dossier *out;
};

static err_t get(struct db *db, void *arg)
{
    struct get *g = arg;
    return dossier_get(db, g->id, g->out);
}

err_t dossier_for_reader(struct app *a, const struct caller *c, const char *id, struct dossier *out)
{
    if (!uuid_valid(id))
        return ERR_NOT_FOUND;
    struct get g = {.id = id, .out = out};
    err_t e = db_do(a->db, DB_AUTOCOMMIT, get, &g);
    if (e == OK && out->state == DOSSIER_SIGNING && out->signing_until < clock_now()) { /* whoever signed it died */
        TRY(recovery_touch(a));
        e = db_do(a->db, DB_AUTOCOMMIT, get, &g);
    }
    if (e != OK)
        return e == ERR_DB_NONE ? ERR_NOT_FOUND : e;
    return dossier_may_read(c, out) ? OK : ERR_NOT_FOUND;
}

/* --- creation --- */

/* One line of text for people: no control characters. */
static bool one_line(const char *s)
{
    for (; *s != '\0'; s++)
        if ((unsigned char)*s < 0x20 || *s == 0x7f)
            return false;
    return true;
}

static err_t member(const json_t *j, const char *name, size_t max, bool required, char *out, const char **detail)
{
    const char *v = NULL;
    *detail = name;
    if (required)
        TRY(json_need_str(j, name, max, &v));
    else
        TRY(json_get_str(j, name, max, &v));
    if (v != NULL && !one_line(v))
        return ERR_SYNTAX;
    snprintf(out, max + 1, "%s", v != NULL ? v : "");
    return OK;
}

/* How the dossier as a whole is to be signed. */
static err_t wish_from_json(const json_t *j, struct dossier *out, const char **detail)
{
    const char *format = NULL, *level = NULL;
    enum sig_level l = LEVEL_LTA;
    *detail = "format";
    TRY(json_get_str(j, "format", 16, &format));
    if (format != NULL && strcmp(format, DOSSIER_FORMAT) != 0)
        return ERR_FORMAT;
    *detail = "level";
    TRY(json_get_str(j, "level", LEVEL_CAP - 1, &level));
    if (level != NULL && level_read(level, &l) != OK)
        return ERR_FORMAT;
    snprintf(out->level, sizeof out->level, "%s", level_name(l));
    return OK;
}

err_t dossier_from_json(const json_t *j, const struct caller *c, struct dossier *out, const char **detail)
{
    static const char *const members[] = {"code", "procedure", "agency", "applicant_name", "return_uri", "format", "level", NULL};
    char applicant[DOSSIER_TEXT_MAX + 1];
    *out = (struct dossier){0};
    *detail = "an unknown member";
    TRY(json_only(j, members));
    TRY(member(j, "code", DOSSIER_CODE_MAX, true, out->code, detail));
    TRY(member(j, "procedure", DOSSIER_TEXT_MAX, true, out->procedure, detail));
    TRY(member(j, "agency", DOSSIER_TEXT_MAX, true, out->agency, detail));
    /* For the portal's own use: checked, not kept. Who signs is told by the certificate, whose dossier it is by the pairwise subject. */
    TRY(member(j, "applicant_name", DOSSIER_TEXT_MAX, false, applicant, detail));
    TRY(member(j, "return_uri", RETURN_URI_MAX, false, out->return_uri, detail));
    if (out->return_uri[0] != '\0' && strncmp(out->return_uri, "https://", 8) != 0 && strncmp(out->return_uri, "http://", 7) != 0)
        return ERR_SYNTAX;
    TRY(wish_from_json(j, out, detail));
    random_uuid(out->id);
    snprintf(out->client_id, sizeof out->client_id, "%s", c->client_id);
    snprintf(out->owner, sizeof out->owner, "%s", c->sub);
    out->created_at = clock_now();
    return OK;
}

/* --- description --- */

static json_t *hex_json(const uint8_t *p, size_t n)
{
    char hex[2 * SHA512_LEN + 1];
    hex_encode(BYTES(p, n), hex);
    return json_string(hex);
}

static void set_time(json_t *o, const char *name, int64_t t)
{
    char text[CLOCK_RFC3339_LEN + 1];
    if (t == 0)
        return;
    clock_rfc3339(t, text);
    json_object_set_new(o, name, json_string(text));
}

err_t component_to_json(const struct dossier *d, const struct component *c, json_t **out)
{
    AUTO_JSON o = json_object();
    AUTO_BUF path = {0};
    TRY(buf_addf(&path, "/v1/dossiers/%s/components/", d->id));
    TRY(url_encode(&path, c->name));
    json_object_set_new(o, "name", json_string(c->name));
    json_object_set_new(o, "media_type", json_string(c->media_type));
    json_object_set_new(o, "size", json_integer((json_int_t)c->size));
    json_object_set_new(o, "sha256", hex_json(c->sha256, sizeof c->sha256));
    json_object_set_new(o, "sha512", hex_json(c->sha512, sizeof c->sha512));
    json_object_set_new(o, "href", json_string(buf_str(&path)));
    json_object_set_new(o, "signature_kind", json_string(component_format_name(c->format)));
    json_object_set_new(o, "level", json_string(c->level));
    if (c->visible[0] != '\0')
        json_object_set_new(o, "visible", json_string(c->visible));
    if (c->is_signed)
        json_object_set_new(o, "level_reached", json_string(c->level_reached));
    if (c->is_signed && c->format == FORMAT_PADES) {
        json_object_set_new(o, "signed_size", json_integer((json_int_t)c->signed_size));
        json_object_set_new(o, "signed_sha256", hex_json(c->signed_sha256, sizeof c->signed_sha256));
    }
    if (c->is_signed) {
        bool inside = c->format == FORMAT_PADES;
        TRY(buf_add_str(&path, inside ? "/signed" : "/signature"));
        json_object_set_new(o, inside ? "signed_href" : "signature_href", json_string(buf_str(&path)));
    }
    *out = take(&o);
    return *out != NULL ? OK : ERR_NOMEM;
}

err_t dossier_to_json(const struct app *a, const struct dossier *d, const struct component *comp, size_t n, json_t **out)
{
    AUTO_JSON o = json_object();
    json_object_set_new(o, "id", json_string(d->id));
    json_object_set_new(o, "code", json_string(d->code));
    json_object_set_new(o, "procedure", json_string(d->procedure));
    json_object_set_new(o, "agency", json_string(d->agency));
    json_object_set_new(o, "applicant", json_string(d->owner));
    json_object_set_new(o, "client_id", json_string(d->client_id));
    json_object_set_new(o, "state", json_string(dossier_state_name(d->state)));
    json_object_set_new(o, "format", json_string(DOSSIER_FORMAT));
    json_object_set_new(o, "level", json_string(d->level));
    set_time(o, "created_at", d->created_at);
    set_time(o, "submitted_at", d->submitted_at);
    set_time(o, "sealed_at", d->sealed_at);
    if (d->return_uri[0] != '\0')
        json_object_set_new(o, "return_uri", json_string(d->return_uri));
    if (d->level_reached[0] != '\0') {
        AUTO_BUF path = {0};
        TRY(buf_addf(&path, "/v1/dossiers/%s/container", d->id));
        json_object_set_new(o, "level_reached", json_string(d->level_reached));
        json_object_set_new(o, "container_href", json_string(buf_str(&path)));
    }
    if (d->state != DOSSIER_DRAFT) {
        AUTO_BUF url = {0};
        TRY(buf_addf(&url, "%s/sign/%s", a->conf.url, d->id));
        json_object_set_new(o, "sign_url", json_string(buf_str(&url)));
    }
    if (comp != NULL) {
        json_t *list = json_array();
        json_object_set_new(o, "components", list);
        for (size_t i = 0; i < n; i++) {
            json_t *c = NULL;
            TRY(component_to_json(d, &comp[i], &c));
            json_array_append_new(list, c);
        }
    }
    *out = take(&o);
    return *out != NULL ? OK : ERR_NOMEM;
}

/* --- submission --- */

void dossier_faults(const struct component *comp, size_t n, struct dossier_fault *faults, size_t *count)
{
    *count = 0;
    if (n == 0)
        faults[(*count)++] = (struct dossier_fault){.e = ERR_DOSSIER_EMPTY};
    for (size_t i = 0; i < n && i < COMPONENTS_MAX; i++)
        if (comp[i].size == 0)
            faults[(*count)++] = (struct dossier_fault){.component = comp[i].name, .e = ERR_COMPONENT_EMPTY};
}

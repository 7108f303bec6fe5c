/*
 * The review page and the result page: who asks, what is to be signed, what came of it.
 * Called by sign.c. "What you see is what you sign": names, sizes and digests are those of the prepared activation's components.
 */
#include "signer/endpoints/review.h"

#include "common/clock.h"
#include "common/form.h"
#include "common/x509.h"
#include "signer/endpoints/api.h"
#include "signer/errors.h"
#include "signer/formats/pdf_active.h"
#include "signer/rules/dossier.h"
#include "signer/rules/recovery.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* --- the dossier --- */

struct look {
    const char *id;
    struct dossier *d;
    struct component *comp;
    size_t n;
};

static err_t look_up(struct db *db, void *arg)
{
    struct look *l = arg;
    return dossier_get(db, l->id, l->d);
}

err_t review_dossier(struct http_req *r, const struct websession *s, struct dossier *d)
{
    struct app *a = signer_app(r);
    struct look l = {.id = http_path(r, "id"), .d = d};
    if (!uuid_valid(l.id))
        return ERR_NOT_FOUND;
    err_t e = db_do(a->db, DB_AUTOCOMMIT, look_up, &l);
    if (e == OK && d->state == DOSSIER_SIGNING && d->signing_until < clock_now()) {
        TRY(recovery_touch(a));
        e = db_do(a->db, DB_AUTOCOMMIT, look_up, &l);
    }
    if (e != OK)
        return e == ERR_DB_NONE ? ERR_NOT_FOUND : e;
    return strcmp(d->owner, s->subject) == 0 ? OK : ERR_NOT_OWNER;
}

/* --- texts about files --- */

static void size_text(const struct http_req *r, uint64_t size, char out[32])
{
    static const char *const units[] = {"kB", "MB", "GB"};
    if (size < 1000) {
        snprintf(out, 32, "%" PRIu64 " byte", size);
        return;
    }
    uint64_t tenths = size / 100;
    int unit = 0;
    for (; tenths >= 10000 && unit < 2; unit++)
        tenths /= 1000;
    snprintf(out, 32, "%" PRIu64 "%c%" PRIu64 " %s", tenths / 10, http_lang(r) == LANG_VI ? ',' : '.', tenths % 10, units[unit]);
}

static const char *type_text(const struct http_req *r, const char *media_type)
{
    static const struct {
        const char *type, *key;
    } known[] = {
        {"application/pdf", "type.pdf"}, {"image/jpeg", "type.photo"},
        {"image/png", "type.picture"},   {"text/plain", "type.text"},
        {"application/xml", "type.xml"}, {"text/xml", "type.xml"},
        {"application/zip", "type.zip"}, {"application/octet-stream", "type.other"},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(known[i].type, media_type) == 0)
            return spage_text(r, known[i].key);
    return media_type;
}

/* 64 hex digits in groups of four, so that eyes can follow and a narrow screen can break them. */
static void grouped(const uint8_t sha256[SHA256_LEN], char out[2 * SHA256_LEN + 16])
{
    char hex[2 * SHA256_LEN + 1];
    hex_encode(BYTES(sha256, SHA256_LEN), hex);
    size_t o = 0;
    for (size_t i = 0; i < 2 * SHA256_LEN; i++) {
        if (i > 0 && i % 4 == 0)
            out[o++] = ' ';
        out[o++] = hex[i];
    }
    out[o] = '\0';
}

/* What the eye does not meet in a document, in words: "script programs (JavaScript), files inside". */
static err_t active_text(const struct http_req *r, unsigned active, struct buf *out)
{
    static const char *const words[PDF_ACTIVE_KINDS] = {"active.xfa", "active.javascript", "active.launch", "active.embedded"};
    for (size_t i = 0; i < PDF_ACTIVE_KINDS; i++)
        if ((active & 1u << i) != 0) {
            TRY(buf_add_str(out, out->len > 0 ? ", " : ""));
            TRY(buf_add_str(out, spage_text(r, words[i])));
        }
    return OK;
}

static err_t describe(const struct http_req *r, const struct dossier *d, const struct component *c, json_t **out)
{
    static const char *const FORMS[] = {[FORMAT_PADES] = "PAdES", [FORMAT_CADES] = "CAdES", [FORMAT_XADES] = "XAdES"};
    char size[32], digest[2 * SHA256_LEN + 16], kind[16];
    AUTO_BUF href = {0}, active = {0};
    TRY(active_text(r, c->active, &active));
    TRY(buf_addf(&href, "/sign/%s/files/", d->id));
    TRY(url_encode(&href, c->name));
    size_text(r, c->size, size);
    grouped(c->sha256, digest);
    /* "PAdES-B-LTA": what was truly reached */
    snprintf(kind, sizeof kind, "%s-%s", FORMS[c->format], c->level_reached);
    *out = json_pack("{sssssssssssbsbsIsssbss}", "name", c->name, "type", type_text(r, c->media_type), "size", size, "digest", digest,
                     "href", buf_str(&href), "inside", c->format == FORMAT_PADES, "signed", c->is_signed, "bytes", (json_int_t)c->size,
                     "kind", kind, "seen", c->visible[0] != '\0', "active", buf_str(&active));
    return *out != NULL ? OK : ERR_NOMEM;
}

static err_t read_components(struct db *db, void *arg)
{
    struct look *l = arg;
    component_list_free(&l->comp);
    return component_list(db, l->id, &l->comp, &l->n);
}

/* What all states of the page show: who asks, and the files. */
static err_t common_values(struct http_req *r, const struct websession *s, const struct dossier *d, const char *title, json_t **out)
{
    AUTO_JSON v = spage_values(r, title, s);
    if (v == NULL)
        return ERR_NOMEM;
    struct look l = {.id = d->id};
    json_t *files = json_array();
    json_object_set_new(v, "files", files);
    err_t e = db_do(signer_app(r)->db, DB_AUTOCOMMIT, read_components, &l);
    for (size_t i = 0; e == OK && i < l.n; i++) {
        json_t *one = NULL;
        e = describe(r, d, &l.comp[i], &one);
        json_array_append_new(files, one);
    }
    component_list_free(&l.comp);
    TRY(e);
    json_object_set_new(v, "count", json_integer((json_int_t)l.n));
    json_object_set_new(v, "id", json_string(d->id));
    json_object_set_new(v, "code", json_string(d->code));
    json_object_set_new(v, "procedure", json_string(d->procedure));
    json_object_set_new(v, "agency", json_string(d->agency));
    json_object_set_new(v, "portal", json_string(d->client_id));
    *out = take(&v);
    return OK;
}

/* --- before signing --- */

static err_t add_signer(json_t *v, const struct certificate *cert)
{
    AUTO_X509 x = NULL;
    AUTO_BUF name = {0}, issuer = {0};
    char until[CLOCK_LOCAL_CAP];
    TRY(x509_from_der(buf_bytes(&cert->der), &x));
    TRY(x509_name_attr(X509_get_subject_name(x), NID_commonName, &name));
    TRY(x509_name_attr(X509_get_issuer_name(x), NID_commonName, &issuer));
    clock_local(cert->not_after, until);
    json_object_set_new(v, "signer", json_string(buf_str(&name)));
    json_object_set_new(v, "issuer", json_string(buf_str(&issuer)));
    json_object_set_new(v, "until", json_string(until));
    return OK;
}

err_t review_page(struct http_req *r, const struct websession *s, const struct dossier *d, const struct credential_view *view, err_t error,
                  int left)
{
    AUTO_JSON v = NULL;
    TRY(common_values(r, s, d, "review.title", &v));
    TRY(add_signer(v, &view->cert));
    json_object_set_new(v, "again", json_boolean(http_query(r, "again") != NULL));
    if (error != OK) {
        json_object_set_new(v, "error", json_string(spage_text(r, err_info(error)->text)));
        if (error == ERR_KEY_PIN)
            json_object_set_new(v, "left", json_integer(left));
    }
    return spage_reply(r, error != OK ? err_info(error)->status : 200, "review", take(&v));
}

/* --- after --- */

/* Back to the portal, if its origin is one we know. */
static bool return_allowed(const struct app *a, const char *uri)
{
    size_t origin = strcspn(uri, ":");
    if (strncmp(uri + origin, "://", 3) != 0)
        return false;
    origin += 3 + strcspn(uri + origin + 3, "/?#\\");
    for (const char *p = a->conf.return_origins; *p != '\0';) {
        size_t n = strcspn(p, " ");
        if (n == origin && memcmp(p, uri, n) == 0)
            return true;
        p += n;
        p += strspn(p, " ");
    }
    return false;
}

err_t review_result(struct http_req *r, const struct websession *s, const struct dossier *d)
{
    AUTO_JSON v = NULL;
    char when[CLOCK_LOCAL_CAP];
    TRY(common_values(r, s, d, "result.title", &v));
    clock_local(d->sealed_at, when);
    json_object_set_new(v, "sealed_at", json_string(when));
    if (d->level_reached[0] != '\0') /* dossiers of before containers have none */
        json_object_set_new(v, "level", json_string(d->level_reached));
    if (d->return_uri[0] != '\0' && return_allowed(signer_app(r), d->return_uri))
        json_object_set_new(v, "return_uri", json_string(d->return_uri));
    return spage_reply(r, 200, "result", take(&v));
}

err_t review_waiting(struct http_req *r, const struct websession *s, const struct dossier *d)
{
    AUTO_JSON v = NULL;
    TRY(common_values(r, s, d, "waiting.title", &v));
    http_reply_header(r, "Refresh", "2");
    return spage_reply(r, 200, "waiting", take(&v));
}

err_t review_blocked(struct http_req *r, const struct websession *s, const struct dossier *d, err_t why)
{
    AUTO_JSON v = NULL;
    TRY(common_values(r, s, d, "blocked.title", &v));
    json_object_set_new(v, "message", json_string(spage_text(r, err_info(why)->text)));
    json_object_set_new(v, "locked", json_boolean(why == ERR_CREDENTIAL_LOCKED));
    return spage_reply(r, err_info(why)->status, "blocked", take(&v));
}

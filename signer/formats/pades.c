/*
 * Prepares a PDF for a PAdES signature: field, widget and signature dictionary with an empty /Contents, and the digest to be signed.
 * Called by signerd. ETSI EN 319 142-1 §5.3, §6.3; ISO 32000-1 §12.7.4.5, §12.8.1.
 */
#include "signer/formats/pades.h"

#include "signer/formats/pdf_active.h"
#include "signer/formats/pdf_form.h"
#include "signer/formats/pdf_update.h"
#include <errno.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define TEXT_MAX 512       /* bytes of name, reason, location */
#define SPOKEN_MAX 1024    /* of what is seen, in words */
#define BYTE_RANGE_ROOM 64 /* "[0 a b c]" with four-gigabyte numbers is shorter */
#define READ_PIECE 65536
#define ZONE_SECONDS 25200 /* /M is written in Vietnam's time, UTC+07 all year */
#define WIDGET_FLAGS 132   /* Print, Locked (§12.5.3) */

struct places {
    size_t byte_range, contents; /* in the increment */
};

/* --- the objects --- */

static err_t add_text(struct pdf *p, struct pdf_update *u, const char *key, const char *text, size_t max)
{
    if (text == NULL)
        return OK;
    struct bytes v = bytes_str(text);
    if (v.len > max || !utf8_valid(v))
        return ERR_SYNTAX;
    qpdf_oh string = qpdf_oh_new_unicode_string(pdf_handle(p), text);
    return buf_addf(&u->out, "/%s %s\n", key, qpdf_oh_unparse(pdf_handle(p), string));
}

/* §7.9.4 */
static err_t add_time(struct pdf_update *u, int64_t t)
{
    time_t local = (time_t)(t + ZONE_SECONDS);
    struct tm tm;
    char text[32];
    if (gmtime_r(&local, &tm) == NULL || tm.tm_year < 0 || tm.tm_year > 8099)
        return ERR_SYNTAX;
    strftime(text, sizeof text, "D:%Y%m%d%H%M%S+07'00'", &tm);
    return buf_addf(&u->out, "/M (%s)\n", text);
}

static err_t add_placeholder(struct pdf_update *u, size_t room)
{
    TRY(buf_add_str(&u->out, "<"));
    TRY(buf_reserve(&u->out, 2 * room + 1));
    memset(u->out.ptr + u->out.len, '0', 2 * room);
    u->out.len += 2 * room;
    return buf_add_str(&u->out, ">\n");
}

/* §12.8.2: what this signature forbids from now on. The field's lock is repeated in the signature, which makes it bind. */
static err_t add_references(struct pdf *p, struct pdf_update *u, int certify, const struct pdf_target *field)
{
    qpdf_data q = pdf_handle(p);
    int root = qpdf_oh_get_object_id(q, qpdf_get_root(q)), generation = qpdf_oh_get_generation(q, qpdf_get_root(q));
    if (certify == 0 && field->lock[0] == '\0')
        return OK;
    TRY(buf_add_str(&u->out, "/Reference ["));
    if (certify != 0)
        TRY(buf_addf(&u->out, " << /Type /SigRef /TransformMethod /DocMDP /TransformParams << /Type /TransformParams /P %d /V /1.2 >> >>",
                     certify));
    if (field->lock[0] != '\0')
        TRY(buf_addf(
            &u->out,
            " << /Type /SigRef /TransformMethod /FieldMDP /Data %d %d R /TransformParams << /Type /TransformParams %s /V /1.2 >> >>", root,
            generation, field->lock));
    return buf_add_str(&u->out, " ]\n");
}

static err_t add_lock_name(struct pdf *p, const char *name, struct buf *text)
{
    struct bytes v = bytes_str(name);
    if (v.len == 0 || v.len > PDF_FIELD_NAME_MAX || !utf8_valid(v))
        return ERR_SYNTAX;
    qpdf_oh string = qpdf_oh_new_unicode_string(pdf_handle(p), name);
    return buf_addf(text, " %s", qpdf_oh_unparse(pdf_handle(p), string));
}

/* The lock that is asked for, as a field's own would read; one that the field has is its maker's and stays. */
static err_t wish_lock(struct pdf *p, const struct pades_opts *o, struct pdf_target *field)
{
    static const char *const ACTIONS[] = {"", "/All", "/Include", "/Exclude"};
    bool listed = o->lock == PADES_LOCK_LISTED || o->lock == PADES_LOCK_OTHERS;
    AUTO_BUF text = {0};
    if (o->lock == PADES_LOCK_NONE || o->document_timestamp)
        return OK;
    if (field->lock[0] != '\0')
        return ERR_CONFLICT;
    TRY(buf_addf(&text, "/Action %s%s", ACTIONS[o->lock], listed ? " /Fields [" : ""));
    for (size_t i = 0; listed && o->lock_field != NULL && o->lock_field[i] != NULL; i++)
        TRY(add_lock_name(p, o->lock_field[i], &text));
    TRY(buf_add_str(&text, listed ? " ]" : ""));
    if (text.len >= sizeof field->lock)
        return ERR_TOO_LARGE;
    memcpy(field->lock, text.ptr, text.len + 1);
    return OK;
}

/* EN 319 142-1 §6.3: Filter and SubFilter, M, Contents, ByteRange; no Cert. §5.4.3: a document timestamp claims no time of its own. */
static err_t add_signature(struct pdf *p, struct pdf_update *u, int id, const struct pades_opts *o, const struct pdf_target *field,
                           struct places *places)
{
    TRY(pdf_update_object_begin(u, id, 0));
    if (o->document_timestamp) {
        TRY(buf_add_str(&u->out, "<< /Type /DocTimeStamp /Filter /Adobe.PPKLite /SubFilter /ETSI.RFC3161\n"));
    } else {
        TRY(buf_add_str(&u->out, "<< /Type /Sig /Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached\n"));
        TRY(add_time(u, o->signing_time));
        TRY(add_text(p, u, "Name", o->name, TEXT_MAX));
        TRY(add_text(p, u, "Reason", o->reason, TEXT_MAX));
        TRY(add_text(p, u, "Location", o->location, TEXT_MAX));
        TRY(add_references(p, u, o->certify, field));
    }
    TRY(buf_add_str(&u->out, "/ByteRange "));
    places->byte_range = u->out.len;
    TRY(buf_addf(&u->out, "%*s\n/Contents ", BYTE_RANGE_ROOM, ""));
    places->contents = u->out.len;
    TRY(add_placeholder(u, o->contents_room));
    TRY(buf_add_str(&u->out, ">>"));
    return pdf_update_object_end(u);
}

/* Field and widget in one dictionary (§12.7.3.1); without an area when there is nothing to see. */
static err_t add_field(struct pdf *p, struct pdf_update *u, const struct pdf_hanging *h, const char *name, const struct pdf_worn *worn,
                       const char *spoken)
{
    qpdf_data q = pdf_handle(p);
    int page_id = qpdf_oh_get_object_id(q, h->page), page_generation = qpdf_oh_get_generation(q, h->page);
    TRY(pdf_update_object_begin(u, h->field_id, 0));
    TRY(buf_addf(&u->out, "<< /Type /Annot /Subtype /Widget /FT /Sig /F %d /P %d %d R /V %d 0 R\n", WIDGET_FLAGS, page_id, page_generation,
                 h->signature_id));
    TRY(pdf_appearance_entries(worn, &u->out));
    TRY(buf_add_str(&u->out, "\n"));
    TRY(add_text(p, u, "T", name, TEXT_MAX));
    TRY(add_text(p, u, "TU", spoken, SPOKEN_MAX));
    TRY(buf_add_str(&u->out, ">>"));
    return pdf_update_object_end(u);
}

/* What is to be seen; without anything, a new widget hangs on the first page. */
static err_t add_look(struct pdf *p, struct pdf_update *u, const struct pades_opts *o, const struct pdf_target *field,
                      struct pdf_worn *worn)
{
    if (o->appearance == NULL || o->document_timestamp)
        return pdf_form_first_page(p, &worn->spot.page);
    return pdf_appearance_write(p, u, o->appearance, field, worn);
}

static err_t write_touched(struct pdf *p, struct pdf_update *u, const struct pdf_touched *touched, size_t n)
{
    for (size_t i = 0; i < n; i++)
        TRY(pdf_update_rewrite(p, u, touched[i].oh, touched[i].entry));
    return pdf_faults(p);
}

static err_t check_active(struct pdf *p, const struct pades_opts *o)
{
    unsigned found = 0;
    if (o->document_timestamp)
        return OK;
    TRY(pdf_active_find(p, &found));
    return (found & ~o->accept) == 0 ? OK : ERR_PDF_ACTIVE;
}

static err_t build(struct pdf *p, struct pdf_update *u, const struct pades_opts *o, struct places *places)
{
    struct pdf_target field;
    struct pdf_touched touched[PDF_TOUCHED_MAX];
    struct pdf_worn worn = {0};
    size_t n;
    TRY(pdf_form_check(p));
    TRY(check_active(p, o));
    TRY(pdf_form_target(p, o->field_name, &field));
    TRY(wish_lock(p, o, &field));
    if (o->certify != 0)
        TRY(pdf_form_certifiable(p));
    TRY(pdf_update_begin(p, u));
    struct pdf_hanging h = {.signature_id = pdf_update_new_id(u), .certify = o->certify != 0};
    TRY(add_signature(p, u, h.signature_id, o, &field, places));
    TRY(add_look(p, u, o, &field, &worn));
    h.appearance_id = worn.id;
    h.page = worn.spot.page;
    if (!field.exists) {
        h.field_id = pdf_update_new_id(u);
        TRY(add_field(p, u, &h, field.name, &worn, o->appearance != NULL ? o->appearance->spoken : NULL));
    }
    TRY(pdf_form_hang(p, &field, &h, touched, &n));
    TRY(write_touched(p, u, touched, n));
    return pdf_update_finish(p, u);
}

/* --- byte range and digest --- */

static err_t set_byte_range(struct pades_prepared *out, const struct places *places, size_t room)
{
    out->contents_at = out->base_size + places->contents;
    out->contents_len = 2 * room + 2;
    uint64_t after = out->contents_at + out->contents_len;
    uint64_t range[4] = {0, out->contents_at, after, out->base_size + out->increment.len - after};
    memcpy(out->byte_range, range, sizeof range);

    char text[BYTE_RANGE_ROOM + 1];
    int n = snprintf(text, sizeof text, "[0 %" PRIu64 " %" PRIu64 " %" PRIu64 "]", range[1], range[2], range[3]);
    if (n < 0 || n > BYTE_RANGE_ROOM)
        return ERR_INTERNAL;
    memcpy(out->increment.ptr + places->byte_range, text, (size_t)n);
    return OK;
}

static err_t digest_file(int fd, uint64_t size, EVP_MD_CTX *md)
{
    uint8_t piece[READ_PIECE];
    for (uint64_t at = 0; at < size;) {
        size_t want = size - at < sizeof piece ? (size_t)(size - at) : sizeof piece;
        ssize_t r = pread(fd, piece, want, (off_t)at);
        if (r < 0 && errno == EINTR)
            continue;
        if (r <= 0)
            return ERR_IO; /* shorter than it was when opened */
        if (EVP_DigestUpdate(md, piece, (size_t)r) != 1)
            return ERR_CRYPTO;
        at += (uint64_t)r;
    }
    return OK;
}

static void md_free(EVP_MD_CTX **md)
{
    EVP_MD_CTX_free(*md);
}

static err_t digest_prepared(int fd, struct pades_prepared *p, enum cms_hash hash)
{
    AUTO(md_free) EVP_MD_CTX *md = EVP_MD_CTX_new();
    unsigned n = 0;
    if (md == NULL || EVP_DigestInit_ex(md, cms_hash_md(hash), NULL) != 1)
        return ERR_CRYPTO;
    TRY(digest_file(fd, p->base_size, md));
    const uint8_t *i = p->increment.ptr;
    size_t before = (size_t)(p->contents_at - p->base_size), after = before + (size_t)p->contents_len;
    bool done = EVP_DigestUpdate(md, i, before) == 1 && EVP_DigestUpdate(md, i + after, p->increment.len - after) == 1 &&
                EVP_DigestFinal_ex(md, p->digest, &n) == 1;
    p->digest_len = n;
    return done ? OK : ERR_CRYPTO;
}

err_t pades_prepare(int fd, const struct pades_opts *opts, struct pades_prepared *out)
{
    struct pades_opts o = *opts;
    if (o.contents_room == 0)
        o.contents_room = PADES_ROOM_DEFAULT;
    if (o.contents_room > PADES_ROOM_MAX)
        return ERR_TOO_LARGE;
    if (o.certify < 0 || o.certify > 3 || (o.certify != 0 && o.document_timestamp))
        return ERR_SYNTAX;

    AUTO(pdf_close) struct pdf *p = NULL;
    AUTO(pdf_update_free) struct pdf_update u = {0};
    AUTO_PADES prepared = {0};
    struct places places;
    TRY(pdf_open(fd, &p));
    TRY(build(p, &u, &o, &places));
    prepared.base_size = pdf_size(p);
    prepared.increment = take(&u.out);
    TRY(set_byte_range(&prepared, &places, o.contents_room));
    TRY(digest_prepared(fd, &prepared, o.hash));
    *out = take(&prepared);
    return OK;
}

err_t pades_fill(struct pades_prepared *p, struct bytes cms)
{
    size_t room = (size_t)(p->contents_len - 2) / 2;
    if (cms.len > room)
        return ERR_PDF_ROOM;
    AUTO_STR hex = malloc(2 * cms.len + 1);
    if (hex == NULL)
        return ERR_NOMEM;
    hex_encode(cms, hex);
    uint8_t *at = p->increment.ptr + (p->contents_at - p->base_size) + 1;
    memset(at, '0', 2 * room);
    memcpy(at, hex, 2 * cms.len);
    return OK;
}

void pades_prepared_free(struct pades_prepared *p)
{
    buf_free(&p->increment);
    *p = (struct pades_prepared){0};
}

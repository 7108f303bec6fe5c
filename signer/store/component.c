/*
 * Table signer.component.
 * Called by rules/component, rules/activation and rules/signing.
 */
#include "signer/store/component.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COLUMNS                                                                                                     \
    "name, position, kind, media_type, size, sha256, sha512, (signed_sha256 IS NOT NULL OR signature IS NOT NULL)," \
    " signed_size, signed_sha256, signed_sha512, format, level, level_reached, visible, active"

const struct db_stmt component_put_stmt = {
    "component_put",
    "INSERT INTO signer.component (dossier_id, name, position, kind, media_type, size, sha256, sha512, format, level, visible, active)"
    " SELECT $1::uuid, $2, coalesce(max(position), 0) + 1, $3, $4, $5::bigint, $6::bytea, $7::bytea, $8, $9, nullif($10, ''), $11::smallint"
    " FROM signer.component WHERE dossier_id = $1::uuid"
    " ON CONFLICT (dossier_id, name) DO UPDATE SET kind = excluded.kind, media_type = excluded.media_type, size = excluded.size,"
    " sha256 = excluded.sha256, sha512 = excluded.sha512, format = excluded.format, level = excluded.level, visible = excluded.visible,"
    " active = excluded.active, uploaded_at = now() RETURNING (xmax = 0)",
    11,
};
const struct db_stmt component_get_stmt = {
    "component_get",
    "SELECT " COLUMNS " FROM signer.component WHERE dossier_id = $1::uuid AND name = $2",
    2,
};
const struct db_stmt component_delete_stmt = {
    "component_delete",
    "DELETE FROM signer.component WHERE dossier_id = $1::uuid AND name = $2",
    2,
};
const struct db_stmt component_list_stmt = {
    "component_list",
    "SELECT " COLUMNS " FROM signer.component WHERE dossier_id = $1::uuid ORDER BY position, name",
    1,
};
const struct db_stmt component_signature_stmt = {
    "component_signature",
    "SELECT signature FROM signer.component WHERE dossier_id = $1::uuid AND name = $2 AND signature IS NOT NULL",
    2,
};
const struct db_stmt component_set_signed_pdf_stmt = {
    "component_set_signed_pdf",
    "UPDATE signer.component SET signed_size = $3, signed_sha256 = $4, signed_sha512 = $5, level_reached = $6"
    " WHERE dossier_id = $1::uuid AND name = $2",
    6,
};
const struct db_stmt component_set_signature_stmt = {
    "component_set_signature",
    "UPDATE signer.component SET signature = $3, level_reached = $4 WHERE dossier_id = $1::uuid AND name = $2",
    4,
};

const struct db_stmt component_uses_stmt = {
    "component_uses",
    "SELECT EXISTS (SELECT 1 FROM signer.component WHERE sha256 = $1) OR EXISTS (SELECT 1 FROM signer.component WHERE signed_sha256 = $1)",
    1,
};

static const char *const format_names[] = {"pades", "cades", "xades"};

const char *component_format_name(enum component_format f)
{
    return format_names[f];
}

err_t component_format_read(const char *name, enum component_format *out)
{
    for (int i = FORMAT_PADES; i <= FORMAT_XADES; i++)
        if (strcmp(name, format_names[i]) == 0) {
            *out = (enum component_format)i;
            return OK;
        }
    return ERR_NOT_FOUND;
}

static void copy_digest(uint8_t *out, size_t len, struct bytes b)
{
    if (b.len == len)
        memcpy(out, b.ptr, len);
}

static void read_row(const struct db_rows *rows, int row, struct component *out)
{
    *out = (struct component){0};
    snprintf(out->name, sizeof out->name, "%s", db_str(rows, row, 0));
    out->position = (int)db_int(rows, row, 1);
    out->pdf = strcmp(db_str(rows, row, 2), "pdf") == 0;
    snprintf(out->media_type, sizeof out->media_type, "%s", db_str(rows, row, 3));
    out->size = (uint64_t)db_int(rows, row, 4);
    copy_digest(out->sha256, sizeof out->sha256, db_bytes(rows, row, 5));
    copy_digest(out->sha512, sizeof out->sha512, db_bytes(rows, row, 6));
    out->is_signed = db_bool(rows, row, 7);
    out->signed_size = (uint64_t)db_int(rows, row, 8);
    copy_digest(out->signed_sha256, sizeof out->signed_sha256, db_bytes(rows, row, 9));
    copy_digest(out->signed_sha512, sizeof out->signed_sha512, db_bytes(rows, row, 10));
    if (component_format_read(db_str(rows, row, 11), &out->format) != OK)
        out->format = FORMAT_CADES; /* the table allows no other */
    snprintf(out->level, sizeof out->level, "%s", db_str(rows, row, 12));
    snprintf(out->level_reached, sizeof out->level_reached, "%s", db_str(rows, row, 13));
    snprintf(out->visible, sizeof out->visible, "%s", db_str(rows, row, 14));
    out->active = (unsigned)db_int(rows, row, 15);
}

err_t component_put(struct db *db, const char *dossier, const struct component *c, bool *created)
{
    AUTO_ROWS rows = NULL;
    const struct db_param p[] = {
        DB_TEXT(dossier),
        DB_TEXT(c->name),
        DB_TEXT(c->pdf ? "pdf" : "other"),
        DB_TEXT(c->media_type),
        DB_INT((int64_t)c->size),
        DB_BYTES(BYTES(c->sha256, sizeof c->sha256)),
        DB_BYTES(BYTES(c->sha512, sizeof c->sha512)),
        DB_TEXT(component_format_name(c->format)),
        DB_TEXT(c->level),
        DB_TEXT(c->visible),
        DB_INT((int64_t)c->active),
    };
    TRY(db_one(db, &component_put_stmt, p, &rows));
    *created = db_bool(rows, 0, 0);
    return OK;
}

err_t component_get(struct db *db, const char *dossier, const char *name, struct component *out)
{
    AUTO_ROWS rows = NULL;
    TRY(db_one(db, &component_get_stmt, (const struct db_param[]){DB_TEXT(dossier), DB_TEXT(name)}, &rows));
    read_row(rows, 0, out);
    return OK;
}

err_t component_delete(struct db *db, const char *dossier, const char *name)
{
    return db_one(db, &component_delete_stmt, (const struct db_param[]){DB_TEXT(dossier), DB_TEXT(name)}, NULL);
}

err_t component_list(struct db *db, const char *dossier, struct component **out, size_t *n)
{
    AUTO_ROWS rows = NULL;
    TRY(db_query(db, &component_list_stmt, (const struct db_param[]){DB_TEXT(dossier)}, &rows));
    *n = (size_t)db_count(rows);
    *out = calloc(*n + 1, sizeof **out);
    if (*out == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < *n; i++)
        read_row(rows, (int)i, &(*out)[i]);
    return OK;
}

err_t component_signature(struct db *db, const char *dossier, const char *name, struct buf *out)
{
    AUTO_ROWS rows = NULL;
    TRY(db_one(db, &component_signature_stmt, (const struct db_param[]){DB_TEXT(dossier), DB_TEXT(name)}, &rows));
    return buf_copy(out, db_bytes(rows, 0, 0));
}

err_t component_set_signed_pdf(struct db *db, const char *dossier, const struct component *c)
{
    const struct db_param p[] = {
        DB_TEXT(dossier),
        DB_TEXT(c->name),
        DB_INT((int64_t)c->signed_size),
        DB_BYTES(BYTES(c->signed_sha256, sizeof c->signed_sha256)),
        DB_BYTES(BYTES(c->signed_sha512, sizeof c->signed_sha512)),
        DB_TEXT(c->level_reached),
    };
    return db_one(db, &component_set_signed_pdf_stmt, p, NULL);
}

err_t component_set_signature(struct db *db, const char *dossier, const struct component *c, struct bytes signature)
{
    const struct db_param p[] = {DB_TEXT(dossier), DB_TEXT(c->name), DB_BYTES(signature), DB_TEXT(c->level_reached)};
    return db_one(db, &component_set_signature_stmt, p, NULL);
}

void component_list_free(struct component **list)
{
    free(*list);
    *list = NULL;
}

err_t component_uses(struct db *db, const uint8_t sha256[SHA256_LEN], bool *used)
{
    AUTO_ROWS rows = NULL;
    TRY(db_one(db, &component_uses_stmt, (const struct db_param[]){DB_BYTES(BYTES(sha256, SHA256_LEN))}, &rows));
    *used = db_bool(rows, 0, 0);
    return OK;
}

/*
 * Tables signer.signing_session, signing_item, signature and seal.
 * Called by rules/activation, rules/signing and rules/sealing.
 */
#include "signer/store/signing.h"

#include <stdio.h>
#include <string.h>

#define SESSION_COLUMNS "id, dossier_id, credential_id, web_session, random, signing_time, expires_at, id_token"

const struct db_stmt signing_session_insert_stmt = {
    "signing_session_insert",
    "WITH old AS (DELETE FROM signer.signing_session WHERE dossier_id = $2::uuid AND web_session = $4)"
    " INSERT INTO signer.signing_session (id, dossier_id, credential_id, web_session, random, signing_time, expires_at)"
    " VALUES ($1::uuid, $2::uuid, $3::uuid, $4, $5, $6, $7)",
    7,
};
const struct db_stmt signing_session_get_stmt = {
    "signing_session_get",
    "SELECT " SESSION_COLUMNS " FROM signer.signing_session WHERE id = $1::uuid",
    1,
};
const struct db_stmt signing_session_of_stmt = {
    "signing_session_of",
    "SELECT " SESSION_COLUMNS " FROM signer.signing_session WHERE dossier_id = $1::uuid AND web_session = $2"
    " AND expires_at > now() + $3::int * interval '1 second' ORDER BY created_at DESC LIMIT 1",
    3,
};
const struct db_stmt signing_session_set_token_stmt = {
    "signing_session_set_token",
    "UPDATE signer.signing_session SET id_token = $2 WHERE id = $1::uuid",
    2,
};
const struct db_stmt signing_session_delete_stmt = {
    "signing_session_delete",
    "DELETE FROM signer.signing_session WHERE id = $1::uuid",
    1,
};
const struct db_stmt signing_session_expire_stmt = {
    "signing_session_expire",
    "DELETE FROM signer.signing_session WHERE expires_at < now() - interval '5 minutes'",
    0,
};
const struct db_stmt signing_item_insert_stmt = {
    "signing_item_insert",
    "INSERT INTO signer.signing_item (session_id, position, component, kind, digest, increment, base_size, contents_at, contents_len)"
    " VALUES ($1::uuid, $2, $3, $4, $5, $6, $7, $8, $9)",
    9,
};
const struct db_stmt signing_item_list_stmt = {
    "signing_item_list",
    "SELECT component, kind, digest, CASE WHEN $2 THEN increment END, base_size, contents_at, contents_len FROM signer.signing_item"
    " WHERE session_id = $1::uuid ORDER BY position",
    2,
};
const struct db_stmt signature_intend_stmt = {
    "signature_intend",
    "INSERT INTO signer.signature (dossier_id, session_id, position, component, credential_id, certificate, digest, state)"
    " VALUES ($1::uuid, $2::uuid, $3, $4, $5::uuid, $6, $7, 'intended')",
    7,
};
const struct db_stmt signature_done_stmt = {
    "signature_done",
    "UPDATE signer.signature SET state = 'done', finished_at = now(), timestamp_serial = $3"
    " WHERE session_id = $1::uuid AND position = $2 AND state = 'intended'",
    3,
};
const struct db_stmt seal_insert_stmt = {
    "seal_insert",
    "INSERT INTO signer.seal (dossier_id, manifest, signature, timestamp_serial, container_citizen, container_service, level_reached)"
    " VALUES ($1::uuid, $2, $3, $4, $5, $6, $7)",
    7,
};
const struct db_stmt seal_get_stmt = {
    "seal_get",
    "SELECT manifest, signature, sealed_at, container_citizen, container_service, level_reached FROM signer.seal WHERE dossier_id = "
    "$1::uuid",
    1,
};

err_t signing_session_insert(struct db *db, const struct signing_session_row *s)
{
    const struct db_param p[] = {
        DB_TEXT(s->id),
        DB_TEXT(s->dossier),
        DB_TEXT(s->credential),
        DB_BYTES(BYTES(s->web_session, sizeof s->web_session)),
        DB_BYTES(BYTES(s->random, sizeof s->random)),
        DB_TIME(s->signing_time),
        DB_TIME(s->expires),
    };
    return db_query(db, &signing_session_insert_stmt, p, NULL);
}

static err_t read_session(const struct db_rows *rows, struct signing_session_row *out)
{
    snprintf(out->id, sizeof out->id, "%s", db_str(rows, 0, 0));
    snprintf(out->dossier, sizeof out->dossier, "%s", db_str(rows, 0, 1));
    snprintf(out->credential, sizeof out->credential, "%s", db_str(rows, 0, 2));
    struct bytes web = db_bytes(rows, 0, 3), random = db_bytes(rows, 0, 4);
    if (web.len != sizeof out->web_session || random.len != sizeof out->random)
        return ERR_INTERNAL;
    memcpy(out->web_session, web.ptr, web.len);
    memcpy(out->random, random.ptr, random.len);
    out->signing_time = db_time(rows, 0, 5);
    out->expires = db_time(rows, 0, 6);
    return buf_copy(&out->id_token, db_bytes(rows, 0, 7));
}

err_t signing_session_get(struct db *db, const char *id, struct signing_session_row *out)
{
    AUTO_ROWS rows = NULL;
    TRY(db_one(db, &signing_session_get_stmt, (const struct db_param[]){DB_TEXT(id)}, &rows));
    return read_session(rows, out);
}

err_t signing_session_of(struct db *db, const char *dossier, const uint8_t web_session[SHA256_LEN], int64_t margin,
                         struct signing_session_row *out)
{
    AUTO_ROWS rows = NULL;
    const struct db_param p[] = {DB_TEXT(dossier), DB_BYTES(BYTES(web_session, SHA256_LEN)), DB_INT(margin)};
    TRY(db_one(db, &signing_session_of_stmt, p, &rows));
    return read_session(rows, out);
}

err_t signing_session_set_token(struct db *db, const char *id, struct bytes sealed)
{
    return db_one(db, &signing_session_set_token_stmt, (const struct db_param[]){DB_TEXT(id), DB_BYTES(sealed)}, NULL);
}

err_t signing_session_delete(struct db *db, const char *id)
{
    return db_query(db, &signing_session_delete_stmt, (const struct db_param[]){DB_TEXT(id)}, NULL);
}

err_t signing_session_expire(struct db *db)
{
    return db_query(db, &signing_session_expire_stmt, NULL, NULL);
}

err_t signing_item_insert(struct db *db, const char *session, int position, const struct signing_item_row *i)
{
    const struct db_param p[] = {
        DB_TEXT(session),
        DB_INT(position),
        DB_TEXT(i->component),
        DB_TEXT(component_format_name(i->format)),
        DB_BYTES(BYTES(i->digest, sizeof i->digest)),
        i->format == FORMAT_CADES ? DB_NULL : DB_BYTES(buf_bytes(&i->increment)),
        i->format == FORMAT_PADES ? DB_INT((int64_t)i->base_size) : DB_NULL,
        i->format == FORMAT_CADES ? DB_NULL : DB_INT((int64_t)i->contents_at),
        i->format == FORMAT_PADES ? DB_INT((int64_t)i->contents_len) : DB_NULL,
    };
    return db_query(db, &signing_item_insert_stmt, p, NULL);
}

err_t signing_item_list(struct db *db, const char *session, bool with_increments, struct signing_item_row *out, size_t max, size_t *n)
{
    AUTO_ROWS rows = NULL;
    *n = 0;
    TRY(db_query(db, &signing_item_list_stmt, (const struct db_param[]){DB_TEXT(session), DB_BOOL(with_increments)}, &rows));
    for (int i = 0; i < db_count(rows) && *n < max; i++) {
        struct signing_item_row *o = &out[(*n)++];
        snprintf(o->component, sizeof o->component, "%s", db_str(rows, i, 0));
        TRY(component_format_read(db_str(rows, i, 1), &o->format));
        struct bytes digest = db_bytes(rows, i, 2);
        if (digest.len != sizeof o->digest)
            return ERR_INTERNAL;
        memcpy(o->digest, digest.ptr, digest.len);
        TRY(buf_copy(&o->increment, db_bytes(rows, i, 3)));
        o->base_size = (uint64_t)db_int(rows, i, 4);
        o->contents_at = (uint64_t)db_int(rows, i, 5);
        o->contents_len = (uint64_t)db_int(rows, i, 6);
    }
    return OK;
}

err_t signature_intend(struct db *db, const struct signature_row *s)
{
    const struct db_param p[] = {
        DB_TEXT(s->dossier),
        DB_TEXT(s->session),
        DB_INT(s->position),
        DB_TEXT(s->component),
        DB_TEXT(s->credential),
        DB_BYTES(BYTES(s->certificate, SERIAL_LEN)),
        DB_BYTES(BYTES(s->digest, SHA256_LEN)),
    };
    return db_query(db, &signature_intend_stmt, p, NULL);
}

err_t signature_done(struct db *db, const char *session, int position, struct bytes timestamp_serial)
{
    const struct db_param p[] = {DB_TEXT(session), DB_INT(position), timestamp_serial.len > 0 ? DB_BYTES(timestamp_serial) : DB_NULL};
    return db_one(db, &signature_done_stmt, p, NULL);
}

void seal_row_free(struct seal_row *s)
{
    struct buf *all[] = {&s->manifest, &s->signature, &s->citizen, &s->service};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        buf_free(all[i]);
}

err_t seal_insert(struct db *db, const char *dossier, const struct seal_row *s)
{
    const struct db_param p[] = {
        DB_TEXT(dossier),
        DB_BYTES(buf_bytes(&s->manifest)),
        DB_BYTES(buf_bytes(&s->signature)),
        DB_BYTES(BYTES(s->timestamp_serial, s->timestamp_serial_len)),
        DB_BYTES(buf_bytes(&s->citizen)),
        DB_BYTES(buf_bytes(&s->service)),
        DB_TEXT(s->level_reached),
    };
    return db_query(db, &seal_insert_stmt, p, NULL);
}

err_t seal_get(struct db *db, const char *dossier, struct seal_row *out)
{
    AUTO_ROWS rows = NULL;
    TRY(db_one(db, &seal_get_stmt, (const struct db_param[]){DB_TEXT(dossier)}, &rows));
    out->sealed_at = db_time(rows, 0, 2);
    snprintf(out->level_reached, sizeof out->level_reached, "%s", db_str(rows, 0, 5));
    TRY(buf_copy(&out->manifest, db_bytes(rows, 0, 0)));
    TRY(buf_copy(&out->citizen, db_bytes(rows, 0, 3)));
    TRY(buf_copy(&out->service, db_bytes(rows, 0, 4)));
    return buf_copy(&out->signature, db_bytes(rows, 0, 1));
}

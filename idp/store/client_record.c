/*
 * Tables client, redirect_uri, post_logout_uri as one record: statements made of the rows of client_fields.def.
 * Called by rules/client_registry.c, endpoints/admin_clients.c, endpoints/register.c and antin-idpctl.
 */
#include "idp/store/client_record.h"
#include "common/json.h"
#include "idp/store/statements.h"
#include <stdlib.h>
#include <string.h>

const struct client_field client_fields[] = {
#define FIELD(kind, column, name, who, check) {FIELD_##kind, #column, offsetof(struct client_record, column)},
#include "idp/store/client_fields.def"
#undef FIELD
};
const size_t client_nfields = sizeof client_fields / sizeof *client_fields;

/* --- statements: a record travels as one JSON object whose members are columns, so that the rows alone say which there are --- */

const struct db_stmt st_client_record_get = {
    "client_record_get",
    "SELECT to_jsonb(c) - '{secret_hash,secret_sealed,registration_hash,registration_before}'::text[],"
    " state, version, created_at, changed_at, registration_id,"
    " (SELECT string_agg(uri, ' ' ORDER BY uri) FROM idp.redirect_uri u WHERE u.client_id = c.id),"
    " (SELECT string_agg(uri, ' ' ORDER BY uri) FROM idp.post_logout_uri u WHERE u.client_id = c.id), officer_changed"
    " FROM idp.client c WHERE id = $1 AND state <> 'removed'",
    1,
};

/* $1 id, $2 record, $3 secret_hash, $4 secret_sealed, $5 state, $6 initial token, $7 registration access token, $8 $9 URIs, $10 to $13 by whom */
const struct db_stmt st_client_record_add = {
    "client_record_add",
    "WITH t AS (UPDATE idp.registration_token SET used = used + 1"
    "  WHERE token_hash = $6 AND revoked_at IS NULL AND expires_at > now() AND used < uses RETURNING id),"
    " c AS (INSERT INTO idp.client ("
#define FIELD(kind, column, name, who, check) #column ", "
#include "idp/store/client_fields.def"
#undef FIELD
    "id, secret_hash, secret_sealed, state, registration_id, registration_hash) SELECT "
#define FIELD(kind, column, name, who, check) "r." #column ", "
#include "idp/store/client_fields.def"
#undef FIELD
    "$1, $3, $4, $5, t.id, $7 FROM jsonb_populate_record(NULL::idp.client, $2::jsonb) r LEFT JOIN t ON true"
    " WHERE $6::bytea IS NULL OR t.id IS NOT NULL RETURNING id, registration_id),"
    " u AS (INSERT INTO idp.redirect_uri SELECT id, unnest(string_to_array($8, ' ')) FROM c),"
    " l AS (INSERT INTO idp.post_logout_uri SELECT id, unnest(string_to_array($9, ' ')) FROM c)"
    " INSERT INTO idp.audit (event, client_id, detail, by_account, by_client, by_operator, request_id)"
    "  SELECT CASE WHEN registration_id IS NULL THEN 'client.added' ELSE 'client.registered' END, id, registration_id::text,"
    "  $10, $11, $12, $13 FROM c",
    13,
};

/* $1 id, $2 record, $3 version, $4 keep, $5 secret_hash, $6 secret_sealed, $7 state, $8 registration access token, $9 $10 URIs, $11 event, $12 to $15 by whom */
const struct db_stmt st_client_record_put = {
    "client_record_put",
    "WITH c AS (UPDATE idp.client c SET "
#define FIELD(kind, column, name, who, check) #column " = r." #column ", "
#include "idp/store/client_fields.def"
#undef FIELD
    "secret_hash = CASE WHEN $4 THEN c.secret_hash ELSE $5 END, secret_sealed = CASE WHEN $4 THEN c.secret_sealed ELSE $6 END,"
    "  state = coalesce($7, c.state), version = c.version + 1, changed_at = now(), registration_hash = coalesce($8, c.registration_hash),"
    "  registration_before = CASE WHEN $8::bytea IS NULL THEN c.registration_before ELSE c.registration_hash END,"
    "  officer_changed = c.officer_changed OR $8::bytea IS NULL"
    "  FROM jsonb_populate_record(NULL::idp.client, $2::jsonb) r"
    "  WHERE c.id = $1 AND c.version = $3 AND c.state <> 'removed' RETURNING c.id),"
    " ud AS (DELETE FROM idp.redirect_uri u USING c WHERE u.client_id = c.id AND u.uri <> ALL (string_to_array($9, ' '))),"
    " ui AS (INSERT INTO idp.redirect_uri SELECT id, unnest(string_to_array($9, ' ')) FROM c ON CONFLICT DO NOTHING),"
    " ld AS (DELETE FROM idp.post_logout_uri u USING c WHERE u.client_id = c.id AND u.uri <> ALL (string_to_array($10, ' '))),"
    " li AS (INSERT INTO idp.post_logout_uri SELECT id, unnest(string_to_array($10, ' ')) FROM c ON CONFLICT DO NOTHING)"
    " INSERT INTO idp.audit (event, client_id, by_account, by_client, by_operator, request_id) SELECT $11, id, $12, $13, $14, $15 FROM c",
    15,
};

/* Nobody can prove to be it any more, and nothing is sent to it. */
const struct db_stmt st_client_record_remove = {
    "client_record_remove",
    "WITH c AS (UPDATE idp.client SET state = 'removed', auth_method = 'none', secret_hash = NULL, secret_sealed = NULL,"
    "  tls_match = NULL, jwks = NULL,"
    "  profile = '', backchannel_uri = NULL, frontchannel_uri = NULL, ciba_mode = '', ciba_notify_uri = NULL,"
    "  contacts = '', registration_hash = NULL, registration_before = NULL,"
    "  version = version + 1, changed_at = now() WHERE id = $1 AND state <> 'removed' RETURNING id),"
    " u AS (DELETE FROM idp.redirect_uri USING c WHERE client_id = c.id),"
    " l AS (DELETE FROM idp.post_logout_uri USING c WHERE client_id = c.id)"
    " INSERT INTO idp.audit (event, client_id, by_account, by_client, by_operator, request_id)"
    "  SELECT 'client.removed', id, $2, $3, $4, $5 FROM c",
    5,
};

const struct db_stmt st_client_page = {
    "client_page",
    "SELECT id, name, auth_method, first_party, sector, scope, grants, state, created_at, registration_id FROM idp.client"
    " WHERE id > $1 AND state <> 'removed' AND ($3::text IS NULL OR state = $3) ORDER BY id LIMIT $2",
    3,
};

/* --- records --- */

char **field_text(struct client_record *c, size_t offset)
{
    return (char **)((char *)c + offset);
}

bool *field_flag(struct client_record *c, size_t offset)
{
    return (bool *)((char *)c + offset);
}

void client_record_free(struct client_record *c)
{
    for (size_t i = 0; i < client_nfields; i++)
        if (client_fields[i].kind != FIELD_FLAG)
            str_free(field_text(c, client_fields[i].offset));
    str_free(&c->redirect_uris);
    str_free(&c->logout_uris);
    memset(c, 0, sizeof *c);
}

static err_t from_row(const json_t *row, struct client_record *out)
{
    for (size_t i = 0; i < client_nfields; i++) {
        const struct client_field *f = &client_fields[i];
        const json_t *v = json_object_get(row, f->column);
        if (f->kind == FIELD_FLAG)
            *field_flag(out, f->offset) = json_is_true(v);
        else if (json_string_length(v) > 0)
            TRY(str_copy(field_text(out, f->offset), json_string_value(v)));
    }
    return OK;
}

static json_t *value_of(const struct client_record *c, const struct client_field *f)
{
    struct client_record *r = (struct client_record *)c; /* only read */

    if (f->kind == FIELD_FLAG)
        return json_boolean(*field_flag(r, f->offset));
    const char *text = *field_text(r, f->offset);
    if (text)
        return json_string(text);
    return f->kind == FIELD_TEXT || f->kind == FIELD_KEYS ? json_null() : json_string("");
}

static err_t to_row(const struct client_record *c, struct buf *out)
{
    AUTO_JSON row = json_object();

    for (size_t i = 0; row && i < client_nfields; i++)
        if (json_object_set_new(row, client_fields[i].column, value_of(c, &client_fields[i])) != 0)
            return ERR_NOMEM;
    return row ? json_text(row, out) : ERR_NOMEM;
}

err_t client_record_get(struct db_pool *p, const char *id, struct client_record *out)
{
    AUTO_ROWS r = NULL;
    AUTO_JSON row = NULL;

    memset(out, 0, sizeof *out);
    TRY(store_one(p, &st_client_record_get, (struct db_param[]){DB_TEXT(id)}, &r));
    TRY(json_parse(bytes_str(db_str(r, 0, 0)), SIZE_MAX, &row));
    memcpy(out->id, id, strlen(id) + 1);
    TRY(store_text(r, 0, 1, out->state, sizeof out->state));
    out->version = db_int(r, 0, 2);
    out->created_at = db_time(r, 0, 3);
    out->changed_at = db_time(r, 0, 4);
    TRY(store_text(r, 0, 5, out->registration_id, sizeof out->registration_id));
    out->officer_changed = db_bool(r, 0, 8);
    err_t e = str_copy(&out->redirect_uris, db_str(r, 0, 6));
    if (e == OK)
        e = str_copy(&out->logout_uris, db_str(r, 0, 7));
    if (e == OK)
        e = from_row(row, out);
    if (e != OK)
        client_record_free(out);
    return e;
}

static struct db_param sealed_param(const struct client_proof *proof)
{
    return proof->secret_sealed.len ? DB_BYTES(proof->secret_sealed) : DB_NULL;
}

static struct db_param hash_param(const uint8_t *hash)
{
    return hash ? HASH_PARAM(hash) : DB_NULL;
}

static const char *or_empty(const char *s)
{
    return s ? s : "";
}

err_t client_record_add(struct db_pool *p, const struct client_record *c, const struct client_proof *proof, const struct client_birth *b,
                        const struct actor *by)
{
    AUTO_BUF row = {0};

    TRY(to_row(c, &row));
    const struct db_param v[] = {
        DB_TEXT(c->id),
        DB_TEXT(buf_str(&row)),
        hash_param(proof->secret_hash),
        sealed_param(proof),
        DB_TEXT(b->state),
        hash_param(b->initial_token),
        hash_param(b->registration_token),
        DB_TEXT(or_empty(c->redirect_uris)),
        DB_TEXT(or_empty(c->logout_uris)),
        ACTOR_PARAMS(by),
    };
    return store_one(p, &st_client_record_add, v, NULL);
}

err_t client_record_put(struct db_pool *p, const struct client_record *c, const struct client_proof *proof, const char *state,
                        const uint8_t *registration_token, const char *event, const struct actor *by)
{
    AUTO_BUF row = {0};

    TRY(to_row(c, &row));
    const struct db_param v[] = {
        DB_TEXT(c->id),
        DB_TEXT(buf_str(&row)),
        DB_INT(c->version),
        DB_BOOL(proof->keep),
        hash_param(proof->secret_hash),
        sealed_param(proof),
        DB_TEXT(state),
        hash_param(registration_token),
        DB_TEXT(or_empty(c->redirect_uris)),
        DB_TEXT(or_empty(c->logout_uris)),
        DB_TEXT(event),
        ACTOR_PARAMS(by),
    };
    return store_one(p, &st_client_record_put, v, NULL);
}

err_t client_record_remove(struct db_pool *p, const char *id, const struct actor *by)
{
    const struct db_param v[] = {DB_TEXT(id), ACTOR_PARAMS(by)};

    return store_one(p, &st_client_record_remove, v, NULL);
}

err_t client_page(struct db_pool *p, const char *after, int64_t limit, const char *state, struct db_rows **rows)
{
    return store_query(p, &st_client_page, (struct db_param[]){DB_TEXT(after), DB_INT(limit), DB_TEXT(state)}, rows);
}

/*
 * Table signer.dossier.
 * Called by rules/dossier, rules/activation, rules/signing and rules/recovery.
 */
#include "signer/store/dossier.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COLUMNS                                                                                                                         \
    "id, code, procedure_code, agency, client_id, owner, return_uri, state, created_at, submitted_at, sealed_at, signing_until, level," \
    " (SELECT s.level_reached FROM signer.seal s WHERE s.dossier_id = dossier.id)"
#define NOBODY_SIGNS "signing_session = NULL, signing_instance = NULL, signing_until = NULL"

const struct db_stmt dossier_insert_stmt = {
    "dossier_insert",
    "INSERT INTO signer.dossier (id, code, procedure_code, agency, client_id, owner, return_uri, level)"
    " VALUES ($1::uuid, $2, $3, $4, $5, $6, $7, $8)",
    8,
};
const struct db_stmt dossier_get_stmt = {
    "dossier_get",
    "SELECT " COLUMNS " FROM signer.dossier WHERE id = $1::uuid",
    1,
};
const struct db_stmt dossier_lock_stmt = {
    "dossier_lock",
    "SELECT " COLUMNS " FROM signer.dossier WHERE id = $1::uuid FOR UPDATE",
    1,
};
const struct db_stmt dossier_list_stmt = {
    "dossier_list",
    "SELECT " COLUMNS " FROM signer.dossier WHERE code = $1 AND ($2::text IS NULL OR client_id = $2) AND ($3::text IS NULL OR owner = $3)"
    " ORDER BY created_at DESC, id LIMIT $4::int",
    4,
};
const struct db_stmt dossier_set_submitted_stmt = {
    "dossier_set_submitted",
    "UPDATE signer.dossier SET state = 'awaiting_signature', submitted_at = now() WHERE id = $1::uuid AND state = 'draft'",
    1,
};
const struct db_stmt dossier_begin_signing_stmt = {
    "dossier_begin_signing",
    "UPDATE signer.dossier SET state = 'signing', signing_session = $2::uuid, signing_instance = $3,"
    " signing_until = now() + $4::int * interval '1 second' WHERE id = $1::uuid AND state = 'awaiting_signature'",
    4,
};
const struct db_stmt dossier_end_signing_stmt = {
    "dossier_end_signing",
    "WITH back AS (UPDATE signer.dossier SET state = 'awaiting_signature', " NOBODY_SIGNS
    " WHERE id = $1::uuid AND state = 'signing' AND signing_session = $2::uuid RETURNING id), "
    "gone AS (UPDATE signer.signature SET state = 'abandoned', finished_at = now()"
    " WHERE dossier_id IN (SELECT id FROM back) AND state = 'intended') SELECT id FROM back",
    2,
};
const struct db_stmt dossier_set_sealed_stmt = {
    "dossier_set_sealed",
    "UPDATE signer.dossier SET state = 'sealed', sealed_at = now(), " NOBODY_SIGNS
    " WHERE id = $1::uuid AND state = 'signing' AND signing_session = $2::uuid",
    2,
};
const struct db_stmt dossier_recover_stmt = {
    "dossier_recover",
    "WITH back AS (UPDATE signer.dossier SET state = 'awaiting_signature', " NOBODY_SIGNS
    " WHERE state = 'signing' AND (signing_instance = $1 OR signing_until < now()) RETURNING id), "
    "gone AS (UPDATE signer.signature SET state = 'abandoned', finished_at = now()"
    " WHERE dossier_id IN (SELECT id FROM back) AND state = 'intended') SELECT count(*) FROM back",
    1,
};

static const char *const state_names[] = {"draft", "awaiting_signature", "signing", "sealed"};

const char *dossier_state_name(enum dossier_state s)
{
    return state_names[s];
}

static void read_row(const struct db_rows *rows, int row, struct dossier *out)
{
    *out = (struct dossier){0};
    snprintf(out->id, sizeof out->id, "%s", db_str(rows, row, 0));
    snprintf(out->code, sizeof out->code, "%s", db_str(rows, row, 1));
    snprintf(out->procedure, sizeof out->procedure, "%s", db_str(rows, row, 2));
    snprintf(out->agency, sizeof out->agency, "%s", db_str(rows, row, 3));
    snprintf(out->client_id, sizeof out->client_id, "%s", db_str(rows, row, 4));
    snprintf(out->owner, sizeof out->owner, "%s", db_str(rows, row, 5));
    snprintf(out->return_uri, sizeof out->return_uri, "%s", db_str(rows, row, 6));
    for (int i = 0; i <= DOSSIER_SEALED; i++)
        if (strcmp(db_str(rows, row, 7), state_names[i]) == 0)
            out->state = (enum dossier_state)i;
    out->created_at = db_time(rows, row, 8);
    out->submitted_at = db_null(rows, row, 9) ? 0 : db_time(rows, row, 9);
    out->sealed_at = db_null(rows, row, 10) ? 0 : db_time(rows, row, 10);
    out->signing_until = db_null(rows, row, 11) ? 0 : db_time(rows, row, 11);
    snprintf(out->level, sizeof out->level, "%s", db_str(rows, row, 12));
    snprintf(out->level_reached, sizeof out->level_reached, "%s", db_str(rows, row, 13));
}

static err_t read_one(struct db *db, const struct db_stmt *s, const char *id, struct dossier *out)
{
    AUTO_ROWS rows = NULL;
    TRY(db_one(db, s, (const struct db_param[]){DB_TEXT(id)}, &rows));
    read_row(rows, 0, out);
    return OK;
}

err_t dossier_insert(struct db *db, const struct dossier *d)
{
    const struct db_param p[] = {
        DB_TEXT(d->id),
        DB_TEXT(d->code),
        DB_TEXT(d->procedure),
        DB_TEXT(d->agency),
        DB_TEXT(d->client_id),
        DB_TEXT(d->owner),
        DB_TEXT(d->return_uri[0] ? d->return_uri : NULL),
        DB_TEXT(d->level),
    };
    return db_query(db, &dossier_insert_stmt, p, NULL);
}

err_t dossier_get(struct db *db, const char *id, struct dossier *out)
{
    return read_one(db, &dossier_get_stmt, id, out);
}

err_t dossier_lock(struct db *db, const char *id, struct dossier *out)
{
    return read_one(db, &dossier_lock_stmt, id, out);
}

err_t dossier_list(struct db *db, const char *code, const char *client_id, const char *owner, struct dossier **out, size_t *n)
{
    AUTO_ROWS rows = NULL;
    const struct db_param p[] = {DB_TEXT(code), DB_TEXT(client_id), DB_TEXT(owner), DB_INT(DOSSIER_LIST_MAX)};
    TRY(db_query(db, &dossier_list_stmt, p, &rows));
    *n = (size_t)db_count(rows);
    *out = calloc(*n + 1, sizeof **out);
    if (*out == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < *n; i++)
        read_row(rows, (int)i, &(*out)[i]);
    return OK;
}

err_t dossier_set_submitted(struct db *db, const char *id)
{
    return db_one(db, &dossier_set_submitted_stmt, (const struct db_param[]){DB_TEXT(id)}, NULL);
}

err_t dossier_begin_signing(struct db *db, const char *id, const char *session, const char *instance, int64_t lease)
{
    const struct db_param p[] = {DB_TEXT(id), DB_TEXT(session), DB_TEXT(instance), DB_INT(lease)};
    return db_one(db, &dossier_begin_signing_stmt, p, NULL);
}

err_t dossier_end_signing(struct db *db, const char *id, const char *session)
{
    return db_one(db, &dossier_end_signing_stmt, (const struct db_param[]){DB_TEXT(id), DB_TEXT(session)}, NULL);
}

err_t dossier_set_sealed(struct db *db, const char *id, const char *session)
{
    return db_one(db, &dossier_set_sealed_stmt, (const struct db_param[]){DB_TEXT(id), DB_TEXT(session)}, NULL);
}

err_t dossier_recover(struct db *db, const char *instance, int64_t *n)
{
    AUTO_ROWS rows = NULL;
    TRY(db_one(db, &dossier_recover_stmt, (const struct db_param[]){DB_TEXT(instance)}, &rows));
    *n = db_int(rows, 0, 0);
    return OK;
}

/*
 * Table signer.credential.
 * Called by rules/credential and rules/signing.
 */
#include "signer/store/credential.h"

#include <stdio.h>
#include <string.h>

#define COLUMNS "id, owner, subject_number, state, key_blob, wrong_pins, locked_at, created_at"

const struct db_stmt credential_insert_stmt = {
    "credential_insert",
    "INSERT INTO signer.credential (id, owner, subject_number, state, key_blob, spki, instance) VALUES ($1::uuid, $2, $3, 'pending', $4, "
    "$5, $6)",
    6,
};
const struct db_stmt credential_get_stmt = {
    "credential_get",
    "SELECT " COLUMNS " FROM signer.credential WHERE id = $1::uuid",
    1,
};
const struct db_stmt credential_lock_stmt = {
    "credential_lock",
    "SELECT " COLUMNS " FROM signer.credential WHERE id = $1::uuid FOR UPDATE",
    1,
};
const struct db_stmt credential_of_stmt = {
    "credential_of",
    "SELECT " COLUMNS " FROM signer.credential WHERE owner = $1 AND state IN ('pending', 'active', 'locked')",
    1,
};
const struct db_stmt credential_list_stmt = {
    "credential_list",
    "SELECT " COLUMNS " FROM signer.credential WHERE owner = $1 AND state <> 'abandoned' ORDER BY created_at DESC, id LIMIT $2::int",
    2,
};
const struct db_stmt credential_number_of_stmt = {
    "credential_number_of",
    "SELECT subject_number FROM signer.credential WHERE owner = $1 ORDER BY created_at LIMIT 1",
    1,
};
const struct db_stmt credential_activate_stmt = {
    "credential_activate",
    "UPDATE signer.credential SET state = 'active', changed_at = now() WHERE id = $1::uuid AND state = 'pending'",
    1,
};
const struct db_stmt credential_set_revoked_stmt = {
    "credential_set_revoked",
    "UPDATE signer.credential SET state = 'revoked', changed_at = now() WHERE id = $1::uuid AND state IN ('active', 'locked')",
    1,
};
const struct db_stmt credential_set_blob_stmt = {
    "credential_set_blob",
    "UPDATE signer.credential SET key_blob = $2, changed_at = now() WHERE id = $1::uuid AND state = 'active'",
    2,
};
const struct db_stmt credential_take_attempt_stmt = {
    "credential_take_attempt",
    "UPDATE signer.credential SET wrong_pins = wrong_pins + 1 WHERE id = $1::uuid AND state = 'active' AND wrong_pins < 5",
    1,
};
const struct db_stmt credential_give_back_stmt = {
    "credential_give_back",
    "UPDATE signer.credential SET wrong_pins = CASE WHEN $2 THEN 0 ELSE greatest(wrong_pins - 1, 0) END WHERE id = $1::uuid AND state = "
    "'active'",
    2,
};
const struct db_stmt credential_wrong_pin_stmt = {
    "credential_wrong_pin",
    "UPDATE signer.credential SET state = CASE WHEN wrong_pins >= 5 THEN 'locked' ELSE state END,"
    " locked_at = CASE WHEN wrong_pins >= 5 THEN now() END, changed_at = now() WHERE id = $1::uuid AND state IN ('active', 'locked')"
    " RETURNING 5 - wrong_pins",
    1,
};
const struct db_stmt credential_unlock_stmt = {
    "credential_unlock",
    "UPDATE signer.credential SET state = 'active', wrong_pins = 0, locked_at = NULL, changed_at = now()"
    " WHERE id = $1::uuid AND (state = 'locked' OR (state = 'active' AND wrong_pins >= 5))",
    1,
};
const struct db_stmt credential_abandon_stmt = {
    "credential_abandon",
    "WITH gone AS (UPDATE signer.credential SET state = 'abandoned', changed_at = now() WHERE state = 'pending' AND id = $1::uuid "
    "RETURNING id)"
    " UPDATE signer.certificate SET state = 'abandoned', revoked_at = now(), reason = 5"
    " WHERE state = 'intended' AND credential_id IN (SELECT id FROM gone)",
    1,
};
const struct db_stmt credential_abandon_pending_stmt = {
    "credential_abandon_pending",
    "WITH gone AS (UPDATE signer.credential SET state = 'abandoned', changed_at = now()"
    " WHERE state = 'pending' AND (instance = $1 OR created_at < now() - interval '1 minute') RETURNING id)"
    " UPDATE signer.certificate SET state = 'abandoned', revoked_at = now(), reason = 5"
    " WHERE state = 'intended' AND credential_id IN (SELECT id FROM gone)",
    1,
};

static const char *const state_names[] = {"pending", "active", "locked", "revoked", "abandoned"};

const char *credential_state_name(enum credential_state s)
{
    return state_names[s];
}

static err_t read_row(const struct db_rows *rows, int row, struct credential *out)
{
    *out = (struct credential){0};
    snprintf(out->id, sizeof out->id, "%s", db_str(rows, row, 0));
    snprintf(out->owner, sizeof out->owner, "%s", db_str(rows, row, 1));
    snprintf(out->subject_number, sizeof out->subject_number, "%s", db_str(rows, row, 2));
    out->state = CREDENTIAL_ABANDONED;
    for (int i = 0; i < CREDENTIAL_ABANDONED; i++)
        if (strcmp(db_str(rows, row, 3), state_names[i]) == 0)
            out->state = (enum credential_state)i;
    struct bytes blob = db_bytes(rows, row, 4);
    if (blob.len > sizeof out->blob)
        return ERR_INTERNAL;
    memcpy(out->blob, blob.ptr, blob.len);
    out->blob_len = blob.len;
    out->wrong_pins = (int)db_int(rows, row, 5);
    out->locked_at = db_null(rows, row, 6) ? 0 : db_time(rows, row, 6);
    out->created_at = db_time(rows, row, 7);
    return OK;
}

static err_t read_one(struct db *db, const struct db_stmt *s, const char *key, struct credential *out)
{
    AUTO_ROWS rows = NULL;
    TRY(db_one(db, s, (const struct db_param[]){DB_TEXT(key)}, &rows));
    return read_row(rows, 0, out);
}

err_t credential_insert(struct db *db, const struct credential *c, struct bytes spki, const char *instance)
{
    const struct db_param p[] = {
        DB_TEXT(c->id), DB_TEXT(c->owner), DB_TEXT(c->subject_number), DB_BYTES(BYTES(c->blob, c->blob_len)),
        DB_BYTES(spki), DB_TEXT(instance),
    };
    return db_query(db, &credential_insert_stmt, p, NULL);
}

err_t credential_get(struct db *db, const char *id, struct credential *out)
{
    return read_one(db, &credential_get_stmt, id, out);
}

err_t credential_lock(struct db *db, const char *id, struct credential *out)
{
    return read_one(db, &credential_lock_stmt, id, out);
}

err_t credential_of(struct db *db, const char *owner, struct credential *out)
{
    return read_one(db, &credential_of_stmt, owner, out);
}

err_t credential_list(struct db *db, const char *owner, struct credential *out, size_t max, size_t *n)
{
    AUTO_ROWS rows = NULL;
    *n = 0;
    TRY(db_query(db, &credential_list_stmt, (const struct db_param[]){DB_TEXT(owner), DB_INT((int64_t)max)}, &rows));
    for (int i = 0; i < db_count(rows) && *n < max; i++)
        TRY(read_row(rows, i, &out[(*n)++]));
    return OK;
}

err_t credential_number_of(struct db *db, const char *owner, char out[SUBJECT_MAX + 1])
{
    AUTO_ROWS rows = NULL;
    TRY(db_one(db, &credential_number_of_stmt, (const struct db_param[]){DB_TEXT(owner)}, &rows));
    snprintf(out, SUBJECT_MAX + 1, "%s", db_str(rows, 0, 0));
    return OK;
}

static err_t change(struct db *db, const struct db_stmt *s, const char *id)
{
    return db_one(db, s, (const struct db_param[]){DB_TEXT(id)}, NULL);
}

err_t credential_activate(struct db *db, const char *id)
{
    return change(db, &credential_activate_stmt, id);
}

err_t credential_set_revoked(struct db *db, const char *id)
{
    return change(db, &credential_set_revoked_stmt, id);
}

err_t credential_set_blob(struct db *db, const char *id, struct bytes blob)
{
    return db_one(db, &credential_set_blob_stmt, (const struct db_param[]){DB_TEXT(id), DB_BYTES(blob)}, NULL);
}

err_t credential_take_attempt(struct db *db, const char *id)
{
    return change(db, &credential_take_attempt_stmt, id);
}

err_t credential_give_back(struct db *db, const char *id, bool all)
{
    return db_query(db, &credential_give_back_stmt, (const struct db_param[]){DB_TEXT(id), DB_BOOL(all)}, NULL);
}

err_t credential_wrong_pin(struct db *db, const char *id, int *left)
{
    AUTO_ROWS rows = NULL;
    TRY(db_one(db, &credential_wrong_pin_stmt, (const struct db_param[]){DB_TEXT(id)}, &rows));
    *left = (int)db_int(rows, 0, 0);
    return OK;
}

err_t credential_unlock(struct db *db, const char *id)
{
    return change(db, &credential_unlock_stmt, id);
}

err_t credential_abandon(struct db *db, const char *id)
{
    return db_query(db, &credential_abandon_stmt, (const struct db_param[]){DB_TEXT(id)}, NULL);
}

err_t credential_abandon_pending(struct db *db, const char *instance)
{
    return db_query(db, &credential_abandon_pending_stmt, (const struct db_param[]){DB_TEXT(instance)}, NULL);
}

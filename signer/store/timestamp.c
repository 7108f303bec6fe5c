/*
 * Table signer.timestamp.
 * Called by rules/timestamping. Many rows travel as arrays: one round trip and one commit for all.
 */
#include "signer/store/timestamp.h"

#include "common/clock.h"
#include <stdlib.h>

const struct db_stmt timestamp_insert_one_stmt = {
    "timestamp_insert_one",
    "INSERT INTO signer.timestamp (policy, purpose, serial, gen_time, hash, imprint) VALUES ($1, $2, $3, $4, $5::int::smallint, $6)",
    6,
};
const struct db_stmt timestamp_insert_stmt = {
    "timestamp_insert",
    "INSERT INTO signer.timestamp (policy, purpose, serial, gen_time, hash, imprint)"
    " SELECT $1, $2, t.serial, t.gen_time, t.hash, t.imprint"
    " FROM unnest($3::bytea[], $4::timestamptz[], $5::smallint[], $6::bytea[]) AS t (serial, gen_time, hash, imprint)",
    6,
};

static err_t insert_one(struct db *db, const struct timestamp_kind *kind, const struct timestamp_row *t)
{
    const struct db_param p[] = {
        DB_TEXT(kind->policy), DB_TEXT(kind->purpose), DB_BYTES(t->serial), DB_TIME(t->gen_time), DB_INT(t->hash), DB_BYTES(t->imprint),
    };
    return db_query(db, &timestamp_insert_one_stmt, p, NULL);
}

/* One bytea as an element of an array literal (PostgreSQL §8.15.2): "\\x0a0b" */
static err_t add_bytes(struct buf *b, struct bytes v)
{
    char hex[2 * 64 + 1];
    if (v.len > 64)
        return ERR_TOO_LARGE;
    hex_encode(v, hex);
    return buf_addf(b, "\"\\\\x%s\"", hex);
}

struct columns {
    struct buf serial, gen_time, hash, imprint;
};

static void columns_free(struct columns *c)
{
    buf_free(&c->serial);
    buf_free(&c->gen_time);
    buf_free(&c->hash);
    buf_free(&c->imprint);
}

static err_t add_all(struct columns *c, const char *text)
{
    TRY(buf_add_str(&c->serial, text));
    TRY(buf_add_str(&c->gen_time, text));
    TRY(buf_add_str(&c->hash, text));
    return buf_add_str(&c->imprint, text);
}

static err_t add_row(struct columns *c, const struct timestamp_row *t)
{
    char when[CLOCK_RFC3339_LEN + 1];
    clock_rfc3339(t->gen_time, when);
    TRY(add_bytes(&c->serial, t->serial));
    TRY(buf_add_str(&c->gen_time, when));
    TRY(buf_addf(&c->hash, "%d", t->hash));
    return add_bytes(&c->imprint, t->imprint);
}

err_t timestamp_insert(struct db *db, const struct timestamp_kind *kind, const struct timestamp_row *const *rows, size_t n)
{
    if (n == 1)
        return insert_one(db, kind, rows[0]);
    AUTO(columns_free) struct columns c = {0};
    for (size_t i = 0; i < n; i++) {
        TRY(add_all(&c, i == 0 ? "{" : ","));
        TRY(add_row(&c, rows[i]));
    }
    TRY(add_all(&c, "}"));
    const struct db_param p[] = {
        DB_TEXT(kind->policy),         DB_TEXT(kind->purpose),    DB_TEXT(buf_str(&c.serial)),
        DB_TEXT(buf_str(&c.gen_time)), DB_TEXT(buf_str(&c.hash)), DB_TEXT(buf_str(&c.imprint)),
    };
    return db_query(db, &timestamp_insert_stmt, p, NULL);
}

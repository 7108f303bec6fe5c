/*
 * Runs one statement in its own transaction.
 * Called by store/ files only.
 */
#include "idp/store/store.h"
#include "common/log.h"
#include <string.h>

struct call {
    const struct db_stmt *stmt;
    const struct db_param *params;
    struct db_rows **rows;
    bool one;
};

static err_t run(struct db *db, void *arg)
{
    struct call *c = arg;

    return c->one ? db_one(db, c->stmt, c->params, c->rows) : db_query(db, c->stmt, c->params, c->rows);
}

err_t store_query(struct db_pool *p, const struct db_stmt *s, const struct db_param *params, struct db_rows **rows)
{
    struct call c = {s, params, rows, false};

    return db_do(p, DB_AUTOCOMMIT, run, &c);
}

err_t store_one(struct db_pool *p, const struct db_stmt *s, const struct db_param *params, struct db_rows **rows)
{
    struct call c = {s, params, rows, true};

    return db_do(p, DB_AUTOCOMMIT, run, &c);
}

static err_t too_long(int col, size_t n, size_t room)
{
    log_event(LOG_ERROR, "db.column_too_long", "column %d has %zu bytes, room for %zu", col, n, room);
    return ERR_DB;
}

err_t store_text(const struct db_rows *r, int row, int col, char *out, size_t cap)
{
    const char *v = db_str(r, row, col);
    size_t n = strlen(v);

    if (n >= cap)
        return too_long(col, n, cap - 1);
    memcpy(out, v, n + 1);
    return OK;
}

err_t store_bytes(const struct db_rows *r, int row, int col, uint8_t *out, size_t cap, size_t *n)
{
    struct bytes v = db_bytes(r, row, col);

    if (v.len > cap)
        return too_long(col, v.len, cap);
    if (v.len > 0)
        memcpy(out, v.ptr, v.len);
    *n = v.len;
    return OK;
}

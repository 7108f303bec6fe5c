/*
 * Cuts an SQL file into statements, each with the line it starts on, so that an error can name it.
 * Called by migrate_apply.c. PostgreSQL 15 §4.1 (lexical structure); bodies written as BEGIN ATOMIC are not known.
 */
#ifndef ANTIN_SCHEMA_SPLIT_H
#define ANTIN_SCHEMA_SPLIT_H

#include "common/bytes.h"

struct sql_cursor {
    const char *at;
    const char *end;
    unsigned line; /* of at; 1 for the first */
};
struct sql_part {
    const char *text; /* borrowed, without the closing semicolon */
    size_t len;
    unsigned line; /* where its first word stands */
};
struct sql_cursor sql_cursor_of(struct bytes text);
/* The next statement; ERR_DB_NONE after the last; ERR_SYNTAX for a quote or comment that never closes (c->line is where it opened). */
err_t sql_next(struct sql_cursor *c, struct sql_part *out) MUST_USE;
/* BEGIN, COMMIT and their kin: a migration's transaction is not its own to end. */
bool sql_is_transaction_control(const struct sql_part *p);

#endif

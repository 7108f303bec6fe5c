/*
 * Audit rows for what anybody can provoke: refusals. Bounded, so that nobody fills the log, and counted, so that nothing vanishes.
 * Called by rules/ and endpoints/ where they refuse.
 */
#ifndef ANTIN_IDP_RULES_AUDIT_BOUND_H
#define ANTIN_IDP_RULES_AUDIT_BOUND_H

#include "idp/store/audit.h"

/* Rows a minute of one event about one client or account, in one process: from configuration, before threads start; 10 unless it is called. */
void audit_bound_set(unsigned a_minute);

/*
 * Writes the row if it is within the bound and gives why back, whatever became of it: the refusal stands, with the log's help or without. Rows
 * are counted by client, else by account, else all together. The first row of a later minute tells in its detail how many were left out ("… +25").
 */
err_t audit_refusal(struct db_pool *p, const struct audit *a, err_t why) MUST_USE;

/* The bound itself. *left_out: how many of the same were refused a row since the last one. */
bool audit_bound_take(const char *event, const char *whose, unsigned *left_out);

#endif

/*
 * The list of all statements.
 * Used by app.c and by the lint.
 */
#include "idp/store/statements.h"

const struct db_stmt *const idp_statements[] = {
#define X(name) &name,
    IDP_STATEMENTS(X)
#undef X
        NULL,
};

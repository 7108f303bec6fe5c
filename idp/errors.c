/*
 * Registers the rows of idp/errors.def.
 * Called once by idp_open.
 */
#include "idp/errors.h"

static const struct err_row rows[] = {
#define ERR(name, status, code, level, text) {#name, status, code, level, text},
#include "idp/errors.def"
#undef ERR
};

void idp_errors_init(void)
{
    err_register(ERR_APP_BASE, rows, sizeof rows / sizeof *rows);
}

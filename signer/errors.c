/*
 * The rows of errors.def for err_info().
 * Called by main().
 */
#include "signer/errors.h"

static const struct err_row rows[] = {
#define ERR(name, status, code, level, text) {#name, status, code, level, text},
#include "signer/errors.def"
#undef ERR
};

void signer_errors_register(void)
{
    err_register(ERR_APP_BASE, rows, sizeof rows / sizeof rows[0]);
}

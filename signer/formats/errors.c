/*
 * Registers the rows of signer/formats/errors.def.
 * Called by main() of signerd and of antin-verify.
 */
#include "signer/formats/errors.h"

static const struct err_row ROWS[] = {
#define ERR(name, status, code, level, text) {#name, status, code, level, text},
#include "signer/formats/errors.def"
#undef ERR
};

void formats_errors_register(void)
{
    err_register(ERR_FORMAT_BASE, ROWS, sizeof ROWS / sizeof *ROWS);
}

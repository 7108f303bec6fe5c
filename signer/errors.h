/*
 * The signing daemon's failures, numbered above the common ones.
 * Used by endpoints and rules; the rows are in errors.def.
 */
#ifndef ANTIN_SIGNER_ERRORS_H
#define ANTIN_SIGNER_ERRORS_H

#include "common/err.h"

enum {
    ERR_SIGNER_BEFORE_FIRST = ERR_APP_BASE - 1,
#define ERR(name, status, code, level, text) name,
#include "signer/errors.def"
#undef ERR
    ERR_SIGNER_END
};

/* Makes the rows known to err_info(); call once, before threads start. */
void signer_errors_register(void);

#endif

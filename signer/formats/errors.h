/*
 * The numbers of signer/formats/errors.def. Used by signerd, antin-verify and their tests.
 */
#ifndef ANTIN_FORMATS_ERRORS_H
#define ANTIN_FORMATS_ERRORS_H

#include "common/err.h"

enum {
    ERR_FORMATS_BEFORE_FIRST_ = ERR_FORMAT_BASE - 1,
#define ERR(name, status, code, level, text) name,
#include "signer/formats/errors.def"
#undef ERR
    ERR_FORMATS_END
};

/* Makes the rows known to err_info; call once, before threads start. */
void formats_errors_register(void);

#endif

/*
 * The identity provider's own error numbers, above common/errors.def; rows in idp/errors.def.
 * Included by every part of idp/.
 */
#ifndef ANTIN_IDP_ERRORS_H
#define ANTIN_IDP_ERRORS_H

#include "common/err.h"

enum {
    ERR_IDP_BEFORE_FIRST = ERR_APP_BASE - 1,
#define ERR(name, status, code, level, text) name,
#include "idp/errors.def"
#undef ERR
    ERR_IDP_END
};

void idp_errors_init(void); /* makes the rows known to err_info; call before threads start */

#endif

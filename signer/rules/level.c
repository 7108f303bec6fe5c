/*
 * What lowers a level, and what does not.
 * Called by the rules that sign.
 */
#include "signer/rules/level.h"

#include "common/log.h"
#include "signer/errors.h"

bool level_lowers(err_t e)
{
    switch (e) {
    case ERR_CERT_PATH:
    case ERR_CERT_STATUS:
    case ERR_TOO_LARGE:
    case ERR_PDF_DAMAGED:
    case ERR_PDF_UNREADABLE: return true;
    default: return false;
    }
}

err_t level_settle(err_t e, enum sig_level reached, enum sig_level want)
{
    if (e == OK || !level_lowers(e))
        return e;
    log_event(LOG_WARNING, "level", "a signature stays at %s, not %s: %s", level_name(reached), level_name(want), err_info(e)->name);
    return OK;
}

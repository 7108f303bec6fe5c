/*
 * Names of baseline levels.
 * Called by antin-sign and signerd. ETSI EN 319 122-1, 319 132-1, 319 142-1 §6.1.
 */
#include "signer/formats/signing.h"

#include <string.h>

static const char *const names[] = {[LEVEL_B] = "B-B", [LEVEL_T] = "B-T", [LEVEL_LT] = "B-LT", [LEVEL_LTA] = "B-LTA"};

const char *level_name(enum sig_level level)
{
    return names[level];
}

err_t level_read(const char *name, enum sig_level *out)
{
    for (enum sig_level l = LEVEL_B; l <= LEVEL_LTA; l++) {
        if (strcmp(name, names[l]) == 0) {
            *out = l;
            return OK;
        }
    }
    return ERR_NOT_FOUND;
}

/*
 * Places in long lists, as callers carry them around.
 * Called by the rules of lists that have pages.
 */
#include "idp/store/cursor.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool uuid_ok(const char *text)
{
    if (!text || strlen(text) != UUID_LEN)
        return false;
    for (size_t i = 0; i < UUID_LEN; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? text[i] != '-' : !strchr("0123456789abcdef", text[i]))
            return false;
    }
    return true;
}

err_t cursor_read(const char *text, struct cursor *out)
{
    size_t digits = strspn(text, "0123456789");

    if (digits == 0 || digits > 16 || text[digits] != '.' || !uuid_ok(text + digits + 1))
        return ERR_SYNTAX;
    out->us = strtoll(text, NULL, 10);
    memcpy(out->id, text + digits + 1, sizeof out->id);
    return OK;
}

void cursor_write(const struct cursor *c, char out[CURSOR_CAP])
{
    snprintf(out, CURSOR_CAP, "%lld.%s", (long long)c->us, c->id);
}

/*
 * Names of signed files.
 * Called by rules/sealing, container and download.
 */
#include "signer/rules/naming.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static const char *const endings[] = {[FORMAT_PADES] = ".signed.pdf", [FORMAT_CADES] = ".p7s", [FORMAT_XADES] = ".xades.xml"};

void naming_signed(const char *name, enum component_format f, char out[SIGNED_NAME_CAP])
{
    const char *ending = endings[f];
    size_t n = strlen(name);
    if (f == FORMAT_PADES && n > 4 && strcasecmp(name + n - 4, ".pdf") == 0)
        n -= 4;
    size_t room = COMPONENT_NAME_MAX - strlen(ending);
    if (n > room)
        n = room;
    while (n > 0 && ((unsigned char)name[n] & 0xc0) == 0x80) /* never in the middle of a character */
        n--;
    memcpy(out, name, n);
    memcpy(out + n, ending, strlen(ending) + 1);
}

static bool taken(const char *name, const struct component *comp, size_t n, const struct names *made, size_t made_n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(comp[i].name, name) == 0)
            return true;
    for (size_t i = 0; i < made_n; i++)
        if (strcmp(made->text[i], name) == 0)
            return true;
    return false;
}

/* "2." and so on goes in front where two would be the same. */
static void choose(const struct component *comp, size_t n, struct names *made, size_t i)
{
    naming_signed(comp[i].name, comp[i].format, made->text[i]);
    for (int k = 2; taken(made->text[i], comp, n, made, i); k++) {
        char numbered[COMPONENT_NAME_MAX + 16];
        int len = snprintf(numbered, sizeof numbered, "%d.%s", k, comp[i].name);
        if (len > COMPONENT_NAME_MAX) /* no room for both: the number alone */
            snprintf(made->text[i], SIGNED_NAME_CAP, "%d%s", k, endings[comp[i].format]);
        else
            naming_signed(numbered, comp[i].format, made->text[i]);
    }
}

void naming_all(const struct component *comp, size_t n, struct names *out)
{
    for (size_t i = 0; i < n && i < COMPONENTS_MAX; i++)
        choose(comp, n, out, i);
}

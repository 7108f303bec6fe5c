/*
 * Words of a client that a person will read.
 * Called by rules/details.c and rules/claims.c. Unicode TR36 §3.
 */
#include "idp/rules/plain.h"
#include <stdint.h>
#include <string.h>

/* One character; the text is valid UTF-8 (json_parse saw to it). */
static uint32_t next(const unsigned char **s)
{
    uint32_t c = *(*s)++;
    size_t more = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : c >= 0xc0 ? 1 : 0;

    c &= more == 3 ? 0x07 : more == 2 ? 0x0f : more == 1 ? 0x1f : 0x7f;
    for (; more > 0 && **s; more--)
        c = c << 6 | (*(*s)++ & 0x3f);
    return c;
}

static bool hidden(uint32_t c)
{
    static const uint32_t ranges[][2] = {
        {0x00, 0x1f},     {0x7f, 0x9f},     {0xad, 0xad},     {0x61c, 0x61c},   {0x180e, 0x180e},   {0x200b, 0x200f},    {0x2028, 0x202e},
        {0x2060, 0x206f}, {0xfeff, 0xfeff}, {0xfff9, 0xfffb}, {0xe000, 0xf8ff}, {0xe0000, 0xe0fff}, {0xf0000, 0x10ffff},
    };

    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
        if (c >= ranges[i][0] && c <= ranges[i][1])
            return true;
    return false;
}

bool plain_text(const char *s, size_t min, size_t max)
{
    const unsigned char *at = (const unsigned char *)s;
    size_t n = 0, len = strlen(s);

    if (len > 0 && (s[0] == ' ' || s[len - 1] == ' '))
        return false;
    for (; *at; n++)
        if (n == max || hidden(next(&at)))
            return false;
    return n >= min;
}

bool plain_code(const char *s, size_t min, size_t max)
{
    size_t n = 0;

    for (; s[n]; n++)
        if (n == max || s[n] <= 0x20 || s[n] > 0x7e)
            return false;
    return n >= min;
}

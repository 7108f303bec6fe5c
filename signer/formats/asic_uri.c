/*
 * Names of files in a container as URIs in its lists, and back.
 * Called by asic_manifest.c and asic_write.c. RFC 3986 §2.1, §4.2; RFC 3987 §3.1.
 */
#include "signer/formats/asic_manifest.h"

#include "signer/formats/zip.h"
#include <ctype.h>
#include <string.h>

static bool is_unreserved(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c != '\0' && strchr("-._~/", c) != NULL);
}

err_t asic_uri(struct bytes name, struct buf *out)
{
    for (size_t i = 0; i < name.len; i++) {
        if (is_unreserved(name.ptr[i]))
            TRY(buf_add(out, name.ptr + i, 1));
        else
            TRY(buf_addf(out, "%%%02X", name.ptr[i]));
    }
    return OK;
}

static err_t add_encoded(const char *digits, struct buf *out)
{
    uint8_t c;
    size_t n;
    char lower[2];
    for (size_t i = 0; i < 2; i++) {
        if (!isxdigit((unsigned char)digits[i])) /* also the end */
            return ERR_ASIC;
        lower[i] = (char)tolower((unsigned char)digits[i]);
    }
    TRY(hex_decode(BYTES(lower, 2), &c, 1, &n));
    return buf_add(out, &c, 1);
}

/* ':' in the first part would make it a scheme (§4.2), which is where a name may have it only encoded. */
err_t asic_uri_name(const char *uri, struct buf *out)
{
    bool first_part = true;
    out->len = 0;
    for (const char *p = uri; *p != '\0'; p++) {
        if (*p == '?' || *p == '#' || (*p == ':' && first_part))
            return ERR_ASIC;
        first_part = first_part && *p != '/';
        if (*p != '%') {
            TRY(buf_add(out, p, 1));
            continue;
        }
        TRY(add_encoded(p + 1, out));
        p += 2;
    }
    return zip_name_valid(buf_bytes(out)) ? OK : ERR_ASIC;
}

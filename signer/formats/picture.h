/*
 * A PNG that anybody may have made, looked through before a library decodes it: how large it is, and without the chunks that draw nothing.
 * Called by look.c. PNG (ISO/IEC 15948:2004) §5, §11.
 */
#ifndef ANTIN_FORMATS_PICTURE_H
#define ANTIN_FORMATS_PICTURE_H

#include "common/bytes.h"
#include "signer/formats/errors.h"

#define PICTURE_BYTES_MAX (4u << 20)
#define PICTURE_SIDE_MAX 4096
#define PICTURE_PIXELS_MAX (4u << 20) /* 16 MB when decoded; a seal of 36 mm has 0.7 million at 600 dpi */

struct picture {
    uint32_t width, height; /* pixels */
    double width_mm;        /* by its pHYs chunk; 0: it does not say */
    struct buf clean;       /* the picture again, of the chunks that draw alone: no text, no profiles, no animation */
};

/* ERR_PICTURE: no PNG, cut off, damaged, or something follows it. ERR_TOO_LARGE: past the limits above. */
err_t picture_read(struct bytes file, struct picture *out) MUST_USE;
void picture_free(struct picture *p);
#define AUTO_PICTURE AUTO(picture_free) struct picture

#endif

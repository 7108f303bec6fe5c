/*
 * The sealed manifest of a dossier: canonical JSON, signed with the service's seal and timestamped.
 * Called by rules/signing as the last step before everything becomes visible. RFC 8785, EN 319 122-1.
 */
#ifndef ANTIN_SIGNER_SEALING_H
#define ANTIN_SIGNER_SEALING_H

#include "signer/rules/context.h"
#include "signer/store/component.h"
#include "signer/store/dossier.h"

/* One component as it will be: the row, and what signing made of it. */
struct sealing_item {
    const struct component *c; /* a PDF: signed_size, signed_sha256 and signed_sha512 are set */
    struct bytes p7s;          /* of everything that is no PDF */
};
struct seal {
    struct buf manifest, signature;
    uint8_t timestamp_serial[20];
    size_t timestamp_serial_len;
};
void seal_free(struct seal *s);
/* The timestamp's row is committed when it returns OK. */
err_t sealing_make(struct app *a, const struct dossier *d, const struct sealing_item *items, size_t n, struct seal *out) MUST_USE;

#define SIGNED_NAME_CAP (COMPONENT_NAME_MAX + 1)
/* "x.signed.pdf" of "x.pdf", "x.xml.p7s" of "x.xml"; shortened at a character's border to stay within a file name. */
void sealing_signed_name(const char *name, bool pdf, char out[SIGNED_NAME_CAP]);

#endif

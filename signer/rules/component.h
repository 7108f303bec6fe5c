/*
 * Components of a dossier: their names, types and declared digests, and how an upload becomes one.
 * Called by endpoints/components.
 */
#ifndef ANTIN_SIGNER_COMPONENT_H
#define ANTIN_SIGNER_COMPONENT_H

#include "signer/rules/context.h"
#include "signer/rules/token.h"
#include "signer/store/component.h"

/*
 * Any script, 1 to 255 bytes of UTF-8; no '/' and '\', no control characters (C0, DEL, C1, line and paragraph separators), none that turn the reading
 * direction (a name must read as it is: UTS #39 and "Trojan Source"), not "." or "..", not of the manifest or
 * the container, and one that a ZIP archive takes. ERR_COMPONENT_NAME.
 */
err_t component_name_check(const char *name) MUST_USE;
/* type/subtype of RFC 9110 §8.3.1, lower case, no parameters; "" becomes application/octet-stream. ERR_MEDIA_TYPE. */
err_t component_media_type(const char *type, char out[MEDIA_TYPE_MAX + 1]) MUST_USE;
/* Content-Digest (RFC 9530 §2): every sha-256 and sha-512 in it must be that of the body. ERR_DIGEST_SYNTAX, ERR_DIGEST_MISMATCH. */
err_t component_digest_check(const char *header, const uint8_t sha256[SHA256_LEN], const uint8_t sha512[SHA512_LEN]) MUST_USE;

/* An upload as it came. */
struct upload {
    const char *dossier, *name, *media_type, *content_digest, *request_id;
    const char *format, *level; /* "pades", "cades", "xades"; "B-B" … "B-LTA"; NULL: PAdES for a PDF, CAdES for all else, B-LTA */
    const char *visible;        /* where its signature is to be seen: visible_read; NULL: nowhere */
    const char *accept;         /* what a PDF may hold besides paper: pdf_active_parse; NULL: nothing */
    int fd;
    uint64_t size;
    const uint8_t *sha256, *sha512;
};
/*
 * Checks it, stores the bytes, then the row: new or in place of the one of that name, while the dossier is a draft. An unusable PDF is refused with
 * its reason; ERR_PDF_ACTIVE: *active is what must be accepted first. ERR_PDF_PLACE: the signature cannot be seen there. ERR_FORMAT: no such format or level, or PAdES for what is no PDF. ERR_NOT_FOUND (not the
 * caller's), ERR_DOSSIER_STATE, ERR_COMPONENT_COUNT, ERR_DOSSIER_SIZE …
 */
err_t component_upload(struct app *a, const struct caller *c, const struct upload *u, struct component *out, bool *created,
                       unsigned *active) MUST_USE;
err_t component_remove(struct app *a, const struct caller *c, const char *dossier, const char *name, const char *request_id) MUST_USE;

#endif

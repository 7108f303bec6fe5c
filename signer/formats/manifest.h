/*
 * The manifest of a sealed dossier: which components it has and their digests, as canonical JSON (RFC 8785).
 * Called by signerd (write) and antin-verify (read). Schema: schema/manifest.schema.json.
 */
#ifndef ANTIN_FORMATS_MANIFEST_H
#define ANTIN_FORMATS_MANIFEST_H

#include "common/bytes.h"
#include "common/secret.h"
#include "signer/formats/errors.h"

#define MANIFEST_MIME "application/vnd.antin.manifest+json" /* for key_seal */
#define MANIFEST_MAX (1u << 20)                             /* bytes of text */
#define MANIFEST_COMPONENTS_MAX 256
#define MANIFEST_TEXT_MAX 255 /* bytes of a name or code */

/* One file with its digests. */
struct manifest_file {
    const char *name; /* a plain file name: no '/', no control characters, not "." or ".." */
    uint64_t size;
    uint8_t sha256[SHA256_LEN];
    uint8_t sha512[SHA512_LEN];
};

struct manifest_component {
    struct manifest_file file; /* as uploaded */
    const char *media_type;
    struct manifest_file signature; /* the signed PDF, or the .p7s; name NULL: not listed */
};

struct manifest {
    const char *code;      /* dossier code: opaque text */
    const char *procedure; /* procedure code */
    const char *applicant; /* the citizen's pairwise subject, never a name or number */
    const char *agency;
    int64_t created; /* seconds since 1970 */
    const struct manifest_component *component;
    size_t component_n;
    void *own; /* set by manifest_read: holds what the pointers point to; NULL in a manifest to be written */
};

/* ERR_MANIFEST: something missing, too long, not UTF-8, two files of one name, no component. */
err_t manifest_write(const struct manifest *m, struct buf *out) MUST_USE;
/* Reads only what manifest_write writes, byte for byte: ERR_MANIFEST for everything else. *out is to be freed after OK. */
err_t manifest_read(struct bytes text, struct manifest *out) MUST_USE;
void manifest_free(struct manifest *m);
#define AUTO_MANIFEST AUTO(manifest_free) struct manifest

#endif

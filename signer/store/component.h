/*
 * Table signer.component: a dossier's documents and what signing made of them.
 * Called by rules/component, rules/activation and rules/signing.
 */
#ifndef ANTIN_SIGNER_STORE_COMPONENT_H
#define ANTIN_SIGNER_STORE_COMPONENT_H

#include "common/db.h"
#include "common/secret.h"

#define COMPONENT_NAME_MAX 255
#define MEDIA_TYPE_MAX 127
#define COMPONENTS_MAX 64 /* with the container as many as KEY_DIGESTS_MAX: what one activation can cover */
#define LEVEL_CAP 6       /* "B-LTA" */

enum component_format { FORMAT_PADES, FORMAT_CADES, FORMAT_XADES };
const char *component_format_name(enum component_format f);                         /* "pades", … */
err_t component_format_read(const char *name, enum component_format *out) MUST_USE; /* ERR_NOT_FOUND */

struct component {
    char name[COMPONENT_NAME_MAX + 1];
    int position;
    bool pdf;
    char media_type[MEDIA_TYPE_MAX + 1];
    uint64_t size;
    uint8_t sha256[SHA256_LEN];
    uint8_t sha512[SHA512_LEN];
    enum component_format format;
    char level[LEVEL_CAP];         /* asked for: "B-B" to "B-LTA" */
    char level_reached[LEVEL_CAP]; /* "": not signed yet */
    bool is_signed;
    char visible[201];    /* where the signature is to be seen (rules/visible.h); "": nowhere */
    unsigned active;      /* what a PDF holds besides paper (formats/pdf_active.h), accepted by its portal */
    uint64_t signed_size; /* the signed PDF */
    uint8_t signed_sha256[SHA256_LEN];
    uint8_t signed_sha512[SHA512_LEN];
};

/* New, or replaces the one of that name. *created tells which. */
err_t component_put(struct db *db, const char *dossier, const struct component *c, bool *created) MUST_USE;
err_t component_get(struct db *db, const char *dossier, const char *name, struct component *out) MUST_USE; /* ERR_DB_NONE */
err_t component_delete(struct db *db, const char *dossier, const char *name) MUST_USE;                     /* ERR_DB_NONE */
/* All, in the order of their first upload. Caller frees *out (component_list_free). */
err_t component_list(struct db *db, const char *dossier, struct component **out, size_t *n) MUST_USE;
void component_list_free(struct component **list);
/* The signature beside one that is not signed inside; caller frees. ERR_DB_NONE: none. */
err_t component_signature(struct db *db, const char *dossier, const char *name, struct buf *out) MUST_USE;

err_t component_set_signed_pdf(struct db *db, const char *dossier,
                               const struct component *c) MUST_USE; /* signed_size, signed_sha256, signed_sha512, level_reached */
err_t component_set_signature(struct db *db, const char *dossier, const struct component *c, struct bytes signature) MUST_USE;

/* Does any component, as uploaded or signed, have these bytes? */
err_t component_uses(struct db *db, const uint8_t sha256[SHA256_LEN], bool *used) MUST_USE;

extern const struct db_stmt component_uses_stmt, component_put_stmt, component_get_stmt, component_delete_stmt, component_list_stmt,
    component_signature_stmt, component_set_signed_pdf_stmt, component_set_signature_stmt;

#endif

/*
 * Table signer.audit: who did what. The daemon may only append.
 * Called by rules, inside the transaction of the act itself.
 */
#ifndef ANTIN_SIGNER_STORE_AUDIT_H
#define ANTIN_SIGNER_STORE_AUDIT_H

#include "common/db.h"

struct audit {
    const char *event;      /* "dossier.sealed" */
    const char *actor;      /* pairwise subject, client id, or "system" */
    const char *client_id;  /* or NULL */
    const char *dossier;    /* uuid or NULL */
    const char *credential; /* uuid or NULL */
    const char *detail;     /* no personal data; or NULL */
    const char *request_id; /* or NULL */
};
err_t audit_insert(struct db *db, const struct audit *a) MUST_USE;

extern const struct db_stmt audit_insert_stmt;

#endif

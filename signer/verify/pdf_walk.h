/*
 * The list of object pairs that a comparison of two PDFs has still to visit, each pair once.
 * Called by pdf_changes.c.
 */
#ifndef ANTIN_VERIFY_PDF_WALK_H
#define ANTIN_VERIFY_PDF_WALK_H

#include "common/bytes.h"

#define WALK_PAIRS_MAX 1000000
#define WALK_PATH_CAP 96

/* What the value is to the document: decides what may differ in it. */
enum walk_role { ROLE_PLAIN, ROLE_CATALOG, ROLE_FORM, ROLE_FIELDS, ROLE_ANNOTS, ROLE_INFO, ROLE_METADATA };

struct walk_pair {
    int id[2], generation[2]; /* before, after */
    enum walk_role role;
    char path[WALK_PATH_CAP];
};

struct walk;
err_t walk_new(struct walk **out) MUST_USE;
void walk_free(struct walk **w);
/* Notes a pair unless it was noted before. ERR_TOO_LARGE, ERR_NOMEM. */
err_t walk_add(struct walk *w, const struct walk_pair *p) MUST_USE;
bool walk_next(struct walk *w, struct walk_pair *out);

#endif

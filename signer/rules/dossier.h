/*
 * Dossiers: who may see which, and how one is created, filled and submitted.
 * Called by endpoints/dossiers, components, submit and downloads.
 */
#ifndef ANTIN_SIGNER_DOSSIER_H
#define ANTIN_SIGNER_DOSSIER_H

#include "common/json.h"
#include "signer/rules/context.h"
#include "signer/rules/token.h"
#include "signer/store/component.h"
#include "signer/store/dossier.h"

#define DOSSIER_FORMAT "asic-e" /* what a dossier as a whole becomes */

bool uuid_valid(const char *s); /* 36 characters, lower-case hex and dashes where they belong */

/* May the caller read it? The portal that created it, for the citizen or for itself; the citizen anywhere; a service with dossier.read. */
bool dossier_may_read(const struct caller *c, const struct dossier *d);
/* May the caller change it? The portal that created it, with a token of the citizen who signs it. */
bool dossier_may_change(const struct caller *c, const struct dossier *d);

/* The dossier, if the caller may read it: ERR_NOT_FOUND otherwise, whether it exists or not. */
err_t dossier_for_reader(struct app *a, const struct caller *c, const char *id, struct dossier *out) MUST_USE;

/* Reads and checks the members of a new dossier from JSON; detail says which is wrong. ERR_SYNTAX, ERR_FORMAT. */
err_t dossier_from_json(const json_t *j, const struct caller *c, struct dossier *out, const char **detail) MUST_USE;
err_t dossier_to_json(const struct app *a, const struct dossier *d, const struct component *comp, size_t n, json_t **out) MUST_USE;
err_t component_to_json(const struct dossier *d, const struct component *c, json_t **out) MUST_USE;

/* Why a component cannot be submitted. */
struct dossier_fault {
    const char *component; /* NULL: the dossier as a whole */
    err_t e;
};
/* Fills faults (COMPONENTS_MAX + 1 of them at most) with everything that is wrong at once. */
void dossier_faults(const struct component *comp, size_t n, struct dossier_fault *faults, size_t *count);

#endif

/*
 * What an officer looked at when a citizen was enrolled: document, ways of checking, office. It stays in the person's sealed data, and is
 * what verified claims tell.
 * Called by rules/citizen.c, endpoints/enrol.c and endpoints/discovery.c. OpenID Identity Assurance Schema Definition 1.0 §5.
 */
#ifndef ANTIN_IDP_RULES_EVIDENCE_H
#define ANTIN_IDP_RULES_EVIDENCE_H

#include "common/json.h"
#include "idp/errors.h"

/* Ends with NULL. */
extern const char *const evidence_methods[]; /* check_method values */
extern const char *const evidence_documents[];

/*
 * Reads member "evidence" of an enrolment: a text (a note that is told nobody), or an object of document, methods, organization, note. Puts
 * "evidence" (the note) and "verification" into person; appends {field, code} to faults.
 */
void evidence_read(const json_t *body, json_t *person, json_t *faults);
/* When it was checked, and by what this house finds the act again. */
err_t evidence_stamp(json_t *person, int64_t now, const char *check_id) MUST_USE;

#endif

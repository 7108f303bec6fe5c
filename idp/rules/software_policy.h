/*
 * What software that registers itself may ask for: the policy of the token that it comes with.
 * Called by endpoints/register.c, endpoints/admin_registration.c and antin-idpctl. RFC 7591 §3, §5.
 */
#ifndef ANTIN_IDP_RULES_SOFTWARE_POLICY_H
#define ANTIN_IDP_RULES_SOFTWARE_POLICY_H

#include "idp/rules/client_metadata.h"

#define POLICY_MAX 16384 /* bytes of its JSON, as the database takes it */

enum statement_wish { STATEMENT_OPTIONAL, STATEMENT_REQUIRED, STATEMENT_REFUSED };
struct software_policy {
    /* Lists of words separated by spaces; NULL: none. */
    char *scope, *grants, *methods;
    char *hosts;                  /* host[:port] that every address of the client must be on */
    char *sectors;                /* beyond its own hosts */
    char *details_types;          /* of authorization details */
    char *software_ids, *issuers; /* of software statements; NULL: any that verifies */
    char *profile;                /* that it must register for */
    enum statement_wish statement;
    bool approval; /* somebody looks at it before it counts; true unless said otherwise */
};
void software_policy_free(struct software_policy *p);
#define AUTO_POLICY AUTO(software_policy_free) struct software_policy

/* Strict: a member that nobody knows is a mistake. ERR_CLIENT_METADATA with the words in f. */
err_t software_policy_read(const json_t *j, struct software_policy *out, struct client_fault *f) MUST_USE;
/* From the database. ERR_DB: it is none. */
err_t software_policy_parse(struct bytes text, struct software_policy *out) MUST_USE;

/*
 * Whether a record stays inside the policy; a scope that was left out becomes the policy's. ERR_CLIENT_METADATA, ERR_CLIENT_REDIRECT.
 * Nothing is silently made smaller: who asked for too much is told.
 */
err_t software_policy_apply(const struct software_policy *p, struct client_record *c, struct client_fault *f) MUST_USE;

#endif

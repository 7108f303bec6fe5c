/*
 * What an upstream provider says about a person, read by the operator's mapping: its claims have other names, forms and levels than ours.
 * Called by rules/upstream_flow.c. Decree 69/2024 (levels); OpenID Connect Core §5.1.
 */
#ifndef ANTIN_IDP_RULES_UPSTREAM_CLAIMS_H
#define ANTIN_IDP_RULES_UPSTREAM_CLAIMS_H

#include "common/json.h"
#include "idp/rules/citizen.h"
#include "idp/rules/upstream_conf.h"

#define DATE_LEN 10 /* YYYY-MM-DD */

struct upstream_person {
    char number[NUMBER_LEN + 1];   /* twelve digits */
    char birth_date[DATE_LEN + 1]; /* "" when it did not say */
    int level;                     /* 1 or 2: what this sign-in proves at most */
};
/*
 * The ID token's claims count before UserInfo's (NULL: none); where both speak of the number, they must agree. ERR_UPSTREAM_ANSWER: no number, or not one;
 * a date that is not as configured; ERR_UPSTREAM_LEVEL: it proves nothing that counts here.
 */
err_t upstream_person_read(const struct upstream_conf *c, const json_t *id_token, const json_t *userinfo,
                           struct upstream_person *out) MUST_USE;

/* YYYY, MM and DD once each, with anything but digits between. */
bool upstream_date_format_ok(const char *format);
/* "31/12/1990" by "DD/MM/YYYY" to "1990-12-31". ERR_SYNTAX. */
err_t upstream_date_read(const char *format, const char *text, char out[DATE_LEN + 1]) MUST_USE;

#endif

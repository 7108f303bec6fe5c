/*
 * What an enrolled citizen's data must look like, and the personal number's shape.
 * Called by endpoints/citizens.c. Decree 69/2024; the number's parts as public code reads them (no check digit).
 */
#ifndef ANTIN_IDP_RULES_CITIZEN_H
#define ANTIN_IDP_RULES_CITIZEN_H

#include "common/json.h"
#include "idp/errors.h"

#define NUMBER_LEN 12

/* The number as typed: spaces and dots dropped. False when it is not twelve digits then. */
bool citizen_number_clean(const char *typed, char out[NUMBER_LEN + 1]);
/* AAA province, B century and sex, CC year of birth, six more. ERR_CITIZEN_NUMBER. birth: "YYYY-MM-DD". */
err_t citizen_number_check(const char *number, const char *birth, bool female) MUST_USE;
bool citizen_date_form(const char *date); /* YYYY-MM-DD, a day of the calendar, not before 1900 */
bool citizen_date_ok(const char *date); /* a day of the calendar, not after today, not before 1900 */

/*
 * Checks a body of POST /v1/citizens and makes of it the personal data to be kept (number, name, birth_date, sex "male"/"female",
 * address, phone, email, evidence, verification (rules/evidence.h)). *faults gets one {field, code} each: all at once. ERR_CITIZEN_FIELD, ERR_CITIZEN_NUMBER.
 */
err_t citizen_read(const json_t *body, json_t **person, int *level, json_t *faults) MUST_USE;
/* 0912345678 and +84912345678 are one: the look-up form. ERR_CITIZEN_FIELD. */
err_t citizen_phone_clean(const char *typed, char out[20]) MUST_USE;

#endif

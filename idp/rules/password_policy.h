/*
 * What a password must be: long enough, not the number itself, not one of those that everybody tries first. No rules about kinds
 * of characters.
 * Called by rules/activation.c and antin-idpctl. NIST SP 800-63B §5.1.1.2.
 */
#ifndef ANTIN_IDP_RULES_PASSWORD_POLICY_H
#define ANTIN_IDP_RULES_PASSWORD_POLICY_H

#include "idp/errors.h"

#define PASSWORD_MIN 8   /* characters */
#define PASSWORD_MAX 256 /* bytes */

/* login: the number or name it belongs to. ERR_PASSWORD_SHORT, ERR_PASSWORD_LONG, ERR_PASSWORD_WEAK. */
err_t password_policy(const char *password, const char *login) MUST_USE;

#endif

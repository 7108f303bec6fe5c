/*
 * Activation: what exactly a citizen is asked to sign. Every component is prepared, its digest goes into the nonce of a login at the identity
 * provider, and the ID token that comes back proves to keyd that this person agreed to these digests.
 * Called by endpoints/sign and callback, and by rules/signing. EN 419 241-1 (signature activation data).
 */
#ifndef ANTIN_SIGNER_ACTIVATION_H
#define ANTIN_SIGNER_ACTIVATION_H

#include "signer/rules/context.h"
#include "signer/rules/credential.h"
#include "signer/rules/websession.h"
#include "signer/store/dossier.h"
#include "signer/store/signing.h"

#define ACTIVATION_SECONDS 600
#define ACTIVATION_MARGIN 30 /* one that ends sooner is not begun with any more */

struct activation {
    struct signing_session_row row;
    struct buf id_token; /* opened; empty: the citizen has not come back yet */
    size_t n;
    struct signing_item_row item[COMPONENTS_MAX + 1]; /* each component, then the container */
};
void activation_free(struct activation **a);
#define AUTO_ACTIVATION AUTO(activation_free) struct activation *

/* Prepares all components and stores the activation; nonce is what the login must carry. PDF failures as pdfjail_prepare. */
err_t activation_prepare(struct app *a, const struct dossier *d, const struct websession *s, const struct credential_view *v,
                         char id[UUID_LEN + 1], char nonce[44]) MUST_USE;
/* The ID token has come: checks that its nonce is that of the activation, and that the activation is this browser's. ERR_LOGIN_TOKEN, ERR_EXPIRED. */
err_t activation_confirm(struct app *a, const char *id, const struct websession *s, const char *nonce, struct bytes id_token) MUST_USE;
/*
 * The browser's activation of a dossier, ready to be signed with this credential. whole: with what was prepared, for signing; false: to see whether
 * there is one. ERR_EXPIRED: none, too old, not confirmed, or for another credential.
 */
err_t activation_load(struct app *a, const char *dossier, const struct websession *s, const char *credential, bool whole,
                      struct activation **out) MUST_USE;
err_t activation_drop(struct app *a, const char *id) MUST_USE; /* used up, or refused by keyd */
/* The same in keyd's terms. */
void activation_for_key(const struct activation *act, const char *owner, struct key_activation *out);

#endif

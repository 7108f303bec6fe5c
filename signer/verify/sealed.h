/*
 * A sealed dossier: the manifest, its seal, and the components beside it.
 * Called by verify.c.
 */
#ifndef ANTIN_VERIFY_SEALED_H
#define ANTIN_VERIFY_SEALED_H

#include "signer/verify/context.h"
#include "signer/verify/result.h"

/* Does this text claim to be a dossier's manifest? */
bool sealed_looks_like_manifest(struct bytes text);
/* path: of the manifest; its seal is path + ".p7s", its components lie in the same folder. */
void sealed_verify(const struct context *ctx, const char *path, struct bytes text, struct file_result *f);

#endif

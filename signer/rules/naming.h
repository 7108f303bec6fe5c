/*
 * Names of what signing makes of a component: files of one dossier that lie side by side, in a folder or in its container.
 * Called by rules/sealing, rules/container and rules/download.
 */
#ifndef ANTIN_SIGNER_NAMING_H
#define ANTIN_SIGNER_NAMING_H

#include "signer/store/component.h"

#define SIGNED_NAME_CAP (COMPONENT_NAME_MAX + 1)
#define MANIFEST_NAME "manifest.json"
#define MANIFEST_SEAL_NAME "manifest.json.p7s"

/* "x.signed.pdf" of "x.pdf", "x.xml.p7s" or "x.xml.xades.xml" of "x.xml"; shortened at a character's border to stay within a file name. */
void naming_signed(const char *name, enum component_format f, char out[SIGNED_NAME_CAP]);

struct names {
    char text[COMPONENTS_MAX][SIGNED_NAME_CAP];
};
/* Of all components of a dossier: no two files share a name. */
void naming_all(const struct component *comp, size_t n, struct names *out);

#endif

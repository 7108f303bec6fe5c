/*
 * A dossier as one ASiC-E container: its components as uploaded, what signing made of them, the sealed manifest, and two XAdES signatures: the citizen's
 * over the components, the service's seal over every file. Put together when it is asked for; only the signatures are kept.
 * Called by rules/activation, rules/sealing and rules/download. ETSI EN 319 162-1 §4.4.3.
 */
#ifndef ANTIN_SIGNER_CONTAINER_H
#define ANTIN_SIGNER_CONTAINER_H

#include "signer/formats/asic.h"
#include "signer/rules/context.h"
#include "signer/store/component.h"

#define P7S_TYPE "application/pkcs7-signature" /* RFC 8551 §3.2.1 */
#define CONTAINER_FILES_MAX (2 * COMPONENTS_MAX + 2)

struct container;
/* The files that a citizen signs: the components. They stay the caller's. ERR_DOSSIER_EMPTY, ERR_COMPONENT_COUNT. */
err_t container_new(struct app *a, const struct component *comp, size_t n, struct container **out) MUST_USE;
void container_free(struct container **c);
#define AUTO_CONTAINER AUTO(container_free) struct container *

/* And what came of them. signature: n of them, empty where a component is signed inside; all stay the caller's. */
struct container_results {
    const struct bytes *signature;
    struct bytes manifest, seal;
};
void container_add_results(struct container *c, const struct container_results *r);

/* All files of now with their digests, for a signature over them; lives as long as the container. */
const struct xades_data *container_data(const struct container *c, size_t *n);
/* Their bytes, for archive timestamps. */
struct xades_files container_files(struct container *c);

/* Writes it. ERR_TOO_LARGE: more than a ZIP archive holds. */
err_t container_write(const struct container *c, struct bytes citizen, struct bytes service, int64_t time, int fd) MUST_USE;

#endif

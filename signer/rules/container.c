/*
 * The files of a container, wherever they lie: in the content store or in memory.
 * Called by rules/activation, sealing and download.
 */
#include "signer/rules/container.h"

#include "signer/errors.h"
#include "signer/formats/manifest.h"
#include "signer/rules/content.h"
#include "signer/rules/naming.h"
#include <stdlib.h>
#include <string.h>

/* Where a file lies, and its digest. */
struct place {
    struct app *app;
    uint8_t sha256[SHA256_LEN];
};

struct container {
    struct app *app;
    const struct component *comp;
    size_t comp_n, n;
    struct names names;
    struct asic_part part[CONTAINER_FILES_MAX];
    struct place place[CONTAINER_FILES_MAX];
    struct xades_data data[CONTAINER_FILES_MAX];
};

void container_free(struct container **c)
{
    free(*c);
    *c = NULL;
}

static err_t open_stored(void *arg, const struct asic_part *p, int *fd)
{
    const struct place *at = arg;
    err_t e = content_get(at->app->content, at->sha256, p->size, fd);
    return e == ERR_NOT_FOUND ? ERR_IO : e; /* a row without its file is our fault */
}

/* --- files --- */

static struct place *next(struct container *c, const char *name, const char *type)
{
    struct place *at = &c->place[c->n];
    at->app = c->app;
    c->part[c->n] = (struct asic_part){.name = name, .media_type = type};
    c->data[c->n] = (struct xades_data){.name = name, .mime_type = type, .digest = BYTES(at->sha256, SHA256_LEN)};
    c->n++;
    return at;
}

static void add_stored(struct container *c, const char *name, const char *type, const uint8_t sha256[SHA256_LEN], uint64_t size)
{
    struct place *at = next(c, name, type);
    struct asic_part *part = &c->part[c->n - 1];
    memcpy(at->sha256, sha256, SHA256_LEN);
    part->open = open_stored;
    part->arg = at;
    part->size = size;
}

static void add_bytes(struct container *c, const char *name, const char *type, struct bytes content)
{
    struct place *at = next(c, name, type);
    sha256(content, at->sha256);
    c->part[c->n - 1].content = content;
}

err_t container_new(struct app *a, const struct component *comp, size_t n, struct container **out)
{
    if (n == 0 || n > COMPONENTS_MAX)
        return n == 0 ? ERR_DOSSIER_EMPTY : ERR_COMPONENT_COUNT;
    struct container *c = calloc(1, sizeof *c);
    if (c == NULL)
        return ERR_NOMEM;
    c->app = a;
    c->comp = comp;
    c->comp_n = n;
    for (size_t i = 0; i < n; i++)
        add_stored(c, comp[i].name, comp[i].media_type, comp[i].sha256, comp[i].size);
    *out = c;
    return OK;
}

void container_add_results(struct container *c, const struct container_results *r)
{
    naming_all(c->comp, c->comp_n, &c->names);
    for (size_t i = 0; i < c->comp_n; i++) {
        const struct component *comp = &c->comp[i];
        if (comp->format == FORMAT_PADES)
            add_stored(c, c->names.text[i], "application/pdf", comp->signed_sha256, comp->signed_size);
        else
            add_bytes(c, c->names.text[i], comp->format == FORMAT_CADES ? P7S_TYPE : "application/xml", r->signature[i]);
    }
    add_bytes(c, MANIFEST_NAME, MANIFEST_MIME, r->manifest);
    add_bytes(c, MANIFEST_SEAL_NAME, P7S_TYPE, r->seal);
}

/* --- for signatures --- */

const struct xades_data *container_data(const struct container *c, size_t *n)
{
    *n = c->n;
    return c->data;
}

static err_t feed(void *arg, const char *name, EVP_MD_CTX *ctx)
{
    const struct container *c = arg;
    for (size_t i = 0; i < c->n; i++) {
        const struct asic_part *p = &c->part[i];
        if (strcmp(p->name, name) != 0)
            continue;
        if (p->open != NULL)
            return content_feed(c->app->content, c->place[i].sha256, p->size, ctx);
        return EVP_DigestUpdate(ctx, p->content.ptr, p->content.len) == 1 ? OK : ERR_CRYPTO;
    }
    return ERR_NOT_FOUND;
}

struct xades_files container_files(struct container *c)
{
    return (struct xades_files){feed, c};
}

/* --- the archive --- */

err_t container_write(const struct container *c, struct bytes citizen, struct bytes service, int64_t time, int fd)
{
    const struct bytes signatures[] = {citizen, service};
    return asic_assemble(c->part, c->n, signatures, 2, time, &(struct zip_sink){zip_to_fd, &fd});
}

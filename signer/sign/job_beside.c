/*
 * Files that lie beside a signature which speaks about them: found by name in its folder, and nowhere else.
 * Called by job_xml.c and job_json.c, which hand it to the formats. ETSI EN 319 132-1, TS 119 182-1 §5.2.8.
 */
#include "signer/sign/job_beside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *beside_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

/* name "": the one content of a signature that does not name it, given or by the signature's own name (x.json.jws). */
static err_t open_beside(const struct beside *b, const char *name, struct source *in)
{
    AUTO_STR path = NULL;
    bool unnamed = name[0] == '\0';
    if (strchr(name, '/') != NULL)
        return ERR_NOT_FOUND;
    if (b->content != NULL && (unnamed || strcmp(beside_name(b->content), name) == 0))
        return source_open(in, b->content);
    if (unnamed && !job_ends_in(b->path, ".jws"))
        return ERR_NOT_FOUND;
    if (unnamed)
        path = strndup(b->path, strlen(b->path) - 4);
    else if (asprintf(&path, "%.*s%s", (int)(beside_name(b->path) - b->path), b->path, name) < 0)
        path = NULL;
    return path != NULL ? source_open(in, path) : ERR_NOMEM;
}

err_t beside_digest(void *arg, const char *name, EVP_MD_CTX *ctx)
{
    AUTO_SOURCE in = {.fd = -1};
    TRY(name[0] != '\0' ? open_beside(arg, name, &in) : ERR_NOT_FOUND);
    return EVP_DigestUpdate(ctx, in.data.ptr, in.data.len) == 1 ? OK : ERR_CRYPTO;
}

err_t beside_take(void *arg, const char *name, jades_take_fn *take_piece, void *to)
{
    AUTO_SOURCE in = {.fd = -1};
    TRY(open_beside(arg, name, &in));
    return take_piece(to, in.data);
}

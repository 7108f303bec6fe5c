/*
 * Puts a container together from files, wherever they lie, and from XAdES signatures that were made elsewhere.
 * Called by signerd. ETSI EN 319 162-1 §4.4.3, §A.1.
 */
#include "signer/formats/asic_write.h"

#include <stdio.h>
#include <stdlib.h>

#define NAME_CAP 64

static err_t check_parts(const struct asic_part *part, size_t n)
{
    const char **name = calloc(n + 1, sizeof *name);
    if (name == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < n; i++)
        name[i] = part[i].name;
    err_t e = n > 0 ? asic_check_names(name, n) : ERR_ASIC;
    free(name);
    return e;
}

static err_t add_part(struct zip_writer *w, const struct asic_part *p)
{
    AUTO_FD fd = -1;
    if (p->open == NULL)
        return zip_add(w, bytes_str(p->name), p->content, asic_deflates(p->media_type));
    TRY(p->open(p->arg, p, &fd));
    return zip_add_fd(w, bytes_str(p->name), fd, p->size);
}

static err_t add_manifest(struct zip_writer *w, const struct asic_part *part, size_t n)
{
    AUTO_BUF xml = {0};
    TRY(asic_open_manifest_begin(ASIC_E_MIME, &xml));
    for (size_t i = 0; i < n; i++)
        TRY(asic_open_manifest_entry(part[i].name, part[i].media_type, &xml));
    TRY(asic_open_manifest_end(&xml));
    return zip_add(w, bytes_str("META-INF/manifest.xml"), buf_bytes(&xml), true);
}

err_t asic_assemble(const struct asic_part *part, size_t n, const struct bytes *signature, size_t signature_n, int64_t time,
                    const struct zip_sink *sink)
{
    AUTO_ZIP_WRITER w = {.sink = *sink, .time = time};
    TRY(check_parts(part, n));
    TRY(zip_add(&w, bytes_str("mimetype"), bytes_str(ASIC_E_MIME), false));
    for (size_t i = 0; i < n; i++)
        TRY(add_part(&w, &part[i]));
    TRY(add_manifest(&w, part, n));
    for (size_t i = 0; i < signature_n; i++) {
        char name[NAME_CAP];
        snprintf(name, sizeof name, "META-INF/signatures%zu.xml", i);
        TRY(zip_add(&w, bytes_str(name), signature[i], true));
    }
    return zip_finish(&w);
}

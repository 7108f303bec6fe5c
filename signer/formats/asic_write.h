/*
 * What writing containers is made of. Included by asic_write.c, asic_assemble.c, asic_raise.c, asic_archive.c and asic_xades.c.
 */
#ifndef ANTIN_FORMATS_ASIC_WRITE_H
#define ANTIN_FORMATS_ASIC_WRITE_H

#include "signer/formats/asic.h"

/* mimetype and these files. ERR_ASIC, ERR_ZIP_UNSAFE: as asic_sign_cades. */
err_t asic_begin(struct zip_writer *w, enum asic_type type, const struct asic_file *file, size_t n) MUST_USE;
/* May these files be together in a container? Sorts the names. ERR_ASIC: a name of the container's own, or one twice. */
err_t asic_check_names(const char **name, size_t n) MUST_USE;
/* Everything that is there, but for one entry (NULL: none). */
err_t asic_keep(struct zip_writer *w, const struct asic *a, const struct zip_entry *but) MUST_USE;
/* Is it worth deflating? */
bool asic_deflates(const char *media_type);
/* One more XAdES signature over all files of an ASiC-E. */
err_t asic_add_xades(struct zip_writer *w, const struct asic *a, int64_t signing_time, const struct signing_key *key) MUST_USE;

#define ASIC_NAME_CAP 64 /* of a file in META-INF that is written here */
/* "META-INF/", before, the first number that is free, behind. */
err_t asic_free_name(const struct asic *a, const char *before, const char *behind, char out[ASIC_NAME_CAP]) MUST_USE;
/* By its place, or as the container's lists tell; NULL: unknown. */
const char *asic_type_of(const struct asic *a, const struct zip_entry *e);

/* --- raising --- */

/* The new signatures, each in its signature's place; empty where there is none. */
struct asic_raised {
    struct buf with[ASIC_SIGNATURES_MAX];
    err_t why; /* the first that could not be raised all the way */
    enum sig_level lowest;
    size_t n;
    size_t waiting; /* at LT, until an archive timestamp covers them */
};
/* What takes an entry's place; NULL: it stays. */
const struct buf *asic_replacement(const struct asic *a, const struct zip_entry *e, const struct asic_raised *r);

/* A further archive timestamp and its list, META-INF/ASiCArchiveManifest.xml; the one of this name before it becomes *before. */
struct asic_archive {
    const struct zip_entry *before; /* NULL: none */
    char before_name[ASIC_NAME_CAP], token_name[ASIC_NAME_CAP];
    struct buf list, token;
};
/*
 * Over everything as it will be with r, where the last archive timestamp gets what its own verification needs. ERR_BAD_SIGNATURE, ERR_NOT_FOUND: what an
 * earlier one covers is not as it was. ERR_STAMP, ERR_CERT_* and what m->ts gives.
 */
err_t asic_archive_make(const struct asic *a, struct asic_raised *r, const struct cades_means *m, struct asic_archive *out) MUST_USE;
err_t asic_archive_write(struct zip_writer *w, const struct asic_archive *ar) MUST_USE;
void asic_archive_free(struct asic_archive *ar);

#endif

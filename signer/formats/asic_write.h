/*
 * What writing containers is made of. Included by asic_write.c, asic_assemble.c, asic_raise.c and asic_xades.c.
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

#endif

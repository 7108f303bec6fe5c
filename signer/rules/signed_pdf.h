/*
 * A component's PDF with its signature inside: filled in, stored, and raised by further incremental updates. Foreign PDFs are read in the sandbox alone.
 * Called by rules/results. ETSI EN 319 142-1 §5.4, §5.5, §6.3.
 */
#ifndef ANTIN_SIGNER_SIGNED_PDF_H
#define ANTIN_SIGNER_SIGNED_PDF_H

#include "signer/formats/pades.h"
#include "signer/rules/means.h"
#include "signer/store/component.h"

struct signed_pdf {
    const struct component *c;
    struct pades_prepared *prepared; /* filled in by it */
    struct bytes cms;                /* B-B or B-T */
    enum sig_level has, want;        /* what the CMS is, and what is asked for */
};
/*
 * *file: where it is stored; *reached: the level of this signature, whatever others the PDF has. ERR_PDF_ROOM: the CMS does not fit. A lower level
 * than wanted only for reasons that level_lowers knows; anything else fails.
 */
struct content_file;
err_t signed_pdf_make(struct means *m, const struct signed_pdf *s, struct content_file *file, enum sig_level *reached) MUST_USE;

#endif

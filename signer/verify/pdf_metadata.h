/*
 * Metadata of a PDF that changed after signing: are they the same but for the time at which a program last wrote the file?
 * Called by pdf_changes.c. ISO 16684-1 (XMP) §8.4; ISO 32000-2 §14.3.
 */
#ifndef ANTIN_VERIFY_PDF_METADATA_H
#define ANTIN_VERIFY_PDF_METADATA_H

#include "common/bytes.h"

#define PDF_METADATA_MAX (1u << 20) /* bytes of a packet that is looked into; a larger one must be the same byte for byte */

/* Two XMP packets that differ in xmp:ModifyDate and xmp:MetadataDate alone, each of them a date on both sides. */
bool pdf_metadata_same(struct bytes before, struct bytes after);

#endif

/*
 * Appending an incremental update to a file, whole or not at all.
 * Called by pades_sign.c and pades_raise.c.
 */
#ifndef ANTIN_FORMATS_PADES_APPEND_H
#define ANTIN_FORMATS_PADES_APPEND_H

#include "common/bytes.h"

/* size: what the file has now; ERR_CONFLICT when it has changed. ERR_DISK_FULL, ERR_IO: the file is cut back to size. Not synced: the caller renames. */
err_t pades_append(int fd, uint64_t size, struct bytes update) MUST_USE;

#endif

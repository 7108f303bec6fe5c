/*
 * Bytes and validation data on their way into the PDF sandbox: one file without a name, written by the daemon and read by the child.
 * Used by pdfjail.c and pdfjail_zygote.c.
 */
#ifndef ANTIN_SIGNER_PDFJAIL_STORE_H
#define ANTIN_SIGNER_PDFJAIL_STORE_H

#include "signer/formats/pades_dss.h"

/* Bytes into a file without a name, and back; *fd is the caller's. ERR_NOMEM; ERR_SYNTAX: larger than anything that is sent. */
err_t pdfjail_file_write(struct bytes b, int *fd) MUST_USE;
err_t pdfjail_file_read(int fd, struct buf *out) MUST_USE;

/* *fd is the caller's. ERR_TOO_LARGE: more than the child would take. */
err_t pdfjail_store_write(const struct pades_vri *vri, int *fd) MUST_USE;

struct pdfjail_store {
    struct buf contents;
    struct validation_data data;
};
/* ERR_SYNTAX: it is not what was written. */
err_t pdfjail_store_read(int fd, struct pdfjail_store *out) MUST_USE;
void pdfjail_store_free(struct pdfjail_store *s);

#endif

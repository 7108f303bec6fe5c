/*
 * Lays validation data down as lengths and bytes, and reads them back.
 * Called by pdfjail.c (write) and pdfjail_zygote.c (read).
 */
#include "signer/rules/pdfjail_store.h"

#include "signer/rules/pdfjail_wire.h"
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- the daemon's side --- */

static err_t put(struct buf *out, struct bytes v)
{
    uint32_t n = (uint32_t)v.len;
    if (v.len > PDFJAIL_INCREMENT_MAX || out->len > PDFJAIL_INCREMENT_MAX - v.len)
        return ERR_TOO_LARGE;
    TRY(buf_add(out, &n, sizeof n));
    return buf_add_bytes(out, v);
}

static err_t put_set(struct buf *out, const struct buf *set, size_t n)
{
    uint32_t count = (uint32_t)n;
    TRY(buf_add(out, &count, sizeof count));
    for (size_t i = 0; i < n; i++)
        TRY(put(out, buf_bytes(&set[i])));
    return OK;
}

static err_t write_whole(int fd, struct bytes b)
{
    while (b.len > 0) {
        ssize_t n = write(fd, b.ptr, b.len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return ERR_NOMEM;
        b = BYTES(b.ptr + n, b.len - (size_t)n);
    }
    return OK;
}

err_t pdfjail_file_write(struct bytes b, int *fd)
{
    AUTO_FD file = memfd_create("more", MFD_CLOEXEC);
    if (file < 0)
        return ERR_NOMEM;
    TRY(write_whole(file, b));
    *fd = file;
    file = -1;
    return OK;
}

err_t pdfjail_store_write(const struct pades_vri *vri, int *fd)
{
    AUTO_BUF all = {0};
    TRY(put(&all, vri->contents));
    TRY(put_set(&all, vri->data->cert, vri->data->cert_n));
    TRY(put_set(&all, vri->data->crl, vri->data->crl_n));
    TRY(put_set(&all, vri->data->ocsp, vri->data->ocsp_n));
    return pdfjail_file_write(buf_bytes(&all), fd);
}

/* --- the child's side --- */

static err_t get_number(struct bytes *in, uint32_t *n)
{
    if (in->len < sizeof *n)
        return ERR_SYNTAX;
    memcpy(n, in->ptr, sizeof *n);
    *in = BYTES(in->ptr + sizeof *n, in->len - sizeof *n);
    return OK;
}

static err_t get(struct bytes *in, struct bytes *out)
{
    uint32_t n;
    TRY(get_number(in, &n));
    if (n > in->len)
        return ERR_SYNTAX;
    *out = BYTES(in->ptr, n);
    *in = BYTES(in->ptr + n, in->len - n);
    return OK;
}

static err_t get_set(struct bytes *in, struct validation_data *data, err_t (*add)(struct validation_data *, struct bytes))
{
    uint32_t n;
    struct bytes item;
    TRY(get_number(in, &n));
    for (uint32_t i = 0; i < n; i++) {
        TRY(get(in, &item));
        TRY(add(data, item));
    }
    return OK;
}

err_t pdfjail_file_read(int fd, struct buf *out)
{
    struct stat st;
    if (fstat(fd, &st) != 0 || st.st_size < 0 || st.st_size > 2 * (off_t)PDFJAIL_INCREMENT_MAX)
        return ERR_SYNTAX;
    TRY(buf_reserve(out, (size_t)st.st_size));
    while (out->len < (size_t)st.st_size) {
        ssize_t n = pread(fd, out->ptr + out->len, (size_t)st.st_size - out->len, (off_t)out->len);
        if (n <= 0)
            return ERR_SYNTAX;
        out->len += (size_t)n;
    }
    return OK;
}

err_t pdfjail_store_read(int fd, struct pdfjail_store *out)
{
    AUTO_BUF all = {0};
    struct bytes contents;
    TRY(pdfjail_file_read(fd, &all));
    struct bytes in = buf_bytes(&all);
    TRY(get(&in, &contents));
    TRY(buf_copy(&out->contents, contents));
    TRY(get_set(&in, &out->data, vdata_add_cert));
    TRY(get_set(&in, &out->data, vdata_add_crl));
    TRY(get_set(&in, &out->data, vdata_add_ocsp));
    return in.len == 0 ? OK : ERR_SYNTAX;
}

void pdfjail_store_free(struct pdfjail_store *s)
{
    buf_free(&s->contents);
    vdata_free(&s->data);
}

/*
 * Opens a PDF: header, tail and newest cross-reference section are looked at here, all else by qpdf without repairs.
 * Called by pades.c, signer/verify and the upload endpoint. ISO 32000-1 §7.5.
 */
#include "signer/formats/pdf.h"

#include "signer/formats/mapped.h"
#include "signer/formats/pdf_active.h"
#include "signer/formats/pdf_form.h"
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEAD_LEN 1024 /* where other readers still look for %PDF- (ISO 32000-1 annex H, note 13) */
#define TAIL_LEN 2048 /* where startxref and %%EOF must stand: 1024 by annex H, and padding after them */
#define SMALLEST 32   /* nothing shorter is a PDF */

struct pdf {
    qpdf_data q;
    int fd; /* -1: in memory */
    struct mapped
        map; /* the file behind fd, for qpdf: it is paged in piece by piece, and no path is opened (signerd's readers may open none) */
    struct bytes memory;
    uint64_t size, startxref;
    enum pdf_xref_kind xref;
    qpdf_oh first_page;
};

/* --- bytes of the file --- */

err_t pdf_read(const struct pdf *p, uint64_t at, void *out, size_t n)
{
    if (at > p->size || n > p->size - at)
        return ERR_PDF_TRUNCATED;
    if (p->fd < 0) {
        memcpy(out, p->memory.ptr + at, n);
        return OK;
    }
    for (size_t got = 0; got < n;) {
        ssize_t r = pread(p->fd, (char *)out + got, n - got, (off_t)(at + got));
        if (r < 0 && errno == EINTR)
            continue;
        if (r <= 0)
            return ERR_IO;
        got += (size_t)r;
    }
    return OK;
}

static size_t at_most(uint64_t n, size_t max)
{
    return n < max ? (size_t)n : max;
}

static err_t check_header(const struct pdf *p)
{
    char head[HEAD_LEN];
    size_t n = at_most(p->size, sizeof head);
    TRY(pdf_read(p, 0, head, n));
    if (n >= 8 && memcmp(head, "%PDF-", 5) == 0 && isdigit((unsigned char)head[5]) && head[6] == '.' && isdigit((unsigned char)head[7]))
        return n < SMALLEST ? ERR_PDF_TRUNCATED : OK;
    /* Offsets count from the header in some readers and from byte 0 in others: such a file means two things. */
    return memmem(head, n, "%PDF-", 5) != NULL ? ERR_PDF_JUNK : ERR_PDF_NOT_PDF;
}

/* Last occurrence of word in text. */
static const char *find_last(const char *text, size_t n, const char *word)
{
    size_t len = strlen(word);
    for (size_t i = n; i >= len; i--) {
        if (memcmp(text + i - len, word, len) == 0)
            return text + i - len;
    }
    return NULL;
}

static bool is_white(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f' || c == '\0'; /* ISO 32000-1 table 1 */
}

/* §7.5.5: startxref, the offset, %%EOF, and nothing but white space behind. An update that was cut off leaves more behind. */
static err_t find_startxref(struct pdf *p)
{
    char tail[TAIL_LEN];
    size_t n = at_most(p->size, sizeof tail);
    TRY(pdf_read(p, p->size - n, tail, n));
    const char *eof = find_last(tail, n, "%%EOF"), *end = tail + n;
    if (eof == NULL)
        return ERR_PDF_TRUNCATED;
    for (const char *c = eof + 5; c < end; c++) {
        if (!is_white(*c))
            return ERR_PDF_TRUNCATED;
    }
    const char *word = find_last(tail, (size_t)(eof - tail), "startxref");
    if (word == NULL)
        return ERR_PDF_TRUNCATED;
    const char *c = word + strlen("startxref");
    while (c < eof && is_white(*c))
        c++;
    unsigned digits = 0;
    for (; c < eof && isdigit((unsigned char)*c); c++, digits++)
        p->startxref = p->startxref * 10 + (uint64_t)(*c - '0');
    while (c < eof && is_white(*c))
        c++;
    return digits > 0 && digits <= 18 && c == eof && p->startxref < p->size ? OK : ERR_PDF_DAMAGED;
}

static err_t find_xref_kind(struct pdf *p)
{
    char at[16] = {0};
    size_t n = at_most(p->size - p->startxref, sizeof at - 1), i = 0;
    TRY(pdf_read(p, p->startxref, at, n));
    while (i < n && is_white(at[i]))
        i++;
    if (strncmp(at + i, "xref", 4) == 0)
        p->xref = PDF_XREF_TABLE;
    else if (isdigit((unsigned char)at[i]))
        p->xref = PDF_XREF_STREAM;
    else
        return ERR_PDF_DAMAGED;
    return OK;
}

/* --- qpdf --- */

static err_t reason(qpdf_data q, qpdf_error e)
{
    enum qpdf_error_code_e code = qpdf_get_error_code(q, e);
    if (code == qpdf_e_password)
        return ERR_PDF_ENCRYPTED;
    if (code == qpdf_e_unsupported && strstr(qpdf_get_error_full_text(q, e), "encrypt") != NULL)
        return ERR_PDF_ENCRYPTED; /* a security handler that qpdf does not know */
    if (strstr(qpdf_get_error_full_text(q, e), "bad_alloc") != NULL)
        return ERR_NOMEM; /* more than this process may have: nobody's fault in the file's structure */
    return ERR_PDF_DAMAGED;
}

err_t pdf_faults(struct pdf *p)
{
    err_t e = OK;
    if (qpdf_has_error(p->q))
        e = reason(p->q, qpdf_get_error(p->q));
    while (qpdf_more_warnings(p->q)) {
        err_t w = reason(p->q, qpdf_next_warning(p->q));
        e = e == OK ? w : e;
    }
    return e;
}

static err_t load(struct pdf *p)
{
    TRY(check_header(p));
    TRY(find_startxref(p));
    TRY(find_xref_kind(p));
    if ((p->q = qpdf_init()) == NULL)
        return ERR_NOMEM;
    qpdf_silence_errors(p->q);
    qpdf_set_suppress_warnings(p->q, QPDF_TRUE);
    qpdf_set_attempt_recovery(p->q, QPDF_FALSE);
    if (p->fd >= 0) {
        TRY(mapped_open(p->fd, &p->map));
        if (p->map.data.len < p->size)
            return ERR_IO; /* cut short since it was measured */
        (void)qpdf_read_memory(p->q, "", (const char *)p->map.data.ptr, p->size, NULL);
    } else {
        (void)qpdf_read_memory(p->q, "", (const char *)p->memory.ptr, p->memory.len, NULL);
    }
    TRY(pdf_faults(p));
    if (qpdf_is_encrypted(p->q))
        return ERR_PDF_ENCRYPTED; /* with an empty password: readable, but strings of an update would need encrypting */
    (void)qpdf_get_root(p->q);
    return pdf_faults(p);
}

static err_t open_with(struct pdf start, struct pdf **out)
{
    struct pdf *p = malloc(sizeof *p);
    if (p == NULL)
        return ERR_NOMEM;
    *p = start;
    err_t e = p->size > PDF_SIZE_MAX ? ERR_TOO_LARGE : load(p);
    if (e != OK)
        pdf_close(&p);
    else
        *out = p;
    return e;
}

err_t pdf_open(int fd, struct pdf **out)
{
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        return ERR_IO;
    return open_with((struct pdf){.fd = fd, .size = (uint64_t)st.st_size}, out);
}

err_t pdf_open_memory(struct bytes file, struct pdf **out)
{
    return open_with((struct pdf){.fd = -1, .memory = file, .size = file.len}, out);
}

void pdf_close(struct pdf **p)
{
    if (*p == NULL)
        return;
    if ((*p)->q != NULL)
        qpdf_cleanup(&(*p)->q);
    mapped_close(&(*p)->map);
    free(*p);
    *p = NULL;
}

qpdf_data pdf_handle(const struct pdf *p)
{
    return p->q;
}

uint64_t pdf_size(const struct pdf *p)
{
    return p->size;
}

uint64_t pdf_startxref(const struct pdf *p)
{
    return p->startxref;
}

struct bytes pdf_memory(const struct pdf *p)
{
    return p->memory;
}

enum pdf_xref_kind pdf_xref(const struct pdf *p)
{
    return p->xref;
}

qpdf_oh *pdf_first_page(struct pdf *p)
{
    return &p->first_page;
}

err_t pdf_check(int fd, unsigned *active)
{
    AUTO(pdf_close) struct pdf *p = NULL;
    TRY(pdf_open(fd, &p));
    TRY(pdf_form_check(p));
    return pdf_active_find(p, active);
}

/*
 * Loads trust anchors, helping certificates and CRLs.
 * Called by main(). RFC 5280 §6.1.1, RFC 7468 (PEM).
 */
#include "signer/verify/trust.h"

#include <fcntl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

err_t trust_new(struct trust *t)
{
    *t = (struct trust){.certs = sk_X509_new_null(), .crls = sk_X509_CRL_new_null()};
    return t->certs != NULL && t->crls != NULL ? OK : ERR_NOMEM;
}

static err_t read_file(const char *path, struct buf *out)
{
    AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        return ERR_IO;
    if (st.st_size > TRUST_FILE_MAX)
        return ERR_TOO_LARGE;
    TRY(buf_reserve(out, (size_t)st.st_size + 1));
    while (out->len < (size_t)st.st_size) {
        ssize_t r = read(fd, out->ptr + out->len, (size_t)st.st_size - out->len);
        if (r <= 0)
            return ERR_IO;
        out->len += (size_t)r;
    }
    out->ptr[out->len] = '\0'; /* searched as text */
    return OK;
}

static err_t add_anchor(struct trust *t, X509 *cert, const char *name)
{
    if (t->anchor_n == TRUST_ANCHORS_MAX)
        return ERR_TOO_LARGE;
    AUTO_BUF cn = {0};
    char *to = t->anchor[t->anchor_n].name;
    size_t cap = sizeof t->anchor[0].name;
    if (name[0] != '\0')
        snprintf(to, cap, "%s", name);
    else if (x509_name_attr(X509_get_subject_name(cert), NID_commonName, &cn) == OK)
        snprintf(to, cap, "%s", buf_str(&cn));
    else if (x509_name_text(X509_get_subject_name(cert), &cn) == OK)
        snprintf(to, cap, "%s", buf_str(&cn));
    X509_up_ref(cert);
    t->anchor[t->anchor_n++].cert = cert;
    return OK;
}

/* What one PEM block, or a DER file, holds. */
static err_t add_block(struct trust *t, struct bytes block, const char *name)
{
    AUTO_X509_STACK certs = NULL;
    AUTO_X509_CRL_STACK crls = NULL;
    TRY(x509_bundle_parse(block, &certs, &crls));
    for (int i = 0; i < sk_X509_num(certs); i++) {
        X509 *cert = sk_X509_value(certs, i);
        if ((X509_get_extension_flags(cert) & EXFLAG_SS) != 0) {
            TRY(add_anchor(t, cert, name));
        } else {
            X509_up_ref(cert);
            if (sk_X509_push(t->certs, cert) <= 0)
                return ERR_NOMEM;
        }
    }
    while (sk_X509_CRL_num(crls) > 0) {
        if (sk_X509_CRL_push(t->crls, sk_X509_CRL_pop(crls)) <= 0)
            return ERR_NOMEM;
    }
    return OK;
}

/* The last "# name: …" line between the blocks. */
static void find_name(const char *from, const char *to, char *out, size_t cap)
{
    static const char MARK[] = "# name: ";
    out[0] = '\0';
    for (const char *line = from; line < to;) {
        const char *end = memchr(line, '\n', (size_t)(to - line));
        size_t n = (size_t)((end != NULL ? end : to) - line);
        if (n > sizeof MARK - 1 && memcmp(line, MARK, sizeof MARK - 1) == 0)
            snprintf(out, cap, "%.*s", (int)(n - (sizeof MARK - 1)), line + sizeof MARK - 1);
        line += n + 1;
    }
}

err_t trust_load(struct trust *t, const char *path)
{
    AUTO_BUF text = {0};
    char name[200];
    TRY(read_file(path, &text));
    const char *p = buf_str(&text), *begin = strstr(p, "-----BEGIN ");
    if (begin == NULL)
        return add_block(t, buf_bytes(&text), "");
    while (begin != NULL) {
        const char *end = strstr(begin, "-----END ");
        const char *stop = end != NULL ? strchr(end, '\n') : NULL;
        if (end == NULL)
            return ERR_SYNTAX;
        stop = stop != NULL ? stop + 1 : end + strlen(end);
        find_name(p, begin, name, sizeof name);
        TRY(add_block(t, BYTES(begin, (size_t)(stop - begin)), name));
        p = stop;
        begin = strstr(p, "-----BEGIN ");
    }
    return OK;
}

err_t trust_load_crls(struct trust *t, const char *path)
{
    AUTO_BUF text = {0};
    AUTO_X509_STACK certs = NULL;
    TRY(read_file(path, &text));
    TRY(x509_bundle_parse(buf_bytes(&text), &certs, &t->crls));
    return sk_X509_num(certs) > 0 ? ERR_SYNTAX : OK;
}

const char *trust_name(const struct trust *t, const X509 *anchor)
{
    for (size_t i = 0; i < t->anchor_n; i++) {
        if (X509_cmp(t->anchor[i].cert, anchor) == 0)
            return t->anchor[i].name;
    }
    return "";
}

void trust_free(struct trust *t)
{
    for (size_t i = 0; i < t->anchor_n; i++)
        X509_free(t->anchor[i].cert);
    x509_stack_free(&t->certs);
    x509_crl_stack_free(&t->crls);
    *t = (struct trust){0};
}

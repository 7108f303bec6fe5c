/*
 * Published certificates and CRLs from files, cached until the file changes.
 * Called by rules/signing, rules/sealing, endpoints/certificates and endpoints/crl.
 */
#include "signer/rules/trust.h"

#include "common/log.h"
#include "common/x509.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char *const names[TRUST_FILES] = {"root.crt", "citizens.crt", "services.crt", "root.crl", "services.crl"};

struct entry {
    struct timespec mtime;
    ino_t inode;
    struct buf der;
};

struct trust {
    pthread_mutex_t lock;
    char *folder;
    struct entry entry[TRUST_FILES];
};

err_t trust_open(const char *folder, struct trust **out)
{
    struct trust *t = calloc(1, sizeof *t);
    if (t == NULL)
        return ERR_NOMEM;
    pthread_mutex_init(&t->lock, NULL);
    t->folder = strdup(folder);
    *out = t;
    return t->folder != NULL ? OK : ERR_NOMEM;
}

void trust_close(struct trust **t)
{
    if (*t == NULL)
        return;
    for (int i = 0; i < TRUST_FILES; i++)
        buf_free(&(*t)->entry[i].der);
    pthread_mutex_destroy(&(*t)->lock);
    free((*t)->folder);
    free(*t);
    *t = NULL;
}

static err_t load(const char *path, bool crl, struct buf *der)
{
    AUTO_X509_STACK certs = NULL;
    AUTO_X509_CRL_STACK crls = NULL;
    TRY(x509_bundle_load(path, &certs, &crls));
    if (crl)
        return sk_X509_CRL_num(crls) == 1 ? x509_crl_to_der(sk_X509_CRL_value(crls, 0), der) : ERR_SYNTAX;
    return sk_X509_num(certs) >= 1 ? x509_to_der(sk_X509_value(certs, 0), der) : ERR_SYNTAX;
}

static err_t refresh(struct trust *t, enum trust_file f)
{
    char path[4096];
    if (snprintf(path, sizeof path, "%s/%s", t->folder, names[f]) >= (int)sizeof path)
        return ERR_NOT_FOUND;
    struct entry *e = &t->entry[f];
    struct stat st;
    if (stat(path, &st) != 0) {
        log_event(LOG_ERROR, "pki", "%s is missing", names[f]);
        return ERR_NOT_FOUND;
    }
    if (e->der.len > 0 && st.st_ino == e->inode && memcmp(&st.st_mtim, &e->mtime, sizeof e->mtime) == 0)
        return OK;
    AUTO_BUF der = {0};
    err_t err = load(path, f >= TRUST_ROOT_CRL, &der);
    if (err != OK) {
        log_event(LOG_ERROR, "pki", "%s cannot be read: %s", names[f], err_info(err)->name);
        return e->der.len > 0 ? OK : ERR_NOT_FOUND; /* half-written: the one before still holds */
    }
    buf_free(&e->der);
    e->der = take(&der);
    e->mtime = st.st_mtim;
    e->inode = st.st_ino;
    return OK;
}

err_t trust_get(struct trust *t, enum trust_file f, struct buf *der)
{
    pthread_mutex_lock(&t->lock);
    err_t e = refresh(t, f);
    if (e == OK)
        e = buf_copy(der, buf_bytes(&t->entry[f].der));
    pthread_mutex_unlock(&t->lock);
    return e;
}

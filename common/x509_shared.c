/*
 * Remembers parsed certificates under their bytes.
 * Called by cms.c, signer/formats and signer/verify.
 */
#include "common/x509_shared.h"

#include <pthread.h>

#define WAYS 4 /* that certificates of one set find place for, the one asked for last in front */

struct slot {
    struct buf der;
    X509 *cert;
};
static struct slot slots[X509_SHARED_SLOTS / WAYS][WAYS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* By its last bytes: they are the signature's, and differ. Who makes many meet in one set wins only that they are parsed anew. */
static struct slot *set_of(struct bytes der)
{
    unsigned h = 0;
    for (size_t i = der.len < 8 ? 0 : der.len - 8; i < der.len; i++)
        h = h * 31 + der.ptr[i];
    return slots[h % (X509_SHARED_SLOTS / WAYS)];
}

/* Puts one in front of those that stood before it. */
static void to_front(struct slot *set, size_t i, struct slot one)
{
    for (; i > 0; i--)
        set[i] = set[i - 1];
    set[0] = one;
}

/* Never waits: while another thread looks, or in a child that was forked meanwhile, the certificate is simply parsed. */
static X509 *recall(struct bytes der)
{
    X509 *found = NULL;
    if (pthread_mutex_trylock(&lock) != 0)
        return NULL;
    struct slot *set = set_of(der);
    for (size_t i = 0; i < WAYS && found == NULL; i++) {
        if (set[i].cert != NULL && bytes_eq(buf_bytes(&set[i].der), der) && X509_up_ref(set[i].cert) == 1) {
            found = set[i].cert;
            to_front(set, i, set[i]);
        }
    }
    (void)pthread_mutex_unlock(&lock);
    return found;
}

static void slot_clear(struct slot *s)
{
    buf_free(&s->der);
    x509_free(&s->cert);
}

static void remember(struct bytes der, X509 *cert)
{
    AUTO_BUF copy = {0};
    if (der.len > X509_SHARED_DER_MAX || buf_copy(&copy, der) != OK || pthread_mutex_trylock(&lock) != 0)
        return;
    struct slot *set = set_of(der);
    if (X509_up_ref(cert) == 1) {
        slot_clear(&set[WAYS - 1]);
        to_front(set, WAYS - 1, (struct slot){take(&copy), cert});
    }
    (void)pthread_mutex_unlock(&lock);
}

err_t x509_shared(struct bytes der, X509 **out)
{
    *out = der.len <= X509_SHARED_DER_MAX ? recall(der) : NULL;
    if (*out != NULL)
        return OK;
    TRY(x509_from_der(der, out));
    remember(der, *out);
    return OK;
}

void x509_shared_forget(void)
{
    (void)pthread_mutex_lock(&lock);
    for (size_t i = 0; i < X509_SHARED_SLOTS; i++)
        slot_clear(&slots[i / WAYS][i % WAYS]);
    (void)pthread_mutex_unlock(&lock);
}

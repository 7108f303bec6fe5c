/*
 * Starts the process with the key and asks it for signatures.
 * Called by main.c. The documents' side: it has the certificate and never the key.
 */
#include "signer/sign/key_process.h"

#include "common/ipc.h"
#include "signer/sign/key_wire.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* A socket for each thread that may sign at once; whoever signs takes a free one. */
struct key_process {
    pid_t pid;
    int fd[KEY_THREADS_MAX];
    unsigned n, free_n;
    int free_fd[KEY_THREADS_MAX];
    pthread_mutex_t mutex;
    pthread_cond_t given_back;
    struct buf cert, chain[KEY_CHAIN_MAX];
    struct bytes chain_view[KEY_CHAIN_MAX];
    struct signing_key signing;
};

/* --- one signature --- */

static int take_socket(struct key_process *p)
{
    (void)pthread_mutex_lock(&p->mutex);
    while (p->free_n == 0)
        (void)pthread_cond_wait(&p->given_back, &p->mutex);
    int fd = p->free_fd[--p->free_n];
    (void)pthread_mutex_unlock(&p->mutex);
    return fd;
}

static void give_back(struct key_process *p, int fd)
{
    (void)pthread_mutex_lock(&p->mutex);
    p->free_fd[p->free_n++] = fd;
    (void)pthread_cond_signal(&p->given_back);
    (void)pthread_mutex_unlock(&p->mutex);
}

static err_t ask(int fd, struct bytes input, struct buf *signature)
{
    struct key_answer a;
    size_t n;
    if (ipc_send(fd, input.ptr, input.len) != OK || ipc_recv(fd, &a, sizeof a, &n) != OK || n < offsetof(struct key_answer, value))
        return ERR_CRYPTO; /* it is gone */
    TRY(a.e);
    return a.n == n - offsetof(struct key_answer, value) && a.n > 0 ? buf_copy(signature, BYTES(a.value, a.n)) : ERR_CRYPTO;
}

/* Ed25519 hashes in two passes: there the whole goes over (RFC 8032 §5.1.6). */
static err_t sign(void *arg, struct bytes tbs, struct buf *signature)
{
    struct key_process *p = arg;
    uint8_t digest[EVP_MAX_MD_SIZE];
    struct bytes input = tbs;
    if (p->signing.scheme != SIGN_ED25519) {
        input = BYTES(digest, cms_hash_len(p->signing.hash));
        if (EVP_Digest(tbs.ptr, tbs.len, digest, NULL, cms_hash_md(p->signing.hash), NULL) != 1)
            return ERR_CRYPTO;
    }
    if (input.len > KEY_INPUT_MAX)
        return ERR_TOO_LARGE;
    int fd = take_socket(p);
    err_t e = ask(fd, input, signature);
    give_back(p, fd);
    return e;
}

/* --- starting --- */

static err_t receive_cert(int fd, struct buf *out)
{
    uint8_t der[X509_DER_MAX];
    size_t n;
    TRY(ipc_recv(fd, der, sizeof der, &n));
    return buf_copy(out, BYTES(der, n));
}

static err_t receive_hello(struct key_process *p, char why[160])
{
    struct key_hello h;
    size_t n;
    TRY(ipc_recv(p->fd[0], &h, sizeof h, &n) == OK && n == sizeof h && h.chain_n <= KEY_CHAIN_MAX ? OK : ERR_IO);
    memcpy(why, h.why, 159);
    why[159] = '\0';
    TRY(h.e);
    TRY(receive_cert(p->fd[0], &p->cert));
    for (size_t i = 0; i < h.chain_n; i++) {
        TRY(receive_cert(p->fd[0], &p->chain[i]));
        p->chain_view[i] = buf_bytes(&p->chain[i]);
    }
    p->signing = (struct signing_key){.cert = buf_bytes(&p->cert),
                                      .chain = p->chain_view,
                                      .chain_n = h.chain_n,
                                      .hash = h.hash,
                                      .scheme = h.scheme,
                                      .sign = sign,
                                      .arg = p};
    return OK;
}

static err_t open_sockets(struct key_process *p, unsigned n, int there[KEY_THREADS_MAX])
{
    for (p->n = 0; p->n < n; p->n++) {
        int pair[2];
        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
            return ERR_IO;
        p->fd[p->n] = p->free_fd[p->n] = pair[0];
        there[p->n] = pair[1];
    }
    p->free_n = n;
    return OK;
}

static err_t start(struct key_process *p, const struct key_wish *w, unsigned n)
{
    int there[KEY_THREADS_MAX];
    err_t e = open_sockets(p, n, there);
    p->pid = e == OK ? fork() : -1;
    if (p->pid == 0) {
        for (unsigned i = 0; i < p->n; i++)
            close(p->fd[i]);
        _exit(key_server_run(w, there, n));
    }
    for (unsigned i = 0; i < p->n; i++)
        close(there[i]);
    return p->pid > 0 ? OK : ERR_IO;
}

err_t key_process_start(const struct key_wish *w, unsigned threads, struct key_process **out, char why[160])
{
    struct key_process *p = *out = calloc(1, sizeof **out);
    why[0] = '\0';
    if (p == NULL)
        return ERR_NOMEM;
    (void)pthread_mutex_init(&p->mutex, NULL);
    (void)pthread_cond_init(&p->given_back, NULL);
    TRY(start(p, w, threads < KEY_THREADS_MAX ? threads : KEY_THREADS_MAX));
    return receive_hello(p, why);
}

const struct signing_key *key_process_signing(const struct key_process *p)
{
    return &p->signing;
}

/* Closed sockets end it. */
void key_process_end(struct key_process **pp)
{
    struct key_process *p = *pp;
    if (p == NULL)
        return;
    for (unsigned i = 0; i < p->n; i++)
        close(p->fd[i]);
    if (p->pid > 0)
        (void)waitpid(p->pid, NULL, 0);
    (void)pthread_mutex_destroy(&p->mutex);
    (void)pthread_cond_destroy(&p->given_back);
    buf_free(&p->cert);
    for (size_t i = 0; i < KEY_CHAIN_MAX; i++)
        buf_free(&p->chain[i]);
    free(p);
    *pp = NULL;
}

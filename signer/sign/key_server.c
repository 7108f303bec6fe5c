/*
 * Opens the key and signs with it, a thread a socket.
 * Called by key_process.c. No file is opened and no system call but talking, waiting and memory made once the key is there.
 */
#include "signer/sign/key_server.h"

#include "common/clock.h"
#include "common/ipc.h"
#include "common/lockin.h"
#include "signer/sign/key_wire.h"
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#define PASSWORD_MAX 256

/* --- passwords: from a file or the terminal, never from the command line --- */

static err_t ask_password(enum lang lang, struct secret *out)
{
    static const char *const PROMPT[LANG_N] = {[LANG_VI] = "Mật khẩu hoặc mã PIN: ", [LANG_EN] = "Password or PIN: "};
    char text[PASSWORD_MAX + 1] = "";
    if (EVP_read_pw_string(text, sizeof text, PROMPT[lang], 0) != 0)
        return ERR_KEY_PIN;
    err_t e = secret_copy(out, bytes_str(text));
    secret_wipe(text, sizeof text);
    return e;
}

/* A plain PEM key needs none; everything else asks, when there is somebody. */
static err_t open_key(const struct key_wish *w, struct key *k, char why[160])
{
    AUTO_SECRET password = {0};
    struct key_source source = w->source;
    if (w->password_file != NULL) {
        err_t e = secret_read_file(&password, w->password_file, PASSWORD_MAX);
        if (e != OK)
            snprintf(why, 160, "%s", w->password_file);
        TRY(e);
    }
    source.password = secret_bytes(&password);
    err_t e = key_open(k, &source, why);
    if (e != ERR_KEY_PIN || w->password_file != NULL || !isatty(STDIN_FILENO))
        return e;
    key_close(k);
    TRY(ask_password(w->lang, &password));
    source.password = secret_bytes(&password);
    return key_open(k, &source, why);
}

static err_t open_usable(const struct key_wish *w, struct key *k, char why[160])
{
    TRY(open_key(w, k, why));
    err_t e = key_usable(k, clock_now());
    if (e != OK)
        snprintf(why, 160, "certificate");
    return e;
}

/* --- serving --- */

struct seat {
    const struct key *key;
    int fd;
    pthread_barrier_t *seated; /* NULL: waits for nobody */
};

static void *serve(void *arg)
{
    const struct seat *s = arg;
    AUTO(key_signer_free) struct key_signer *signer = NULL;
    uint8_t *input = malloc(KEY_INPUT_MAX);
    err_t made = input != NULL ? key_signer_new(s->key, &signer) : ERR_NOMEM;
    if (s->seated != NULL)
        (void)pthread_barrier_wait(s->seated);
    for (size_t n; made != ERR_NOMEM && ipc_recv(s->fd, input, KEY_INPUT_MAX, &n) == OK;) {
        struct key_answer a = {.e = made};
        if (made == OK)
            a.e = key_signer_sign(signer, BYTES(input, n), a.value, &a.n);
        if (ipc_send(s->fd, &a, offsetof(struct key_answer, value) + a.n) != OK)
            break;
    }
    free(input);
    return NULL;
}

/* Before the door shuts: what the library loads late. Also tells at once when the key does not sign. */
static err_t warm_up(const struct key *k)
{
    static const uint8_t ZEROS[EVP_MAX_MD_SIZE] = {0};
    AUTO(key_signer_free) struct key_signer *signer = NULL;
    uint8_t value[KEY_SIGNATURE_MAX];
    size_t n;
    TRY(key_signer_new(k, &signer));
    return key_signer_sign(signer, BYTES(ZEROS, cms_hash_len(k->signing.hash)), value, &n);
}

static err_t say_hello(const struct key *k, struct key_hello *h, int fd)
{
    h->scheme = k->signing.scheme;
    h->hash = k->signing.hash;
    h->chain_n = k->signing.chain_n;
    TRY(ipc_send(fd, h, sizeof *h));
    if (h->e != OK)
        return h->e;
    TRY(ipc_send(fd, k->cert.ptr, k->cert.len));
    for (size_t i = 0; i < h->chain_n; i++)
        TRY(ipc_send(fd, k->chain[i].ptr, k->chain[i].len));
    return OK;
}

/* A token's module is code of others: it needs what it needs. */
static err_t shut_the_door(const struct key_wish *w, const struct key *k)
{
    if (w->source.module != NULL)
        return OK;
    TRY(warm_up(k));
    return lockin_close();
}

/* All but the first, which is this thread's: once the door is shut none can be made, and none may still be on its way in. */
static err_t seat_all(const struct key *k, struct seat *seat, const int *fd, unsigned n, pthread_barrier_t *seated)
{
    pthread_t thread;
    if (pthread_barrier_init(seated, NULL, n) != 0)
        return ERR_NOMEM;
    for (unsigned i = 1; i < n; i++) {
        seat[i] = (struct seat){k, fd[i], seated};
        if (pthread_create(&thread, NULL, serve, &seat[i]) != 0)
            return ERR_NOMEM;
    }
    (void)pthread_barrier_wait(seated);
    return OK;
}

int key_server_run(const struct key_wish *w, const int *fd, unsigned n)
{
    struct key k = {0};
    struct key_hello hello = {0};
    struct seat seat[KEY_THREADS_MAX];
    pthread_barrier_t seated;
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    err_t e = lockin_early();
    if (e == OK)
        e = open_usable(w, &k, hello.why);
    if (e == OK)
        e = seat_all(&k, seat, fd, n, &seated);
    if (e == OK)
        e = shut_the_door(w, &k);
    hello.e = e;
    bool told = say_hello(&k, &hello, fd[0]) == OK;
    if (e == OK && told)
        (void)serve(&(struct seat){&k, fd[0], NULL});
    _exit(0); /* the other threads end with it; memory is the system's again */
}

/*
 * Passwords by Argon2id, a bounded number at once.
 * Called by rules/login.c, rules/activation.c and antin-idpctl. RFC 9106, by libsodium.
 */
#include "idp/factors/password.h"
#include "common/clock.h"
#include "common/secret.h"
#include <errno.h>
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

_Static_assert(ARGON2_STR_CAP >= crypto_pwhash_argon2id_STRBYTES, "a stored hash fits");

struct argon2 {
    struct argon2_conf conf;
    pthread_mutex_t lock;
    pthread_cond_t freed;
    unsigned running, waiting;
    char nobody[ARGON2_STR_CAP]; /* the cost of a real one; random salt and result, so that no password matches */
};

/* "$argon2id$v=19$m=65536,t=2,p=1$<16 bytes>$<32 bytes>" without doing the work at start. */
static void make_nobody(struct argon2 *a)
{
    uint8_t random[48];
    char salt[32], hash[64];

    random_bytes(random, sizeof random);
    sodium_bin2base64(salt, sizeof salt, random, 16, sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
    sodium_bin2base64(hash, sizeof hash, random + 16, 32, sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
    snprintf(a->nobody, sizeof a->nobody, "$argon2id$v=19$m=%zu,t=%u,p=1$%.22s$%.43s", a->conf.mem / 1024, a->conf.ops, salt, hash);
}

err_t argon2_open(const struct argon2_conf *conf, struct argon2 **out)
{
    struct argon2 *a = calloc(1, sizeof *a);
    pthread_condattr_t attr;

    if (!a)
        return ERR_NOMEM;
    a->conf = *conf;
    pthread_mutex_init(&a->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&a->freed, &attr);
    pthread_condattr_destroy(&attr);
    make_nobody(a);
    *out = a;
    return OK;
}

void argon2_close(struct argon2 **a)
{
    if (!*a)
        return;
    pthread_cond_destroy(&(*a)->freed);
    pthread_mutex_destroy(&(*a)->lock);
    free(*a);
    *a = NULL;
}

static err_t enter(struct argon2 *a)
{
    int64_t end = clock_mono_us() + (int64_t)a->conf.wait_ms * 1000;
    const struct timespec until = {.tv_sec = end / 1000000, .tv_nsec = end % 1000000 * 1000};
    err_t e = OK;

    pthread_mutex_lock(&a->lock);
    if (a->running >= a->conf.at_once && a->waiting >= a->conf.waiting)
        e = ERR_BUSY;
    a->waiting++;
    while (e == OK && a->running >= a->conf.at_once)
        if (pthread_cond_timedwait(&a->freed, &a->lock, &until) == ETIMEDOUT)
            e = ERR_BUSY;
    a->waiting--;
    if (e == OK)
        a->running++;
    pthread_mutex_unlock(&a->lock);
    return e;
}

static void leave(struct argon2 *a)
{
    pthread_mutex_lock(&a->lock);
    a->running--;
    pthread_cond_signal(&a->freed);
    pthread_mutex_unlock(&a->lock);
}

err_t argon2_make(struct argon2 *a, struct bytes password, char out[ARGON2_STR_CAP])
{
    memset(out, 0, ARGON2_STR_CAP);
    TRY(enter(a));
    int rc = crypto_pwhash_argon2id_str(out, (const char *)password.ptr, password.len, a->conf.ops, a->conf.mem);
    leave(a);
    return rc == 0 ? OK : ERR_NOMEM;
}

err_t argon2_check(struct argon2 *a, const char *stored, struct bytes password)
{
    char hash[ARGON2_STR_CAP] = {0}; /* libsodium reads the whole array */
    bool real = stored && *stored;

    snprintf(hash, sizeof hash, "%s", real ? stored : a->nobody);
    TRY(enter(a));
    int rc = crypto_pwhash_argon2id_str_verify(hash, (const char *)password.ptr, password.len);
    leave(a);
    return rc == 0 && real ? OK : ERR_PASSWORD;
}

bool argon2_outdated(const struct argon2 *a, const char *stored)
{
    char hash[ARGON2_STR_CAP] = {0};

    snprintf(hash, sizeof hash, "%s", stored);
    return crypto_pwhash_argon2id_str_needs_rehash(hash, a->conf.ops, a->conf.mem) != 0;
}

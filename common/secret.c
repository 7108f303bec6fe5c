/*
 * Secrets: wiped memory, constant-time comparison, randomness, hashes.
 * Used wherever a password, PIN, token or key passes.
 * libsodium; RFC 9562 (UUID), FIPS 180-4, RFC 2104.
 */
#include "common/secret.h"
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void secret_init(void)
{
    if (sodium_init() < 0) { /* 1: was initialised already */
        static const char why[] = "no randomness: libsodium cannot start\n";
        (void)!write(STDERR_FILENO, why, sizeof why - 1);
        abort();
    }
}

err_t secret_copy(struct secret *s, struct bytes v)
{
    uint8_t *p = malloc(v.len + 1); /* never malloc(0); the last byte is a NUL for C interfaces */
    if (p == NULL)
        return ERR_NOMEM;
    if (v.len > 0)
        memcpy(p, v.ptr, v.len);
    p[v.len] = 0;
    secret_free(s); /* after the copy: v may be a part of s */
    *s = (struct secret){p, v.len};
    return OK;
}

/* Reads to the end of the file or to cap bytes. */
static err_t read_all(int fd, uint8_t *p, size_t cap, size_t *len)
{
    *len = 0;
    while (*len < cap) {
        ssize_t n = read(fd, p + *len, cap - *len);
        if (n < 0)
            return ERR_IO;
        if (n == 0)
            break;
        *len += (size_t)n;
    }
    return OK;
}

err_t secret_read_file(struct secret *s, const char *path, size_t max)
{
    secret_free(s);
    AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK); /* O_NONBLOCK: a FIFO must not hang the start */
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        return ERR_IO;
    /* Two more than the limit: the newline that is dropped, and the byte that proves the file too long. */
    if (max > SIZE_MAX / 2)
        return ERR_TOO_LARGE;
    AUTO_SECRET all = {malloc(max + 2), max + 2};
    if (all.ptr == NULL) {
        all.len = 0;
        return ERR_NOMEM;
    }
    size_t n = 0;
    TRY(read_all(fd, all.ptr, all.len, &n));
    if (n > 0 && all.ptr[n - 1] == '\n')
        n--;
    if (n > max)
        return ERR_TOO_LARGE;
    return secret_copy(s, BYTES(all.ptr, n));
}

struct bytes secret_bytes(const struct secret *s)
{
    return (struct bytes){s->ptr, s->len};
}

void secret_free(struct secret *s)
{
    if (s->ptr != NULL)
        sodium_memzero(s->ptr, s->len);
    free(s->ptr);
    *s = (struct secret){0};
}

bool secret_eq(struct bytes a, struct bytes b)
{
    /* The length is no secret: tokens and digests have a fixed one. */
    return a.len == b.len && (a.len == 0 || sodium_memcmp(a.ptr, b.ptr, a.len) == 0);
}

void secret_wipe(void *p, size_t n)
{
    sodium_memzero(p, n);
}

void random_bytes(void *out, size_t n)
{
    randombytes_buf(out, n);
}

void random_token(char *out, size_t n)
{
    /* In pieces of whole base64 groups, so that no length needs the heap. */
    uint8_t piece[48];
    while (n > sizeof piece) {
        randombytes_buf(piece, sizeof piece);
        b64url_encode(BYTES(piece, sizeof piece), out);
        out += B64URL_LEN(sizeof piece);
        n -= sizeof piece;
    }
    randombytes_buf(piece, n);
    b64url_encode(BYTES(piece, n), out);
    sodium_memzero(piece, sizeof piece);
}

static void uuid_text(uint8_t u[16], uint8_t version, char out[UUID_LEN + 1])
{
    static const size_t groups[] = {4, 2, 2, 2, 6};
    u[6] = (uint8_t)((u[6] & 0x0f) | version << 4);
    u[8] = (uint8_t)((u[8] & 0x3f) | 0x80); /* variant: RFC 9562 §4.1 */
    for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++) {
        hex_encode(BYTES(u, groups[i]), out); /* and a NUL, where the hyphen or the end comes */
        u += groups[i];
        out += 2 * groups[i];
        *out++ = '-';
    }
    out[-1] = '\0';
}

void random_uuid(char out[UUID_LEN + 1])
{
    /* Fetched for some of them at a time: a system call costs more than the rest. What was given out is wiped. */
    static _Thread_local uint8_t pool[32][16];
    static _Thread_local size_t left;
    if (left == 0) {
        randombytes_buf(pool, sizeof pool);
        left = sizeof pool / sizeof pool[0];
    }
    left--;
    uuid_text(pool[left], 4, out); /* RFC 9562 §5.4 */
    secret_wipe(pool[left], sizeof pool[left]);
}

void uuid_of(const uint8_t bytes[16], char out[UUID_LEN + 1])
{
    uint8_t u[16];
    memcpy(u, bytes, sizeof u);
    uuid_text(u, 8, out);
}

/* libsodium's hash functions take NULL for an empty input. */

void sha256(struct bytes in, uint8_t out[SHA256_LEN])
{
    crypto_hash_sha256(out, in.ptr, in.len);
}

void sha512(struct bytes in, uint8_t out[SHA512_LEN])
{
    crypto_hash_sha512(out, in.ptr, in.len);
}

void hmac_sha256(struct bytes key, struct bytes in, uint8_t out[SHA256_LEN])
{
    static const uint8_t none[1];
    crypto_auth_hmacsha256_state st;
    crypto_auth_hmacsha256_init(&st, key.len > 0 ? key.ptr : none, key.len); /* any key length: RFC 2104 §2 */
    if (in.len > 0)
        crypto_auth_hmacsha256_update(&st, in.ptr, in.len);
    crypto_auth_hmacsha256_final(&st, out);
    sodium_memzero(&st, sizeof st);
}

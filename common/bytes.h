/*
 * Byte strings with their length, and the one idiom for freeing: locals that clean up after themselves.
 * Used everywhere in place of bare pointers.
 */
#ifndef ANTIN_BYTES_H
#define ANTIN_BYTES_H

#include "common/err.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A view of bytes that somebody else owns. */
struct bytes {
    const uint8_t *ptr;
    size_t len;
};

/* Bytes that this struct owns; zero-initialised is empty and valid. */
struct buf {
    uint8_t *ptr;
    size_t len;
    size_t cap;
};

#define BYTES(p, n) ((struct bytes){(const uint8_t *)(p), (n)})
#define BYTES_STR(s) bytes_str(s)
struct bytes bytes_str(const char *s); /* the characters without the final NUL; NULL gives empty */
bool bytes_eq(struct bytes a, struct bytes b); /* not constant time: never for secrets (see secret.h) */
struct bytes buf_bytes(const struct buf *b);

/* Each append returns ERR_NOMEM, or OK; the buffer keeps a NUL after its last byte, outside len. */
err_t buf_add(struct buf *b, const void *p, size_t n) MUST_USE;
err_t buf_add_bytes(struct buf *b, struct bytes v) MUST_USE;
err_t buf_add_str(struct buf *b, const char *s) MUST_USE;
err_t buf_addf(struct buf *b, const char *fmt, ...) MUST_USE __attribute__((format(printf, 2, 3)));
err_t buf_reserve(struct buf *b, size_t more) MUST_USE; /* room for more bytes beyond len */
err_t buf_copy(struct buf *b, struct bytes v) MUST_USE; /* replaces the contents */
const char *buf_str(const struct buf *b); /* as a C string: "" when empty */
void buf_free(struct buf *b);             /* frees and zeroes the struct */

/* Hands ownership on: returns the old value and leaves the variable empty. */
#define take(p)                          \
    __extension__({                      \
        __typeof__(*(p)) take_v_ = *(p); \
        __builtin_memset((p), 0, sizeof *(p)); \
        take_v_;                         \
    })

/* AUTO(free_fn) T x = …: calls free_fn(&x) when x goes out of scope. */
#define AUTO(fn) __attribute__((cleanup(fn)))
#define AUTO_BUF AUTO(buf_free) struct buf
void str_free(char **s);
err_t str_copy(char **s, const char *v) MUST_USE; /* frees the old string; ERR_NOMEM leaves it */
#define AUTO_STR AUTO(str_free) char *
void fd_close(int *fd); /* closes when >= 0, sets to -1 */
#define AUTO_FD AUTO(fd_close) int

/*
 * Base64url without padding (RFC 4648 §5), standard base64 with padding, and lower-case hex.
 * out needs room for the result and a NUL: B64URL_LEN(n)+1, B64_LEN(n)+1, 2n+1.
 */
#define B64URL_LEN(n) (((n) * 4 + 2) / 3)
#define B64_LEN(n) (((n) + 2) / 3 * 4)
void b64url_encode(struct bytes in, char *out);
void b64_encode(struct bytes in, char *out);
void hex_encode(struct bytes in, char *out);
/* Strict: no white space, no padding where none belongs, no stray bits. ERR_SYNTAX; ERR_TOO_LARGE past cap. */
err_t b64url_decode(struct bytes in, uint8_t *out, size_t cap, size_t *len) MUST_USE;
err_t b64_decode(struct bytes in, uint8_t *out, size_t cap, size_t *len) MUST_USE;
err_t hex_decode(struct bytes in, uint8_t *out, size_t cap, size_t *len) MUST_USE;

bool utf8_valid(struct bytes s); /* RFC 3629: no surrogates, no overlong forms, no NUL */

#endif

/*
 * DPoP proofs: the key in the header, the signature by it, and which request it was made for.
 * Called by idpd and signerd. RFC 9449 §4.2, §4.3; RFC 3986 §6.2 (comparing addresses).
 */
#include "common/dpop.h"
#include <ctype.h>
#include <string.h>
#include <strings.h>

#define URL_LEN_MAX 2048
#define JTI_LEN_MAX 256

/* --- addresses --- */

static bool unreserved(int c)
{
    return isascii(c) && (isalnum(c) || c == '-' || c == '.' || c == '_' || c == '~');
}

static int hex(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* RFC 3986 §6.2.2: escapes in upper case, none where none is needed. Dot segments are left alone: no client of ours needs them. */
static err_t normal_path(const char *p, size_t n, struct buf *out)
{
    for (size_t i = 0; i < n; i++) {
        if (p[i] != '%') {
            TRY(buf_add(out, p + i, 1));
            continue;
        }
        int hi = i + 2 < n ? hex(p[i + 1]) : -1, lo = i + 2 < n ? hex(p[i + 2]) : -1;
        if (hi < 0 || lo < 0)
            return ERR_SYNTAX;
        char c = (char)(hi << 4 | lo);
        if (unreserved((unsigned char)c))
            TRY(buf_add(out, &c, 1));
        else
            TRY(buf_addf(out, "%%%02X", (unsigned)(hi << 4 | lo)));
        i += 2;
    }
    return n == 0 ? buf_add_str(out, "/") : OK;
}

/* Scheme and host in lower case, no default port, no query, no fragment (RFC 9449 §4.3 item 9). */
static err_t normal_url(const char *url, struct buf *out)
{
    size_t len = strlen(url), scheme = 0, authority, path;
    if (len > URL_LEN_MAX)
        return ERR_SYNTAX;
    bool https = strncasecmp(url, "https://", 8) == 0;
    if (!https && strncasecmp(url, "http://", 7) != 0)
        return ERR_SYNTAX;
    scheme = https ? 8 : 7;
    authority = strcspn(url + scheme, "/?#");
    path = strcspn(url + scheme + authority, "?#");
    const char *port = https ? ":443" : ":80", *host = url + scheme;
    size_t host_len = authority, port_len = strlen(port);
    if (authority == 0 || memchr(host, '@', authority) != NULL)
        return ERR_SYNTAX;
    if (host_len > port_len && memcmp(host + host_len - port_len, port, port_len) == 0)
        host_len -= port_len;
    TRY(buf_add_str(out, https ? "https://" : "http://"));
    for (size_t i = 0; i < host_len; i++) {
        char c = (char)tolower((unsigned char)host[i]);
        TRY(buf_add(out, &c, 1));
    }
    return normal_path(host + authority, path, out);
}

static err_t same_url(const char *a, const char *b)
{
    AUTO_BUF x = {0}, y = {0};
    TRY(normal_url(a, &x));
    TRY(normal_url(b, &y));
    return bytes_eq(buf_bytes(&x), buf_bytes(&y)) ? OK : ERR_UNAUTHENTICATED;
}

/* --- the proof --- */

/* The public key that the header brings, with the algorithm that the header names: it must be one that the key can do (RFC 9449 §4.3 items 5, 7). */
static err_t key_of(const json_t *header, struct jwks *out)
{
    const char *alg;
    struct jwk *k = &out->key[0];
    TRY(json_need_str(header, "alg", 16, &alg));
    err_t e = jwk_parse(json_object_get(header, "jwk"), k);
    if (e != OK)
        return e == ERR_NOMEM ? e : ERR_SYNTAX;
    out->n = 1;
    if (k->alg == JOSE_RS256) /* an RSA key signs proofs with PSS alone */
        k->alg = JOSE_PS256;
    if (json_object_get(header, "kid") != NULL) /* the key itself is here: a name for it can only confuse */
        return ERR_SYNTAX;
    return strcmp(alg, jose_alg_name(k->alg)) == 0 ? OK : ERR_SYNTAX;
}

static err_t check_token(const json_t *claims, const char *access_token)
{
    uint8_t hash[SHA256_LEN];
    char want[B64URL_LEN(SHA256_LEN) + 1];
    const char *ath;
    if (access_token == NULL)
        return OK;
    sha256(bytes_str(access_token), hash);
    b64url_encode(BYTES(hash, sizeof hash), want);
    TRY(json_need_str(claims, "ath", sizeof want - 1, &ath));
    return strcmp(ath, want) == 0 ? OK : ERR_UNAUTHENTICATED;
}

static err_t check_claims(const json_t *claims, const struct dpop_expect *e, struct dpop_proof *out)
{
    const char *jti, *htm, *htu, *nonce;
    int64_t iat;
    TRY(json_need_str(claims, "jti", JTI_LEN_MAX, &jti));
    TRY(json_need_str(claims, "htm", 16, &htm));
    TRY(json_need_str(claims, "htu", URL_LEN_MAX, &htu));
    TRY(json_get_int(claims, "iat", 0, INT64_C(1) << 40, -1, &iat));
    TRY(json_get_str(claims, "nonce", DPOP_NONCE_MAX, &nonce));
    if (iat < 0 || strcmp(htm, e->method) != 0) /* method names know case (RFC 9110 §9.1) */
        return iat < 0 ? ERR_SYNTAX : ERR_UNAUTHENTICATED;
    TRY(same_url(htu, e->url));
    TRY(check_token(claims, e->access_token));
    if (iat > e->now + DPOP_FUTURE || iat < e->now - DPOP_PAST)
        return ERR_EXPIRED;
    AUTO_BUF id = {0};
    TRY(buf_addf(&id, "%s|%s", out->jkt, jti));
    sha256(buf_bytes(&id), out->id);
    out->until = iat + DPOP_PAST + 1;
    memcpy(out->nonce, nonce ? nonce : "", nonce ? strlen(nonce) + 1 : 1);
    return OK;
}

err_t dpop_check(const char *proof, const struct dpop_expect *e, struct dpop_proof *out)
{
    AUTO_JSON header = NULL;
    AUTO_JSON claims = NULL;
    AUTO(jwks_free) struct jwks key = {0};
    *out = (struct dpop_proof){0};
    TRY(jwt_header(bytes_str(proof), &header));
    TRY(key_of(header, &key));
    TRY(jwt_verify_any(bytes_str(proof), &key, "dpop+jwt", &claims));
    TRY(jwk_thumbprint(key.key[0].key, out->jkt));
    return check_claims(claims, e, out);
}

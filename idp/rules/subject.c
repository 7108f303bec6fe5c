/*
 * Pairwise subjects.
 * Called by rules/ and endpoints/. OpenID Connect Core §8.1.
 */
#include "idp/rules/subject.h"
#include <sodium.h>
#include <string.h>

void subject_make(const uint8_t key[32], const char *sector, const char *account_id, char out[SUB_LEN + 1])
{
    crypto_auth_hmacsha256_state st;
    uint8_t mac[SHA256_LEN];

    crypto_auth_hmacsha256_init(&st, key, 32);
    crypto_auth_hmacsha256_update(&st, (const uint8_t *)sector, strlen(sector));
    crypto_auth_hmacsha256_update(&st, (const uint8_t *)"|", 1);
    crypto_auth_hmacsha256_update(&st, (const uint8_t *)account_id, strlen(account_id));
    crypto_auth_hmacsha256_final(&st, mac);
    b64url_encode(BYTES(mac, sizeof mac), out);
    secret_wipe(&st, sizeof st);
}

err_t subject_sector(const char *url, char *out, size_t cap)
{
    const char *host = strstr(url, "://");

    if (!host || (strncmp(url, "https://", 8) != 0 && strncmp(url, "http://", 7) != 0))
        return ERR_SYNTAX;
    host += 3;
    size_t n = strcspn(host, "/?#");
    if (n == 0 || n >= cap || memchr(host, '@', n))
        return ERR_SYNTAX;
    memcpy(out, host, n);
    out[n] = '\0';
    return OK;
}

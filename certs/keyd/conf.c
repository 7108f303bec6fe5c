/*
 * keyd's configuration: the key table, and what must fit together.
 * Called by main.c, the supervisor and the worker.
 */
#include "certs/keyd/keyd.h"
#include "common/config.h"

#include <string.h>

#define AT(f) offsetof(struct keyd_conf, f)
#define PEERS_AT(g) (offsetof(struct keyd_conf, peers_of) + (size_t)(g) * sizeof(char *))
static const struct config_key KEYS[] = {
    {"keyd", "socket", CONFIG_STR, AT(socket), NULL, true, 0, 0, "path of the Unix socket"},
    {"keyd", "socket_mode", CONFIG_STR, AT(socket_mode), "0660", false, 0, 0, "its mode, octal; peers are checked by uid besides"},
    {"keyd", "socket_group", CONFIG_STR, AT(socket_group), "", false, 0, 0, "its group, by name"},
    {"keyd", "peers", CONFIG_STR, AT(peers), NULL, true, 0, 0, "who may connect: user names or uids, separated by spaces"},
    {"keyd", "user", CONFIG_STR, AT(user), "", false, 0, 0, "user to become after the keys were read; empty: stay"},
    {"keyd", "purposes", CONFIG_STR, AT(purposes), NULL, true, 0, 0, "what it does: token data tsa seal ca ocsp citizen"},
    {"keyd", "keys", CONFIG_STR, AT(keys), NULL, true, 0, 0, "folder with the sealed key files (*.key) and certificates (*.crt)"},
    {"keyd", "domain_key", CONFIG_SECRET, AT(domain_key), NULL, true, 0, 0, "file with the domain's key (antin-ca domain-key)"},
    {"keyd", "threads", CONFIG_INT, AT(threads), "0", false, 0, 64, "threads that sign; 0: one a core"},
    {"keyd", "pin_threads", CONFIG_INT, AT(pin_threads), "0", false, 0, 16,
     "threads for PINs and CRLs, so many Argon2id at once; 0: half the cores"},
    {"keyd", "max_conns", CONFIG_INT, AT(max_conns), "256", false, 1, 4096, "connections at once"},
    {"peers", "token", CONFIG_STR, PEERS_AT(KEY_TOKEN), "", false, 0, 0, "who may have tokens signed; empty: keyd.peers"},
    {"peers", "data", CONFIG_STR, PEERS_AT(KEY_DATA), "", false, 0, 0, "who may wrap data keys; empty: keyd.peers"},
    {"peers", "tsa", CONFIG_STR, PEERS_AT(KEY_TSA), "", false, 0, 0, "who may have timestamps; empty: keyd.peers"},
    {"peers", "seal", CONFIG_STR, PEERS_AT(KEY_SEAL), "", false, 0, 0, "who may have the seal; empty: keyd.peers"},
    {"peers", "ca", CONFIG_STR, PEERS_AT(KEY_CA), "", false, 0, 0, "who may have certificates and CRLs; empty: keyd.peers"},
    {"peers", "ocsp", CONFIG_STR, PEERS_AT(KEY_OCSP), "", false, 0, 0, "who may have OCSP responses; empty: keyd.peers"},
    {"peers", "citizen", CONFIG_STR, PEERS_AT(GROUP_CITIZEN), "", false, 0, 0, "who may use citizens' keys; empty: keyd.peers"},
    {"token", "issuer", CONFIG_STR, AT(issuer), "", false, 0, 0, "iss of every token; required with the purpose token"},
    {"token", "alg", CONFIG_STR, AT(token_alg), "ES256", false, 0, 0,
     "algorithm of access tokens, and of whatever asks for no other: ES256 ES384 EdDSA RS256 PS256"},
    {"token", "rotate_days", CONFIG_INT, AT(rotate_days), "0", false, 0, 3650,
     "each token key is succeeded after so many days, and destroyed when its last token is dead; 0: only when asked"},
    {"token", "overlap_s", CONFIG_INT, AT(overlap_s), "86400", false, 600, 2592000,
     "seconds that a new token key is published before it signs"},
    {"token", "jwks_out", CONFIG_STR, AT(jwks_out), "", false, 0, 0,
     "file that holds the public token keys as they come and go: idp_jwks of the signer's keyd on the same machine"},
    {"tsa", "policy", CONFIG_STR, AT(tsa_policy), "2.999.704.2.1", false, 0, 0,
     "OID of the timestamp policy (2.999 is the arc for examples)"},
    {"tsa", "accuracy_ms", CONFIG_INT, AT(tsa_accuracy_ms), "1000", false, 1, 3600000, "accuracy stated in timestamps, milliseconds"},
    {"tsa", "max_step_s", CONFIG_INT, AT(tsa_max_step_s), "60", false, 0, 86400,
     "a clock set by more seconds since start stops timestamps"},
    {"seal", "types", CONFIG_STR, AT(seal_types), "application/vnd.antin.manifest+json application/vnd.etsi.asic-e+zip", false, 0, 0,
     "media types it seals"},
    {"citizen", "profile", CONFIG_STR, AT(citizen_profile), "", false, 0, 0, "certificate profile, a file; required with ca"},
    {"citizen", "crl_url", CONFIG_STR, AT(crl_url), "", false, 0, 0, "CRL address in citizens' certificates; required with ca"},
    {"citizen", "aia_url", CONFIG_STR, AT(aia_url), "", false, 0, 0, "address of the CA's certificate; required with ca"},
    {"citizen", "ocsp_url", CONFIG_STR, AT(ocsp_url), "", false, 0, 0,
     "OCSP address in citizens' certificates; required when the profile has one"},
    {"citizen", "idp_issuer", CONFIG_STR, AT(idp_issuer), "", false, 0, 0, "iss of the ID tokens that activate; required with citizen"},
    {"citizen", "idp_audience", CONFIG_STR, AT(idp_audience), "", false, 0, 0, "their aud: the signer's client_id; required with citizen"},
    {"citizen", "idp_jwks", CONFIG_STR, AT(idp_jwks), "", false, 0, 0,
     "file with the provider's token keys (antin-ca jwks); required with citizen"},
    {"citizen", "clock_skew", CONFIG_INT, AT(clock_skew), "0", false, 0, 60, "seconds by which the provider's clock may be ahead"},
    {"citizen", "pin_tries", CONFIG_INT, AT(pin_tries), "5", false, 1, 20, "wrong PINs in a row before a credential is locked"},
    {"citizen", "pin_lock_s", CONFIG_INT, AT(pin_lock_s), "900", false, 1, 86400, "for so many seconds"},
    {"citizen", "pin_mem_kib", CONFIG_INT, AT(pin_mem_kib), "65536", false, 8192, 1048576, "Argon2id memory of new PINs"},
    {"citizen", "pin_ops", CONFIG_INT, AT(pin_ops), "2", false, 1, 16, "Argon2id passes of new PINs"},
};
#define KEYS_N (sizeof KEYS / sizeof KEYS[0])

void keyd_conf_free(struct keyd_conf *c)
{
    config_free(KEYS, KEYS_N, c);
}

void keyd_conf_print(FILE *to)
{
    config_print_keys(KEYS, KEYS_N, to);
}

static bool has_word(const char *list, const char *word)
{
    size_t n = strlen(word);
    for (const char *p = list; (p = strstr(p, word)) != NULL; p += n)
        if ((p == list || p[-1] == ' ') && (p[n] == ' ' || p[n] == '\0'))
            return true;
    return false;
}

/* What a purpose cannot do without. */
static err_t check_needs(const struct keyd_conf *c, const char *path, FILE *errs)
{
    const struct {
        const char *purpose, *key, *value;
    } needs[] = {
        {"token", "token.issuer", c->issuer},
        {"ca", "citizen.profile", c->citizen_profile},
        {"ca", "citizen.crl_url", c->crl_url},
        {"ca", "citizen.aia_url", c->aia_url},
        {"citizen", "citizen.idp_issuer", c->idp_issuer},
        {"citizen", "citizen.idp_audience", c->idp_audience},
        {"citizen", "citizen.idp_jwks", c->idp_jwks},
    };
    err_t e = OK;
    for (size_t i = 0; i < sizeof needs / sizeof needs[0]; i++)
        if (has_word(c->purposes, needs[i].purpose) && *needs[i].value == '\0') {
            fprintf(errs, "%s: %s is required with the purpose %s\n", path, needs[i].key, needs[i].purpose);
            e = ERR_CONFIG;
        }
    if (has_word(c->purposes, "citizen") && !has_word(c->purposes, "ca")) {
        fprintf(errs, "%s: the purpose citizen needs ca beside it: it checks who issued the certificate\n", path);
        e = ERR_CONFIG;
    }
    if (c->rotate_days && c->rotate_days * 86400 <= 2 * c->overlap_s) {
        fprintf(errs, "%s: token.rotate_days is not more than twice token.overlap_s\n", path);
        e = ERR_CONFIG;
    }
    return e;
}

err_t keyd_conf_load(const char *path, struct keyd_conf *out, FILE *errs)
{
    memset(out, 0, sizeof *out);
    err_t e = config_load(path, KEYS, KEYS_N, out, errs);
    if (e == OK)
        e = check_needs(out, path, errs);
    if (e != OK)
        keyd_conf_free(out);
    return e;
}

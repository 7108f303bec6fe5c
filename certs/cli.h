/*
 * What antin-ca's commands share: options, passphrases, the CA that signs, messages and exit codes.
 * Used by certs/antin-ca.c and certs/cmd_*.c.
 */
#ifndef ANTIN_CERTS_CLI_H
#define ANTIN_CERTS_CLI_H

#include "certs/keyfile.h"
#include "certs/store.h"

enum exit_code { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_REFUSED = 2, EXIT_USAGE = 3 };

/* Every option of every command; a command lists those that it takes. NULL: not given. */
#define CLI_OPTIONS                         \
    OPT(ca_dir, "ca-dir")                   \
    OPT(passphrase_file, "passphrase-file") \
    OPT(root_key, "root-key")               \
    OPT(profiles, "profiles")               \
    OPT(organization, "organization")       \
    OPT(country, "country")                 \
    OPT(crl_base, "crl-base")               \
    OPT(aia_base, "aia-base")               \
    OPT(ocsp_url, "ocsp-url")               \
    OPT(key_out, "key-out")                 \
    OPT(domain_key, "domain-key")           \
    OPT(ca_keys, "ca-keys")                 \
    OPT(profile, "profile")                 \
    OPT(ca, "ca")                           \
    OPT(csr, "csr")                         \
    OPT(subject, "subject")                 \
    OPT(days, "days")                       \
    OPT(not_before, "not-before")           \
    OPT(not_after, "not-after")             \
    OPT(out, "out")                         \
    OPT(reason, "reason")                   \
    OPT(invalid_since, "invalid-since")     \
    OPT(at, "at")                           \
    OPT(purpose, "purpose")                 \
    OPT(dir, "dir")                         \
    OPT(curve, "curve")                     \
    OPT(alg, "alg")
#define CLI_FLAGS      \
    FLAG(json, "json") \
    FLAG(pem, "pem")   \
    FLAG(all, "all")

struct cli {
#define OPT(field, name) const char *field;
#define FLAG(field, name) bool field;
    CLI_OPTIONS CLI_FLAGS
#undef OPT
#undef FLAG
        const char *arg; /* the one positional argument */
};

struct command {
    const char *name;
    const char *options; /* names it takes, each between spaces */
    const char *arg;     /* what the positional argument is called; NULL: none */
    int (*run)(const struct cli *c);
    const char *help;
};
extern const struct command CMD_INIT, CMD_ISSUE, CMD_REVOKE, CMD_LIST, CMD_CRL, CMD_KEY_NEW, CMD_KEY_LIST, CMD_JWKS, CMD_DOMAIN_KEY,
    CMD_KEY_CSR;

/* "antin-ca: …" on stderr; cli_fail's value is the code. */
void cli_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
#define cli_fail(code, ...) (cli_say(__VA_ARGS__), (int)(code))
const char *cli_why(err_t e); /* in plain words, with errno for ERR_IO */

/* --passphrase-file, or asked on the terminal without echo (twice: a new one). ERR_SYNTAX: too short or not the same twice (a message was printed). */
err_t passphrase_get(const struct cli *c, bool twice, struct secret *out) MUST_USE;
/* A time (RFC 3339) or, where relative is allowed, nothing: def. ERR_SYNTAX with a message. */
err_t cli_time(const char *option, const char *value, int64_t def, int64_t *out) MUST_USE;
err_t cli_days(const char *option, const char *value, long def, long *out) MUST_USE;
/* The ceremony's folder: --ca-dir, $ANTIN_CA_DIR or the current one. Opens it. */
err_t cli_store(const struct cli *c, struct store *out) MUST_USE;
err_t cli_domain_key(const struct cli *c, struct secret *out) MUST_USE;

/* A CA with its private key. */
struct issuer {
    X509 *cert;
    EVP_PKEY *key;
};
void issuer_free(struct issuer *i);
#define AUTO_ISSUER AUTO(issuer_free) struct issuer
/* root, services: from the ceremony's folder by the passphrase; citizens: there too, or from keyd's folder (--ca-keys, --domain-key). Prints what fails. */
err_t issuer_open(const struct store *s, const struct cli *c, const char *name, struct issuer *out) MUST_USE;

/* One issuance, the whole of it: intent row, key, certificate, files, row. Returns an exit code; what it made goes to stdout. */
struct issuance {
    const char *profile, *subject, *csr, *key_out, *out;
    long days; /* 0: the profile's */
    int64_t not_before;
};
int issue_certificate(struct store *s, const struct cli *c, const struct issuance *i);
/* KEYDIR/<id>.key, sealed. */
err_t keyfile_store(const char *dir, struct keyfile *k, struct bytes domain_key) MUST_USE;

#endif

/*
 * antin-ca domain-key, key new, key csr, key list, jwks: keyd's sealed key files.
 * Called by antin-ca. RFC 7517 (JWKS), RFC 2986 (requests).
 */
#include "certs/cli.h"
#include "certs/issue.h"
#include "certs/tokenkeys.h"
#include "common/clock.h"
#include "common/jose.h"

#include <dirent.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>

#define DAY 86400
#define FAR_AWAY 253402300799 /* 9999-12-31T23:59:59Z */

static int run_domain_key(const struct cli *c)
{
    uint8_t raw[DOMAIN_KEY_LEN];
    char text[B64URL_LEN(DOMAIN_KEY_LEN) + 2];
    AUTO_BUF there = {0};
    if (!c->out)
        return cli_fail(EXIT_USAGE, "domain-key: --out FILE is missing");
    if (ca_file_read(c->out, 1 << 20, &there) != ERR_NOT_FOUND)
        return cli_fail(EXIT_REFUSED, "%s exists already; replacing it would lose every key sealed under it", c->out);
    random_bytes(raw, sizeof raw);
    b64url_encode(BYTES(raw, sizeof raw), text);
    text[sizeof text - 2] = '\n';
    err_t e = ca_file_write(c->out, BYTES(text, sizeof text - 1), 0600);
    secret_wipe(raw, sizeof raw);
    secret_wipe(text, sizeof text);
    return e == OK ? EXIT_OK : cli_fail(EXIT_FAILED, "%s: %s", c->out, cli_why(e));
}

const struct command CMD_DOMAIN_KEY = {
    .name = "domain-key",
    .options = " out ",
    .run = run_domain_key,
    .help = "antin-ca domain-key --out FILE\n"
            "Makes the key of a domain, under which one keyd's key files are sealed. An existing file is never replaced.\n",
};

/* --- key new --- */

static int run_new(const struct cli *c)
{
    AUTO_SECRET domain = {0};
    AUTO_KEYFILE k = {0};
    int64_t from, to;
    enum key_purpose p = c->purpose ? purpose_from(c->purpose) : 0;
    if (!p || !c->dir)
        return cli_fail(EXIT_USAGE, "key new: --purpose token|data|tsa|seal|ca and --dir KEYDIR are needed");
    /* A data key must open what it wrapped for ever, and wraps until a newer one takes over. */
    int64_t end = p == KEY_DATA ? FAR_AWAY : clock_now() + 400 * DAY;
    if (cli_time("not-before", c->not_before, clock_now(), &from) != OK || cli_time("not-after", c->not_after, end, &to) != OK)
        return EXIT_USAGE;
    if (to <= from)
        return cli_fail(EXIT_USAGE, "--not-after is not after --not-before");
    if (cli_domain_key(c, &domain) != OK)
        return EXIT_FAILED;
    const char *kind = c->alg ? c->alg : c->curve ? c->curve : "P-256";
    err_t e =
        c->alg && (c->curve || p != KEY_TOKEN || jose_alg_from(c->alg) == JOSE_NONE) ? ERR_UNSUPPORTED : keyfile_new(p, kind, from, to, &k);
    if (e == ERR_UNSUPPORTED)
        return cli_fail(EXIT_USAGE, "%s: --curve is P-256 or P-384; --alg, of a token key, is ES256, ES384, EdDSA, RS256 or PS256", kind);
    if (e == OK)
        e = keyfile_store(c->dir, &k, secret_bytes(&domain));
    if (e != OK)
        return cli_fail(EXIT_FAILED, "%s: %s", c->dir, cli_why(e));
    printf("%s\n", k.id);
    return EXIT_OK;
}

const struct command CMD_KEY_NEW = {
    .name = "key new",
    .options = " purpose dir domain-key not-before not-after curve alg ",
    .run = run_new,
    .help = "antin-ca key new --purpose token|data|tsa|seal|ca --dir KEYDIR --domain-key FILE [options]\n"
            "Makes a key for keyd, sealed under the domain's key, and prints its id (the name of the file). keyd reads it at start or on "
            "SIGHUP.\n"
            "  --not-before TIME --not-after TIME   when keyd signs with it; from now for 400 days (data: without end). The one that began "
            "last signs.\n"
            "  --curve P-256|P-384                  P-256 when not given\n"
            "  --alg ES256|ES384|EdDSA|RS256|PS256  of a token key: what it signs with; one of each may sign at once\n"
            "Keys of tsa, seal and ca need a certificate beside them, KEYDIR/ID.crt: antin-ca issue --key-out makes both in one step;\n"
            "antin-ca key csr makes the request when the CA is elsewhere.\n",
};

/* --- key csr --- */

static err_t make_csr(const struct keyfile *k, X509_NAME *subject, struct buf *pem)
{
    AUTO_PKEY key = NULL;
    TRY(keyfile_pkey(k, &key));
    AUTO_X509_REQ r = X509_REQ_new();
    if (!r || X509_REQ_set_subject_name(r, subject) != 1 || X509_REQ_set_pubkey(r, key) != 1 || X509_REQ_sign(r, key, key_md(key)) <= 0)
        return ERR_CRYPTO;
    BIO *b = BIO_new(BIO_s_mem());
    char *p = NULL;
    long n = b && PEM_write_bio_X509_REQ(b, r) == 1 ? BIO_get_mem_data(b, &p) : 0;
    err_t e = n > 0 ? buf_add(pem, p, (size_t)n) : ERR_NOMEM;
    BIO_free(b);
    return e;
}

static void name_free(X509_NAME **n)
{
    X509_NAME_free(*n);
}

static int run_csr(const struct cli *c)
{
    AUTO_SECRET domain = {0};
    AUTO_KEYFILE k = {0};
    AUTO_BUF path = {0}, file = {0}, pem = {0};
    AUTO(name_free) X509_NAME *subject = NULL;
    if (!c->arg || !c->dir || !c->out || !c->subject)
        return cli_fail(EXIT_USAGE, "key csr: ID, --dir KEYDIR, --subject NAME and --out FILE are needed");
    if (name_parse(c->subject, &subject) != OK)
        return cli_fail(EXIT_USAGE, "--subject %s: write it like /C=VN/O=Name/CN=Name", c->subject);
    if (cli_domain_key(c, &domain) != OK || buf_addf(&path, "%s/%s.key", c->dir, c->arg) != OK)
        return EXIT_FAILED;
    err_t e = ca_file_read(buf_str(&path), KEYFILE_MAX, &file);
    if (e == OK)
        e = keyfile_open(buf_bytes(&file), secret_bytes(&domain), &k);
    if (e == OK && k.purpose == KEY_DATA)
        return cli_fail(EXIT_REFUSED, "%s is a data key", c->arg);
    if (e == OK)
        e = make_csr(&k, subject, &pem);
    if (e == OK)
        e = ca_file_write(c->out, buf_bytes(&pem), 0644);
    return e == OK ? EXIT_OK : cli_fail(EXIT_FAILED, "%s: %s", buf_str(&path), cli_why(e));
}

const struct command CMD_KEY_CSR = {
    .name = "key csr",
    .options = " dir domain-key subject out ",
    .arg = "ID",
    .run = run_csr,
    .help = "antin-ca key csr ID --dir KEYDIR --domain-key FILE --subject NAME --out FILE\n"
            "Writes a certificate request (PEM) for a key of keyd, to be taken to the CA.\n",
};

/* --- key list --- */

typedef err_t each_fn(const struct keyfile *k, void *arg);

static void dir_close(DIR **d)
{
    if (*d)
        closedir(*d);
}

/* Every key file of the folder; with the domain's key each is opened, else only its header is read. */
static int each_key(const struct cli *c, const char *dir, each_fn *fn, void *arg)
{
    AUTO(dir_close) DIR *d = opendir(dir);
    AUTO_SECRET domain = {0};
    if (!d)
        return cli_fail(EXIT_FAILED, "%s: cannot read the folder", dir);
    if (c->domain_key && cli_domain_key(c, &domain) != OK)
        return EXIT_FAILED;
    for (struct dirent *e; (e = readdir(d)) != NULL;) {
        AUTO_BUF path = {0}, file = {0};
        AUTO_KEYFILE k = {0};
        size_t n = strlen(e->d_name);
        if (n < 5 || strcmp(e->d_name + n - 4, ".key") != 0)
            continue;
        err_t err = buf_addf(&path, "%s/%s", dir, e->d_name);
        if (err == OK)
            err = ca_file_read(buf_str(&path), KEYFILE_MAX, &file);
        if (err == OK)
            err = c->domain_key ? keyfile_open(buf_bytes(&file), secret_bytes(&domain), &k) : keyfile_peek(buf_bytes(&file), &k);
        if (err == OK)
            err = fn(&k, arg);
        if (err != OK)
            return cli_fail(EXIT_FAILED, "%s: %s", buf_str(&path), cli_why(err));
    }
    return EXIT_OK;
}

static err_t print_key(const struct keyfile *k, void *arg)
{
    char from[CLOCK_RFC3339_LEN + 1], to[CLOCK_RFC3339_LEN + 1];
    (void)arg;
    clock_rfc3339(k->not_before, from);
    clock_rfc3339(k->not_after, to);
    printf("%s  %-5s  %-5s  %s  %s\n", k->id, purpose_name(k->purpose), k->alg ? jose_alg_name(k->alg) : "-", from, to);
    return OK;
}

static int run_list(const struct cli *c)
{
    if (!c->arg)
        return cli_fail(EXIT_USAGE, "key list: which KEYDIR?");
    return each_key(c, c->arg, print_key, NULL);
}

const struct command CMD_KEY_LIST = {
    .name = "key list",
    .options = " domain-key ",
    .arg = "KEYDIR",
    .run = run_list,
    .help = "antin-ca key list KEYDIR [--domain-key FILE]\n"
            "Lists keyd's key files: id, purpose, algorithm, from, to. With the domain's key, each is opened too.\n",
};

/* --- jwks --- */

static int run_jwks(const struct cli *c)
{
    AUTO_SECRET domain = {0};
    AUTO_TOKEN_KEYS keys = {0};
    AUTO_BUF text = {0};
    if (!c->arg)
        return cli_fail(EXIT_USAGE, "jwks: which KEYDIR?");
    if (c->domain_key && cli_domain_key(c, &domain) != OK)
        return EXIT_FAILED;
    err_t e = token_keys_read(c->arg, secret_bytes(&domain), &keys);
    if (e != OK)
        return cli_fail(EXIT_FAILED, "%s/%s: %s", c->arg, keys.bad, cli_why(e));
    e = token_keys_jwks(&keys, clock_now(), &text);
    if (e != OK)
        return cli_fail(EXIT_FAILED, "%s: %s", c->arg, cli_why(e));
    if (!c->out) {
        fputs(buf_str(&text), stdout);
        return EXIT_OK;
    }
    e = ca_file_write(c->out, buf_bytes(&text), 0644);
    return e == OK ? EXIT_OK : cli_fail(EXIT_FAILED, "%s: %s", c->out, cli_why(e));
}

const struct command CMD_JWKS = {
    .name = "jwks",
    .options = " domain-key out ",
    .arg = "KEYDIR",
    .run = run_jwks,
    .help = "antin-ca jwks KEYDIR [--domain-key FILE] [--out FILE]\n"
            "Prints the public token keys of a keyd, those whose tokens will be or may still be good, as a JWKS (RFC 7517): idp_jwks of "
            "the signer's "
            "keyd.\n"
            "With the domain's key, each file is authenticated first.\n",
};

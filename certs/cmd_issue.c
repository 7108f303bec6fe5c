/*
 * antin-ca issue: a certificate by a profile, its intent written down before it is signed.
 * Called by antin-ca and by its init command.
 */
#include "certs/cli.h"
#include "certs/issue.h"
#include "common/clock.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#define DAY 86400

/* All that one issuance gathers before the intent is written. */
struct work {
    struct profile profile;
    struct issuer issuer; /* empty for the root */
    X509_NAME *subject;
    EVP_PKEY *key;          /* public (request) or whole (made here) */
    struct keyfile keyfile; /* when the key is made for keyd */
    struct secret domain, passphrase;
    X509 *cert;
    struct row row;
    struct buf subject_text;
};

static void work_free(struct work *w)
{
    profile_free(&w->profile);
    issuer_free(&w->issuer);
    X509_NAME_free(w->subject);
    evpkey_free(&w->key);
    keyfile_free(&w->keyfile);
    secret_free(&w->domain);
    secret_free(&w->passphrase);
    x509_free(&w->cert);
    buf_free(&w->subject_text);
}

/* "services-ca" signs as "services"; NULL when the profile is of no CA. */
static const char *ca_name(const char *profile)
{
    return !strcmp(profile, "root")          ? "root"
           : !strcmp(profile, "services-ca") ? "services"
           : !strcmp(profile, "citizens-ca") ? "citizens"
                                             : NULL;
}

static int load_profile(struct store *s, const char *name, struct profile *p)
{
    AUTO_BUF dir = {0};
    if (store_path(s, &dir, "profiles") != OK)
        return cli_fail(EXIT_FAILED, "out of memory");
    err_t e = profile_load(buf_str(&dir), name, p, stderr);
    if (e == ERR_CONFIG)
        return cli_fail(EXIT_FAILED, "the profile %s has mistakes", name);
    return e == OK ? EXIT_OK : cli_fail(EXIT_USAGE, "%s: no such profile in %s", name, buf_str(&dir));
}

static const struct {
    const char *profile, *cn;
} CNS[] = {
    {"root", "Root CA"}, {"services-ca", "Services CA"}, {"citizens-ca", "Citizens CA"}, {"tsa", "Timestamps"}, {"seal", "Seal"},
    {"ocsp", "OCSP"},
};

static int find_subject(struct store *s, const struct issuance *i, struct work *w)
{
    AUTO_BUF def = {0};
    const char *text = i->subject, *what = NULL;
    for (size_t k = 0; !text && k < sizeof CNS / sizeof CNS[0]; k++)
        if (!strcmp(CNS[k].profile, i->profile)) {
            if (buf_addf(&def, "/C=%s/O=%s/CN=%s %s", s->country, s->organization, s->organization, CNS[k].cn) != OK)
                return cli_fail(EXIT_FAILED, "out of memory");
            text = buf_str(&def);
        }
    if (!text)
        return cli_fail(EXIT_USAGE, "--subject is needed for the profile %s", i->profile);
    if (name_parse(text, &w->subject) != OK)
        return cli_fail(EXIT_USAGE, "--subject %s: write it like /C=VN/O=Name/CN=Name (a CN has at most 64 characters)", text);
    if (profile_check_subject(&w->profile, w->subject, &what) != OK)
        return cli_fail(EXIT_REFUSED, "subject: %s is missing, doubled or not allowed by the profile %s (required: %s; optional: %s)", what,
                        i->profile, w->profile.required, w->profile.optional);
    return x509_name_text(w->subject, &w->subject_text) == OK ? EXIT_OK : cli_fail(EXIT_FAILED, "out of memory");
}

/* The public key of a request, whose self-signature proves possession (RFC 2986 §3). Nothing else of the request is used. */
static int key_from_csr(const char *path, struct work *w)
{
    AUTO_BUF text = {0};
    err_t e = ca_file_read(path, X509_DER_MAX, &text);
    if (e != OK)
        return cli_fail(EXIT_FAILED, "%s: %s", path, cli_why(e));
    BIO *b = BIO_new_mem_buf(text.ptr, (int)text.len);
    AUTO_X509_REQ r = b ? PEM_read_bio_X509_REQ(b, NULL, NULL, NULL) : NULL;
    BIO_free(b);
    if (!r)
        return cli_fail(EXIT_REFUSED, "%s: no certificate request in PEM", path);
    w->key = X509_REQ_get_pubkey(r);
    if (!w->key || X509_REQ_verify(r, w->key) != 1)
        return cli_fail(EXIT_REFUSED, "%s: the request is not signed by its own key", path);
    char group[32] = "";
    size_t n = 0;
    bool p256 = EVP_PKEY_get_group_name(w->key, group, sizeof group, &n) == 1 && !strcmp(group, "prime256v1");
    bool p384 = !p256 && !strcmp(group, "secp384r1");
    if (!(p256 && !strcmp(w->profile.key, "P-256")) && !(p384 && !strcmp(w->profile.key, "P-384")))
        return cli_fail(EXIT_REFUSED, "%s: the profile %s wants a key on %s", path, w->profile.name, w->profile.key);
    return EXIT_OK;
}

static int find_key(const struct issuance *i, const struct cli *c, struct work *w, int64_t from, int64_t to)
{
    if (i->csr)
        return key_from_csr(i->csr, w);
    if (i->key_out) {
        enum key_purpose p = purpose_from(w->profile.purpose);
        if (!p)
            return cli_fail(EXIT_USAGE, "--key-out: keyd has no purpose for the profile %s: give --csr", i->profile);
        if (cli_domain_key(c, &w->domain) != OK)
            return EXIT_FAILED;
        err_t e = keyfile_new(p, w->profile.key, from, to, &w->keyfile);
        if (e == OK)
            e = keyfile_pkey(&w->keyfile, &w->key);
        return e == OK ? EXIT_OK : cli_fail(EXIT_FAILED, "cannot make a key: %s", cli_why(e));
    }
    if (!ca_name(i->profile))
        return cli_fail(EXIT_USAGE, "give --csr FILE, or --key-out KEYDIR for a key that keyd is to hold");
    if (passphrase_get(c, !strcmp(i->profile, "root"), &w->passphrase) != OK)
        return EXIT_USAGE;
    return pkey_generate(w->profile.key, &w->key) == OK ? EXIT_OK : cli_fail(EXIT_FAILED, "cannot make a key");
}

static err_t write_pem(const char *path, X509 *const *certs, size_t n)
{
    AUTO_BUF pem = {0};
    for (size_t i = 0; i < n; i++)
        TRY(x509_to_pem(certs[i], &pem));
    return ca_file_write(path, buf_bytes(&pem), 0644);
}

err_t keyfile_store(const char *dir, struct keyfile *k, struct bytes domain_key)
{
    AUTO_BUF file = {0}, path = {0};
    TRY(keyfile_seal(k, domain_key, &file));
    TRY(buf_addf(&path, "%s/%s.key", dir, k->id));
    return ca_file_write(buf_str(&path), buf_bytes(&file), 0600);
}

/* The certificate before the key: keyd ignores a certificate without its key, never the other way round. */
static err_t write_for_keyd(struct work *w, const char *dir)
{
    AUTO_BUF path = {0};
    X509 *chain[2] = {w->cert, w->issuer.cert};
    bool with_issuer =
        w->issuer.cert && X509_check_issued(w->issuer.cert, w->issuer.cert) != X509_V_OK; /* the trust anchor stays out of chains */
    TRY(buf_addf(&path, "%s/%s.crt", dir, w->keyfile.id));
    TRY(write_pem(buf_str(&path), chain, with_issuer ? 2 : 1));
    return keyfile_store(dir, &w->keyfile, secret_bytes(&w->domain));
}

static err_t write_in_store(struct store *s, const struct cli *c, struct work *w, const char *name)
{
    AUTO_BUF file = {0}, path = {0};
    TRY(passkey_seal(w->key, secret_bytes(&w->passphrase), &file));
    TRY(store_path(s, &path, "%s.key", name));
    return ca_file_write(!strcmp(name, "root") && c->root_key ? c->root_key : buf_str(&path), buf_bytes(&file), 0600);
}

static err_t write_all_files(struct store *s, const struct cli *c, const struct issuance *i, struct work *w)
{
    AUTO_BUF path = {0};
    const char *ca = ca_name(i->profile);
    TRY(store_path(s, &path, "issued/%s.crt", w->row.serial));
    TRY(write_pem(buf_str(&path), &w->cert, 1));
    if (i->key_out)
        TRY(write_for_keyd(w, i->key_out));
    else if (!i->csr)
        TRY(write_in_store(s, c, w, ca));
    if (ca) {
        TRY(store_path(s, &path, "%s.crt", ca));
        TRY(write_pem(buf_str(&path), &w->cert, 1));
    }
    return i->out ? write_pem(i->out, &w->cert, 1) : OK;
}

static int check_ca_is_new(struct store *s, const struct issuance *i)
{
    AUTO_BUF path = {0}, there = {0};
    const char *ca = ca_name(i->profile);
    if (!ca || store_path(s, &path, "%s.crt", ca) != OK)
        return EXIT_OK;
    return ca_file_read(buf_str(&path), X509_DER_MAX, &there) == ERR_NOT_FOUND
               ? EXIT_OK
               : cli_fail(EXIT_REFUSED, "%s exists already: a CA is issued once", buf_str(&path));
}

static int sign_and_write(struct store *s, const struct cli *c, const struct issuance *i, struct work *w, const uint8_t serial[20])
{
    AUTO_BUF crl = {0}, aia = {0};
    if (w->profile.ocsp && (strcmp(w->row.ca, "citizens") != 0 || *s->ocsp_url == '\0'))
        return cli_fail(EXIT_REFUSED,
                        "the profile %s has an OCSP address: put ocsp_url in the folder's ca.conf; the citizens' CA alone has a responder",
                        w->profile.name);
    if (buf_addf(&crl, "%s/%s.crl", s->crl_base, w->row.ca) != OK || buf_addf(&aia, "%s/%s.crt", s->aia_base, w->row.ca) != OK)
        return cli_fail(EXIT_FAILED, "out of memory");
    const struct cert_spec spec = {.profile = &w->profile,
                                   .subject = w->subject,
                                   .key = w->key,
                                   .serial = serial,
                                   .not_before = w->row.not_before,
                                   .not_after = w->row.not_after,
                                   .issuer = w->issuer.cert,
                                   .crl_url = buf_str(&crl),
                                   .aia_url = buf_str(&aia),
                                   .ocsp_url = s->ocsp_url};
    err_t e = cert_issue(&spec, w->issuer.key ? w->issuer.key : w->key, &w->cert);
    if (e != OK)
        return cli_fail(e == ERR_EXPIRED ? EXIT_REFUSED : EXIT_FAILED, "cannot issue: %s", cli_why(e));
    if ((e = write_all_files(s, c, i, w)) != OK)
        return cli_fail(EXIT_FAILED, "cannot write the certificate or its key: %s (the index keeps the intent %s)", cli_why(e),
                        w->row.serial);
    store_find(s, w->row.serial)->state = ROW_VALID;
    if ((e = store_commit(s)) != OK)
        return cli_fail(EXIT_FAILED, "cannot write the index: %s", cli_why(e));
    printf("%s\n", w->row.serial);
    return EXIT_OK;
}

/* From now (or --not-before) for so many days, but not past the issuer's own end unless --days asked for it. */
static int find_times(const struct issuance *i, struct work *w)
{
    int64_t from = 0, to = 0;
    w->row.not_before = i->not_before;
    w->row.not_after = i->not_before + (i->days ? i->days : w->profile.days) * DAY - 1; /* both ends are inclusive (RFC 5280 §4.1.2.5) */
    if (i->days > w->profile.max_days)
        return cli_fail(EXIT_REFUSED, "--days %ld: the profile %s allows %ld", i->days, i->profile, w->profile.max_days);
    if (!w->issuer.cert)
        return EXIT_OK;
    if (x509_validity(w->issuer.cert, &from, &to) != OK)
        return cli_fail(EXIT_FAILED, "the issuer's certificate has no readable validity");
    if (w->row.not_after > to && !i->days)
        w->row.not_after = to;
    return w->row.not_before >= from && w->row.not_after <= to ? EXIT_OK
                                                               : cli_fail(EXIT_REFUSED, "the validity is outside the issuer's own");
}

int issue_certificate(struct store *s, const struct cli *c, const struct issuance *i)
{
    AUTO(work_free) struct work w = {0};
    uint8_t serial[20];
    int code = load_profile(s, i->profile, &w.profile);
    bool root = code == EXIT_OK && w.profile.issuer && !strcmp(w.profile.issuer, "self");
    if (code == EXIT_OK)
        code = check_ca_is_new(s, i);
    if (code == EXIT_OK)
        code = find_subject(s, i, &w);
    if (code == EXIT_OK && !root && issuer_open(s, c, w.profile.issuer, &w.issuer) != OK)
        code = EXIT_FAILED;
    if (code == EXIT_OK)
        code = find_times(i, &w);
    int64_t signs_until = w.profile.signing_days && w.row.not_before + w.profile.signing_days * DAY < w.row.not_after
                              ? w.row.not_before + w.profile.signing_days * DAY
                              : w.row.not_after;
    if (code == EXIT_OK)
        code = find_key(i, c, &w, w.row.not_before, signs_until);
    if (code != EXIT_OK)
        return code;
    key_random_serial(serial);
    for (size_t k = 0; k < sizeof serial; k++)
        snprintf(w.row.serial + 2 * k, 3, "%02X", serial[k]);
    snprintf(w.row.ca, sizeof w.row.ca, "%s", root ? "root" : w.profile.issuer);
    snprintf(w.row.profile, sizeof w.row.profile, "%s", w.profile.name);
    w.row.created = clock_now();
    w.row.subject = (char *)w.subject_text.ptr;
    err_t e = store_add(s, &w.row);
    if (e != OK)
        return cli_fail(EXIT_FAILED, "cannot write the index: %s; nothing was signed", cli_why(e));
    return sign_and_write(s, c, i, &w, serial);
}

static int run(const struct cli *c)
{
    AUTO_STORE s = {.lock = -1};
    struct issuance i = {.profile = c->profile, .subject = c->subject, .csr = c->csr, .key_out = c->key_out, .out = c->out};
    if (!c->profile)
        return cli_fail(EXIT_USAGE, "issue: --profile NAME is missing");
    if (c->csr && c->key_out)
        return cli_fail(EXIT_USAGE, "issue: --csr and --key-out exclude each other");
    if (cli_days("days", c->days, 0, &i.days) != OK || cli_time("not-before", c->not_before, clock_now(), &i.not_before) != OK)
        return EXIT_USAGE;
    return cli_store(c, &s) == OK ? issue_certificate(&s, c, &i) : EXIT_FAILED;
}

const struct command CMD_ISSUE = {
    .name = "issue",
    .options = " ca-dir passphrase-file root-key profile csr key-out domain-key ca-keys subject days not-before out ",
    .run = run,
    .help = "antin-ca issue --profile NAME [--csr FILE | --key-out KEYDIR --domain-key FILE] [options]\n"
            "Issues a certificate by a profile of the ceremony's folder and prints its serial number.\n"
            "  --csr FILE             certify the key of this request (PEM); nothing but its key is used\n"
            "  --key-out KEYDIR       make the key here, sealed for keyd: KEYDIR/ID.key and ID.crt (with --domain-key)\n"
            "  (neither)              CA profiles: the key stays in the ceremony's folder under the passphrase\n"
            "  --subject NAME         /C=VN/O=Name/CN=Name; the CAs, tsa, seal and ocsp have a default\n"
            "  --days N               validity; the profile has a default and a maximum\n"
            "  --not-before TIME      start of validity, RFC 3339; now when not given\n"
            "  --out FILE             the certificate, PEM (it is in issued/SERIAL.crt too)\n"
            "  --ca-keys KEYDIR --domain-key FILE   where the issuing CA's key is, when keyd holds it (profiles citizen, ocsp)\n"
            "  --ca-dir DIR, --passphrase-file FILE, --root-key FILE   see antin-ca --help\n",
};

/*
 * Reads the command line.
 * Called by main.c.
 */
#include "signer/sign/options.h"

#include "signer/sign/crew.h"
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char OPTIONS_HELP[] =
    "usage: antin-sign [OPTIONS] FILE...          signs files: x.pdf becomes x.signed.pdf, others get a x.p7s beside them\n"
    "       antin-sign extend [OPTIONS] FILE...   raises the level of signatures that are there, ours or others'\n"
    "       antin-sign evidence create|renew|get -o FOLDER [OPTIONS] FILE...   one timestamp over many files; x.ers beside x\n\n"
    "  --format auto|pades|cades|xades   auto: PAdES for PDF, CAdES for anything else; xades: inside the XML document\n"
    "  --level B-B|B-T|B-LT|B-LTA  default: B-T with --tsa, B-B without; extend: B-LTA\n"
    "key:\n"
    "  --key PEM --cert PEM        private key, and certificate (with those above it, if they are in the file)\n"
    "  --p12 FILE                  both from PKCS#12\n"
    "  --pkcs11 MODULE [--token LABEL] [--key-label LABEL]   both from a token\n"
    "  --chain FILE                further certificates above it (repeatable)\n"
    "  --password-file FILE        password or PIN; without it the terminal asks\n"
    "  --hash NAME --rsa-pkcs1     sha256 sha384 sha512 sha3-256 sha3-384 sha3-512; PKCS#1 v1.5 in place of PSS\n"
    "services:\n"
    "  --tsa URL [--tsa-user NAME --tsa-password-file FILE] [--tsa-hash NAME]   time-stamping service (RFC 3161)\n"
    "  --trust PEM --crl FILE      certificates and CRLs at hand (repeatable)\n"
    "  --offline                   certificates' own addresses are not followed\n"
    "  --private-addresses         they may lead into our own network\n"
    "  --cache FOLDER, --no-cache  where CRLs and OCSP answers are kept ($XDG_CACHE_HOME/antin)\n"
    "  --timeout SECONDS           of a request (20)   --tls-ca PEM   anchors for https\n"
    "  --check                     no signature unless the certificate's status is known to be good\n"
    "result:\n"
    "  -o, --output PATH           file, or an existing folder\n"
    "  --overwrite                 an older result gives way\n"
    "  --or-nothing                nothing is written below the level that was asked for\n"
    "  --field NAME --reason TEXT --location TEXT --name TEXT --certify 1|2|3   in a PDF\n"
    "  --enveloping --mime TYPE    CAdES, XAdES: with the content inside; the content's media type\n"
    "  --content FILE              extend: what a detached CMS signs, when its name does not tell\n"
    "  -j N                        files at once   --json   --quiet   --lang vi|en   --help   --version\n\n"
    "exit status: 0 all at the level asked for, 1 a file was not signed, 2 a file was signed at a lower level, 3 usage error\n";

enum {
    O_FORMAT = 1000,
    O_LEVEL,
    O_KEY,
    O_CERT,
    O_P12,
    O_PKCS11,
    O_TOKEN,
    O_KEY_LABEL,
    O_CHAIN,
    O_PASSWORD,
    O_HASH,
    O_PKCS1,
    O_TSA,
    O_TSA_USER,
    O_TSA_PASSWORD,
    O_TSA_HASH,
    O_TRUST,
    O_CRL,
    O_OFFLINE,
    O_PRIVATE,
    O_CACHE,
    O_NO_CACHE,
    O_TIMEOUT,
    O_TLS_CA,
    O_CHECK,
    O_OVERWRITE,
    O_OR_NOTHING,
    O_FIELD,
    O_REASON,
    O_LOCATION,
    O_NAME,
    O_CERTIFY,
    O_ENVELOPING,
    O_MIME,
    O_CONTENT,
    O_JSON,
    O_QUIET,
    O_LANG,
};

static const struct option LONG[] = {
    {"format", required_argument, NULL, O_FORMAT},
    {"level", required_argument, NULL, O_LEVEL},
    {"key", required_argument, NULL, O_KEY},
    {"cert", required_argument, NULL, O_CERT},
    {"p12", required_argument, NULL, O_P12},
    {"pkcs11", required_argument, NULL, O_PKCS11},
    {"token", required_argument, NULL, O_TOKEN},
    {"key-label", required_argument, NULL, O_KEY_LABEL},
    {"chain", required_argument, NULL, O_CHAIN},
    {"password-file", required_argument, NULL, O_PASSWORD},
    {"hash", required_argument, NULL, O_HASH},
    {"rsa-pkcs1", no_argument, NULL, O_PKCS1},
    {"tsa", required_argument, NULL, O_TSA},
    {"tsa-user", required_argument, NULL, O_TSA_USER},
    {"tsa-password-file", required_argument, NULL, O_TSA_PASSWORD},
    {"tsa-hash", required_argument, NULL, O_TSA_HASH},
    {"trust", required_argument, NULL, O_TRUST},
    {"crl", required_argument, NULL, O_CRL},
    {"offline", no_argument, NULL, O_OFFLINE},
    {"private-addresses", no_argument, NULL, O_PRIVATE},
    {"cache", required_argument, NULL, O_CACHE},
    {"no-cache", no_argument, NULL, O_NO_CACHE},
    {"timeout", required_argument, NULL, O_TIMEOUT},
    {"tls-ca", required_argument, NULL, O_TLS_CA},
    {"check", no_argument, NULL, O_CHECK},
    {"output", required_argument, NULL, 'o'},
    {"overwrite", no_argument, NULL, O_OVERWRITE},
    {"or-nothing", no_argument, NULL, O_OR_NOTHING},
    {"field", required_argument, NULL, O_FIELD},
    {"reason", required_argument, NULL, O_REASON},
    {"location", required_argument, NULL, O_LOCATION},
    {"name", required_argument, NULL, O_NAME},
    {"certify", required_argument, NULL, O_CERTIFY},
    {"enveloping", no_argument, NULL, O_ENVELOPING},
    {"mime", required_argument, NULL, O_MIME},
    {"content", required_argument, NULL, O_CONTENT},
    {"json", no_argument, NULL, O_JSON},
    {"quiet", no_argument, NULL, O_QUIET},
    {"lang", required_argument, NULL, O_LANG},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'V'},
    {NULL, 0, NULL, 0},
};

static bool complain(const char *what, const char *value)
{
    fprintf(stderr, "antin-sign: %s%s%s\n", what, value != NULL ? ": " : "", value != NULL ? value : "");
    return false;
}

/* --- values --- */

/* The index of a word in a list that ends with NULL. */
static bool word_in(const char *const *words, const char *value, const char *what, int *out)
{
    for (int i = 0; words[i] != NULL; i++) {
        if (strcmp(words[i], value) == 0) {
            *out = i;
            return true;
        }
    }
    return complain(what, value);
}

static bool set_format(struct options *o, const char *value)
{
    static const char *const NAMES[] = {"auto", "pades", "cades", "xades", NULL};
    int i = 0;
    bool ok = word_in(NAMES, value, "unknown format", &i);
    o->job.format = (enum file_format)i;
    return ok;
}

static bool set_level(struct options *o, const char *value)
{
    static const char *const NAMES[] = {"B-B", "B-T", "B-LT", "B-LTA", NULL};
    int i = 0;
    bool ok = word_in(NAMES, value, "unknown level", &i);
    o->job.level = (enum sig_level)i;
    o->level_given = true;
    return ok;
}

static bool read_hash(enum cms_hash *out, const char *value)
{
    static const char *const NAMES[] = {"sha256", "sha384", "sha512", "sha3-256", "sha3-384", "sha3-512", NULL};
    static const enum cms_hash VALUES[] = {CMS_SHA256, CMS_SHA384, CMS_SHA512, CMS_SHA3_256, CMS_SHA3_384, CMS_SHA3_512};
    int i = 0;
    bool ok = word_in(NAMES, value, "digest is unknown or refused", &i);
    *out = VALUES[i];
    return ok;
}

static bool set_hash(struct options *o, const char *value)
{
    o->key.hash = &o->hash;
    return read_hash(&o->hash, value);
}

static bool read_number(const char *value, long min, long max, const char *what, long *out)
{
    char *end;
    *out = strtol(value, &end, 10);
    return (end != value && *end == '\0' && *out >= min && *out <= max) || complain(what, value);
}

static bool add_to(const char **list, const char *value)
{
    size_t n = 0;
    while (list[n] != NULL)
        n++;
    if (n == LIST_MAX)
        return complain("too many files of one kind", value);
    list[n] = value;
    return true;
}

static bool set_lang(struct options *o, const char *value)
{
    static const char *const NAMES[] = {"vi", "en", NULL};
    int i = 0;
    bool ok = word_in(NAMES, value, "unknown language", &i);
    o->lang = i == 0 ? LANG_VI : LANG_EN;
    return ok;
}

static enum lang lang_of_environment(void)
{
    static const char *const NAMES[] = {"LC_ALL", "LC_MESSAGES", "LANG"};
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
        const char *value = getenv(NAMES[i]);
        if (value != NULL && value[0] != '\0')
            return strncmp(value, "en", 2) == 0 ? LANG_EN : LANG_VI;
    }
    return LANG_VI;
}

/* --- options --- */

static bool set_number(struct options *o, int c, const char *value)
{
    long n = 0;
    switch (c) {
    case 'j': {
        bool ok = read_number(value, 1, CREW_MAX, "not a number of threads", &n);
        o->threads = (unsigned)n;
        return ok;
    }
    case O_TIMEOUT: {
        bool ok = read_number(value, 1, 600, "not a number of seconds", &n);
        o->timeout = (unsigned)n;
        return ok;
    }
    default: {
        bool ok = read_number(value, 1, 3, "certification is 1, 2 or 3", &n);
        o->job.pades.certify = (int)n;
        return ok;
    }
    }
}

static bool set_checked(struct options *o, int c, const char *value)
{
    switch (c) {
    case O_FORMAT: return set_format(o, value);
    case O_LEVEL: return set_level(o, value);
    case O_HASH: return set_hash(o, value);
    case O_TSA_HASH: return read_hash(&o->job.tsa_hash, value);
    case O_LANG: return set_lang(o, value);
    case O_CHAIN: return add_to(o->chain, value);
    case O_TRUST: return add_to(o->trust, value);
    case O_CRL: return add_to(o->crl, value);
    case 'j':
    case O_TIMEOUT:
    case O_CERTIFY: return set_number(o, c, value);
    default: return false; /* getopt has said why */
    }
}

static bool set_flag(struct options *o, int c)
{
    switch (c) {
    case O_PKCS1: o->key.pkcs1 = true; return true;
    case O_OFFLINE: o->offline = true; return true;
    case O_PRIVATE: o->private_addresses = true; return true;
    case O_NO_CACHE: o->no_cache = true; return true;
    case O_CHECK: o->check = true; return true;
    case O_OVERWRITE: o->job.overwrite = true; return true;
    case O_OR_NOTHING: o->job.or_nothing = true; return true;
    case O_ENVELOPING: o->job.cades.enveloping = true; return true;
    case O_JSON: o->json = true; return true;
    case O_QUIET: o->quiet = true; return true;
    case 'h': o->help = true; return true;
    case 'V': o->version = true; return true;
    default: return false;
    }
}

/* Where the text of an option goes as it stands; NULL: it is none of these. */
static const char **text_of(struct options *o, int c)
{
    switch (c) {
    case O_KEY: return &o->key.key;
    case O_CERT: return &o->key.cert;
    case O_P12: return &o->key.p12;
    case O_PKCS11: return &o->key.module;
    case O_TOKEN: return &o->key.token;
    case O_KEY_LABEL: return &o->key.object;
    case O_PASSWORD: return &o->password_file;
    case O_TSA: return &o->job.tsa_url;
    case O_TSA_USER: return &o->job.tsa_user;
    case O_TSA_PASSWORD: return &o->tsa_password_file;
    case O_CACHE: return &o->cache;
    case O_TLS_CA: return &o->tls_ca;
    case 'o': return &o->job.output;
    case O_FIELD: return &o->job.pades.field_name;
    case O_REASON: return &o->job.pades.reason;
    case O_LOCATION: return &o->job.pades.location;
    case O_NAME: return &o->job.pades.name;
    case O_MIME: return &o->job.cades.mime_type;
    case O_CONTENT: return &o->job.content;
    default: return NULL;
    }
}

static bool set_option(struct options *o, int c, const char *value)
{
    const char **text = text_of(o, c);
    if (text != NULL) {
        *text = value;
        return true;
    }
    return value == NULL ? set_flag(o, c) : set_checked(o, c, value);
}

/* --- together --- */

static bool key_fits(const struct options *o)
{
    int sources = (o->key.key != NULL) + (o->key.p12 != NULL) + (o->key.module != NULL);
    if (o->job.extend)
        return sources == 0 || complain("extend needs no key", NULL);
    if (sources != 1)
        return complain("one of --key, --p12, --pkcs11 is needed", NULL);
    return o->key.key == NULL || o->key.cert != NULL || complain("--key needs --cert", NULL);
}

static bool output_fits(const struct options *o)
{
    if (o->job.output == NULL || o->path_n == 1)
        return true;
    return access(o->job.output, F_OK) == 0 || complain("many files need a folder that is there", o->job.output);
}

/* renew: without files by timestamp, with all of them and --hash by hash tree. */
static bool evidence_fits(const struct options *o)
{
    if (o->job.output == NULL)
        return complain("evidence needs its folder: -o", NULL);
    if (o->evidence != EVIDENCE_GET && o->job.tsa_url == NULL)
        return complain("evidence needs a time-stamping service: --tsa", NULL);
    if (o->evidence == EVIDENCE_RENEW)
        return (o->path_n > 0) == (o->key.hash != NULL) || complain("renew takes --hash and all files, or neither", NULL);
    return o->path_n > 0 || complain("no files; antin-sign --help tells more", NULL);
}

static bool fits(struct options *o)
{
    if (o->evidence != EVIDENCE_NONE) {
        o->job.level = LEVEL_LTA;
        return key_fits(o) && evidence_fits(o);
    }
    if (o->path_n == 0)
        return complain("no files; antin-sign --help tells more", NULL);
    if (!o->level_given)
        o->job.level = o->job.extend ? LEVEL_LTA : o->job.tsa_url != NULL ? LEVEL_T : LEVEL_B;
    if (o->job.tsa_url == NULL && !o->job.extend && o->job.level > LEVEL_B)
        return complain("this level needs a time-stamping service: --tsa", level_name(o->job.level));
    if (o->job.tsa_url == NULL && o->job.level == LEVEL_LTA)
        return complain("B-LTA needs a time-stamping service: --tsa", NULL);
    return key_fits(o) && output_fits(o);
}

static bool read_verb(struct options *o, const char *word)
{
    static const char *const VERBS[] = {"create", "renew", "get", NULL};
    int i = 0;
    if (!word_in(VERBS, word != NULL ? word : "", "evidence create, renew or get, not", &i))
        return false;
    o->evidence = (enum evidence_verb)(EVIDENCE_CREATE + i);
    o->job.extend = true; /* needs no key */
    return true;
}

bool options_read(struct options *o, int argc, char **argv)
{
    *o = (struct options){.threads = 1, .timeout = 20, .lang = lang_of_environment(), .job.tsa_hash = CMS_SHA256};
    o->key.chain = o->chain;
    o->job.extend = argc > 1 && strcmp(argv[1], "extend") == 0;
    if (o->job.extend) {
        argc--;
        argv++;
    }
    if (argc > 1 && strcmp(argv[1], "evidence") == 0) {
        if (!read_verb(o, argv[2]))
            return false;
        argc -= 2;
        argv += 2;
    }
    for (int c; (c = getopt_long(argc, argv, "hVo:j:", LONG, NULL)) != -1;) {
        if (!set_option(o, c, optarg))
            return false;
        if (o->help || o->version)
            return true;
    }
    o->paths = argv + optind;
    o->path_n = (size_t)(argc - optind);
    return fits(o);
}

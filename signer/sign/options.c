/*
 * Reads the command line: one table of options, then what must fit together.
 * Called by main.c.
 */
#include "signer/sign/options.h"

#include "signer/formats/pdf_active.h"
#include "signer/formats/signed_data.h"
#include "signer/sign/crew.h"
#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool complain(const char *what, const char *value)
{
    fprintf(stderr, "antin-sign: %s%s%s\n", what, value != NULL ? ": " : "", value != NULL ? value : "");
    return false;
}

/* --- the table --- */

/* A word and what it stands for; a list ends with NULL. */
struct choice {
    const char *word;
    int value;
};

static const struct choice FORMATS[] = {
    {"auto", FORMAT_AUTO},     {"pades", FORMAT_PADES},   {"cades", FORMAT_CADES}, {"xades", FORMAT_XADES},
    {"asic-e", FORMAT_ASIC_E}, {"asic-s", FORMAT_ASIC_S}, {"jades", FORMAT_JADES}, {NULL, 0},
};
static const struct choice KINDS[] = {{"xades", ASIC_XADES}, {"cades", ASIC_CADES}, {"timestamp", ASIC_TIMESTAMP}, {NULL, 0}};
static const struct choice LEVELS[] = {{"B-B", LEVEL_B}, {"B-T", LEVEL_T}, {"B-LT", LEVEL_LT}, {"B-LTA", LEVEL_LTA}, {NULL, 0}};
static const struct choice HASHES[] = {
    {"sha256", CMS_SHA256},
    {"sha384", CMS_SHA384},
    {"sha512", CMS_SHA512},
    {"sha3-256", CMS_SHA3_256},
    {"sha3-384", CMS_SHA3_384},
    {"sha3-512", CMS_SHA3_512},
    {NULL, 0},
};
static const struct choice LOOKS[] = {
    {"citizen", LOOK_CITIZEN}, {"official", LOOK_OFFICIAL}, {"agency", LOOK_AGENCY}, {"annex", LOOK_ANNEX}, {"copy", LOOK_COPY}, {NULL, 0},
};
static const struct choice LOCKS[] = {{"all", PADES_LOCK_ALL}, {"listed", PADES_LOCK_LISTED}, {"others", PADES_LOCK_OTHERS}, {NULL, 0}};
static const struct choice LANGS[] = {{"vi", LANG_VI}, {"en", LANG_EN}, {NULL, 0}};

enum row_kind {
    ROW_FLAG,   /* bool */
    ROW_TEXT,   /* const char * */
    ROW_LIST,   /* const char *[LIST_MAX + 1] */
    ROW_CHOICE, /* an enum */
    ROW_NUMBER, /* unsigned or int, not negative */
};

struct row {
    const char *name;
    enum row_kind kind;
    size_t at;                   /* where in struct options it goes */
    const struct choice *choice; /* of ROW_CHOICE */
    int min, max;                /* of ROW_NUMBER */
    const char *wrong;           /* what is said of any other value */
    size_t given;                /* a bool that tells that the option was there; 0: nobody asks */
    int letter;
};
#define AT(member) offsetof(struct options, member)
#define FLAG(...) ROW(ROW_FLAG, __VA_ARGS__)
#define TEXT(...) ROW(ROW_TEXT, __VA_ARGS__)
#define LIST(...) ROW(ROW_LIST, __VA_ARGS__)
#define ROW(k, n, member, ...)                              \
    {                                                       \
        .name = n, .kind = k, .at = AT(member), __VA_ARGS__ \
    }
#define CHOICE(n, member, of, what, ...) ROW(ROW_CHOICE, n, member, .choice = of, .wrong = what, __VA_ARGS__)
#define NUMBER(n, member, from, to, what, ...) ROW(ROW_NUMBER, n, member, .min = from, .max = to, .wrong = what, __VA_ARGS__)

static const struct row ROWS[] = {
    CHOICE("format", job.format, FORMATS, "unknown format"),
    CHOICE("kind", job.kind, KINDS, "unknown kind of signature", .given = AT(kind_given)),
    CHOICE("level", job.level, LEVELS, "unknown level", .given = AT(level_given)),
    TEXT("key", key.key),
    TEXT("cert", key.cert),
    TEXT("p12", key.p12),
    TEXT("pkcs11", key.module),
    TEXT("token", key.token),
    TEXT("key-label", key.object),
    LIST("chain", chain),
    TEXT("password-file", password_file),
    CHOICE("hash", hash, HASHES, "digest is unknown or refused", .given = AT(hash_given)),
    FLAG("rsa-pkcs1", key.pkcs1),
    TEXT("tsa", job.tsa_url),
    TEXT("tsa-user", job.tsa_user),
    TEXT("tsa-password-file", tsa_password_file),
    CHOICE("tsa-hash", job.tsa_hash, HASHES, "digest is unknown or refused"),
    LIST("trust", trust),
    LIST("crl", crl),
    FLAG("offline", offline),
    FLAG("private-addresses", private_addresses),
    TEXT("cache", cache),
    FLAG("no-cache", no_cache),
    NUMBER("timeout", timeout, 1, 600, "not a number of seconds"),
    TEXT("tls-ca", tls_ca),
    FLAG("check", check),
    TEXT("output", job.output, .letter = 'o'),
    FLAG("overwrite", job.overwrite),
    FLAG("or-nothing", job.or_nothing),
    TEXT("field", job.pades.field_name),
    TEXT("reason", job.pades.reason),
    TEXT("location", job.pades.location),
    TEXT("name", job.pades.name),
    NUMBER("certify", job.pades.certify, 1, 3, "certification is 1, 2 or 3"),
    CHOICE("lock", job.pades.lock, LOCKS, "lock all, listed or others, not"),
    LIST("lock-field", lock_field),
    CHOICE("visible", job.visible.kind, LOOKS, "unknown look of a signature", .given = AT(job.visible.wanted)),
    TEXT("place", place),
    TEXT("picture", picture),
    NUMBER("picture-width", job.visible.picture_mm, 5, 120, "a picture is 5 to 120 mm wide"),
    TEXT("agency", job.visible.agency),
    TEXT("number", job.visible.number),
    TEXT("copy", job.visible.copy),
    TEXT("accept", accept),
    NUMBER("within", within_days, 0, 36500, "not a number of days", .given = AT(within_given)),
    FLAG("add", add),
    FLAG("counter", counter),
    NUMBER("signer", job.signer, 1, SIGNERS_MAX, "not a number of a signer"),
    FLAG("detached", job.detached),
    FLAG("compact", job.compact),
    FLAG("enveloping", job.cades.enveloping),
    TEXT("mime", job.cades.mime_type),
    TEXT("content", job.content),
    NUMBER("threads", threads, 1, CREW_MAX, "not a number of threads", .letter = 'j'),
    FLAG("json", json),
    FLAG("quiet", quiet),
    CHOICE("lang", lang, LANGS, "unknown language"),
    FLAG("help", help, .letter = 'h'),
    FLAG("version", version, .letter = 'V'),
};
#define ROW_N (sizeof ROWS / sizeof *ROWS)
#define DAY 86400  /* seconds */
#define FIRST 1000 /* getopt's number of ROWS[0] */

/* --- one option --- */

static bool put_number(const struct row *r, const char *value, void *to)
{
    char *end;
    long n = strtol(value, &end, 10);
    if (end == value || *end != '\0' || n < r->min || n > r->max)
        return complain(r->wrong, value);
    *(unsigned *)to = (unsigned)n;
    return true;
}

static bool put_choice(const struct row *r, const char *value, void *to)
{
    for (const struct choice *c = r->choice; c->word != NULL; c++) {
        if (strcmp(c->word, value) == 0) {
            memcpy(to, &c->value, sizeof c->value);
            return true;
        }
    }
    return complain(r->wrong, value);
}
_Static_assert(sizeof(enum file_format) == sizeof(int) && sizeof(enum lang) == sizeof(int), "enums are as wide as their values");

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

static bool set_option(struct options *o, const struct row *r, const char *value)
{
    char *to = (char *)o + r->at;
    if (r->given != 0)
        *((bool *)((char *)o + r->given)) = true;
    switch (r->kind) {
    case ROW_FLAG: *(bool *)to = true; return true;
    case ROW_TEXT: memcpy(to, &value, sizeof value); return true;
    case ROW_LIST: return add_to((const char **)(void *)to, value);
    case ROW_CHOICE: return put_choice(r, value, to);
    case ROW_NUMBER: return put_number(r, value, to);
    }
    return false;
}

static const struct row *row_of(int c)
{
    for (size_t i = 0; i < ROW_N; i++) {
        if (ROWS[i].letter != 0 ? c == ROWS[i].letter : c == FIRST + (int)i)
            return &ROWS[i];
    }
    return NULL; /* getopt has said why */
}

static void make_long(struct option out[ROW_N + 1])
{
    for (size_t i = 0; i < ROW_N; i++)
        out[i] = (struct option){.name = ROWS[i].name,
                                 .has_arg = ROWS[i].kind == ROW_FLAG ? no_argument : required_argument,
                                 .val = ROWS[i].letter != 0 ? ROWS[i].letter : FIRST + (int)i};
    out[ROW_N] = (struct option){0};
}

static bool read_all(struct options *o, int argc, char **argv)
{
    struct option names[ROW_N + 1];
    make_long(names);
    for (int c; (c = getopt_long(argc, argv, "hVo:j:", names, NULL)) != -1;) {
        const struct row *r = row_of(c);
        if (r == NULL || !set_option(o, r, optarg))
            return false;
        if (o->help || o->version)
            return true;
    }
    o->paths = argv + optind;
    o->path_n = (size_t)(argc - optind);
    return true;
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

/* --- together --- */

static bool key_fits(const struct options *o)
{
    int sources = (o->key.key != NULL) + (o->key.p12 != NULL) + (o->key.module != NULL);
    if (!job_needs_key(&o->job))
        return sources == 0 || complain("no key is needed for this", NULL);
    if (sources != 1)
        return complain("one of --key, --p12, --pkcs11 is needed", NULL);
    return o->key.key == NULL || o->key.cert != NULL || complain("--key needs --cert", NULL);
}

static bool output_fits(const struct options *o)
{
    if (o->job.output == NULL || o->path_n == 1 || job_is_one(&o->job))
        return true;
    return access(o->job.output, F_OK) == 0 || complain("many files need a folder that is there", o->job.output);
}

/* XAdES is for containers of many files, timestamps are for those of one. */
static bool kind_fits(struct options *o)
{
    if (!o->kind_given)
        o->job.kind = o->job.format == FORMAT_ASIC_S ? ASIC_CADES : ASIC_XADES;
    else if (job_in_place(&o->job) || (o->job.format != FORMAT_ASIC_E && o->job.format != FORMAT_ASIC_S))
        return complain("--kind is for a new container", NULL);
    else if (o->job.kind == (o->job.format == FORMAT_ASIC_S ? ASIC_XADES : ASIC_TIMESTAMP))
        return complain("asic-e has XAdES or CAdES signatures, asic-s a CAdES signature or a timestamp", NULL);
    return true;
}

/* renew: without files by timestamp, with all of them and --hash by hash tree. */
static bool evidence_fits(const struct options *o)
{
    if (o->job.output == NULL)
        return complain("evidence needs its folder: -o", NULL);
    if (o->evidence != EVIDENCE_GET && o->job.tsa_url == NULL)
        return complain("evidence needs a time-stamping service: --tsa", NULL);
    if (o->evidence == EVIDENCE_RENEW)
        return (o->path_n > 0) == o->hash_given || complain("renew takes --hash and all files, or neither", NULL);
    return o->path_n > 0 || complain("no files; antin-sign --help tells more", NULL);
}

static bool level_fits(struct options *o)
{
    bool stamp = o->job.kind == ASIC_TIMESTAMP;
    if (!o->level_given)
        o->job.level = o->job.verb == JOB_EXTEND || o->job.verb == JOB_RENEW ? LEVEL_LTA : o->job.tsa_url != NULL ? LEVEL_T : LEVEL_B;
    if (o->job.tsa_url != NULL)
        return true;
    if (o->job.level == LEVEL_LTA)
        return complain("B-LTA needs a time-stamping service: --tsa", NULL);
    if (stamp || (o->job.verb != JOB_EXTEND && o->job.level > LEVEL_B))
        return complain("this needs a time-stamping service: --tsa", stamp ? "timestamp" : level_name(o->job.level));
    return true;
}

static bool shape_fits(struct options *o)
{
    bool names = o->lock_field[0] != NULL;
    if (names != (o->job.pades.lock == PADES_LOCK_LISTED || o->job.pades.lock == PADES_LOCK_OTHERS))
        return complain("--lock listed and --lock others go with --lock-field", NULL);
    o->job.pades.lock_field = o->lock_field;
    bool xml = o->job.format == FORMAT_XADES, json = o->job.format == FORMAT_JADES;
    if (o->job.detached && ((!xml && !json) || o->job.cades.enveloping))
        return complain("--detached is for xades and jades", NULL);
    if (o->job.compact && (!json || o->job.level > LEVEL_B))
        return complain("--compact is for jades at B-B: it has no place for a timestamp", NULL);
    return true;
}

/* --add, --counter: a key, and something that is signed. */
static bool verb_fits(struct options *o)
{
    if (o->job.signer > 0 && !o->counter)
        return complain("--signer is for --counter", NULL);
    if (!o->add && !o->counter)
        return true;
    if (o->job.verb != JOB_SIGN || (o->add && o->counter))
        return complain("extend, --add and --counter do different things", NULL);
    if (o->counter && o->job.level > LEVEL_T)
        return complain("--counter makes B-B or B-T; extend raises it", NULL);
    if (o->job.format != FORMAT_AUTO || o->job.cades.enveloping)
        return complain("--add and --counter go by what is there", NULL);
    o->job.verb = o->add ? JOB_ADD : JOB_COUNTER;
    return true;
}

/* Every file stays where it is, and archived. */
static bool renew_fits(struct options *o)
{
    o->job.within = (int64_t)o->within_days * DAY;
    if (o->job.verb != JOB_RENEW)
        return !o->within_given || complain("--within is for renew", NULL);
    if (o->level_given || o->job.output != NULL || o->job.content != NULL || o->job.format != FORMAT_AUTO)
        return complain("renew takes no --level, --output, --content or --format", NULL);
    return true;
}

/* What can be seen is in PDFs, when they are signed. */
static bool visible_fits(struct options *o)
{
    const struct visible *v = &o->job.visible;
    if (!v->wanted) {
        bool none =
            o->place == NULL && o->picture == NULL && v->picture_mm == 0 && v->agency == NULL && v->number == NULL && v->copy == NULL;
        return none || complain("--place, --picture, --agency, --number and --copy go with --visible", NULL);
    }
    if (o->job.verb == JOB_EXTEND || o->job.verb == JOB_COUNTER || (o->job.format != FORMAT_AUTO && o->job.format != FORMAT_PADES))
        return complain("--visible is for signing PDFs", NULL);
    if ((v->kind == LOOK_OFFICIAL || v->kind == LOOK_AGENCY) && o->picture == NULL)
        return complain("this look needs --picture", NULL);
    if (v->kind == LOOK_ANNEX && v->number == NULL)
        return complain("this look needs --number", NULL);
    return o->place == NULL || pdf_place_parse(o->place, &o->job.visible.place) || complain("not a place", o->place);
}

static bool accept_fits(struct options *o)
{
    return o->accept == NULL || pdf_active_parse(o->accept, &o->job.pades.accept) == OK ||
           complain("--accept is a list of xfa, javascript, launch, embedded-files", o->accept);
}

static bool fits(struct options *o)
{
    if (o->hash_given)
        o->key.hash = &o->hash;
    if (o->evidence != EVIDENCE_NONE) {
        o->job.level = LEVEL_LTA;
        return key_fits(o) && evidence_fits(o);
    }
    if (o->path_n == 0)
        return complain("no files; antin-sign --help tells more", NULL);
    return verb_fits(o) && renew_fits(o) && kind_fits(o) && level_fits(o) && shape_fits(o) && visible_fits(o) && accept_fits(o) &&
           key_fits(o) && output_fits(o);
}

static bool read_evidence_verb(struct options *o, const char *word)
{
    static const char *const VERBS[] = {"create", "renew", "get"};
    o->job.verb = JOB_EXTEND; /* needs no key */
    for (size_t i = 0; i < sizeof VERBS / sizeof *VERBS; i++) {
        if (word != NULL && strcmp(word, VERBS[i]) == 0) {
            o->evidence = (enum evidence_verb)(EVIDENCE_CREATE + i);
            return true;
        }
    }
    return complain("evidence create, renew or get, not", word != NULL ? word : "");
}

bool options_read(struct options *o, int argc, char **argv)
{
    *o = (struct options){.threads = 1, .within_days = 90, .timeout = 20, .lang = lang_of_environment(), .job.tsa_hash = CMS_SHA256};
    o->key.chain = o->chain;
    if (argc > 1 && (strcmp(argv[1], "extend") == 0 || strcmp(argv[1], "renew") == 0)) {
        o->job.verb = argv[1][0] == 'e' ? JOB_EXTEND : JOB_RENEW;
        argc--;
        argv++;
    }
    if (argc > 1 && strcmp(argv[1], "evidence") == 0) {
        if (!read_evidence_verb(o, argv[2]))
            return false;
        argc -= 2;
        argv += 2;
    }
    return read_all(o, argc, argv) && (o->help || o->version || fits(o));
}

/*
 * Any messages to keyd's operations, one after the other on one connection: never a crash, no reply that says more than it has.
 * The keys and the configuration are real, made by a ceremony at the start. certs/keyd/PROTOCOL.md.
 */
#include "certs/cli.h"
#include "certs/keyd/keyd.h"
#include "common/clock.h"
#include "common/log.h"
#include "tests/fuzz/fuzz.h"
#include <ftw.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct keyd keyd;
static struct worker *worker;
static char dir[] = "/tmp/antin-fuzz-XXXXXX";

static const char *in_dir(const char *name)
{
    static char room[8][128];
    static unsigned at;
    char *s = room[at++ % 8];
    (void)snprintf(s, sizeof room[0], "%s/%s", dir, name);
    return s;
}

static void write_text(const char *path, const char *text)
{
    FILE *f = fopen(path, "we");
    MUST(f && fputs(text, f) >= 0 && fclose(f) == 0);
}

static void ceremony(void)
{
    const char *domain = in_dir("domain"), *keys = in_dir("keys"), *pass = in_dir("pass");
    write_text(pass, "correct horse battery staple\n");
    MUST(mkdir(keys, 0700) == 0);
    MUST(CMD_DOMAIN_KEY.run(&(struct cli){.out = domain}) == 0);
    MUST(CMD_INIT.run(&(struct cli){.arg = in_dir("ca"),
                                    .organization = "X",
                                    .crl_base = "http://x",
                                    .aia_base = "http://x",
                                    .passphrase_file = pass,
                                    .profiles = "certs/profiles",
                                    .all = true,
                                    .key_out = keys,
                                    .domain_key = domain}) == 0);
    MUST(CMD_KEY_NEW.run(&(struct cli){.purpose = "token", .dir = keys, .domain_key = domain}) == 0);
    MUST(CMD_KEY_NEW.run(&(struct cli){.purpose = "data", .dir = keys, .domain_key = domain}) == 0);
    MUST(CMD_JWKS.run(&(struct cli){.arg = keys, .out = in_dir("jwks")}) == 0);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st;
    (void)type;
    (void)at;
    return remove(path);
}

static void start(void)
{
    AUTO_BUF conf = {0};
    secret_init();
    log_init("fuzz", LOG_ERROR);
    MUST(mkdtemp(dir));
    ceremony();
    MUST(buf_addf(&conf,
                  "[keyd]\nsocket = x\npeers = 0\npurposes = token data tsa seal ca ocsp citizen\nkeys = %s\ndomain_key = %s\n[token]\nissuer = "
                  "i\n[citizen]\n"
                  "profile = certs/profiles/citizen.conf\ncrl_url = http://x\naia_url = http://x\nocsp_url = http://x\nidp_issuer = i\nidp_audience = "
                  "a\nidp_jwks = %s\n"
                  "pin_mem_kib = 8192\npin_ops = 1\n",
                  in_dir("keys"), in_dir("domain"), in_dir("jwks")) == OK);
    write_text(in_dir("conf"), buf_str(&conf));
    MUST(keyd_prepare(in_dir("conf"), &keyd, stderr) == OK);
    keyd.ts_offset_us = clock_now_us() - clock_mono_us();
    MUST(worker_new(&keyd, &worker) == OK);
    MUST(nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS) == 0); /* all is in memory now */
}

/* A sealed blob of a real key, so that operations come past the seal. */
static void real_blob(struct keyw_citizen *c, struct keyw_blob *b)
{
    static struct keyw_citizen who = {"00000000-0000-4000-8000-000000000000", "owner"};
    static struct keyw_blob blob;
    if (!blob.len) {
        struct conn all = {.allowed = ~0u};
        worker->q.head = (struct keyw_head){.version = KEYW_VERSION, .op = KEYW_CREATE};
        worker->q.CREATE_q = (struct keyw_create){.head = worker->q.head, .citizen = who, .pin = {.len = 6, .pin = "123456"}};
        MUST(op_perform(worker, &all) == KEYW_OK);
        blob = worker->r.CREATE_r.blob;
    }
    *c = who;
    *b = blob;
}

/* Something valid, over which the input is laid: else almost nothing comes past the first check. */
static void template(unsigned op)
{
    union keyw_msg *q = &worker->q;
    struct keyw_citizen c;
    struct keyw_blob b;
    real_blob(&c, &b);
    memset(q, 0, sizeof *q);
    switch (op) {
    case KEYW_TOKEN: q->TOKEN_q = (struct keyw_token){.type = KEY_ID_TOKEN, .lifetime = 60, .sub = "s", .aud = {"a"}}; break;
    case KEYW_TOKENS:
        q->TOKENS_q.n = 2;
        q->TOKENS_q.item[0] = q->TOKENS_q.item[1] = (struct keyw_token){.type = KEY_ID_TOKEN, .lifetime = 60, .sub = "s", .aud = {"a"}};
        break;
    case KEYW_SEAL: (void)strcpy(q->SEAL_q.mime, "application/vnd.antin.manifest+json"); break;
    case KEYW_CREATE:
    case KEYW_REPIN:
    case KEYW_ISSUE:
    case KEYW_SIGN: q->CREATE_q.citizen = c; break;
    case KEYW_CRL_BEGIN: q->CRL_BEGIN_q = (struct keyw_crl_begin){.number = keyd.crl_number + 1, .lifetime = 3600, .count = 2}; break;
    case KEYW_CRL_ADD: q->CRL_ADD_q.n = 1; break;
    default: break;
    }
    if (op == KEYW_REPIN)
        q->REPIN_q.blob = b;
    if (op == KEYW_ISSUE)
        q->ISSUE_q = (struct keyw_issue){
            .citizen = c, .blob = b, .serial = {1}, .common_name = "A", .serial_number = "1", .not_before = clock_now(), .days = 1};
    if (op == KEYW_SIGN)
        q->SIGN_q.blob = b;
    q->head = (struct keyw_head){.version = KEYW_VERSION, .op = (uint16_t)op};
}

static void check_reply(unsigned op)
{
    const union keyw_msg *r = &worker->r;
    if (op == KEYW_TOKEN)
        MUST(r->TOKEN_r.len < sizeof r->TOKEN_r.jwt);
    if (op == KEYW_TOKENS)
        MUST(r->TOKENS_r.n <= KEYW_TOKENS_MAX && r->TOKENS_r.text_len <= sizeof r->TOKENS_r.text);
    if (op == KEYW_TIMESTAMP)
        MUST(r->TIMESTAMP_r.token_len <= sizeof r->TIMESTAMP_r.token && r->TIMESTAMP_r.serial_len == 16);
    if (op == KEYW_SEAL)
        MUST(r->SEAL_r.s.attrs_len <= KEYW_ATTRS_MAX && r->SEAL_r.s.sig_len <= KEYW_SIG_MAX);
    if (op == KEYW_CRL_READ)
        MUST(r->CRL_READ_r.n <= KEYW_CRL_READ_MAX);
    MUST(op != KEYW_SIGN); /* no input holds a provider's signature */
}

/* Messages: op, offset (2 bytes), length (1 byte), bytes that replace the template's from there. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct conn c = {.fd = -1, .allowed = ~0u};
    if (!worker)
        start();
    for (unsigned messages = 0; size >= 4 && messages < 8; messages++) {
        unsigned op = data[0] % KEYW_OP_END;
        size_t at = (size_t)data[1] << 8 | data[2], n = data[3], len = keyw_request_len(op);
        data += 4;
        size -= 4;
        n = n < size ? n : size;
        template(op);
        at += sizeof(struct keyw_head);
        if (at < len)
            memcpy((uint8_t *)&worker->q + at, data, n < len - at ? n : len - at);
        if (op_well_formed(&worker->q, keyw_request_used(&worker->q.head, len)) && op_perform(worker, &c) == KEYW_OK)
            check_reply(op);
        data += n;
        size -= n;
    }
    crl_job_free(&c.crl);
    return 0;
}

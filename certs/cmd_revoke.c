/*
 * antin-ca revoke, list, crl: what became of the certificates of a ceremony.
 * Called by antin-ca. RFC 5280 §5.
 */
#include "certs/cli.h"
#include "certs/crl.h"
#include "common/clock.h"
#include "common/json.h"

#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY 86400

static int run_revoke(const struct cli *c)
{
    AUTO_STORE s = {.lock = -1};
    int64_t at, since;
    int reason = crl_reason_from(c->reason ? c->reason : "unspecified");
    if (!c->arg)
        return cli_fail(EXIT_USAGE, "revoke: which SERIAL?");
    if (reason < 0 || reason == 8)
        return cli_fail(
            EXIT_USAGE,
            "--reason %s: one of unspecified, keyCompromise, cACompromise, affiliationChanged, superseded, cessationOfOperation, "
            "certificateHold, privilegeWithdrawn, aACompromise",
            c->reason);
    if (cli_time("at", c->at, clock_now(), &at) != OK || cli_time("invalid-since", c->invalid_since, 0, &since) != OK)
        return EXIT_USAGE;
    if (cli_store(c, &s) != OK)
        return EXIT_FAILED;
    struct row *r = store_find(&s, c->arg);
    if (!r)
        return cli_fail(EXIT_REFUSED, "%s: no certificate of this ceremony has that serial number", c->arg);
    if (r->state == ROW_REVOKED)
        return cli_fail(EXIT_REFUSED, "%s: revoked already", c->arg);
    r->state = ROW_REVOKED;
    r->reason = reason;
    r->revoked_at = at;
    r->invalid_since = since;
    err_t e = store_commit(&s);
    return e == OK ? EXIT_OK : cli_fail(EXIT_FAILED, "cannot write the index: %s", cli_why(e));
}

const struct command CMD_REVOKE = {
    .name = "revoke",
    .options = " ca-dir reason invalid-since at ",
    .arg = "SERIAL",
    .run = run_revoke,
    .help = "antin-ca revoke SERIAL [--reason REASON] [--invalid-since TIME] [--at TIME] [--ca-dir DIR]\n"
            "Marks a certificate as revoked; the next antin-ca crl of its issuer carries it. An intent that was never finished can be "
            "revoked too.\n"
            "  --reason REASON        keyCompromise, superseded … (RFC 5280 §5.3.1); unspecified when not given\n"
            "  --at TIME              revocation time, RFC 3339; now when not given\n"
            "  --invalid-since TIME   when the key is thought to have been lost (invalidityDate)\n",
};

/* --- list --- */

static err_t add_time(json_t *o, const char *name, int64_t t)
{
    char text[CLOCK_RFC3339_LEN + 1];
    if (!t)
        return OK;
    clock_rfc3339(t, text);
    return json_object_set_new(o, name, json_string(text)) == 0 ? OK : ERR_NOMEM;
}

static err_t row_json(const struct row *r, json_t *array)
{
    AUTO_JSON o = json_pack("{s:s s:s s:s s:s s:s}", "serial", r->serial, "state", row_state_name(r->state), "ca", r->ca, "profile",
                            r->profile, "subject", r->subject);
    if (!o)
        return ERR_NOMEM;
    TRY(add_time(o, "not_before", r->not_before));
    TRY(add_time(o, "not_after", r->not_after));
    TRY(add_time(o, "created", r->created));
    TRY(add_time(o, "revoked_at", r->revoked_at));
    TRY(add_time(o, "invalid_since", r->invalid_since));
    if (r->state == ROW_REVOKED && json_object_set_new(o, "reason", json_string(crl_reason_name(r->reason))) != 0)
        return ERR_NOMEM;
    return json_array_append(array, o) == 0 ? OK : ERR_NOMEM;
}

static int run_list(const struct cli *c)
{
    AUTO_STORE s = {.lock = -1};
    AUTO_JSON all = json_array();
    AUTO_BUF text = {0};
    if (cli_store(c, &s) != OK)
        return EXIT_FAILED;
    for (size_t i = 0; i < s.n; i++) {
        const struct row *r = &s.rows[i];
        char until[CLOCK_RFC3339_LEN + 1];
        clock_rfc3339(r->not_after, until);
        if (c->json && row_json(r, all) != OK)
            return cli_fail(EXIT_FAILED, "out of memory");
        if (!c->json)
            printf("%s  %-7s  %-8s  %-11s  until %s  %s\n", r->serial, row_state_name(r->state), r->ca, r->profile, until, r->subject);
    }
    if (c->json) {
        if (json_text(all, &text) != OK)
            return cli_fail(EXIT_FAILED, "out of memory");
        puts(buf_str(&text));
    }
    return EXIT_OK;
}

const struct command CMD_LIST = {
    .name = "list",
    .options = " ca-dir json ",
    .run = run_list,
    .help = "antin-ca list [--json] [--ca-dir DIR]\n"
            "Lists every certificate of the ceremony: serial number, state (intent, valid, revoked), issuer, profile, end, subject.\n",
};

/* --- crl --- */

static void free_entries(struct key_crl_entry **e)
{
    free(*e);
}

static err_t entry_of(const struct row *r, struct key_crl_entry *e)
{
    size_t n = 0;
    uint8_t raw[X509_SERIAL_MAX];
    char even[2 * X509_SERIAL_MAX + 2] = "0";
    memcpy(even + strlen(r->serial) % 2, r->serial, strlen(r->serial) + 1);
    for (char *p = even; *p; p++)
        if (*p >= 'A' && *p <= 'F')
            *p = (char)(*p - 'A' + 'a');
    TRY(hex_decode(BYTES_STR(even), raw, sizeof raw, &n));
    *e = (struct key_crl_entry){.revoked_at = r->revoked_at, .invalid_since = r->invalid_since, .reason = r->reason};
    memcpy(e->serial + sizeof e->serial - n, raw, n);
    return OK;
}

static err_t write_crl(const struct cli *c, struct bytes der)
{
    if (!c->pem)
        return ca_file_write(c->out, der, 0644);
    AUTO_X509_CRL crl = NULL;
    TRY(x509_crl_from_der(der, &crl));
    BIO *b = BIO_new(BIO_s_mem());
    char *p = NULL;
    long n = b && PEM_write_bio_X509_CRL(b, crl) == 1 ? BIO_get_mem_data(b, &p) : 0;
    err_t e = n > 0 ? ca_file_write(c->out, BYTES(p, (size_t)n), 0644) : ERR_NOMEM;
    BIO_free(b);
    return e;
}

static int run_crl(const struct cli *c)
{
    AUTO_STORE s = {.lock = -1};
    AUTO_ISSUER ca = {0};
    AUTO_BUF der = {0};
    const char *name = c->ca ? c->ca : "root";
    struct crl_spec spec = {0};
    long days;
    if (!c->out)
        return cli_fail(EXIT_USAGE, "crl: --out FILE is missing");
    if (strcmp(name, "root") != 0 && strcmp(name, "services") != 0 && strcmp(name, "citizens") != 0)
        return cli_fail(EXIT_USAGE, "--ca %s: root, services or citizens", name);
    if (cli_time("at", c->at, clock_now(), &spec.this_update) != OK)
        return EXIT_USAGE;
    if (cli_store(c, &s) != OK)
        return EXIT_FAILED;
    if (cli_days("days", c->days, s.crl_days, &days) != OK)
        return EXIT_USAGE;
    if (issuer_open(&s, c, name, &ca) != OK)
        return EXIT_FAILED;
    AUTO(free_entries) struct key_crl_entry *entries = calloc(s.n ? s.n : 1, sizeof *entries);
    err_t e = entries ? OK : ERR_NOMEM;
    for (size_t i = 0; e == OK && i < s.n; i++)
        if (s.rows[i].state == ROW_REVOKED && !strcmp(s.rows[i].ca, name))
            e = entry_of(&s.rows[i], &entries[spec.n++]);
    if (e == OK)
        e = store_crl_number(&s, name, &spec.number);
    spec.issuer = ca.cert;
    spec.entries = entries;
    spec.next_update = spec.this_update + days * DAY;
    if (e == OK)
        e = crl_sign(&spec, ca.key, &der);
    if (e == OK)
        e = write_crl(c, buf_bytes(&der));
    return e == OK ? EXIT_OK : cli_fail(EXIT_FAILED, "%s: %s", c->out, cli_why(e));
}

const struct command CMD_CRL = {
    .name = "crl",
    .options = " ca-dir passphrase-file root-key ca ca-keys domain-key days at out pem ",
    .run = run_crl,
    .help = "antin-ca crl [--ca root|services|citizens] --out FILE [options]\n"
            "Signs a new CRL with the revoked certificates of that CA (DER) and the next number.\n"
            "  --ca NAME              root when not given\n"
            "  --pem                  write PEM\n"
            "  --days N               to the next update (ca.conf: crl_days)\n"
            "  --at TIME              thisUpdate; now when not given\n"
            "  --ca-keys KEYDIR --domain-key FILE   for citizens, whose key keyd holds\n"
            "  --ca-dir DIR, --passphrase-file FILE, --root-key FILE   see antin-ca --help\n",
};

/*
 * What antin-ca's commands share: passphrases, times, messages, and the CA that signs.
 * Called by certs/cmd_*.c.
 */
#include "certs/cli.h"
#include "common/clock.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define PASSPHRASE_MIN 12
#define PASSPHRASE_MAX 1024

void cli_say(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    fputs("antin-ca: ", stderr);
    vfprintf(stderr, fmt, ap);
    fputc('\n', stderr);
    va_end(ap);
}

const char *cli_why(err_t e)
{
    switch (e) {
    case ERR_IO: return errno ? strerror(errno) : "input or output failed";
    case ERR_DISK_FULL: return "the disk is full";
    case ERR_NOT_FOUND: return "not found";
    case ERR_SYNTAX: return "malformed";
    case ERR_TOO_LARGE: return "too large";
    case ERR_CRYPTO: return "wrong key or passphrase, or the file was altered";
    case ERR_CONFLICT: return "exists already";
    case ERR_EXPIRED: return "the validity is empty, longer than the profile allows, or outside the issuer's";
    case ERR_NOMEM: return "out of memory";
    case ERR_UNSUPPORTED: return "not supported";
    default: return err_info(e)->name;
    }
}

/* --- passphrases --- */

static void close_file(FILE **f)
{
    if (*f)
        fclose(*f);
}

static err_t ask(FILE *tty, const char *prompt, struct secret *out)
{
    struct termios was, quiet;
    char line[PASSPHRASE_MAX + 2];
    bool term = tcgetattr(fileno(tty), &was) == 0;
    fputs(prompt, tty);
    fflush(tty);
    if (term) {
        quiet = was;
        quiet.c_lflag &= ~(tcflag_t)ECHO;
        tcsetattr(fileno(tty), TCSAFLUSH, &quiet);
    }
    char *got = fgets(line, sizeof line, tty);
    if (term)
        tcsetattr(fileno(tty), TCSAFLUSH, &was);
    fputc('\n', tty);
    size_t n = got ? strcspn(line, "\n") : 0;
    err_t e = got ? secret_copy(out, BYTES(line, n)) : ERR_IO;
    secret_wipe(line, sizeof line);
    return e;
}

static err_t ask_twice(bool twice, struct secret *out)
{
    AUTO(close_file) FILE *tty = fopen("/dev/tty", "r+e");
    AUTO_SECRET again = {0};
    if (!tty) {
        cli_say("no terminal to ask for the passphrase: give --passphrase-file");
        return ERR_IO;
    }
    TRY(ask(tty, "Passphrase of the CA's keys: ", out));
    if (!twice)
        return OK;
    TRY(ask(tty, "Once more: ", &again));
    if (!secret_eq(secret_bytes(out), secret_bytes(&again))) {
        cli_say("the two passphrases differ");
        return ERR_SYNTAX;
    }
    return OK;
}

err_t passphrase_get(const struct cli *c, bool twice, struct secret *out)
{
    if (!c->passphrase_file) {
        TRY(ask_twice(twice, out));
    } else {
        err_t e = secret_read_file(out, c->passphrase_file, PASSPHRASE_MAX);
        if (e != OK) {
            cli_say("%s: %s", c->passphrase_file, cli_why(e));
            return e;
        }
    }
    if (out->len < PASSPHRASE_MIN) {
        cli_say("the passphrase has fewer than %d bytes", PASSPHRASE_MIN);
        return ERR_SYNTAX;
    }
    return OK;
}

/* --- values of options --- */

err_t cli_time(const char *option, const char *value, int64_t def, int64_t *out)
{
    *out = def;
    if (!value || clock_parse_rfc3339(value, out) == OK)
        return OK;
    cli_say("--%s %s: not a time like 2026-11-24T08:00:00Z", option, value);
    return ERR_SYNTAX;
}

err_t cli_days(const char *option, const char *value, long def, long *out)
{
    char *end;
    *out = def;
    if (!value)
        return OK;
    errno = 0;
    *out = strtol(value, &end, 10);
    if (!errno && end != value && *end == '\0' && *out >= 1 && *out <= 10000)
        return OK;
    cli_say("--%s %s: not a number of days from 1 to 10000", option, value);
    return ERR_SYNTAX;
}

err_t cli_store(const struct cli *c, struct store *out)
{
    const char *env = getenv("ANTIN_CA_DIR");
    const char *dir = c->ca_dir ? c->ca_dir : env && *env ? env : ".";
    err_t e = store_open(dir, out);
    if (e == ERR_IO || e == ERR_NOMEM)
        cli_say("%s: %s", dir, cli_why(e));
    return e;
}

err_t cli_domain_key(const struct cli *c, struct secret *out)
{
    if (!c->domain_key) {
        cli_say("--domain-key FILE is needed to seal or open keyd's key files");
        return ERR_SYNTAX;
    }
    err_t e = domain_key_load(c->domain_key, out);
    if (e != OK)
        cli_say("%s: %s", c->domain_key, e == ERR_SYNTAX ? "no domain key (see antin-ca domain-key)" : cli_why(e));
    return e;
}

/* --- the CA that signs --- */

void issuer_free(struct issuer *i)
{
    x509_free(&i->cert);
    evpkey_free(&i->key);
}

static err_t key_from_store(const char *path, const struct cli *c, EVP_PKEY **key)
{
    AUTO_BUF file = {0};
    AUTO_SECRET pass = {0};
    err_t e = ca_file_read(path, KEYFILE_MAX, &file);
    if (e == OK)
        TRY(passphrase_get(c, false, &pass)); /* said what is wrong itself */
    if (e == OK)
        e = passkey_open(buf_bytes(&file), secret_bytes(&pass), key);
    if (e != OK)
        cli_say("%s: %s", path, cli_why(e));
    return e;
}

static err_t key_from_keyd(const X509 *cert, const struct cli *c, EVP_PKEY **key)
{
    AUTO_SECRET domain = {0};
    AUTO_BUF path = {0}, file = {0};
    AUTO_KEYFILE k = {0};
    char id[KEY_ID_LEN + 1];
    TRY(cli_domain_key(c, &domain));
    TRY(x509_key_id(cert, id));
    TRY(buf_addf(&path, "%s/%s.key", c->ca_keys, id));
    err_t e = ca_file_read(buf_str(&path), KEYFILE_MAX, &file);
    if (e == OK)
        e = keyfile_open(buf_bytes(&file), secret_bytes(&domain), &k);
    if (e == OK)
        e = keyfile_pkey(&k, key);
    if (e != OK)
        cli_say("%s: %s", buf_str(&path), cli_why(e));
    return e;
}

err_t issuer_open(const struct store *s, const struct cli *c, const char *name, struct issuer *out)
{
    AUTO_BUF path = {0};
    *out = (struct issuer){0};
    TRY(store_path(s, &path, "%s.crt", name));
    err_t e = x509_load(buf_str(&path), &out->cert);
    if (e != OK) {
        cli_say("%s: %s: issue the %s CA first", buf_str(&path), cli_why(e), name);
        return e;
    }
    TRY(store_path(s, &path, "%s.key", name));
    const char *key_path = !strcmp(name, "root") && c->root_key ? c->root_key : buf_str(&path);
    if (access(key_path, F_OK) != 0 && strcmp(name, "root") != 0 && c->ca_keys)
        e = key_from_keyd(out->cert, c, &out->key);
    else
        e = key_from_store(key_path, c, &out->key);
    if (e == OK && X509_check_private_key(out->cert, out->key) != 1) {
        cli_say("the key of the %s CA is not the one of its certificate", name);
        e = ERR_CRYPTO;
    }
    if (e != OK)
        issuer_free(out);
    return e;
}

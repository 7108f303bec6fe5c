/*
 * keyd's keys: read from their sealed files at start, with certificates, peers and the provider's keys; never read again.
 * Called by worker.c before the process locks itself in.
 */
#include "certs/keyd/keyd.h"
#include "certs/keyfile.h"
#include "certs/store.h"
#include "common/clock.h"
#include "common/json.h"

#include <dirent.h>
#include <errno.h>
#include <pwd.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static const char *group_name(unsigned g)
{
    return g == GROUP_CITIZEN ? "citizen" : purpose_name((enum key_purpose)g);
}

/* --- peers --- */

static err_t add_peer(struct peers *p, const char *word, FILE *errs)
{
    char *end;
    errno = 0;
    unsigned long uid = strtoul(word, &end, 10);
    if (*word < '0' || *word > '9' || *end != '\0' || errno || uid >= (uid_t)-1) {
        const struct passwd *pw = getpwnam(word);
        if (!pw) {
            fprintf(errs, "peers: no user \"%s\"\n", word);
            return ERR_CONFIG;
        }
        uid = pw->pw_uid;
    }
    if (p->n == PEERS_MAX) {
        fprintf(errs, "peers: more than %d\n", PEERS_MAX);
        return ERR_CONFIG;
    }
    p->uid[p->n++] = (uid_t)uid;
    return OK;
}

static err_t each_word(const char *list, err_t (*fn)(void *arg, const char *word, FILE *errs), void *arg, FILE *errs)
{
    AUTO_STR copy = strdup(list);
    char *at = copy;
    if (!copy)
        return ERR_NOMEM;
    for (char *word; (word = strsep(&at, " \t")) != NULL;)
        if (*word)
            TRY(fn(arg, word, errs));
    return OK;
}

static err_t peer_word(void *arg, const char *word, FILE *errs)
{
    return add_peer(arg, word, errs);
}

static err_t purpose_word(void *arg, const char *word, FILE *errs)
{
    struct keyd *k = arg;
    for (unsigned g = KEY_TOKEN; g < GROUP_END; g++)
        if (!strcmp(group_name(g), word))
            return each_word(*k->conf.peers_of[g] ? k->conf.peers_of[g] : k->conf.peers, peer_word, &k->peers[g], errs);
    fprintf(errs, "purposes: \"%s\" is none of token data tsa seal ca ocsp citizen\n", word);
    return ERR_CONFIG;
}

/* --- key files --- */

static err_t load_cert(struct key *key, const char *path, FILE *errs)
{
    AUTO_X509_STACK certs = NULL;
    err_t e = x509_bundle_load(path, &certs, NULL);
    if (e != OK || sk_X509_num(certs) > CHAIN_MAX + 1) {
        fprintf(errs, "%s: %s\n", path, e == ERR_IO ? "cannot be read: this key needs its certificate" : "no certificate, or too many");
        return ERR_CONFIG;
    }
    key->x509 = sk_X509_shift(certs);
    if (X509_check_private_key(key->x509, key->pkey) != 1) {
        fprintf(errs, "%s: not the certificate of this key\n", path);
        return ERR_CONFIG;
    }
    if ((key->purpose == KEY_TSA || key->purpose == KEY_SEAL || key->purpose == KEY_OCSP) && EVP_PKEY_get_bits(key->pkey) > 256) {
        fprintf(errs, "%s: keys for timestamps, seals and OCSP are on P-256: their signatures are made with SHA-256\n", path);
        return ERR_CONFIG;
    }
    TRY(x509_to_der(key->x509, &key->cert));
    if (key->cert.len > KEYW_CERT_MAX)
        return ERR_CONFIG;
    for (int i = 0; i < sk_X509_num(certs); i++) {
        TRY(x509_to_der(sk_X509_value(certs, i), &key->chain[i]));
        if (key->chain[i].len > KEYW_CERT_MAX)
            return ERR_CONFIG;
        key->chain_n++;
    }
    int64_t from, to;
    TRY(x509_validity(key->x509, &from, &key->cert_end));
    TRY(x509_key_usage_period(key->x509, &from, &to));
    key->not_before = from > key->not_before ? from : key->not_before;
    key->not_after = to < key->not_after ? to : key->not_after;
    return OK;
}

static err_t take_data_key(struct key *key, const struct secret *s)
{
    uint8_t *locked = sodium_malloc(KEY_DATA_LEN);
    if (!locked)
        return ERR_NOMEM;
    memcpy(locked, s->ptr, KEY_DATA_LEN);
    sodium_mprotect_readonly(locked);
    key->data = locked;
    return OK;
}

static err_t load_key(struct keyd *k, struct bytes domain_key, const char *name, FILE *errs)
{
    AUTO_BUF path = {0}, file = {0};
    AUTO_KEYFILE f = {0};
    TRY(buf_addf(&path, "%s/%s", k->conf.keys, name));
    err_t e = ca_file_read(buf_str(&path), KEYFILE_MAX, &file);
    if (e == OK)
        e = keyfile_open(buf_bytes(&file), domain_key, &f);
    if (e != OK) {
        fprintf(errs, "%s: %s\n", buf_str(&path),
                e == ERR_CRYPTO ? "does not open: altered, or sealed under another domain's key" : "cannot be read");
        return ERR_CONFIG;
    }
    if (!k->peers[f.purpose].n || k->n == KEYS_MAX) {
        fprintf(errs, "%s: %s\n", buf_str(&path), k->n == KEYS_MAX ? "too many keys" : "a key of a purpose that is not configured here");
        return ERR_CONFIG;
    }
    struct key *key = &k->key[k->n++];
    *key = (struct key){.purpose = f.purpose, .alg = f.alg, .not_before = f.not_before, .not_after = f.not_after, .spki = take(&f.spki)};
    memcpy(key->id, f.id, sizeof key->id);
    if (f.purpose == KEY_DATA)
        return take_data_key(key, &f.secret);
    f.spki = key->spki; /* lent back for the comparison */
    e = keyfile_pkey(&f, &key->pkey);
    f.spki = (struct buf){0};
    TRY(e);
    if (f.purpose == KEY_TOKEN)
        return OK;
    path.len -= 3; /* "key" */
    TRY(buf_add_str(&path, "crt"));
    return load_cert(key, buf_str(&path), errs);
}

static void dir_close(DIR **d)
{
    if (*d)
        closedir(*d);
}

/* The newest first within a purpose: LIST has room for KEY_LIST_MAX of them. */
static int by_age(const void *x, const void *y)
{
    const struct key *a = x, *b = y;
    if (a->purpose != b->purpose)
        return a->purpose < b->purpose ? -1 : 1;
    if (a->not_before != b->not_before)
        return a->not_before > b->not_before ? -1 : 1;
    return strcmp(b->id, a->id);
}

static err_t load_all(struct keyd *k, struct bytes domain_key, FILE *errs)
{
    AUTO(dir_close) DIR *d = opendir(k->conf.keys);
    if (!d) {
        fprintf(errs, "%s: %s\n", k->conf.keys, strerror(errno));
        return ERR_CONFIG;
    }
    for (struct dirent *e; (e = readdir(d)) != NULL;) {
        size_t n = strlen(e->d_name);
        if (n > 4 && !strcmp(e->d_name + n - 4, ".key"))
            TRY(load_key(k, domain_key, e->d_name, errs));
    }
    qsort(k->key, k->n, sizeof k->key[0], by_age);
    for (unsigned p = KEY_TOKEN; p <= KEY_OCSP; p++) {
        if (k->peers[p].n && !key_active(k, (enum key_purpose)p, clock_now())) {
            fprintf(errs, "%s: no key for %s%s%s that is valid now\n", k->conf.keys, purpose_name((enum key_purpose)p),
                    p == KEY_TOKEN ? " with " : "", p == KEY_TOKEN ? k->conf.token_alg : "");
            return ERR_CONFIG;
        }
    }
    return OK;
}

static err_t load_jwks(struct keyd *k, FILE *errs)
{
    AUTO_BUF text = {0};
    AUTO_JSON j = NULL;
    err_t e = ca_file_read(k->conf.idp_jwks, 65536, &text);
    if (e == OK)
        e = json_parse(buf_bytes(&text), 65536, &j);
    if (e == OK)
        e = jwks_parse(j, &k->idp);
    if (e == OK && k->idp.n == 0)
        e = ERR_NOT_FOUND;
    if (e != OK)
        fprintf(errs, "%s: no set of keys (JWKS)\n", k->conf.idp_jwks);
    return e == OK ? OK : ERR_CONFIG;
}

/* The domain's key itself is not kept: only what is derived of it for citizens' blobs. */
static err_t derive_citizen_key(struct keyd *k, struct bytes domain_key)
{
    static const char use[] = "antin citizen key 1";
    k->citizen_key = sodium_malloc(32);
    if (!k->citizen_key)
        return ERR_NOMEM;
    crypto_generichash(k->citizen_key, 32, (const uint8_t *)use, sizeof use - 1, domain_key.ptr, domain_key.len);
    sodium_mprotect_readonly(k->citizen_key);
    return OK;
}

err_t keys_load(struct keyd *k, FILE *errs)
{
    AUTO_SECRET domain_key = {0};
    TRY(each_word(k->conf.purposes, purpose_word, k, errs));
    if (domain_key_parse(secret_bytes(&k->conf.domain_key), &domain_key) != OK) {
        fputs("domain_key: the file holds no domain key (antin-ca domain-key makes one)\n", errs);
        return ERR_CONFIG;
    }
    secret_free(&k->conf.domain_key);
    k->token_alg = jose_alg_from(k->conf.token_alg);
    if (k->token_alg == JOSE_NONE) {
        fprintf(errs, "token.alg: \"%s\" is none of ES256 ES384 EdDSA RS256 PS256\n", k->conf.token_alg);
        return ERR_CONFIG;
    }
    TRY(load_all(k, secret_bytes(&domain_key), errs));
    if (k->peers[GROUP_CITIZEN].n) {
        TRY(derive_citizen_key(k, secret_bytes(&domain_key)));
        TRY(load_jwks(k, errs));
    }
    if (k->peers[KEY_CA].n) {
        TRY(profile_load_file(k->conf.citizen_profile, &k->profile, errs));
        if (k->profile.ocsp && *k->conf.ocsp_url == '\0') {
            fprintf(errs, "citizen.ocsp_url: the profile %s has an OCSP address; which?\n", k->conf.citizen_profile);
            return ERR_CONFIG;
        }
    }
    return OK;
}

void keys_free(struct keyd *k)
{
    for (size_t i = 0; i < k->n; i++) {
        struct key *key = &k->key[i];
        evpkey_free(&key->pkey);
        sodium_free((void *)(uintptr_t)key->data);
        x509_free(&key->x509);
        buf_free(&key->spki);
        buf_free(&key->cert);
        for (size_t c = 0; c < key->chain_n; c++)
            buf_free(&key->chain[c]);
    }
    sodium_free(k->citizen_key);
    jwks_free(&k->idp);
    profile_free(&k->profile);
    keyd_conf_free(&k->conf);
    k->n = 0;
}

/* alg JOSE_NONE: any. */
static const struct key *newest(const struct keyd *k, enum key_purpose p, enum jose_alg alg, int64_t now)
{
    for (size_t i = 0; i < k->n; i++) /* the newest first: by_age */
        if (k->key[i].purpose == p && (alg == JOSE_NONE || k->key[i].alg == alg) && k->key[i].not_before <= now &&
            now <= k->key[i].not_after)
            return &k->key[i];
    return NULL;
}

const struct key *key_active(const struct keyd *k, enum key_purpose p, int64_t now)
{
    return newest(k, p, p == KEY_TOKEN ? k->token_alg : JOSE_NONE, now);
}

const struct key *key_for_token(const struct keyd *k, uint32_t alg, int64_t now)
{
    return alg > JOSE_PS256 ? NULL : newest(k, KEY_TOKEN, alg ? (enum jose_alg)alg : k->token_alg, now);
}

const struct key *key_for_crl(const struct keyd *k, int64_t now)
{
    const struct key *best = key_active(k, KEY_CA, now);
    for (size_t i = 0; !best && i < k->n; i++)
        if (k->key[i].purpose == KEY_CA && k->key[i].not_before <= now && now <= k->key[i].cert_end)
            best = &k->key[i];
    return best;
}

/* --- LIST and CHAIN --- */

static bool may(const struct conn *c, uint32_t purpose)
{
    return purpose >= KEY_TOKEN && purpose <= KEY_OCSP && (c->allowed & GROUP_BIT(purpose));
}

enum keyw_status op_list(struct worker *w, struct conn *c)
{
    const struct keyw_list *q = &w->q.LIST_q;
    struct keyw_list_r *r = &w->r.LIST_r;
    struct keyd *k = w->keyd;
    if (!may(c, q->purpose))
        return KEYW_REFUSED;
    const struct key *found = NULL;
    for (size_t i = 0; i < k->n; i++)
        if (k->key[i].purpose == q->purpose && r->n++ == q->index)
            found = &k->key[i];
    if (!found)
        return r->n == 0 && q->index == 0 ? KEYW_OK : KEYW_SYNTAX;
    int64_t now = clock_now();
    if (found == newest(k, found->purpose, found->alg, now))
        r->active = KEYW_ACTIVE | (found == key_active(k, found->purpose, now) ? KEYW_DEFAULT : 0u);
    r->alg = found->alg;
    r->not_before = found->not_before;
    r->not_after = found->not_after;
    r->spki_len = (uint32_t)found->spki.len;
    r->cert_len = (uint32_t)found->cert.len;
    memcpy(r->id, found->id, sizeof r->id);
    if (found->spki.len)
        memcpy(r->spki, found->spki.ptr, found->spki.len);
    if (found->cert.len)
        memcpy(r->cert, found->cert.ptr, found->cert.len);
    return KEYW_OK;
}

enum keyw_status op_chain(struct worker *w, struct conn *c)
{
    const struct keyw_list *q = &w->q.CHAIN_q;
    struct keyw_chain_r *r = &w->r.CHAIN_r;
    if (!may(c, q->purpose))
        return KEYW_REFUSED;
    const struct key *key = key_active(w->keyd, (enum key_purpose)q->purpose, clock_now());
    if (!key)
        return KEYW_REFUSED;
    r->n = (uint32_t)key->chain_n;
    if (q->index >= key->chain_n)
        return q->index == 0 ? KEYW_OK : KEYW_SYNTAX;
    r->cert_len = (uint32_t)key->chain[q->index].len;
    memcpy(r->cert, key->chain[q->index].ptr, r->cert_len);
    return KEYW_OK;
}

/* --- ROTATE --- */

/* Nothing is made here: this process writes no file. One word to the supervisor, which may be busy: then it has been asked already. */
enum keyw_status op_rotate(struct worker *w, struct conn *c)
{
    (void)c;
    if (!w->keyd->conf.jwks_out[0] && !w->keyd->conf.rotate_days)
        return KEYW_REFUSED;
    ssize_t n = send(w->keyd->control_fd, "T", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
    return n == 1 || errno == EAGAIN || errno == EWOULDBLOCK ? KEYW_OK : KEYW_INTERNAL;
}

/*
 * Rotation of token keys in keyd's folder.
 * Called by antin-keyd --rotate. OpenID Connect Core §10.1.1 (rotation of signing keys). certs/keyd/PROTOCOL.md, "Rotation".
 */
#include "certs/rotate.h"
#include "certs/cli.h"
#include "certs/store.h"
#include "certs/tokenkeys.h"
#include "common/log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define DAY 86400
#define LIFE_UNPLANNED (400 * DAY)  /* as antin-ca key new has it */
#define KEEP (TOKEN_LIFE_MAX + 300) /* after its last signature: clocks differ */
#define ABANDONED 60                /* seconds after which a file that was never finished is somebody's crash */
#define GONE ".gone"

static err_t failed(struct rotated *out, err_t e, const char *what, const char *name)
{
    (void)snprintf(out->what, sizeof out->what, "%s %s", what, name);
    return e;
}

/* --- destroying --- */

/* The sealed bytes are overwritten before the name goes: what is sealed may be opened by whoever has the domain's key later. */
static err_t wipe(int dir, const char *name)
{
    static const uint8_t zeros[KEYFILE_MAX];
    AUTO_FD fd = openat(dir, name, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
    struct stat st;

    if (fd < 0)
        return errno == ENOENT ? OK : ERR_IO;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        return ERR_IO;
    for (off_t at = 0; at < st.st_size;) {
        size_t n = (size_t)(st.st_size - at) < sizeof zeros ? (size_t)(st.st_size - at) : sizeof zeros;
        ssize_t put = pwrite(fd, zeros, n, at);
        if (put <= 0)
            return ERR_IO;
        at += put;
    }
    return fsync(fd) == 0 && unlinkat(dir, name, 0) == 0 && fsync(dir) == 0 ? OK : ERR_IO;
}

/* By another name first: keyd reads every *.key, and would not start with a half-wiped one. */
static err_t destroy(int dir, const char *id)
{
    char name[KEY_ID_LEN + 16], gone[KEY_ID_LEN + 16];

    (void)snprintf(name, sizeof name, "%s.key", id);
    (void)snprintf(gone, sizeof gone, "%s.key" GONE, id);
    if (renameat(dir, name, dir, gone) != 0 || fsync(dir) != 0)
        return ERR_IO;
    return wipe(dir, gone);
}

static bool ends(const char *name, const char *with)
{
    size_t n = strlen(name), w = strlen(with);
    return n > w && !strcmp(name + n - w, with);
}

static void dir_close(DIR **d)
{
    if (*d)
        closedir(*d);
}

/* What a crash left: keys on their way out, and files that were never finished. */
static err_t sweep(const struct rotation *r, int dir, struct rotated *out)
{
    AUTO(dir_close) DIR *d = opendir(r->dir);
    if (!d)
        return failed(out, ERR_IO, "reading", r->dir);
    for (struct dirent *e; (e = readdir(d)) != NULL;) {
        struct stat st;
        bool unfinished =
            ends(e->d_name, ".key.new") && fstatat(dir, e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_mtime + ABANDONED <= r->now;
        if (!unfinished && !ends(e->d_name, ".key" GONE))
            continue;
        err_t err = wipe(dir, e->d_name);
        if (err != OK)
            return failed(out, err, "clearing away", e->d_name);
        log_event(LOG_WARNING, "rotate.cleared", "%s", e->d_name);
    }
    return OK;
}

/* --- making --- */

/* A folder of keyd's user stays that user's, also when root was at work. */
static err_t hand_over(int dir, const char *id)
{
    char name[KEY_ID_LEN + 8];
    struct stat st;

    (void)snprintf(name, sizeof name, "%s.key", id);
    if (geteuid() != 0)
        return OK;
    return fstat(dir, &st) == 0 && fchownat(dir, name, st.st_uid, st.st_gid, AT_SYMLINK_NOFOLLOW) == 0 ? OK : ERR_IO;
}

/* last: the one that began last, or will. It is succeeded before it ends, even if that leaves less than the overlap. */
static err_t succeed(const struct rotation *r, int dir, const struct token_key *last, struct rotated *out)
{
    AUTO_KEYFILE k = {0};
    int64_t begins = r->now + r->overlap, soonest = last->not_after > r->now ? last->not_after : r->now;

    if (begins > soonest)
        begins = soonest;
    int64_t end = begins + (r->every ? 2 * r->every : LIFE_UNPLANNED); /* a schedule that stopped leaves time to notice */
    err_t e = keyfile_new(KEY_TOKEN, jose_alg_name(last->alg), begins, end, &k);
    if (e == OK)
        e = keyfile_store(r->dir, &k, r->domain_key);
    if (e == OK)
        e = hand_over(dir, k.id);
    if (e != OK)
        return failed(out, e, "making a key for", jose_alg_name(last->alg));
    out->made++;
    log_event(LOG_INFO, "rotate.made", "%s %s signs in %lld s", jose_alg_name(last->alg), k.id, (long long)(begins - r->now));
    return OK;
}

/* keys[0..n): of one algorithm, the oldest first. */
static err_t make_due(const struct rotation *r, int dir, const struct token_key *keys, size_t n, struct rotated *out)
{
    const struct token_key *last = &keys[n - 1];
    bool waits = last->not_before > r->now;
    bool due = r->every && (last->not_before + r->every - r->overlap <= r->now || last->not_after - r->overlap <= r->now);

    return !waits && (r->force || due) ? succeed(r, dir, last, out) : OK;
}

static err_t destroy_dead(const struct rotation *r, int dir, const struct token_key *keys, size_t n, struct rotated *out)
{
    const struct token_key *signs = NULL;

    for (size_t i = 0; i < n; i++)
        if (keys[i].not_before <= r->now && r->now <= keys[i].not_after)
            signs = &keys[i];
    if (!signs) /* somebody has to look at that; nothing is made worse */
        return OK;
    for (const struct token_key *k = keys; k < signs; k++) {
        int64_t ended = k->not_after < signs->not_before ? k->not_after : signs->not_before;
        if (ended + KEEP > r->now || k->not_after > signs->not_after) /* the latter will sign again */
            continue;
        err_t e = destroy(dir, k->id);
        if (e != OK)
            return failed(out, e, "destroying", k->id);
        out->destroyed++;
        log_event(LOG_INFO, "rotate.destroyed", "%s %s", jose_alg_name(k->alg), k->id);
    }
    return OK;
}

/* --- publishing --- */

static err_t publish(const struct rotation *r, const struct token_keys *keys, struct rotated *out)
{
    AUTO_BUF now = {0}, before = {0};

    err_t e = token_keys_jwks(keys, r->now, &now);
    if (e == OK) {
        e = ca_file_read(r->jwks, 65536, &before);
        if (e == OK && bytes_eq(buf_bytes(&before), buf_bytes(&now)))
            return OK;
        e = ca_file_write(r->jwks, buf_bytes(&now), 0644);
    }
    if (e != OK)
        return failed(out, e, "writing", r->jwks);
    out->published = true;
    return OK;
}

/* --- all of it --- */

static err_t each_algorithm(const struct rotation *r, int dir, const struct token_keys *keys, struct rotated *out,
                            err_t (*fn)(const struct rotation *r, int dir, const struct token_key *keys, size_t n, struct rotated *out))
{
    for (size_t i = 0, n; i < keys->n; i += n) {
        for (n = 1; i + n < keys->n && keys->key[i + n].alg == keys->key[i].alg;)
            n++;
        TRY(fn(r, dir, &keys->key[i], n, out));
    }
    return OK;
}

/* Readers of the set take so many keys and no more: with one too many nobody could check any token. What is due is made all the same. */
static bool room(const struct token_keys *keys)
{
    size_t algs = 0;

    for (size_t i = 0; i < keys->n; i++)
        algs += i == 0 || keys->key[i].alg != keys->key[i - 1].alg;
    return keys->n + algs <= JWKS_MAX;
}

static err_t make_all(const struct rotation *r, int dir, const struct token_keys *keys, struct rotated *out)
{
    struct rotation how = *r;

    if (how.force && !room(keys)) {
        log_event(LOG_WARNING, "rotate.full", "%zu keys are published; the next must wait until old ones have died", keys->n);
        how.force = false;
    }
    return each_algorithm(&how, dir, keys, out, make_due);
}

static err_t read_keys(const struct rotation *r, struct token_keys *keys, struct rotated *out)
{
    token_keys_free(keys);
    err_t e = token_keys_read(r->dir, r->domain_key, keys);
    return e == OK ? OK : failed(out, e, "opening", keys->bad[0] ? keys->bad : r->dir);
}

err_t rotate(const struct rotation *r, struct rotated *out)
{
    AUTO_TOKEN_KEYS keys = {0};
    AUTO_FD dir = open(r->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    *out = (struct rotated){0};
    if (dir < 0 || flock(dir, LOCK_EX) != 0)
        return failed(out, ERR_IO, "opening", r->dir);
    TRY(sweep(r, dir, out));
    TRY(read_keys(r, &keys, out));
    if (r->every || r->force) {
        TRY(each_algorithm(r, dir, &keys, out, destroy_dead)); /* first: it makes room */
        if (out->destroyed)
            TRY(read_keys(r, &keys, out));
        TRY(make_all(r, dir, &keys, out));
    }
    if (out->made)
        TRY(read_keys(r, &keys, out));
    return r->jwks && *r->jwks ? publish(r, &keys, out) : OK;
}

/*
 * The token keys in a folder of keyd.
 * Called by certs/rotate.c and antin-ca's jwks. RFC 7517 §5; OpenID Connect Core §10.1.1.
 */
#include "certs/tokenkeys.h"
#include "certs/store.h"
#include "common/json.h"
#include "common/x509.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void token_keys_free(struct token_keys *k)
{
    for (size_t i = 0; i < k->n; i++)
        buf_free(&k->key[i].spki);
    k->n = 0;
}

static int in_order(const void *x, const void *y)
{
    const struct token_key *a = x, *b = y;
    if (a->alg != b->alg)
        return a->alg < b->alg ? -1 : 1;
    if (a->not_before != b->not_before)
        return a->not_before < b->not_before ? -1 : 1;
    return strcmp(a->id, b->id);
}

static void dir_close(DIR **d)
{
    if (*d)
        closedir(*d);
}

static err_t read_one(const char *dir, const char *name, struct bytes domain_key, struct token_keys *out)
{
    AUTO_BUF path = {0}, file = {0};
    AUTO_KEYFILE k = {0};

    (void)snprintf(out->bad, sizeof out->bad, "%.*s", (int)sizeof out->bad - 1, name);
    TRY(buf_addf(&path, "%s/%s", dir, name));
    err_t e = ca_file_read(buf_str(&path), KEYFILE_MAX, &file);
    if (e == ERR_NOT_FOUND) /* taken away meanwhile */
        return OK;
    TRY(e);
    TRY(domain_key.len ? keyfile_open(buf_bytes(&file), domain_key, &k) : keyfile_peek(buf_bytes(&file), &k));
    if (k.purpose != KEY_TOKEN)
        return OK;
    if (out->n == TOKEN_KEYS_MAX)
        return ERR_TOO_LARGE;
    struct token_key *to = &out->key[out->n++];
    *to = (struct token_key){.alg = k.alg, .not_before = k.not_before, .not_after = k.not_after, .spki = take(&k.spki)};
    memcpy(to->id, k.id, sizeof to->id);
    return OK;
}

err_t token_keys_read(const char *dir, struct bytes domain_key, struct token_keys *out)
{
    AUTO(dir_close) DIR *d = opendir(dir);

    *out = (struct token_keys){0};
    if (!d)
        return ERR_IO;
    for (struct dirent *e; (e = readdir(d)) != NULL;) {
        size_t n = strlen(e->d_name);
        if (n > 4 && !strcmp(e->d_name + n - 4, ".key"))
            TRY(read_one(dir, e->d_name, domain_key, out));
    }
    qsort(out->key, out->n, sizeof out->key[0], in_order);
    out->bad[0] = '\0';
    return OK;
}

static err_t add(json_t *list, const struct token_key *k)
{
    AUTO_PKEY key = NULL;
    json_t *j = NULL;
    TRY(pkey_from_spki(buf_bytes(&k->spki), &key));
    TRY(jwk_to_json(key, k->alg, k->id, &j));
    return json_array_append_new(list, j) == 0 ? OK : ERR_NOMEM;
}

err_t token_keys_jwks(const struct token_keys *k, int64_t now, struct buf *text)
{
    AUTO_JSON set = json_pack("{s:[]}", "keys");
    json_t *list = json_object_get(set, "keys");
    if (!list)
        return ERR_NOMEM;
    for (size_t i = 0; i < k->n; i++)
        if (k->key[i].not_after + TOKEN_LIFE_MAX > now)
            TRY(add(list, &k->key[i]));
    if (json_array_size(list) > JWKS_MAX) /* its readers take no more */
        return ERR_TOO_LARGE;
    TRY(json_text(set, text));
    return buf_add_str(text, "\n");
}

/*
 * Keys on PKCS#11 tokens, through libp11: the key stays there, the token signs.
 * Called by key.c. PKCS#11 v2.40.
 */
#include "signer/sign/key.h"

#include <libp11.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct key_token {
    PKCS11_CTX *ctx;
    PKCS11_SLOT *slots;
    unsigned slot_n;
    bool loaded;
};

static err_t no(char why[160], const char *what, const char *name, err_t e)
{
    snprintf(why, 160, "%s: %s", what, name != NULL ? name : "-");
    return e;
}

/* Names must fit exactly; without a name there must be just one. */
static err_t find_slot(const struct key_token *t, const char *label, PKCS11_SLOT **out, char why[160])
{
    unsigned fits = 0;
    for (unsigned i = 0; i < t->slot_n; i++) {
        const PKCS11_TOKEN *k = t->slots[i].token;
        if (k == NULL || !k->initialized || (label != NULL && strcmp(k->label, label) != 0))
            continue;
        *out = &t->slots[i];
        fits++;
    }
    if (fits == 1)
        return OK;
    return no(why, fits == 0 ? "no such token" : "more than one token", label, ERR_NOT_FOUND);
}

static err_t find_key(PKCS11_TOKEN *t, const char *label, PKCS11_KEY **out, char why[160])
{
    PKCS11_KEY *keys;
    unsigned n = 0, fits = 0;
    if (PKCS11_enumerate_keys(t, &keys, &n) != 0)
        return no(why, "no such key", label, ERR_NOT_FOUND);
    for (unsigned i = 0; i < n; i++) {
        if (label != NULL && (keys[i].label == NULL || strcmp(keys[i].label, label) != 0))
            continue;
        *out = &keys[i];
        fits++;
    }
    if (fits == 1)
        return OK;
    return no(why, fits == 0 ? "no such key" : "more than one key", label, ERR_NOT_FOUND);
}

/* A wrong PIN is tried once: tokens lock themselves after a few. */
static err_t log_in(PKCS11_SLOT *slot, struct bytes pin, char why[160])
{
    AUTO_SECRET text = {0};
    if (!slot->token->loginRequired)
        return OK;
    if (slot->token->userPinLocked)
        return no(why, "PIN of", slot->token->label, ERR_KEY_LOCKED);
    if (pin.len == 0 || memchr(pin.ptr, '\0', pin.len) != NULL)
        return no(why, "PIN of", slot->token->label, ERR_KEY_PIN);
    TRY(secret_copy(&text, pin)); /* with a NUL behind it */
    return PKCS11_login(slot, 0, (const char *)text.ptr) == 0 ? OK : no(why, "PIN of", slot->token->label, ERR_KEY_PIN);
}

static err_t use(struct key_token *t, const struct key_source *s, EVP_PKEY **pkey, X509 **cert, char why[160])
{
    PKCS11_SLOT *slot = NULL;
    PKCS11_KEY *key = NULL;
    TRY(find_slot(t, s->token, &slot, why));
    if (PKCS11_open_session(slot, 0) != 0)
        return no(why, "cannot open token", s->token, ERR_IO);
    TRY(log_in(slot, s->password, why));
    TRY(find_key(slot->token, s->object, &key, why));
    *pkey = PKCS11_get_private_key(key);
    if (*pkey == NULL)
        return no(why, "no usable key", s->object, ERR_UNSUPPORTED);
    PKCS11_CERT *c = PKCS11_find_certificate(key);
    if (c != NULL && c->x509 != NULL && X509_up_ref(c->x509) == 1)
        *cert = c->x509;
    return OK;
}

err_t key_token_open(const struct key_source *s, struct key_token **out, EVP_PKEY **pkey, X509 **cert, char why[160])
{
    struct key_token *t = *out = calloc(1, sizeof **out);
    if (t == NULL || (t->ctx = PKCS11_CTX_new()) == NULL)
        return ERR_NOMEM;
    if (s->module[0] != '/') /* code that is run: never found by a search */
        return no(why, "the module needs an absolute path", s->module, ERR_SYNTAX);
    if (PKCS11_CTX_load(t->ctx, s->module) != 0)
        return no(why, "no PKCS#11 module", s->module, ERR_IO);
    t->loaded = true;
    if (PKCS11_enumerate_slots(t->ctx, &t->slots, &t->slot_n) != 0)
        return no(why, "no tokens", s->module, ERR_IO);
    err_t e = use(t, s, pkey, cert, why);
    ERR_clear_error();
    return e;
}

void key_token_close(struct key_token **tp)
{
    struct key_token *t = *tp;
    if (t == NULL)
        return;
    if (t->slots != NULL)
        PKCS11_release_all_slots(t->ctx, t->slots, t->slot_n);
    if (t->loaded)
        PKCS11_CTX_unload(t->ctx);
    if (t->ctx != NULL)
        PKCS11_CTX_free(t->ctx);
    free(t);
    *tp = NULL;
}

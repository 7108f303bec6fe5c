/*
 * Making, confirming and loading activations.
 * Called by endpoints/sign and callback, and by rules/signing.
 */
#include "signer/rules/activation.h"

#include "common/clock.h"
#include "common/x509.h"
#include "signer/errors.h"
#include "signer/rules/container.h"
#include "signer/rules/content.h"
#include "signer/rules/evidence.h"
#include "signer/rules/level.h"
#include "signer/rules/pdfjail.h"
#include "signer/rules/visible.h"
#include "signer/rules/xmlsign.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void activation_free(struct activation **a)
{
    if (*a == NULL)
        return;
    buf_free(&(*a)->row.id_token);
    secret_wipe((*a)->id_token.ptr, (*a)->id_token.len);
    buf_free(&(*a)->id_token);
    for (size_t i = 0; i < (*a)->n; i++)
        buf_free(&(*a)->item[i].increment);
    free(*a);
    *a = NULL;
}

void activation_for_key(const struct activation *act, const char *owner, struct key_activation *out)
{
    static const enum key_sign_kind kinds[] = {
        [FORMAT_PADES] = KEY_SIGN_PADES, [FORMAT_CADES] = KEY_SIGN_CADES, [FORMAT_XADES] = KEY_SIGN_XADES};
    *out = (struct key_activation){.expires = act->row.expires, .n = act->n};
    snprintf(out->citizen.credential_id, sizeof out->citizen.credential_id, "%s", act->row.credential);
    snprintf(out->citizen.owner, sizeof out->citizen.owner, "%s", owner);
    memcpy(out->random, act->row.random, sizeof out->random);
    for (size_t i = 0; i < act->n; i++) {
        out->item[i].kind = kinds[act->item[i].format];
        memcpy(out->item[i].sha256, act->item[i].digest, SHA256_LEN);
    }
}

/* --- increments on their way to the database and back --- */

/* Where the placeholder's digits are within the increment; they are all zeros, and most of it. */
static err_t digits_of(const struct signing_item_row *item, size_t *at, size_t *n)
{
    if (item->contents_at < item->base_size || item->contents_len < 2)
        return ERR_PDF_UNREADABLE;
    *at = (size_t)(item->contents_at - item->base_size) + 1;
    *n = (size_t)item->contents_len - 2;
    return *at <= item->increment.len ? OK : ERR_PDF_UNREADABLE;
}

/* Leaves the placeholder's digits out: they need no room in the database. */
static err_t fold(struct signing_item_row *item)
{
    size_t at = 0, n = 0;
    TRY(digits_of(item, &at, &n));
    if (n > item->increment.len - at)
        return ERR_PDF_UNREADABLE;
    for (size_t i = 0; i < n; i++)
        if (item->increment.ptr[at + i] != '0')
            return ERR_PDF_UNREADABLE;
    AUTO_BUF folded = {0};
    TRY(buf_add(&folded, item->increment.ptr, at));
    TRY(buf_add(&folded, item->increment.ptr + at + n, item->increment.len - at - n));
    buf_free(&item->increment);
    item->increment = take(&folded);
    return OK;
}

static err_t unfold(struct signing_item_row *item)
{
    size_t at = 0, n = 0;
    TRY(digits_of(item, &at, &n));
    AUTO_BUF whole = {0};
    TRY(buf_reserve(&whole, item->increment.len + n));
    TRY(buf_add(&whole, item->increment.ptr, at));
    memset(whole.ptr + at, '0', n);
    whole.len += n;
    TRY(buf_add(&whole, item->increment.ptr + at, item->increment.len - at));
    buf_free(&item->increment);
    item->increment = take(&whole);
    return OK;
}

/* --- preparing --- */

struct preparing {
    struct app *app;
    struct evidence signer;
    const char *name;   /* the signer's, as the certificate has it */
    const char *agency; /* the dossier's */
    int64_t time;
    struct activation *act;
};

static void preparing_free(struct preparing *k)
{
    evidence_free(&k->signer);
}

static err_t prepare_pdf(struct preparing *k, const struct component *c, struct signing_item_row *item)
{
    AUTO_FD fd = -1;
    AUTO_PADES p = {0};
    enum sig_level level;
    TRY(level_read(c->level, &level));
    struct pades_opts opts = {.name = k->name, .signing_time = k->time, .contents_room = evidence_room(&k->signer, level)};
    struct visible v;
    struct pdf_appearance seen;
    AUTO_DRAWN drawn = {0};
    TRY(visible_read(c->visible, &v));
    if (v.wanted) {
        TRY(visible_citizen(k->name, k->agency, k->time, &drawn));
        seen = (struct pdf_appearance){buf_bytes(&drawn.pdf), drawn.width, drawn.height, buf_str(&drawn.spoken), v.place};
        opts.appearance = &seen;
        opts.field_name = v.field[0] != '\0' ? v.field : NULL;
    }
    TRY(content_get(k->app->content, c->sha256, c->size, &fd));
    TRY(pdfjail_prepare(k->app->pdfjail, fd, &opts, &p));
    if (p.base_size != c->size)
        return ERR_PDF_UNREADABLE;
    memcpy(item->digest, p.digest, SHA256_LEN);
    item->increment = take(&p.increment);
    item->base_size = p.base_size;
    item->contents_at = p.contents_at;
    item->contents_len = p.contents_len;
    return fold(item);
}

static err_t prepare_xml(struct preparing *k, const struct component *c, struct signing_item_row *item)
{
    const struct xades_data data = {c->name, c->media_type, BYTES(c->sha256, SHA256_LEN)};
    return xmlsign_prepare_item(&(struct xmlsign_over){.data = &data, .n = 1, .time = k->time}, &k->signer, item);
}

static err_t prepare_one(struct preparing *k, const struct component *c)
{
    struct signing_item_row *item = &k->act->item[k->act->n++];
    snprintf(item->component, sizeof item->component, "%s", c->name);
    item->format = c->format;
    switch (c->format) {
    case FORMAT_PADES: return prepare_pdf(k, c, item);
    case FORMAT_CADES: memcpy(item->digest, c->sha256, SHA256_LEN); return OK;
    case FORMAT_XADES: return prepare_xml(k, c, item);
    }
    return ERR_INTERNAL;
}

/* The citizen signs the dossier as a whole too: over all its components, in its container. */
static err_t prepare_container(struct preparing *k, const struct component *list, size_t n)
{
    AUTO_CONTAINER c = NULL;
    struct xmlsign_over over = {.container = true, .time = k->time};
    TRY(container_new(k->app, list, n, &c));
    over.data = container_data(c, &over.n);
    return xmlsign_prepare_item(&over, &k->signer, &k->act->item[k->act->n++]);
}

static err_t prepare_all(struct preparing *k, const struct component *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        TRY(prepare_one(k, &list[i]));
    return prepare_container(k, list, n);
}

struct listing {
    const char *dossier;
    struct component *list;
    size_t n;
};

static err_t list_components(struct db *db, void *arg)
{
    struct listing *l = arg;
    component_list_free(&l->list);
    return component_list(db, l->dossier, &l->list, &l->n);
}

static err_t store(struct db *db, void *arg)
{
    const struct activation *act = arg;
    TRY(signing_session_insert(db, &act->row));
    for (size_t i = 0; i < act->n; i++)
        TRY(signing_item_insert(db, act->row.id, (int)i, &act->item[i]));
    return OK;
}

/* The signer's name as the certificate has it: that is what a reader shows. */
static err_t common_name(const struct certificate *cert, struct buf *out)
{
    AUTO_X509 x = NULL;
    TRY(x509_from_der(buf_bytes(&cert->der), &x));
    return x509_name_attr(X509_get_subject_name(x), NID_commonName, out);
}

err_t activation_prepare(struct app *a, const struct dossier *d, const struct websession *s, const struct credential_view *v,
                         char id[UUID_LEN + 1], char nonce[44])
{
    AUTO_ACTIVATION act = calloc(1, sizeof *act);
    if (act == NULL)
        return ERR_NOMEM;
    random_uuid(act->row.id);
    snprintf(act->row.dossier, sizeof act->row.dossier, "%s", d->id);
    snprintf(act->row.credential, sizeof act->row.credential, "%s", v->c.id);
    memcpy(act->row.web_session, s->id, sizeof act->row.web_session);
    random_bytes(act->row.random, sizeof act->row.random);
    act->row.signing_time = clock_now();
    act->row.expires = act->row.signing_time + ACTIVATION_SECONDS;

    AUTO_BUF name = {0};
    TRY(common_name(&v->cert, &name));
    AUTO(preparing_free)
    struct preparing k = {.app = a, .name = buf_str(&name), .agency = d->agency, .time = act->row.signing_time, .act = act};
    TRY(evidence_for_citizen(a, buf_bytes(&v->cert.der), &k.signer));
    struct listing l = {.dossier = d->id};
    err_t e = db_do(a->db, DB_AUTOCOMMIT, list_components, &l);
    if (e == OK && (l.n == 0 || l.n > COMPONENTS_MAX))
        e = ERR_DOSSIER_EMPTY;
    if (e == OK)
        e = prepare_all(&k, l.list, l.n);
    component_list_free(&l.list);
    TRY(e);
    TRY(db_do(a->db, DB_TX, store, act));

    struct key_activation approved;
    activation_for_key(act, d->owner, &approved);
    key_activation_nonce(&approved, nonce);
    snprintf(id, UUID_LEN + 1, "%s", act->row.id);
    return OK;
}

/* --- loading --- */

struct loading {
    const char *id, *dossier;
    const uint8_t *web_session;
    bool increments;
    struct activation *act;
};

static err_t load(struct db *db, void *arg)
{
    struct loading *l = arg;
    for (size_t i = 0; i < l->act->n; i++)
        buf_free(&l->act->item[i].increment);
    l->act->n = 0;
    err_t e = l->id != NULL ? signing_session_get(db, l->id, &l->act->row)
                            : signing_session_of(db, l->dossier, l->web_session, ACTIVATION_MARGIN, &l->act->row);
    if (e != OK)
        return e == ERR_DB_NONE ? ERR_EXPIRED : e;
    return signing_item_list(db, l->act->row.id, l->increments, l->act->item, COMPONENTS_MAX + 1, &l->act->n);
}

struct storing {
    const char *id;
    struct buf sealed;
};

static err_t store_token(struct db *db, void *arg)
{
    const struct storing *s = arg;
    err_t e = signing_session_set_token(db, s->id, buf_bytes(&s->sealed));
    return e == ERR_DB_NONE ? ERR_EXPIRED : e;
}

err_t activation_confirm(struct app *a, const char *id, const struct websession *s, const char *nonce, struct bytes id_token)
{
    AUTO_ACTIVATION act = calloc(1, sizeof *act);
    if (act == NULL)
        return ERR_NOMEM;
    struct loading l = {.id = id, .act = act};
    TRY(db_do(a->db, DB_AUTOCOMMIT, load, &l));
    if (!secret_eq(BYTES(act->row.web_session, SHA256_LEN), BYTES(s->id, SHA256_LEN)))
        return ERR_LOGIN_TOKEN;
    if (act->row.expires <= clock_now())
        return ERR_EXPIRED;
    struct key_activation k;
    char expected[44];
    activation_for_key(act, s->subject, &k);
    key_activation_nonce(&k, expected);
    if (strcmp(expected, nonce) != 0)
        return ERR_LOGIN_TOKEN;
    struct storing st = {.id = id};
    err_t e = sealed_close(s->key, id, id_token, &st.sealed);
    if (e == OK)
        e = db_do(a->db, DB_AUTOCOMMIT, store_token, &st);
    buf_free(&st.sealed);
    return e;
}

err_t activation_load(struct app *a, const char *dossier, const struct websession *s, const char *credential, bool whole,
                      struct activation **out)
{
    AUTO_ACTIVATION act = calloc(1, sizeof *act);
    if (act == NULL)
        return ERR_NOMEM;
    struct loading l = {.dossier = dossier, .web_session = s->id, .increments = whole, .act = act};
    TRY(db_do(a->db, DB_AUTOCOMMIT, load, &l));
    if (act->row.id_token.len == 0 || act->n == 0 || strcmp(act->row.credential, credential) != 0)
        return ERR_EXPIRED;
    if (sealed_open(s->key, act->row.id, buf_bytes(&act->row.id_token), &act->id_token) != OK)
        return ERR_EXPIRED;
    for (size_t i = 0; i < act->n; i++)
        if (whole && act->item[i].format == FORMAT_PADES)
            TRY(unfold(&act->item[i]));
    *out = take(&act);
    return OK;
}

static err_t drop(struct db *db, void *arg)
{
    return signing_session_delete(db, arg);
}

err_t activation_drop(struct app *a, const char *id)
{
    char key[UUID_LEN + 1];
    snprintf(key, sizeof key, "%s", id);
    return db_do(a->db, DB_AUTOCOMMIT, drop, key);
}

/*
 * OCSP answers: the database is asked each time (one look-up by key), keyd signs only what it has not said lately.
 * Called by endpoints/ocsp.c. RFC 6960 §2.2, RFC 5019 §2.2, §6.
 */
#include "signer/rules/responder.h"

#include "common/clock.h"
#include "common/x509.h"
#include "signer/rules/trust.h"
#include "signer/store/certificate.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* Only certificates that exist are kept, and their serial numbers are random: nobody chooses which of them share a place. */
#define PLACES 2048 /* of about 1 KB */

struct place {
    struct key_ocsp_entry entry; /* a revocation changes it */
    int64_t this_update, next_update;
    struct buf der;
};

struct responder {
    pthread_mutex_t lock;
    struct buf ca; /* the certificate that issuer was computed of */
    struct ocsp_issuer issuer;
    struct place place[PLACES];
};

err_t responder_open(struct responder **out)
{
    *out = calloc(1, sizeof **out);
    if (*out == NULL)
        return ERR_NOMEM;
    pthread_mutex_init(&(*out)->lock, NULL);
    return OK;
}

void responder_close(struct responder **r)
{
    if (*r == NULL)
        return;
    for (size_t i = 0; i < PLACES; i++)
        buf_free(&(*r)->place[i].der);
    buf_free(&(*r)->ca);
    pthread_mutex_destroy(&(*r)->lock);
    free(*r);
    *r = NULL;
}

void responder_answer_free(struct responder_answer *a)
{
    buf_free(&a->der);
}

/* --- whose certificates --- */

static err_t take_issuer(struct responder *r, struct bytes der)
{
    AUTO_X509 ca = NULL;
    TRY(x509_from_der(der, &ca));
    TRY(ocsp_issuer_of(ca, &r->issuer));
    return buf_copy(&r->ca, der);
}

/* The citizens' CA as it is published now. */
static err_t issuer_now(struct app *a, struct ocsp_issuer *out)
{
    struct responder *r = a->responder;
    AUTO_BUF der = {0};
    TRY(trust_get(a->trust, TRUST_CITIZENS_CRT, &der));
    pthread_mutex_lock(&r->lock);
    err_t e = bytes_eq(buf_bytes(&r->ca), buf_bytes(&der)) ? OK : take_issuer(r, buf_bytes(&der));
    if (e == OK)
        *out = r->issuer;
    pthread_mutex_unlock(&r->lock);
    return e;
}

/* --- their status --- */

struct asking {
    const struct ocsp_query *q;
    const struct ocsp_issuer *issuer;
    struct key_ocsp_entry entry[OCSP_IDS_MAX];
};

static err_t status_of(struct db *db, const struct ocsp_issuer *issuer, struct key_ocsp_entry *e)
{
    const struct ocsp_cert_id *id = &e->id;
    struct certificate_status s = {0};
    uint8_t serial[SERIAL_LEN] = {0};
    e->status = KEY_OCSP_UNKNOWN;
    if (!ocsp_issuer_is(issuer, id->hash, id->issuer_name, id->issuer_key))
        return OK;
    memcpy(serial + SERIAL_LEN - id->serial_len, id->serial, id->serial_len);
    err_t err = certificate_status(db, serial, &s);
    if (err != OK)
        return err == ERR_DB_NONE ? OK : err;
    if (s.revoked_at == 0) {
        e->status = KEY_OCSP_GOOD;
        return OK;
    }
    e->status = KEY_OCSP_REVOKED;
    e->revoked_at = s.revoked_at;
    e->invalid_since = s.invalid_since;
    e->reason = s.reason;
    return OK;
}

static err_t look(struct db *db, void *arg)
{
    struct asking *a = arg;
    for (size_t i = 0; i < a->q->n; i++) {
        a->entry[i] = (struct key_ocsp_entry){.id = a->q->id[i]}; /* anew in each try of the transaction */
        TRY(status_of(db, a->issuer, &a->entry[i]));
    }
    return OK;
}

/* --- what was said before --- */

static struct place *place_of(struct responder *r, const struct key_ocsp_entry *e)
{
    uint32_t n;
    memcpy(&n, e->id.serial + 8, sizeof n); /* in the middle of our serial numbers, which have 20 octets */
    return &r->place[(n + e->id.hash) % PLACES];
}

static bool entry_eq(const struct key_ocsp_entry *a, const struct key_ocsp_entry *b)
{
    return a->status == b->status && a->revoked_at == b->revoked_at && a->invalid_since == b->invalid_since && a->reason == b->reason &&
           a->id.hash == b->id.hash && a->id.serial_len == b->id.serial_len &&
           memcmp(a->id.serial, b->id.serial, sizeof a->id.serial) == 0 &&
           memcmp(a->id.issuer_name, b->id.issuer_name, sizeof a->id.issuer_name) == 0 &&
           memcmp(a->id.issuer_key, b->id.issuer_key, sizeof a->id.issuer_key) == 0;
}

/* With half its life before it, so that who gets it can keep it for a while. ERR_NOT_FOUND. */
static err_t recall(struct responder *r, const struct key_ocsp_entry *e, int64_t since, struct responder_answer *out)
{
    int64_t now = clock_now();
    err_t err = ERR_NOT_FOUND;
    pthread_mutex_lock(&r->lock);
    const struct place *p = place_of(r, e);
    if (p->der.len > 0 && entry_eq(&p->entry, e) && p->this_update >= since && p->this_update <= now &&
        now < p->this_update + (p->next_update - p->this_update) / 2) {
        err = buf_copy(&out->der, buf_bytes(&p->der));
        out->this_update = p->this_update;
        out->next_update = p->next_update;
    }
    pthread_mutex_unlock(&r->lock);
    return err;
}

static void keep(struct responder *r, const struct key_ocsp_entry *e, const struct responder_answer *a)
{
    pthread_mutex_lock(&r->lock);
    struct place *p = place_of(r, e);
    p->entry = *e;
    p->this_update = a->this_update;
    p->next_update = a->next_update;
    if (buf_copy(&p->der, buf_bytes(&a->der)) != OK)
        buf_free(&p->der);
    pthread_mutex_unlock(&r->lock);
}

/* --- asking --- */

static err_t say(struct app *a, const struct asking *k, struct responder_answer *out)
{
    struct key_ocsp_reply r = {0};
    TRY(key_ocsp(a->keys, k->entry, k->q->n, BYTES(k->q->nonce, k->q->nonce_len), a->conf.ocsp_lifetime, &r));
    out->der = take(&r.der);
    out->this_update = r.this_update;
    out->next_update = r.next_update;
    return OK;
}

err_t responder_ask(struct app *a, const struct ocsp_query *q, int64_t since, struct responder_answer *out)
{
    struct ocsp_issuer issuer;
    struct asking k = {.q = q, .issuer = &issuer};
    *out = (struct responder_answer){.common = q->nonce_len == 0};
    TRY(issuer_now(a, &issuer));
    TRY(db_do(a->db, DB_AUTOCOMMIT, look, &k));
    bool kept = out->common && q->n == 1 && k.entry[0].status != KEY_OCSP_UNKNOWN;
    if (kept && recall(a->responder, &k.entry[0], since, out) == OK)
        return OK;
    TRY(say(a, &k, out));
    if (kept)
        keep(a->responder, &k.entry[0], out);
    return OK;
}

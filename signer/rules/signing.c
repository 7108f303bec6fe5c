/*
 * The signing sequence. A crash after any step leaves the database in a state that rules/recovery puts right:
 *   1 begin    one transaction: attempt taken, dossier → signing (one caller wins), an intent row for each digest
 *   2 sign     keyd checks PIN and activation and signs all or none
 *   3 make     timestamps (rows committed before use), levels, signed PDFs into the content store, fsynced
 *   4 seal     manifest, seal, and the container's signatures
 *   5 finish   one transaction makes everything visible: dossier → sealed
 * Called by endpoints/sign. Decree 23/2025 Art. 15; EN 419 241-1.
 */
#include "signer/rules/signing.h"

#include "common/log.h"
#include "signer/errors.h"
#include "signer/rules/activation.h"
#include "signer/rules/evidence.h"
#include "signer/rules/means.h"
#include "signer/rules/recovery.h"
#include "signer/rules/results.h"
#include "signer/rules/sealing.h"
#include "signer/rules/xmlsign.h"
#include "signer/store/audit.h"
#include <stdlib.h>
#include <string.h>

#define LEASE_SECONDS 120

struct signing {
    struct app *app;
    const struct signing_request *q;
    struct credential_view view;
    struct dossier d;
    struct activation *act; /* an item for each component, and the last for the container */
    struct component *comp; /* in the activation's order */
    size_t n;
    struct evidence citizen;
    struct means means;
    struct key_signature sig[COMPONENTS_MAX + 1];
    struct result result[COMPONENTS_MAX];
    struct seal_row seal;
};

static void signing_free(struct signing **p)
{
    struct signing *s = *p;
    if (s == NULL)
        return;
    for (size_t i = 0; i <= COMPONENTS_MAX; i++)
        key_signature_free(&s->sig[i]);
    for (size_t i = 0; i < COMPONENTS_MAX; i++)
        result_free(&s->result[i]);
    seal_row_free(&s->seal);
    evidence_free(&s->citizen);
    means_close(&s->means);
    activation_free(&s->act);
    component_list_free(&s->comp);
    credential_view_free(&s->view);
    free(s);
}

/* --- 1 begin --- */

static err_t intend_all(struct db *db, const struct signing *s)
{
    for (size_t i = 0; i < s->act->n; i++) {
        const struct signature_row row = {
            .dossier = s->d.id,
            .session = s->act->row.id,
            .position = (int)i,
            .component = s->act->item[i].component,
            .credential = s->view.c.id,
            .certificate = s->view.cert.serial,
            .digest = s->act->item[i].digest,
        };
        TRY(signature_intend(db, &row));
    }
    return OK;
}

static bool matches(const struct component *c, const struct signing_item_row *item, const struct signing_item_row *container)
{
    if (strcmp(c->name, item->component) != 0 || c->format != item->format || !xmlsign_names(container, c->sha256))
        return false;
    switch (c->format) {
    case FORMAT_PADES: return item->base_size == c->size;
    case FORMAT_CADES: return memcmp(item->digest, c->sha256, SHA256_LEN) == 0;
    case FORMAT_XADES: return xmlsign_names(item, c->sha256);
    }
    return false;
}

/* The components are those that were prepared: nothing can have changed since submission, and this proves it. */
static err_t match_components(struct db *db, struct signing *s)
{
    component_list_free(&s->comp);
    TRY(component_list(db, s->d.id, &s->comp, &s->n));
    if (s->n > COMPONENTS_MAX || s->n + 1 != s->act->n || s->act->item[s->n].component[0] != '\0')
        return ERR_EXPIRED;
    for (size_t i = 0; i < s->n; i++)
        if (!matches(&s->comp[i], &s->act->item[i], &s->act->item[s->n]))
            return ERR_EXPIRED;
    return OK;
}

static err_t begin(struct db *db, void *arg)
{
    struct signing *s = arg;
    struct credential now;
    TRY(credential_lock(db, s->view.c.id, &now)); /* a revocation waits for us, or we see it */
    if (now.state == CREDENTIAL_REVOKED)
        return ERR_CREDENTIAL_REVOKED;
    err_t e = credential_take_attempt(db, now.id);
    if (e != OK)
        return e == ERR_DB_NONE ? ERR_CREDENTIAL_LOCKED : e;
    e = dossier_begin_signing(db, s->q->dossier, s->act->row.id, s->app->conf.instance, LEASE_SECONDS);
    if (e != OK)
        return e == ERR_DB_NONE ? ERR_SIGNING_BUSY : e;
    TRY(dossier_get(db, s->q->dossier, &s->d));
    TRY(match_components(db, s));
    return intend_all(db, s);
}

/* --- back, when a later step fails --- */

static err_t end_signing(struct db *db, void *arg)
{
    const struct signing *s = arg;
    err_t e = dossier_end_signing(db, s->d.id, s->act->row.id);
    return e == ERR_DB_NONE ? OK : e;
}

static void go_back(struct signing *s)
{
    if (db_do(s->app->db, DB_AUTOCOMMIT, end_signing, s) != OK) {
        log_event(LOG_WARNING, "signing", "a half-signed dossier goes back when the database is there again");
        recovery_owe(s->d.id, s->act->row.id);
    }
}

static void drop_activation(struct signing *s)
{
    if (activation_drop(s->app, s->act->row.id) != OK)
        log_event(LOG_WARNING, "signing", "a used activation could not be dropped; it will expire");
}

/* --- 2 sign --- */

static err_t sign(struct signing *s, int *left)
{
    struct key_activation k;
    activation_for_key(s->act, s->d.owner, &k);
    err_t e = key_citizen_sign(s->app->keys, &k, BYTES(s->view.c.blob, s->view.c.blob_len), BYTES_STR(s->q->pin),
                               buf_bytes(&s->view.cert.der), buf_bytes(&s->act->id_token), s->sig);
    return credential_settle(s->app, s->view.c.id, s->q->request_id, e, left);
}

/* --- 3 make --- */

static err_t make(struct signing *s)
{
    const struct results_job job = {
        .means = &s->means,
        .evidence = &s->citizen,
        .item = s->act->item,
        .signature = s->sig,
        .comp = s->comp,
        .n = s->n,
    };
    return results_make(&job, s->result);
}

/* --- 4 seal --- */

static err_t seal(struct signing *s)
{
    struct bytes signature[COMPONENTS_MAX];
    for (size_t i = 0; i < s->n; i++)
        signature[i] = buf_bytes(&s->result[i].signature);
    const struct sealing sealing = {
        .means = &s->means,
        .d = &s->d,
        .comp = s->comp,
        .signature = signature,
        .n = s->n,
        .citizen = &s->citizen,
        .container = &s->act->item[s->n],
        .container_signature = buf_bytes(&s->sig[s->n].signature),
    };
    return sealing_make(&sealing, &s->seal);
}

/* --- 5 finish --- */

static err_t done(struct db *db, const struct signing *s, size_t i, struct bytes serial)
{
    err_t e = signature_done(db, s->act->row.id, (int)i, serial);
    return e == ERR_DB_NONE ? ERR_SIGNING_LOST : e;
}

static err_t finish_item(struct db *db, const struct signing *s, size_t i)
{
    const struct result *r = &s->result[i];
    if (s->comp[i].format == FORMAT_PADES)
        TRY(component_set_signed_pdf(db, s->d.id, &s->comp[i]));
    else
        TRY(component_set_signature(db, s->d.id, &s->comp[i], buf_bytes(&r->signature)));
    return done(db, s, i, BYTES(r->serial, r->serial_len));
}

static err_t finish(struct db *db, void *arg)
{
    const struct signing *s = arg;
    struct credential now;
    TRY(credential_lock(db, s->view.c.id,
                        &now)); /* revoked since begin: the timestamps may be later than that, and the files invalid for ever */
    if (now.state == CREDENTIAL_REVOKED)
        return ERR_CREDENTIAL_REVOKED;
    err_t e = dossier_set_sealed(db, s->d.id, s->act->row.id);
    if (e != OK)
        return e == ERR_DB_NONE ? ERR_SIGNING_LOST : e; /* the lease ran out and somebody recovered it */
    for (size_t i = 0; i < s->n; i++)
        TRY(finish_item(db, s, i));
    TRY(done(db, s, s->n, BYTES(s->seal.citizen_serial, s->seal.citizen_serial_len)));
    TRY(seal_insert(db, s->d.id, &s->seal));
    TRY(signing_session_delete(db, s->act->row.id));
    const struct audit audit = {
        .event = "dossier.sealed",
        .actor = s->d.owner,
        .client_id = s->d.client_id,
        .dossier = s->d.id,
        .credential = s->view.c.id,
        .request_id = s->q->request_id,
    };
    return audit_insert(db, &audit);
}

static err_t complete(struct signing *s)
{
    TRY(make(s));
    TRY(seal(s));
    return db_do(s->app->db, DB_TX, finish, s);
}

static err_t check_live(struct db *db, void *arg)
{
    const struct signing *s = arg;
    struct credential now;
    TRY(credential_lock(db, s->view.c.id, &now));
    return now.state == CREDENTIAL_REVOKED ? ERR_CREDENTIAL_REVOKED : OK;
}

err_t signing_run(struct app *a, const struct signing_request *q, int *left)
{
    AUTO(signing_free) struct signing *s = calloc(1, sizeof *s);
    if (s == NULL)
        return ERR_NOMEM;
    s->app = a;
    s->q = q;
    *left = CREDENTIAL_PINS_MAX;
    TRY(recovery_ensure(a));
    TRY(credential_view_of(a, q->session->subject, &s->view));
    TRY(credential_usable(a, &s->view));
    TRY(activation_load(a, q->dossier, q->session, s->view.c.id, true, &s->act));
    TRY(evidence_for_citizen(a, buf_bytes(&s->view.cert.der), &s->citizen)); /* what can fail without a trace comes first */
    TRY(means_open(a, &s->means));
    TRY(db_do(a->db, DB_TX, begin, s));

    err_t e = sign(s, left);
    bool spent = e == OK || e == ERR_KEY_ACTIVATION;
    if (e == OK)
        e = complete(s);
    if (e == OK)
        return OK;
    go_back(s);
    if (spent)
        drop_activation(s);
    if (e == ERR_KEY_ACTIVATION || e == ERR_PDF_ROOM)
        return ERR_EXPIRED;    /* keyd was restarted, or a chain outgrew its room: a fresh activation mends both */
    if (e == ERR_CERT_REVOKED) /* seen in the chains first: the citizen's has its own word */
        TRY(db_do(a->db, DB_TX, check_live, s));
    return e;
}

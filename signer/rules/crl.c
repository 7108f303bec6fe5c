/*
 * Current CRL: read, or made anew under one lock for all daemons on the database.
 * Called by endpoints/crl and rules/signing. RFC 5280 §5.2.3 (number grows), §5.3.2 (invalidityDate).
 */
#include "signer/rules/crl.h"

#include "common/clock.h"
#include "common/log.h"
#include "common/x509.h"
#include "signer/store/certificate.h"
#include <stdlib.h>

void crl_now_free(struct crl_now *c)
{
    buf_free(&c->der);
}

struct job {
    struct app *app;
    struct crl_now *out;
};

static void crl_row_free(struct crl_row *r)
{
    buf_free(&r->der);
}

/* The last CRL, when it tells everything and has at least half its life before it. ERR_DB_NONE: another is needed. */
static err_t fresh_one(struct db *db, void *arg)
{
    struct job *j = arg;
    AUTO(crl_row_free) struct crl_row last = {0};
    bool waits = true;
    TRY(crl_latest(db, &last));
    TRY(certificate_crl_waits(db, &waits));
    if (waits || last.next_update - clock_now() < j->app->conf.crl_lifetime / 2)
        return ERR_DB_NONE;
    buf_free(&j->out->der);
    j->out->der = take(&last.der);
    j->out->this_update = last.this_update;
    j->out->next_update = last.next_update;
    return OK;
}

/* What keyd signed says when it was made: by keyd's clock, not ours. */
static err_t read_times(struct crl_row *r)
{
    AUTO_X509_CRL crl = NULL;
    TRY(x509_crl_from_der(buf_bytes(&r->der), &crl));
    const ASN1_TIME *next = X509_CRL_get0_nextUpdate(crl);
    if (next == NULL)
        return ERR_CRYPTO;
    TRY(x509_time(X509_CRL_get0_lastUpdate(crl), &r->this_update));
    return x509_time(next, &r->next_update);
}

static void entries_free(struct key_crl_entry **e)
{
    free(*e);
}

static err_t make_one(struct db *db, void *arg)
{
    struct job *j = arg;
    TRY(crl_serialise(db));
    err_t e = fresh_one(db, arg); /* another daemon was faster */
    if (e != ERR_DB_NONE)
        return e;
    AUTO(crl_row_free) struct crl_row last = {0}, next = {0};
    e = crl_latest(db, &last);
    if (e != OK && e != ERR_DB_NONE)
        return e;
    next.number = last.number + 1;
    TRY(certificate_mark_on_crl(db, next.number));
    AUTO(entries_free) struct key_crl_entry *entries = NULL;
    size_t n = 0;
    TRY(certificate_revoked_list(db, &entries, &n));
    next.entries = (int64_t)n;
    TRY(key_sign_crl(j->app->keys, (uint64_t)next.number, j->app->conf.crl_lifetime, entries, n, &next.der));
    TRY(read_times(&next));
    TRY(crl_insert(db, &next));
    buf_free(&j->out->der);
    j->out->der = take(&next.der);
    j->out->this_update = next.this_update;
    j->out->next_update = next.next_update;
    return OK;
}

err_t crl_current(struct app *a, struct crl_now *out)
{
    struct job j = {.app = a, .out = out};
    err_t e = db_do(a->db, DB_AUTOCOMMIT, fresh_one, &j);
    if (e != ERR_DB_NONE)
        return e;
    e = db_do(a->db, DB_TX, make_one, &j);
    if (e == OK)
        log_event(LOG_INFO, "crl", "the citizens' CA has published a new CRL");
    return e;
}

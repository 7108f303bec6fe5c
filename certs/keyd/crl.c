/*
 * CRL_BEGIN, CRL_ADD, CRL_END, CRL_READ: the citizens' CA's revocation list, in pieces over one connection.
 * Called by serve.c. RFC 5280 §5.
 */
#include "certs/crl.h"
#include "certs/keyd/keyd.h"
#include "common/clock.h"
#include "common/log.h"

#include <stdlib.h>
#include <string.h>

#define DAY 86400
#define LIFETIME_MIN 60
#define LIFETIME_MAX (400 * DAY)
#define JOBS_MAX 4

struct crl_job {
    struct keyd *k;
    uint64_t number;
    int64_t lifetime;
    size_t count, n, cap; /* announced, come, room */
    struct key_crl_entry *entries;
    struct buf der; /* after CRL_END */
};

void crl_job_free(struct crl_job **jp)
{
    struct crl_job *j = *jp;
    *jp = NULL;
    if (!j)
        return;
    atomic_fetch_sub(&j->k->crl_jobs, 1);
    free(j->entries);
    buf_free(&j->der);
    free(j);
}

/* RFC 5280 §5.2.3: numbers grow. keyd knows those of its own life; the caller's database knows all. */
static bool number_grows(struct keyd *k, uint64_t number, bool take)
{
    pthread_mutex_lock(&k->crl_lock);
    bool ok = number > k->crl_number;
    if (ok && take)
        k->crl_number = number;
    pthread_mutex_unlock(&k->crl_lock);
    return ok;
}

enum keyw_status op_crl_begin(struct worker *w, struct conn *c)
{
    const struct keyw_crl_begin *q = &w->q.CRL_BEGIN_q;
    struct keyd *k = w->keyd;
    crl_job_free(&c->crl);
    if (q->count > KEYW_CRL_MAX || q->lifetime < LIFETIME_MIN || q->lifetime > LIFETIME_MAX || q->number == 0 || q->number > INT64_MAX)
        return KEYW_SYNTAX;
    if (!number_grows(k, q->number, false) || !key_for_crl(k, clock_now()))
        return KEYW_REFUSED;
    if (atomic_fetch_add(&k->crl_jobs, 1) >= JOBS_MAX) {
        atomic_fetch_sub(&k->crl_jobs, 1);
        return KEYW_BUSY;
    }
    struct crl_job *j = calloc(1, sizeof *j);
    if (!j) {
        atomic_fetch_sub(&k->crl_jobs, 1);
        return KEYW_INTERNAL;
    }
    *j = (struct crl_job){.k = k, .number = q->number, .lifetime = q->lifetime, .count = (size_t)q->count};
    c->crl = j;
    return KEYW_OK;
}

/* Room grows with what really comes, not with what was announced. */
static err_t make_room(struct crl_job *j, size_t more)
{
    if (j->n + more <= j->cap)
        return OK;
    size_t cap = j->cap ? j->cap * 2 : KEYW_CRL_PIECE;
    struct key_crl_entry *p = realloc(j->entries, cap * sizeof *p);
    if (!p)
        return ERR_NOMEM;
    j->entries = p;
    j->cap = cap;
    return OK;
}

enum keyw_status op_crl_add(struct worker *w, struct conn *c)
{
    const struct keyw_crl_add *q = &w->q.CRL_ADD_q;
    struct crl_job *j = c->crl;
    if (!j || j->der.len)
        return KEYW_REFUSED;
    if (q->n == 0 || q->n > KEYW_CRL_PIECE || q->n > j->count - j->n || !keyw_zero(q->reserved, sizeof q->reserved) ||
        !keyw_zero(&q->entry[q->n], (KEYW_CRL_PIECE - q->n) * sizeof q->entry[0]))
        return KEYW_SYNTAX;
    if (make_room(j, q->n) != OK)
        return KEYW_INTERNAL;
    for (size_t i = 0; i < q->n; i++) {
        const struct keyw_crl_entry *e = &q->entry[i];
        struct key_crl_entry *to = &j->entries[j->n++];
        *to = (struct key_crl_entry){
            .revoked_at = e->revoked_at, .invalid_since = e->invalid_since, .reason = e->reason < 256 ? (int)e->reason : -1};
        memcpy(to->serial, e->serial, sizeof to->serial);
    }
    return KEYW_OK;
}

enum keyw_status op_crl_end(struct worker *w, struct conn *c)
{
    struct keyd *k = w->keyd;
    struct crl_job *j = c->crl;
    if (!j || j->der.len)
        return KEYW_REFUSED;
    if (j->n != j->count)
        return KEYW_SYNTAX;
    int64_t now = clock_now();
    const struct key *ca = key_for_crl(k, now);
    if (!ca || !number_grows(k, j->number, true))
        return KEYW_REFUSED;
    const struct crl_spec s = {
        .issuer = ca->x509, .number = j->number, .this_update = now, .next_update = now + j->lifetime, .entries = j->entries, .n = j->n};
    err_t e = crl_sign(&s, ca->pkey, &j->der);
    free(j->entries);
    j->entries = NULL;
    if (e != OK)
        return e == ERR_SYNTAX ? KEYW_SYNTAX : KEYW_INTERNAL;
    w->r.CRL_END_r.total = j->der.len;
    log_event(LOG_INFO, "crl_signed", "number %llu, %zu entries", (unsigned long long)j->number, j->n);
    return KEYW_OK;
}

enum keyw_status op_crl_read(struct worker *w, struct conn *c)
{
    const struct keyw_crl_read *q = &w->q.CRL_READ_q;
    struct keyw_crl_read_r *r = &w->r.CRL_READ_r;
    struct crl_job *j = c->crl;
    if (!j || !j->der.len)
        return KEYW_REFUSED;
    if (q->offset >= j->der.len)
        return KEYW_SYNTAX;
    size_t left = j->der.len - q->offset;
    r->n = (uint32_t)(left < sizeof r->data ? left : sizeof r->data);
    memcpy(r->data, j->der.ptr + q->offset, r->n);
    if (r->n == left)
        crl_job_free(&c->crl); /* read to its end */
    return KEYW_OK;
}

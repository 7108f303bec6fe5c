/*
 * Making and keeping citizens' credentials.
 * Called by endpoints/credential and rules/signing. ETSI EN 319 411-1 §6.2–6.4; the officer's side is in credential_officer.c.
 */
#include "signer/rules/credential.h"

#include "common/clock.h"
#include "common/log.h"
#include "common/x509.h"
#include "signer/errors.h"
#include "signer/rules/trust.h"
#include "signer/store/audit.h"
#include <stdio.h>
#include <string.h>

err_t pin_check(const char *pin, const char *again)
{
    size_t n = pin != NULL ? strlen(pin) : 0;
    if (n < PIN_MIN || n > PIN_MAX || strspn(pin, "0123456789") != n)
        return ERR_PIN_FORMAT;
    unsigned seen = 0;
    bool up = true, down = true;
    for (size_t i = 0; i < n; i++) {
        seen |= 1u << (pin[i] - '0');
        if (i > 0) {
            up = up && pin[i] == pin[i - 1] + 1;
            down = down && pin[i] == pin[i - 1] - 1;
        }
    }
    if (__builtin_popcount(seen) < 3 || up || down)
        return ERR_PIN_WEAK;
    return again != NULL && strcmp(pin, again) == 0 ? OK : ERR_PIN_DIFFERS;
}

/* --- looking --- */

void credential_view_free(struct credential_view *v)
{
    certificate_free(&v->cert);
    secret_wipe(v, sizeof *v);
}

struct look {
    const char *owner;
    struct credential_view *out;
};

static err_t look(struct db *db, void *arg)
{
    struct look *l = arg;
    err_t e = credential_of(db, l->owner, &l->out->c);
    if (e != OK)
        return e == ERR_DB_NONE ? ERR_CREDENTIAL_NONE : e;
    e = certificate_of(db, l->out->c.id, &l->out->cert);
    return e == ERR_DB_NONE ? OK : e;
}

static err_t clean_up(struct db *db, void *arg)
{
    (void)arg;
    return credential_abandon_pending(db, NULL);
}

err_t credential_view_of(struct app *a, const char *owner, struct credential_view *out)
{
    *out = (struct credential_view){0};
    struct look l = {.owner = owner, .out = out};
    TRY(db_do(a->db, DB_AUTOCOMMIT, look, &l));
    if (out->c.state != CREDENTIAL_PENDING)
        return OK;
    TRY(db_do(a->db, DB_AUTOCOMMIT, clean_up, NULL));
    return ERR_CREDENTIAL_NONE;
}

err_t credential_usable(struct app *a, const struct credential_view *v)
{
    if (v->c.state == CREDENTIAL_LOCKED || (v->c.state == CREDENTIAL_ACTIVE && v->c.wrong_pins >= CREDENTIAL_PINS_MAX))
        return ERR_CREDENTIAL_LOCKED;
    if (v->c.state == CREDENTIAL_REVOKED || v->cert.revoked_at != 0)
        return ERR_CREDENTIAL_REVOKED;
    if (v->c.state != CREDENTIAL_ACTIVE || v->cert.der.len == 0)
        return ERR_CREDENTIAL_NONE;
    int64_t now = clock_now(), from = 0, until = 0;
    if (now < v->cert.not_before || now >= v->cert.not_after)
        return ERR_CERTIFICATE_EXPIRED;
    AUTO_BUF der = {0};
    AUTO_X509 issuer = NULL;
    TRY(trust_get(a->trust, TRUST_CITIZENS_CRT, &der));
    TRY(x509_from_der(buf_bytes(&der), &issuer));
    TRY(x509_validity(issuer, &from, &until));
    return now >= from && now < until ? OK : ERR_CERTIFICATE_EXPIRED;
}

/* --- making --- */

struct making {
    struct app *app;
    const struct websession *s;
    const char *request_id;
    struct credential c;
    uint8_t spki[128];
    size_t spki_len;
    uint8_t serial[SERIAL_LEN];
    int64_t not_before, not_after;
    struct buf cert;
};

static err_t choose_number(struct db *db, void *arg)
{
    struct making *m = arg;
    err_t e = credential_number_of(db, m->s->subject, m->c.subject_number);
    if (e != ERR_DB_NONE)
        return e;
    uint8_t raw[12];
    random_bytes(raw, sizeof raw);
    hex_encode(BYTES(raw, sizeof raw), m->c.subject_number);
    return OK;
}

static err_t intend(struct db *db, void *arg)
{
    struct making *m = arg;
    TRY(credential_abandon_pending(db, NULL));
    err_t e = credential_insert(db, &m->c, BYTES(m->spki, m->spki_len), m->app->conf.instance);
    if (e != OK)
        return e == ERR_DB_CONFLICT ? ERR_CREDENTIAL_EXISTS : e;
    return certificate_intend(db, m->serial, m->c.id, m->not_before, m->not_after);
}

static err_t finish(struct db *db, void *arg)
{
    struct making *m = arg;
    TRY(certificate_issued(db, m->serial, buf_bytes(&m->cert)));
    TRY(credential_activate(db, m->c.id));
    const struct audit audit = {
        .event = "credential.created",
        .actor = m->s->subject,
        .credential = m->c.id,
        .request_id = m->request_id,
    };
    return audit_insert(db, &audit);
}

/* keyd's certificate must be the one that was intended: serial number and validity of the row. */
static err_t check_certificate(struct making *m)
{
    AUTO_X509 cert = NULL;
    uint8_t serial[X509_SERIAL_MAX];
    int64_t from = 0, until = 0;
    TRY(x509_from_der(buf_bytes(&m->cert), &cert));
    TRY(x509_serial_octets(cert, serial));
    TRY(x509_validity(cert, &from, &until));
    return memcmp(serial, m->serial, sizeof serial) == 0 && from >= m->not_before && until <= m->not_after ? OK : ERR_CRYPTO;
}

static err_t issue(struct making *m)
{
    struct key_cert_request q = {
        .blob = BYTES(m->c.blob, m->c.blob_len), .not_before = m->not_before, .days = m->app->conf.certificate_days};
    snprintf(q.citizen.credential_id, sizeof q.citizen.credential_id, "%s", m->c.id);
    snprintf(q.citizen.owner, sizeof q.citizen.owner, "%s", m->c.owner);
    memcpy(q.serial, m->serial, sizeof q.serial);
    snprintf(q.common_name, sizeof q.common_name, "%s", m->s->person.name);
    snprintf(q.surname, sizeof q.surname, "%s", m->s->person.surname);
    snprintf(q.given_name, sizeof q.given_name, "%s", m->s->person.given_name);
    snprintf(q.serial_number, sizeof q.serial_number, "%s", m->c.subject_number);
    TRY(key_issue_citizen(m->app->keys, &q, &m->cert));
    return check_certificate(m);
}

static err_t give_up(struct db *db, void *arg)
{
    const struct making *m = arg;
    return credential_abandon(db, m->c.id);
}

static void making_free(struct making *m)
{
    buf_free(&m->cert);
    secret_wipe(m, sizeof *m);
}

err_t credential_create(struct app *a, const struct websession *s, const char *pin, const char *request_id)
{
    if (s->level < 2)
        return ERR_LEVEL;
    if (s->person.name[0] == '\0' || s->person.surname[0] == '\0' || s->person.given_name[0] == '\0')
        return ERR_LOGIN_TOKEN;
    AUTO(making_free) struct making m = {.app = a, .s = s, .request_id = request_id};
    random_uuid(m.c.id);
    snprintf(m.c.owner, sizeof m.c.owner, "%s", s->subject);
    TRY(db_do(a->db, DB_AUTOCOMMIT, choose_number, &m));
    struct key_citizen citizen = {0};
    snprintf(citizen.credential_id, sizeof citizen.credential_id, "%s", m.c.id);
    snprintf(citizen.owner, sizeof citizen.owner, "%s", m.c.owner);
    TRY(key_citizen_create(a->keys, &citizen, BYTES_STR(pin), m.c.blob, &m.c.blob_len, m.spki, &m.spki_len));
    key_random_serial(m.serial);
    m.not_before = clock_now();
    m.not_after = m.not_before + a->conf.certificate_days * 86400;
    TRY(db_do(a->db, DB_TX, intend, &m));
    err_t e = issue(&m);
    if (e == OK)
        e = db_do(a->db, DB_TX, finish, &m);
    if (e != OK && db_do(a->db, DB_AUTOCOMMIT, give_up, &m) != OK)
        log_event(LOG_WARNING, "credential", "a half-made credential waits to be abandoned"); /* a minute later by anybody's touch */
    return e;
}

/* --- PINs --- */

static err_t take_attempt(struct db *db, void *arg)
{
    err_t e = credential_take_attempt(db, arg);
    return e == ERR_DB_NONE ? ERR_CREDENTIAL_LOCKED : e;
}

err_t credential_attempt(struct app *a, const char *id)
{
    char key[UUID_LEN + 1];
    snprintf(key, sizeof key, "%s", id);
    return db_do(a->db, DB_AUTOCOMMIT, take_attempt, key);
}

struct settling {
    const char *id, *request_id;
    err_t outcome;
    int left;
};

static err_t settle(struct db *db, void *arg)
{
    struct settling *s = arg;
    if (s->outcome != ERR_KEY_PIN && s->outcome != ERR_KEY_LOCKED)
        return credential_give_back(db, s->id, s->outcome == OK);
    TRY(credential_wrong_pin(db, s->id, &s->left));
    const struct audit audit = {
        .event = s->left > 0 ? "credential.wrong_pin" : "credential.locked",
        .actor = "system",
        .credential = s->id,
        .request_id = s->request_id,
    };
    return audit_insert(db, &audit);
}

err_t credential_settle(struct app *a, const char *id, const char *request_id, err_t outcome, int *left)
{
    struct settling s = {.id = id, .request_id = request_id, .outcome = outcome, .left = CREDENTIAL_PINS_MAX};
    err_t e = db_do(a->db, DB_TX, settle, &s);
    *left = s.left;
    if (e != OK) {
        /* The attempt stays taken: on the safe side. */
        log_event(LOG_WARNING, "credential", "an attempt could not be settled: %s", err_info(e)->name);
        return outcome != OK ? outcome : e;
    }
    return outcome == ERR_KEY_LOCKED || (outcome == ERR_KEY_PIN && s.left <= 0) ? ERR_CREDENTIAL_LOCKED : outcome;
}

struct repin {
    const char *id, *owner, *request_id;
    uint8_t blob[KEY_BLOB_MAX];
    size_t len;
};

static err_t store_blob(struct db *db, void *arg)
{
    struct repin *r = arg;
    err_t e = credential_set_blob(db, r->id, BYTES(r->blob, r->len));
    if (e != OK)
        return e == ERR_DB_NONE ? ERR_CREDENTIAL_REVOKED : e;
    const struct audit audit = {.event = "credential.pin_changed", .actor = r->owner, .credential = r->id, .request_id = r->request_id};
    return audit_insert(db, &audit);
}

err_t credential_change_pin(struct app *a, const struct websession *s, const char *old_pin, const char *new_pin, const char *request_id,
                            int *left)
{
    *left = CREDENTIAL_PINS_MAX;
    AUTO(credential_view_free) struct credential_view v;
    TRY(credential_view_of(a, s->subject, &v));
    TRY(credential_usable(a, &v));
    TRY(credential_attempt(a, v.c.id));
    struct key_citizen citizen = {0};
    snprintf(citizen.credential_id, sizeof citizen.credential_id, "%s", v.c.id);
    snprintf(citizen.owner, sizeof citizen.owner, "%s", v.c.owner);
    struct repin r = {.id = v.c.id, .owner = v.c.owner, .request_id = request_id};
    err_t e = key_citizen_repin(a->keys, &citizen, BYTES(v.c.blob, v.c.blob_len), BYTES_STR(old_pin), BYTES_STR(new_pin), r.blob, &r.len);
    TRY(credential_settle(a, v.c.id, request_id, e, left));
    return db_do(a->db, DB_TX, store_blob, &r);
}

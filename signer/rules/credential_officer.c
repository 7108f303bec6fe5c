/*
 * The officer's side of credentials: revoking, unlocking, describing.
 * Called by endpoints/credentials. RFC 5280 §5.3.1 (reasons), §5.3.2 (invalidity date).
 */
#include "signer/rules/credential.h"

#include "common/clock.h"
#include "common/x509.h"
#include "signer/errors.h"
#include "signer/store/audit.h"
#include <string.h>

static const struct {
    const char *name;
    int code;
} reasons[] = {
    {"unspecified", 0}, {"key_compromise", 1},         {"affiliation_changed", 3},
    {"superseded", 4},  {"cessation_of_operation", 5}, {"privilege_withdrawn", 9},
};

int credential_reason(const char *name)
{
    if (name == NULL)
        return 0;
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
        if (strcmp(reasons[i].name, name) == 0)
            return reasons[i].code;
    return -1;
}

const char *credential_reason_name(int reason)
{
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
        if (reasons[i].code == reason)
            return reasons[i].name;
    return "unspecified";
}

static err_t write_down(struct db *db, const struct officer_act *o, const char *event, const char *detail)
{
    const struct audit audit = {
        .event = event,
        .actor = o->officer->sub,
        .client_id = o->officer->client_id,
        .credential = o->id,
        .detail = detail,
        .request_id = o->request_id,
    };
    return audit_insert(db, &audit);
}

err_t credential_revoke(struct db *db, const struct officer_act *o)
{
    struct credential c;
    err_t e = credential_lock(db, o->id, &c);
    if (e != OK)
        return e == ERR_DB_NONE ? ERR_NOT_FOUND : e;
    if (c.state != CREDENTIAL_ACTIVE && c.state != CREDENTIAL_LOCKED)
        return ERR_CREDENTIAL_REVOKED;
    TRY(credential_set_revoked(db, o->id));
    TRY(certificate_revoke(db, o->id, o->invalid_since, o->reason));
    return write_down(db, o, "credential.revoked", credential_reason_name(o->reason));
}

err_t credential_unlock_by(struct db *db, const struct officer_act *o)
{
    struct credential c;
    err_t e = credential_lock(db, o->id, &c);
    if (e != OK)
        return e == ERR_DB_NONE ? ERR_NOT_FOUND : e;
    if (c.state != CREDENTIAL_ACTIVE && c.state != CREDENTIAL_LOCKED)
        return ERR_CREDENTIAL_REVOKED;
    e = credential_unlock(db, o->id);
    if (e == ERR_DB_NONE)
        return OK; /* nothing to unlock: asked twice */
    TRY(e);
    return write_down(db, o, "credential.unlocked", NULL);
}

static void set_time(json_t *o, const char *name, int64_t t)
{
    char text[CLOCK_RFC3339_LEN + 1];
    if (t == 0)
        return;
    clock_rfc3339(t, text);
    json_object_set_new(o, name, json_string(text));
}

static err_t certificate_to_json(const struct certificate *cert, json_t **out)
{
    AUTO_X509 x = NULL;
    AUTO_BUF pem = {0};
    char serial[2 * X509_SERIAL_MAX + 1];
    TRY(x509_from_der(buf_bytes(&cert->der), &x));
    TRY(x509_serial_hex(x, serial));
    TRY(x509_to_pem(x, &pem));
    AUTO_JSON o = json_object();
    json_object_set_new(o, "serial", json_string(serial));
    set_time(o, "not_before", cert->not_before);
    set_time(o, "not_after", cert->not_after);
    if (cert->revoked_at != 0) {
        set_time(o, "revoked_at", cert->revoked_at);
        set_time(o, "invalid_since", cert->invalid_since);
        json_object_set_new(o, "reason", json_string(credential_reason_name(cert->reason)));
    }
    json_object_set_new(o, "pem", json_string(buf_str(&pem)));
    *out = take(&o);
    return *out != NULL ? OK : ERR_NOMEM;
}

err_t credential_to_json(const struct credential_view *v, json_t **out)
{
    AUTO_JSON o = json_object();
    json_object_set_new(o, "id", json_string(v->c.id));
    json_object_set_new(o, "subject", json_string(v->c.owner));
    json_object_set_new(o, "state", json_string(credential_state_name(v->c.state)));
    json_object_set_new(o, "wrong_pins", json_integer(v->c.wrong_pins));
    set_time(o, "created_at", v->c.created_at);
    set_time(o, "locked_at", v->c.locked_at);
    if (v->cert.der.len > 0) {
        json_t *cert = NULL;
        TRY(certificate_to_json(&v->cert, &cert));
        json_object_set_new(o, "certificate", cert);
    }
    *out = take(&o);
    return *out != NULL ? OK : ERR_NOMEM;
}

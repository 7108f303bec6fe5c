/*
 * What an officer looked at when a citizen was enrolled.
 * Called by rules/citizen.c, endpoints/enrol.c and endpoints/discovery.c. OpenID Identity Assurance Schema Definition 1.0 §5.
 */
#include "idp/rules/evidence.h"
#include "common/clock.h"
#include "idp/rules/citizen.h"
#include "idp/rules/plain.h"
#include <string.h>

#define NOTE_MAX 500
#define ORGANIZATION_MAX 100
#define ISSUER_MAX 100
#define NUMBER_MAX 20

/* Looked at by an officer; the chip's signature verified; the person compared with it; fingerprints or face measured. */
const char *const evidence_methods[] = {"vpip", "vcrypt", "pvp", "bvp", NULL};
const char *const evidence_documents[] = {"idcard", "passport", NULL};

static void fault(json_t *faults, const char *field, const char *code)
{
    json_array_append_new(faults, json_pack("{s:s, s:s}", "field", field, "code", code));
}

static bool known(const char *const *list, const char *v)
{
    for (; v && *list; list++)
        if (strcmp(*list, v) == 0)
            return true;
    return false;
}

static bool type_ok(const char *s)
{
    return known(evidence_documents, s);
}

static bool number_ok(const char *s)
{
    return plain_code(s, 1, NUMBER_MAX);
}

static bool expiry_ok(const char *s)
{
    char today[CLOCK_RFC3339_LEN + 1];

    clock_rfc3339(clock_now(), today);
    return citizen_date_form(s) && strncmp(s, today, 10) >= 0; /* nobody is enrolled by a document that has run out */
}

static bool name_ok(const char *s)
{
    return plain_text(s, 1, ISSUER_MAX);
}

static bool note_ok(const char *s)
{
    return plain_text(s, 1, NOTE_MAX);
}

/* One text member of from into to. */
static void text(const json_t *from, const char *field, const char *name, bool needed, bool (*ok)(const char *s), json_t *to,
                 json_t *faults)
{
    const char *v = NULL;

    if (json_get_str(from, name, 4 * NOTE_MAX, &v) != OK)
        fault(faults, field, "malformed");
    else if (!v && needed)
        fault(faults, field, "missing");
    else if (v && !ok(v))
        fault(faults, field, "invalid");
    else if (v)
        json_object_set_new(to, name, json_string(v));
}

static void read_document(const json_t *d, json_t *verification, json_t *faults)
{
    static const char *const names[] = {"type", "number", "issued", "expires", "issuer", NULL};
    AUTO_JSON to = json_object();

    if (!d)
        return;
    if (!json_is_object(d) || json_only(d, names) != OK) {
        fault(faults, "evidence.document", "malformed");
        return;
    }
    text(d, "evidence.document.type", "type", true, type_ok, to, faults);
    text(d, "evidence.document.number", "number", false, number_ok, to, faults);
    text(d, "evidence.document.issued", "issued", false, citizen_date_ok, to, faults);
    text(d, "evidence.document.expires", "expires", false, expiry_ok, to, faults);
    text(d, "evidence.document.issuer", "issuer", false, name_ok, to, faults);
    json_object_set(verification, "document", to);
}

static void read_methods(const json_t *list, json_t *verification, json_t *faults)
{
    size_t n = json_array_size(list);
    bool ok = n > 0 && n < sizeof evidence_methods / sizeof *evidence_methods;

    if (!list)
        return;
    for (size_t i = 0; ok && i < n; i++) {
        ok = known(evidence_methods, json_string_value(json_array_get(list, i)));
        for (size_t k = 0; k < i; k++)
            ok = ok && !json_equal(json_array_get(list, k), json_array_get(list, i));
    }
    if (!ok)
        fault(faults, "evidence.methods", "invalid");
    else
        json_object_set_new(verification, "methods", json_deep_copy(list));
}

void evidence_read(const json_t *body, json_t *person, json_t *faults)
{
    static const char *const names[] = {"document", "methods", "organization", "note", NULL};
    const json_t *e = json_object_get(body, "evidence");
    AUTO_JSON verification = json_object();
    AUTO_JSON note = json_object();

    if (json_is_object(e)) {
        if (json_only(e, names) != OK)
            fault(faults, "evidence", "unknown_member");
        read_document(json_object_get(e, "document"), verification, faults);
        read_methods(json_object_get(e, "methods"), verification, faults);
        text(e, "evidence.organization", "organization", false, name_ok, verification, faults);
        text(e, "evidence.note", "note", false, note_ok, note, faults);
        if (json_object_get(note, "note"))
            json_object_set(person, "evidence", json_object_get(note, "note"));
    } else
        text(body, "evidence", "evidence", false, note_ok, person, faults);
    json_object_set(person, "verification", verification);
}

err_t evidence_stamp(json_t *person, int64_t now, const char *check_id)
{
    json_t *verification = json_object_get(person, "verification");
    char time[CLOCK_RFC3339_LEN + 1];

    clock_rfc3339(now, time);
    bool ok = json_object_set_new(verification, "time", json_string(time)) == 0 &&
              json_object_set_new(verification, "check_id", json_string(check_id)) == 0;
    return ok ? OK : ERR_NOMEM;
}

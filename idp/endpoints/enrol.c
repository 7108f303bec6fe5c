/*
 * An officer enrols a citizen at the counter.
 * POST /v1/citizens. RFC 9457; Idempotency-Key; Decree 69/2024 (levels).
 */
#include "common/clock.h"
#include "idp/endpoints/endpoints.h"
#include "idp/endpoints/once.h"
#include "idp/endpoints/tokens.h"
#include "idp/rules/activation.h"
#include "idp/rules/citizen.h"
#include "idp/rules/evidence.h"
#include "idp/rules/person.h"
#include <stdio.h>
#include <string.h>

/* Names the fields that will not do: names and reasons, never values. */
static err_t tell_faults(struct http_req *r, const json_t *faults, err_t e)
{
    AUTO_BUF text = {0};

    for (size_t i = 0; i < json_array_size(faults); i++) {
        const json_t *f = json_array_get(faults, i);
        TRY(buf_addf(&text, "%s%s: %s", i ? "; " : "", json_string_value(json_object_get(f, "field")),
                     json_string_value(json_object_get(f, "code"))));
    }
    http_problem_detail(r, "%s", buf_str(&text));
    return e;
}

struct enrolment {
    char id[UUID_LEN + 1], code[ACTIVATION_CHARS + 1];
    uint8_t login[HASH_LEN], phone[HASH_LEN], code_hash[HASH_LEN], wrapped[KEY_WRAPPED_LEN];
    bool has_phone;
    int level;
    struct buf data, answer, sealed; /* personal data sealed; the answer, plain and sealed */
};

static void enrolment_free(struct enrolment *n)
{
    buf_free(&n->data);
    if (n->answer.ptr)
        secret_wipe(n->answer.ptr, n->answer.len);
    buf_free(&n->answer);
    buf_free(&n->sealed);
}

static err_t make_answer(const struct app *a, struct enrolment *n)
{
    char sub[SUB_LEN + 1], until[CLOCK_RFC3339_LEN + 1];

    TRY(citizen_subject(a, n->id, sub));
    clock_rfc3339(clock_now() + a->conf.activation_days * 86400, until);
    AUTO_JSON j = json_pack("{s:s, s:s, s:i, s:s, s:s, s:s*}", "id", n->id, "state", "pending", "level", n->level, "activation_code",
                            n->code, "activation_expires_at", until, "signer_subject", *sub ? sub : NULL);
    return j ? json_text(j, &n->answer) : ERR_NOMEM;
}

static err_t prepare(const struct app *a, const json_t *person, struct enrolment *n)
{
    const char *phone = json_string_value(json_object_get(person, "phone"));
    char clean[20];

    random_uuid(n->id);
    lookup_hash(a->keys.lookup, "login", json_string_value(json_object_get(person, "number")), n->login);
    n->has_phone = phone && citizen_phone_clean(phone, clean) == OK;
    if (n->has_phone)
        lookup_hash(a->keys.lookup, "phone", clean, n->phone);
    activation_make(&a->keys, n->id, n->code, n->code_hash);
    return person_seal(a->keyd, n->id, person, n->wrapped, &n->data);
}

static err_t store(struct http_req *r, const struct once *o, struct enrolment *n)
{
    struct app *a = app_of(r);
    struct account_new row = {
        .id = n->id,
        .level = n->level,
        .login_hash = n->login,
        .phone_hash = n->has_phone ? n->phone : NULL,
        .data_key = BYTES(n->wrapped, sizeof n->wrapped),
        .data = buf_bytes(&n->data),
        .created_by = o->principal,
        .request_id = http_request_id(r),
        .code_hash = n->code_hash,
        .activation_days = a->conf.activation_days,
    };

    TRY(once_keep(a, o, 201, buf_bytes(&n->answer), &n->sealed, &row.once));
    return account_create_citizen(a->db, &row);
}

static err_t enrol(struct http_req *r, const struct once *o, const json_t *person, int level)
{
    AUTO(enrolment_free) struct enrolment n = {.level = level};
    char where[64];

    TRY(prepare(app_of(r), person, &n));
    TRY(make_answer(app_of(r), &n));
    err_t e = store(r, o, &n);
    if (e == ERR_DB_CONFLICT) { /* the number is known, or the same request ran beside this one and was faster */
        e = once_replay(r, o);
        return e == ERR_DB_NONE ? ERR_CITIZEN_EXISTS : e;
    }
    TRY(e);
    snprintf(where, sizeof where, "/v1/citizens/%s", n.id);
    http_reply_no_store(r);
    http_reply(r, 201, "application/json", &n.answer);
    http_reply_header(r, "Content-Location", where);
    return OK;
}

err_t post_citizens(struct http_req *r)
{
    const struct bearer *officer = http_principal(r);
    struct once o;
    AUTO_JSON person = NULL;
    AUTO_JSON faults = json_array();
    int level = 0;
    bool done;

    TRY(once_begin(r, officer->grant.account_id, &o, &done));
    if (done)
        return OK;
    err_t e = citizen_read(http_json(r), &person, &level, faults);
    if (e != OK)
        return tell_faults(r, faults, e);
    TRY(evidence_stamp(person, clock_now(), http_request_id(r))); /* the audit row of this enrolment has the same id */
    return enrol(r, &o, person, level);
}

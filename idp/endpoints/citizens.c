/*
 * The registrar's API: enrolling citizens at the counter, new activation codes, locking.
 * POST /v1/citizens, GET /v1/citizens/{id}, POST /v1/citizens/{id}/activation, /lock, /unlock. RFC 9457; Idempotency-Key.
 */
#include "common/clock.h"
#include "idp/endpoints/endpoints.h"
#include "idp/endpoints/page.h"
#include "idp/endpoints/tokens.h"
#include "idp/rules/activation.h"
#include "idp/rules/citizen.h"
#include "idp/rules/person.h"
#include "idp/rules/subject.h"
#include "idp/store/audit.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IDEMPOTENCY_KEY_MAX 200

static const struct bearer *officer(const struct http_req *r)
{
    return http_principal(r);
}

/* How the signing daemon will know this person. */
static err_t signer_subject(const struct app *a, const char *account_id, char out[SUB_LEN + 1])
{
    char sector[256];

    out[0] = '\0';
    if (!a->conf.signer_resource[0])
        return OK;
    TRY(subject_sector(a->conf.signer_resource, sector, sizeof sector));
    subject_make(a->keys.pairwise, sector, account_id, out);
    return OK;
}

/* --- Idempotency-Key: the same request gets the same answer, another request under the same key is refused --- */

struct once {
    const char *key;
    uint8_t hash[SHA256_LEN];
};

static err_t once_read(struct http_req *r, struct once *o)
{
    AUTO_BUF text = {0};

    o->key = http_header(r, "Idempotency-Key");
    if (!o->key || !*o->key || strlen(o->key) > IDEMPOTENCY_KEY_MAX)
        return ERR_KEY_MISSING;
    char *body = json_dumps(http_json(r), JSON_SORT_KEYS | JSON_COMPACT);
    if (!body)
        return ERR_NOMEM;
    err_t e = buf_addf(&text, "%s %s\n%s", http_method(r), http_target(r), body);
    free(body);
    TRY(e);
    sha256(buf_bytes(&text), o->hash);
    return OK;
}

/* ERR_DB_NONE: this key is new. */
static err_t once_replay(struct http_req *r, const struct once *o)
{
    struct app *a = app_of(r);
    struct kept_answer kept = {0};
    AUTO_BUF plain = {0};

    err_t e = idp_idempotency_get(a->db, officer(r)->grant.account_id, o->key, &kept);
    if (e == OK && !secret_eq(BYTES(kept.request_hash, HASH_LEN), BYTES(o->hash, HASH_LEN)))
        e = ERR_KEY_REUSED;
    if (e == OK)
        e = idp_unseal(a->keys.seal, bytes_str(o->key), buf_bytes(&kept.sealed), &plain);
    buf_free(&kept.sealed);
    TRY(e);
    http_reply_no_store(r);
    http_reply_header(r, "Idempotency-Replayed", "true");
    http_reply(r, kept.status, "application/json", &plain);
    return OK;
}

/* --- enrolment --- */

/* Names the fields that will not do: names and reasons, never values. */
static err_t tell_faults(struct http_req *r, const json_t *faults, err_t e)
{
    AUTO_BUF text = {0};
    size_t i;
    json_t *f;

    json_array_foreach(faults, i, f) TRY(buf_addf(&text, "%s%s: %s", i ? "; " : "", json_string_value(json_object_get(f, "field")),
                                                  json_string_value(json_object_get(f, "code"))));
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

static err_t make_answer(const struct app *a, const char *key, struct enrolment *n)
{
    char sub[SUB_LEN + 1], until[CLOCK_RFC3339_LEN + 1];

    TRY(signer_subject(a, n->id, sub));
    clock_rfc3339(clock_now() + a->conf.activation_days * 86400, until);
    AUTO_JSON j = json_pack("{s:s, s:s, s:i, s:s, s:s, s:s*}", "id", n->id, "state", "pending", "level", n->level, "activation_code",
                            n->code, "activation_expires_at", until, "signer_subject", *sub ? sub : NULL);
    if (!j)
        return ERR_NOMEM;
    TRY(json_text(j, &n->answer));
    return idp_seal(a->keys.seal, bytes_str(key), buf_bytes(&n->answer), &n->sealed);
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
    const struct account_new row = {
        .id = n->id,
        .level = n->level,
        .login_hash = n->login,
        .phone_hash = n->has_phone ? n->phone : NULL,
        .data_key = BYTES(n->wrapped, sizeof n->wrapped),
        .data = buf_bytes(&n->data),
        .created_by = officer(r)->grant.account_id,
        .request_id = http_request_id(r),
        .code_hash = n->code_hash,
        .activation_days = a->conf.activation_days,
        .idempotency_key = o->key,
        .request_hash = o->hash,
        .status = 201,
        .answer = buf_bytes(&n->sealed),
    };

    return account_create_citizen(a->db, &row);
}

static err_t enrol(struct http_req *r, const struct once *o, const json_t *person, int level)
{
    AUTO(enrolment_free) struct enrolment n = {.level = level};
    char where[64];

    TRY(prepare(app_of(r), person, &n));
    TRY(make_answer(app_of(r), o->key, &n));
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
    struct once o;
    AUTO_JSON person = NULL;
    AUTO_JSON faults = json_array();
    int level = 0;

    TRY(once_read(r, &o));
    err_t e = once_replay(r, &o);
    if (e != ERR_DB_NONE)
        return e;
    e = citizen_read(http_json(r), &person, &level, faults);
    if (e != OK)
        return tell_faults(r, faults, e);
    return enrol(r, &o, person, level);
}

/* --- one citizen --- */

/* An id that is no UUID would be the database's fault to report: it is simply not found. */
static err_t id_of(const struct http_req *r, const char **id)
{
    *id = http_path(r, "id");
    if (!*id || strlen(*id) != UUID_LEN)
        return ERR_NOT_FOUND;
    for (size_t i = 0; i < UUID_LEN; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? (*id)[i] != '-' : !strchr("0123456789abcdef", (*id)[i]))
            return ERR_NOT_FOUND;
    }
    return OK;
}

static err_t find(struct http_req *r, struct account *out)
{
    const char *id;

    TRY(id_of(r, &id));
    err_t e = account_by_id(app_of(r)->db, id, out);
    memset(out->password, 0, sizeof out->password);
    if (e == ERR_DB_NONE || (e == OK && strcmp(out->kind, "citizen") != 0))
        return ERR_NOT_FOUND; /* officers' accounts are not managed here */
    return e;
}

err_t get_citizen(struct http_req *r)
{
    struct account a;
    char sub[SUB_LEN + 1], since[CLOCK_RFC3339_LEN + 1];

    TRY(find(r, &a));
    TRY(signer_subject(app_of(r), a.id, sub));
    clock_rfc3339(a.created_at, since);
    http_reply_json(r, 200,
                    json_pack("{s:s, s:s, s:i, s:s, s:s*}", "id", a.id, "state", a.state, "level", a.level, "created_at", since,
                              "signer_subject", *sub ? sub : NULL));
    return OK;
}

err_t post_citizen_activation(struct http_req *r)
{
    struct app *app = app_of(r);
    struct account a;
    char code[ACTIVATION_CHARS + 1], until[CLOCK_RFC3339_LEN + 1];
    uint8_t hash[HASH_LEN];

    TRY(find(r, &a));
    activation_make(&app->keys, a.id, code, hash);
    err_t e = activation_renew(app->db, a.id, hash, app->conf.activation_days, officer(r)->grant.account_id, http_request_id(r));
    if (e != OK)
        return e == ERR_DB_NONE ? ERR_CITIZEN_STATE : e;
    clock_rfc3339(clock_now() + app->conf.activation_days * 86400, until);
    http_reply_no_store(r);
    http_reply_json(r, 201, json_pack("{s:s, s:s, s:s}", "id", a.id, "activation_code", code, "activation_expires_at", until));
    return OK;
}

static err_t set_state(struct http_req *r, const char *state)
{
    struct account a;

    TRY(find(r, &a));
    err_t e = account_set_state(app_of(r)->db, a.id, state, officer(r)->grant.account_id, http_request_id(r));
    if (e != OK)
        return e == ERR_DB_NONE ? ERR_NOT_FOUND : e;
    return get_citizen(r);
}

err_t post_citizen_lock(struct http_req *r)
{
    return set_state(r, "locked");
}

err_t post_citizen_unlock(struct http_req *r)
{
    return set_state(r, "active");
}

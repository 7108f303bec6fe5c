/*
 * POST /v1/dossiers, GET /v1/dossiers?code=…, GET /v1/dossiers/{id}: a portal's dossiers, and a court's or citizen's look at them.
 * Called through routes.c; schema/openapi-signer.yaml describes it.
 */
#include "signer/endpoints/api.h"
#include "signer/endpoints/endpoints.h"
#include "signer/errors.h"
#include "signer/store/audit.h"
#include <stdlib.h>
#include <string.h>

struct job {
    const struct app *app;
    const struct caller *caller;
    const char *request_id;
    struct dossier d;
};

static err_t create(struct db *db, void *arg, json_t **answer)
{
    const struct job *j = arg;
    TRY(dossier_insert(db, &j->d));
    const struct audit audit = {
        .event = "dossier.created",
        .actor = j->caller->sub,
        .client_id = j->caller->client_id,
        .dossier = j->d.id,
        .request_id = j->request_id,
    };
    TRY(audit_insert(db, &audit));
    return dossier_to_json(j->app, &j->d, NULL, 0, answer);
}

err_t signer_dossier_create(struct http_req *r)
{
    struct job j = {.app = signer_app(r), .caller = api_caller(r), .request_id = http_request_id(r)};
    if (j.caller->level == 0)
        return ERR_CITIZEN_ONLY;
    const char *wrong = NULL;
    err_t e = dossier_from_json(http_json(r), j.caller, &j.d, &wrong);
    if (e != OK) {
        http_problem_detail(r, "%s", wrong);
        return e;
    }
    return api_idempotent(r, 201, create, &j);
}

/* --- reading --- */

struct listing {
    const char *code, *client, *owner;
    struct dossier *list;
    size_t n;
};

static void list_free(struct dossier **l)
{
    free(*l);
    *l = NULL;
}

static err_t read_list(struct db *db, void *arg)
{
    struct listing *l = arg;
    list_free(&l->list);
    return dossier_list(db, l->code, l->client, l->owner, &l->list, &l->n);
}

err_t signer_dossier_list(struct http_req *r)
{
    const struct caller *c = api_caller(r);
    const char *code = http_query(r, "code");
    if (code == NULL || code[0] == '\0' || strlen(code) > DOSSIER_CODE_MAX || !utf8_valid(BYTES_STR(code)) || http_dup_params(r)) {
        http_problem_detail(r, "code");
        return ERR_SYNTAX;
    }
    struct listing l = {
        .code = code,
        .client = c->scopes & SCOPE_DOSSIER_READ ? NULL : c->client_id,
        .owner = c->level > 0 ? c->sub : NULL,
    };
    AUTO_JSON answer = json_object();
    json_t *list = json_array();
    json_object_set_new(answer, "dossiers", list);
    err_t e = db_do(signer_app(r)->db, DB_AUTOCOMMIT, read_list, &l);
    for (size_t i = 0; e == OK && i < l.n; i++) {
        json_t *one = NULL;
        if (!dossier_may_read(c, &l.list[i]))
            continue;
        e = dossier_to_json(signer_app(r), &l.list[i], NULL, 0, &one);
        json_array_append_new(list, one);
    }
    list_free(&l.list);
    TRY(e);
    http_reply_no_store(r);
    http_reply_json(r, 200, take(&answer));
    return OK;
}

struct one {
    const char *id;
    struct component *comp;
    size_t n;
};

static err_t read_components(struct db *db, void *arg)
{
    struct one *o = arg;
    component_list_free(&o->comp);
    return component_list(db, o->id, &o->comp, &o->n);
}

err_t signer_dossier_get(struct http_req *r)
{
    struct app *a = signer_app(r);
    struct dossier d;
    TRY(dossier_for_reader(a, api_caller(r), http_path(r, "id"), &d));
    struct one o = {.id = d.id};
    AUTO_JSON answer = NULL;
    err_t e = db_do(a->db, DB_AUTOCOMMIT, read_components, &o);
    if (e == OK)
        e = dossier_to_json(a, &d, o.comp, o.n, &answer);
    component_list_free(&o.comp);
    TRY(e);
    http_reply_no_store(r);
    http_reply_json(r, 200, take(&answer));
    return OK;
}

/*
 * POST /v1/dossiers/{id}/submit: the dossier is complete and waits for the citizen's signature. All faults are told at once.
 * Called through routes.c.
 */
#include "signer/endpoints/api.h"
#include "signer/endpoints/endpoints.h"
#include "signer/errors.h"
#include "signer/store/audit.h"

struct job {
    struct http_req *r;
    struct app *app;
    const struct caller *caller;
    const char *id;
    struct dossier_fault fault[COMPONENTS_MAX + 1];
    size_t faults;
    json_t *described; /* faults as JSON, for their component names live no longer than the list */
};

static err_t describe_faults(struct job *j)
{
    json_free(&j->described);
    j->described = json_array();
    for (size_t i = 0; i < j->faults; i++) {
        const struct err_row *row = err_info(j->fault[i].e);
        json_t *f = json_object();
        if (j->fault[i].component != NULL)
            json_object_set_new(f, "component", json_string(j->fault[i].component));
        json_object_set_new(f, "code", json_string(row->code));
        json_object_set_new(f, "title", json_string(text_get(j->app->texts, http_lang(j->r), row->text)));
        json_array_append_new(j->described, f);
    }
    return j->described != NULL ? ERR_DOSSIER_FAULTS : ERR_NOMEM;
}

static err_t check_components(struct db *db, struct job *j, const struct dossier *d, json_t **answer)
{
    struct component *list = NULL;
    size_t n = 0;
    err_t e = component_list(db, d->id, &list, &n);
    if (e == OK) {
        dossier_faults(list, n, j->fault, &j->faults);
        e = j->faults > 0 ? describe_faults(j) : dossier_to_json(j->app, d, list, n, answer);
    }
    component_list_free(&list);
    return e;
}

static err_t submit(struct db *db, void *arg, json_t **answer)
{
    struct job *j = arg;
    struct dossier d;
    err_t e = dossier_lock(db, j->id, &d);
    if (e == ERR_DB_NONE || (e == OK && !dossier_may_read(j->caller, &d)))
        return ERR_NOT_FOUND;
    TRY(e);
    if (!dossier_may_change(j->caller, &d))
        return ERR_FORBIDDEN;
    TRY(api_need_level(j->r, SIGN_LEVEL)); /* told now and not at the last page: nobody else could sign it */
    if (d.state != DOSSIER_DRAFT)
        return ERR_DOSSIER_STATE;
    TRY(dossier_set_submitted(db, d.id));
    TRY(dossier_get(db, d.id, &d));
    TRY(check_components(db, j, &d, answer));
    const struct audit audit = {
        .event = "dossier.submitted",
        .actor = j->caller->sub,
        .client_id = j->caller->client_id,
        .dossier = d.id,
        .request_id = http_request_id(j->r),
    };
    return audit_insert(db, &audit);
}

err_t signer_dossier_submit(struct http_req *r)
{
    struct job j = {.r = r, .app = signer_app(r), .caller = api_caller(r), .id = http_path(r, "id")};
    if (!uuid_valid(j.id))
        return ERR_NOT_FOUND;
    err_t e = api_idempotent(r, 200, submit, &j);
    if (e == ERR_DOSSIER_FAULTS && j.described != NULL) {
        api_reply_problem(r, e, "faults", take(&j.described));
        e = OK;
    }
    json_free(&j.described);
    return e;
}

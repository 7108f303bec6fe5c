/*
 * antin-idpctl client export, import: clients as JSON, in the words of RFC 7591.
 * Called by ctl/main.c.
 */
#include "common/secret.h"
#include "idp/ctl/client_change.h"
#include <stdio.h>
#include <string.h>

#define FILE_MAX (16u << 20)

/* --- out --- */

static err_t add_client(struct ctl *c, const char *id, json_t *list)
{
    AUTO_CLIENT client = {0};
    AUTO_JSON doc = NULL;

    TRY(client_record_get(c->app->db, id, &client));
    TRY(client_metadata_write(&client, &doc));
    return json_array_append(list, doc) == 0 ? OK : ERR_NOMEM;
}

static err_t add_all(struct ctl *c, json_t *list)
{
    AUTO_ROWS r = NULL;

    TRY(client_page(c->app->db, "", INT32_MAX, NULL, &r));
    for (int i = 0; i < db_count(r); i++)
        TRY(add_client(c, db_str(r, i, 0), list));
    return OK;
}

/* Always JSON, whatever --json says: it is made to be read by import. */
int ctl_client_export(struct ctl *c)
{
    AUTO_JSON list = json_array();

    err_t e = list ? OK : ERR_NOMEM;
    for (int i = 1; e == OK && i < c->argc; i++) {
        e = add_client(c, c->argv[i], list);
        if (e != OK)
            return ctl_fail(c->argv[i], e);
    }
    if (e == OK && c->argc == 1)
        e = add_all(c, list);
    if (e != OK)
        return ctl_fail("client export", e);
    c->json = true;
    return ctl_print(c, json_pack("{s:O}", "clients", list));
}

/* --- in --- */

struct batch {
    bool replace;
    const char *secrets_dir;
    json_t *done;
};

/* A new secret goes into a file of its own, or to the output. */
static int report(struct batch *b, const char *id, const char *secret)
{
    AUTO_BUF path = {0};

    if (*secret && b->secrets_dir) {
        if (buf_addf(&path, "%s/%s.secret", b->secrets_dir, id) != OK || ctl_write_secret(buf_str(&path), secret) != OK)
            return CTL_FAILED;
    }
    json_t *one = json_pack("{s:s, s:s*, s:s*}", "client_id", id, "client_secret", *secret && !b->secrets_dir ? secret : NULL,
                            "secret_file", *secret && b->secrets_dir ? buf_str(&path) : NULL);
    return json_array_append_new(b->done, one) == 0 ? CTL_OK : CTL_FAILED;
}

static err_t put(const struct registry *r, struct client_record *now, char *secret, struct client_fault *f)
{
    AUTO_CLIENT old = {0};

    TRY(client_record_get(r->db, now->id, &old));
    return registry_put(r, &old, now, NULL, NULL, "client.changed", secret, f);
}

static int import_one(struct ctl *c, const json_t *doc, struct batch *b)
{
    const struct registry r = ctl_registry(c);
    AUTO_CLIENT now = {0};
    struct client_fault fault = {0};
    char secret[TOKEN_CHARS + 1] = "";

    err_t e = client_metadata_read(doc, true, &now, &fault);
    if (e == OK && b->replace && now.id[0]) {
        e = put(&r, &now, secret, &fault);
        if (e == ERR_DB_NONE) /* not there yet */
            e = registry_add(&r, &now, &(struct client_birth){.state = "active"}, secret, &fault);
    } else if (e == OK)
        e = registry_add(&r, &now, &(struct client_birth){.state = "active"}, secret, &fault);
    const char *said = json_string_value(json_object_get(doc, "client_id"));
    return e == OK ? report(b, now.id, secret) : ctl_client_fail(said ? said : "client", e, &fault);
}

static int read_args(struct ctl *c, struct batch *b, const char **file)
{
    for (int i = 1; i < c->argc; i++) {
        if (strcmp(c->argv[i], "--replace") == 0)
            b->replace = true;
        else if (strcmp(c->argv[i], "--secrets-dir") == 0 && i + 1 < c->argc)
            b->secrets_dir = c->argv[++i];
        else if (!**file && (c->argv[i][0] != '-' || c->argv[i][1] == '\0'))
            *file = c->argv[i];
        else
            return ctl_usage("client import takes one file, --replace and --secrets-dir DIR");
    }
    return **file ? CTL_OK : ctl_usage("client import needs a file");
}

static int read_file(const char *file, json_t **doc)
{
    AUTO_SECRET text = {0}; /* no secret, but read in one go and bounded */

    if (secret_read_file(&text, strcmp(file, "-") == 0 ? "/dev/stdin" : file, FILE_MAX) != OK)
        return ctl_usage("the file cannot be read");
    return json_parse(secret_bytes(&text), FILE_MAX, doc) == OK ? CTL_OK : ctl_usage("the file holds no JSON");
}

/* One client's metadata, or {"clients": […]}. Stops at the first that will not do; those before it are done. */
int ctl_client_import(struct ctl *c)
{
    struct batch b = {.done = json_array()};
    const char *file = "";
    AUTO_JSON doc = NULL;
    AUTO_JSON done = b.done;

    int code = read_args(c, &b, &file);
    if (code == CTL_OK)
        code = read_file(file, &doc);
    const json_t *list = json_object_get(doc, "clients");
    if (code == CTL_OK && !list)
        code = import_one(c, doc, &b);
    for (size_t i = 0; code == CTL_OK && i < json_array_size(list); i++)
        code = import_one(c, json_array_get(list, i), &b);
    int printed = json_array_size(done) ? ctl_print(c, json_pack("{s:O}", "clients", done)) : CTL_OK;
    return code == CTL_OK ? printed : code;
}

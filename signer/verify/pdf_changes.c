/*
 * Compares two revisions of a PDF as their readers see them: everything that can be reached from the trailer.
 * Called by pdf_signatures.c. ISO 32000-1 §7.5.6, §12.7, §12.8; ETSI EN 319 142-1 §5.4.
 */
#include "signer/verify/pdf_changes.h"

#include "signer/formats/pdf_locks.h"
#include "signer/formats/mapped.h"
#include "signer/verify/pdf_added.h"
#include "signer/verify/pdf_same.h"
#include "signer/verify/pdf_metadata.h"
#include "signer/verify/pdf_walk.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DIRECT_DEPTH_MAX 500 /* as deep as qpdf parses */
#define KEYS_MAX 4096        /* of one dictionary */
#define RELEASE_EACH 128     /* objects that were looked at: their streams need not stay in memory */

struct side {
    struct pdf *pdf;
    qpdf_data q;
};

struct diff {
    struct side side[2]; /* before, after */
    struct walk *walk;
    struct pdf_same *same; /* NULL: nothing is told by place */
    struct pdf_changes *out;
    struct pdf_added added;
};

/* The same value on both sides. */
struct both {
    qpdf_oh oh[2];
};

struct place {
    enum walk_role role;
    char path[WALK_PATH_CAP];
    unsigned depth;
};

static err_t compare(struct diff *d, struct both v, const struct place *at) MUST_USE;

static void fault(struct diff *d, const struct place *at)
{
    if (d->out->fault[0] == '\0')
        snprintf(d->out->fault, sizeof d->out->fault, "%s", at->path);
}

static struct place below(const struct place *at, const char *name, enum walk_role role)
{
    struct place p = {.role = role, .depth = at->depth + 1};
    size_t n = strlen(at->path), m = strlen(name), cap = sizeof p.path - 1;
    if (n + m > cap) { /* the tail tells more than the way there */
        m = m > cap / 2 ? cap / 2 : m;
        n = n > cap - m ? cap - m : n;
    }
    memcpy(p.path, at->path + strlen(at->path) - n, n);
    memcpy(p.path + n, name + strlen(name) - m, m);
    return p;
}

/* --- new signature fields --- */

static qpdf_oh key(const struct side *s, qpdf_oh dict, const char *name)
{
    return qpdf_oh_get_key_if_dict(s->q, dict, name);
}

static bool name_is(const struct side *s, qpdf_oh dict, const char *name, const char *value)
{
    return qpdf_oh_is_name_and_equals(s->q, key(s, dict, name), value);
}

/* A field or widget that was not there before. */
static void check_new_field(struct diff *d, qpdf_oh field, const struct place *at)
{
    bool allowed = at->role == ROLE_FIELDS ? pdf_added_field(&d->added, field) : pdf_added_widget(&d->added, field);
    if (!allowed)
        fault(d, at);
}

/* --- lists --- */

static err_t compare_items(struct diff *d, struct both v, int n, const struct place *at)
{
    for (int i = 0; i < n && d->out->fault[0] == '\0'; i++) {
        char index[24];
        snprintf(index, sizeof index, "[%d]", i);
        struct place item = below(at, index, ROLE_PLAIN);
        struct both x = {{qpdf_oh_get_array_item(d->side[0].q, v.oh[0], i), qpdf_oh_get_array_item(d->side[1].q, v.oh[1], i)}};
        err_t e = compare(d, x, &item);
        qpdf_oh_release(d->side[0].q, x.oh[0]);
        qpdf_oh_release(d->side[1].q, x.oh[1]);
        TRY(e);
    }
    return OK;
}

static err_t compare_array(struct diff *d, struct both v, const struct place *at)
{
    int before = qpdf_oh_get_array_n_items(d->side[0].q, v.oh[0]), after = qpdf_oh_get_array_n_items(d->side[1].q, v.oh[1]);
    bool may_grow = at->role == ROLE_FIELDS || at->role == ROLE_ANNOTS;
    if (after < before || (after > before && !may_grow)) {
        fault(d, at);
        return OK;
    }
    TRY(compare_items(d, v, before, at));
    for (int i = before; i < after; i++) {
        qpdf_oh field = qpdf_oh_get_array_item(d->side[1].q, v.oh[1], i);
        check_new_field(d, field, at);
        qpdf_oh_release(d->side[1].q, field);
    }
    return OK;
}

/* A list that was not there before. */
static void check_new_list(struct diff *d, qpdf_oh list, const struct place *at)
{
    qpdf_data q = d->side[1].q;
    if (!qpdf_oh_is_array(q, list)) {
        fault(d, at);
        return;
    }
    for (int i = 0; i < qpdf_oh_get_array_n_items(q, list); i++)
        check_new_field(d, qpdf_oh_get_array_item(q, list, i), at);
}

/* --- dictionaries --- */

struct keys {
    char *name[KEYS_MAX];
    size_t n;
};

static void keys_free(struct keys **k)
{
    for (size_t i = 0; *k != NULL && i < (*k)->n; i++)
        free((*k)->name[i]);
    free(*k);
}

static err_t collect_keys(qpdf_data q, qpdf_oh dict, struct keys *k)
{
    qpdf_oh_begin_dict_key_iter(q, dict);
    while (qpdf_oh_dict_more_keys(q)) {
        if (k->n == KEYS_MAX)
            return ERR_TOO_LARGE;
        if ((k->name[k->n] = strdup(qpdf_oh_dict_next_key(q))) == NULL)
            return ERR_NOMEM;
        k->n++;
    }
    return OK;
}

/* A form that was not there before: signature fields and what goes with them. */
static err_t check_new_form(struct diff *d, qpdf_oh form, const struct place *at)
{
    qpdf_data q = d->side[1].q;
    AUTO(keys_free) struct keys *k = calloc(1, sizeof *k);
    if (k == NULL)
        return ERR_NOMEM;
    if (!qpdf_oh_is_dictionary(q, form)) {
        fault(d, at);
        return OK;
    }
    TRY(collect_keys(q, form, k));
    for (size_t i = 0; i < k->n; i++) {
        const char *name = k->name[i];
        struct place p = below(at, name, ROLE_FIELDS);
        if (strcmp(name, "/Fields") == 0)
            check_new_list(d, qpdf_oh_get_key(q, form, name), &p);
        else if (strcmp(name, "/SigFlags") != 0 && strcmp(name, "/DR") != 0 && strcmp(name, "/DA") != 0)
            fault(d, &p);
    }
    return OK;
}

static bool in_list(const char *name, const char *const *list)
{
    for (; *list != NULL; list++) {
        if (strcmp(*list, name) == 0)
            return true;
    }
    return false;
}

/* A field's value, or that of the field above it when this is but its widget. */
static qpdf_oh value_of(const struct side *s, qpdf_oh field)
{
    qpdf_oh value = key(s, field, "/V");
    return qpdf_oh_is_null(s->q, value) ? key(s, key(s, field, "/Parent"), "/V") : value;
}

/* An empty signature field that is now filled; its look may come with the signature. */
static bool fills_field(struct diff *d, struct both v, const char *name)
{
    static const char *const WITH_SIGNATURE[] = {"/V", "/AP", "/M", "/F", NULL};
    const struct side *s = &d->side[0];
    return in_list(name, WITH_SIGNATURE) && pdf_is_signature_field(s->q, v.oh[0]) && qpdf_oh_is_null(s->q, value_of(s, v.oh[0])) &&
           qpdf_oh_is_dictionary(d->side[1].q, value_of(&d->side[1], v.oh[1]));
}

/* The empty field was locked by a signature that was there already (§12.8.2.4). */
static err_t check_lock(struct diff *d, qpdf_oh field)
{
    char name[sizeof d->out->locked];
    err_t e = pdf_locks_name(d->side[0].pdf, field, name, sizeof name) ? pdf_locks_field(d->side[0].pdf, name) : ERR_TOO_LARGE;
    if (e == ERR_PDF_LOCKED && d->out->locked[0] == '\0')
        memcpy(d->out->locked, name, sizeof name);
    return e == ERR_PDF_LOCKED ? OK : e;
}

/* Compares one entry, by what it means where it stands. */
static err_t compare_entry(struct diff *d, struct both holder, const char *name, struct both v, const struct place *at)
{
    bool is_new = qpdf_oh_is_null(d->side[0].q, v.oh[0]);
    bool page = name_is(&d->side[0], holder.oh[0], "/Type", "/Page");
    struct place p = below(at, name, ROLE_PLAIN);
    if (at->role == ROLE_CATALOG && strcmp(name, "/DSS") == 0) {
        d->out->dss = true;
        return OK;
    }
    if (at->role == ROLE_CATALOG && strcmp(name, "/Extensions") == 0)
        return OK; /* declares a version; shows nothing */
    if (at->role == ROLE_CATALOG && strcmp(name, "/AcroForm") == 0) {
        p.role = ROLE_FORM;
        return is_new ? check_new_form(d, v.oh[1], &p) : compare(d, v, &p);
    }
    if (at->role == ROLE_FORM && strcmp(name, "/SigFlags") == 0)
        return OK;
    if (at->role == ROLE_METADATA && strcmp(name, "/Length") == 0)
        return OK; /* the bytes were compared */
    if (at->role == ROLE_CATALOG && strcmp(name, "/Metadata") == 0)
        p.role = ROLE_METADATA;
    if (at->role == ROLE_INFO && strcmp(name, "/ModDate") == 0)
        return OK;
    bool fields = at->role == ROLE_FORM && strcmp(name, "/Fields") == 0, annots = page && strcmp(name, "/Annots") == 0;
    if (fields || annots) {
        p.role = fields ? ROLE_FIELDS : ROLE_ANNOTS;
        if (!is_new)
            return compare(d, v, &p);
        check_new_list(d, v.oh[1], &p);
        return OK;
    }
    if (fills_field(d, holder, name)) {
        if (strcmp(name, "/V") != 0)
            return OK;
        if (!pdf_added_filled(&d->added, holder.oh[1]))
            fault(d, &p);
        return check_lock(d, holder.oh[0]);
    }
    return compare(d, v, &p);
}

static err_t compare_dictionary(struct diff *d, struct both v, const struct place *at)
{
    AUTO(keys_free) struct keys *k = calloc(1, sizeof *k);
    if (k == NULL)
        return ERR_NOMEM;
    TRY(collect_keys(d->side[1].q, v.oh[1], k));
    size_t after = k->n;
    TRY(collect_keys(d->side[0].q, v.oh[0], k));
    for (size_t i = 0; i < k->n && d->out->fault[0] == '\0'; i++) {
        if (i >= after && qpdf_oh_has_key(d->side[1].q, v.oh[1], k->name[i]))
            continue; /* was seen among the new keys */
        struct both x = {{qpdf_oh_get_key(d->side[0].q, v.oh[0], k->name[i]), qpdf_oh_get_key(d->side[1].q, v.oh[1], k->name[i])}};
        err_t e = compare_entry(d, v, k->name[i], x, at);
        qpdf_oh_release(d->side[0].q, x.oh[0]);
        qpdf_oh_release(d->side[1].q, x.oh[1]);
        TRY(e);
    }
    return OK;
}

/* A large stream at the same place for both, and of the same length as far as its dictionaries say, which are compared next. */
static bool same_place(struct diff *d, struct both v, enum walk_role role)
{
    int id[2], generation[2];
    if (d->same == NULL || role == ROLE_METADATA)
        return false;
    for (int i = 0; i < 2; i++) {
        qpdf_oh length = key(&d->side[i], qpdf_oh_get_dict(d->side[i].q, v.oh[i]), "/Length");
        if (!qpdf_oh_is_integer(d->side[i].q, length) || qpdf_oh_get_int_value(d->side[i].q, length) < PDF_SAME_LARGE)
            return false;
        id[i] = qpdf_oh_get_object_id(d->side[i].q, v.oh[i]);
        generation[i] = qpdf_oh_get_generation(d->side[i].q, v.oh[i]);
    }
    return id[0] == id[1] && generation[0] == generation[1] && pdf_same_place(d->same, id[0], generation[0]);
}

/* Byte for byte; metadata may also have been written at another time. */
static bool same_data(struct diff *d, struct both v, enum walk_role role)
{
    unsigned char *data[2] = {NULL, NULL};
    size_t len[2] = {0, 0};
    bool read = true;
    for (int i = 0; i < 2 && read; i++)
        read = (qpdf_oh_get_stream_data(d->side[i].q, v.oh[i], qpdf_dl_none, NULL, &data[i], &len[i]) & QPDF_ERRORS) == 0;
    struct bytes before = BYTES(data[0], len[0]), after = BYTES(data[1], len[1]);
    bool same = read && (bytes_eq(before, after) || (role == ROLE_METADATA && pdf_metadata_same(before, after)));
    free(data[0]);
    free(data[1]);
    return same;
}

static err_t compare_stream(struct diff *d, struct both v, const struct place *at)
{
    if (!same_place(d, v, at->role) && !same_data(d, v, at->role)) {
        fault(d, at);
        return OK;
    }
    struct place p = below(at, "", at->role == ROLE_METADATA ? ROLE_METADATA : ROLE_PLAIN);
    struct both dict = {{qpdf_oh_get_dict(d->side[0].q, v.oh[0]), qpdf_oh_get_dict(d->side[1].q, v.oh[1])}};
    err_t e = compare_dictionary(d, dict, &p);
    qpdf_oh_release(d->side[0].q, dict.oh[0]);
    qpdf_oh_release(d->side[1].q, dict.oh[1]);
    return e;
}

/* --- values --- */

/* What both references lead to. */
static err_t compare_value(struct diff *d, struct both v, const struct place *at)
{
    enum qpdf_object_type_e type = qpdf_oh_get_type_code(d->side[0].q, v.oh[0]);
    if (type != qpdf_oh_get_type_code(d->side[1].q, v.oh[1])) {
        fault(d, at);
        return OK;
    }
    switch (type) {
    case ot_dictionary: return compare_dictionary(d, v, at);
    case ot_array: return compare_array(d, v, at);
    case ot_stream: return compare_stream(d, v, at);
    default:
        if (strcmp(qpdf_oh_unparse_resolved(d->side[0].q, v.oh[0]), qpdf_oh_unparse_resolved(d->side[1].q, v.oh[1])) != 0)
            fault(d, at);
        return OK;
    }
}

/* Both catalogs, from wherever they are referred to (a FieldMDP reference names its document so: §12.8.1 table 253). */
static bool is_catalogs(const struct diff *d, const struct walk_pair *p)
{
    for (int i = 0; i < 2; i++) {
        qpdf_oh root = qpdf_get_root(d->side[i].q);
        if (p->id[i] != qpdf_oh_get_object_id(d->side[i].q, root) || p->generation[i] != qpdf_oh_get_generation(d->side[i].q, root))
            return false;
    }
    return true;
}

/* Two references are visited later, each pair once: so neither loops nor long chains matter. */
static err_t compare(struct diff *d, struct both v, const struct place *at)
{
    if (at->depth > DIRECT_DEPTH_MAX)
        return ERR_TOO_LARGE;
    if (!qpdf_oh_is_indirect(d->side[0].q, v.oh[0]) || !qpdf_oh_is_indirect(d->side[1].q, v.oh[1]))
        return compare_value(d, v, at);
    struct walk_pair p = {.role = at->role};
    for (int i = 0; i < 2; i++) {
        p.id[i] = qpdf_oh_get_object_id(d->side[i].q, v.oh[i]);
        p.generation[i] = qpdf_oh_get_generation(d->side[i].q, v.oh[i]);
    }
    if (p.role == ROLE_PLAIN && is_catalogs(d, &p))
        p.role = ROLE_CATALOG;
    memcpy(p.path, at->path, sizeof p.path);
    return walk_add(d->walk, &p);
}

static err_t run(struct diff *d)
{
    struct walk_pair p;
    for (unsigned n = 1; d->out->fault[0] == '\0' && walk_next(d->walk, &p); n++) {
        struct place at = {.role = p.role};
        memcpy(at.path, p.path, sizeof at.path);
        struct both v = {
            {qpdf_get_object_by_id(d->side[0].q, p.id[0], p.generation[0]), qpdf_get_object_by_id(d->side[1].q, p.id[1], p.generation[1])}};
        TRY(compare_value(d, v, &at));
        qpdf_oh_release(d->side[0].q, v.oh[0]);
        qpdf_oh_release(d->side[1].q, v.oh[1]);
        for (int i = 0; i < 2; i++)
            TRY(pdf_faults(d->side[i].pdf));
        if (n % RELEASE_EACH == 0)
            mapped_release(pdf_memory(d->side[1].pdf)); /* the older revision is in it */
    }
    return OK;
}

err_t pdf_changes_find(struct pdf *before, struct pdf *after, struct pdf_changes *out)
{
    AUTO(walk_free) struct walk *walk = NULL;
    *out = (struct pdf_changes){0};
    AUTO(pdf_same_free) struct pdf_same *same = NULL;
    TRY(walk_new(&walk));
    TRY(pdf_same_new(before, after, &same));
    struct diff d = {.side = {{before, pdf_handle(before)}, {after, pdf_handle(after)}},
                     .walk = walk,
                     .same = same,
                     .out = out,
                     .added = {.q = pdf_handle(after)}};
    struct both trailer = {{qpdf_get_trailer(d.side[0].q), qpdf_get_trailer(d.side[1].q)}};
    static const struct {
        const char *key;
        enum walk_role role;
    } ENTRIES[] = {{"/Info", ROLE_INFO}, {"/Root", ROLE_CATALOG}};
    for (size_t i = 0; i < 2; i++) {
        struct place at = below(&(struct place){0}, ENTRIES[i].key, ENTRIES[i].role);
        struct both v = {
            {qpdf_oh_get_key(d.side[0].q, trailer.oh[0], ENTRIES[i].key), qpdf_oh_get_key(d.side[1].q, trailer.oh[1], ENTRIES[i].key)}};
        TRY(compare(&d, v, &at));
    }
    TRY(run(&d));
    if (out->fault[0] == '\0' && !pdf_added_complete(&d.added))
        snprintf(out->fault, sizeof out->fault, "/Annots");
    out->fields = d.added.fields;
    out->signatures = d.added.signatures;
    memcpy(out->visible, d.added.visible, sizeof out->visible);
    return OK;
}

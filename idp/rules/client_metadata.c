/*
 * Client metadata: JSON and record, by one table.
 * Called by rules/client_registry.c, rules/software_policy.c, endpoints/ and antin-idpctl. RFC 7591 §2; OpenID Connect Dynamic Client Registration §2.
 */
#include "idp/rules/client_metadata.h"
#include "idp/rules/client_checks.h"
#include <stdio.h>
#include <string.h>

#define LIST_MAX 32         /* entries of an array */
#define WORDS_MAX 1000      /* bytes of all entries of one that is no list of addresses: as the database takes it */
#define TEXT_MAX 8192       /* bytes of one text: a software statement is the longest */
#define JWKS_TEXT_MAX 16384 /* as the database takes it */

enum who { ANYBODY, OPERATOR };

static const struct member {
    const char *name;
    enum field_kind kind;
    size_t offset; /* in struct client_record */
    enum who who;
    const char *(*fault)(const char *value); /* NULL when it will do, else why not */
} members[] = {
#define FIELD(kind, column, name, who, check) {name, FIELD_##kind, offsetof(struct client_record, column), who, check_##check},
#include "idp/store/client_fields.def"
#undef FIELD
    {"redirect_uris", FIELD_LIST, offsetof(struct client_record, redirect_uris), ANYBODY, check_uri},
    {"post_logout_redirect_uris", FIELD_LIST, offsetof(struct client_record, logout_uris), ANYBODY, check_uri},
};
#define NMEMBERS (sizeof members / sizeof *members)

/*
 * Members that are known, but for which there is only one answer here (or none): a client that asks for another one hears it now, not at its
 * first sign-in. A row of client_fields.def with the same name goes before.
 */
static const struct fixed {
    const char *name, *allowed; /* values, separated by spaces; "": refused whatever it says */
    const char *why;
} fixed[] = {
    {"jwks_uri", "", "is not taken: nothing is ever fetched; give the keys by value (jwks)"},
    {"sector_identifier_uri", "", "is not taken: nothing is ever fetched; give the host itself (sector_identifier)"},
    {"request_uris", "", "is not taken: nothing is ever fetched; push the request (RFC 9126)"},
    {"subject_type", "pairwise", "is always pairwise"},
    {"application_type", "web native", "is web or native"},
    {"introspection_encrypted_response_alg", "", "is not taken: nothing is encrypted"},
    {"authorization_encrypted_response_alg", "", "is not taken: nothing is encrypted"},
    {"request_object_encryption_alg", "", "is not taken: requests are signed, not encrypted"},
    {"backchannel_user_code_parameter", "", "is not taken: there are no user codes"},
};

/* RFC 8705 §2.1.2: how OAuth names what a certificate must be. */
static const struct {
    const char *name, *prefix;
} tls_names[] = {
    {"tls_client_auth_subject_dn", "dn:"}, {"tls_client_auth_san_dns", "dns:"},     {"tls_client_auth_san_uri", "uri:"},
    {"tls_client_auth_san_ip", "ip:"},     {"tls_client_auth_san_email", "email:"},
};
#define NTLS (sizeof tls_names / sizeof *tls_names)

err_t client_fault(struct client_fault *f, err_t e, const char *field, const char *why)
{
    snprintf(f->text, sizeof f->text, "%s %s", field, why);
    return e;
}

static err_t bad(const struct member *m, const char *why, struct client_fault *f)
{
    return client_fault(f, strcmp(m->name, "redirect_uris") == 0 ? ERR_CLIENT_REDIRECT : ERR_CLIENT_METADATA, m->name, why);
}

/* --- reading --- */

static err_t read_text(const struct member *m, const json_t *v, char **out, struct client_fault *f)
{
    const char *s = json_string_value(v);
    size_t n = json_string_length(v);

    if (!s || n > TEXT_MAX || memchr(s, 0, n))
        return bad(m, "is no text, or too long", f);
    if (n == 0) /* as good as absent */
        return OK;
    const char *why = m->fault(s);
    return why ? bad(m, why, f) : str_copy(out, s);
}

static bool listed(const char *words, const char *w)
{
    size_t n = strlen(w);

    for (const char *at = words; at && *at; at += strcspn(at, " "), at += *at == ' ')
        if (strncmp(at, w, n) == 0 && (at[n] == ' ' || at[n] == '\0'))
            return true;
    return false;
}

static err_t read_list(const struct member *m, const json_t *v, char **out, struct client_fault *f)
{
    AUTO_BUF words = {0};

    if (!json_is_array(v) || json_array_size(v) > LIST_MAX)
        return bad(m, "is no array, or too long", f);
    for (size_t i = 0; i < json_array_size(v); i++) {
        AUTO_STR one = NULL;
        TRY(read_text(m, json_array_get(v, i), &one, f));
        if (!one || strchr(one, ' '))
            return bad(m, "holds an entry that is empty or has a space", f);
        if (!listed(buf_str(&words), one))
            TRY(buf_addf(&words, "%s%s", words.len ? " " : "", one));
    }
    if (words.len > WORDS_MAX && m->fault != check_uri)
        return bad(m, "is too long", f);
    return words.len ? str_copy(out, buf_str(&words)) : OK;
}

static err_t read_keys(const struct member *m, const json_t *v, char **out, struct client_fault *f)
{
    AUTO_BUF text = {0};

    const char *why = jwks_fault(v);
    if (why)
        return bad(m, why, f);
    TRY(json_text(v, &text));
    if (text.len > JWKS_TEXT_MAX)
        return bad(m, "is too long", f);
    return str_copy(out, buf_str(&text));
}

static err_t read_member(const struct member *m, const json_t *v, bool operator, struct client_record * out, struct client_fault *f)
{
    if (m->kind == FIELD_FLAG && !json_is_boolean(v))
        return bad(m, "is true or false", f);
    if (m->who == OPERATOR && !operator&& !json_is_false(v))
        return bad(m, "is for the operator to give", f);
    switch (m->kind) {
    case FIELD_FLAG: *field_flag(out, m->offset) = json_is_true(v); return OK;
    case FIELD_KEYS: return read_keys(m, v, field_text(out, m->offset), f);
    case FIELD_LIST: return read_list(m, v, field_text(out, m->offset), f);
    default: return read_text(m, v, field_text(out, m->offset), f);
    }
}

static bool is_member(const char *name)
{
    for (size_t i = 0; i < NMEMBERS; i++)
        if (strcmp(members[i].name, name) == 0)
            return true;
    return false;
}

/* RFC 7591 §2: null is as good as absent (RFC 7592 §2.2 says so). */
static const json_t *given(const json_t *doc, const char *name)
{
    const json_t *v = json_object_get(doc, name);

    return v && !json_is_null(v) ? v : NULL;
}

static err_t read_fixed(const json_t *doc, struct client_fault *f)
{
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++) {
        const json_t *v = is_member(fixed[i].name) ? NULL : given(doc, fixed[i].name);
        const char *s = json_string_value(v);
        if (v && (!s || !*s || strchr(s, ' ') || !listed(fixed[i].allowed, s)))
            return client_fault(f, ERR_CLIENT_METADATA, fixed[i].name, fixed[i].why);
    }
    return OK;
}

static err_t read_tls(const json_t *doc, struct client_record *out, struct client_fault *f)
{
    for (size_t i = 0; i < NTLS; i++) {
        const json_t *v = given(doc, tls_names[i].name);
        AUTO_BUF match = {0};
        if (!v)
            continue;
        if (out->tls_match)
            return client_fault(f, ERR_CLIENT_METADATA, tls_names[i].name, "stands beside another: one says what the certificate must be");
        if (!json_is_string(v) || strlen(json_string_value(v)) != json_string_length(v))
            return client_fault(f, ERR_CLIENT_METADATA, tls_names[i].name, "is no text");
        TRY(buf_addf(&match, "%s%s", tls_names[i].prefix, json_string_value(v)));
        if (!client_cert_match_ok(buf_str(&match)))
            return client_fault(f, ERR_CLIENT_METADATA, tls_names[i].name, "is empty or too long");
        TRY(str_copy(&out->tls_match, buf_str(&match)));
    }
    return OK;
}

/* RFC 7591 §2.1: response types and grant types must agree. */
static err_t read_response_types(const json_t *doc, const struct client_record *c, struct client_fault *f)
{
    const json_t *v = given(doc, "response_types");
    size_t want = listed(c->grants, "authorization_code") ? 1 : 0;

    if (!v)
        return OK;
    for (size_t i = 0; i < json_array_size(v); i++) {
        const char *s = json_string_value(json_array_get(v, i));
        if (!s || strcmp(s, "code") != 0)
            return client_fault(f, ERR_CLIENT_METADATA, "response_types",
                                "is [\"code\"]: there is no implicit or hybrid flow (RFC 9700 §2.1.2)");
    }
    if (!json_is_array(v) || json_array_size(v) != want)
        return client_fault(f, ERR_CLIENT_METADATA, "response_types", "and grant_types do not agree: code goes with authorization_code");
    return OK;
}

static err_t read_id(const json_t *doc, struct client_record *out, struct client_fault *f)
{
    const char *id = NULL;

    if (json_get_str(doc, "client_id", CLIENT_ID_MAX, &id) != OK || (id && !client_id_ok(id)))
        return client_fault(f, ERR_CLIENT_METADATA, "client_id", "is letters, digits, dots, dashes and underscores, 64 at most");
    snprintf(out->id, sizeof out->id, "%s", id ? id : "");
    return OK;
}

static err_t read_all(const json_t *doc, bool operator, struct client_record * out, struct client_fault *f)
{
    if (!json_is_object(doc))
        return client_fault(f, ERR_CLIENT_METADATA, "the metadata", "is no JSON object");
    TRY(read_id(doc, out, f));
    for (size_t i = 0; i < NMEMBERS; i++)
        if (given(doc, members[i].name))
            TRY(read_member(&members[i], given(doc, members[i].name), operator, out, f));
    TRY(read_tls(doc, out, f));
    TRY(read_fixed(doc, f));
    if (!out->auth_method) /* the defaults of RFC 7591 §2 */
        TRY(str_copy(&out->auth_method, "client_secret_basic"));
    if (!given(doc, "grant_types"))
        TRY(str_copy(&out->grants, "authorization_code"));
    return read_response_types(doc, out, f);
}

err_t client_metadata_read(const json_t *doc, bool operator, struct client_record * out, struct client_fault *f)
{
    memset(out, 0, sizeof *out);
    f->text[0] = '\0';
    err_t e = read_all(doc, operator, out, f);
    if (e != OK)
        client_record_free(out);
    return e;
}

/* --- writing --- */

static json_t *keys_of(const char *text)
{
    json_t *j = NULL;

    return json_parse(bytes_str(text), JWKS_TEXT_MAX, &j) == OK ? j : NULL;
}

static json_t *member_value(const struct member *m, struct client_record *c)
{
    if (m->kind == FIELD_FLAG)
        return json_boolean(*field_flag(c, m->offset));
    const char *text = *field_text(c, m->offset);
    return m->kind == FIELD_LIST ? json_words(text) : m->kind == FIELD_KEYS ? keys_of(text) : json_string(text);
}

/* Empty ones are left out; so is what only the operator gives, when it was not given. grant_types always tells. */
static bool worth_telling(const struct member *m, struct client_record *c)
{
    if (m->kind == FIELD_FLAG)
        return m->who == ANYBODY || *field_flag(c, m->offset);
    const char *text = *field_text(c, m->offset);
    return (text && *text) || strcmp(m->name, "grant_types") == 0;
}

/* By its OAuth name where there is one; thumbprints keep ours. */
static int write_tls(const struct client_record *c, json_t *doc)
{
    for (size_t i = 0; c->tls_match && i < NTLS; i++) {
        size_t n = strlen(tls_names[i].prefix);
        if (strncmp(c->tls_match, tls_names[i].prefix, n) == 0)
            return json_object_set_new(doc, tls_names[i].name, json_string(c->tls_match + n)) |
                   json_object_del(doc, "tls_client_certificate");
    }
    return 0;
}

err_t client_metadata_write(const struct client_record *c, json_t **out)
{
    struct client_record *r = (struct client_record *)c; /* only read */
    AUTO_JSON doc = json_pack("{s:s*, s:s}", "client_id", c->id[0] ? c->id : NULL, "subject_type", "pairwise");
    int wrong = doc == NULL;

    for (size_t i = 0; !wrong && i < NMEMBERS; i++)
        if (worth_telling(&members[i], r))
            wrong |= json_object_set_new(doc, members[i].name, member_value(&members[i], r));
    if (!wrong)
        wrong = json_object_set_new(doc, "response_types", json_words(listed(c->grants, "authorization_code") ? "code" : "")) |
                write_tls(c, doc);
    if (wrong)
        return ERR_NOMEM;
    *out = take(&doc);
    return OK;
}

/* --- walking and comparing --- */

err_t client_metadata_uris(const struct client_record *c, client_uri_fn *fn, void *arg)
{
    struct client_record *r = (struct client_record *)c; /* only read */
    char uri[URI_MAX + 1];

    for (size_t i = 0; i < NMEMBERS; i++) {
        const char *text = members[i].fault == check_uri ? *field_text(r, members[i].offset) : NULL;
        for (const char *w = text ? text : ""; *w; w += *w == ' ') {
            size_t n = strcspn(w, " ");
            snprintf(uri, sizeof uri, "%.*s", (int)n, w);
            TRY(fn(members[i].name, uri, arg));
            w += n;
        }
    }
    return OK;
}

static bool same_text(const char *a, const char *b)
{
    return strcmp(a ? a : "", b ? b : "") == 0;
}

bool client_metadata_same(const struct client_record *a, const struct client_record *b)
{
    static const size_t free_to_change[] = {offsetof(struct client_record, jwks), offsetof(struct client_record, software_version),
                                            offsetof(struct client_record, software_statement), offsetof(struct client_record, contacts)};
    struct client_record *x = (struct client_record *)a, *y = (struct client_record *)b; /* only read */

    for (size_t i = 0; i < NMEMBERS; i++) {
        size_t at = members[i].offset;
        bool matters = true;
        for (size_t k = 0; k < sizeof free_to_change / sizeof *free_to_change; k++)
            matters &= at != free_to_change[k];
        if (matters &&
            (members[i].kind == FIELD_FLAG ? *field_flag(x, at) != *field_flag(y, at) : !same_text(*field_text(x, at), *field_text(y, at))))
            return false;
    }
    return true;
}

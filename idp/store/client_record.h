/*
 * All that is registered about a client, as one record.
 * Called by rules/client_metadata.c, rules/client_registry.c, rules/software_policy.c, endpoints/admin_clients.c and antin-idpctl.
 */
#ifndef ANTIN_IDP_STORE_CLIENT_RECORD_H
#define ANTIN_IDP_STORE_CLIENT_RECORD_H

#include "common/secret.h"
#include "idp/store/client.h"

/* One member a row of client_fields.def, named as its column: char * (NULL when absent) or bool. */
#define MEMBER_TEXT(c) char *c;
#define MEMBER_WORD(c) char *c;
#define MEMBER_LIST(c) char *c;
#define MEMBER_WORDS(c) char *c;
#define MEMBER_KEYS(c) char *c;
#define MEMBER_FLAG(c) bool c;
struct client_record {
    char id[CLIENT_ID_MAX + 1];
#define FIELD(kind, column, name, who, check) MEMBER_##kind(column)
#include "idp/store/client_fields.def"
#undef FIELD
    char *redirect_uris, *logout_uris; /* separated by single spaces */

    /* What nobody writes: the database says it. */
    char state[16]; /* active, disabled, pending, removed */
    int64_t version, created_at, changed_at;
    char registration_id[UUID_LEN + 1]; /* "" when somebody else registered it */
    bool officer_changed;               /* somebody other than the client itself changed it */
};
#undef MEMBER_TEXT
#undef MEMBER_WORD
#undef MEMBER_LIST
#undef MEMBER_WORDS
#undef MEMBER_KEYS
#undef MEMBER_FLAG
void client_record_free(struct client_record *c);
#define AUTO_CLIENT AUTO(client_record_free) struct client_record

/* The same rows as a table, for whoever walks them. */
enum field_kind { FIELD_TEXT, FIELD_WORD, FIELD_FLAG, FIELD_LIST, FIELD_WORDS, FIELD_KEYS };
struct client_field {
    enum field_kind kind;
    const char *column;
    size_t offset; /* in struct client_record */
};
extern const struct client_field client_fields[];
extern const size_t client_nfields;
char **field_text(struct client_record *c, size_t offset);
bool *field_flag(struct client_record *c, size_t offset);

/* Removed ones are not found. ERR_DB_NONE. */
err_t client_record_get(struct db_pool *p, const char *id, struct client_record *out) MUST_USE;

/* What a client proves itself with; at most one. keep: those that it has stay. */
struct client_proof {
    const uint8_t *secret_hash;
    struct bytes secret_sealed;
    bool keep;
};
struct client_birth {
    const char *state;                 /* active or pending */
    const uint8_t *initial_token;      /* hash of the registration token that it comes by, one use of which is taken; NULL: none */
    const uint8_t *registration_token; /* hash of the token that it will manage itself with */
};
/* ERR_DB_CONFLICT: the id was given before; ERR_DB_NONE: the registration token is used up, expired or revoked. */
err_t client_record_add(struct db_pool *p, const struct client_record *c, const struct client_proof *proof, const struct client_birth *b,
                        const struct actor *by) MUST_USE;
/*
 * Everything anew, if nobody changed it since (c->version). state NULL: stays. registration_token: its next one, or NULL. event: of the audit log.
 * ERR_DB_NONE: changed or removed meanwhile.
 */
err_t client_record_put(struct db_pool *p, const struct client_record *c, const struct client_proof *proof, const char *state,
                        const uint8_t *registration_token, const char *event, const struct actor *by) MUST_USE;
/* Its keys, addresses and secrets go; its id stays taken. ERR_DB_NONE. */
err_t client_record_remove(struct db_pool *p, const char *id, const struct actor *by) MUST_USE;

/* A page of clients after an id ("" for the first), sorted by it. state NULL: all but removed ones. Columns: see client_record.c. */
err_t client_page(struct db_pool *p, const char *after, int64_t limit, const char *state, struct db_rows **rows) MUST_USE;

#endif

/*
 * Browser sessions. From the cookie come, by keyed hashing, the row's id, the key of sealed values and the CSRF token: none gives away another.
 * Called by endpoints/page, callback and logout.
 */
#include "signer/rules/websession.h"

#include "common/clock.h"
#include "common/json.h"
#include <stdio.h>
#include <string.h>

void websession_wipe(struct websession *s)
{
    secret_wipe(s, sizeof *s);
}

/* ERR_UNAUTHENTICATED unless the cookie has the form that we give out. */
static err_t derive(const char *token, struct websession *s)
{
    uint8_t raw[WEBSESSION_TOKEN_BYTES], mac[SHA256_LEN];
    size_t n = 0;
    if (token == NULL || strlen(token) != WEBSESSION_TOKEN_LEN || b64url_decode(BYTES_STR(token), raw, sizeof raw, &n) != OK ||
        n != sizeof raw)
        return ERR_UNAUTHENTICATED;
    hmac_sha256(BYTES(raw, n), BYTES_STR("session-id"), s->id);
    hmac_sha256(BYTES(raw, n), BYTES_STR("session-key"), s->key);
    hmac_sha256(BYTES(raw, n), BYTES_STR("csrf"), mac);
    b64url_encode(BYTES(mac, sizeof mac), s->csrf);
    secret_wipe(raw, sizeof raw);
    return OK;
}

/* --- the person's names, sealed --- */

static err_t seal_person(const struct websession *s, struct buf *out)
{
    AUTO_JSON j = json_pack("{ssssss}", "name", s->person.name, "surname", s->person.surname, "given_name", s->person.given_name);
    AUTO_BUF text = {0};
    if (j == NULL)
        return ERR_NOMEM;
    TRY(json_text(j, &text));
    err_t e = sealed_close(s->key, "person", buf_bytes(&text), out);
    secret_wipe(text.ptr, text.len);
    return e;
}

static err_t open_person(struct websession *s, struct bytes sealed)
{
    AUTO_BUF text = {0};
    AUTO_JSON j = NULL;
    const char *name, *surname, *given;
    TRY(sealed_open(s->key, "person", sealed, &text));
    TRY(json_parse(buf_bytes(&text), 4096, &j));
    TRY(json_get_str(j, "name", PERSON_NAME_MAX, &name));
    TRY(json_get_str(j, "surname", PERSON_NAME_MAX / 2, &surname));
    TRY(json_get_str(j, "given_name", PERSON_NAME_MAX / 2, &given));
    snprintf(s->person.name, sizeof s->person.name, "%s", name != NULL ? name : "");
    snprintf(s->person.surname, sizeof s->person.surname, "%s", surname != NULL ? surname : "");
    snprintf(s->person.given_name, sizeof s->person.given_name, "%s", given != NULL ? given : "");
    return OK;
}

/* --- rows --- */

static err_t insert(struct db *db, void *arg)
{
    return web_session_insert(db, arg);
}

err_t websession_open(struct db_pool *db, struct websession *s, int64_t life, char token[WEBSESSION_TOKEN_LEN + 1])
{
    random_token(token, WEBSESSION_TOKEN_BYTES);
    TRY(derive(token, s));
    struct web_session_row row = {.level = s->level, .auth_time = s->auth_time, .expires = clock_now() + life};
    memcpy(row.id, s->id, sizeof row.id);
    snprintf(row.subject, sizeof row.subject, "%s", s->subject);
    TRY(seal_person(s, &row.sealed));
    err_t e = db_do(db, DB_AUTOCOMMIT, insert, &row);
    buf_free(&row.sealed);
    return e;
}

struct find {
    const uint8_t *id;
    int64_t idle;
    struct web_session_row row;
};

static err_t find(struct db *db, void *arg)
{
    struct find *f = arg;
    return web_session_get(db, f->id, f->idle, &f->row);
}

err_t websession_load(struct db_pool *db, const char *token, int64_t idle, struct websession *out)
{
    *out = (struct websession){0};
    TRY(derive(token, out));
    struct find f = {.id = out->id, .idle = idle};
    err_t e = db_do(db, DB_AUTOCOMMIT, find, &f);
    if (e == OK)
        e = open_person(out, buf_bytes(&f.row.sealed));
    buf_free(&f.row.sealed);
    if (e != OK)
        return e == ERR_DB_NONE ? ERR_UNAUTHENTICATED : e;
    snprintf(out->subject, sizeof out->subject, "%s", f.row.subject);
    out->level = f.row.level;
    out->auth_time = f.row.auth_time;
    return OK;
}

static err_t drop(struct db *db, void *arg)
{
    return web_session_delete(db, arg);
}

err_t websession_close(struct db_pool *db, const struct websession *s)
{
    uint8_t id[SHA256_LEN];
    memcpy(id, s->id, sizeof id);
    return db_do(db, DB_AUTOCOMMIT, drop, id);
}

bool websession_csrf_ok(const struct websession *s, const char *field)
{
    return field != NULL && secret_eq(BYTES_STR(field), BYTES_STR(s->csrf));
}

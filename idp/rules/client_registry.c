/*
 * Registering and changing clients.
 * Called by endpoints/admin_clients.c, endpoints/register.c and antin-idpctl. RFC 7591 §3.2.1, RFC 7592 §2.2.
 */
#include "idp/rules/client_registry.h"
#include "idp/rules/client_assertion.h"
#include "idp/rules/client_auth.h"
#include <string.h>

/* What a fresh secret is kept as. The buffers live as long as the statement runs. */
struct proof_room {
    uint8_t hash[HASH_LEN];
    struct buf sealed;
};

static void proof_room_free(struct proof_room *p)
{
    buf_free(&p->sealed);
}

static err_t make_proof(const struct registry *r, const struct client_record *c, struct proof_room *room, struct client_proof *proof,
                        char secret[TOKEN_CHARS + 1])
{
    enum secret_kind kind = client_secret_kind(c->auth_method);

    *proof = (struct client_proof){0};
    secret[0] = '\0';
    if (kind == SECRET_NONE)
        return OK;
    random_token(secret, TOKEN_BYTES);
    client_secret_hash(secret, room->hash);
    if (kind == SECRET_HASHED)
        proof->secret_hash = room->hash;
    else
        TRY(assertion_seal_secret(r->seal, c->id, secret, &room->sealed));
    proof->secret_sealed = buf_bytes(&room->sealed);
    return OK;
}

/* What keyd has no key for, nobody could sign. */
static err_t check_algs(const struct registry *r, const struct client_record *c, struct client_fault *f)
{
    const char *const named[] = {c->id_token_alg, c->userinfo_alg, c->introspection_alg, c->authorization_alg};

    for (size_t i = 0; r->jwks && i < sizeof named / sizeof *named; i++) {
        unsigned algs = named[i] ? jwks_cache_algs(r->jwks) : ~0u;
        if (algs == 0)
            return ERR_KEYD_DOWN;
        if (named[i] && !(algs & 1u << jose_alg_from(named[i])))
            return client_fault(f, ERR_CLIENT_METADATA, "…_signed_response_alg", "names an algorithm that there is no key for");
    }
    return OK;
}

err_t registry_add(const struct registry *r, struct client_record *c, const struct client_birth *b, char secret[TOKEN_CHARS + 1],
                   struct client_fault *f)
{
    AUTO(proof_room_free) struct proof_room room = {0};
    struct client_proof proof;

    TRY(client_rules_check(c, f));
    TRY(check_algs(r, c, f));
    if (!c->id[0])
        random_uuid(c->id);
    TRY(make_proof(r, c, &room, &proof, secret));
    return client_record_add(r->db, c, &proof, b, r->by);
}

static err_t put(const struct registry *r, const struct client_record *c, const struct client_proof *proof, const char *state,
                 const uint8_t *registration_token, const char *event)
{
    err_t e = client_record_put(r->db, c, proof, state, registration_token, event, r->by);

    return e == ERR_DB_NONE ? ERR_VERSION : e;
}

err_t registry_put(const struct registry *r, const struct client_record *old, struct client_record *c, const char *state,
                   const uint8_t *registration_token, const char *event, char secret[TOKEN_CHARS + 1], struct client_fault *f)
{
    AUTO(proof_room_free) struct proof_room room = {0};
    struct client_proof proof = {.keep = true};

    TRY(client_rules_check(c, f));
    TRY(check_algs(r, c, f));
    memcpy(c->id, old->id, sizeof c->id);
    c->version = old->version;
    secret[0] = '\0';
    if (client_secret_kind(c->auth_method) != client_secret_kind(old->auth_method))
        TRY(make_proof(r, c, &room, &proof, secret));
    return put(r, c, &proof, state, registration_token, event);
}

err_t registry_secret(const struct registry *r, const char *id, char secret[TOKEN_CHARS + 1])
{
    AUTO(proof_room_free) struct proof_room room = {0};
    AUTO_CLIENT c = {0};
    struct client_proof proof;

    TRY(client_record_get(r->db, id, &c));
    if (client_secret_kind(c.auth_method) == SECRET_NONE)
        return ERR_DB_NONE;
    TRY(make_proof(r, &c, &room, &proof, secret));
    return put(r, &c, &proof, NULL, NULL, "client.secret");
}

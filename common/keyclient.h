/*
 * The way to keyd: a thread-safe client for its Unix socket. certs/keyd/PROTOCOL.md describes the wire.
 * Called by idp and signer. No private key ever crosses; keyd builds what it signs.
 */
#ifndef ANTIN_KEYCLIENT_H
#define ANTIN_KEYCLIENT_H

#include "common/bytes.h"
#include "common/cms.h"
#include "common/jose.h"
#include "common/json.h"
#include "common/ocsp.h"
#include "common/secret.h"

struct keyclient;

/* Connects lazily and again after keyd was gone: a daemon starts without keyd and recovers when it comes. conns: at most so many requests at once. */
err_t key_open(const char *socket_path, unsigned conns, struct keyclient **out) MUST_USE;
void key_close(struct keyclient **k);

/*
 * Every call below: ERR_KEYD_DOWN (not there, or died in the middle: the outcome is unknown), ERR_KEYD_REFUSED (this peer may not, no such key,
 * outside validity), ERR_TIMEOUT (5 s), and what is named with it.
 */

enum key_purpose {
    KEY_TOKEN = 1, /* JWTs */
    KEY_DATA,      /* wraps data keys */
    KEY_TSA,       /* timestamps */
    KEY_SEAL,      /* the service's seal */
    KEY_CA,        /* issues citizens' certificates and CRLs */
    KEY_OCSP,      /* tells the status of the citizens' CA's certificates, delegated by it */
};
#define KEY_ID_LEN 43
struct key_info {
    char id[KEY_ID_LEN + 1]; /* RFC 7638 thumbprint */
    enum key_purpose purpose;
    int64_t not_before, not_after; /* when keyd signs with it */
    bool active;                   /* signs now; of a token key: those of its algorithm */
    bool preferred;                /* and when no algorithm is named */
    enum jose_alg alg;             /* JOSE_NONE: a data key */
    uint8_t spki[600];
    size_t spki_len;
    uint8_t cert[2048]; /* DER, when it has one */
    size_t cert_len;
};
#define KEY_LIST_MAX 16
/* The public halves of this purpose's keys, those not yet and no longer signing among them. */
err_t key_list(struct keyclient *k, enum key_purpose purpose, struct key_info out[KEY_LIST_MAX], size_t *n) MUST_USE;
/* The certificate chain of the active key above its own certificate, DER, at most 4. Caller frees each. */
err_t key_chain(struct keyclient *k, enum key_purpose purpose, struct buf chain[4], size_t *n) MUST_USE;

/* --- tokens (RFC 7519, RFC 9068, OpenID Connect Core §2) --- */
enum key_token { KEY_ID_TOKEN = 1, KEY_ACCESS_TOKEN, KEY_LOGOUT_TOKEN };
#define KEY_AUD_MAX 4
struct key_claims {
    enum jose_alg alg;   /* JOSE_NONE: keyd's default, and never another for an access token. No such key: ERR_KEYD_REFUSED */
    enum key_token type; /* fixes typ: JWT, at+jwt, logout+jwt, and which claims are allowed and required */
    const char *sub;
    const char *aud[KEY_AUD_MAX]; /* NULL after the last */
    int64_t lifetime; /* seconds; keyd sets iat and exp by its own clock, and caps it by type (id 3600, access 3600, logout 120) */
    int64_t auth_time; /* 0: none */
    const char *client_id, *azp, *scope, *nonce, *acr, *amr /* space separated */, *sid, *jti, *at_hash, *grant_id;
    const char *act; /* access token: the client that acts for sub (RFC 8693 §4.1) */
    const char *jkt, *x5t; /* access token: cnf, what its holder must prove (RFC 9449 §6.1, RFC 8705 §3.1) */
    int64_t level;        /* level of identification 1, 2; 0: none */
    const json_t *more;   /* object: claims about the person (ID token), authorization_details (access token), as keywire.c's table says; NULL: none */
};
/* iss comes from keyd's own configuration. *jwt is the compact token. ERR_TOO_LARGE: more is longer than KEY_MORE_MAX. */
#define KEY_MORE_MAX 4608
err_t key_sign_token(struct keyclient *k, const struct key_claims *c, struct buf *jwt) MUST_USE;

/*
 * Asks for a successor of each token key, unless one waits already; it signs only after the configured overlap. OK: asked; key_list shows it when it is there.
 * The supervisor of keyd makes it, at most every ten seconds, and only where it is configured to rotate or publish.
 */
err_t key_rotate(struct keyclient *k) MUST_USE;

/*
 * n tokens in as few messages as can be, for callers that have several at hand. jwt[i] and e[i] are the i-th one's: what
 * key_sign_token would have given.
 */
void key_sign_tokens(struct keyclient *k, const struct key_claims *c, size_t n, struct buf *jwt, err_t *e);

/* --- statements: what we tell a client or resource server about a request, a token, a person, signed; and another provider about ourselves --- */
enum key_statement {
    KEY_AUTHZ_RESPONSE = 1, /* JARM §2.1: typ oauth-authz-response+jwt; code, state, error … */
    KEY_INTROSPECTION,      /* RFC 9701 §5: typ token-introspection+jwt; members go into "token_introspection", no exp */
    KEY_USERINFO,           /* OpenID Connect Core §5.3.2: typ userinfo+jwt */
    KEY_CLIENT_ASSERTION,   /* RFC 7523 §3: typ client-authentication+jwt; sub is who we are at the provider aud, and so is iss; jti is keyd's */
};
/*
 * alg: JOSE_NONE is keyd's default. iss is keyd's own, aud the client, iat by keyd's clock, exp with a lifetime (a response: 600 s at most; an
 * assertion: 60 s). members: of the table in keywire.c alone, ERR_SYNTAX for any other; ERR_TOO_LARGE.
 */
err_t key_sign_statement(struct keyclient *k, enum key_statement type, enum jose_alg alg, const char *aud, int64_t lifetime,
                         const json_t *members, struct buf *jwt) MUST_USE;

/* --- data keys (XChaCha20-Poly1305 under the domain's data key; ad binds the wrapped key to its owner) --- */
#define KEY_DATA_LEN 32
#define KEY_WRAPPED_LEN (KEY_DATA_LEN + 24 + 16 + 8) /* key number, nonce, key, tag */
err_t key_wrap(struct keyclient *k, struct bytes ad, const uint8_t key[KEY_DATA_LEN], uint8_t out[KEY_WRAPPED_LEN]) MUST_USE;
err_t key_unwrap(struct keyclient *k, struct bytes ad, const uint8_t wrapped[KEY_WRAPPED_LEN],
                 uint8_t key[KEY_DATA_LEN]) MUST_USE; /* ERR_CRYPTO: altered */

/* --- timestamps (RFC 3161, 5816) --- */
struct key_ts_request {
    enum cms_hash alg;
    uint8_t imprint[64]; /* as long as alg says */
    uint8_t nonce[32];
    size_t nonce_len; /* 0: none; big-endian, non-negative INTEGER contents */
    bool cert_req;
};
struct key_ts_reply {
    struct buf token; /* TimeStampToken, DER; caller frees */
    uint8_t serial[20];
    size_t serial_len;
    int64_t gen_time_us;
};
err_t key_timestamp(struct keyclient *k, const struct key_ts_request *q, struct key_ts_reply *out) MUST_USE;

/* --- the service's seal --- */
struct key_signature {
    struct buf attrs;     /* signed attributes, DER SET OF; empty under an XML signature */
    struct buf signature; /* ECDSA DER */
};
void key_signature_free(struct key_signature *s);
/* CAdES attributes (signing-time by keyd's clock) over a SHA-256 digest. mime: "application/vnd.antin.manifest+json" and the like; keyd has a list of those it seals. */
err_t key_seal(struct keyclient *k, const char *mime, const uint8_t sha256[32], struct key_signature *out) MUST_USE;

/*
 * The seal under an XML signature: over SignedInfo in its canonical form, at most KEY_INFO_MAX bytes, which must be exclusive and with ecdsa-sha256.
 * signature: ECDSA DER. ERR_TOO_LARGE; ERR_KEYD_REFUSED: also when keyd's list of media types has no containers.
 */
#define KEY_INFO_MAX 147456 /* 130 references to files with the longest names */
err_t key_seal_info(struct keyclient *k, struct bytes signed_info, struct buf *signature) MUST_USE;

/* --- citizens' keys --- */
#define KEY_BLOB_MAX 512
#define KEY_UUID_LEN 36
struct key_citizen {
    char credential_id[KEY_UUID_LEN + 1];
    char owner[65]; /* the citizen's subject at the signer: what the ID token's sub must be */
};
/* Makes a P-256 key, sealed under the domain's key and the PIN together. PIN: 6 to 32 bytes, else ERR_SYNTAX. */
err_t key_citizen_create(struct keyclient *k, const struct key_citizen *c, struct bytes pin, uint8_t blob[KEY_BLOB_MAX], size_t *blob_len,
                         uint8_t spki[128], size_t *spki_len) MUST_USE;
/* The same key under another PIN. ERR_KEY_PIN, ERR_KEY_LOCKED. */
err_t key_citizen_repin(struct keyclient *k, const struct key_citizen *c, struct bytes blob, struct bytes old_pin, struct bytes new_pin,
                        uint8_t out[KEY_BLOB_MAX], size_t *out_len) MUST_USE;

struct key_cert_request {
    struct key_citizen citizen;
    struct bytes blob;     /* proves that keyd made the key */
    uint8_t serial[20];    /* from key_random_serial; already in a committed intent row */
    char common_name[129]; /* UTF-8 */
    char surname[65], given_name[65];
    char serial_number[65]; /* subject's serialNumber: an opaque number, never the citizen number unless policy says so */
    int64_t not_before;     /* seconds; keyd checks it to be within a day of its clock */
    int64_t days;           /* at most the profile's maximum */
};
void key_random_serial(uint8_t out[20]); /* positive, 159 random bits (RFC 5280 §4.1.2.2) */
/* A citizen's certificate from the profile (EN 319 412-2; key usage nonRepudiation alone; CRL and AIA addresses from keyd's configuration). */
err_t key_issue_citizen(struct keyclient *k, const struct key_cert_request *q, struct buf *cert) MUST_USE;

#define KEY_DIGESTS_MAX 65 /* a dossier's components and its container */
enum key_sign_kind { KEY_SIGN_PADES = 1, KEY_SIGN_CADES, KEY_SIGN_XADES };
/* What the citizen agreed to: exactly these digests, until then. */
struct key_activation {
    struct key_citizen citizen;
    uint8_t random[16];
    int64_t expires; /* seconds; at most 15 minutes ahead */
    size_t n;
    struct {
        enum key_sign_kind kind;
        uint8_t sha256[32]; /* of the bytes to be signed: ByteRange, whole file, or SignedInfo */
    } item[KEY_DIGESTS_MAX];
};
/*
 * The nonce that the login at the identity provider must carry: base64url SHA-256 over "antin-activation-1", credential id, owner, random, expiry, and
 * each kind and digest in order (layout: PROTOCOL.md). So the provider's signature over the ID token covers exactly these digests.
 */
void key_activation_nonce(const struct key_activation *a, char out[44]);
/*
 * Signs every digest or none. keyd checks: the ID token's signature against the provider's keys it was started with, iss, aud (the signer), exp, iat not before keyd's
 * start, sub = owner, nonce = key_activation_nonce; that the nonce was never used; expiry; the blob's owner and credential; the PIN; and that the certificate is for
 * this key, of citizen profile and valid now. out has a->n entries. ERR_KEY_PIN, ERR_KEY_LOCKED (keyd counts too: citizen.pin_tries), ERR_KEY_ACTIVATION.
 */
err_t key_citizen_sign(struct keyclient *k, const struct key_activation *a, struct bytes blob, struct bytes pin, struct bytes cert,
                       struct bytes id_token, struct key_signature *out) MUST_USE;

/* --- CRLs (RFC 5280 §5) --- */
struct key_crl_entry {
    uint8_t serial[20];
    int64_t revoked_at;
    int64_t invalid_since; /* invalidityDate (RFC 5280 §5.3.2); 0: none */
    int reason;            /* CRLReason; 0: not written */
};
/* Signed by the citizens' CA; thisUpdate by keyd's clock; number must grow. Any number of entries (sent in pieces). */
err_t key_sign_crl(struct keyclient *k, uint64_t number, int64_t lifetime, const struct key_crl_entry *e, size_t n,
                   struct buf *der) MUST_USE;

/* --- OCSP (RFC 6960 §4.2): answers of the responder that the citizens' CA delegated --- */
enum key_ocsp_status { KEY_OCSP_GOOD = 1, KEY_OCSP_REVOKED, KEY_OCSP_UNKNOWN };
struct key_ocsp_entry {
    struct ocsp_cert_id id;
    enum key_ocsp_status status; /* good and revoked only of the CA that delegated: ERR_KEYD_REFUSED */
    int64_t revoked_at, invalid_since; /* of a revoked one; invalid_since 0: none (RFC 5280 §5.3.2) */
    int reason;                        /* CRLReason; 0: not written */
};
#define KEY_OCSP_MAX OCSP_IDS_MAX
struct key_ocsp_reply {
    struct buf der; /* OCSPResponse; caller frees */
    int64_t this_update, next_update;
};
/*
 * One response about n certificates, 1 to KEY_OCSP_MAX. keyd says by its own clock when, until lifetime seconds later (60 to 864000) or the end of the
 * responder's certificate. nonce: at most OCSP_NONCE_MAX, empty: none.
 */
err_t key_ocsp(struct keyclient *k, const struct key_ocsp_entry *e, size_t n, struct bytes nonce, int64_t lifetime,
               struct key_ocsp_reply *out) MUST_USE;

#endif

/*
 * What crosses keyd's socket: one fixed-size struct per operation and direction. Explained in certs/keyd/PROTOCOL.md.
 * Used by common/keyclient.c and certs/keyd. Both ends run on one host and are of one build, so integers are the host's.
 */
#ifndef ANTIN_KEYWIRE_H
#define ANTIN_KEYWIRE_H

#include "common/jose.h"
#include "common/keyclient.h"
#include <assert.h>

#define KEYW_VERSION 1

/* KEYW(name, number, request struct, reply struct): the one table of operations. */
#define KEYW_OPS                                                 \
    KEYW(LIST, 1, struct keyw_list, struct keyw_list_r)          \
    KEYW(CHAIN, 2, struct keyw_list, struct keyw_chain_r)        \
    KEYW(TOKEN, 3, struct keyw_token, struct keyw_token_r)       \
    KEYW(WRAP, 4, struct keyw_wrap, struct keyw_wrap_r)          \
    KEYW(UNWRAP, 5, struct keyw_unwrap, struct keyw_unwrap_r)    \
    KEYW(TIMESTAMP, 6, struct keyw_ts, struct keyw_ts_r)         \
    KEYW(SEAL, 7, struct keyw_seal, struct keyw_seal_r)          \
    KEYW(CREATE, 8, struct keyw_create, struct keyw_create_r)    \
    KEYW(REPIN, 9, struct keyw_repin, struct keyw_repin_r)       \
    KEYW(ISSUE, 10, struct keyw_issue, struct keyw_issue_r)      \
    KEYW(SIGN, 11, struct keyw_sign, struct keyw_sign_r)         \
    KEYW(CRL_BEGIN, 12, struct keyw_crl_begin, struct keyw_head) \
    KEYW(CRL_ADD, 13, struct keyw_crl_add, struct keyw_head)     \
    KEYW(CRL_END, 14, struct keyw_head, struct keyw_crl_end_r)   \
    KEYW(CRL_READ, 15, struct keyw_crl_read, struct keyw_crl_read_r) \
    KEYW(STATEMENT, 16, struct keyw_statement, struct keyw_token_r) \
    KEYW(TOKEN_MORE, 17, struct keyw_token_more, struct keyw_token_r) \
    KEYW(ROTATE, 18, struct keyw_head, struct keyw_head) \
    KEYW(TOKENS, 19, struct keyw_tokens, struct keyw_tokens_r) \
    KEYW(OCSP, 20, struct keyw_ocsp, struct keyw_ocsp_r) \
    KEYW(SEAL_INFO, 21, struct keyw_seal_info, struct keyw_seal_info_r)

enum keyw_op {
#define KEYW(name, number, request, reply) KEYW_##name = number,
    KEYW_OPS
#undef KEYW
        KEYW_OP_END
};

/* A reply's status; stable numbers, other than err_t's. */
enum keyw_status {
    KEYW_OK = 0,
    KEYW_REFUSED = 1, /* peer, purpose, no such key, outside validity, a claim that the type may not carry */
    KEYW_SYNTAX = 2,  /* a value out of its range */
    KEYW_PIN = 3,
    KEYW_LOCKED = 4,
    KEYW_ACTIVATION = 5,
    KEYW_BUSY = 6,
    KEYW_ALTERED = 7, /* a sealed blob does not open */
    KEYW_INTERNAL = 8,
};

/* Every message begins with it. A reply with another status than KEYW_OK is the head alone. */
struct keyw_head {
    uint16_t version;
    uint16_t op;
    uint32_t status; /* 0 in requests */
    uint64_t id;     /* chosen by the client, repeated in the reply */
};
static_assert(sizeof(struct keyw_head) == 16, "layout");

#define KEYW_CERT_MAX 2048
#define KEYW_SPKI_MAX 600

struct keyw_list {
    struct keyw_head head;
    uint32_t purpose;
    uint32_t index;
};
enum { KEYW_ACTIVE = 1, KEYW_DEFAULT = 2 };
struct keyw_list_r {
    struct keyw_head head;
    uint32_t n; /* how many there are */
    uint32_t active; /* signs now; KEYW_DEFAULT besides: also when no algorithm is named */
    int64_t not_before, not_after;
    char id[44];
    uint32_t spki_len, cert_len;
    uint32_t alg; /* enum jose_alg; 0: a data key */
    uint8_t spki[KEYW_SPKI_MAX];
    uint8_t cert[KEYW_CERT_MAX];
};
static_assert(sizeof(struct keyw_list_r) == 16 + 24 + 56 + KEYW_SPKI_MAX + KEYW_CERT_MAX, "layout");

struct keyw_chain_r {
    struct keyw_head head;
    uint32_t n;
    uint32_t cert_len;
    uint8_t cert[KEYW_CERT_MAX];
};

/* Strings are NUL-terminated; the bytes after the NUL are zero. Empty: absent. */
struct keyw_token {
    struct keyw_head head;
    uint32_t type;
    uint32_t level;
    uint32_t alg; /* enum jose_alg; 0: the default */
    uint8_t reserved[4];
    int64_t lifetime;
    int64_t auth_time;
    char sub[128];
    char aud[KEY_AUD_MAX][256];
    char client_id[128], azp[128];
    char scope[1024], nonce[512];
    char acr[128], amr[128], sid[128], jti[64], at_hash[64], grant_id[64];
    char jkt[64], x5t[64];
    char act[128];
};
/* A token with claims that have no room of their own: a JSON object, which keyd reads and lays down anew. */
struct keyw_token_more {
    struct keyw_token token;
    uint32_t len;
    uint8_t reserved[4];
    uint8_t more[KEY_MORE_MAX]; /* zero after len */
};
struct keyw_token_r {
    struct keyw_head head;
    uint32_t len;
    uint8_t reserved[4];
    char jwt[JWT_MAX];
};

#define KEYW_AD_MAX 256
struct keyw_wrap {
    struct keyw_head head;
    uint32_t ad_len;
    uint8_t reserved[4];
    uint8_t ad[KEYW_AD_MAX];
    uint8_t key[KEY_DATA_LEN];
};
struct keyw_wrap_r {
    struct keyw_head head;
    uint8_t wrapped[KEY_WRAPPED_LEN];
};
struct keyw_unwrap {
    struct keyw_head head;
    uint32_t ad_len;
    uint8_t reserved[4];
    uint8_t ad[KEYW_AD_MAX];
    uint8_t wrapped[KEY_WRAPPED_LEN];
};
struct keyw_unwrap_r {
    struct keyw_head head;
    uint8_t key[KEY_DATA_LEN];
};

struct keyw_ts {
    struct keyw_head head;
    uint32_t alg; /* enum cms_hash */
    uint8_t cert_req;
    uint8_t nonce_len;
    uint8_t reserved[2];
    uint8_t imprint[64]; /* zero after the hash */
    uint8_t nonce[32];   /* zero after nonce_len */
};
#define KEYW_TOKEN_MAX 6144
struct keyw_ts_r {
    struct keyw_head head;
    uint32_t token_len, serial_len;
    int64_t gen_time_us;
    uint8_t serial[20];
    uint8_t reserved[4];
    uint8_t token[KEYW_TOKEN_MAX];
};

#define KEYW_ATTRS_MAX 768
#define KEYW_SIG_MAX 144
struct keyw_signature {
    uint16_t attrs_len, sig_len;
    uint8_t reserved[4];
    uint8_t attrs[KEYW_ATTRS_MAX];
    uint8_t sig[KEYW_SIG_MAX];
};
struct keyw_seal {
    struct keyw_head head;
    char mime[96];
    uint8_t sha256[32];
};
struct keyw_seal_r {
    struct keyw_head head;
    struct keyw_signature s;
};

/* SignedInfo of an XML signature, canonical. Only len bytes of text are sent. */
#define KEYW_INFO_MAX KEY_INFO_MAX
struct keyw_seal_info {
    struct keyw_head head;
    uint32_t len;
    uint8_t reserved[4];
    uint8_t text[KEYW_INFO_MAX];
};
struct keyw_seal_info_r {
    struct keyw_head head;
    uint32_t sig_len;
    uint8_t reserved[4];
    uint8_t sig[KEYW_SIG_MAX];
};

#define KEYW_PIN_MIN 6
#define KEYW_PIN_MAX 32
struct keyw_citizen {
    char credential_id[40];
    char owner[72];
};
struct keyw_pin {
    uint32_t len;
    uint8_t pin[KEYW_PIN_MAX]; /* zero after len */
    uint8_t reserved[4];
};
struct keyw_blob {
    uint32_t len;
    uint8_t reserved[4];
    uint8_t blob[KEY_BLOB_MAX];
};
struct keyw_create {
    struct keyw_head head;
    struct keyw_citizen citizen;
    struct keyw_pin pin;
};
struct keyw_create_r {
    struct keyw_head head;
    struct keyw_blob blob;
    uint32_t spki_len;
    uint8_t reserved[4];
    uint8_t spki[128];
};
struct keyw_repin {
    struct keyw_head head;
    struct keyw_citizen citizen;
    struct keyw_blob blob;
    struct keyw_pin old_pin, new_pin;
};
struct keyw_repin_r {
    struct keyw_head head;
    struct keyw_blob blob;
};

struct keyw_issue {
    struct keyw_head head;
    struct keyw_citizen citizen;
    struct keyw_blob blob;
    uint8_t serial[20];
    uint8_t reserved[4];
    char common_name[136];
    char surname[72], given_name[72], serial_number[72];
    int64_t not_before, days;
};
struct keyw_issue_r {
    struct keyw_head head;
    uint32_t len;
    uint8_t reserved[4];
    uint8_t cert[KEYW_CERT_MAX];
};

struct keyw_item {
    uint8_t kind;
    uint8_t reserved[7];
    uint8_t sha256[32];
};
struct keyw_sign {
    struct keyw_head head;
    struct keyw_citizen citizen;
    uint8_t random[16];
    int64_t expires;
    uint32_t n;
    uint32_t cert_len, token_len;
    uint8_t reserved[4];
    struct keyw_pin pin;
    struct keyw_blob blob;
    uint8_t cert[KEYW_CERT_MAX];
    char token[JWT_MAX];
    struct keyw_item item[KEY_DIGESTS_MAX]; /* zero after n */
};
struct keyw_sign_r {
    struct keyw_head head;
    uint32_t n;
    uint8_t reserved[4];
    struct keyw_signature s[KEY_DIGESTS_MAX];
};

#define KEYW_CRL_PIECE 512
#define KEYW_CRL_MAX 1000000 /* entries of one CRL */
#define KEYW_CRL_READ_MAX 32768
struct keyw_crl_begin {
    struct keyw_head head;
    uint64_t number;
    int64_t lifetime;
    uint64_t count;
};
struct keyw_crl_entry {
    uint8_t serial[20];
    uint32_t reason;
    int64_t revoked_at, invalid_since;
};
static_assert(sizeof(struct keyw_crl_entry) == 40, "layout");
struct keyw_crl_add {
    struct keyw_head head;
    uint32_t n;
    uint8_t reserved[4];
    struct keyw_crl_entry entry[KEYW_CRL_PIECE];
};
struct keyw_crl_end_r {
    struct keyw_head head;
    uint64_t total;
};
struct keyw_crl_read {
    struct keyw_head head;
    uint64_t offset;
};
struct keyw_crl_read_r {
    struct keyw_head head;
    uint32_t n;
    uint8_t reserved[4];
    uint8_t data[KEYW_CRL_READ_MAX];
};

/* One certificate's status. */
struct keyw_ocsp_entry {
    uint8_t status, hash, reason, serial_len;
    uint8_t serial[OCSP_SERIAL_MAX];                               /* zero after serial_len */
    uint8_t issuer_name[OCSP_HASH_MAX], issuer_key[OCSP_HASH_MAX]; /* zero after the hash */
    int64_t revoked_at, invalid_since;
};
static_assert(sizeof(struct keyw_ocsp_entry) == 24 + 128 + 16, "padding");
struct keyw_ocsp {
    struct keyw_head head;
    int64_t lifetime;
    uint32_t n;
    uint8_t nonce_len;
    uint8_t reserved[3];
    uint8_t nonce[OCSP_NONCE_MAX]; /* zero after nonce_len */
    struct keyw_ocsp_entry entry[KEY_OCSP_MAX]; /* zero after n */
};
#define KEYW_OCSP_DER_MAX 8192
struct keyw_ocsp_r {
    struct keyw_head head;
    int64_t this_update, next_update;
    uint32_t len;
    uint8_t reserved[4];
    uint8_t der[KEYW_OCSP_DER_MAX];
};

/* A statement's members: a number of the table in keywire.c and a text, the texts one after the other. */
#define KEYW_MEMBERS_MAX 32
#define KEYW_MEMBERS_TEXT 5632
struct keyw_member {
    uint16_t claim, len;
};
struct keyw_statement {
    struct keyw_head head;
    uint32_t type, n;
    uint32_t alg; /* enum jose_alg; 0: the default */
    uint8_t reserved[4];
    int64_t lifetime; /* 0: without exp */
    char aud[256];
    struct keyw_member member[KEYW_MEMBERS_MAX]; /* zero after n */
    uint8_t text[KEYW_MEMBERS_TEXT];             /* zero after the last text */
};
enum keyw_kind { KEYW_T_STRING = 1, KEYW_T_INTEGER, KEYW_T_BOOLEAN, KEYW_T_LIST /* parted by single spaces */, KEYW_T_JSON };
struct keyw_claim {
    const char *parent; /* member of this member; NULL: of the statement itself */
    const char *name;
    enum keyw_kind kind;
    unsigned types; /* bits 1 << enum key_statement, and the two below: which may carry it */
};
#define KEYW_IN_ID_TOKEN (1u << 16)
#define KEYW_IN_ACCESS_TOKEN (1u << 17)
#define KEYW_CLAIMS 34
extern const struct keyw_claim keyw_claims[KEYW_CLAIMS]; /* 0 is none */
size_t keyw_claim_find(const char *parent, const char *name); /* 0: none; parent NULL: of the statement itself */

/* Several TOKEN requests in one message, each judged for itself. Only item[0] to item[n - 1] are sent, and of text only text_len bytes. */
#define KEYW_TOKENS_MAX 16
#define KEYW_TOKENS_TEXT 32768
struct keyw_tokens {
    struct keyw_head head;
    uint32_t n;
    uint8_t reserved[4];
    struct keyw_token item[KEYW_TOKENS_MAX]; /* their heads are zero */
};
struct keyw_tokens_r {
    struct keyw_head head;
    uint32_t n, text_len;
    struct {
        uint32_t status, len; /* enum keyw_status; of its token in text, one after the other */
    } item[KEYW_TOKENS_MAX];
    char text[KEYW_TOKENS_TEXT];
};
static_assert(sizeof(struct keyw_tokens) == 16 + 8 + KEYW_TOKENS_MAX * sizeof(struct keyw_token), "padding");

/* Room for any message. */
union keyw_msg {
    struct keyw_head head;
#define KEYW(name, number, request, reply) \
    request name##_q;                      \
    reply name##_r;
    KEYW_OPS
#undef KEYW
};

/* No struct has padding that could carry bytes nobody checked. */
static_assert(sizeof(struct keyw_token) == 16 + 8 + 8 + 16 + 128 + 1024 + 256 + 1536 + 384 + 192 + 128 + 128, "padding");
static_assert(sizeof(struct keyw_token_more) == sizeof(struct keyw_token) + 8 + KEY_MORE_MAX, "padding");
static_assert(sizeof(struct keyw_statement) == 16 + 24 + 256 + 4 * KEYW_MEMBERS_MAX + KEYW_MEMBERS_TEXT, "padding");
static_assert(sizeof(struct keyw_ts) == 16 + 8 + 96, "padding");
static_assert(sizeof(struct keyw_pin) == 40 && sizeof(struct keyw_citizen) == 112 && sizeof(struct keyw_blob) == 520, "padding");
static_assert(sizeof(struct keyw_issue) == 16 + 112 + 520 + 24 + 352 + 16, "padding");
static_assert(sizeof(struct keyw_sign) == 16 + 112 + 16 + 8 + 16 + 40 + 520 + KEYW_CERT_MAX + JWT_MAX + 40 * KEY_DIGESTS_MAX, "padding");
static_assert(sizeof(struct keyw_seal_info) == 16 + 8 + KEYW_INFO_MAX, "padding");

/* The size of a request's or OK reply's struct; 0: no such operation. */
size_t keyw_request_len(unsigned op);
size_t keyw_reply_len(unsigned op);
/*
 * The exact length of this request or OK reply, n bytes of which are there: its struct's, save for those that end where their contents end (tokens).
 * 0: it cannot be one.
 */
size_t keyw_request_used(const struct keyw_head *q, size_t n);
size_t keyw_reply_used(const struct keyw_head *r, size_t n);
size_t keyw_reply_fixed(unsigned op); /* what of a reply's struct is sent in any case */
const char *keyw_op_name(unsigned op); /* for the log; "?" */

bool keyw_zero(const void *p, size_t n);      /* all n bytes are zero */
bool keyw_str_ok(const char *s, size_t room); /* NUL-terminated within room, all after the NUL zero, valid UTF-8 */
/* Copies a C string into zeroed room; NULL stays empty. ERR_TOO_LARGE. */
err_t keyw_str_put(char *room, size_t cap, const char *s) MUST_USE;

/* Appends what the activation nonce hashes (PROTOCOL.md, "The activation nonce"). */
void key_activation_nonce(const struct key_activation *a, char out[44]);

#endif

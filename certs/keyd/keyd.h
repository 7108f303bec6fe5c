/*
 * keyd's inside: configuration, keys, one thread's signing contexts, connections, and the operations.
 * Private to certs/keyd. PROTOCOL.md is the outside.
 */
#ifndef ANTIN_KEYD_H
#define ANTIN_KEYD_H

#include "certs/profile.h"
#include "common/keywire.h"
#include "common/x509.h"
#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>

/* What a peer may be allowed: the key purposes, and the citizens' keys. */
enum keyd_group { GROUP_CITIZEN = KEY_OCSP + 1, GROUP_END };
#define GROUP_BIT(g) (1u << (unsigned)(g))

#define PEERS_MAX 16
struct peers {
    uid_t uid[PEERS_MAX];
    size_t n;
};

struct keyd_conf {
    char *socket, *socket_mode, *socket_group, *user;
    char *keys, *peers, *purposes;
    struct secret domain_key;
    long threads, pin_threads, max_conns;
    char *peers_of[GROUP_END]; /* [peers] token = …: narrower than keyd.peers; "" is keyd.peers */
    char *issuer, *token_alg;  /* [token] */
    char *jwks_out;
    long rotate_days, overlap_s;
    char *tsa_policy;
    long tsa_accuracy_ms, tsa_max_step_s;
    char *seal_types;
    char *idp_issuer, *idp_audience, *idp_jwks, *citizen_profile, *crl_url, *aia_url, *ocsp_url;
    long clock_skew, pin_tries, pin_lock_s, pin_mem_kib, pin_ops;
};
/* ERR_CONFIG with messages on errs. */
err_t keyd_conf_load(const char *path, struct keyd_conf *out, FILE *errs) MUST_USE;
void keyd_conf_free(struct keyd_conf *c);
void keyd_conf_print(FILE *to);

#define KEYS_MAX 64
#define CHAIN_MAX 4
struct key {
    char id[KEY_ID_LEN + 1];
    enum key_purpose purpose;
    enum jose_alg alg;             /* the one that it signs with */
    int64_t not_before, not_after; /* when it signs: the file's times, the certificate's, and its privateKeyUsagePeriod, all of them */
    EVP_PKEY *pkey;                /* NULL: a data key */
    const uint8_t *data;           /* 32 bytes in locked memory */
    struct buf spki;
    X509 *x509; /* its certificate, or NULL */
    int64_t cert_end;
    struct buf cert;
    struct buf chain[CHAIN_MAX]; /* above its certificate, the trust anchor left out */
    size_t chain_n;
    struct ts_template *ts; /* of a TSA key */
    struct ocsp_self *ocsp; /* of an OCSP key */
};

struct citizen_state;
struct keyd {
    struct keyd_conf conf;
    struct peers peers[GROUP_END]; /* who may use each group; empty: the purpose is not configured */
    struct key key[KEYS_MAX];
    size_t n;
    enum jose_alg token_alg; /* of tokens whose request names none */
    uint8_t *citizen_key;    /* 32 bytes in locked memory: what seals citizens' blobs */
    struct jwks idp;
    struct profile profile;
    struct citizen_state *citizens;
    int64_t started;    /* the second in which this process began to answer */
    uint64_t ts_prefix; /* random per start: the first half of timestamps' serial numbers */
    atomic_uint_fast64_t ts_counter;
    atomic_int_fast64_t ts_last_us;
    atomic_bool ts_clock_told;
    int64_t ts_offset_us; /* wall clock minus monotonic clock at start: it changes only when somebody sets the clock */
    atomic_int crl_jobs;  /* lists being put together now */
    pthread_mutex_t crl_lock;
    uint64_t crl_number; /* the highest signed by this process */
    int control_fd;      /* to the supervisor: a word asks it to rotate */
};

/* One thread's own: contexts that are never shared, so that signing takes no lock and fetches nothing. */
struct worker {
    struct keyd *keyd;
    EVP_MD *sha256, *sha384;
    EVP_MD_CTX *md, *eddsa;
    EVP_PKEY_CTX *sign[KEYS_MAX];
    union keyw_msg q, r;
};
err_t worker_new(struct keyd *k, struct worker **out) MUST_USE; /* signs once with each key */
void worker_free(struct worker **w);
#define SIG_MAX 512 /* RSA of 4096 bits; ECDSA over P-384, DER: at most 104 */
/* Signs data with the key's one algorithm (ECDSA: DER). *len: in the room, out the length. */
err_t worker_sign(struct worker *w, const struct key *key, struct bytes data, uint8_t sig[SIG_MAX], size_t *len) MUST_USE;

/* Header, payload and signature into r (RFC 7515 §5.1): the one place where a JWT is put together. KEYW_SYNTAX: too long. */
/* TOKEN_MORE's claims, checked and written anew (a JSON object). */
enum keyw_status more_open(const struct keyw_token_more *q, struct buf *out);
/* Whether a member of kind JSON has the shape that its specification gives it. */
bool member_json_ok(const struct keyw_claim *c, const json_t *v);
enum keyw_status token_assemble(struct worker *w, const struct key *key, struct bytes payload, const char *typ, struct keyw_token_r *r);

/* Everything that the configuration names is read and checked; what is wrong goes to errs. ERR_CONFIG. */
err_t keys_load(struct keyd *k, FILE *errs) MUST_USE;
void keys_free(struct keyd *k);
/* The key of this purpose that signs now: of those in their time, the one that began last; of token keys, of the default algorithm. NULL: none. */
const struct key *key_active(const struct keyd *k, enum key_purpose p, int64_t now);
/* The token key that signs now with this algorithm (enum jose_alg, as it came over the wire; 0: the default). NULL: none. */
const struct key *key_for_token(const struct keyd *k, uint32_t alg, int64_t now);
/* The CA key that signs CRLs: the one that issues, or when none does any more, the newest whose certificate still lives. */
const struct key *key_for_crl(const struct keyd *k, int64_t now);

/* --- connections --- */
struct crl_job;
/* A place for a connection; there are keyd.max_conns of them, made at start and never freed, so that a late event always finds memory. */
struct conn {
    atomic_uint_fast64_t state; /* generation << 2 | what it does: serve.c */
    int fd;
    uid_t uid;
    unsigned allowed; /* GROUP_BITs */
    struct crl_job *crl;
    struct conn *next_free;
};
struct conns;
err_t conns_new(size_t max, struct conns **out) MUST_USE;
void conns_free(struct conns **s); /* and closes what is open */
/* A place for an accepted connection, IDLE; NULL: all are taken. */
struct conn *conns_get(struct conns *s, int fd, uid_t uid, unsigned allowed);
/* Closes it; by the thread that has it. Events still under way for it are then of an old generation. */
void conns_put(struct conns *s, struct conn *c);
struct conn *conns_at(struct conns *s, size_t place);
size_t conns_place(const struct conns *s, const struct conn *c);
uint64_t conn_generation(const struct conn *c);
/* Takes the connection for this thread. false: another has it and will look again, or it is gone. */
bool conn_take(struct conn *c, uint64_t generation);
/* Lets go of it. false: an event came meanwhile, and this thread still has it. */
bool conn_release(struct conn *c);

/* An operation: reads w->q, fills w->r behind its head. */
typedef enum keyw_status op_fn(struct worker *w, struct conn *c);
op_fn op_list, op_chain, op_token, op_tokens, op_token_more, op_statement, op_rotate, op_wrap, op_unwrap, op_timestamp, op_seal, op_seal_info,
    op_create, op_repin, op_issue, op_sign, op_crl_begin, op_crl_add, op_crl_end, op_crl_read, op_ocsp;

/* n bytes came into q: this version, an operation that exists, exactly its length. Else the connection is to be closed. */
bool op_well_formed(const union keyw_msg *q, size_t n);
/* Whether what w->q asks for, and this peer may have, belongs on a PIN thread. */
bool op_slow(const struct worker *w, const struct conn *c);
/* Zeroes the reply and performs w->q; KEYW_REFUSED when the peer may not. */
enum keyw_status op_perform(struct worker *w, struct conn *c);

/* --- set up at start, one file a group --- */
err_t token_start(struct keyd *k, FILE *errs) MUST_USE;
err_t timestamp_start(struct keyd *k, FILE *errs) MUST_USE;
void timestamp_stop(struct keyd *k);
err_t ocsp_start(struct keyd *k, FILE *errs) MUST_USE;
void ocsp_stop(struct keyd *k);
err_t citizen_start(struct keyd *k, FILE *errs) MUST_USE;
void citizen_stop(struct keyd *k);
void crl_job_free(struct crl_job **j);

/* --- citizens' sealed keys (blob.c) --- */
struct citizen_id {
    const struct keyw_citizen *who;
    size_t owner_len;
};
#define POINT_LEN 65
struct blob_open_result {
    uint8_t point[POINT_LEN]; /* the public key, uncompressed */
    uint8_t inner[256];       /* what the PIN opens; opaque */
    size_t inner_len;
};
bool citizen_ok(const struct keyw_citizen *c);
bool pin_ok(const struct keyw_pin *p);
err_t blob_seal(struct keyd *k, const struct keyw_citizen *c, struct bytes pin, const uint8_t scalar[32], const uint8_t point[POINT_LEN],
                struct keyw_blob *out) MUST_USE;
/* The outer layer: ERR_CRYPTO when altered, or of another owner or credential. */
err_t blob_open(struct keyd *k, const struct keyw_citizen *c, const struct keyw_blob *b, struct blob_open_result *out) MUST_USE;
/* The inner layer: ERR_KEY_PIN. Costs one Argon2id. */
err_t blob_unlock(struct keyd *k, const struct keyw_citizen *c, const struct blob_open_result *o, struct bytes pin,
                  uint8_t scalar[32]) MUST_USE;
err_t point_to_pkey(const uint8_t point[POINT_LEN], const uint8_t *scalar, EVP_PKEY **out) MUST_USE; /* scalar NULL: public only */

/* --- what keyd remembers of citizens (memory.c): bounded, in memory only --- */
struct nonces;
struct pins;
err_t nonces_new(size_t max, struct nonces **out) MUST_USE;
void nonces_free(struct nonces **n);
bool nonces_seen(struct nonces *n, const uint8_t id[32], int64_t now);
/* ERR_KEY_ACTIVATION: used before; ERR_BUSY: full. */
err_t nonces_use(struct nonces *n, const uint8_t id[32], int64_t expires, int64_t now) MUST_USE;
err_t pins_new(size_t max, long tries, long lock_s, struct pins **out) MUST_USE;
void pins_free(struct pins **p);
/* Counts a try before it is made, so that tries at once cannot exceed the limit. ERR_KEY_LOCKED, ERR_BUSY. */
err_t pins_try(struct pins *p, const char *credential, int64_t now) MUST_USE;
void pins_right(struct pins *p, const char *credential); /* the PIN was right: forget the tries */

struct citizen_state {
    struct nonces *nonces;
    struct pins *pins;
};

/* --- process --- */
/* Configuration, keys and state, as a worker and -t have them; the mistakes go to errs. k is zeroed. keyd_free also after a failure. */
err_t keyd_prepare(const char *conf_path, struct keyd *k, FILE *errs) MUST_USE;
void keyd_free(struct keyd *k);
err_t sandbox_early(void) MUST_USE; /* no core, not dumpable, locked heap for keys */
err_t sandbox_user(const char *user, FILE *errs) MUST_USE;
err_t sandbox_close(void) MUST_USE; /* the system call filter, for all threads */
struct server;
err_t server_new(struct keyd *k, int listen_fd, int control_fd, struct server **out) MUST_USE; /* its threads exist and are warm */
err_t server_run(struct server *s) MUST_USE;                                                   /* until the control socket says stop */
void server_free(struct server **s);
int supervise(const char *conf_path);
int worker_main(const char *conf_path, int listen_fd, int control_fd);
enum keyw_status status_of(err_t e);

#endif

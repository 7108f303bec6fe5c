/*
 * JAdES signatures of JSON and of any other content: B-B and B-T; the content inside, or files beside them; read back strictly.
 * Called by antin-sign and signer/verify. ETSI TS 119 182-1 V1.2.1; RFC 7515, RFC 7518, RFC 7797, RFC 8037.
 */
#ifndef ANTIN_FORMATS_JADES_H
#define ANTIN_FORMATS_JADES_H

#include "common/json.h"
#include "common/x509.h"
#include "signer/formats/signing.h"
#include "signer/formats/validation_data.h"

#define JADES_BYTES_MAX (64u << 20)
#define JADES_REFS_MAX 1024
#define JADES_SIGNATURES_MAX 8
#define JADES_STAMPS_MAX 32
#define JADES_CERTS_MAX 64

/*
 * Files that detached signatures speak about. feed passes all bytes of one to take, in as many pieces as it likes, and returns what take fails with;
 * its own failures pass through, ERR_NOT_FOUND among them. name: UTF-8; "": the one content of a signature that does not name it.
 */
typedef err_t jades_take_fn(void *to, struct bytes piece);
struct jades_files {
    err_t (*feed)(void *arg, const char *name, jades_take_fn *take, void *to);
    void *arg;
};

/* --- signing (B-B) --- */

/* RFC 7515 §7: one line for a header or an address; JSON for one signer; JSON for several. Only JSON can have timestamps. */
enum jades_form { JADES_COMPACT, JADES_FLATTENED, JADES_GENERAL };

struct jades_opts {
    int64_t signing_time;
    enum jades_form form;
    const char *mime_type; /* of the content; NULL: application/json when that is what it is, else not told */
    bool plain;            /* the content as it is, not in base64url (RFC 7797); of files always */
};

/*
 * Around the content. ERR_ALGORITHM: key, scheme and digest do not go together, or JOSE has no name for them (SHA-3, Brainpool curves).
 * ERR_SYNTAX: plain content that this form cannot hold (JSON: UTF-8 without NUL; compact: printable ASCII without '.'). ERR_TOO_LARGE. Also what
 * key->sign fails with. Replaces the contents of out.
 */
err_t jades_sign(struct bytes content, const struct jades_opts *o, const struct signing_key *key, struct buf *out) MUST_USE;

/* One file of a detached signature. The digest (by key->hash) is taken of what feed gives when it is empty. */
struct jades_data {
    const char *name;      /* UTF-8, relative; percent-encoded in the signature (RFC 3986) */
    const char *mime_type; /* NULL: application/octet-stream */
    struct bytes digest;
};
/* About files beside it, by their digests (§5.2.8.3.3, ObjectIdByURIHash). ERR_SYNTAX: no file, a bad digest or name. */
err_t jades_sign_files(const struct jades_data *data, size_t n, const struct jades_files *files, const struct jades_opts *o,
                       const struct signing_key *key, struct buf *out) MUST_USE;

/*
 * One more signer of the same content or files (B-B), independent of those there are; the form becomes JADES_GENERAL. What is there must be what was
 * signed: ERR_BAD_SIGNATURE, ERR_NOT_FOUND of files. Of o only signing_time counts.
 */
err_t jades_add_signer(struct bytes jws, const struct jades_files *files, const struct jades_opts *o, const struct signing_key *key,
                       struct buf *out) MUST_USE;

/* --- reading --- */

struct jades_ref {
    char *name;            /* decoded */
    const char *mime_type; /* as it stands there ("json" is application/json); NULL: none */
    struct buf digest;     /* by the signature's ref_alg */
};

enum jades_stamp_kind { JADES_SIGNATURE_STAMP, JADES_ARCHIVE_STAMP };
struct jades_stamp {
    enum jades_stamp_kind kind;
    struct buf token;
    size_t at; /* private: its place among the unsigned properties */
};

struct jades_signature {
    enum sign_scheme scheme;
    enum cms_hash hash;
    const char *curve;     /* ECDSA: the one curve that the algorithm's name stands for */
    struct buf value;      /* as JOSE has it: ECDSA as two numbers side by side */
    const char *mime_type; /* of content inside; NULL: not told */
    bool plain;            /* neither content nor files were base64url-encoded before they were signed */
    bool detached;         /* the content is elsewhere, and not named */
    struct jades_ref *ref; /* files */
    size_t ref_n;
    enum cms_hash ref_alg;
    struct buf cert[JADES_CERTS_MAX]; /* x5c */
    size_t cert_n;
    enum cms_hash cert_alg; /* x5t#S256, x5t#o or sigX5ts: the digest of the signer's certificate; empty: x5c alone names it */
    struct buf cert_digest;
    int64_t signing_time; /* claimed; 0: none */
    struct jades_stamp stamp[JADES_STAMPS_MAX];
    size_t stamp_n;
    struct validation_data values; /* xVals, rVals, axVals, arVals, tstVD */
    bool has_values;
    bool unknown_unsigned; /* there are unsigned properties of a kind that is not read here */
    /* private: */
    json_t *node, *header, *unsigned_properties; /* the signature's object; its protected header; etsiU */
    const char *protected_text, *value_text, *payload;
};

struct jades;
/* Does it look like a JWS, in whichever form? Then nothing else should be made of it. */
bool jades_looks_like(struct bytes file);
/*
 * All signatures of a file, their structure checked to the last member; nothing is believed yet. ERR_JADES: not a JWS, or not as TS 119 182-1 wants it.
 * ERR_ALGORITHM: a name that is not in the table. ERR_UNSUPPORTED: critical parameters that are not understood, other ways to name content than
 * ObjectIdByURIHash, members that are not defined. ERR_TOO_LARGE.
 */
err_t jades_open(struct bytes file, struct jades **out) MUST_USE;
void jades_free(struct jades **j);
#define AUTO_JADES AUTO(jades_free) struct jades *
enum jades_form jades_form_of(const struct jades *j);
size_t jades_count(const struct jades *j);
const struct jades_signature *jades_signature(const struct jades *j, size_t i);

/* Is a file what the signature says? ERR_BAD_SIGNATURE: no. ERR_NOT_FOUND: it is not there. files NULL: no files. */
err_t jades_check_ref(const struct jades_signature *s, size_t i, const struct jades_files *files) MUST_USE;
/* The content inside, decoded. ERR_NOT_FOUND: there is none. Replaces the contents of out. */
err_t jades_content(const struct jades_signature *s, struct buf *out) MUST_USE;
/* Is it the certificate that the protected header names? */
bool jades_names_cert(const struct jades_signature *s, struct bytes cert);
/* The signer's certificate among those that came along; ERR_NOT_FOUND. Borrowed. */
err_t jades_signer(const struct jades_signature *s, struct bytes *cert) MUST_USE;
/*
 * Does the signature value match? ERR_ALGORITHM: the key does not go with the algorithm, or is not accepted. ERR_BAD_SIGNATURE. ERR_NOT_FOUND: the
 * content is elsewhere, and files do not have it.
 */
err_t jades_check_value(const struct jades_signature *s, X509 *cert, const struct jades_files *files) MUST_USE;
const char *jades_alg_name(const struct jades_signature *s); /* "ES256", … */
/* What a timestamp (or, k == stamp_n, a further one of this kind) covers, digested; files as for references. */
err_t jades_stamp_digest(const struct jades_signature *s, size_t k, enum jades_stamp_kind kind, enum cms_hash alg,
                         const struct jades_files *files, uint8_t digest[EVP_MAX_MD_SIZE], size_t *len) MUST_USE;

/* --- levels --- */

struct jades_means {
    const struct stamping *ts; /* for T */
};
/*
 * Raises every signature of a file, ours or not, to B-T; nothing that is signed changes. The compact form becomes the flattened one. On failure *out holds
 * the file at *reached. ERR_UNSUPPORTED: above B-T (which is reached).
 */
err_t jades_raise(struct bytes jws, enum sig_level level, const struct jades_means *m, struct buf *out, enum sig_level *reached) MUST_USE;
/* What its weakest signature's structure claims. */
err_t jades_level(struct bytes jws, enum sig_level *level) MUST_USE;

#endif

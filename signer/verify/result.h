/*
 * What a verification found: per file and per signature, ready to be shown in any language or format.
 * Filled by every step of signer/verify, read by show_*.c. ETSI EN 319 102-1 §5.1.
 */
#ifndef ANTIN_VERIFY_RESULT_H
#define ANTIN_VERIFY_RESULT_H

#include "common/bytes.h"
#include "common/text.h"

enum verdict { TOTAL_PASSED, INDETERMINATE, TOTAL_FAILED }; /* the later outweighs the earlier */
const char *verdict_name(enum verdict v);                   /* "TOTAL-PASSED", … */

enum sub {
    SUB_NONE,
#define SUB(name) SUB_##name,
#include "signer/verify/sub.def"
#undef SUB
    SUB_N
};
const char *sub_name(enum sub s); /* "" for none */

enum note {
#define NOTE(name, code, vi, en) name,
#include "signer/verify/notes.def"
#undef NOTE
    NOTE_N
};
const char *note_code(enum note n);
const char *note_text(enum note n, enum lang lang);

struct finding {
    enum verdict verdict; /* TOTAL_PASSED: a remark */
    enum sub sub;
    enum note note;
    char detail[240];
};
#define FINDINGS_MAX 24
/* A verdict with its reasons: starts as TOTAL_PASSED with none. */
struct findings {
    enum verdict verdict;
    enum sub sub; /* of the first finding that made the verdict what it is */
    struct finding item[FINDINGS_MAX];
    size_t n;
};
/* Adds a finding; the verdict becomes the worse of both. detail may be NULL; control characters in it are replaced. */
void finding_add(struct findings *f, enum verdict v, enum sub s, enum note n, const char *detail);
void finding_addf(struct findings *f, enum verdict v, enum sub s, enum note n, const char *fmt, ...) __attribute__((format(printf, 5, 6)));
/* Takes over all findings of another, each detail after "prefix: " (NULL: as it is). */
void findings_merge(struct findings *f, const struct findings *from, const char *prefix);

/* What a person wants to know of a certificate. Times are seconds since 1970. */
struct cert_facts {
    char name[200]; /* subject's common name */
    char subject[400];
    char issuer_name[200];
    char issuer[400];
    char manager[200]; /* the organisation that manages it: the issuer's organisation, or its name */
    char serial[48];   /* hex */
    int64_t from, to;
    struct buf der; /* to be kept with the result (Circular 15/2025) */
};

enum status { STATUS_NOT_CHECKED, STATUS_GOOD, STATUS_REVOKED, STATUS_REVOKED_LATER, STATUS_UNKNOWN };
const char *status_name(enum status s); /* "good", … */

struct revocation_facts {
    enum status status;
    int64_t revoked_at;               /* the earlier of revocation and invalidity date */
    int reason;                       /* CRLReason, -1: not stated */
    int64_t this_update, next_update; /* of the list that decided; 0: none */
};

enum signature_kind { KIND_PADES, KIND_CADES, KIND_TIMESTAMP, KIND_DOC_TIMESTAMP, KIND_EVIDENCE, KIND_XADES, KIND_JADES, KIND_COUNTER };
const char *kind_name(enum signature_kind k);

#define STAMPS_MAX 16
struct stamp_result {
    struct findings findings;
    int64_t time; /* genTime, seconds; 0: unreadable */
    struct cert_facts tsa;
    char anchor[200];
    char policy[64];
    char serial[48];
    struct revocation_facts revocation;
};

struct signature_result {
    enum signature_kind kind;
    char field[128]; /* PDF field, or "" */
    struct findings findings;
    bool integrity;   /* the content is what was signed */
    bool mathematics; /* the signature matches the key */
    bool path_valid;  /* certificate and issuers valid at the best signature time, revocation aside */
    struct cert_facts signer;
    char anchor[200]; /* name of the trust anchor, or "" */
    struct revocation_facts revocation;
    int64_t claimed_time; /* signing-time attribute or /M; 0: none */
    int64_t best_time;    /* when the signature is known to exist: timestamp, or the time of verification */
    bool time_proven;     /* best_time comes from a valid timestamp */
    char digest_alg[32], signature_alg[48];
    char mime[128];        /* signed mime-type attribute (EN 319 122-1 §5.2.4.2), or "" */
    char scope[300];       /* what was signed; KIND_COUNTER: the name of whose signature */
    bool whole;            /* scope is all of the file */
    uint64_t revision_end; /* PDF: bytes covered with the gap */
    struct stamp_result *stamp;
    size_t stamp_n;
};

/* A component that a sealed manifest names. */
struct component_result {
    char name[260];
    enum { COMPONENT_INTACT, COMPONENT_CHANGED, COMPONENT_MISSING } state;
};

struct file_result {
    char *path;
    const char *format;       /* "PDF", "CMS", "TIMESTAMP", "EVIDENCE", "MANIFEST", "ASIC", "XML", "JWS", "UNKNOWN" */
    struct findings findings; /* of the file; the signatures' verdicts are merged in by file_result_close */
    struct signature_result *signature;
    size_t signature_n;
    struct component_result *component;
    size_t component_n;
    char code[260], procedure[260]; /* of a manifest */
};
/* Appends an empty signature; ERR_TOO_LARGE past SIGNATURES_MAX. *out lives until the next call. */
#define SIGNATURES_MAX 64
err_t file_result_signature(struct file_result *f, enum signature_kind kind, struct signature_result **out) MUST_USE;
err_t signature_result_stamp(struct signature_result *s, struct stamp_result **out) MUST_USE;
/* One more name of what was signed, as far as there is room. */
void signature_result_scope(struct signature_result *s, const char *name);
/* Its timestamps were found from the last to the first: turns them round. */
void signature_result_reverse(struct signature_result *s);
/* It is proven to have existed at t (0: nothing is): the earliest counts. */
void signature_result_existed(struct signature_result *s, int64_t t);
/* Settles the file's verdict: the worst of its own findings and its signatures'; a file without a signature never passes. */
void file_result_close(struct file_result *f);
/* Files without a signature that a valid sealed manifest in the same folder, also among these files, found intact: they pass for its sake. */
void file_results_cover(struct file_result *files, size_t n);
void file_result_free(struct file_result *f);

#endif

/*
 * Associated Signature Containers: files and their signatures in one ZIP archive. ASiC-S: one file with a CAdES signature or a timestamp; ASiC-E: any
 * number of files with XAdES or CAdES signatures. Called by antin-sign, signerd (write) and signer/verify (read). ETSI EN 319 162-1.
 */
#ifndef ANTIN_FORMATS_ASIC_H
#define ANTIN_FORMATS_ASIC_H

#include "signer/formats/asic_manifest.h"
#include "signer/formats/cades.h"
#include "signer/formats/xades.h"
#include "signer/formats/zip.h"

#define ASIC_S_MIME "application/vnd.etsi.asic-s+zip"
#define ASIC_E_MIME "application/vnd.etsi.asic-e+zip"
#define ASIC_SIGNATURES_MAX 64
#define ASIC_CONTENT_MAX (128u << 20) /* bytes of a signed file that must be unpacked; one that is stored may be as large as the archive */

enum asic_type { ASIC_S, ASIC_E };
enum asic_kind { ASIC_CADES, ASIC_XADES, ASIC_TIMESTAMP, ASIC_EVIDENCE };

/* --- reading --- */

/* One file of META-INF that signs. */
struct asic_signature {
    enum asic_kind kind;
    const struct zip_entry *entry;
    /* ASiC-E with CAdES or timestamp: the ASiCManifest that it covers; ASiCArchiveManifest with archive; with evidence ASiCEvidenceRecordManifest. */
    bool archive; /* a timestamp over signatures and all that they cover, for when their certificates and algorithms have faded */
    const struct zip_entry *list_entry;
    struct asic_manifest list;
    struct buf list_own;
    struct bytes list_text;
};

struct asic {
    struct zip zip;
    enum asic_type type;
    struct asic_signature signature[ASIC_SIGNATURES_MAX];
    size_t n;
};

/* Does the archive begin as a container does? Then nothing else should be made of it. */
bool asic_looks_like(struct bytes file);
/*
 * Reads the container's structure; *out borrows from file. What zip_open returns; ERR_ASIC: no mimetype in its place, an ASiC-S without exactly one
 * file and one signature, a signature without a list or a list without a signature, META-INF in other letters; ERR_UNSUPPORTED: files in META-INF
 * that are not known: they may change what the container says.
 */
err_t asic_open(struct bytes file, struct asic *out) MUST_USE;
void asic_close(struct asic *a);
#define AUTO_ASIC AUTO(asic_close) struct asic

/* Does an archive timestamp's list name it? Then it must not change any more. */
bool asic_archived(const struct asic *a, const struct zip_entry *e);
/* A file that can be signed: not mimetype, not in META-INF, no folder. */
bool asic_is_payload(const struct zip_entry *e);
/* What a CAdES signature or timestamp of this container is over: the list, or ASiC-S's file. ERR_TOO_LARGE, ERR_ZIP. */
err_t asic_content(const struct asic *a, const struct asic_signature *s, struct buf *own, struct bytes *view) MUST_USE;
/* A file of a list: is it in the container, and is it what the list says? ERR_NOT_FOUND, ERR_BAD_SIGNATURE (other bytes), ERR_ZIP. */
err_t asic_check(const struct asic *a, const struct asic_reference *r) MUST_USE;
/* The container's files for XAdES: struct xades_files {asic_feed, the struct asic}. */
err_t asic_feed(void *asic, const char *name, EVP_MD_CTX *ctx) MUST_USE;

/* --- writing --- */

struct asic_file {
    const char *name; /* as zip_open takes it; of ASiC-S without '/' */
    const char *media_type;
    struct bytes content;
};

struct asic_opts {
    enum asic_type type;
    int64_t signing_time; /* claimed; also of the archive's entries */
};

/*
 * A container with these files and one signature (B-B) over all of them: CAdES; or, in an ASiC-E, XAdES. ERR_ASIC: no file, two in ASiC-S, two of one
 * name, a bad name, XAdES in ASiC-S.
 */
err_t asic_sign_cades(const struct asic_file *file, size_t n, const struct asic_opts *o, const struct signing_key *key,
                      const struct zip_sink *sink) MUST_USE;
err_t asic_sign_xades(const struct asic_file *file, size_t n, const struct asic_opts *o, const struct signing_key *key,
                      const struct zip_sink *sink) MUST_USE;
/* An ASiC-S with a timestamp over the file. */
err_t asic_stamp(const struct asic_file *file, int64_t time, const struct stamping *ts, const struct zip_sink *sink) MUST_USE;
/*
 * Evidence records (RFC 4998): an ASiC-S with one about the file; an ASiC-E with one more, about all that it holds now, signatures too, which have then
 * been there at that time whatever becomes of their algorithms. ERR_UNSUPPORTED: add to an ASiC-S. ERR_STAMP, ERR_CERT_* and what m->ts gives.
 */
err_t asic_prove(const struct asic_file *file, int64_t time, const struct cades_means *m, const struct zip_sink *sink) MUST_USE;
err_t asic_add_evidence(const struct asic *a, int64_t time, const struct cades_means *m, const struct zip_sink *sink) MUST_USE;
/* One file of a container to be put together: in memory, or read where it lies. */
struct asic_part {
    const char *name, *media_type;
    struct bytes content;
    err_t (*open)(void *arg, const struct asic_part *p, int *fd); /* NULL: content; the descriptor is closed after use */
    void *arg;
    uint64_t size; /* of what open opens */
};
/*
 * An ASiC-E with these files and these <asic:XAdESSignatures>, in this order: signerd makes them with xades_prepare_detached, since the key is elsewhere.
 * ERR_ASIC: no file, two of one name, a bad name. Nothing is verified.
 */
err_t asic_assemble(const struct asic_part *part, size_t n, const struct bytes *signature, size_t signature_n, int64_t time,
                    const struct zip_sink *sink) MUST_USE;
/*
 * The container with one more signature (B-B) over all of its files, of the kind that it has; what is there is not touched. ERR_UNSUPPORTED: in an
 * ASiC-S with a timestamp or XAdES.
 */
err_t asic_add_signature(const struct asic *a, int64_t signing_time, const struct signing_key *key, const struct zip_sink *sink) MUST_USE;
/* The container with a counter-signature over its one CAdES message's signature by this signer. As cades_countersign; ERR_UNSUPPORTED: no such message, or several;
 * ERR_CONFLICT: an archive timestamp covers it. */
err_t asic_countersign(const struct asic *a, size_t signer, int64_t signing_time, const struct signing_key *key, const struct stamping *ts,
                       const struct zip_sink *sink) MUST_USE;
/*
 * The container with all its signatures raised. As cades_raise: on failure of a service the container is written too, each signature at the level it
 * truly has, *reached is the lowest. LTA of an ASiC-E with CAdES is one archive timestamp over all signatures and files (§A.7), since one in a signature
 * would not cover the files; with every further one the list before it is kept under another name. ERR_UNSUPPORTED: a container without signatures;
 * ERR_BAD_SIGNATURE: what an archive timestamp covers has been changed (nothing is written).
 */
err_t asic_raise(const struct asic *a, enum sig_level level, const struct cades_means *m, const struct zip_sink *sink,
                 enum sig_level *reached) MUST_USE;
/* The level of its weakest signature, as the structure claims it; ERR_UNSUPPORTED: none has a level. */
err_t asic_level(const struct asic *a, enum sig_level *level) MUST_USE;

#endif

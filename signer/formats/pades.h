/*
 * PAdES: adds a signature to a PDF by incremental update, so that earlier signatures stay valid.
 * Called by signerd: prepare, have keyd sign the digest, fill. ETSI EN 319 142-1, ISO 32000-1 §12.8.
 *
 *   signed file = original bytes, then prepared.increment
 */
#ifndef ANTIN_FORMATS_PADES_H
#define ANTIN_FORMATS_PADES_H

#include "common/cms.h"
#include "signer/formats/errors.h"
#include "signer/formats/pdf_appearance.h"

/* FieldMDP (ISO 32000-1 §12.8.2.4): the fields of the form whose values this signature fixes. */
enum pades_lock { PADES_LOCK_NONE, PADES_LOCK_ALL, PADES_LOCK_LISTED, PADES_LOCK_OTHERS };

struct pades_opts {
    const char *field_name; /* UTF-8: an empty signature field's, or a new one's; NULL: "Signature1", or the first free number */
    const char *reason;     /* UTF-8 or NULL */
    const char *location;   /* UTF-8 or NULL */
    const char *name;       /* the signer's, UTF-8 or NULL */
    int64_t signing_time;   /* /M, seconds since 1970 */
    size_t contents_room;   /* bytes kept for the CMS (cades_room); 0: PADES_ROOM_DEFAULT */
    int certify;            /* DocMDP permission 1, 2 or 3 (ISO 32000-1 §12.8.2.2): the author's signature; 0: one of approval */
    enum pades_lock lock;
    const char *const *lock_field;           /* full names, UTF-8, of LOCK_LISTED, or of all but which LOCK_OTHERS is; ends with NULL */
    enum cms_hash hash;                      /* of prepared.digest */
    const struct pdf_appearance *appearance; /* what is to be seen, and where; NULL: nothing */
    unsigned accept;         /* what the document may hold besides paper (pdf_active.h); a document timestamp goes over anything */
    bool document_timestamp; /* room for a token over the document (EN 319 142-1 §5.4.3): nothing of the texts and times above is written */
};
#define PADES_ROOM_DEFAULT 16384
#define PADES_ROOM_MAX (4u << 20)

struct pades_prepared {
    struct buf increment;  /* what is to be appended; /Contents holds zeros until pades_fill */
    uint64_t base_size;    /* bytes of the original */
    uint64_t contents_at;  /* absolute offset of '<' */
    uint64_t contents_len; /* with < and > */
    uint64_t byte_range[4];
    uint8_t digest[EVP_MAX_MD_SIZE]; /* of the ByteRange by opts.hash: what is signed (message-digest attribute) */
    size_t digest_len;
};

/*
 * Reads the PDF through the descriptor, never whole in memory, and its bytes once from end to end, for the digest. Failures: those of pdf_open,
 * ERR_PDF_CERTIFIED (DocMDP allows no further signature), ERR_SYNTAX (text that is not UTF-8 or too long), ERR_CONFLICT (the field is signed or no
 * signature field, or has a lock of its own and another is wanted; certifying what is signed already), ERR_PDF_PLACE (the appearance does not stand on a page), ERR_PDF_ACTIVE (it holds what is not accepted; pdf_active_of tells), ERR_TOO_LARGE.
 */
err_t pades_prepare(int fd, const struct pades_opts *opts, struct pades_prepared *out) MUST_USE;
/* Puts the CMS into the placeholder; may be called again with another. ERR_PDF_ROOM when it does not fit: nothing has changed. */
err_t pades_fill(struct pades_prepared *p, struct bytes cms) MUST_USE;
void pades_prepared_free(struct pades_prepared *p);
#define AUTO_PADES AUTO(pades_prepared_free) struct pades_prepared

#endif

/*
 * Foreign PDFs are read in a process that has no key, no network, no files and limited memory and time.
 * Called by rules/component (may it be signed?), rules/activation (prepare the signature) and rules/signed_pdf (raise its level). A reader's crash is a refusal, never the daemon's.
 *
 * A zygote, started by exec of the same program (so that it holds none of the daemon's secrets), gets the PDF's descriptor over a socket and forks
 * one child a document; the child locks itself in by seccomp before it reads the first byte.
 */
#ifndef ANTIN_SIGNER_PDFJAIL_H
#define ANTIN_SIGNER_PDFJAIL_H

#include "signer/formats/pades.h"
#include "signer/formats/pades_dss.h"
#include <stdbool.h>

struct pdfjail;

/* Starts the zygote; again when it died. parallel: documents at once, the rest wait. */
err_t pdfjail_open(unsigned parallel, struct pdfjail **out) MUST_USE;
void pdfjail_close(struct pdfjail **s);

/*
 * As pdf_check and pades_prepare (by SHA-256 alone); besides their failures ERR_PDF_UNREADABLE (the reader crashed, or took too long or too much) and ERR_BUSY.
 * ERR_PDF_ACTIVE: it holds what accept does not; *active is, as with OK, all that it holds. What was accepted once is not asked for again when it is prepared.
 */
struct pdfjail_wish {
    unsigned accept;               /* pdf_active.h */
    const struct pdf_place *place; /* where something is to be seen; NULL: nothing */
    const char *field;             /* in this field; NULL: any */
};
err_t pdfjail_check(struct pdfjail *s, int fd, const struct pdfjail_wish *wish, unsigned *active) MUST_USE;
err_t pdfjail_prepare(struct pdfjail *s, int fd, const struct pades_opts *opts, struct pades_prepared *out) MUST_USE;
/* Is the digest that of the file and its increment, all but the placeholder? pdfjail_prepare asks: a reader that was taken over names what it likes. */
err_t pdfjail_digest_check(int fd, const struct pades_prepared *p) MUST_USE;
/* As pades_dss_update for one signature; *base_size is how much of the file was seen. */
err_t pdfjail_store(struct pdfjail *s, int fd, const struct pades_vri *vri, struct buf *increment, uint64_t *base_size) MUST_USE;
bool pdfjail_alive(struct pdfjail *s);

/* The zygote's main loop; argv[1] that leads to it, and the descriptor where it finds its socket. */
#define PDFJAIL_ARG "--pdf-reader"
#define PDFJAIL_FD 3
int pdfjail_zygote_main(void);

#endif

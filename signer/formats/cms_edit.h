/*
 * A SignedData that grows: certificates, CRLs, OCSP responses, unsigned attributes and signers are added; what was there keeps its bytes and order.
 * Called by cades_sign.c, cades_extend.c and cades_archive.c. RFC 5652 §5, RFC 5940; ETSI EN 319 122-1 §5.3 to §5.5.
 */
#ifndef ANTIN_FORMATS_CMS_EDIT_H
#define ANTIN_FORMATS_CMS_EDIT_H

#include "signer/formats/signed_data.h"
#include "signer/formats/validation_data.h"

struct cms_edit;

/* Takes a message apart (signed_data_parse's failures); BER becomes DER, which changes no signed byte. */
err_t cms_edit_open(struct bytes cms, struct cms_edit **out) MUST_USE;
void cms_edit_free(struct cms_edit **e);
#define AUTO_CMS_EDIT AUTO(cms_edit_free) struct cms_edit *

/* As it was opened: borrowed, and without what has been added since. */
const struct signed_data *cms_edit_base(const struct cms_edit *e);

/* Each is DER and copied; one that is there already stays there once. ERR_TOO_LARGE past SIGNED_DATA_CERTS_MAX and the like. */
err_t cms_edit_add_cert(struct cms_edit *e, struct bytes der) MUST_USE;
err_t cms_edit_add_crl(struct cms_edit *e, struct bytes der) MUST_USE;
err_t cms_edit_add_ocsp(struct cms_edit *e, struct bytes response) MUST_USE;
err_t cms_edit_add_data(struct cms_edit *e, const struct validation_data *v) MUST_USE; /* all of it */
/* Attribute with one value (DER) for the signer with this number; an attribute of the type that is there already stays beside it. */
err_t cms_edit_add_unsigned(struct cms_edit *e, size_t signer, const char *oid, struct bytes value) MUST_USE;
/* One more SignerInfo (cms_signer_info) beside those there are; alg: its digest. ERR_TOO_LARGE. */
err_t cms_edit_add_signer(struct cms_edit *e, enum cms_hash alg, struct bytes signer_info) MUST_USE;

/* The message as it is now, DER but for the order of old elements. */
err_t cms_edit_write(const struct cms_edit *e, struct buf *out) MUST_USE;

#endif

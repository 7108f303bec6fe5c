/*
 * What the files of JAdES share: names of algorithms, and the parts of a JWS.
 * Included by jades_*.c alone. RFC 7515 §3, §7; ETSI TS 119 182-1 §5.
 */
#ifndef ANTIN_FORMATS_JADES_IMPL_H
#define ANTIN_FORMATS_JADES_IMPL_H

#include "common/json.h"
#include "signer/formats/base64.h"
#include "signer/formats/jades.h"

#define JADES_HEADER_MAX (1u << 20) /* bytes of a protected header: certificates and names of files */
#define JADES_TEXT_MAX 1024         /* of a name, a media type, an address in it */
#define JADES_BY_URI_HASH "http://uri.etsi.org/19182/ObjectIdByURIHash"

struct jades {
    json_t *root; /* the compact form as well, as if it were the flattened one */
    enum jades_form form;
    struct jades_signature *signature;
    size_t n;
};

/* --- names --- */

struct jades_alg {
    const char *name;
    enum sign_scheme scheme;
    enum cms_hash hash;
    const char *curve; /* as OpenSSL names it; NULL: not of ECDSA */
};
/* NULL: not in the table. */
const struct jades_alg *jades_alg_of(const char *name);
/* For signing: NULL when JOSE has no name for it. */
const struct jades_alg *jades_alg_for(const struct signing_key *key);
bool jades_alg_fits(const char *curve, const EVP_PKEY *key);
const char *jades_digest_name(enum cms_hash h);                       /* "S256", … */
err_t jades_digest_of(const char *name, enum cms_hash *out) MUST_USE; /* ERR_ALGORITHM */

/* --- reading --- */

/* The protected header, whose text is in s already. */
err_t jades_read_header(const json_t *header, struct jades_signature *s) MUST_USE;
/* Unsigned properties: the array etsiU. */
err_t jades_read_unsigned(json_t *etsi_u, struct jades_signature *s) MUST_USE;
/* A string of a foreign object: ERR_JADES when it is not there, not a string or longer than max. Borrowed. */
err_t jades_need(const json_t *obj, const char *name, size_t max, const char **out) MUST_USE;

/* The content as it goes under the signature, appended. ERR_NOT_FOUND: it is elsewhere, and files do not have it. */
err_t jades_put_payload(const struct jades_signature *s, const struct jades_files *files, struct buf *out) MUST_USE;

/* --- writing --- */

/* Both take v, also when they fail; NULL (no memory for it) is a failure. */
err_t jades_put(json_t *o, const char *name, json_t *v) MUST_USE;
err_t jades_append(json_t *list, json_t *v) MUST_USE;
json_t *jades_text(const struct buf *b);
/* In j->form. Replaces the contents of out. */
err_t jades_write(const struct jades *j, struct buf *out) MUST_USE;
/* Of a file, as a signature that is not plain has it: of its base64url text (§5.2.8.3.3). */
err_t jades_file_digest(const struct jades_files *files, const char *name, bool plain, enum cms_hash alg, uint8_t out[EVP_MAX_MD_SIZE],
                        size_t *len) MUST_USE;

#endif

/*
 * Until when the archive timestamps of a signed file prove anything: the newest one's certificate ends, or an algorithm of it fades (algorithm.h), and it
 * must be covered by another before.
 * Called by antin-sign renew. ETSI EN 319 102-1 §5.4, §5.6.3; EN 319 122-1 §5.5, EN 319 132-1 §5.5, EN 319 142-1 §5.5.
 */
#ifndef ANTIN_FORMATS_FADE_H
#define ANTIN_FORMATS_FADE_H

#include "signer/formats/asic.h"

/*
 * *until: seconds since 1970, the earliest end among the file's signatures, each by its newest archive timestamp. Structure alone is read: whether a
 * timestamp can be believed is a verifier's question. ERR_NOT_FOUND: a signature has none; and what reading the file fails with. A token without its
 * certificate, or by an algorithm that is in no table, has ended already (0): nobody can tell how long it lasts.
 */
err_t fade_of_cms(struct bytes cms, int64_t *until) MUST_USE;
err_t fade_of_pdf(struct bytes file, int64_t *until) MUST_USE;
err_t fade_of_xml(struct bytes xml, int64_t *until) MUST_USE;
err_t fade_of_container(const struct asic *a, int64_t *until) MUST_USE;
/* Of one token. */
err_t fade_of_token(struct bytes token, int64_t *until) MUST_USE;

#endif

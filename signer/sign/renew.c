/*
 * Tells which archive timestamps are about to end.
 * Called by job.c. A file that was renewed is not due any more: whatever ends a run, the next one goes on where it stopped.
 */
#include "signer/sign/renew.h"

#include "common/clock.h"
#include "common/secret.h"
#include "signer/formats/fade.h"
#include "signer/formats/signed_data.h"
#include "signer/formats/tlv.h"
#include <stdio.h>
#include <string.h>

/* --- what it is --- */

static bool has(struct bytes file, const char *part)
{
    return memmem(file.ptr, file.len, part, strlen(part)) != NULL;
}

static bool is_cms(struct bytes file)
{
    AUTO_SIGNED_DATA sd = {0};
    return file.len > 2 && file.len <= SIGNED_DATA_MAX && file.ptr[0] == 0x30 && signed_data_parse(file, &sd) == OK &&
           !tlv_is_oid(sd.content_type, OID_TST_INFO);
}

enum file_format renewal_format(struct bytes file)
{
    if (asic_looks_like(file))
        return FORMAT_ASIC_E;
    if (file.len > 5 && memcmp(file.ptr, "%PDF-", 5) == 0)
        return has(file, "/ByteRange") ? FORMAT_PADES : FORMAT_AUTO;
    if (file.len > 0 && (file.ptr[0] == '<' || file.ptr[0] == 0xef))
        return has(file, "http://uri.etsi.org/01903/v1.4.1#") ? FORMAT_XADES : FORMAT_AUTO;
    return is_cms(file) ? FORMAT_CADES : FORMAT_AUTO;
}

/* --- how long it lasts --- */

static err_t fade_of(enum file_format f, struct bytes file, int64_t *until)
{
    AUTO_ASIC a = {0};
    switch (f) {
    case FORMAT_PADES: return fade_of_pdf(file, until);
    case FORMAT_XADES: return fade_of_xml(file, until);
    case FORMAT_CADES: return fade_of_cms(file, until);
    default: TRY(asic_open(file, &a)); return fade_of_container(&a, until);
    }
}

/* --- how long the service's would --- */

static err_t ask(struct means *m, int64_t *until)
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    AUTO_BUF token = {0};
    random_bytes(digest, sizeof digest);
    if (m->means.ts == NULL)
        return ERR_STAMP;
    TRY(cades_stamp(m->means.ts, BYTES(digest, cms_hash_len(m->means.ts->alg)), &token));
    return fade_of_token(buf_bytes(&token), until);
}

/* Once, when the first file needs it. */
static err_t offered(const struct job_conf *c, struct means *m, int64_t *until)
{
    struct renew_offer *o = c->offer;
    (void)pthread_mutex_lock(&o->mutex);
    if (!o->asked)
        o->err = ask(m, &o->until);
    o->asked = true;
    *until = o->until;
    err_t e = o->err;
    (void)pthread_mutex_unlock(&o->mutex);
    return e;
}

err_t renewal_of(const struct job_conf *c, struct means *m, enum file_format f, struct bytes file, enum renewal *what, int64_t *until)
{
    int64_t longer = 0;
    char text[CLOCK_RFC3339_LEN + 1];
    *what = RENEWAL_NOT;
    *until = 0;
    if (f == FORMAT_AUTO)
        return OK;
    err_t e = fade_of(f, file, until);
    if (e == ERR_NOT_FOUND)
        return OK;
    TRY(e);
    *what = *until > clock_now() + c->within ? RENEWAL_NOT_YET : RENEWAL_DUE;
    if (*what == RENEWAL_NOT_YET)
        return OK;
    TRY(offered(c, m, &longer));
    if (longer > *until)
        return OK;
    clock_rfc3339(longer, text);
    snprintf(m->client.why, sizeof m->client.why, "the service's timestamps end no later: %s", text);
    return ERR_STAMP;
}

/*
 * Says what one signer's attributes, certificate reference, digest and signature value come to.
 * Called by signature.c and stamp.c. RFC 5652 §5.4, §5.6, §11.1, §11.2; ETSI EN 319 102-1 §5.2.
 */
#include "signer/verify/signer.h"

#include "signer/formats/signer_proof.h"
#include "signer/formats/tlv.h"

static void missing(err_t e, const char *name, struct findings *f)
{
    if (e == ERR_NOT_FOUND)
        finding_add(f, INDETERMINATE, SUB_SIG_CONSTRAINTS_FAILURE, NOTE_ATTRIBUTE_MISSING, name);
    else
        finding_add(f, TOTAL_FAILED, SUB_FORMAT_FAILURE, NOTE_FORMAT, name);
}

/* RFC 5652 §11.1, §11.2: without these two the signature covers nothing. */
static bool check_content(const struct signer_info *si, const struct covered *content, const char *content_type, const EVP_MD *md,
                          struct findings *f)
{
    if (!signer_declares(si, content_type)) {
        finding_add(f, TOTAL_FAILED, SUB_FORMAT_FAILURE, NOTE_FORMAT, "content-type");
        return false;
    }
    err_t e = signer_covers(si, content, md);
    if (e == ERR_SYNTAX)
        finding_add(f, TOTAL_FAILED, SUB_FORMAT_FAILURE, NOTE_FORMAT, "message-digest");
    else if (e != OK)
        finding_add(f, TOTAL_FAILED, SUB_HASH_FAILURE, NOTE_HASH, NULL);
    return e == OK;
}

/* EN 319 122-1 §5.2.2 */
static void check_name(const struct signer_info *si, X509 *cert, bool old_ess, struct algorithm_end *end, struct findings *f)
{
    err_t e = signer_names(si, cert, old_ess, end);
    if (e == ERR_CONFLICT)
        finding_add(f, INDETERMINATE, SUB_NO_SIGNING_CERTIFICATE_FOUND, NOTE_SIGNER_CERT_OTHER, NULL);
    else if (e != OK)
        missing(e, "signing-certificate-v2", f);
}

static bool check_value(const struct signer_info *si, X509 *cert, const EVP_MD *md, struct signer_check *out, struct findings *f)
{
    err_t e = signer_value(si, cert, md, out->signature_alg, &out->end);
    if (e == OK)
        return true;
    if (e == ERR_UNSUPPORTED)
        finding_add(f, INDETERMINATE, SUB_CRYPTO_CONSTRAINTS_FAILURE, NOTE_ALGORITHM, out->signature_alg);
    else
        finding_add(f, TOTAL_FAILED, SUB_SIG_CRYPTO_FAILURE, NOTE_SIGNATURE, NULL);
    return false;
}

struct evidence signer_evidence(const struct signed_data *sd, const struct evidence *around)
{
    struct evidence ev = *around;
    if (ev.n < EVIDENCE_SETS_MAX) {
        ev.certs[ev.n] = sd->certs;
        ev.crls[ev.n] = sd->crls;
        ev.ocsp[ev.n] = sd->ocsp;
        ev.ocsp_n[ev.n] = sd->ocsp_n;
        ev.n++;
    }
    return ev;
}

static X509 *find_certificate(const struct signed_data *sd, const struct signer_info *si, const struct evidence *ev)
{
    X509 *cert = signer_certificate(si, sd->certs);
    for (size_t i = 0; i < ev->n && cert == NULL; i++)
        cert = signer_certificate(si, ev->certs[i]);
    return cert;
}

void signer_check(const struct signed_data *sd, const struct signer_info *si, const struct evidence *ev, const struct covered *content,
                  const char *content_type, bool old_ess, struct signer_check *out, struct findings *f)
{
    const EVP_MD *md;
    *out = (struct signer_check){0};
    out->cert = find_certificate(sd, si, ev);
    if (out->cert == NULL)
        finding_add(f, INDETERMINATE, SUB_NO_SIGNING_CERTIFICATE_FOUND, NOTE_SIGNER_CERT_MISSING, NULL);
    if (algorithm_digest(si->digest_alg, &md, out->digest_alg, &out->end) != OK) {
        finding_add(f, INDETERMINATE, SUB_CRYPTO_CONSTRAINTS_FAILURE, NOTE_ALGORITHM, out->digest_alg);
        return;
    }
    if (content_type != NULL && !tlv_is_oid(sd->content_type, content_type))
        finding_add(f, TOTAL_FAILED, SUB_FORMAT_FAILURE, NOTE_FORMAT, "eContentType");
    out->integrity = check_content(si, content, content_type, md, f);
    if (out->cert == NULL)
        return;
    out->mathematics = check_value(si, out->cert, md, out, f);
    check_name(si, out->cert, old_ess, &out->end, f);
}

void signer_weigh_algorithms(const struct algorithm_end *end, int64_t t, bool proven, struct findings *f)
{
    if (algorithm_ended(end, t))
        finding_add(f, INDETERMINATE, proven ? SUB_CRYPTO_CONSTRAINTS_FAILURE : SUB_CRYPTO_CONSTRAINTS_FAILURE_NO_POE, NOTE_ALGORITHM_ENDED,
                    end->name);
}

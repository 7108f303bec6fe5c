/*
 * One CMS signature from its bytes to its verdict: signers, timestamps, best signature time, path, revocation.
 * Called by verify.c, pdf_signatures.c and sealed.c. ETSI EN 319 102-1 §5.3 to §5.5.
 */
#ifndef ANTIN_VERIFY_SIGNATURE_H
#define ANTIN_VERIFY_SIGNATURE_H

#include "signer/verify/context.h"
#include "signer/verify/result.h"

/*
 * Adds one result per signer to f. content: the detached content; NULL: the signature must contain its own. around: certificates and CRLs
 * from outside the message. Never fails: what cannot be read is a finding.
 */
void signature_verify(const struct context *ctx, const struct evidence *around, struct bytes cms, const struct covered *content,
                      enum signature_kind kind, struct file_result *f);

#endif

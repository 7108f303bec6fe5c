/*
 * What the files of a job share: the way to the services, and one function a format.
 * Included by job*.c alone.
 */
#ifndef ANTIN_SIGN_JOB_IMPL_H
#define ANTIN_SIGN_JOB_IMPL_H

#include "signer/formats/jades.h"
#include "signer/formats/xades.h"
#include "signer/sign/job.h"
#include "signer/sign/source.h"
#include "signer/sign/target.h"
#include "signer/sign/tsa_client.h"
#include "signer/sign/web.h"

/* One job's way to the services. */
struct means {
    struct tsa_client client;
    struct stamping ask, ts;
    err_t stamp_failed;
    struct web web;
    struct vdata_source source;
    struct cades_means means;
};
/* The timestamp that a new signature gets with it; NULL: none. */
const struct stamping *job_stamping(const struct job_conf *c, const struct means *m);

/* After a failure: shall it be tried again, with what was kept on disk passed over? Once a job. */
bool job_once_more(struct means *m, err_t e);
bool job_ends_in(const char *s, const char *end); /* in any case of letters, and longer */

/*
 * Each signs or raises in, into the empty target. has_level: the target holds a whole file at r->reached. The error is why the level that was asked for is not
 * reached.
 */
err_t job_pdf(const struct job_conf *c, struct means *m, const struct source *in, struct target *t, struct job_result *r) MUST_USE;
err_t job_cms(const struct job_conf *c, struct means *m, const struct source *in, const char *path, struct target *t,
              struct job_result *r) MUST_USE;
err_t job_xml(const struct job_conf *c, struct means *m, const struct source *in, const char *path, struct target *t,
              struct job_result *r) MUST_USE;
err_t job_json(const struct job_conf *c, struct means *m, const struct source *in, const char *path, struct target *t,
               struct job_result *r) MUST_USE;
/* The new container of these files, or (job_in_place) the container in paths[0]. */
err_t job_asic(const struct job_conf *c, struct means *m, char *const *paths, size_t n, struct target *t, struct job_result *r) MUST_USE;
/* Shall the signature be made once more, without a timestamp, since the service gave none? Then that is why it stays at B-B. */
bool job_without_stamp(const struct means *m, err_t e);
/* A format's way to raise a signature that is in memory. *out stays empty when nothing could be read. */
typedef err_t job_raise_fn(void *arg, struct bytes from, enum sig_level level, struct means *m, struct buf *out, enum sig_level *reached);
/* Raises it, once more when that may help. made: before and after; r: at which level it is. */
err_t job_raise(const struct job_conf *c, struct means *m, job_raise_fn *raise, void *arg, struct buf *made, struct job_result *r) MUST_USE;
/* The same of a signature that has been made at B-B (unless it is one that is extended), when a higher level is wanted. */
err_t job_made(const struct job_conf *c, struct means *m, job_raise_fn *raise, void *arg, struct buf *made, struct job_result *r) MUST_USE;
/* Is this content what each signer of the message signed? Nothing is built upon another. ERR_BAD_SIGNATURE. */
err_t job_cms_is_over(struct bytes cms, const struct covered *content) MUST_USE;
/* The same for XML signatures. ERR_NOT_FOUND: they speak about a file that is not there. */
err_t job_xml_as_it_stands(struct bytes xml, const struct xades_files *files) MUST_USE;
/* The media type that a name's end tells; NULL: none known. */
const char *job_media_type(const char *path);
/* Writes it, unless nothing was made; half a signature is none. Returns e, or why it could not be written. */
err_t job_put(struct target *t, const struct buf *made, err_t e, struct job_result *r) MUST_USE;

#endif

/*
 * Manifest, seal, and the two signatures of the container.
 * Called by rules/signing.
 */
#include "signer/rules/sealing.h"

#include "common/clock.h"
#include "signer/formats/manifest.h"
#include "signer/rules/container.h"
#include "signer/rules/level.h"
#include "signer/rules/naming.h"
#include "signer/rules/results.h"
#include "signer/rules/xmlsign.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- the manifest --- */

static void describe(const struct component *c, const char *signed_name, struct bytes signature, struct manifest_component *out)
{
    out->file = (struct manifest_file){.name = c->name, .size = c->size};
    memcpy(out->file.sha256, c->sha256, SHA256_LEN);
    memcpy(out->file.sha512, c->sha512, SHA512_LEN);
    out->media_type = c->media_type;
    out->signature = (struct manifest_file){.name = signed_name, .size = c->format == FORMAT_PADES ? c->signed_size : signature.len};
    if (c->format == FORMAT_PADES) {
        memcpy(out->signature.sha256, c->signed_sha256, SHA256_LEN);
        memcpy(out->signature.sha512, c->signed_sha512, SHA512_LEN);
    } else {
        sha256(signature, out->signature.sha256);
        sha512(signature, out->signature.sha512);
    }
}

static void names_free(struct names **n)
{
    free(*n);
}

static void components_free(struct manifest_component **c)
{
    free(*c);
}

static err_t write_manifest(const struct sealing *s, struct buf *out)
{
    AUTO(names_free) struct names *names = calloc(1, sizeof *names);
    AUTO(components_free) struct manifest_component *list = calloc(s->n, sizeof *list);
    if (names == NULL || list == NULL)
        return ERR_NOMEM;
    naming_all(s->comp, s->n, names);
    for (size_t i = 0; i < s->n; i++)
        describe(&s->comp[i], names->text[i], s->signature[i], &list[i]);
    const struct manifest m = {
        .code = s->d->code,
        .procedure = s->d->procedure,
        .applicant = s->d->owner,
        .agency = s->d->agency,
        .created = clock_now(),
        .component = list,
        .component_n = s->n,
    };
    return manifest_write(&m, out);
}

/* --- the seal over it --- */

struct making {
    const struct sealing *s;
    struct evidence seal;
    struct container *container;
    enum sig_level want, weakest;
    struct seal_row *out;
};

static void making_free(struct making *k)
{
    evidence_free(&k->seal);
    container_free(&k->container);
}

static void reached(struct making *k, enum sig_level level)
{
    k->weakest = level < k->weakest ? level : k->weakest;
}

/* A manifest always has a timestamp: it says when the dossier was sealed. */
static err_t seal_manifest(struct making *k)
{
    struct means *m = k->s->means;
    uint8_t digest[SHA256_LEN];
    enum sig_level want = k->want < LEVEL_T ? LEVEL_T : k->want, level;
    AUTO(key_signature_free) struct key_signature sig = {0};
    AUTO_BUF token = {0};
    AUTO_BUF cms = {0};
    uint8_t value[SHA256_LEN];
    sha256(buf_bytes(&k->out->manifest), digest);
    TRY(key_seal(m->app->keys, MANIFEST_MIME, digest, &sig));
    cades_signature_digest(buf_bytes(&sig.signature), value);
    m->use = TIMESTAMP_SEAL;
    TRY(cades_stamp(&m->ts, BYTES(value, sizeof value), &token));
    memcpy(k->out->timestamp_serial, m->serial, m->serial_len);
    k->out->timestamp_serial_len = m->serial_len;
    TRY(evidence_assemble(&k->seal, &sig, buf_bytes(&token), &cms));
    m->use = TIMESTAMP_ARCHIVE;
    TRY(results_cms(m, buf_bytes(&cms), digest, want, &k->out->signature, &level));
    reached(k, k->want < LEVEL_T ? k->want : level);
    return OK;
}

/* --- the container --- */

static err_t citizen_signs(struct making *k)
{
    const struct xades_files files = container_files(k->container);
    const struct xmlsign x = {
        .text = buf_bytes(&k->s->container->increment),
        .value_at = (size_t)k->s->container->contents_at,
        .signer = k->s->citizen,
        .signature = k->s->container_signature,
        .files = &files,
        .want = k->want,
    };
    enum sig_level level;
    k->s->means->use = TIMESTAMP_SIGNATURE;
    TRY(xmlsign_finish(k->s->means, &x, &k->out->citizen, &level));
    k->out->citizen_serial_len = k->want > LEVEL_B ? k->s->means->serial_len : 0;
    memcpy(k->out->citizen_serial, k->s->means->serial, k->out->citizen_serial_len);
    reached(k, level);
    return OK;
}

static err_t service_signs(struct making *k)
{
    AUTO(xades_prepared_free) struct xades_prepared p = {0};
    AUTO_BUF signature = {0};
    const struct xades_files files = container_files(k->container);
    struct xmlsign_over over = {.container = true, .time = clock_now()};
    enum sig_level level;
    over.data = container_data(k->container, &over.n);
    TRY(xmlsign_prepare(&over, &k->seal, &p));
    TRY(key_seal_info(k->s->means->app->keys, buf_bytes(&p.signed_info), &signature));
    const struct xmlsign x = {
        .text = buf_bytes(&p.text),
        .value_at = p.value_at,
        .signer = &k->seal,
        .signature = buf_bytes(&signature),
        .files = &files,
        .want = k->want,
    };
    k->s->means->use = TIMESTAMP_SEAL;
    TRY(xmlsign_finish(k->s->means, &x, &k->out->service, &level));
    reached(k, level);
    return OK;
}

static err_t make(struct making *k)
{
    const struct sealing *s = k->s;
    TRY(level_read(s->d->level, &k->want));
    TRY(evidence_for_seal(s->means->app, &k->seal));
    TRY(write_manifest(s, &k->out->manifest));
    TRY(seal_manifest(k));
    TRY(container_new(s->means->app, s->comp, s->n, &k->container));
    TRY(citizen_signs(k));
    const struct container_results results = {
        .signature = s->signature,
        .manifest = buf_bytes(&k->out->manifest),
        .seal = buf_bytes(&k->out->signature),
    };
    container_add_results(k->container, &results);
    TRY(service_signs(k));
    snprintf(k->out->level_reached, sizeof k->out->level_reached, "%s", level_name(k->weakest));
    return OK;
}

err_t sealing_make(const struct sealing *s, struct seal_row *out)
{
    AUTO(making_free) struct making k = {.s = s, .weakest = LEVEL_LTA, .out = out};
    return make(&k);
}

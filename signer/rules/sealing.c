/*
 * Manifest and seal.
 * Called by rules/signing; file names also by the downloads.
 */
#include "signer/rules/sealing.h"

#include "common/clock.h"
#include "signer/formats/manifest.h"
#include "signer/rules/evidence.h"
#include "signer/rules/timestamping.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void seal_free(struct seal *s)
{
    buf_free(&s->manifest);
    buf_free(&s->signature);
}

/* --- names of what comes of a component --- */

void sealing_signed_name(const char *name, bool pdf, char out[SIGNED_NAME_CAP])
{
    const char *ending = pdf ? ".signed.pdf" : ".p7s";
    size_t n = strlen(name);
    if (pdf && n > 4 && strcasecmp(name + n - 4, ".pdf") == 0)
        n -= 4;
    size_t room = COMPONENT_NAME_MAX - strlen(ending);
    if (n > room)
        n = room;
    while (n > 0 && ((unsigned char)name[n] & 0xc0) == 0x80) /* never in the middle of a character */
        n--;
    memcpy(out, name, n);
    memcpy(out + n, ending, strlen(ending) + 1);
}

struct names {
    char text[COMPONENTS_MAX][SIGNED_NAME_CAP];
};

static bool taken(const char *name, const struct sealing_item *items, size_t n, const struct names *made, size_t made_n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(items[i].c->name, name) == 0)
            return true;
    for (size_t i = 0; i < made_n; i++)
        if (strcmp(made->text[i], name) == 0)
            return true;
    return false;
}

/* Two files of one dossier never share a name: "2." and so on goes in front where they would. */
static void choose_name(const struct sealing_item *items, size_t n, struct names *made, size_t i)
{
    sealing_signed_name(items[i].c->name, items[i].c->pdf, made->text[i]);
    for (int k = 2; taken(made->text[i], items, n, made, i); k++) {
        char numbered[COMPONENT_NAME_MAX + 16];
        int len = snprintf(numbered, sizeof numbered, "%d.%s", k, items[i].c->name);
        if (len > COMPONENT_NAME_MAX) { /* too long to number: the place in the dossier is unique */
            snprintf(made->text[i], SIGNED_NAME_CAP, "%zu%s", i + 1, items[i].c->pdf ? ".signed.pdf" : ".p7s");
            return;
        }
        sealing_signed_name(numbered, items[i].c->pdf, made->text[i]);
    }
}

/* --- the manifest --- */

static void describe(const struct sealing_item *item, const char *signed_name, struct manifest_component *out)
{
    const struct component *c = item->c;
    out->file = (struct manifest_file){.name = c->name, .size = c->size};
    memcpy(out->file.sha256, c->sha256, SHA256_LEN);
    memcpy(out->file.sha512, c->sha512, SHA512_LEN);
    out->media_type = c->media_type;
    out->signature = (struct manifest_file){.name = signed_name, .size = c->pdf ? c->signed_size : item->p7s.len};
    if (c->pdf) {
        memcpy(out->signature.sha256, c->signed_sha256, SHA256_LEN);
        memcpy(out->signature.sha512, c->signed_sha512, SHA512_LEN);
    } else {
        sha256(item->p7s, out->signature.sha256);
        sha512(item->p7s, out->signature.sha512);
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

static err_t write_manifest(const struct dossier *d, const struct sealing_item *items, size_t n, struct buf *out)
{
    AUTO(names_free) struct names *names = calloc(1, sizeof *names);
    AUTO(components_free) struct manifest_component *list = calloc(n, sizeof *list);
    if (names == NULL || list == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < n; i++) {
        choose_name(items, n, names, i);
        describe(&items[i], names->text[i], &list[i]);
    }
    const struct manifest m = {
        .code = d->code,
        .procedure = d->procedure,
        .applicant = d->owner,
        .agency = d->agency,
        .created = clock_now(),
        .component = list,
        .component_n = n,
    };
    return manifest_write(&m, out);
}

/* --- the seal --- */

/* The certificate of the key that seals now. */
static err_t seal_certificate(struct app *a, struct buf *cert)
{
    AUTO_BUF room = {0};
    TRY(buf_reserve(&room, KEY_LIST_MAX * sizeof(struct key_info)));
    struct key_info *keys = (struct key_info *)(void *)room.ptr;
    size_t n = 0;
    TRY(key_list(a->keys, KEY_SEAL, keys, &n));
    for (size_t i = 0; i < n; i++)
        if (keys[i].active && keys[i].cert_len > 0)
            return buf_copy(cert, BYTES(keys[i].cert, keys[i].cert_len));
    return ERR_KEYD_REFUSED;
}

static void reply_free(struct key_ts_reply *r)
{
    buf_free(&r->token);
}

err_t sealing_make(struct app *a, const struct dossier *d, const struct sealing_item *items, size_t n, struct seal *out)
{
    TRY(write_manifest(d, items, n, &out->manifest));
    uint8_t digest[SHA256_LEN];
    sha256(buf_bytes(&out->manifest), digest);
    AUTO_BUF cert = {0};
    AUTO(key_signature_free) struct key_signature sig = {0};
    AUTO(evidence_free) struct evidence ev = {0};
    TRY(seal_certificate(a, &cert));
    TRY(evidence_for_seal(a, &ev));
    TRY(key_seal(a->keys, MANIFEST_MIME, digest, &sig));
    struct key_ts_request q;
    AUTO(reply_free) struct key_ts_reply ts = {0};
    timestamp_request_for(buf_bytes(&sig.signature), &q);
    TRY(timestamp_all(a, TIMESTAMP_SEAL, &q, &ts, 1));
    memcpy(out->timestamp_serial, ts.serial, ts.serial_len);
    out->timestamp_serial_len = ts.serial_len;
    const struct assembly parts = {.cert = buf_bytes(&cert), .evidence = &ev, .signature = &sig, .timestamp = buf_bytes(&ts.token)};
    return evidence_assemble(&parts, &out->signature);
}

/*
 * Writes the document security store.
 * Called by pades_raise.c. ETSI EN 319 142-1 §5.4.2.2 (DSS), §5.4.2.3 (VRI).
 */
#include "signer/formats/pades_dss.h"

#include "common/secret.h"
#include "signer/formats/pdf_update.h"
#include <ctype.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STORED_MAX 256 /* streams of each kind */
#define SHA1_LEN 20

enum kind { CERTS, CRLS, OCSPS, KINDS };
static const char *const STORE_KEY[KINDS] = {"/Certs", "/CRLs", "/OCSPs"}, *const VRI_KEY[KINDS] = {"/Cert", "/CRL", "/OCSP"};

/* Streams that are there or will be. */
struct stored {
    int id, generation;
    uint8_t digest[SHA256_LEN];
};

struct store {
    struct pdf *p;
    struct pdf_update u;
    struct stored item[KINDS][STORED_MAX];
    size_t n[KINDS];
};

static qpdf_oh key(struct pdf *p, qpdf_oh dict, const char *name)
{
    return qpdf_oh_get_key_if_dict(pdf_handle(p), dict, name);
}

static qpdf_oh dss_of(struct pdf *p)
{
    return key(p, qpdf_get_root(pdf_handle(p)), "/DSS");
}

/* --- what is there --- */

static err_t remember(struct store *s, enum kind k, qpdf_oh stream)
{
    qpdf_data q = pdf_handle(s->p);
    unsigned char *data = NULL;
    size_t n = 0;
    QPDF_BOOL filtered = QPDF_FALSE;
    if (!qpdf_oh_is_stream(q, stream) || s->n[k] == STORED_MAX)
        return qpdf_oh_is_stream(q, stream) ? ERR_TOO_LARGE : OK;
    struct stored *to = &s->item[k][s->n[k]++];
    to->id = qpdf_oh_get_object_id(q, stream);
    to->generation = qpdf_oh_get_generation(q, stream);
    bool read = (qpdf_oh_get_stream_data(q, stream, qpdf_dl_generalized, &filtered, &data, &n) & QPDF_ERRORS) == 0;
    sha256(BYTES(data, read ? n : 0), to->digest);
    free(data);
    return read ? OK : ERR_PDF_DAMAGED;
}

static err_t read_store(struct store *s)
{
    qpdf_data q = pdf_handle(s->p);
    for (enum kind k = CERTS; k < KINDS; k++) {
        qpdf_oh list = key(s->p, dss_of(s->p), STORE_KEY[k]);
        int n = qpdf_oh_is_array(q, list) ? qpdf_oh_get_array_n_items(q, list) : 0;
        for (int i = 0; i < n; i++)
            TRY(remember(s, k, qpdf_oh_get_array_item(q, list, i)));
    }
    return pdf_faults(s->p);
}

size_t pades_dss_count(struct pdf *p)
{
    qpdf_data q = pdf_handle(p);
    size_t count = 0;
    for (enum kind k = CRLS; k < KINDS; k++) {
        qpdf_oh list = key(p, dss_of(p), STORE_KEY[k]);
        count += qpdf_oh_is_array(q, list) ? (size_t)qpdf_oh_get_array_n_items(q, list) : 0;
    }
    return count;
}

/* ISO 32000-2 table 262: the upper-case SHA-1 names the signature, it protects nothing. */
static err_t vri_name(struct bytes contents, char out[2 * SHA1_LEN + 2])
{
    uint8_t digest[SHA1_LEN];
    if (EVP_Digest(contents.ptr, contents.len, digest, NULL, EVP_sha1(), NULL) != 1)
        return ERR_CRYPTO;
    out[0] = '/';
    hex_encode(BYTES(digest, sizeof digest), out + 1);
    for (char *c = out + 1; *c != '\0'; c++)
        *c = (char)toupper((unsigned char)*c);
    return OK;
}

bool pades_dss_names(struct pdf *p, struct bytes contents)
{
    char name[2 * SHA1_LEN + 2];
    return vri_name(contents, name) == OK && qpdf_oh_is_dictionary(pdf_handle(p), key(p, key(p, dss_of(p), "/VRI"), name));
}

/* --- what is added --- */

/* The stream's place in the store; written now when it is new. */
static err_t put_stream(struct store *s, enum kind k, struct bytes der, const struct stored **out)
{
    uint8_t digest[SHA256_LEN];
    sha256(der, digest);
    for (size_t i = 0; i < s->n[k]; i++) {
        *out = &s->item[k][i];
        if (memcmp(s->item[k][i].digest, digest, sizeof digest) == 0)
            return OK;
    }
    if (s->n[k] == STORED_MAX)
        return ERR_TOO_LARGE;
    struct stored *to = &s->item[k][s->n[k]++];
    *to = (struct stored){.id = pdf_update_new_id(&s->u)};
    memcpy(to->digest, digest, sizeof digest);
    TRY(pdf_update_object_begin(&s->u, to->id, 0));
    TRY(buf_addf(&s->u.out, "<< /Length %zu >>\nstream\n", der.len));
    TRY(buf_add_bytes(&s->u.out, der));
    TRY(buf_add_str(&s->u.out, "\nendstream"));
    *out = to;
    return pdf_update_object_end(&s->u);
}

static const struct buf *items_of(const struct validation_data *v, enum kind k, size_t *n)
{
    *n = k == CERTS ? v->cert_n : k == CRLS ? v->crl_n : v->ocsp_n;
    return k == CERTS ? v->cert : k == CRLS ? v->crl : v->ocsp;
}

/* Writes the streams that are new and, into entry, the references to all of them. */
static err_t put_entry(struct store *s, const struct pades_vri *vri, struct buf *entry)
{
    for (enum kind k = CERTS; k < KINDS; k++) {
        size_t n;
        const struct buf *items = items_of(vri->data, k, &n);
        if (n > 0)
            TRY(buf_addf(entry, " %s [", VRI_KEY[k]));
        for (size_t i = 0; i < n; i++) {
            const struct stored *at;
            TRY(put_stream(s, k, buf_bytes(&items[i]), &at));
            TRY(buf_addf(entry, " %d %d R", at->id, at->generation));
        }
        if (n > 0)
            TRY(buf_add_str(entry, " ]"));
    }
    return OK;
}

static err_t put_lists(struct store *s)
{
    for (enum kind k = CERTS; k < KINDS; k++) {
        if (s->n[k] > 0)
            TRY(buf_addf(&s->u.out, " %s [", STORE_KEY[k]));
        for (size_t i = 0; i < s->n[k]; i++)
            TRY(buf_addf(&s->u.out, " %d %d R", s->item[k][i].id, s->item[k][i].generation));
        if (s->n[k] > 0)
            TRY(buf_add_str(&s->u.out, " ]"));
    }
    return OK;
}

/* Entries of signatures that are not spoken of this time stay. */
static err_t put_old_entries(struct store *s, const struct pades_vri *vri, size_t vri_n)
{
    qpdf_data q = pdf_handle(s->p);
    qpdf_oh old = key(s->p, dss_of(s->p), "/VRI");
    if (!qpdf_oh_is_dictionary(q, old))
        return OK;
    qpdf_oh_begin_dict_key_iter(q, old);
    while (qpdf_oh_dict_more_keys(q)) {
        char name[2 * SHA1_LEN + 2];
        const char *have = qpdf_oh_dict_next_key(q);
        bool again = false;
        for (size_t i = 0; i < vri_n && !again; i++)
            again = vri_name(vri[i].contents, name) == OK && strcmp(name, have) == 0;
        if (!again && strlen(have) < 64 && have[1 + strspn(have + 1, "0123456789ABCDEFabcdef")] == '\0') {
            AUTO_STR copy = strdup(have);
            if (copy == NULL)
                return ERR_NOMEM;
            TRY(buf_addf(&s->u.out, " %s %s", copy, qpdf_oh_unparse(q, key(s->p, old, copy))));
        }
    }
    return pdf_faults(s->p);
}

static err_t put_store(struct store *s, const struct pades_vri *vri, const struct buf *entry, size_t vri_n, int id)
{
    char name[2 * SHA1_LEN + 2];
    TRY(pdf_update_object_begin(&s->u, id, 0));
    TRY(buf_add_str(&s->u.out, "<< /Type /DSS"));
    TRY(put_lists(s));
    TRY(buf_add_str(&s->u.out, "\n/VRI <<"));
    TRY(put_old_entries(s, vri, vri_n));
    for (size_t i = 0; i < vri_n; i++) {
        TRY(vri_name(vri[i].contents, name));
        TRY(buf_addf(&s->u.out, " %s << /Type /VRI%s >>", name, buf_str(&entry[i])));
    }
    TRY(buf_add_str(&s->u.out, " >> >>"));
    return pdf_update_object_end(&s->u);
}

static err_t put_catalog(struct store *s, int dss_id)
{
    qpdf_data q = pdf_handle(s->p);
    qpdf_oh root = qpdf_get_root(q);
    char entry[32];
    snprintf(entry, sizeof entry, "/DSS %d 0 R", dss_id);
    qpdf_oh_remove_key(q, root, "/DSS");
    return pdf_update_rewrite(s->p, &s->u, root, entry);
}

static err_t build(struct store *s, const struct pades_vri *vri, struct buf *entry, size_t vri_n)
{
    TRY(read_store(s));
    TRY(pdf_update_begin(s->p, &s->u));
    for (size_t i = 0; i < vri_n; i++)
        TRY(put_entry(s, &vri[i], &entry[i]));
    int id = pdf_update_new_id(&s->u);
    TRY(put_store(s, vri, entry, vri_n, id));
    TRY(put_catalog(s, id));
    return pdf_update_finish(s->p, &s->u);
}

static void entries_free(struct buf **entry, size_t n)
{
    for (size_t i = 0; *entry != NULL && i < n; i++)
        buf_free(&(*entry)[i]);
    free(*entry);
}

err_t pades_dss_update(struct pdf *p, const struct pades_vri *vri, size_t vri_n, struct buf *increment)
{
    if (vri_n == 0)
        return OK;
    struct store *s = calloc(1, sizeof *s);
    if (s == NULL)
        return ERR_NOMEM;
    s->p = p;
    struct buf *entry = calloc(vri_n, sizeof *entry);
    err_t e = entry != NULL ? build(s, vri, entry, vri_n) : ERR_NOMEM;
    if (e == OK)
        *increment = take(&s->u.out);
    entries_free(&entry, vri_n);
    pdf_update_free(&s->u);
    free(s);
    return e;
}

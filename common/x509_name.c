/*
 * Distinguished names as text that nothing in the name can forge.
 * Called by antin-verify, signerd and antin-ca. RFC 4514.
 */
#include "common/x509.h"

#include <openssl/err.h>
#include <string.h>

static const char *attr_label(const ASN1_OBJECT *o, char *room, size_t cap)
{
    int nid = OBJ_obj2nid(o);
    if (nid != NID_undef)
        return OBJ_nid2sn(nid);
    OBJ_obj2txt(room, (int)cap, o, 1);
    return room;
}

/* RFC 4514 §2.4: separators and quotes get a backslash; control characters become \XX so that no name can forge a line of a report. */
static err_t add_escaped(struct buf *out, const uint8_t *s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint8_t c = s[i];
        bool edge = (i == 0 && (c == ' ' || c == '#')) || (i + 1 == n && c == ' ');
        if (c < 0x20 || c == 0x7f)
            TRY(buf_addf(out, "\\%02X", c));
        else if (edge || strchr(",+\"\\<>;=", c))
            TRY(buf_addf(out, "\\%c", c));
        else
            TRY(buf_add(out, &c, 1));
    }
    return OK;
}

/* The value as UTF-8, whatever string type it came in (BMPString, T61String …). */
static err_t attr_utf8(const X509_NAME_ENTRY *e, uint8_t **s, size_t *n)
{
    int len = ASN1_STRING_to_UTF8(s, X509_NAME_ENTRY_get_data(e));
    if (len < 0) {
        ERR_clear_error();
        return ERR_SYNTAX;
    }
    *n = (size_t)len;
    return OK;
}

static err_t add_attr(struct buf *out, const X509_NAME_ENTRY *e, const char *sep)
{
    char room[80];
    uint8_t *s = NULL;
    size_t n = 0;
    TRY(buf_addf(out, "%s%s=", sep, attr_label(X509_NAME_ENTRY_get_object(e), room, sizeof room)));
    TRY(attr_utf8(e, &s, &n));
    err_t err = add_escaped(out, s, n);
    OPENSSL_free(s);
    return err;
}

err_t x509_name_text(const X509_NAME *n, struct buf *out)
{
    int count = X509_NAME_entry_count(n);
    for (int i = count - 1; i >= 0; i--) {
        const X509_NAME_ENTRY *e = X509_NAME_get_entry(n, i);
        bool first = i == count - 1;
        bool joined = !first && X509_NAME_ENTRY_set(e) == X509_NAME_ENTRY_set(X509_NAME_get_entry(n, i + 1));
        TRY(add_attr(out, e, first ? "" : joined ? "+" : ", "));
    }
    return OK;
}

err_t x509_name_attr(const X509_NAME *n, int nid, struct buf *out)
{
    int at = -1;
    for (int i; (i = X509_NAME_get_index_by_NID(n, nid, at)) >= 0;)
        at = i;
    if (at < 0)
        return ERR_NOT_FOUND;
    uint8_t *s = NULL;
    size_t len = 0;
    TRY(attr_utf8(X509_NAME_get_entry(n, at), &s, &len));
    err_t e = buf_copy(out, BYTES(s, len));
    OPENSSL_free(s);
    return e;
}

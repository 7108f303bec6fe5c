/*
 * Refuses what the library lets through: the shapes from which request smuggling is made.
 * Called once a request, when the library says that its header is complete.
 * RFC 9112 §11.2 (request smuggling).
 *
 * libmicrohttpd 0.9.75 ends a line at a bare LF and a header at a line that begins with NUL or colon, joins folded lines, skips
 * doubled spaces, takes the first of two Content-Lengths and prefers Transfer-Encoding to Content-Length without a word. So the
 * bytes that came (http_wire.c) are read once more, strictly (http_head.c), and the two readings must agree on where the header
 * begins and ends and how many fields it has. A Content-Length that is no number the library refuses itself, with a 400 whose
 * header it sends twice, and closes.
 */
#include "common/http_internal.h"
#include <string.h>

static err_t read_and_compare(struct http_req *r, const char *method)
{
    struct bytes raw;
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(r->mhd, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    if (info == NULL)
        return ERR_INTERNAL;
    if (info->header_size > HTTP_HEAD_MAX)
        return ERR_HEAD_TOO_LARGE;
    if (http_wire_header(r->conn, info->header_size, &raw) != OK)
        return http_refuse("the header's beginning is not where the library says");
    TRY(http_head_read(r, raw));
    size_t theirs = (size_t)MHD_get_connection_values(r->mhd, MHD_HEADER_KIND, NULL, NULL);
    return theirs == r->headers && strcmp(method, r->method) == 0 ? OK : http_refuse("the library reads another header");
}

err_t http_guard(struct http_req *r, const char *method)
{
    err_t e = read_and_compare(r, method);
    struct bytes raw;
    if (e == OK && !r->chunked && http_wire_header(r->conn, r->head_len, &raw) == OK)
        http_wire_pass(r->conn, raw, r->length);
    else
        http_wire_forget(r->conn); /* refused or chunked: no further request is taken from this connection */
    return e;
}

/*
 * The callbacks that http_server.c registers with libmicrohttpd and http.c implements.
 */
#ifndef ANTIN_HTTP_SERVER_H
#define ANTIN_HTTP_SERVER_H

#include "common/http_internal.h"

void http_on_connection(void *cls, struct MHD_Connection *mhd, void **ctx, enum MHD_ConnectionNotificationCode what);
void *http_on_target(void *cls, const char *target, struct MHD_Connection *mhd);
size_t http_on_unescape(void *cls, struct MHD_Connection *mhd, char *s);
enum MHD_Result http_on_access(void *cls, struct MHD_Connection *mhd, const char *url, const char *method, const char *version,
                               const char *data, size_t *size, void **ctx);
void http_on_end(void *cls, struct MHD_Connection *mhd, void **ctx, enum MHD_RequestTerminationCode why);

#endif

/*
 * Table logout_notice: clients that must hear of a session's end; and whose frames the page of a logout shows.
 * Called by rules/notify.c and endpoints/logout.c.
 */
#ifndef ANTIN_IDP_STORE_LOGOUT_H
#define ANTIN_IDP_STORE_LOGOUT_H

#include "idp/store/grant.h"

/* A part of each statement that ends sessions: notices are written in the same transaction. ended: a CTE with sid and account_id. */
#define LOGOUT_NOTICES(ended, only)                                                                                         \
    "notices AS (INSERT INTO idp.logout_notice (client_id, sub, sid) SELECT DISTINCT g.client_id, g.sub, g.sid FROM " ended \
    " e JOIN idp.access_grant g ON g.sid = e.sid JOIN idp.client k ON k.id = g.client_id"                                   \
    " WHERE k.backchannel_uri IS NOT NULL AND k.state = 'active' AND " only " ON CONFLICT DO NOTHING)"

/* The same, as a plain word, for statements whose CTE is called s. */
#define TELL_CLIENTS LOGOUT_NOTICES("s", "true")

struct logout_notice {
    char id[UUID_LEN + 1];
    char client_id[CLIENT_ID_MAX + 1];
    char sub[SUB_LEN + 1];
    char sid[UUID_LEN + 1];
    char uri[URI_MAX + 1]; /* "" when the client has none any more */
    int tries;             /* this one among them */
};
#define LOGOUT_BATCH 8
/* Notices that are due; each is somebody else's no more until a pause that doubles with each try is over. */
err_t logout_take(struct db_pool *p, struct logout_notice out[LOGOUT_BATCH], size_t *n) MUST_USE;
/* Taken by the client, or given up: the row goes, the event stays. */
err_t logout_done(struct db_pool *p, const struct logout_notice *n, bool told) MUST_USE;

/* frontchannel_uri of each client that the session was used for. */
err_t logout_frames(struct db_pool *p, const char *sid, struct db_rows **rows) MUST_USE;

#endif

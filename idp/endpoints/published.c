/*
 * Documents made once for each set of keys.
 * Called through published.h.
 */
#include "idp/endpoints/published.h"
#include "idp/endpoints/page.h"
#include "idp/rules/jwks.h"

/* The document as it was made for this version of the keys, held; NULL: it was not made yet. */
static struct http_shared *kept(struct published *p, enum published_doc doc, uint64_t version)
{
    struct http_shared *s = NULL;

    pthread_mutex_lock(&p->lock);
    if (p->doc[doc] && p->version[doc] == version)
        s = http_shared_hold(p->doc[doc]);
    pthread_mutex_unlock(&p->lock);
    return s;
}

static void keep(struct published *p, enum published_doc doc, uint64_t version, struct http_shared *s)
{
    pthread_mutex_lock(&p->lock);
    struct http_shared *old = p->doc[doc];
    p->doc[doc] = http_shared_hold(s);
    p->version[doc] = version;
    pthread_mutex_unlock(&p->lock);
    http_shared_free(&old);
}

err_t published_reply(struct http_req *r, const struct published_kind *k)
{
    struct app *a = app_of(r);
    AUTO(http_shared_free) struct http_shared *s = NULL;
    uint64_t version = 0;

    if (jwks_cache_fresh(a->jwks, &version))
        s = kept(&a->published, k->doc, version);
    if (!s && !http_may_wait(r))
        return ERR_WAITS;
    if (!s) {
        AUTO_BUF body = {0};
        /* The version first: what is made of newer keys than it says is only made once more. */
        TRY(jwks_cache_version(a->jwks, &version));
        s = kept(&a->published, k->doc, version);
        if (!s) {
            TRY(k->make(a, &body));
            TRY(http_shared_make(r, k->type, k->cache, &body, &s));
            keep(&a->published, k->doc, version, s);
        }
    }
    http_reply_shared(r, s);
    return OK;
}

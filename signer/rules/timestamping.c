/*
 * Timestamps with their rows.
 * Called by endpoints/tsa, rules/signing and rules/sealing. RFC 3161 §2.3: the serial number is unique, and we can show every one.
 */
#include "signer/rules/timestamping.h"

#include "signer/formats/cades.h"
#include "signer/store/timestamp.h"

struct job {
    const char *policy, *purpose;
    const struct key_ts_request *q;
    const struct key_ts_reply *reply;
    size_t n;
};

static const char *const purposes[] = {"tsa", "signature", "seal"};

static err_t insert_all(struct db *db, void *arg)
{
    const struct job *j = arg;
    for (size_t i = 0; i < j->n; i++) {
        size_t len = cms_hash_len(j->q[i].alg);
        const struct timestamp_row row = {
            .serial = BYTES(j->reply[i].serial, j->reply[i].serial_len),
            .gen_time = j->reply[i].gen_time_us / 1000000,
            .policy = j->policy,
            .purpose = j->purpose,
            .hash = (int)(8 * len),
            .imprint = BYTES(j->q[i].imprint, len),
        };
        TRY(timestamp_insert(db, &row));
    }
    return OK;
}

err_t timestamp_all(struct app *a, enum timestamp_use use, const struct key_ts_request *q, struct key_ts_reply *out, size_t n)
{
    for (size_t i = 0; i < n; i++)
        TRY(key_timestamp(a->keys, &q[i], &out[i]));
    struct job j = {.policy = a->conf.tsa_policy, .purpose = purposes[use], .q = q, .reply = out, .n = n};
    return db_do(a->db, n == 1 ? DB_AUTOCOMMIT : DB_TX, insert_all, &j);
}

void timestamp_request_for(struct bytes signature, struct key_ts_request *out)
{
    *out = (struct key_ts_request){.alg = CMS_SHA256, .cert_req = true};
    cades_signature_digest(signature, out->imprint);
}

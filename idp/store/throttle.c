/*
 * Table throttle: statements, typed parameters and results.
 * Called by rules/throttle.c.
 */
#include "idp/store/throttle.h"
#include "idp/store/statements.h"

/*
 * Counted before the password is checked, so that guesses sent at once are all counted. An attempt at a closed bucket changes
 * nothing (the WHERE of
 * the update) and gets the seconds to wait from the second part. A day begins with new rows (old ones go as a whole), but what was closed stays closed.
 */
const struct db_stmt st_throttle_try = {
    "throttle_try",
    "WITH n AS (INSERT INTO idp.throttle AS t (bucket, fails, since) SELECT $1, 1, now()"
    "  WHERE NOT EXISTS (SELECT 1 FROM idp.throttle WHERE bucket = $1 AND day < current_date AND until > now())"
    "  ON CONFLICT (bucket, day) DO UPDATE SET"
    "   fails = CASE WHEN t.since < now() - make_interval(secs => $3::bigint) THEN 1 ELSE t.fails + 1 END,"
    "   since = now(),"
    "   until = CASE WHEN t.since >= now() - make_interval(secs => $3::bigint) AND t.fails + 1 >= $2::bigint"
    "    THEN now() + least(make_interval(secs => $3::bigint), interval '30 seconds' * power(2, least(t.fails + 1 - $2::bigint, 16))) END"
    "  WHERE t.until IS NULL OR t.until <= now() RETURNING 0::bigint AS wait)"
    " SELECT wait FROM n UNION ALL"
    " SELECT greatest(1, ceil(extract(epoch FROM until - now())))::bigint FROM idp.throttle"
    "  WHERE bucket = $1 AND until > now() AND NOT EXISTS (SELECT 1 FROM n) LIMIT 1",
    3,
};
const struct db_stmt st_throttle_forgive = {
    "throttle_forgive",
    "UPDATE idp.throttle SET fails = greatest(fails - 1, 0) WHERE bucket = $1 AND day = current_date",
    1,
};

const struct db_stmt st_throttle_count = {
    "throttle_count",
    "INSERT INTO idp.throttle AS t (bucket, fails, since) VALUES ($1, 1, now()) ON CONFLICT (bucket, day) DO UPDATE SET"
    "  fails = CASE WHEN t.since <= now() - make_interval(secs => $3::bigint) THEN 1 ELSE least(t.fails, $2::bigint)::int + 1 END,"
    "  since = CASE WHEN t.since <= now() - make_interval(secs => $3::bigint) THEN now() ELSE t.since END"
    " RETURNING CASE WHEN fails > $2::bigint"
    "  THEN greatest(1, ceil(extract(epoch FROM since + make_interval(secs => $3::bigint) - now())))::bigint ELSE 0 END",
    3,
};

err_t throttle_row_try(struct db_pool *p, const uint8_t bucket[HASH_LEN], int64_t limit, int64_t window, int64_t *wait)
{
    AUTO_ROWS r = NULL;

    TRY(store_query(p, &st_throttle_try, (struct db_param[]){HASH_PARAM(bucket), DB_INT(limit), DB_INT(window)}, &r));
    *wait = db_count(r) > 0 ? db_int(r, 0, 0) : 1; /* no row: it closed between the two parts */
    return OK;
}

err_t throttle_row_count(struct db_pool *p, const uint8_t bucket[HASH_LEN], int64_t limit, int64_t window, int64_t *wait)
{
    AUTO_ROWS r = NULL;

    TRY(store_one(p, &st_throttle_count, (struct db_param[]){HASH_PARAM(bucket), DB_INT(limit), DB_INT(window)}, &r));
    *wait = db_int(r, 0, 0);
    return OK;
}

err_t throttle_row_forgive(struct db_pool *p, const uint8_t bucket[HASH_LEN])
{
    return store_query(p, &st_throttle_forgive, (struct db_param[]){HASH_PARAM(bucket)}, NULL);
}

-- What expires is kept by time: each partition goes as a whole, nothing is deleted row by row. Names of sessions, codes, refresh tokens, devices and pushed or
-- waiting requests carry 48 bits of time in front (milliseconds since 1970 until which they matter), and so do the ids of grants: a look-up by
-- name finds its partition, and new rows lie side by side. A grant's code and refresh tokens carry their grant's time. No foreign keys here:
-- an account or a client is found by joining, a partition is dropped without asking.
CREATE TABLE idp.partition_rule (
    parent    text PRIMARY KEY,
    key       text NOT NULL CHECK (key IN ('time', 'bytes', 'uuid')),
    step      text NOT NULL CHECK (step IN ('hour', 'day', 'month')),
    life      text NOT NULL CHECK (life IN ('short', 'request', 'session', 'grant')),
    keep      interval CHECK (keep >= interval '1 hour'),
    old_until timestamptz
);
COMMENT ON TABLE idp.partition_rule IS 'How each table is cut by time. Written by migrations alone.';
COMMENT ON COLUMN idp.partition_rule.key IS 'What it is cut by: a time or date; bytes or a uuid that begin with 48 bits of milliseconds.';
COMMENT ON COLUMN idp.partition_rule.life IS 'How long its rows live, so how far ahead partitions are made; short: two hours at most. The others are settings of the daemon.';
COMMENT ON COLUMN idp.partition_rule.keep IS 'How long a partition stays after its end. NULL: for ever, it can be detached by hand.';
COMMENT ON COLUMN idp.partition_rule.old_until IS 'End of what was made before names carried their time (partition NAME_old).';
INSERT INTO idp.partition_rule (parent, key, step, life, keep) VALUES
    ('access_grant', 'uuid', 'month', 'grant', '1 day'),
    ('refresh_token', 'bytes', 'month', 'grant', '1 day'),
    ('code', 'bytes', 'month', 'grant', '1 day'),
    ('session', 'bytes', 'day', 'session', '1 day'),
    ('auth_request', 'bytes', 'day', 'request', '1 hour'),
    ('device', 'bytes', 'day', 'short', '1 day'),
    ('pushed_request', 'bytes', 'hour', 'short', '1 hour'),
    ('seen', 'time', 'hour', 'short', '1 hour'),
    ('throttle', 'time', 'day', 'short', '1 day'),
    ('idempotency', 'time', 'day', 'short', '1 day'),
    ('audit', 'time', 'month', 'short', NULL);

CREATE FUNCTION idp.partition_hex(at timestamptz) RETURNS text LANGUAGE sql IMMUTABLE AS
$$ SELECT lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') $$;
COMMENT ON FUNCTION idp.partition_hex IS 'The 48 bits in front of names, as 12 hexadecimal digits.';

CREATE FUNCTION idp.partition_bound(key text, at timestamptz) RETURNS text LANGUAGE sql STABLE SET timezone = 'UTC' AS
$$
SELECT CASE key WHEN 'time' THEN to_char(at, 'YYYY-MM-DD HH24:MI:SS+00') WHEN 'bytes' THEN '\x' || idp.partition_hex(at)
    ELSE substr(idp.partition_hex(at), 1, 8) || '-' || substr(idp.partition_hex(at), 9, 4) || '-0000-0000-000000000000' END
$$;

CREATE FUNCTION idp.make_partitions(grant_s bigint, session_s bigint, request_s bigint) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' SET lock_timeout = '2s' AS
$$
DECLARE
    r record;
    t timestamptz;
    life interval;
    made bigint := 0;
    child text;
BEGIN
    PERFORM pg_advisory_xact_lock(7310572063870611822); -- one process of several
    FOR r IN SELECT p.*, ('1 ' || p.step)::interval AS length FROM idp.partition_rule p ORDER BY p.parent LOOP
        life := make_interval(secs => greatest(7200, CASE r.life WHEN 'grant' THEN least(grant_s, 34560000) WHEN 'session' THEN least(session_s, 691200)
            WHEN 'request' THEN least(request_s, 172800) ELSE 0 END));
        t := date_trunc(r.step, now() - coalesce(r.keep, interval '0'));
        WHILE t <= now() + life + r.length LOOP
            child := r.parent || '_p' || to_char(t, CASE r.step WHEN 'month' THEN 'YYYYMM' WHEN 'day' THEN 'YYYYMMDD' ELSE 'YYYYMMDDHH24' END);
            IF to_regclass(format('idp.%I', child)) IS NULL THEN
                -- Attached, not created in place: that would wait for everybody who reads the table.
                EXECUTE format('CREATE TABLE idp.%I (LIKE idp.%I INCLUDING ALL)', child, r.parent);
                EXECUTE format('ALTER TABLE idp.%I ATTACH PARTITION idp.%I FOR VALUES FROM (%L) TO (%L)', r.parent, child,
                    idp.partition_bound(r.key, t), idp.partition_bound(r.key, t + r.length));
                made := made + 1;
            END IF;
            t := t + r.length;
        END LOOP;
    END LOOP;
    RETURN made;
END
$$;
COMMENT ON FUNCTION idp.make_partitions IS 'Makes the partitions that rows of today and of the coming lives need (seconds; 400 days, 8 and 2 at most). How many it made.';

CREATE FUNCTION idp.drop_partition() RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' SET lock_timeout = '300ms' AS
$$
DECLARE
    child text;
BEGIN
    PERFORM pg_advisory_xact_lock(7310572063870611822);
    SELECT c.relname INTO child
        FROM idp.partition_rule p JOIN pg_inherits i ON i.inhparent = format('idp.%I', p.parent)::regclass JOIN pg_class c ON c.oid = i.inhrelid
        WHERE p.keep IS NOT NULL AND now() >= p.keep + CASE
            WHEN c.relname = p.parent || '_old' THEN p.old_until
            WHEN c.relname ~ ('^' || p.parent || '_p[0-9]+$') THEN
                to_timestamp(substr(c.relname, length(p.parent) + 3), CASE p.step WHEN 'month' THEN 'YYYYMM' WHEN 'day' THEN 'YYYYMMDD' ELSE 'YYYYMMDDHH24' END)
                + ('1 ' || p.step)::interval
            END
        ORDER BY random() LIMIT 1;
    IF child IS NOT NULL THEN
        EXECUTE format('DROP TABLE idp.%I', child);
    END IF;
    RETURN child;
END
$$;
COMMENT ON FUNCTION idp.drop_partition IS 'Drops one partition whose time is over, and says which; NULL: there is none. Waits a moment at most for those who read: better later than that all wait.';
REVOKE ALL ON FUNCTION idp.partition_hex, idp.partition_bound, idp.make_partitions, idp.drop_partition FROM PUBLIC;
GRANT EXECUTE ON FUNCTION idp.make_partitions, idp.drop_partition TO antin_idp;

ALTER TABLE idp.session RENAME TO session_0;
ALTER TABLE idp.auth_request RENAME TO auth_request_0;
ALTER TABLE idp.access_grant RENAME TO access_grant_0;
ALTER TABLE idp.code RENAME TO code_0;
ALTER TABLE idp.refresh_token RENAME TO refresh_token_0;
ALTER TABLE idp.device RENAME TO device_0;
ALTER TABLE idp.pushed_request RENAME TO pushed_request_0;
ALTER TABLE idp.seen RENAME TO seen_0;
ALTER TABLE idp.throttle RENAME TO throttle_0;
ALTER TABLE idp.idempotency RENAME TO idempotency_0;

CREATE TABLE idp.session (
    id_hash    bytea NOT NULL CHECK (length(id_hash) = 38),
    sid        uuid NOT NULL,
    account_id uuid NOT NULL,
    auth_time  timestamptz NOT NULL DEFAULT now(),
    seen_at    timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    ended_at   timestamptz,
    CONSTRAINT session_name PRIMARY KEY (id_hash)
) PARTITION BY RANGE (id_hash);
CREATE INDEX session_by_sid ON idp.session (sid);
CREATE INDEX session_by_account ON idp.session (account_id);
COMMENT ON TABLE idp.session IS 'Single sign-on sessions. The cookie''s value is known here only by its time and its SHA-256.';
COMMENT ON COLUMN idp.session.sid IS 'The public name of the session: the sid claim of ID tokens.';

CREATE TABLE idp.auth_request (
    id_hash        bytea NOT NULL CHECK (length(id_hash) = 38),
    browser_hash   bytea NOT NULL CHECK (length(browser_hash) = 32),
    client_id      text NOT NULL,
    redirect_uri   text NOT NULL,
    scope          text NOT NULL,
    state          text,
    nonce          text,
    challenge      text NOT NULL,
    prompt_login   boolean NOT NULL,
    prompt_consent boolean NOT NULL,
    max_age        bigint,
    login_hint     bytea,
    created_at     timestamptz NOT NULL DEFAULT now(),
    expires_at     timestamptz NOT NULL,
    login_at       timestamptz,
    done_at        timestamptz,
    response_mode  text NOT NULL DEFAULT 'query' CHECK (response_mode IN ('query', 'form_post', 'query.jwt', 'form_post.jwt')),
    device_hash    bytea CHECK (length(device_hash) = 38),
    level_min      smallint NOT NULL DEFAULT 0 CHECK (level_min BETWEEN 0 AND 9),
    want_sub       text CHECK (length(want_sub) <= 63),
    dpop_jkt       text CHECK (length(dpop_jkt) = 43),
    resource       text CHECK (length(resource) <= 512),
    CONSTRAINT auth_request_name PRIMARY KEY (id_hash)
) PARTITION BY RANGE (id_hash);
COMMENT ON TABLE idp.auth_request IS 'Authorization requests that wait for a person. Only the browser that brought one can go on with it.';
COMMENT ON COLUMN idp.auth_request.login_at IS 'When the person signed in for this very request (prompt=login).';
COMMENT ON COLUMN idp.auth_request.login_hint IS 'Sealed: it may be a personal number.';
COMMENT ON COLUMN idp.auth_request.done_at IS 'Answered: a second answer is refused.';
COMMENT ON COLUMN idp.auth_request.device_hash IS 'Not a redirect but this device gets the answer.';
COMMENT ON COLUMN idp.auth_request.level_min IS 'Level of identification without which the client wants no answer (essential acr).';
COMMENT ON COLUMN idp.auth_request.want_sub IS 'The one person whom the client means (claims parameter); anybody else gets no answer.';
COMMENT ON COLUMN idp.auth_request.dpop_jkt IS 'Thumbprint of the key that the code will be bound to (RFC 9449 §10).';
COMMENT ON COLUMN idp.auth_request.resource IS 'The one resource that tokens shall be for (RFC 8707); NULL: by scope.';

CREATE TABLE idp.access_grant (
    id          uuid NOT NULL,
    account_id  uuid NOT NULL,
    client_id   text NOT NULL,
    scope       text NOT NULL,
    sub         text NOT NULL,
    sid         uuid NOT NULL,
    auth_time   timestamptz NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    expires_at  timestamptz NOT NULL,
    revoked_at  timestamptz,
    revoked_why text,
    dpop_jkt    text CHECK (length(dpop_jkt) = 43),
    resource    text CHECK (length(resource) <= 512),
    CONSTRAINT access_grant_id PRIMARY KEY (id)
) PARTITION BY RANGE (id);
CREATE INDEX access_grant_by_account ON idp.access_grant (account_id);
CREATE INDEX access_grant_by_sid ON idp.access_grant (sid);
COMMENT ON TABLE idp.access_grant IS 'What one authorization allows. Access tokens name it; a revoked one makes them worthless here.';
COMMENT ON COLUMN idp.access_grant.id IS 'UUID version 8 (RFC 9562 §5.8): its end in milliseconds, then random bits.';
COMMENT ON COLUMN idp.access_grant.sub IS 'The person''s pairwise subject at this client.';
COMMENT ON COLUMN idp.access_grant.dpop_jkt IS 'Key that redeemed the code: a public client refreshes with it alone (RFC 9449 §5).';

CREATE TABLE idp.code (
    code_hash    bytea NOT NULL CHECK (length(code_hash) = 38),
    grant_id     uuid NOT NULL,
    redirect_uri text NOT NULL,
    challenge    text NOT NULL,
    nonce        text,
    created_at   timestamptz NOT NULL DEFAULT now(),
    expires_at   timestamptz NOT NULL,
    uses         integer NOT NULL DEFAULT 0,
    used_at      timestamptz,
    dpop_jkt     text CHECK (length(dpop_jkt) = 43),
    CONSTRAINT code_name PRIMARY KEY (code_hash)
) PARTITION BY RANGE (code_hash);
CREATE INDEX code_by_grant ON idp.code (grant_id);
COMMENT ON TABLE idp.code IS 'Authorization codes, by their time and SHA-256, each used once. Kept after use, as long as their grant, so that a replay is noticed.';
COMMENT ON COLUMN idp.code.uses IS 'Counted by whoever brings it with everything else right: the first gets the tokens, the next one ends them.';

CREATE TABLE idp.refresh_token (
    token_hash bytea NOT NULL CHECK (length(token_hash) = 38),
    grant_id   uuid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    uses       integer NOT NULL DEFAULT 0,
    used_at    timestamptz,
    CONSTRAINT refresh_token_name PRIMARY KEY (token_hash)
) PARTITION BY RANGE (token_hash);
CREATE INDEX refresh_token_by_grant ON idp.refresh_token (grant_id);
COMMENT ON TABLE idp.refresh_token IS 'Refresh tokens by their time and SHA-256, each used once. Kept after use so that reuse is noticed; gone with their grant''s month.';
COMMENT ON COLUMN idp.refresh_token.expires_at IS 'End of its idle time; the grant''s own end is the absolute one.';
COMMENT ON COLUMN idp.refresh_token.used_at IS 'First use. For a few seconds after it the same successor is given again: the answer may have been lost.';

CREATE TABLE idp.device (
    device_hash bytea NOT NULL CHECK (length(device_hash) = 38),
    user_hash   bytea NOT NULL CHECK (length(user_hash) = 32),
    client_id   text NOT NULL,
    scope       text NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    expires_at  timestamptz NOT NULL,
    polled_at   timestamptz,
    pause       integer NOT NULL DEFAULT 5,
    grant_id    uuid,
    refused_at  timestamptz,
    used_at     timestamptz,
    CONSTRAINT device_name PRIMARY KEY (device_hash)
) PARTITION BY RANGE (device_hash);
CREATE INDEX device_by_user ON idp.device (user_hash);
COMMENT ON TABLE idp.device IS 'Sign-ins that a device without a browser waits for (RFC 8628). Codes are known by their hashes alone.';
COMMENT ON COLUMN idp.device.pause IS 'Seconds that it must wait between two questions; grows by five with each that comes too soon.';
COMMENT ON COLUMN idp.device.grant_id IS 'Set when the person agreed.';

CREATE TABLE idp.pushed_request (
    uri_hash   bytea NOT NULL CHECK (length(uri_hash) = 38),
    client_id  text NOT NULL,
    params     bytea NOT NULL CHECK (length(params) BETWEEN 40 AND 65536),
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    CONSTRAINT pushed_request_name PRIMARY KEY (uri_hash)
) PARTITION BY RANGE (uri_hash);
COMMENT ON TABLE idp.pushed_request IS 'Authorization requests sent ahead (RFC 9126); a row goes with its first use. request_uri is known by its time and SHA-256.';
COMMENT ON COLUMN idp.pushed_request.params IS 'Sealed: a login_hint may be a personal number.';

CREATE TABLE idp.seen (
    id         bytea NOT NULL CHECK (length(id) = 32),
    expires_at timestamptz NOT NULL,
    CONSTRAINT seen_id PRIMARY KEY (id, expires_at)
) PARTITION BY RANGE (expires_at);
COMMENT ON TABLE idp.seen IS 'Client assertions and DPoP proofs that were used (SHA-256 over whose and jti), until they would be refused for their age.';

CREATE TABLE idp.throttle (
    day    date NOT NULL DEFAULT current_date,
    bucket bytea NOT NULL CHECK (length(bucket) = 32),
    fails  integer NOT NULL,
    since  timestamptz NOT NULL DEFAULT now(),
    until  timestamptz,
    CONSTRAINT throttle_bucket PRIMARY KEY (bucket, day)
) PARTITION BY RANGE (day);
COMMENT ON TABLE idp.throttle IS 'Failed attempts per account or address; bucket is a keyed hash of which. Counted anew each day; what is closed stays closed.';

CREATE TABLE idp.idempotency (
    day          date NOT NULL DEFAULT current_date,
    principal    uuid NOT NULL,
    key          text NOT NULL CHECK (length(key) BETWEEN 1 AND 200),
    request_hash bytea NOT NULL CHECK (length(request_hash) = 32),
    status       integer NOT NULL,
    answer       bytea NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    expires_at   timestamptz NOT NULL,
    CONSTRAINT idempotency_key PRIMARY KEY (principal, key, day)
) PARTITION BY RANGE (day);
COMMENT ON TABLE idp.idempotency IS 'Answers to requests with an Idempotency-Key, kept for a day.';
COMMENT ON COLUMN idp.idempotency.answer IS 'Sealed: it may hold an activation code.';

-- The audit is not copied: what there is becomes the partition that ends with this month.
DO $$
DECLARE
    child text := 'audit_p' || to_char(now() AT TIME ZONE 'UTC', 'YYYYMM');
BEGIN
    EXECUTE format('ALTER TABLE idp.audit RENAME TO %I', child);
    EXECUTE format('REVOKE ALL ON idp.%I FROM antin_idp', child);
    EXECUTE format('CREATE TABLE idp.audit (LIKE idp.%I INCLUDING ALL) PARTITION BY RANGE (at)', child);
    EXECUTE format('ALTER TABLE idp.audit ATTACH PARTITION idp.%I FOR VALUES FROM (MINVALUE) TO (%L)', child,
        idp.partition_bound('time', (date_trunc('month', now() AT TIME ZONE 'UTC') + interval '1 month') AT TIME ZONE 'UTC'));
END
$$;
COMMENT ON TABLE idp.audit IS 'Security events. Appended to, never changed: the daemon may only insert. Ids alone, no personal data. A partition a month, none is ever dropped.';
COMMENT ON COLUMN idp.audit.by_account IS 'The officer who did it to account_id.';

-- Names made before this have no time in front: six zeros stand for it. Their partitions last until the last of them is over.
DO $$
DECLARE
    t text;
BEGIN
    PERFORM idp.make_partitions(greatest(7776000, (SELECT extract(epoch FROM max(expires_at) - now())::bigint FROM idp.access_grant_0)), 28800, 1800);
    FOREACH t IN ARRAY ARRAY['session', 'auth_request', 'code', 'refresh_token', 'device', 'pushed_request'] LOOP
        EXECUTE format('UPDATE idp.partition_rule SET old_until = (SELECT max(expires_at) FROM idp.%I) WHERE parent = %L',
            CASE WHEN t IN ('code', 'refresh_token') THEN 'access_grant_0' ELSE t || '_0' END, t);
        IF (SELECT old_until FROM idp.partition_rule WHERE parent = t) IS NOT NULL THEN
            EXECUTE format('CREATE TABLE idp.%I PARTITION OF idp.%I FOR VALUES FROM (MINVALUE) TO (%L)', t || '_old', t, '\x000000000001');
        END IF;
    END LOOP;
END
$$;
CREATE TABLE idp.old_grant AS
    SELECT id, (substr(h, 1, 8) || '-' || substr(h, 9, 4) || '-8' || substr(id::text, 16))::uuid AS new
    FROM (SELECT id, idp.partition_hex(expires_at) AS h FROM idp.access_grant_0 WHERE expires_at > now() - interval '1 day') g;
INSERT INTO idp.access_grant SELECT o.new, account_id, client_id, scope, sub, sid, auth_time, created_at, expires_at, revoked_at, revoked_why, dpop_jkt, resource
    FROM idp.access_grant_0 g JOIN idp.old_grant o ON o.id = g.id;
INSERT INTO idp.code SELECT '\x000000000000'::bytea || code_hash, o.new, redirect_uri, challenge, nonce, created_at, expires_at, (used_at IS NOT NULL)::int, used_at, dpop_jkt
    FROM idp.code_0 c JOIN idp.old_grant o ON o.id = c.grant_id;
INSERT INTO idp.refresh_token SELECT '\x000000000000'::bytea || token_hash, o.new, created_at, expires_at, uses, used_at
    FROM idp.refresh_token_0 t JOIN idp.old_grant o ON o.id = t.grant_id;
INSERT INTO idp.session SELECT '\x000000000000'::bytea || id_hash, sid, account_id, auth_time, seen_at, expires_at, ended_at FROM idp.session_0;
INSERT INTO idp.device SELECT '\x000000000000'::bytea || device_hash, user_hash, client_id, scope, created_at, expires_at, polled_at, pause, o.new, refused_at, used_at
    FROM idp.device_0 d LEFT JOIN idp.old_grant o ON o.id = d.grant_id;
INSERT INTO idp.auth_request SELECT '\x000000000000'::bytea || id_hash, browser_hash, client_id, redirect_uri, scope, state, nonce, challenge, prompt_login,
    prompt_consent, max_age, login_hint, created_at, expires_at, login_at, done_at, response_mode, '\x000000000000'::bytea || device_hash, level_min, want_sub,
    dpop_jkt, resource FROM idp.auth_request_0;
INSERT INTO idp.pushed_request SELECT '\x000000000000'::bytea || uri_hash, client_id, params, created_at, expires_at FROM idp.pushed_request_0;
INSERT INTO idp.seen SELECT id, expires_at FROM idp.seen_0 WHERE expires_at BETWEEN now() AND now() + interval '2 hours';
INSERT INTO idp.throttle SELECT current_date, bucket, fails, since, until FROM idp.throttle_0 WHERE since > now() - interval '1 day';
INSERT INTO idp.idempotency SELECT current_date, principal, key, request_hash, status, answer, created_at, expires_at FROM idp.idempotency_0 WHERE expires_at > now();
DROP TABLE idp.old_grant, idp.auth_request_0, idp.session_0, idp.code_0, idp.refresh_token_0, idp.device_0, idp.access_grant_0, idp.pushed_request_0, idp.seen_0, idp.throttle_0,
    idp.idempotency_0;

GRANT SELECT, INSERT, DELETE ON idp.session, idp.auth_request, idp.access_grant, idp.code, idp.refresh_token, idp.device, idp.pushed_request, idp.seen,
    idp.throttle, idp.idempotency TO antin_idp;
GRANT INSERT ON idp.audit TO antin_idp;
GRANT UPDATE (seen_at, ended_at) ON idp.session TO antin_idp;
GRANT UPDATE (login_at, done_at) ON idp.auth_request TO antin_idp;
GRANT UPDATE (revoked_at, revoked_why, dpop_jkt) ON idp.access_grant TO antin_idp;
GRANT UPDATE (uses, used_at) ON idp.code, idp.refresh_token TO antin_idp;
GRANT UPDATE (polled_at, pause, grant_id, refused_at, used_at) ON idp.device TO antin_idp;
GRANT UPDATE (fails, since, until) ON idp.throttle TO antin_idp;

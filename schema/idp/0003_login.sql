-- Signing in: sessions, pending authorization requests, grants, codes, throttling.
CREATE TABLE idp.session (
    id_hash    bytea PRIMARY KEY CHECK (length(id_hash) = 32),
    sid        uuid NOT NULL UNIQUE,
    account_id uuid NOT NULL REFERENCES idp.account,
    auth_time  timestamptz NOT NULL DEFAULT now(),
    seen_at    timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    ended_at   timestamptz
);
CREATE INDEX session_expiry ON idp.session (expires_at);
CREATE INDEX session_account ON idp.session (account_id);
COMMENT ON TABLE idp.session IS 'Single sign-on sessions. The cookie''s value is known here only as its SHA-256.';
COMMENT ON COLUMN idp.session.sid IS 'The public name of the session: the sid claim of ID tokens.';

CREATE TABLE idp.auth_request (
    id_hash        bytea PRIMARY KEY CHECK (length(id_hash) = 32),
    browser_hash   bytea NOT NULL CHECK (length(browser_hash) = 32),
    client_id      text NOT NULL REFERENCES idp.client,
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
    done_at        timestamptz
);
CREATE INDEX auth_request_expiry ON idp.auth_request (expires_at);
COMMENT ON TABLE idp.auth_request IS 'Authorization requests that wait for a person. Only the browser that brought one can go on with it.';
COMMENT ON COLUMN idp.auth_request.login_at IS 'When the person signed in for this very request (prompt=login).';
COMMENT ON COLUMN idp.auth_request.login_hint IS 'Sealed: it may be a personal number.';
COMMENT ON COLUMN idp.auth_request.done_at IS 'Answered: a second answer is refused.';

CREATE TABLE idp.access_grant (
    id          uuid PRIMARY KEY,
    account_id  uuid NOT NULL REFERENCES idp.account,
    client_id   text NOT NULL REFERENCES idp.client,
    scope       text NOT NULL,
    sub         text NOT NULL,
    sid         uuid NOT NULL,
    auth_time   timestamptz NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    expires_at  timestamptz NOT NULL,
    revoked_at  timestamptz,
    revoked_why text
);
CREATE INDEX access_grant_expiry ON idp.access_grant (expires_at);
CREATE INDEX access_grant_account ON idp.access_grant (account_id);
COMMENT ON TABLE idp.access_grant IS 'What one authorization allows. Access tokens name it; a revoked one makes them worthless here.';
COMMENT ON COLUMN idp.access_grant.sub IS 'The person''s pairwise subject at this client.';

CREATE TABLE idp.code (
    code_hash    bytea PRIMARY KEY CHECK (length(code_hash) = 32),
    grant_id     uuid NOT NULL REFERENCES idp.access_grant ON DELETE CASCADE,
    redirect_uri text NOT NULL,
    challenge    text NOT NULL,
    nonce        text,
    created_at   timestamptz NOT NULL DEFAULT now(),
    expires_at   timestamptz NOT NULL,
    used_at      timestamptz
);
CREATE INDEX code_expiry ON idp.code (expires_at);
CREATE INDEX code_grant ON idp.code (grant_id);
COMMENT ON TABLE idp.code IS 'Authorization codes, by their SHA-256; used once by UPDATE … WHERE used_at IS NULL. Kept after use so that a replay is noticed.';

CREATE TABLE idp.throttle (
    bucket bytea PRIMARY KEY CHECK (length(bucket) = 32),
    fails  integer NOT NULL,
    since  timestamptz NOT NULL DEFAULT now(),
    until  timestamptz
);
CREATE INDEX throttle_since ON idp.throttle (since);
COMMENT ON TABLE idp.throttle IS 'Failed attempts per account or address; bucket is a keyed hash of which.';

GRANT SELECT, INSERT, DELETE ON idp.session, idp.auth_request, idp.access_grant, idp.code, idp.throttle TO antin_idp;
GRANT UPDATE (seen_at, ended_at) ON idp.session TO antin_idp;
GRANT UPDATE (login_at, done_at) ON idp.auth_request TO antin_idp;
GRANT UPDATE (revoked_at, revoked_why) ON idp.access_grant TO antin_idp;
GRANT UPDATE (used_at) ON idp.code TO antin_idp;
GRANT UPDATE (fails, since, until) ON idp.throttle TO antin_idp;

-- Refresh tokens, the device flow, logout notices, and what a client may do beside signing people in.
ALTER TABLE idp.client
    ADD COLUMN introspect boolean NOT NULL DEFAULT false,
    ADD COLUMN userinfo_signed boolean NOT NULL DEFAULT false,
    ADD COLUMN exchange text NOT NULL DEFAULT '' CHECK (length(exchange) <= 2000),
    ADD COLUMN backchannel_uri text COLLATE "C" CHECK (length(backchannel_uri) BETWEEN 1 AND 2000),
    ADD COLUMN frontchannel_uri text COLLATE "C" CHECK (length(frontchannel_uri) BETWEEN 1 AND 2000);
COMMENT ON COLUMN idp.client.introspect IS 'A resource server: may ask about any access token (RFC 7662).';
COMMENT ON COLUMN idp.client.userinfo_signed IS 'Gets UserInfo as a signed JWT.';
COMMENT ON COLUMN idp.client.exchange IS 'Services (client ids, separated by spaces) that it may get tokens for in a citizen''s name (RFC 8693).';
COMMENT ON COLUMN idp.client.backchannel_uri IS 'Where logout tokens are posted to; its origin must also stand in idpd''s configuration.';
COMMENT ON COLUMN idp.client.frontchannel_uri IS 'Shown in a frame of the page that ends a session.';
GRANT UPDATE (introspect, userinfo_signed, exchange, backchannel_uri, frontchannel_uri) ON idp.client TO antin_idp;

CREATE TABLE idp.refresh_token (
    token_hash bytea PRIMARY KEY CHECK (length(token_hash) = 32),
    grant_id   uuid NOT NULL REFERENCES idp.access_grant ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    uses       integer NOT NULL DEFAULT 0,
    used_at    timestamptz
);
CREATE INDEX refresh_token_grant ON idp.refresh_token (grant_id);
COMMENT ON TABLE idp.refresh_token IS 'Refresh tokens by their SHA-256, each used once. Kept after use so that reuse is noticed; gone with their grant.';
COMMENT ON COLUMN idp.refresh_token.expires_at IS 'End of its idle time; the grant''s own end is the absolute one.';
COMMENT ON COLUMN idp.refresh_token.used_at IS 'First use. For a few seconds after it the same successor is given again: the answer may have been lost.';

CREATE TABLE idp.device (
    device_hash bytea PRIMARY KEY CHECK (length(device_hash) = 32),
    user_hash   bytea NOT NULL UNIQUE CHECK (length(user_hash) = 32),
    client_id   text NOT NULL REFERENCES idp.client,
    scope       text NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    expires_at  timestamptz NOT NULL,
    polled_at   timestamptz,
    pause       integer NOT NULL DEFAULT 5,
    grant_id    uuid REFERENCES idp.access_grant ON DELETE CASCADE,
    refused_at  timestamptz,
    used_at     timestamptz
);
CREATE INDEX device_expiry ON idp.device (expires_at);
CREATE INDEX device_grant ON idp.device (grant_id);
COMMENT ON TABLE idp.device IS 'Sign-ins that a device without a browser waits for (RFC 8628). Codes are known by their hashes alone.';
COMMENT ON COLUMN idp.device.pause IS 'Seconds that it must wait between two questions; grows by five with each that comes too soon.';
COMMENT ON COLUMN idp.device.grant_id IS 'Set when the person agreed.';

ALTER TABLE idp.auth_request
    ADD COLUMN response_mode text NOT NULL DEFAULT 'query'
        CHECK (response_mode IN ('query', 'form_post', 'query.jwt', 'form_post.jwt')),
    ADD COLUMN device_hash bytea REFERENCES idp.device ON DELETE CASCADE,
    ADD COLUMN level_min smallint NOT NULL DEFAULT 0 CHECK (level_min BETWEEN 0 AND 9),
    ADD COLUMN want_sub text CHECK (length(want_sub) <= 63);
COMMENT ON COLUMN idp.auth_request.want_sub IS 'The one person whom the client means (claims parameter); anybody else gets no answer.';
COMMENT ON COLUMN idp.auth_request.device_hash IS 'Not a redirect but this device gets the answer.';
COMMENT ON COLUMN idp.auth_request.level_min IS 'Level of identification without which the client wants no answer (essential acr).';

CREATE INDEX access_grant_sid ON idp.access_grant (sid);

CREATE TABLE idp.logout_notice (
    id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    client_id  text NOT NULL REFERENCES idp.client,
    sub        text NOT NULL,
    sid        uuid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    due_at     timestamptz NOT NULL DEFAULT now(),
    tries      integer NOT NULL DEFAULT 0,
    UNIQUE (client_id, sid, sub)
);
CREATE INDEX logout_notice_due ON idp.logout_notice (due_at);
COMMENT ON TABLE idp.logout_notice IS 'Logout tokens that have not reached their client yet; written in the transaction that ends the session, deleted when taken or given up.';

GRANT SELECT, INSERT, DELETE ON idp.refresh_token, idp.device, idp.logout_notice TO antin_idp;
GRANT UPDATE (uses, used_at) ON idp.refresh_token TO antin_idp;
GRANT UPDATE (polled_at, pause, grant_id, refused_at, used_at) ON idp.device TO antin_idp;
GRANT UPDATE (due_at, tries) ON idp.logout_notice TO antin_idp;

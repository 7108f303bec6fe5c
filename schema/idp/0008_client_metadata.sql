-- Everything that can be registered about a client, and the three ways in: the operator's command, the administration's API, and clients that
-- register themselves (RFC 7591, RFC 7592) with a token that says what they may ask for.
CREATE TABLE idp.registration_token (
    id         uuid PRIMARY KEY,
    token_hash bytea NOT NULL UNIQUE CHECK (length(token_hash) = 32),
    name       text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    policy     jsonb NOT NULL CHECK (jsonb_typeof(policy) = 'object' AND length(policy::text) <= 16384),
    uses       integer NOT NULL CHECK (uses BETWEEN 1 AND 1000000),
    used       integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz,
    CHECK (used <= uses)
);
COMMENT ON TABLE idp.registration_token IS 'Initial access tokens (RFC 7591 §3), known by their SHA-256. Rows stay: their policy also binds later changes of the clients that came by them.';
COMMENT ON COLUMN idp.registration_token.policy IS 'What software that registers with it may ask for: scopes, grants, hosts, profile (rules/software_policy.c reads it).';

ALTER TABLE idp.client
    DROP CONSTRAINT client_state_check,
    ADD CONSTRAINT client_state_check CHECK (state IN ('active', 'disabled', 'pending', 'removed')),
    ADD COLUMN name_vi             text CHECK (length(name_vi) BETWEEN 1 AND 200),
    ADD COLUMN name_en             text CHECK (length(name_en) BETWEEN 1 AND 200),
    ADD COLUMN client_uri          text CHECK (length(client_uri) BETWEEN 1 AND 2000),
    ADD COLUMN policy_uri          text CHECK (length(policy_uri) BETWEEN 1 AND 2000),
    ADD COLUMN tos_uri             text CHECK (length(tos_uri) BETWEEN 1 AND 2000),
    ADD COLUMN contacts            text NOT NULL DEFAULT '' CHECK (length(contacts) <= 1000),
    ADD COLUMN assertion_alg       text CHECK (length(assertion_alg) BETWEEN 1 AND 16),
    ADD COLUMN object_alg          text CHECK (length(object_alg) BETWEEN 1 AND 16),
    ADD COLUMN software_id         text CHECK (length(software_id) BETWEEN 1 AND 200),
    ADD COLUMN software_version    text CHECK (length(software_version) BETWEEN 1 AND 200),
    ADD COLUMN software_statement  text CHECK (length(software_statement) BETWEEN 1 AND 8192),
    ADD COLUMN version             integer NOT NULL DEFAULT 1,
    ADD COLUMN changed_at          timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN registration_id     uuid REFERENCES idp.registration_token,
    ADD COLUMN registration_hash   bytea CHECK (length(registration_hash) = 32),
    ADD COLUMN registration_before bytea CHECK (length(registration_before) = 32),
    ADD CONSTRAINT client_registration_check CHECK (registration_hash IS NULL OR registration_id IS NOT NULL);
COMMENT ON TABLE idp.client IS 'OAuth clients. A removed one keeps its row: its id is never anybody else''s, who would inherit what people agreed to.';
COMMENT ON COLUMN idp.client.assertion_alg IS 'The one algorithm of its client assertions: all its keys have it (token_endpoint_auth_signing_alg).';
COMMENT ON COLUMN idp.client.object_alg IS 'The one algorithm of its request objects: all its keys have it (request_object_signing_alg).';
COMMENT ON COLUMN idp.client.version IS 'Grows with each change: two administrators do not undo each other''s work unseen.';
COMMENT ON COLUMN idp.client.registration_id IS 'The token it registered itself with; NULL: somebody registered it.';
COMMENT ON COLUMN idp.client.registration_hash IS 'SHA-256 of its registration access token (RFC 7592), with which it sees, changes and removes itself.';
COMMENT ON COLUMN idp.client.registration_before IS 'The one before that, good until the new one is first used: the answer that held it may have been lost.';

GRANT UPDATE ON idp.client TO antin_idp;
GRANT DELETE ON idp.redirect_uri, idp.post_logout_uri TO antin_idp;
GRANT SELECT, INSERT ON idp.registration_token TO antin_idp;
GRANT UPDATE (used, revoked_at) ON idp.registration_token TO antin_idp;

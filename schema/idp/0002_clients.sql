-- Registered clients (relying parties and services) and what people agreed to share with them.
CREATE TABLE idp.client (
    id          text PRIMARY KEY CHECK (id ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$'),
    name        text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    auth_method text NOT NULL CHECK (auth_method IN ('client_secret_basic', 'client_secret_post', 'none')),
    secret_hash bytea CHECK (length(secret_hash) = 32),
    first_party boolean NOT NULL DEFAULT false,
    sector      text NOT NULL DEFAULT '',
    scope       text NOT NULL,
    grants      text NOT NULL,
    state       text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'disabled')),
    created_at  timestamptz NOT NULL DEFAULT now(),
    CHECK ((auth_method = 'none') = (secret_hash IS NULL))
);
COMMENT ON TABLE idp.client IS 'OAuth clients, registered by antin-idpctl.';
COMMENT ON COLUMN idp.client.secret_hash IS 'SHA-256 of a secret that antin-idpctl made from 256 random bits: no slow hash needed.';
COMMENT ON COLUMN idp.client.first_party IS 'Part of this house: asks no consent.';
COMMENT ON COLUMN idp.client.sector IS 'host:port that pairwise subjects are made for.';
COMMENT ON COLUMN idp.client.scope IS 'Scopes it may ask for, separated by spaces.';
COMMENT ON COLUMN idp.client.grants IS 'Grant types it may use, separated by spaces.';

CREATE TABLE idp.redirect_uri (
    client_id text NOT NULL REFERENCES idp.client,
    uri       text COLLATE "C" NOT NULL CHECK (length(uri) BETWEEN 1 AND 2000),
    PRIMARY KEY (client_id, uri)
);
COMMENT ON TABLE idp.redirect_uri IS 'Compared byte by byte with what a request says, never parsed.';

CREATE TABLE idp.post_logout_uri (
    client_id text NOT NULL REFERENCES idp.client,
    uri       text COLLATE "C" NOT NULL CHECK (length(uri) BETWEEN 1 AND 2000),
    PRIMARY KEY (client_id, uri)
);
COMMENT ON TABLE idp.post_logout_uri IS 'Where a client may send the browser after a logout; byte by byte as well.';

CREATE TABLE idp.consent (
    account_id uuid NOT NULL REFERENCES idp.account,
    client_id  text NOT NULL REFERENCES idp.client,
    scope      text NOT NULL,
    given_at   timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (account_id, client_id)
);
COMMENT ON TABLE idp.consent IS 'What a person last agreed to share with a client.';

GRANT SELECT, INSERT ON idp.client, idp.redirect_uri, idp.post_logout_uri, idp.consent TO antin_idp;
GRANT UPDATE (state, secret_hash) ON idp.client TO antin_idp;
GRANT UPDATE (scope, given_at, expires_at) ON idp.consent TO antin_idp;
GRANT DELETE ON idp.consent TO antin_idp;

-- How clients prove who they are (keys, certificates), requests pushed ahead, and tokens that only their holder can use.
ALTER TABLE idp.client
    DROP CONSTRAINT client_auth_method_check,
    DROP CONSTRAINT client_check,
    ADD COLUMN jwks            text CHECK (length(jwks) BETWEEN 2 AND 16384),
    ADD COLUMN secret_sealed   bytea CHECK (length(secret_sealed) BETWEEN 40 AND 512),
    ADD COLUMN tls_match       text CHECK (length(tls_match) BETWEEN 5 AND 600),
    ADD COLUMN par_required    boolean NOT NULL DEFAULT false,
    ADD COLUMN object_required boolean NOT NULL DEFAULT false,
    ADD COLUMN dpop_required   boolean NOT NULL DEFAULT false,
    ADD COLUMN dpop_nonce      boolean NOT NULL DEFAULT false,
    ADD COLUMN cert_bound      boolean NOT NULL DEFAULT false,
    ADD COLUMN profile         text NOT NULL DEFAULT '' CHECK (profile IN ('', 'fapi2-security', 'fapi2-message-signing')),
    ADD CONSTRAINT client_auth_method_check CHECK (auth_method IN ('client_secret_basic', 'client_secret_post', 'client_secret_jwt', 'private_key_jwt',
                                                                  'tls_client_auth', 'self_signed_tls_client_auth', 'none')),
    ADD CONSTRAINT client_credential_check CHECK (
        (auth_method IN ('client_secret_basic', 'client_secret_post')) = (secret_hash IS NOT NULL)
        AND (auth_method = 'client_secret_jwt') = (secret_sealed IS NOT NULL)
        AND (auth_method IN ('tls_client_auth', 'self_signed_tls_client_auth')) = (tls_match IS NOT NULL)
        AND (auth_method <> 'private_key_jwt' OR jwks IS NOT NULL)),
    ADD CONSTRAINT client_profile_needs CHECK (
        profile = '' OR (auth_method IN ('private_key_jwt', 'tls_client_auth', 'self_signed_tls_client_auth') AND (dpop_required OR cert_bound)
                         AND (profile <> 'fapi2-message-signing' OR jwks IS NOT NULL)));
COMMENT ON COLUMN idp.client.jwks IS 'Its public keys (JWK set), by value: client assertions and request objects are checked with them. Nothing is ever fetched.';
COMMENT ON COLUMN idp.client.secret_sealed IS 'client_secret_jwt alone: the secret is the key of an HMAC, so it is needed in the clear; sealed by a key that the database does not have.';
COMMENT ON COLUMN idp.client.tls_match IS 'What its TLS certificate must be: dn:…, dns:…, uri:…, ip:…, email:… (RFC 8705 §2.1.2), or x5t:… (thumbprint of a self-signed one).';
COMMENT ON COLUMN idp.client.par_required IS 'Authorization requests only by the pushed authorization request endpoint (RFC 9126).';
COMMENT ON COLUMN idp.client.object_required IS 'Authorization requests only as signed request objects (RFC 9101 §10.5).';
COMMENT ON COLUMN idp.client.dpop_required IS 'Tokens only with a DPoP proof (RFC 9449 §5.2, dpop_bound_access_tokens).';
COMMENT ON COLUMN idp.client.dpop_nonce IS 'Its DPoP proofs must carry a nonce of ours (RFC 9449 §8).';
COMMENT ON COLUMN idp.client.cert_bound IS 'Tokens are bound to its TLS certificate (RFC 8705 §3).';

CREATE TABLE idp.pushed_request (
    uri_hash   bytea PRIMARY KEY CHECK (length(uri_hash) = 32),
    client_id  text NOT NULL REFERENCES idp.client,
    params     bytea NOT NULL CHECK (length(params) BETWEEN 40 AND 65536),
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL
);
CREATE INDEX pushed_request_expiry ON idp.pushed_request (expires_at);
COMMENT ON TABLE idp.pushed_request IS 'Authorization requests sent ahead (RFC 9126); a row goes with its first use. request_uri is known as its SHA-256.';
COMMENT ON COLUMN idp.pushed_request.params IS 'Sealed: a login_hint may be a personal number.';

CREATE TABLE idp.seen (
    id         bytea PRIMARY KEY CHECK (length(id) = 32),
    expires_at timestamptz NOT NULL
);
CREATE INDEX seen_expiry ON idp.seen (expires_at);
COMMENT ON TABLE idp.seen IS 'Client assertions and DPoP proofs that were used (SHA-256 over whose and jti), until they would be refused for their age.';

ALTER TABLE idp.auth_request ADD COLUMN dpop_jkt text CHECK (length(dpop_jkt) = 43), ADD COLUMN resource text CHECK (length(resource) <= 512);
ALTER TABLE idp.code ADD COLUMN dpop_jkt text CHECK (length(dpop_jkt) = 43), ADD COLUMN resource text CHECK (length(resource) <= 512);
ALTER TABLE idp.access_grant ADD COLUMN dpop_jkt text CHECK (length(dpop_jkt) = 43), ADD COLUMN resource text CHECK (length(resource) <= 512);
COMMENT ON COLUMN idp.auth_request.dpop_jkt IS 'Thumbprint of the key that the code will be bound to (RFC 9449 §10).';
COMMENT ON COLUMN idp.auth_request.resource IS 'The one resource that tokens shall be for (RFC 8707); NULL: by scope.';
COMMENT ON COLUMN idp.access_grant.dpop_jkt IS 'Key that redeemed the code: a public client refreshes with it alone (RFC 9449 §5).';

GRANT SELECT, INSERT, DELETE ON idp.pushed_request, idp.seen TO antin_idp;
GRANT UPDATE (dpop_jkt) ON idp.access_grant TO antin_idp;
GRANT UPDATE (auth_method, jwks, secret_sealed, tls_match, par_required, object_required, dpop_required, dpop_nonce, cert_bound, profile) ON idp.client
    TO antin_idp;

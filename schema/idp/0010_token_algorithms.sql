-- How what a client is told is signed, and to whose key it is encrypted.
ALTER TABLE idp.client
    ADD COLUMN id_token_alg      text NOT NULL DEFAULT '' CHECK (id_token_alg IN ('', 'ES256', 'ES384', 'EdDSA', 'RS256', 'PS256')),
    ADD COLUMN userinfo_alg      text NOT NULL DEFAULT '' CHECK (userinfo_alg IN ('', 'ES256', 'ES384', 'EdDSA', 'RS256', 'PS256')),
    ADD COLUMN introspection_alg text NOT NULL DEFAULT '' CHECK (introspection_alg IN ('', 'ES256', 'ES384', 'EdDSA', 'RS256', 'PS256')),
    ADD COLUMN authorization_alg text NOT NULL DEFAULT '' CHECK (authorization_alg IN ('', 'ES256', 'ES384', 'EdDSA', 'RS256', 'PS256')),
    ADD COLUMN id_token_enc_alg  text NOT NULL DEFAULT '' CHECK (id_token_enc_alg IN ('', 'RSA-OAEP', 'ECDH-ES')),
    ADD COLUMN id_token_enc_enc  text NOT NULL DEFAULT '' CHECK (id_token_enc_enc IN ('', 'A128CBC-HS256', 'A256GCM')),
    ADD COLUMN userinfo_enc_alg  text NOT NULL DEFAULT '' CHECK (userinfo_enc_alg IN ('', 'RSA-OAEP', 'ECDH-ES')),
    ADD COLUMN userinfo_enc_enc  text NOT NULL DEFAULT '' CHECK (userinfo_enc_enc IN ('', 'A128CBC-HS256', 'A256GCM')),
    ADD CONSTRAINT client_encryption_whole CHECK ((id_token_enc_alg = '') = (id_token_enc_enc = '') AND (userinfo_enc_alg = '') = (userinfo_enc_enc = '')),
    ADD CONSTRAINT client_encryption_needs CHECK ((id_token_enc_alg = '' AND userinfo_enc_alg = '') OR jwks IS NOT NULL),
    ADD CONSTRAINT client_profile_algs CHECK (profile = '' OR 'RS256' NOT IN (id_token_alg, userinfo_alg, introspection_alg, authorization_alg));
COMMENT ON COLUMN idp.client.id_token_alg IS 'Signs its ID and logout tokens (OpenID Connect Registration §2, id_token_signed_response_alg); empty: the default of keyd.';
COMMENT ON COLUMN idp.client.userinfo_alg IS 'Signs its UserInfo where that is signed (userinfo_signed_response_alg); empty: the default of keyd.';
COMMENT ON COLUMN idp.client.introspection_alg IS 'Signs the answers to its questions about tokens (RFC 9701 §6); empty: the default of keyd.';
COMMENT ON COLUMN idp.client.authorization_alg IS 'Signs its authorization responses (JARM §3); empty: the default of keyd.';
COMMENT ON COLUMN idp.client.id_token_enc_alg IS 'Its ID tokens are encrypted so to the key in its jwks with use enc; empty: not at all.';
COMMENT ON COLUMN idp.client.userinfo_enc_alg IS 'Its UserInfo is encrypted so to the key in its jwks with use enc; empty: not at all.';
COMMENT ON CONSTRAINT client_profile_algs ON idp.client IS 'FAPI 2.0 Security Profile §5.4.1: PS256, ES256 or EdDSA.';
GRANT UPDATE (id_token_alg, userinfo_alg, introspection_alg, authorization_alg, id_token_enc_alg, id_token_enc_enc, userinfo_enc_alg, userinfo_enc_enc)
    ON idp.client TO antin_idp;

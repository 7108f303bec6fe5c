-- How a person signed in, what was agreed beyond scopes (single claims, authorization details), and which details a client may ask for.
ALTER TABLE idp.session
    ADD COLUMN amr       text NOT NULL DEFAULT 'pwd' CHECK (amr ~ '^[a-z0-9_]{1,20}( [a-z0-9_]{1,20}){0,7}$'),
    ADD COLUMN level_max smallint CHECK (level_max BETWEEN 0 AND 9);
COMMENT ON COLUMN idp.session.amr IS 'How the person signed in (RFC 8176), separated by spaces.';
COMMENT ON COLUMN idp.session.level_max IS 'What this sign-in proves at most, when that is less than the account''s level (a sign-in elsewhere); NULL: the account''s level.';

ALTER TABLE idp.auth_request
    DROP COLUMN level_min,
    ADD COLUMN acr_values    text NOT NULL DEFAULT '' CHECK (length(acr_values) <= 255),
    ADD COLUMN acr_essential boolean NOT NULL DEFAULT false,
    ADD COLUMN claims        text NOT NULL DEFAULT '' CHECK (length(claims) <= 1023),
    ADD COLUMN has_details   boolean NOT NULL DEFAULT false,
    ADD COLUMN terms         bytea CHECK (length(terms) BETWEEN 40 AND 10240);
COMMENT ON COLUMN idp.auth_request.acr_values IS 'Authentication context classes that the client wants, the best first.';
COMMENT ON COLUMN idp.auth_request.acr_essential IS 'One of them must be met; otherwise there is no answer.';
COMMENT ON COLUMN idp.auth_request.claims IS 'Names of single claims asked for, as consent remembers them; what must be true of them is sealed in terms.';
COMMENT ON COLUMN idp.auth_request.terms IS 'Sealed: the claims parameter and the authorization details (RFC 9396). They may name people and documents.';

ALTER TABLE idp.access_grant
    ADD COLUMN amr       text NOT NULL DEFAULT 'pwd',
    ADD COLUMN level_max smallint,
    ADD COLUMN acr       text CHECK (length(acr) <= 127),
    ADD COLUMN terms     bytea CHECK (length(terms) BETWEEN 40 AND 10240);
COMMENT ON COLUMN idp.access_grant.acr IS 'The class that the client asked for and the sign-in met; NULL: the level of identification.';
COMMENT ON COLUMN idp.access_grant.terms IS 'Sealed, as in auth_request: which claims go where, and the authorization details.';

ALTER TABLE idp.consent ADD COLUMN claims text NOT NULL DEFAULT '' CHECK (length(claims) <= 1023);
COMMENT ON COLUMN idp.consent.claims IS 'Single claims agreed to beyond the scopes. Authorization details are never remembered.';

ALTER TABLE idp.device ADD COLUMN terms bytea CHECK (length(terms) BETWEEN 40 AND 10240);

ALTER TABLE idp.client ADD COLUMN details_types text NOT NULL DEFAULT '' CHECK (length(details_types) <= 255);
COMMENT ON COLUMN idp.client.details_types IS 'Types of authorization details that it may ask for (RFC 9396), separated by spaces.';
ALTER TABLE idp.client ADD COLUMN default_acr text NOT NULL DEFAULT '' CHECK (length(default_acr) <= 255);
COMMENT ON COLUMN idp.client.default_acr IS 'Classes of sign-in that it wishes for when a request says nothing of them, the best first, separated by spaces.';
GRANT UPDATE (details_types, default_acr) ON idp.client TO antin_idp;
GRANT UPDATE (claims) ON idp.consent TO antin_idp;

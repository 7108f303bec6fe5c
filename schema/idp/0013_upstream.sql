-- Sign-ins that an upstream provider vouches for.
ALTER TABLE idp.session ADD COLUMN upstream text CHECK (upstream ~ '^[a-z0-9-]{1,32}$');
COMMENT ON COLUMN idp.session.upstream IS 'The upstream provider that signed the person in, by the name of its configuration file; NULL: this house did.';

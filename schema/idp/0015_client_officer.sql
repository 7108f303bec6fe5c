-- What an officer changed in a client that registered itself stays as the officer wanted it: its own changes wait for approval from then on.
ALTER TABLE idp.client ADD COLUMN officer_changed boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN idp.client.officer_changed IS 'True once somebody other than the client itself changed what is registered.';

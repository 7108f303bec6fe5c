-- Backchannel authentication (CIBA): a call centre asks, the person answers on a page of ours. Such a sign-in waits beside those of devices.
ALTER TABLE idp.client
    ADD COLUMN ciba_mode       text NOT NULL DEFAULT '' CHECK (ciba_mode IN ('', 'poll', 'ping')),
    ADD COLUMN ciba_notify_uri text COLLATE "C" CHECK (length(ciba_notify_uri) BETWEEN 1 AND 2000),
    ADD COLUMN ciba_alg        text NOT NULL DEFAULT '' CHECK (length(ciba_alg) <= 16),
    ADD CONSTRAINT client_ciba_check CHECK ((ciba_mode = 'ping') = (ciba_notify_uri IS NOT NULL));
COMMENT ON COLUMN idp.client.ciba_mode IS 'How it learns that a person answered: poll (it asks), ping (it is told, and asks then).';
COMMENT ON COLUMN idp.client.ciba_notify_uri IS 'Where it is told. The origin must also stand in idpd''s configuration.';
COMMENT ON COLUMN idp.client.ciba_alg IS 'The one algorithm of its signed requests: all its keys have it.';

ALTER TABLE idp.device
    ALTER COLUMN user_hash DROP NOT NULL,
    ADD COLUMN backchannel boolean NOT NULL DEFAULT false,
    ADD COLUMN account_id  uuid,
    ADD COLUMN message     bytea CHECK (length(message) BETWEEN 40 AND 1024),
    ADD COLUMN resource    text CHECK (length(resource) <= 512),
    ADD COLUMN acr_values  text NOT NULL DEFAULT '' CHECK (length(acr_values) <= 255),
    ADD COLUMN bucket      bytea CHECK (length(bucket) = 32),
    ADD COLUMN notify      bytea CHECK (length(notify) BETWEEN 40 AND 2048),
    ADD COLUMN notify_due  timestamptz,
    ADD COLUMN notify_tries integer NOT NULL DEFAULT 0,
    ADD CONSTRAINT device_kind CHECK (backchannel = (user_hash IS NULL)
        AND (backchannel OR num_nonnulls(account_id, message, resource, bucket, notify, notify_due) = 0));
CREATE INDEX device_by_account ON idp.device (account_id) WHERE account_id IS NOT NULL;
CREATE INDEX device_notify ON idp.device (notify_due) WHERE notify_due IS NOT NULL;
COMMENT ON TABLE idp.device IS 'Sign-ins that wait for a person''s answer given elsewhere: devices without a browser (RFC 8628), and backchannel authentication (CIBA). Codes are known by their hashes alone.';
COMMENT ON COLUMN idp.device.backchannel IS 'Begun by a client that named the person; device_hash is then of the auth_req_id, and there is no user code.';
COMMENT ON COLUMN idp.device.account_id IS 'Who is asked. NULL in a backchannel request: the number that the client named has no account; it waits like any other, and nobody sees it.';
COMMENT ON COLUMN idp.device.message IS 'Sealed: the binding message that the person reads.';
COMMENT ON COLUMN idp.device.acr_values IS 'Authentication context classes that the client wishes for, the best first.';
COMMENT ON COLUMN idp.device.bucket IS 'Throttle bucket of client and person; forgotten when the person agrees.';
COMMENT ON COLUMN idp.device.notify IS 'Sealed: auth_req_id and the client''s notification token, for the ping.';
COMMENT ON COLUMN idp.device.notify_due IS 'The ping is owed from then on; NULL: none, or delivered, or given up.';
GRANT UPDATE (notify_due, notify_tries) ON idp.device TO antin_idp;

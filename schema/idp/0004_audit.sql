-- What happened, for ever; and answers kept so that a repeated request is answered alike.
CREATE TABLE idp.audit (
    id         uuid NOT NULL DEFAULT gen_random_uuid(),
    at         timestamptz NOT NULL DEFAULT now(),
    event      text NOT NULL,
    account_id uuid,
    client_id  text,
    by_account uuid,
    request_id text,
    PRIMARY KEY (at, id)
);
CREATE INDEX audit_account ON idp.audit (account_id, at) WHERE account_id IS NOT NULL;
COMMENT ON TABLE idp.audit IS 'Security events. Appended to, never changed: the daemon may only insert. Ids alone, no personal data.';
COMMENT ON COLUMN idp.audit.by_account IS 'The officer who did it to account_id.';

CREATE TABLE idp.idempotency (
    principal    uuid NOT NULL,
    key          text NOT NULL CHECK (length(key) BETWEEN 1 AND 200),
    request_hash bytea NOT NULL CHECK (length(request_hash) = 32),
    status       integer NOT NULL,
    answer       bytea NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    expires_at   timestamptz NOT NULL,
    PRIMARY KEY (principal, key)
);
CREATE INDEX idempotency_expiry ON idp.idempotency (expires_at);
COMMENT ON TABLE idp.idempotency IS 'Answers to requests with an Idempotency-Key, kept for a day.';
COMMENT ON COLUMN idp.idempotency.answer IS 'Sealed: it may hold an activation code.';

GRANT INSERT ON idp.audit TO antin_idp;
GRANT SELECT, INSERT, DELETE ON idp.idempotency TO antin_idp;

-- Administration: the role admin, who did what in the audit log and reading it, where a session was begun.
ALTER TABLE idp.role DROP CONSTRAINT role_role_check, ADD CONSTRAINT role_role_check CHECK (role IN ('registrar', 'admin'));
COMMENT ON TABLE idp.role IS 'registrar: may enrol citizens; admin: may use /admin/v1. Asked at every use, so a role taken away is gone at once.';

ALTER TABLE idp.audit
    ADD COLUMN by_client text,
    ADD COLUMN by_operator text CHECK (length(by_operator) <= 64),
    ADD COLUMN detail text CHECK (length(detail) <= 200);
COMMENT ON TABLE idp.audit IS 'Security events. Appended to, never changed: the daemon may insert and read. Ids and words of ours alone, no personal data.';
COMMENT ON COLUMN idp.audit.by_account IS 'The officer who did it.';
COMMENT ON COLUMN idp.audit.by_client IS 'The client that an officer did it with, or the service that did it in its own name.';
COMMENT ON COLUMN idp.audit.by_operator IS 'Who did it at the command line: the login''s user id, as the kernel keeps it.';
COMMENT ON COLUMN idp.audit.detail IS 'What the event was about beside account and client: an id, a reason, the kind of browser. Never what a person typed.';
CREATE INDEX audit_client ON idp.audit (client_id, at) WHERE client_id IS NOT NULL;
-- The events of every day are found by time; this finds the rare ones.
CREATE INDEX audit_event ON idp.audit (event, at)
    WHERE event NOT IN ('login.ok', 'code.issued', 'token.issued', 'token.refreshed', 'token.client', 'logout.told');
CREATE INDEX audit_by ON idp.audit (by_account, at) WHERE by_account IS NOT NULL;
GRANT SELECT ON idp.audit TO antin_idp;

ALTER TABLE idp.session
    ADD COLUMN client_id text,
    ADD COLUMN browser text CHECK (length(browser) <= 64);
COMMENT ON COLUMN idp.session.client_id IS 'The client that the person came from when they signed in.';
COMMENT ON COLUMN idp.session.browser IS 'Kind of browser and system, in words of ours: so that a person knows their own sessions again.';

-- The signing daemon's own schema: credentials and certificates, dossiers and their signatures, timestamps, sessions.
-- Every act that binds somebody has its row before the key daemon is asked (intent before act); audit can only be appended to.
COMMENT ON SCHEMA signer IS 'antin-signerd: credentials, dossiers, signatures, timestamps';

-- --- credentials and certificates ---

CREATE TABLE signer.credential (
    id              uuid PRIMARY KEY,
    owner           text NOT NULL CHECK (octet_length(owner) BETWEEN 1 AND 64),
    subject_number  text NOT NULL CHECK (octet_length(subject_number) BETWEEN 1 AND 64),
    state           text NOT NULL CHECK (state IN ('pending', 'active', 'locked', 'revoked', 'abandoned')),
    key_blob        bytea NOT NULL CHECK (octet_length(key_blob) BETWEEN 1 AND 512),
    spki            bytea NOT NULL CHECK (octet_length(spki) BETWEEN 1 AND 128),
    wrong_pins      smallint NOT NULL DEFAULT 0 CHECK (wrong_pins BETWEEN 0 AND 5),
    locked_at       timestamptz,
    instance        text NOT NULL,
    created_at      timestamptz NOT NULL DEFAULT now(),
    changed_at      timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE signer.credential IS 'A citizen''s signing key, sealed; only the key daemon, the PIN and an activation together can open it';
COMMENT ON COLUMN signer.credential.owner IS 'the citizen''s subject in the signer''s sector (pairwise; never the citizen number)';
COMMENT ON COLUMN signer.credential.subject_number IS 'opaque serialNumber of the certificate''s subject, the same for all certificates of one owner';
COMMENT ON COLUMN signer.credential.key_blob IS 'sealed by antin-keyd under the domain''s key and the PIN';
COMMENT ON COLUMN signer.credential.wrong_pins IS 'attempts are taken before the PIN is tried and given back when it was right: a crash never grants a free guess';
COMMENT ON COLUMN signer.credential.instance IS 'the daemon that is making it, so that this one can clean up after its own crash';
CREATE UNIQUE INDEX credential_one_live_per_owner ON signer.credential (owner) WHERE state IN ('pending', 'active', 'locked');
CREATE INDEX credential_owner ON signer.credential (owner, created_at);

CREATE TABLE signer.certificate (
    serial          bytea PRIMARY KEY CHECK (octet_length(serial) = 20),
    credential_id   uuid NOT NULL REFERENCES signer.credential (id),
    state           text NOT NULL CHECK (state IN ('intended', 'issued', 'abandoned', 'revoked')),
    der             bytea CHECK (octet_length(der) BETWEEN 1 AND 8192),
    not_before      timestamptz NOT NULL,
    not_after       timestamptz NOT NULL,
    intended_at     timestamptz NOT NULL DEFAULT now(),
    issued_at       timestamptz,
    revoked_at      timestamptz,
    invalid_since   timestamptz,
    reason          smallint CHECK (reason BETWEEN 0 AND 10),
    on_crl          bigint,
    CHECK (state NOT IN ('issued', 'revoked') OR der IS NOT NULL),
    CHECK (state NOT IN ('revoked', 'abandoned') OR revoked_at IS NOT NULL)
);
COMMENT ON TABLE signer.certificate IS 'One row per serial number, committed before the key daemon signs the certificate';
COMMENT ON COLUMN signer.certificate.state IS 'intended: the key daemon may be signing it; abandoned: nobody knows whether it was signed, so it stands on the CRL';
COMMENT ON COLUMN signer.certificate.invalid_since IS 'invalidityDate (RFC 5280 §5.3.2), when known to be before revoked_at';
COMMENT ON COLUMN signer.certificate.reason IS 'CRLReason (RFC 5280 §5.3.1)';
COMMENT ON COLUMN signer.certificate.on_crl IS 'number of the first CRL that lists it; NULL while it waits for one';
CREATE INDEX certificate_credential ON signer.certificate (credential_id);
CREATE INDEX certificate_waits_for_crl ON signer.certificate (revoked_at) WHERE revoked_at IS NOT NULL AND on_crl IS NULL;
CREATE INDEX certificate_revoked ON signer.certificate (serial) WHERE revoked_at IS NOT NULL;

CREATE TABLE signer.crl (
    number          bigint PRIMARY KEY CHECK (number > 0),
    this_update     timestamptz NOT NULL,
    next_update     timestamptz NOT NULL,
    entries         integer NOT NULL,
    der             bytea NOT NULL
);
COMMENT ON TABLE signer.crl IS 'Every CRL of the citizens'' CA ever published; a verifier must keep the CRL as at signing, so must we';

-- --- dossiers ---

CREATE TABLE signer.dossier (
    id              uuid PRIMARY KEY,
    code            text NOT NULL CHECK (octet_length(code) BETWEEN 1 AND 128),
    procedure_code  text NOT NULL CHECK (octet_length(procedure_code) BETWEEN 1 AND 255),
    agency          text NOT NULL CHECK (octet_length(agency) BETWEEN 1 AND 255),
    client_id       text NOT NULL,
    owner           text NOT NULL,
    return_uri      text CHECK (octet_length(return_uri) <= 2048),
    state           text NOT NULL DEFAULT 'draft' CHECK (state IN ('draft', 'awaiting_signature', 'signing', 'sealed')),
    created_at      timestamptz NOT NULL DEFAULT now(),
    submitted_at    timestamptz,
    sealed_at       timestamptz,
    signing_session uuid,
    signing_instance text,
    signing_until   timestamptz,
    CHECK ((state = 'signing') = (signing_until IS NOT NULL))
);
COMMENT ON TABLE signer.dossier IS 'Hồ sơ: what a portal submits in a citizen''s name and the citizen signs';
COMMENT ON COLUMN signer.dossier.client_id IS 'the portal that created it, as the identity provider names it';
COMMENT ON COLUMN signer.dossier.signing_until IS 'lease of the daemon that signs now; past it anybody may return the dossier to awaiting_signature';
CREATE INDEX dossier_code ON signer.dossier (code, created_at DESC);
CREATE INDEX dossier_owner ON signer.dossier (owner, created_at DESC);
CREATE INDEX dossier_signing ON signer.dossier (signing_until) WHERE state = 'signing';

CREATE TABLE signer.component (
    dossier_id      uuid NOT NULL REFERENCES signer.dossier (id),
    name            text NOT NULL CHECK (octet_length(name) BETWEEN 1 AND 255),
    position        integer NOT NULL,
    kind            text NOT NULL CHECK (kind IN ('pdf', 'other')),
    media_type      text NOT NULL CHECK (octet_length(media_type) BETWEEN 1 AND 127),
    size            bigint NOT NULL CHECK (size >= 0),
    sha256          bytea NOT NULL CHECK (octet_length(sha256) = 32),
    sha512          bytea NOT NULL CHECK (octet_length(sha512) = 64),
    uploaded_at     timestamptz NOT NULL DEFAULT now(),
    signed_size     bigint,
    signed_sha256   bytea CHECK (octet_length(signed_sha256) = 32),
    signed_sha512   bytea CHECK (octet_length(signed_sha512) = 64),
    signature       bytea,
    PRIMARY KEY (dossier_id, name)
);
COMMENT ON TABLE signer.component IS 'Thành phần hồ sơ: one document; its bytes are in the content store under sha256';
COMMENT ON COLUMN signer.component.signed_sha256 IS 'the signed PDF (PAdES-B-T) in the content store';
COMMENT ON COLUMN signer.component.signature IS 'detached CAdES-B-T of everything that is no PDF';

-- --- signing ---

CREATE TABLE signer.signing_session (
    id              uuid PRIMARY KEY,
    dossier_id      uuid NOT NULL REFERENCES signer.dossier (id),
    credential_id   uuid NOT NULL REFERENCES signer.credential (id),
    web_session     bytea NOT NULL,
    random          bytea NOT NULL CHECK (octet_length(random) = 16),
    signing_time    timestamptz NOT NULL,
    expires_at      timestamptz NOT NULL,
    id_token        bytea,
    created_at      timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE signer.signing_session IS 'Activation data: exactly which digests a citizen is asked to sign, until when';
COMMENT ON COLUMN signer.signing_session.id_token IS 'sealed under the browser''s session token, which is not stored: the database alone cannot use it';
CREATE INDEX signing_session_dossier ON signer.signing_session (dossier_id, web_session);
CREATE INDEX signing_session_expires ON signer.signing_session (expires_at);

CREATE TABLE signer.signing_item (
    session_id      uuid NOT NULL REFERENCES signer.signing_session (id) ON DELETE CASCADE,
    position        integer NOT NULL CHECK (position BETWEEN 0 AND 63),
    component       text NOT NULL,
    kind            text NOT NULL CHECK (kind IN ('pades', 'cades')),
    digest          bytea NOT NULL CHECK (octet_length(digest) = 32),
    increment       bytea,
    base_size       bigint,
    contents_at     bigint,
    contents_len    bigint,
    PRIMARY KEY (session_id, position)
);
COMMENT ON TABLE signer.signing_item IS 'One thing to be signed: a PDF with its prepared increment, or a whole file';
COMMENT ON COLUMN signer.signing_item.digest IS 'SHA-256 of the bytes to be signed: the PDF''s ByteRange, or the file';

CREATE TABLE signer.signature (
    id              uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    dossier_id      uuid NOT NULL REFERENCES signer.dossier (id),
    session_id      uuid NOT NULL,
    position        integer NOT NULL,
    component       text NOT NULL,
    credential_id   uuid NOT NULL REFERENCES signer.credential (id),
    certificate     bytea NOT NULL REFERENCES signer.certificate (serial),
    digest          bytea NOT NULL,
    state           text NOT NULL CHECK (state IN ('intended', 'done', 'abandoned')),
    intended_at     timestamptz NOT NULL DEFAULT now(),
    finished_at     timestamptz,
    timestamp_serial bytea
);
COMMENT ON TABLE signer.signature IS 'Intents and results: a row is committed before the key daemon signs the digest; abandoned rows tell of a signature that may have been made and was thrown away';
CREATE UNIQUE INDEX signature_one_live ON signer.signature (session_id, position) WHERE state <> 'abandoned';
CREATE INDEX signature_dossier ON signer.signature (dossier_id, state);

CREATE TABLE signer.seal (
    dossier_id      uuid PRIMARY KEY REFERENCES signer.dossier (id),
    manifest        bytea NOT NULL,
    signature       bytea NOT NULL,
    timestamp_serial bytea NOT NULL,
    sealed_at       timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE signer.seal IS 'The manifest (RFC 8785) and the service''s seal over it (CAdES-B-T)';

CREATE TABLE signer.timestamp (
    serial          bytea PRIMARY KEY CHECK (octet_length(serial) BETWEEN 1 AND 20),
    gen_time        timestamptz NOT NULL,
    policy          text NOT NULL,
    purpose         text NOT NULL CHECK (purpose IN ('tsa', 'signature', 'seal')),
    hash            smallint NOT NULL CHECK (hash IN (256, 384, 512)),
    imprint         bytea NOT NULL CHECK (octet_length(imprint) = hash / 8)
);
COMMENT ON TABLE signer.timestamp IS 'Every timestamp given out (RFC 3161); committed before the answer leaves. Serials are random, so a month''s rows can become a partition without a shared sequence';
CREATE INDEX timestamp_gen_time ON signer.timestamp USING brin (gen_time);

-- --- people at the pages ---

CREATE TABLE signer.web_session (
    id              bytea PRIMARY KEY CHECK (octet_length(id) = 32),
    subject         text NOT NULL,
    level           smallint NOT NULL CHECK (level IN (1, 2)),
    auth_time       timestamptz NOT NULL,
    sealed          bytea NOT NULL,
    created_at      timestamptz NOT NULL DEFAULT now(),
    seen_at         timestamptz NOT NULL DEFAULT now(),
    expires_at      timestamptz NOT NULL
);
COMMENT ON TABLE signer.web_session IS 'Who is signed in at the signer''s pages';
COMMENT ON COLUMN signer.web_session.id IS 'SHA-256 of the cookie';
COMMENT ON COLUMN signer.web_session.sealed IS 'names, sealed under a key derived from the cookie: readable only while the person''s browser asks';
CREATE INDEX web_session_expires ON signer.web_session (expires_at);

CREATE TABLE signer.login_request (
    id              bytea PRIMARY KEY CHECK (octet_length(id) = 32),
    browser         bytea NOT NULL CHECK (octet_length(browser) = 32),
    return_to       text NOT NULL CHECK (octet_length(return_to) <= 512),
    signing_session uuid,
    expires_at      timestamptz NOT NULL
);
COMMENT ON TABLE signer.login_request IS 'A browser on its way to the identity provider; deleted when it comes back: one use';
COMMENT ON COLUMN signer.login_request.id IS 'SHA-256 of state; the PKCE verifier and the nonce are derived from the browser''s cookie and never stored';
CREATE INDEX login_request_expires ON signer.login_request (expires_at);

-- --- the API's memory ---

CREATE TABLE signer.idempotency (
    client_id       text NOT NULL,
    subject         text NOT NULL,
    key             text NOT NULL CHECK (octet_length(key) BETWEEN 1 AND 255),
    request         bytea NOT NULL CHECK (octet_length(request) = 32),
    status          smallint NOT NULL,
    answer          text NOT NULL,
    created_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (client_id, subject, key)
);
COMMENT ON TABLE signer.idempotency IS 'Answers already given, written in the transaction that did the work';
CREATE INDEX idempotency_created ON signer.idempotency (created_at);

CREATE TABLE signer.audit (
    id              uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    at              timestamptz NOT NULL DEFAULT clock_timestamp(),
    event           text NOT NULL,
    actor           text NOT NULL,
    client_id       text,
    dossier_id      uuid,
    credential_id   uuid,
    detail          text,
    request_id      text
);
COMMENT ON TABLE signer.audit IS 'Who did what; the daemon may only insert';
COMMENT ON COLUMN signer.audit.actor IS 'a pairwise subject, a client, or "system"';
CREATE INDEX audit_at ON signer.audit USING brin (at);
CREATE INDEX audit_dossier ON signer.audit (dossier_id) WHERE dossier_id IS NOT NULL;

-- --- what the daemon may ---

REVOKE ALL ON SCHEMA signer FROM PUBLIC;
GRANT USAGE ON SCHEMA signer TO antin_signer;
GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA signer TO antin_signer;
REVOKE SELECT ON signer.audit FROM antin_signer;
GRANT UPDATE (state, key_blob, wrong_pins, locked_at, changed_at) ON signer.credential TO antin_signer;
GRANT UPDATE (state, der, issued_at, revoked_at, invalid_since, reason, on_crl) ON signer.certificate TO antin_signer;
GRANT UPDATE (state, submitted_at, sealed_at, signing_session, signing_instance, signing_until) ON signer.dossier TO antin_signer;
GRANT UPDATE (kind, media_type, size, sha256, sha512, uploaded_at, signed_size, signed_sha256, signed_sha512, signature) ON signer.component TO antin_signer;
GRANT UPDATE (state, finished_at, timestamp_serial) ON signer.signature TO antin_signer;
GRANT UPDATE (id_token) ON signer.signing_session TO antin_signer;
GRANT UPDATE (seen_at) ON signer.web_session TO antin_signer;
GRANT DELETE ON signer.component, signer.signing_session, signer.signing_item, signer.web_session, signer.login_request, signer.idempotency TO antin_signer;

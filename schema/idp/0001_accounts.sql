-- Accounts of citizens and officers, their credentials and roles.
CREATE TABLE idp.account (
    id           uuid PRIMARY KEY,
    kind         text NOT NULL CHECK (kind IN ('citizen', 'officer')),
    level        smallint NOT NULL CHECK (level BETWEEN 0 AND 2),
    state        text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'active', 'locked')),
    login_hash   bytea NOT NULL UNIQUE CHECK (length(login_hash) = 32),
    phone_hash   bytea CHECK (length(phone_hash) = 32),
    data_key     bytea NOT NULL CHECK (length(data_key) BETWEEN 64 AND 128),
    data         bytea NOT NULL CHECK (length(data) BETWEEN 40 AND 16384),
    created_at   timestamptz NOT NULL DEFAULT now(),
    created_by   uuid,
    activated_at timestamptz,
    locked_at    timestamptz
);
CREATE INDEX account_phone ON idp.account (phone_hash) WHERE phone_hash IS NOT NULL;
COMMENT ON TABLE idp.account IS 'One person who can sign in. Nothing here says who without keys that the database does not have.';
COMMENT ON COLUMN idp.account.level IS 'Level of identification: 1 made online, 2 checked in person with the chip card; 0 for officers'' accounts.';
COMMENT ON COLUMN idp.account.state IS 'pending: no password chosen yet; active; locked: by an officer, signs in no more.';
COMMENT ON COLUMN idp.account.login_hash IS 'HMAC-SHA256 of the personal number (or officer''s login name) under the look-up key.';
COMMENT ON COLUMN idp.account.phone_hash IS 'HMAC-SHA256 of the phone number under the look-up key; several people may share a phone.';
COMMENT ON COLUMN idp.account.data_key IS 'The account''s own data key, wrapped by keyd with the account id as associated data.';
COMMENT ON COLUMN idp.account.data IS 'Personal data (JSON): 24 bytes nonce, then XChaCha20-Poly1305 under data_key, account id as associated data.';

CREATE TABLE idp.password (
    account_id uuid PRIMARY KEY REFERENCES idp.account,
    hash       text NOT NULL CHECK (hash LIKE '$argon2id$%'),
    changed_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE idp.password IS 'Argon2id strings as libsodium writes them.';

CREATE TABLE idp.role (
    account_id uuid NOT NULL REFERENCES idp.account,
    role       text NOT NULL CHECK (role IN ('registrar')),
    given_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (account_id, role)
);
COMMENT ON TABLE idp.role IS 'registrar: may enrol citizens. Asked at every use, so a role taken away is gone at once.';

CREATE TABLE idp.activation (
    account_id uuid PRIMARY KEY REFERENCES idp.account,
    code_hash  bytea NOT NULL CHECK (length(code_hash) = 32),
    created_at timestamptz NOT NULL DEFAULT now(),
    created_by uuid,
    expires_at timestamptz NOT NULL,
    tries      smallint NOT NULL DEFAULT 0,
    used_at    timestamptz
);
COMMENT ON TABLE idp.activation IS 'The one activation code of an account that is good now; a new one takes the place of the old. Kept as a keyed hash.';
COMMENT ON COLUMN idp.activation.tries IS 'Codes typed; after twenty the code is worthless. Guessing is slowed down long before (throttle).';

GRANT SELECT, INSERT ON idp.account, idp.password, idp.role, idp.activation TO antin_idp;
GRANT UPDATE (state, activated_at, locked_at, data, phone_hash, level) ON idp.account TO antin_idp;
GRANT UPDATE (hash, changed_at) ON idp.password TO antin_idp;
GRANT UPDATE (code_hash, created_at, created_by, expires_at, tries, used_at) ON idp.activation TO antin_idp;
GRANT DELETE ON idp.role TO antin_idp;

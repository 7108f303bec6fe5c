-- Roles, schemas and default rights. Run by antin-migrate before anything else, each time: every statement may run again.
-- Passwords are the operator's to set (ALTER ROLE … PASSWORD): a login role without one cannot log in over scram-sha-256.

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'antin_owner') THEN
        CREATE ROLE antin_owner NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'antin_idp') THEN
        CREATE ROLE antin_idp LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'antin_signer') THEN
        CREATE ROLE antin_signer LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT;
    END IF;
    -- A migrating role that is no superuser must be able to become the owner.
    IF NOT pg_has_role(current_user, 'antin_owner', 'MEMBER') THEN
        EXECUTE format('GRANT antin_owner TO %I', current_user);
    END IF;
    -- Nobody but the daemons and the owner reaches this database at all.
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO antin_owner, antin_idp, antin_signer', current_database());
END
$$;

CREATE SCHEMA IF NOT EXISTS antin AUTHORIZATION antin_owner;
CREATE SCHEMA IF NOT EXISTS idp AUTHORIZATION antin_owner;
CREATE SCHEMA IF NOT EXISTS signer AUTHORIZATION antin_owner;
COMMENT ON SCHEMA antin IS 'what was migrated';
COMMENT ON SCHEMA idp IS 'citizens, credentials, clients, sessions, grants: antin-idpd alone';
COMMENT ON SCHEMA signer IS 'dossiers, signing keys'' blobs, certificates, timestamps: antin-signerd alone';

-- Each daemon sees its own schema and not the other's; neither may create anything.
REVOKE ALL ON SCHEMA antin, idp, signer FROM PUBLIC;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA idp TO antin_idp;
GRANT USAGE ON SCHEMA signer TO antin_signer;

-- What the owner makes from now on belongs to nobody until a migration grants it.
ALTER DEFAULT PRIVILEGES FOR ROLE antin_owner REVOKE ALL ON TABLES FROM PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE antin_owner REVOKE ALL ON SEQUENCES FROM PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE antin_owner REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE antin_owner REVOKE USAGE ON TYPES FROM PUBLIC;

-- Names resolve in the daemon's own schema only: nothing that stands in public can be taken for it.
DO $$
BEGIN
    EXECUTE format('ALTER ROLE antin_idp IN DATABASE %I SET search_path = idp', current_database());
    EXECUTE format('ALTER ROLE antin_signer IN DATABASE %I SET search_path = signer', current_database());
END
$$;

CREATE TABLE IF NOT EXISTS antin.migration (
    schema text NOT NULL,
    number integer NOT NULL CHECK (number > 0),
    name text NOT NULL,
    sha256 text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    applied_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (schema, number)
);
ALTER TABLE antin.migration OWNER TO antin_owner;
COMMENT ON TABLE antin.migration IS 'one row a migration that was applied, written in that migration''s transaction; sha256 is of the file''s bytes';

"""
What the identity provider's database role may do, and no more: the grants are the last wall when the daemon falls.
"""
import pytest
from idp_kit import sql

TABLES = {"account", "password", "role", "activation", "client", "redirect_uri", "post_logout_uri", "consent", "session", "auth_request", "access_grant", "code",
          "throttle", "audit", "idempotency", "refresh_token", "device", "logout_notice", "pushed_request", "seen", "partition_rule", "registration_token"}


def may(what, table):
    return sql(f"SELECT has_table_privilege('antin_idp', 'idp.{table}', '{what}')") == "t"


def test_audit_can_only_be_appended_to():
    assert may("INSERT", "audit")
    assert not any(may(what, "audit") for what in ("UPDATE", "DELETE", "TRUNCATE"))  # searched by administrators: SELECT
    assert sql("SELECT has_any_column_privilege('antin_idp', 'idp.audit', 'UPDATE')") == "f"


@pytest.mark.parametrize("table", ["account", "password", "activation", "client", "audit"])
def test_what_must_last_cannot_be_deleted(table):
    assert not may("DELETE", table)


def test_nothing_can_be_truncated_or_altered():
    assert not any(may("TRUNCATE", t) or may("TRIGGER", t) or may("REFERENCES", t) for t in TABLES)
    assert sql("SELECT count(*) FROM pg_tables WHERE schemaname = 'idp' AND tableowner = 'antin_idp'") == "0"
    assert sql("SELECT has_schema_privilege('antin_idp', 'idp', 'CREATE') OR has_schema_privilege('antin_idp', 'public', 'CREATE')") == "f"


def test_identity_of_an_account_cannot_be_changed():
    for column in ("id", "kind", "login_hash", "data_key", "created_at", "created_by"):
        assert sql(f"SELECT has_column_privilege('antin_idp', 'idp.account', '{column}', 'UPDATE')") == "f", column
    for column in ("account_id", "client_id", "scope", "sub", "expires_at"):
        assert sql(f"SELECT has_column_privilege('antin_idp', 'idp.access_grant', '{column}', 'UPDATE')") == "f", column


def test_the_signers_tables_are_out_of_sight():
    assert sql("SELECT has_schema_privilege('antin_idp', 'signer', 'USAGE')") == "f"
    assert sql("SELECT count(*) FROM pg_tables WHERE schemaname = 'signer' AND has_table_privilege('antin_idp', schemaname || '.' || tablename, 'SELECT')") == "0"
    assert sql("SELECT has_schema_privilege('antin_signer', 'idp', 'USAGE')") == "f"


def test_every_table_says_what_it_is_for():
    assert set(sql("SELECT string_agg(relname, ' ') FROM pg_class WHERE relnamespace = 'idp'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition").split()) == TABLES
    assert sql("SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'idp' AND relkind IN ('r', 'p') AND NOT relispartition"
               " AND obj_description(c.oid) IS NULL") == "0"

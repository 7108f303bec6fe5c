"""
Clients are kept in memory: what changes about one is felt at once, and when nobody can tell of changes, the database is asked.
"""
import secrets
import time

import pytest
from idp_kit import REDIRECT, Client, idpctl, sql

OTHER = "http://localhost:9400/khac"
HEARS = "application_name = 'antin' AND usename = 'antin_idp' AND query IN ('SELECT 1', 'LISTEN idp_client')"


@pytest.fixture
def service(stack):
    client = Client(stack, "dossier.read", more=["--grant", "client_credentials"])
    assert token(client) == 200  # known by heart from now on
    assert token(client) == 200
    return client


def token(client):
    return client.token_request(grant_type="client_credentials").status_code


def arrives(client, stack, uri):
    """Whether an authorization request with this redirect URI is taken at all (else: a page that says no)."""
    url, _ = client.request(redirect_uri=uri)
    return client.http.get(url, allow_redirects=False, timeout=10).status_code != 400


def deaf():
    """Ends the connection by which changes are heard."""
    assert int(sql(f"SELECT count(pg_terminate_backend(pid, 2000)) FROM pg_stat_activity WHERE {HEARS}")) == 1


def soon(holds, limit=1.0):
    """A notification takes milliseconds; on a machine that is at work on other things, some more."""
    end = time.monotonic() + limit
    while not holds():
        assert time.monotonic() < end, "not felt in time"
        time.sleep(0.005)


def hearing():
    soon(lambda: int(sql(f"SELECT count(*) FROM pg_stat_activity WHERE {HEARS}")) == 1, 10)


def silently(change):
    """A change that no trigger tells of: only what is not kept in memory shows it."""
    sql("SET session_replication_role = replica; " + change)


def test_known_client_is_known_by_heart_until_hearing_begins_anew(service):
    silently(f"UPDATE idp.client SET state = 'disabled' WHERE id = '{service.client_id}'")
    assert token(service) == 200
    deaf()
    assert token(service) == 401
    hearing()
    assert token(service) == 401


def test_disabled_client_is_refused_at_once_and_enabled_again(service):
    idpctl("client", "disable", service.client_id)
    assert token(service) == 401
    idpctl("client", "enable", service.client_id)
    assert token(service) == 200


def test_wrong_secret_is_refused_for_a_known_client(service):
    service.client_secret = secrets.token_urlsafe(32)
    assert token(service) == 401


def test_new_secret_ends_the_old_one_at_once(service):
    new = idpctl("client", "secret", service.client_id)["client_secret"]
    assert token(service) == 401
    service.client_secret = new
    assert token(service) == 200


def test_unknown_client_is_not_remembered_as_unknown(stack):
    name = "test-" + secrets.token_hex(5)
    client = Client(stack, "dossier.read", more=["--grant", "client_credentials"])
    client.client_id = name
    assert token(client) == 401
    made = idpctl("client", "add", "--id", name, "--name", "Mới", "--scope", "dossier.read", "--grant", "client_credentials", "--redirect", REDIRECT)
    client.client_secret = made["client_secret"]
    assert token(client) == 200


def test_redirect_uri_is_known_as_soon_as_it_is_registered_and_forgotten_as_soon_as_it_is_not(stack):
    client = Client(stack, "openid")
    assert arrives(client, stack, REDIRECT) and not arrives(client, stack, OTHER)
    sql(f"INSERT INTO idp.redirect_uri VALUES ('{client.client_id}', '{OTHER}')")
    soon(lambda: arrives(client, stack, OTHER))
    sql(f"DELETE FROM idp.redirect_uri WHERE client_id = '{client.client_id}' AND uri = '{OTHER}'")
    soon(lambda: not arrives(client, stack, OTHER))
    assert arrives(client, stack, REDIRECT)


@pytest.mark.parametrize("variant", ["/", "?", "#", "%20", "/../quay-ve", "/.", ";x"])
def test_redirect_uri_of_a_known_client_is_compared_byte_by_byte(stack, variant):
    client = Client(stack, "openid")
    assert arrives(client, stack, REDIRECT)
    assert not arrives(client, stack, REDIRECT + variant)
    assert not arrives(client, stack, REDIRECT.replace("localhost", "LOCALHOST"))
    assert not arrives(client, stack, REDIRECT[:-1])


def test_change_made_while_nobody_listens_is_felt(service):
    deaf()
    idpctl("client", "disable", service.client_id)
    assert token(service) == 401
    hearing()
    assert token(service) == 401
    idpctl("client", "enable", service.client_id)
    assert token(service) == 200


def test_every_table_that_is_kept_tells_of_its_changes():
    found = set(sql("SELECT string_agg(DISTINCT c.relname, ' ') FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
                    " WHERE t.tgname = 'client_changed' AND t.tgenabled = 'O'").split())
    assert found == {"client", "redirect_uri", "post_logout_uri"}

"""
antin-idpctl: any member of a client's metadata, export and import, removal, tokens for software. RFC 7591 §2.
"""
import json
import secrets

import pytest
from client_kit import KeyClient, new_key, public
from idp_kit import REDIRECT, Client, enrolled, idpctl, sql
from registration_kit import POLICY, new_token


def name():
    return "test-" + secrets.token_hex(4)


def exported(client_id):
    return idpctl("client", "export", client_id)["clients"][0]


@pytest.fixture
def put(tmp_path):
    """A file that the daemon's user can read."""
    def make(value):
        for folder in (tmp_path, *tmp_path.parents[:2]):  # pytest's own; the next one is everybody's
            folder.chmod(folder.stat().st_mode | 0o755)
        path = tmp_path / secrets.token_hex(4)
        path.write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8")
        path.chmod(0o644)
        return str(path)
    return make


def refused(code, *argv):
    done = idpctl(*argv, check=False)
    assert done.returncode == code and done.stderr, (done.returncode, done.stdout, done.stderr)
    return done.stderr


# ---------------------------------------------------------------- set

def test_any_member_can_be_set_and_taken_away(stack):
    client = Client(stack)
    idpctl("client", "set", client.client_id, "--set", "client_name#en=Portal", "--set", "client_uri=https://portal.example.vn/", "--set", "dpop_bound_access_tokens=true",
           "--set", 'contacts=["a@portal.example.vn"]')
    now = exported(client.client_id)
    assert now["client_name#en"] == "Portal" and now["dpop_bound_access_tokens"] is True and now["contacts"] == ["a@portal.example.vn"]
    idpctl("client", "set", client.client_id, "--set", "client_uri=")
    assert "client_uri" not in exported(client.client_id)


def test_secret_stays_unless_the_way_of_proving_changes(stack):
    client = Client(stack)
    assert "client_secret" not in idpctl("client", "set", client.client_id, "--set", "client_name=Khác")
    assert client.token_request(grant_type="authorization_code", code="x").status_code == 400
    key = json.dumps({"keys": [public(new_key())]})
    idpctl("client", "set", client.client_id, "--set", "token_endpoint_auth_method=private_key_jwt", "--set", "jwks=" + key)
    assert client.token_request(grant_type="authorization_code", code="x").status_code == 401
    assert len(idpctl("client", "set", client.client_id, "--set", "token_endpoint_auth_method=client_secret_basic")["client_secret"]) == 43


def test_redirect_uris_can_be_replaced(stack, officer):
    client, citizen = Client(stack), enrolled(stack, officer)
    client.login(citizen)
    idpctl("client", "set", client.client_id, "--set", f'redirect_uris=["{REDIRECT}/moi"]')
    assert client.open(citizen)[0].status == 400


@pytest.mark.parametrize("change", ["x", "=x", "redirect_uris=https://a.example/", "scope=openid everything", "first_party=yes", "jwks_uri=https://a.example/",
                                    "grant_types=[]", "token_endpoint_auth_method=magic", "security_profile=fapi2-security", "client_name=", "jwks={}", "client_name=true"])
def test_change_that_will_not_do_changes_nothing(stack, change):
    client = Client(stack)
    before = exported(client.client_id)
    refused(2, "client", "set", client.client_id, "--set", change)
    assert exported(client.client_id) == before


def test_unknown_client_is_not_found(stack):
    for argv in (("set", "nobody", "--introspect", "yes"), ("secure", "nobody", "--dpop"), ("remove", "nobody"), ("export", "nobody"), ("secret", "nobody")):
        refused(3, "client", *argv)


# ---------------------------------------------------------------- export, import

def test_export_holds_no_secret(stack):
    client, keyed = Client(stack), KeyClient(stack)
    text = json.dumps(idpctl("client", "export", client.client_id, keyed.client_id))
    assert client.client_secret not in text and "secret_hash" not in text and public(keyed.key)["x"] in text
    assert len(idpctl("client", "export")["clients"]) >= 2


def test_what_was_exported_can_be_imported(stack, put):
    keyed = KeyClient(stack, "--dpop", "--profile", "fapi2-security")
    doc = {**exported(keyed.client_id), "client_id": name()}
    made = idpctl("client", "import", put(doc))["clients"]
    assert made == [{"client_id": doc["client_id"]}] and exported(doc["client_id"]) == doc


def test_import_gives_new_secrets(put):
    docs = [{"client_id": name(), "client_name": "Thử", "scope": "openid", "redirect_uris": [REDIRECT]} for _ in range(2)]
    made = idpctl("client", "import", put({"clients": docs}))["clients"]
    assert [len(c["client_secret"]) for c in made] == [43, 43] and [c["client_id"] for c in made] == [d["client_id"] for d in docs]
    refused(4, "client", "import", put(docs[0]))


def test_import_replaces_when_told(stack, put):
    client = Client(stack)
    doc = {**exported(client.client_id), "client_name": "Tên mới"}
    refused(4, "client", "import", put(doc))
    assert idpctl("client", "import", "--replace", put(doc))["clients"] == [{"client_id": client.client_id}]
    assert exported(client.client_id)["client_name"] == "Tên mới"
    assert client.token_request(grant_type="authorization_code", code="x").status_code == 400, "the secret still counts"


@pytest.mark.parametrize("doc", ["", "[]", "7", "{", {"client_name": "x"}, {"clients": [{"client_id": "x"}]}, {"clients": [7]}], ids=str)
def test_file_that_will_not_do_is_refused(put, doc):
    refused(2, "client", "import", put(doc))


# ---------------------------------------------------------------- remove, tokens

def test_removed_client_is_gone_and_its_id_taken(stack):
    client = Client(stack)
    assert idpctl("client", "remove", client.client_id)["state"] == "removed"
    assert client.token_request(grant_type="authorization_code", code="x").status_code == 401
    refused(3, "client", "show", client.client_id)
    refused(4, "client", "add", "--id", client.client_id, "--name", "x", "--scope", "openid", "--redirect", REDIRECT)
    assert client.client_id not in [c["client_id"] for c in idpctl("client", "list")["clients"]]
    assert sql(f"SELECT count(*) FROM idp.audit WHERE event = 'client.removed' AND client_id = '{client.client_id}' AND by_operator IS NOT NULL") == "1"


@pytest.mark.parametrize("policy", [{"scope": "openid"}, {**POLICY, "more": 1}, {**POLICY, "scope": "openid admin"}, [], "text"], ids=str)
def test_policy_that_is_none_makes_no_token(put, policy):
    refused(2, "registration-token", "add", "--name", "x", "--policy", put(policy))


@pytest.mark.parametrize("argv", [(), ("--name", "x"), ("--name", "x", "--policy", "/nowhere")])
def test_token_needs_a_name_and_a_policy(argv):
    refused(2, "registration-token", "add", *argv)
    refused(3, "registration-token", "revoke", "00000000-0000-4000-8000-000000000000")


def test_token_is_told_once():
    made = new_token(uses=1)
    assert len(made["initial_access_token"]) == 43
    assert made["initial_access_token"] not in json.dumps(idpctl("registration-token", "list"))

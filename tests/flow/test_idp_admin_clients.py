"""
Administration of clients and of the tokens that software registers itself with. RFC 7591 §2 (metadata), RFC 9457, RFC 9110 §13.1.1.
"""
import json
import secrets

import pytest
from admin_kit import Admin, Client, Service, audit, problem
from client_kit import new_key, public
from idp_kit import REDIRECT, enrolled, sql
from registration_kit import POLICY, Registrar, call, metadata, of_client


@pytest.fixture(scope="module")
def admin(stack):
    return Admin(stack)


@pytest.fixture
def made(admin):
    answer = admin.call("POST", "/clients", json=metadata(client_id=name()))
    assert answer.status_code == 201, answer.text
    return answer.json()


def name():
    return "test-" + secrets.token_hex(5)


def client_of(stack, info):
    portal = Client.__new__(Client)
    portal.__dict__.update(Client(stack, info["scope"]).__dict__)
    portal.client_id, portal.client_secret = info["client_id"], info.get("client_secret")
    return portal


# ---------------------------------------------------------------- what works

def test_administrator_registers_a_client_that_signs_people_in(stack, officer, admin):
    i = name()
    answer = admin.call("POST", "/clients", json=metadata(client_id=i, **{"client_name#en": "Portal"}, introspects_all_tokens=True))
    assert answer.status_code == 201 and answer.headers["Content-Location"] == "/admin/v1/clients/" + i and answer.headers["ETag"] == '"1"'
    info = answer.json()
    assert info["state"] == "active" and info["introspects_all_tokens"] is True and len(info["client_secret"]) == 43
    assert client_of(stack, info).login(enrolled(stack, officer))["id_token"]
    assert audit("client.added", f"client_id = '{i}' AND by_account = '{admin.id}' AND by_client IS NOT NULL") == 1


def test_service_does_it_in_its_own_name(stack):
    service, i = Service(stack), name()
    assert service.call("POST", "/clients", json=metadata(client_id=i)).status_code == 201
    assert audit("client.added", f"client_id = '{i}' AND by_client = '{service.client_id}' AND by_account IS NULL") == 1


def test_id_is_made_when_none_is_said(admin):
    assert len(admin.call("POST", "/clients", json=metadata()).json()["client_id"]) == 36


def test_client_is_shown_without_its_secret(admin, made):
    seen = admin.call("GET", "/clients/" + made["client_id"])
    assert seen.status_code == 200 and seen.headers["ETag"] == '"1"'
    assert seen.json() == {k: v for k, v in made.items() if k != "client_secret"}


def test_clients_are_listed_in_pages(admin):
    mine = sorted(admin.call("POST", "/clients", json=metadata(client_id=f"page-{secrets.token_hex(4)}-{n}")).json()["client_id"] for n in range(3))
    first = admin.call("GET", "/clients?limit=1").json()
    assert len(first["clients"]) == 1 and first["next"] == first["clients"][0]["client_id"]
    seen, after = [], ""
    while after is not None:
        page = admin.call("GET", f"/clients?limit=50{'&after=' + after if after else ''}").json()
        seen += [c["client_id"] for c in page["clients"]]
        after = page.get("next")
    assert seen == sorted(set(seen)) and set(mine) <= set(seen)
    assert "secret" not in json.dumps(first).replace("client_secret_basic", "").replace("client_secret_post", "").replace("client_secret_jwt", "")


def test_replacing_sets_all_of_it_and_keeps_the_secret(stack, admin, made):
    body = metadata(client_id=made["client_id"], client_name="Tên mới", redirect_uris=[REDIRECT], post_logout_redirect_uris=["https://portal.example.vn/"])
    now = admin.call("PUT", "/clients/" + made["client_id"], json=body)
    assert now.status_code == 200 and now.json()["version"] == 2 and now.json()["client_name"] == "Tên mới" and "client_secret" not in now.json()
    answer = client_of(stack, made).token_request(grant_type="authorization_code", code="x", redirect_uri=REDIRECT, code_verifier="x" * 43)
    assert answer.json()["error"] == "invalid_grant", "the secret still counts"
    later = admin.call("PUT", "/clients/" + made["client_id"], json=metadata()).json()
    assert "post_logout_redirect_uris" not in later and audit("client.changed", f"client_id = '{made['client_id']}' AND by_account = '{admin.id}'") == 2


def test_new_secret_ends_the_old_one(stack, admin, made):
    new = admin.call("POST", f"/clients/{made['client_id']}/secret").json()["client_secret"]
    client = client_of(stack, made)
    assert client.token_request(grant_type="authorization_code", code="x").status_code == 401
    client.client_secret = new
    assert client.token_request(grant_type="authorization_code", code="x").status_code == 400
    assert audit("client.secret", f"client_id = '{made['client_id']}'") == 1


def test_disabled_client_is_refused_at_once_and_taken_again(stack, admin, made):
    client = client_of(stack, made)
    assert admin.call("POST", f"/clients/{made['client_id']}/disable").json()["state"] == "disabled"
    assert client.token_request(grant_type="authorization_code", code="x").status_code == 401
    assert admin.call("POST", f"/clients/{made['client_id']}/enable").json()["state"] == "active"
    assert client.token_request(grant_type="authorization_code", code="x").status_code == 400
    assert audit("client.disabled", f"client_id = '{made['client_id']}' AND by_account = '{admin.id}'") == 1


def test_removed_client_is_gone_and_its_id_taken_for_good(admin, made):
    path = "/clients/" + made["client_id"]
    assert admin.call("DELETE", path).status_code == 204
    for method, more in (("GET", ""), ("DELETE", ""), ("POST", "/enable"), ("POST", "/disable"), ("POST", "/secret")):
        problem(admin.call(method, path + more), 404, "not_found")
    problem(admin.call("PUT", path, json=metadata()), 404, "not_found")
    problem(admin.call("POST", "/clients", json=metadata(client_id=made["client_id"])), 409, "conflict")
    assert audit("client.removed", f"client_id = '{made['client_id']}'") == 1


def test_method_by_key_needs_no_secret(admin):
    info = admin.call("POST", "/clients", json=metadata(token_endpoint_auth_method="private_key_jwt", jwks={"keys": [public(new_key())]})).json()
    assert "client_secret" not in info
    problem(admin.call("POST", f"/clients/{info['client_id']}/secret"), 409, "no_secret")


# ---------------------------------------------------------------- refusals

def test_same_id_again_is_a_conflict(admin, made):
    problem(admin.call("POST", "/clients", json=metadata(client_id=made["client_id"])), 409, "conflict")


def test_change_of_an_old_version_is_refused(admin, made):
    path = "/clients/" + made["client_id"]
    admin.call("PUT", path, json=metadata(client_name="Của người khác"))
    for method, more in (("PUT", {"json": metadata()}), ("DELETE", {})):
        problem(admin.call(method, path, headers={"If-Match": '"1"'}, **more), 412, "precondition_failed")
    assert admin.call("PUT", path, headers={"If-Match": '"2"'}, json=metadata()).json()["version"] == 3


@pytest.mark.parametrize("more,code", [
    ({"redirect_uris": ["http://portal.example.vn/"]}, "invalid_redirect_uri"), ({"redirect_uris": None}, "invalid_redirect_uri"),
    ({"client_id": "a b"}, "invalid_client_metadata"), ({"client_id": "-x"}, "invalid_client_metadata"), ({"client_id": "x" * 65}, "invalid_client_metadata"),
    ({"client_id": 7}, "invalid_client_metadata"), ({"scope": "openid everything"}, "invalid_client_metadata"), ({"scope": None}, "invalid_client_metadata"),
    ({"jwks_uri": "https://portal.example.vn/jwks"}, "invalid_client_metadata"), ({"security_profile": "fapi2-security"}, "invalid_client_metadata"),
    ({"first_party": "yes"}, "invalid_client_metadata"), ({"token_exchange_services": ["a b"]}, "invalid_client_metadata"),
], ids=lambda v: json.dumps(v)[:50] if isinstance(v, dict) else v)
def test_metadata_that_will_not_do_is_told_exactly(admin, made, more, code):
    told = problem(admin.call("POST", "/clients", json=metadata(**more)), 400, code)
    assert told["detail"].split()[0] in {*more, "the", "jwks"}
    assert admin.call("PUT", "/clients/" + made["client_id"], json=metadata(**more)).status_code == 400
    assert admin.call("GET", "/clients/" + made["client_id"]).json()["version"] == 1, "nothing changed"


def test_other_clients_id_in_the_body_is_refused(admin, made):
    problem(admin.call("PUT", "/clients/" + made["client_id"], json=metadata(client_id="antin-signer")), 400, "invalid_client_metadata")


@pytest.mark.parametrize("query", ["limit=0", "limit=501", "limit=x", "limit=-1", "after=a%20b", "state=removed", "state=x", "limit=1&limit=2"])
def test_page_that_cannot_be_is_refused(admin, query):
    problem(admin.call("GET", "/clients?" + query), 400, "invalid_request")


@pytest.mark.parametrize("path", ["/clients/nobody", "/clients/a'b", "/clients/%2e%2e", "/clients/" + "a" * 65])
def test_unknown_client_is_not_found(admin, path):
    assert admin.call("GET", path).status_code in (400, 404)


ALL = [("GET", "/clients"), ("POST", "/clients"), ("GET", "/clients/quay"), ("PUT", "/clients/quay"), ("DELETE", "/clients/quay"), ("POST", "/clients/quay/secret"),
       ("POST", "/clients/quay/enable"), ("POST", "/clients/quay/disable"), ("GET", "/registration-tokens"), ("POST", "/registration-tokens"),
       ("DELETE", "/registration-tokens/00000000-0000-4000-8000-000000000000")]


@pytest.mark.parametrize("method,path", ALL, ids=lambda v: v)
def test_nobody_else_administers(stack, officer, admin, method, path):
    info = Registrar(stack.idp_url).register()
    body = {"json": metadata()} if method in ("POST", "PUT") and not path.endswith(("secret", "enable", "disable")) else {}
    assert call(stack.idp_url, method, "/admin/v1" + path, None, body.get("json")).status_code == 401
    assert admin.call(method, path, officer.token(), **body).status_code == 403
    assert admin.call(method, path, info["registration_access_token"], **body).status_code == 401
    assert sql("SELECT state FROM idp.client WHERE id = 'quay'") in ("active", "")


# ---------------------------------------------------------------- tokens for software

def test_administrator_makes_a_token_and_approves_who_came_by_it(stack, admin):
    answer = admin.call("POST", "/registration-tokens", json={"name": "Cổng của quận", "uses": 1, "days": 1, "policy": {**POLICY, "approval": True}})
    assert answer.status_code == 201, answer.text
    token = answer.json()
    info = call(stack.idp_url, "POST", "/register", token["initial_access_token"], metadata()).json()
    assert info["client_id"] in [c["client_id"] for c in admin.call("GET", "/clients?state=pending&limit=500").json()["clients"]]
    assert admin.call("GET", "/clients/" + info["client_id"]).json()["registration_token_id"] == token["id"]
    assert admin.call("POST", f"/clients/{info['client_id']}/enable").json()["state"] == "active"
    listed = {t["id"]: t for t in admin.call("GET", "/registration-tokens").json()["registration_tokens"]}
    assert listed[token["id"]]["state"] == "used" and token["initial_access_token"] not in json.dumps(listed)
    assert audit("registration.token_added", f"detail = '{token['id']}' AND by_account = '{admin.id}'") == 1


def test_ended_token_registers_nobody(stack, admin):
    token = admin.call("POST", "/registration-tokens", json={"name": "x", "uses": 5, "policy": POLICY}).json()
    assert admin.call("DELETE", "/registration-tokens/" + token["id"]).status_code == 204
    assert call(stack.idp_url, "POST", "/register", token["initial_access_token"], metadata()).status_code == 401
    problem(admin.call("DELETE", "/registration-tokens/" + token["id"]), 404, "not_found")
    problem(admin.call("DELETE", "/registration-tokens/x"), 404, "not_found")
    assert audit("registration.token_revoked", f"detail = '{token['id']}'") == 1


@pytest.mark.parametrize("asked", [{}, {"name": "x"}, {"policy": POLICY}, {"name": "", "policy": POLICY}, {"name": "x", "policy": {}}, {"name": "x", "policy": []},
                                   {"name": "x", "policy": POLICY, "uses": 0}, {"name": "x", "policy": POLICY, "days": 3651}, {"name": "x", "policy": POLICY, "uses": "1"},
                                   {"name": "x", "policy": {**POLICY, "scope": "openid admin"}}, {"name": "x", "policy": POLICY, "more": 1}], ids=lambda a: json.dumps(a)[:50])
def test_token_without_a_sound_policy_is_not_made(admin, asked):
    problem(admin.call("POST", "/registration-tokens", json=asked), 400, "invalid_client_metadata")


def test_administrator_removes_a_client_that_registered_itself(stack, admin):
    info = Registrar(stack.idp_url).register()
    assert admin.call("DELETE", "/clients/" + info["client_id"]).status_code == 204
    assert of_client(stack.idp_url, "GET", info).status_code == 401

"""
A client that registered itself sees, changes and removes itself, and nothing else. RFC 7592.
"""
import concurrent.futures
import secrets

import pytest
from client_kit import new_key, public
from idp_kit import REDIRECT, Client, enrolled, idpctl, sql
from registration_kit import HOST, Registrar, call, of_client, portal_of, refused


@pytest.fixture(scope="module")
def url(stack):
    return stack.idp_url


@pytest.fixture(scope="module")
def registrar(url):
    return Registrar(url)


@pytest.fixture(scope="module")
def visitor(stack, officer):
    return enrolled(stack, officer)


@pytest.fixture
def info(registrar):
    return registrar.register()


OURS = ("registration_access_token", "registration_client_uri", "client_secret_expires_at", "client_id_issued_at", "client_secret", "client_state")


def changed(info, **more):
    """What the client would send: all it has, with changes."""
    doc = {**{k: v for k, v in info.items() if k not in OURS}, **more}
    return {k: v for k, v in doc.items() if v is not None}


# ---------------------------------------------------------------- what works

def test_client_sees_itself(url, info):
    seen = of_client(url, "GET", info)
    assert seen.status_code == 200 and "no-store" in seen.headers["Cache-Control"]
    same = {k: v for k, v in info.items() if k not in ("client_secret", "client_secret_expires_at", "client_id_issued_at")}
    assert {k: seen.json()[k] for k in same} == same and "client_secret" not in seen.json()


def test_client_changes_itself_and_keeps_its_secret(stack, url, info, visitor):
    now = of_client(url, "PUT", info, body=changed(info, client_name="Tên mới", redirect_uris=[REDIRECT, REDIRECT + "/2"])).json()
    assert now["client_name"] == "Tên mới" and len(now["redirect_uris"]) == 2 and "client_secret" not in now
    assert portal_of(stack, {**now, "client_secret": info["client_secret"]}).login(visitor)["id_token"]


def test_what_is_left_out_gets_its_default(url, registrar):
    info = registrar.register(client_uri="https://portal.example.vn/", dpop_bound_access_tokens=True)
    now = of_client(url, "PUT", info, body=changed(info, client_uri=None, dpop_bound_access_tokens=None)).json()
    assert "client_uri" not in now and now["dpop_bound_access_tokens"] is False


def test_address_that_was_taken_away_is_gone_at_once(stack, url, info, visitor):
    portal = portal_of(stack, info)
    portal.login(visitor)
    of_client(url, "PUT", info, body=changed(info, redirect_uris=[REDIRECT + "/moi"]))
    assert visitor.visit(portal.request()[0]).status == 400


def test_other_method_gives_a_new_secret_or_none(url, info):
    key = new_key()
    by_key = of_client(url, "PUT", info, body=changed(info, token_endpoint_auth_method="private_key_jwt", jwks={"keys": [public(key)]})).json()
    assert "client_secret" not in by_key
    again = of_client(url, "PUT", by_key, body=changed(by_key, token_endpoint_auth_method="client_secret_basic", jwks=None)).json()
    assert len(again["client_secret"]) == 43 and again["client_secret"] != info["client_secret"]


def test_secret_may_be_repeated_but_not_chosen(url, info):
    refused(of_client(url, "PUT", info, body=changed(info, client_secret="x" * 43)), "invalid_client_metadata")
    assert of_client(url, "PUT", info, body=changed(info, client_secret=info["client_secret"])).status_code == 200


def test_client_removes_itself_and_its_tokens_die(stack, url, info, visitor):
    portal = portal_of(stack, info)
    token = portal.login(visitor)["access_token"]
    assert of_client(url, "DELETE", info).status_code == 204
    assert portal.http.get(portal.meta["userinfo_endpoint"], headers={"Authorization": "Bearer " + token}).status_code == 401
    assert portal.token_request(grant_type="authorization_code", code="x").status_code == 401
    assert visitor.visit(portal.request()[0]).status == 400
    assert of_client(url, "GET", info).status_code == 401 and of_client(url, "DELETE", info).status_code == 401
    assert idpctl("client", "show", info["client_id"], check=False).returncode == 3
    assert sql(f"SELECT jwks IS NULL AND secret_hash IS NULL AND registration_hash IS NULL FROM idp.client WHERE id = '{info['client_id']}'") == "t"


def test_id_of_a_removed_client_is_never_given_again(url, info):
    of_client(url, "DELETE", info)
    done = idpctl("client", "add", "--id", info["client_id"], "--name", "x", "--scope", "openid", "--redirect", REDIRECT, check=False)
    assert done.returncode == 4
    assert idpctl("client", "enable", info["client_id"], check=False).returncode == 3


# ---------------------------------------------------------------- its token

def test_each_change_gives_a_new_token_and_its_first_use_ends_the_old_one(url, info):
    now = of_client(url, "PUT", info, body=changed(info)).json()
    assert now["registration_access_token"] != info["registration_access_token"]
    assert of_client(url, "GET", info).status_code == 200, "the answer may have been lost"
    assert of_client(url, "GET", now).status_code == 200
    assert of_client(url, "GET", info).status_code == 401
    assert of_client(url, "PUT", info, body=changed(info)).status_code == 401


def test_lost_answer_locks_nobody_out(url, info):
    of_client(url, "PUT", info, body=changed(info, client_name="Một"))
    now = of_client(url, "PUT", info, body=changed(info, client_name="Hai")).json()
    assert now["client_name"] == "Hai" and of_client(url, "GET", now).status_code == 200


def test_client_is_reached_by_its_own_token_alone(stack, url, registrar, info, visitor):
    other = registrar.register()
    access = portal_of(stack, info).login(visitor)["access_token"]
    for token in (other["registration_access_token"], registrar.token, access, info["client_secret"], secrets.token_urlsafe(32), "x", ""):
        for method, body in (("GET", None), ("PUT", changed(info)), ("DELETE", None)):
            assert call(url, method, "/register/" + info["client_id"], token or None, body).status_code == 401
    assert of_client(url, "GET", info).status_code == 200


@pytest.mark.parametrize("path", ["/register/quay", "/register/antin-signer", "/register/nobody", "/register/%00", "/register/a'b", "/register/" + "a" * 65])
def test_whether_another_client_exists_is_not_told(url, info, path):
    answer = call(url, "GET", path, info["registration_access_token"])
    assert answer.status_code in (400, 401, 404) and "client_id" not in answer.text
    known, unknown = (call(url, "GET", "/register/" + i, info["registration_access_token"]) for i in ("antin-signer", "antin-nobody"))
    assert known.status_code == unknown.status_code == 401 and known.json() == unknown.json()


def test_client_that_somebody_registered_has_no_such_token(stack, url, info):
    client = Client(stack)
    assert call(url, "GET", "/register/" + client.client_id, client.client_secret).status_code == 401


# ---------------------------------------------------------------- inside the policy, always

@pytest.mark.parametrize("more", [{"scope": "openid citizen_number"}, {"redirect_uris": ["https://elsewhere.example/"]}, {"grant_types": ["client_credentials"]},
                                  {"first_party": True}, {"sector_identifier": "other.example"}, {"token_endpoint_auth_method": "none"}], ids=lambda m: " ".join(m))
def test_change_beyond_the_policy_is_refused(url, info, more):
    answer = of_client(url, "PUT", info, body=changed(info, **more))
    assert answer.status_code == 400
    assert of_client(url, "GET", info).json()["scope"] == info["scope"], "and nothing changed"


def test_policy_binds_after_its_token_was_revoked(stack, url):
    registrar = Registrar(url)
    info = registrar.register()
    idpctl("registration-token", "revoke", registrar.made["id"])
    assert of_client(url, "PUT", info, body=changed(info, scope="openid phone")).status_code == 400
    assert of_client(url, "PUT", info, body=changed(info, scope="openid")).status_code == 200


@pytest.mark.parametrize("member", ["registration_access_token", "registration_client_uri", "client_secret_expires_at", "client_id_issued_at"])
def test_what_only_we_say_is_refused(url, info, member):
    refused(of_client(url, "PUT", info, body=changed(info, **{member: "x"})), "invalid_client_metadata")


def test_id_must_be_said_and_its_own(url, info):
    refused(of_client(url, "PUT", info, body=changed(info, client_id=None)), "invalid_client_metadata")
    refused(of_client(url, "PUT", info, body=changed(info, client_id="quay")), "invalid_client_metadata")


def test_disabled_client_cannot_help_itself(stack, url, info):
    idpctl("client", "disable", info["client_id"])
    for method, body in (("GET", None), ("PUT", changed(info)), ("DELETE", None)):
        assert of_client(url, method, info, body=body).status_code == 403
    idpctl("client", "enable", info["client_id"])
    assert of_client(url, "GET", info).json()["client_state"] == "active"


# ---------------------------------------------------------------- approval

@pytest.fixture
def approved(url):
    info = Registrar(url, approval=True).register()
    idpctl("client", "enable", info["client_id"])
    return info


def test_change_of_what_was_approved_waits_again(url, approved):
    now = of_client(url, "PUT", approved, body=changed(approved, redirect_uris=["https://portal.example.vn/khac"], sector_identifier=HOST)).json()
    assert now["client_state"] == "pending"
    assert sql(f"SELECT state FROM idp.client WHERE id = '{approved['client_id']}'") == "pending"


def test_new_keys_need_no_new_approval(url):
    info = Registrar(url, approval=True, token_endpoint_auth_methods=["private_key_jwt"]).register(token_endpoint_auth_method="private_key_jwt",
                                                                                                   jwks={"keys": [public(new_key())]})
    idpctl("client", "enable", info["client_id"])
    now = of_client(url, "PUT", info, body=changed(info, jwks={"keys": [public(new_key())]})).json()
    assert now["client_state"] == "active" and now["jwks"] != info["jwks"]


def test_what_an_officer_took_away_does_not_come_back_by_itself(url):
    info = Registrar(url).register(scope="openid profile")
    assert info["client_state"] == "active"
    idpctl("client", "set", info["client_id"], "--set", "scope=\"openid\"")
    now = of_client(url, "PUT", info, body=changed(info, scope="openid")).json()
    assert now["client_state"] == "active"  # nothing is otherwise than the officer wanted it
    now = of_client(url, "PUT", now, body=changed(now, scope="openid profile")).json()
    assert now["client_state"] == "pending"
    idpctl("client", "enable", info["client_id"])
    assert of_client(url, "PUT", now, body=changed(now, client_uri=f"https://{HOST}/moi")).json()["client_state"] == "pending"


def test_waiting_client_may_mend_itself_but_not_approve(url):
    info = Registrar(url, approval=True).register()
    now = of_client(url, "PUT", info, body=changed(info, client_state="active", state="active")).json()
    assert now["client_state"] == "pending"


def test_changes_and_removal_are_in_the_audit(url, info):
    of_client(url, "PUT", info, body=changed(info))
    of_client(url, "DELETE", info)
    events = sql(f"SELECT string_agg(event, ' ' ORDER BY at) FROM idp.audit WHERE client_id = '{info['client_id']}'")
    assert events == "client.registered client.changed client.removed"


def test_changes_at_once_do_not_mix(url, info):
    """Whoever read an older version is refused, or has lost its token: nothing is half of one and half of another."""
    bodies = [changed(info, client_name=f"Tên {n}", client_uri=f"https://portal.example.vn/{n}") for n in range(8)]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda body: of_client(url, "PUT", info, body=body), bodies))
    assert {a.status_code for a in answers} <= {200, 401, 412}
    name, uri, version = sql(f"SELECT name, client_uri, version FROM idp.client WHERE id = '{info['client_id']}'").split("|")
    assert name.removeprefix("Tên ") == uri.rsplit("/", 1)[1] and int(version) == 1 + sum(a.status_code == 200 for a in answers) > 1


def test_changes_are_bounded(url, info):
    """Each is a row in the audit log and is told to every daemon."""
    for _ in range(60):
        answer = of_client(url, "PUT", info, body=changed(info))
        assert answer.status_code == 200
        info = answer.json()
    answer = of_client(url, "PUT", info, body=changed(info))
    assert answer.status_code == 429 and int(answer.headers["Retry-After"]) > 0
    assert of_client(url, "GET", info).status_code == 200, "seeing and leaving are not"

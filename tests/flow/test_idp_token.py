"""
The token endpoint and UserInfo: a code is worth something once, for one client, for a minute. RFC 6749 §3.2, §4.1.3, §5.2; RFC 6750; RFC 7636; RFC 9068.
"""
import base64
import hashlib
import json
import secrets
from concurrent.futures import ThreadPoolExecutor

import antin_client as antin
import pytest
import requests
from idp_kit import REDIRECT, Client, enrolled, fresh, idpctl, sql

FULL = "openid profile email phone address citizen_number"


@pytest.fixture(scope="module")
def person(stack, officer):
    return enrolled(stack, officer, phone="0912 345 678", email="an@example.vn", address="12 Lê Lợi, Phường Bến Thành").person


@pytest.fixture(scope="module")
def visitor(stack, person):
    return fresh(stack, person)


@pytest.fixture(scope="module")
def client(stack):
    return Client(stack, "openid profile", allowed=FULL)


def refused(response, status, error):
    """RFC 6749 §5.2, and nobody caches it."""
    assert response.status_code == status, response.text
    body = response.json()
    assert body["error"] == error and "access_token" not in body
    assert all(32 <= ord(c) < 127 and c not in '"\\' for c in body["error_description"])
    assert "no-store" in response.headers["Cache-Control"]
    return body


def parts(token):
    return [json.loads(base64.urlsafe_b64decode(p + "=" * (-len(p) % 4))) for p in token.split(".")[:2]]


# ---------------------------------------------------------------- codes

def test_code_replay_revokes_tokens(client, visitor):
    code, keep = client.code(visitor)
    tokens = client.exchange(code, keep).json()
    assert client.userinfo(tokens["access_token"]).status_code == 200
    refused(client.exchange(code, keep), 400, "invalid_grant")
    assert client.userinfo(tokens["access_token"]).status_code == 401


def test_code_replay_with_a_wrong_verifier_revokes_tokens_too(client, visitor):
    code, keep = client.code(visitor)
    tokens = client.exchange(code, keep).json()
    refused(client.exchange(code, keep, code_verifier="x" * 43), 400, "invalid_grant")
    assert client.userinfo(tokens["access_token"]).status_code == 401


@pytest.mark.parametrize("verifier,error", [(None, "invalid_request"), ("", "invalid_grant"), ("x" * 43, "invalid_grant"), ("x" * 42, "invalid_grant"),
                                            ("x" * 129, "invalid_grant"), ("x" * 10_000, "invalid_grant")],
                         ids=["none", "empty", "another", "short", "long", "huge"])
def test_wrong_verifier_is_refused(client, visitor, verifier, error):
    code, keep = client.code(visitor)
    refused(client.exchange(code, keep, code_verifier=verifier), 400, error)


def test_challenge_itself_is_no_verifier(client, visitor):
    code, keep = client.code(visitor)
    challenge = antin.b64url(hashlib.sha256(keep["verifier"].encode()).digest())
    refused(client.exchange(code, keep, code_verifier=challenge), 400, "invalid_grant")


@pytest.mark.parametrize("uri", [None, "", REDIRECT + "/", REDIRECT + "?x", "http://localhost:9401/quay-ve"])
def test_code_is_bound_to_its_redirect_uri(client, visitor, uri):
    code, keep = client.code(visitor)
    refused(client.exchange(code, keep, redirect_uri=uri), 400, "invalid_request" if uri is None else "invalid_grant")


def test_code_of_another_client_is_refused_and_stays_good_for_its_owner(stack, client, visitor):
    thief = Client(stack)
    code, keep = client.code(visitor)
    refused(thief.exchange(code, keep), 400, "invalid_grant")
    tokens = client.exchange(code, keep).json()
    refused(thief.exchange(code, keep), 400, "invalid_grant")  # nor can a stranger kill what it brought
    assert client.userinfo(tokens["access_token"]).status_code == 200


def test_expired_code_is_refused(client, visitor):
    code, keep = client.code(visitor)
    sql(f"UPDATE idp.code c SET expires_at = now() FROM idp.access_grant g WHERE g.id = c.grant_id AND g.client_id = '{client.client_id}' AND used_at IS NULL")
    refused(client.exchange(code, keep), 400, "invalid_grant")


def test_code_lives_no_longer_than_a_minute(client, visitor):
    client.code(visitor)
    assert sql("SELECT max(extract(epoch FROM expires_at - created_at)) <= 60 FROM idp.code") == "t"


def test_twenty_redemptions_at_once_one_wins(client, visitor):
    code, keep = client.code(visitor)
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: client.exchange(code, keep), range(20)))
    won = [a for a in answers if a.status_code == 200]
    assert len(won) == 1
    for lost in (a for a in answers if a is not won[0]):
        refused(lost, 400, "invalid_grant")
    assert client.userinfo(won[0].json()["access_token"]).status_code == 401  # a code seen twice: nobody knows who is who


@pytest.mark.parametrize("code", [None, "", "x", "A" * 43, "A" * 42 + "é", "' OR '1'='1"])
def test_code_that_never_was_is_refused(client, code):
    refused(client.exchange(code, {"verifier": "x" * 43}), 400, "invalid_request" if code is None else "invalid_grant")


def test_codes_and_cookies_are_not_in_the_database(client, visitor):
    code, _ = client.code(visitor)
    cookie = visitor.browser.session.cookies["antin_idp_session"]
    for table in ("code", "session", "auth_request"):
        assert sql(f"SELECT count(*) FROM idp.{table} t WHERE t::text LIKE '%{code}%' OR t::text LIKE '%{cookie}%'") == "0"


# ---------------------------------------------------------------- client authentication

def test_both_secret_methods_work_only_as_registered(stack, client, visitor):
    code, keep = client.code(visitor)
    refused(client.token_request("post", grant_type="authorization_code", code=code, redirect_uri=REDIRECT, code_verifier=keep["verifier"]), 401, "invalid_client")
    poster = Client(stack, more=["--auth", "post"])
    code, keep = poster.code(visitor)
    refused(poster.exchange(code, keep), 401, "invalid_client")
    assert poster.redeem(code, keep, "post")["token_type"] == "Bearer"


@pytest.mark.parametrize("secret", ["", "wrong", "x" * 300], ids=["empty", "wrong", "long"])
def test_wrong_secret_is_401_with_a_challenge(stack, client, visitor, secret):
    code, keep = client.code(visitor)
    pair = base64.b64encode(f"{client.client_id}:{secret}".encode()).decode()
    answer = client.http.post(client.meta["token_endpoint"], headers={"Authorization": "Basic " + pair},
                              data={"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT, "code_verifier": keep["verifier"]})
    refused(answer, 401, "invalid_client")
    assert answer.headers["WWW-Authenticate"].startswith("Basic ")
    assert client.exchange(code, keep).status_code == 200  # a stranger's attempt burns nothing


@pytest.mark.parametrize("header", ["Basic", "Basic !!!", "Basic " + base64.b64encode(b"nocolon").decode(), "Bearer abc", "Basic " + "A" * 3000],
                         ids=["bare", "not_base64", "no_colon", "bearer", "huge"])
def test_broken_authorization_header_is_invalid_client(client, header):
    answer = client.http.post(client.meta["token_endpoint"], headers={"Authorization": header}, data={"grant_type": "client_credentials"})
    refused(answer, 401, "invalid_client")


def test_unknown_and_wrong_client_look_alike(client):
    def body(client_id):
        pair = base64.b64encode(f"{client_id}:wrong".encode()).decode()
        return client.http.post(client.meta["token_endpoint"], headers={"Authorization": "Basic " + pair}, data={"grant_type": "client_credentials"}).text
    assert body(client.client_id) == body("nobody")


def test_two_authentication_methods_at_once_are_refused(client):
    answer = client.token_request("basic", grant_type="client_credentials", client_secret=client.client_secret, client_id=client.client_id)
    refused(answer, 400, "invalid_request")


def test_secret_in_the_address_is_refused(client):
    answer = client.http.post(client.meta["token_endpoint"] + f"?client_id={client.client_id}&client_secret={client.client_secret}",
                              data={"grant_type": "client_credentials"})
    refused(answer, 400, "invalid_request")


def test_public_client_needs_no_secret_but_its_verifier(stack, visitor):
    public = Client(stack, public=True)
    code, keep = public.code(visitor)
    refused(public.exchange(code, keep, code_verifier="y" * 43), 400, "invalid_grant")
    assert public.exchange(code, keep).status_code == 200
    refused(public.token_request("none", grant_type="client_credentials"), 400, "unauthorized_client")


def test_confidential_client_cannot_pose_as_public(client, visitor):
    code, keep = client.code(visitor)
    refused(client.token_request("none", grant_type="authorization_code", code=code, redirect_uri=REDIRECT, code_verifier=keep["verifier"]), 401, "invalid_client")


# ---------------------------------------------------------------- malformed requests

def test_grant_types(client):
    refused(client.token_request(grant_type="password", username="x", password="y"), 400, "unsupported_grant_type")
    refused(client.token_request(grant_type="refresh_token", refresh_token="x"), 400, "unauthorized_client")
    refused(client.token_request(), 400, "invalid_request")


def test_doubled_parameter_is_refused(client, visitor):
    code, keep = client.code(visitor)
    pair = base64.b64encode(f"{client.client_id}:{client.client_secret}".encode()).decode()
    data = [("grant_type", "authorization_code"), ("code", code), ("code", code), ("redirect_uri", REDIRECT), ("code_verifier", keep["verifier"])]
    refused(client.http.post(client.meta["token_endpoint"], headers={"Authorization": "Basic " + pair}, data=data), 400, "invalid_request")


@pytest.mark.parametrize("kind,data,status", [
    ("application/json", "{}", 415), ("text/plain", "grant_type=client_credentials", 415), ("application/x-www-form-urlencoded", "a=%zz", 400),
    ("application/x-www-form-urlencoded", "a=" + "x" * 20_000, 413), ("application/x-www-form-urlencoded", "&".join(f"f{i}=1" for i in range(70)), 413),
], ids=["json", "text", "bad_percent", "too_long", "too_many_fields"])
def test_malformed_body_is_refused_in_oauth_json(client, kind, data, status):
    answer = requests.post(client.meta["token_endpoint"], headers={"Content-Type": kind}, data=data, timeout=antin.TIMEOUT)
    assert answer.status_code == status and answer.json()["error"] == "invalid_request"


def test_token_endpoint_takes_only_post(client):
    assert client.http.get(client.meta["token_endpoint"]).status_code == 405


# ---------------------------------------------------------------- what tokens say

def test_id_token_says_what_was_asked_for(stack, client, visitor, person):
    tokens = client.login(visitor)
    claims = tokens["claims"]
    header, access = parts(tokens["access_token"])
    assert claims["acr"] == "urn:antin:loa:2" and claims["level"] == 2 and claims["amr"] == ["pwd"] and claims["exp"] - claims["iat"] == 600
    assert header["typ"] == "at+jwt" and access["client_id"] == client.client_id and access["aud"] == stack.idp_url and access["scope"] == "openid profile"
    assert person.number not in json.dumps(claims) + json.dumps(access) and person.name not in json.dumps(claims)


def test_no_scope_openid_no_id_token(stack, visitor):
    client = Client(stack, "dossier")
    code, keep = client.code(visitor)
    tokens = client.exchange(code, keep).json()
    assert "id_token" not in tokens
    assert client.userinfo(tokens["access_token"]).status_code == 403


def test_token_for_the_signer_names_the_person_as_the_signer_does(stack, visitor, person):
    client = Client(stack, "openid dossier")
    tokens = client.login(visitor)
    _, access = parts(tokens["access_token"])
    assert access["aud"] == [stack.idp_url, stack.signer_url]
    assert access["sub"] == person.subject != tokens["claims"]["sub"]


def test_subjects_are_pairwise(stack, visitor):
    one = Client(stack).login(visitor)["claims"]["sub"]
    other = Client(stack, redirect="http://localhost:9500/quay-ve").login(visitor)["claims"]["sub"]
    same_sector = Client(stack, redirect="http://localhost:9400/khac").login(visitor)["claims"]["sub"]
    assert one != other and one == same_sector and len(one) == 43


def test_service_token_speaks_for_nobody(stack):
    token = antin.Portal(stack, stack.service_client_id, stack.service_client_secret, "unused:")
    tokens = token.token_request(grant_type="client_credentials", scope="dossier.read").json()
    _, access = parts(tokens["access_token"])
    assert access["sub"] == stack.service_client_id and "level" not in access and access["aud"] == [stack.idp_url, stack.signer_url]
    answer = token.http.get(token.meta["userinfo_endpoint"], headers={"Authorization": "Bearer " + tokens["access_token"]})
    assert answer.status_code == 403 and "insufficient_scope" in answer.headers["WWW-Authenticate"]


@pytest.mark.parametrize("scope", ["openid", "registrar", "openid dossier.read", "profile"])
def test_service_gets_no_scope_that_speaks_of_people(stack, scope):
    client = Client(stack, "openid profile dossier.read registrar", more=["--grant", "client_credentials"])
    refused(client.token_request(grant_type="client_credentials", scope=scope), 400, "invalid_scope")


# ---------------------------------------------------------------- UserInfo

def test_userinfo_tells_what_the_scopes_allow_and_no_more(client, visitor, person):
    tokens = client.login(visitor, scope="openid profile phone")
    claims = client.userinfo(tokens["access_token"]).json()
    words = person.name.split()
    assert claims == {"sub": tokens["claims"]["sub"], "name": person.name, "family_name": words[0], "middle_name": " ".join(words[1:-1]),
                      "given_name": words[-1], "birthdate": person.birth_date, "gender": person.sex, "phone_number": "0912 345 678"}


def test_citizen_number_needs_its_own_scope(client, visitor, person):
    assert client.userinfo(client.login(visitor, scope=FULL)["access_token"]).json()["citizen_number"] == person.number
    assert "citizen_number" not in client.userinfo(client.login(visitor, scope="openid profile")["access_token"]).json()


def test_userinfo_takes_the_token_from_a_form_too(client, visitor):
    token = client.login(visitor)["access_token"]
    url = client.meta["userinfo_endpoint"]
    assert client.http.post(url, data={"access_token": token}).status_code == 200
    assert client.http.post(url, headers={"Authorization": "Bearer " + token}).status_code in (200, 415)
    assert client.http.post(url, data={"access_token": token}, headers={"Authorization": "Bearer " + token}).status_code == 400
    assert client.http.get(url + "?access_token=" + token).status_code == 401


def forge(token, header=None, claims=None, signature=None):
    h, c = parts(token)
    enc = lambda d: antin.b64url(json.dumps(d).encode())  # noqa: E731
    return ".".join((enc({**h, **(header or {})}), enc({**c, **(claims or {})}), token.split(".")[2] if signature is None else signature))


@pytest.mark.parametrize("make", [
    lambda t: "", lambda t: "x", lambda t: t["access_token"][:-2], lambda t: t["access_token"] + "A", lambda t: t["id_token"],
    lambda t: forge(t["access_token"], {"alg": "none"}, signature=""), lambda t: forge(t["access_token"], {"alg": "HS256"}),
    lambda t: forge(t["access_token"], {"alg": "ES384"}), lambda t: forge(t["access_token"], claims={"scope": FULL}),
    lambda t: forge(t["access_token"], {"kid": "x"}), lambda t: forge(t["access_token"], {"jku": "http://evil.example/jwks", "kid": "evil"}),
    lambda t: t["access_token"] + "." + t["access_token"], lambda t: "A" * 9000,
], ids=["empty", "word", "cut", "longer", "id_token", "alg_none", "alg_hs256", "alg_es384", "claims", "kid", "jku", "doubled", "huge"])
def test_token_that_is_not_ours_is_401(client, visitor, make):
    answer = client.userinfo(make(client.login(visitor)))
    assert answer.status_code in (400, 401) and "sub" not in answer.text
    assert answer.headers["WWW-Authenticate"].startswith("Bearer ") or answer.status_code == 400


def test_no_token_is_401_without_an_error_code(client):
    answer = client.http.get(client.meta["userinfo_endpoint"])
    assert answer.status_code == 401 and "error" not in answer.headers["WWW-Authenticate"]


def test_token_of_a_locked_account_dies(stack, officer, client):
    citizen = enrolled(stack, officer)
    token = client.login(citizen)["access_token"]
    assert officer.call("POST", f"{stack.idp_url}/v1/citizens/{citizen.person.id}/lock").status_code == 200
    assert client.userinfo(token).status_code == 401


def test_token_of_a_disabled_client_dies(stack, visitor):
    client = Client(stack)
    token = client.login(visitor)["access_token"]
    idpctl("client", "disable", client.client_id)
    assert client.userinfo(token).status_code == 401
    refused(client.token_request(grant_type="authorization_code", code="x"), 401, "invalid_client")


def test_random_names_are_long(client, visitor):
    codes = {client.code(visitor)[0] for _ in range(5)}
    assert len(codes) == 5 and all(len(c) == 51 for c in codes)  # a time, then 256 random bits
    assert len({c[8:] for c in codes}) == 5

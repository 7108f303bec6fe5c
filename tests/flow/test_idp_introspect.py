"""
What a token is worth, and ending it: resource servers ask, clients give back, and nobody learns what is not theirs. RFC 7662, RFC 9701, RFC 7009.
"""
import base64
import json

import antin_client as antin
import pytest
from idp_kit import Client, enrolled, fresh, idpctl, sql
from jwcrypto import jws
from signer_kit import wait_until

SCOPE = "openid profile offline_access"
MORE = ["--grant", "authorization_code", "--grant", "refresh_token"]
SIGNED = "application/token-introspection+jwt"


@pytest.fixture(scope="module")
def visitor(stack, officer):
    return fresh(stack, enrolled(stack, officer).person)


@pytest.fixture(scope="module")
def client(stack):
    return Client(stack, SCOPE, more=MORE)


@pytest.fixture(scope="module")
def resource(stack):
    """A resource server: a client that may ask."""
    made = Client(stack, "dossier.read", more=["--grant", "client_credentials"])
    assert idpctl("client", "set", made.client_id, "--introspect", "yes")["introspect"] is True
    return made


def begin(client, visitor):
    code, keep = client.code(visitor)
    return client.exchange(code, keep).json()


def call(client, endpoint, token, auth="basic", accept=None, **more):
    headers, data = {}, {"token": token, **more}
    if auth == "basic" and client.client_secret:
        headers["Authorization"] = "Basic " + base64.b64encode(f"{client.client_id}:{client.client_secret}".encode()).decode()
    else:
        data["client_id"] = client.client_id
    if accept:
        headers["Accept"] = accept
    return client.http.post(client.meta[endpoint], headers=headers, data={k: v for k, v in data.items() if v is not None}, timeout=antin.TIMEOUT)


def introspect(client, token, **more):
    return call(client, "introspection_endpoint", token, **more)


def revoke(client, token, **more):
    return call(client, "revocation_endpoint", token, **more)


def refused(answer, status, error):
    assert answer.status_code == status and answer.json()["error"] == error, answer.text
    assert "active" not in answer.json()


def opened(client, answer):
    """What a signed answer says, its signature checked."""
    token = jws.JWS()
    token.deserialize(answer.text)
    assert token.jose_header["typ"] == "token-introspection+jwt"
    token.verify(client.keys().get_key(token.jose_header["kid"]))
    return json.loads(token.payload)


INACTIVE = {"active": False}


# ---------------------------------------------------------------- introspection

def test_living_access_token_is_told(client, visitor, resource):
    tokens = begin(client, visitor)
    answer = introspect(resource, tokens["access_token"])
    told = answer.json()
    claims = json.loads(base64.urlsafe_b64decode(tokens["access_token"].split(".")[1] + "=="))
    assert told["active"] is True and told["token_type"] == "Bearer" and told["client_id"] == client.client_id
    assert all(told[k] == claims[k] for k in ("scope", "sub", "aud", "iss", "exp", "iat", "jti", "acr", "auth_time"))
    assert "name" not in told and "no-store" in answer.headers["Cache-Control"]


def test_service_token_is_told(resource):
    token = resource.token_request(grant_type="client_credentials").json()["access_token"]
    assert introspect(resource, token).json()["sub"] == resource.client_id


@pytest.mark.parametrize("state", ["disabled", "pending", "removed"])
def test_token_of_a_service_that_is_ours_no_more_is_inactive(stack, resource, state):
    gone = Client(stack, "dossier.read", more=["--grant", "client_credentials"])
    token = gone.token_request(grant_type="client_credentials").json()["access_token"]
    assert introspect(resource, token).json()["active"] is True
    sql(f"UPDATE idp.client SET state = '{state}' WHERE id = '{gone.client_id}'")
    wait_until(lambda: introspect(resource, token).json() == INACTIVE, 2)


@pytest.mark.parametrize("token", ["x", "a.b.c", "A" * 43, "A" * 9000, "eyJhbGciOiJub25lIn0.e30."])
def test_token_that_never_was_is_inactive_and_nothing_more(resource, token):
    assert introspect(resource, token).json() == INACTIVE


def test_altered_token_is_inactive(client, visitor, resource):
    head, body, sig = begin(client, visitor)["access_token"].split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    claims["scope"] = "openid registrar"
    other = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    assert introspect(resource, f"{head}.{other}.{sig}").json() == INACTIVE


def test_id_token_is_no_access_token(client, visitor, resource):
    assert introspect(resource, begin(client, visitor)["id_token"]).json() == INACTIVE


def test_revoked_and_locked_are_inactive(stack, officer, client, resource):
    someone = enrolled(stack, officer)
    tokens = begin(client, fresh(stack, someone.person))
    idpctl("session", "revoke", someone.person.id)
    assert introspect(resource, tokens["access_token"]).json() == INACTIVE


def test_client_without_the_right_learns_nothing(client, visitor):
    refused(introspect(client, begin(client, visitor)["access_token"]), 400, "unauthorized_client")


def test_public_client_gets_no_right_and_learns_nothing_with_one(stack, visitor, client):
    public = Client(stack, public=True)
    done = idpctl("client", "set", public.client_id, "--introspect", "yes", check=False)
    assert done.returncode == 2 and "introspects_all_tokens" in done.stderr
    sql(f"UPDATE idp.client SET introspect = true WHERE id = '{public.client_id}'")
    refused(introspect(public, begin(client, visitor)["access_token"]), 400, "unauthorized_client")


def test_unauthenticated_caller_learns_nothing(client, visitor, resource):
    refused(introspect(resource, begin(client, visitor)["access_token"], auth="none"), 401, "invalid_client")


def test_right_taken_away_is_gone_at_once(stack, client, visitor):
    once = Client(stack, "dossier.read", more=["--grant", "client_credentials"])
    idpctl("client", "set", once.client_id, "--introspect", "yes")
    token = begin(client, visitor)["access_token"]
    assert introspect(once, token).json()["active"]
    idpctl("client", "set", once.client_id, "--introspect", "no")
    refused(introspect(once, token), 400, "unauthorized_client")


def test_refresh_token_is_its_own_client_s_business(stack, visitor, resource):
    client = Client(stack, SCOPE, more=MORE)
    tokens = begin(client, visitor)
    assert introspect(resource, tokens["refresh_token"]).json() == INACTIVE
    idpctl("client", "set", client.client_id, "--introspect", "yes")
    assert introspect(client, tokens["refresh_token"]).json()["active"] is True
    client.token_request(grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    assert introspect(client, tokens["refresh_token"]).json() == INACTIVE  # used


def test_missing_doubled_or_addressed_token_is_refused(resource):
    refused(introspect(resource, None), 400, "invalid_request")
    refused(introspect(resource, ""), 400, "invalid_request")
    pair = (resource.client_id, resource.client_secret)
    url = resource.meta["introspection_endpoint"]
    refused(resource.http.post(url, auth=pair, data=[("token", "a"), ("token", "b")]), 400, "invalid_request")
    refused(resource.http.post(url + "?token=x", auth=pair, data={"token": "x"}), 400, "invalid_request")
    assert resource.http.get(url, auth=pair, params={"token": "x"}).status_code == 405


def test_signed_answer_is_for_its_asker_and_no_access_token(client, visitor, resource):
    tokens = begin(client, visitor)
    answer = introspect(resource, tokens["access_token"], accept=SIGNED)
    assert answer.headers["Content-Type"] == SIGNED
    body = opened(resource, answer)
    assert set(body) == {"iss", "aud", "iat", "token_introspection"}  # RFC 9701 §5: no exp, no sub at the top
    assert body["aud"] == resource.client_id and body["iss"] == resource.meta["issuer"]
    assert body["token_introspection"] == introspect(resource, tokens["access_token"]).json()
    assert client.userinfo(answer.text).status_code == 401
    assert introspect(resource, answer.text).json() == INACTIVE


def test_signed_answer_about_nothing(resource):
    answer = introspect(resource, "x", accept=SIGNED)
    assert opened(resource, answer)["token_introspection"] == INACTIVE


# ---------------------------------------------------------------- revocation

def test_revoked_refresh_token_takes_the_access_tokens_along(client, visitor, resource):
    tokens = begin(client, visitor)
    assert revoke(client, tokens["refresh_token"], token_type_hint="refresh_token").status_code == 200
    assert client.userinfo(tokens["access_token"]).status_code == 401
    assert introspect(resource, tokens["access_token"]).json() == INACTIVE
    refused(client.token_request(grant_type="refresh_token", refresh_token=tokens["refresh_token"]), 400, "invalid_grant")
    assert sql(f"SELECT count(*) FROM idp.audit WHERE event = 'grant.revoked.client' AND client_id = '{client.client_id}'") != "0"


def test_revoked_access_token_takes_the_refresh_token_along(client, visitor):
    tokens = begin(client, visitor)
    assert revoke(client, tokens["access_token"]).status_code == 200
    refused(client.token_request(grant_type="refresh_token", refresh_token=tokens["refresh_token"]), 400, "invalid_grant")


def test_wrong_hint_does_not_matter(client, visitor):
    tokens = begin(client, visitor)
    assert revoke(client, tokens["access_token"], token_type_hint="refresh_token").status_code == 200
    assert client.userinfo(tokens["access_token"]).status_code == 401


@pytest.mark.parametrize("token", ["x", "a.b.c", "A" * 43, "A" * 9000])
def test_unknown_token_is_revoked_already(client, token):
    assert revoke(client, token).status_code == 200


def test_another_client_cannot_revoke(stack, client, visitor):
    tokens = begin(client, visitor)
    thief = Client(stack)
    for token in (tokens["access_token"], tokens["refresh_token"]):
        refused(revoke(thief, token), 400, "unauthorized_client")
    assert client.userinfo(tokens["access_token"]).status_code == 200


def test_revoking_needs_the_client_s_secret(client, visitor):
    tokens = begin(client, visitor)
    refused(revoke(client, tokens["access_token"], auth="none"), 401, "invalid_client")
    assert client.userinfo(tokens["access_token"]).status_code == 200


def test_public_client_revokes_its_own(stack, visitor):
    public = Client(stack, SCOPE, public=True, more=MORE)
    tokens = begin(public, visitor)
    assert revoke(public, tokens["refresh_token"]).status_code == 200
    assert public.userinfo(tokens["access_token"]).status_code == 401


def test_service_token_cannot_be_revoked_and_that_is_said(resource):
    token = resource.token_request(grant_type="client_credentials").json()["access_token"]
    refused(revoke(resource, token), 400, "unsupported_token_type")


def test_missing_token_is_an_invalid_request(client):
    refused(revoke(client, None), 400, "invalid_request")

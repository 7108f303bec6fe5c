"""
Signed request objects: by the client's own key, for us, in their time; and then nothing else counts. RFC 9101.
"""
import base64
import json
import time
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from client_kit import KeyClient, new_key, public, signed, unsigned
from idp_kit import Client, enrolled
from jwcrypto import jwk


@pytest.fixture(scope="module")
def visitor(stack, officer):
    return enrolled(stack, officer)


@pytest.fixture(scope="module")
def client(stack):
    return KeyClient(stack)


@pytest.fixture(scope="module")
def strict(stack):
    return KeyClient(stack, "--require-object")


def refused(client, visitor, request, **query):
    """A page: where an answer may go is known from the object alone."""
    page = client.go(visitor, request=request, **query)
    assert page.status == 400 and page.stopped_at is None
    answer = client.post(client.meta["pushed_authorization_request_endpoint"], request=request)
    assert answer.status_code in (400, 413) and answer.json()["error"] in ("invalid_request_object", "invalid_request"), answer.text


def works(client, visitor, request, keep, **query):
    page = client.go(visitor, request=request, **query)
    assert page.stopped_at and page.params()["state"] == keep["state"], page.words()[:200]
    tokens = client.redeem_code(page.params()["code"], keep).json()
    client.check_id_token(tokens, keep)
    return tokens


@pytest.mark.parametrize("alg", ["ES256", "EdDSA", "PS256"])
def test_signed_request_signs_a_person_in(stack, visitor, alg):
    client = KeyClient(stack, alg=alg)
    request, keep = client.request_object()
    works(client, visitor, request, keep)


def test_signed_request_may_be_pushed(strict, visitor):
    request, keep = strict.request_object()
    uri = strict.post(strict.meta["pushed_authorization_request_endpoint"], request=request).json()["request_uri"]
    page = strict.go(visitor, request_uri=uri)
    assert strict.redeem_code(page.params()["code"], keep).status_code == 200


def test_parameters_beside_the_object_do_not_count(client, visitor):
    request, keep = client.request_object()
    tokens = works(client, visitor, request, keep, scope="openid phone", redirect_uri="http://evil.example/", state="x", response_type="token")
    assert tokens["scope"] == "openid"


def test_missing_parameter_is_not_taken_from_beside(client, visitor):
    request, keep = client.request_object(code_challenge=None)
    page = client.go(visitor, request=request, code_challenge="x" * 43, code_challenge_method="S256")
    assert page.params()["error"] == "invalid_request" and page.params()["state"] == keep["state"]


def test_max_age_as_a_number_counts(client, visitor):
    request, _ = client.request_object(max_age=0)
    visitor.browser.stop = [client.redirect_uri]
    page = visitor.browser.open(client.meta["authorization_endpoint"] + "?" + urlencode({"client_id": client.client_id, "request": request}))
    assert page.has_form("password")


@pytest.mark.parametrize("claims", [
    {"aud": "https://other.example"}, {"aud": None}, {"aud": 7}, {"iss": "another"}, {"iss": None}, {"exp": None}, {"exp": 1}, {"exp": "soon"},
    {"exp": timedelta(days=1)}, {"nbf": timedelta(minutes=10)}, {"nbf": timedelta(days=-1)}, {"iat": timedelta(minutes=10)},
    {"client_id": "another"}, {"client_id": 7}, {"sub": "x"}, {"request": "x"}, {"request_uri": "x"}, {"scope": True}, {"state": 1.5},
], ids=lambda c: "_".join(f"{k}={str(v)[:20]}" for k, v in c.items()))
def test_object_with_wrong_claims_is_refused(client, visitor, claims):
    claims = {k: int(time.time() + v.total_seconds()) if isinstance(v, timedelta) else v for k, v in claims.items()}
    refused(client, visitor, client.request_object(**claims)[0])


@pytest.mark.parametrize("header", [{"typ": None}, {"typ": "JWT"}, {"typ": "at+jwt"}, {"typ": "dpop+jwt"}, {"kid": "other"}, {"kid": "../../x"}, {"crit": ["x"]}, {"b64": False}],
                         ids=lambda h: "_".join(f"{k}={v}" for k, v in h.items()))
def test_object_with_a_wrong_header_is_refused(client, visitor, header):
    refused(client, visitor, client.request_object(header)[0])


def test_object_by_another_key_is_refused(client, visitor):
    other = new_key()
    refused(client, visitor, client.request_object(key=other)[0])
    refused(client, visitor, client.request_object({"jwk": public(other), "kid": None}, other)[0])
    refused(client, visitor, client.request_object({"jku": "http://127.0.0.1:1/", "kid": None}, other)[0])


def test_unsigned_object_is_refused(client, visitor):
    fields, _ = client.parameters()
    now = int(time.time())
    refused(client, visitor, unsigned({**fields, "iss": client.client_id, "aud": client.meta["issuer"], "exp": now + 60}, {"typ": "oauth-authz-req+jwt"}))


def test_object_by_the_public_key_as_secret_is_refused(client, visitor):
    fields, _ = client.parameters()
    now = int(time.time())
    claims = {**fields, "iss": client.client_id, "aud": client.meta["issuer"], "iat": now, "nbf": now, "exp": now + 60}
    key = jwk.JWK(kty="oct", k=base64.urlsafe_b64encode(client.key.export_to_pem()).rstrip(b"=").decode())
    refused(client, visitor, signed(key, claims, {"typ": "oauth-authz-req+jwt", "kid": public(client.key)["kid"]}))


def test_client_assertion_is_no_request(client, visitor):
    fields, _ = client.parameters()
    refused(client, visitor, client.assertion(**fields))


def test_object_of_another_client_is_refused(stack, client, visitor):
    other = KeyClient(stack)
    refused(client, visitor, other.request_object()[0])


def test_object_and_name_at_once_are_refused(client, visitor):
    request, _ = client.request_object()
    uri = client.push()[0].json()["request_uri"]
    assert client.go(visitor, request=request, request_uri=uri).status == 400


@pytest.mark.parametrize("request_", ["", "x", "a.b.c", "..", "A" * 9000], ids=["empty", "word", "parts", "dots", "huge"])
def test_what_is_no_object_is_refused(client, visitor, request_):
    page = client.go(visitor, request=request_)
    assert page.status >= 400 and page.stopped_at is None


def test_client_that_must_sign_is_refused_otherwise(strict, visitor):
    page, _ = strict.open(visitor)
    assert page.params()["error"] == "invalid_request_object"
    assert strict.push()[0].json()["error"] == "invalid_request_object"


def test_client_without_keys_cannot_send_objects(stack, client, visitor):
    plain = Client(stack)
    page, _ = plain.open(visitor, request=client.request_object()[0])
    assert page.params()["error"] == "request_not_supported"


def test_discovery_tells_it(client):
    assert client.meta["request_parameter_supported"] is True and client.meta["request_uri_parameter_supported"] is False
    assert "none" not in client.meta["request_object_signing_alg_values_supported"]

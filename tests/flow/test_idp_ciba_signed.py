"""
Signed backchannel requests: all of a request in one object, by the client's own key, once. CIBA Core 1.0 §7.1.1; FAPI-CIBA §5.2.2.
"""
import time
import uuid

import pytest
from ciba_kit import MORE, answer, basic, centre, refused
from client_kit import KeyClient, Prover, new_key, public, signed, unsigned
from idp_kit import fresh, sql

NOBODY = "079099000000"


@pytest.fixture(scope="module")
def client(stack):
    return KeyClient(stack, more=MORE)


@pytest.fixture(autouse=True)
def nothing_waits(stack):
    sql("DELETE FROM idp.throttle; UPDATE idp.device SET expires_at = now() WHERE backchannel")


def claims_of(client, **override):
    now = int(time.time())
    claims = {"iss": client.client_id, "aud": client.meta["issuer"], "iat": now, "nbf": now, "exp": now + 60, "jti": str(uuid.uuid4()),
              "scope": "openid", "login_hint": NOBODY, "binding_message": "Mã 4711", **override}
    return {k: v for k, v in claims.items() if v is not None}


def signed_request(client, header=None, key=None, **override):
    return signed(key or client.key, claims_of(client, **override), {"kid": public(client.key)["kid"], **(header or {})})


def begin(client, request=None, **fields):
    return client.post(client.meta["backchannel_authentication_endpoint"], request=request, **fields)


def test_signed_request_is_taken(stack, client, person):
    reply = begin(client, signed_request(client, login_hint=person.number, requested_expiry=90))
    assert reply.status_code == 200 and reply.json()["expires_in"] == 90
    answer(stack, fresh(stack, person))
    assert client.token(grant_type="urn:openid:params:grant-type:ciba", auth_req_id=reply.json()["auth_req_id"]).status_code == 200


def test_plain_request_is_taken_too(client):
    assert begin(client, scope="openid", login_hint=NOBODY).status_code == 200


def test_used_request_is_refused(client):
    request = signed_request(client)
    assert begin(client, request).status_code == 200
    refused(begin(client, request), "invalid_request_object")
    assert sql(f"SELECT detail FROM idp.audit WHERE event = 'request.refused' AND client_id = '{client.client_id}' LIMIT 1") == "request_object"


@pytest.mark.parametrize("beside", [{"scope": "openid"}, {"login_hint": NOBODY}, {"binding_message": "Mã khác"}, {"requested_expiry": "60"}])
def test_nothing_counts_beside_it(client, beside):
    refused(begin(client, signed_request(client), **beside), "invalid_request")


@pytest.mark.parametrize("wrong", [{"jti": None}, {"exp": None}, {"nbf": None}, {"iat": None}, {"iss": None}, {"aud": None}, {"iss": "somebody"},
                                   {"aud": "https://other.example"}, {"exp": 1}, {"exp": 99999999999}, {"nbf": 99999999999}, {"sub": "x"},
                                   {"client_id": "somebody"}, {"jti": "x" * 300}, {"jti": 7}, {"request": "x"}, {"request_uri": "https://evil.example"}])
def test_object_that_does_not_fit_is_refused(client, wrong):
    refused(begin(client, signed_request(client, **wrong)), "invalid_request_object")


@pytest.mark.parametrize("wrong,error", [({"scope": None}, "invalid_scope"), ({"login_hint": None}, "invalid_request"), ({"login_hint": "x"}, "unknown_user_id"),
                                         ({"binding_message": "a\nb"}, "invalid_binding_message"), ({"requested_expiry": 0}, "invalid_request"),
                                         ({"id_token_hint": "a.b.c"}, "invalid_request"), ({"scope": ["openid"]}, "invalid_scope")])
def test_what_it_says_is_checked_as_usual(client, wrong, error):
    refused(begin(client, signed_request(client, **wrong)), error)


def test_key_of_somebody_else_is_refused(client):
    other = new_key("ES256", kid=public(client.key)["kid"])
    refused(begin(client, signed_request(client, key=other)), "invalid_request_object")


def test_unsigned_object_is_refused(client):
    refused(begin(client, unsigned(claims_of(client))), "invalid_request_object")


@pytest.mark.parametrize("header", [{"jku": "https://evil.example/"}, {"kid": "../../etc/passwd"}, {"crit": ["x"], "x": 1}, {"alg": "HS256"}, {"b64": False}])
def test_header_chooses_nothing(client, header):
    reply = begin(client, signed_request(client, header=header))
    if "jku" in header:  # looked at by nobody: the registered key signed it
        assert reply.status_code == 200
    else:
        refused(reply, "invalid_request_object")


def test_client_assertion_is_no_request(client):
    refused(begin(client, client.assertion()), "invalid_request_object")


def test_object_of_the_authorization_endpoint_asks_nobody(client):
    request, _ = client.request_object()
    assert begin(client, request).status_code == 400


@pytest.mark.parametrize("request_", ["", "x", "a.b.c", "." * 100, "e30.e30.", "x" * 8200])
def test_garbage_is_refused(client, request_):
    assert begin(client, request_).status_code == 400


def test_client_without_keys_cannot_sign(stack, client):
    plain = centre(stack)
    now = {"iss": plain.client_id, "aud": plain.meta["issuer"]}
    reply = plain.http.post(plain.meta["backchannel_authentication_endpoint"], headers=basic(plain), timeout=30,
                            data={"request": signed_request(client, **now)})
    refused(reply, "request_not_supported")


def test_client_that_must_sign_is_refused_without(stack):
    strict = KeyClient(stack, "--require-object", more=MORE)
    refused(begin(strict, scope="openid", login_hint=NOBODY), "invalid_request_object")
    assert begin(strict, signed_request(strict)).status_code == 200


@pytest.fixture(scope="module")
def fapi(stack):
    return KeyClient(stack, "--profile", "fapi2-security", "--dpop", more=MORE)


def test_profile_wants_it_signed_and_with_a_message(fapi):
    refused(begin(fapi, scope="openid", login_hint=NOBODY, binding_message="Mã 4711"), "invalid_request_object")
    refused(begin(fapi, signed_request(fapi, binding_message=None)), "invalid_binding_message")
    assert begin(fapi, signed_request(fapi)).status_code == 200


def test_profile_gets_bound_tokens_alone(stack, fapi, person):
    request = begin(fapi, signed_request(fapi, login_hint=person.number)).json()["auth_req_id"]
    answer(stack, fresh(stack, person))
    fields = {"grant_type": "urn:openid:params:grant-type:ciba", "auth_req_id": request}
    refused(fapi.token(**fields), "invalid_request")
    tokens = fapi.token(headers={"DPoP": Prover().proof("POST", fapi.meta["token_endpoint"])}, **fields)
    assert tokens.status_code == 200 and tokens.json()["token_type"] == "DPoP"

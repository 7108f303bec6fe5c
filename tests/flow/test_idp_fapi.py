"""
A client registered for a FAPI 2.0 profile can go that one way and no other. FAPI 2.0 Security Profile §5.3; Message Signing §5.3.
"""
import base64
import json
import time
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from client_kit import KeyClient, Prover, front, new_cert, new_key, pem, public, secured, thumbprint
from idp_kit import Client, enrolled, idpctl, sql
from jwcrypto import jwt

PROFILE = ["--profile", "fapi2-security", "--dpop"]


@pytest.fixture(scope="module")
def visitor(stack, officer):
    return enrolled(stack, officer)


@pytest.fixture(scope="module")
def client(stack):
    return KeyClient(stack, *PROFILE, scope="openid dossier")


@pytest.fixture(scope="module")
def prover():
    return Prover()


def redeem(client, prover, code, keep, **override):
    return client.redeem_code(code, keep, {"DPoP": prover.proof("POST", client.meta["token_endpoint"])}, **override)


def test_whole_way_works(client, visitor, prover):
    code, keep = client.pushed_code(visitor)
    tokens = redeem(client, prover, code, keep)
    assert tokens.status_code == 200 and tokens.json()["token_type"] == "DPoP", tokens.text
    client.check_id_token(tokens.json(), keep)


def test_request_that_was_not_pushed_is_refused(client, visitor):
    page, _ = client.open(visitor)
    assert page.params()["error"] == "invalid_request"
    page = client.go(visitor, request=client.request_object()[0])
    assert page.params()["error"] == "invalid_request"


@pytest.mark.parametrize("override", [{"code_challenge": None}, {"code_challenge_method": "plain"}, {"code_challenge_method": None}, {"redirect_uri": None},
                                      {"response_type": "code id_token"}, {"response_type": "token"}], ids=lambda o: "_".join(f"{k}={v}" for k, v in o.items()))
def test_weaker_request_is_refused(client, override):
    assert client.push(**override)[0].status_code == 400


@pytest.mark.parametrize("change", [lambda u: u + "/", lambda u: u + "?x=1", lambda u: u + "#x", lambda u: u.upper(), lambda u: u.replace("quay-ve", "quay%2dve"),
                                    lambda u: u.replace("quay-ve", "x/../quay-ve"), lambda u: u.replace("9400", "9401"), lambda u: u.replace("localhost", "localhost@evil.example")],
                         ids=["slash", "query", "fragment", "case", "escape", "dots", "port", "user"])
def test_redirect_uri_is_exact(client, change):
    assert client.push(redirect_uri=change(client.redirect_uri))[0].json()["error"] == "invalid_request"


def test_bearer_token_is_not_given(client, visitor):
    code, keep = client.pushed_code(visitor)
    assert client.redeem_code(code, keep).json()["error"] == "invalid_request"


def test_assertion_names_the_issuer_alone(client):
    for aud in (client.meta["token_endpoint"], [client.meta["issuer"]], [client.meta["issuer"], client.meta["token_endpoint"]]):
        fields, _ = client.parameters()
        answer = client.post(client.meta["pushed_authorization_request_endpoint"], proven=False, **{**fields, **client.proven(client.assertion(aud=aud))})
        assert answer.status_code == 401 and answer.json()["error"] == "invalid_client"


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post", "client_secret_jwt", "none"])
def test_weaker_authentication_is_not_registered(stack, method):
    client = Client(stack)
    assert idpctl("client", "secure", client.client_id, "--auth", method, *PROFILE, check=False).returncode != 0
    assert sql(f"SELECT profile FROM idp.client WHERE id = '{client.client_id}'") == ""


def test_rsa_keys_with_pkcs1_padding_are_not_registered(stack):
    client = Client(stack)
    with pytest.raises(AssertionError, match="RS256"):
        secured(client, "--auth", "private_key_jwt", *PROFILE, jwks={"keys": [public(new_key("RS256"))]})


@pytest.mark.parametrize("alg", ["ES256", "EdDSA", "PS256"])
def test_each_algorithm_of_the_profile_works(stack, alg):
    assert KeyClient(stack, *PROFILE, alg=alg).push()[0].status_code == 201


def test_code_lives_a_minute_and_a_pushed_request_ten_at_most(client, visitor):
    client.pushed_code(visitor)
    assert sql(f"SELECT max(extract(epoch FROM c.expires_at - c.created_at)) <= 60 FROM idp.code c JOIN idp.access_grant g ON g.id = c.grant_id WHERE g.client_id = '{client.client_id}'") == "t"
    assert client.push()[0].json()["expires_in"] < 600


def test_code_replay_revokes_tokens(client, visitor, prover):
    code, keep = client.pushed_code(visitor)
    token, url = redeem(client, prover, code, keep).json()["access_token"], client.meta["userinfo_endpoint"]
    userinfo = lambda: client.http.get(url, headers={"Authorization": "DPoP " + token, "DPoP": prover.proof("GET", url, token)}).status_code
    assert userinfo() == 200
    assert redeem(client, prover, code, keep).json()["error"] == "invalid_grant"
    assert userinfo() == 401


def test_profile_with_certificates(stack, visitor):
    cert = new_cert(issued=False)
    client = Client(stack)
    secured(client, "--auth", "self_signed_tls_client_auth", "--certificate-bound", "--profile", "fapi2-security", certificate=pem(cert))
    url, keep = client.request()
    fields = dict(parse_qsl(urlsplit(url).query))
    answer = client.http.post(client.meta["pushed_authorization_request_endpoint"], data=fields, headers=front(cert))
    assert answer.status_code == 201, answer.text
    visitor.browser.stop = [client.redirect_uri]
    page = visitor.visit(client.meta["authorization_endpoint"] + "?" + urlencode({"client_id": client.client_id, "request_uri": answer.json()["request_uri"]}))
    data = {"grant_type": "authorization_code", "client_id": client.client_id, "code": page.params()["code"], "redirect_uri": client.redirect_uri, "code_verifier": keep["verifier"]}
    assert client.http.post(client.meta["token_endpoint"], data=data).json()["error"] == "invalid_client"
    token = client.http.post(client.meta["token_endpoint"], data=data, headers=front(cert)).json()["access_token"]
    assert json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))["cnf"] == {"x5t#S256": thumbprint(cert)}


def test_device_grant_is_no_way_around(stack):
    client = KeyClient(stack, *PROFILE, more=["--grant", "authorization_code", "--grant", "device_code"])
    answer = client.token({"DPoP": Prover().proof("POST", client.meta["token_endpoint"])}, grant_type="urn:ietf:params:oauth:grant-type:device_code", device_code="x" * 43)
    assert answer.json()["error"] == "unauthorized_client"


def test_what_a_client_must_do_is_shown(client):
    shown = idpctl("client", "show", client.client_id)
    assert shown["auth"] == "private_key_jwt" and set(shown["security"]) == {"par", "dpop", "fapi2-security"}


# ---------------------------------------------------------------- message signing

@pytest.fixture(scope="module")
def signer(stack):
    return KeyClient(stack, "--profile", "fapi2-message-signing", "--dpop")


def push_object(client, request):
    return client.post(client.meta["pushed_authorization_request_endpoint"], request=request)


def test_signed_and_pushed_request_works(signer, visitor, prover):
    request, keep = signer.request_object(response_mode="jwt")
    page = signer.go(visitor, request_uri=push_object(signer, request).json()["request_uri"])
    answer = json.loads(jwt.JWT(jwt=page.params()["response"], key=signer.keys(), check_claims={"iss": signer.meta["issuer"], "aud": signer.client_id, "exp": None}).claims)
    assert set(page.params()) == {"response"} and answer["state"] == keep["state"]
    assert redeem(signer, prover, answer["code"], keep).status_code == 200


@pytest.mark.parametrize("mode", [None, "query", "form_post"])
def test_answer_that_would_not_be_signed_is_refused(signer, mode):
    assert push_object(signer, signer.request_object(response_mode=mode)[0]).json()["error"] == "invalid_request"


def test_request_that_is_not_signed_or_not_pushed_is_refused(signer, visitor):
    assert signer.push()[0].json()["error"] == "invalid_request_object"
    assert signer.go(visitor, request=signer.request_object()[0]).params()["error"] == "invalid_request"


@pytest.mark.parametrize("claims", [{"nbf": None}, {"nbf": int(time.time()) - 7200}, {"exp": int(time.time()) + 7200}], ids=["no_nbf", "old", "long"])
def test_object_without_its_hour_is_refused(signer, claims):
    assert push_object(signer, signer.request_object(**claims)[0]).json()["error"] == "invalid_request_object"

"""
Tokens that only their holder can use: each proof by the right key, for this request, once. RFC 9449.
"""
import base64
import json
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import antin_client as antin
import pytest
import requests
from client_kit import KeyClient, Prover, jkt, unsigned
from idp_kit import Client, enrolled, sql
from jwcrypto import jws


@pytest.fixture(scope="module")
def visitor(stack, officer):
    return enrolled(stack, officer)


@pytest.fixture(scope="module")
def client(stack):
    return KeyClient(stack, scope="dossier.read", more=["--grant", "client_credentials", "--grant", "authorization_code"])


@pytest.fixture(scope="module")
def portal(stack):
    return KeyClient(stack, "--dpop", scope="openid dossier")


@pytest.fixture(scope="module")
def prover():
    return Prover()


@pytest.fixture(scope="module")
def bound(portal, visitor, prover):
    """A token of the portal, bound to prover's key."""
    return bound_token(portal, visitor, prover)


def bound_token(portal, visitor, prover):
    code, keep = portal.code(visitor)
    answer = portal.redeem_code(code, keep, {"DPoP": prover.proof("POST", portal.meta["token_endpoint"])})
    assert answer.status_code == 200, answer.text
    assert answer.json()["token_type"] == "DPoP"
    return answer.json()["access_token"]


def claims_of(token):
    return json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))


def ask(client, proof):
    return client.token({"DPoP": proof} if proof is not None else {}, grant_type="client_credentials")


def refused(answer, error="invalid_dpop_proof", status=400):
    assert answer.status_code == status and answer.json()["error"] == error, answer.text
    assert "access_token" not in answer.json()


# ---------------------------------------------------------------- token endpoint

@pytest.mark.parametrize("alg", ["ES256", "ES384", "EdDSA", "PS256"])
def test_proof_binds_the_token_to_its_key(client, alg):
    prover = Prover(alg)
    answer = ask(client, prover.proof("POST", client.meta["token_endpoint"]))
    assert answer.status_code == 200 and answer.json()["token_type"] == "DPoP", answer.text
    assert claims_of(answer.json()["access_token"])["cnf"] == {"jkt": jkt(prover.key)}


def test_without_a_proof_the_token_is_a_bearer_token(client):
    answer = ask(client, None).json()
    assert answer["token_type"] == "Bearer" and "cnf" not in claims_of(answer["access_token"])


@pytest.mark.parametrize("override", [
    {"htm": "GET"}, {"htm": "post"}, {"htm": None}, {"htu": "http://localhost:1/token"}, {"htu": None}, {"htu": ""}, {"htu": "/token"}, {"jti": None}, {"jti": ""},
    {"jti": "j" * 300}, {"jti": 7}, {"iat": None}, {"iat": "now"}, {"iat": int(time.time()) - 3600}, {"iat": int(time.time()) + 600}, {"iat": -1}, {"nonce": "guess"},
], ids=lambda o: "_".join(f"{k}={str(v)[:20]}" for k, v in o.items()))
def test_proof_with_wrong_claims_is_refused(client, override):
    prover = Prover()
    answer = ask(client, prover.proof("POST", client.meta["token_endpoint"], **override))
    refused(answer, "use_dpop_nonce" if "nonce" in override else "invalid_dpop_proof")


@pytest.mark.parametrize("change", [lambda u: u + "/", lambda u: u.replace("/token", "/Token"), lambda u: u.replace("/token", "/par"), lambda u: u.replace("http:", "https:"),
                                    lambda u: u.replace("localhost", "localhost.evil.example"), lambda u: u.replace("localhost", "x@localhost"), lambda u: u + "%2e"],
                         ids=["slash", "case", "other", "scheme", "host", "user", "dot"])
def test_proof_for_another_address_is_refused(client, change):
    refused(ask(client, Prover().proof("POST", "x", htu=change(client.meta["token_endpoint"]))))


@pytest.mark.parametrize("change", [lambda u: u + "?x=1", lambda u: u + "#f", lambda u: u.replace("http", "HTTP"), lambda u: u.replace("localhost", "LocalHost"),
                                    lambda u: u.replace("token", "%74oken")], ids=["query", "fragment", "scheme", "host", "escape"])
def test_same_address_written_differently_is_the_same(client, change):
    assert ask(client, Prover().proof("POST", "x", htu=change(client.meta["token_endpoint"]))).status_code == 200


@pytest.mark.parametrize("header", [{"typ": "JWT"}, {"typ": None}, {"typ": "at+jwt"}, {"jwk": None}, {"jwk": {}}, {"jwk": "x"}, {"jwk": {"kty": "oct", "k": "AAAA"}},
                                    {"kid": "1"}, {"crit": ["x"], "x": 1}, {"b64": False}, {"alg": "none"}, {"alg": "HS256"}, {"alg": "RS256"}, {"alg": "ES384"}, {"alg": None}],
                         ids=lambda h: "_".join(f"{k}={str(v)[:20]}" for k, v in h.items()))
def test_proof_with_a_wrong_header_is_refused(client, header):
    prover = Prover()
    head = {"alg": "ES256", "typ": "dpop+jwt", "jwk": prover.jwk(), **header}
    claims = prover.claims("POST", client.meta["token_endpoint"])
    first = antin.b64url(json.dumps({k: v for k, v in head.items() if v is not None}).encode())
    second = antin.b64url(json.dumps(claims).encode())
    engine = jws.JWSCore("ES256", prover.key, "{}", b"").engine
    refused(ask(client, f"{first}.{second}." + antin.b64url(engine.sign(prover.key, f"{first}.{second}".encode()))))


def test_private_key_in_the_header_is_refused(client):
    prover = Prover()
    private = {k: v for k, v in json.loads(prover.key.export()).items() if k not in ("use", "alg", "kid")}
    refused(ask(client, prover.proof("POST", client.meta["token_endpoint"], header={"jwk": private})))


def test_proof_by_another_key_than_its_header_says_is_refused(client):
    prover = Prover()
    refused(ask(client, prover.proof("POST", client.meta["token_endpoint"], header={"jwk": Prover().jwk()})))


def test_rsa_proof_with_pkcs1_padding_is_refused(client):
    prover = Prover("RS256")
    refused(ask(client, prover.proof("POST", client.meta["token_endpoint"])))


@pytest.mark.parametrize("proof", ["", "x", "a.b.c", "..", "A" * 9000], ids=["empty", "word", "parts", "dots", "huge"])
def test_what_is_no_proof_is_refused(client, proof):
    if proof:
        refused(ask(client, proof))
    else:
        assert ask(client, proof).status_code in (200, 400)  # an empty field is none


def test_unsigned_proof_is_refused(client):
    prover = Prover()
    refused(ask(client, unsigned(prover.claims("POST", client.meta["token_endpoint"]), {"typ": "dpop+jwt", "jwk": prover.jwk()})))


def test_two_proofs_at_once_are_refused(stack, client):
    import http.client
    from urllib.parse import urlencode, urlsplit
    url = urlsplit(client.meta["token_endpoint"])
    prover, wire = Prover(), http.client.HTTPConnection(url.netloc, timeout=10)
    body = urlencode({**client.proven(), "grant_type": "client_credentials"})
    wire.putrequest("POST", url.path)
    for name, value in (("Content-Type", "application/x-www-form-urlencoded"), ("Content-Length", str(len(body))),
                        ("DPoP", prover.proof("POST", url.geturl())), ("DPoP", prover.proof("POST", url.geturl()))):
        wire.putheader(name, value)
    wire.endheaders(body.encode())
    answer = wire.getresponse()
    assert answer.status == 400 and json.load(answer)["error"] == "invalid_dpop_proof"


def test_proof_is_good_once(client):
    proof, count = Prover().proof("POST", client.meta["token_endpoint"]), "SELECT count(*) FROM idp.audit WHERE event = 'dpop.replayed'"
    before = int(sql(count))
    assert ask(client, proof).status_code == 200
    refused(ask(client, proof))
    assert int(sql(count)) == before + 1


def test_twenty_uses_of_one_proof_at_once_one_wins(client):
    proof = Prover().proof("POST", client.meta["token_endpoint"])
    with ThreadPoolExecutor(20) as pool:
        answers = [a.status_code for a in pool.map(lambda _: ask(client, proof), range(20))]
    assert answers.count(200) == 1 and answers.count(400) == 19


def test_client_that_must_prove_gets_no_bearer_token_and_the_code_stays_good(portal, visitor):
    code, keep = portal.code(visitor)
    refused(portal.redeem_code(code, keep), "invalid_request")
    assert portal.redeem_code(code, keep, {"DPoP": Prover().proof("POST", portal.meta["token_endpoint"])}).status_code == 200


def test_dpop_jkt_in_the_request_binds_the_code(portal, visitor):
    prover = Prover()
    code, keep = portal.code(visitor, dpop_jkt=jkt(prover.key))
    refused(portal.redeem_code(code, keep, {"DPoP": Prover().proof("POST", portal.meta["token_endpoint"])}), "invalid_grant")
    assert portal.redeem_code(code, keep, {"DPoP": prover.proof("POST", portal.meta["token_endpoint"])}).status_code == 200


# ---------------------------------------------------------------- nonces

@pytest.fixture(scope="module")
def asked(stack):
    return KeyClient(stack, "--dpop", "--dpop-nonce")


def test_client_that_needs_a_nonce_is_told_one_and_then_served(asked, visitor):
    prover, url = Prover(), asked.meta["token_endpoint"]
    code, keep = asked.code(visitor)
    answer = asked.redeem_code(code, keep, {"DPoP": prover.proof("POST", url)})
    refused(answer, "use_dpop_nonce")
    prover.nonce = answer.headers["DPoP-Nonce"]
    answer = asked.redeem_code(code, keep, {"DPoP": prover.proof("POST", url)})
    assert answer.status_code == 200 and answer.headers["DPoP-Nonce"], answer.text

    userinfo, token = asked.meta["userinfo_endpoint"], answer.json()["access_token"]
    prover.nonce = None
    answer = asked.http.get(userinfo, headers={"Authorization": "DPoP " + token, "DPoP": prover.proof("GET", userinfo, token)})
    assert answer.status_code == 401 and 'error="use_dpop_nonce"' in answer.headers["WWW-Authenticate"]
    prover.nonce = answer.headers["DPoP-Nonce"]
    assert asked.http.get(userinfo, headers={"Authorization": "DPoP " + token, "DPoP": prover.proof("GET", userinfo, token)}).status_code == 200


@pytest.mark.parametrize("nonce", ["x", "A" * 32, "A" * 200])
def test_foreign_nonce_is_refused(asked, visitor, nonce):
    prover = Prover()
    prover.nonce = nonce
    code, keep = asked.code(visitor)
    answer = asked.redeem_code(code, keep, {"DPoP": prover.proof("POST", asked.meta["token_endpoint"])})
    assert answer.status_code == 400 and answer.json()["error"] in ("use_dpop_nonce", "invalid_dpop_proof")


# ---------------------------------------------------------------- resources: UserInfo and the dossier API

def resources(stack, portal):
    return {"userinfo": portal.meta["userinfo_endpoint"], "dossiers": stack.signer_url + "/v1/dossiers"}


@pytest.fixture(params=["userinfo", "dossiers"])
def where(request, stack, portal):
    return resources(stack, portal)[request.param]


def call(url, token, proof=None, scheme="DPoP", query="?code=none"):
    headers = {"Authorization": f"{scheme} {token}", **({"DPoP": proof} if proof else {})}
    return requests.get(url + (query if "/v1/" in url else ""), headers=headers, timeout=30)


def test_holder_is_served(where, bound, prover):
    assert call(where, bound, prover.proof("GET", where, bound)).status_code == 200


def test_stolen_token_is_worth_nothing(where, bound, prover):
    for answer in (call(where, bound, scheme="Bearer"), call(where, bound), call(where, bound, prover.proof("GET", where, bound), scheme="Bearer"),
                   call(where, bound, Prover().proof("GET", where, bound))):
        assert answer.status_code == 401, answer.text
        assert "WWW-Authenticate" in answer.headers


def test_proof_for_another_request_is_refused(where, bound, prover):
    for proof in (prover.proof("POST", where, bound), prover.proof("GET", where + "x", bound), prover.proof("GET", where), prover.proof("GET", where, bound + "x"),
                  prover.proof("GET", where, bound, iat=int(time.time()) - 3600)):
        answer = call(where, bound, proof)
        assert answer.status_code == 401 and "DPoP " in answer.headers["WWW-Authenticate"], answer.text


def test_proof_is_good_once_at_a_resource(where, bound, prover):
    proof = prover.proof("GET", where, bound)
    assert call(where, bound, proof).status_code == 200
    assert call(where, bound, proof).status_code == 401


def test_token_that_is_not_bound_is_refused_by_the_dpop_scheme(where, stack, visitor):
    plain = KeyClient(stack, scope="openid dossier")
    code, keep = plain.code(visitor)
    token = plain.redeem_code(code, keep).json()["access_token"]
    assert call(where, token, Prover().proof("GET", where, token)).status_code == 401
    assert call(where, token, scheme="Bearer").status_code == 200


def test_bound_token_in_a_form_is_refused(portal, bound):
    assert portal.http.post(portal.meta["userinfo_endpoint"], data={"access_token": bound}).status_code == 401


def test_officers_api_asks_for_the_proof_as_well(stack, bound, prover):
    url = stack.idp_url + "/v1/citizens/" + str(uuid.uuid4())
    assert requests.get(url, headers={"Authorization": "Bearer " + bound}, timeout=30).status_code == 401
    assert requests.get(url, headers={"Authorization": "DPoP " + bound, "DPoP": prover.proof("GET", url, bound)}, timeout=30).status_code == 403


# ---------------------------------------------------------------- refresh tokens

def test_public_clients_refresh_token_works_with_its_key_alone(stack, visitor):
    client = Client(stack, "openid offline_access", public=True, more=["--grant", "authorization_code", "--grant", "refresh_token"])
    prover, url = Prover(), client.meta["token_endpoint"]

    def token(proof, **fields):
        return client.http.post(url, data={"client_id": client.client_id, **fields}, headers={"DPoP": proof} if proof else {})
    code, keep = client.code(visitor, prompt="consent")
    tokens = token(prover.proof("POST", url), grant_type="authorization_code", code=code, redirect_uri=client.redirect_uri, code_verifier=keep["verifier"]).json()
    assert tokens["token_type"] == "DPoP"
    for proof in (None, Prover().proof("POST", url)):
        refused(token(proof, grant_type="refresh_token", refresh_token=tokens["refresh_token"]), "invalid_grant")
    again = token(prover.proof("POST", url), grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    assert again.status_code == 200 and again.json()["token_type"] == "DPoP", again.text
    assert claims_of(again.json()["access_token"])["cnf"]["jkt"] == jkt(prover.key)

"""
Clients that prove themselves by a signature or a certificate: each proof once, for us, by the registered key. RFC 7523; OpenID Connect Core §9; RFC 8705.
"""
import base64
import ipaddress
import json
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

import pytest
from client_kit import KeyClient, front, new_cert, new_key, pem, public, secured, signed, thumbprint, unsigned
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from idp_kit import Client, enrolled, idpctl, sql
from jwcrypto import jwk

SERVICE = ["--grant", "client_credentials", "--grant", "authorization_code"]


@pytest.fixture(scope="module")
def client(stack):
    return KeyClient(stack, scope="dossier.read", more=SERVICE)


@pytest.fixture(scope="module")
def shared(stack):
    return KeyClient(stack, method="client_secret_jwt", scope="dossier.read", more=SERVICE)


def get(client, assertion=None, **more):
    return client.post(client.meta["token_endpoint"], proven=False, grant_type="client_credentials", **{**client.proven(assertion), **more})


def refused(answer, status=401, error="invalid_client"):
    assert answer.status_code == status and answer.json()["error"] == error, answer.text
    assert "access_token" not in answer.json()


# ---------------------------------------------------------------- private_key_jwt

@pytest.mark.parametrize("alg", ["ES256", "ES384", "EdDSA", "PS256", "RS256"])
def test_assertion_by_each_algorithm_gets_a_token(stack, alg):
    answer = get(KeyClient(stack, alg=alg, scope="dossier.read", more=SERVICE))
    assert answer.status_code == 200 and answer.json()["token_type"] == "Bearer", answer.text


@pytest.mark.parametrize("aud", ["issuer", "token", "list"])
def test_audience_may_be_issuer_or_token_endpoint(client, aud):
    endpoint = client.meta["token_endpoint"]
    value = {"issuer": client.meta["issuer"], "token": endpoint, "list": [client.meta["issuer"], endpoint]}[aud]
    assert get(client, client.assertion(aud=value)).status_code == 200


def test_client_id_may_be_left_out_beside_an_assertion(client):
    assert get(client, client_id=None).status_code == 200


def test_assertion_without_kid_is_checked_by_the_keys_of_its_algorithm(client):
    assert get(client, client.assertion(header={"kid": None})).status_code == 200


@pytest.mark.parametrize("claims", [
    {"aud": "https://other.example"}, {"aud": ["https://other.example"]}, {"aud": None}, {"aud": []}, {"aud": ""}, {"aud": " "},
    {"iss": "someone-else"}, {"iss": None}, {"sub": None}, {"jti": None}, {"jti": ""}, {"jti": "x" * 300}, {"exp": None}, {"exp": "soon"},
    {"exp": 0}, {"exp": int(time.time()) - 60}, {"exp": int(time.time()) + 3600}, {"iat": int(time.time()) + 600}, {"nbf": int(time.time()) + 600},
], ids=lambda c: "_".join(f"{k}={str(v)[:20]}" for k, v in c.items()))
def test_assertion_with_wrong_claims_is_refused(client, claims):
    refused(get(client, client.assertion(**claims)))


def test_assertion_for_another_provider_too_is_refused(client):
    refused(get(client, client.assertion(aud=[client.meta["issuer"], "https://other.example"])))


def test_assertion_is_good_once(client):
    assertion = client.assertion()
    assert get(client, assertion).status_code == 200
    refused(get(client, assertion))
    assert sql(f"SELECT count(*) FROM idp.audit WHERE event = 'client.assertion_replayed' AND client_id = '{client.client_id}'") == "1"


def test_same_jti_under_another_expiry_is_refused_too(client):
    jti = str(uuid.uuid4())
    assert get(client, client.assertion(jti=jti)).status_code == 200
    refused(get(client, client.assertion(jti=jti, exp=int(time.time()) + 120)))


def test_jti_of_another_client_is_no_replay(stack, client):
    other, jti = KeyClient(stack, scope="dossier.read", more=SERVICE), str(uuid.uuid4())
    assert get(client, client.assertion(jti=jti)).status_code == 200
    assert get(other, other.assertion(jti=jti)).status_code == 200


def test_twenty_uses_of_one_assertion_at_once_one_wins(client):
    assertion = client.assertion()
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: get(client, assertion).status_code, range(20)))
    assert answers.count(200) == 1 and answers.count(401) == 19


def test_assertion_by_another_key_is_refused(client):
    refused(get(client, client.assertion(key=new_key())))


def test_assertion_of_another_client_is_refused(stack, client):
    other = KeyClient(stack, scope="dossier.read", more=SERVICE)
    refused(get(client, other.assertion(), client_id=client.client_id))
    refused(get(client, other.assertion(iss=client.client_id, sub=client.client_id)))


@pytest.mark.parametrize("header", [{"kid": "../../etc/passwd"}, {"kid": "' OR 1=1 --"}, {"kid": "k" * 65536}, {"crit": ["x"], "x": 1}, {"b64": False}],
                         ids=["path", "sql", "huge", "crit", "b64"])
def test_assertion_with_a_hostile_header_is_refused(client, header):
    assert get(client, client.assertion(header=header)).status_code in (400, 401, 413)


@pytest.mark.parametrize("name", ["jwk", "jku", "x5u", "x5c"])
def test_key_in_the_header_is_never_looked_at(client, name):
    mine = new_key()
    value = {"jwk": public(mine), "jku": "http://127.0.0.1:1/keys", "x5u": "http://127.0.0.1:1/cert", "x5c": ["AAAA"]}[name]
    refused(get(client, client.assertion(key=mine, header={name: value, "kid": None})))


def test_alg_none_is_refused(client):
    now = int(time.time())
    claims = {"iss": client.client_id, "sub": client.client_id, "aud": client.meta["issuer"], "jti": "1", "exp": now + 60}
    refused(get(client, unsigned(claims)))
    refused(get(client, unsigned(claims) + "AAAA"))


def test_hs256_with_the_public_key_as_secret_is_refused(stack):
    client = KeyClient(stack, alg="RS256", scope="dossier.read", more=SERVICE)
    now = int(time.time())
    claims = {"iss": client.client_id, "sub": client.client_id, "aud": client.meta["issuer"], "jti": str(uuid.uuid4()), "exp": now + 60}
    for secret in (client.key.export_to_pem(), json.dumps(public(client.key)).encode()):
        key = jwk.JWK(kty="oct", k=base64.urlsafe_b64encode(secret).rstrip(b"=").decode())
        refused(get(client, signed(key, claims, {"kid": public(client.key)["kid"]}, alg="HS256")))


@pytest.mark.parametrize("assertion", ["", ".", "..", "a.b", "a.b.c", "a.b.c.d", "é.é.é", "A" * 9000], ids=range(8))
def test_what_is_no_assertion_is_refused(client, assertion):
    assert get(client, None, client_assertion=assertion).status_code in (400, 401)


@pytest.mark.parametrize("kind", [None, "", "urn:ietf:params:oauth:client-assertion-type:saml2-bearer", "jwt"])
def test_other_assertion_types_are_refused(client, kind):
    refused(get(client, client_assertion_type=kind))


def test_two_methods_at_once_are_refused(client):
    refused(get(client, client_secret="x"), 400, "invalid_request")
    pair = base64.b64encode(f"{client.client_id}:x".encode()).decode()
    answer = client.post(client.meta["token_endpoint"], {"Authorization": "Basic " + pair}, grant_type="client_credentials")
    refused(answer, 400, "invalid_request")


def test_assertion_in_the_address_is_refused(client):
    answer = client.http.post(client.meta["token_endpoint"] + "?client_assertion=" + client.assertion(), data={"grant_type": "client_credentials"})
    refused(answer, 400, "invalid_request")


def test_client_with_a_key_gets_nothing_by_a_secret_or_by_its_name(client):
    refused(client.post(client.meta["token_endpoint"], proven=False, client_id=client.client_id, grant_type="client_credentials"))
    refused(client.post(client.meta["token_endpoint"], proven=False, client_id=client.client_id, client_secret="x", grant_type="client_credentials"))


def test_client_with_a_secret_gets_nothing_by_an_assertion(stack, client):
    basic = Client(stack, "dossier.read", more=SERVICE)
    assertion = client.assertion(iss=basic.client_id, sub=basic.client_id)
    refused(get(client, assertion, client_id=basic.client_id))


def test_disabled_client_is_refused(stack):
    client = KeyClient(stack, scope="dossier.read", more=SERVICE)
    idpctl("client", "disable", client.client_id)
    refused(get(client))


def test_code_is_redeemed_with_an_assertion(stack, officer):
    client = KeyClient(stack)
    code, keep = client.code(enrolled(stack, officer))
    answer = client.redeem_code(code, keep)
    assert answer.status_code == 200, answer.text
    assert client.check_id_token(answer.json(), keep)["aud"] == client.client_id


# ---------------------------------------------------------------- client_secret_jwt

def test_shared_secret_signs_an_assertion(shared):
    assert get(shared).status_code == 200


def test_shared_secret_itself_is_refused(shared):
    refused(shared.post(shared.meta["token_endpoint"], proven=False, client_id=shared.client_id, client_secret=shared.shared, grant_type="client_credentials"))


def test_shared_secret_client_gets_nothing_by_a_key(shared):
    refused(get(shared, shared.assertion(key=shared.key)))


def test_wrong_shared_secret_is_refused(shared):
    refused(get(shared, shared.assertion(key=jwk.JWK(kty="oct", k=base64.urlsafe_b64encode(b"x" * 43).rstrip(b"=").decode()))))


def test_shared_secret_is_not_in_the_database_in_the_clear(shared):
    assert sql(f"SELECT position(convert_to('{shared.shared}', 'UTF8') in secret_sealed) FROM idp.client WHERE id = '{shared.client_id}'") == "0"


def test_sealed_secret_of_one_client_does_not_open_for_another(stack, shared):
    other = KeyClient(stack, method="client_secret_jwt", scope="dossier.read", more=SERVICE)
    sql(f"UPDATE idp.client SET secret_sealed = (SELECT secret_sealed FROM idp.client WHERE id = '{shared.client_id}') WHERE id = '{other.client_id}'")
    other.shared = shared.shared
    assert get(other).status_code >= 400


# ---------------------------------------------------------------- certificates

def tls_client(stack, *options, certificate=None):
    client = Client(stack, "dossier.read", more=SERVICE)
    secured(client, *options, certificate=certificate)
    return client


def ask(client, headers):
    return client.http.post(client.meta["token_endpoint"], data={"grant_type": "client_credentials", "client_id": client.client_id}, headers=headers)


def test_self_signed_certificate_is_known_by_itself(stack):
    cert = new_cert(issued=False)
    client = tls_client(stack, "--auth", "self_signed_tls_client_auth", certificate=pem(cert))
    assert ask(client, front(cert)).status_code == 200
    refused(ask(client, front(new_cert(issued=False))))
    refused(ask(client, {}))


SANS = {"dn:CN=portal.example": None, "dns:portal.example": [x509.DNSName("portal.example")], "uri:https://portal.example/": [x509.UniformResourceIdentifier("https://portal.example/")],
        "ip:192.0.2.7": [x509.IPAddress(ipaddress.ip_address("192.0.2.7"))], "email:ops@portal.example": [x509.RFC822Name("ops@portal.example")]}


@pytest.mark.parametrize("match", SANS, ids=lambda m: m.split(":")[0])
def test_issued_certificate_is_known_by_its_name(stack, match):
    client = tls_client(stack, "--auth", "tls_client_auth", "--tls", match)
    assert ask(client, front(new_cert("portal.example", san=SANS[match]))).status_code == 200
    refused(ask(client, front(new_cert("other.example", san=[x509.DNSName("other.example")]))))
    refused(ask(client, front(new_cert("portal.example", san=SANS[match], issued=False))))


def test_name_in_the_subject_is_no_dns_name_and_a_wildcard_is_nobodys(stack):
    client = tls_client(stack, "--auth", "tls_client_auth", "--tls", "dns:portal.example")
    refused(ask(client, front(new_cert("portal.example"))))
    refused(ask(client, front(new_cert("x", san=[x509.DNSName("*.example")]))))


def test_expired_or_server_certificate_is_refused(stack):
    client = tls_client(stack, "--auth", "tls_client_auth", "--tls", "dn:CN=portal.example")
    refused(ask(client, front(new_cert("portal.example", days=-1))))
    refused(ask(client, front(new_cert("portal.example", eku=ExtendedKeyUsageOID.SERVER_AUTH))))


def test_certificate_counts_only_from_the_front_end(stack):
    cert = new_cert(issued=False)
    client = tls_client(stack, "--auth", "self_signed_tls_client_auth", certificate=pem(cert))
    refused(ask(client, front(cert, key="guess")))
    refused(ask(client, front(cert, key="")))
    refused(ask(client, {"Client-Cert": front(cert)["Client-Cert"]}))


@pytest.mark.parametrize("value", [":AAAA:", "::", ":", "x", "-----BEGIN%20CERTIFICATE-----", "%", ":" + "A" * 9000 + ":"])
def test_what_is_no_certificate_is_refused(stack, value):
    cert = new_cert(issued=False)
    client = tls_client(stack, "--auth", "self_signed_tls_client_auth", certificate=pem(cert))
    assert ask(client, {**front(cert), "Client-Cert": value}).status_code in (401, 431)


def test_escaped_pem_of_nginx_is_read_as_well(stack):
    cert = new_cert(issued=False)
    client = tls_client(stack, "--auth", "self_signed_tls_client_auth", certificate=pem(cert))
    assert ask(client, {**front(cert), "Client-Cert": quote(pem(cert), safe="")}).status_code == 200


def test_bound_token_names_the_certificate_and_is_refused_with_another(stack, officer):
    cert = new_cert(issued=False)
    client = Client(stack, "openid dossier")
    secured(client, "--auth", "self_signed_tls_client_auth", "--certificate-bound", certificate=pem(cert))
    code, keep = client.code(enrolled(stack, officer))
    answer = client.http.post(client.meta["token_endpoint"], headers=front(cert),
                              data={"grant_type": "authorization_code", "client_id": client.client_id, "code": code, "redirect_uri": client.redirect_uri, "code_verifier": keep["verifier"]})
    tokens = answer.json()
    claims = json.loads(base64.urlsafe_b64decode(tokens["access_token"].split(".")[1] + "=="))
    assert claims["cnf"] == {"x5t#S256": thumbprint(cert)} and tokens["token_type"] == "Bearer"

    def userinfo(headers):
        return client.http.get(client.meta["userinfo_endpoint"], headers={"Authorization": "Bearer " + tokens["access_token"], **headers}).status_code
    assert userinfo(front(cert)) == 200
    assert userinfo({}) == 401
    assert userinfo(front(new_cert(issued=False))) == 401
    assert userinfo(front(cert, key="guess")) == 401
    # the signing service hears of no certificates: such a token is nothing to it, whoever brings it
    dossiers = client.http.get(stack.signer_url + "/v1/dossiers?code=x", headers={"Authorization": "Bearer " + tokens["access_token"], **front(cert)})
    assert dossiers.status_code == 401


# ---------------------------------------------------------------- registering

@pytest.mark.parametrize("argv", [["--auth", "private_key_jwt"], ["--auth", "tls_client_auth"], ["--auth", "self_signed_tls_client_auth"], ["--auth", "nonsense"],
                                  ["--tls", "dn:CN=x"], ["--auth", "tls_client_auth", "--tls", "CN=x"], ["--auth", "tls_client_auth", "--tls", "x5t:abc"],
                                  ["--profile", "fapi2-security", "--auth", "none", "--dpop"], ["--profile", "fapi2-security"], ["--profile", "x"]], ids=" ".join)
def test_security_that_cannot_work_is_not_registered(stack, argv):
    client = Client(stack)
    assert idpctl("client", "secure", client.client_id, *argv, check=False).returncode != 0


@pytest.mark.parametrize("jwks", [{}, {"keys": []}, {"keys": [{"kty": "oct", "k": "AAAA"}]}, {"keys": "x"}], ids=["empty", "none", "symmetric", "text"])
def test_key_set_without_usable_keys_is_not_registered(stack, jwks):
    client = Client(stack)
    with pytest.raises(AssertionError, match="public keys"):
        secured(client, "--auth", "private_key_jwt", jwks=jwks or {"x": 1})


def test_private_key_is_not_registered(stack):
    client = Client(stack)
    with pytest.raises(AssertionError, match="public keys"):
        secured(client, "--auth", "private_key_jwt", jwks={"keys": [json.loads(new_key().export())]})


def test_change_of_security_is_in_the_audit(client):
    assert int(sql(f"SELECT count(*) FROM idp.audit WHERE event = 'client.security' AND client_id = '{client.client_id}'")) == 1

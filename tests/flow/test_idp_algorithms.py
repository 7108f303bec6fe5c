"""
How what a client is told is signed, and to whose key it is encrypted: each client says, keyd and the library do it. OpenID Connect Core §3.1.3.6, §5.3.2,
§16.14; Registration §2; RFC 9701 §6; JARM §3; RFC 7516; RFC 8725. Checked by jwcrypto.
"""
import json
import secrets
from urllib.parse import urlsplit

import antin_client as antin
import pytest
import requests
from admin_kit import Admin
from client_kit import KeyClient, new_cert, new_key, pem, public, secured
from idp_kit import Client, enrolled, fresh, idpctl, sql
from jwcrypto import jwe, jwk, jws
from receiver_kit import Receiver
from registration_kit import Registrar, metadata
from test_idp_introspect import SIGNED, introspect
from test_idp_logout_channels import fields_in

ALGS = ["ES256", "EdDSA", "RS256", "PS256"]
ENCRYPTIONS = [("RSA-OAEP", "A256GCM"), ("RSA-OAEP", "A128CBC-HS256"), ("ECDH-ES", "A256GCM"), ("ECDH-ES", "A128CBC-HS256")]


@pytest.fixture(scope="module")
def visitor(stack, officer):
    return fresh(stack, enrolled(stack, officer).person)


@pytest.fixture(scope="module")
def client(stack):
    return Client(stack, "openid profile")


def tokens_of(client, *options):
    return idpctl("client", "tokens", client.client_id, *options)


def refused(client, *options):
    done = idpctl("client", "tokens", client.client_id, *options, check=False)
    assert done.returncode == 2, done.stdout
    return done.stderr


def recipient(alg="ECDH-ES", crv="P-256", size=2048, **more):
    shape = {"kty": "RSA", "size": size} if alg.startswith("RSA") else {"kty": "EC", "crv": crv}
    return jwk.JWK.generate(**shape, **{"use": "enc", "kid": secrets.token_hex(4), **more})


def register_key(client, *keys):
    secured(client, jwks={"keys": [public(k) for k in keys]})


def decrypted(text, key, alg, enc):
    box = jwe.JWE(algs=[alg, enc])
    box.deserialize(text)
    assert (box.jose_header["alg"], box.jose_header["enc"], box.jose_header["kid"]) == (alg, enc, public(key)["kid"])
    box.decrypt(key)
    return box.payload.decode(), box.jose_header


def verified(client, text):
    token = jws.JWS()
    token.allowed_algs = [*ALGS, "ES384"]
    token.deserialize(text)
    key = client.keys().get_key(token.jose_header["kid"])
    assert json.loads(key.export_public())["alg"] == token.jose_header["alg"]
    token.verify(key)
    return token.jose_header, json.loads(token.payload)


# ---------------------------------------------------------------- signing

def test_discovery_lists_what_keyd_has_a_key_for_and_the_default_first(stack, client):
    published = {k["alg"] for k in requests.get(client.meta["jwks_uri"], timeout=10).json()["keys"]}
    for what in ("id_token", "userinfo", "introspection", "authorization"):
        listed = client.meta[f"{what}_signing_alg_values_supported"]
        assert set(listed) == published == set(ALGS) and listed[0] == "ES256" and len(listed) == len(set(listed))
    for what in ("id_token", "userinfo"):
        assert client.meta[f"{what}_encryption_alg_values_supported"] == ["RSA-OAEP", "ECDH-ES"]
        assert client.meta[f"{what}_encryption_enc_values_supported"] == ["A128CBC-HS256", "A256GCM"]


@pytest.mark.parametrize("alg", ALGS)
def test_id_token_is_signed_as_registered_and_the_access_token_by_the_default(client, visitor, alg):
    assert tokens_of(client, "--id-token", alg)["id-token"] == alg
    tokens = client.login(visitor)  # checks the signature and at_hash
    assert verified(client, tokens["id_token"])[0]["alg"] == alg
    assert verified(client, tokens["access_token"])[0]["alg"] == "ES256"
    assert client.userinfo(tokens["access_token"]).status_code == 200


def test_default_comes_back(client, visitor):
    tokens_of(client, "--id-token", "RS256")
    assert tokens_of(client, "--id-token", "default")["id-token"] == "default"
    assert verified(client, client.login(visitor)["id_token"])[0]["alg"] == "ES256"


@pytest.mark.parametrize("alg", ALGS)
def test_userinfo_is_signed_as_registered(client, visitor, alg):
    idpctl("client", "set", client.client_id, "--userinfo-signed", "yes")
    tokens_of(client, "--userinfo", alg)
    answer = client.userinfo(client.login(visitor)["access_token"])
    head, claims = verified(client, answer.text)
    assert answer.headers["Content-Type"] == "application/jwt" and head["alg"] == alg and claims["aud"] == client.client_id
    idpctl("client", "set", client.client_id, "--userinfo-signed", "no")


@pytest.mark.parametrize("alg", ALGS)
def test_authorization_response_is_signed_as_registered(client, visitor, alg):
    tokens_of(client, "--authorization", alg)
    params, _ = client.authorize(visitor, response_mode="jwt")
    head, claims = verified(client, params["response"])
    assert head["alg"] == alg and "code" in claims


@pytest.mark.parametrize("alg", ALGS)
def test_introspection_is_signed_as_the_asker_registered(stack, client, visitor, alg):
    asker = Client(stack, "dossier.read", more=["--grant", "client_credentials"])
    idpctl("client", "set", asker.client_id, "--introspect", "yes")
    tokens_of(asker, "--introspection", alg)
    answer = introspect(asker, client.login(visitor)["access_token"], accept=SIGNED)
    assert verified(client, answer.text)[0]["alg"] == alg


def test_logout_token_is_signed_like_the_id_token(stack, visitor):
    port = urlsplit(stack.idp_url).port + 92
    server = Receiver(port)
    try:
        client = Client(stack, "openid")
        idpctl("client", "set", client.client_id, "--backchannel-logout", f"http://127.0.0.1:{port}/out")
        tokens_of(client, "--id-token", "PS256")
        other = fresh(stack, visitor.person)
        tokens = client.login(other)
        page = other.browser.open(client.meta["end_session_endpoint"] + "?id_token_hint=" + tokens["id_token"])
        page.forms()[0].submit() if page.forms() else None
        head, claims = verified(client, fields_in(server.next())["logout_token"])
        assert (head["typ"], head["alg"], claims["aud"]) == ("logout+jwt", "PS256", client.client_id)
    finally:
        server.server.shutdown()
        server.server.server_close()


def test_id_token_of_another_algorithm_is_a_hint_too(client, visitor):
    tokens_of(client, "--id-token", "RS256")
    tokens = client.login(visitor)
    params, _ = client.authorize(visitor, prompt="none", id_token_hint=tokens["id_token"])
    assert "code" in params, params


@pytest.mark.parametrize("alg", ["none", "HS256", "RS512", "es256", "", "ES256 RS256"])
def test_what_is_no_algorithm_of_ours_is_not_registered(client, alg):
    for option in ("--id-token", "--userinfo", "--introspection", "--authorization"):
        refused(client, option, alg)


def test_an_algorithm_without_a_key_is_not_registered(client):
    assert "no key" in refused(client, "--id-token", "ES384")


def test_software_and_administrators_register_only_what_can_be_signed(stack):
    registrar = Registrar(stack.idp_url)
    made = registrar.register(id_token_signed_response_alg="PS256")
    assert made["id_token_signed_response_alg"] == "PS256"
    for alg in ("ES384", "none", "HS256"):
        answer = registrar.post(metadata(id_token_signed_response_alg=alg))
        assert answer.status_code == 400 and answer.json()["error"] == "invalid_client_metadata", answer.text
    answer = registrar.post(metadata(id_token_encrypted_response_alg="RSA-OAEP", jwks={"keys": [public(new_key(kid="s"))]}))
    assert answer.status_code == 400 and answer.json()["error"] == "invalid_client_metadata"
    made = registrar.register(id_token_encrypted_response_alg="ECDH-ES", jwks={"keys": [public(recipient())]})
    assert made["id_token_encrypted_response_enc"] == "A128CBC-HS256"
    assert Admin(stack).call("POST", "/clients", json=metadata(userinfo_signed_response_alg="ES384")).status_code == 400


def test_the_profile_takes_no_rs256(stack):
    client = Client(stack, "openid")
    cert = new_cert("rs.example")
    argv = ("--auth", "self_signed_tls_client_auth", "--certificate-bound", "--profile", "fapi2-security")
    secured(client, *argv, certificate=pem(cert))
    for option in ("--id-token", "--userinfo", "--introspection", "--authorization"):
        assert "RS256" in refused(client, option, "RS256")
    assert tokens_of(client, "--id-token", "PS256")["id-token"] == "PS256"
    secured(client, "--profile", "none")
    tokens_of(client, "--id-token", "RS256")
    done = idpctl("client", "secure", client.client_id, "--certificate-bound", "--profile", "fapi2-security", check=False)
    assert done.returncode == 2 and "RS256" in done.stderr


def test_registration_is_audited(client):
    before = sql(f"SELECT count(*) FROM idp.audit WHERE event = 'client.tokens' AND client_id = '{client.client_id}'")
    tokens_of(client, "--id-token", "EdDSA")
    after = sql(f"SELECT count(*) FROM idp.audit WHERE event = 'client.tokens' AND client_id = '{client.client_id}'")
    assert int(after) == int(before) + 1
    refused(client, "--id-token", "none")
    assert sql(f"SELECT count(*) FROM idp.audit WHERE event = 'client.tokens' AND client_id = '{client.client_id}'") == after


# ---------------------------------------------------------------- encryption

def encrypted_client(stack, key, **tokens):
    client = Client(stack, "openid profile", more=["--grant", "authorization_code", "--grant", "refresh_token"], allowed="openid profile offline_access")
    register_key(client, new_key(kid="sig"), key)
    tokens_of(client, *[w for k, v in tokens.items() for w in ("--" + k.replace("_", "-"), v)])
    return client


@pytest.mark.parametrize("alg,enc", ENCRYPTIONS)
def test_id_token_is_signed_then_encrypted(stack, visitor, alg, enc):
    key = recipient(alg)
    client = encrypted_client(stack, key, id_token_encryption=f"{alg} {enc}", id_token="EdDSA")
    code, keep = client.code(visitor)
    tokens = client.exchange(code, keep).json()
    assert tokens["id_token"].count(".") == 4
    inner, head = decrypted(tokens["id_token"], key, alg, enc)
    assert head["cty"] == "JWT"
    claims = client.check_id_token({**tokens, "id_token": inner}, keep)
    assert verified(client, inner)[0]["alg"] == "EdDSA" and claims["aud"] == client.client_id


@pytest.mark.parametrize("alg,enc", ENCRYPTIONS)
@pytest.mark.parametrize("signed", ["yes", "no"])
def test_userinfo_is_encrypted(stack, visitor, alg, enc, signed):
    key = recipient(alg)
    client = encrypted_client(stack, key, userinfo_encryption=f"{alg} {enc}")
    idpctl("client", "set", client.client_id, "--userinfo-signed", signed)
    answer = client.userinfo(client.login(visitor)["access_token"])
    assert answer.headers["Content-Type"] == "application/jwt"
    inner, head = decrypted(answer.text, key, alg, enc)
    claims = verified(client, inner)[1] if signed == "yes" else json.loads(inner)
    assert head.get("cty") == ("JWT" if signed == "yes" else None)
    assert claims["name"] == visitor.person.name and visitor.person.name not in answer.text


def test_every_token_has_a_content_key_of_its_own(stack, visitor):
    key = recipient("RSA-OAEP")
    client = encrypted_client(stack, key, userinfo_encryption="RSA-OAEP A256GCM")
    access = client.login(visitor)["access_token"]
    parts = [client.userinfo(access).text.split(".") for _ in range(4)]
    assert all(len({p[i] for p in parts}) == 4 for i in (1, 2, 3, 4))


@pytest.mark.parametrize("crv", ["P-256", "P-384"])
def test_curves_of_recipients(stack, visitor, crv):
    key = recipient(crv=crv)
    client = encrypted_client(stack, key, userinfo_encryption="ECDH-ES")
    inner, _ = decrypted(client.userinfo(client.login(visitor)["access_token"]).text, key, "ECDH-ES", "A128CBC-HS256")
    assert json.loads(inner)["name"] == visitor.person.name


@pytest.mark.parametrize("what", ["RSA1_5", "RSA1_5 A256GCM", "dir A256GCM", "A256KW A256GCM", "PBES2-HS256+A128KW A128CBC-HS256", "RSA-OAEP none", "RSA-OAEP A256",
                                  "RSA-OAEP  A256GCM", "RSA-OAEP A256GCM ", "A256GCM", "ECDH-ES A128GCM A256GCM", "x" * 100])
def test_weak_and_unknown_encryptions_are_not_registered(stack, what):
    client = Client(stack, "openid")
    register_key(client, recipient("RSA-OAEP"), recipient())
    refused(client, "--id-token-encryption", what)
    refused(client, "--userinfo-encryption", what)


UNFIT = {
    "no keys": lambda: None,
    "for signatures": lambda: public(recipient("RSA-OAEP", use="sig")),
    "use not said": lambda: public(jwk.JWK.generate(kty="RSA", size=2048, kid="x")),
    "of another kind": lambda: public(recipient("ECDH-ES")),
    "for another algorithm": lambda: {**public(recipient("RSA-OAEP")), "alg": "RSA-OAEP-256"},
    "that may only verify": lambda: {**public(recipient("RSA-OAEP")), "key_ops": ["verify"]},
    "too short": lambda: public(recipient("RSA-OAEP", size=1024)),
}


@pytest.mark.parametrize("make", UNFIT.values(), ids=UNFIT.keys())
def test_no_encryption_without_a_fitting_key(stack, make):
    client, key = Client(stack, "openid"), make()
    if key:
        secured(client, jwks={"keys": [public(new_key(kid="sig")), key]})
    assert "no key" in refused(client, "--id-token-encryption", "RSA-OAEP A256GCM")


def test_private_key_is_not_registered(stack):
    client = Client(stack, "openid")
    with pytest.raises(AssertionError, match="private"):
        secured(client, jwks={"keys": [public(new_key(kid="sig")), json.loads(recipient().export())]})


def test_keys_that_encryption_needs_are_not_taken_away(stack):
    client = encrypted_client(stack, recipient(), id_token_encryption="ECDH-ES")
    with pytest.raises(AssertionError, match="encryption"):
        register_key(client, new_key(kid="other"))


def test_without_its_key_nothing_goes_out_in_the_clear(stack, visitor):
    """Somebody took the key away behind our back: refused, and the code is not lost to a third."""
    client = encrypted_client(stack, recipient(), id_token_encryption="ECDH-ES", userinfo_encryption="ECDH-ES")
    code, keep = client.code(visitor)
    only = json.dumps({"keys": [public(new_key(kid="s"))]})
    sql(f"UPDATE idp.client SET jwks = '{only}' WHERE id = '{client.client_id}'")
    answer = client.exchange(code, keep)
    assert answer.status_code == 400 and answer.json()["error"] == "invalid_request" and "id_token" not in answer.json()
    sql(f"UPDATE idp.client SET id_token_enc_alg = '', id_token_enc_enc = '' WHERE id = '{client.client_id}'")
    code, keep = client.code(visitor)
    answer = client.userinfo(client.exchange(code, keep).json()["access_token"])
    assert answer.status_code == 400 and visitor.person.name not in answer.text


def test_a_key_that_only_encrypts_may_be_all_there_is(stack, visitor):
    client, key = Client(stack, "openid"), recipient()
    register_key(client, key)
    tokens_of(client, "--id-token-encryption", "ECDH-ES A256GCM")
    code, keep = client.code(visitor)
    assert decrypted(client.exchange(code, keep).json()["id_token"], key, "ECDH-ES", "A256GCM")


def test_an_encryption_key_verifies_nothing(stack):
    """The client's key with use enc is none for its assertions (RFC 7517 §4.2)."""
    client = KeyClient(stack)
    enc = jwk.JWK.generate(kty="EC", crv="P-256", use="enc", kid="enc")
    secured(client, "--auth", "private_key_jwt", jwks={"keys": [public(client.key), public(enc)]})
    forged = client.assertion(header={"kid": "enc", "alg": "ES256"}, key=jwk.JWK(**{**json.loads(enc.export()), "use": "sig", "alg": "ES256"}))
    answer = client.http.post(client.meta["token_endpoint"], data={"grant_type": "authorization_code", "code": "x", **client.proven(forged)}, timeout=antin.TIMEOUT)
    assert answer.status_code == 401 and answer.json()["error"] == "invalid_client"


def test_database_refuses_halves(stack):
    client = Client(stack, "openid")
    for what in ("id_token_enc_alg = 'ECDH-ES'", "userinfo_enc_enc = 'A256GCM'", "id_token_alg = 'none'", "id_token_enc_alg = 'RSA1_5', id_token_enc_enc = 'A256GCM'",
                 "id_token_enc_alg = 'ECDH-ES', id_token_enc_enc = 'A256GCM'"):
        with pytest.raises(Exception, match="check constraint"):
            sql(f"UPDATE idp.client SET {what} WHERE id = '{client.client_id}'")

"""
Software statements: what an issuer whom we trust says about software goes before what the software says of itself. RFC 7591 §2.3, §3.1.1.
"""
import json
import time

import pytest
from client_kit import new_key, public, signed, unsigned
from daemon_kit import another_daemon, own_stack
from jwcrypto import jwk
from registration_kit import Registrar, metadata, of_client, refused

ISSUER = "https://kiem-dinh.example.vn"
KEY, OTHER_KEY, PS = new_key(kid="k1"), new_key(kid="k1"), new_key("PS256", kid="k2")


@pytest.fixture(scope="module")
def url():
    """A daemon that knows two issuers of statements."""
    place = own_stack()
    path = place.state / "etc/test-statement-issuers.json"
    issuers = [{"issuer": ISSUER, "jwks": {"keys": [public(KEY), public(PS)]}}, {"issuer": "https://other.example", "jwks": {"keys": [public(OTHER_KEY)]}}]
    path.write_text(json.dumps({"issuers": issuers}), encoding="utf-8")
    with another_daemon(place, ("[logout]\n", f"[registration]\nstatement_issuers = {path}\n\n[logout]\n")) as address:
        yield address
    path.unlink()


@pytest.fixture(scope="module")
def registrar(url):
    return Registrar(url, software_statement="required", software_ids=["mot-cua"], statement_issuers=[ISSUER])


def statement(key=KEY, header=None, **more):
    claims = {"iss": ISSUER, "software_id": "mot-cua", "client_name": "Một cửa điện tử", "iat": int(time.time()), **more}
    return signed(key, {k: v for k, v in claims.items() if v is not None}, {"typ": "JWT", "kid": public(key).get("kid"), **(header or {})})


def test_statement_goes_before_what_the_software_says(registrar):
    text = statement(scope="openid", client_uri="https://portal.example.vn/")
    info = registrar.register(software_statement=text, scope="openid profile", client_name="Tên khác")
    assert info["client_name"] == "Một cửa điện tử" and info["scope"] == "openid" and info["software_id"] == "mot-cua"
    assert info["software_statement"] == text and "iss" not in info


def test_other_algorithm_of_the_issuer_works(registrar):
    assert registrar.register(software_statement=statement(PS))["software_id"] == "mot-cua"


def test_policy_that_wants_one_gets_one(registrar):
    refused(registrar.post(metadata()), "invalid_software_statement")
    refused(registrar.post(metadata(software_id="mot-cua")), "invalid_software_statement")


@pytest.mark.parametrize("make", [
    lambda: statement(new_key(kid="k1")), lambda: statement(OTHER_KEY), lambda: statement(iss="https://other.example"), lambda: statement(iss=None),
    lambda: statement(exp=int(time.time()) - 120), lambda: statement(nbf=int(time.time()) + 600), lambda: statement(iat=int(time.time()) + 600),
    lambda: statement(exp="soon"), lambda: statement(aud="https://elsewhere.example"), lambda: statement(aud=["https://elsewhere.example"]),
    lambda: statement(software_id=None), lambda: unsigned({"iss": ISSUER, "software_id": "mot-cua"}), lambda: "x", lambda: "a.b.c", lambda: statement() + "A",
    lambda: statement().rsplit(".", 1)[0] + ".", lambda: statement(header={"crit": ["x"], "x": 1}),
    lambda: statement(new_key(), {"jwk": public(KEY)}), lambda: "a" * 9000,
    lambda: signed(jwk.JWK(kty="oct", k=public(KEY)["x"]), {"iss": ISSUER, "software_id": "mot-cua"}, {"kid": "k1"}, alg="HS256"),
], ids=["other_key", "key_of_another", "name_of_another", "no_name", "expired", "not_yet", "from_the_future", "no_time", "for_another", "for_others", "no_software", "unsigned",
        "text", "dots", "longer", "cut", "critical", "own_key", "huge", "hs256"])
def test_statement_that_does_not_verify_is_refused(registrar, make):
    refused(registrar.post(metadata(software_statement=make())), "invalid_software_statement")


def test_statement_that_is_no_text_is_refused(registrar):
    refused(registrar.post(metadata(software_statement={"a": 1})), "invalid_software_statement")


def test_other_software_and_other_issuers_are_unapproved(registrar):
    refused(registrar.post(metadata(software_statement=statement(software_id="khac"))), "unapproved_software_statement")
    refused(registrar.post(metadata(software_statement=statement(OTHER_KEY, iss="https://other.example"))), "unapproved_software_statement")


def test_policy_that_wants_none_takes_none(url):
    refused(Registrar(url, software_statement="refused").post(metadata(software_statement=statement())), "unapproved_software_statement")


def test_statement_lifts_nothing_above_the_policy(registrar):
    refused(registrar.post(metadata(software_statement=statement(scope="openid citizen_number"))), "invalid_client_metadata")
    refused(registrar.post(metadata(software_statement=statement(first_party=True))), "invalid_client_metadata")
    refused(registrar.post(metadata(software_statement=statement(redirect_uris=["https://elsewhere.example/"]))), "invalid_redirect_uri")


def test_where_no_issuer_is_configured_every_statement_is_refused(stack):
    refused(Registrar(stack.idp_url).post(metadata(software_statement=statement())), "invalid_software_statement")


def test_change_needs_the_statement_again(url, registrar):
    text = statement()
    info = registrar.register(software_statement=text)
    body = metadata(client_id=info["client_id"])
    refused(of_client(url, "PUT", info, body=body), "invalid_software_statement")
    assert of_client(url, "PUT", info, body={**body, "software_statement": text}).status_code == 200

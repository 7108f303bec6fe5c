"""
What a client may ask about a person beyond scopes: signed UserInfo, the claims parameter, levels, fresh sign-ins, new accounts.
OpenID Connect Core §5.3.2, §5.5; unmet_authentication_requirements; Initiating User Registration; RFC 9470.
"""
import json
from urllib.parse import urlsplit

import antin_client as antin
import pytest
from idp_kit import Client, enrolled, fresh, idpctl, sql
from jwcrypto import jws


@pytest.fixture(scope="module")
def person(stack, officer):
    return enrolled(stack, officer, phone="0912 345 678", email="an@example.vn").person


@pytest.fixture(scope="module")
def visitor(stack, person):
    return fresh(stack, person)


@pytest.fixture(scope="module")
def client(stack):
    return Client(stack, "openid", allowed="openid profile email")


def asked(**parts):
    return json.dumps(parts)


LEVEL_2 = {"essential": True, "values": ["urn:antin:loa:2"]}


# ---------------------------------------------------------------- signed UserInfo

@pytest.fixture(scope="module")
def signed(stack):
    made = Client(stack, "openid profile")
    idpctl("client", "set", made.client_id, "--userinfo-signed", "yes")
    return made


def opened(client, answer):
    assert answer.status_code == 200 and answer.headers["Content-Type"] == "application/jwt", answer.text
    token = jws.JWS()
    token.deserialize(answer.text)
    token.verify(client.keys().get_key(token.jose_header["kid"]))
    assert token.jose_header["alg"] in client.meta["userinfo_signing_alg_values_supported"]
    return token.jose_header, json.loads(token.payload)


def test_signed_userinfo_says_who_and_for_whom(signed, visitor, person):
    tokens = signed.login(visitor)
    header, claims = opened(signed, signed.userinfo(tokens["access_token"]))
    assert claims["iss"] == signed.meta["issuer"] and claims["aud"] == signed.client_id
    assert claims["sub"] == tokens["claims"]["sub"] and claims["name"] == person.name and claims["birthdate"] == person.birth_date
    assert header["typ"] == "userinfo+jwt"


def test_signed_userinfo_is_no_token(signed, visitor):
    answer = signed.userinfo(signed.login(visitor)["access_token"])
    assert signed.userinfo(answer.text).status_code == 401
    assert visitor.browser.open(signed.meta["end_session_endpoint"], fields={"id_token_hint": answer.text}).status == 400


def test_refusal_of_signed_userinfo_is_json(signed):
    assert signed.userinfo("x").json()["error"] == "invalid_token"


# ---------------------------------------------------------------- the claims parameter

def test_asked_claims_are_consented_and_told(client, stack, person):
    visitor = fresh(stack, person)
    page, _ = client.open(visitor, prompt="consent", claims=asked(userinfo={"birthdate": {"essential": True}, "email": None}))
    page = page.form("password").submit({"number": person.number, "password": person.password})
    assert urlsplit(page.url).path == "/consent" and "ngày sinh" in page.words() and "thư điện tử" in page.words()
    tokens = client.login(visitor, claims=asked(userinfo={"birthdate": {"essential": True}, "email": None}))
    told = client.userinfo(tokens["access_token"]).json()
    assert told["birthdate"] == person.birth_date and told["email"] == "an@example.vn"


def test_claims_beyond_the_client_s_scopes_are_left_out(client, visitor):
    tokens = client.login(visitor, claims=asked(userinfo={"phone_number": {"essential": True}, "citizen_number": None, "made_up": None}))
    assert set(client.userinfo(tokens["access_token"]).json()) == {"sub"} and tokens["scope"] == "openid"


def test_claims_without_openid_say_nothing(stack, visitor):
    plain = Client(stack, "dossier", allowed="openid profile dossier")
    code, keep = plain.code(visitor, claims=asked(userinfo={"name": None}))
    assert plain.exchange(code, keep).json()["scope"] == "dossier"


@pytest.mark.parametrize("claims", ["x", "[]", '"x"', '{"userinfo": []}', '{"id_token": {"acr": "urn:antin:loa:2"}}', '{"userinfo": {"name": 1}}',
                                    '{"id_token": {"sub": {"value": 5}}}', "{" * 200, '{"userinfo": {"x": "' + "y" * 6000 + '"}}'])
def test_malformed_claims_are_refused(client, visitor, claims):
    params, keep = client.authorize(visitor, claims=claims)
    assert params["error"] == "invalid_request" and params["state"] == keep["state"]


# ---------------------------------------------------------------- one person

def test_only_the_person_who_is_meant_gets_an_answer(stack, officer, client, visitor):
    sub = client.login(visitor)["claims"]["sub"]
    assert client.login(visitor, claims=asked(id_token={"sub": {"value": sub}}))["claims"]["sub"] == sub
    other = fresh(stack, enrolled(stack, officer).person)
    client.login(other)
    params, _ = client.authorize(other, prompt="none", claims=asked(id_token={"sub": {"value": sub}}))
    assert params["error"] == "login_required"
    params, _ = client.authorize(other, claims=asked(id_token={"sub": {"value": sub}}))  # signs in as somebody else again
    assert params["error"] == "login_required" and "code" not in params


# ---------------------------------------------------------------- levels

def test_essential_level_that_the_person_has(client, visitor):
    assert client.login(visitor, claims=asked(id_token={"acr": LEVEL_2}))["claims"]["acr"] == "urn:antin:loa:2"


def test_essential_level_that_the_person_lacks_is_refused(stack, officer, client):
    someone = antin.Citizen(stack, antin.new_person())
    officer.enrol(someone.person, level=1)
    someone.activate()
    params, _ = client.authorize(someone, claims=asked(id_token={"acr": LEVEL_2}))
    assert params["error"] == "unmet_authentication_requirements" and "code" not in params
    both = {"essential": True, "values": ["urn:antin:loa:2", "urn:antin:loa:1"]}
    assert client.login(someone, claims=asked(id_token={"acr": both}))["claims"]["acr"] == "urn:antin:loa:1"
    assert client.login(someone, claims=asked(id_token={"acr": {"values": ["urn:antin:loa:2"]}}))["claims"]["acr"] == "urn:antin:loa:1"  # voluntary
    assert client.login(someone, acr_values="urn:antin:loa:2")["claims"]["acr"] == "urn:antin:loa:1"


@pytest.mark.parametrize("value", ["urn:antin:loa:3", "", "urn:mace:incommon:iap:silver"])
def test_essential_level_that_nobody_has_is_refused(client, visitor, value):
    params, _ = client.authorize(visitor, claims=asked(id_token={"acr": {"essential": True, "value": value}}))
    assert params["error"] == "unmet_authentication_requirements"


# ---------------------------------------------------------------- step-up, accounts

def test_officer_who_signed_in_long_ago_must_do_it_again(stack, officer):
    """RFC 9470: the refusal tells how fresh a sign-in must be."""
    token = officer.token()
    grant = json.loads(jws_payload(token))["grant_id"]
    try:
        sql(f"UPDATE idp.access_grant SET auth_time = now() - interval '13 hours' WHERE id = '{grant}'")
        answer = officer.call("GET", stack.idp_url + "/v1/citizens/00000000-0000-4000-8000-000000000000")
    finally:
        sql(f"UPDATE idp.access_grant SET auth_time = now() WHERE id = '{grant}'")
    assert answer.status_code == 401
    assert 'error="insufficient_user_authentication"' in answer.headers["WWW-Authenticate"] and 'max_age="43200"' in answer.headers["WWW-Authenticate"]


def jws_payload(token):
    t = jws.JWS()
    t.deserialize(token)
    return t.objects["payload"]


def test_select_account_asks_who_it_is(client, visitor):
    client.login(visitor)
    page, _ = client.open(visitor, prompt="select_account")
    assert page.has_form("number", "password")


def test_create_begins_at_the_activation_and_goes_on_from_there(stack, officer, client):
    someone = antin.Citizen(stack, antin.new_person())
    officer.enrol(someone.person)
    page, keep = client.open(someone, prompt="create")
    assert urlsplit(page.url).path == "/activate"
    p = someone.person
    page = page.form("number", "code", "new_password").submit({"number": p.number, "code": p.activation_code, "new_password": p.password})
    onward = next(u for u in page.links() if "/login?request=" in u)
    page = someone.answer(someone.browser.open(onward))
    assert client.exchange(page.params()["code"], keep).status_code == 200


def test_create_stands_by_no_none(client, visitor):
    params, _ = client.authorize(visitor, prompt="none create")
    assert params["error"] == "invalid_request"


def test_activation_page_takes_no_foreign_name_for_a_request(stack, visitor):
    page = visitor.browser.open(stack.idp_url + "/activate?request=%22%3E%3Cscript%3E")
    assert "<script>" not in page.text and not page.doc.xpath("//input[@name='request']")

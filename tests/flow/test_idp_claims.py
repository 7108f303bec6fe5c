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

BIRTH_AND_MAIL = {"birthdate": {"essential": True}, "email": None}


def test_asked_claims_are_consented_and_told(client, stack, person):
    visitor = fresh(stack, person)
    page, _ = client.open(visitor, prompt="consent", claims=asked(userinfo=BIRTH_AND_MAIL))
    page = page.form("password").submit({"number": person.number, "password": person.password})
    assert urlsplit(page.url).path == "/consent" and "ngày sinh" in page.words() and "thư điện tử" in page.words()
    tokens = client.login(visitor, claims=asked(userinfo=BIRTH_AND_MAIL))
    told = client.userinfo(tokens["access_token"]).json()
    assert told == {"sub": tokens["claims"]["sub"], "birthdate": person.birth_date, "email": "an@example.vn"}
    assert tokens["scope"] == "openid"


def test_each_claim_goes_where_it_was_asked_for_and_nowhere_else(client, visitor, person):
    tokens = client.login(visitor, claims=asked(id_token={"birthdate": None}, userinfo={"given_name": None}))
    told = client.userinfo(tokens["access_token"]).json()
    assert tokens["claims"]["birthdate"] == person.birth_date and set(told) == {"sub", "given_name"}
    assert not {"given_name", "name", "gender", "email"} & set(tokens["claims"])


def test_claims_in_the_id_token_of_granted_scopes(client, visitor, person):
    tokens = client.login(visitor, scope="openid profile", claims=asked(id_token={"name": None}))
    assert tokens["claims"]["name"] == person.name and "birthdate" not in tokens["claims"]
    assert client.userinfo(tokens["access_token"]).json()["birthdate"] == person.birth_date


def test_refreshed_id_token_has_them_as_well(stack, visitor, person):
    made = Client(stack, "openid offline_access", allowed="openid profile offline_access", more=["--grant", "authorization_code", "--grant", "refresh_token"])
    tokens = made.login(visitor, claims=asked(id_token={"birthdate": None}, userinfo={"gender": None}))
    again = made.token_request(grant_type="refresh_token", refresh_token=tokens["refresh_token"]).json()
    assert json.loads(jws_payload(again["id_token"]))["birthdate"] == person.birth_date
    assert set(made.userinfo(again["access_token"]).json()) == {"sub", "gender"}


def test_a_claim_with_another_value_than_asked_is_left_out(client, visitor, person):
    wish = {"birthdate": {"value": "1801-01-01"}, "gender": {"values": ["female", "male"]}, "name": {"value": person.name}}
    told = client.userinfo(client.login(visitor, claims=asked(userinfo=wish))["access_token"]).json()
    assert set(told) == {"sub", "gender", "name"}


def test_consent_to_single_claims_is_remembered_claim_by_claim(client, stack, officer):
    someone = enrolled(stack, officer)
    client.login(someone, claims=asked(userinfo={"birthdate": None}))
    assert client.open(someone, claims=asked(id_token={"birthdate": None}))[0].stopped_at
    page, _ = client.open(someone, claims=asked(userinfo={"birthdate": None, "gender": None}))
    assert urlsplit(page.url).path == "/consent" and "giới tính" in page.words()
    someone.answer(page)
    assert client.open(someone, claims=asked(userinfo={"gender": None, "birthdate": None}))[0].stopped_at
    params, _ = client.authorize(someone, prompt="none", claims=asked(userinfo={"email": None}))
    assert params["error"] == "consent_required"


def test_consent_to_a_scope_covers_its_claims(client, stack, officer):
    someone = enrolled(stack, officer)
    client.login(someone, scope="openid profile")
    assert client.open(someone, claims=asked(id_token={"birthdate": None}))[0].stopped_at


def test_consent_to_a_claim_covers_no_scope(client, stack, officer):
    someone = enrolled(stack, officer)
    client.login(someone, claims=asked(userinfo={"birthdate": None}))
    assert urlsplit(client.open(someone, scope="openid profile")[0].url).path == "/consent"


def test_purpose_is_shown_as_the_client_s_word(client, stack, officer):
    someone = enrolled(stack, officer)
    client.login(someone)
    page, _ = client.open(someone, claims=asked(userinfo={"birthdate": {"essential": True, "purpose": "Tính tuổi nghỉ hưu <b>"}}))
    assert "Cổng cho biết dùng để: “Tính tuổi nghỉ hưu <b>”" in page.words() and "Cổng cần thông tin này" in page.words()


def test_asked_claims_are_sealed_in_the_database(client, visitor, person):
    code, keep = client.code(visitor, claims=asked(userinfo={"name": {"value": person.name}}))
    token = client.exchange(code, keep).json()["access_token"]
    grant = json.loads(jws_payload(token))["grant_id"]
    assert sql(f"SELECT position(convert_to('{person.name}', 'UTF8') in terms) FROM idp.access_grant WHERE id = '{grant}'") == "0"


def test_claims_beyond_the_client_s_scopes_are_left_out(client, visitor):
    tokens = client.login(visitor, claims=asked(userinfo={"phone_number": {"essential": True}, "citizen_number": None, "made_up": None}))
    assert set(client.userinfo(tokens["access_token"]).json()) == {"sub"} and tokens["scope"] == "openid"


def test_claims_without_openid_say_nothing(stack, visitor):
    plain = Client(stack, "dossier", allowed="openid profile dossier")
    code, keep = plain.code(visitor, claims=asked(userinfo={"name": None}))
    assert plain.exchange(code, keep).json()["scope"] == "dossier"


@pytest.mark.parametrize("claims", ["x", "[]", '"x"', '{"userinfo": []}', '{"id_token": {"acr": "urn:antin:loa:2"}}', '{"userinfo": {"name": 1}}',
                                    '{"id_token": {"sub": {"value": 5}}}', '{"userinfo": {"name": {"essential": "yes"}}}', '{"userinfo": {"name": {"values": "x"}}}',
                                    '{"userinfo": {"name": {"purpose": "ab"}}}', '{"userinfo": {"name": {"purpose": "a\\u202eb c"}}}', '{"userinfo": {"name": {"purpose": 1}}}', "{" * 200, '{"userinfo": {"x": "' + "y" * 6000 + '"}}'])
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

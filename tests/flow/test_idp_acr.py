"""
Classes of sign-in: which level and which way, wished for or demanded, and what is told of it afterwards.
OpenID Connect Core §2, §3.1.2.1 (acr_values), §5.5.1.1 (essential acr); RFC 8176 (amr).
"""
import base64
import json
from urllib.parse import urlsplit

import antin_client as antin
import pytest
from idp_kit import Client, fresh, idpctl, session_hash, sql

LOA1, LOA2, PWD = "urn:antin:loa:1", "urn:antin:loa:2", "urn:antin:auth:pwd"


@pytest.fixture
def visitor(stack, person, client):
    """In front of a browser that is signed in by password, level 2."""
    here = fresh(stack, person)
    client.login(here)
    return here


@pytest.fixture(scope="module")
def client(stack):
    return Client(stack, "openid offline_access", more=["--grant", "authorization_code", "--grant", "refresh_token"])


def elsewhere(citizen, level=1, amr="face"):
    """The session as a sign-in by another way would have begun it."""
    sql(f"UPDATE idp.session SET amr = '{amr}', level_max = {level} WHERE id_hash = '{session_hash(citizen)}'")


def essential(*values):
    return json.dumps({"id_token": {"acr": {"essential": True, "values": list(values)}}})


def access_claims(token):
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


# ---------------------------------------------------------------- what is told

def test_tokens_tell_the_level_and_the_way(client, visitor):
    tokens = client.login(visitor)
    assert tokens["claims"]["acr"] == LOA2 and tokens["claims"]["amr"] == ["pwd"]
    access = access_claims(tokens["access_token"])
    assert access["acr"] == LOA2 and access["amr"] == ["pwd"] and access["level"] == 2


def test_the_class_that_was_wished_for_is_told(client, visitor):
    assert client.login(visitor, acr_values=PWD)["claims"]["acr"] == PWD
    assert client.login(visitor, acr_values=f"urn:unknown {LOA1} {PWD}")["claims"]["acr"] == LOA1
    assert access_claims(client.login(visitor, acr_values=PWD)["access_token"])["level"] == 2


def test_refreshed_tokens_tell_of_the_same_sign_in(client, visitor):
    tokens = client.login(visitor, acr_values=PWD)
    again = client.token_request(grant_type="refresh_token", refresh_token=tokens["refresh_token"]).json()
    assert access_claims(again["id_token"])["acr"] == PWD and access_claims(again["id_token"])["amr"] == ["pwd"]


def test_discovery_lists_levels_and_ways(client):
    assert client.meta["acr_values_supported"] == [LOA1, LOA2, PWD]


# ---------------------------------------------------------------- a sign-in that proves less than the account has

def test_a_sign_in_elsewhere_proves_no_more_than_it_does(client, visitor):
    elsewhere(visitor, level=1)
    tokens = client.login(visitor)
    assert tokens["claims"]["acr"] == LOA1 and tokens["claims"]["amr"] == ["face"]
    access = access_claims(tokens["access_token"])
    assert access["level"] == 1 and access["acr"] == LOA1


def test_grant_of_a_weaker_sign_in_never_grows(client, visitor):
    elsewhere(visitor, level=1)
    tokens = client.login(visitor)
    again = client.token_request(grant_type="refresh_token", refresh_token=tokens["refresh_token"]).json()
    assert access_claims(again["access_token"])["level"] == 1


@pytest.mark.parametrize("wish", [{"acr_values": LOA2}, {"claims": essential(LOA2)}, {"acr_values": PWD}, {"claims": essential(PWD)}])
def test_what_another_sign_in_can_bring_is_asked_for(client, visitor, wish):
    elsewhere(visitor, level=1)
    page, _ = client.open(visitor, **wish)
    assert urlsplit(page.url).path == "/login"
    tokens = client.login(visitor, **wish)
    assert tokens["claims"]["acr"] in (LOA2, PWD) and tokens["claims"]["amr"] == ["pwd"]


def test_what_no_sign_in_can_bring_is_not_asked_for(stack, officer, client):
    someone = antin.Citizen(stack, antin.new_person())
    officer.enrol(someone.person, level=1)
    someone.activate()
    client.login(someone)
    page, _ = client.open(someone, acr_values=LOA2)
    assert page.stopped_at and "code" in page.params()


def test_essential_class_without_pages_is_refused(client, visitor):
    elsewhere(visitor, level=1)
    params, _ = client.authorize(visitor, prompt="none", claims=essential(LOA2))
    assert params["error"] == "unmet_authentication_requirements" and "code" not in params


def test_voluntary_class_without_pages_is_answered_with_what_there_is(client, visitor):
    elsewhere(visitor, level=1)
    params, keep = client.authorize(visitor, prompt="none", acr_values=LOA2)
    assert access_claims(client.exchange(params["code"], keep).json()["id_token"])["acr"] == LOA1


@pytest.mark.parametrize("values", [["urn:antin:loa:3"], ["URN:ANTIN:LOA:2"], ["urn:antin:loa:2 "], [""]])
def test_essential_class_that_does_not_exist_is_refused(client, visitor, values):
    params, _ = client.authorize(visitor, claims=essential(*values))
    assert params["error"] == "unmet_authentication_requirements"


def test_essential_wish_outweighs_acr_values(client, visitor):
    assert client.login(visitor, acr_values=LOA1, claims=essential(PWD))["claims"]["acr"] == PWD


def test_wish_that_a_client_is_registered_with(stack, visitor):
    made = Client(stack, "openid")
    idpctl("client", "set", made.client_id, "--set", f'default_acr_values=["{PWD}", "{LOA2}"]')
    assert made.login(visitor)["claims"]["acr"] == PWD
    assert made.login(visitor, acr_values=LOA1)["claims"]["acr"] == LOA1
    assert made.login(visitor, claims=essential(LOA2))["claims"]["acr"] == LOA2
    done = idpctl("client", "set", made.client_id, "--set", 'default_acr_values=["urn:antin:loa:3"]', check=False)
    assert done.returncode != 0 and "default_acr_values" in done.stderr


def test_way_that_this_installation_has_not_is_not_asked_for(client, visitor):
    """The development stack has no provider to sign in at instead."""
    assert client.open(visitor, acr_values="urn:antin:auth:upstream")[0].stopped_at
    params, _ = client.authorize(visitor, claims=essential("urn:antin:auth:upstream"))
    assert params["error"] == "unmet_authentication_requirements"

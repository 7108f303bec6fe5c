"""
Two whole providers, one upstream of the other: private_key_jwt by keyd, discovery, a real second database and its own people. Nothing is played.
OpenID Connect Core §9, RFC 7523, RFC 9207; the second one's claims and levels are ours, so the mapping is the identity.
"""
import json
import os
from urllib.parse import urlsplit

import antin_client as antin
import pytest
from idp_kit import Client, enrolled, idpctl, layout, sql, timed_key
from upstream_kit import inside, providers, second_stack

PROVIDER = "quoc-gia"


@pytest.fixture(scope="module")
def second():
    with second_stack() as (stack, env):
        yield stack, env


@pytest.fixture(scope="module", autouse=True)
def configured(stack, second):
    """Registered there with our published keys, by value, as a client that proves itself by key; written down here."""
    there, env = second
    keys = antin.checked(antin.requests.get(stack.idp_url + "/jwks", timeout=antin.TIMEOUT)).json()
    with inside(env):
        idpctl("client", "add", "--id", "antin-o-day", "--name", "Ấn Tín", "--scope", "openid profile citizen_number",
               "--redirect", f"{stack.idp_url}/login/from/{PROVIDER}")
        jwks = layout().state / "jwks-client.json"
        jwks.write_text(json.dumps(keys), encoding="ascii")
        os.chmod(jwks, 0o644)
        idpctl("client", "secure", "antin-o-day", "--auth", "private_key_jwt", "--jwks", str(jwks))
    conf = {
        "provider": {"issuer": there.idp_url, "label_vi": "Cổng quốc gia", "label_en": "National portal"},
        "client": {"client_id": "antin-o-day", "auth": "private_key_jwt"},
        "request": {"scope": "openid profile citizen_number"},
        "answer": {"userinfo": "yes"},
        "claims": {"number": "citizen_number", "birth_date": "birthdate", "level": "acr", "level_1": "urn:antin:loa:1", "level_2": "urn:antin:loa:2"},
    }
    with providers(quoc_gia=conf):
        yield


class Both:
    """One person who is enrolled at both, in front of one browser."""

    def __init__(self, stack, officer, second, level_there=2, here=True):
        there, env = second
        self.here = enrolled(stack, officer) if here else antin.Citizen(stack, antin.new_person())
        person = antin.Person(**{**self.here.person.__dict__, "password": antin.new_password()})
        self.there = antin.Citizen(there, person)
        with inside(env):
            antin.Officer(there).enrol(person, level=level_there)
            self.there.activate()
        self.there.browser = self.here.browser

    def sign_in(self, client, consent_there=True, **request):
        page, keep = client.open(self.here, **request)
        page = self.here.browser.open(next(u for u in page.links() if urlsplit(u).path == f"/login/with/{PROVIDER}"))
        page = self.there.answer(page, consent_there)  # signs in there and agrees, or not
        return self.here.answer(page), keep


def session_here(page):
    """This browser's session cookie for us; it may have another of the second provider."""
    return next((c.value for c in page.browser.session.cookies if c.name == "antin_idp_session" and c.domain.startswith("localhost")), None)


@pytest.fixture(scope="module")
def client(stack):
    return Client(stack, "openid profile")


def test_signed_in_by_the_second_provider(stack, officer, second, client):
    both = Both(stack, officer, second)
    page, keep = both.sign_in(client)
    assert page.stopped_at, f"{page.url}: {page.words()[:300]}"
    tokens = client.redeem(page.params()["code"], keep)
    claims = client.check_id_token(tokens, keep)
    assert claims["amr"] == ["fed"] and claims["acr"] == "urn:antin:loa:2"
    assert client.userinfo(tokens["access_token"]).json()["name"] == both.here.person.name
    assert sql(f"SELECT upstream FROM idp.session WHERE id_hash = '{timed_key(session_here(page))}'") == PROVIDER


def test_level_1_there_is_level_1_here(stack, officer, second, client):
    page, keep = Both(stack, officer, second, level_there=1).sign_in(client)
    assert client.check_id_token(client.redeem(page.params()["code"], keep), keep)["acr"] == "urn:antin:loa:1"


def test_known_there_but_not_here(stack, officer, second, client):
    page, _ = Both(stack, officer, second, here=False).sign_in(client)
    assert page.status == 403 and "bộ phận một cửa" in page.words()


def test_refused_there(stack, officer, second, client):
    page, _ = Both(stack, officer, second).sign_in(client, consent_there=False)
    assert page.status == 403 and page.url.startswith(stack.idp_url)
    assert not session_here(page)


def test_single_sign_on_there_and_a_fresh_one_when_asked(stack, officer, second, client):
    """prompt=login goes through: the second provider asks for the password again, and says when."""
    both = Both(stack, officer, second)
    both.sign_in(client)
    seen = len(both.here.browser.trail)
    page, keep = both.sign_in(client, prompt="login")
    assert client.check_id_token(client.redeem(page.params()["code"], keep), keep)["amr"] == ["fed"]
    asked = [u for _, u in both.here.browser.trail[seen:] if u.startswith(both.there.stack.idp_url)]
    assert any("prompt=login" in u for u in asked) and any("/login?" in u for u in asked)


def test_while_keyd_is_away_nobody_is_lost(stack, officer, second, client):
    """private_key_jwt needs keyd: without it the person is told to wait, and can sign in again after."""
    from upstream_kit import service
    both = Both(stack, officer, second)
    service("kill", "keyd-idp")
    try:
        page, _ = both.sign_in(client)
        assert page.status == 503
    finally:
        service("start", "keyd-idp")
    page, keep = both.sign_in(client)
    assert page.stopped_at, page.words()[:200]

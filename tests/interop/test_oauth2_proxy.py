"""
oauth2-proxy in front of a page: discovery, code flow with PKCE, refresh, logout here and at the provider. Its own checks are the judge.
"""
import contextlib
import secrets
import time
from urllib.parse import urlencode

import pytest
from go_kit import built
from interop_kit import REFRESHES, Client, folder, free_port, running, sessions_of, uses_of_refresh_tokens


@pytest.fixture(scope="module")
def program():
    return built("oauth2-proxy", "github.com/oauth2-proxy/oauth2-proxy/v7")


class Portal:
    def __init__(self, client, base, log):
        self.client, self.base, self.log = client, base, log

    def enter(self, person, consent=True):
        return person.visit(self.base + "/page", consent)

    def inside(self, page):
        return page.status == 200 and page.url.startswith(self.base) and "Authenticated" in page.text

    def user(self, person):
        return person.browser.open(self.base + "/oauth2/userinfo")


@contextlib.contextmanager
def proxy(stack, program, *options, scope="openid profile offline_access", secret=None, issuer=None):
    port = free_port()
    base = f"http://localhost:{port}"
    client = Client(stack, "openid profile offline_access", redirect=base + "/oauth2/callback", more=[*REFRESHES, "--post-logout", base + "/oauth2/static/"])
    with folder() as (place, who):
        argv = [program, "--provider=oidc", f"--oidc-issuer-url={issuer or stack.idp_url}", f"--client-id={client.client_id}", f"--redirect-url={client.redirect_uri}",
                f"--client-secret={secret or client.client_secret}", f"--cookie-secret={secrets.token_hex(16)}", "--cookie-secure=false", "--email-domain=*",
                "--oidc-email-claim=sub", "--insecure-oidc-allow-unverified-email", f"--http-address=127.0.0.1:{port}", "--upstream=static://200",
                f"--scope={scope}", "--skip-provider-button", f"--whitelist-domain={stack.idp_url.split('//')[1]}", *options]
        with running(argv, port, place / "log", **who):
            yield Portal(client, base, place / "log")


S256 = "--code-challenge-method=S256"


@pytest.fixture(scope="module")
def portal(stack, program):
    with proxy(stack, program, S256) as made:
        yield made


def test_signs_in_and_knows_the_person(portal, person):
    page = portal.enter(person)
    assert portal.inside(page), f"{page.url} {page.status} {page.text[:300]}"
    assert len(portal.user(person).response.json()["email"]) == 43  # our pairwise subject


def test_refreshes(stack, program, person):
    with proxy(stack, program, S256, "--cookie-refresh=1s") as portal:
        assert portal.inside(portal.enter(person))
        time.sleep(2.1)
        assert portal.user(person).status == 200
        assert uses_of_refresh_tokens(portal.client) == 1
        time.sleep(2.1)
        assert portal.user(person).status == 200
        assert uses_of_refresh_tokens(portal.client) == 2


def test_logs_out_here_and_there(portal, stack, person):
    assert portal.inside(portal.enter(person))
    before = sessions_of(person.person)
    there = stack.idp_url + "/logout?" + urlencode({"client_id": portal.client.client_id, "post_logout_redirect_uri": portal.base + "/oauth2/static/"})
    person.browser.stop = [portal.base + "/oauth2/static/"]
    page = person.browser.open(portal.base + "/oauth2/sign_out?" + urlencode({"rd": there}))
    assert page.url.startswith(stack.idp_url)
    page = page.forms()[0].submit()  # without a hint the person is asked
    assert page.stopped_at and sessions_of(person.person) == before - 1
    person.browser.stop = []
    assert portal.user(person).status == 401
    assert person.browser.open(portal.base + "/page").has_form("number", "password")


def test_backend_logout_is_no_way_to_end_a_person_s_session(stack, program, person):
    """--backend-logout-url: the proxy asks with the ID token for a hint but without the browser. It is out itself; the person stays signed in where they are."""
    with proxy(stack, program, S256, "--backend-logout-url=" + stack.idp_url + "/logout?id_token_hint={id_token}") as portal:
        assert portal.inside(portal.enter(person))
        before = sessions_of(person.person)
        person.browser.stop = [stack.idp_url]
        person.browser.open(portal.base + "/oauth2/sign_out")
        assert portal.user(person).status == 401 and sessions_of(person.person) == before


# ---------------------------------------------------------------- refusals

def turned_away(portal, person, page, error=None):
    told = any(f"error={error}&" in url for _, url in person.browser.trail)
    return not portal.inside(page) and portal.user(person).status == 401 and (told or not error)


def test_the_person_says_no(stack, program, person):
    with proxy(stack, program, S256) as portal:
        page = portal.enter(person, consent=False)
        assert turned_away(portal, person, page, "access_denied") and page.status == 403


@pytest.mark.parametrize("options", [[], ["--code-challenge-method=plain"]], ids=["without", "plain"])
def test_without_pkce_or_with_a_weak_one(stack, program, person, options):
    with proxy(stack, program, *options) as portal:
        assert turned_away(portal, person, portal.enter(person), "invalid_request")


def test_a_scope_that_it_may_not_have(stack, program, person):
    with proxy(stack, program, S256, scope="openid citizen_number") as portal:
        assert turned_away(portal, person, portal.enter(person), "invalid_scope")


def test_a_wrong_secret(stack, program, person):
    with proxy(stack, program, S256, secret="not-the-secret") as portal:
        assert turned_away(portal, person, portal.enter(person))
        assert "invalid_client" in portal.log.read_text(encoding="utf-8")


def test_an_altered_answer(portal, person):
    person.browser.stop = [portal.client.redirect_uri]
    page = portal.enter(person)
    person.browser.stop = []
    for change in (page.stopped_at.replace("code=", "code=A"), page.stopped_at.replace("state=", "state=A")):
        assert turned_away(portal, person, person.browser.open(change))


def test_another_issuer(stack, program):
    with pytest.raises(AssertionError, match="issuer did not match|did not match"):
        with proxy(stack, program, S256, issuer=stack.idp_url + "/"):
            pass

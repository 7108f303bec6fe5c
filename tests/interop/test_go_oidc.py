"""
go-oidc with golang.org/x/oauth2 as a portal. Its own checks are the judge: issuer of the discovery document, signature, audience, at_hash.
"""
import json
import subprocess

import pytest
from go_kit import built
from interop_kit import REFRESHES, Client, sessions_of

SCOPES = ["openid", "profile", "offline_access"]


@pytest.fixture(scope="module")
def program():
    return built("go-portal", "./portal")


@pytest.fixture
def started(stack, program):
    """started(…) gives a portal of a client of its own."""
    made = []

    def start(**conf):
        made.append(Portal(stack, program, **conf))
        return made[-1]
    yield start
    for portal in made:
        portal.close()


class Portal:
    """The Go process, spoken to line by line; the browser is ours."""

    def __init__(self, stack, program, issuer=None, secret=None, expect=None, scopes=SCOPES, redirect=None):
        self.client = Client(stack, " ".join(SCOPES), more=[*REFRESHES, "--post-logout", "http://localhost:1/gone"])
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.begun = self.send({"issuer": issuer or stack.idp_url, "client_id": self.client.client_id, "client_secret": secret or self.client.client_secret,
                                "redirect_uri": redirect or self.client.redirect_uri, "scopes": list(scopes), "expect": expect or self.client.client_id})

    def send(self, what):
        self.process.stdin.write(json.dumps(what) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, "the client process ended"
        return json.loads(line)

    def do(self, what, **more):
        return self.send({"do": what, **more})

    def go(self, person, consent=True, **more):
        """What came back to the portal."""
        person.browser.stop = [self.client.redirect_uri]
        page = person.visit(self.do("authorize", **more)["url"], consent)
        assert page.stopped_at, f"{page.url}: {page.words()[:200]}"
        assert page.params()["state"] == "s-1" and page.params()["iss"] == self.client.meta["issuer"]
        return page.params()

    def sign_in(self, person):
        return self.do("callback", code=self.go(person)["code"])

    def close(self):
        self.process.stdin.close()
        self.process.wait(10)


def test_signs_in_refreshes_and_reads(started, person):
    portal = started()
    came = portal.sign_in(person)
    assert came["claims"]["aud"] == portal.client.client_id, came
    assert portal.do("userinfo")["userinfo"] == {**portal.do("userinfo")["userinfo"], "sub": came["claims"]["sub"], "name": person.person.name}
    again = portal.do("refresh")
    assert again["refresh_token"] != came["refresh_token"], again
    assert portal.do("userinfo")["userinfo"]["sub"] == came["claims"]["sub"]


def test_logs_out(started, person):
    portal = started()
    came = portal.sign_in(person)
    before = sessions_of(person.person)
    person.browser.stop = ["http://localhost:1/gone"]
    page = person.browser.open(portal.client.meta["end_session_endpoint"], fields={"id_token_hint": came["id_token"], "post_logout_redirect_uri": "http://localhost:1/gone"})
    assert page.stopped_at and sessions_of(person.person) == before - 1


# ---------------------------------------------------------------- refusals

def test_another_issuer_is_not_taken(stack, program):
    portal = Portal(stack, program, issuer=stack.idp_url + "/")
    assert "issuer" in portal.begun["failed"] and "did not match" in portal.begun["failed"]
    portal.close()


def test_an_id_token_for_another_client_is_not_taken(started, person):
    portal = started(expect="somebody-else")
    assert "audience" in portal.sign_in(person)["failed"]


def test_a_wrong_secret(started, person):
    portal = started(secret="not-the-secret")
    assert portal.sign_in(person) == {"failed": "invalid_client"}


def test_a_wrong_verifier_and_a_used_code(started, person):
    portal = started()
    assert portal.do("callback", code=portal.go(person)["code"], verifier="A" * 50) == {"failed": "invalid_grant"}
    code = portal.go(person)["code"]
    assert "claims" in portal.do("callback", code=code)
    assert portal.do("callback", code=code) == {"failed": "invalid_grant"}
    assert "401" in portal.do("userinfo")["failed"]  # a code used twice takes back what the first one got


@pytest.mark.parametrize("pkce", ["none", "plain"])
def test_without_pkce_or_with_a_weak_one(started, person, pkce):
    assert started().go(person, pkce=pkce)["error"] == "invalid_request"


def test_a_scope_that_it_may_not_have(started, person):
    assert started(scopes=["openid", "citizen_number"]).go(person)["error"] == "invalid_scope"


def test_the_person_says_no(started, person):
    assert started().go(person, consent=False)["error"] == "access_denied"


def test_another_redirect_uri(started, stack, person):
    portal = started(redirect="http://localhost:1/else")
    page = person.browser.open(portal.do("authorize")["url"])
    assert page.status == 400 and page.url.startswith(stack.idp_url)

"""
The project's own signing daemon as a client: it signs in for its pages, uses what others' tokens bring, ends its session here and there, and turns away what it must.
"""
from urllib.parse import urlsplit

import antin_client as antin
import pytest
from idp_kit import idpctl
from interop_kit import Client, sessions_of


def signed_in(stack, person):
    page = person.visit(stack.signer_url + "/credential")
    assert page.url.startswith(stack.signer_url) and page.status == 200, page.words()[:200]
    return page


def callback(stack, person):
    """The answer that the provider sends through the browser, not followed."""
    person.browser.stop = [stack.signer_url + "/callback"]
    page = person.visit(stack.signer_url + "/credential")
    person.browser.stop = []
    assert page.stopped_at, page.words()[:200]
    return page.stopped_at


def test_signs_in_and_out_here_and_there(stack, person):
    page = signed_in(stack, person)
    before = sessions_of(person.person)
    page = page.form(action="/logout").submit()
    assert page.url.startswith(stack.idp_url) and page.forms(), page.url  # without a hint the provider asks
    page = page.forms()[0].submit()
    assert urlsplit(page.url).path == "/" and page.url.startswith(stack.signer_url) and sessions_of(person.person) == before - 1
    assert person.browser.open(stack.signer_url + "/credential").has_form("number", "password")


def test_takes_refreshed_tokens_and_nobody_else_s(stack, officer, person):
    """A portal's access token after a refresh opens the dossier API; the ID token, another audience's token and an altered one do not."""
    portal = Client(stack, "openid dossier offline_access", more=["--grant", "authorization_code", "--grant", "refresh_token"])
    code, keep = portal.code(person)
    tokens = portal.redeem(code, keep)
    again = portal.token_request(grant_type="refresh_token", refresh_token=tokens["refresh_token"]).json()
    assert antin.Dossiers(stack, again["access_token"]).call("GET", "?code=none").status_code == 200
    other = Client(stack, "openid profile")
    here_alone = other.redeem(*other.code(person))["access_token"]
    for token in (tokens["id_token"], here_alone, again["access_token"][:-4] + "AAAA", ""):
        assert antin.Dossiers(stack, token).call("GET", "?code=none").status_code == 401


@pytest.mark.parametrize("change", [lambda u: u.replace("code=", "code=A"), lambda u: u.replace("state=", "state=A"), lambda u: u.replace("iss=", "iss=x"),
                                    lambda u: u.split("?")[0] + "?error=access_denied&" + u.split("?")[1].split("&", 1)[1]],
                         ids=["code", "state", "iss", "error"])
def test_an_altered_answer(stack, person, change):
    page = person.browser.open(change(callback(stack, person)))
    assert page.status >= 400 and "antin_signer" not in person.browser.session.cookies


def test_an_answer_used_twice_or_by_another(stack, person, somebody):
    from idp_kit import fresh
    url = callback(stack, person)
    other = fresh(stack, somebody.person)
    other.browser.open(stack.signer_url + "/credential")
    assert other.browser.open(url).status >= 400
    assert person.browser.open(url).status >= 400  # and it is spent: whoever tried it may have seen it


def test_a_locked_person(stack, officer):
    from idp_kit import enrolled
    locked = enrolled(stack, officer)
    idpctl("account", "lock", locked.person.number)
    page = locked.visit(stack.signer_url + "/credential")
    assert page.url.startswith(stack.idp_url) and page.has_form("password")

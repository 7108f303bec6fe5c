"""
The signer's pages as an attacker meets them: sign-in that cannot be finished by another, no open redirects, no script, cookies that keep to themselves.
OpenID Connect Core §3.1.2.7, RFC 9207, RFC 9700 (OAuth security).
"""
from urllib.parse import parse_qs, urlsplit

import antin_client as antin
import pytest
import requests


def to_provider(stack, path="/credential", browser=None):
    """Begins a sign-in: (browser, the parameters that went to the provider)."""
    browser = browser or antin.Browser()
    browser.stop = [stack.idp_url]
    page = browser.open(stack.signer_url + path)
    assert page.stopped_at
    browser.stop = []
    return browser, {k: v[0] for k, v in parse_qs(urlsplit(page.stopped_at).query).items()}


def test_the_request_to_the_provider_is_complete(stack):
    _, p = to_provider(stack)
    assert p["response_type"] == "code" and p["code_challenge_method"] == "S256" and len(p["code_challenge"]) == 43
    assert p["client_id"] == "antin-signer" and p["redirect_uri"] == stack.signer_url + "/callback" and "openid" in p["scope"].split()
    assert len(p["state"]) >= 22 and len(p["nonce"]) >= 22
    _, other = to_provider(stack)
    assert {p["state"], p["nonce"], p["code_challenge"]}.isdisjoint({other["state"], other["nonce"], other["code_challenge"]})


@pytest.mark.parametrize("query", ["", "?code=a", "?state=x&code=a", "?state=&code=", "?code=a&code=b&state=c"])
def test_a_callback_that_nobody_asked_for_400(stack, query):
    page = antin.Browser().open(stack.signer_url + "/callback" + query)
    assert page.status == 400 and page.is_html


def test_a_refusal_at_the_provider_is_a_page_and_uses_the_state_up(stack):
    browser, p = to_provider(stack)
    back = f"{stack.signer_url}/callback?error=access_denied&state={p['state']}"
    page = browser.open(back)
    assert page.status == 403 and page.is_html
    assert browser.open(back).status == 400, "one use"


def test_a_state_belongs_to_the_browser_that_began(stack):
    _, p = to_provider(stack)
    thief, _ = to_provider(stack)
    assert thief.open(f"{stack.signer_url}/callback?code=x&state={p['state']}").status == 400


def test_another_issuer_is_a_mix_up(stack):
    browser, p = to_provider(stack)
    assert browser.open(f"{stack.signer_url}/callback?code=x&state={p['state']}&iss=https%3A%2F%2Fevil.example").status == 502


def test_an_invented_code_signs_nobody_in(stack):
    browser, p = to_provider(stack)
    page = browser.open(f"{stack.signer_url}/callback?code=invented&state={p['state']}&iss={stack.idp_url}")
    assert page.status == 403 and not any(c.name.endswith("antin_signer") for c in browser.session.cookies)


@pytest.mark.parametrize("then", ["https://evil.example/", "//evil.example/", "/\\evil.example", "\\\\evil.example", "javascript:alert(1)", "/a\tb", "%2F%2Fevil.example"])
def test_no_open_redirect_after_sign_in(stack, shared_citizen, then):
    citizen = antin.Citizen(stack, shared_citizen)
    citizen.visit(stack.signer_url + "/credential")
    answer = citizen.browser.session.get(stack.signer_url + "/login", params={"then": then}, allow_redirects=False, timeout=10)
    assert answer.status_code in (303, 400)
    if answer.status_code == 303:
        target = answer.headers["Location"]
        assert target.startswith("/credential") or urlsplit(target).netloc in ("", urlsplit(stack.signer_url).netloc), target
        assert not target.startswith("//")


def test_signing_in_gives_a_new_cookie_that_scripts_and_other_sites_do_not_get(stack, shared_citizen):
    citizen = antin.Citizen(stack, shared_citizen)
    citizen.browser.session.cookies.set("antin_signer", "A" * 43, domain="localhost.local")
    citizen.visit(stack.signer_url + "/credential")
    jar = [c for c in citizen.browser.session.cookies if c.name == "antin_signer" and c.value != "A" * 43]
    assert len(jar) == 1 and jar[0].has_nonstandard_attr("HttpOnly") and jar[0].get_nonstandard_attr("SameSite") == "Lax"


@pytest.mark.parametrize("value", ["", "x", "A" * 43, "A" * 4000, "é", "../../x"])
def test_an_invented_session_is_none(stack, value):
    answer = requests.get(stack.signer_url + "/credential", headers={"Cookie": b"antin_signer=" + value.encode()}, allow_redirects=False, timeout=10)
    assert answer.status_code in (303, 400, 431)


def test_pages_allow_no_script_and_no_frame(stack):
    answer = requests.get(stack.signer_url + "/", timeout=10)
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy and "script-src" not in policy and "unsafe" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff" and answer.headers["Cache-Control"] == "no-store"
    assert "<script" not in answer.text and "style=" not in answer.text and "onclick" not in answer.text


@pytest.mark.parametrize("accept, lang", [("en", "en"), ("vi", "vi"), ("fr", "vi"), ("en;q=0.1, vi;q=0.9", "vi"), ("", "vi")])
def test_vietnamese_first_english_when_preferred(stack, accept, lang):
    answer = requests.get(stack.signer_url + "/", headers={"Accept-Language": accept}, timeout=10)
    assert f'<html lang="{lang}">' in answer.text and answer.headers["Content-Language"] == lang


def test_a_language_chosen_by_hand_is_kept(stack):
    browser = antin.Browser("vi")
    assert browser.open(stack.signer_url + "/?lang=en").doc.get("lang") == "en"
    assert browser.open(stack.signer_url + "/").doc.get("lang") == "en"


def test_files_are_for_who_is_signed_in(stack):
    dossier = "00000000-0000-4000-8000-000000000000"
    for path in (f"/sign/{dossier}/files/a", f"/sign/{dossier}/files/a/signed", f"/sign/{dossier}/manifest"):
        assert requests.get(stack.signer_url + path, allow_redirects=False, timeout=10).status_code == 401


def test_unknown_paths_and_methods(stack):
    assert requests.get(stack.signer_url + "/nothing", timeout=10).status_code == 404
    answer = requests.delete(stack.signer_url + "/credential", timeout=10)
    assert answer.status_code == 405 and "GET" in answer.headers["Allow"]


def test_health_and_readiness(stack):
    assert requests.get(stack.signer_url + "/health", timeout=10).json() == {"status": "ok"}
    assert requests.get(stack.signer_url + "/ready", timeout=10).json()["ready"] is True

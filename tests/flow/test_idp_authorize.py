"""
The authorization endpoint: who gets an answer, where, and with what. RFC 6749 §4.1, RFC 7636, RFC 9207, RFC 9700, OpenID Connect Core §3.1.2.
"""
import time
from urllib.parse import parse_qsl, quote, urlencode

import antin_client as antin
import pytest
from idp_kit import REDIRECT, Client, enrolled, fresh, idpctl, session_hash, sql


@pytest.fixture(scope="module")
def client(stack):
    return Client(stack, "openid profile")


def refused_at_client(client, visitor, error, **override):
    """The error comes to the redirect URI, with state and issuer, and no code."""
    page, keep = client.open(visitor, **override)
    assert page.stopped_at, f"{page.status}: {page.words()[:200]}"
    params = page.params()
    assert params["error"] == error and "code" not in params
    assert params["state"] == keep["state"] and params["iss"] == client.stack.idp_url  # RFC 9207
    return params


def gets_a_page(client, visitor, status=400, **override):
    page, _ = client.open(visitor, **override)
    assert page.stopped_at is None and page.status == status and page.is_html
    assert "Location" not in page.headers
    return page


# ---------------------------------------------------------------- PKCE

def test_pkce_missing_is_refused(client, visitor):
    refused_at_client(client, visitor, "invalid_request", code_challenge=None, code_challenge_method=None)


def test_pkce_plain_is_refused(client, visitor):
    refused_at_client(client, visitor, "invalid_request", code_challenge_method="plain")


def test_pkce_without_method_would_be_plain_and_is_refused(client, visitor):
    refused_at_client(client, visitor, "invalid_request", code_challenge_method=None)


@pytest.mark.parametrize("challenge", ["", "x", "A" * 42, "A" * 44, "A" * 42 + "=", "A" * 42 + "+", "A" * 42 + "B", "A" * 5000],
                         ids=["empty", "word", "short", "long", "padded", "alphabet", "stray_bits", "huge"])
def test_pkce_challenge_that_is_no_sha256_is_refused(client, visitor, challenge):
    refused_at_client(client, visitor, "invalid_request", code_challenge=challenge)


# ---------------------------------------------------------------- redirect URIs

@pytest.mark.parametrize("uri", [
    "http://localhost:9400/quay-ve/", "http://localhost:9400/quay-ve?x=1", "http://localhost:9400/quay-ve#x", "http://localhost:9400/quay-ve/..;/evil",
    "http://localhost:9400/x/../quay-ve", "http://localhost:9400/./quay-ve", "http://localhost:9400/%2e/quay-ve", "http://localhost:9400/quay%2Dve",
    "http://LOCALHOST:9400/quay-ve", "HTTP://localhost:9400/quay-ve", "http://localhost:9401/quay-ve", "http://localhost/quay-ve",
    "http://localhost:9400@evil.example/quay-ve", "http://evil.example@@localhost:9400/quay-ve", "http://localhost:9400.evil.example/quay-ve",
    "https://localhost:9400/quay-ve", "http://127.0.0.1:9400/quay-ve", "//localhost:9400/quay-ve", "javascript:alert(1)", "http://evil.example/",
    "http://localhost:9400/quay-ve ", " http://localhost:9400/quay-ve", "http://localhost:9400/quay-ve\\@evil.example", "http://localhost:9400/quay-ve%00", "",
])
def test_foreign_redirect_uri_gets_a_page_never_a_redirect(client, visitor, uri):
    gets_a_page(client, visitor, redirect_uri=uri)


def test_missing_redirect_uri_gets_a_page(client, visitor):
    gets_a_page(client, visitor, redirect_uri=None)


@pytest.mark.parametrize("client_id", ["nobody", "", None, "x" * 65, "x" * 6000, "' OR 1=1 --", "%00"],
                         ids=["nobody", "empty", "none", "long", "huge", "quotes", "percent"])
def test_unknown_client_gets_a_page(client, visitor, client_id):
    gets_a_page(client, visitor, client_id=client_id)


def test_other_clients_redirect_uri_gets_a_page(stack, client, visitor):
    gets_a_page(client, visitor, redirect_uri=stack.portal_redirect_uri)


def test_disabled_client_gets_a_page_and_its_pending_requests_end(stack, person):
    client = Client(stack)
    visitor = fresh(stack, person)
    page, _ = client.open(visitor)
    idpctl("client", "disable", client.client_id)
    after = page.form("password").submit({"number": person.number, "password": person.password})
    assert after.status == 400 and after.stopped_at is None
    gets_a_page(client, fresh(stack, person))


# ---------------------------------------------------------------- malformed requests

@pytest.mark.parametrize("name", ["client_id", "redirect_uri", "state", "code_challenge", "scope"])
def test_doubled_parameter_gets_a_page(client, visitor, name):
    url, _ = client.request()
    page = visitor.browser.open(url + "&" + urlencode({name: "x"}))
    assert page.status == 400 and page.stopped_at is None


@pytest.mark.parametrize("name", ["state", "nonce", "scope", "login_hint", "acr_values", "unheard_of"])
def test_huge_parameter_is_refused_or_ignored_but_never_breaks(client, visitor, name):
    page, _ = client.open(visitor, **{name: "x" * 6000})
    assert page.status in (200, 303, 400, 414, 431), page.status


def test_request_line_without_end_is_refused(client, visitor):
    page, _ = client.open(visitor, state="x" * 200_000)
    assert page.status in (400, 414, 431)


@pytest.mark.parametrize("override,error", [
    ({"response_type": None}, "invalid_request"),
    ({"response_type": "token"}, "unsupported_response_type"),
    ({"response_type": "id_token"}, "unsupported_response_type"),
    ({"response_type": "code id_token"}, "unsupported_response_type"),
    ({"response_mode": "fragment"}, "invalid_request"),
    ({"response_mode": "web_message"}, "invalid_request"),
    ({"scope": None}, "invalid_scope"),
    ({"scope": "unheard-of"}, "invalid_scope"),
    ({"scope": "openid citizen_number"}, "invalid_scope"),
    ({"scope": "openid registrar"}, "invalid_scope"),
    ({"scope": "profile"}, "invalid_scope"),
    ({"scope": 'openid "'}, "invalid_scope"),
    ({"request": "eyJhbGciOiJub25lIn0.e30."}, "request_not_supported"),
    ({"request_uri": "https://evil.example/request"}, "request_uri_not_supported"),
    ({"registration": "{}"}, "registration_not_supported"),
    ({"prompt": "none login"}, "invalid_request"),
    ({"prompt": "dance"}, "invalid_request"),
    ({"max_age": "-1"}, "invalid_request"),
    ({"max_age": "soon"}, "invalid_request"),
    ({"max_age": "99999999999999999999"}, "invalid_request"),
    ({"id_token_hint": "x.y.z"}, "login_required"),
])
def test_wrong_request_is_told_to_the_client(client, visitor, override, error):
    if "id_token_hint" in override:  # nobody is signed in: a hint says nothing yet
        override = {**override, "prompt": "none"}
    refused_at_client(client, visitor, error, **override)


def test_unknown_scope_beside_known_ones_is_left_out(client, visitor):
    code, keep = client.code(visitor, scope="openid offline_access")
    assert client.exchange(code, keep).json()["scope"] == "openid"


def test_authorization_needs_its_grant_type(stack, person):
    service = Client(stack, "openid", more=["--grant", "client_credentials"])
    refused_at_client(service, fresh(stack, person), "unauthorized_client")


# ---------------------------------------------------------------- prompt, max_age, hints

def test_prompt_none_without_session_is_login_required(client, visitor):
    refused_at_client(client, visitor, "login_required", prompt="none")


def test_prompt_none_without_consent_is_consent_required(stack, client, visitor):
    other = Client(stack)
    client.authorize(visitor)
    refused_at_client(other, visitor, "consent_required", prompt="none")


def test_prompt_none_with_session_and_consent_answers_without_a_page(client, visitor):
    client.authorize(visitor)
    page, keep = client.open(visitor, prompt="none")
    assert page.stopped_at and "code" in page.params() and page.params()["state"] == keep["state"]


def test_single_sign_on_asks_for_no_password_again(stack, client, visitor):
    client.authorize(visitor)
    page, _ = Client(stack).open(visitor)
    assert page.url.split("?")[0].endswith("/consent") and not page.has_form("password")


def test_consent_is_remembered_but_not_for_more(stack, visitor):
    client = Client(stack, "openid", allowed="openid profile")
    client.authorize(visitor)
    assert client.open(visitor)[0].stopped_at
    page, _ = client.open(visitor, scope="openid profile")
    assert page.url.split("?")[0].endswith("/consent")


def test_prompt_consent_asks_again(client, visitor):
    client.authorize(visitor)
    page, _ = client.open(visitor, prompt="consent")
    assert page.url.split("?")[0].endswith("/consent")


def test_refused_consent_is_access_denied(stack, visitor):
    params, keep = Client(stack).authorize(visitor, consent=False)
    assert params["error"] == "access_denied" and params["state"] == keep["state"]


def test_prompt_login_asks_for_the_password_again(client, visitor):
    client.authorize(visitor)
    page, keep = client.open(visitor, prompt="login")
    assert page.has_form("number", "password")
    started = time.time()
    page = visitor.answer(page)
    claims = client.check_id_token(client.exchange(page.params()["code"], keep).json(), keep)
    assert claims["auth_time"] >= int(started)


@pytest.mark.parametrize("age,asks", [(0, True), (60, True), (86400, False)])
def test_max_age_is_measured_from_the_sign_in(client, visitor, age, asks):
    client.authorize(visitor)
    sql(f"UPDATE idp.session SET auth_time = auth_time - interval '2 minutes' WHERE id_hash = '{session_hash(visitor)}'")
    page, _ = client.open(visitor, max_age=str(age))
    assert page.has_form("password") == asks
    if asks:
        assert visitor.answer(page).stopped_at


def test_id_token_hint_of_another_person_is_login_required(stack, officer, client, visitor):
    other = enrolled(stack, officer)
    hint = client.login(other)["id_token"]
    client.authorize(visitor)
    refused_at_client(client, visitor, "login_required", prompt="none", id_token_hint=hint)


def test_id_token_hint_of_the_same_person_answers(client, visitor):
    hint = client.login(visitor)["id_token"]
    page, _ = client.open(visitor, prompt="none", id_token_hint=hint)
    assert "code" in page.params()


def test_login_hint_fills_the_field_and_is_not_kept_in_the_clear(client, visitor, person):
    page, _ = client.open(visitor, login_hint=person.number)
    assert page.form("password").element.form_values() and f'value="{person.number}"' in page.text
    assert person.number not in page.url
    assert sql("SELECT count(*) FROM idp.auth_request WHERE login_hint IS NOT NULL AND position(convert_to('%s', 'UTF8') in login_hint) > 0" % person.number) == "0"


def test_ui_locales_chooses_the_language(stack, client, person):
    page, _ = client.open(fresh(stack, person, "vi"), ui_locales="fr en-GB vi")
    assert page.doc.get("lang") == "en"


# ---------------------------------------------------------------- the answer

def test_answer_carries_state_and_issuer(stack, client, visitor):
    params, keep = client.authorize(visitor, state="có dấu & ?=#")
    assert params["state"] == "có dấu & ?=#" and params["iss"] == stack.idp_url and set(params) == {"code", "state", "iss"}


def test_registered_query_stays_in_the_answer(stack, visitor):
    client = Client(stack, redirect=REDIRECT + "?ma=1&x")
    page, _ = client.open(visitor)
    visitor.browser.stop = [REDIRECT]
    page = visitor.answer(page)
    assert page.url.startswith(REDIRECT + "?ma=1&x&code=") and page.url.count("?") == 1
    assert client.exchange(page.params()["code"], {"verifier": "x" * 43}).json()["error"] == "invalid_grant"


def test_authorization_request_by_post_works_alike(stack, client, visitor):
    url, _ = client.request()
    endpoint, _, query = url.partition("?")
    page = visitor.browser.open(endpoint, "post", dict(parse_qsl(query)), headers={"Origin": "http://localhost:9400"})
    assert page.has_form("number", "password")


def test_pending_request_belongs_to_the_browser_that_brought_it(stack, client, visitor, person):
    page, _ = client.open(visitor)
    thief = fresh(stack, person)
    thief.browser.open(stack.idp_url + "/activate")  # has a name of its own
    stolen = thief.browser.open(page.url)
    assert stolen.status == 400 and not stolen.has_form("password")


def test_pending_request_that_expired_gets_a_clear_page(stack, client, visitor, person):
    page, _ = client.open(visitor)
    sql(f"UPDATE idp.auth_request SET expires_at = now() - interval '1 second' WHERE client_id = '{client.client_id}'")
    after = page.form("password").submit({"number": person.number, "password": person.password})
    assert after.status == 400 and after.is_html and "hết hạn" in after.words()


def test_pending_request_is_answered_once(client, visitor, person):
    page, _ = client.open(visitor)
    form = page.form("password")
    first = visitor.answer(page)
    assert "code" in first.params()
    again = form.submit({"number": person.number, "password": person.password})
    assert again.status == 400 and again.stopped_at is None


def test_consent_page_names_client_and_what_is_shared(stack, person):
    client = Client(stack, "openid profile phone", allowed="openid profile phone")
    visitor = fresh(stack, person, "en")
    page, _ = client.open(visitor)
    page = page.form("password").submit({"number": person.number, "password": person.password})
    words = page.words()
    assert "Cổng thử nghiệm" in words and "date of birth" in words and "phone number" in words and "e-mail" not in words
    assert person.name in words and person.number not in words


def test_form_may_end_only_at_the_clients_origin(client, visitor):
    page, _ = client.open(visitor)
    csp = page.headers["Content-Security-Policy"]
    assert "form-action 'self' http://localhost:9400;" in csp and "default-src 'none'" in csp and "script" not in csp
    assert quote(REDIRECT, safe="") not in csp


def test_registrar_scope_is_for_officers_alone(stack, person):
    page = antin.Portal(stack, stack.get("QUAY_CLIENT_ID", "quay"), stack.quay_client_secret, stack.quay_redirect_uri, "openid registrar")
    params, _ = page.authorize(fresh(stack, person))
    assert params["error"] == "access_denied" and "code" not in params

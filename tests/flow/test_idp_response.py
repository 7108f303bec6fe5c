"""
How an authorization response travels: query, form_post, and signed (JARM). OAuth 2.0 Form Post Response Mode; JWT Secured Authorization Response Mode; RFC 9207.
"""
import base64
import hashlib
import json
import time
from urllib.parse import urlsplit

import pytest
from idp_kit import REDIRECT, Client, enrolled, fresh
from jwcrypto import jws


@pytest.fixture(scope="module")
def visitor(stack, officer):
    return fresh(stack, enrolled(stack, officer).person)


@pytest.fixture(scope="module")
def client(stack, visitor):
    made = Client(stack, "openid")
    made.authorize(visitor)  # consented once
    return made


def opened(client, response):
    """The claims of a signed response, checked as JARM §2.4 says."""
    token = jws.JWS()
    token.deserialize(response)
    token.verify(client.keys().get_key(token.jose_header["kid"]))
    claims = json.loads(token.payload)
    assert token.jose_header["alg"] in client.meta["authorization_signing_alg_values_supported"]
    assert claims["iss"] == client.meta["issuer"] and claims["aud"] == client.client_id
    assert time.time() < claims["exp"] <= time.time() + 600
    return token.jose_header, claims


def posted(client, visitor, **override):
    """(fields of the page's form, page, secrets kept)"""
    page, keep = client.open(visitor, **override)
    page = visitor.answer(page)
    assert page.status == 200 and page.stopped_at is None, page.url
    form = page.forms()[0]
    assert form.action == client.redirect_uri and form.method == "post"
    return dict(form.element.form_values()), page, keep


def test_form_post_brings_the_code(client, visitor):
    fields, page, keep = posted(client, visitor, response_mode="form_post")
    assert set(fields) == {"code", "state", "iss"} and fields["state"] == keep["state"] and fields["iss"] == client.meta["issuer"]
    assert "no-store" in page.headers["Cache-Control"]
    assert client.exchange(fields["code"], keep).status_code == 200


def test_form_post_page_works_without_script_and_allows_one_line_of_it(client, visitor):
    _, page, _ = posted(client, visitor, response_mode="form_post")
    assert page.forms()[0].buttons()
    script = page.doc.xpath("//script/text()")
    assert len(script) == 1
    digest = base64.b64encode(hashlib.sha256(script[0].encode()).digest()).decode()
    policy = page.headers["Content-Security-Policy"]
    assert f"script-src 'sha256-{digest}'" in policy and "unsafe" not in policy and "frame-ancestors 'none'" in policy
    assert "{0.scheme}://{0.netloc}".format(urlsplit(REDIRECT)) in policy.split("form-action")[1].split(";")[0]


def test_no_other_page_may_run_a_script(client, stack, visitor):
    assert "script-src" not in visitor.browser.open(stack.idp_url + "/").headers["Content-Security-Policy"]


def test_form_post_escapes_what_the_client_sent(client, visitor):
    fields, page, _ = posted(client, visitor, response_mode="form_post", state='"><script>alert(1)</script>')
    assert fields["state"] == '"><script>alert(1)</script>' and "<script>alert" not in page.text


def test_form_post_brings_refusals_too(client, visitor):
    fields, _, keep = posted(client, visitor, response_mode="form_post", scope="nothing-known")
    assert fields["error"] == "invalid_scope" and fields["state"] == keep["state"] and "code" not in fields


@pytest.mark.parametrize("mode", ["jwt", "query.jwt"])
def test_signed_response_says_all_and_the_address_nothing_else(client, visitor, mode):
    params, keep = client.authorize(visitor, response_mode=mode)
    assert set(params) == {"response"}
    header, claims = opened(client, params["response"])
    assert set(claims) == {"iss", "aud", "iat", "exp", "code", "state"} and claims["state"] == keep["state"]
    assert client.exchange(claims["code"], keep).status_code == 200


def test_signed_form_post(client, visitor):
    fields, _, keep = posted(client, visitor, response_mode="form_post.jwt")
    assert set(fields) == {"response"}
    assert client.exchange(opened(client, fields["response"])[1]["code"], keep).status_code == 200


def test_signed_refusal(client, stack, visitor):
    params, keep = client.authorize(fresh(stack, visitor.person), response_mode="jwt", prompt="none")
    claims = opened(client, params["response"])[1]
    assert claims["error"] == "login_required" and claims["state"] == keep["state"] and "code" not in claims


def test_signed_response_without_state(client, visitor):
    params, _ = client.authorize(visitor, response_mode="jwt", state=None)
    assert "state" not in opened(client, params["response"])[1]


def test_long_state_is_carried_whole(client, visitor):
    state = "s" * 2000
    params, _ = client.authorize(visitor, response_mode="jwt", state=state)
    assert opened(client, params["response"])[1]["state"] == state


def test_signed_response_is_neither_id_token_nor_access_token(client, stack, visitor):
    params, _ = client.authorize(visitor, response_mode="jwt")
    header, _ = opened(client, params["response"])
    assert header["typ"] not in ("JWT", "at+jwt")
    assert client.userinfo(params["response"]).status_code == 401
    page = visitor.browser.open(client.meta["end_session_endpoint"] + "?id_token_hint=" + params["response"])
    assert page.status == 400


@pytest.mark.parametrize("mode", ["fragment", "fragment.jwt", "web_message", "", "QUERY", "jwt jwt"])
def test_other_modes_are_refused(client, visitor, mode):
    params, keep = client.authorize(visitor, response_mode=mode)
    assert params["error"] == "invalid_request" and params["state"] == keep["state"]


def test_mode_is_kept_while_the_person_signs_in(client, stack, visitor):
    params, keep = client.authorize(fresh(stack, visitor.person), response_mode="jwt")
    assert set(params) == {"response"}

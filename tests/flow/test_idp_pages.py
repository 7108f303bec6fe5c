"""
What everybody sees: metadata that tells the truth, pages that anybody can use, headers that protect. OpenID Connect Discovery, RFC 8414, WCAG 2.2.
"""
import http.client
import re
from urllib.parse import urlsplit

import antin_client as antin
import pytest
import requests
from idp_kit import Client, fresh
from jwcrypto import jwk


@pytest.fixture(scope="module")
def client(stack):
    return Client(stack, "openid profile")


TEXT_KEY = re.compile(r"\b(err|login|consent|scope|activate|logout|home|error)\.[a-z]")


def pages(stack, client, person, lang):
    """(name, page) of every page a person can meet."""
    visitor = fresh(stack, person, lang)
    login, _ = client.open(visitor)
    yield "login", login
    yield "login, wrong", login.form("password").submit({"number": person.number, "password": "sai-mat-khau"})
    yield "consent", client.open(visitor)[0].form("password").submit({"number": person.number, "password": person.password})
    for path in ("/", "/activate", "/logout", "/signed-out", "/no-such-page", "/authorize"):
        yield path, visitor.browser.open(stack.idp_url + path)
    activate = visitor.browser.open(stack.idp_url + "/activate")
    yield "activate, wrong", activate.form("new_password").submit({"number": "1", "code": "2", "new_password": "3"})


@pytest.mark.parametrize("lang,word", [("vi", "Định danh điện tử"), ("en", "Electronic identity"), ("fr", "Định danh điện tử"), ("en-GB,vi;q=0.5", "Electronic identity")])
def test_pages_speak_the_browsers_language_vietnamese_first(stack, client, person, lang, word):
    for name, page in pages(stack, client, person, lang):
        assert word in page.text and page.is_html, name
        assert page.doc.get("lang") == page.headers["Content-Language"] == ("en" if lang.startswith("en") else "vi"), name
        assert "{{" not in page.text and not TEXT_KEY.search(page.words()), name


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_pages_can_be_used_by_everybody(stack, client, person, lang):
    for name, page in pages(stack, client, person, lang):
        doc = page.doc
        assert len(doc.xpath("//h1")) == 1 and doc.xpath("//title")[0].text and doc.xpath("//main") and doc.xpath("//a[@class='skip']/@href") == ["#main"], name
        assert not doc.xpath("//script | //*[@style] | //style | //*[@onclick] | //iframe"), name
        ids = doc.xpath("//@id")
        assert len(ids) == len(set(ids)), name
        for field in doc.xpath("//input[not(@type='hidden')]"):
            assert doc.xpath(f"//label[@for='{field.get('id')}']"), (name, field.get("name"))
            assert field.get("autocomplete"), (name, field.get("name"))
            for ref in (field.get("aria-describedby") or "").split():
                assert ref in ids, (name, ref)
        for image in doc.xpath("//img"):
            assert image.get("alt") is not None, name


def test_language_switch_keeps_the_flow(client, stack, person):
    visitor = fresh(stack, person, "vi")
    page, _ = client.open(visitor)
    page = visitor.browser.open(stack.idp_url + page.doc.xpath("//a[@class='lang']/@href")[0])
    assert page.doc.get("lang") == "en" and page.has_form("password")
    page = page.form("password").submit({"number": person.number, "password": person.password})
    assert page.doc.get("lang") == "en" and page.url.split("?")[0].endswith("/consent")  # and is remembered
    assert "code" in visitor.answer(page).params()


def test_pages_are_protected(stack, client, person):
    for name, page in pages(stack, client, person, "vi"):
        h = page.headers
        assert "default-src 'none'" in h["Content-Security-Policy"] and "frame-ancestors 'none'" in h["Content-Security-Policy"], name
        assert h["X-Content-Type-Options"] == "nosniff" and h["Cache-Control"] == "no-store" and h["X-Request-Id"], name


def test_what_came_in_the_address_is_escaped(stack):
    for path in ("/authorize?client_id=<script>alert(1)</script>", "/login?request=<b>", "/logout?state=\"><script>", "/?lang=<x>", "/activate?x=\"'<>"):
        page = antin.Browser().open(stack.idp_url + path)
        assert "<script>alert" not in page.text and "<b>" not in page.text and '"><script>' not in page.text and not page.doc.xpath("//script")


@pytest.mark.parametrize("target", ["//evil.example/", "/\\evil.example/", "///evil.example", "http://evil.example/"])
def test_language_switch_never_leads_away(stack, target):
    connection = http.client.HTTPConnection(urlsplit(stack.idp_url).netloc, timeout=10)
    connection.putrequest("GET", target)
    connection.endheaders()
    answer = connection.getresponse()
    text = answer.read().decode()
    assert answer.status in (200, 400, 404) and not re.search(r'href="(//|/\\|http)', text)


def test_discovery_may_be_read_by_pages_of_others(stack):
    meta = requests.get(stack.idp_url + "/.well-known/openid-configuration", timeout=10)
    assert meta.headers["Access-Control-Allow-Origin"] == "*"


def test_jwks_holds_public_keys_named_by_their_thumbprint(stack):
    answer = requests.get(stack.idp_url + "/jwks", timeout=10)
    keys = answer.json()["keys"]
    assert keys and answer.headers["Access-Control-Allow-Origin"] == "*" and "max-age" in answer.headers["Cache-Control"]
    for key in keys:
        assert not {"d", "p", "q", "dp", "dq", "qi", "k"} & set(key) and key["use"] == "sig"
        assert jwk.JWK(**key).thumbprint() == key["kid"]


@pytest.mark.parametrize("path,kind", [("/assets/style.css", "text/css; charset=utf-8"), ("/assets/seal.svg", "image/svg+xml")])
def test_assets_are_cached_and_revalidated(stack, path, kind):
    answer = requests.get(stack.idp_url + path, timeout=10)
    assert answer.status_code == 200 and answer.headers["Content-Type"] == kind and "max-age" in answer.headers["Cache-Control"]
    again = requests.get(stack.idp_url + path, headers={"If-None-Match": answer.headers["ETag"]}, timeout=10)
    assert again.status_code == 304 and not again.content


@pytest.mark.parametrize("path", ["/assets/../etc/passwd", "/assets/%2e%2e/head.html", "/assets/", "/.git/config", "/pages/login.html"])
def test_nothing_else_is_served(stack, path):
    session = requests.Session()
    request = requests.Request("GET", stack.idp_url).prepare()
    request.url = stack.idp_url + path
    assert session.send(request, timeout=10).status_code in (400, 404)

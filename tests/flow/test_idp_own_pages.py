"""
Signing in for a page of the provider's own: it leads there and nowhere else, and gives a new session each time.
"""
from urllib.parse import urlsplit

import pytest
from idp_kit import fields_of, post, session_hash, sql

NAMES = ["//evil.example", "https://evil.example/", "/requests", "requests/../account", "REQUESTS", "x" * 5000, ""]


def sign_in(stack, visitor, name="requests"):
    page = visitor.browser.open(f"{stack.idp_url}/login?page={name}")
    return page.form("password").submit({"number": visitor.person.number, "password": visitor.person.password})


def test_sign_in_leads_to_the_page(stack, visitor):
    assert urlsplit(sign_in(stack, visitor).url).path == "/requests"
    assert "antin_idp_session" in visitor.browser.session.cookies


@pytest.mark.parametrize("name", NAMES)
def test_it_leads_nowhere_else(stack, visitor, name):
    assert visitor.browser.open(f"{stack.idp_url}/login", fields={"page": name}).status == 400
    page = visitor.browser.open(f"{stack.idp_url}/login?page=requests")
    answer = post(page, "/login", {**fields_of(page, "password"), "page": name, "login": visitor.person.number, "password": visitor.person.password})
    assert answer.status in (400, 403) and "antin_idp_session" not in visitor.browser.session.cookies


def test_form_for_one_page_is_none_for_another(stack, visitor):
    page = visitor.browser.open(f"{stack.idp_url}/login?page=requests")
    answer = post(page, "/login", {**fields_of(page, "password"), "page": "account", "login": visitor.person.number, "password": visitor.person.password})
    assert answer.status == 403


def test_session_changes_when_somebody_signs_in_again(stack, visitor):
    sign_in(stack, visitor)
    first = session_hash(visitor)
    sign_in(stack, visitor)
    assert session_hash(visitor) != first
    assert sql(f"SELECT ended_at IS NOT NULL FROM idp.session WHERE id_hash = '{first}'") == "t"


def test_wrong_password_stays_on_the_page(stack, visitor):
    page = visitor.browser.open(f"{stack.idp_url}/login?page=requests").form("password").submit(
        {"number": visitor.person.number, "password": "khong-phai-mat-khau-nay"})
    assert page.status == 422 and page.form("password").element.form_values()
    sql("DELETE FROM idp.throttle")

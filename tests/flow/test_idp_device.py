"""
The device flow: a kiosk is signed in by whoever stands before it, and by nobody else. RFC 8628.
"""
import base64
import re
import socket
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import antin_client as antin
import pytest
from daemon_kit import another_daemon, own_stack
from idp_kit import Client, enrolled, fresh, idpctl, post, sql

GRANT = "urn:ietf:params:oauth:grant-type:device_code"
MORE = ["--grant", "device_code", "--grant", "refresh_token"]


@pytest.fixture(scope="module")
def kiosk(stack):
    return Client(stack, "openid profile offline_access", more=MORE)


@pytest.fixture(autouse=True)
def quiet_throttle(stack):
    sql("DELETE FROM idp.throttle")


def begin(client, **more):
    headers, data = {}, {"scope": client.scope, **more}
    if client.client_secret:
        headers["Authorization"] = "Basic " + base64.b64encode(f"{client.client_id}:{client.client_secret}".encode()).decode()
    else:
        data["client_id"] = client.client_id
    return client.http.post(client.meta["device_authorization_endpoint"], headers=headers, data={k: v for k, v in data.items() if v is not None})


def poll(client, device_code, waited=True):
    if waited:  # time passes by moving what the database remembers
        sql(f"UPDATE idp.device SET polled_at = polled_at - interval '1 minute' WHERE client_id = '{client.client_id}'")
    return client.token_request(grant_type=GRANT, device_code=device_code)


def enter(visitor, codes, user_code=None):
    page = visitor.browser.open(codes["verification_uri"])
    return page.form("code").submit({"code": user_code or codes["user_code"]})


def consent_page(visitor, page):
    if page.has_form("password"):
        page = page.form("password").submit({"number": visitor.person.number, "password": visitor.person.password})
    assert urlsplit(page.url).path == "/consent", page.url
    return page


def allow(visitor, codes, decision="allow"):
    return consent_page(visitor, enter(visitor, codes)).form(action="/consent").submit(button=decision)


def refused(response, error, status=400):
    assert response.status_code == status and response.json()["error"] == error, response.text
    assert "access_token" not in response.json()


def test_person_allows_and_the_kiosk_gets_its_tokens(kiosk, visitor):
    codes = begin(kiosk).json()
    assert re.fullmatch(r"\d{3}-\d{3}-\d{3}", codes["user_code"]) and codes["interval"] == 5 and codes["expires_in"] <= 600
    refused(poll(kiosk, codes["device_code"]), "authorization_pending")
    page = allow(visitor, codes)
    assert urlsplit(page.url).path == "/device/done" and "Đã xong" in page.words()
    answer = poll(kiosk, codes["device_code"])
    assert answer.status_code == 200 and "no-store" in answer.headers["Cache-Control"]
    tokens = answer.json()
    assert kiosk.userinfo(tokens["access_token"]).json()["name"] == visitor.person.name and tokens["id_token"]
    assert kiosk.token_request(grant_type="refresh_token", refresh_token=tokens["refresh_token"]).status_code == 200


def test_consent_is_asked_every_time_and_names_the_danger(kiosk, visitor):
    allow(visitor, begin(kiosk).json())
    page = consent_page(visitor, enter(visitor, begin(kiosk).json()))
    assert "đang đứng trước thiết bị" in page.words()


def test_first_party_device_asks_too(stack, visitor):
    own = Client(stack, "openid", more=[*MORE, "--first-party"])
    codes = begin(own).json()
    consent_page(visitor, enter(visitor, codes))
    refused(poll(own, codes["device_code"]), "authorization_pending")


def test_person_refuses(kiosk, visitor):
    codes = begin(kiosk).json()
    page = allow(visitor, codes, "deny")
    assert "không đồng ý" in page.words()
    refused(poll(kiosk, codes["device_code"]), "access_denied")
    assert "không đúng" in enter(visitor, codes).words()  # answered once for all


def test_device_that_asks_too_often_is_slowed_down(kiosk):
    codes = begin(kiosk).json()
    refused(poll(kiosk, codes["device_code"]), "authorization_pending")
    refused(poll(kiosk, codes["device_code"], waited=False), "slow_down")
    assert sql(f"SELECT max(pause) FROM idp.device WHERE client_id = '{kiosk.client_id}'") == "10"


def test_asking_too_often_does_not_get_the_tokens(kiosk, visitor):
    codes = begin(kiosk).json()
    poll(kiosk, codes["device_code"])
    allow(visitor, codes)
    sql(f"UPDATE idp.device SET polled_at = now() WHERE client_id = '{kiosk.client_id}'")
    refused(poll(kiosk, codes["device_code"], waited=False), "slow_down")
    assert poll(kiosk, codes["device_code"]).status_code == 200


def test_expired_codes_are_refused_on_both_sides(kiosk, visitor):
    codes = begin(kiosk).json()
    sql(f"UPDATE idp.device SET expires_at = now() WHERE client_id = '{kiosk.client_id}'")
    refused(poll(kiosk, codes["device_code"]), "expired_token")
    assert "hết hạn" in enter(visitor, codes).words()


def test_device_code_works_once_and_its_replay_kills_the_tokens(kiosk, visitor):
    codes = begin(kiosk).json()
    allow(visitor, codes)
    tokens = poll(kiosk, codes["device_code"]).json()
    refused(poll(kiosk, codes["device_code"]), "invalid_grant")
    assert kiosk.userinfo(tokens["access_token"]).status_code == 401


def test_ten_polls_at_once_get_at_most_one_answer(kiosk, visitor):
    codes = begin(kiosk).json()
    allow(visitor, codes)
    sql(f"UPDATE idp.device SET polled_at = NULL, pause = 0 WHERE client_id = '{kiosk.client_id}'")
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: poll(kiosk, codes["device_code"], waited=False), range(10)))
    assert sum(a.status_code == 200 for a in answers) <= 1


def test_device_code_of_another_client_is_refused(stack, kiosk, visitor):
    codes = begin(kiosk).json()
    thief = Client(stack, "openid", more=MORE)
    refused(poll(thief, codes["device_code"]), "invalid_grant")
    allow(visitor, codes)
    refused(poll(thief, codes["device_code"]), "invalid_grant")
    assert poll(kiosk, codes["device_code"]).status_code == 200


def test_user_code_is_no_device_code(kiosk):
    codes = begin(kiosk).json()
    refused(poll(kiosk, codes["user_code"]), "invalid_grant")


@pytest.mark.parametrize("code", [None, "", "x", "A" * 43])
def test_device_code_that_never_was(kiosk, code):
    refused(poll(kiosk, code), "invalid_request" if code is None else "invalid_grant")


def test_client_without_the_grant_type_cannot_begin(stack):
    portal = Client(stack, "openid")
    refused(begin(portal), "unauthorized_client")
    refused(portal.token_request(grant_type=GRANT, device_code="A" * 43), "unauthorized_client")


def test_beginning_needs_the_client_s_secret(kiosk):
    answer = kiosk.http.post(kiosk.meta["device_authorization_endpoint"], data={"client_id": kiosk.client_id})
    refused(answer, "invalid_client", 401)


def test_scope_beyond_the_client_s_is_refused(kiosk):
    refused(begin(kiosk, scope="openid registrar"), "invalid_scope")


def test_public_kiosk_needs_no_secret(stack, visitor):
    public = Client(stack, "openid", public=True, more=MORE)
    codes = begin(public).json()
    allow(visitor, codes)
    assert poll(public, codes["device_code"]).status_code == 200


@pytest.mark.parametrize("typed", ["123 456 789", "123.456.789", "123456789", " 123-456-789 "])
def test_user_code_as_people_type_it(kiosk, visitor, typed):
    codes = begin(kiosk).json()
    digits = codes["user_code"].replace("-", "")
    parts = iter(digits)
    page = enter(visitor, codes, "".join(next(parts) if c.isdigit() else c for c in typed))
    assert page.has_form("password") or urlsplit(page.url).path == "/consent"


@pytest.mark.parametrize("typed", ["", "12345678", "1234567890", "abc-def-ghi", "' OR 1=1 --", "000-000-000"])
def test_wrong_user_code_is_told(kiosk, visitor, typed):
    codes = begin(kiosk).json()
    page = visitor.browser.open(codes["verification_uri"]).form("code").submit(raw={"user_code": typed})
    assert page.status == 422 and page.has_form("code")


def test_guessing_user_codes_is_slowed_down(kiosk, visitor):
    codes = begin(kiosk).json()
    page = visitor.browser.open(codes["verification_uri"])
    fields = dict(page.forms()[0].element.form_values())
    for n in range(101):
        answer = post(page, "/device", {**fields, "user_code": f"{n:09d}"})
    assert answer.status == 429 and int(answer.headers["Retry-After"]) > 0
    assert enter(visitor, codes).status == 429  # a right one is not looked at either
    sql("DELETE FROM idp.throttle")
    assert enter(visitor, codes).status == 200


def outside():
    """An address of this machine that is not loopback; None when it has none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        try:
            s.connect(("192.0.2.1", 9))  # sends nothing
        except OSError:
            return None
        return None if s.getsockname()[0].startswith("127.") else s.getsockname()[0]


def test_guesses_from_one_address_slow_down_nobody_elsewhere(stack):
    if not outside():
        pytest.skip("this machine has no address but loopback")
    with another_daemon(own_stack(), ("listen = 127.0.0.1:", "listen = 0.0.0.0:")) as inside:
        far = f"http://{outside()}:{urlsplit(inside).port}"

        def guess(base):
            http = antin.Browser()
            page = http.open(base + "/device")
            return post(page, "/device", {**dict(page.forms()[0].element.form_values()), "user_code": "000-000-000"}, Origin=stack.idp_url).status
        assert guess(far) == 422
        sql("UPDATE idp.throttle SET fails = 1000")
        assert guess(far) == 422  # the one that closes it
        assert guess(far) == 429
        assert guess(inside) == 422


def test_guesses_from_one_network_are_counted_together(stack):
    proxied = (f"issuer = {stack.idp_url}", f"issuer = {stack.idp_url}\nproxy_header = X-Forwarded-For")
    with another_daemon(own_stack(), proxied) as url:

        def guess(address):
            http = antin.Browser()
            page = http.open(url + "/device")
            fields = {**dict(page.forms()[0].element.form_values()), "user_code": "000-000-000"}
            return post(page, "/device", fields, Origin=stack.idp_url, **{"X-Forwarded-For": address}).status
        assert guess("2001:db8:7:8::1") == 422
        sql("UPDATE idp.throttle SET fails = 1000")
        assert guess("2001:db8:7:8::2") == 422  # the one that closes it: whoever has one address of a /64 has them all
        assert guess("2001:db8:7:8:ffff::3") == 429
        assert guess("2001:db8:7:9::1") == 422


def test_client_may_begin_so_many_and_no_more(stack):
    full, other = Client(stack, "openid", more=MORE), Client(stack, "openid", more=MORE)
    begin(full)
    sql("UPDATE idp.throttle SET fails = 1000000")
    answer = begin(full)
    refused(answer, "slow_down", 429)
    assert 0 < int(answer.headers["Retry-After"]) <= 900
    assert begin(other).status_code == 200


def test_code_in_the_address_is_filled_in_but_not_taken(kiosk, visitor):
    codes = begin(kiosk).json()
    page = visitor.browser.open(codes["verification_uri_complete"])
    assert page.forms()[0].element.form_values() and page.has_form("code") and codes["user_code"] in page.text
    refused(poll(kiosk, codes["device_code"]), "authorization_pending")


def test_form_from_elsewhere_is_refused(kiosk, visitor):
    codes = begin(kiosk).json()
    page = visitor.browser.open(codes["verification_uri"])
    fields = {**dict(page.forms()[0].element.form_values()), "user_code": codes["user_code"]}
    assert post(page, "/device", fields, Origin="https://evil.example").status == 403
    assert post(page, "/device", {**fields, "csrf": "x" * 43}).status == 403


def test_locked_person_s_device_gets_nothing(stack, officer, kiosk):
    someone = enrolled(stack, officer)
    visitor = fresh(stack, someone.person)
    codes = begin(kiosk).json()
    allow(visitor, codes)
    idpctl("account", "lock", someone.person.id)
    refused(poll(kiosk, codes["device_code"]), "invalid_grant")


def test_codes_are_not_in_the_database(kiosk):
    codes = begin(kiosk).json()
    for code in (codes["device_code"], codes["user_code"], codes["user_code"].replace("-", "")):
        assert sql(f"SELECT count(*) FROM idp.device d WHERE d::text LIKE '%{code}%'") == "0"


def test_every_step_is_in_the_audit_log(kiosk, visitor):
    codes = begin(kiosk).json()
    allow(visitor, codes)
    poll(kiosk, codes["device_code"])
    events = sql(f"SELECT string_agg(event, ' ' ORDER BY at) FROM (SELECT event, at FROM idp.audit WHERE client_id = '{kiosk.client_id}' ORDER BY at DESC LIMIT 4) e")
    assert "device.begun" in events and "device.allowed" in events and "token.issued" in events

"""
Signing in and out: forms, sessions, guesses. OWASP ASVS V2 to V4; OpenID Connect RP-Initiated Logout.
"""
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode

import antin_client as antin
import pytest
from idp_kit import REDIRECT, Client, enrolled, fields_of, fresh, idpctl, post, session_hash, sql

WRONG = "khong-phai-mat-khau-nay"


@pytest.fixture(scope="module")
def client(stack):
    return Client(stack, "openid profile", more=["--post-logout", "http://localhost:9400/tam-biet"])


@pytest.fixture
def login_page(client, visitor):
    return client.open(visitor)[0]


def filled(page, person, **more):
    return {**fields_of(page, "password"), "login": person.number, "password": person.password, **more}


# ---------------------------------------------------------------- forms

@pytest.mark.parametrize("token", [None, "", "x", "A" * 43])
def test_missing_or_wrong_csrf_token_is_refused(login_page, person, token):
    fields = filled(login_page, person, csrf=token)
    if token is None:
        del fields["csrf"]
    page = post(login_page, "/login", fields)
    assert page.status == 403 and page.stopped_at is None and "antin_idp_session" not in page.browser.session.cookies


def test_csrf_token_of_another_browser_is_refused(stack, client, login_page, person):
    other = client.open(fresh(stack, person))[0]
    page = post(login_page, "/login", filled(login_page, person, csrf=fields_of(other, "password")["csrf"]))
    assert page.status == 403


def test_csrf_token_of_another_form_is_refused(stack, login_page, person, visitor):
    activate = visitor.browser.open(stack.idp_url + "/activate")
    page = post(login_page, "/login", filled(login_page, person, csrf=fields_of(activate, "new_password")["csrf"]))
    assert page.status == 403


def test_csrf_token_of_another_request_is_refused(client, login_page, person, visitor):
    other = client.open(visitor)[0]
    page = post(login_page, "/login", filled(login_page, person, csrf=fields_of(other, "password")["csrf"]))
    assert page.status == 403


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://localhost", "https://localhost:8400.evil.example", "http://localhost:1"])
def test_foreign_origin_is_refused(login_page, person, origin):
    page = post(login_page, "/login", filled(login_page, person), Origin=origin)
    assert page.status == 403 and "antin_idp_session" not in page.browser.session.cookies


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_request_from_another_site_is_refused(login_page, person, site):
    assert post(login_page, "/login", filled(login_page, person), **{"Sec-Fetch-Site": site}).status == 403


def test_foreign_referer_without_origin_is_refused(login_page, person):
    page = post(login_page, "/login", filled(login_page, person), Origin=None, Referer="http://evil.example/")
    assert page.status == 403


def test_doubled_field_is_refused(login_page, person):
    fields = list(filled(login_page, person).items()) + [("login", "x")]
    assert post(login_page, "/login", fields).status == 400


def test_consent_form_belongs_to_the_session(stack, person):
    """Whoever signs in anew in the same browser cannot be made to consent with the old page's form."""
    client = Client(stack)
    visitor = fresh(stack, person)
    page = client.open(visitor)[0].form("password").submit({"number": person.number, "password": person.password})
    fields = dict(page.form(action="/consent").element.form_values())
    again = client.open(visitor, prompt="login")[0]
    again.form("password").submit({"number": person.number, "password": person.password})
    assert post(page, "/consent", {**fields, "decision": "allow"}).status == 403


# ---------------------------------------------------------------- sessions

def test_session_id_changes_at_login(client, visitor, person):
    """Session fixation: what the browser had before signing in is worth nothing after."""
    planted = "A" * 43
    visitor.browser.session.cookies.set("antin_idp_session", planted, domain="localhost.local", path="/")
    client.authorize(visitor)
    mine = [c.value for c in visitor.browser.session.cookies if c.name == "antin_idp_session" and c.value != planted]
    assert len(mine) == 1
    thief = antin.Browser()
    thief.session.cookies.set("antin_idp_session", planted)
    thief.stop = [REDIRECT]
    assert thief.open(client.request(prompt="none")[0]).params()["error"] == "login_required"


def test_old_session_ends_when_somebody_signs_in_anew(client, visitor):
    client.authorize(visitor)
    old = session_hash(visitor)
    client.authorize(visitor, prompt="login")
    assert session_hash(visitor) != old
    assert sql(f"SELECT ended_at IS NOT NULL FROM idp.session WHERE id_hash = '{old}'") == "t"


@pytest.mark.parametrize("change", ["expires_at = now()", "seen_at = now() - interval '31 minutes'", "ended_at = now()"])
def test_expired_session_leads_to_login_again(client, visitor, change):
    client.authorize(visitor)
    sql(f"UPDATE idp.session SET {change} WHERE id_hash = '{session_hash(visitor)}'")
    page, _ = client.open(visitor)
    assert page.has_form("number", "password")
    assert "code" in visitor.answer(page).params()


def test_session_that_ends_on_the_consent_page_keeps_the_request(stack, person):
    client = Client(stack)
    visitor = fresh(stack, person)
    page, keep = client.open(visitor)
    page = page.form("password").submit({"number": person.number, "password": person.password})
    sql(f"UPDATE idp.session SET expires_at = now() WHERE id_hash = '{session_hash(visitor)}'")
    page = page.form(action="/consent").submit()
    assert page.has_form("password")
    params = visitor.answer(page).params()
    assert "code" in params and params["state"] == keep["state"]


def test_cookies_are_out_of_reach_for_scripts_and_other_sites(client, visitor, person):
    page, _ = client.open(visitor)
    visitor.browser.stop = [REDIRECT]
    answer = visitor.browser.session.post(page.form("password").action, data=filled(page, person), headers={"Origin": client.stack.idp_url},
                                          allow_redirects=False, timeout=30)
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("antin_idp_session=") and "HttpOnly" in cookie and "SameSite=Lax" in cookie and "Path=/" in cookie and "Domain" not in cookie


def test_revoked_sessions_and_tokens_die_together(stack, officer, client):
    citizen = enrolled(stack, officer)
    token = client.login(citizen)["access_token"]
    assert idpctl("session", "revoke", citizen.person.id)["sessions_ended"] == 1
    assert client.userinfo(token).status_code == 401
    assert client.open(citizen)[0].has_form("password")


# ---------------------------------------------------------------- guesses

def attempt(client, visitor, number, password):
    page, _ = client.open(visitor)
    return page.form("password").submit({"number": number, "password": password})


def test_wrong_password_asks_again_and_ties_the_error_to_the_field(client, visitor, person):
    page = attempt(client, visitor, person.number, WRONG)
    assert page.status == 422 and page.has_form("number", "password")
    field = page.doc.xpath("//input[@type='password']")[0]
    assert field.get("aria-invalid") == "true" and page.doc.xpath(f"//*[@id='{field.get('aria-describedby')}' and @role='alert']")
    assert WRONG not in page.text and page.doc.xpath("//input[@name='login']/@value") == [person.number]
    page = page.form("password").submit({"number": person.number, "password": person.password})
    assert "code" in visitor.answer(page).params()


def test_unknown_and_known_numbers_look_alike(stack, officer, client):
    known, pending = enrolled(stack, officer).person, antin.new_person()
    officer.enrol(pending)  # has no password yet
    pages = [attempt(client, fresh(stack, known), n, WRONG) for n in (known.number, pending.number, antin.new_person().number, "khong-ai")]
    words = {(p.status, p.words()) for p in pages}
    assert len(words) == 1, words


def test_unknown_and_known_numbers_take_as_long(stack, officer, client):
    def spent(number):
        page, _ = client.open(antin.Citizen(stack, antin.new_person()))
        form = page.form("password")
        start = time.perf_counter()
        form.submit({"number": number, "password": WRONG})
        return time.perf_counter() - start
    known = [enrolled(stack, officer).person for _ in range(2)]
    pairs = [(spent(known[i % 2].number), spent(antin.new_person().number)) for i in range(8)]  # in turn: other load hits both
    mine, nobody = (statistics.median(side) for side in zip(*pairs))
    assert 0.6 < nobody / mine < 1.6, pairs


def test_guesses_are_throttled_and_the_page_says_how_long(stack, officer, client):
    citizen = enrolled(stack, officer)
    person = citizen.person
    for _ in range(5):
        assert attempt(client, citizen, person.number, WRONG).status == 422
    page = attempt(client, citizen, person.number, person.password)
    assert page.status == 429 and 1 <= int(page.headers["Retry-After"]) <= 900 and "phút" in page.words()
    sql("UPDATE idp.throttle SET until = now() WHERE until IS NOT NULL")
    assert "code" in citizen.answer(client.open(citizen)[0]).params()


def test_guesses_at_an_unknown_number_are_throttled_alike(stack, client):
    nobody = antin.Citizen(stack, antin.new_person())
    assert [attempt(client, nobody, nobody.person.number, WRONG).status for _ in range(6)] == [422] * 5 + [429]


def test_guesses_sent_at_once_are_all_counted(stack, officer, client):
    person = enrolled(stack, officer).person
    forms = [client.open(fresh(stack, person))[0].form("password") for _ in range(12)]
    with ThreadPoolExecutor(12) as pool:
        seen = list(pool.map(lambda f: f.submit({"number": person.number, "password": WRONG}).status, forms))
    assert seen.count(422) <= 5 and set(seen) <= {422, 429, 503}, seen


def test_flood_of_sign_ins_leaves_room_for_everything_else(stack, officer, client, visitor):
    """Argon2 takes memory and time: only so many run or wait, and the rest hear 503 at once, so that tokens and pages still go out."""
    token = client.login(visitor)["access_token"]
    people = [enrolled(stack, officer).person for _ in range(3)]
    forms = [client.open(fresh(stack, people[i % 3]))[0].form("password") for i in range(40)]
    with ThreadPoolExecutor(40) as pool:
        flood = [pool.submit(lambda f=f, i=i: f.submit({"number": antin.new_person().number, "password": WRONG}).status) for i, f in enumerate(forms)]
        slowest = 0
        while not all(f.done() for f in flood):
            start = time.monotonic()
            assert client.userinfo(token).status_code == 200
            slowest = max(slowest, time.monotonic() - start)
    assert {f.result() for f in flood} <= {422, 503} and slowest < 3, slowest


def test_spaces_in_a_number_do_not_matter(client, visitor, person):
    n = person.number
    page = attempt(client, visitor, f" {n[:3]} {n[3:6]}.{n[6:]} ", person.password)
    assert page.stopped_at or page.url.split("?")[0].endswith("/consent")


@pytest.mark.parametrize("login,password", [("", ""), ("0" * 12, ""), ("x" * 64, "y"), ("x" * 3000, "y"), ("0" * 12, "z" * 3000), ("é" * 60, "ß" * 100)],
                         ids=["nothing", "no_password", "long_login", "huge_login", "huge_password", "other_letters"])
def test_odd_logins_are_refused_like_wrong_ones(client, visitor, login, password):
    page = attempt(client, visitor, login, password)
    assert page.status == 422 and page.has_form("password")


def test_locked_account_is_told_only_after_the_right_password(stack, officer, client):
    citizen = enrolled(stack, officer)
    url = f"{stack.idp_url}/v1/citizens/{citizen.person.id}"
    assert officer.call("POST", url + "/lock").json()["state"] == "locked"
    assert attempt(client, citizen, citizen.person.number, WRONG).status == 422
    assert attempt(client, citizen, citizen.person.number, citizen.person.password).status == 403
    assert officer.call("POST", url + "/unlock").json()["state"] == "active"
    assert "code" in citizen.answer(client.open(citizen)[0]).params()


def test_security_events_leave_rows_without_personal_data(stack, officer, client):
    citizen = enrolled(stack, officer)
    attempt(client, citizen, citizen.person.number, WRONG)
    client.login(citizen)
    events = sql(f"SELECT string_agg(event, ' ' ORDER BY at) FROM idp.audit WHERE account_id = '{citizen.person.id}'").split()
    assert events == ["account.created", "activation.used", "login.failed", "login.ok", "consent.given", "token.issued"]
    text = sql("SELECT string_agg(a::text, ' ') FROM idp.audit a")
    assert citizen.person.number not in text and citizen.person.name not in text


# ---------------------------------------------------------------- signing out

def logout_url(stack, **params):
    return stack.idp_url + "/logout?" + urlencode(params)


def test_logout_with_the_sessions_own_hint_goes_back_at_once(stack, client, visitor):
    hint = client.login(visitor)["id_token"]
    visitor.browser.stop = ["http://localhost:9400/"]
    page = visitor.browser.open(logout_url(stack, id_token_hint=hint, post_logout_redirect_uri="http://localhost:9400/tam-biet", state="s&t"))
    assert page.stopped_at == "http://localhost:9400/tam-biet?state=s%26t"
    assert client.open(visitor)[0].has_form("password")


def test_logout_without_a_hint_asks_first(stack, client, visitor):
    client.login(visitor)
    page = visitor.browser.open(stack.idp_url + "/logout")
    assert page.status == 200 and client.open(visitor, prompt="none")[0].params().get("code")
    page = visitor.browser.open(stack.idp_url + "/logout").form(action="/logout").submit()
    assert page.url == stack.idp_url + "/signed-out" and client.open(visitor)[0].has_form("password")


def test_logout_with_another_persons_hint_asks_first(stack, officer, client, visitor):
    other = enrolled(stack, officer)
    hint = client.login(other)["id_token"]
    client.login(visitor)
    page = visitor.browser.open(logout_url(stack, id_token_hint=hint, post_logout_redirect_uri="http://localhost:9400/tam-biet"))
    assert page.status == 200 and page.form(action="/logout")
    assert client.open(visitor, prompt="none")[0].params().get("code")


@pytest.mark.parametrize("uri", ["http://evil.example/", "http://localhost:9400/tam-biet/", "http://localhost:9400/tam-biet?x", REDIRECT, "javascript:alert(1)"])
def test_logout_never_goes_to_a_foreign_address(stack, client, visitor, uri):
    hint = client.login(visitor)["id_token"]
    page = visitor.browser.open(logout_url(stack, id_token_hint=hint, post_logout_redirect_uri=uri))
    assert page.status == 400 and "Location" not in page.headers


def test_logout_address_needs_to_say_whose_it_is(stack, visitor):
    page = visitor.browser.open(logout_url(stack, post_logout_redirect_uri="http://localhost:9400/tam-biet"))
    assert page.status == 400


def test_logout_by_a_foreign_form_is_only_a_question(stack, client, visitor):
    client.login(visitor)
    page = visitor.browser.open(stack.idp_url + "/logout", "post", {"confirm": "yes"}, headers={"Origin": "http://evil.example"})
    assert page.status == 403 and client.open(visitor, prompt="none")[0].params().get("code")

"""
A person's own page: where they are signed in, who got their data, what happened at their door; and the buttons. OWASP ASVS V3.3, V4.
"""
import antin_client as antin
import pytest
from admin_kit import audit
from idp_kit import Client, enrolled, fresh, post, sql

PHONE = "Mozilla/5.0 (Linux; Android 13) Chrome/120.0 Mobile Safari/537.36"
DESK = "Mozilla/5.0 (Windows NT 10.0; rv:121.0) Gecko/20100101 Firefox/121.0"


@pytest.fixture(scope="module")
def portal(stack):
    return Client(stack, "openid profile phone offline_access", more=["--grant", "authorization_code", "--grant", "refresh_token"])


@pytest.fixture
def person(stack, officer):
    citizen = enrolled(stack, officer)
    citizen.browser.session.headers["User-Agent"] = PHONE
    return citizen


def account(citizen, lang="vi"):
    page = citizen.visit(citizen.stack.idp_url + "/account?lang=" + lang)
    assert page.status == 200, page.words()[:300]
    return page


def button(page, act, **fields):
    """The form with this button and these hidden fields."""
    for form in page.forms():
        have = dict(form.element.form_values())
        if any(value == act for _, value, _ in form.buttons()) and all(have.get(k) == v for k, v in fields.items()):
            return form
    raise AssertionError(f"no button {act} {fields}: {page.words()[:300]}")


def has_button(page, act):
    return any(value == act for form in page.forms() for _, value, _ in form.buttons())


def refresh(portal, tokens):
    return portal.token_request(grant_type="refresh_token", refresh_token=tokens["refresh_token"])


def sid_of(citizen):
    return sql(f"SELECT sid FROM idp.session WHERE account_id = '{citizen.person.id}' AND ended_at IS NULL ORDER BY seen_at DESC LIMIT 1")


def test_home_leads_there_and_signing_in_comes_first(stack, person):
    assert stack.idp_url + "/account" in person.browser.open(stack.idp_url + "/").links()
    page = person.browser.open(stack.idp_url + "/account")
    assert page.has_form("password"), page.words()[:200]
    page = person.answer(page)
    assert page.url == stack.idp_url + "/account" and person.person.name in page.words()
    assert "no-store" in page.headers["Cache-Control"]


def test_it_works_without_script_and_is_never_framed(person):
    page = account(person)
    policy = page.headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in policy and "<script" not in page.text and "style=" not in page.text


def test_it_tells_where_the_person_is_signed_in_and_since_when(stack, portal, person):
    portal.login(person)
    other = fresh(stack, person.person)
    other.browser.session.headers["User-Agent"] = DESK
    account(other)
    words = account(person).words()
    assert "Chrome, Android" in words and "Firefox, Windows" in words and "Máy bạn đang dùng" in words and "Cổng thử nghiệm" in words


def test_it_speaks_english_too(person):
    words = account(person, "en").words()
    assert "Where you are signed in" in words and "This device" in words and "Nơi đang" not in words


def test_another_device_is_signed_out_with_what_it_was_given(stack, portal, person):
    other = fresh(stack, person.person)
    tokens = portal.login(other)
    page = account(person)
    page = button(page, "end_session", sid=tokens["claims"]["sid"]).submit(button="end_session")
    assert page.status == 200 and "Đã đăng xuất máy đó" in page.words()
    assert refresh(portal, tokens).json()["error"] == "invalid_grant"
    assert other.browser.open(stack.idp_url + "/account").has_form("password"), "the other device is asked again"
    assert audit("session.ended", f"account_id = '{person.person.id}' AND by_account IS NULL AND by_operator IS NULL") == 1
    assert not has_button(account(person), "end_session")


def test_all_other_devices_are_signed_out_at_once_and_this_one_stays(stack, person):
    others = [fresh(stack, person.person) for _ in range(2)]
    for o in others:
        account(o)
    page = button(account(person), "end_others").submit(button="end_others")
    assert "Đã đăng xuất mọi máy khác" in page.words() and not has_button(page, "end_others")
    assert all(o.browser.open(stack.idp_url + "/account").has_form("password") for o in others)
    assert audit("session.ended", f"account_id = '{person.person.id}'") == 2


def test_a_client_loses_what_the_person_takes_back(portal, person):
    tokens = portal.login(person)
    page = account(person)
    words = page.words()
    assert "Cổng thử nghiệm" in words and "Xem họ tên, ngày sinh, giới tính" in words and "Xem số điện thoại" in words
    page = button(page, "remove_consent", client_id=portal.client_id).submit(button="remove_consent")
    assert "Đã gỡ bỏ" in page.words() and not has_button(page, "remove_consent") and "Bạn chưa cho nơi nào xem dữ liệu" in page.words()
    assert refresh(portal, tokens).json()["error"] == "invalid_grant" and portal.userinfo(tokens["access_token"]).status_code == 401
    assert portal.open(person)[0].form(action="/consent"), "the next visit asks again"
    assert audit("consent.removed", f"account_id = '{person.person.id}' AND client_id = '{portal.client_id}' AND by_account IS NULL") == 1


def test_it_tells_wrong_passwords_and_sign_ins(stack, person):
    thief = fresh(stack, person.person)
    thief.browser.session.headers["User-Agent"] = DESK
    page = thief.browser.open(stack.idp_url + "/account")
    page.form("password").submit({"number": person.person.number, "password": "sai-hoan-toan"})
    words = account(person).words()
    assert "Nhập sai mật khẩu" in words and "Firefox, Windows" in words and "Đã chặn" in words and "Đặt mật khẩu mới" in words


def test_throttled_tries_are_told_to_the_person_and_in_the_log(stack, person):
    account(person)
    thief = fresh(stack, person.person)
    for _ in range(7):
        page = thief.browser.open(stack.idp_url + "/account")
        page = page.form("password").submit({"number": person.person.number, "password": "sai-hoan-toan"})
    assert page.status == 429
    assert "Thử quá nhiều lần" in account(person).words()
    assert audit("login.throttled", f"account_id = '{person.person.id}'") >= 1


# ---------------------------------------------------------------- what must not work

def other_person(stack, officer):
    citizen = enrolled(stack, officer)
    account(citizen)
    return citizen


def test_nobody_ends_somebody_elses_session(stack, officer, person):
    victim = other_person(stack, officer)
    sid = sid_of(victim)
    account(fresh(stack, person.person))  # so that the page has a form to send
    page = account(person)
    fields = dict(button(page, "end_others").element.form_values())
    answer = post(page, "/account", {**fields, "act": "end_session", "sid": sid})
    assert "done=gone" in answer.url
    assert account(victim).status == 200 and sid_of(victim) == sid


def test_nobody_takes_back_somebody_elses_consent(stack, officer, portal, person):
    victim = enrolled(stack, officer)
    tokens = portal.login(victim)
    mine = portal.login(person)
    page = account(person)
    button(page, "remove_consent", client_id=portal.client_id).submit(button="remove_consent")
    assert refresh(portal, tokens).status_code == 200 and refresh(portal, mine).status_code == 400


def form_fields(stack, portal, person):
    portal.login(person)
    page = account(person)
    return page, {**dict(button(page, "remove_consent").element.form_values()), "act": "remove_consent"}


@pytest.mark.parametrize("spoil", [{"csrf": ""}, {"csrf": "x" * 43}, {"csrf": None}])
def test_button_without_its_form_token_does_nothing(stack, portal, person, spoil):
    page, fields = form_fields(stack, portal, person)
    fields = {k: v for k, v in {**fields, **spoil}.items() if v is not None}
    assert post(page, "/account", fields).status == 403
    assert has_button(account(person), "remove_consent")
    assert audit("form.refused", "detail = 'account'") >= 1


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}])
def test_button_on_a_foreign_page_does_nothing(stack, portal, person, headers):
    page, fields = form_fields(stack, portal, person)
    assert post(page, "/account", fields, **headers).status == 403
    assert has_button(account(person), "remove_consent")


def test_form_token_of_another_session_does_nothing(stack, portal, officer, person):
    page, fields = form_fields(stack, portal, person)
    stranger = other_person(stack, officer)
    stranger_page = account(stranger)
    assert post(stranger_page, "/account", fields).status == 403


@pytest.mark.parametrize("change,status", [({"act": "delete_all"}, 400), ({"act": None}, 400), ({"client_id": "x" * 500}, 200), ({"client_id": "' OR 1=1"}, 200),
                                           ({"act": "end_session", "sid": "x"}, 200)])
def test_what_the_form_never_sends_changes_nothing(stack, portal, person, change, status):
    page, fields = form_fields(stack, portal, person)
    fields = {k: v for k, v in {**fields, **change}.items() if v is not None}
    assert post(page, "/account", fields).status == status
    assert has_button(account(person), "remove_consent")


def test_ended_session_leads_to_the_sign_in_page_and_does_nothing(stack, portal, person):
    page, fields = form_fields(stack, portal, person)
    sql(f"UPDATE idp.session SET ended_at = now() WHERE account_id = '{person.person.id}'")
    assert post(page, "/account", fields).has_form("password")
    assert audit("consent.removed", f"account_id = '{person.person.id}'") == 0


def test_name_with_markup_is_shown_as_text(stack, officer):
    citizen = antin.Citizen(stack, antin.new_person())
    citizen.person.name = "Nguyễn <b>An</b>"
    officer.enrol(citizen.person)
    citizen.activate()
    assert "Nguyễn &lt;b&gt;An" in account(citizen).text


def test_browsers_own_words_are_never_kept(stack, person):
    person.browser.session.headers["User-Agent"] = "<script>alert(1)</script> 0901234567"
    account(person)
    kept = sql(f"SELECT count(*) FROM idp.session WHERE account_id = '{person.person.id}' AND browser IS NOT NULL")
    assert kept == "0" and "alert(1)" not in account(person).text

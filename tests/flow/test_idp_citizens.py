"""
The counter's API, and what a citizen does with the code from the counter. RFC 9457; Idempotency-Key; Decree 69/2024's levels.
"""
import secrets
import uuid
from concurrent.futures import ThreadPoolExecutor

import antin_client as antin
import pytest
from idp_kit import Client, enrolled, fields_of, fresh, post, sql


@pytest.fixture(scope="module")
def client(stack):
    return Client(stack, "openid profile")


@pytest.fixture(scope="module")
def url(stack):
    return stack.idp_url + "/v1/citizens"


def body_of(person, **override):
    body = {"number": person.number, "name": person.name, "birth_date": person.birth_date, "sex": person.sex, "level": 2, "evidence": "thẻ", **override}
    return {k: v for k, v in body.items() if v is not None}


def problem(answer, status, code):
    """RFC 9457, and none of what was sent comes back."""
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json" and answer.json()["code"] == code
    return answer.json()


# ---------------------------------------------------------------- enrolment

def test_enrolment_gives_an_id_a_code_and_the_signers_name_for_the_person(officer, url):
    person = antin.new_person()
    answer = officer.call("POST", url, body_of(person))
    assert answer.status_code == 201 and "no-store" in answer.headers["Cache-Control"]
    body = answer.json()
    assert uuid.UUID(body["id"]) and body["state"] == "pending" and body["level"] == 2 and len(body["signer_subject"]) == 43
    assert len(body["activation_code"].replace("-", "")) == 10
    assert officer.call("GET", f"{url}/{body['id']}").json()["state"] == "pending"


def test_number_is_enrolled_once(officer, url):
    person = antin.new_person()
    assert officer.call("POST", url, body_of(person)).status_code == 201
    problem(officer.call("POST", url, body_of(person)), 409, "citizen_exists")


def test_same_key_same_request_same_answer(officer, url):
    person, key = antin.new_person(), str(uuid.uuid4())
    first = officer.call("POST", url, body_of(person), key)
    again = officer.call("POST", url, dict(reversed(body_of(person).items())), key)
    assert first.status_code == again.status_code == 201 and first.json() == again.json()


def test_same_key_other_request_is_refused(officer, url):
    key = str(uuid.uuid4())
    assert officer.call("POST", url, body_of(antin.new_person()), key).status_code == 201
    problem(officer.call("POST", url, body_of(antin.new_person()), key), 422, "idempotency_key_reused")


def test_same_request_ten_times_at_once_enrols_once(officer, url):
    person, key = antin.new_person(), str(uuid.uuid4())
    officer.token()
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: officer.call("POST", url, body_of(person), key), range(10)))
    assert {a.status_code for a in answers} == {201} and len({a.text for a in answers}) == 1


@pytest.mark.parametrize("key", [None, "", "x" * 201], ids=["none", "empty", "long"])
def test_missing_idempotency_key_is_refused(officer, url, key):
    headers = {"Authorization": "Bearer " + officer.token()} | ({"Idempotency-Key": key} if key is not None else {})
    answer = officer.quay.http.post(url, json=body_of(antin.new_person()), headers=headers, timeout=antin.TIMEOUT)
    problem(answer, 400, "idempotency_key_missing")


def male_1990():
    return antin.Person(f"079090{secrets.randbelow(10**6):06d}", "Trần Văn Thử", "1990-05-17", "male")


@pytest.mark.parametrize("override,code,field", [
    ({"number": "07909012345"}, "citizen_number_invalid", "number"),
    ({"number": "0790901234567"}, "citizen_number_invalid", "number"),
    ({"number": "07909012345x"}, "citizen_number_invalid", "number"),
    ({"number": "000090123456"}, "citizen_number_invalid", "number"),
    ({"number": "079190123456"}, "citizen_number_invalid", "number"),  # a woman's
    ({"number": "079290123456"}, "citizen_number_invalid", "number"),  # born in the 2000s
    ({"number": "079091123456"}, "citizen_number_invalid", "number"),  # born in 91
    ({"number": None}, "citizen_number_invalid", "number"),
    ({"number": 79090123456}, "citizen_number_invalid", "number"),
    ({"name": None}, "citizen_invalid", "name"), ({"name": "   "}, "citizen_invalid", "name"), ({"name": "A\nB"}, "citizen_invalid", "name"),
    ({"name": "x" * 201}, "citizen_invalid", "name"), ({"name": ["x"]}, "citizen_invalid", "name"),
    ({"birth_date": "1990-02-30"}, "citizen_invalid", "birth_date"), ({"birth_date": "17/05/1990"}, "citizen_invalid", "birth_date"),
    ({"birth_date": "1890-05-17"}, "citizen_invalid", "birth_date"), ({"birth_date": "2990-05-17"}, "citizen_invalid", "birth_date"),
    ({"sex": "other"}, "citizen_invalid", "sex"), ({"sex": None}, "citizen_invalid", "sex"),
    ({"level": 3}, "citizen_invalid", "level"), ({"level": "2"}, "citizen_invalid", "level"),
    ({"phone": "12"}, "citizen_invalid", "phone"), ({"email": "an"}, "citizen_invalid", "email"), ({"admin": True}, "citizen_invalid", "unknown_member"),
])
def test_wrong_data_is_named_by_field_and_nothing_is_stored(officer, url, override, code, field):
    before = sql("SELECT count(*) FROM idp.account")
    p = problem(officer.call("POST", url, body_of(male_1990(), **override)), 422, code)
    assert field in p["detail"] and sql("SELECT count(*) FROM idp.account") == before


def test_all_faults_are_told_at_once(officer, url):
    p = problem(officer.call("POST", url, {"number": "1", "name": "", "birth_date": "x", "sex": "y", "level": 9}), 422, "citizen_invalid")
    assert all(f in p["detail"] for f in ("number", "name", "birth_date", "sex", "level"))


@pytest.mark.parametrize("data,status", [(b"", 400), (b"{", 400), (b"[]", 400), (b'{"number":1,"number":2}', 400), (b"{} {}", 400), (b"\xff\xfe", 400),
                                         (b'{"name":"' + b"x" * 20_000 + b'"}', 413), (b"[" * 5000, 400)],
                         ids=["empty", "cut", "array", "doubled_name", "trailing", "not_utf8", "too_large", "deep"])
def test_malformed_json_is_refused(officer, url, data, status):
    headers = {"Authorization": "Bearer " + officer.token(), "Idempotency-Key": "k", "Content-Type": "application/json"}
    assert officer.quay.http.post(url, data=data, headers=headers, timeout=antin.TIMEOUT).status_code == status


def test_personal_data_are_not_readable_in_the_database(stack, officer):
    citizen = enrolled(stack, officer, phone="0987654321", email="ai-do@example.vn", address="99 Đường Không Tên")
    person = citizen.person
    rows = sql(f"SELECT a::text || encode(data, 'escape') FROM idp.account a WHERE id = '{person.id}'")
    for word in (person.number, person.name, person.birth_date, "0987654321", "ai-do", "Không Tên"):
        assert word not in rows
    keys = sql("SELECT count(DISTINCT data_key) = count(*) FROM idp.account")
    assert keys == "t"
    kept = sql("SELECT string_agg(encode(answer, 'escape'), '') FROM idp.idempotency")
    assert person.activation_code not in kept and person.id not in kept


# ---------------------------------------------------------------- who may

def test_counter_api_needs_an_officers_token(stack, officer, client, url):
    http, body = client.http, body_of(antin.new_person())
    citizen = enrolled(stack, officer)
    headers = {"Idempotency-Key": "k"}
    answer = http.post(url, json=body, headers=headers)
    problem(answer, 401, "invalid_token")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    token = client.login(citizen)["access_token"]
    problem(http.post(url, json=body, headers={**headers, "Authorization": "Bearer " + token}), 403, "insufficient_scope")
    service = antin.Portal(stack, stack.service_client_id, stack.service_client_secret, "unused:")
    token = service.token_request(grant_type="client_credentials").json()["access_token"]
    problem(http.post(url, json=body, headers={**headers, "Authorization": "Bearer " + token}), 403, "insufficient_scope")


def test_officer_whose_role_was_taken_away_can_do_nothing_more(stack, officer, url):
    token = officer.token()
    who = sql("SELECT account_id FROM idp.role WHERE role = 'registrar' ORDER BY given_at LIMIT 1")
    sql(f"DELETE FROM idp.role WHERE account_id = '{who}'")
    try:
        answer = officer.quay.http.get(f"{url}/{uuid.uuid4()}", headers={"Authorization": "Bearer " + token})
        problem(answer, 403, "insufficient_scope")
    finally:
        sql(f"INSERT INTO idp.role (account_id, role) VALUES ('{who}', 'registrar')")


def test_officers_accounts_are_not_managed_over_the_api(officer, url):
    who = sql("SELECT id FROM idp.account WHERE kind = 'officer' LIMIT 1")
    problem(officer.call("POST", f"{url}/{who}/lock"), 404, "not_found")
    problem(officer.call("POST", f"{url}/{who}/activation"), 404, "not_found")


@pytest.mark.parametrize("name", ["x", "00000000-0000-0000-0000-000000000000", "' OR 1=1", "x" * 36, "%00"])
def test_unknown_citizen_is_not_found(officer, url, name):
    assert officer.call("GET", f"{url}/{name}").status_code in (400, 404)


# ---------------------------------------------------------------- activation

def activate(citizen, password, code=None, again=None, number=None):
    page = citizen.browser.open(citizen.stack.idp_url + "/activate")
    fields = {**fields_of(page, "new_password"), "number": number or citizen.person.number, "activation_code": code or citizen.person.activation_code,
              "new_password": password, "new_password_again": password if again is None else again}
    return post(page, "/activate", fields)


@pytest.fixture
def newcomer(stack, officer):
    citizen = antin.Citizen(stack, antin.new_person())
    officer.enrol(citizen.person)
    return citizen


def test_code_works_as_people_type_it(newcomer, client):
    typed = newcomer.person.activation_code.lower().replace("-", " ").replace("0", "o").replace("1", "l")
    assert activate(newcomer, newcomer.person.password, code=f" {typed} ").status == 200
    assert "code" in newcomer.answer(client.open(newcomer)[0]).params()


def test_code_works_once(newcomer):
    assert activate(newcomer, newcomer.person.password).status == 200
    assert activate(newcomer, "mot-mat-khau-khac").status == 422


def test_code_of_another_person_is_refused(stack, officer, newcomer):
    other = antin.new_person()
    officer.enrol(other)
    assert activate(newcomer, newcomer.person.password, code=other.activation_code).status == 422


def test_too_many_wrong_codes_make_the_code_worthless(newcomer):
    wrong = "0000-0000-00" if not newcomer.person.activation_code.startswith("0000") else "1111-1111-11"
    sql(f"UPDATE idp.activation SET tries = 19 WHERE account_id = '{newcomer.person.id}'")
    assert activate(newcomer, newcomer.person.password, code=wrong).status == 422
    assert activate(newcomer, newcomer.person.password).status == 422


def test_guesses_at_a_code_are_throttled(newcomer):
    wrong = "0000-0000-00" if not newcomer.person.activation_code.startswith("0000") else "1111-1111-11"
    assert [activate(newcomer, newcomer.person.password, code=wrong).status for _ in range(6)] == [422] * 5 + [429]
    assert activate(newcomer, newcomer.person.password).status == 429


def test_expired_code_is_refused(newcomer):
    sql(f"UPDATE idp.activation SET expires_at = now() WHERE account_id = '{newcomer.person.id}'")
    assert activate(newcomer, newcomer.person.password).status == 422


def test_unknown_number_and_wrong_code_look_alike(newcomer):
    pages = [activate(newcomer, "mot-mat-khau-nao-do", code="0000-0000-00", number=n) for n in (newcomer.person.number, antin.new_person().number)]
    assert len({(p.status, p.words()) for p in pages}) == 1


@pytest.mark.parametrize("password,again,field", [
    ("ngan", None, "password-error"), ("12345678", None, "password-error"), ("aaaaaaaaaa", None, "password-error"), ("matkhau123", None, "password-error"),
    ("x" * 257, None, "password-error"), ("mot-mat-khau-dai", "mot-mat-khau-khac", "again-error"),
])
def test_unfit_password_costs_no_attempt_and_is_told_at_its_field(newcomer, password, again, field):
    page = activate(newcomer, password, again=again)
    assert page.status == 422 and page.doc.xpath(f"//*[@id='{field}']") and page.doc.xpath(f"//input[contains(@aria-describedby, '{field}')]")
    assert password not in page.text and sql(f"SELECT tries FROM idp.activation WHERE account_id = '{newcomer.person.id}'") == "0"
    assert activate(newcomer, newcomer.person.password).status == 200


def test_own_number_is_no_password(newcomer):
    assert activate(newcomer, newcomer.person.number + "!").status == 422


def test_password_may_be_a_vietnamese_sentence(newcomer, client):
    newcomer.person.password = "hôm nay trời đẹp quá ạ"
    assert activate(newcomer, newcomer.person.password).status == 200
    assert "code" in newcomer.answer(client.open(newcomer)[0]).params()


def test_lost_phone_new_code_new_password_old_ones_die(stack, officer, client, url):
    citizen = enrolled(stack, officer)
    old_code, old_password = citizen.person.activation_code, citizen.person.password
    token = client.login(citizen)["access_token"]
    citizen.person.activation_code = officer.call("POST", f"{url}/{citizen.person.id}/activation", {}).json()["activation_code"]
    assert client.userinfo(token).status_code == 200  # until the person uses the code nothing changes
    assert activate(citizen, "mat-khau-moi-cua-toi", code=old_code).status == 422
    citizen.person.password = "mat-khau-moi-cua-toi"
    assert activate(citizen, citizen.person.password).status == 200
    assert client.userinfo(token).status_code == 401 and client.open(citizen)[0].has_form("password")
    visitor = fresh(stack, citizen.person)
    page = client.open(visitor)[0].form("password")
    assert page.submit({"number": citizen.person.number, "password": old_password}).status == 422
    assert "code" in visitor.answer(client.open(visitor)[0]).params()


def test_new_code_under_the_same_key_is_the_same_code(officer, newcomer, url):
    path, key = f"{url}/{newcomer.person.id}/activation", str(uuid.uuid4())
    first, again, other = officer.call("POST", path, {}, key), officer.call("POST", path, {}, key), officer.call("POST", path, {})
    assert first.status_code == again.status_code == other.status_code == 201
    assert first.json() == again.json() and first.json()["activation_code"] != other.json()["activation_code"]
    answer = officer.quay.http.post(path, headers={"Authorization": "Bearer " + officer.token()}, timeout=antin.TIMEOUT)
    problem(answer, 400, "idempotency_key_missing")


def test_no_new_code_for_a_locked_account(officer, newcomer, url):
    assert officer.call("POST", f"{url}/{newcomer.person.id}/lock").status_code == 200
    problem(officer.call("POST", f"{url}/{newcomer.person.id}/activation"), 409, "wrong_state")
    assert activate(newcomer, newcomer.person.password).status == 422
    assert officer.call("POST", f"{url}/{newcomer.person.id}/unlock").json()["state"] == "pending"
    assert activate(newcomer, newcomer.person.password).status == 200


def test_activation_form_needs_its_token(newcomer):
    page = newcomer.browser.open(newcomer.stack.idp_url + "/activate")
    fields = {**fields_of(page, "new_password"), "number": newcomer.person.number, "activation_code": newcomer.person.activation_code,
              "new_password": newcomer.person.password, "new_password_again": newcomer.person.password}
    assert post(page, "/activate", {**fields, "csrf": "x"}).status == 403
    assert post(page, "/activate", fields, Origin="http://evil.example").status == 403
    assert post(page, "/activate", fields).status == 200

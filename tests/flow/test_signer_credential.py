"""
A citizen's signing key: choosing and changing the PIN, locking and unlocking, revocation and the CRL that tells of it.
"""
import threading
import time

import antin_client as antin
import pytest
import requests
from cryptography import x509
from signer_kit import Court, api_of, filled, problem, rows, run, signed, wait_until


@pytest.fixture
def newcomer(stack, officer):
    """Enrolled at level 2 and activated, but without a key."""
    citizen = antin.Citizen(stack, antin.new_person())
    officer.enrol(citizen.person)
    citizen.activate()
    return citizen


def wrong(pin):
    return "918273" if pin != "918273" else "918274"


def only(officer, citizen):
    found = officer.credentials(citizen.person.subject)
    assert len(found) == 1, found
    return found[0]


def crl(stack):
    answer = requests.get(stack.crl_url, timeout=10)
    assert answer.status_code == 200 and answer.headers["Content-Type"] == "application/pkix-crl"
    return x509.load_der_x509_crl(answer.content)


# --- choosing ---

@pytest.mark.parametrize("pin, again", [("", ""), ("12345", "12345"), ("1234567890123", "1234567890123"), ("abcdef", "abcdef"), ("111111", "111111"),
                                        ("121212", "121212"), ("123456", "123456"), ("987654", "987654"), ("502934", "502935")])
def test_a_pin_that_is_weak_or_mistyped_is_not_taken(stack, officer, newcomer, pin, again):
    form = newcomer.visit(stack.signer_url + "/credential").form("pin")
    page = form.submit(raw={"pin": pin, "pin_again": again})
    assert page.status == 422 and page.has_form("pin")
    assert officer.credentials(newcomer.person.subject) == []


def test_choosing_a_pin_makes_a_key_and_a_certificate(stack, officer, newcomer):
    page = newcomer.choose_pin()
    assert newcomer.person.name in page.words()
    mine = only(officer, newcomer)
    assert mine["state"] == "active" and mine["wrong_pins"] == 0
    cert = x509.load_pem_x509_certificate(mine["certificate"]["pem"].encode())
    assert cert.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value == newcomer.person.name
    assert newcomer.person.number not in cert.subject.rfc4514_string()


def test_level_1_gets_no_certificate(stack, officer):
    citizen = antin.ready_citizen(stack, officer, level=1)
    page = citizen.visit(stack.signer_url + "/credential")
    assert not page.has_form("pin") and "mức độ" in page.words()
    csrf = next(f for f in page.forms()).element.form_values()
    answer = citizen.browser.open(stack.signer_url + "/credential", "post", {**dict(csrf), "pin": "502934", "pin_again": "502934"})
    assert answer.status == 403
    assert officer.credentials(citizen.person.subject) == []


def test_pressing_twice_makes_one_key(stack, officer, newcomer):
    form = newcomer.visit(stack.signer_url + "/credential").form("pin")
    assert form.submit({"pin": newcomer.person.pin}).status == 200
    assert form.submit({"pin": newcomer.person.pin}).status == 200
    only(officer, newcomer)


def test_a_session_whose_sign_in_was_long_ago_makes_no_key(stack, officer, newcomer):
    """Somebody has the browser; the account was locked and the certificate revoked: the session that is left makes no new one."""
    form = newcomer.visit(stack.signer_url + "/credential").form("pin")
    rows(stack, f"UPDATE signer.web_session SET auth_time = now() - interval '20 minutes' WHERE subject = '{newcomer.person.subject}'")
    assert officer.call("POST", f"{stack.idp_url}/v1/citizens/{newcomer.person.id}/lock").status_code == 200
    page = form.submit({"pin": newcomer.person.pin})
    assert page.url.startswith(stack.idp_url) and page.has_form("password")
    assert newcomer.browser.open(stack.signer_url + "/credential").url.startswith(stack.idp_url)
    assert officer.credentials(newcomer.person.subject) == []


def test_who_comes_to_sign_without_a_key_makes_one_first_and_comes_back(stack, newcomer):
    api = api_of(stack, newcomer)
    _, url = filled(api)
    page = newcomer.review(url)
    assert page.url.startswith(stack.signer_url + "/credential")
    page = newcomer.answer(page.form("pin").submit({"pin": newcomer.person.pin}))
    assert page.url.startswith(url) and page.form("pin").submit({"pin": newcomer.person.pin}).status == 200


# --- changing ---

def change(stack, citizen, old, new):
    form = citizen.visit(stack.signer_url + "/credential").form("old_pin")
    return form.submit(raw={"old_pin": old, "pin": new, "pin_again": new})


def test_a_changed_pin_signs_and_the_old_one_does_not(stack, citizen):
    old, new = citizen.person.pin, "640281"
    assert change(stack, citizen, old, new).status == 200
    api = api_of(stack, citizen)
    _, url = filled(api)
    page = citizen.sign(url, old)
    assert page.status == 403
    assert page.form("pin").submit({"pin": new}).status == 200


def test_changing_counts_wrong_pins_too(stack, officer, citizen):
    page = change(stack, citizen, wrong(citizen.person.pin), "640281")
    assert page.status == 403 and "Số lần thử còn lại: 4" in page.words()
    assert only(officer, citizen)["wrong_pins"] == 1


# --- locking ---

def lock(stack, citizen):
    api = api_of(stack, citizen)
    dossier, url = filled(api)
    page = citizen.review(url)
    for left in (4, 3, 2, 1):
        page = page.form("pin").submit({"pin": wrong(citizen.person.pin)})
        assert page.status == 403 and f"Số lần thử còn lại: {left}" in page.words()
    page = page.form("pin").submit({"pin": wrong(citizen.person.pin)})
    assert page.status == 423 and not page.has_form("pin")
    return api, dossier, url


def test_five_wrong_pins_lock_and_the_officer_unlocks(stack, officer, citizen):
    api, dossier, url = lock(stack, citizen)
    assert only(officer, citizen)["state"] == "locked"
    page = citizen.review(url)
    assert page.status == 423 and not page.has_form("pin"), "locked: not even the right PIN is asked for"
    answer = officer.unlock(only(officer, citizen)["id"]).json()
    assert answer["state"] == "active" and answer["wrong_pins"] == 0
    assert citizen.sign(url).status == 200 and api.get(dossier)["state"] == "sealed"


def test_the_right_pin_clears_the_count(stack, officer, citizen):
    api = api_of(stack, citizen)
    for _ in range(2):
        page = citizen.review(filled(api)[1])
        for _ in range(3):
            page = page.form("pin").submit({"pin": wrong(citizen.person.pin)})
        assert page.form("pin").submit({"pin": citizen.person.pin}).status == 200
        assert only(officer, citizen)["wrong_pins"] == 0


def test_guessing_in_parallel_gets_no_more_than_five(stack, officer, citizen):
    """Each dossier is a door of its own; the count is one."""
    import threading
    api = api_of(stack, citizen)
    doors = []
    for _ in range(8):
        page = citizen.review(filled(api)[1])
        doors.append((page.url, {**dict(page.form("pin").element.form_values()), "pin": wrong(citizen.person.pin)}))
    seen = []

    def knock(url, fields):
        seen.append(requests.post(url, data=fields, cookies=citizen.browser.session.cookies, headers={"Origin": stack.signer_url}, timeout=60).status_code)

    threads = [threading.Thread(target=knock, args=door) for door in doors]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert seen.count(403) <= 5 and set(seen) <= {403, 423}, seen
    assert only(officer, citizen)["state"] == "locked"


# --- the officer's side ---

def test_a_citizen_cannot_play_the_officer(stack, officer, citizen):
    mine, api = only(officer, citizen), api_of(stack, citizen)
    for path in (f"/v1/credentials/{mine['id']}/revoke", f"/v1/credentials/{mine['id']}/unlock"):
        answer = requests.post(stack.signer_url + path, json={}, headers={"Authorization": "Bearer " + api.token, "Idempotency-Key": "a"}, timeout=10)
        problem(answer, 403, "insufficient_scope")
    answer = requests.get(stack.signer_url + "/v1/credentials?subject=x", headers={"Authorization": "Bearer " + api.token}, timeout=10)
    problem(answer, 403, "insufficient_scope")


@pytest.mark.parametrize("body, code", [({"reason": "because"}, "unknown_reason"), ({"invalid_since": "yesterday"}, "invalid_since"),
                                        ({"invalid_since": "2999-01-01T00:00:00Z"}, "invalid_since")])
def test_a_revocation_that_makes_no_sense_is_refused(stack, officer, citizen, body, code):
    answer = officer.call("POST", f"{stack.signer_url}/v1/credentials/{only(officer, citizen)['id']}/revoke", body)
    problem(answer, 422, code)
    assert only(officer, citizen)["state"] == "active"


def test_a_revoked_key_signs_no_more_and_stands_on_the_crl(stack, officer, citizen):
    api = api_of(stack, citizen)
    _, url = filled(api)
    page, mine, before = citizen.review(url), only(officer, citizen), crl(stack)
    since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 3600))
    answer = officer.revoke(mine["id"], "key_compromise", since).json()
    assert answer["state"] == "revoked" and answer["certificate"]["reason"] == "key_compromise"
    after = crl(stack)
    assert after.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number > before.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
    entry = after.get_revoked_certificate_by_serial_number(int(mine["certificate"]["serial"], 16))
    assert entry.extensions.get_extension_for_class(x509.CRLReason).value.reason == x509.ReasonFlags.key_compromise
    assert entry.extensions.get_extension_for_class(x509.InvalidityDate).value.invalidity_date.strftime("%Y-%m-%dT%H:%M:%SZ") == since
    assert before.get_revoked_certificate_by_serial_number(int(mine["certificate"]["serial"], 16)) is None
    page = page.form("pin").submit({"pin": citizen.person.pin})
    assert "Hồ sơ đã được ký" not in page.words()
    problem(officer.call("POST", f"{stack.signer_url}/v1/credentials/{mine['id']}/revoke", {}), 409, "credential_revoked")


def test_a_key_revoked_while_it_signs_seals_nothing(stack, officer, citizen):
    """The files would carry timestamps later than the revocation: sealed, and invalid for ever."""
    dossier, url = filled(api_of(stack, citizen))
    form = citizen.review(url).form("pin")
    pages = []
    stop = threading.Thread(target=rows, args=(stack, "BEGIN; LOCK TABLE signer.timestamp IN EXCLUSIVE MODE; SELECT pg_sleep(3); COMMIT"))
    sign = threading.Thread(target=lambda: pages.append(form.submit({"pin": citizen.person.pin})))
    stop.start()
    time.sleep(0.7)
    sign.start()  # stands still behind keyd's signatures, before the timestamps are used
    wait_until(lambda: rows(stack, f"SELECT state FROM signer.dossier WHERE id = '{dossier}'") == "signing")
    officer.revoke(only(officer, citizen)["id"])
    sign.join()
    stop.join()
    assert pages[0].status == 409, pages[0].words()[:300]
    assert rows(stack, f"SELECT DISTINCT state FROM signer.signature WHERE dossier_id = '{dossier}'") == "abandoned"
    assert rows(stack, f"SELECT state FROM signer.dossier WHERE id = '{dossier}'") == "awaiting_signature"


def test_after_revocation_a_new_key_can_be_made_for_the_same_person(stack, officer, citizen):
    mine = only(officer, citizen)
    officer.revoke(mine["id"])
    citizen.choose_pin()
    new, old = officer.credentials(citizen.person.subject)
    assert (new["state"], old["state"]) == ("active", "revoked")
    serials = [x509.load_pem_x509_certificate(c["certificate"]["pem"].encode()).subject.get_attributes_for_oid(x509.NameOID.SERIAL_NUMBER)[0].value
               for c in (new, old)]
    assert serials[0] == serials[1], "the subject's serialNumber is the person's"
    signed(api_of(stack, citizen))


def test_revoking_twice_with_one_key_is_one_revocation(stack, officer, citizen):
    url, key = f"{stack.signer_url}/v1/credentials/{only(officer, citizen)['id']}/revoke", "revoke-" + citizen.person.subject
    first, second = (officer.call("POST", url, {"reason": "superseded"}, key) for _ in range(2))
    assert first.status_code == second.status_code == 200 and first.json() == second.json()


@pytest.mark.parametrize("name", ["citizens", "root", "services"])
def test_crls_and_certificates_of_every_ca_are_published(stack, name):
    listed = requests.get(f"{stack.signer_url}/crl/{name}.crl", timeout=10)
    cert = requests.get(f"{stack.signer_url}/ca/{name}.crt", timeout=10)
    assert cert.headers["Content-Type"] == "application/pkix-cert"
    ca = x509.load_der_x509_certificate(cert.content)
    assert x509.load_der_x509_crl(listed.content).is_signature_valid(ca.public_key())


def test_the_chain_holds_for_openssl(stack, officer, citizen):
    court = Court(stack)
    leaf = court.write("leaf.pem", only(officer, citizen)["certificate"]["pem"].encode())
    ca = court.write("ca.der", requests.get(stack.signer_url + "/ca/citizens.crt", timeout=10).content)
    run("openssl", "x509", "-inform", "DER", "-in", ca, "-out", court.folder / "ca.pem")
    done = run("openssl", "verify", "-x509_strict", "-CAfile", stack.trust_pem, "-untrusted", court.folder / "ca.pem", leaf)
    assert done.returncode == 0, done.stderr

"""
Any process killed with -9 at any step: nothing acknowledged is lost, nothing is signed without a row, everything recovers alone.
"""
import os
import random
import re
import signal
import subprocess
import threading
import time

import antin_client as antin
import pytest
import requests
from asn1crypto import cms, tsp
from signer_kit import SMALL_PDF, Court, api_of, filled, rows, verified, wait_until

ROUNDS = int(os.environ.get("ANTIN_CRASH_ROUNDS", "4"))
MANY = {f"{i}.txt": (f"tờ {i}".encode(), "text/plain") for i in range(16)} | {f"{i}.pdf": (SMALL_PDF, "application/pdf") for i in range(4)}


def service(*args):
    done = subprocess.run([antin.ROOT / "tests/stack/service", *args], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def kill(name):
    os.kill(int(service("pid", name)), signal.SIGKILL)


@pytest.fixture(autouse=True)
def everything_runs_again():
    yield
    done = subprocess.run([antin.ROOT / "tests/stack/up"], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr


def press(api, url, answers):
    """Signs and remembers what was answered; a broken connection is an answer too."""
    try:
        page = api.citizen.review(url).form("pin")
        fields = {**dict(page.element.form_values()), "pin": api.citizen.person.pin}
        answers.append("pressed")
        got = requests.post(url, data=fields, cookies=api.citizen.browser.session.cookies, headers={"Origin": api.citizen.stack.signer_url}, timeout=60)
        answers.append((got.status_code, "Hồ sơ đã được ký" in got.text))
    except requests.RequestException:
        answers.append(None)


def serial_of_timestamp(p7s):
    si = cms.ContentInfo.load(p7s)["content"]["signer_infos"][0]
    token = next(a for a in si["unsigned_attrs"] if a["type"].native == "signature_time_stamp_token")["values"][0]
    info = token["content"]["encap_content_info"]["content"].parsed
    assert isinstance(info, tsp.TSTInfo)
    return info["serial_number"].native


def check_sealed(stack, api, dossier, files):
    """Everything is there, valid, and has its rows."""
    court = Court(stack)
    for name, (data, _) in files.items():
        if name.endswith(".pdf"):
            signed = api.component(dossier, name, "signed")
            assert signed.startswith(data)
            raw = bytes.fromhex(re.findall(rb"/Contents\s*<([0-9a-fA-F]+)>", signed)[-1].decode())
            assert cms.ContentInfo.load(raw.rstrip(b"\x00") + b"\x00" * 8)["content_type"].native == "signed_data"
        else:
            p7s = api.component(dossier, name, "signature")
            assert court.cms_ok(data, p7s), name
            serial = f"{serial_of_timestamp(p7s):x}"
            assert rows(stack, f"SELECT purpose FROM signer.timestamp WHERE ltrim(encode(serial, 'hex'), '0') = '{serial}'") == "signature"
    assert court.cms_ok(api.manifest(dossier), api.manifest_signature(dossier))
    status, report = verified(stack, court.write("dossier.asice", api.container(dossier)))
    assert status == 0, report
    assert api.get(dossier)["level_reached"] == "B-LTA" and {c["level_reached"] for c in api.get(dossier)["components"]} == {"B-LTA"}
    assert rows(stack, f"SELECT count(*) FROM signer.signature WHERE dossier_id = '{dossier}' AND state = 'done'") == str(len(files) + 1), "each component and the container"


def check_untouched(stack, api, dossier, files):
    """Nothing of the half-made is visible, the intents tell of it, and it can be signed."""
    for name in files:
        assert api.call("GET", f"/{dossier}/components/{name}/" + ("signed" if name.endswith(".pdf") else "signature")).status_code == 409
    assert api.call("GET", f"/{dossier}/manifest").status_code == 409
    assert api.call("GET", f"/{dossier}/container").status_code == 409
    assert rows(stack, f"SELECT count(*) FROM signer.signature WHERE dossier_id = '{dossier}' AND state <> 'abandoned'") == "0"


def sign_at_last(api, dossier, url):
    """keyd takes no approval from before its start or of its first second: then the page asks once more."""
    page = api.citizen.sign(url)
    for _ in range(2):
        if not page.has_form("pin"):
            break
        assert "chuẩn bị lại" in page.words(), page.words()[:300]
        time.sleep(1.1)
        page = api.citizen.answer(page.form("pin").submit({"pin": api.citizen.person.pin}))
    assert page.status == 200 and api.get(dossier)["state"] == "sealed", page.words()[:300]


@pytest.mark.parametrize("victim", ["signerd", "keyd-signer", "postgres"])
def test_killed_while_signing_all_or_nothing(stack, citizen, victim):
    random.seed(victim)
    for turn in range(ROUNDS):
        api = api_of(stack, citizen)
        dossier, url = filled(api, MANY)
        answers, pid = [], int(service("pid", victim))
        thread = threading.Thread(target=press, args=(api, url, answers))
        thread.start()
        wait_until(lambda: answers)
        time.sleep(random.random() * 0.8)  # about as long as it takes
        os.kill(pid, signal.SIGKILL)
        if victim == "postgres":
            time.sleep(0.2)
        thread.join()
        service("start", victim)
        wait_until(lambda: requests.get(stack.signer_url + "/ready", timeout=5).status_code == 200)
        acknowledged = answers[-1] is not None and answers[-1][1]
        wait_until(lambda: api.get(dossier)["state"] != "signing")
        state = api.get(dossier)["state"]
        assert not acknowledged or state == "sealed", f"round {turn}: said to be signed, and is {state}"
        if state != "sealed":
            check_untouched(stack, api, dossier, MANY)
            sign_at_last(api, dossier, url)
        check_sealed(stack, api, dossier, MANY)


def test_an_acknowledged_upload_survives(stack, citizen):
    api = api_of(stack, citizen)
    dossier = api.create()["id"]
    for i in range(3):
        data = os.urandom(200000)
        api.put(dossier, f"{i}", data)
        kill("signerd")
        service("start", "signerd")
        assert api.component(dossier, f"{i}") == data
    assert len(api.get(dossier)["components"]) == 3


def test_killed_while_making_a_key_no_certificate_without_a_row(stack, officer):
    for turn in range(4):
        person = antin.new_person()
        someone = antin.Citizen(stack, person)
        officer.enrol(person)
        someone.activate()
        form = someone.visit(stack.signer_url + "/credential").form("pin")
        victim = ("signerd", "keyd-signer")[turn % 2]
        pid = int(service("pid", victim))
        threading.Timer(0.01 + 0.04 * turn, os.kill, (pid, signal.SIGKILL)).start()
        try:
            form.submit({"pin": person.pin})
        except requests.RequestException:
            pass
        time.sleep(0.25)
        service("start", victim)
        wait_until(lambda: requests.get(stack.signer_url + "/ready", timeout=5).status_code == 200)
        page = someone.visit(stack.signer_url + "/credential")
        if not page.has_form("old_pin"):
            page = page.form("pin").submit({"pin": person.pin})
        assert page.has_form("old_pin"), page.words()[:300]
        assert [c["state"] for c in officer.credentials(person.subject)] == ["active"]
        assert rows(stack, "SELECT count(*) FROM signer.certificate WHERE state = 'intended'") == "0"


def test_keyd_restarted_between_review_and_signing_asks_again_and_says_so(stack, citizen):
    """keyd takes no approval from before its start: a silent turn to the provider makes a new one."""
    api = api_of(stack, citizen)
    dossier, url = filled(api)
    form = citizen.review(url).form("pin")
    time.sleep(1.1)
    service("restart", "keyd-signer")
    time.sleep(8)  # the clock skew that keyd allows
    page = citizen.answer(form.submit({"pin": citizen.person.pin}))
    if page.has_form("pin"):
        assert "chuẩn bị lại" in page.words()
        page = page.form("pin").submit({"pin": citizen.person.pin})
    assert page.status == 200 and api.get(dossier)["state"] == "sealed", page.words()[:300]


def test_an_expired_approval_is_asked_for_again(stack, citizen):
    api = api_of(stack, citizen)
    dossier, url = filled(api)
    form = citizen.review(url).form("pin")
    rows(stack, f"UPDATE signer.signing_session SET expires_at = now() - interval '1 second' WHERE dossier_id = '{dossier}'")
    page = citizen.answer(form.submit({"pin": citizen.person.pin}))
    assert page.status == 200 and "chuẩn bị lại" in page.words()
    assert page.form("pin").submit({"pin": citizen.person.pin}).status == 200
    assert api.get(dossier)["state"] == "sealed"


def test_an_approval_cannot_be_lent_to_another_dossier(stack, citizen):
    """The database alone cannot make keyd sign other digests: the nonce covers what was reviewed."""
    api = api_of(stack, citizen)
    dossier, url = filled(api, {"a.txt": (b"a", "text/plain")})
    form = citizen.review(url).form("pin")
    rows(stack, f"""WITH d AS (UPDATE signer.component SET sha256 = sha256('b'), sha512 = sha512('b') WHERE dossier_id = '{dossier}')
                    UPDATE signer.signing_item SET digest = sha256('b') WHERE session_id IN
                    (SELECT id FROM signer.signing_session WHERE dossier_id = '{dossier}')""")
    page = citizen.answer(form.submit({"pin": citizen.person.pin}))
    assert api.get(dossier)["state"] == "awaiting_signature"
    assert "Hồ sơ đã được ký" not in page.words()


def test_the_pdf_readers_death_is_not_the_daemons(stack, citizen):
    api = api_of(stack, citizen)
    dossier = api.create()["id"]
    parent = int(service("pid", "signerd"))
    children = subprocess.run(["pgrep", "-P", str(parent)], capture_output=True, text=True, check=False).stdout.split()
    assert children
    for child in children:
        os.kill(int(child), signal.SIGKILL)
    assert api.put(dossier, "a.pdf", SMALL_PDF, "application/pdf")["signature_kind"] == "pades"
    assert int(service("pid", "signerd")) == parent


# --- something is gone ---

def test_database_gone_is_503_for_programs_and_people(stack, citizen):
    api = api_of(stack, citizen)
    dossier, url = filled(api)
    citizen.review(url)
    service("stop", "postgres")
    answer = api.call("GET", f"/{dossier}")
    assert answer.status_code == 503 and answer.headers["Content-Type"] == "application/problem+json" and "Retry-After" in answer.headers
    page = citizen.browser.open(url)
    assert page.status == 503 and page.is_html and "Retry-After" in page.headers
    answer = requests.post(stack.tsa_url, data=timestamp_query(), headers={"Content-Type": "application/timestamp-query"}, timeout=20)
    assert answer.status_code == 503, "no timestamp without its row"
    service("start", "postgres")
    wait_until(lambda: api.call("GET", f"/{dossier}").status_code == 200)
    assert citizen.sign(url).status == 200


def test_keyd_gone_is_503_and_costs_no_attempt(stack, officer, citizen):
    api = api_of(stack, citizen)
    dossier, url = filled(api)
    form = citizen.review(url).form("pin")
    service("stop", "keyd-signer")
    page = form.submit({"pin": citizen.person.pin})
    assert page.status == 503 and page.is_html and "Retry-After" in page.headers
    assert requests.post(stack.tsa_url, data=timestamp_query(), headers={"Content-Type": "application/timestamp-query"}, timeout=20).status_code == 503
    service("start", "keyd-signer")
    assert api.get(dossier)["state"] == "awaiting_signature"
    assert officer.credentials(citizen.person.subject)[0]["wrong_pins"] == 0
    assert citizen.sign(url).status == 200


def test_provider_gone_tokens_known_keys_still_work(stack, citizen):
    api = api_of(stack, citizen)
    dossier, url = filled(api)
    service("stop", "idpd")
    assert api.get(dossier)["state"] == "awaiting_signature"
    service("start", "idpd")
    assert citizen.sign(url).status == 200


def timestamp_query():
    return subprocess.run(["openssl", "ts", "-query", "-digest", "00" * 32, "-sha256", "-cert"], capture_output=True, check=True).stdout

"""
What a person and a client see while keyd or the database is away, and that nothing is lost by it. RFC 6749 §4.1.2.1 (temporarily_unavailable).
Needs a stack that `make up` started: tests/stack/service stops and starts its processes.
"""
import base64
import concurrent.futures
import json
import subprocess
import threading
import time

import pytest
from idp_kit import STACK_DIR, Client, fresh, idpctl, sql


def service(verb, name):
    done = subprocess.run([STACK_DIR / "service", verb, name], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


@pytest.fixture
def away():
    """away(name) stops a process, in a crash's manner; all are back afterwards."""
    gone = []

    def stop(name):
        service("kill", name)
        gone.append(name)

    yield stop
    for name in gone:
        service("start", name)


@pytest.fixture(scope="module")
def client(stack):
    return Client(stack, "openid profile")


def until(condition, seconds=10):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "did not recover"
        time.sleep(0.1)


def test_keyd_gone_burns_no_code(stack, client, person, away):
    visitor = fresh(stack, person)
    code, keep = client.code(visitor)
    away("keyd-idp")
    answer = client.exchange(code, keep)
    assert answer.status_code == 503 and answer.json()["error"] == "temporarily_unavailable" and answer.headers["Retry-After"]
    service("start", "keyd-idp")
    until(lambda: client.http.get(stack.idp_url + "/ready").status_code == 200)
    tokens = client.exchange(code, keep)
    assert tokens.status_code == 200 and client.userinfo(tokens.json()["access_token"]).status_code == 200


def test_keyd_gone_burns_no_refresh_token(stack, person, away):
    client = Client(stack, "openid offline_access", more=["--grant", "authorization_code", "--grant", "refresh_token"])
    code, keep = client.code(fresh(stack, person))
    token = client.exchange(code, keep).json()["refresh_token"]
    away("keyd-idp")
    answer = client.token_request(grant_type="refresh_token", refresh_token=token)
    assert answer.status_code == 503 and answer.headers["Retry-After"]
    sql("UPDATE idp.refresh_token SET used_at = used_at - interval '1 minute' WHERE used_at IS NOT NULL")  # an outage longer than the window
    service("start", "keyd-idp")
    until(lambda: client.http.get(stack.idp_url + "/ready").status_code == 200)
    assert client.token_request(grant_type="refresh_token", refresh_token=token).status_code == 200


def test_keyd_gone_lets_people_sign_in_but_shows_no_data(stack, client, person, away):
    visitor = fresh(stack, person)
    page, _ = client.open(visitor)
    away("keyd-idp")
    page = page.form("password").submit({"number": person.number, "password": person.password})
    assert page.status in (200, 503) or page.stopped_at  # consent was given before: no data needed
    asks, _ = client.open(visitor, prompt="consent")
    assert asks.status == 503 and asks.is_html and asks.headers["Retry-After"]
    service("start", "keyd-idp")
    until(lambda: client.http.get(stack.idp_url + "/ready").status_code == 200)
    assert "code" in visitor.answer(visitor.browser.open(asks.url)).params()


def test_keyd_gone_enrols_nobody_half(stack, officer, away):
    from antin_client import new_person
    officer.token()
    newcomer = new_person()
    away("keyd-idp")
    body = {"number": newcomer.number, "name": newcomer.name, "birth_date": newcomer.birth_date, "sex": newcomer.sex, "level": 2}
    assert officer.call("POST", stack.idp_url + "/v1/citizens", body, "key-" + newcomer.number).status_code == 503
    service("start", "keyd-idp")
    until(lambda: officer.call("POST", stack.idp_url + "/v1/citizens", body, "key-" + newcomer.number).status_code == 201)


def test_database_gone_is_503_for_everyone_and_recovers_alone(stack, client, person, away):
    visitor = fresh(stack, person)
    code, keep = client.code(visitor)
    away("postgres")
    page, _ = client.open(visitor)
    assert page.status == 503 and page.is_html and page.stopped_at is None and page.headers["Retry-After"]
    answer = client.exchange(code, keep)
    assert answer.status_code == 503 and answer.json()["error"] == "temporarily_unavailable"
    assert client.http.get(stack.idp_url + "/health").status_code == 200
    assert client.http.get(stack.idp_url + "/jwks").status_code == 200
    service("start", "postgres")
    until(lambda: client.http.get(stack.idp_url + "/ready").status_code == 200)
    assert client.exchange(code, keep).status_code == 200


def test_restart_loses_no_session_and_no_pending_request(stack, client, person, away):
    visitor = fresh(stack, person)
    page, keep = client.open(visitor)
    away("idpd")
    service("start", "idpd")
    params = visitor.answer(page).params()
    assert params["state"] == keep["state"] and "code" in params
    away("idpd")
    service("start", "idpd")
    assert "code" in client.open(visitor, prompt="none")[0].params()


def ask_until(ended, ask):
    """Asks again and again; every answer as (status, JSON)."""
    seen = []
    while not ended.is_set():
        answer = ask()
        seen.append((answer.status_code, answer.json()))
        if answer.status_code == 503:
            assert answer.headers["Retry-After"]
            time.sleep(0.05)
    return seen


def jti(token):
    return json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))["jti"]


def test_keyd_and_database_go_amid_requests_that_are_answered_together(stack, client, person, away):
    """Each of many gets its answer or a 503, none hangs; a token that was handed out has its audit row, whatever died in between."""
    service_client = Client(stack, "dossier.read", more=["--grant", "client_credentials"])
    idpctl("client", "set", service_client.client_id, "--introspect", "yes")
    token = client.login(fresh(stack, person))["access_token"]
    asks = [lambda: service_client.token_request(grant_type="client_credentials", scope="dossier.read"),
            lambda: service_client.http.post(stack.idp_url + "/introspect", data={"token": token}, auth=(service_client.client_id, service_client.client_secret)),
            lambda: client.userinfo(token)]
    ended = threading.Event()
    with concurrent.futures.ThreadPoolExecutor(9) as pool:
        running = [[pool.submit(ask_until, ended, ask) for _ in range(3)] for ask in asks]
        try:
            for name in ("keyd-idp", "postgres", "keyd-idp"):
                time.sleep(0.7)
                away(name)
                time.sleep(0.7)
                service("start", name)
            until(lambda: client.http.get(stack.idp_url + "/ready").status_code == 200)
            time.sleep(0.5)
        finally:
            ended.set()
        kinds = [[one for future in futures for one in future.result(timeout=60)] for futures in running]
    for kind in kinds:
        assert {status for status, _ in kind} == {200, 503}, kind
        assert kind[-1][0] == 200
    assert all(body["active"] for status, body in kinds[1] if status == 200)
    given = {jti(body["access_token"]) for status, body in kinds[0] if status == 200}
    known = set(sql(f"SELECT string_agg(detail, ' ') FROM idp.audit WHERE event = 'token.client' AND client_id = '{service_client.client_id}'").split())
    assert len(given) > 20 and given <= known

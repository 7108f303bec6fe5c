"""
Every security event has a row in the audit log, with ids alone; what anybody can provoke is bounded. One test an event that no other file shows.
"""
import re
import secrets

import antin_client as antin
import pytest
from admin_kit import audit
from client_kit import KeyClient, Prover, secured
from daemon_kit import another_daemon, own_stack
from idp_kit import REDIRECT, Client, enrolled, fresh, idpctl, post, sql

BOUND = 10  # rows a minute of one refusal about one client


@pytest.fixture(scope="module")
def client(stack):
    return Client(stack, "openid profile")


@pytest.fixture
def person(stack, officer):
    return enrolled(stack, officer)


def about(client):
    return f"client_id = '{client.client_id}'"


def detail(event, where):
    return sql(f"SELECT detail FROM idp.audit WHERE event = '{event}' AND {where} ORDER BY at DESC LIMIT 1")


def test_failed_client_authentication_names_client_and_endpoint(stack):
    client = Client(stack)
    client.client_secret = "wrong"
    assert client.token_request(grant_type="client_credentials").status_code == 401
    assert audit("client.auth_failed", about(client)) == 1 and detail("client.auth_failed", about(client)) == "/token"


def test_flood_of_failed_client_authentications_fills_nothing(stack):
    client = Client(stack)
    with another_daemon(own_stack(), ("refusals = 1000", f"refusals = {BOUND}")) as url:
        for _ in range(5 * BOUND):
            answer = client.http.post(url + "/token", data={"grant_type": "client_credentials"}, auth=(client.client_id, "wrong"), timeout=antin.TIMEOUT)
            assert answer.status_code == 401
    assert BOUND <= audit("client.auth_failed", about(client)) <= 2 * BOUND  # a minute may begin meanwhile


def test_names_of_unknown_clients_are_not_kept(client):
    names = ["khong-co-" + secrets.token_hex(4) for _ in range(3)]
    for name in names:
        answer = client.http.post(client.meta["token_endpoint"], data={"grant_type": "client_credentials"}, auth=(name, "x"), timeout=antin.TIMEOUT)
        assert answer.status_code == 401
    assert sql(f"SELECT count(*) FROM idp.audit WHERE client_id = ANY ('{{{','.join(names)}}}')") == "0"


def test_replayed_assertion(stack):
    client = KeyClient(stack, scope="dossier.read", more=["--grant", "client_credentials"])
    again = client.assertion()
    for want in (200, 401):
        answer = client.http.post(client.meta["token_endpoint"], data={"grant_type": "client_credentials", **client.proven(again)}, timeout=antin.TIMEOUT)
        assert answer.status_code == want, answer.text
    assert audit("client.assertion_replayed", about(client)) == 1


def test_code_with_a_wrong_verifier(client, person):
    code, keep = client.code(person)
    assert client.exchange(code, keep, code_verifier="x" * 43).status_code == 400
    assert audit("code.pkce_failed", about(client) + f" AND account_id = '{person.person.id}'") == 1


def test_code_with_another_redirect_uri(client, person):
    code, keep = client.code(person)
    assert client.exchange(code, keep, redirect_uri=REDIRECT + "/x").json()["error"] == "invalid_grant"
    assert audit("code.refused", about(client) + f" AND account_id = '{person.person.id}'") == 1 and detail("code.refused", about(client)) == "unfit"


def test_what_is_no_code_of_ours_costs_no_row(client, person):
    before = audit("code.refused", about(client))
    _, keep = client.code(person)
    assert client.exchange("A" * 54, keep).json()["error"] == "invalid_grant"
    assert audit("code.refused", about(client)) - before <= 1


def test_code_of_another_client(stack, client, person):
    code, keep = client.code(person)
    thief = Client(stack, "openid profile")
    assert thief.exchange(code, keep).json()["error"] == "invalid_grant"
    assert audit("code.refused", about(thief) + " AND account_id IS NULL") == 1 and detail("code.refused", about(thief)) == "unknown"


def test_replayed_code(client, person):
    code, keep = client.code(person)
    assert [client.exchange(code, keep).status_code for _ in range(2)] == [200, 400]
    assert audit("grant.revoked.replay", f"account_id = '{person.person.id}'") == 1


def test_reused_refresh_token(stack, person):
    client = Client(stack, "openid offline_access", more=["--grant", "authorization_code", "--grant", "refresh_token"])
    first = client.login(person)["refresh_token"]
    second = client.token_request(grant_type="refresh_token", refresh_token=first).json()["refresh_token"]
    assert client.token_request(grant_type="refresh_token", refresh_token=second).status_code == 200
    assert client.token_request(grant_type="refresh_token", refresh_token=first).status_code == 400
    assert audit("grant.revoked.refresh_reuse", about(client)) == 1 and audit("token.refreshed", about(client)) == 2


def test_bound_token_in_other_hands(stack, person):
    client, holder = KeyClient(stack, scope="openid"), Prover()
    secured(client, "--dpop")
    code, keep = client.code(person)
    proof = {"DPoP": holder.proof("POST", client.meta["token_endpoint"])}
    token = client.redeem_code(code, keep, headers=proof).json()["access_token"]
    thief = {"Authorization": "DPoP " + token, "DPoP": Prover().proof("GET", client.meta["userinfo_endpoint"], token)}
    assert client.http.get(client.meta["userinfo_endpoint"], headers=thief, timeout=antin.TIMEOUT).status_code == 401
    assert audit("token.unproven", about(client) + f" AND account_id = '{person.person.id}' AND detail = '/userinfo'") == 1


def test_replayed_proof(stack):
    client, holder = KeyClient(stack, scope="dossier.read", more=["--grant", "client_credentials"]), Prover()
    secured(client, "--dpop")
    proof = {"DPoP": holder.proof("POST", client.meta["token_endpoint"])}
    assert [client.token(proof, grant_type="client_credentials").status_code for _ in range(2)] == [200, 400]
    assert audit("dpop.replayed", about(client)) == 1


@pytest.mark.parametrize("override,word", [
    ({"redirect_uri": REDIRECT + "/../x"}, "redirect_uri"), ({"code_challenge": None}, "pkce_missing"), ({"code_challenge_method": "plain"}, "pkce_method"),
    ({"resource": "https://elsewhere.example"}, "resource"),
])
def test_forged_or_downgraded_request(stack, client, override, word):
    antin.Citizen(stack, antin.new_person()).browser.session.get(client.request(**override)[0], allow_redirects=False, timeout=antin.TIMEOUT)
    assert detail("request.refused", about(client)) == word


def test_request_object_of_another_key(stack):
    client, stranger = KeyClient(stack, scope="openid"), KeyClient(stack, scope="openid")
    forged, _ = client.request_object(key=stranger.key)
    answer = client.post(client.meta["pushed_authorization_request_endpoint"], request=forged)
    assert answer.status_code == 400
    assert detail("request.refused", about(client)) == "request_object"


def test_foreign_form(stack, client, person):
    page, _ = client.open(person)
    before = audit("form.refused", "detail = 'login'")
    assert post(page, "/login", {"login": "x", "password": "y"}).status == 403
    assert audit("form.refused", "detail = 'login'") == before + 1


def test_refused_consent_and_logout(stack, client, person):
    client.authorize(person, consent=False)
    assert audit("consent.refused", f"account_id = '{person.person.id}'") == 1
    person.browser.open(stack.idp_url + "/logout").form().submit()
    assert audit("logout", f"account_id = '{person.person.id}'") == 1


def test_failed_and_throttled_activation(stack, officer):
    person = antin.new_person()
    officer.enrol(person)
    person.activation_code = "AAAA-AAAA-AA"
    browser = antin.Citizen(stack, person).browser
    before = audit("activation.throttled")
    for _ in range(7):
        page = browser.open(stack.idp_url + "/activate")
        page.form("number", "code", "new_password").submit({"number": person.number, "code": person.activation_code, "new_password": person.password})
    assert audit("activation.failed", f"account_id = '{person.id}'") >= 4 and audit("activation.throttled") > before


def test_sign_in_tells_the_kind_of_browser_and_nothing_finer(stack, client, person):
    visitor = fresh(stack, person.person)
    visitor.browser.session.headers["User-Agent"] = "Mozilla/5.0 (Windows NT 10.0; Win64) Chrome/120.0.6099.71 Safari/537.36 serial/0123456789"
    client.login(visitor)
    assert detail("login.ok", f"account_id = '{person.person.id}'") == "Chrome, Windows"


def test_rows_hold_no_personal_data(stack, client, person):
    """Whatever the other tests wrote: no number, no name, no address, nothing that a person typed."""
    client.login(person)
    idpctl("account", "show", person.person.number)
    rows = sql("SELECT string_agg(concat_ws('|', event, client_id, detail, by_client, by_operator), E'\\n') FROM idp.audit")
    assert person.person.number not in rows and person.person.name not in rows
    rows = re.sub(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", "", rows)  # token ids: twelve digits in a row now and then
    assert not re.search(r"\b0[0-9]{11}\b", rows) and not re.search(r"\b\d{1,3}(\.\d{1,3}){3}\b", rows)

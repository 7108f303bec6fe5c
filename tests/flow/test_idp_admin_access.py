"""
Who may use /admin/v1: officers with the role admin who signed in just now, and services with a key of their own. RFC 6750, RFC 9470, RFC 9068.
"""
import antin_client as antin
import pytest
from admin_kit import SCOPE, Admin, Service, audit, problem, secured
from client_kit import KeyClient, Prover
from idp_kit import Client, enrolled, idpctl, sql

KEYS = "/keys"


@pytest.fixture(scope="module")
def admin(stack):
    return Admin(stack)


@pytest.fixture(scope="module")
def service(stack):
    return Service(stack)


def test_administrator_reads_the_list_of_keys(admin):
    answer = admin.call("GET", KEYS)
    assert answer.status_code == 200 and "no-store" in answer.headers["Cache-Control"]
    keys = answer.json()["keys"]
    assert any(k["active"] for k in keys) and {"kid", "not_before", "not_after"} <= set(keys[0])


def test_service_with_a_key_administers_in_its_own_name(service):
    assert service.call("GET", KEYS).status_code == 200


def test_without_a_token_it_says_how(admin):
    answer = admin.console.http.get(admin.stack.idp_url + "/admin/v1" + KEYS, timeout=antin.TIMEOUT)
    problem(answer, 401, "invalid_token")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="antin"'


def test_token_without_the_scope_is_refused(admin):
    token = admin.console.login(admin.browser_of, scope="openid")["access_token"]
    problem(admin.call("GET", KEYS, token), 403, "insufficient_scope")


def test_registrars_token_is_no_administrators(stack, officer, admin):
    problem(admin.call("GET", KEYS, officer.token()), 403, "insufficient_scope")


def test_officer_without_the_role_gets_no_such_token(stack, admin):
    other = Admin(stack, "registrar")
    params, _ = admin.console.authorize(other.browser_of)
    assert params["error"] == "access_denied"


def test_citizen_gets_no_such_token(stack, officer, admin):
    params, _ = admin.console.authorize(enrolled(stack, officer))
    assert params["error"] == "access_denied"


def test_role_taken_away_ends_it_at_once(stack):
    admin = Admin(stack)
    assert admin.call("GET", KEYS).status_code == 200
    idpctl("account", "role", admin.id, "take", "admin")
    problem(admin.call("GET", KEYS), 403, "insufficient_scope")
    assert audit("role.taken", f"account_id = '{admin.id}' AND detail = 'admin' AND by_operator LIKE 'uid %'") == 1


def test_role_is_given_to_officers_alone(stack, officer):
    citizen = enrolled(stack, officer)
    assert idpctl("account", "role", citizen.person.id, "give", "admin", check=False).returncode == 3
    assert sql(f"SELECT count(*) FROM idp.role WHERE account_id = '{citizen.person.id}'") == "0"


def test_role_is_one_of_two_words(admin):
    assert idpctl("account", "role", admin.id, "give", "root", check=False).returncode == 2
    assert idpctl("account", "role", admin.id, "lend", "admin", check=False).returncode == 2


def test_old_sign_in_is_not_enough_and_the_answer_says_what_is(stack):
    admin = Admin(stack)
    token = admin.token()
    sql(f"UPDATE idp.access_grant SET auth_time = auth_time - interval '2 hours' WHERE account_id = '{admin.id}'")
    answer = admin.call("GET", KEYS, token)
    problem(answer, 401, "insufficient_user_authentication")
    challenge = answer.headers["WWW-Authenticate"]
    assert 'error="insufficient_user_authentication"' in challenge and 'max_age="3600"' in challenge
    again = admin.console.login(admin.browser_of, max_age="0")
    assert admin.call("GET", KEYS, again["access_token"]).status_code == 200


def test_locked_administrators_token_is_dead(stack):
    admin = Admin(stack)
    admin.token()
    idpctl("account", "lock", admin.login)
    problem(admin.call("GET", KEYS), 401, "invalid_token")


def test_token_in_the_address_is_not_looked_at(admin):
    answer = admin.console.http.get(admin.stack.idp_url + "/admin/v1" + KEYS, params={"access_token": admin.token()}, timeout=antin.TIMEOUT)
    problem(answer, 401, "invalid_token")


@pytest.mark.parametrize("spoilt", ["x", "", ".", "a.b.c"])
def test_token_that_is_none_is_refused(admin, spoilt):
    problem(admin.call("GET", KEYS, "eyJ" + spoilt), 401, "invalid_token")


def test_id_token_is_no_access_token(admin):
    tokens = admin.console.login(admin.browser_of)
    problem(admin.call("GET", KEYS, tokens["id_token"]), 401, "invalid_token")


# ---------------------------------------------------------------- services

def test_service_with_a_mere_secret_gets_no_such_token(stack):
    client = Client(stack, "admin", more=["--grant", "client_credentials"])
    answer = client.token_request(grant_type="client_credentials", scope="admin")
    assert answer.status_code == 400 and answer.json()["error"] == "invalid_scope"


def test_service_without_the_scope_gets_no_such_token(stack):
    client = KeyClient(stack, scope="dossier.read", more=["--grant", "client_credentials"])
    answer = client.token(grant_type="client_credentials", scope="admin")
    assert answer.status_code == 400 and answer.json()["error"] == "invalid_scope"


def test_disabled_services_token_is_dead(stack):
    service = Service(stack)
    token = service.access()
    assert service.call("GET", KEYS, token).status_code == 200
    idpctl("client", "disable", service.client_id)
    problem(service.call("GET", KEYS, token), 401, "invalid_token")


def test_service_that_lost_its_key_method_is_refused_with_an_old_token(stack):
    service = Service(stack)
    token = service.access()
    idpctl("client", "secure", service.client_id, "--auth", "client_secret_basic")
    problem(service.call("GET", KEYS, token), 403, "insufficient_scope")


def test_bound_token_of_a_service_needs_its_proof(stack):
    service, holder = Service(stack), Prover()
    secured(service, "--dpop")
    token = service.access(headers={"DPoP": holder.proof("POST", service.meta["token_endpoint"])})
    url = stack.idp_url + "/admin/v1" + KEYS
    problem(service.call("GET", KEYS, token), 401, "invalid_token")
    proof = {"Authorization": "DPoP " + token, "DPoP": holder.proof("GET", url, token)}
    assert service.http.get(url, headers=proof, timeout=antin.TIMEOUT).status_code == 200
    thief = {"Authorization": "DPoP " + token, "DPoP": Prover().proof("GET", url, token)}
    problem(service.http.get(url, headers=thief, timeout=antin.TIMEOUT), 401, "invalid_token")


def test_device_flow_lends_nobody_an_administrators_rights(stack, admin):
    kiosk = Client(stack, SCOPE, more=["--grant", "device_code"])
    begun = antin.checked(kiosk.http.post(kiosk.meta["device_authorization_endpoint"], data={"scope": SCOPE},
                                          auth=(kiosk.client_id, kiosk.client_secret), timeout=antin.TIMEOUT)).json()
    browser = antin.Citizen(stack, admin.person)
    page = browser.browser.open(begun["verification_uri"]).form("code").submit({"code": begun["user_code"]})
    page = browser.answer(page)
    answer = kiosk.token_request(grant_type="urn:ietf:params:oauth:grant-type:device_code", device_code=begun["device_code"])
    assert answer.status_code == 400 and answer.json()["error"] in ("access_denied", "authorization_pending"), answer.text

"""
When a sign-in proves too little or was too long ago, the API says what would be enough. RFC 9470.
"""
import antin_client as antin
import pytest
from idp_kit import Client, enrolled, sql

PDF = b"plain text, for a detached signature"


@pytest.fixture(scope="module")
def portal(stack):
    return Client(stack, "openid dossier")


def problem(answer):
    assert answer.status_code == 401 and answer.json()["code"] == "insufficient_user_authentication", answer.text
    challenge = answer.headers["WWW-Authenticate"]
    assert 'error="insufficient_user_authentication"' in challenge
    return challenge


def prepared(stack, token):
    api = antin.Dossiers(stack, token)
    dossier = api.create()["id"]
    api.put(dossier, "to-khai.txt", PDF, "text/plain")
    return api, dossier


def test_sign_in_of_a_lower_level_submits_nothing_and_is_told_which_is_needed(stack, officer, portal):
    person = antin.Citizen(stack, antin.new_person())
    officer.enrol(person.person, level=1)
    person.activate()
    api, dossier = prepared(stack, portal.login(person)["access_token"])
    challenge = problem(api.call("POST", f"/{dossier}/submit"))
    assert challenge.startswith("Bearer ") and 'acr_values="urn:antin:loa:2"' in challenge and "max_age" not in challenge
    assert api.get(dossier)["state"] == "draft"


def test_step_up_is_enough(stack, officer, portal):
    """A sign-in elsewhere proved level 1 of a person who has level 2; signing in here proves 2."""
    person = enrolled(stack, officer)
    person.visit(stack.idp_url + "/account")
    sql(f"UPDATE idp.session SET level_max = 1, amr = 'face' WHERE account_id = '{person.person.id}'")
    api, dossier = prepared(stack, portal.login(person)["access_token"])
    problem(api.call("POST", f"/{dossier}/submit"))
    stronger = antin.Dossiers(stack, portal.login(person, acr_values="urn:antin:loa:2", prompt="login")["access_token"])
    assert stronger.submit(dossier)["state"] == "awaiting_signature"


def test_somebody_elses_dossier_is_not_found_whatever_the_level(stack, officer, portal):
    owner, other = enrolled(stack, officer), antin.Citizen(stack, antin.new_person())
    officer.enrol(other.person, level=1)
    other.activate()
    _, dossier = prepared(stack, portal.login(owner)["access_token"])
    assert antin.Dossiers(stack, portal.login(other)["access_token"]).call("POST", f"/{dossier}/submit").status_code == 404


def test_officers_old_sign_in_decides_about_no_credential(stack):
    officer = antin.Officer(stack)
    citizen = antin.ready_citizen(stack, officer)
    (credential,) = officer.credentials(citizen.person.subject)
    officer.token()
    # A token of a sign-in of yesterday, as a refresh would bring it.
    account = sql("SELECT account_id FROM idp.session JOIN idp.role USING (account_id) WHERE role = 'registrar' ORDER BY auth_time DESC LIMIT 1")
    sql(f"UPDATE idp.session SET auth_time = auth_time - interval '2 days' WHERE account_id = '{account}' AND ended_at IS NULL")
    officer._token = officer.quay.login(officer.browser_of)["access_token"]
    answer = officer.call("POST", f"{stack.signer_url}/v1/credentials/{credential['id']}/revoke", {"reason": "key_compromise"})
    challenge = problem(answer)
    assert 'max_age="43200"' in challenge and "acr_values" not in challenge
    officer._token = officer.quay.login(officer.browser_of, max_age="0")["access_token"]
    assert officer.call("POST", f"{stack.signer_url}/v1/credentials/{credential['id']}/revoke", {"reason": "key_compromise"}).status_code == 200


def test_missing_scope_is_still_a_missing_scope(stack, officer, portal):
    person = enrolled(stack, officer)
    answer = antin.Dossiers(stack, portal.login(person)["access_token"]).http.get(
        stack.signer_url + "/v1/credentials?subject=x", headers={"Authorization": "Bearer " + portal.login(person)["access_token"]}, timeout=antin.TIMEOUT)
    assert answer.status_code == 403 and 'error="insufficient_scope"' in answer.headers["WWW-Authenticate"]


def test_services_token_is_no_person_and_is_refused_as_before(stack):
    client = Client(stack, "dossier", more=["--grant", "client_credentials"])
    token = antin.checked(client.token_request(grant_type="client_credentials", scope="dossier")).json()["access_token"]
    assert antin.Dossiers(stack, token).call("POST", json={"code": "x", "procedure": "y", "agency": "z"}).status_code == 403

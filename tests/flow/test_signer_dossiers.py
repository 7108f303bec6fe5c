"""
Dossiers of the API: who may create, see and change them; idempotency; what a submission needs. schema/openapi-signer.yaml.
"""
import uuid

import antin_client as antin
import pytest
import requests
from signer_kit import SMALL_PDF, api_of, code_of, filled, problem


def test_a_dossier_begins_as_draft_in_the_citizens_name(dossiers, signed_in):
    made = dossiers.create(code="38.98.H29-211124-0003")
    assert made["state"] == "draft" and made["code"] == "38.98.H29-211124-0003" and "sign_url" not in made
    assert len(made["applicant"]) == 43, "a pairwise subject, never a number"
    assert dossiers.get(made["id"])["components"] == []


def test_without_token_401_and_a_challenge(stack):
    answer = requests.post(stack.signer_url + "/v1/dossiers", json={}, timeout=10)
    problem(answer, 401, "invalid_token")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer ")
    assert "error=" not in answer.headers["WWW-Authenticate"]  # RFC 6750 §3: no code when no token was sent


@pytest.mark.parametrize("token", ["x", "a.b.c", "eyJhbGciOiJub25lIn0.e30.", "é" * 20])
def test_a_token_that_is_none_401(stack, token):
    answer = requests.get(stack.signer_url + "/v1/dossiers?code=x", headers={"Authorization": b"Bearer " + token.encode()}, timeout=10)
    assert answer.status_code in (400, 401), answer.text


def test_an_altered_token_401(stack, signed_in):
    head, body, signature = signed_in[1]["access_token"].split(".")
    wrong = signature[:-2] + ("AA" if signature[-2:] != "AA" else "BB")
    problem(antin.Dossiers(stack, f"{head}.{body}.{wrong}").call("GET", "?code=x"), 401, "invalid_token")


def test_an_id_token_is_no_access_token(stack, signed_in):
    problem(antin.Dossiers(stack, signed_in[1]["id_token"]).call("GET", "?code=x"), 401, "invalid_token")


def test_a_token_for_the_provider_alone_is_refused(stack, shared_citizen):
    tokens = antin.Portal(stack, scope="openid profile").login(antin.Citizen(stack, shared_citizen))
    problem(antin.Dossiers(stack, tokens["access_token"]).call("GET", "?code=x"), 401, "invalid_token")


def test_a_service_cannot_create_in_anybodys_name(stack):
    service = antin.Dossiers(stack, antin.service_token(stack))
    problem(service.call("POST", json={"code": "a", "procedure": "b", "agency": "c"}), 403, "insufficient_scope")


@pytest.mark.parametrize("body", [
    {}, {"code": "a"}, {"code": "", "procedure": "b", "agency": "c"}, {"code": 7, "procedure": "b", "agency": "c"},
    {"code": "a" * 129, "procedure": "b", "agency": "c"}, {"code": "a\nb", "procedure": "b", "agency": "c"},
    {"code": "a", "procedure": "b", "agency": "c", "state": "sealed"},
    {"code": "a", "procedure": "b", "agency": "c", "return_uri": "javascript:alert(1)"},
])
def test_a_dossier_of_wrong_form_400(dossiers, body):
    problem(dossiers.call("POST", json=body), 400, "invalid_request")


def test_json_of_wrong_form_400_and_other_types_415(dossiers):
    assert dossiers.call("POST", data=b'{"code":', headers={"Content-Type": "application/json"}).status_code == 400
    assert dossiers.call("POST", data=b"<a/>", headers={"Content-Type": "application/xml"}).status_code == 415


# --- Idempotency-Key ---

BODY = {"code": "a", "procedure": "b", "agency": "c"}


def test_a_post_without_idempotency_key_400(dossiers):
    problem(dossiers.call("POST", key=None, json=BODY), 400, "idempotency_key_missing")


def test_the_same_key_and_request_give_the_same_answer(dossiers):
    key = str(uuid.uuid4())
    first, second = (dossiers.call("POST", key=key, json=BODY) for _ in range(2))
    assert first.status_code == second.status_code == 201 and first.json() == second.json()


def test_member_order_does_not_make_another_request(dossiers):
    key = str(uuid.uuid4())
    first = dossiers.call("POST", key=key, json=BODY)
    assert dossiers.call("POST", key=key, json=dict(reversed(BODY.items()))).json() == first.json()


def test_the_same_key_for_another_request_422(dossiers):
    key = str(uuid.uuid4())
    assert dossiers.call("POST", key=key, json=BODY).status_code == 201
    problem(dossiers.call("POST", key=key, json={**BODY, "code": "other"}), 422, "idempotency_key_reused")


def test_a_failure_is_not_remembered_under_the_key(dossiers):
    dossier, key = dossiers.create()["id"], str(uuid.uuid4())
    assert dossiers.call("POST", f"/{dossier}/submit", key=key).status_code == 422
    dossiers.put(dossier, "a.txt", b"a", "text/plain")
    assert dossiers.call("POST", f"/{dossier}/submit", key=key).status_code == 200


def test_submitting_twice_with_one_key_is_one_submission(dossiers):
    dossier, key = dossiers.create()["id"], str(uuid.uuid4())
    dossiers.put(dossier, "a.txt", b"a", "text/plain")
    assert dossiers.submit(dossier, key) == dossiers.submit(dossier, key)
    problem(dossiers.call("POST", f"/{dossier}/submit"), 409, "wrong_state")


# --- submission ---

def test_an_empty_dossier_cannot_be_submitted(dossiers):
    body = problem(dossiers.call("POST", f"/{dossiers.create()['id']}/submit"), 422, "dossier_faulty")
    assert [f["code"] for f in body["faults"]] == ["dossier_empty"]


def test_all_faults_are_told_at_once(dossiers):
    dossier = dossiers.create()["id"]
    for name in ("trống-1.txt", "đủ.txt", "trống-2.txt"):
        dossiers.put(dossier, name, b"x" if name.startswith("đ") else b"", "text/plain")
    body = problem(dossiers.call("POST", f"/{dossier}/submit"), 422, "dossier_faulty")
    assert [(f["component"], f["code"]) for f in body["faults"]] == [("trống-1.txt", "component_empty"), ("trống-2.txt", "component_empty")]
    assert dossiers.get(dossier)["state"] == "draft"


def test_a_submitted_dossier_stays_as_it_is(dossiers):
    dossier, url = filled(dossiers)
    assert url.endswith("/sign/" + dossier)
    for answer in (dossiers.call("PUT", f"/{dossier}/components/don.pdf", data=SMALL_PDF, headers={"Content-Type": "application/pdf"}),
                   dossiers.call("DELETE", f"/{dossier}/components/don.pdf")):
        problem(answer, 409, "wrong_state")
    for what in ("/components/don.pdf/signed", "/components/ghi-chu.txt/signature", "/manifest", "/manifest/signature"):
        problem(dossiers.call("GET", f"/{dossier}{what}"), 409, "not_sealed")


# --- who sees what ---

def test_another_citizen_at_the_same_portal_sees_nothing(stack, citizen, dossiers):
    dossier, _ = filled(dossiers)
    other = api_of(stack, citizen)
    for method, path in (("GET", f"/{dossier}"), ("GET", f"/{dossier}/components/don.pdf"), ("DELETE", f"/{dossier}/components/don.pdf"),
                         ("POST", f"/{dossier}/submit"), ("PUT", f"/{dossier}/components/x")):
        problem(other.call(method, path), 404, "not_found")
    code = dossiers.get(dossier)["code"]
    assert other.call("GET", f"?code={code}").json() == {"dossiers": []}


def test_a_court_reads_but_does_not_change(stack, dossiers):
    dossier, _ = filled(dossiers)
    court = antin.Dossiers(stack, antin.service_token(stack))
    assert court.get(dossier)["state"] == "awaiting_signature"
    assert court.component(dossier, "don.pdf") == SMALL_PDF
    assert [d["id"] for d in court.call("GET", "?code=" + court.get(dossier)["code"]).json()["dossiers"]] == [dossier]
    problem(court.call("DELETE", f"/{dossier}/components/don.pdf"), 403, "insufficient_scope")


@pytest.mark.parametrize("dossier", ["x", "00000000-0000-4000-8000-000000000000", "00000000-0000-4000-8000-00000000000G", "../../etc/passwd", "%00"])
def test_a_dossier_that_is_not_there_404(dossiers, dossier):
    answer = dossiers.call("GET", "/" + dossier)
    assert answer.status_code in (400, 404) and code_of(answer) in ("not_found", "invalid_request")


def test_looking_up_needs_a_code(dossiers):
    problem(dossiers.call("GET"), 400, "invalid_request")

"""
Authorization details: what exactly a client may do, asked for, shown, granted once, narrowed, told.
RFC 9396 (rich authorization requests); CSC API v2.0 §8.3 (type credential).
"""
import base64
import json
import secrets
from urllib.parse import urlsplit

import antin_client as antin
import pytest
from client_kit import KeyClient
from idp_kit import Client, idpctl, sql

SHA256, SHA512 = "2.16.840.1.101.3.4.2.1", "2.16.840.1.101.3.4.2.3"
DOSSIER = {"type": "dossier", "procedure": "1.004873.000.00.00.H29", "agency": "UBND Phường Bến Thành", "actions": ["create", "submit"]}


def digest(label, size=32):
    return {"hash": base64.b64encode(secrets.token_bytes(size)).decode(), "label": label}


def credential(*digests, **more):
    return {"type": "credential", "credentialID": "GX0112348", "documentDigests": list(digests), "hashAlgorithmOID": SHA256, **more}


def text(*details):
    return json.dumps(list(details), ensure_ascii=False)


def claims(token):
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


GRANTS = ["--grant", "authorization_code", "--grant", "refresh_token", "--grant", "client_credentials", "--grant", "device_code"]


@pytest.fixture(scope="module")
def client(stack):
    made = Client(stack, "openid offline_access", more=GRANTS)
    idpctl("client", "set", made.client_id, "--set", 'authorization_details_types=["credential", "dossier"]', "--introspect", "yes")
    return made


def granted(client, visitor, *details, **more):
    code, keep = client.code(visitor, authorization_details=text(*details), **more)
    answer = client.exchange(code, keep)
    assert answer.status_code == 200, answer.text
    return answer.json()


def introspected(client, token):
    auth = (client.client_id, client.client_secret)
    return client.http.post(client.meta["introspection_endpoint"], data={"token": token}, auth=auth, timeout=antin.TIMEOUT).json()


# ---------------------------------------------------------------- the whole way

def test_details_come_back_with_the_tokens_and_in_them(client, visitor):
    tokens = granted(client, visitor, DOSSIER)
    assert tokens["authorization_details"] == [DOSSIER]
    assert claims(tokens["access_token"])["authorization_details"] == [DOSSIER]
    assert "authorization_details" not in claims(tokens["id_token"])
    assert introspected(client, tokens["access_token"])["authorization_details"] == [DOSSIER]
    assert introspected(client, tokens["refresh_token"])["authorization_details"] == [DOSSIER]


def test_signed_introspection_tells_them_too(client, visitor):
    tokens = granted(client, visitor, DOSSIER)
    answer = client.http.post(client.meta["introspection_endpoint"], data={"token": tokens["access_token"]}, auth=(client.client_id, client.client_secret),
                              headers={"Accept": "application/token-introspection+jwt"}, timeout=antin.TIMEOUT)
    assert claims(answer.text)["token_introspection"]["authorization_details"] == [DOSSIER]


def test_details_alone_need_no_scope(client, visitor):
    tokens = granted(client, visitor, DOSSIER, scope=None)
    assert tokens["authorization_details"] == [DOSSIER] and "id_token" not in tokens
    assert "scope" not in claims(tokens["access_token"])
    assert client.userinfo(tokens["access_token"]).status_code == 403


def test_without_details_there_are_none(client, visitor):
    tokens = client.login(visitor)
    assert "authorization_details" not in tokens and "authorization_details" not in claims(tokens["access_token"])


def test_pushed_details(stack, visitor):
    pusher = KeyClient(stack, "--require-par")
    idpctl("client", "set", pusher.client_id, "--set", 'authorization_details_types=["dossier"]')
    code, keep = pusher.pushed_code(visitor, authorization_details=text(DOSSIER))
    assert pusher.redeem_code(code, keep).json()["authorization_details"] == [DOSSIER]
    answer, _ = pusher.push(authorization_details=text(credential(digest("a"))))  # not one of its types
    assert answer.status_code == 400 and answer.json()["error"] == "invalid_authorization_details"


def test_signed_requests_bring_them_as_json(stack, visitor):
    signer = KeyClient(stack)
    idpctl("client", "set", signer.client_id, "--set", 'authorization_details_types=["dossier"]')
    fields, keep = signer.parameters()
    page = signer.go(visitor, request=signer.request_object(**fields, authorization_details=[DOSSIER])[0])
    assert signer.redeem_code(page.params()["code"], keep).json()["authorization_details"] == [DOSSIER]


def test_discovery_lists_the_types(client):
    assert client.meta["authorization_details_types_supported"] == ["credential", "dossier"]


# ---------------------------------------------------------------- what the person sees

def consent_page(client, visitor, *details, **more):
    page, keep = client.open(visitor, authorization_details=text(*details), **more)
    if page.has_form("password"):
        page = page.form("password").submit({"number": visitor.person.number, "password": visitor.person.password})
    assert urlsplit(page.url).path == "/consent", page.url
    return page, keep


def test_consent_shows_them_in_words(client, visitor):
    page, _ = consent_page(client, visitor, {**DOSSIER, "dossier": "H29-0001"}, credential(digest("Tờ khai.pdf"), digest("Đơn.pdf"), numSignatures=2))
    words = page.words()
    for shown in ("UBND Phường Bến Thành", "1.004873.000.00.00.H29", "H29-0001", "Lập hồ sơ", "Nộp hồ sơ", "Tờ khai.pdf", "Đơn.pdf", "một lần"):
        assert shown in words, shown
    assert "Xem hồ sơ" not in words and "GX0112348" not in words


def test_consent_is_asked_every_time_and_remembers_nothing(client, visitor):
    consent_page(client, visitor, DOSSIER)
    granted(client, visitor, DOSSIER)
    consent_page(client, visitor, DOSSIER)
    params, _ = client.authorize(visitor, prompt="none", authorization_details=text(DOSSIER))
    assert params["error"] == "consent_required"


def test_a_client_of_this_house_asks_too(stack, visitor):
    own = Client(stack, "openid", more=["--first-party"])
    idpctl("client", "set", own.client_id, "--set", 'authorization_details_types=["dossier"]')
    own.login(visitor)
    consent_page(own, visitor, DOSSIER)


def test_refused_details_give_nothing(client, visitor):
    params, _ = client.authorize(visitor, consent=False, authorization_details=text(DOSSIER))
    assert params["error"] == "access_denied" and "code" not in params


def test_what_a_client_says_is_text_and_nothing_else(client, visitor):
    page, _ = consent_page(client, visitor, {**DOSSIER, "agency": "<b>UBND</b> & \"x\""})
    assert "<b>UBND" not in page.text and "<b>UBND</b> & \"x\"" in page.words()


def test_they_are_sealed_in_the_database_and_audited(client, visitor):
    tokens = granted(client, visitor, credential(digest("Đơn xin ly hôn.pdf")))
    grant = claims(tokens["access_token"])["grant_id"]
    assert sql(f"SELECT position('ly h'::bytea in terms) FROM idp.access_grant WHERE id = '{grant}'") == "0"
    assert int(sql(f"SELECT count(*) FROM idp.audit WHERE event = 'details.allowed' AND client_id = '{client.client_id}'")) >= 1


# ---------------------------------------------------------------- refusals

WRONG = {
    "no_json": "{", "object": json.dumps(DOSSIER), "empty": "[]", "text": '["dossier"]', "no_type": '[{"procedure": "x"}]', "type_number": '[{"type": 1}]',
    "unknown_type": '[{"type": "payment"}]', "unknown_member": text({**DOSSIER, "amount": 5}), "missing": text({"type": "dossier", "procedure": "1.0"}),
    "wrong_kind": text({**DOSSIER, "agency": ["x"]}), "unknown_action": text({**DOSSIER, "actions": ["delete"]}), "no_action": text({**DOSSIER, "actions": []}),
    "doubled_action": text({**DOSSIER, "actions": ["read", "read"]}), "two_in_one": text({**DOSSIER, "actions": ["read sign"]}),
    "turned_text": text({**DOSSIER, "agency": "UBND\u202exyz"}), "hidden_text": text({**DOSSIER, "agency": "UBND\u200b"}),
    "control": text({**DOSSIER, "agency": "UBND\nđã duyệt"}), "long": text({**DOSSIER, "agency": "x" * 201}), "spaces": text({**DOSSIER, "procedure": "a b"}),
    "many": text(*[DOSSIER] * 9), "location": text({**DOSSIER, "locations": ["https://evil.example"]}), "doubled_name": '[{"type": "dossier", "type": "dossier"}]',
    "deep": "[" * 40 + "]" * 40, "huge": text(*[{**DOSSIER, "procedure": "x" * 64, "agency": "y" * 200, "dossier": "z" * 64}] * 8),
    "whose": text({"type": "credential", "documentDigests": [digest("a")], "hashAlgorithmOID": SHA256}), "what": text({"type": "credential", "credentialID": "x"}),
    "no_algorithm": text({"type": "credential", "credentialID": "x", "documentDigests": [digest("a")]}),
    "md5": text(credential(digest("a"), hashAlgorithmOID="1.2.840.113549.2.5")), "length": text(credential(digest("a", 32), hashAlgorithmOID=SHA512)),
    "no_label": text(credential({"hash": digest("a")["hash"]})), "count": text(credential(digest("a"), numSignatures=2)),
    "zero": text({"type": "credential", "credentialID": "x", "numSignatures": 0}), "no_base64": text(credential({"hash": "!" * 44, "label": "a"})),
}


@pytest.mark.parametrize("details", WRONG.values(), ids=WRONG.keys())
def test_wrong_details_are_refused(client, visitor, details):
    params, keep = client.authorize(visitor, authorization_details=details)
    assert params["error"] == "invalid_authorization_details" and params["state"] == keep["state"]


def test_types_that_a_client_may_not_have_are_refused(stack, visitor):
    plain = Client(stack, "openid")
    params, _ = plain.authorize(visitor, authorization_details=text(DOSSIER))
    assert params["error"] == "invalid_authorization_details"


def test_unknown_types_cannot_be_registered(client):
    done = idpctl("client", "set", client.client_id, "--set", 'authorization_details_types=["payment"]', check=False)
    assert done.returncode != 0 and "authorization_details_types" in done.stderr


# ---------------------------------------------------------------- narrowing at the token endpoint (RFC 9396 §6.1)

def test_less_can_be_asked_for_with_the_code(client, visitor):
    two = digest("a"), digest("b")
    code, keep = client.code(visitor, authorization_details=text(DOSSIER, credential(*two)))
    less = credential(two[1])
    tokens = client.exchange(code, keep, authorization_details=text(less)).json()
    assert tokens["authorization_details"] == [less] == claims(tokens["access_token"])["authorization_details"]


def test_less_for_one_refreshed_token_leaves_the_rest(client, visitor):
    tokens = granted(client, visitor, DOSSIER)
    less = {**DOSSIER, "actions": ["submit"]}
    next_one = client.token_request(grant_type="refresh_token", refresh_token=tokens["refresh_token"], authorization_details=text(less)).json()
    assert next_one["authorization_details"] == [less]
    last = client.token_request(grant_type="refresh_token", refresh_token=next_one["refresh_token"]).json()
    assert last["authorization_details"] == [DOSSIER]


MORE = {"action": [{**DOSSIER, "actions": ["create", "submit", "sign"]}], "agency": [{**DOSSIER, "agency": "Sở Tư pháp"}],
        "dossier": [{**DOSSIER, "dossier": "H29-1"}], "twice": [DOSSIER, DOSSIER], "type": [credential(digest("a"))], "junk": [{"type": "dossier"}]}


@pytest.mark.parametrize("asked", MORE.values(), ids=MORE.keys())
def test_more_is_refused_and_costs_no_refresh_token(client, visitor, asked):
    tokens = granted(client, visitor, DOSSIER)
    answer = client.token_request(grant_type="refresh_token", refresh_token=tokens["refresh_token"], authorization_details=text(*asked))
    assert answer.status_code == 400 and answer.json()["error"] == "invalid_authorization_details"
    assert client.token_request(grant_type="refresh_token", refresh_token=tokens["refresh_token"]).status_code == 200


def test_details_that_were_never_granted_cannot_be_asked_for_later(client, visitor):
    code, keep = client.code(visitor)
    answer = client.exchange(code, keep, authorization_details=text(DOSSIER))
    assert answer.status_code == 400 and answer.json()["error"] == "invalid_authorization_details"


def test_other_documents_than_those_allowed_are_refused(client, visitor):
    tokens = granted(client, visitor, credential(digest("a")))
    answer = client.token_request(grant_type="refresh_token", refresh_token=tokens["refresh_token"],
                                  authorization_details=text(credential(digest("a"))))
    assert answer.json()["error"] == "invalid_authorization_details"


# ---------------------------------------------------------------- other grants

@pytest.fixture(scope="module")
def service(stack):
    made = Client(stack, "dossier.read", more=["--grant", "client_credentials", "--grant", "authorization_code"])
    idpctl("client", "set", made.client_id, "--set", 'authorization_details_types=["credential", "dossier"]')
    return made


def test_service_in_its_own_name(service):
    tokens = service.token_request(grant_type="client_credentials", authorization_details=text(DOSSIER)).json()
    assert tokens["authorization_details"] == [DOSSIER] == claims(tokens["access_token"])["authorization_details"]


def test_service_cannot_have_somebody_s_signature(service):
    answer = service.token_request(grant_type="client_credentials", authorization_details=text(credential(digest("a"))))
    assert answer.status_code == 400 and answer.json()["error"] == "invalid_authorization_details"


def test_device_asks_for_details_and_the_person_sees_them(client, visitor):
    begun = client.http.post(client.meta["device_authorization_endpoint"], auth=(client.client_id, client.client_secret),
                             data={"scope": "openid", "authorization_details": text(DOSSIER)}, timeout=antin.TIMEOUT).json()
    page = visitor.browser.open(begun["verification_uri_complete"])
    page = page.form().submit()
    page = page.form("password").submit({"number": visitor.person.number, "password": visitor.person.password})
    assert "UBND Phường Bến Thành" in page.words()
    visitor.answer(page)
    tokens = client.token_request(grant_type="urn:ietf:params:oauth:grant-type:device_code", device_code=begun["device_code"]).json()
    assert tokens["authorization_details"] == [DOSSIER]


def test_device_with_wrong_details_is_refused(client):
    answer = client.http.post(client.meta["device_authorization_endpoint"], auth=(client.client_id, client.client_secret),
                              data={"scope": "openid", "authorization_details": '[{"type": "payment"}]'}, timeout=antin.TIMEOUT)
    assert answer.status_code == 400 and answer.json()["error"] == "invalid_authorization_details"

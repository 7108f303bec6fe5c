"""
Verified claims: what an officer checked at the counter, told with how, where and when, and only as far as was asked and agreed.
OpenID Connect for Identity Assurance 1.0; OpenID Identity Assurance Schema Definition 1.0.
"""
import json
import time
from urllib.parse import urlsplit

import antin_client as antin
import pytest
from idp_kit import Client, fresh, idpctl, sql
from jwcrypto import jws

OFFICE = "UBND Phường Bến Thành"


def evidence(person):
    return {"document": {"type": "idcard", "number": person.number, "issued": "2021-06-01", "expires": "2099-01-01", "issuer": "Cục Cảnh sát QLHC về TTXH"},
            "methods": ["vpip", "vcrypt", "bvp"], "organization": OFFICE, "note": "thẻ mới"}


def registered(stack, officer, **more):
    citizen = antin.Citizen(stack, antin.new_person())
    officer.enrol(citizen.person, **{"evidence": evidence(citizen.person), **more})
    citizen.activate()
    return citizen.person


@pytest.fixture(scope="module")
def person(stack, officer):
    return registered(stack, officer)


@pytest.fixture(scope="module")
def client(stack):
    return Client(stack, "openid", allowed="openid profile email citizen_number verified_claims offline_access",
                  more=["--grant", "authorization_code", "--grant", "refresh_token"])


ALL = {"trust_framework": None, "assurance_level": None, "time": None, "verification_process": None}
FULL = {**ALL, "evidence": [{"type": {"value": "document"}, "time": None, "verifier": None,
                             "check_details": [{"check_method": None, "organization": None, "check_id": None, "time": None}],
                             "document_details": {"type": None, "document_number": None, "date_of_issuance": None, "date_of_expiry": None, "issuer": None}}]}


def request(verification=None, place="userinfo", **claims):
    return json.dumps({place: {"verified_claims": {"verification": verification or ALL, "claims": claims or {"name": None, "birthdate": None}}}})


def told(client, visitor, **more):
    answer = client.userinfo(client.login(visitor, **more)["access_token"])
    assert answer.status_code == 200, answer.text
    return answer.json()


# ---------------------------------------------------------------- what is told

def test_verified_claims_tell_level_time_and_framework(client, visitor, person):
    v = told(client, visitor, claims=request())["verified_claims"]
    assert v["claims"] == {"name": person.name, "birthdate": person.birth_date}
    said = v["verification"]
    assert set(said) == set(ALL) and said["trust_framework"] == "vn_decree_69_2024" and said["assurance_level"] == "level_2"
    assert abs(time.time() - time.mktime(time.strptime(said["time"][:19], "%Y-%m-%dT%H:%M:%S")) + time.timezone) < 3600


def test_the_process_leads_to_the_officer_s_act_in_the_audit_log(client, visitor):
    process = told(client, visitor, claims=request())["verified_claims"]["verification"]["verification_process"]
    assert sql(f"SELECT event, by_account IS NOT NULL FROM idp.audit WHERE request_id = '{process}'") == "account.created|t"


def test_evidence_says_what_was_checked_how_and_by_whom(client, visitor, person):
    v = told(client, visitor, scope="openid citizen_number", claims=request(FULL))["verified_claims"]["verification"]
    (item,) = v["evidence"]
    assert item["type"] == "document" and item["verifier"] == {"organization": OFFICE, "txn": v["verification_process"]}
    assert [c["check_method"] for c in item["check_details"]] == ["vpip", "vcrypt", "bvp"]
    assert all(c["organization"] == OFFICE and c["check_id"] == v["verification_process"] for c in item["check_details"])
    assert item["document_details"] == {"type": "idcard", "document_number": person.number, "date_of_issuance": "2021-06-01", "date_of_expiry": "2099-01-01",
                                        "issuer": {"name": "Cục Cảnh sát QLHC về TTXH", "country_code": "VNM"}}


def test_the_document_s_number_needs_its_scope(client, visitor, person):
    answer = told(client, visitor, claims=request(FULL))
    assert "document_number" not in answer["verified_claims"]["verification"]["evidence"][0]["document_details"]
    assert person.number not in json.dumps(answer)


def test_only_what_was_asked_is_told(client, visitor):
    least = {"trust_framework": None, "evidence": [{"type": {"value": "document"}, "document_details": {"type": None}}]}
    v = told(client, visitor, claims=request(least, name=None))["verified_claims"]
    assert v["verification"] == {"trust_framework": "vn_decree_69_2024", "evidence": [{"type": "document", "document_details": {"type": "idcard"}}]}
    assert set(v["claims"]) == {"name"}


def test_they_go_into_the_id_token_when_asked_there(client, visitor, person):
    tokens = client.login(visitor, claims=request(FULL, "id_token"))
    assert tokens["claims"]["verified_claims"]["claims"]["name"] == person.name and "name" not in tokens["claims"]
    assert "verified_claims" not in client.userinfo(tokens["access_token"]).json()


def test_signed_userinfo_carries_them(stack, visitor, person):
    signed = Client(stack, "openid", allowed="openid profile")
    idpctl("client", "set", signed.client_id, "--userinfo-signed", "yes")
    token = jws.JWS()
    token.deserialize(signed.userinfo(signed.login(visitor, claims=request(FULL))["access_token"]).text)
    token.verify(signed.keys().get_key(token.jose_header["kid"]))
    assert json.loads(token.payload)["verified_claims"]["claims"]["name"] == person.name


def test_scope_tells_that_the_scopes_data_were_checked(client, visitor, person):
    answer = told(client, visitor, scope="openid profile verified_claims")
    v = answer["verified_claims"]
    assert set(v["verification"]) == {"trust_framework", "assurance_level", "time"} and v["claims"]["name"] == person.name
    assert "citizen_number" not in v["claims"] and person.number not in json.dumps(answer)


def test_scope_without_data_tells_nothing(client, visitor):
    assert set(told(client, visitor, scope="openid verified_claims")) == {"sub"}


def test_two_requests_get_two_answers(client, visitor):
    two = json.dumps({"userinfo": {"verified_claims": [{"verification": ALL, "claims": {"name": None}}, {"verification": {"trust_framework": None}, "claims": {"gender": None}}]}})
    assert [set(v["claims"]) for v in told(client, visitor, claims=two)["verified_claims"]] == [{"name"}, {"gender"}]


def test_discovery_says_so(client):
    meta = client.meta
    assert meta["verified_claims_supported"] is True and meta["trust_frameworks_supported"] == ["vn_decree_69_2024"]
    assert "name" in meta["claims_in_verified_claims_supported"] and "email" not in meta["claims_in_verified_claims_supported"]
    assert meta["evidence_supported"] == ["document"] and "idcard" in meta["documents_supported"] and "vcrypt" in meta["documents_check_methods_supported"]
    assert {"verified_claims", "name", "citizen_number"} <= set(meta["claims_supported"]) and "verified_claims" in meta["scopes_supported"]


# ---------------------------------------------------------------- left out when it is otherwise than asked (§6)

WITH = "document"
UNMET = {
    "framework": {"trust_framework": {"value": "eidas"}}, "level": {"trust_framework": None, "assurance_level": {"value": "level_3"}},
    "too_old": {"trust_framework": None, "time": {"max_age": 0}}, "kind": {"trust_framework": None, "evidence": [{"type": {"value": "electronic_record"}}]},
    "document": {"trust_framework": None, "evidence": [{"type": {"value": WITH}, "document_details": {"type": {"value": "passport"}}}]},
    "method": {"trust_framework": None, "evidence": [{"type": {"value": WITH}, "check_details": [{"check_method": {"value": "kbv"}}]}]},
    "unknown_demand": {"trust_framework": None, "assurance_process": {"policy": {"value": "x"}}},
}


@pytest.mark.parametrize("verification", UNMET.values(), ids=UNMET.keys())
def test_unmet_requests_are_left_out_whole(client, visitor, verification):
    time.sleep(1.1 if "time" in verification else 0)
    assert set(told(client, visitor, claims=request(verification))) == {"sub"}


def test_one_fitting_filter_is_enough(client, visitor):
    either = {"trust_framework": {"values": ["eidas", "vn_decree_69_2024"]}, "evidence": [
        {"type": {"value": "electronic_record"}}, {"type": {"value": WITH}, "check_details": [{"check_method": {"value": "kbv"}}, {"check_method": {"value": "vcrypt"}}]}]}
    v = told(client, visitor, claims=request(either))["verified_claims"]["verification"]
    assert v["evidence"] == [{"type": "document", "check_details": [{"check_method": "vcrypt"}]}]


def test_claim_with_another_value_is_left_out(client, visitor):
    v = told(client, visitor, claims=request(None, birthdate={"value": "1801-01-01"}, gender=None))["verified_claims"]
    assert set(v["claims"]) == {"gender"}
    assert set(told(client, visitor, claims=request(None, birthdate={"value": "1801-01-01"}))) == {"sub"}


def test_data_that_nobody_checked_are_never_told_as_verified(client, visitor):
    assert set(told(client, visitor, claims=request(None, email=None, phone_number=None, address=None))) == {"sub"}


def test_claims_of_scopes_that_the_client_may_not_have_are_left_out(stack, visitor):
    poor = Client(stack, "openid", allowed="openid profile")
    v = told(poor, visitor, claims=request(None, name=None, citizen_number={"essential": True}))["verified_claims"]
    assert set(v["claims"]) == {"name"}


def test_level_1_is_said_to_be_level_1(stack, officer, client):
    someone = fresh(stack, registered(stack, officer, level=1))
    assert told(client, someone, claims=request())["verified_claims"]["verification"]["assurance_level"] == "level_1"
    two = {"trust_framework": None, "assurance_level": {"value": "level_2"}}
    assert set(told(client, someone, claims=request(two))) == {"sub"}


def test_person_without_noted_evidence(stack, officer, client):
    someone = fresh(stack, registered(stack, officer, evidence="thẻ"))
    assert "verified_claims" in told(client, someone, claims=request())
    assert set(told(client, someone, claims=request(FULL))) == {"sub"}


# ---------------------------------------------------------------- consent

def consent_words(client, someone, **more):
    page, _ = client.open(someone, **more)
    if page.has_form("password"):
        page = page.form("password").submit({"number": someone.person.number, "password": someone.person.password})
    assert urlsplit(page.url).path == "/consent", page.url
    return page.words()


def test_consent_names_claims_evidence_and_number(stack, officer, client):
    someone = fresh(stack, registered(stack, officer))
    words = consent_words(client, someone, scope="openid citizen_number", claims=request(FULL, birthdate={"essential": True, "purpose": "Xét hồ sơ vay"}))
    for shown in ("Xem ngày sinh của bạn", "cán bộ đã kiểm tra", "bạn đã được kiểm tra thế nào", "số giấy tờ", "Xét hồ sơ vay"):
        assert shown in words, shown


def test_consent_to_plain_data_is_none_to_verified(stack, officer, client):
    someone = fresh(stack, registered(stack, officer))
    client.login(someone, scope="openid profile")
    assert "cán bộ đã kiểm tra" in consent_words(client, someone, scope="openid profile", claims=request())


# ---------------------------------------------------------------- refusals

def vc(value):
    return json.dumps({"userinfo": {"verified_claims": value}})


ONE = {"verification": {"trust_framework": None}, "claims": {"name": None}}
WRONG = {
    "null": vc(None), "text": vc("x"), "no_verification": vc({"claims": {"name": None}}), "no_claims": vc({"verification": {"trust_framework": None}}),
    "empty_claims": vc({**ONE, "claims": {}}), "no_framework": vc({**ONE, "verification": {}}), "list_of_claims": vc({**ONE, "claims": ["name"]}),
    "many": vc([ONE] * 3), "none": vc([]), "one_bad": vc([ONE, {}]), "evidence_without_type": vc({**ONE, "verification": {"trust_framework": None, "evidence": [{}]}}),
    "evidence_object": vc({**ONE, "verification": {"trust_framework": None, "evidence": {"type": {"value": "document"}}}}),
    "purpose": vc({**ONE, "claims": {"name": {"purpose": "x"}}}), "claim_text": vc({**ONE, "claims": {"name": "x"}}),
}


@pytest.mark.parametrize("claims", WRONG.values(), ids=WRONG.keys())
def test_malformed_requests_are_refused(client, visitor, claims):
    params, keep = client.authorize(visitor, claims=claims)
    assert params["error"] == "invalid_request" and params["state"] == keep["state"]


FAULTS = {
    "unknown_member": {"card": "x"}, "document_text": {"document": "idcard"}, "no_type": {"document": {"number": "1"}}, "type": {"document": {"type": "library_card"}},
    "run_out": {"document": {"type": "idcard", "expires": "2020-01-01"}}, "issued_tomorrow": {"document": {"type": "idcard", "issued": "2999-01-01"}},
    "no_day": {"document": {"type": "idcard", "issued": "2021-02-30"}}, "method": {"methods": ["seen"]}, "doubled": {"methods": ["vpip", "vpip"]}, "methods_empty": {"methods": []},
    "long": {"organization": "x" * 101}, "turned": {"organization": "a\u202eb"}, "number_kind": {"document": {"type": "idcard", "number": 5}},
}


@pytest.mark.parametrize("wrong", FAULTS.values(), ids=FAULTS.keys())
def test_wrong_evidence_is_refused_at_the_counter(stack, officer, wrong):
    with pytest.raises(antin.ApiError) as refusal:
        officer.enrol(antin.new_person(), evidence=wrong)
    assert refusal.value.status == 422 and "evidence" in json.dumps(refusal.value.body)

"""
Dynamic registration: with a token that says what may be asked for, and nothing beyond it. RFC 7591; OpenID Connect Dynamic Client Registration.
"""
import concurrent.futures
import json
import secrets

import pytest
from client_kit import KeyClient, new_key, public
from idp_kit import REDIRECT, Client, enrolled, fresh, idpctl, sql
from registration_kit import HOST, Registrar, call, metadata, new_token, of_client, portal_of, refused


@pytest.fixture(scope="module")
def registrar(stack):
    return Registrar(stack.idp_url)


@pytest.fixture(scope="module")
def visitor(stack, officer):
    return enrolled(stack, officer)


# ---------------------------------------------------------------- what works

def test_client_that_registered_itself_signs_a_person_in(stack, registrar, visitor):
    info = registrar.register()
    assert info["client_state"] == "active" and info["client_secret_expires_at"] == 0 and info["subject_type"] == "pairwise"
    portal = portal_of(stack, info)
    assert portal.login(visitor)["id_token"]


def test_answer_tells_all_that_is_registered(registrar):
    asked = {"client_name#vi": "Cổng", "client_name#en": "Portal", "client_uri": "https://portal.example.vn/", "post_logout_redirect_uris": ["https://portal.example.vn/ra"],
             "token_endpoint_auth_method": "client_secret_post", "grant_types": ["authorization_code", "refresh_token"], "response_types": ["code"],
             "contacts": ["ky-thuat@portal.example.vn"], "scope": "openid offline_access", "require_pushed_authorization_requests": True,
             "dpop_bound_access_tokens": True, "backchannel_logout_uri": "https://portal.example.vn/bc", "software_id": "abc", "software_version": "1.2",
             "sector_identifier": "portal.example.vn"}
    info = registrar.register(**asked)
    assert {k: info[k] for k in asked} == asked
    assert len(info["client_id"]) == 36 and info["registration_client_uri"].endswith("/register/" + info["client_id"])


def test_absent_members_get_their_defaults(registrar):
    info = registrar.register(scope=None)
    assert info["token_endpoint_auth_method"] == "client_secret_basic" and info["grant_types"] == ["authorization_code"] and info["response_types"] == ["code"]
    assert set(info["scope"].split()) == {"openid", "profile", "offline_access"}, "the policy's scope"
    assert info["sector_identifier"] == HOST


def test_unknown_and_null_members_are_left_aside(registrar):
    info = registrar.register(unheard_of={"a": 1}, logo_uri="https://elsewhere.example/x.png", client_uri=None, tos_uri="")
    assert not {"unheard_of", "logo_uri", "client_uri", "tos_uri"} & set(info)


def test_client_with_a_key_gets_no_secret_and_proves_itself_by_the_key(stack):
    registrar, key = Registrar(stack.idp_url, grant_types=["client_credentials"], scope="dossier.read"), new_key(kid="mot")
    info = registrar.register(token_endpoint_auth_method="private_key_jwt", jwks={"keys": [public(key)]}, grant_types=["client_credentials"], redirect_uris=None,
                              scope="dossier.read", response_types=[])
    assert "client_secret" not in info and info["jwks"]["keys"][0]["kid"] == "mot"
    client = KeyClient.__new__(KeyClient)
    client.__dict__.update(KeyClient(stack).__dict__)
    client.client_id, client.key, client.shared = info["client_id"], key, None
    assert client.token(grant_type="client_credentials", scope="dossier.read").status_code == 200


def test_public_client_only_where_the_policy_allows(stack, registrar):
    refused(registrar.post(metadata(token_endpoint_auth_method="none")), "invalid_client_metadata")
    info = Registrar(stack.idp_url, token_endpoint_auth_methods=["none"]).register(token_endpoint_auth_method="none")
    assert "client_secret" not in info


def test_discovery_tells_the_endpoint(stack, portal):
    assert portal.meta["registration_endpoint"] == stack.idp_url + "/register"


def test_people_see_its_name_in_their_language_and_its_rules(stack, registrar, officer):
    info = registrar.register(**{"client_name#vi": "Cổng một cửa", "client_name#en": "One-stop shop", "policy_uri": "https://portal.example.vn/du-lieu",
                                 "tos_uri": "https://portal.example.vn/dieu-khoan"})
    portal, person = portal_of(stack, info), enrolled(stack, officer).person
    for lang, name in (("vi", "Cổng một cửa"), ("en", "One-stop shop")):
        citizen = fresh(stack, person, lang)
        page = citizen.browser.open(portal.request()[0])
        assert name in page.text and info["client_name"] not in page.text
        page = page.form("password").submit({"number": person.number, "password": person.password})
        html = page.text
        assert name in html and 'href="https://portal.example.vn/du-lieu"' in html and 'href="https://portal.example.vn/dieu-khoan"' in html


# ---------------------------------------------------------------- who may

def test_nobody_registers_without_a_token(registrar):
    answer = registrar.post(token=None)
    assert answer.status_code == 401 and answer.headers["WWW-Authenticate"].startswith("Bearer")
    for token in ("x", "", " ", secrets.token_urlsafe(32), registrar.token + "A", registrar.token[:-1], registrar.made["id"]):
        assert registrar.post(token=token or "''").status_code == 401


def test_other_schemes_and_places_do_not_count(registrar):
    assert registrar.post(token=None, headers={"Authorization": "Basic " + registrar.token}).status_code == 401
    assert registrar.post(token=None, headers={"Authorization": "DPoP " + registrar.token}).status_code == 401
    assert call(registrar.url, "POST", "/register?access_token=" + registrar.token, None, metadata()).status_code == 401


def test_access_token_is_no_registration_token(stack, registrar, visitor):
    token = Client(stack).login(visitor)["access_token"]
    assert registrar.post(token=token).status_code == 401


def test_token_has_so_many_uses_and_refusals_take_none(stack):
    registrar = Registrar(stack.idp_url, uses=2)
    for _ in range(3):
        refused(registrar.post(metadata(scope="openid citizen_number")), "invalid_client_metadata")
    registrar.register()
    registrar.register()
    assert registrar.post().status_code == 401


def test_last_use_counts_once_however_many_ask_at_once(stack):
    registrar = Registrar(stack.idp_url, uses=3)
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        codes = [a.status_code for a in pool.map(lambda _: registrar.post(), range(12))]
    assert sorted(codes) == [201] * 3 + [401] * 9
    assert sql(f"SELECT count(*) FROM idp.client WHERE registration_id = '{registrar.made['id']}'") == "3"


def test_expired_token_is_refused(stack):
    registrar = Registrar(stack.idp_url)
    sql(f"UPDATE idp.registration_token SET expires_at = now() - interval '1 second' WHERE id = '{registrar.made['id']}'")
    assert registrar.post().status_code == 401


def test_revoked_token_is_refused_and_its_clients_stay(stack):
    registrar = Registrar(stack.idp_url)
    info = registrar.register()
    idpctl("registration-token", "revoke", registrar.made["id"])
    assert registrar.post().status_code == 401
    assert of_client(stack.idp_url, "GET", info).status_code == 200
    assert idpctl("registration-token", "revoke", registrar.made["id"], check=False).returncode == 3


def test_database_does_not_have_the_tokens(registrar):
    info = registrar.register()
    everything = sql("SELECT string_agg(c::text, '') FROM idp.client c") + sql("SELECT string_agg(t::text, '') FROM idp.registration_token t")
    for secret in (registrar.token, info["registration_access_token"], info["client_secret"]):
        assert secret not in everything


# ---------------------------------------------------------------- inside the policy

@pytest.mark.parametrize("more", [
    {"scope": "openid phone"}, {"scope": "openid profile offline_access address"}, {"grant_types": ["client_credentials"]},
    {"grant_types": ["authorization_code", "urn:ietf:params:oauth:grant-type:device_code"]}, {"token_endpoint_auth_method": "tls_client_auth", "tls_client_auth_san_dns": "x"},
    {"post_logout_redirect_uris": ["https://elsewhere.example/"]}, {"backchannel_logout_uri": "https://elsewhere.example/"},
    {"frontchannel_logout_uri": "http://localhost:1/"}, {"client_uri": "https://elsewhere.example/"}, {"policy_uri": "https://portal.example.vn.evil.example/"},
    {"backchannel_client_notification_endpoint": "https://elsewhere.example/"}, {"tos_uri": "https://elsewhere.example/"},
    {"sector_identifier": "other.example.vn"}, {"authorization_details_types": ["credential"]},
    {"first_party": True}, {"introspects_all_tokens": True}, {"token_exchange_services": ["quay"]},
], ids=lambda m: " ".join(m))
def test_more_than_the_policy_allows_is_refused_not_made_smaller(registrar, more):
    before = sql("SELECT count(*) FROM idp.client")
    told = refused(registrar.post(metadata(**more)), "invalid_client_metadata")
    assert told and sql("SELECT count(*) FROM idp.client") == before


@pytest.mark.parametrize("uri", [
    "https://elsewhere.example/cb", "https://portal.example.vn:444/cb", "https://portal.example.vn.evil.example/", "https://portal.example.vn@evil.example/",
    "http://portal.example.vn/cb", "https://PORTAL.example.vn/cb", "https://portal.example.vn/../x", "https://portal.example.vn/#x", "https://*.example.vn/", "javascript:alert(1)",
    "https://portal.example.vn/ x", "portal:/cb", "https://", ""], ids=lambda u: u or "empty")
def test_redirect_uri_elsewhere_is_refused(registrar, uri):
    refused(registrar.post(metadata(redirect_uris=[REDIRECT, uri], sector_identifier=HOST)), "invalid_redirect_uri")


def test_profile_of_the_policy_is_no_wish(stack):
    registrar, key = Registrar(stack.idp_url, security_profile="fapi2-security"), new_key()
    fapi = {"token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": [public(key)]}, "security_profile": "fapi2-security", "dpop_bound_access_tokens": True}
    refused(registrar.post(), "invalid_client_metadata")
    refused(registrar.post(metadata(**{**fapi, "security_profile": None})), "invalid_client_metadata")
    refused(registrar.post(metadata(**{**fapi, "dpop_bound_access_tokens": False})), "invalid_client_metadata")
    assert registrar.register(**fapi)["security_profile"] == "fapi2-security"


def test_policy_cannot_hand_out_what_belongs_to_the_house():
    for policy in ({"scope": "openid admin"}, {"scope": "registrar openid"}, {"scope": None}, {"hosts": None}, {"scope": "openid everything"}, {"unheard_of": 1},
                   {"grant_types": ["password"]}, {"approval": "no"}, {"hosts": "portal.example.vn"}, {"software_statement": "perhaps"}, {"hosts": ["*"]}):
        with pytest.raises(AssertionError):
            new_token(**policy)


# ---------------------------------------------------------------- what could not work

@pytest.mark.parametrize("more", [
    {"grant_types": ["password"]}, {"grant_types": ["implicit"]}, {"grant_types": []}, {"grant_types": ["refresh_token"]}, {"grant_types": "authorization_code"},
    {"response_types": ["token"]}, {"response_types": ["code id_token"]}, {"response_types": ["code", "token"]}, {"response_types": []}, {"response_types": "code"},
    {"jwks_uri": "https://portal.example.vn/jwks"}, {"sector_identifier_uri": "https://portal.example.vn/s"}, {"request_uris": ["https://portal.example.vn/r"]},
    {"subject_type": "public"}, {"application_type": "toaster"}, {"token_endpoint_auth_method": "magic"}, {"token_endpoint_auth_method": 1},
    {"token_endpoint_auth_method": "private_key_jwt"}, {"token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": []}},
    {"jwks": {"keys": [{"kty": "oct", "k": "AAAA"}]}}, {"jwks": "x"}, {"jwks": {"keys": [1]}}, {"scope": "openid everything"}, {"scope": "profile"}, {"scope": ["openid"]},
    {"client_name": None}, {"client_name": "x" * 201}, {"client_name": "a\u202eb"}, {"client_name": "a\nb"}, {"client_name": {"vi": "x"}},
    {"id_token_signed_response_alg": "none"}, {"id_token_signed_response_alg": "HS256"}, {"request_object_signing_alg": "none"},
    {"request_object_signing_alg": "ES256"}, {"token_endpoint_auth_signing_alg": "HS256"}, {"require_signed_request_object": True},
    {"id_token_encrypted_response_alg": "RSA1_5"}, {"id_token_encrypted_response_alg": "RSA-OAEP"}, {"request_object_encryption_alg": "RSA-OAEP"},
    {"dpop_bound_access_tokens": "true"}, {"redirect_uris": "x" * 5}, {"security_profile": "fapi1"}, {"contacts": ["x" * 300]},
    {"redirect_uris": [REDIRECT, "https://portal.example.vn/cb"]},
], ids=lambda m: json.dumps(m)[:60])
def test_metadata_that_could_not_work_is_refused(registrar, more):
    error = "invalid_redirect_uri" if isinstance(more.get("redirect_uris"), str) else "invalid_client_metadata"
    refused(registrar.post(metadata(**more)), error)


def test_private_key_is_refused(registrar):
    secret = json.loads(new_key().export())
    refused(registrar.post(metadata(token_endpoint_auth_method="private_key_jwt", jwks={"keys": [secret]})), "invalid_client_metadata")
    assert secret["d"] not in sql("SELECT coalesce(string_agg(jwks, ''), '') FROM idp.client")


def test_code_flow_without_an_address_is_refused(registrar):
    refused(registrar.post(metadata(redirect_uris=None)), "invalid_redirect_uri")
    refused(registrar.post(metadata(redirect_uris=[])), "invalid_redirect_uri")


def test_algorithm_and_keys_must_agree(registrar):
    jwks = {"keys": [public(new_key("ES256")), public(new_key("PS256"))]}
    by_key = {"token_endpoint_auth_method": "private_key_jwt", "jwks": jwks}
    refused(registrar.post(metadata(**by_key, token_endpoint_auth_signing_alg="ES256")), "invalid_client_metadata")
    info = registrar.register(**{**by_key, "jwks": {"keys": jwks["keys"][:1]}}, token_endpoint_auth_signing_alg="ES256", request_object_signing_alg="ES256")
    assert info["request_object_signing_alg"] == "ES256"


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{", b'{"a":1,"a":2}', b'{"client_name":"\xff"}'], ids=repr)
def test_body_that_is_no_object_is_refused(registrar, body):
    answer = call(registrar.url, "POST", "/register", registrar.token, data=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400


def test_huge_metadata_is_refused(registrar):
    assert registrar.post(metadata(contacts=["a" * 90] * 400)).status_code == 413


def test_client_does_not_choose_its_id(registrar):
    info = registrar.register(client_id="quay")
    assert info["client_id"] != "quay"


# ---------------------------------------------------------------- approval, audit

def test_client_waits_until_somebody_approves_it(stack, visitor):
    registrar = Registrar(stack.idp_url, approval=None)  # the default
    info = registrar.register()
    assert info["client_state"] == "pending"
    portal = portal_of(stack, info)
    assert visitor.visit(portal.request()[0]).status == 400
    assert portal.token_request(grant_type="authorization_code", code="x").status_code == 401
    idpctl("client", "enable", info["client_id"])
    assert portal.login(visitor)["id_token"]


def test_registration_is_in_the_audit(registrar):
    info = registrar.register()
    assert sql(f"SELECT count(*) FROM idp.audit WHERE event = 'client.registered' AND client_id = '{info['client_id']}' AND detail = '{registrar.made['id']}'") == "1"
    assert sql(f"SELECT count(*) FROM idp.audit WHERE event = 'registration.token_added' AND detail = '{registrar.made['id']}' AND by_operator IS NOT NULL") == "1"


def test_tokens_are_listed_without_themselves(registrar):
    listed = {t["id"]: t for t in idpctl("registration-token", "list")["registration_tokens"]}
    mine = listed[registrar.made["id"]]
    assert mine["state"] == "live" and mine["policy"]["hosts"] and mine["used"] >= 1 and registrar.token not in json.dumps(listed)

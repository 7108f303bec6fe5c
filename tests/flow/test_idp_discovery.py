"""
Discovery against what works: every endpoint, every member, every listed value is tried here or in the file that TRIED names; what is not listed is refused.
A new member fails here until somebody says where it is tried. OpenID Connect Discovery 1.0 §3, RFC 8414 §2.
"""
import pathlib

import antin_client as antin
import pytest
from client_kit import KeyClient, Prover, front, new_cert, pem, secured
from cryptography import x509
from idp_kit import Client, enrolled, fresh, idpctl, sql

ENDPOINTS = {  # member: method, what it says to somebody who brings nothing
    "authorization_endpoint": ("GET", 400), "pushed_authorization_request_endpoint": ("POST", 401), "token_endpoint": ("POST", 401),
    "userinfo_endpoint": ("GET", 401), "jwks_uri": ("GET", 200), "device_authorization_endpoint": ("POST", 401),
    "backchannel_authentication_endpoint": ("POST", 401), "introspection_endpoint": ("POST", 401), "revocation_endpoint": ("POST", 401),
    "registration_endpoint": ("POST", 401), "end_session_endpoint": ("GET", 303)}  # nobody is signed in
HERE = {"issuer", "response_types_supported", "response_modes_supported", "grant_types_supported", "scopes_supported", "subject_types_supported",
        "token_endpoint_auth_methods_supported", "introspection_endpoint_auth_methods_supported", "revocation_endpoint_auth_methods_supported",
        "token_endpoint_auth_signing_alg_values_supported", "introspection_endpoint_auth_signing_alg_values_supported",
        "revocation_endpoint_auth_signing_alg_values_supported", "request_object_signing_alg_values_supported", "dpop_signing_alg_values_supported",
        "code_challenge_methods_supported", "prompt_values_supported", "ui_locales_supported", "claim_types_supported", "claims_supported",
        "require_pushed_authorization_requests"}
TRIED = {
    "test_idp_acr.py": {"acr_values_supported"},
    "test_idp_details.py": {"authorization_details_types_supported"},
    "test_idp_algorithms.py": {f"{what}_signing_alg_values_supported" for what in ("id_token", "userinfo", "introspection", "authorization")}
    | {f"{what}_encryption_{part}_values_supported" for what in ("id_token", "userinfo") for part in ("alg", "enc")},
    "test_idp_ciba_signed.py": {"backchannel_authentication_request_signing_alg_values_supported"},
    "test_idp_ciba_ping.py": {"backchannel_token_delivery_modes_supported"},
    "test_idp_ciba.py": {"backchannel_user_code_parameter_supported"},
    "test_idp_logout_channels.py": {f"{channel}_logout_{what}supported" for channel in ("backchannel", "frontchannel") for what in ("", "session_")},
    "test_idp_claims.py": {"claims_parameter_supported"},
    "test_idp_request_object.py": {"request_parameter_supported", "request_uri_parameter_supported"},
    "test_idp_authorize.py": {"authorization_response_iss_parameter_supported"},
    "test_idp_client_auth.py": {"tls_client_certificate_bound_access_tokens"},
    "test_idp_verified.py": {"verified_claims_supported", "trust_frameworks_supported", "claims_in_verified_claims_supported", "evidence_supported",
                             "documents_supported", "documents_check_methods_supported"},
}
ALL_GRANTS = ("authorization_code", "refresh_token", "client_credentials", "device_code", "token_exchange", "ciba")
OFFICERS = ("registrar", "admin")


@pytest.fixture(scope="module")
def client(stack):
    return Client(stack, "openid", allowed="openid profile email phone address citizen_number")


@pytest.fixture(scope="module")
def meta(client):
    return client.meta


# ---------------------------------------------------------------- the document

def test_every_member_is_tried_somewhere(meta):
    elsewhere = set().union(*TRIED.values())
    assert set(meta) - {*ENDPOINTS, *HERE, *elsewhere} == set(), "say where it is tried"
    assert {*ENDPOINTS, *HERE, *elsewhere} - set(meta) == set(), "not there any more"
    for name in TRIED:
        assert (pathlib.Path(__file__).parent / name).exists(), name


def test_issuer_is_where_the_document_is(stack, client, meta):
    assert meta["issuer"] == stack.idp_url
    assert client.http.get(stack.idp_url + "/.well-known/oauth-authorization-server", timeout=antin.TIMEOUT).json() == meta


@pytest.mark.parametrize("name", ENDPOINTS)
def test_endpoint_is_there_and_guarded(client, meta, name):
    method, status = ENDPOINTS[name]
    assert meta[name].startswith(meta["issuer"] + "/")
    answer = client.http.request(method, meta[name], data={} if method == "POST" else None, allow_redirects=False, timeout=antin.TIMEOUT)
    if name == "registration_endpoint":
        answer = client.http.post(meta[name], json={}, timeout=antin.TIMEOUT)
    assert answer.status_code == status, answer.text[:300]


# ---------------------------------------------------------------- authorization requests

@pytest.mark.parametrize("kind", ["code", "token", "id_token", "code id_token", "code token", "id_token token", "none"])
def test_response_types(client, meta, visitor, kind):
    params, _ = client.authorize(visitor, response_type=kind)
    assert ("code" in params) == (kind in meta["response_types_supported"]), params
    assert "code" in params or params["error"] == "unsupported_response_type"


@pytest.mark.parametrize("mode", ["query", "form_post", "jwt", "query.jwt", "form_post.jwt", "fragment", "fragment.jwt", "web_message"])
def test_response_modes(client, meta, visitor, mode):
    client.authorize(visitor)
    page, _ = client.open(visitor, response_mode=mode)
    came = page.params() if page.stopped_at else dict(page.forms()[0].element.form_values())
    assert (set(came) == {"response"} if mode.endswith("jwt") else "code" in came) == (mode in meta["response_modes_supported"]), came
    assert (page.stopped_at is None) == (mode.startswith("form_post")), "how it came"


@pytest.mark.parametrize("method", ["S256", "plain", "s256", "S512"])
def test_code_challenge_methods(client, meta, visitor, method):
    params, _ = client.authorize(visitor, code_challenge_method=method)
    assert ("code" in params) == (method in meta["code_challenge_methods_supported"]), params


@pytest.mark.parametrize("value", ["none", "login", "consent", "select_account", "create", "select", "signup"])
def test_prompt_values(client, meta, visitor, value):
    page, _ = client.open(visitor, prompt=value)
    error = page.params().get("error") if page.stopped_at else None
    assert (error == "invalid_request") == (value not in meta["prompt_values_supported"]), (page.url, error)
    if value in meta["prompt_values_supported"]:
        assert error == ("login_required" if value == "none" else None)


def test_ui_locales(stack, client, meta, person):
    assert meta["ui_locales_supported"] == ["vi", "en"]
    for lang in (*meta["ui_locales_supported"], "fr"):
        page, _ = client.open(fresh(stack, person), ui_locales=lang)  # a language that was chosen stays
        assert page.headers["Content-Language"] == (lang if lang != "fr" else "vi")


def test_scopes(stack, meta, visitor):
    every = [s for s in meta["scopes_supported"] if s not in OFFICERS]
    made = Client(stack, " ".join(every), more=["--grant", "authorization_code", "--grant", "refresh_token"])
    tokens = made.login(visitor)
    assert set(tokens["scope"].split()) == set(every) and "refresh_token" in tokens
    for scope in OFFICERS:
        assert scope in meta["scopes_supported"] and idpctl("client", "set", Client(stack, allowed=f"openid {scope}").client_id)
    assert idpctl("client", "add", "--id", "test-unlisted", "--name", "x", "--scope", "openid everything", "--redirect", made.redirect_uri, check=False).returncode != 0
    code, keep = made.code(visitor, scope="openid everything")  # OpenID Connect Core §3.1.2.1: what is not understood is left aside
    assert made.exchange(code, keep).json()["scope"] == "openid"


def test_claims(stack, officer, meta):
    """Those about the sign-in are in the ID token; each about the person can be asked for by name, and is told when the counter knows it."""
    person = enrolled(stack, officer, phone="0912 345 678", email="an@example.vn", address="12 Lê Lợi").person
    made = Client(stack, "openid", allowed="openid profile email phone address citizen_number")
    about_sign_in = {"sub", "iss", "aud", "exp", "iat", "auth_time", "acr", "amr", "nonce", "sid"}
    names = [c for c in meta["claims_supported"] if c not in about_sign_in and c != "verified_claims"]  # the last: test_idp_verified.py
    wish = '{"userinfo": {%s}}' % ", ".join(f'"{n}": null' for n in names)
    code, keep = made.code(fresh(stack, person), claims=wish)
    tokens = made.exchange(code, keep).json()
    assert about_sign_in <= set(made.check_id_token(tokens, keep)) and about_sign_in <= set(meta["claims_supported"])
    told = made.userinfo(tokens["access_token"]).json()
    assert set(told) - {"sub"} == set(names) - {n for n in names if n.endswith("_verified") and n not in told}, set(names) ^ set(told)
    assert meta["claim_types_supported"] == ["normal"]


def test_subjects_are_pairwise(stack, meta, visitor):
    assert meta["subject_types_supported"] == ["pairwise"]
    subjects = {}
    for sector in ("a.example", "b.example"):
        made = Client(stack, more=["--sector", sector])
        code, keep = made.code(visitor)
        subjects[sector] = made.check_id_token(made.exchange(code, keep).json(), keep)["sub"]
    assert len(set(subjects.values())) == 2


def test_pushing_is_asked_of_nobody_who_need_not(client, meta, visitor):
    assert meta["require_pushed_authorization_requests"] is False and "code" in client.authorize(visitor)[0]


# ---------------------------------------------------------------- tokens and clients

def test_grant_types(stack, meta):
    made = Client(stack, "openid offline_access dossier.read", more=[word for g in ALL_GRANTS for word in ("--grant", g)])
    for grant in meta["grant_types_supported"]:
        answer = made.token_request(grant_type=grant)
        assert answer.status_code == 200 or answer.json()["error"] not in ("unsupported_grant_type", "unauthorized_client"), (grant, answer.text)
    assert len(meta["grant_types_supported"]) == len(ALL_GRANTS)
    for grant in ("password", "implicit", "urn:ietf:params:oauth:grant-type:jwt-bearer", "urn:ietf:params:oauth:grant-type:saml2-bearer"):
        assert made.token_request(grant_type=grant).json()["error"] == "unsupported_grant_type"


def by_method(stack, method):
    """(a client of this method, a function of endpoint and fields that proves it)."""
    if method in ("private_key_jwt", "client_secret_jwt"):
        made = KeyClient(stack, method=method)
        return made, made.post
    made = Client(stack, public=method == "none")
    headers, fields = {}, {"client_id": made.client_id}
    if method == "tls_client_auth":
        headers = front(new_cert(san=[x509.DNSName("may.example")]))
        secured(made, "--auth", method, "--tls", "dns:may.example")
    elif method == "self_signed_tls_client_auth":
        certificate = new_cert(issued=False)
        secured(made, "--auth", method, certificate=pem(certificate))
        headers = front(certificate)
    elif method == "client_secret_post":
        fields["client_secret"] = secured(made, "--auth", method)["client_secret"]
    elif method == "client_secret_basic":
        return made, lambda endpoint, **more: made.http.post(endpoint, data=more, auth=(made.client_id, made.client_secret), timeout=antin.TIMEOUT)
    return made, lambda endpoint, **more: made.http.post(endpoint, data={**fields, **more}, headers=headers, timeout=antin.TIMEOUT)


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt", "none", "tls_client_auth",
                                    "self_signed_tls_client_auth"])
def test_client_authentication_methods(stack, meta, method):
    """Listed is what proves a client; a public one has no business at introspection, whatever rights it was given."""
    made, ask = by_method(stack, method)
    sql(f"UPDATE idp.client SET introspect = true WHERE id = '{made.client_id}'")  # idpctl gives a public client no right
    assert method in meta["token_endpoint_auth_methods_supported"]
    assert ask(meta["token_endpoint"], grant_type="authorization_code", code="x").json()["error"] != "invalid_client"
    assert ask(meta["revocation_endpoint"], token="x").status_code == 200 and method in meta["revocation_endpoint_auth_methods_supported"]
    answer = ask(meta["introspection_endpoint"], token="x")
    assert (answer.status_code == 200) == (method in meta["introspection_endpoint_auth_methods_supported"]), answer.text


def test_no_other_methods_are_listed(meta):
    assert len(meta["token_endpoint_auth_methods_supported"]) == 7


@pytest.mark.parametrize("alg", ["ES256", "ES384", "EdDSA", "PS256", "RS256"])
def test_algorithms_of_assertions_and_request_objects(stack, meta, visitor, alg):
    made = KeyClient(stack, alg=alg)
    for endpoint in ("token", "introspection", "revocation"):
        assert alg in meta[f"{endpoint}_endpoint_auth_signing_alg_values_supported"]
    assert made.post(meta["revocation_endpoint"], token="x").status_code == 200
    assert alg in meta["request_object_signing_alg_values_supported"]
    request, _ = made.request_object()
    assert made.post(meta["pushed_authorization_request_endpoint"], request=request).status_code == 201


def test_no_other_algorithms_of_assertions_are_listed(meta):
    asymmetric = {"ES256", "ES384", "EdDSA", "PS256", "RS256"}
    assert set(meta["request_object_signing_alg_values_supported"]) == asymmetric
    assert set(meta["token_endpoint_auth_signing_alg_values_supported"]) == asymmetric | {"HS256"}  # client_secret_jwt


def test_algorithms_of_proofs(stack, meta):
    made = KeyClient(stack)
    assert set(meta["dpop_signing_alg_values_supported"]) == {"ES256", "ES384", "EdDSA", "PS256"}
    for alg in meta["dpop_signing_alg_values_supported"]:
        proof = Prover(alg).proof("POST", meta["pushed_authorization_request_endpoint"])
        assert made.push({"DPoP": proof})[0].status_code == 201, alg

"""
Requests pushed ahead: the browser carries a name that works once, for one client, for a moment. RFC 9126; and what a resource may be, RFC 8707.
"""
import base64
import json
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from client_kit import REQUEST_URN, KeyClient, Prover, jkt
from daemon_kit import another_daemon, own_stack
from idp_kit import Client, enrolled, fresh, idpctl, sql


@pytest.fixture(scope="module")
def person(stack, officer):
    return enrolled(stack, officer, phone="0912 345 678").person


@pytest.fixture(scope="module")
def visitor(stack, person):
    return fresh(stack, person)


@pytest.fixture(scope="module")
def client(stack):
    return KeyClient(stack, "--require-par")


def refused(answer, error, status=400):
    assert answer.status_code == status and answer.json()["error"] == error, answer.text
    assert "request_uri" not in answer.json() and "no-store" in answer.headers["Cache-Control"]


def test_pushed_request_signs_a_person_in(client, visitor):
    code, keep = client.pushed_code(visitor)
    assert client.check_id_token(client.redeem_code(code, keep).json(), keep)


def test_answer_names_the_request_and_how_long_it_waits(client):
    answer, _ = client.push()
    assert answer.status_code == 201 and "no-store" in answer.headers["Cache-Control"]
    body = answer.json()
    assert set(body) == {"request_uri", "expires_in"} and body["request_uri"].startswith(REQUEST_URN) and 5 <= body["expires_in"] <= 600
    assert len(body["request_uri"]) >= len(REQUEST_URN) + 43


def test_clients_with_a_secret_and_public_clients_push_too(stack, visitor):
    for client in (Client(stack), Client(stack, public=True)):
        url, keep = client.request()
        auth = (client.client_id, client.client_secret) if client.client_secret else None
        fields = dict(parse_qsl(urlsplit(url).query))
        uri = client.http.post(client.meta["pushed_authorization_request_endpoint"], data=fields, auth=auth).json()["request_uri"]
        visitor.browser.stop = [client.redirect_uri]
        page = visitor.visit(client.meta["authorization_endpoint"] + "?" + urlencode({"client_id": client.client_id, "request_uri": uri}))
        assert page.params()["state"] == keep["state"] and "code" in page.params()


def test_whoever_speaks_for_a_public_client_fills_no_tables(stack):
    proxied = (f"issuer = {stack.idp_url}", f"issuer = {stack.idp_url}\nproxy_header = X-Forwarded-For")
    public, secret = Client(stack, public=True), Client(stack)
    with another_daemon(own_stack(), proxied) as url:

        def push(client, address):
            fields = dict(parse_qsl(urlsplit(client.request()[0]).query))
            auth = (client.client_id, client.client_secret) if client.client_secret else None
            return client.http.post(url + "/par", data=fields, auth=auth, headers={"X-Forwarded-For": address})
        assert push(public, "203.0.113.77").status_code == 201
        sql("UPDATE idp.throttle SET fails = 1000000")
        answer = push(public, "203.0.113.77")
        refused(answer, "slow_down", 429)
        assert 0 < int(answer.headers["Retry-After"]) <= 900
        assert push(public, "203.0.113.78").status_code == 201
        assert push(secret, "203.0.113.77").status_code == 201  # whoever proves who they are is counted by nobody
    sql("DELETE FROM idp.throttle")


def test_push_without_authentication_is_refused(client):
    fields, _ = client.parameters()
    answer = client.post(client.meta["pushed_authorization_request_endpoint"], proven=False, **fields)
    assert answer.status_code == 401 and answer.json()["error"] == "invalid_client"


def test_name_works_once(client, visitor):
    uri = client.push()[0].json()["request_uri"]
    assert "code" in client.go(visitor, request_uri=uri).params()
    page = client.go(visitor, request_uri=uri)
    assert page.status == 400 and page.stopped_at is None


def test_name_of_another_client_is_refused_and_stays_good_for_its_owner(stack, client, visitor):
    thief = KeyClient(stack)
    uri = client.push()[0].json()["request_uri"]
    page = thief.go(visitor, request_uri=uri)
    assert page.status == 400 and page.stopped_at is None
    assert "code" in client.go(visitor, request_uri=uri).params()


def test_expired_name_is_refused(client, visitor):
    uri = client.push()[0].json()["request_uri"]
    sql(f"UPDATE idp.pushed_request SET expires_at = now() WHERE client_id = '{client.client_id}'")
    assert client.go(visitor, request_uri=uri).status == 400


@pytest.mark.parametrize("uri", [REQUEST_URN, REQUEST_URN + "x", REQUEST_URN + "A" * 43, REQUEST_URN + "A" * 5000, REQUEST_URN + "' OR '1'='1"],
                         ids=["empty", "short", "unknown", "huge", "sql"])
def test_name_that_never_was_is_refused(client, visitor, uri):
    page = client.go(visitor, request_uri=uri)
    assert page.status == 400 and page.stopped_at is None


@pytest.mark.parametrize("uri", ["http://127.0.0.1:1/request", "https://portal.example/request.jwt", "file:///etc/passwd"])
def test_request_uri_is_never_fetched(stack, visitor, uri):
    client = Client(stack)
    page, _ = client.open(visitor, request_uri=uri)
    assert page.params()["error"] == "request_uri_not_supported"


def test_parameters_beside_the_name_do_not_count(client, visitor):
    answer, keep = client.push()
    page = client.go(visitor, request_uri=answer.json()["request_uri"], state="another", redirect_uri="http://evil.example/", scope="openid phone",
                     code_challenge="x" * 43)
    assert page.params()["state"] == keep["state"] and page.url.startswith(client.redirect_uri)
    assert client.redeem_code(page.params()["code"], keep).json()["scope"] == "openid"


def test_client_that_must_push_is_refused_otherwise(client, visitor):
    page, _ = client.open(visitor)
    assert page.params()["error"] == "invalid_request" and "code" not in page.params()


def test_request_uri_cannot_be_pushed(client):
    refused(client.push(request_uri=REQUEST_URN + "A" * 43)[0], "invalid_request")


@pytest.mark.parametrize("override,error", [
    ({"redirect_uri": "http://localhost:9400/other"}, "invalid_request"), ({"redirect_uri": None}, "invalid_request"),
    ({"response_type": "token"}, "unsupported_response_type"), ({"response_type": None}, "invalid_request"), ({"code_challenge": None}, "invalid_request"),
    ({"code_challenge_method": "plain"}, "invalid_request"), ({"scope": "openid registrar"}, "invalid_scope"), ({"scope": None}, "invalid_scope"),
    ({"prompt": "none login"}, "invalid_request"), ({"max_age": "-1"}, "invalid_request"), ({"nonce": "n" * 600}, "invalid_request"),
    ({"dpop_jkt": "short"}, "invalid_request"), ({"resource": "https://other.example"}, "invalid_target"),
    ({"authorization_details": "[]"}, "invalid_authorization_details"), ({"registration": "{}"}, "registration_not_supported"),
], ids=lambda v: str(v)[:40])
def test_what_authorize_would_refuse_is_refused_at_once(client, override, error):
    refused(client.push(**override)[0], error)


def test_what_is_pushed_is_kept_sealed(client, person):
    client.push(login_hint=person.number, state="geheim-" + person.number)
    assert sql(f"SELECT count(*) FROM idp.pushed_request WHERE position(convert_to('{person.number}', 'UTF8') in params) > 0") == "0"


def test_key_proven_while_pushing_binds_the_code(client, visitor):
    prover, other = Prover(), Prover()
    par, token = client.meta["pushed_authorization_request_endpoint"], client.meta["token_endpoint"]
    code, keep = client.pushed_code(visitor, {"DPoP": prover.proof("POST", par)})
    for headers in ({}, {"DPoP": other.proof("POST", token)}):
        assert client.redeem_code(code, keep, headers).json()["error"] == "invalid_grant"
    assert client.redeem_code(code, keep, {"DPoP": prover.proof("POST", token)}).json()["token_type"] == "DPoP"


def test_proven_key_and_named_key_must_be_one(client):
    prover, other = Prover(), Prover()
    par = client.meta["pushed_authorization_request_endpoint"]
    refused(client.push({"DPoP": prover.proof("POST", par)}, dpop_jkt=jkt(other.key))[0], "invalid_dpop_proof")
    assert client.push({"DPoP": prover.proof("POST", par)}, dpop_jkt=jkt(prover.key))[0].status_code == 201
    refused(client.push({"DPoP": prover.proof("POST", client.meta["token_endpoint"])})[0], "invalid_dpop_proof")


# ---------------------------------------------------------------- resources (RFC 8707)

def audience(token):
    return json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))["aud"]


@pytest.fixture(scope="module")
def portal(stack):
    return KeyClient(stack, scope="openid dossier")


def test_tokens_are_for_both_services_by_scope_and_for_one_when_asked(stack, portal, visitor):
    for resource, want in ((None, [stack.idp_url, stack.signer_url]), (stack.signer_url, stack.signer_url), (stack.idp_url, stack.idp_url)):
        code, keep = portal.pushed_code(visitor, resource=resource)
        token = portal.redeem_code(code, keep).json()["access_token"]
        assert audience(token) == want
        assert portal.userinfo(token).status_code == (401 if resource == stack.signer_url else 200)
        dossiers = portal.http.get(stack.signer_url + "/v1/dossiers?code=x", headers={"Authorization": "Bearer " + token})
        assert dossiers.status_code == (401 if resource == stack.idp_url else 200), dossiers.text


def test_token_request_may_narrow_but_not_leave_what_was_granted(stack, portal, visitor):
    code, keep = portal.pushed_code(visitor, resource=stack.idp_url)
    refused(portal.redeem_code(code, keep, resource=stack.signer_url), "invalid_target")
    assert audience(portal.redeem_code(code, keep, resource=stack.idp_url).json()["access_token"]) == stack.idp_url
    code, keep = portal.pushed_code(visitor)
    assert audience(portal.redeem_code(code, keep, resource=stack.signer_url).json()["access_token"]) == stack.signer_url


@pytest.mark.parametrize("resource", ["https://other.example", "x", "http://localhost", "#"])
def test_unknown_resource_is_refused_everywhere(portal, visitor, resource):
    page, _ = portal.open(visitor, resource=resource)
    assert page.params()["error"] == "invalid_target"
    code, keep = portal.pushed_code(visitor)
    refused(portal.redeem_code(code, keep, resource=resource), "invalid_target")


def test_service_that_no_scope_opens_is_no_target(stack, client, visitor):
    refused(client.push(resource=stack.signer_url)[0], "invalid_target")

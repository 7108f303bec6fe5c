"""
Token exchange: a portal calls an agency's API for the citizen, with a token that says so and is good there alone. RFC 8693.
"""
import base64
import json

import pytest
from idp_kit import Client, enrolled, fresh, idpctl, sql

GRANT = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS = "urn:ietf:params:oauth:token-type:access_token"
MORE = ["--grant", "authorization_code", "--grant", "token_exchange"]


@pytest.fixture(scope="module")
def visitor(stack, officer):
    return fresh(stack, enrolled(stack, officer).person)


@pytest.fixture(scope="module")
def agency(stack):
    made = Client(stack, "dossier.read", more=["--grant", "client_credentials", "--sector", "so-tu-phap.example.vn"])
    idpctl("client", "set", made.client_id, "--introspect", "yes")
    return made


@pytest.fixture(scope="module")
def portal(stack, agency):
    made = Client(stack, "openid profile dossier", more=MORE)
    idpctl("client", "set", made.client_id, "--exchange", agency.client_id)
    return made


@pytest.fixture
def tokens(portal, visitor):
    code, keep = portal.code(visitor)
    return portal.exchange(code, keep).json()


def swap(client, token, audience, **more):
    fields = {"grant_type": GRANT, "subject_token": token, "subject_token_type": ACCESS, "audience": audience, **more}
    return client.token_request(**fields)


def claims(token):
    body = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))


def introspect(client, token):
    return client.http.post(client.meta["introspection_endpoint"], auth=(client.client_id, client.client_secret), data={"token": token}).json()


def refused(response, error, status=400):
    assert response.status_code == status and response.json()["error"] == error, response.text
    assert "access_token" not in response.json()


def test_exchanged_token_is_for_the_agency_and_tells_who_acts(portal, agency, tokens):
    answer = swap(portal, tokens["access_token"], agency.client_id)
    body = answer.json()
    assert answer.status_code == 200 and "no-store" in answer.headers["Cache-Control"], answer.text
    assert body["issued_token_type"] == ACCESS and body["token_type"] == "Bearer" and "refresh_token" not in body
    made, before = claims(body["access_token"]), claims(tokens["access_token"])
    assert made["aud"] == agency.client_id and made["act"] == {"sub": portal.client_id} and made["client_id"] == portal.client_id
    assert made["exp"] <= before["exp"] and made["auth_time"] == before["auth_time"] and made["acr"] == before["acr"]
    told = introspect(agency, body["access_token"])
    assert told["active"] and told["act"] == {"sub": portal.client_id} and told["sub"] == made["sub"]


def test_person_has_another_name_at_the_agency(portal, agency, tokens, visitor):
    a = claims(swap(portal, tokens["access_token"], agency.client_id).json()["access_token"])
    b = claims(swap(portal, tokens["access_token"], agency.client_id).json()["access_token"])
    assert a["sub"] == b["sub"] and a["sub"] not in (claims(tokens["id_token"])["sub"], claims(tokens["access_token"])["sub"])


def test_exchanged_token_opens_nothing_here(portal, agency, tokens, stack):
    token = swap(portal, tokens["access_token"], agency.client_id).json()["access_token"]
    assert portal.userinfo(token).status_code == 401
    answer = portal.http.get(stack.signer_url + "/v1/dossiers?code=x", headers={"Authorization": "Bearer " + token})
    assert answer.status_code == 401


def test_scope_shrinks_and_never_grows(portal, agency, tokens):
    assert swap(portal, tokens["access_token"], agency.client_id, scope="dossier").json()["scope"] == "dossier"
    refused(swap(portal, tokens["access_token"], agency.client_id, scope="dossier registrar"), "invalid_scope")


def test_scope_that_the_client_may_have_but_the_token_has_not(stack, portal, agency, visitor):
    code, keep = portal.code(visitor, scope="openid")
    token = portal.exchange(code, keep).json()["access_token"]
    refused(swap(portal, token, agency.client_id, scope="dossier"), "invalid_scope")


@pytest.mark.parametrize("audience", [None, "", "nobody", "antin-signer", "x" * 300])
def test_audience_that_the_portal_is_not_registered_for(portal, tokens, audience):
    refused(swap(portal, tokens["access_token"], audience), "invalid_target")


def test_disabled_agency_is_no_audience(stack, portal, tokens, agency):
    other = Client(stack, "dossier.read", more=["--grant", "client_credentials", "--sector", "x.example.vn"])
    idpctl("client", "set", portal.client_id, "--exchange", f"{agency.client_id} {other.client_id}")
    assert swap(portal, tokens["access_token"], other.client_id).status_code == 200
    idpctl("client", "disable", other.client_id)
    refused(swap(portal, tokens["access_token"], other.client_id), "invalid_target")


def test_token_of_another_client_is_refused(stack, portal, agency, tokens):
    thief = Client(stack, "openid profile dossier", more=MORE)
    idpctl("client", "set", thief.client_id, "--exchange", agency.client_id)
    refused(swap(thief, tokens["access_token"], agency.client_id), "invalid_request")


def test_exchanged_token_is_not_exchanged_again(portal, agency, tokens):
    token = swap(portal, tokens["access_token"], agency.client_id).json()["access_token"]
    refused(swap(portal, token, agency.client_id), "invalid_request")


@pytest.mark.parametrize("field,value", [("subject_token", None), ("subject_token", "x"), ("subject_token_type", None), ("actor_token", "x"),
                                         ("subject_token_type", "urn:ietf:params:oauth:token-type:id_token"),
                                         ("requested_token_type", "urn:ietf:params:oauth:token-type:refresh_token")])
def test_fields_that_do_not_fit(portal, agency, tokens, field, value):
    refused(swap(portal, tokens["access_token"], agency.client_id, **{field: value}), "invalid_request")


def test_id_token_is_no_access_token(portal, agency, tokens):
    refused(swap(portal, tokens["id_token"], agency.client_id), "invalid_request")


def test_service_token_stands_for_nobody(stack, agency):
    service = Client(stack, "dossier", more=["--grant", "client_credentials", "--grant", "token_exchange"])
    idpctl("client", "set", service.client_id, "--exchange", agency.client_id)
    token = service.token_request(grant_type="client_credentials").json()["access_token"]
    refused(swap(service, token, agency.client_id), "invalid_request")


def test_revoked_grant_ends_it_everywhere(portal, agency, tokens):
    token = swap(portal, tokens["access_token"], agency.client_id).json()["access_token"]
    portal.http.post(portal.meta["revocation_endpoint"], auth=(portal.client_id, portal.client_secret), data={"token": tokens["access_token"]})
    assert introspect(agency, token) == {"active": False}
    refused(swap(portal, tokens["access_token"], agency.client_id), "invalid_request")


def test_client_without_the_grant_type(stack, agency, visitor):
    plain = Client(stack, "openid")
    code, keep = plain.code(visitor)
    refused(swap(plain, plain.exchange(code, keep).json()["access_token"], agency.client_id), "unauthorized_client")


def test_public_client_cannot(stack, agency, visitor):
    public = Client(stack, "openid", public=True, more=MORE)
    idpctl("client", "set", public.client_id, "--exchange", agency.client_id)
    code, keep = public.code(visitor)
    refused(swap(public, public.exchange(code, keep).json()["access_token"], agency.client_id), "unauthorized_client")


def test_every_exchange_is_in_the_audit_log(portal, agency, tokens):
    before = int(sql(f"SELECT count(*) FROM idp.audit WHERE event = 'token.exchanged' AND client_id = '{portal.client_id}'"))
    swap(portal, tokens["access_token"], agency.client_id)
    assert int(sql(f"SELECT count(*) FROM idp.audit WHERE event = 'token.exchanged' AND client_id = '{portal.client_id}'")) == before + 1

"""
Questions about tokens that are answered together: each gets its own answer, as things are at that moment. RFC 7662 §2.2, OpenID Connect Core §5.3.
"""
import base64
import json
from concurrent.futures import ThreadPoolExecutor

import antin_client as antin
import pytest
from idp_kit import Client, enrolled, fresh, idpctl, sql

SCOPES = ("openid", "openid profile", "openid profile citizen_number")
SIGNED = "application/token-introspection+jwt"


@pytest.fixture(scope="module")
def people(stack, officer):
    return [enrolled(stack, officer) for _ in range(3)]


@pytest.fixture(scope="module")
def clients(stack):
    return [Client(stack, scope, more=["--grant", "authorization_code"]) for scope in SCOPES]


@pytest.fixture(scope="module")
def resource(stack):
    made = Client(stack, "dossier.read", more=["--grant", "client_credentials"])
    idpctl("client", "set", made.client_id, "--introspect", "yes")
    return made


def begin(stack, client, citizen):
    code, keep = client.code(fresh(stack, citizen.person))
    return client.exchange(code, keep).json()["access_token"]


def introspect(resource, token, **headers):
    basic = base64.b64encode(f"{resource.client_id}:{resource.client_secret}".encode()).decode()
    return resource.http.post(resource.meta["introspection_endpoint"], headers={"Authorization": "Basic " + basic, **headers}, data={"token": token},
                              timeout=antin.TIMEOUT)


def claims(token):
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def at_once(ask, kinds, times=30):
    """Every kind many times, all mixed: [(kind, answer)]."""
    with ThreadPoolExecutor(40) as pool:
        return list(pool.map(lambda i: (kinds[i % len(kinds)], ask(kinds[i % len(kinds)])), range(times * len(kinds))))


@pytest.fixture(scope="module")
def living(stack, clients, people):
    """{token: (client, citizen)} of each client and person."""
    return {begin(stack, client, citizen): (client, citizen) for client in clients for citizen in people}


@pytest.fixture(scope="module")
def dead(stack, clients, people):
    token = begin(stack, clients[1], people[0])
    clients[1].http.post(clients[1].meta["revocation_endpoint"], auth=(clients[1].client_id, clients[1].client_secret), data={"token": token})
    return token


def test_introspected_together_each_is_told_its_own(living, dead, resource):
    service = resource.token_request(grant_type="client_credentials").json()["access_token"]
    for token, answer in at_once(lambda t: introspect(resource, t), [*living, dead, service, "x.y.z"], 20):
        assert answer.status_code == 200 and answer.headers["Cache-Control"] == "no-store"
        if token in (dead, "x.y.z"):
            assert answer.json() == {"active": False}
            continue
        told, said = answer.json(), claims(token)
        assert told["active"] is True and all(told[k] == said[k] for k in ("jti", "sub", "client_id", "scope", "exp"))


def test_userinfo_together_each_hears_of_its_own_person(living, dead, clients):
    for token, answer in at_once(clients[0].userinfo, [*living, dead, "x.y.z"], 20):
        if token in (dead, "x.y.z"):
            assert answer.status_code == 401 and 'error="invalid_token"' in answer.headers["WWW-Authenticate"]
            continue
        client, citizen = living[token]
        told = answer.json()
        assert answer.status_code == 200 and told["sub"] == claims(token)["sub"]
        assert told.get("name") == (None if client is clients[0] else citizen.person.name)
        assert told.get("citizen_number") == (citizen.person.number if client is clients[2] else None)


def test_signed_answers_come_among_plain_ones(living, resource):
    token = next(iter(living))
    for kind, answer in at_once(lambda k: introspect(resource, token, **({"Accept": SIGNED} if k else {})), [True, False]):
        told = claims(answer.text)["token_introspection"] if kind else answer.json()
        assert answer.headers["Content-Type"].startswith(SIGNED if kind else "application/json") and told["jti"] == claims(token)["jti"]


@pytest.mark.parametrize("end", ["revoked", "account locked", "client disabled"])
def test_what_has_ended_is_dead_for_the_next_question(stack, officer, resource, end):
    """Between two lots nothing is remembered."""
    client, citizen = Client(stack, "openid profile", more=["--grant", "authorization_code"]), enrolled(stack, officer)
    token = begin(stack, client, citizen)
    assert all(a.json()["active"] for _, a in at_once(lambda t: introspect(resource, t), [token], 20))
    assert all(a.status_code == 200 for _, a in at_once(client.userinfo, [token], 20))
    if end == "revoked":
        sql(f"UPDATE idp.access_grant SET revoked_at = now(), revoked_why = 'test' WHERE client_id = '{client.client_id}'")
    elif end == "account locked":
        whose = f"SELECT account_id FROM idp.access_grant WHERE client_id = '{client.client_id}'"
        sql(f"UPDATE idp.account SET state = 'locked', locked_at = now() WHERE id = ({whose})")
    else:
        idpctl("client", "disable", client.client_id)
    assert all(a.json() == {"active": False} for _, a in at_once(lambda t: introspect(resource, t), [token], 20))
    assert all(a.status_code == 401 for _, a in at_once(client.userinfo, [token], 20))


def test_one_statement_answers_many(stack, living, resource):
    """Fewer than one statement a question, on average: counted by the database."""
    query = "SELECT coalesce(sum(xact_commit), 0) FROM pg_stat_database WHERE datname = current_database()"
    before = int(sql(query))
    at_once(lambda t: introspect(resource, t), list(living), 50)
    assert int(sql(query)) - before < 50 * len(living)

"""
Tokens of services (client_credentials): made together with others', and each one's own all the same. RFC 6749 §4.4.
"""
import base64
import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from idp_kit import Client, idpctl, sql

MORE = ["--grant", "client_credentials"]


@pytest.fixture(scope="module")
def services(stack):
    return [Client(stack, "dossier.read", more=MORE) for _ in range(4)]


def ask(client, **more):
    return client.token_request(grant_type="client_credentials", **more)


def claims(answer):
    part = answer.json()["access_token"].split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def rows(client):
    """{jti: request id} of the client's rows."""
    text = sql(f"SELECT coalesce(json_object_agg(detail, request_id), '{{}}') FROM idp.audit WHERE event = 'token.client' AND client_id = '{client.client_id}'")
    return json.loads(text)


def test_every_token_has_its_row_before_it_is_answered(stack):
    client = Client(stack, "dossier.read", more=MORE)
    for _ in range(3):
        answer = ask(client)
        assert answer.status_code == 200
        assert rows(client)[claims(answer)["jti"]] == answer.headers["X-Request-Id"]
    assert len(rows(client)) == 3


def test_many_at_once_get_each_their_own(services):
    before = {c.client_id: len(rows(c)) for c in services}
    with ThreadPoolExecutor(40) as pool:
        answers = list(pool.map(lambda i: (services[i % 4], ask(services[i % 4])), range(200)))
    seen = set()
    for client, answer in answers:
        assert answer.status_code == 200 and answer.json()["token_type"] == "Bearer" and answer.json()["scope"] == "dossier.read"
        assert answer.headers["Cache-Control"] == "no-store" and answer.headers["Pragma"] == "no-cache"
        token = claims(answer)
        assert token["sub"] == token["client_id"] == client.client_id and token["jti"] not in seen
        seen.add(token["jti"])
    assert all(len(rows(c)) - before[c.client_id] == 50 for c in services)


def test_bad_ones_among_many_are_refused_alone(stack, services):
    wrong = Client(stack, "dossier.read", more=MORE)
    wrong.client_secret = "wrong"
    kinds = [(services[0], {}, 200), (wrong, {}, 401), (services[1], {"scope": "openid"}, 400), (services[2], {"scope": "dossier.read"}, 200),
             (services[3], {"resource": "https://elsewhere.example"}, 400)]
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda i: (kinds[i % 5], ask(kinds[i % 5][0], **kinds[i % 5][1])), range(100)))
    for (client, _, status), answer in answers:
        assert answer.status_code == status, answer.text
        if status == 200:
            assert claims(answer)["sub"] == client.client_id
    assert not rows(wrong)


def test_refused_requests_leave_no_token_row(stack):
    client = Client(stack, "openid", more=["--grant", "authorization_code"])
    assert ask(client).status_code == 400 and not rows(client)


def test_disabled_client_gets_none_though_it_was_known(stack):
    client = Client(stack, "dossier.read", more=MORE)
    assert ask(client).status_code == 200
    idpctl("client", "disable", client.client_id)
    with ThreadPoolExecutor(8) as pool:
        assert {a.status_code for a in pool.map(lambda _: ask(client), range(16))} == {401}
    assert len(rows(client)) == 1

"""
Refresh tokens: each is good once, a lost answer is given again for a few seconds, real reuse ends everything. RFC 6749 §6, RFC 9700 §4.14, OpenID Connect Core §11, §12.
"""
import base64
import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from idp_kit import Client, enrolled, fresh, idpctl, sql

SCOPE = "openid profile offline_access"
MORE = ["--grant", "authorization_code", "--grant", "refresh_token"]


@pytest.fixture(scope="module")
def visitor(stack, person):
    return fresh(stack, person)


@pytest.fixture(scope="module")
def client(stack):
    return Client(stack, SCOPE, more=MORE)


def begin(client, visitor, **override):
    code, keep = client.code(visitor, **override)
    answer = client.exchange(code, keep)
    assert answer.status_code == 200, answer.text
    return answer.json()


def refresh(client, token, **more):
    return client.token_request(grant_type="refresh_token", refresh_token=token, **more)


def refused(response, error, status=400):
    assert response.status_code == status, response.text
    assert response.json()["error"] == error and "no-store" in response.headers["Cache-Control"]
    assert "refresh_token" not in response.json() and "access_token" not in response.json()


def claims(token):
    body = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))


def grant_of(tokens):
    return claims(tokens["access_token"])["grant_id"]


def window_is_over(tokens):
    sql(f"UPDATE idp.refresh_token SET used_at = used_at - interval '11 seconds' WHERE grant_id = '{grant_of(tokens)}'")


def dead(client, tokens):
    refused(refresh(client, tokens["refresh_token"]), "invalid_grant")
    return client.userinfo(tokens["access_token"]).status_code == 401


def test_each_refresh_gives_new_tokens_for_the_same_person(client, visitor):
    first = begin(client, visitor)
    second = refresh(client, first["refresh_token"]).json()
    third = refresh(client, second["refresh_token"]).json()
    assert len({t["refresh_token"] for t in (first, second, third)}) == 3
    assert len({t["access_token"] for t in (first, second, third)}) == 3
    assert all(client.userinfo(t["access_token"]).status_code == 200 for t in (first, second, third))
    a, b = claims(first["id_token"]), claims(third["id_token"])  # OpenID Connect Core §12.2
    assert all(a[k] == b[k] for k in ("iss", "sub", "aud", "auth_time")) and "nonce" not in b


def test_reuse_after_the_window_kills_the_family(client, visitor):
    first = begin(client, visitor)
    second = refresh(client, first["refresh_token"]).json()
    window_is_over(first)
    refused(refresh(client, first["refresh_token"]), "invalid_grant")
    assert dead(client, second)
    assert sql(f"SELECT count(*) FROM idp.audit WHERE event = 'grant.revoked.refresh_reuse' AND client_id = '{client.client_id}'") != "0"


def test_lost_answer_is_given_again_within_the_window(client, visitor):
    first = begin(client, visitor)
    lost = refresh(client, first["refresh_token"]).json()
    again = refresh(client, first["refresh_token"]).json()
    assert again["refresh_token"] == lost["refresh_token"] and again["access_token"] != lost["access_token"]
    assert refresh(client, again["refresh_token"]).status_code == 200


def test_used_token_is_not_given_again_once_its_successor_was_used(client, visitor):
    first = begin(client, visitor)
    second = refresh(client, first["refresh_token"]).json()
    third = refresh(client, second["refresh_token"]).json()
    refused(refresh(client, first["refresh_token"]), "invalid_grant")
    assert dead(client, third)


def test_twenty_refreshes_at_once_make_one_successor(client, visitor):
    first = begin(client, visitor)
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: refresh(client, first["refresh_token"]), range(20)))
    assert all(a.status_code == 200 for a in answers), [a.text for a in answers if a.status_code != 200][:1]
    assert len({a.json()["refresh_token"] for a in answers}) == 1
    assert sql(f"SELECT count(*) FROM idp.refresh_token WHERE grant_id = '{grant_of(first)}'") == "2"


def test_another_client_cannot_use_it_and_harms_nobody(stack, client, visitor):
    first = begin(client, visitor)
    thief = Client(stack, SCOPE, more=MORE)
    refused(refresh(thief, first["refresh_token"]), "invalid_grant")
    assert refresh(client, first["refresh_token"]).status_code == 200


def test_wrong_secret_burns_nothing(client, visitor):
    first = begin(client, visitor)
    answer = client.token_request("none", grant_type="refresh_token", refresh_token=first["refresh_token"])
    refused(answer, "invalid_client", 401)
    assert refresh(client, first["refresh_token"]).status_code == 200


def test_scope_can_shrink_for_one_access_token_and_comes_back(client, visitor):
    first = begin(client, visitor)
    small = refresh(client, first["refresh_token"], scope="openid").json()
    assert small["scope"] == "openid" and claims(small["access_token"])["scope"] == "openid"
    assert set(client.userinfo(small["access_token"]).json()) == {"sub"}
    assert set(refresh(client, small["refresh_token"]).json()["scope"].split()) == set(SCOPE.split())


def test_scope_cannot_grow_and_asking_burns_nothing(stack, visitor):
    client = Client(stack, "openid offline_access", allowed=SCOPE, more=MORE)
    first = begin(client, visitor)
    refused(refresh(client, first["refresh_token"], scope="openid profile"), "invalid_scope")
    refused(refresh(client, first["refresh_token"], scope="registrar"), "invalid_scope")
    assert refresh(client, first["refresh_token"]).json()["scope"] == "openid offline_access"


def test_shrunk_token_without_openid_brings_no_id_token(stack, visitor):
    client = Client(stack, "openid dossier offline_access", more=MORE)
    assert "id_token" not in refresh(client, begin(client, visitor)["refresh_token"], scope="dossier").json()


@pytest.mark.parametrize("token", ["", "x", "A" * 43, "A" * 5000, "' OR '1'='1"])
def test_token_that_never_was_is_refused(client, token):
    refused(refresh(client, token), "invalid_grant")


def test_missing_token_is_an_invalid_request(client):
    refused(client.token_request(grant_type="refresh_token"), "invalid_request")


def test_token_in_the_address_is_refused(client, visitor):
    token = begin(client, visitor)["refresh_token"]
    answer = client.http.post(client.meta["token_endpoint"] + f"?refresh_token={token}", data={"grant_type": "refresh_token", "client_id": client.client_id})
    refused(answer, "invalid_request")


def test_code_replay_kills_refresh_tokens_too(client, visitor):
    code, keep = client.code(visitor)
    tokens = client.exchange(code, keep).json()
    refused(client.exchange(code, keep), "invalid_grant")
    assert dead(client, tokens)


def test_idle_token_expires(client, visitor):
    first = begin(client, visitor)
    sql(f"UPDATE idp.refresh_token SET expires_at = now() WHERE grant_id = '{grant_of(first)}'")
    refused(refresh(client, first["refresh_token"]), "invalid_grant")


def test_refreshing_ends_with_its_absolute_life(client, visitor):
    first = begin(client, visitor)
    grant = grant_of(first)
    sql(f"UPDATE idp.access_grant SET expires_at = now() + interval '1 hour' WHERE id = '{grant}'")
    second = refresh(client, first["refresh_token"]).json()
    assert sql(f"SELECT max(t.expires_at) = g.expires_at FROM idp.refresh_token t JOIN idp.access_grant g ON g.id = t.grant_id"
               f" WHERE t.uses = 0 AND g.id = '{grant}' GROUP BY g.expires_at") == "t"
    sql(f"UPDATE idp.access_grant SET expires_at = now() WHERE id = '{grant}'")
    refused(refresh(client, second["refresh_token"]), "invalid_grant")


def test_no_refresh_token_without_offline_access(client, visitor):
    assert "refresh_token" not in begin(client, visitor, scope="openid profile")


def test_offline_access_of_a_client_that_may_not_refresh_is_left_out(stack, visitor):
    client = Client(stack, "openid offline_access", allowed="openid")
    tokens = begin(client, visitor)
    assert tokens["scope"] == "openid" and "refresh_token" not in tokens
    refused(refresh(client, "A" * 43), "unauthorized_client")


def test_consent_names_offline_access(stack, person, client):
    page, _ = client.open(fresh(stack, person), prompt="consent")
    page = page.form("password").submit({"number": person.number, "password": person.password})
    assert "Giữ quyền truy cập này khi bạn không có mặt" in page.words()


def test_locked_account_refreshes_no_more(stack, officer, client):
    someone = enrolled(stack, officer)
    tokens = begin(client, fresh(stack, someone.person))
    idpctl("account", "lock", someone.person.id)
    refused(refresh(client, tokens["refresh_token"]), "invalid_grant")
    idpctl("account", "unlock", someone.person.id)
    refused(refresh(client, tokens["refresh_token"]), "invalid_grant")


def test_disabled_client_refreshes_no_more(stack, visitor):
    client = Client(stack, SCOPE, more=MORE)
    tokens = begin(client, visitor)
    idpctl("client", "disable", client.client_id)
    refused(refresh(client, tokens["refresh_token"]), "invalid_client", 401)


def test_public_client_rotates_like_any_other(stack, visitor):
    client = Client(stack, SCOPE, public=True, more=MORE)
    first = begin(client, visitor)
    second = refresh(client, first["refresh_token"]).json()
    window_is_over(first)
    refused(refresh(client, first["refresh_token"]), "invalid_grant")
    assert dead(client, second)


def test_refresh_tokens_are_not_in_the_database(client, visitor):
    first = begin(client, visitor)
    second = refresh(client, first["refresh_token"]).json()
    for token in (first["refresh_token"], second["refresh_token"]):
        assert sql(f"SELECT count(*) FROM idp.refresh_token t WHERE t::text LIKE '%{token}%'") == "0"
        assert len(token) == 51


def test_logout_leaves_offline_access_alone(stack, officer, client):
    visitor = fresh(stack, enrolled(stack, officer).person)
    tokens = begin(client, visitor)
    visitor.browser.open(client.meta["end_session_endpoint"] + "?id_token_hint=" + tokens["id_token"])
    assert refresh(client, tokens["refresh_token"]).status_code == 200


def test_every_refresh_is_in_the_audit_log(client, visitor):
    first = begin(client, visitor)
    before = int(sql(f"SELECT count(*) FROM idp.audit WHERE event = 'token.refreshed' AND client_id = '{client.client_id}'"))
    refresh(client, first["refresh_token"])
    assert int(sql(f"SELECT count(*) FROM idp.audit WHERE event = 'token.refreshed' AND client_id = '{client.client_id}'")) == before + 1
